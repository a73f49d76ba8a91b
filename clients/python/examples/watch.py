"""Prints what happened in the shop from the journal's beginning on: COUNT events, then it ends.

    python watch.py [ADDRESS [COUNT]]

The watch goes on by itself when the till restarts. To go on after a restart of your own, store
its resume_cursor and give it to the next watch.
"""

import sys
from itertools import islice

from tillhal import Till


def main(address: str | None, count: int) -> None:
    """Print events and their cursors."""
    with Till.connect(address) as till, till.watch_events(cursor=0) as events:
        for event in islice(events, count):
            kind = event.WhichOneof("event")
            if kind == "gap":
                print(f"records {event.gap.first_seq} to {event.gap.last_seq} are missing")
            elif kind == "sale_changed":
                sale = event.sale_changed.sale
                print(f"{event.cursor}: sale {sale.sale_id} is at version {sale.version}")
            else:
                print(f"{event.cursor}: {kind}")
        print(f"go on with cursor={events.resume_cursor}")


if __name__ == "__main__":
    main(
        sys.argv[1] if len(sys.argv) > 1 else None,
        int(sys.argv[2]) if len(sys.argv) > 2 else 10,
    )

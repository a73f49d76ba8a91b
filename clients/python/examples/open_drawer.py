"""Opens the drawer outside a sale, with the reason that the journal will keep.

python open_drawer.py [ADDRESS]
"""

import sys

from tillhal import Till


def main(address: str | None) -> None:
    """Ask for one pulse, and tell how the drawer stands."""
    with Till.connect(address) as till:
        kick = till.open_drawer("NO_SALE", note="change for the parking meter").kick
        print(f"kick {kick.kick_id} is in the journal; it fires at most once")
        drawer = till.get_drawer()
        print(f"the drawer is {drawer.position.value or 'of unknown position'}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)

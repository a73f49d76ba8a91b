"""The load process: reads one Order from its input, writes the Cells to its output."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import uvloop

from bench.floors import lmdb_commit
from bench.load import CALL_S_MAX, Cell, Order, Tally, check_retry, measure
from bench.sale import all_ids
from bench.servers import ROOT
from bench.subjects import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.load import Sell
    from bench.sale import Ids

START_S_MAX = 20.0


class LoadFailedError(Exception):
    """The load process ended without its cells; the text is the end of what it said."""


def _with_commit(sell: Sell, commit: Callable[[], None]) -> Sell:
    async def both(ids: Ids) -> int:
        number = await sell(ids)
        commit()
        return number

    return both


async def _carry_out(order: Order) -> list[Cell]:
    subject = SUBJECTS[order.subject]
    ids = all_ids()
    cells = []
    for callers in order.callers:
        tally = Tally()
        async with subject.connect(order.target, callers, tally) as sells:
            if subject.sells:
                await check_retry(sells[0], next(ids))
            if order.commits is not None:
                commit = lmdb_commit(Path(order.commits.folder), order.commits.rows)
                sells = [_with_commit(sell, commit) for sell in sells]
            cells.append(await measure(sells, ids, order, tally, numbered=subject.sells))
    return cells


def run(order: Order) -> list[Cell]:
    """Carry `order` out in a process of its own. Raises LoadFailedError."""
    each_s = order.warm_up_s + order.seconds + 2 * CALL_S_MAX
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bench.worker"],
            cwd=ROOT,
            input=msgspec.json.encode(order),
            capture_output=True,
            timeout=START_S_MAX + each_s * len(order.callers),
            check=True,
        )
    except subprocess.TimeoutExpired as late:
        sentence = f"The load on {order.subject} was not done in {late.timeout:.0f} s."
        raise LoadFailedError(sentence) from late
    except subprocess.CalledProcessError as failed:
        said = failed.stderr.decode(errors="replace").strip()[-2000:]
        sentence = f"The load on {order.subject} failed:\n{said}"
        raise LoadFailedError(sentence) from failed
    return msgspec.json.decode(done.stdout, type=list[Cell])


def main() -> None:
    """Serve one Order."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    cells = uvloop.run(_carry_out(order))
    sys.stdout.buffer.write(msgspec.json.encode(cells))


if __name__ == "__main__":
    main()

"""An evening at a till on a disk that records: end, count, hand over, close, and the day's Z.

`python -m tests.crash.shift_workload DISK [FLAG]` runs it, with the daemon's own till on its own
journal, and says in `.mark` what a front end would have been answered: ``durable N``. What each
record holds follows from the commands alone, so that `expected` can tell what must be there.
With a FLAG, "sync" or "metasync", LMDB does not sync as it must: a control that must be found out.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import lmdb

from hwsim.power.stage import Stage
from hwsim.power.states import State
from tests.crash.workloads import DURABLE, JOURNAL, MAP_BYTES, _turn_off, identity_of
from tests.support.day import DayShop
from tests.support.shop import NOON_MS, TODAY, cash, line
from tillhald.domain import commands as cmd
from tillhald.domain.books import MovementKind
from tillhald.domain.events import JournalCreated, Record, encode_record
from tillhald.domain.rules import ShopRules
from tillhald.domain.state import TillState
from tillhald.journal.creation import create
from tillhald.journal.errors import StorageError
from tillhald.journal.preflight import preflight
from tillhald.journal.recovery import Places, open_journal
from tillhald.journal.segments import complete_replacement
from tillhald.journal.store import Store
from tillhald.journal.writer import JournalWriter
from tillhald.service.opening import restored_state
from tillhald.service.tail import Tail
from tillhald.service.till import Clock, Request, Till

SEED = 7
RULES = ShopRules(implicit_shift=False, receipt_printer="front", drawer="drawer")
GENESIS = Record(
    wall_ms=NOON_MS,
    events=(JournalCreated(store_id="s", workstation_id="w", currency="EUR"),),
)
TABLES = ("days", "shifts", "sales", "receipts", "jobs")
CLOSE_S_MAX = 30.0


def commands(shop: DayShop) -> Iterator[cmd.AnyCommand]:
    """What is asked, one after another; `shop` has done what was asked before."""
    yield cmd.OpenDay()
    yield cmd.OpenShift(float_minor=10_000, operator="ann")
    for number in range(4):
        lines = (line(f"l{number}", 750 + number),)
        yield cmd.Checkout(sale_id=f"s{number}", lines=lines, tenders=(cash(1_000),))
    yield cmd.OpenSale(sale_id="aside")
    yield shop.suspending("aside")
    yield shop.ending()
    yield shop.counting(12_900)
    yield shop.moving(MovementKind.PICKUP, 2_900)
    yield shop.handing_over("bo")
    yield cmd.Checkout(sale_id="s9", lines=(line("l9", 500),), tenders=(cash(500),))
    yield shop.ending()
    yield shop.counting(10_400)
    yield shop.closing()
    yield shop.closing_day()
    yield cmd.OpenDay()
    yield cmd.OpenShift(float_minor=10_400, operator="cy")


class Expected(NamedTuple):
    """After each record: the state, and the rows of TABLES."""

    states: tuple[TillState, ...]
    rows: tuple[dict[tuple[str, bytes], bytes], ...]


def expected() -> Expected:
    """What must be there after record 1, 2, 3 …: the rules alone, without a disk."""
    shop = DayShop(RULES)
    states, rows = [shop.state], [dict(shop.rows)]
    for command in commands(shop):
        shop.do(command)
        states.append(shop.state)
        rows.append(dict(shop.rows))
    return Expected(tuple(states), tuple(rows))


def prepare(folder: Path) -> None:
    """The journal with its first record."""
    create(folder / JOURNAL, identity_of(SEED), encode_record(GENESIS), map_bytes=MAP_BYTES)


async def run(disk: Path, unsafe: str) -> None:
    """Ask the till for everything, and mark what it answered."""
    store, spill, _ = open_journal(Places(disk / JOURNAL))
    if unsafe:
        _turn_off(store, unsafe)
    loop = asyncio.get_running_loop()
    tail = Tail(store.head.seq)
    writer = JournalWriter(
        store,
        spill=spill,
        on_durable=lambda seq: loop.call_soon_threadsafe(tail.advanced, seq),
        on_failed=lambda error: loop.call_soon_threadsafe(tail.failed, error),
    )
    shop = DayShop(RULES)
    till = Till(
        state=restored_state(store),
        rules=RULES,
        store=store,
        writer=writer,
        tail=tail,
        clock=Clock(wall_ms=lambda: shop.at_ms, today=lambda _: TODAY),
        boot_id="boot",
    )
    mark = os.open(disk / ".mark", os.O_WRONLY)
    for number, command in enumerate(commands(shop)):
        shop.do(command)
        request = Request("m", f"request-{number}", b"f")
        await till.handle(command, request, lambda outcome: outcome)
        os.write(mark, f"{DURABLE}{till.state.seq}".encode())
    writer.close(CLOSE_S_MAX)
    store.close()
    os.close(mark)


def judge(stage: Stage, state: State, promised: Expected) -> str:
    """What is wrong with this state of the disk; empty for nothing. Opens it as the daemon does."""
    stage.show(state)
    acknowledged = max(
        (int(m.removeprefix(DURABLE)) for m in state.marks if m.startswith(DURABLE)), default=1
    )
    folder = Path(stage.folder) / JOURNAL
    try:
        complete_replacement(folder)
        preflight(str(folder), whole=True)
        store = Store.open(folder)
    except (StorageError, lmdb.Error, OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    try:
        seq = store.head.seq
        if seq < acknowledged:
            return f"{acknowledged} records were acknowledged, {seq} are there"
        if restored_state(store) != promised.states[seq - 1]:
            return f"the state after record {seq} is not what its commands make"
        rows = promised.rows[seq - 1]
        for table in TABLES:
            wanted = sorted((key, value) for (name, key), value in rows.items() if name == table)
            if store.scan(table) != wanted:
                return f"the rows of {table} are not those of record {seq}"
    except (StorageError, lmdb.Error, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        store.close()
    return ""


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))

"""A till with a home, under its launcher: real processes, a real journal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.homes import (
    CRASHES,
    DIES_AT_ITS_ENTRANCES,
    FIRST,
    HANGS,
    SECOND,
    TRIAL_S,
    HomeTill,
    a_home_till,
    build_next,
    switch,
    work_to,
)
from tests.support.sales import cash_sale
from tests.support.till import till_toml
from tillhal.v1 import system_pb2
from tillhald.app import App
from tillhald.boot import generation, slot
from tillhald.boot.record import Pair, read
from tillhald.config import parse
from tillhald.domain.backup import BackupTotals
from tillhald.domain.events import TillStopped, decode_record
from tillhald.home import Home, new_work_id
from tillhald.journal.recovery import Places, open_journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


LOGGED_S_MAX = 30.0


@pytest.fixture
def till() -> Iterator[HomeTill]:
    """Installed, and not running."""
    with a_home_till() as one:
        yield one


def status(till: HomeTill) -> system_pb2.GetStatusResponse:
    answer = till.calls.system.GetStatus(system_pb2.GetStatusRequest())
    assert isinstance(answer, system_pb2.GetStatusResponse)
    return answer


def await_lines(till: HomeTill, event: str, count: int) -> list[dict[str, Any]]:
    """What the daemon logs of `event`, once it has done so so often."""
    end_s = time.monotonic() + LOGGED_S_MAX
    while True:
        lines = [json.loads(line) for line in till.log_text().splitlines() if event in line]
        if len(lines) >= count:
            return lines
        assert time.monotonic() < end_s, till.log_text()
        status(till)


def receipts(till: HomeTill) -> int:
    """Sell once more; the receipt's number."""
    return int(till.calls.checkout.Checkout(cash_sale()).sale.receipt_number)


def test_a_till_sells_over_the_generation_that_its_boot_record_names(till: HomeTill) -> None:
    till.start()
    assert receipts(till) == 1
    home = status(till).home
    assert (home.running.slot, home.running.generation) == (FIRST.slot, FIRST.generation)
    assert not home.HasField("last_switch")
    assert (till.home / "data" / "gen-0001" / "journal" / "data.mdb").exists()
    assert not (till.folder / "journal").exists()
    till.stop(within_s=5.0)


def test_a_new_pair_proves_itself_and_everything_is_there(till: HomeTill) -> None:
    till.start()
    assert receipts(till) == 1
    till.stop(within_s=5.0)
    work = switch(till.home)
    till.start()
    home = status(till).home
    assert (home.running.slot, home.running.generation) == (SECOND.slot, SECOND.generation)
    assert (home.previous.slot, home.previous.generation) == (FIRST.slot, FIRST.generation)
    last = home.last_switch
    assert (last.stayed, last.work_id, last.kind) == (True, work.work_id, "upgrade")
    assert last.request_id == work.request_id
    assert receipts(till) == 2
    till.stop(within_s=5.0)
    till.start()
    assert status(till).home.last_switch == last, "it is recorded once"
    assert receipts(till) == 3


@pytest.mark.parametrize(
    ("script", "trial_s"),
    [(CRASHES, 1.0), (HANGS, 1.0), (DIES_AT_ITS_ENTRANCES, TRIAL_S)],
    ids=["crashes", "hangs", "dies when all but the serving is done"],
)
def test_a_program_that_does_not_come_up_is_taken_back_and_the_till_sells_on(
    script: str, trial_s: float
) -> None:
    with a_home_till(trial_s=trial_s) as till:
        till.start()
        assert receipts(till) == 1
        till.stop(within_s=5.0)
        work = switch(till.home, script=script)
        till.start()
        home = status(till).home
        assert (home.running.slot, home.running.generation) == (FIRST.slot, FIRST.generation)
        last = home.last_switch
        assert (last.stayed, last.work_id) == (False, work.work_id)
        assert "did not prove itself" in last.why
        assert receipts(till) == 2


def test_a_program_that_finds_other_totals_ends_and_is_taken_back(till: HomeTill) -> None:
    till.start()
    assert receipts(till) == 1
    till.stop(within_s=5.0)
    work_id = new_work_id()
    pair = Pair(slot=FIRST.slot, generation="gen-0002")
    build_next(till.home, work_id, pair)
    work = work_to(till.home, pair, work_id=work_id)
    lost_one = type(work)(**{**fields(work), "expected": BackupTotals(sales=2)})
    Home(till.home, FIRST.generation).switch(lost_one)
    till.start()
    assert "the journal comes to" in till.errors()
    assert status(till).home.running.generation == FIRST.generation
    assert not status(till).home.last_switch.stayed
    assert receipts(till) == 2


def fields(work: object) -> dict[str, object]:
    names: tuple[str, ...] = type(work).__struct_fields__  # type: ignore[attr-defined]
    return {name: getattr(work, name) for name in names}


def test_a_generation_that_was_damaged_while_it_waited_is_taken_back(till: HomeTill) -> None:
    till.start()
    for _ in range(3):
        receipts(till)
    till.stop(within_s=5.0)
    switch(till.home)
    file = generation.journal_folder(till.home, "gen-0002") / "data.mdb"
    content = file.read_bytes()
    assert content.count(b"receipt_number") > 2
    file.write_bytes(content.replace(b"receipt_number", b"receipt_numbes"))
    till.start()
    assert status(till).home.running.generation == FIRST.generation
    assert receipts(till) == 4


def test_a_pair_that_dies_before_it_has_committed_itself_costs_nothing(till: HomeTill) -> None:
    till.start()
    assert receipts(till) == 1
    till.stop(within_s=5.0)
    work = switch(till.home)
    till.start("home.before_commit")
    last = status(till).home.last_switch
    assert (last.work_id, last.stayed) == (work.work_id, False)
    assert receipts(till) == 2


def test_a_pair_that_dies_right_after_it_has_committed_itself_stays(till: HomeTill) -> None:
    till.start()
    assert receipts(till) == 1
    till.stop(within_s=5.0)
    work = switch(till.home)
    till.spawn("home.committed")
    assert till.await_exit() == 128 + signal.SIGKILL
    till.start()
    last = status(till).home.last_switch
    assert (last.work_id, last.stayed) == (work.work_id, True)
    assert receipts(till) == 2


def test_what_no_switch_can_go_back_to_is_removed_with_its_size_in_the_log(till: HomeTill) -> None:
    till.start()
    till.stop(within_s=5.0)
    for number in (2, 3):
        switch(till.home, Pair(slot=f"1.{number}.0-cccccccc", generation=f"gen-000{number}"))
        till.start()
        if number == 2:
            till.stop(within_s=5.0)
    lines = await_lines(till, "left_over_removed", 2)
    till.stop(within_s=5.0)
    removed = {line["folder"].rpartition("/")[2]: line["size_bytes"] for line in lines}
    assert set(removed) == {FIRST.slot, FIRST.generation}
    assert all(size > 0 for size in removed.values())
    assert sorted(path.name for path in generation.data_folder(till.home).iterdir()) == [
        "gen-0002",
        "gen-0003",
    ]
    assert sorted(path.name for path in slot.slots_folder(till.home).iterdir()) == [
        "1.2.0-cccccccc",
        "1.3.0-cccccccc",
    ]
    assert read(till.home).previous == Pair(slot="1.2.0-cccccccc", generation="gen-0002")


def test_a_restart_that_is_asked_for_ends_in_order_and_is_seen_to(tmp_path: Path) -> None:
    app = App(parse(till_toml(tmp_path)), started_s=time.monotonic(), sources=[])
    asyncio.run(app.run(lambda _: app.restart()))
    assert (app.wants_restart, app.storage_failure) == (True, None)
    with contextlib.closing(open_journal(Places(tmp_path / "journal")).store) as store:
        ending = decode_record(store.records(store.head.seq - 1)[0].body)
    assert isinstance(ending.events[-1], TillStopped)

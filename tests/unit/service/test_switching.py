"""The till is quiet while its program or its data change, and a switch counts only if it is whole."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.crash.shift_workload import GENESIS, MAP_BYTES, identity_of
from tests.support.homes import FIRST, SECOND, make_home, work_to
from tests.support.shop import cash, line
from tests.support.till import till_toml
from tillhald.boot import generation
from tillhald.boot.record import read
from tillhald.config import parse
from tillhald.domain import commands as cmd
from tillhald.domain.errors import HomeNeeded, RestoreInProgress, UpgradeInProgress
from tillhald.domain.events import TillStopped, encode_record
from tillhald.domain.rules import ShopRules
from tillhald.home import Home
from tillhald.journal.creation import create
from tillhald.journal.recovery import Places, open_journal
from tillhald.journal.writer import JournalWriter
from tillhald.rpc.door import GOES_ON
from tillhald.service.opening import restored_state
from tillhald.service.switching import Switching
from tillhald.service.tail import Tail
from tillhald.service.till import Clock, Outcome, Request, Till

if TYPE_CHECKING:
    from pathlib import Path

CLOSE_S_MAX = 10.0
BUSY = UpgradeInProgress("The till is being upgraded.")


class Deeds:
    """Effects as far as a switch needs them."""

    def __init__(self) -> None:
        self.paused = False

    async def pause(self, device_ids: set[str], timeout_s: float) -> bool:
        self.paused = True
        return True

    def resume(self) -> None:
        self.paused = False


class NoDevices:
    def snapshot(self) -> list[Any]:
        return []


class Desk:
    """A till over a journal in a home, without devices."""

    def __init__(self, root: Path, *, has_home: bool = True) -> None:
        self.folder = root / "home"
        make_home(self.folder)
        journal = generation.journal_folder(self.folder, FIRST.generation)
        create(journal, identity_of(1), encode_record(GENESIS), map_bytes=MAP_BYTES)
        self.store, spill, _ = open_journal(Places(journal))
        loop = asyncio.get_running_loop()
        tail = Tail(self.store.head.seq)
        self.writer = JournalWriter(
            self.store,
            spill=spill,
            on_durable=lambda seq: loop.call_soon_threadsafe(tail.advanced, seq),
            on_failed=lambda error: loop.call_soon_threadsafe(tail.failed, error),
        )
        self.till = Till(
            state=restored_state(self.store),
            rules=ShopRules(currency="EUR"),
            store=self.store,
            writer=self.writer,
            tail=tail,
            clock=Clock(wall_ms=lambda: 1_767_225_600_000, today=lambda _: "2026-01-01"),
            boot_id="boot",
        )
        self.deeds = Deeds()
        self.restarts = 0
        self.switching = Switching(
            Home(self.folder, FIRST.generation) if has_home else None,
            till=self.till,
            effects=self.deeds,  # type: ignore[arg-type]
            devices=NoDevices(),  # type: ignore[arg-type]
            restart=self._restarted,
        )

    def _restarted(self) -> None:
        self.restarts += 1

    async def sell(self, number: int) -> Outcome:
        command = cmd.Checkout(sale_id=f"sale-{number}", lines=(line(),), tenders=(cash(1000),))
        request = Request("Checkout", f"request-{number}", b"f")
        outcome, _ = await self.till.handle(command, request, lambda outcome: outcome)
        return outcome

    def close(self) -> None:
        self.writer.close(CLOSE_S_MAX)
        self.store.close()


def run(test: Any) -> None:
    asyncio.run(test)


def test_a_quiet_till_sells_nothing_new_and_answers_what_it_has_granted(tmp_path: Path) -> None:
    async def story() -> None:
        desk = Desk(tmp_path)
        try:
            first = await desk.sell(1)
            await desk.switching.begin(BUSY)
            assert desk.deeds.paused
            with pytest.raises(UpgradeInProgress, match="being upgraded"):
                await desk.sell(2)
            again = await desk.sell(1)
            assert (again.replayed, again.answer) == (True, first.answer)
            desk.till.refuse_if_quiet("request-1")
            with pytest.raises(UpgradeInProgress):
                desk.till.refuse_if_quiet("request-2")
            await desk.till.record([TillStopped()])  # a fact that nobody asked for
            desk.switching.end()
            assert not desk.deeds.paused
            assert not (await desk.sell(2)).replayed
        finally:
            desk.close()

    run(story())


def test_one_piece_of_work_at_a_time_and_the_first_one_goes_on(tmp_path: Path) -> None:
    async def story() -> None:
        desk = Desk(tmp_path)
        try:
            await desk.switching.begin(BUSY)
            with pytest.raises(UpgradeInProgress):
                await desk.switching.begin(RestoreInProgress("The data are being changed."))
            assert isinstance(desk.till.quiet, UpgradeInProgress)
        finally:
            desk.close()

    run(story())


def test_a_switch_is_given_up_if_anything_was_recorded_since(tmp_path: Path) -> None:
    async def story() -> None:
        desk = Desk(tmp_path)
        try:
            await desk.sell(1)
            await desk.switching.begin(BUSY)
            seq = desk.till.state.seq
            work = work_to_of(desk)
            await desk.till.record([TillStopped()])
            assert desk.switching.switch(work, seq=seq) is False
            assert (read(desk.folder).trial, desk.restarts) == (None, 0)
            assert desk.switching.switch(work, seq=seq + 1) is True
            trial = read(desk.folder).trial
            assert trial is not None
            assert (trial.pair, trial.work_id, desk.restarts) == (SECOND, work.work_id, 1)
            assert desk.switching.home().work(work.work_id) == work
        finally:
            desk.close()

    def work_to_of(desk: Desk) -> Any:
        other = tmp_path / "other"
        make_home(other)
        journal = generation.journal_folder(other, FIRST.generation)
        create(journal, identity_of(1), encode_record(GENESIS), map_bytes=MAP_BYTES)
        made = work_to(other, FIRST)
        return type(made)(
            **{
                name: SECOND if name == "to_pair" else getattr(made, name)
                for name in made.__struct_fields__
            }
        )

    run(story())


def test_a_till_without_a_home_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        desk = Desk(tmp_path, has_home=False)
        try:
            with pytest.raises(HomeNeeded, match="tillctl install"):
                desk.switching.home()
        finally:
            desk.close()

    run(story())


def test_the_host_may_say_that_the_power_goes_also_while_the_till_is_quiet() -> None:
    assert "PowerService/PrepareForPowerLoss" in GOES_ON


def test_a_home_overrides_where_the_journal_is_and_no_generation_shares_a_spill(
    tmp_path: Path,
) -> None:
    config = parse(till_toml(tmp_path)).in_home(Home(tmp_path / "home", "gen-0007"))
    places = config.places()
    assert places.folder == tmp_path / "home" / "data" / "gen-0007" / "journal"
    assert [path.parent for path in places.spills] == [places.folder.parent]
    assert config.own_file("signing-key") == tmp_path / "home" / "identity" / "signing-key"
    bare = parse(till_toml(tmp_path))
    assert bare.own_file("owner-code") == tmp_path / "journal.owner-code"

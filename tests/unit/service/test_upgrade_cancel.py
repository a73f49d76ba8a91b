"""An upgrade that is cancelled or cut off leaves a till that sells, whatever comes together."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from tests.support.homes import FIRST, add_slot
from tests.unit.service.test_switching import Desk
from tillhald.domain import events as ev
from tillhald.domain.supply import Supply
from tillhald.domain.upgrade import Stage, When
from tillhald.domain.upgrade_checks import Conditions
from tillhald.home import Home
from tillhald.service.upgrade_log import FILE
from tillhald.service.upgrade_world import Estimate
from tillhald.service.upgrades import Upgrades

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

NEW = "2.0.0-cccccccc"
COMES_S_MAX = 30.0
REQUEST = "cancel-{}"


class World:
    """Nothing is in the way of an upgrade."""

    @property
    def day(self) -> World:
        return self

    async def is_quiet(self, _now_ms: int) -> bool:
        return True

    async def is_checked(self) -> None:
        pass

    async def conditions(self, _to: object, _when: When) -> Conditions:
        return Conditions(
            supply=Supply.UNPROTECTED,
            estimate_s=1,
            disk_free_bytes=1,
            disk_needed_bytes=0,
            now_ms=1_767_225_600_000,
        )

    def estimate(self, _to: object) -> Estimate:
        return Estimate(0, 0, 0, 0)

    def migrates(self, _to: object) -> bool:
        return True


class SlowData:
    """Data that is never brought over, and that takes its time to be removed."""

    def __init__(self) -> None:
        self.is_at_work = asyncio.Event()
        self.is_removing = asyncio.Event()
        self.may_end = asyncio.Event()

    async def back_up(self, *_: object) -> None:
        pass

    async def secure(self, *_: object, migrates: bool) -> None:
        assert migrates
        self.is_at_work.set()
        await asyncio.Event().wait()

    async def remove_built(self, _upgrade_id: str) -> None:
        self.is_removing.set()
        await self.may_end.wait()


class Upgraded(Desk):
    """A till whose upgrade has stopped it, and is at work."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        add_slot(self.folder, NEW)
        self.data = SlowData()
        self.upgrades = Upgrades(
            Home(self.folder, FIRST.generation),
            till=self.till,
            store=self.store,
            world=World(),  # type: ignore[arg-type]
            data=self.data,  # type: ignore[arg-type]
            switching=self.switching,
            now_ms=lambda: 1_767_225_600_000,
        )

    async def cancel(self, number: int) -> Stage:
        return (await self.upgrades.cancel(REQUEST.format(number), "")).stage


def story(root: Path, tell: Callable[[Upgraded], Awaitable[None]]) -> None:
    """Tell what happens after selling was stopped."""

    async def told() -> None:
        desk = Upgraded(root)
        running = asyncio.create_task(desk.upgrades.run())
        try:
            async with asyncio.timeout(COMES_S_MAX):
                await desk.sell(1)
                await desk.upgrades.start("start", "", When.NOW)
                await desk.data.is_at_work.wait()
                assert desk.till.quiet is not None
                await tell(desk)
        finally:
            desk.data.may_end.set()
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            desk.close()

    asyncio.run(told())


def test_a_till_whose_upgrade_is_cancelled_twice_sells_on(tmp_path: Path) -> None:
    async def twice(desk: Upgraded) -> None:
        first = asyncio.create_task(desk.cancel(1))
        await desk.data.is_removing.wait()
        second = asyncio.create_task(desk.cancel(2))
        await asyncio.sleep(0)
        desk.data.may_end.set()
        assert [await first, await second] == [Stage.ABORTED, Stage.ABORTED]
        assert desk.till.quiet is None
        await desk.sell(2)
        upgrade = desk.upgrades.find("")
        assert (upgrade.cancel_request_id, upgrade.reason) == (REQUEST.format(1), "CANCELLED")

    story(tmp_path, twice)


def test_who_hangs_up_has_the_upgrade_cancelled_all_the_same(tmp_path: Path) -> None:
    async def hung_up(desk: Upgraded) -> None:
        impatient = asyncio.create_task(desk.cancel(1))
        await desk.data.is_removing.wait()
        impatient.cancel()
        desk.data.may_end.set()
        with contextlib.suppress(asyncio.CancelledError):
            await impatient
        while desk.till.state.upgrades.current is not None:
            await asyncio.sleep(0)
        await desk.sell(2)
        # The next one is not kept waiting.
        armed, _ = await desk.upgrades.start("again", "", When.QUIET)
        assert armed.stage is Stage.ARMED

    story(tmp_path, hung_up)


def test_a_full_disk_keeps_no_till_from_starting_that_an_upgrade_was_cut_off_at(
    tmp_path: Path,
) -> None:
    async def cut_off() -> None:
        desk = Upgraded(tmp_path)
        try:
            armed, _ = await desk.upgrades.start("start", "", When.NOW)
            begun = ev.UpgradeBegun(upgrade_id=armed.upgrade_id, totals=armed.totals)
            await desk.till.record([begun])
            for stage in (Stage.PREFLIGHT, Stage.QUIESCED):
                desk.upgrades.tell(armed, stage, "It went on.")
            steps = Home(desk.folder, FIRST.generation).work_folder(armed.upgrade_id)
            (steps / FILE).unlink()
            (steps / FILE).mkdir()  # nothing can be written there, as on a full disk
            desk.upgrades.take_up()
            await desk.sell(1)
            assert desk.upgrades.stage_of(desk.upgrades.find("")) is Stage.ARMED
        finally:
            desk.close()

    asyncio.run(cut_off())

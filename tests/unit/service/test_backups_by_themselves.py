"""The till makes, thins out and tries backups by itself, by days and hours that passed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bench.inprocess import till_in_process
from tests.support.backups import OWNER
from tillhald.config import Config
from tillhald.config_backup import BackupTable
from tillhald.domain import events as ev
from tillhald.domain.backup import BackupKind
from tillhald.domain.backup_rules import HOUR_MS
from tillhald.service.backups import Backups
from tillhald.service.times import wall_ms
from tillhald.service.work import Work

if TYPE_CHECKING:
    from pathlib import Path


class Hours:
    """A clock that is set on by hand."""

    def __init__(self) -> None:
        self.passed = 0

    def __call__(self) -> int:
        return wall_ms() + self.passed * HOUR_MS


def test_what_is_due_is_made_and_tried_and_nothing_else(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    table = BackupTable(
        folder=str(stick), recipients=(str(OWNER.to_public()),), other_disk=False, every_h=4
    )
    hours = Hours()

    async def go() -> None:
        async with till_in_process(tmp_path) as inside, asyncio.TaskGroup() as tasks:
            backups = Backups(
                lambda: Config(backup=table),
                file=None,
                version="0",
                till=inside.till,
                store=inside.store,
                now_ms=hours,
                work=Work(tasks),
            )

            def book() -> list[BackupKind]:
                return [noted.made.kind for noted in inside.till.state.backups.known]

            # By hand first: an increment needs something to go on from.
            stick.mkdir()
            steps = [step async for step in backups.create("r-1", None)]
            assert steps
            assert book() == [BackupKind.FULL]
            await backups.look()
            assert book() == [BackupKind.FULL], "nothing is due"
            for number in range(5):
                await inside.till.record([ev.BackupFailed(reason="R", message=str(number))])
            hours.passed = 4
            await backups.look()
            assert book() == [BackupKind.FULL, BackupKind.INCREMENT]

            # A stick that is not there is said once, and tried again after a pause.
            stick.rename(tmp_path / "away")
            for number in range(5):
                await inside.till.record([ev.DayOpened(business_day="2026-01-01", day_number=9)])
            hours.passed = 9
            seq = inside.till.state.seq
            await backups.look()
            assert inside.till.state.backups.failing == "BACKUP_TARGET_MISSING"
            assert inside.till.state.seq == seq + 1
            (tmp_path / "away").rename(stick)
            await backups.look()
            assert inside.till.state.seq == seq + 1, "it waits before it tries again"

    asyncio.run(go())


def test_after_a_day_is_over_a_full_backup_is_made_and_restored_on_trial(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    table = BackupTable(folder=str(stick), recipients=(str(OWNER.to_public()),), other_disk=False)

    async def go() -> None:
        async with till_in_process(tmp_path) as inside, asyncio.TaskGroup() as tasks:
            backups = Backups(
                lambda: Config(backup=table),
                file=None,
                version="0",
                till=inside.till,
                store=inside.store,
                now_ms=wall_ms,
                work=Work(tasks),
            )
            await backups.look()
            assert list(stick.iterdir()) == []
            for number in (1, 2):
                opened = ev.DayOpened(business_day=f"2026-01-0{number}", day_number=number)
                await inside.till.record([opened])
            await backups.look()
            book = inside.till.state.backups
            assert book.full is not None
            assert book.full.made.closed_days == 1
            assert book.drill is not None
            assert book.drill.last_seq == book.full.made.last_seq
            await backups.look()
            assert inside.till.state.backups == book, "once"

    asyncio.run(go())

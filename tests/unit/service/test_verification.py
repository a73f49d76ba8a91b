"""Who asks for a check of the journal, and which check answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tillhald.journal.creation import create
from tillhald.journal.errors import Fault
from tillhald.journal.identity import Identity, Phase
from tillhald.service.verification import ChainCheck, Verification

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tillhald.service.verification import Step

WAIT_S_MAX = 60.0
BODY = b"the first record"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    identity = Identity(
        store_id="store-7",
        workstation_id="till-3",
        incarnation=1,
        chain_id=bytes(16),
        created_ms=1_700_000_000_000,
        phase=Phase.LIVE,
    )
    create(tmp_path / "journal", identity, BODY, map_bytes=1 << 20)
    return tmp_path / "journal"


class Checked:
    """Checks of a journal in a folder, counted.

    `when_read` is called once, when a check has read all and is still under way.
    """

    def __init__(self, folder: Path, tasks: asyncio.TaskGroup) -> None:
        self.checks = 0
        self.when_read: Callable[[], None] | None = None
        self._folder = folder
        self._asked = 0
        self.verification = Verification(self._segment, tasks, on_fault=lambda *_: None)

    def _segment(self) -> tuple[str, int]:
        # A check asks where the journal is when it begins, and whether it is there still at its end.
        self._asked += 1
        if self._asked % 2:
            self.checks += 1
        elif self.when_read is not None:
            when_read, self.when_read = self.when_read, None
            when_read()
        return str(self._folder), 1

    async def last(self) -> Step:
        """How the check ended that answers whoever asks now."""
        return await end_of(self.verification.steps())


async def end_of(steps: AsyncIterator[Step]) -> Step:
    return [step async for step in steps][-1]


def run(folder: Path, story: Callable[[Checked], Awaitable[None]]) -> None:
    async def begin() -> None:
        async with asyncio.timeout(WAIT_S_MAX), asyncio.TaskGroup() as tasks:
            await story(Checked(folder, tasks))

    asyncio.run(begin())


def damage(folder: Path) -> None:
    with (folder / "data.mdb").open("r+b", buffering=0) as file:
        at = file.read().find(BODY)
        assert at >= 0, "it is not in the file"
        file.seek(at)
        file.write(BODY.upper())


def test_who_asks_while_a_check_runs_hears_of_one_that_began_after_he_asked(folder: Path) -> None:
    async def story(checked: Checked) -> None:
        asked: list[AsyncIterator[Step]] = []

        def break_and_ask() -> None:
            damage(folder)
            asked.append(checked.verification.steps())

        checked.when_read = break_and_ask
        assert (await checked.last()).verdict is not None, "it had passed that record"
        found = (await end_of(asked[0])).finding
        assert found is not None
        assert (found.fault, found.seq) == (Fault.EDITED, 1)
        assert checked.verification.last_check is ChainCheck.FAULTY
        assert checked.checks == 2

    run(folder, story)


@pytest.mark.parametrize("watchers", [1, 20])
def test_one_more_check_answers_all_who_asked_while_one_ran(folder: Path, watchers: int) -> None:
    async def story(checked: Checked) -> None:
        checked.verification.begin()
        steps = await asyncio.gather(*(checked.last() for _ in range(watchers)))
        assert all(step.verdict is not None for step in steps)
        assert checked.checks == 2

    run(folder, story)


def test_nobody_waits_for_two_checks_when_none_runs(folder: Path) -> None:
    async def story(checked: Checked) -> None:
        for count in (1, 2):
            assert (await checked.last()).verdict is not None
            assert checked.checks == count
        await checked.verification.over()
        assert checked.checks == 3

    run(folder, story)


def test_a_watcher_that_is_slow_hears_the_end_of_his_own_check(folder: Path) -> None:
    async def story(checked: Checked) -> None:
        slow = checked.verification.steps()
        await anext(slow)
        assert (await checked.last()).verdict is not None  # another check, behind his
        damage(folder)
        assert (await checked.last()).finding is not None
        assert (await end_of(slow)).verdict is not None
        assert checked.checks == 3

    run(folder, story)

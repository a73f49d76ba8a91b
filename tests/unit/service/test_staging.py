"""A bundle that is brought and cannot be stored is refused with why, and nothing of it is left."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.homes import FIRST
from tests.unit.service.test_switching import Desk
from tillhald.boot.slot import slots_folder
from tillhald.domain.errors import BundleNoRoom, UpgradeFailed
from tillhald.home import Home
from tillhald.service.staging import Staging, Upload
from tillhald.service.work import Work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

CHUNK = b"a piece"


async def pieces(failure: OSError | None = None) -> AsyncIterator[bytes]:
    yield CHUNK
    if failure:
        raise failure  # as the disk does, between two pieces


def staging_of(desk: Desk, tasks: asyncio.TaskGroup, unused: Sequence[str] = ()) -> Staging:
    work: Work[Any] = Work(tasks)
    home = Home(desk.folder, FIRST.generation)
    return Staging(home, till=desk.till, unused=lambda: list(unused), now_ms=lambda: 0, work=work)


def refused_with(root: Path, upload: Upload) -> BaseException:
    """What staging it is refused with."""
    refusals: list[BaseException] = []

    async def story() -> None:
        desk = Desk(root)
        try:
            async with asyncio.TaskGroup() as tasks:
                try:
                    async for _ in staging_of(desk, tasks).stage("request", "", upload):
                        pass
                except Exception as refusal:
                    refusals.append(refusal)
        finally:
            desk.close()
        assert list(Home(desk.folder, FIRST.generation).inbox_folder.iterdir()) == []

    asyncio.run(story())
    (refusal,) = refusals
    return refusal


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, BundleNoRoom), (errno.EDQUOT, BundleNoRoom), (errno.EIO, UpgradeFailed)],
)
def test_a_disk_that_fails_while_a_bundle_comes_is_told(
    tmp_path: Path, number: int, kind: type[Exception]
) -> None:
    failure = OSError(number, os.strerror(number))
    refusal = refused_with(tmp_path, Upload("next.tlb", 2 * len(CHUNK), pieces(failure)))
    assert type(refusal) is kind


def test_a_name_that_no_disk_takes_is_told(tmp_path: Path) -> None:
    upload = Upload("收" * 96 + ".tlb", len(CHUNK), pieces())
    refusal = refused_with(tmp_path, upload)
    assert isinstance(refusal, UpgradeFailed)
    assert "name too long" in str(refusal)


def test_a_floor_that_rotted_keeps_no_till_from_selling(tmp_path: Path) -> None:
    async def story() -> None:
        desk = Desk(tmp_path)
        try:
            home = Home(desk.folder, FIRST.generation)
            trust = home.identity_folder / "trust"
            trust.mkdir()
            (trust / "root.json").write_bytes(b"{}")
            (trust / "floor.json").write_bytes(b"")
            bundle = home.bundles_folder / f"{FIRST.slot}.tlb"
            bundle.parent.mkdir()
            bundle.write_bytes(b"a bundle")
            async with asyncio.TaskGroup() as tasks:
                await staging_of(desk, tasks).remember(FIRST.slot)
            assert bundle.exists(), "the next start tries it again"
        finally:
            desk.close()

    asyncio.run(story())


def test_old_slots_make_room_while_the_till_sells_on(tmp_path: Path) -> None:
    slots = ("1.1.0-bbbbbbbb", "1.2.0-cccccccc", "1.3.0-dddddddd")
    removers: list[threading.Thread] = []

    def note(event: str, args: tuple[Any, ...]) -> None:
        if event == "shutil.rmtree" and slots[0] in str(args[0]):
            removers.append(threading.current_thread())

    async def story() -> None:
        desk = Desk(tmp_path)
        folder = slots_folder(desk.folder)
        for name in slots:
            (folder / name / "bin").mkdir(parents=True)
        try:
            async with asyncio.TaskGroup() as tasks:
                await staging_of(desk, tasks, slots).make_room()
            assert {path.name for path in folder.iterdir()} == {FIRST.slot, slots[-1]}
        finally:
            desk.close()

    sys.addaudithook(note)
    asyncio.run(story())
    # Not the one that serves everybody: thousands of files take seconds on a memory card.
    assert len(removers) == 1
    assert removers[0] is not threading.main_thread()

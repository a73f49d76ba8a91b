"""The till's folders are looked at by a child, which nobody waits for when its disk is silent."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from tillhald.telemetry.disks import FILES_MAX, Disks, folder_facts

if TYPE_CHECKING:
    from pathlib import Path

WAIT_S_MAX = 20.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    folder.mkdir()
    (folder / "data.mdb").write_bytes(b"x" * 5_000)
    (tmp_path / "journal.spill").write_bytes(b"y")
    (tmp_path / "customers.txt").write_bytes(b"z")
    return folder


def test_room_is_told_with_the_files_in_the_folder_and_beside_it(folder: Path) -> None:
    told = asyncio.run(Disks(WAIT_S_MAX).ask(folder))
    files = told["files"]
    assert isinstance(files, dict)
    assert set(files) == {"journal", "journal/data.mdb", "journal.spill"}
    assert files["journal/data.mdb"]["bytes"] == 5_000
    room = os.statvfs(folder)
    assert told["bytes_total"] == room.f_blocks * room.f_frsize
    assert told["inodes_total"] == room.f_files
    assert told["read_only"] is False


def test_a_folder_that_is_not_there_is_an_answer(folder: Path) -> None:
    told = asyncio.run(Disks(WAIT_S_MAX).ask(folder / "gone"))
    assert told == {"cannot_be_read": "FileNotFoundError: ENOENT No such file or directory"}


def test_a_folder_with_very_many_files_is_told_in_part(folder: Path) -> None:
    for number in range(FILES_MAX + 50):
        (folder / f"{number}").touch()
    files = folder_facts(folder)["files"]
    assert isinstance(files, dict)
    assert len(files) == FILES_MAX


def test_a_link_is_followed(folder: Path) -> None:
    link = folder.with_name("link")
    link.symlink_to(folder)
    assert folder_facts(link)["leads_to"] == str(folder)


def test_a_child_that_does_not_come_back_in_time_is_not_waited_for(folder: Path) -> None:
    async def look() -> None:
        disks = Disks(0.0001)  # no interpreter starts as quickly
        with pytest.raises(TimeoutError):
            await disks.ask(folder)
        with pytest.raises(TimeoutError):
            await disks.ask(folder)
        for child in disks._lost.values():
            await asyncio.wait_for(child.wait(), WAIT_S_MAX)

    asyncio.run(look())

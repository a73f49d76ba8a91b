"""The spill on disks that fail, fill up and lose their power."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from hwsim.power.faults import Fail, Rule, Short
from tests.support.spills import (
    BEGIN,
    SIZE_BYTES,
    file_at,
    filled,
    held,
    nothing_stored,
    spill_at,
)
from tillhald.journal.errors import StorageFailed
from tillhald.journal.format import Sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hwsim.power.disk import PowerCutDisk

    Records = Callable[..., list[Sealed]]

SEED = 60_221_023


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.spill"


@pytest.mark.parametrize("operation", ["write", "sync"])
def test_a_file_that_failed_is_not_written_again_and_the_next_one_takes_over(
    power_cut_disk: PowerCutDisk, sealed: Records, operation: str
) -> None:
    records = sealed(1, 4)
    first, second = (power_cut_disk.path / name for name in ("first", "second"))
    spill = spill_at(first, second)
    spill.append(records[:1])
    rule = Rule(operation, "first", Fail(errno.EIO), times=1)  # type: ignore[arg-type]
    power_cut_disk.fail(rule)
    syncs = power_cut_disk.sync_count("*")
    spill.append(records[1:2])
    assert power_cut_disk.sync_count("*") - syncs == 1 + (operation == "sync")
    assert spill.failures == [f"{first}: [Errno 5] Input/output error"]
    spill.append(records[2:])
    spill.reset()
    spill.append([])
    spill.close()
    assert [injected.name for injected in power_cut_disk.injected()] == ["first"]
    found = held(first)
    assert found[:1] == records[:1]
    assert found == records[: len(found)]
    assert held(second) == []


def test_one_batch_is_one_sync(power_cut_disk: PowerCutDisk, sealed: Records) -> None:
    spill = spill_at(power_cut_disk.path / "journal.spill")
    before = power_cut_disk.sync_count()
    spill.append(sealed(1, 50))
    assert power_cut_disk.sync_count() == before + 1
    spill.close()


def test_a_write_that_takes_a_little_at_a_time_is_finished(
    power_cut_disk: PowerCutDisk, sealed: Records
) -> None:
    path = power_cut_disk.path / "journal.spill"
    file_at(path).close()
    power_cut_disk.fail(Rule("write", "journal.spill", Short(100)))
    records = sealed(1, 20)
    filled(path, records)
    assert held(path) == records


def test_what_a_start_has_read_is_there_at_the_next_one(
    power_cut_disk: PowerCutDisk, sealed: Records
) -> None:
    # A process sees its sync fail and dies. The next one builds on what it reads, which so far
    # may stand in the page cache only; then power goes.
    records = sealed(1, 3)
    found = set()
    for seed in range(SEED, SEED + 6):
        path = power_cut_disk.path / f"{seed}.spill"
        filled(path, records[:1])
        file = file_at(path)
        file.read()
        power_cut_disk.fail(Rule("sync", path.name, Fail(errno.EIO), times=1))
        with pytest.raises(OSError, match="Input/output"):
            file.append(records[1:])
        file.close()
        file = file_at(path)
        believed = file.read()
        file.settle()
        file.close()
        power_cut_disk.cut(seed)
        assert held(path)[: len(believed)] == believed, f"seed {seed}"
        found.add(len(believed))
    assert found == {3}


def test_a_spill_on_a_disk_that_takes_no_writes_is_still_read(
    power_cut_disk: PowerCutDisk, sealed: Records
) -> None:
    records = sealed(1, 3)
    path = power_cut_disk.path / "journal.spill"
    filled(path, records)
    power_cut_disk.read_only(True)
    spill = spill_at(path)
    assert spill.read(BEGIN, nothing_stored) == records
    spill.settle()
    assert len(spill.failures) == 1
    assert spill.room_bytes == 0
    with pytest.raises(StorageFailed):
        spill.append(records)
    spill.close()
    power_cut_disk.read_only(False)
    assert held(path) == records


def test_a_spill_for_which_there_is_no_room_takes_none_and_is_named(
    power_cut_disk: PowerCutDisk, path: Path
) -> None:
    power_cut_disk.free_bytes = SIZE_BYTES // 2
    spill = spill_at(power_cut_disk.path / "journal.spill", path)
    assert len(spill.failures) == 1
    assert "No space left" in spill.failures[0]
    assert spill.size_bytes == SIZE_BYTES
    assert os.listdir(power_cut_disk.path) == []
    assert power_cut_disk.free_bytes >= SIZE_BYTES // 2 - 4096, "the rest of it fills the disk"
    spill.close()


def test_a_folder_that_is_not_there_is_named_and_not_made(tmp_path: Path) -> None:
    gone = tmp_path / "gone" / "journal.spill"
    spill = spill_at(gone, tmp_path / "journal.spill")
    assert len(spill.failures) == 1
    assert str(gone) in spill.failures[0]
    assert not gone.parent.exists()
    spill.close()


def test_a_spill_is_there_whole_or_not_at_all_after_a_power_cut(
    power_cut_disk: PowerCutDisk, sealed: Records
) -> None:
    records = sealed(1, 3)
    path = power_cut_disk.path / "journal.spill"
    for seed in range(SEED, SEED + 5):
        filled(path, records)
        power_cut_disk.cut(seed)
        assert held(path) == records, f"seed {seed}"
        path.unlink()

"""What the machine says: of the till's own folders and mounts, and of no others."""

from __future__ import annotations

import os
from pathlib import Path

from tillhald.telemetry import machine
from tillhald.telemetry.machine import Mount

ROOT = Mount("/dev/vda1", "/", "ext4", "rw,relatime")


def test_a_folder_lies_on_the_nearest_mount_above_it_and_of_two_there_on_the_last() -> None:
    disk = Mount("/dev/vdb", "/srv/till", "xfs", "rw")
    over = Mount("/dev/vdc", "/srv/till", "ext4", "rw")
    mounts = [ROOT, disk, Mount("x", "/srv/till2", "nfs4", "rw"), over]
    assert machine.mount_of(Path("/srv/till/journal"), mounts) == over
    assert machine.mount_of(Path("/srv/till"), mounts) == over
    assert machine.mount_of(Path("/srv/tillman"), mounts) == ROOT
    assert machine.mount_of(Path("/srv/till2/a"), mounts) == mounts[2]
    assert machine.mount_of(Path("/x"), []) is None


def test_a_mount_is_told_without_whoever_it_was_mounted_as() -> None:
    share = Mount("anna:pass@server:/share", "/srv", "nfs4", "rw,username=anna,data=ordered")
    assert machine.mount_facts(share) == {
        "device": "(masked)",
        "mounted_on": "/srv",
        "file_system": "nfs4",
        "options": ["rw", "username=(masked)", "data=ordered"],
    }
    assert machine.mount_facts(ROOT)["device"] == "/dev/vda1"
    assert any(mount.point == "/" for mount in machine.mounts())


def test_the_process_tells_of_its_memory_threads_and_files() -> None:
    facts = machine.memory()
    process, whole = facts["process"], facts["machine"]
    assert isinstance(process, dict)
    assert isinstance(whole, dict)
    assert process["pid"] == os.getpid()
    assert 0 < process["memory_resident_bytes"] < whole["memory_total_bytes"]
    assert "MainThread" in process["threads"]
    assert 0 < process["open_files"] <= process["open_files_limit"]


def test_versions_are_those_of_the_packages_that_the_daemon_asks_for() -> None:
    names = machine.distributions()
    assert names[0] == "tillhal"
    assert {"grpcio", "lmdb", "msgspec", "psutil"} <= set(names)
    assert not {"pytest", "ruff", "asyncpg"} & set(names)
    assert machine.version_of("msgspec")[0].isdigit()
    assert machine.version_of("no-such-package-of-ours") == "not installed"
    facts = machine.platform_facts()
    assert os.uname().release in str(facts["kernel"])
    assert os.uname().nodename not in facts.values()

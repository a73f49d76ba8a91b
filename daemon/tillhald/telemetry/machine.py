"""What the machine says of itself: packages, disks, memory, the own process.

Every function here is short, and reads from the kernel or from small files. None looks at a mount
that is not the till's own: to ask a network share whose server has died can take for ever.
"""

from __future__ import annotations

import itertools
import os
import platform
import re
import resource
import sys
import threading
import time
from importlib import metadata
from typing import TYPE_CHECKING, Final, NamedTuple

import psutil

from tillhald.telemetry.recent import utc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES_MAX = 200
"""Of one folder; the till's own has a handful."""
THREADS_MAX = 100

NETWORK_FILE_SYSTEMS: Final = frozenset(
    "9p afs ceph cifs fuse.glusterfs fuse.sshfs glusterfs lustre ncpfs nfs nfs4 smb3 smbfs".split()
)
"""Not asked for their room: the answer may never come, and the till would wait for it."""

OPTIONS_SHOWN: Final = frozenset(
    "barrier commit compress data discard errors fsync_mode mode nr_inodes resgid resuid size stripe".split()
)
"""Options of a mount whose values are shown; of others only the name is."""


# --- versions


def distributions() -> list[str]:
    """The packages that the daemon asks for, tillhal first, by name."""
    wanted = [
        text
        for text in metadata.requires("tillhal") or []
        if "extra ==" not in text or re.search(r"extra == .daemon.", text)
    ]
    names = {match[0] for text in wanted if (match := re.match(r"[A-Za-z0-9._-]+", text))}
    return ["tillhal", *sorted(names)]


def version_of(distribution: str) -> str:
    """The version that is installed, or "not installed"."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


def platform_facts() -> dict[str, object]:
    """The interpreter and what it runs on; not the machine's name, which may be a person's."""
    kernel = os.uname()
    return {
        "python": sys.version,
        "python_implementation": platform.python_implementation(),
        "kernel": f"{kernel.sysname} {kernel.release} {kernel.version}",
        "machine": kernel.machine,
        "operating_system": _operating_system(),
        "c_library": os.confstr("CS_GNU_LIBC_VERSION") if hasattr(os, "confstr") else None,
    }


def _operating_system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return "does not say"


# --- memory and the process


def memory() -> dict[str, object]:
    """The machine's memory and load, and what of it this process has. Bytes, seconds."""
    virtual, swap = psutil.virtual_memory(), psutil.swap_memory()
    return {
        "machine": {
            "memory_total_bytes": virtual.total,
            "memory_available_bytes": virtual.available,
            "memory_used_percent": virtual.percent,
            "swap_total_bytes": swap.total,
            "swap_used_bytes": swap.used,
            "load_1_5_15_min": psutil.getloadavg(),
            "processors": psutil.cpu_count(),
            "uptime_s": round(time.time() - psutil.boot_time()),
        },
        "process": _process(),
    }


def _process() -> dict[str, object]:
    process = psutil.Process()
    with process.oneshot():
        held = process.memory_info()
        times = process.cpu_times()
        switches = process.num_ctx_switches()
        soft_limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return {
            "pid": process.pid,
            "memory_resident_bytes": held.rss,
            "memory_shared_bytes": held.shared,
            "memory_virtual_bytes": held.vms,
            "threads": sorted(
                itertools.islice((thread.name for thread in threading.enumerate()), THREADS_MAX)
            ),
            "threads_of_the_system": process.num_threads(),
            "open_files": process.num_fds(),
            "open_files_limit": soft_limit,
            "cpu_user_s": times.user,
            "cpu_system_s": times.system,
            "switches_voluntary": switches.voluntary,
            "switches_forced": switches.involuntary,
            "uptime_s": round(time.time() - process.create_time()),
        }


# --- disks


class Mount(NamedTuple):
    """A mounted file system, as the kernel lists it."""

    device: str
    point: str
    kind: str
    options: str


def mounts() -> list[Mount]:
    """All mounts, in the order in which they lie over one another. No file system is asked."""
    return [
        Mount(part.device, part.mountpoint, part.fstype, part.opts)
        for part in psutil.disk_partitions(all=True)
    ]


def mount_of(folder: Path, among: list[Mount]) -> Mount | None:
    """The mount that an absolute path lies on; of several on one point, the last."""
    found = None
    for mount in among:
        point = mount.point.rstrip("/") + "/"
        if f"{folder}/".startswith(point) and (
            found is None or len(mount.point) >= len(found.point)
        ):
            found = mount
    return found


def folder_facts(folder: Path, among: list[Mount]) -> dict[str, object]:
    """Where a folder lies, what room there is, and which files are in it.

    Raises OSError. The folder need not be there any more for its mount to be told.
    """
    mount = mount_of(folder, among)
    if mount is None or mount.kind not in NETWORK_FILE_SYSTEMS:
        mount = mount_of(folder.resolve(), among)  # through links, now that nothing can hang
    facts: dict[str, object] = {"folder": str(folder), "mount": mount and _mount_facts(mount)}
    if mount is not None and mount.kind in NETWORK_FILE_SYSTEMS:
        return facts | {"not_asked": "A network file system may never answer."}
    room = os.statvfs(folder)
    return facts | {
        "bytes_total": room.f_blocks * room.f_frsize,
        "bytes_free": room.f_bfree * room.f_frsize,
        "bytes_free_for_us": room.f_bavail * room.f_frsize,
        "inodes_total": room.f_files,
        "inodes_free_for_us": room.f_favail,
        "read_only": bool(room.f_flag & os.ST_RDONLY),
        "files": dict(_files(folder)),
    }


def _mount_facts(mount: Mount) -> dict[str, object]:
    options = [option.partition("=") for option in mount.options.split(",")]
    is_plain = re.fullmatch(r"/dev/[\w/.-]+|[\w.-]+", mount.device) is not None
    return {
        "device": mount.device if is_plain else "(masked)",
        "mounted_on": mount.point,
        "file_system": mount.kind,
        "options": [
            f"{name}={value if name in OPTIONS_SHOWN else '(masked)'}" if equals else name
            for name, equals, value in options
        ],
    }


def _files(folder: Path) -> Iterator[tuple[str, dict[str, object]]]:
    """What is in the folder, and what stands beside it under its name: put aside, or a marker."""
    beside = (path for path in folder.parent.iterdir() if path.name.startswith(folder.name))
    for path in itertools.islice(itertools.chain(folder.iterdir(), beside), FILES_MAX):
        stat = path.lstat()
        yield (
            path.relative_to(folder.parent).as_posix(),
            {
                "bytes": stat.st_size,
                "bytes_on_disk": stat.st_blocks * 512,
                "mode": f"{stat.st_mode & 0o7777:04o}",
                "changed": utc(stat.st_mtime_ns // 1_000_000),
            },
        )

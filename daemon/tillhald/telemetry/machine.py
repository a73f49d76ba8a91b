"""What the machine says of itself: packages, disks, memory, the own process.

Every function here is short, and asks the kernel or reads small files. None asks a file system
that data lies on: one whose disk or server has died may never answer (see `disks`).
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

if TYPE_CHECKING:
    from pathlib import Path

THREADS_MAX = 100

OPTIONS_SHOWN: Final = frozenset(
    "barrier commit compress data discard errors mode resgid resuid size stripe".split()
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


def mount_facts(mount: Mount) -> dict[str, object]:
    """The mount, without whoever it was mounted as."""
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

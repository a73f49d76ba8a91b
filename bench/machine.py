"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import psutil


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The machine, the disk of the run, and the versions that matter."""

    cpu: str
    cores: int
    memory_mib: int
    kernel: str
    python: str
    packages: dict[str, str]
    disk: str
    file_system: str


def describe(folder: Path) -> Machine:
    """Describe this machine and the disk that `folder` is on."""
    return Machine(
        cpu=_cpu(),
        cores=os.cpu_count() or 0,
        memory_mib=psutil.virtual_memory().total >> 20,
        kernel=platform.release(),
        python=platform.python_version(),
        packages=_packages(),
        disk=_disk(folder),
        file_system=_file_system(folder),
    )


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _packages() -> dict[str, str]:
    found = {}
    for name in ("grpcio", "protobuf", "uvloop", "lmdb", "msgspec", "asyncpg"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def _disk(folder: Path) -> str:
    """Name the block device and what the kernel says about it."""
    number = folder.stat().st_dev
    device = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")
    if not device.exists():
        return "no block device (overlay, tmpfs or network)"
    device = device.resolve()
    queue = device / "queue" if (device / "queue").exists() else device.parent / "queue"
    kind = "rotating" if _read(queue / "rotational") == "1" else "not rotating"
    if device.name.startswith("vd"):
        kind = f"virtual, says it is {kind}"
    return f"{device.name}, {kind}, cache {_read(queue / 'write_cache')}"


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else "unknown"


def _file_system(folder: Path) -> str:
    holding = [
        part
        for part in psutil.disk_partitions(all=True)
        if folder.resolve().is_relative_to(part.mountpoint)
    ]
    part = max(holding, key=lambda part: len(part.mountpoint))
    return f"{part.fstype} ({part.opts})"

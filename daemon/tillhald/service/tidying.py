"""Removing what a switch has left over, beside the till and at the lowest priority."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from tillhald.boot.files import Damaged
from tillhald.boot.leftovers import leftovers, old_works
from tillhald.boot.record import NoRecord, UnknownFormat

if TYPE_CHECKING:
    from tillhald.config import Config
    from tillhald.home import Home

log = structlog.get_logger(__name__)


def no_more_needed(home: Home | None, config: Config) -> list[Path]:
    """What the till can do without. Asked before anything new can be begun."""
    if home is None:
        return []
    try:
        return _no_more_needed(home, config)
    except (NoRecord, Damaged, UnknownFormat, OSError) as error:  # it only takes room
        log.warning("left_over_not_removed", why=str(error))
        return []


def _no_more_needed(home: Home, config: Config) -> list[Path]:
    record = home.record()
    found = leftovers(home.folder, record, home.pairs_of_work())
    gone = [path.name for path in found if path.parent == home.folder / "data"]
    second = config.journal.second_folder
    beside = [Path(second).with_name(name) for name in gone] if second else []
    return [*found, *(path for path in beside if path.is_dir()), *old_works(home.folder)]


async def tidy(paths: list[Path]) -> None:
    """Remove folders in a process of its own. What cannot be removed is tried at the next start."""
    if not paths:
        return
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "tillhald.boot.leftovers",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        said, _ = await child.communicate("".join(f"{path}\n" for path in paths).encode())
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
    for line in said.decode().splitlines():
        size, _, folder = line.partition(" ")
        log.info("left_over_removed", folder=folder, size_bytes=int(size))

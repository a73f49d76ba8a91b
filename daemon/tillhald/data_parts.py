"""What copies the till's data as a whole, and what changes its program: built once, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhald import VERSION
from tillhald.service.backups import Backups
from tillhald.service.times import wall_ms
from tillhald.service.upgrading import upgrading
from tillhald.service.work import Work

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from tillhald.parts import Parts
    from tillhald.service.power import Power
    from tillhald.service.upgrading import Upgrading
    from tillhald.service.verification import Verification


def of_data(
    parts: Parts,
    file: Path | None,
    power: Power,
    verification: Verification,
    tasks: asyncio.TaskGroup,
) -> tuple[Backups, Upgrading | None]:
    """`file` is what the configuration was read from, if anything. No upgrades without a home."""
    backups = Backups(
        lambda: parts.reconfiguration.config,
        file=file,
        version=VERSION,
        till=parts.till,
        store=parts.store,
        now_ms=wall_ms,
        work=Work(tasks),
    )
    upgrades = upgrading(
        parts.switching,
        till=parts.till,
        store=parts.store,
        backups=backups,
        power=power,
        verification=verification,
        hour_of=parts.times.hour,
        now_ms=wall_ms,
        tasks=tasks,
    )
    return backups, upgrades

"""The parts of upgrades, built in order: only a till with a home has them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from tillhald.domain.errors import HomeNeeded
from tillhald.domain.upgrade import Stage, UpgradeKind
from tillhald.service.shop_day import ShopDay
from tillhald.service.staging import Staging
from tillhald.service.upgrade_copies import UpgradeCopies
from tillhald.service.upgrade_data import UpgradeData
from tillhald.service.upgrade_world import World
from tillhald.service.upgrades import Upgrades
from tillhald.service.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.domain.upgrade import Upgrade
    from tillhald.journal.store import Store
    from tillhald.service.backups import Backups
    from tillhald.service.power import Power
    from tillhald.service.switching import Switching
    from tillhald.service.till import Till
    from tillhald.service.verification import Verification


class Upgrading(NamedTuple):
    """What runs and stages upgrades."""

    upgrades: Upgrades
    staging: Staging
    copies: UpgradeCopies

    async def run(self) -> None:
        """Say how the last upgrade ended, and carry out what is armed. Cancel it to end it."""
        self.upgrades.take_up()
        last = self.upgrades.last
        if last is not None and last.stage is Stage.COMMITTED and _is_forward(last):
            await self.staging.remember(last.plan.slot)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.upgrades.run())
            tasks.create_task(self.staging.run())
            tasks.create_task(self.copies.run())


def upgrading(
    switching: Switching,
    *,
    till: Till,
    store: Store,
    backups: Backups,
    power: Power,
    verification: Verification,
    hour_of: Callable[[int], int],
    now_ms: Callable[[], int],
    tasks: asyncio.TaskGroup,
) -> Upgrading | None:
    """Build them; None on a till without a home."""
    try:
        home = switching.home()
    except HomeNeeded:
        return None
    world = World(
        home=home,
        till=till,
        store=store,
        backups=backups,
        power=power,
        verification=verification,
        day=ShopDay(store, hour_of),
        hour_of=hour_of,
        now_ms=now_ms,
    )
    upgrades = Upgrades(
        home,
        till=till,
        store=store,
        world=world,
        data=UpgradeData(home, store=store, backups=backups),
        switching=switching,
        now_ms=now_ms,
    )
    staging = Staging(home, till=till, unused=upgrades.staged, now_ms=now_ms, work=Work(tasks))
    return Upgrading(upgrades, staging, UpgradeCopies(home, till))


def _is_forward(upgrade: Upgrade) -> bool:
    return upgrade.plan.kind is UpgradeKind.UPGRADE

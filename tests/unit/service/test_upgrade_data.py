"""What an upgrade does with the data while the till sells, and while it does not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.homes import FIRST
from tillhald.domain.errors import UpgradeBlocked
from tillhald.domain.upgrade import UpgradeKind, UpgradePlan, When
from tillhald.home import Home
from tillhald.service import upgrade_data

PLAN = UpgradePlan(
    upgrade_id="upgrade",
    kind=UpgradeKind.UPGRADE,
    from_slot=FIRST.slot,
    from_version="1.0.0",
    slot="2.0.0-aaaaaaaa",
    version="2.0.0",
    schema=2,
    when=When.NOW,
)


class BusyBackups:
    """Another backup is being made, for as long as anybody looks."""

    folder = "stick"

    async def free(self) -> None:
        await asyncio.Event().wait()


def test_a_till_that_does_not_sell_waits_for_no_other_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrade_data, "BACKUP_BUSY_AT_REST_S_MAX", 0.01)
    data = upgrade_data.UpgradeData(
        Home(tmp_path, FIRST.generation),
        store=None,  # type: ignore[arg-type]
        backups=BusyBackups(),  # type: ignore[arg-type]
    )
    with pytest.raises(UpgradeBlocked, match="Another backup") as blocked:
        asyncio.run(data.secure(PLAN, lambda *_: None, migrates=True))
    assert blocked.value.facts == {"checks": "backup_verified"}

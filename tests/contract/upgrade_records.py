"""What `records` has of upgrades."""

from __future__ import annotations

from tests.contract.backup_records import BACKUP
from tillhald.domain import events as ev
from tillhald.domain.upgrade import (
    Override,
    Stage,
    StagedSlot,
    UpgradeKind,
    UpgradePlan,
    When,
)

STAGED = StagedSlot(
    slot="0.2.0-abcdef01",
    version="0.2.0",
    schema=2,
    min_reader=1,
    file_name="tillhal-0.2.0.tlb",
    sha256="ab" * 32,
    staged_ms=1_750_000_000_000,
    took_ms=21_000,
    request_id="r-1",
)
PLAN = UpgradePlan(
    upgrade_id="0123456789abcdef",
    kind=UpgradeKind.UPGRADE,
    from_slot="0.1.0-01234567",
    from_version="0.1.0",
    slot="0.2.0-abcdef01",
    version="0.2.0",
    schema=2,
    when=When.AT,
    at_ms=1_750_000_600_000,
    overrides=(Override(code="quiet_hours", reason="The shop is shut today."),),
    reason="Why.",
    request_id="r-2",
)
BARE_PLAN = UpgradePlan(
    upgrade_id="u",
    kind=UpgradeKind.ROLLBACK,
    from_slot="a",
    from_version="1",
    slot="b",
    version="0",
    schema=1,
    when=When.NOW,
)
WHOLE: tuple[ev.AnyEvent, ...] = (
    ev.UpgradeStaged(staged=STAGED),
    ev.UpgradeArmed(plan=PLAN),
    ev.UpgradeBegun(upgrade_id="0123456789abcdef", totals=BACKUP.totals),
    ev.UpgradeInterrupted(upgrade_id="0123456789abcdef"),
    ev.UpgradeAborted(
        upgrade_id="0123456789abcdef",
        stage=Stage.PREFLIGHT,
        reason="UPGRADE_BLOCKED",
        why="The till runs on battery.",
        request_id="r-3",
    ),
)
BARE: tuple[ev.AnyEvent, ...] = (
    ev.UpgradeStaged(staged=StagedSlot(slot="s", version="1", schema=1, min_reader=1)),
    ev.UpgradeArmed(plan=BARE_PLAN),
    ev.UpgradeAborted(upgrade_id="u", stage=Stage.ARMED),
)

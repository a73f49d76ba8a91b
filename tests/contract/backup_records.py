"""What `records` has of backups."""

from __future__ import annotations

from tillhald.domain import events as ev
from tillhald.domain.backup import BackupKind, BackupMade, BackupTotals

BACKUP = BackupMade(
    backup_id="b-2",
    kind=BackupKind.INCREMENT,
    file_name="store-1-till-1-0000000100-0000000250-increment-b2b2b2b2.tbk",
    first_seq=100,
    last_seq=250,
    head_hash="ab" * 32,
    size_bytes=4096,
    follows="b-1",
    signer="cd" * 32,
    sha256="ef" * 32,
    closed_days=3,
    business_day="2025-06-15",
    records=151,
    totals=BackupTotals(
        receipts_given=9,
        sales=7,
        sales_minor=12_345,
        returns=1,
        returns_minor=-500,
        voids=1,
        voids_minor=-100,
        days_opened=4,
        shifts_opened=5,
        live_sales=2,
        suspended_sales=1,
        cash_minor=10_000,
    ),
)
BARE_BACKUP = BackupMade(
    backup_id="b",
    kind=BackupKind.FULL,
    file_name="b.tbk",
    first_seq=1,
    last_seq=1,
    head_hash="",
    size_bytes=0,
)
WHOLE: tuple[ev.AnyEvent, ...] = (
    ev.BackupDone(made=BACKUP, target="/media/stick", took_ms=1200, request_id="r-1"),
    ev.BackupFailed(
        reason="BACKUP_TARGET_MISSING", message="Gone.", target="/media/stick", request_id="r-1"
    ),
    ev.RestoreDrillDone(
        backup_id="b-2", last_seq=250, passed=False, files=2, took_ms=900, finding="It is cut."
    ),
    ev.BackupsRemoved(file_names=("a.tbk", "b.tbk")),
)
BARE: tuple[ev.AnyEvent, ...] = (
    ev.BackupDone(made=BARE_BACKUP, target=""),
    ev.BackupFailed(reason="R", message="m"),
    ev.RestoreDrillDone(backup_id="b", last_seq=1, passed=True),
)

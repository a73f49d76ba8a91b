"""What a backup is to the shop: its kind, what it comes to, and what the till remembers of it.

Pure values; the rules that use them are in `backup_rules`.
"""

from __future__ import annotations

import enum

import msgspec

BACKUPS_REMEMBERED_MAX = 40
"""Of those that the state knows by name; all others are known by their files alone."""


class BackupKind(enum.StrEnum):
    """FULL stands by itself; INCREMENT goes on where another one ended."""

    FULL = "full"
    INCREMENT = "increment"


class BackupTotals(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the till's state comes to after a record: a restore must come to the same.

    Amounts are in minor units; those of returns and voids are negative. `cash_minor` is what the
    drawer should hold, `payable_minor` what all sales came to together.
    """

    receipts_given: int = 0
    sales: int = 0
    sales_minor: int = 0
    returns: int = 0
    returns_minor: int = 0
    voids: int = 0
    voids_minor: int = 0
    days_opened: int = 0
    shifts_opened: int = 0
    live_sales: int = 0
    suspended_sales: int = 0
    cash_minor: int = 0

    @property
    def payable_minor(self) -> int:
        """Sales, less returns and voids."""
        return self.sales_minor + self.returns_minor + self.voids_minor


class BackupMade(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A backup that was written, read back and found whole.

    `head_hash`, `signer` and `sha256` (of the whole file) are hexadecimal. `closed_days` counts
    the business days that were over at `last_seq`: retention counts by them, never by a clock.
    """

    backup_id: str
    kind: BackupKind
    file_name: str
    first_seq: int
    last_seq: int
    head_hash: str
    size_bytes: int
    follows: str = ""
    signer: str = ""
    sha256: str = ""
    closed_days: int = 0
    business_day: str = ""
    records: int = 0
    totals: BackupTotals = BackupTotals()


class BackupNoted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A backup in the till's memory. `made_ms` is Unix time by the till's clock."""

    made: BackupMade
    made_ms: int
    took_ms: int = 0
    request_id: str = ""


class DrillPassed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A restore that was proven. `at_ms` is Unix time; `closed_days` as in BackupMade, then."""

    backup_id: str
    last_seq: int
    at_ms: int
    closed_days: int = 0


class BackupBook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the till knows of its backups, oldest first. `failing`: the reason why the last try
    failed, since `failing_since_ms`; empty after a success."""

    known: tuple[BackupNoted, ...] = ()
    full: BackupNoted | None = None
    drill: DrillPassed | None = None
    failing: str = ""
    failing_since_ms: int = 0

    @property
    def last(self) -> BackupNoted | None:
        """The newest one."""
        return self.known[-1] if self.known else None

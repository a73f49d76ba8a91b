"""The preflight of an upgrade: one code a check, what was measured, and who may override it.

A check is always listed, also when it is all right: a till that says nothing of its battery is
taken for one that has none.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

import msgspec

from tillhald.domain.access import Role
from tillhald.domain.supply import REFUSES_SALES, Supply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tillhald.domain.upgrade import Override

CHARGE_PERCENT_MIN: Final = 50
RUNTIME_TIMES_MIN: Final = 3
"""A battery must carry the till so many times as long as the upgrade is expected to take."""


class Check(enum.StrEnum):
    """What is looked at. These codes stay."""

    MAINS = "mains"
    BATTERY = "battery"
    DISK = "disk"
    NO_OPEN_SALE = "no_open_sale"
    NO_PENDING_TENDER = "no_pending_tender"
    PRINT_QUEUE = "print_queue"
    BACKUP_VERIFIED = "backup_verified"
    JOURNAL_VERIFIED = "journal_verified"
    QUIET_HOURS = "quiet_hours"
    CLOCK_SANE = "clock_sane"
    INTERPRETER = "interpreter"
    SHIFT_OPEN = "shift_open"
    UNUPLOADED = "unuploaded"


class Severity(enum.StrEnum):
    """OK: as it should be. INFORMS: good to know. BLOCKS: no upgrade, unless overridden."""

    OK = "ok"
    INFORMS = "informs"
    BLOCKS = "blocks"


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """The world, as it was measured. What is None is not known.

    `estimate_s` is how long selling is expected to stop. `idle_quietly` is None where the hour does
    not matter. `backup_failing` is the reason of the last try that failed. `slot_fault` says what
    is wrong with the program that is to run. `latest_ms` is the latest time that is certain: that
    of the newest record and of the making of the bundle.
    """

    supply: Supply
    charge_percent: float | None = None
    runtime_s: int | None = None
    estimate_s: int
    disk_free_bytes: int
    disk_needed_bytes: int
    open_sales: int = 0
    pending_tenders: int = 0
    jobs_waiting: int = 0
    backup_configured: bool = False
    backup_failing: str = ""
    backup_records_since: int = 0
    journal_fault: str = ""
    journal_check_running: bool = False
    in_quiet_hour: bool | None = None
    hours_to_quiet: int = 0
    quiet_learnt: bool = True
    clock_suspect: bool = False
    now_ms: int
    latest_ms: int = 0
    slot_fault: str = ""
    shift_open: bool = False
    unuploaded: int = 0


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One check's result. `measured` and `limit` are in `unit`; `override` is the least role that
    may go on all the same, None where nobody may; `overridden` is the reason that was given."""

    check: Check
    severity: Severity
    sentence: str
    measured: int | None = None
    limit: int | None = None
    unit: str = ""
    override: Role | None = None
    overridden: str = ""

    @property
    def blocks(self) -> bool:
        """Whether the upgrade cannot begin because of this."""
        return self.severity is Severity.BLOCKS and not self.overridden


OVERRIDABLE: Final[Mapping[Check, Role]] = {
    # Power and backups protect what the shop has taken: that is the owner's to risk.
    Check.MAINS: Role.OWNER,
    Check.BATTERY: Role.OWNER,
    Check.BACKUP_VERIFIED: Role.OWNER,
    Check.PRINT_QUEUE: Role.TECHNICIAN,
    Check.QUIET_HOURS: Role.TECHNICIAN,
    Check.CLOCK_SANE: Role.TECHNICIAN,
}
_ON_BATTERY: Final = frozenset({Supply.ON_BATTERY, Supply.COMM_LOST_ON_BATTERY})


def preflight(world: Conditions, overrides: Iterable[Override] = ()) -> tuple[Finding, ...]:
    """Every check, in the order of `Check`, with what was overridden."""
    reasons = {each.code: each.reason for each in overrides}
    found = (
        _mains(world),
        _battery(world),
        _disk(world),
        _none_left(
            Check.NO_OPEN_SALE, world.open_sales, "sales", "Finish the open sale, or put it aside."
        ),
        _none_left(
            Check.NO_PENDING_TENDER,
            world.pending_tenders,
            "tenders",
            "A payment has no outcome yet: resolve it.",
        ),
        _none_left(
            Check.PRINT_QUEUE,
            world.jobs_waiting,
            "jobs",
            "Print jobs wait. They go along, and are printed afterwards.",
        ),
        _backup(world),
        _journal(world),
        _quiet(world),
        _clock(world),
        _interpreter(world),
        _shift(world),
        _unuploaded(world),
    )
    return tuple(_overridden(each, reasons) for each in found)


def blocking(findings: Iterable[Finding]) -> tuple[Check, ...]:
    """What keeps the upgrade from beginning."""
    return tuple(each.check for each in findings if each.blocks)


def _overridden(finding: Finding, reasons: Mapping[str, str]) -> Finding:
    reason = reasons.get(finding.check, "")
    if finding.severity is Severity.BLOCKS and finding.override is not None and reason:
        return msgspec.structs.replace(finding, overridden=reason)
    return finding


def _blocks(check: Check, sentence: str, **numbers: int | str | None) -> Finding:
    return _finding(check, Severity.BLOCKS, sentence, **numbers)


def _finding(
    check: Check, severity: Severity, sentence: str, **numbers: int | str | None
) -> Finding:
    given = {
        "check": check,
        "severity": severity,
        "sentence": sentence,
        "override": OVERRIDABLE.get(check) if severity is Severity.BLOCKS else None,
        **numbers,
    }
    return msgspec.convert(given, Finding, strict=False)


def _mains(world: Conditions) -> Finding:
    supply = world.supply
    if supply in REFUSES_SALES - _ON_BATTERY:
        # Not even the owner: the till is about to go dark.
        finding = _blocks(Check.MAINS, "The till is going down with its battery.")
        return msgspec.structs.replace(finding, override=None)
    if supply in _ON_BATTERY:
        return _blocks(Check.MAINS, "The till runs on battery. Wait for the mains.")
    if supply in {Supply.COMM_LOST, Supply.INIT}:
        return _blocks(Check.MAINS, "Nothing is heard of the UPS: whether mains are there is open.")
    if supply is Supply.UNPROTECTED:
        sentence = "No UPS tells of the mains. A power cut brings the old version back, whole."
        return _finding(Check.MAINS, Severity.INFORMS, sentence)
    return _finding(Check.MAINS, Severity.OK, "The mains are there.")


def _battery(world: Conditions) -> Finding:
    if world.supply is Supply.UNPROTECTED:
        return _finding(Check.BATTERY, Severity.INFORMS, "There is no UPS with a battery.")
    charge, runtime_s = world.charge_percent, world.runtime_s
    if charge is None and runtime_s is None:
        return _blocks(Check.BATTERY, "The UPS does not say how full its battery is.")
    if charge is not None and charge < CHARGE_PERCENT_MIN:
        sentence = "The battery is not full enough. Let it charge."
        return _blocks(
            Check.BATTERY, sentence, measured=int(charge), limit=CHARGE_PERCENT_MIN, unit="%"
        )
    needed_s = world.estimate_s * RUNTIME_TIMES_MIN
    if runtime_s is not None and runtime_s < needed_s:
        sentence = "The battery would not carry the till through the upgrade with a margin."
        return _blocks(Check.BATTERY, sentence, measured=runtime_s, limit=needed_s, unit="s")
    if charge is not None:
        return _finding(
            Check.BATTERY,
            Severity.OK,
            "The battery is full enough.",
            measured=int(charge),
            limit=CHARGE_PERCENT_MIN,
            unit="%",
        )
    return _finding(
        Check.BATTERY,
        Severity.OK,
        "The battery lasts long enough.",
        measured=runtime_s,
        limit=needed_s,
        unit="s",
    )


def _disk(world: Conditions) -> Finding:
    numbers: dict[str, int | str | None] = {
        "measured": world.disk_free_bytes,
        "limit": world.disk_needed_bytes,
        "unit": "bytes",
    }
    if world.disk_free_bytes < world.disk_needed_bytes:
        return _blocks(Check.DISK, "The till's disk has too little room.", **numbers)
    return _finding(Check.DISK, Severity.OK, "There is room on the till's disk.", **numbers)


def _none_left(check: Check, count: int, unit: str, sentence: str) -> Finding:
    if count:
        return _blocks(check, sentence, measured=count, limit=0, unit=unit)
    return _finding(check, Severity.OK, "None.", measured=0, limit=0, unit=unit)


def _backup(world: Conditions) -> Finding:
    numbers: dict[str, int | str | None] = {
        "measured": world.backup_records_since,
        "unit": "records since",
    }
    if not world.backup_configured:
        sentence = "No backups are set up: a checked copy of the data stays on the till's disk."
        return _finding(Check.BACKUP_VERIFIED, Severity.INFORMS, sentence)
    if world.backup_failing:
        sentence = f"The last backup failed ({world.backup_failing}). Put another stick in."
        return _blocks(Check.BACKUP_VERIFIED, sentence, **numbers)
    sentence = "A backup is made and read back before anything is changed."
    return _finding(Check.BACKUP_VERIFIED, Severity.OK, sentence, **numbers)


def _journal(world: Conditions) -> Finding:
    if world.journal_fault:
        return _blocks(Check.JOURNAL_VERIFIED, world.journal_fault)
    if world.journal_check_running:
        return _blocks(Check.JOURNAL_VERIFIED, "The check of the whole journal is not over yet.")
    return _finding(Check.JOURNAL_VERIFIED, Severity.OK, "Every record is whole and in its place.")


def _quiet(world: Conditions) -> Finding:
    numbers: dict[str, int | str | None] = {
        "measured": world.hours_to_quiet,
        "limit": 0,
        "unit": "hours until a quiet one",
    }
    if world.in_quiet_hour is None or world.in_quiet_hour:
        sentence = "The upgrade may begin at this hour."
        return _finding(Check.QUIET_HOURS, Severity.OK, sentence, **numbers)
    if not world.quiet_learnt:
        sentence = "When this shop is quiet is not known yet."
        return _finding(Check.QUIET_HOURS, Severity.INFORMS, sentence, **numbers)
    return _blocks(Check.QUIET_HOURS, "The shop is usually busy at this hour.", **numbers)


def _clock(world: Conditions) -> Finding:
    if world.clock_suspect or world.now_ms < world.latest_ms:
        sentence = "The clock is behind what has happened already. Set it."
        behind_s = max(world.latest_ms - world.now_ms, 0) // 1000
        return _blocks(Check.CLOCK_SANE, sentence, measured=behind_s, limit=0, unit="s behind")
    return _finding(Check.CLOCK_SANE, Severity.OK, "The clock is not behind.")


def _interpreter(world: Conditions) -> Finding:
    if world.slot_fault:
        return _blocks(Check.INTERPRETER, world.slot_fault)
    sentence = "The new program is whole, and the Python that it needs is there."
    return _finding(Check.INTERPRETER, Severity.OK, sentence)


def _shift(world: Conditions) -> Finding:
    if world.shift_open:
        sentence = "A shift is open and not handed over. It goes along as it is."
        return _finding(Check.SHIFT_OPEN, Severity.INFORMS, sentence, measured=1, unit="shifts")
    return _finding(Check.SHIFT_OPEN, Severity.OK, "No shift is open.", measured=0, unit="shifts")


def _unuploaded(world: Conditions) -> Finding:
    if world.unuploaded:
        sentence = "Records that nobody else has go along as they are."
        return _finding(
            Check.UNUPLOADED,
            Severity.INFORMS,
            sentence,
            measured=world.unuploaded,
            unit="records",
        )
    return _finding(Check.UNUPLOADED, Severity.OK, "None.", measured=0, unit="records")

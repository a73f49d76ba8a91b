"""The preflight of an upgrade: every check, what it measures, and who may override it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tillhald.domain.access import Role
from tillhald.domain.supply import Supply
from tillhald.domain.upgrade import Override
from tillhald.domain.upgrade_checks import (
    OVERRIDABLE,
    Check,
    Conditions,
    Finding,
    Severity,
    blocking,
    preflight,
)

FINE = Conditions(
    supply=Supply.ONLINE,
    charge_percent=100.0,
    runtime_s=3_600,
    estimate_s=20,
    disk_free_bytes=1_000,
    disk_needed_bytes=500,
    backup_configured=True,
    in_quiet_hour=True,
    now_ms=2_000,
    latest_ms=1_000,
)
OK, INFORMS, BLOCKS = Severity.OK, Severity.INFORMS, Severity.BLOCKS


def found(check: Check, **changed: Any) -> Finding:
    findings = preflight(replace(FINE, **changed))
    return next(each for each in findings if each.check is check)


def test_every_check_is_listed_once_and_in_order_whatever_it_came_to() -> None:
    for world in (FINE, replace(FINE, supply=Supply.UNPROTECTED, open_sales=1, shift_open=True)):
        assert [each.check for each in preflight(world)] == list(Check)
    assert blocking(preflight(FINE)) == ()


@pytest.mark.parametrize(
    ("check", "changed", "severity", "measured", "limit", "override"),
    [
        (Check.MAINS, {}, OK, None, None, None),
        (Check.MAINS, {"supply": Supply.UNPROTECTED}, INFORMS, None, None, None),
        (Check.MAINS, {"supply": Supply.ON_BATTERY}, BLOCKS, None, None, Role.OWNER),
        (Check.MAINS, {"supply": Supply.COMM_LOST}, BLOCKS, None, None, Role.OWNER),
        (Check.MAINS, {"supply": Supply.COMM_LOST_ON_BATTERY}, BLOCKS, None, None, Role.OWNER),
        (Check.MAINS, {"supply": Supply.INIT}, BLOCKS, None, None, Role.OWNER),
        (Check.MAINS, {"supply": Supply.LOW_BATTERY}, BLOCKS, None, None, None),
        (Check.MAINS, {"supply": Supply.SHUTTING_DOWN}, BLOCKS, None, None, None),
        (Check.MAINS, {"supply": Supply.RECOVERING}, OK, None, None, None),
        (Check.BATTERY, {}, OK, 100, 50, None),
        (Check.BATTERY, {"charge_percent": 49.9}, BLOCKS, 49, 50, Role.OWNER),
        (Check.BATTERY, {"charge_percent": 50.0}, OK, 50, 50, None),
        (Check.BATTERY, {"runtime_s": 59}, BLOCKS, 59, 60, Role.OWNER),
        (Check.BATTERY, {"runtime_s": 60}, OK, 100, 50, None),
        (Check.BATTERY, {"charge_percent": None}, OK, 3_600, 60, None),
        (
            Check.BATTERY,
            {"charge_percent": None, "runtime_s": None},
            BLOCKS,
            None,
            None,
            Role.OWNER,
        ),
        (Check.BATTERY, {"supply": Supply.UNPROTECTED}, INFORMS, None, None, None),
        (Check.DISK, {}, OK, 1_000, 500, None),
        (Check.DISK, {"disk_free_bytes": 499}, BLOCKS, 499, 500, None),
        (Check.NO_OPEN_SALE, {"open_sales": 2}, BLOCKS, 2, 0, None),
        (Check.NO_PENDING_TENDER, {"pending_tenders": 1}, BLOCKS, 1, 0, None),
        (Check.PRINT_QUEUE, {"jobs_waiting": 3}, BLOCKS, 3, 0, Role.TECHNICIAN),
        (Check.BACKUP_VERIFIED, {"backup_records_since": 7}, OK, 7, None, None),
        (Check.BACKUP_VERIFIED, {"backup_configured": False}, INFORMS, None, None, None),
        (
            Check.BACKUP_VERIFIED,
            {"backup_failing": "BACKUP_TARGET_MISSING"},
            BLOCKS,
            0,
            None,
            Role.OWNER,
        ),
        (Check.JOURNAL_VERIFIED, {}, OK, None, None, None),
        (Check.JOURNAL_VERIFIED, {"journal_check_running": True}, BLOCKS, None, None, None),
        (Check.JOURNAL_VERIFIED, {"journal_fault": "It is torn."}, BLOCKS, None, None, None),
        (Check.QUIET_HOURS, {"in_quiet_hour": None, "hours_to_quiet": 5}, OK, 5, 0, None),
        (
            Check.QUIET_HOURS,
            {"in_quiet_hour": False, "hours_to_quiet": 5},
            BLOCKS,
            5,
            0,
            Role.TECHNICIAN,
        ),
        (
            Check.QUIET_HOURS,
            {"in_quiet_hour": False, "quiet_learnt": False},
            INFORMS,
            0,
            0,
            None,
        ),
        (Check.CLOCK_SANE, {}, OK, None, None, None),
        (Check.CLOCK_SANE, {"now_ms": 1_000, "latest_ms": 61_000}, BLOCKS, 60, 0, Role.TECHNICIAN),
        (Check.CLOCK_SANE, {"clock_suspect": True}, BLOCKS, 0, 0, Role.TECHNICIAN),
        (Check.INTERPRETER, {"slot_fault": "It is gone."}, BLOCKS, None, None, None),
        (Check.SHIFT_OPEN, {"shift_open": True}, INFORMS, 1, None, None),
        (Check.UNUPLOADED, {"unuploaded": 9}, INFORMS, 9, None, None),
    ],
)
def test_a_check_says_what_it_measured_and_who_may_override_it(
    check: Check,
    changed: dict[str, Any],
    severity: Severity,
    measured: int | None,
    limit: int | None,
    override: Role | None,
) -> None:
    finding = found(check, **changed)
    assert (finding.severity, finding.measured, finding.limit, finding.override) == (
        severity,
        measured,
        limit,
        override,
    )
    assert finding.sentence.endswith(".")


@pytest.mark.parametrize("check", list(Check))
def test_only_what_may_be_overridden_is_and_only_with_a_reason(check: Check) -> None:
    bad = replace(
        FINE,
        supply=Supply.ON_BATTERY,
        charge_percent=10.0,
        disk_free_bytes=0,
        open_sales=1,
        pending_tenders=1,
        jobs_waiting=1,
        backup_failing="BACKUP_FAILED",
        journal_fault="Torn.",
        in_quiet_hour=False,
        clock_suspect=True,
        slot_fault="Gone.",
    )
    before = blocking(preflight(bad))
    assert set(before) == set(Check) - {Check.SHIFT_OPEN, Check.UNUPLOADED}
    after = blocking(preflight(bad, [Override(code=check, reason="I stand by it.")]))
    assert (check not in after) == (check in OVERRIDABLE or check not in before)
    assert blocking(preflight(bad, [Override(code=check, reason="")])) == before


def test_nobody_overrides_a_till_that_is_going_dark() -> None:
    world = replace(FINE, supply=Supply.SHUTTING_DOWN)
    assert Check.MAINS in blocking(preflight(world, [Override(code="mains", reason="now!")]))

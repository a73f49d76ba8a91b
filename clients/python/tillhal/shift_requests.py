"""Builds every request that changes a shift or a business day, and sends nothing.

As `tillhal.requests`: ids are made unless given, and the same bytes sent again give the first
answer again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from tillhal.v1 import shift_pb2
from tillhal.values import Amount, new_id, to_money

if TYPE_CHECKING:
    from collections.abc import Mapping

MovementName: TypeAlias = Literal["LOAN", "PICKUP", "PAID_IN", "PAID_OUT", "SAFE_DROP"]
ReportName: TypeAlias = Literal["X", "Z", "SHIFT"]


def open_day(business_day: str = "", *, request_id: str | None = None) -> shift_pb2.OpenDayRequest:
    """Opens the business day, YYYY-MM-DD; today's if that is empty."""
    return shift_pb2.OpenDayRequest(request_id=request_id or new_id(), business_day=business_day)


def close_day(day_number: int, *, request_id: str | None = None) -> shift_pb2.CloseDayRequest:
    """Closes the business day of that number."""
    return shift_pb2.CloseDayRequest(request_id=request_id or new_id(), day_number=day_number)


def open_shift(
    currency: str,
    opening_float: Amount,
    *,
    operator: str = "",
    training: bool = False,
    request_id: str | None = None,
) -> shift_pb2.OpenShiftRequest:
    """Opens a shift with what was counted into the drawer."""
    return shift_pb2.OpenShiftRequest(
        request_id=request_id or new_id(),
        opening_float=to_money(opening_float, currency),
        operator=operator,
        training=training,
    )


def lock_shift(
    shift: shift_pb2.Shift, *, request_id: str | None = None
) -> shift_pb2.LockShiftRequest:
    """Locks a shift."""
    return shift_pb2.LockShiftRequest(
        request_id=request_id or new_id(), shift_id=shift.shift_id, expected_version=shift.version
    )


def unlock_shift(
    shift: shift_pb2.Shift, *, request_id: str | None = None
) -> shift_pb2.UnlockShiftRequest:
    """Unlocks a shift."""
    return shift_pb2.UnlockShiftRequest(
        request_id=request_id or new_id(), shift_id=shift.shift_id, expected_version=shift.version
    )


def record_movement(
    currency: str,
    shift: shift_pb2.Shift,
    kind: MovementName,
    amount: Amount,
    *,
    reason: str = "",
    movement_id: str | None = None,
    request_id: str | None = None,
) -> shift_pb2.RecordMovementRequest:
    """Records cash that moves and is no sale."""
    return shift_pb2.RecordMovementRequest(
        request_id=request_id or new_id(),
        shift_id=shift.shift_id,
        expected_version=shift.version,
        movement_id=movement_id or new_id(),
        kind=f"MOVEMENT_KIND_{kind}",
        amount=to_money(amount, currency),
        reason=reason,
    )


def end_shift(
    shift: shift_pb2.Shift, *, request_id: str | None = None
) -> shift_pb2.EndShiftRequest:
    """Ends a shift: nothing is sold in it any more."""
    return shift_pb2.EndShiftRequest(
        request_id=request_id or new_id(), shift_id=shift.shift_id, expected_version=shift.version
    )


def declare_count(
    currency: str,
    shift: shift_pb2.Shift,
    counted: Amount,
    *,
    denominations: Mapping[str, int] | None = None,
    request_id: str | None = None,
) -> shift_pb2.DeclareCountRequest:
    """Says what was found in the drawer; `denominations` is how many there were of each value."""
    return shift_pb2.DeclareCountRequest(
        request_id=request_id or new_id(),
        shift_id=shift.shift_id,
        expected_version=shift.version,
        counted=to_money(counted, currency),
        denominations=[
            shift_pb2.Denomination(value=to_money(value, currency), count=count)
            for value, count in (denominations or {}).items()
        ],
    )


def hand_over(
    shift: shift_pb2.Shift, operator: str = "", *, request_id: str | None = None
) -> shift_pb2.HandOverRequest:
    """Hands the drawer over to `operator`."""
    return shift_pb2.HandOverRequest(
        request_id=request_id or new_id(),
        shift_id=shift.shift_id,
        expected_version=shift.version,
        operator=operator,
    )


def close_shift(
    shift: shift_pb2.Shift, *, request_id: str | None = None
) -> shift_pb2.CloseShiftRequest:
    """Closes a counted shift for good."""
    return shift_pb2.CloseShiftRequest(
        request_id=request_id or new_id(), shift_id=shift.shift_id, expected_version=shift.version
    )


def correct_count(
    currency: str,
    shift: shift_pb2.Shift,
    counted: Amount,
    reason: str,
    *,
    request_id: str | None = None,
) -> shift_pb2.CorrectCountRequest:
    """Says that the count of a closed shift was wrong."""
    return shift_pb2.CorrectCountRequest(
        request_id=request_id or new_id(),
        shift_id=shift.shift_id,
        expected_version=shift.version,
        counted=to_money(counted, currency),
        reason=reason,
    )


def except_tender(
    sale_id: str, version: int, tender_id: str, reason: str, *, request_id: str | None = None
) -> shift_pb2.ExceptTenderRequest:
    """Puts an unknown tender on the list of exceptions."""
    return shift_pb2.ExceptTenderRequest(
        request_id=request_id or new_id(),
        sale_id=sale_id,
        expected_version=version,
        tender_id=tender_id,
        reason=reason,
    )


def print_report(
    kind: ReportName, number: int = 0, *, job_id: str | None = None, request_id: str | None = None
) -> shift_pb2.PrintReportRequest:
    """Prints an X of now, or a Z or a closed shift once more."""
    return shift_pb2.PrintReportRequest(
        request_id=request_id or new_id(),
        job_id=job_id or new_id(),
        kind=f"REPORT_KIND_{kind}",
        number=number,
    )

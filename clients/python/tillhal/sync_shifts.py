"""Shifts and business days, for programs with threads: `Till.shifts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhal import shift_requests as requests
from tillhal.v1 import shift_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tillhal.sync import Till
    from tillhal.values import Amount


class Shifts:
    """Shifts and business days of a till: its attribute `shifts`.

    A step on a shift takes the shift as the till answered it last, and is refused with
    VersionConflict if somebody changed it meanwhile. A change returns what the till answers; it is
    durable then. Errors come as from the till's other methods, and `till.repeat` repeats.
    """

    def __init__(self, till: Till) -> None:
        """Ask for it as `till.shifts`."""
        self._till = till

    def open_day(
        self,
        business_day: str = "",
        *,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.OpenDayResponse:
        """Open the business day, YYYY-MM-DD; today's if that is empty."""
        request = requests.open_day(business_day, request_id=request_id)
        return self._till._ask(self._till.stubs.shift.OpenDay, request, timeout_s)  # noqa: SLF001 - a part of the till

    def close_day(
        self, day_number: int, *, request_id: str | None = None, timeout_s: float | None = None
    ) -> pb.CloseDayResponse:
        """Close the business day of that number; the answer is its Z."""
        request = requests.close_day(day_number, request_id=request_id)
        return self._till._ask(self._till.stubs.shift.CloseDay, request, timeout_s)  # noqa: SLF001 - a part of the till

    def open(
        self,
        opening_float: Amount,
        *,
        operator: str = "",
        training: bool = False,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.OpenShiftResponse:
        """Open a shift with what was counted into the drawer."""
        currency = self._till.currency(timeout_s=timeout_s)
        request = requests.open_shift(
            currency, opening_float, operator=operator, training=training, request_id=request_id
        )
        return self._till._ask(self._till.stubs.shift.OpenShift, request, timeout_s)  # noqa: SLF001 - a part of the till

    def lock(
        self, shift: pb.Shift, *, request_id: str | None = None, timeout_s: float | None = None
    ) -> pb.LockShiftResponse:
        """Lock it: nothing is sold until it is unlocked."""
        request = requests.lock_shift(shift, request_id=request_id)
        return self._till._ask(self._till.stubs.shift.LockShift, request, timeout_s)  # noqa: SLF001 - a part of the till

    def unlock(
        self, shift: pb.Shift, *, request_id: str | None = None, timeout_s: float | None = None
    ) -> pb.UnlockShiftResponse:
        """Unlock it."""
        request = requests.unlock_shift(shift, request_id=request_id)
        return self._till._ask(self._till.stubs.shift.UnlockShift, request, timeout_s)  # noqa: SLF001 - a part of the till

    def move(
        self,
        shift: pb.Shift,
        kind: requests.MovementName,
        amount: Amount,
        *,
        reason: str = "",
        movement_id: str | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.RecordMovementResponse:
        """Record cash that goes in or out and is no sale; PAID_IN and PAID_OUT need a reason."""
        currency = self._till.currency(timeout_s=timeout_s)
        request = requests.record_movement(
            currency,
            shift,
            kind,
            amount,
            reason=reason,
            movement_id=movement_id,
            request_id=request_id,
        )
        return self._till._ask(self._till.stubs.shift.RecordMovement, request, timeout_s)  # noqa: SLF001 - a part of the till

    def end(
        self, shift: pb.Shift, *, request_id: str | None = None, timeout_s: float | None = None
    ) -> pb.EndShiftResponse:
        """End it: nothing is sold in it any more, and its drawer is to be counted."""
        request = requests.end_shift(shift, request_id=request_id)
        return self._till._ask(self._till.stubs.shift.EndShift, request, timeout_s)  # noqa: SLF001 - a part of the till

    def count(
        self,
        shift: pb.Shift,
        counted: Amount,
        *,
        denominations: Mapping[str, int] | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.DeclareCountResponse:
        """Say what was found in the drawer, e.g. of {"50.00": 2} fifties two; again: a recount."""
        currency = self._till.currency(timeout_s=timeout_s)
        request = requests.declare_count(
            currency, shift, counted, denominations=denominations, request_id=request_id
        )
        return self._till._ask(self._till.stubs.shift.DeclareCount, request, timeout_s)  # noqa: SLF001 - a part of the till

    def hand_over(
        self,
        shift: pb.Shift,
        operator: str = "",
        *,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.HandOverResponse:
        """Close a counted shift and open the next one's, in one commit."""
        request = requests.hand_over(shift, operator, request_id=request_id)
        return self._till._ask(self._till.stubs.shift.HandOver, request, timeout_s)  # noqa: SLF001 - a part of the till

    def close(
        self, shift: pb.Shift, *, request_id: str | None = None, timeout_s: float | None = None
    ) -> pb.CloseShiftResponse:
        """Close a counted shift for good; now it is told what was expected."""
        request = requests.close_shift(shift, request_id=request_id)
        return self._till._ask(self._till.stubs.shift.CloseShift, request, timeout_s)  # noqa: SLF001 - a part of the till

    def correct_count(
        self,
        shift: pb.Shift,
        counted: Amount,
        reason: str,
        *,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.CorrectCountResponse:
        """Say that the count of a closed shift was wrong."""
        currency = self._till.currency(timeout_s=timeout_s)
        request = requests.correct_count(currency, shift, counted, reason, request_id=request_id)
        return self._till._ask(self._till.stubs.shift.CorrectCount, request, timeout_s)  # noqa: SLF001 - a part of the till

    def except_tender(
        self,
        sale_id: str,
        version: int,
        tender_id: str,
        reason: str,
        *,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.ExceptTenderResponse:
        """Put an unknown tender on the list of exceptions, so that shift and day can be closed."""
        request = requests.except_tender(sale_id, version, tender_id, reason, request_id=request_id)
        return self._till._ask(self._till.stubs.shift.ExceptTender, request, timeout_s)  # noqa: SLF001 - a part of the till

    def print_report(
        self,
        kind: requests.ReportName,
        number: int = 0,
        *,
        job_id: str | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.PrintReportResponse:
        """Print an X of now, or a Z or a closed shift once more, marked as a copy."""
        request = requests.print_report(kind, number, job_id=job_id, request_id=request_id)
        return self._till._ask(self._till.stubs.shift.PrintReport, request, timeout_s)  # noqa: SLF001 - a part of the till

    def day(self, day_number: int = 0, *, timeout_s: float | None = None) -> pb.Day:
        """The business day that is open, or one by its number."""
        request = pb.GetDayRequest(day_number=day_number)
        answer = self._till._ask(self._till.stubs.shift.GetDay, request, timeout_s)  # noqa: SLF001 - a part of the till
        return answer.day

    def get(self, shift_id: str = "", *, timeout_s: float | None = None) -> pb.GetShiftResponse:
        """A shift with its movements of cash; the current one without an id."""
        request = pb.GetShiftRequest(shift_id=shift_id)
        return self._till._ask(self._till.stubs.shift.GetShift, request, timeout_s)  # noqa: SLF001 - a part of the till

    def x_report(self, *, timeout_s: float | None = None) -> pb.DayReport:
        """The day as it stands now."""
        request = pb.GetXReportRequest()
        answer = self._till._ask(self._till.stubs.shift.GetXReport, request, timeout_s)  # noqa: SLF001 - a part of the till
        return answer.report

    def z_report(self, z_number: int = 0, *, timeout_s: float | None = None) -> pb.DayReport:
        """A Z by its number; the last one without."""
        request = pb.GetZReportRequest(z_number=z_number)
        answer = self._till._ask(self._till.stubs.shift.GetZReport, request, timeout_s)  # noqa: SLF001 - a part of the till
        return answer.report

    def explain_over_short(
        self, shift_id: str, *, timeout_s: float | None = None
    ) -> pb.ExplainOverShortResponse:
        """What could account for the difference of a closed shift, what fits first."""
        request = pb.ExplainOverShortRequest(shift_id=shift_id)
        return self._till._ask(self._till.stubs.shift.ExplainOverShort, request, timeout_s)  # noqa: SLF001 - a part of the till

    def list(self, *, timeout_s: float | None = None) -> Iterator[pb.Shift]:
        """Shifts, newest first, fetched page by page as you go on."""
        request = pb.ListShiftsRequest()
        while True:
            page = self._till._ask(self._till.stubs.shift.ListShifts, request, timeout_s)  # noqa: SLF001 - a part of the till
            yield from page.shifts
            if not page.next_page_token:
                return
            request = pb.ListShiftsRequest(page_token=page.next_page_token)

    def list_z_reports(self, *, timeout_s: float | None = None) -> Iterator[pb.ZSummary]:
        """Zs in short, newest first, fetched page by page as you go on."""
        request = pb.ListZReportsRequest()
        while True:
            page = self._till._ask(self._till.stubs.shift.ListZReports, request, timeout_s)  # noqa: SLF001 - a part of the till
            yield from page.reports
            if not page.next_page_token:
                return
            request = pb.ListZReportsRequest(page_token=page.next_page_token)

"""A shop whose days and shifts a person opens and closes: its steps in short."""

from __future__ import annotations

from tests.support.shop import Shop
from tillhald.domain import commands as cmd
from tillhald.domain.book_rows import decode_report, z_key
from tillhald.domain.books import DayReport, Denomination, MovementKind, Shift


class DayShop(Shop):
    """Commands are made with the version that the shift has now."""

    movements = 0

    # --- the day

    def open_day(self) -> None:
        self.do(cmd.OpenDay())

    def closing_day(self) -> cmd.CloseDay:
        return cmd.CloseDay(day_number=self.state.day.day_number if self.state.day else 1)

    def close_day(self) -> DayReport:
        self.do(self.closing_day())
        return self.z(self.state.zs_given)

    def z(self, number: int) -> DayReport:
        """As the index has it."""
        return decode_report(self.rows["days", z_key(number)])

    # --- the shift

    @property
    def now(self) -> tuple[str, int]:
        """The current shift's id and version; where there is none, those of the last."""
        shift = self.state.shift or self.closed
        return shift.shift_id, shift.version

    @property
    def closed(self) -> Shift:
        """The shift that was closed last."""
        return self.state.closed_shifts[-1]

    def lock(self) -> cmd.LockShift:
        shift_id, version = self.now
        return cmd.LockShift(shift_id=shift_id, expected_version=version)

    def unlock(self) -> cmd.UnlockShift:
        shift_id, version = self.now
        return cmd.UnlockShift(shift_id=shift_id, expected_version=version)

    def ending(self) -> cmd.EndShift:
        shift_id, version = self.now
        return cmd.EndShift(shift_id=shift_id, expected_version=version)

    def closing(self) -> cmd.CloseShift:
        shift_id, version = self.now
        return cmd.CloseShift(shift_id=shift_id, expected_version=version)

    def handing_over(self, operator: str) -> cmd.HandOver:
        shift_id, version = self.now
        return cmd.HandOver(shift_id=shift_id, expected_version=version, operator=operator)

    def counting(
        self, minor: int, denominations: tuple[Denomination, ...] = ()
    ) -> cmd.DeclareCount:
        shift_id, version = self.now
        return cmd.DeclareCount(
            shift_id=shift_id,
            expected_version=version,
            counted_minor=minor,
            denominations=denominations,
        )

    def correcting(self, shift_id: str, minor: int) -> cmd.CorrectCount:
        found = [s for s in self.state.closed_shifts if s.shift_id == shift_id]
        return cmd.CorrectCount(
            shift_id=shift_id,
            expected_version=found[0].version if found else 1,
            counted_minor=minor,
            reason="mistyped",
        )

    def moving(self, kind: MovementKind, minor: int, movement_id: str = "") -> cmd.RecordMovement:
        shift_id, version = self.now
        self.movements += 1
        return cmd.RecordMovement(
            shift_id=shift_id,
            expected_version=version,
            movement_id=movement_id or f"m{self.movements}",
            kind=kind,
            amount_minor=minor,
            reason="as agreed",
        )

    def open_shift(self, float_minor: int, operator: str) -> None:
        self.do(cmd.OpenShift(float_minor=float_minor, operator=operator))

    def end(self) -> None:
        self.do(self.ending())

    def count(self, minor: int) -> None:
        self.do(self.counting(minor))

    def move(self, kind: MovementKind, minor: int) -> None:
        self.do(self.moving(kind, minor))

    def hand_over(self, operator: str) -> None:
        self.do(self.handing_over(operator))

    def close_shift(self) -> None:
        self.do(self.closing())

"""Index rows of days, shifts and movements, and how they are found again.

Of `days`: the day as it was opened under its number, its Z under "z" and the Z's number. Of
`shifts`: the shift under its number, at its opening, at its end and when its count is corrected; a
movement under "m" and its id, and that id under "n", the shift's number and the record's.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from tillhald.domain import events as ev
from tillhald.domain.books import Day, DayReport, Movement, Shift
from tillhald.domain.state import TillState


class Entry(NamedTuple):
    """One row: the table's name, its key, its value."""

    table: str
    key: bytes
    value: bytes


NUMBERS: Final = b"\0"
"""What every key that is a number begins with: nothing is counted to 2 to the 56th."""
ZS: Final = b"z"

_WITH_ROWS: Final = frozenset(
    {ev.DayOpened, ev.DayClosed, ev.ShiftOpened, ev.ShiftClosed, ev.CountCorrected, ev.CashMoved}
)
_encode = msgspec.msgpack.Encoder().encode
_shift = msgspec.msgpack.Decoder(Shift)
_movement = msgspec.msgpack.Decoder(Movement)
_report = msgspec.msgpack.Decoder(DayReport)
_day = msgspec.msgpack.Decoder(Day)


def number_key(number: int) -> bytes:
    """Big-endian, so that keys sort as numbers."""
    return number.to_bytes(8, "big")


def z_key(z_number: int) -> bytes:
    return ZS + number_key(z_number)


def movement_key(movement_id: str) -> bytes:
    return b"m" + movement_id.encode()


def movements_key(shift_number: int, seq: int | None = None) -> bytes:
    """Of one movement, or what the keys of all movements of a shift begin with."""
    return b"n" + number_key(shift_number) + (b"" if seq is None else number_key(seq))


def decode_shift(stored: bytes) -> Shift:
    return _shift.decode(stored)


def decode_movement(stored: bytes) -> Movement:
    return _movement.decode(stored)


def decode_report(stored: bytes) -> DayReport:
    return _report.decode(stored)


def decode_day(stored: bytes) -> Day:
    return _day.decode(stored)


def book_entries(events: tuple[ev.AnyEvent, ...], state: TillState) -> list[Entry]:
    """The rows of a record's facts about days and shifts; `state` is the state after it."""
    rows: list[Entry] = []
    for event in events:
        if type(event) not in _WITH_ROWS:
            continue
        match event:
            case ev.DayOpened() if state.day:
                rows.append(Entry("days", number_key(event.day_number), _encode(state.day)))
            case ev.DayClosed(report=report):
                rows.append(Entry("days", z_key(report.z_number), _encode(report)))
            case ev.ShiftOpened() if state.shift:
                rows.append(_shift_entry(state.shift))
            case ev.ShiftClosed(shift_id=name) | ev.CountCorrected(shift_id=name):
                closed = [shift for shift in state.closed_shifts if shift.shift_id == name]
                rows.extend(_shift_entry(shift) for shift in closed)
            case ev.CashMoved() if state.shift and state.shift.last_movement:
                rows.extend(_movement_entries(state.shift, state.shift.last_movement))
            case _:
                pass  # of a shift that the same record closed again
    return rows


def _shift_entry(shift: Shift) -> Entry:
    return Entry("shifts", number_key(shift.shift_number), _encode(shift))


def _movement_entries(shift: Shift, movement: Movement) -> list[Entry]:
    listed = movements_key(shift.shift_number, movement.seq)
    return [
        Entry("shifts", movement_key(movement.movement_id), _encode(movement)),
        Entry("shifts", listed, movement.movement_id.encode()),
    ]

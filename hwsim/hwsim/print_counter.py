"""The number that GS c prints and counts on, as older hosts number their tickets.

Source: ESC/POS Command Reference, GS C 0, GS C 1, GS C 2, GS C ;, GS c (obsolete commands).
"""

from dataclasses import dataclass
from typing import Final

FIRST, LAST = 1, 65_535
DIGITS_MAX: Final = 5


@dataclass(slots=True)
class PrintCounter:
    """Counts from `first` to `last`, each number `repeats` times; upwards if `first` is less."""

    digits: int = 0
    alignment: int = 0
    first: int = FIRST
    last: int = LAST
    step: int = 1
    repeats: int = 1
    value: int = FIRST
    _printed: int = 0

    def configure(self, params: bytes) -> None:
        """GS C: what is out of range is refused as a whole."""
        kind, rest = params[:1], params[1:]
        if kind == b"0" and rest[0] <= DIGITS_MAX and rest[1] % 48 <= 2:
            self.digits, self.alignment = rest[0], rest[1] % 48
        elif kind == b"1":
            first, last = (int.from_bytes(rest[at : at + 2], "little") for at in (0, 2))
            self._set_range(first, last, rest[4], rest[5])
        elif kind == b"2":
            self._set_value(int.from_bytes(rest[:2], "little"))
        elif kind == b";":
            words = rest.split(b";")[:5]
            if len(words) == 5 and all(word.isdigit() for word in words):
                first, last, step, repeats, value = map(int, words)
                self._set_range(first, last, step, repeats)
                self._set_value(value)

    def printed(self) -> str:
        """GS c: the number as it is printed; then count."""
        text = str(self.value)
        if self.digits and self.alignment < 2:
            text = text.rjust(self.digits, " 0"[self.alignment])[-self.digits :]
        elif self.digits:
            text = text.ljust(self.digits)[: self.digits]
        self._printed += 1
        if self.step and self.repeats and self._printed >= self.repeats:
            self._printed = 0
            self._count()
        return text

    def _count(self) -> None:
        upwards = self.first <= self.last
        self.value += self.step if upwards else -self.step
        if not min(self.first, self.last) <= self.value <= max(self.first, self.last):
            self.value = self.first

    def _set_range(self, first: int, last: int, step: int, repeats: int) -> None:
        if max(first, last) <= LAST and max(step, repeats) <= 255:
            self.first, self.last, self.step, self.repeats = first, last, step, repeats

    def _set_value(self, value: int) -> None:
        if value <= LAST:
            self.value, self._printed = value, 0

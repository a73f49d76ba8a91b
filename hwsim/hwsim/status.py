"""What the printer's sensors see, and the bytes that say so.

Source: ESC/POS Command Reference for TM Printers, "Status transmission"; TM-T88III technical
reference for the bits.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

DRAWER, ONLINE, ERROR, PAPER = 0x01, 0x02, 0x04, 0x08
"""The classes of GS a: a change of an enabled one sends the status."""

PAPER_BITS: Final = {"ADEQUATE": 0x00, "NEAR_END": 0x03, "END": 0x0F}


class PaperState(Enum):
    """What the two paper sensors see."""

    ADEQUATE = 0
    NEAR_END = 1
    END = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that the status bytes tell. `head_hot` recovers by itself, `cutter_error` by DLE ENQ,
    `broken` never.
    """

    offline: bool
    cover_open: bool
    cutter_error: bool
    head_hot: bool
    broken: bool
    paper: PaperState
    pin3_high: bool

    @property
    def error(self) -> bool:
        """Whether it reports an error of any kind."""
        return self.cutter_error or self.head_hot or self.broken

    def classes(self) -> dict[int, object]:
        """What of it belongs to each class of GS a."""
        return {
            DRAWER: self.pin3_high,
            ONLINE: (self.offline, self.cover_open),
            ERROR: (self.cutter_error, self.head_hot, self.broken),
            PAPER: self.paper,
        }

    def _error_bits(self) -> int:
        return 0x08 * self.cutter_error | 0x20 * self.broken | 0x40 * self.head_hot

    def paper_bits(self) -> int:
        """GS r 1, ESC v: 03h near the end, 0Ch at the end."""
        return PAPER_BITS[self.paper.name]

    def automatic(self) -> bytes:
        """The four bytes of the automatic status (GS a)."""
        first = 0x10 | 0x04 * self.pin3_high | 0x08 * self.offline | 0x20 * self.cover_open
        return bytes([first, self._error_bits(), self.paper_bits(), 0])

    def realtime(self, number: int) -> bytes:
        """The answer to DLE EOT `number`: one byte, none for a number that does not exist."""
        paper_end = self.paper is PaperState.END
        near_end = self.paper is not PaperState.ADEQUATE
        bits = {
            1: 0x04 * self.pin3_high | 0x08 * self.offline,
            2: 0x04 * self.cover_open | 0x20 * paper_end | 0x40 * self.error,
            3: self._error_bits(),
            4: 0x0C * near_end | 0x60 * paper_end,
        }
        return bytes([0x12 | bits[number]]) if number in bits else b""

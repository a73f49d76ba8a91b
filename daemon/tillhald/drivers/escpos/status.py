"""All that a printer sends, told apart by fixed bits, and what it means.

Source: Epson, "Transmission Status Identification", and the technical references' tables of
`DLE EOT`, `GS a` (automatic status back, ASB), `GS r`, `GS ( H` and `GS g 2`.
No two kinds overlap, so one reader can take them in whatever order they come.
"""

from __future__ import annotations

import enum
from typing import Final, TypeVar

import msgspec

from tillhald.devices.categories import How, PowerState, PrinterStatus, Reading, Trouble

T = TypeVar("T")

BLOCK_BYTES_MAX: Final = 256
COUNTER_DIGITS_MAX: Final = 18
ANSWER_S_MAX: Final = 1.0
"""How long a real-time question may go unanswered; a good printer takes milliseconds."""
STALE_S: Final = 10.0
"""A reading that nothing bore out for this long is STALE."""

_XON, _XOFF = 0x11, 0x13
_ASB_BYTES = 4
_BLOCK_HEADS: Final = frozenset({0x37, 0x3B, 0x3D, 0x53, 0x5F})


class RealTimeReply(msgspec.Struct, frozen=True):
    """One byte in answer to `DLE EOT n`; it does not say to which n."""

    bits: int


class AutoStatus(msgspec.Struct, frozen=True):
    """Four bytes that the printer pushes when something changes."""

    bits: bytes


class ByteReply(msgspec.Struct, frozen=True):
    """One byte in answer to `GS r`."""

    bits: int


class BlockReply(msgspec.Struct, frozen=True):
    """A block up to its NUL, without it; the first byte tells the kind."""

    content: bytes


class Junk(msgspec.Struct, frozen=True):
    """What no printer should send."""

    content: bytes


Message = RealTimeReply | AutoStatus | ByteReply | BlockReply | Junk


class Demultiplexer:
    """Cuts the stream into messages. Never raises; keeps at most BLOCK_BYTES_MAX bytes."""

    def __init__(self) -> None:
        """Begin between two messages."""
        self._held = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Take the next bytes, in whatever pieces they came; answer what they complete."""
        messages: list[Message] = []
        for byte in data:
            if byte not in {_XON, _XOFF}:  # flow control may stand anywhere, even in a block
                messages += self._take(byte)
        return messages

    def _take(self, byte: int) -> list[Message]:
        if not self._held:
            return self._begin(byte)
        if self._held[0] in _BLOCK_HEADS:
            return self._continue_block(byte)
        if byte & 0x90 == 0:
            self._held.append(byte)
            return [AutoStatus(self._release())] if len(self._held) == _ASB_BYTES else []
        # A byte is missing: give up these, and read on at the one that does not fit.
        return [Junk(self._release()), *self._begin(byte)]

    def _begin(self, byte: int) -> list[Message]:
        if byte & 0x93 == 0x12:
            return [RealTimeReply(byte)]
        if byte & 0x93 == 0x10 or byte in _BLOCK_HEADS:
            self._held.append(byte)
            return []
        if byte & 0x90 == 0:
            return [ByteReply(byte)]
        return [Junk(bytes([byte]))]

    def _continue_block(self, byte: int) -> list[Message]:
        if byte == 0:
            return [BlockReply(self._release())]
        self._held.append(byte)
        return [Junk(self._release())] if len(self._held) == BLOCK_BYTES_MAX else []

    def _release(self) -> bytes:
        content = bytes(self._held)
        self._held.clear()
        return content


# --- what the replies mean ---------------------------------------------------------------------


def process_id_of(content: bytes) -> str | None:
    """Read the job's four letters from a block, if it is the answer to `GS ( H` function 48."""
    if content[:2] == b"\x37\x22" and len(content) == 6:
        return content[2:].decode("ascii", "replace")
    return None


def counter_of(content: bytes) -> int | None:
    """Read the number from a block, if it is the answer to `GS g 2`.

    One longer than the journal can keep is no count of anything.
    """
    digits = content[1:]
    is_number = digits.isdigit() and len(digits) <= COUNTER_DIGITS_MAX
    return int(digits) if content[:1] == b"\x5f" and is_number else None


def words_of(content: bytes) -> str | None:
    """Read the text from a block, if it is the answer to `GS I` 65 and above."""
    words = content[1:].decode("ascii", "replace").strip()
    return words if content[:1] == b"\x5f" and words.isprintable() else None


def kept_of(content: bytes) -> frozenset[str] | None:
    """Read the key codes from a block, if it is a whole answer to `GS ( L` function 64.

    A list that goes on in further blocks (41h) is not asked for: what is not known to be kept is
    sent as a picture.
    """
    if content[:3] != b"\x37\x72\x40":
        return None
    codes = content[3:].decode("ascii", "replace")
    return frozenset(codes[at : at + 2] for at in range(0, len(codes), 2))


class Sensor(enum.Enum):
    """What a printer says about itself, one bit each."""

    OFFLINE = enum.auto()
    COVER_OPEN = enum.auto()
    PAPER_OUT = enum.auto()
    PAPER_NEAR_END = enum.auto()
    CUTTER_ERROR = enum.auto()
    UNRECOVERABLE_ERROR = enum.auto()
    OVERHEATED = enum.auto()
    DRAWER_PIN_HIGH = enum.auto()


_REAL_TIME_BITS: Final = {
    1: {Sensor.DRAWER_PIN_HIGH: 0x04, Sensor.OFFLINE: 0x08},
    2: {Sensor.COVER_OPEN: 0x04},
    3: {Sensor.CUTTER_ERROR: 0x08, Sensor.UNRECOVERABLE_ERROR: 0x20, Sensor.OVERHEATED: 0x40},
    4: {Sensor.PAPER_NEAR_END: 0x0C, Sensor.PAPER_OUT: 0x60},
}
REAL_TIME_QUESTIONS: Final = tuple(_REAL_TIME_BITS)

_AUTO_BITS: Final = (
    {Sensor.DRAWER_PIN_HIGH: 0x04, Sensor.OFFLINE: 0x08, Sensor.COVER_OPEN: 0x20},
    {Sensor.CUTTER_ERROR: 0x08, Sensor.UNRECOVERABLE_ERROR: 0x20, Sensor.OVERHEATED: 0x40},
    {Sensor.PAPER_NEAR_END: 0x03, Sensor.PAPER_OUT: 0x0C},
)

_SAY_NOTHING_OF_CUTS: Final = frozenset({Sensor.DRAWER_PIN_HIGH, Sensor.PAPER_NEAR_END})
_FED_BY_HAND: Final = 0x40
"""In the first byte of an automatic status: somebody holds the feed button."""

_TROUBLES: Final = (
    (Sensor.PAPER_OUT, Trouble.PAPER_OUT),
    (Sensor.COVER_OPEN, Trouble.COVER_OPEN),
    (Sensor.UNRECOVERABLE_ERROR, Trouble.PRINTER_ERROR),
    (Sensor.CUTTER_ERROR, Trouble.PRINTER_ERROR),
    (Sensor.OFFLINE, Trouble.PRINTER_OFFLINE),
)


class Senses:
    """What a printer has said of itself, and when. Times are monotonic seconds."""

    def __init__(
        self,
        *,
        two_way: bool,
        finds_printer: bool,
        near_end_sensor: bool,
        cut_counter: bool,
        tells_identity: bool = False,
    ) -> None:
        """Begin with nothing known; the flags say what this model and its link can tell at all."""
        self._unsupported = set() if near_end_sensor else {Sensor.PAPER_NEAR_END}
        if not two_way:
            self._unsupported = set(Sensor)
        self._cut_counter = cut_counter and two_way
        self._tells_identity = tells_identity and two_way
        self._identity: dict[str, tuple[str, float]] = {}
        self._stands_alone = two_way and not finds_printer
        self._seen: dict[Sensor, tuple[bool, float]] = {}
        self._cuts: tuple[int, float] | None = None
        self._connected_s: float | None = None
        self._unreachable = False
        self._asked_s: float | None = None

    def connected(self, now_s: float) -> None:
        """Start afresh: what was measured before this moment is stale."""
        self._connected_s = now_s
        self._unreachable = self._unreachable and self._stands_alone
        self._asked_s = None

    def disconnected(self) -> None:
        """Hold everything for stale."""
        self._connected_s = None

    def unreachable(self) -> None:
        """Note that nobody answers at the printer's address, or on its line."""
        self._connected_s = None
        self._unreachable = True

    def asked(self, now_s: float) -> None:
        """Note that an answer is due."""
        if self._asked_s is None:
            self._asked_s = now_s

    def take_real_time(self, question: int, bits: int, now_s: float) -> None:
        """Take the answer to `DLE EOT question`, 1 to 4."""
        self._asked_s = None
        self._take(_REAL_TIME_BITS[question], bits, now_s)

    def take_auto(self, status: AutoStatus, now_s: float) -> None:
        """Take one automatic status."""
        if status.bits[0] & _FED_BY_HAND:
            self._cuts = None
        for bits, masks in zip(status.bits, _AUTO_BITS, strict=False):
            self._take(masks, bits, now_s)

    def take_cuts(self, cuts: int, now_s: float) -> None:
        """Take the printer's count of its cuts."""
        self._cuts = (cuts, now_s)

    def take_identity(self, name: str, words: str, now_s: float) -> None:
        """Take what the printer says it is: `name` is "maker", "model" or "serial"."""
        self._identity[name] = (words, now_s)

    def _identity_reading(self, name: str, now_s: float) -> Reading[str]:
        """What was said in this connection holds for all of it: nobody swaps a printer within."""
        if not self._tells_identity:
            return Reading(None, How.UNSUPPORTED)
        said = self._identity.get(name)
        if said is None:
            return Reading(None, How.UNKNOWN)
        words, at_s = said
        fresh = self._connected_s is not None and at_s >= self._connected_s
        return Reading(words, How.MEASURED if fresh else How.STALE, now_s - at_s)

    def forget_cuts(self) -> None:
        """The count is about to change: a job begins, and nobody knows yet what becomes of it."""
        self._cuts = None

    def counted_within(self, within_s: float, now_s: float) -> bool:
        """Say whether the count of cuts was read so lately, and nothing has moved it since."""
        count = self._aged(self._cuts, now_s)
        return count.how is How.MEASURED and (count.age_s or 0.0) <= within_s

    def _take(self, masks: dict[Sensor, int], bits: int, now_s: float) -> None:
        self._unreachable = False
        for sensor, mask in masks.items():
            before, value = self._seen.get(sensor), bool(bits & mask)
            if before and before[0] is not value and sensor not in _SAY_NOTHING_OF_CUTS:
                self._cuts = None  # whoever opens a cover or puts paper in may have it cut
            self._seen[sensor] = (value, now_s)

    def heard(self) -> bool:
        """Say whether the printer has said anything since it was connected."""
        start_s = self._connected_s
        return start_s is not None and any(at_s >= start_s for _, at_s in self._seen.values())

    def trouble(self, now_s: float) -> Trouble | None:
        """Name what keeps the printer from printing, as far as it says so itself."""
        for sensor, trouble in _TROUBLES:
            if self._reading(sensor, now_s).known(value=True):
                return trouble
        return None

    def told_within(self, within_s: float, now_s: float) -> bool:
        """Say whether every sensor that this model has was heard of lately, on this connection."""
        readings = [self._reading(each, now_s) for each in Sensor if each not in self._unsupported]
        return all(
            reading.how is How.MEASURED and (reading.age_s or 0.0) <= within_s
            for reading in readings
        )

    def ready(self, now_s: float) -> bool:
        """Say whether the printer itself says that it can print."""
        offline = self._reading(Sensor.OFFLINE, now_s)
        return offline.known(value=False) and self.trouble(now_s) is None

    def _reading(self, sensor: Sensor, now_s: float) -> Reading[bool]:
        if sensor in self._unsupported:
            return Reading(None, How.UNSUPPORTED)
        return self._aged(self._seen.get(sensor), now_s)

    def _aged(self, seen: tuple[T, float] | None, now_s: float) -> Reading[T]:
        if seen is None:
            return Reading(None, How.UNKNOWN)
        value, at_s = seen
        start_s = self._connected_s
        fresh = start_s is not None and at_s >= start_s and now_s - at_s <= STALE_S
        fresh = fresh and not self.absent(now_s)
        return Reading(value, How.MEASURED if fresh else How.STALE, now_s - at_s)

    def status(self, now_s: float) -> PrinterStatus:
        """Say all that is known now."""

        def read(sensor: Sensor) -> Reading[bool]:
            return self._reading(sensor, now_s)

        cuts: Reading[int] = Reading(None, How.UNSUPPORTED)
        return PrinterStatus(
            connected=self._connected(now_s),
            silent=self.silent(now_s) and not self._stands_alone,
            power=self._power(now_s),
            offline=read(Sensor.OFFLINE),
            cover_open=read(Sensor.COVER_OPEN),
            paper_out=read(Sensor.PAPER_OUT),
            paper_near_end=read(Sensor.PAPER_NEAR_END),
            cutter_error=read(Sensor.CUTTER_ERROR),
            unrecoverable_error=read(Sensor.UNRECOVERABLE_ERROR),
            overheated=read(Sensor.OVERHEATED),
            drawer_pin_high=read(Sensor.DRAWER_PIN_HIGH),
            cut_count=self._aged(self._cuts, now_s) if self._cut_counter else cuts,
            maker=self._identity_reading("maker", now_s),
            model=self._identity_reading("model", now_s),
            serial=self._identity_reading("serial", now_s),
        )

    def silent(self, now_s: float) -> bool:
        """Say whether a question has stayed unanswered for ANSWER_S_MAX."""
        if self._connected_s is None or self._asked_s is None:
            return False
        return now_s - self._asked_s >= ANSWER_S_MAX

    def absent(self, now_s: float) -> bool:
        """Say whether the link stands without a printer, as a serial line does."""
        return self._stands_alone and (self._unreachable or self.silent(now_s))

    def _connected(self, now_s: float) -> bool:
        if self._stands_alone and (not self.heard() or self.absent(now_s)):
            return False
        return self._connected_s is not None

    def _power(self, now_s: float) -> Reading[PowerState]:
        if self._unreachable or self.absent(now_s):
            return Reading(PowerState.OFF, How.INFERRED)
        offline = self._reading(Sensor.OFFLINE, now_s)
        if offline.how is not How.MEASURED:
            return Reading(PowerState.UNKNOWN, How.UNKNOWN)
        state = PowerState.OFFLINE if offline.value else PowerState.ONLINE
        return Reading(state, How.MEASURED, offline.age_s)

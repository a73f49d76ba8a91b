"""What each category of device can do, and the values that pass between devices and the till.

Drivers implement these protocols; they block, never beyond the deadline they are given, and know
nothing of asyncio. Except where said, every method runs on the device's port thread only.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import AsyncIterator, Callable
from typing import ClassVar, Generic, Protocol, TypeVar

import msgspec

from tillhald.devices.errors import RetrySafety
from tillhald.devices.wake import Wake
from tillhald.domain.document import PrintDocument
from tillhald.domain.layout import Paper
from tillhald.domain.power_sample import NoData, UpsSample
from tillhald.domain.preflight import Problem

T = TypeVar("T")
Options = TypeVar("Options", bound=msgspec.Struct)


class How(enum.StrEnum):
    """How a reading is known.

    STALE: measured once, and the device has been silent since. UNSUPPORTED: this model cannot say.
    """

    MEASURED = "measured"
    INFERRED = "inferred"
    STALE = "stale"
    UNKNOWN = "unknown"
    UNSUPPORTED = "unsupported"


class Reading(msgspec.Struct, Generic[T], frozen=True):
    """One sensor value. `age_s` is the time since it was last borne out; None if it never was."""

    value: T | None
    how: How
    age_s: float | None = None

    def known(self, *, value: T) -> bool:
        """Say whether the device itself says `value`, now."""
        return self.how is How.MEASURED and self.value == value


class PowerState(enum.StrEnum):
    """In UnifiedPOS's words. OFF: not reachable. OFFLINE: reachable, and not ready to work."""

    UNKNOWN = "unknown"
    ONLINE = "online"
    OFF = "off"
    OFFLINE = "offline"


# --- printers ----------------------------------------------------------------------------------


class Completion(enum.StrEnum):
    """The best evidence a printer gives that a receipt was printed.

    PRINTED: it answers when the paper is out. PROCESSED: it answers when it has read the job.
    NONE: nothing comes back from it.
    """

    PRINTED = "printed"
    PROCESSED = "processed"
    NONE = "none"


class Papercut(enum.StrEnum):
    """How a printer cuts. PARTIAL: it leaves a point, whatever it is asked. BOTH: as asked."""

    PARTIAL = "partial"
    BOTH = "both"


class PrinterCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a model can do. `raster_text`: what its characters lack can be drawn by a font here."""

    paper: Paper
    dots_per_inch: int
    papercut: Papercut
    completion: Completion
    cut_counter: bool
    raster_text: bool


class PrinterStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`cut_count` is the printer's own count of cuts, when this model keeps one.

    `connected`: the link stands and, where it stands also without a printer, the printer answers.
    `silent`: it is connected, and questions stay unanswered.
    """

    connected: bool
    silent: bool
    power: Reading[PowerState]
    offline: Reading[bool]
    cover_open: Reading[bool]
    paper_out: Reading[bool]
    paper_near_end: Reading[bool]
    cutter_error: Reading[bool]
    unrecoverable_error: Reading[bool]
    overheated: Reading[bool]
    drawer_pin_high: Reading[bool]
    cut_count: Reading[int]


class Evidence(enum.StrEnum):
    """What proves that a job is on paper."""

    PROCESS_ID = "process_id"
    CUT_COUNTER = "cut_counter"


class Trouble(enum.StrEnum):
    """Why a deed failed, or why nobody can say what became of it.

    DEVICE_OFFLINE: it cannot be reached; PRINTER_OFFLINE: it says that it is not ready.
    PROCESSED_ONLY: the printer has read the whole job and then says that it is well; this model
    gives no better evidence. NO_ANSWER: it is silent, or nothing comes back by its link.
    LINK_LOST: the connection broke.
    TTL_OVER: it was asked for so long ago that nobody waits for it any more.
    DRIVER_FAILED: the driver made a mistake of its own; a condition tells more.
    QUEUE_FULL, DEVICE_STUCK: earlier work is in the way.
    """

    DEVICE_OFFLINE = "DEVICE_OFFLINE"
    PRINTER_OFFLINE = "PRINTER_OFFLINE"
    COVER_OPEN = "COVER_OPEN"
    PAPER_OUT = "PAPER_OUT"
    PRINTER_ERROR = "PRINTER_ERROR"
    PROCESSED_ONLY = "PROCESSED_ONLY"
    NO_ANSWER = "NO_ANSWER"
    QUEUE_FULL = "QUEUE_FULL"
    DEVICE_STUCK = "DEVICE_STUCK"
    LINK_LOST = "LINK_LOST"
    DEVICE_TIMEOUT = "DEVICE_TIMEOUT"
    DOCUMENT_INVALID = "DOCUMENT_INVALID"
    TEXT_NOT_PRINTABLE = "TEXT_NOT_PRINTABLE"
    DRAWER_STAYED_CLOSED = "DRAWER_STAYED_CLOSED"
    SHUTTING_DOWN = "SHUTTING_DOWN"
    TTL_OVER = "TTL_OVER"
    DRIVER_FAILED = "DRIVER_FAILED"


class Confirmed(msgspec.Struct, frozen=True, tag="confirmed"):
    """The printer itself says that the whole job is on paper."""

    by: Evidence


class Unconfirmed(msgspec.Struct, frozen=True, tag="unconfirmed"):
    """All bytes went out. `poll` answers `ticket` should the printer confirm after all."""

    reason: Trouble
    ticket: str


class FailedBeforeStart(msgspec.Struct, frozen=True, tag="failed_before_start"):
    """No byte of the job went out."""

    reason: Trouble
    retry_safety: RetrySafety


class FailedPartial(msgspec.Struct, frozen=True, tag="failed_partial"):
    """The job broke off; `bytes_sent` is the most that the printer can have."""

    bytes_sent: int
    reason: Trouble


PrintOutcome = Confirmed | Unconfirmed | FailedBeforeStart | FailedPartial


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """One pulse on a drawer connector. `now` overtakes what is queued, even when offline."""

    pin: int
    on_ms: int
    off_ms: int
    now: bool


class PosPrinter(Protocol):
    """A receipt printer."""

    @property
    def capabilities(self) -> PrinterCapabilities:
        """What it can do. On any thread."""

    def check(self, document: PrintDocument) -> list[Problem]:
        """Say what of the document it cannot print; no device is asked. On any thread."""

    def status(self, deadline_s: float) -> PrinterStatus:
        """Ask the printer, at most `deadline_s`; with 0, say what is known without asking."""

    def print(self, document: PrintDocument, deadline_s: float) -> PrintOutcome:
        """Print once, and say what became of it. Never tries twice, never raises DeviceError."""

    def pulse_drawer(self, pulse: Pulse, deadline_s: float) -> PrintOutcome:
        """Send one pulse. Confirmed: the printer has carried it out. Never tries twice."""

    def poll(self, timeout_s: float) -> list[str]:
        """Keep the link alive and read what the printer says, at most `timeout_s`.

        Returns early when the port's wake rings. Answers the tickets of earlier Unconfirmed
        jobs that the printer has confirmed since.
        """

    def close(self) -> None:
        """Let the printer have what was sent, within a second, and let go of it."""


# --- drawers -----------------------------------------------------------------------------------


class DrawerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a drawer. `open` is UNSUPPORTED without a switch."""

    open: Reading[bool]


class Fired(msgspec.Struct, frozen=True, tag="fired"):
    """The pulse went out; `verified`: the drawer's own switch saw it open."""

    verified: bool


class KickFailed(msgspec.Struct, frozen=True, tag="failed"):
    """The drawer did not open: nothing went out, or its switch stayed closed."""

    reason: Trouble
    retry_safety: RetrySafety


class KickUnknown(msgspec.Struct, frozen=True, tag="unknown"):
    """The pulse may have gone out."""

    reason: Trouble


KickOutcome = Fired | KickFailed | KickUnknown


class CashDrawer(Protocol):
    """A cash drawer."""

    def status(self) -> DrawerStatus:
        """Say what is known without asking."""

    def kick(self, now: bool, deadline_s: float) -> KickOutcome:  # noqa: FBT001 - by port.call
        """Open it, at most once. `now` overtakes a receipt that is still being printed."""


# --- power supplies ----------------------------------------------------------------------------


class Obeyed(msgspec.Struct, frozen=True, tag="obeyed"):
    """The UPS, or its driver, says that it was done."""


class NotObeyed(msgspec.Struct, frozen=True, tag="not_obeyed"):
    """It was not done. `why` is the protocol's word, for a technician."""

    why: str


class PerhapsObeyed(msgspec.Struct, frozen=True, tag="perhaps_obeyed"):
    """It was asked for, and nobody says what became of it."""

    why: str


CommandOutcome = Obeyed | NotObeyed | PerhapsObeyed


class PowerSource(Protocol):
    """What knows of one or more UPSes. Unlike other devices it lives on the event loop."""

    @property
    def upses(self) -> tuple[str, ...]:
        """Their names, as in its samples."""

    def readings(self) -> AsyncIterator[UpsSample | NoData]:
        """What each UPS says, again and again, for ever; never raises for a device's failure.

        One task reads it, and may be cancelled at any moment.
        """

    def variables(self, ups: str) -> dict[str, Reading[str]]:
        """All that was last known of a UPS, without asking."""

    def unchanged_s(self, ups: str) -> float | None:
        """Since when no value of it has changed; None if nothing is known. A unit that was pulled
        out may go on being told with its last values: this tells a person how likely that is.
        """

    async def commands(self, ups: str) -> tuple[str, ...]:
        """Instant commands that it has; none where that cannot be asked."""

    async def command(self, ups: str, name: str, argument: str = "") -> CommandOutcome:
        """Give an instant command, at most once; in NUT's words, e.g. `shutdown.return`."""

    async def set_variable(self, ups: str, name: str, value: str) -> CommandOutcome:
        """Set a variable, at most once."""

    async def force_shutdown(self, ups: str) -> CommandOutcome:
        """Tell all who hang on this UPS that it will be cut; that cannot be taken back."""

    def close(self) -> None:
        """Let go of it."""


# --- drivers -----------------------------------------------------------------------------------


class Category(enum.StrEnum):
    """What a device is, in UnifiedPOS's words."""

    POS_PRINTER = "pos_printer"
    CASH_DRAWER = "cash_drawer"
    POWER_SUPPLY = "power_supply"


@dataclasses.dataclass(frozen=True, kw_only=True)
class PrinterDriver(Generic[Options]):
    """How to make a printer with a port of its own. `connect` does no I/O, `port_of` names it."""

    options_type: type[Options]
    connect: Callable[[str, Options, Wake], PosPrinter]
    port_of: Callable[[Options], str]
    category: ClassVar[Category] = Category.POS_PRINTER


@dataclasses.dataclass(frozen=True, kw_only=True)
class DrawerOnPrinterDriver(Generic[Options]):
    """How to make a drawer that hangs on a printer and shares its port."""

    options_type: type[Options]
    printer_of: Callable[[Options], str]
    connect: Callable[[str, Options, PosPrinter], CashDrawer]
    category: ClassVar[Category] = Category.CASH_DRAWER


@dataclasses.dataclass(frozen=True, kw_only=True)
class PowerDriver(Generic[Options]):
    """How to make a source of what UPSes say. `connect` does no I/O but a driver's own files."""

    options_type: type[Options]
    connect: Callable[[str, Options], PowerSource]
    category: ClassVar[Category] = Category.POWER_SUPPLY


Driver = (
    PrinterDriver[msgspec.Struct]
    | DrawerOnPrinterDriver[msgspec.Struct]
    | PowerDriver[msgspec.Struct]
)
"""What an entry point of the group `tillhal.drivers` holds."""

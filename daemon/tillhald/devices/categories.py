"""What each category of device can do, and the values that pass between devices and the till.

Drivers implement these protocols; they block, never beyond the deadline they are given, and know
nothing of asyncio. Except where said, every method runs on the device's port thread only.
"""

from __future__ import annotations

import enum
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from tillhald.devices.errors import RetrySafety
from tillhald.devices.options import DrawerOptions
from tillhald.devices.permission import Permission
from tillhald.domain.document import PrintDocument
from tillhald.domain.drawers import OpenLevel
from tillhald.domain.layout import Paper
from tillhald.domain.preflight import Problem
from tillhald.domain.scan import Corruption, Symbology

T = TypeVar("T")
Options = TypeVar("Options", bound=msgspec.Struct)
OfDrawer = TypeVar("OfDrawer", bound=DrawerOptions)


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


_UNSAID: Final[Reading[str]] = Reading(None, How.UNSUPPORTED)


class PrinterStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`cut_count` is the printer's own count of cuts, when this model keeps one.

    `maker`, `model` and `serial` are what the device says of itself, for models that say it.

    `connected`: the link stands and, where it stands also without a printer, the printer answers.
    `silent`: it is connected, and questions stay unanswered.

    `memory_writes`: how often this driver has had it write into its lasting memory so far.
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
    maker: Reading[str] = _UNSAID
    model: Reading[str] = _UNSAID
    serial: Reading[str] = _UNSAID
    memory_writes: int = 0


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
    EVIDENCE_AWAITED: the printer is first to say what became of the job before.
    CUTS_CHANGED: the printer has cut since its count was read, or could tell it only then or only
    now; that is read again at once.
    DRIVER_FAILED: the driver made a mistake of its own; a condition tells more.
    QUEUE_FULL, DEVICE_STUCK: earlier work is in the way.
    PRINTER_REMOVED: it is not in the configuration any more.
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
    PRINTER_REMOVED = "PRINTER_REMOVED"
    CUTS_CHANGED = "CUTS_CHANGED"
    EVIDENCE_AWAITED = "EVIDENCE_AWAITED"


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


class IdentityStrength(enum.StrEnum):
    """How surely a device is known again.

    SERIAL: it tells its serial number. PORT: by the socket that its cable is in. NETWORK: by its
    address. NONE: not at all.
    """

    SERIAL = "serial"
    PORT = "port"
    NETWORK = "network"
    NONE = "none"


UNCOUNTED: Final = -1
"""For a printer's count of cuts, where it could not be read: unlike every count that can be."""


class PosPrinter(Protocol):
    """A receipt printer."""

    @property
    def capabilities(self) -> PrinterCapabilities:
        """What it can do. On any thread."""

    def check(self, document: PrintDocument) -> list[Problem]:
        """Say what of the document it cannot print; no device is asked. On any thread."""

    def status(self, deadline_s: float) -> PrinterStatus:
        """Ask the printer, at most `deadline_s`; with 0, say what is known without asking."""

    def print(
        self,
        document: PrintDocument,
        deadline_s: float,
        cuts_before: int | None = None,
        go: Permission | None = None,
    ) -> PrintOutcome:
        """Print once, and say what became of it. Never tries twice, never raises DeviceError.

        Given `cuts_before`, begins only if that is still the printer's count of cuts, or if it
        cannot be read now; else FailedBeforeStart with CUTS_CHANGED. UNCOUNTED is no printer's
        count. Only of a printer that has `cut_counter`.

        Given `go`, makes all ready and sends nothing of the job before that is given; where it is
        not given in time, or the count cannot be read, FailedBeforeStart. Only of a printer that
        has `cut_counter`, and whose `completion` is PRINTED.
        """

    def count_cuts(self, deadline_s: float) -> int | None:
        """Ask for the printer's count of cuts, once all that was sent to it has been worked off.

        None if it cannot say now. Never raises DeviceError. Only of one that has `cut_counter`.
        """

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


class DrawerCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """In UnifiedPOS's words. `status`: it has a switch that is understood.

    `status_multi_drawer_detect` is False where one switch serves several drawers, so that "open"
    means "at least one of them". `polarity_known`: the level that means "open" was configured or
    learnt, or there is no switch.
    """

    status: bool
    status_multi_drawer_detect: bool
    polarity_known: bool


class DrawerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a drawer. `open` is UNSUPPORTED without a switch.

    `switch_high` is the bare level of its switch, which may be there before anybody knows what it
    means: `open` is UNKNOWN then.
    """

    open: Reading[bool]
    switch_high: Reading[bool]


class WiredDrawerStatus(DrawerStatus, frozen=True, kw_only=True):
    """The same of a drawer with a port of its own, and whether that is there."""

    power: PowerState


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

    def learn(self, open_level: OpenLevel) -> bool:
        """Take what a calibration found. On any thread.

        False: the configuration names the level, and that counts.
        """


class WiredDrawer(CashDrawer, Protocol):
    """A cash drawer with a port of its own."""

    def status(self) -> WiredDrawerStatus:
        """See CashDrawer."""

    def poll(self, timeout_s: float) -> None:
        """Keep the link alive and look at the switch, at most `timeout_s`.

        Returns early when the port's wake rings, or something has changed.
        """

    def close(self) -> None:
        """Leave no current in the solenoid, and let go of the port, within a second."""


# --- scanners ----------------------------------------------------------------------------------


class ScannerCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a scanner is set to. `symbology_id`: its codes may begin with an AIM identifier.

    `symbology`: what it reads where it does not say so.
    """

    symbology_id: bool
    symbology: Symbology
    soft_trigger: bool


class ScannerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`connected`: its line or input device is open. `trouble`: why it is not, in words."""

    connected: bool
    power: Reading[PowerState]
    trouble: str


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What came between two ends of a code, without prefix and suffix.

    `ended_s`: when its last byte came, monotonic. A corrupt frame has no bytes: a part of a code
    may be another code.
    """

    raw: bytes
    ended_s: float
    corrupt: Corruption | None = None

    def __repr__(self) -> str:
        """Without its bytes: they may be a customer's purse."""
        return f"Frame({len(self.raw)} bytes, corrupt={self.corrupt})"


class BarcodeScanner(Protocol):
    """A scanner of barcodes."""

    @property
    def capabilities(self) -> ScannerCapabilities:
        """What it is set to. On any thread."""

    def status(self) -> ScannerStatus:
        """Say what is known without asking."""

    def poll(self, timeout_s: float) -> list[Frame]:
        """Keep the line open and read what comes, at most `timeout_s`.

        Returns early when the port's wake rings, and as soon as a frame has ended.
        """

    def trigger(self, deadline_s: float) -> None:
        """Pull the trigger. Raises DeviceOffline, DeviceTimeout; only with cap `soft_trigger`."""

    def close(self) -> None:
        """Let go of it, within a second."""


class Category(enum.StrEnum):
    """What a device is, in UnifiedPOS's words."""

    POS_PRINTER = "pos_printer"
    CASH_DRAWER = "cash_drawer"
    SCANNER = "scanner"
    POWER_SUPPLY = "power_supply"

"""The facts that the journal holds. These structs *are* the stored form.

Never rename a class or a field, never give a field another meaning; a new field has a default; a
fact that is no longer written stays readable. A record of each release is kept and read by a test.
"""

from __future__ import annotations

import msgspec

from tillhald.domain.document import PrintDocument
from tillhald.domain.jobs import Job, JobKind, JobState, KickReason, KickState
from tillhald.domain.sale import Discount, Line, SaleKind, Tender, TenderState, Totals
from tillhald.domain.supply import OutageCause, SelfTestKind, SelfTestResult, Supply


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Something that happened."""


class JournalCreated(Event, frozen=True, kw_only=True):
    """The first record. Its chain begins with a random id, kept in the journal's identity."""

    store_id: str
    workstation_id: str
    currency: str


class TillStarted(Event, frozen=True, kw_only=True):
    version: str
    clean_shutdown: bool


class TillStopped(Event, frozen=True, kw_only=True):
    """The till was stopped in order."""


class StorageFaultBegan(Event, frozen=True, kw_only=True):
    """The journal could not be written; what follows was kept in the spill at first.

    `fault` is one of "disk_full", "write_failed", "read_only", "damaged".
    """

    fault: str
    message: str


class StorageFaultEnded(Event, frozen=True, kw_only=True):
    """Everything is in the journal again."""


class SegmentBegun(Event, frozen=True, kw_only=True):
    """The journal's file was put aside, and this one begun, with the whole state.

    `gone`: the first and the last number of each run of records that the old file had lost and
    that the state was built without; none where the till was running. `answers`: the request_ids,
    latest first, whose answers it begins with.
    """

    segment: int
    fault: str
    gone: tuple[tuple[int, int], ...] = ()
    answers: tuple[str, ...] = ()


class RowsBroughtBack(Event, frozen=True, kw_only=True):
    """Rows of a segment that was put aside were put into this one; with `is_last`, all of them."""

    segment: int
    rows: int
    is_last: bool = False


class ClockWentBack(Event, frozen=True, kw_only=True):
    before_ms: int
    after_ms: int


class ClockCaughtUp(Event, frozen=True, kw_only=True):
    pass


class DayOpened(Event, frozen=True, kw_only=True):
    business_day: str
    day_number: int


class ShiftOpened(Event, frozen=True, kw_only=True):
    """`implicit`: no person opened it; the first sale did, by the shop's rule."""

    shift_id: str
    shift_number: int
    operator: str
    float_minor: int
    implicit: bool = False


class SaleOpened(Event, frozen=True, kw_only=True):
    """`lines` and `discounts` are what the sale began with: Checkout brings all at once."""

    sale_id: str
    language: str
    tax_included: bool
    operator: str
    kind: SaleKind = SaleKind.SALE
    lines: tuple[Line, ...] = ()
    discounts: tuple[Discount, ...] = ()
    original_sale_id: str = ""
    original_receipt_number: int = 0
    reason: str = ""


class LinePut(Event, frozen=True, kw_only=True):
    sale_id: str
    line: Line


class LineRemoved(Event, frozen=True, kw_only=True):
    sale_id: str
    line_id: str


class DiscountApplied(Event, frozen=True, kw_only=True):
    sale_id: str
    discount: Discount


class SaleSuspended(Event, frozen=True, kw_only=True):
    sale_id: str
    note: str = ""


class SaleResumed(Event, frozen=True, kw_only=True):
    sale_id: str


class SaleInterrupted(Event, frozen=True, kw_only=True):
    """It was under way when the till stopped. `version` is the sale's from now on."""

    sale_id: str
    version: int


class TenderAdded(Event, frozen=True, kw_only=True):
    sale_id: str
    tender: Tender


class TenderResolved(Event, frozen=True, kw_only=True):
    sale_id: str
    tender_id: str
    outcome: TenderState
    evidence: str = ""


class TenderReversed(Event, frozen=True, kw_only=True):
    sale_id: str
    tender_id: str
    reason: str = ""


class SaleCompleted(Event, frozen=True, kw_only=True):
    """The sale counts. Receipt and drawer are to follow where their names are given."""

    sale_id: str
    receipt_number: int
    totals: Totals
    rounding_minor: int = 0
    change_minor: int = 0
    printer: str = ""
    receipt_job_id: str = ""
    receipt_ttl_s: int = 0
    drawer: str = ""
    kick_id: str = ""


class SaleCancelled(Event, frozen=True, kw_only=True):
    sale_id: str
    reason: str = ""


class JobSubmitted(Event, frozen=True, kw_only=True):
    job_id: str
    printer: str
    kind: JobKind
    ttl_s: int
    document: PrintDocument | None = None
    sale_id: str = ""
    copy: int = 0


class JobHeld(Event, frozen=True, kw_only=True):
    """The printer cannot print now; nothing has left the till."""

    job_id: str
    reason: str


class PrintStarted(Event, frozen=True, kw_only=True):
    """The next byte may be on paper: from here on a loss of power leaves the job unconfirmed."""

    job_id: str


class PrintEnded(Event, frozen=True, kw_only=True):
    job_id: str
    outcome: JobState
    reason: str = ""
    bytes_sent: int = 0


class JobConfirmedLate(Event, frozen=True, kw_only=True):
    """The printer confirmed a job that had ended unconfirmed: `job` as it is from now on."""

    job: Job


class DrawerOpenRequested(Event, frozen=True, kw_only=True):
    kick_id: str
    drawer: str
    reason: KickReason
    note: str = ""


class KickStarted(Event, frozen=True, kw_only=True):
    kick_id: str


class KickEnded(Event, frozen=True, kw_only=True):
    kick_id: str
    outcome: KickState
    verified: bool = False
    failure: str = ""


class ConditionBegan(Event, frozen=True, kw_only=True):
    device_id: str
    code: str
    severity: str
    evidence: str = ""


class ConditionEnded(Event, frozen=True, kw_only=True):
    device_id: str
    code: str


class DrawerOpened(Event, frozen=True, kw_only=True):
    device_id: str
    without_kick: bool = False


class DrawerClosed(Event, frozen=True, kw_only=True):
    device_id: str


class PowerStateChanged(Event, frozen=True, kw_only=True):
    """The till's power stands otherwise. `ups` is the one that counts, `why` a word of ours.

    `refuses_sales`: nothing new is begun from now on.
    """

    supply: Supply
    before: Supply
    ups: str = ""
    why: str = ""
    charge_percent: int | None = None
    runtime_s: int | None = None
    refuses_sales: bool = False


class OutageBegan(Event, frozen=True, kw_only=True):
    """A UPS said for the first time that it is on battery: recorded at once, before anything."""

    outage_id: str
    ups: str
    charge_percent: int | None = None
    runtime_s: int | None = None
    guess: OutageCause = OutageCause.UNKNOWN


class OutageEnded(Event, frozen=True, kw_only=True):
    """The mains have held for `on_mains_s`. `seconds` is what the outage lasted, `flips` how often
    the mains came back for less, `sales_kept` what was sold meanwhile."""

    outage_id: str
    seconds: int
    on_mains_s: int
    charge_min_percent: int | None = None
    sales_kept: int = 0
    flips: int = 0


class OutageAnnotated(Event, frozen=True, kw_only=True):
    """A person said what it was."""

    outage_id: str
    cause: OutageCause
    note: str = ""
    utility_ref: str = ""
    expected_back_ms: int = 0


class SelfTestBegan(Event, frozen=True, kw_only=True):
    """From here on the UPS may be testing its battery."""

    test_id: str
    ups: str
    kind: SelfTestKind


class SelfTestEnded(Event, frozen=True, kw_only=True):
    """`said` is the UPS's own word, or ours for why nothing is known."""

    test_id: str
    ups: str
    result: SelfTestResult
    said: str = ""


class BatteryReplaced(Event, frozen=True, kw_only=True):
    """A person fitted a battery. `fitted_on` is YYYY-MM-DD."""

    ups: str
    fitted_on: str
    serial: str = ""
    fitted_by: str = ""


AnyEvent = (
    JournalCreated
    | TillStarted
    | TillStopped
    | StorageFaultBegan
    | StorageFaultEnded
    | SegmentBegun
    | RowsBroughtBack
    | ClockWentBack
    | ClockCaughtUp
    | DayOpened
    | ShiftOpened
    | SaleOpened
    | LinePut
    | LineRemoved
    | DiscountApplied
    | SaleSuspended
    | SaleResumed
    | SaleInterrupted
    | TenderAdded
    | TenderResolved
    | TenderReversed
    | SaleCompleted
    | SaleCancelled
    | JobSubmitted
    | JobHeld
    | PrintStarted
    | PrintEnded
    | JobConfirmedLate
    | DrawerOpenRequested
    | KickStarted
    | KickEnded
    | ConditionBegan
    | ConditionEnded
    | DrawerOpened
    | DrawerClosed
    | PowerStateChanged
    | OutageBegan
    | OutageEnded
    | OutageAnnotated
    | SelfTestBegan
    | SelfTestEnded
    | BatteryReplaced
)


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of one journal record: what one command did, whole, and under whose name.

    `wall_ms` is the till's clock and may be wrong; order is by sequence number. `mono_ns` counts
    from the machine's start, `boot_id` names the daemon's run.
    """

    wall_ms: int
    events: tuple[AnyEvent, ...]
    boot_id: str = ""
    mono_ns: int = 0
    clock_suspect: bool = False
    business_day: str = ""
    shift_id: str = ""
    operator: str = ""
    approver: str = ""
    front_end: str = ""
    request_id: str = ""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Record)


def encode_record(record: Record) -> bytes:
    return _encoder.encode(record)


def decode_record(body: bytes) -> Record:
    """The record in a journal's body. Raises msgspec.DecodeError for what is none."""
    return _decoder.decode(body)

"""What a front end asks for, checked in form by the shell; `decide` checks it against the shop."""

from __future__ import annotations

import msgspec

from tillhald.domain.access import CredentialKind, Role
from tillhald.domain.amounts import Quantity
from tillhald.domain.books import Denomination, MovementKind
from tillhald.domain.devices import Identity
from tillhald.domain.document import PrintDocument
from tillhald.domain.jobs import Job, KickReason, ReportKind, Resolution
from tillhald.domain.recovery_items import RecoveryAction
from tillhald.domain.sale import Discount, Line, Sale, Tender, TenderState
from tillhald.domain.scan import ScanKind
from tillhald.domain.slips import SlipBook, SlipState
from tillhald.domain.supply import OutageCause, SelfTestKind


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Something asked for."""


class Checkout(Command, frozen=True, kw_only=True):
    sale_id: str
    lines: tuple[Line, ...]
    discounts: tuple[Discount, ...] = ()
    tenders: tuple[Tender, ...] = ()
    tax_included: bool | None = None
    language: str = ""


class OpenSale(Command, frozen=True, kw_only=True):
    sale_id: str
    tax_included: bool | None = None
    language: str = ""


class OnSale(Command, frozen=True, kw_only=True):
    """A command on a live sale; `expected_version` is what the front end last saw."""

    sale_id: str
    expected_version: int


class PutLine(OnSale, frozen=True, kw_only=True):
    line: Line


class RemoveLine(OnSale, frozen=True, kw_only=True):
    line_id: str


class ApplyDiscount(OnSale, frozen=True, kw_only=True):
    discount: Discount


class SuspendSale(OnSale, frozen=True, kw_only=True):
    note: str = ""


class ResumeSale(OnSale, frozen=True, kw_only=True):
    pass


class AddTender(OnSale, frozen=True, kw_only=True):
    tender: Tender


class ResolveTender(OnSale, frozen=True, kw_only=True):
    tender_id: str
    outcome: TenderState
    evidence: str = ""


class ReverseTender(OnSale, frozen=True, kw_only=True):
    tender_id: str
    reason: str = ""


class CompleteSale(OnSale, frozen=True, kw_only=True):
    pass


class CancelSale(OnSale, frozen=True, kw_only=True):
    reason: str = ""


class VoidSale(Command, frozen=True, kw_only=True):
    sale_id: str
    original_sale_id: str
    reason: str


class ReturnedLine(msgspec.Struct, frozen=True, kw_only=True):
    line_id: str
    original_line_id: str
    quantity: Quantity


class OpenReturn(Command, frozen=True, kw_only=True):
    sale_id: str
    original_sale_id: str
    lines: tuple[ReturnedLine, ...]
    reason: str


class ReprintReceipt(Command, frozen=True, kw_only=True):
    sale_id: str
    job_id: str


class SubmitJob(Command, frozen=True, kw_only=True):
    job_id: str
    printer: str
    document: PrintDocument
    ttl_s: int


class CancelJob(Command, frozen=True, kw_only=True):
    job_id: str
    reason: str = ""


class ResolveJob(Command, frozen=True, kw_only=True):
    job_id: str
    resolution: Resolution
    reason: str = ""


class OpenDrawer(Command, frozen=True, kw_only=True):
    kick_id: str
    drawer: str
    reason: KickReason
    note: str = ""


class InjectScan(Command, frozen=True, kw_only=True):
    """A code that a person typed; `text` only where it may be stored."""

    device_id: str
    kind: ScanKind
    chars: int
    text: str = ""


class ResetStatistics(Command, frozen=True, kw_only=True):
    """`names` are such as can be reset; none for all of these."""

    device_id: str
    names: tuple[str, ...] = ()


class AdoptDevice(Command, frozen=True, kw_only=True):
    """`identity` is what the device in that place says now."""

    device_id: str
    identity: Identity


class Reconfigure(Command, frozen=True, kw_only=True):
    """Devices, by name; the configuration itself was checked before."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    receipt: bool = False


class AnnotateOutage(Command, frozen=True, kw_only=True):
    outage_id: str
    cause: OutageCause
    note: str = ""
    utility_ref: str = ""
    expected_back_ms: int = 0


class RunSelfTest(Command, frozen=True, kw_only=True):
    test_id: str
    ups: str
    kind: SelfTestKind


class RecordBattery(Command, frozen=True, kw_only=True):
    ups: str
    fitted_on: str
    serial: str = ""
    fitted_by: str = ""


class ResolveItem(Command, frozen=True, kw_only=True):
    item_id: str
    action: RecoveryAction
    resolved_by: str = ""
    reason: str = ""


class OpenBackEntry(Command, frozen=True, kw_only=True):
    """`began_ms` and `ended_ms` are needed of an outage that is not on record."""

    outage_id: str
    first_no: int
    last_no: int
    opened_by: str = ""
    began_ms: int = 0
    ended_ms: int = 0


class PutSlip(Command, frozen=True, kw_only=True):
    """`paper_ms` is the time that stands on the slip, 0 for none, `paper_day` its date."""

    outage_id: str
    slip_no: int
    sale: Checkout
    paper_ms: int = 0
    paper_day: str = ""
    written_by: str = ""
    entered_by: str = ""
    approved_by: str = ""
    prints_receipt: bool = False


class MarkSlip(Command, frozen=True, kw_only=True):
    """From `slip_no` to `last_no`, 0 for that one alone."""

    outage_id: str
    slip_no: int
    state: SlipState
    last_no: int = 0
    explanation: str = ""
    marked_by: str = ""


class CloseBackEntry(Command, frozen=True, kw_only=True):
    outage_id: str
    counted_minor: int
    difference_reason: str = ""
    closed_by: str = ""


class PrintSlips(Command, frozen=True, kw_only=True):
    """`heading` is the shop's, one line each."""

    count: int
    printer: str
    heading: tuple[str, ...] = ()
    outage_id: str = ""
    printed_by: str = ""


class PrintSuspended(Command, frozen=True, kw_only=True):
    """`time_text` is the local time, as it stands on paper."""

    job_id: str
    printer: str
    time_text: str


class OpenDay(Command, frozen=True, kw_only=True):
    """`business_day` is YYYY-MM-DD; empty for today."""

    business_day: str = ""


class CloseDay(Command, frozen=True, kw_only=True):
    """`day_number` is the day that is meant: a second close never closes the next one."""

    day_number: int


class OpenShift(Command, frozen=True, kw_only=True):
    """`operator` is who takes the drawer; empty for the caller. Nothing is counted for training."""

    float_minor: int
    operator: str = ""
    training: bool = False


class OnShift(Command, frozen=True, kw_only=True):
    """A command on a shift; `expected_version` is what the front end last saw."""

    shift_id: str
    expected_version: int


class LockShift(OnShift, frozen=True, kw_only=True):
    pass


class UnlockShift(OnShift, frozen=True, kw_only=True):
    pass


class RecordMovement(OnShift, frozen=True, kw_only=True):
    movement_id: str
    kind: MovementKind
    amount_minor: int
    reason: str = ""


class EndShift(OnShift, frozen=True, kw_only=True):
    pass


class DeclareCount(OnShift, frozen=True, kw_only=True):
    counted_minor: int
    denominations: tuple[Denomination, ...] = ()


class HandOver(OnShift, frozen=True, kw_only=True):
    """`operator` is who takes over; empty for the caller."""

    operator: str = ""


class CloseShift(OnShift, frozen=True, kw_only=True):
    pass


class CorrectCount(OnShift, frozen=True, kw_only=True):
    counted_minor: int
    reason: str


class ExceptTender(OnSale, frozen=True, kw_only=True):
    tender_id: str
    reason: str


class PrintReport(Command, frozen=True, kw_only=True):
    """An X of now, or once more what record `document_seq` printed or would have."""

    job_id: str
    report: ReportKind
    document_seq: int = 0


class PutOperator(Command, frozen=True, kw_only=True):
    operator: str
    role: Role
    name: str = ""


class SetPin(Command, frozen=True, kw_only=True):
    operator: str
    pin_hash: str
    by_code: bool = False


class DisableOperator(Command, frozen=True, kw_only=True):
    operator: str
    reason: str = ""


class IssueToken(Command, frozen=True, kw_only=True):
    """Also the admission of a certificate: `kind` says which."""

    token_id: str
    front_end: str
    kind: CredentialKind
    digest: str
    role: Role | None = None


class RevokeToken(Command, frozen=True, kw_only=True):
    token_id: str
    reason: str = ""


SaleCommand = (
    Checkout
    | OpenSale
    | PutLine
    | RemoveLine
    | ApplyDiscount
    | SuspendSale
    | ResumeSale
    | AddTender
    | ResolveTender
    | ReverseTender
    | CompleteSale
    | CancelSale
    | VoidSale
    | OpenReturn
)
DeviceCommand = OpenDrawer | InjectScan | ResetStatistics | AdoptDevice | Reconfigure
JobCommand = SubmitJob | CancelJob | ResolveJob
PowerCommand = AnnotateOutage | RunSelfTest | RecordBattery
SlipCommand = OpenBackEntry | PutSlip | MarkSlip | CloseBackEntry | PrintSlips | PrintSuspended
RecoveryCommand = ResolveItem | SlipCommand
ShiftCommand = (
    OpenShift
    | LockShift
    | UnlockShift
    | RecordMovement
    | EndShift
    | DeclareCount
    | HandOver
    | CloseShift
    | CorrectCount
)
DayCommand = OpenDay | CloseDay | ExceptTender | PrintReport
BookCommand = ShiftCommand | DayCommand
AccessCommand = PutOperator | SetPin | DisableOperator | IssueToken | RevokeToken
AnyCommand = (
    SaleCommand
    | ReprintReceipt
    | JobCommand
    | DeviceCommand
    | PowerCommand
    | RecoveryCommand
    | BookCommand
    | AccessCommand
)


class PrinterReady(msgspec.Struct, frozen=True):
    """A printer that can begin a receipt at once, and its own count of cuts."""

    printer: str
    cuts: int


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """The world at the moment of a decision.

    `operator` asks, and `approver` is the second pair of eyes, where the call had one.
    `today` is the business date of the till's time zone, YYYY-MM-DD. `finished` holds the
    finished sales that the command names, by id, as the indexes have them; `job` the finished
    job that it names, `book` the closed book of slips; `id_taken` says that the id of the job or
    kick that the command brings belongs to a finished one. `ready` is the printer of receipts,
    where it stands idle and well, and could prove afterwards what became of a receipt.
    """

    at_ms: int
    today: str
    operator: str = ""
    approver: str = ""
    finished: dict[str, Sale] = {}
    id_taken: bool = False
    job: Job | None = None
    book: SlipBook | None = None
    ready: PrinterReady | None = None

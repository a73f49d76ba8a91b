"""The facts that the journal holds. These structs *are* the stored form.

Never rename a class or a field, never give a field another meaning; a new field has a default; a
fact that is no longer written stays readable. A record of each release is kept and read by a test.
"""

from __future__ import annotations

import msgspec

from tillhald.domain.access import CredentialKind, Role
from tillhald.domain.backup import BackupMade, BackupTotals
from tillhald.domain.books import DayReport, Denomination, MovementKind, ShiftReport
from tillhald.domain.claims import ClaimEnd, ClaimMode
from tillhald.domain.data import KeptData, NumbersGiven, Surplus
from tillhald.domain.devices import HealthStep, Identity
from tillhald.domain.document import PrintDocument
from tillhald.domain.drawers import OpenLevel
from tillhald.domain.jobs import (
    Job,
    JobKind,
    JobState,
    KickReason,
    KickState,
    PrintWork,
    ReportKind,
)
from tillhald.domain.predecessor import ImportDone, OldReport, PredecessorSource
from tillhald.domain.recovery_items import RecoveryAction
from tillhald.domain.sale import Discount, Line, Sale, SaleKind, Tender, TenderState, Totals
from tillhald.domain.scan import ScanKind
from tillhald.domain.scan_queue import ScanLoss
from tillhald.domain.slips import SlipMark, SlipState
from tillhald.domain.supply import Lack, OutageCause, SelfTestKind, SelfTestResult, Supply
from tillhald.domain.upgrade import Stage, StagedSlot, UpgradePlan


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
    """`implicit`: no person opened it; the first sale did, by the shop's rule.

    `float_minor` is what was counted into the drawer, `expected_float_minor` what the shift before
    had left; None where nobody knows. `handed_from` is the shift that handed over.
    """

    shift_id: str
    shift_number: int
    operator: str
    float_minor: int
    implicit: bool = False
    training: bool = False
    opened_by: str = ""
    expected_float_minor: int | None = None
    handed_from: str = ""


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
    slip: SlipMark | None = None
    original_receipt: str = ""


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
    """`original_business_day` is given where the sale was begun on another one."""

    sale_id: str
    tender_id: str
    outcome: TenderState
    evidence: str = ""
    original_business_day: str = ""


class TenderReversed(Event, frozen=True, kw_only=True):
    sale_id: str
    tender_id: str
    reason: str = ""


class SaleCompleted(Event, frozen=True, kw_only=True):
    """The sale counts. Receipt and drawer are to follow where their names are given.

    `training`: it counts nowhere, and its number is of the series of training sales.
    """

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
    training: bool = False


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
    copy_of: str = ""
    document_seq: int = 0
    report: ReportKind | None = None


class JobHeld(Event, frozen=True, kw_only=True):
    """The printer cannot print now; nothing has left the till."""

    job_id: str
    reason: str


class PrintStarted(Event, frozen=True, kw_only=True):
    """The next byte may be on paper: from here on a loss of power leaves the job in doubt.

    `cuts_before` is the printer's own count of cuts; the job, once it is whole, adds `cuts`.
    """

    job_id: str
    cuts_before: int | None = None
    cuts: int = 0


class PrintEnded(Event, frozen=True, kw_only=True):
    """`work` is what stands on the paper if all of it was printed."""

    job_id: str
    outcome: JobState
    reason: str = ""
    bytes_sent: int = 0
    work: PrintWork = PrintWork()


class JobConfirmedLate(Event, frozen=True, kw_only=True):
    """The printer confirmed a job that had ended unconfirmed: `job` as it is from now on."""

    job: Job


class JobFailedLate(Event, frozen=True, kw_only=True):
    """The printer's count shows that a job in doubt did not come to its end: `job` from now on."""

    job: Job


class JobCancelled(Event, frozen=True, kw_only=True):
    """Nothing of it had left the till."""

    job_id: str
    reason: str = ""


class JobRerouted(Event, frozen=True, kw_only=True):
    """Another printer is to print it; nothing of it had left the till. `reason`: why the first
    one could not."""

    job_id: str
    from_printer: str
    to_printer: str
    reason: str = ""


class JobResolved(Event, frozen=True, kw_only=True):
    """A person, or the shop's policy, decided about a job in doubt: `job` from now on."""

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


class DrawerSensorCalibrated(Event, frozen=True, kw_only=True):
    """A person let the till learn the drawer's switch; `by_key`: nothing was kicked for it."""

    device_id: str
    open_level: OpenLevel
    by_key: bool = False
    request_id: str = ""


class ClaimGranted(Event, frozen=True, kw_only=True):
    """Somebody has a device. The record's number is the fencing token of the lease.

    `reason`: why it was taken by force; empty where it was free, released or handed over.
    """

    device_id: str
    mode: ClaimMode
    purpose: str
    ttl_s: int
    reason: str = ""


class ClaimEnded(Event, frozen=True, kw_only=True):
    """`token` is the number of the record that granted it."""

    device_id: str
    token: int
    how: ClaimEnd


class ScanKeyed(Event, frozen=True, kw_only=True):
    """A person typed a code. `text` only of articles: what else it is may be a secret."""

    device_id: str
    kind: ScanKind
    chars: int
    text: str = ""


class ScansLost(Event, frozen=True, kw_only=True):
    """Scans that nobody took. What was in them is nowhere any more."""

    device_id: str
    loss: ScanLoss
    count: int


class DevicesCounted(Event, frozen=True, kw_only=True):
    """What devices did since the last such fact that no other fact tells, by device and name."""

    counts: dict[str, dict[str, int]]


class StatisticsReset(Event, frozen=True, kw_only=True):
    """Somebody set these to 0; `before` is where they stood."""

    device_id: str
    before: dict[str, int]


class DeviceIdentified(Event, frozen=True, kw_only=True):
    """A device said for the first time, or said more fully, what it is."""

    device_id: str
    identity: Identity


class DeviceAdopted(Event, frozen=True, kw_only=True):
    """Somebody said that the one that stands in another's place is right."""

    device_id: str
    identity: Identity
    before: Identity = Identity()


class DevicesReconfigured(Event, frozen=True, kw_only=True):
    """From now on these devices are driven, driven otherwise, or not driven any more.

    `receipt`: the table of that name was taken up, too.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    receipt: bool = False


class HealthChecked(Event, frozen=True, kw_only=True):
    """A check of a device: `result` is "passed", "failed" or "abandoned"."""

    device_id: str
    check_id: str
    level: str
    result: str
    steps: tuple[HealthStep, ...] = ()


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


class RecoveryItemResolved(Event, frozen=True, kw_only=True):
    """A person decided about something that the last start found; what it does stands beside it."""

    item_id: str
    action: RecoveryAction
    resolved_by: str = ""
    reason: str = ""


class BackEntryOpened(Event, frozen=True, kw_only=True):
    """The slips of an outage are to be entered: these numbers were handed out. `ended_ms` is 0
    where the outage was not over."""

    outage_id: str
    first_no: int
    last_no: int
    opened_by: str = ""
    began_ms: int = 0
    ended_ms: int = 0


class SlipEntered(Event, frozen=True, kw_only=True):
    """A slip is the sale that was completed beside this fact."""

    mark: SlipMark
    sale_id: str


class SlipsMarked(Event, frozen=True, kw_only=True):
    """These numbers are no sales."""

    outage_id: str
    first_no: int
    last_no: int
    state: SlipState
    explanation: str = ""
    marked_by: str = ""


class BackEntryClosed(Event, frozen=True, kw_only=True):
    """Each number is accounted for. `expected_minor` is the cash that the slips say."""

    outage_id: str
    counted_minor: int
    expected_minor: int
    difference_reason: str = ""
    closed_by: str = ""


class SlipsPrinted(Event, frozen=True, kw_only=True):
    """Blank slips with these numbers were given to the printer; no others get them."""

    first_no: int
    last_no: int
    outage_id: str = ""
    printed_by: str = ""


class DrillEnded(Event, frozen=True, kw_only=True):
    """A shutdown was rehearsed up to the cut: settling took `took_ms`, of the `needed_s` that are
    allowed for settling and halting."""

    took_ms: int
    needed_s: int
    lacks: tuple[Lack, ...] = ()


class OpeningDifferenceFound(Event, frozen=True, kw_only=True):
    """Another amount was counted into the drawer than the shift before had left there."""

    shift_id: str
    expected_minor: int
    counted_minor: int


class ShiftLocked(Event, frozen=True, kw_only=True):
    """Nothing is sold until it is unlocked."""

    shift_id: str


class ShiftUnlocked(Event, frozen=True, kw_only=True):
    shift_id: str


class CashMoved(Event, frozen=True, kw_only=True):
    """Cash went into the drawer or out of it, and it was no sale. The amount is above zero."""

    shift_id: str
    movement_id: str
    kind: MovementKind
    amount_minor: int
    operator: str = ""
    reason: str = ""


class ShiftEnded(Event, frozen=True, kw_only=True):
    """Nothing is sold in it any more; its drawer is to be counted."""

    shift_id: str


class CashCounted(Event, frozen=True, kw_only=True):
    """What somebody found in the drawer. What was expected is told when the shift is closed."""

    shift_id: str
    counted_minor: int
    denominations: tuple[Denomination, ...] = ()
    counted_by: str = ""


class ShiftClosed(Event, frozen=True, kw_only=True):
    """The shift is over for good: `report` is what it came to."""

    shift_id: str
    report: ShiftReport


class OverShortFound(Event, frozen=True, kw_only=True):
    """The drawer of a shift that is closed held another amount than the books say."""

    shift_id: str
    expected_minor: int
    counted_minor: int


class ShiftHandedOver(Event, frozen=True, kw_only=True):
    """One operator gave the drawer to another, with what was left in it and the sales put aside."""

    from_shift_id: str
    to_shift_id: str
    from_operator: str
    to_operator: str
    left_minor: int = 0
    suspended_sales: int = 0


class CountCorrected(Event, frozen=True, kw_only=True):
    """The count of a closed shift was wrong. `original_business_day` where it was another day's."""

    shift_id: str
    before_minor: int
    counted_minor: int
    reason: str
    original_business_day: str = ""


class TenderExcepted(Event, frozen=True, kw_only=True):
    """A tender whose outcome nobody knows was put on the list: its sale waits for a person, and
    keeps neither shift nor day from being closed."""

    sale_id: str
    tender_id: str
    reason: str
    business_day: str = ""


class DayClosed(Event, frozen=True, kw_only=True):
    """The business day is over and never changes: `report` is its Z."""

    report: DayReport


class ReportTaken(Event, frozen=True, kw_only=True):
    """Somebody had an X report printed. It changes nothing."""

    report: DayReport


class OperatorPut(Event, frozen=True, kw_only=True):
    """A person may work here from now on, or is called or placed otherwise."""

    operator: str
    role: Role
    name: str = ""


class PinSet(Event, frozen=True, kw_only=True):
    """`pin_hash` is argon2id's own text; `by_code`: with the one-time code of a new till."""

    operator: str
    pin_hash: str
    by_code: bool = False


class OperatorDisabled(Event, frozen=True, kw_only=True):
    """A person may not sign on any more, and is signed off everywhere."""

    operator: str
    reason: str = ""


class OperatorSignedOn(Event, frozen=True, kw_only=True):
    """`digest` is the SHA-256 of the operator's token, in hex."""

    operator: str
    front_end: str
    digest: str
    expires_ms: int


class OperatorSignedOff(Event, frozen=True, kw_only=True):
    operator: str
    front_end: str
    digest: str


class SignOnFailed(Event, frozen=True, kw_only=True):
    """A wrong PIN, the `failures`-th in a row; without an operator where nobody is called so."""

    front_end: str
    operator: str = ""
    failures: int = 0


class TokenIssued(Event, frozen=True, kw_only=True):
    """From now on a front end is known by what has this SHA-256. `role`: what it may do with
    nobody signed on."""

    token_id: str
    front_end: str
    kind: CredentialKind
    digest: str
    role: Role | None = None


class TokenRevoked(Event, frozen=True, kw_only=True):
    token_id: str
    reason: str = ""


class SetupCodeIssued(Event, frozen=True, kw_only=True):
    """A one-time code that gives this owner a PIN lies in a file beside the journal."""

    operator: str
    digest: str


class BackupDone(Event, frozen=True, kw_only=True):
    """A backup was written to `target`, read back and found whole."""

    made: BackupMade
    target: str
    took_ms: int = 0
    request_id: str = ""


class BackupFailed(Event, frozen=True, kw_only=True):
    """A backup was not made. Recorded when the reason is another one than at the last try, or when
    somebody asked for it."""

    reason: str
    message: str
    target: str = ""
    request_id: str = ""


class RestoreDrillDone(Event, frozen=True, kw_only=True):
    """A set of backups was restored into a scratch folder, and compared. `backup_id` is the last
    of the `files`; `finding` says what was wrong."""

    backup_id: str
    last_seq: int
    passed: bool
    files: int = 1
    took_ms: int = 0
    finding: str = ""


class BackupsRemoved(Event, frozen=True, kw_only=True):
    """Old backups were removed from the target by the shop's rule."""

    file_names: tuple[str, ...]


class DataRestored(Event, frozen=True, kw_only=True):
    """What comes before it was restored from a backup; the till goes on from here.

    The backup ended with record `backup_seq`. `replaced_…` is the history that was here before:
    its chain, last record and hash, in hexadecimal; `lost` is what it had beyond the backup.
    `incarnation` is from here on another one than before, unless nothing can have been sold
    beside this history. Numbers go on behind `numbers`, so that none is given twice.
    `went_live_ms`: when what was here went live, 0 if it had not. `safety` says where what was
    here was copied to.
    """

    work_id: str
    request_id: str
    backup_id: str
    backup_seq: int
    backup_hash: str
    from_incarnation: int
    incarnation: int
    replaced_chain_id: str = ""
    replaced_seq: int = 0
    replaced_hash: str = ""
    lost: Surplus = Surplus()
    numbers: NumbersGiven = NumbersGiven()
    went_live_ms: int = 0
    safety: str = ""


class DataCleaned(Event, frozen=True, kw_only=True):
    """A new history begins: the business data of the one before, which ended with record
    `before_seq` of `before_chain_id`, was cleared before the till went live."""

    work_id: str
    request_id: str
    before_chain_id: str
    before_seq: int
    before_hash: str
    before: BackupTotals = BackupTotals()
    kept: KeptData = KeptData()
    safety: str = ""


class WentLive(Event, frozen=True, kw_only=True):
    """From here on, what the journal holds is business: it is never cleaned again."""


class PredecessorImportBegan(Event, frozen=True, kw_only=True):
    """What the till before this one had is being taken over. None of it counts before
    PredecessorImported says so."""

    import_id: str
    source: PredecessorSource
    request_id: str = ""


class PredecessorSalesPut(Event, frozen=True, kw_only=True):
    """Completed sales of the predecessor, each with its mark."""

    import_id: str
    sales: tuple[Sale, ...]


class PredecessorReportsPut(Event, frozen=True, kw_only=True):
    """Shifts and days of the predecessor; the first of them is the one at place `first`."""

    import_id: str
    first: int
    reports: tuple[OldReport, ...]


class PredecessorImported(Event, frozen=True, kw_only=True):
    """The import counts, whole, from here on. `suspended` wait to be resumed."""

    done: ImportDone
    suspended: tuple[Sale, ...] = ()


class UpgradeStaged(Event, frozen=True, kw_only=True):
    """A bundle was checked and built into a slot. Nothing runs it yet."""

    staged: StagedSlot


class UpgradeArmed(Event, frozen=True, kw_only=True):
    """Somebody asked for an upgrade, or for the version before."""

    plan: UpgradePlan


class UpgradeBegun(Event, frozen=True, kw_only=True):
    """Selling stopped, at these totals: what runs afterwards must come to the same."""

    upgrade_id: str
    totals: BackupTotals


class UpgradeInterrupted(Event, frozen=True, kw_only=True):
    """The till was cut off after selling had stopped and before the switch. The old version is up
    again, over data that nobody touched; the upgrade begins anew."""

    upgrade_id: str


class UpgradeAborted(Event, frozen=True, kw_only=True):
    """It ended before the switch: `request_id` is set where somebody cancelled it, `reason` is the
    refusal's otherwise."""

    upgrade_id: str
    stage: Stage
    reason: str = ""
    why: str = ""
    request_id: str = ""


class SwitchCommitted(Event, frozen=True, kw_only=True):
    """A new pair of program and data proved itself, and stays. `version` is the program's."""

    work_id: str
    kind: str = ""
    request_id: str = ""
    from_slot: str = ""
    from_generation: str = ""
    to_slot: str = ""
    to_generation: str = ""
    version: str = ""


class SwitchTakenBack(Event, frozen=True, kw_only=True):
    """A new pair did not prove itself; the one before it, which this journal is of, came back.

    Nothing was sold in between. `version` is that of the program that did not stay.
    """

    work_id: str
    kind: str = ""
    request_id: str = ""
    from_slot: str = ""
    from_generation: str = ""
    to_slot: str = ""
    to_generation: str = ""
    version: str = ""
    why: str = ""


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
    | JobFailedLate
    | JobCancelled
    | JobRerouted
    | JobResolved
    | DrawerOpenRequested
    | KickStarted
    | KickEnded
    | ConditionBegan
    | ConditionEnded
    | DrawerOpened
    | DrawerClosed
    | DrawerSensorCalibrated
    | ClaimGranted
    | ClaimEnded
    | ScanKeyed
    | ScansLost
    | DevicesCounted
    | StatisticsReset
    | DeviceIdentified
    | DeviceAdopted
    | DevicesReconfigured
    | HealthChecked
    | PowerStateChanged
    | OutageBegan
    | OutageEnded
    | OutageAnnotated
    | SelfTestBegan
    | SelfTestEnded
    | BatteryReplaced
    | RecoveryItemResolved
    | BackEntryOpened
    | SlipEntered
    | SlipsMarked
    | BackEntryClosed
    | SlipsPrinted
    | DrillEnded
    | OpeningDifferenceFound
    | ShiftLocked
    | ShiftUnlocked
    | CashMoved
    | ShiftEnded
    | CashCounted
    | ShiftClosed
    | OverShortFound
    | ShiftHandedOver
    | CountCorrected
    | TenderExcepted
    | DayClosed
    | ReportTaken
    | OperatorPut
    | PinSet
    | OperatorDisabled
    | OperatorSignedOn
    | OperatorSignedOff
    | SignOnFailed
    | TokenIssued
    | TokenRevoked
    | SetupCodeIssued
    | BackupDone
    | BackupFailed
    | RestoreDrillDone
    | BackupsRemoved
    | DataRestored
    | DataCleaned
    | WentLive
    | PredecessorImportBegan
    | PredecessorSalesPut
    | PredecessorReportsPut
    | PredecessorImported
    | UpgradeStaged
    | UpgradeArmed
    | UpgradeBegun
    | UpgradeInterrupted
    | UpgradeAborted
    | SwitchCommitted
    | SwitchTakenBack
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

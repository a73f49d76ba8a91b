"""One record for each kind of fact, once with every field filled and once with as few as can be.

    PYTHONPATH=. python -m tests.contract.records > tests/contract/golden/records_X_Y_Z.json

writes the golden file of a release. A released file is never written again: tills hold journals
that were written by that release, and this is what proves that they can still be read.
"""

from __future__ import annotations

import json
import sys
import typing

import msgspec

from tests.contract import (
    backup_records,
    data_records,
    import_records,
    switch_records,
    upgrade_records,
)
from tests.contract.book_records import BOOKS_BARE, BOOKS_WHOLE
from tillhald.domain import document as doc
from tillhald.domain import events as ev
from tillhald.domain.access import CredentialKind, Role
from tillhald.domain.amounts import Quantity
from tillhald.domain.claims import ClaimEnd, ClaimMode
from tillhald.domain.devices import HealthStep, Identity
from tillhald.domain.drawers import OpenLevel
from tillhald.domain.jobs import (
    Job,
    JobKind,
    JobState,
    KickReason,
    KickState,
    PrintWork,
    ReportKind,
    Resolution,
)
from tillhald.domain.recovery_items import RecoveryAction
from tillhald.domain.sale import (
    Discount,
    EntryMethod,
    Line,
    SaleKind,
    TaxTotal,
    Tender,
    TenderState,
    TenderType,
    Totals,
)
from tillhald.domain.scan import ScanKind
from tillhald.domain.scan_queue import ScanLoss
from tillhald.domain.slips import SlipMark, SlipState
from tillhald.domain.supply import Lack, OutageCause, SelfTestKind, SelfTestResult, Supply

Plain = dict[str, "Plain"] | list["Plain"] | str | int | bool | None

LINE = Line(
    line_id="line-1",
    description="Käse 奶酪",
    unit_price_minor=1999,
    extended_minor=-2499,
    quantity=Quantity(-1250, 3),
    sku="4006381333931",
    unit="kg",
    tax_code="B",
    tax_percent=Quantity(75, 1),
    entry_method=EntryMethod.WEIGHED,
    original_line_id="line-0",
    tax_minor=-174,
)
BARE_LINE = Line(line_id="l", description="d", unit_price_minor=0, extended_minor=0)
DISCOUNT = Discount(
    discount_id="discount-1",
    line_id="line-1",
    amount_minor=31,
    percent=Quantity(125, 1),
    reason="dented",
)
TENDER = Tender(
    tender_id="tender-1",
    type=TenderType.WALLET_QR,
    amount_minor=-1291,
    external_ref="ref-9",
    state=TenderState.PENDING,
    excepted=True,
)
BARE_JOB = Job(
    job_id="j",
    printer="p",
    kind=JobKind.RECEIPT,
    state=JobState.CONFIRMED,
    created_ms=0,
    updated_ms=0,
    submit_seq=1,
    seq=1,
    ttl_s=0,
)
WORK = PrintWork(lines=31, characters=420, feeds=4, barcodes=2, cuts=1)
IDENTITY = Identity(maker="EPSON", model="TM-T88V", serial="J6ZX012345")
BARE_TENDER = Tender(tender_id="t", type=TenderType.CASH, amount_minor=1)
TOTALS = Totals(
    payable_minor=9_007_199_254_740_993,  # more than a float holds
    discount_minor=31,
    tax_minor=174,
    taxes=(TaxTotal("B", Quantity(75, 1), 2325, 174),),
    line_discounts=(31, 0),
    line_taxes=(174, 0),
    discount_amounts=(31,),
)
BARE_TOTALS = Totals(
    payable_minor=0,
    discount_minor=0,
    tax_minor=0,
    taxes=(),
    line_discounts=(),
    line_taxes=(),
    discount_amounts=(),
)
MARK = SlipMark(
    outage_id="outage/3",
    slip_no=17,
    paper_ms=1_750_000_000_000,
    paper_day="2025-06-15",
    written_by="ann",
    entered_by="bo",
    approved_by="cy",
)
STYLE = doc.Style(bold=True, underline=True, inverse=True, width=2, height=3)
DOCUMENT = doc.PrintDocument(
    parts=(
        doc.Text(runs=(doc.Run(text="小票", style=STYLE),), align=doc.Align.RIGHT),
        doc.Columns(left="left", right="right", style=STYLE),
        doc.Rule(char="="),
        doc.Barcode(
            kind=doc.BarcodeKind.EAN13,
            value="4006381333931",
            height_dots=60,
            module_dots=3,
            text_below=False,
        ),
        doc.QrCode(value="https://example.org", module_dots=6, level="H"),
        doc.Pdf417(value="pdf", module_dots=3),
        doc.Image(content=b"\x89PNG\x00\xff", align=doc.Align.LEFT),
        doc.Feed(lines=4),
        doc.Cut(partial=False),
    )
)
BARE_DOCUMENT = doc.PrintDocument(
    parts=(
        doc.Text(runs=(doc.Run(text=""),)),
        doc.Columns(left="", right=""),
        doc.Rule(),
        doc.Barcode(kind=doc.BarcodeKind.CODE128, value="1"),
        doc.QrCode(value="1"),
        doc.Pdf417(value="1"),
        doc.Image(content=b""),
        doc.Feed(),
        doc.Cut(),
    )
)

WHOLE: tuple[ev.AnyEvent, ...] = (
    ev.JournalCreated(store_id="store-1", workstation_id="till-1", currency="EUR"),
    ev.TillStarted(version="0.1.0", clean_shutdown=True),
    ev.TillStopped(),
    ev.StorageFaultBegan(fault="write_failed", message="mdb_txn_commit: Input/output error"),
    ev.StorageFaultEnded(),
    ev.SegmentBegun(
        segment=2,
        fault="damaged",
        gone=((17, 19), (40, 40)),
        answers=("2f1c5a5e-7f0b-4c36-9c2e-0d5b5c0a7e11",),
    ),
    ev.RowsBroughtBack(segment=1, rows=200, is_last=True),
    ev.ClockWentBack(before_ms=1_750_000_000_000, after_ms=-1),
    ev.ClockCaughtUp(),
    ev.DayOpened(business_day="2025-06-15", day_number=12),
    ev.ShiftOpened(
        shift_id="shift-7",
        shift_number=7,
        operator="ann",
        float_minor=10_000,
        implicit=True,
        training=True,
        opened_by="bo",
        expected_float_minor=9_950,
        handed_from="shift-6",
    ),
    ev.SaleOpened(
        sale_id="sale-1",
        language="zh-CN",
        tax_included=False,
        operator="ann",
        kind=SaleKind.RETURN,
        lines=(LINE, BARE_LINE),
        discounts=(DISCOUNT,),
        original_sale_id="sale-0",
        original_receipt_number=41,
        reason="does not fit",
        slip=MARK,
        original_receipt="R-41",
    ),
    ev.LinePut(sale_id="sale-1", line=LINE),
    ev.LineRemoved(sale_id="sale-1", line_id="line-1"),
    ev.DiscountApplied(sale_id="sale-1", discount=DISCOUNT),
    ev.SaleSuspended(sale_id="sale-1", note="lady in red"),
    ev.SaleResumed(sale_id="sale-1"),
    ev.SaleInterrupted(sale_id="sale-1", version=9),
    ev.TenderAdded(sale_id="sale-1", tender=TENDER),
    ev.TenderResolved(
        sale_id="sale-1",
        tender_id="tender-1",
        outcome=TenderState.WRITTEN_OFF,
        evidence="terminal's log",
        original_business_day="2025-06-14",
    ),
    ev.TenderReversed(sale_id="sale-1", tender_id="tender-1", reason="other card"),
    ev.SaleCompleted(
        sale_id="sale-1",
        receipt_number=42,
        totals=TOTALS,
        rounding_minor=-2,
        change_minor=270,
        printer="front",
        receipt_job_id="receipt/42",
        receipt_ttl_s=900,
        drawer="drawer",
        kick_id="kick/42",
        training=True,
    ),
    ev.SaleCancelled(sale_id="sale-1", reason="walked away"),
    ev.JobSubmitted(
        job_id="job-1",
        printer="front",
        kind=JobKind.DOCUMENT,
        ttl_s=60,
        document=DOCUMENT,
        sale_id="sale-1",
        copy=3,
        copy_of="job-0",
        document_seq=17,
        report=ReportKind.HANDOVER,
    ),
    ev.JobHeld(job_id="job-1", reason="PAPER_OUT"),
    ev.PrintStarted(job_id="job-1", cuts_before=4711, cuts=2),
    ev.PrintEnded(
        job_id="job-1",
        outcome=JobState.FAILED_PARTIAL,
        reason="OFFLINE",
        bytes_sent=512,
        work=WORK,
    ),
    ev.JobConfirmedLate(
        job=Job(
            job_id="job-1",
            printer="front",
            kind=JobKind.RECEIPT_COPY,
            state=JobState.CONFIRMED,
            created_ms=1,
            updated_ms=2,
            submit_seq=3,
            seq=4,
            ttl_s=900,
            sale_id="sale-1",
            copy=1,
            reason="PROCESS_ID",
            bytes_sent=7,
            work=WORK,
            document_seq=17,
            cuts_before=4711,
            cuts=2,
            rerouted_from="back",
            copy_of="job-0",
            resolution=Resolution.COPY,
            resolved_by="ann",
            resolved_by_policy=True,
            resolve_reason="the customer has none",
            copy_job_id="copy/9",
            report=ReportKind.Z,
        )
    ),
    ev.JobFailedLate(job=BARE_JOB),
    ev.JobCancelled(job_id="job-1", reason="the customer wants none"),
    ev.JobRerouted(job_id="job-1", from_printer="front", to_printer="back", reason="PAPER_OUT"),
    ev.JobResolved(job=BARE_JOB),
    ev.DrawerOpenRequested(
        kick_id="kick-1", drawer="drawer", reason=KickReason.PAID_IN_OUT, note="window cleaner"
    ),
    ev.KickStarted(kick_id="kick-1"),
    ev.KickEnded(kick_id="kick-1", outcome=KickState.UNKNOWN, verified=True, failure="DEADLINE"),
    ev.ConditionBegan(device_id="front", code="PAPER_OUT", severity="fault", evidence="ASB 0x0c"),
    ev.ConditionEnded(device_id="front", code="PAPER_OUT"),
    ev.DrawerOpened(device_id="drawer", without_kick=True),
    ev.DrawerClosed(device_id="drawer"),
    ev.DrawerSensorCalibrated(
        device_id="drawer", open_level=OpenLevel.LOW, by_key=True, request_id="request-1"
    ),
    ev.ClaimGranted(
        device_id="scanner",
        mode=ClaimMode.EXCLUSIVE,
        purpose="the counter",
        ttl_s=15,
        reason="it hangs",
    ),
    ev.ClaimEnded(device_id="scanner", token=42, how=ClaimEnd.HANDED_OVER),
    ev.ScanKeyed(device_id="scanner", kind=ScanKind.GTIN, chars=13, text="4006381333931"),
    ev.ScansLost(device_id="scanner", loss=ScanLoss.NO_CONSUMER, count=3),
    ev.DevicesCounted(counts={"front": {"ReplugCount": 1, "PoweredSeconds": 600}}),
    ev.StatisticsReset(device_id="front", before={"PaperCutCount": 1_000_001}),
    ev.DeviceIdentified(device_id="front", identity=IDENTITY),
    ev.DeviceAdopted(device_id="front", identity=IDENTITY, before=Identity(model="TM-T20II")),
    ev.DevicesReconfigured(
        added=("kitchen",), changed=("front",), removed=("back", "drawer"), receipt=True
    ),
    ev.HealthChecked(
        device_id="front",
        check_id="4a5b",
        level="interactive",
        result="failed",
        steps=(HealthStep(name="reachable", result="failed", evidence="absent"),),
    ),
    ev.PowerStateChanged(
        supply=Supply.LOW_BATTERY,
        before=Supply.ON_BATTERY,
        ups="till_ups",
        why="LB_AND_WITNESS",
        charge_percent=19,
        runtime_s=170,
        refuses_sales=True,
    ),
    ev.OutageBegan(
        outage_id="outage/3",
        ups="till_ups",
        charge_percent=99,
        runtime_s=1740,
        guess=OutageCause.VOLTAGE,
    ),
    ev.OutageEnded(
        outage_id="outage/3",
        seconds=754,
        on_mains_s=60,
        charge_min_percent=31,
        sales_kept=12,
        flips=2,
    ),
    ev.OutageAnnotated(
        outage_id="outage/3",
        cause=OutageCause.CUT_CABLE,
        note="digger in Market Street",
        utility_ref="T-4711",
        expected_back_ms=1_750_000_600_000,
    ),
    ev.SelfTestBegan(test_id="test-1", ups="till_ups", kind=SelfTestKind.DEEP),
    ev.SelfTestEnded(
        test_id="test-1", ups="till_ups", result=SelfTestResult.PASSED, said="Done and passed"
    ),
    ev.BatteryReplaced(ups="till_ups", fitted_on="2025-06-15", serial="B-0815", fitted_by="ann"),
    ev.RecoveryItemResolved(
        item_id="job/receipt/7", action=RecoveryAction.REPRINT, resolved_by="ann", reason="no paper"
    ),
    ev.BackEntryOpened(
        outage_id="outage/3",
        first_no=1,
        last_no=20,
        opened_by="ann",
        began_ms=1_750_000_000_000,
        ended_ms=1_750_000_600_000,
    ),
    ev.SlipEntered(mark=MARK, sale_id="sale-1"),
    ev.SlipsMarked(
        outage_id="outage/3",
        first_no=5,
        last_no=7,
        state=SlipState.MISSING,
        explanation="blew away",
        marked_by="ann",
    ),
    ev.BackEntryClosed(
        outage_id="outage/3",
        counted_minor=1_999,
        expected_minor=2_000,
        difference_reason="a cent in the gutter",
        closed_by="ann",
    ),
    ev.SlipsPrinted(first_no=21, last_no=40, outage_id="outage/3", printed_by="ann"),
    ev.DrillEnded(
        took_ms=1_250,
        needed_s=120,
        lacks=(Lack(code="HOOK_MISSING"), Lack(code="TEST_MISSING", ups="till_ups")),
    ),
    *BOOKS_WHOLE,
    ev.OperatorPut(operator="ann", role=Role.CASHIER, name="Ann 安"),
    ev.PinSet(
        operator="ann", pin_hash="$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$aGFzaA", by_code=True
    ),
    ev.OperatorDisabled(operator="ann", reason="moved to another shop"),
    ev.OperatorSignedOn(operator="ann", front_end="kiosk", digest="00", expires_ms=1_750_000_600),
    ev.OperatorSignedOff(operator="ann", front_end="kiosk", digest="00"),
    ev.SignOnFailed(front_end="kiosk", operator="ann", failures=3),
    ev.TokenIssued(
        token_id="t-1", front_end="k", kind=CredentialKind.TOKEN, digest="0a", role=Role.CASHIER
    ),
    ev.TokenRevoked(token_id="t-1", reason="stolen"),
    ev.SetupCodeIssued(operator="owner", digest="02"),
    *backup_records.WHOLE,
    *data_records.WHOLE,
    *import_records.WHOLE,
    *upgrade_records.WHOLE,
    *switch_records.WHOLE,
)

BARE: tuple[ev.AnyEvent, ...] = (
    ev.SegmentBegun(segment=2, fault=""),
    ev.RowsBroughtBack(segment=1, rows=0),
    ev.ShiftOpened(shift_id="s", shift_number=1, operator="o", float_minor=0),
    ev.SaleOpened(sale_id="s", language="en", tax_included=True, operator="o"),
    ev.LinePut(sale_id="s", line=BARE_LINE),
    ev.DiscountApplied(sale_id="s", discount=Discount(discount_id="d")),
    ev.SaleSuspended(sale_id="s"),
    ev.TenderAdded(sale_id="s", tender=BARE_TENDER),
    ev.TenderResolved(sale_id="s", tender_id="t", outcome=TenderState.APPROVED),
    ev.TenderReversed(sale_id="s", tender_id="t"),
    ev.SaleCompleted(sale_id="s", receipt_number=1, totals=BARE_TOTALS),
    ev.SaleCancelled(sale_id="s"),
    ev.JobSubmitted(job_id="j", printer="p", kind=JobKind.RECEIPT, ttl_s=0),
    ev.JobSubmitted(
        job_id="j", printer="p", kind=JobKind.DOCUMENT, ttl_s=0, document=BARE_DOCUMENT
    ),
    ev.PrintStarted(job_id="j"),
    ev.JobCancelled(job_id="j"),
    ev.JobRerouted(job_id="j", from_printer="p", to_printer="q"),
    ev.PrintEnded(job_id="j", outcome=JobState.CONFIRMED),
    ev.JobConfirmedLate(job=BARE_JOB),
    ev.DrawerOpenRequested(kick_id="k", drawer="d", reason=KickReason.SALE),
    ev.KickEnded(kick_id="k", outcome=KickState.FIRED),
    ev.ClaimGranted(device_id="s", mode=ClaimMode.OBSERVE, purpose="p", ttl_s=1),
    ev.ScanKeyed(device_id="s", kind=ScanKind.PAYMENT, chars=18),
    ev.ConditionBegan(device_id="d", code="C", severity="s"),
    ev.DrawerOpened(device_id="d"),
    ev.DrawerSensorCalibrated(device_id="d", open_level=OpenLevel.NONE),
    ev.DeviceAdopted(device_id="d", identity=Identity()),
    ev.DevicesReconfigured(),
    ev.HealthChecked(device_id="d", check_id="c", level="internal", result="passed"),
    ev.HealthChecked(
        device_id="d",
        check_id="c",
        level="internal",
        result="passed",
        steps=(HealthStep(name="n", result="passed"),),
    ),
    ev.PowerStateChanged(supply=Supply.UNPROTECTED, before=Supply.INIT),
    ev.OutageBegan(outage_id="o", ups="u"),
    ev.OutageEnded(outage_id="o", seconds=0, on_mains_s=0),
    ev.OutageAnnotated(outage_id="o", cause=OutageCause.UNKNOWN),
    ev.SelfTestEnded(test_id="t", ups="u", result=SelfTestResult.UNKNOWN),
    ev.BatteryReplaced(ups="u", fitted_on="2025-06-15"),
    ev.DrillEnded(took_ms=0, needed_s=1),
    *BOOKS_BARE,
    ev.SignOnFailed(front_end="f"),
    ev.TokenIssued(token_id="t", front_end="f", kind=CredentialKind.CERTIFICATE, digest="d"),
    *backup_records.BARE,
    *data_records.BARE,
    *import_records.BARE,
    *upgrade_records.BARE,
    *switch_records.BARE,
)
EVENT_CLASSES: tuple[type[ev.AnyEvent], ...] = typing.get_args(ev.AnyEvent)


def whole_record(event: ev.AnyEvent) -> ev.Record:
    """The event in a record that says all that a record can."""
    return ev.Record(
        wall_ms=1_750_000_000_000,
        events=(event,),
        boot_id="boot-1",
        mono_ns=2**62,
        clock_suspect=True,
        business_day="2025-06-15",
        shift_id="shift-7",
        operator="ann",
        approver="bo",
        front_end="kiosk",
        request_id="00000000-0000-4000-8000-000000000001",
    )


def bare_record(event: ev.AnyEvent) -> ev.Record:
    return ev.Record(wall_ms=0, events=(event,))


def examples() -> list[ev.Record]:
    """Every kind of fact, whole and bare."""
    return [*map(whole_record, WHOLE), *map(bare_record, BARE)]


def plain(value: object) -> Plain:
    """All of a value as JSON: with the fields that stand at their defaults, and what it is."""
    if isinstance(value, msgspec.Struct):
        fields: dict[str, Plain] = {"": type(value).__name__}
        for name in value.__struct_fields__:
            fields[name] = plain(getattr(value, name))
        return fields
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str):
        return str.__str__(value)
    if value is None or isinstance(value, int):
        return value
    raise TypeError(type(value).__name__)


def golden() -> list[dict[str, Plain]]:
    """What a golden file holds: stored bytes in hex, and what they mean."""
    return [
        {"stored": ev.encode_record(record).hex(), "means": plain(record)} for record in examples()
    ]


if __name__ == "__main__":
    json.dump(golden(), sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")

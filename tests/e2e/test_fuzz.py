"""Requests as a broken front end or cable makes them: nothing but refusals, and sales that count."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import grpc
import pytest

from tests.support.answers import (
    assert_journal_sound,
    journal_records,
    refusal_of,
    take_until,
)
from tests.support.sales import CARD, card_sale, cash_sale, dec, eur, line, name, new_id, tender
from tillhal.v1 import (
    access_pb2,
    backup_pb2,
    device_pb2,
    drawer_pb2,
    journal_pb2,
    power_pb2,
    predecessor_pb2,
    printer_pb2,
    recovery_pb2,
    scanner_pb2,
    shift_pb2,
    system_pb2,
    upgrade_pb2,
)
from tillhal.v1 import checkout_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from tests.support.till import Calls, Till

SEED = 20_261_122
MUTATIONS = int(os.environ.get("TILLHAL_FUZZ", "100"))
"""Of each request."""
IN_FLIGHT = 32
REFUSALS = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAUTHENTICATED,
}
OPEN_SALE, SOLD = "fuzz-open", "fuzz-sold"


def words() -> printer_pb2.PrintDocument:
    """A document with one of everything but a picture."""
    part = printer_pb2.Part
    style = printer_pb2.Style(bold=True, width=2, height=2)
    runs = [printer_pb2.Run(text="Soup 汤", style=style), printer_pb2.Run(text=" of the day")]
    return printer_pb2.PrintDocument(
        parts=[
            part(text=printer_pb2.TextPart(runs=runs, align=printer_pb2.ALIGN_CENTER)),
            part(columns=printer_pb2.ColumnsPart(left="Soup", right="3.50", style=style)),
            part(rule=printer_pb2.RulePart(char="=")),
            part(
                barcode=printer_pb2.BarcodePart(
                    kind=printer_pb2.BARCODE_KIND_EAN13, value="4006381333931", height_dots=60
                )
            ),
            part(qr=printer_pb2.QrPart(value="https://example.org", module_dots=4, level="Q")),
            part(pdf417=printer_pb2.Pdf417Part(value="seven", module_dots=3)),
            part(feed=printer_pb2.FeedPart(lines=2)),
            part(cut=printer_pb2.CutPart(full=True)),
        ]
    )


def requests() -> dict[str, Callable[[], Message]]:
    """A valid request for every unary call, made anew each time."""

    def head(version: int = 2, sale_id: str = OPEN_SALE) -> dict[str, str | int]:
        return {"request_id": new_id(), "sale_id": sale_id, "expected_version": version}

    def whole() -> pb.CheckoutRequest:
        request = cash_sale(given=5000)
        request.lines.append(line("l2", 1299, dec(1250, 3), description="苹果", percent=7))
        request.lines[1].sku, request.lines[1].unit = "4006381333931", "kg"
        request.discounts.add(discount_id="d1", line_id="l1", percent=dec(125, 1), reason="Old")
        request.tenders.append(tender(1, CARD, "t2"))
        request.tenders[1].external_ref = "AUTH 0815"
        request.tax_mode, request.language = pb.TAX_MODE_ADDED, "zh-CN"
        return request

    off = pb.DiscountInput(discount_id="d1", amount=eur(10), reason="Regular")
    back = pb.ReturnedLine(line_id="r1", original_line_id="l1", quantity=dec(1))
    original = {"original_sale_id": SOLD, "reason": "does not fit"}
    return {
        "CheckoutService/Checkout": whole,
        "CheckoutService/OpenSale": lambda: pb.OpenSaleRequest(
            request_id=new_id(), sale_id=name(), language="en"
        ),
        "CheckoutService/PutLine": lambda: pb.PutLineRequest(**head(), line=line("l2")),
        "CheckoutService/RemoveLine": lambda: pb.RemoveLineRequest(**head(), line_id="l2"),
        "CheckoutService/ApplyDiscount": lambda: pb.ApplyDiscountRequest(**head(), discount=off),
        "CheckoutService/SuspendSale": lambda: pb.SuspendSaleRequest(**head(), note="later"),
        "CheckoutService/ResumeSale": lambda: pb.ResumeSaleRequest(**head()),
        "CheckoutService/AddTender": lambda: pb.AddTenderRequest(
            **head(), tender=tender(10, CARD), pending=True
        ),
        "CheckoutService/ResolveTender": lambda: pb.ResolveTenderRequest(
            **head(), tender_id="t1", outcome=pb.TENDER_STATE_APPROVED, evidence="AUTH 0815"
        ),
        "CheckoutService/ReverseTender": lambda: pb.ReverseTenderRequest(
            **head(), tender_id="t1", reason="other card"
        ),
        "CheckoutService/CompleteSale": lambda: pb.CompleteSaleRequest(**head()),
        "CheckoutService/CancelSale": lambda: pb.CancelSaleRequest(**head(9), reason="gone"),
        "CheckoutService/VoidSale": lambda: pb.VoidSaleRequest(
            request_id=new_id(), sale_id=name(), **original
        ),
        "CheckoutService/OpenReturn": lambda: pb.OpenReturnRequest(
            request_id=new_id(), sale_id=name(), lines=[back], **original
        ),
        "CheckoutService/GetSale": lambda: pb.GetSaleRequest(receipt_number=1),
        "CheckoutService/ListSales": lambda: pb.ListSalesRequest(
            page_size=3,
            page_token="000000000000000961",
            business_day="2026-01-05",
            states=[pb.SALE_STATE_CANCELLED],
        ),
        "CheckoutService/ListSuspended": pb.ListSuspendedRequest,
        "CheckoutService/ReprintReceipt": lambda: pb.ReprintReceiptRequest(
            request_id=new_id(), sale_id=SOLD, job_id=name()
        ),
        "PrinterService/PrintTestPage": lambda: printer_pb2.PrintTestPageRequest(
            request_id=new_id(), job_id=name(), printer="front_printer"
        ),
        "PrinterService/CancelJob": lambda: printer_pb2.CancelJobRequest(
            request_id=new_id(), job_id="receipt/1", reason="nobody waits"
        ),
        "PrinterService/ResolveJob": lambda: printer_pb2.ResolveJobRequest(
            request_id=new_id(), job_id="receipt/1", resolution=1
        ),
        "BackupService/ListBackups": backup_pb2.ListBackupsRequest,
        "BackupService/GetDataStatus": backup_pb2.GetDataStatusRequest,
        "BackupService/PlanClean": backup_pb2.PlanCleanRequest,
        "BackupService/GoLive": lambda: backup_pb2.GoLiveRequest(request_id=new_id()),
        "PredecessorService/ListImports": predecessor_pb2.ListImportsRequest,
        "PredecessorService/FindImportedSales": lambda: predecessor_pb2.FindImportedSalesRequest(
            receipt="R-1"
        ),
        "PredecessorService/ListImportedReports": lambda: (
            predecessor_pb2.ListImportedReportsRequest(import_id="i1")
        ),
        "UpgradeService/GetVersions": upgrade_pb2.GetVersionsRequest,
        "UpgradeService/ListBundles": upgrade_pb2.ListBundlesRequest,
        "UpgradeService/PreflightUpgrade": lambda: upgrade_pb2.PreflightUpgradeRequest(
            slot="0.2.0-01234567", when=upgrade_pb2.UPGRADE_WHEN_NOW
        ),
        "UpgradeService/StartUpgrade": lambda: upgrade_pb2.StartUpgradeRequest(
            request_id=new_id(),
            when=upgrade_pb2.UPGRADE_WHEN_NOW,
            overrides=[upgrade_pb2.CheckOverride(code="quiet_hours", reason="shut today")],
        ),
        "UpgradeService/GetUpgrade": upgrade_pb2.GetUpgradeRequest,
        "UpgradeService/CancelUpgrade": lambda: upgrade_pb2.CancelUpgradeRequest(
            request_id=new_id()
        ),
        "UpgradeService/RollBack": lambda: upgrade_pb2.RollBackRequest(
            request_id=new_id(), reason="the printer does not print"
        ),
        "PowerService/GetPower": power_pb2.GetPowerRequest,
        "PowerService/RunSelfTest": lambda: power_pb2.RunSelfTestRequest(
            request_id=new_id(), test_id=name(), ups="ups", kind=power_pb2.SELF_TEST_KIND_QUICK
        ),
        "PowerService/ListSelfTests": power_pb2.ListSelfTestsRequest,
        "PowerService/ListDrills": power_pb2.ListDrillsRequest,
        "PowerService/ListOutages": power_pb2.ListOutagesRequest,
        "PowerService/GetOutage": lambda: power_pb2.GetOutageRequest(outage_id="outage/1"),
        "PowerService/AnnotateOutage": lambda: power_pb2.AnnotateOutageRequest(
            request_id=new_id(), outage_id="outage/1", cause=power_pb2.OUTAGE_CAUSE_GRID
        ),
        "PowerService/RecordBatteryReplaced": lambda: power_pb2.RecordBatteryReplacedRequest(
            request_id=new_id(), ups="ups", fitted_on="2026-01-31", serial="B1", fitted_by="ann"
        ),
        "PowerService/Preflight": power_pb2.PreflightRequest,
        "RecoveryService/GetReport": recovery_pb2.GetReportRequest,
        "RecoveryService/ResolveItem": lambda: recovery_pb2.ResolveItemRequest(
            request_id=new_id(), item_id="sale/s", action=1, resolved_by="ann", reason="seen"
        ),
        "RecoveryService/OpenBackEntry": lambda: recovery_pb2.OpenBackEntryRequest(
            request_id=new_id(),
            outage_id="fuzz",
            first_no=1,
            last_no=9,
            opened_by="ann",
            begin_time={"seconds": 1_700_000_000},
            end_time={"seconds": 1_700_003_600},
        ),
        "RecoveryService/PutSlip": lambda: recovery_pb2.PutSlipRequest(
            request_id=new_id(),
            outage_id="fuzz",
            slip_no=3,
            paper_time={"seconds": 1_700_000_060},
            written_by="bo",
            sale_id=name(),
            lines=[line()],
            tenders=[tender(1000)],
            prints_receipt=True,
        ),
        "RecoveryService/MarkSlip": lambda: recovery_pb2.MarkSlipRequest(
            request_id=new_id(), outage_id="fuzz", slip_no=4, last_no=6, state=3, explanation="?"
        ),
        "RecoveryService/Reconcile": lambda: recovery_pb2.ReconcileRequest(
            outage_id="fuzz", counted_cash=eur(750)
        ),
        "RecoveryService/GetSlipBook": lambda: recovery_pb2.GetSlipBookRequest(outage_id="fuzz"),
        "RecoveryService/ListSlipBooks": lambda: recovery_pb2.ListSlipBooksRequest(
            page_size=3, page_token="0000000000000009"
        ),
        "RecoveryService/CloseBackEntry": lambda: recovery_pb2.CloseBackEntryRequest(
            request_id=new_id(), outage_id="fuzz", counted_cash=eur(750), difference_reason="!"
        ),
        "RecoveryService/PrintSlipBook": lambda: recovery_pb2.PrintSlipBookRequest(
            request_id=new_id(), count=1, printed_by="ann"
        ),
        "RecoveryService/PrintSuspendedSales": lambda: recovery_pb2.PrintSuspendedSalesRequest(
            request_id=new_id(), job_id=name()
        ),
        "DeviceService/ListDevices": device_pb2.ListDevicesRequest,
        "DeviceService/GetDevice": lambda: device_pb2.GetDeviceRequest(device_id="front_drawer"),
        "DeviceService/Claim": lambda: device_pb2.ClaimRequest(
            request_id=new_id(), device_id="front_printer", mode=3, ttl_s=1, purpose="fuzz"
        ),
        "DeviceService/RenewClaim": lambda: device_pb2.RenewClaimRequest(
            device_id="front_printer", lease_id="lease", retain=True
        ),
        "DeviceService/ReleaseClaim": lambda: device_pb2.ReleaseClaimRequest(
            device_id="front_printer", lease_id="lease"
        ),
        "ScannerService/AcknowledgeScan": lambda: scanner_pb2.AcknowledgeScanRequest(
            device_id="front_scanner", lease_id="lease", cursor=3
        ),
        "ScannerService/SoftTrigger": lambda: scanner_pb2.SoftTriggerRequest(
            device_id="front_scanner", fencing_token=1
        ),
        "ScannerService/InjectScan": lambda: scanner_pb2.InjectScanRequest(
            request_id=new_id(), device_id="front_scanner", text="4006381333931"
        ),
        "DeviceService/GetStatistics": lambda: device_pb2.GetStatisticsRequest(
            device_id="front_printer"
        ),
        "DeviceService/ResetStatistics": lambda: device_pb2.ResetStatisticsRequest(
            request_id=new_id(), device_id="front_printer", names=["PaperCutCount"]
        ),
        "DeviceService/AdoptDevice": lambda: device_pb2.AdoptDeviceRequest(
            request_id=new_id(), device_id="front_printer"
        ),
        "DeviceService/AnswerHealthStep": lambda: device_pb2.AnswerHealthStepRequest(
            check_id="0123456789abcdef", number=1, answer=device_pb2.HEALTH_ANSWER_YES
        ),
        "DeviceService/Reconfigure": lambda: device_pb2.ReconfigureRequest(
            request_id=new_id(), dry_run=True
        ),
        "DrawerService/OpenDrawer": lambda: drawer_pb2.OpenDrawerRequest(
            request_id=new_id(), kick_id=name(), reason=drawer_pb2.DRAWER_REASON_COUNT, note="!"
        ),
        "DrawerService/GetDrawer": lambda: drawer_pb2.GetDrawerRequest(drawer="front_drawer"),
        "JournalService/GetStatus": journal_pb2.JournalServiceGetStatusRequest,
        "PrinterService/ValidateDocument": lambda: printer_pb2.ValidateDocumentRequest(
            printer="front_printer", document=words()
        ),
        "PrinterService/SubmitJob": lambda: printer_pb2.SubmitJobRequest(
            request_id=new_id(), job_id=name(), document=words(), ttl_s=1
        ),
        "PrinterService/GetJob": lambda: printer_pb2.GetJobRequest(job_id="receipt/1"),
        "PrinterService/ListJobs": lambda: printer_pb2.ListJobsRequest(
            page_size=3, page_token="0000000000000009", live_only=True
        ),
        "SystemService/GetStatus": system_pb2.GetStatusRequest,
        "ShiftService/SignOn": lambda: shift_pb2.SignOnRequest(operator="ann", pin="4711"),
        "ShiftService/SignOff": shift_pb2.SignOffRequest,
        **access_requests(),
        **shift_requests(),
    }


def shift_requests() -> dict[str, Callable[[], Message]]:
    """The same for the service of shifts and days."""

    def head(version: int = 1) -> dict[str, str | int]:
        return {"request_id": new_id(), "shift_id": "shift-1", "expected_version": version}

    coins = [shift_pb2.Denomination(value=eur(100), count=7)]
    return {
        "ShiftService/OpenDay": lambda: shift_pb2.OpenDayRequest(
            request_id=new_id(), business_day="2026-01-31"
        ),
        "ShiftService/CloseDay": lambda: shift_pb2.CloseDayRequest(
            request_id=new_id(), day_number=7
        ),
        "ShiftService/GetDay": lambda: shift_pb2.GetDayRequest(day_number=1),
        "ShiftService/OpenShift": lambda: shift_pb2.OpenShiftRequest(
            request_id=new_id(), opening_float=eur(10_000), operator="ann"
        ),
        "ShiftService/LockShift": lambda: shift_pb2.LockShiftRequest(**head(9)),
        "ShiftService/UnlockShift": lambda: shift_pb2.UnlockShiftRequest(**head()),
        "ShiftService/RecordMovement": lambda: shift_pb2.RecordMovementRequest(
            **head(),
            movement_id=name(),
            kind=shift_pb2.MOVEMENT_KIND_PAID_IN,
            amount=eur(500),
            reason="found",
        ),
        "ShiftService/EndShift": lambda: shift_pb2.EndShiftRequest(**head(9)),
        "ShiftService/DeclareCount": lambda: shift_pb2.DeclareCountRequest(
            **head(), counted=eur(700), denominations=coins
        ),
        "ShiftService/HandOver": lambda: shift_pb2.HandOverRequest(**head(), operator="bo"),
        "ShiftService/CloseShift": lambda: shift_pb2.CloseShiftRequest(**head()),
        "ShiftService/CorrectCount": lambda: shift_pb2.CorrectCountRequest(
            **head(), counted=eur(700), reason="mistyped"
        ),
        "ShiftService/ExceptTender": lambda: shift_pb2.ExceptTenderRequest(
            request_id=new_id(),
            sale_id=OPEN_SALE,
            expected_version=2,
            tender_id="t1",
            reason="the terminal is dead",
        ),
        "ShiftService/GetShift": lambda: shift_pb2.GetShiftRequest(shift_id="shift-1"),
        "ShiftService/ListShifts": lambda: shift_pb2.ListShiftsRequest(
            page_size=3, page_token="0000000000000009"
        ),
        "ShiftService/GetXReport": shift_pb2.GetXReportRequest,
        "ShiftService/GetZReport": lambda: shift_pb2.GetZReportRequest(z_number=1),
        "ShiftService/ListZReports": lambda: shift_pb2.ListZReportsRequest(
            page_size=3, page_token="0000000000000009"
        ),
        "ShiftService/PrintReport": lambda: shift_pb2.PrintReportRequest(
            request_id=new_id(), job_id=name(), kind=shift_pb2.REPORT_KIND_X
        ),
        "ShiftService/ExplainOverShort": lambda: shift_pb2.ExplainOverShortRequest(
            shift_id="shift-1"
        ),
    }


def access_requests() -> dict[str, Callable[[], Message]]:
    """Those of AccessService."""
    return {
        "AccessService/GetCaller": access_pb2.GetCallerRequest,
        "AccessService/ListOperators": access_pb2.ListOperatorsRequest,
        "AccessService/PutOperator": lambda: access_pb2.PutOperatorRequest(
            request_id=new_id(), operator="ann", name="Ann 安", role=access_pb2.ROLE_CASHIER
        ),
        "AccessService/SetPin": lambda: access_pb2.SetPinRequest(
            request_id=new_id(), operator="ann", pin="4711", current_pin="0815"
        ),
        "AccessService/DisableOperator": lambda: access_pb2.DisableOperatorRequest(
            request_id=new_id(), operator="ann", reason="gone"
        ),
        "AccessService/IssueToken": lambda: access_pb2.IssueTokenRequest(
            request_id=new_id(), token_id=name(), front_end="kiosk", role=access_pb2.ROLE_CASHIER
        ),
        "AccessService/AdmitCertificate": lambda: access_pb2.AdmitCertificateRequest(
            request_id=new_id(), token_id=name(), front_end="kiosk", certificate_pem="-----"
        ),
        "AccessService/RevokeToken": lambda: access_pb2.RevokeTokenRequest(
            request_id=new_id(), token_id="token", reason="stolen"
        ),
        "AccessService/ListTokens": access_pb2.ListTokensRequest,
        "AccessService/IssueSetupCode": access_pb2.IssueSetupCodeRequest,
        "AccessService/RedeemSetupCode": lambda: access_pb2.RedeemSetupCodeRequest(
            request_id=new_id(), code="ABCD-EFGH", pin="739154"
        ),
    }


def mutated(choose: random.Random, data: bytes) -> bytes:
    """Spoil some of the bytes, a little or a lot."""
    changed = bytearray(data)
    for _ in range(choose.choice((1, 1, 1, 2, 4))):
        at = choose.randrange(len(changed) + 1)
        match choose.randrange(6):
            case 0 if changed:
                changed[at % len(changed)] ^= 1 << choose.randrange(8)
            case 1 if changed:
                changed[at % len(changed)] = choose.choice((0, 1, 0x1B, 0x7F, 0x80, 0xFF))
            case 2:
                changed[at:at] = choose.randbytes(choose.randint(1, 8))
            case 3:
                del changed[at : at + choose.randint(1, 8)]
            case 4:
                end = at + choose.randint(1, 24)
                changed[at:at] = changed[at:end]
            case _:
                del changed[at:]
    return bytes(changed)


def answered(call: grpc.Future) -> str:
    """The reason of a refusal, which must be one; "" for an answer."""
    try:
        call.result()
    except grpc.RpcError as error:
        refusal = refusal_of(error)
        assert refusal.code in REFUSALS, refusal
        return refusal.reason
    return ""


def fuzz(calls: Calls, method: str, make: Callable[[], Message], choose: random.Random) -> set[str]:
    """Send MUTATIONS spoiled requests; the reasons of the refusals."""
    send = calls.channel.unary_unary(
        f"/tillhal.v1.{method}", request_serializer=bytes, response_deserializer=bytes
    )
    reasons: set[str] = set()
    waiting: list[tuple[bytes, grpc.Future]] = []

    def take() -> None:
        data, call = waiting.pop(0)
        try:
            reasons.add(answered(call))
        except AssertionError as error:
            pytest.fail(f"{SEED=} {method} {data!r}: {error}")

    for _ in range(MUTATIONS):
        data = mutated(choose, make().SerializeToString())
        waiting.append((data, send.future(data)))
        if len(waiting) == IN_FLIGHT:
            take()
    while waiting:
        take()
    return reasons


def test_spoiled_requests_do_no_harm(till: Till) -> None:
    calls = till.calls
    calls.checkout.Checkout(card_sale(SOLD))
    opened = pb.OpenSaleRequest(request_id=new_id(), sale_id=OPEN_SALE)
    calls.checkout.OpenSale(opened)
    put = pb.PutLineRequest(request_id=new_id(), sale_id=OPEN_SALE, expected_version=1, line=line())
    calls.checkout.PutLine(put)
    choose = random.Random(SEED)
    made = requests()
    reasons: set[str] = set()
    for method, make in made.items():
        reasons |= fuzz(calls, method, make, choose)
    assert {"", "MALFORMED_REQUEST", "FIELD_INVALID"} < reasons, f"{SEED=}"

    # What came through is in the journal now: it must be told again, and survive a restart.
    assert_journal_sound(calls)
    before = journal_records(calls)
    till.kill()
    till.start()
    assert journal_records(till.calls)[: len(before)] == before
    events = till.calls.system.WatchEvents(system_pb2.WatchEventsRequest())
    take_until(events, lambda message: message.HasField("caught_up"))
    events.cancel()
    assert_journal_sound(till.calls)
    till.restart()
    assert till.calls.checkout.PutLine(put).replayed


def test_spoiled_requests_to_rehearse_and_to_go_to_rest_do_no_harm(fresh: Till) -> None:
    """Streams of steps. The last one brings the till to rest: it is a till of its own."""
    choose = random.Random(SEED)
    made: dict[str, Callable[[], Message]] = {
        "RunDrill": lambda: power_pb2.RunDrillRequest(request_id=new_id()),
        "PrepareForPowerLoss": lambda: power_pb2.PrepareForPowerLossRequest(
            request_id=new_id(), deadline_s=2
        ),
    }
    for method, make in made.items():
        send = fresh.calls.channel.unary_stream(
            f"/tillhal.v1.PowerService/{method}",
            request_serializer=bytes,
            response_deserializer=bytes,
        )
        reasons: set[str] = set()
        for _ in range(MUTATIONS):
            data = mutated(choose, make().SerializeToString())
            try:
                steps = list(send(data))
                assert steps, f"{SEED=} {method} {data!r}"
                reasons.add("")
            except grpc.RpcError as error:
                refusal = refusal_of(error)
                assert refusal.code in REFUSALS, f"{SEED=} {method} {data!r}: {refusal}"
                reasons.add(refusal.reason)
        assert {"", "FIELD_INVALID"} <= reasons, f"{SEED=} {method} {reasons}"
    kinds = [event.kind for record in journal_records(fresh.calls) for event in record.events]
    assert kinds.count("DrillEnded") <= MUTATIONS
    assert kinds.count("PowerStateChanged") == 1, "it went to rest once"
    with pytest.raises(grpc.RpcError) as refused:
        fresh.calls.checkout.Checkout(cash_sale())
    assert refusal_of(refused.value).reason == "BATTERY_LOW"
    fresh.restart()
    fresh.calls.checkout.Checkout(cash_sale())
    assert_journal_sound(fresh.calls)


def test_every_unary_call_of_the_contract_is_tried() -> None:
    services = [
        module.DESCRIPTOR.services_by_name.values()
        for module in (
            pb,
            access_pb2,
            backup_pb2,
            device_pb2,
            drawer_pb2,
            journal_pb2,
            printer_pb2,
            power_pb2,
            predecessor_pb2,
            recovery_pb2,
            scanner_pb2,
            shift_pb2,
            system_pb2,
            upgrade_pb2,
        )
    ]
    unary = {
        f"{service.name}/{method.name}"
        for each in services
        for service in each
        for method in service.methods
        if not method.server_streaming
    }
    # It waits until somebody shuts the drawer; the deadline is its answer here.
    assert unary - {"DrawerService/WaitForClose"} == set(requests())

"""The till, for programs with threads: `Till`."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Final, Literal, TypeVar, overload

import grpc

from tillhal import channel as wire
from tillhal import diagnostics, errors, requests
from tillhal.access import Access, Approved, SignedOn
from tillhal.answers import (
    Answer,
    ChangeRequest,
    SaleAnswer,
    SaleRequest,
    ShiftRequest,
    ShiftResponse,
    answer_of,
)
from tillhal.credentials import Credentials, Metadata, Tls
from tillhal.power import Power
from tillhal.recovery import Recovery
from tillhal.scanner import ScanCall, Scanner
from tillhal.sync_sale import LiveSale
from tillhal.sync_shifts import Shifts
from tillhal.upgrades import Upgrades
from tillhal.v1 import (
    backup_pb2,
    backup_pb2_grpc,
    checkout_pb2,
    checkout_pb2_grpc,
    device_pb2,
    device_pb2_grpc,
    drawer_pb2,
    drawer_pb2_grpc,
    journal_pb2,
    journal_pb2_grpc,
    power_pb2_grpc,
    predecessor_pb2,
    predecessor_pb2_grpc,
    printer_pb2,
    printer_pb2_grpc,
    recovery_pb2_grpc,
    scanner_pb2,
    scanner_pb2_grpc,
    shift_pb2_grpc,
    system_pb2,
    system_pb2_grpc,
)
from tillhal.values import new_id
from tillhal.versions import UpgradeAdvice, advice_in
from tillhal.watch import DevicesPlace, JournalPlace, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType
    from typing import Self

    from google.protobuf.message import Message

    from tillhal.v1 import types_pb2
    from tillhal.values import (
        Discount,
        Line,
        ReturnLine,
        TaxModeKind,
        Tender,
    )

RequestT = TypeVar("RequestT", bound="Message")
ResponseT = TypeVar("ResponseT")
WatchT = TypeVar("WatchT", bound=Watch[object])


class Stubs:
    """The generated stubs, for what the friendly methods leave out; errors come as grpc's own."""

    def __init__(self, channel: grpc.Channel) -> None:
        """Stubs of every service on `channel`."""
        self.backup: Final = backup_pb2_grpc.BackupServiceStub(channel)
        self.checkout: Final = checkout_pb2_grpc.CheckoutServiceStub(channel)
        self.device: Final = device_pb2_grpc.DeviceServiceStub(channel)
        self.drawer: Final = drawer_pb2_grpc.DrawerServiceStub(channel)
        self.journal: Final = journal_pb2_grpc.JournalServiceStub(channel)
        self.power: Final = power_pb2_grpc.PowerServiceStub(channel)
        self.predecessor: Final = predecessor_pb2_grpc.PredecessorServiceStub(channel)
        self.printer: Final = printer_pb2_grpc.PrinterServiceStub(channel)
        self.recovery: Final = recovery_pb2_grpc.RecoveryServiceStub(channel)
        self.shift: Final = shift_pb2_grpc.ShiftServiceStub(channel)
        self.scanner: Final = scanner_pb2_grpc.ScannerServiceStub(channel)
        self.system: Final = system_pb2_grpc.SystemServiceStub(channel)


class Till:
    """A till. Make it with `Till.connect`, use it from any number of threads, close it.

    Every method that calls the till takes `timeout_s`, the deadline of that call in seconds, and
    raises a `TillError` (see `tillhal.errors`). A change whose answer did not come raises
    `OutcomeUnknown`; `repeat` sends the very same request again.
    """

    def __init__(
        self,
        channel: grpc.Channel,
        *,
        language: str | None = None,
        currency: str | None = None,
        timeout_s: float = wire.CALL_S,
        token: str | None = None,
    ) -> None:
        """Use a channel of your own making; `close` closes it."""
        self.stubs: Final = Stubs(channel)
        self.power: Final = Power(self)
        self.shifts: Final = Shifts(self)
        self._channel = channel
        self._upgrade_advice: UpgradeAdvice | None = None
        self._credentials = Credentials(wire.call_metadata(language), token)
        self.access: Final = Access(channel, self._ask)
        self.upgrades: Final = Upgrades(self, channel)
        self._currency = currency
        self._timeout_s = timeout_s
        self._watches: weakref.WeakSet[Watch[object]] = weakref.WeakSet()
        self._closed = False
        self.recovery: Final = Recovery(self.stubs.recovery, self._ask, self.currency)

    @classmethod
    def connect(
        cls,
        address: str | None = None,
        *,
        language: str | None = None,
        currency: str | None = None,
        timeout_s: float = wire.CALL_S,
        token: str | None = None,
        tls: Tls | None = None,
    ) -> Self:
        """The till at `address`; nothing is sent yet, and the till need not be up.

        address: "unix:///run/tillhal/api.sock" or "127.0.0.1:50051"; without it
        $TILLHAL_ADDRESS, else unix:///run/tillhal/api.sock. language: of the sentences for the
        cashier, "en" or "zh-CN". currency: of the amounts, ISO 4217; the till is asked once unless
        given. timeout_s: deadline of a call, unless the call says otherwise. token: this front
        end's, where the till asks for one; without it $TILLHAL_TOKEN. tls: for a till on another
        machine; without it $TILLHAL_CA, $TILLHAL_CERTIFICATE and $TILLHAL_KEY. Raises ValueError
        for an address that is none, OSError for files of `tls`.
        """
        target = wire.target_of(address)
        options = wire.channel_options(target)
        tls = tls or Tls.usual(target)
        if tls is None:
            channel = grpc.insecure_channel(target, options=options)
        else:
            options += tls.options()
            channel = grpc.secure_channel(target, tls.credentials(), options=options)
        return cls(channel, language=language, currency=currency, timeout_s=timeout_s, token=token)

    @property
    def metadata(self) -> Metadata:
        """What has to go with a call of `stubs`: language, token, sign-on."""
        return self._credentials.metadata

    @property
    def upgrade_advice(self) -> UpgradeAdvice | None:
        """What the till said, with its last answer, of this client's version; None for nothing."""
        return self._upgrade_advice

    def close(self) -> None:
        """End all watches and calls, and the connection. May come from any thread, and twice."""
        self._closed = True
        for watch in list(self._watches):
            watch.close()
        self._channel.close()

    def __enter__(self) -> Self:
        """Itself, to be closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    # The till as a whole

    def status(self, *, timeout_s: float | None = None) -> system_pb2.GetStatusResponse:
        """Modes, versions, durability, the shift and how the last start went."""
        return self._ask(self.stubs.system.GetStatus, system_pb2.GetStatusRequest(), timeout_s)

    def currency(self, *, timeout_s: float | None = None) -> str:
        """The currency of the till's amounts, ISO 4217; asked once."""
        if self._currency is None:
            self._currency = self.status(timeout_s=timeout_s).currency_code
        return self._currency

    # Who does it

    def carry(self, operator_token: str) -> None:
        """Send this operator's token from now on: one that was got elsewhere; empty for none."""
        self._credentials.signed_on(operator_token)

    def sign_on(self, operator: str, pin: str) -> SignedOn:
        """Sign an operator on: calls from now on are in that name, until the end of the `with`.

        Raises SignOnRefused and SignOnBlocked.
        """
        return SignedOn(self.access, self._credentials, self.access.get_token(operator, pin))

    def approved_by(self, approver: str, pin: str) -> Approved:
        """For a `with` block: let one request in it through, in another's name."""
        given = self.access.get_token(approver, pin, for_approval=True)
        return Approved(self._credentials, given.operator_token)

    # Sending what was built (and stored) before

    @overload
    def send(self, request: SaleRequest, *, timeout_s: float | None = None) -> SaleAnswer: ...
    @overload
    def send(
        self, request: checkout_pb2.ReprintReceiptRequest, *, timeout_s: float | None = None
    ) -> checkout_pb2.ReprintReceiptResponse: ...
    @overload
    def send(
        self, request: printer_pb2.SubmitJobRequest, *, timeout_s: float | None = None
    ) -> printer_pb2.SubmitJobResponse: ...
    @overload
    def send(
        self, request: printer_pb2.PrintTestPageRequest, *, timeout_s: float | None = None
    ) -> printer_pb2.PrintTestPageResponse: ...
    @overload
    def send(
        self, request: printer_pb2.CancelJobRequest, *, timeout_s: float | None = None
    ) -> printer_pb2.CancelJobResponse: ...
    @overload
    def send(
        self, request: printer_pb2.ResolveJobRequest, *, timeout_s: float | None = None
    ) -> printer_pb2.ResolveJobResponse: ...
    @overload
    def send(
        self, request: drawer_pb2.OpenDrawerRequest, *, timeout_s: float | None = None
    ) -> drawer_pb2.OpenDrawerResponse: ...
    @overload
    def send(self, request: ShiftRequest, *, timeout_s: float | None = None) -> ShiftResponse: ...
    def send(self, request: ChangeRequest, *, timeout_s: float | None = None) -> Answer:
        """Send a request that was built with `tillhal.requests` or `new_checkout`.

        Sent again, also after a restart of either side, the same request gives the first answer
        again with `replayed` set; nothing is done twice.
        """
        return self._send(request, timeout_s)

    def repeat(self, error: errors.TillError, *, timeout_s: float | None = None) -> Answer:
        """Send the very same request again that failed with `error`.

        Raises ValueError when `error` has no request that changes something. For a step of a live
        sale use that sale's `repeat`, so that it keeps its version.
        """
        return self._send(errors.request_of(error), timeout_s)

    # Selling

    def new_checkout(
        self,
        lines: Iterable[Line],
        *,
        tenders: Iterable[Tender] = (),
        discounts: Iterable[Discount] = (),
        tax_mode: TaxModeKind | None = None,
        language: str = "",
        sale_id: str | None = None,
        request_id: str | None = None,
    ) -> checkout_pb2.CheckoutRequest:
        """The request of `checkout`, unsent: store `SerializeToString()` of it, then `send` it."""
        return requests.checkout(
            self.currency(),
            lines,
            tenders=tenders,
            discounts=discounts,
            tax_mode=tax_mode,
            language=language,
            sale_id=sale_id,
            request_id=request_id,
        )

    def checkout(
        self,
        lines: Iterable[Line],
        *,
        tenders: Iterable[Tender] = (),
        discounts: Iterable[Discount] = (),
        tax_mode: TaxModeKind | None = None,
        language: str = "",
        sale_id: str | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> SaleAnswer:
        """Sell a whole sale in one durable commit; receipt and drawer follow by themselves.

        language: of the receipt, "en" or "zh-CN". Refused with `TenderSumMismatch`,
        `ShiftNotOpen`, … (checkout.proto, Checkout).
        """
        self.currency(timeout_s=timeout_s)  # before it is needed, with this deadline
        request = self.new_checkout(
            lines,
            tenders=tenders,
            discounts=discounts,
            tax_mode=tax_mode,
            language=language,
            sale_id=sale_id,
            request_id=request_id,
        )
        return self.send(request, timeout_s=timeout_s)

    def open_sale(
        self,
        *,
        tax_mode: TaxModeKind | None = None,
        language: str = "",
        sale_id: str | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> LiveSale:
        """Open a sale, to be filled step by step."""
        request = requests.open_sale(
            tax_mode=tax_mode, language=language, sale_id=sale_id, request_id=request_id
        )
        currency = self.currency(timeout_s=timeout_s)
        return LiveSale(self, self.send(request, timeout_s=timeout_s).summary, currency)

    def live_sale(self, sale_id: str, *, timeout_s: float | None = None) -> LiveSale:
        """A sale that is under way, to go on with: suspended, interrupted, or opened elsewhere."""
        sale = self.get_sale(sale_id, timeout_s=timeout_s)
        return LiveSale(self, sale.summary, self.currency(timeout_s=timeout_s))

    def void_sale(
        self,
        original_sale_id: str,
        reason: str,
        *,
        sale_id: str | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> SaleAnswer:
        """Void a completed sale, tenders and all, by a new one that mirrors it."""
        request = requests.void_sale(
            original_sale_id, reason, sale_id=sale_id, request_id=request_id
        )
        return self.send(request, timeout_s=timeout_s)

    def open_return(
        self,
        original_sale_id: str,
        lines: Iterable[ReturnLine],
        reason: str,
        *,
        sale_id: str | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> LiveSale:
        """Open a return of lines of a completed sale (`bring_back`).

        Its amounts are negative: `sale.tender_cash(sale.due)` gives the money back, then
        `sale.complete()`.
        """
        request = requests.open_return(
            original_sale_id, lines, reason, sale_id=sale_id, request_id=request_id
        )
        currency = self.currency(timeout_s=timeout_s)
        return LiveSale(self, self.send(request, timeout_s=timeout_s).summary, currency)

    def get_sale(
        self,
        sale_id: str | None = None,
        *,
        receipt_number: int | None = None,
        timeout_s: float | None = None,
    ) -> checkout_pb2.Sale:
        """The whole sale, by its id or by its receipt number, in whatever state."""
        request = requests.get_sale(sale_id, receipt_number)
        return self._ask(self.stubs.checkout.GetSale, request, timeout_s).sale

    def list_sales(
        self,
        *,
        business_day: str = "",
        states: Iterable[checkout_pb2.SaleState] = (),
        timeout_s: float | None = None,
    ) -> Iterator[checkout_pb2.SaleSummary]:
        """Completed sales, newest first, fetched page by page as you go on. With a `business_day`,
        "YYYY-MM-DD": all of that day, or those in `states`, training ones too."""
        request = checkout_pb2.ListSalesRequest(business_day=business_day, states=states)
        while True:
            page = self._ask(self.stubs.checkout.ListSales, request, timeout_s)
            yield from page.sales
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def list_suspended(
        self, *, timeout_s: float | None = None
    ) -> list[checkout_pb2.ListSuspendedResponse.SuspendedSale]:
        """Sales put aside or interrupted by a crash, oldest first; go on with `live_sale`."""
        request = checkout_pb2.ListSuspendedRequest()
        return list(self._ask(self.stubs.checkout.ListSuspended, request, timeout_s).sales)

    def reprint_receipt(
        self,
        sale_id: str,
        *,
        job_id: str | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> checkout_pb2.ReprintReceiptResponse:
        """Print the receipt of a completed sale once more, marked as a copy."""
        request = requests.reprint_receipt(sale_id, job_id=job_id, request_id=request_id)
        return self.send(request, timeout_s=timeout_s)

    # Printing and the drawer

    def validate_document(
        self,
        parts: Iterable[printer_pb2.Part],
        *,
        printer: str = "",
        timeout_s: float | None = None,
    ) -> printer_pb2.ValidateDocumentResponse:
        """What the printer could not print of it, and how it would look on paper."""
        request = printer_pb2.ValidateDocumentRequest(
            printer=printer, document=printer_pb2.PrintDocument(parts=parts)
        )
        return self._ask(self.stubs.printer.ValidateDocument, request, timeout_s)

    def print_document(
        self,
        parts: Iterable[printer_pb2.Part],
        *,
        printer: str = "",
        ttl_s: int = 0,
        job_id: str | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> printer_pb2.SubmitJobResponse:
        """Print a document (`tillhal.documents`); its outcome comes with `get_job` and watches."""
        request = requests.print_document(
            parts, printer=printer, ttl_s=ttl_s, job_id=job_id, request_id=request_id
        )
        return self.send(request, timeout_s=timeout_s)

    def get_job(self, job_id: str, *, timeout_s: float | None = None) -> printer_pb2.Job:
        """A print job, and what became of it."""
        request = printer_pb2.GetJobRequest(job_id=job_id)
        return self._ask(self.stubs.printer.GetJob, request, timeout_s).job

    def list_jobs(
        self,
        *,
        live_only: bool = False,
        unresolved_only: bool = False,
        timeout_s: float | None = None,
    ) -> Iterator[printer_pb2.Job]:
        """Print jobs, newest first, fetched page by page as you go on.

        `unresolved_only`: those in doubt that wait for `resolve_job`.
        """
        request = printer_pb2.ListJobsRequest(live_only=live_only, unresolved_only=unresolved_only)
        while True:
            page = self._ask(self.stubs.printer.ListJobs, request, timeout_s)
            yield from page.jobs
            if not page.next_page_token:
                return
            request = printer_pb2.ListJobsRequest(
                live_only=live_only, page_token=page.next_page_token
            )

    def print_test_page(
        self,
        printer: str = "",
        *,
        job_id: str | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> printer_pb2.PrintTestPageResponse:
        """Print a page with one of everything that the printer can print."""
        request = requests.print_test_page(printer, job_id=job_id, request_id=request_id)
        return self.send(request, timeout_s=timeout_s)

    def cancel_job(
        self,
        job_id: str,
        *,
        reason: str = "",
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> printer_pb2.CancelJobResponse:
        """Take back a print job that has not begun; JOB_STATE where it has."""
        request = requests.cancel_job(job_id, reason=reason, request_id=request_id)
        return self.send(request, timeout_s=timeout_s)

    def resolve_job(
        self,
        job_id: str,
        resolution: requests.JobResolution,
        *,
        reason: str = "",
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> printer_pb2.ResolveJobResponse:
        """Say what becomes of a print job in doubt: "PRINTED", "COPY" or "DISCARDED"."""
        request = requests.resolve_job(job_id, resolution, reason=reason, request_id=request_id)
        return self.send(request, timeout_s=timeout_s)

    def open_drawer(
        self,
        reason: requests.DrawerReason,
        *,
        note: str = "",
        drawer: str = "",
        fencing_token: int = 0,
        kick_id: str | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> drawer_pb2.OpenDrawerResponse:
        """Ask for one pulse; it is sent at most once, and its outcome comes with `get_drawer`."""
        request = requests.open_drawer(
            reason,
            note=note,
            drawer=drawer,
            fencing_token=fencing_token,
            kick_id=kick_id,
            request_id=request_id,
        )
        return self.send(request, timeout_s=timeout_s)

    def get_drawer(
        self, drawer: str = "", *, timeout_s: float | None = None
    ) -> drawer_pb2.GetDrawerResponse:
        """How the drawer stands, and what became of its last kicks."""
        request = drawer_pb2.GetDrawerRequest(drawer=drawer)
        return self._ask(self.stubs.drawer.GetDrawer, request, timeout_s)

    def wait_for_close(
        self, drawer: str = "", *, timeout_s: float = wire.DRAWER_S
    ) -> drawer_pb2.WaitForCloseResponse:
        """Return once the drawer is shut. Raises NoDrawerSwitch where nobody can tell."""
        request = drawer_pb2.WaitForCloseRequest(drawer=drawer)
        return self._ask(self.stubs.drawer.WaitForClose, request, timeout_s)

    def calibrate_drawer(
        self,
        drawer: str = "",
        *,
        by_key: bool = False,
        request_id: str | None = None,
        timeout_s: float = wire.DRAWER_S,
    ) -> Iterator[drawer_pb2.CalibrateSensorResponse]:
        """Have the till learn the switch of a drawer that is shut: each step, then the result."""
        request = requests.calibrate_sensor(drawer, by_key=by_key, request_id=request_id)
        stub = self.stubs.drawer.CalibrateSensor
        call = stub(request, timeout=timeout_s, metadata=self.metadata)
        try:
            yield from call
        except grpc.RpcError as error:
            raise errors.from_rpc(error, request) from error
        finally:
            call.cancel()

    # Devices and the journal

    def list_devices(self, *, timeout_s: float | None = None) -> list[device_pb2.Device]:
        """All configured devices."""
        request = device_pb2.ListDevicesRequest()
        return list(self._ask(self.stubs.device.ListDevices, request, timeout_s).devices)

    def get_device(self, device_id: str, *, timeout_s: float | None = None) -> device_pb2.Device:
        """One device."""
        request = device_pb2.GetDeviceRequest(device_id=device_id)
        return self._ask(self.stubs.device.GetDevice, request, timeout_s).device

    def get_statistics(
        self, device_id: str = "", *, timeout_s: float | None = None
    ) -> list[device_pb2.DeviceStatistics]:
        """What a device has done, or all of them, in UnifiedPOS's spelling."""
        request = device_pb2.GetStatisticsRequest(device_id=device_id)
        return list((self._ask(self.stubs.device.GetStatistics, request, timeout_s)).devices)

    def reset_statistics(
        self,
        device_id: str,
        names: Iterable[str] = (),
        *,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> device_pb2.ResetStatisticsResponse:
        """Set statistics to 0, without names all that can be; where they stood is journalled."""
        request = requests.reset_statistics(device_id, names, request_id=request_id)
        return self._ask(self.stubs.device.ResetStatistics, request, timeout_s)

    def adopt_device(
        self, device_id: str, *, request_id: str | None = None, timeout_s: float | None = None
    ) -> device_pb2.AdoptDeviceResponse:
        """Make the device that stands in another's place the known one."""
        request = requests.adopt_device(device_id, request_id=request_id)
        return self._ask(self.stubs.device.AdoptDevice, request, timeout_s)

    def check_health(
        self,
        device_id: str,
        level: Literal["INTERNAL", "EXTERNAL", "INTERACTIVE"] = "INTERNAL",
        *,
        print_on: str = "",
        timeout_s: float = wire.CHECK_S,
    ) -> Iterator[device_pb2.CheckHealthResponse]:
        """Check a device: each step as it begins and ends, and at last the report.

        Closing the iterator abandons the check. A scanner is to read `HealthStep.code`;
        `print_on` names a printer that prints it.
        """
        request = device_pb2.CheckHealthRequest(
            device_id=device_id, level=f"HEALTH_LEVEL_{level}", print_on=print_on
        )
        call = self.stubs.device.CheckHealth(request, timeout=timeout_s, metadata=self.metadata)
        try:
            yield from call
        except grpc.RpcError as error:
            raise errors.from_rpc(error, request) from error
        finally:
            call.cancel()

    def answer_health_step(
        self,
        check_id: str,
        number: int,
        answer: Literal["YES", "NO", "SKIP"],
        *,
        timeout_s: float | None = None,
    ) -> None:
        """Say what a person saw of a step, or leave it out."""
        request = device_pb2.AnswerHealthStepRequest(
            check_id=check_id, number=number, answer=f"HEALTH_ANSWER_{answer}"
        )
        self._ask(self.stubs.device.AnswerHealthStep, request, timeout_s)

    def reconfigure(
        self,
        tables_toml: str = "",
        *,
        dry_run: bool = False,
        request_id: str | None = None,
        timeout_s: float = wire.RECONFIGURE_S,
    ) -> device_pb2.ReconfigureResponse:
        """Have the till read its file again, or take these tables in its place.

        `dry_run`: only check it and say what would change. Raises ConfigInvalid with every mistake.
        """
        request = requests.reconfigure(tables_toml, dry_run=dry_run, request_id=request_id)
        return self._ask(self.stubs.device.Reconfigure, request, timeout_s)

    def claim_device(
        self,
        device_id: str,
        mode: requests.ClaimModeName = "CONTROL",
        *,
        purpose: str,
        wait_s: int = 0,
        ttl_s: int = 0,
        force_reason: str = "",
    ) -> device_pb2.Lease:
        """A device for a time: 15 seconds, or `ttl_s`, from now and from each renewal.

        purpose: what for; others see it. wait_s: how long to wait for it, asking whoever has it.
        force_reason: a technician takes it, and says why. Raises Claimed.
        """
        request = requests.claim_device(
            device_id,
            mode,
            purpose=purpose,
            wait_s=wait_s,
            ttl_s=ttl_s,
            force_reason=force_reason,
        )
        deadline_s = wait_s + self._timeout_s
        return self._ask(self.stubs.device.Claim, request, deadline_s).lease

    def renew_claim(
        self,
        lease: device_pb2.Lease,
        *,
        retain: bool = False,
        ttl_s: int = 0,
        timeout_s: float | None = None,
    ) -> device_pb2.Lease:
        """Let a lease run anew; `retain` says no to whoever waits. Raises ClaimLost."""
        request = device_pb2.RenewClaimRequest(
            device_id=lease.device_id, lease_id=lease.lease_id, retain=retain, ttl_s=ttl_s
        )
        return self._ask(self.stubs.device.RenewClaim, request, timeout_s).lease

    def release_claim(self, lease: device_pb2.Lease, *, timeout_s: float | None = None) -> None:
        """Let go of a device. Raises ClaimLost."""
        request = device_pb2.ReleaseClaimRequest(device_id=lease.device_id, lease_id=lease.lease_id)
        self._ask(self.stubs.device.ReleaseClaim, request, timeout_s)

    # Scanners

    def scanner(
        self,
        scanner: str = "",
        *,
        purpose: str,
        wait_s: int = 0,
        ttl_s: int = 0,
        force_reason: str = "",
        keep: Callable[[str], bool] | None = None,
    ) -> Scanner:
        """The focus of a scanner, for a `with`; iterate for its scans.

        scanner: its name; empty for the only one. purpose, wait_s, ttl_s, force_reason: as of
        `claim_device`. keep: asked with the purpose of another front end that wants the scanner;
        True says that it is needed here. Without it the scanner is handed over.
        """
        return Scanner(
            _ScannerDesk(self),
            scanner,
            purpose=purpose,
            wait_s=wait_s,
            ttl_s=ttl_s,
            force_reason=force_reason,
            keep=keep,
        )

    def inject_scan(
        self,
        text: str,
        *,
        scanner: str = "",
        fencing_token: int = 0,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> scanner_pb2.InjectScanResponse:
        """A code that a person typed; it goes to whoever has the scanner."""
        request = requests.inject_scan(
            text, scanner=scanner, fencing_token=fencing_token, request_id=request_id
        )
        return self._ask(self.stubs.scanner.InjectScan, request, timeout_s)

    def soft_trigger(
        self, *, scanner: str = "", fencing_token: int = 0, timeout_s: float | None = None
    ) -> None:
        """Pull the scanner's trigger."""
        request = scanner_pb2.SoftTriggerRequest(device_id=scanner, fencing_token=fencing_token)
        self._ask(self.stubs.scanner.SoftTrigger, request, timeout_s)

    def journal_status(
        self, *, timeout_s: float | None = None
    ) -> journal_pb2.JournalServiceGetStatusResponse:
        """Where the journal stands, and how large it is."""
        request = journal_pb2.JournalServiceGetStatusRequest()
        return self._ask(self.stubs.journal.GetStatus, request, timeout_s)

    def verify_journal(
        self,
        *,
        others: Iterable[journal_pb2.JournalPosition] = (),
        timeout_s: float = wire.VERIFY_S,
    ) -> Iterator[journal_pb2.VerifyResponse]:
        """Have every record checked: progress, and at last the result.

        others: what other tills have, as their `journal_status` says; the result's `meetings` tell
        how this till's journal stands to them. FORK: both sold on from one backup.
        """
        request = journal_pb2.VerifyRequest(others=others)
        call = self.stubs.journal.Verify(request, timeout=timeout_s, metadata=self.metadata)
        try:
            yield from call
        except grpc.RpcError as error:
            raise errors.from_rpc(error, request) from error
        finally:
            call.cancel()

    def get_diagnostics(
        self,
        target: diagnostics.Target,
        *,
        check_journal: bool = False,
        on_progress: Callable[[types_pb2.Progress], None] | None = None,
        timeout_s: float | None = None,
    ) -> diagnostics.Diagnostics:
        """Have an archive for support made, and keep it, durably, at `target`.

        target: a path, a folder that exists (the till names the file), or a file opened for
        bytes. check_journal: check the whole journal first, and wait for it. on_progress is
        called with each step. Raises Overloaded while another caller is served,
        `DamagedInTransit`, and OSError; no half file is left behind then.
        """
        request = system_pb2.GetDiagnosticsRequest(check_journal=check_journal)
        if timeout_s is None:
            timeout_s = wire.VERIFY_S if check_journal else wire.DIAGNOSTICS_S
        with diagnostics.Receiver(target, on_progress) as receiver:
            call = self.stubs.system.GetDiagnostics(
                request, timeout=timeout_s, metadata=self.metadata
            )
            try:
                for step in call:
                    receiver.take(step)
            except grpc.RpcError as error:
                raise errors.from_rpc(error, request) from error
            finally:
                call.cancel()
            return receiver.finish()

    # Backups

    def create_backup(
        self,
        *,
        kind: backup_pb2.BackupKind = backup_pb2.BACKUP_KIND_UNSPECIFIED,
        request_id: str | None = None,
        timeout_s: float = wire.BACKUP_S,
    ) -> Iterator[backup_pb2.CreateBackupResponse]:
        """Have a backup made and read back: progress, and at last the result.

        It goes on if this is given up; the same request_id watches it again. kind: unspecified for
        an increment where one is possible. Raises `BackupTargetMissing`, `BackupTargetFull`,
        `BackupBusy` and others (backup.proto, CreateBackup).
        """
        request = backup_pb2.CreateBackupRequest(request_id=request_id or new_id(), kind=kind)
        yield from self._steps(self.stubs.backup.CreateBackup, request, timeout_s)

    def list_backups(self, *, timeout_s: float = wire.CHECK_S) -> backup_pb2.ListBackupsResponse:
        """The backups in the configured folder, newest first."""
        request = backup_pb2.ListBackupsRequest()
        return self._ask(self.stubs.backup.ListBackups, request, timeout_s)

    def check_backup(
        self, file_name: str, *, identity: str = "", timeout_s: float = wire.BACKUP_S
    ) -> Iterator[backup_pb2.CheckBackupResponse]:
        """Have one backup, by its name in the folder for backups or its whole path there, checked
        to the last bit: progress, and at last the result.

        identity: a key that opens it, for everything in it to be checked. Raises `BackupCorrupt`,
        `BackupNotFound`, `BackupKeyWrong` and others.
        """
        request = backup_pb2.CheckBackupRequest(file_name=file_name, identity=identity)
        yield from self._steps(self.stubs.backup.CheckBackup, request, timeout_s)

    def run_restore_drill(
        self,
        *,
        identity: str = "",
        request_id: str | None = None,
        timeout_s: float = wire.BACKUP_S,
    ) -> Iterator[backup_pb2.RunRestoreDrillResponse]:
        """Have the newest backups restored on trial: progress, and at last the result.

        identity: the owner's key, for backups made before the till was started. Raises
        `BackupCorrupt`, `BackupKeyNeeded`, `BackupNotFound` and others.
        """
        request = backup_pb2.RunRestoreDrillRequest(
            request_id=request_id or new_id(), identity=identity
        )
        yield from self._steps(self.stubs.backup.RunRestoreDrill, request, timeout_s)

    def data_status(self, *, timeout_s: float | None = None) -> backup_pb2.GetDataStatusResponse:
        """Whose data this is, how much there is, and how well it is backed up."""
        request = backup_pb2.GetDataStatusRequest()
        return self._ask(self.stubs.backup.GetDataStatus, request, timeout_s)

    def plan_restore(
        self,
        path: str = "",
        *,
        identity: str = "",
        last_receipt: int = 0,
        timeout_s: float = wire.BACKUP_S,
    ) -> Iterator[backup_pb2.PlanRestoreResponse]:
        """Find out what restoring would come to: progress, and at last the plan. Changes nothing.

        path: a backup in the till's folder, or a whole path on the till's machine; empty for the
        newest set. identity: the owner's key. last_receipt: the highest number known to be on
        paper. Raises `RestoreOtherTill`, `BackupCorrupt`, `BackupKeyNeeded`, `HomeNeeded` and
        others.
        """
        request = backup_pb2.PlanRestoreRequest(
            path=path, identity=identity, last_receipt=last_receipt
        )
        yield from self._steps(self.stubs.backup.PlanRestore, request, timeout_s)

    def commit_restore(
        self,
        plan_id: str,
        *,
        request_id: str,
        accept_loss: bool = False,
        timeout_s: float = wire.BACKUP_S,
    ) -> Iterator[backup_pb2.CommitRestoreResponse]:
        """Restore as planned: progress, then `restarting`; the till ends and starts again.

        The same request_id, asked again after that, answers what came of it. Raises `PlanStale`,
        `RestoreWouldFork` without accept_loss where something would be lost, and others.
        """
        request = backup_pb2.CommitRestoreRequest(
            request_id=request_id, plan_id=plan_id, accept_loss=accept_loss
        )
        yield from self._steps(self.stubs.backup.CommitRestore, request, timeout_s)

    def plan_clean(self, *, timeout_s: float | None = None) -> backup_pb2.PlanCleanResponse:
        """What clearing the business data would clear and keep. Raises `NotPreLive`."""
        request = backup_pb2.PlanCleanRequest()
        return self._ask(self.stubs.backup.PlanClean, request, timeout_s)

    def commit_clean(
        self, plan_id: str, *, request_id: str, timeout_s: float = wire.BACKUP_S
    ) -> Iterator[backup_pb2.CommitCleanResponse]:
        """Clear the business data as planned; otherwise as `commit_restore`. Raises `NotPreLive`,
        `PlanStale` and others."""
        request = backup_pb2.CommitCleanRequest(request_id=request_id, plan_id=plan_id)
        yield from self._steps(self.stubs.backup.CommitClean, request, timeout_s)

    def go_live(
        self, *, request_id: str | None = None, timeout_s: float | None = None
    ) -> backup_pb2.GoLiveResponse:
        """End the time before business, for good; asked again, it says since when."""
        request = backup_pb2.GoLiveRequest(request_id=request_id or new_id())
        return self._ask(self.stubs.backup.GoLive, request, timeout_s)

    # The till before this one

    def plan_import(
        self, path: str, *, adapter: str = "", timeout_s: float = wire.BACKUP_S
    ) -> Iterator[predecessor_pb2.PlanImportResponse]:
        """Have a predecessor's data looked at: progress, and at last the plan. Nothing is changed.

        path: a folder or file on the till's machine, absolute. Raises `SourceNotFound`,
        `ImportBusy` and others (predecessor.proto, PlanImport).
        """
        request = predecessor_pb2.PlanImportRequest(path=path, adapter=adapter)
        yield from self._steps(self.stubs.predecessor.PlanImport, request, timeout_s)

    def commit_import(
        self,
        path: str,
        digest: str,
        *,
        adapter: str = "",
        explanation: str = "",
        request_id: str | None = None,
        timeout_s: float = wire.BACKUP_S,
    ) -> Iterator[predecessor_pb2.CommitImportResponse]:
        """Have it imported: progress, and at last the result.

        digest: `source.digest` of the plan. explanation: why the predecessor's totals may differ
        from its sales. It goes on if this is given up; the same request_id watches it again. Raises
        `ImportDamaged`, `ImportDiffers`, `SourceChanged` and others.
        """
        request = predecessor_pb2.CommitImportRequest(
            request_id=request_id or new_id(),
            path=path,
            adapter=adapter,
            digest=digest,
            explanation=explanation,
        )
        yield from self._steps(self.stubs.predecessor.CommitImport, request, timeout_s)

    def list_imports(
        self, *, timeout_s: float | None = None
    ) -> predecessor_pb2.ListImportsResponse:
        """The imports that count, newest first."""
        request = predecessor_pb2.ListImportsRequest()
        return self._ask(self.stubs.predecessor.ListImports, request, timeout_s)

    def find_imported_sales(
        self, receipt: str, *, timeout_s: float | None = None
    ) -> predecessor_pb2.FindImportedSalesResponse:
        """The imported sales with this number on the predecessor's receipt."""
        request = predecessor_pb2.FindImportedSalesRequest(receipt=receipt)
        return self._ask(self.stubs.predecessor.FindImportedSales, request, timeout_s)

    def list_imported_reports(
        self, import_id: str, *, page_token: str = "", timeout_s: float | None = None
    ) -> predecessor_pb2.ListImportedReportsResponse:
        """Shifts and days of an import, a page at a time. Raises `ImportNotFound`."""
        request = predecessor_pb2.ListImportedReportsRequest(
            import_id=import_id, page_token=page_token
        )
        return self._ask(self.stubs.predecessor.ListImportedReports, request, timeout_s)

    def _steps(
        self,
        rpc: grpc.UnaryStreamMultiCallable[RequestT, ResponseT],
        request: RequestT,
        timeout_s: float,
    ) -> Iterator[ResponseT]:
        call = rpc(request, timeout=timeout_s, metadata=self.metadata)
        try:
            yield from call
        except grpc.RpcError as error:
            raise errors.from_rpc(error, request) from error
        finally:
            call.cancel()

    # Watching

    def watch_events(self, cursor: int | None = None) -> Watch[system_pb2.WatchEventsResponse]:
        """Everything that happens after `cursor`; 0 from the beginning, None from now on.

        Goes on by itself after a lost connection; a hole in the stream comes as an event `gap`.
        Store the watch's `resume_cursor` to go on after a restart of your own.
        """
        return self._kept(
            Watch(
                lambda at: self.stubs.system.WatchEvents(
                    system_pb2.WatchEventsRequest(cursor=at), metadata=self.metadata
                ),
                JournalPlace[system_pb2.WatchEventsResponse](self._begin(cursor)),
            )
        )

    def watch_journal(self, cursor: int | None = None) -> Watch[journal_pb2.WatchJournalResponse]:
        """The journal's records after `cursor`; as `watch_events`, with `gap` for a hole."""
        return self._kept(
            Watch(
                lambda at: self.stubs.journal.WatchJournal(
                    journal_pb2.WatchJournalRequest(cursor=at), metadata=self.metadata
                ),
                JournalPlace[journal_pb2.WatchJournalResponse](self._begin(cursor)),
            )
        )

    def watch_jobs(self, cursor: int | None = None) -> Watch[printer_pb2.WatchJobsResponse]:
        """Every change of a print job after `cursor`; as `watch_events`, with `gap` for a hole."""
        return self._kept(
            Watch(
                lambda at: self.stubs.printer.WatchJobs(
                    printer_pb2.WatchJobsRequest(cursor=at), metadata=self.metadata
                ),
                JournalPlace[printer_pb2.WatchJobsResponse](self._begin(cursor)),
            )
        )

    def watch_devices(self, device_id: str = "") -> Watch[device_pb2.WatchDevicesResponse]:
        """The devices (or one) as they are, one message each, then each change."""
        return self._kept(
            Watch(
                lambda _: self.stubs.device.WatchDevices(
                    device_pb2.WatchDevicesRequest(device_id=device_id), metadata=self.metadata
                ),
                DevicesPlace(),
            )
        )

    # The thin layer under all of it

    def _begin(self, cursor: int | None) -> int:
        # "From now on" is fixed here, and not by the stream's `from_now`: what happens between
        # this call and the first message, or while a first connection breaks, is not lost.
        return self.status().head_seq if cursor is None else cursor

    def _only_scanner(self) -> str:
        """The name of the only scanner: a claim needs one. Raises DeviceNotFound."""
        category = device_pb2.DEVICE_CATEGORY_SCANNER
        names = [one.device_id for one in self.list_devices() if one.category == category]
        if len(names) != 1:
            message = "Name the scanner: the till has none, or more than one."
            raise errors.DeviceNotFound(message, code=grpc.StatusCode.NOT_FOUND)
        return names[0]

    def _kept(self, watch: WatchT) -> WatchT:
        self._watches.add(watch)
        return watch

    def _send(self, request: Message, timeout_s: float | None) -> Answer:
        stub, method = requests.RPC_OF_REQUEST[request.DESCRIPTOR.full_name]
        rpc: grpc.UnaryUnaryMultiCallable[Message, Message]
        rpc = getattr(getattr(self.stubs, stub), method)
        return answer_of(self._ask(rpc, request, timeout_s))

    def _ask(
        self,
        rpc: grpc.UnaryUnaryMultiCallable[RequestT, ResponseT],
        request: RequestT,
        timeout_s: float | None,
    ) -> ResponseT:
        if self._closed:
            raise RuntimeError(wire.CLOSED)
        deadline_s = self._timeout_s if timeout_s is None else timeout_s
        try:
            answer, call = rpc.with_call(request, timeout=deadline_s, metadata=self.metadata)
        except grpc.RpcError as error:
            raise errors.from_rpc(error, request) from error
        self._upgrade_advice = advice_in(call.trailing_metadata())
        return answer


class _ScannerDesk:
    """What a `Scanner` needs of the till."""

    def __init__(self, till: Till) -> None:
        self._till = till

    def claim(self, request: device_pb2.ClaimRequest, timeout_s: float) -> device_pb2.ClaimResponse:
        if not request.device_id:
            request.device_id = self._till._only_scanner()  # noqa: SLF001 - a part of the till
        return self._till._ask(self._till.stubs.device.Claim, request, timeout_s)  # noqa: SLF001 - a part of the till

    def renew(self, request: device_pb2.RenewClaimRequest) -> device_pb2.RenewClaimResponse:
        return self._till._ask(self._till.stubs.device.RenewClaim, request, None)  # noqa: SLF001 - a part of the till

    def release(self, request: device_pb2.ReleaseClaimRequest) -> device_pb2.ReleaseClaimResponse:
        return self._till._ask(self._till.stubs.device.ReleaseClaim, request, None)  # noqa: SLF001 - a part of the till

    def acknowledge(
        self, request: scanner_pb2.AcknowledgeScanRequest
    ) -> scanner_pb2.AcknowledgeScanResponse:
        return self._till._ask(self._till.stubs.scanner.AcknowledgeScan, request, None)  # noqa: SLF001 - a part of the till

    def watch(self, request: scanner_pb2.WatchScansRequest) -> ScanCall:
        metadata = self._till.metadata
        return self._till.stubs.scanner.WatchScans(request, metadata=metadata)

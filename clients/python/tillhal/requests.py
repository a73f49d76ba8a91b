"""Builds every request that changes something, and sends nothing.

A front end that must not sell twice, even when it crashes itself, builds the request here, stores
`request.SerializeToString()`, and then calls `till.send(request)`: sent again after a restart, the
same bytes give the first answer again. Ids are made unless given. All functions are pure but for
the ids; TypeError and ValueError come from the amounts in them (see `tillhal.values`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from tillhal.v1 import (
    checkout_pb2,
    device_pb2,
    drawer_pb2,
    journal_pb2,
    power_pb2,
    printer_pb2,
    recovery_pb2,
    scanner_pb2,
    shift_pb2,
    system_pb2,
)
from tillhal.values import Discount, Line, ReturnLine, TaxModeKind, Tender, TenderOutcome, new_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tillhal.answers import SaleHandle

ClaimModeName: TypeAlias = Literal["EXCLUSIVE", "CONTROL", "OBSERVE"]
DrawerReason: TypeAlias = Literal["NO_SALE", "FLOAT", "COUNT", "PAID_IN_OUT", "TEST"]
JobResolution: TypeAlias = Literal["PRINTED", "COPY", "DISCARDED"]

RPC_OF_REQUEST: Final[dict[str, tuple[str, str]]] = {
    method.input_type.full_name: (stub, method.name)
    for stub, file in (
        ("checkout", checkout_pb2),
        ("device", device_pb2),
        ("drawer", drawer_pb2),
        ("journal", journal_pb2),
        ("power", power_pb2),
        ("printer", printer_pb2),
        ("recovery", recovery_pb2),
        ("scanner", scanner_pb2),
        ("shift", shift_pb2),
        ("system", system_pb2),
    )
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
    if "request_id" in method.input_type.fields_by_name
}
"""For each request that changes something, by its full name: the stub and the RPC that take it."""


def checkout(
    currency: str,
    lines: Iterable[Line],
    *,
    tenders: Iterable[Tender] = (),
    discounts: Iterable[Discount] = (),
    tax_mode: TaxModeKind | None = None,
    language: str = "",
    sale_id: str | None = None,
    request_id: str | None = None,
) -> checkout_pb2.CheckoutRequest:
    """A whole sale in one call, in the till's `currency` (ISO 4217)."""
    return checkout_pb2.CheckoutRequest(
        request_id=request_id or new_id(),
        sale_id=sale_id or new_id(),
        lines=[line.to_wire(currency) for line in lines],
        discounts=[discount.to_wire(currency) for discount in discounts],
        tenders=[tender.to_wire(currency) for tender in tenders],
        tax_mode=_tax_mode(tax_mode),
        language=language,
    )


def open_sale(
    *,
    tax_mode: TaxModeKind | None = None,
    language: str = "",
    sale_id: str | None = None,
    request_id: str | None = None,
) -> checkout_pb2.OpenSaleRequest:
    """A sale without lines, to be filled step by step."""
    return checkout_pb2.OpenSaleRequest(
        request_id=request_id or new_id(),
        sale_id=sale_id or new_id(),
        tax_mode=_tax_mode(tax_mode),
        language=language,
    )


def put_line(
    sale: SaleHandle, line: Line, *, request_id: str | None = None
) -> checkout_pb2.PutLineRequest:
    """Adds a line, or replaces the one with the same line_id."""
    return checkout_pb2.PutLineRequest(
        request_id=request_id or new_id(),
        sale_id=sale.sale_id,
        expected_version=sale.version,
        line=line.to_wire(sale.currency),
    )


def remove_line(
    sale: SaleHandle, line_id: str, *, request_id: str | None = None
) -> checkout_pb2.RemoveLineRequest:
    """Takes a line out, and the discounts on it."""
    return checkout_pb2.RemoveLineRequest(
        request_id=request_id or new_id(),
        sale_id=sale.sale_id,
        expected_version=sale.version,
        line_id=line_id,
    )


def apply_discount(
    sale: SaleHandle, discount: Discount, *, request_id: str | None = None
) -> checkout_pb2.ApplyDiscountRequest:
    """Gives a discount; the same discount_id again replaces it, zero takes it away."""
    return checkout_pb2.ApplyDiscountRequest(
        request_id=request_id or new_id(),
        sale_id=sale.sale_id,
        expected_version=sale.version,
        discount=discount.to_wire(sale.currency),
    )


def suspend(
    sale: SaleHandle, *, note: str = "", request_id: str | None = None
) -> checkout_pb2.SuspendSaleRequest:
    """Puts the sale aside, with a note that helps to find it again."""
    return checkout_pb2.SuspendSaleRequest(
        request_id=request_id or new_id(),
        sale_id=sale.sale_id,
        expected_version=sale.version,
        note=note,
    )


def resume(sale: SaleHandle, *, request_id: str | None = None) -> checkout_pb2.ResumeSaleRequest:
    """Takes up a suspended or interrupted sale."""
    return checkout_pb2.ResumeSaleRequest(
        request_id=request_id or new_id(), sale_id=sale.sale_id, expected_version=sale.version
    )


def add_tender(
    sale: SaleHandle, tender: Tender, *, pending: bool = False, request_id: str | None = None
) -> checkout_pb2.AddTenderRequest:
    """Records a tender; `pending` before a card terminal is started, until `resolve_tender`."""
    return checkout_pb2.AddTenderRequest(
        request_id=request_id or new_id(),
        sale_id=sale.sale_id,
        expected_version=sale.version,
        tender=tender.to_wire(sale.currency),
        pending=pending,
    )


def resolve_tender(
    sale: SaleHandle,
    tender_id: str,
    outcome: TenderOutcome,
    *,
    evidence: str = "",
    request_id: str | None = None,
) -> checkout_pb2.ResolveTenderRequest:
    """Says how a PENDING or UNKNOWN tender ended, and what that rests on."""
    return checkout_pb2.ResolveTenderRequest(
        request_id=request_id or new_id(),
        sale_id=sale.sale_id,
        expected_version=sale.version,
        tender_id=tender_id,
        outcome=f"TENDER_STATE_{outcome}",
        evidence=evidence,
    )


def reverse_tender(
    sale: SaleHandle, tender_id: str, *, reason: str = "", request_id: str | None = None
) -> checkout_pb2.ReverseTenderRequest:
    """Gives an APPROVED tender of an unfinished sale back."""
    return checkout_pb2.ReverseTenderRequest(
        request_id=request_id or new_id(),
        sale_id=sale.sale_id,
        expected_version=sale.version,
        tender_id=tender_id,
        reason=reason,
    )


def complete(
    sale: SaleHandle, *, request_id: str | None = None
) -> checkout_pb2.CompleteSaleRequest:
    """Completes the sale."""
    return checkout_pb2.CompleteSaleRequest(
        request_id=request_id or new_id(), sale_id=sale.sale_id, expected_version=sale.version
    )


def cancel(
    sale: SaleHandle, *, reason: str = "", request_id: str | None = None
) -> checkout_pb2.CancelSaleRequest:
    """Cancels an unfinished sale without a live tender."""
    return checkout_pb2.CancelSaleRequest(
        request_id=request_id or new_id(),
        sale_id=sale.sale_id,
        expected_version=sale.version,
        reason=reason,
    )


def void_sale(
    original_sale_id: str,
    reason: str,
    *,
    sale_id: str | None = None,
    request_id: str | None = None,
) -> checkout_pb2.VoidSaleRequest:
    """Voids a completed sale by a new one, `sale_id`, that mirrors it."""
    return checkout_pb2.VoidSaleRequest(
        request_id=request_id or new_id(),
        sale_id=sale_id or new_id(),
        original_sale_id=original_sale_id,
        reason=reason,
    )


def open_return(
    original_sale_id: str,
    lines: Iterable[ReturnLine],
    reason: str,
    *,
    sale_id: str | None = None,
    request_id: str | None = None,
) -> checkout_pb2.OpenReturnRequest:
    """Opens a return, `sale_id`, of lines of a completed sale."""
    return checkout_pb2.OpenReturnRequest(
        request_id=request_id or new_id(),
        sale_id=sale_id or new_id(),
        original_sale_id=original_sale_id,
        lines=[line.to_wire() for line in lines],
        reason=reason,
    )


def reprint_receipt(
    sale_id: str, *, job_id: str | None = None, request_id: str | None = None
) -> checkout_pb2.ReprintReceiptRequest:
    """Prints the receipt of a completed sale once more, marked as a copy."""
    return checkout_pb2.ReprintReceiptRequest(
        request_id=request_id or new_id(), sale_id=sale_id, job_id=job_id or new_id()
    )


def print_document(
    parts: Iterable[printer_pb2.Part],
    *,
    printer: str = "",
    ttl_s: int = 0,
    job_id: str | None = None,
    request_id: str | None = None,
) -> printer_pb2.SubmitJobRequest:
    """Prints a document; after `ttl_s` seconds it is not worth printing, 0: the till's default."""
    return printer_pb2.SubmitJobRequest(
        request_id=request_id or new_id(),
        job_id=job_id or new_id(),
        printer=printer,
        document=printer_pb2.PrintDocument(parts=parts),
        ttl_s=ttl_s,
    )


def print_test_page(
    printer: str = "", *, job_id: str | None = None, request_id: str | None = None
) -> printer_pb2.PrintTestPageRequest:
    """Prints a page with one of everything."""
    return printer_pb2.PrintTestPageRequest(
        request_id=request_id or new_id(), job_id=job_id or new_id(), printer=printer
    )


def cancel_job(
    job_id: str, *, reason: str = "", request_id: str | None = None
) -> printer_pb2.CancelJobRequest:
    """Takes back a print job that has not begun."""
    return printer_pb2.CancelJobRequest(
        request_id=request_id or new_id(), job_id=job_id, reason=reason
    )


def resolve_job(
    job_id: str, resolution: JobResolution, *, reason: str = "", request_id: str | None = None
) -> printer_pb2.ResolveJobRequest:
    """Says what becomes of a print job in doubt, after a look at the paper."""
    return printer_pb2.ResolveJobRequest(
        request_id=request_id or new_id(),
        job_id=job_id,
        resolution=f"JOB_RESOLUTION_{resolution}",
        reason=reason,
    )


def open_drawer(
    reason: DrawerReason,
    *,
    note: str = "",
    drawer: str = "",
    fencing_token: int = 0,
    kick_id: str | None = None,
    request_id: str | None = None,
) -> drawer_pb2.OpenDrawerRequest:
    """Asks for one pulse; a sale opens the drawer by itself."""
    return drawer_pb2.OpenDrawerRequest(
        request_id=request_id or new_id(),
        kick_id=kick_id or new_id(),
        drawer=drawer,
        reason=f"DRAWER_REASON_{reason}",
        note=note,
        fencing_token=fencing_token,
    )


def inject_scan(
    text: str, *, scanner: str = "", fencing_token: int = 0, request_id: str | None = None
) -> scanner_pb2.InjectScanRequest:
    """A code that a person typed."""
    return scanner_pb2.InjectScanRequest(
        request_id=request_id or new_id(),
        device_id=scanner,
        text=text,
        fencing_token=fencing_token,
    )


def claim_device(
    device_id: str,
    mode: ClaimModeName,
    *,
    purpose: str,
    wait_s: int = 0,
    ttl_s: int = 0,
    force_reason: str = "",
    request_id: str | None = None,
) -> device_pb2.ClaimRequest:
    """A device for a time."""
    return device_pb2.ClaimRequest(
        request_id=request_id or new_id(),
        device_id=device_id,
        mode=f"CLAIM_MODE_{mode}",
        purpose=purpose,
        wait_s=wait_s,
        ttl_s=ttl_s,
        force_reason=force_reason,
    )


def calibrate_sensor(
    drawer: str, *, by_key: bool, request_id: str | None
) -> drawer_pb2.CalibrateSensorRequest:
    """Has the till learn a drawer's switch."""
    return drawer_pb2.CalibrateSensorRequest(
        request_id=request_id or new_id(), drawer=drawer, by_key=by_key
    )


def reset_statistics(
    device_id: str, names: Iterable[str] = (), *, request_id: str | None = None
) -> device_pb2.ResetStatisticsRequest:
    """Sets statistics of a device to 0; without names all that can be."""
    return device_pb2.ResetStatisticsRequest(
        request_id=request_id or new_id(), device_id=device_id, names=names
    )


def adopt_device(device_id: str, *, request_id: str | None = None) -> device_pb2.AdoptDeviceRequest:
    """Makes the device that stands in another's place the known one."""
    return device_pb2.AdoptDeviceRequest(request_id=request_id or new_id(), device_id=device_id)


def reconfigure(
    tables_toml: str = "", *, dry_run: bool = False, request_id: str | None = None
) -> device_pb2.ReconfigureRequest:
    """Has the till read its file again, or take these tables in its place."""
    return device_pb2.ReconfigureRequest(
        request_id=request_id or new_id(), tables_toml=tables_toml, dry_run=dry_run
    )


def get_sale(sale_id: str | None, receipt_number: int | None) -> checkout_pb2.GetSaleRequest:
    """Asks for a sale by one of the two; ValueError for both or neither. Changes nothing."""
    if (sale_id is None) == (receipt_number is None):
        message = "ask for a sale by its sale_id or by its receipt_number"
        raise ValueError(message)
    return checkout_pb2.GetSaleRequest(sale_id=sale_id, receipt_number=receipt_number)


def _tax_mode(mode: TaxModeKind | None) -> str:
    return f"TAX_MODE_{mode or 'UNSPECIFIED'}"

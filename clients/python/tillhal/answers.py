"""What the till answers to a change of a sale, and the sale as its front end holds it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, cast

from tillhal import errors, values
from tillhal.v1 import (
    checkout_pb2,
    device_pb2,
    drawer_pb2,
    power_pb2,
    printer_pb2,
    recovery_pb2,
    shift_pb2,
    types_pb2,
)

if TYPE_CHECKING:
    from decimal import Decimal

    from google.protobuf.descriptor import EnumDescriptor
    from google.protobuf.message import Message

SaleStateName: TypeAlias = Literal[
    "OPEN", "SUSPENDED", "TENDERING", "INTERRUPTED", "COMPLETED", "CANCELLED"
]
SaleKindName: TypeAlias = Literal["SALE", "RETURN", "VOID"]

SaleRequest: TypeAlias = (
    checkout_pb2.CheckoutRequest
    | checkout_pb2.OpenSaleRequest
    | checkout_pb2.PutLineRequest
    | checkout_pb2.RemoveLineRequest
    | checkout_pb2.ApplyDiscountRequest
    | checkout_pb2.SuspendSaleRequest
    | checkout_pb2.ResumeSaleRequest
    | checkout_pb2.AddTenderRequest
    | checkout_pb2.ResolveTenderRequest
    | checkout_pb2.ReverseTenderRequest
    | checkout_pb2.CompleteSaleRequest
    | checkout_pb2.CancelSaleRequest
    | checkout_pb2.VoidSaleRequest
    | checkout_pb2.OpenReturnRequest
)
"""Every request that changes a sale; each is answered with a `SaleAnswer`."""

SaleResponse: TypeAlias = (
    checkout_pb2.CheckoutResponse
    | checkout_pb2.OpenSaleResponse
    | checkout_pb2.PutLineResponse
    | checkout_pb2.RemoveLineResponse
    | checkout_pb2.ApplyDiscountResponse
    | checkout_pb2.SuspendSaleResponse
    | checkout_pb2.ResumeSaleResponse
    | checkout_pb2.AddTenderResponse
    | checkout_pb2.ResolveTenderResponse
    | checkout_pb2.ReverseTenderResponse
    | checkout_pb2.CompleteSaleResponse
    | checkout_pb2.CancelSaleResponse
    | checkout_pb2.VoidSaleResponse
    | checkout_pb2.OpenReturnResponse
)


ShiftResponse: TypeAlias = (
    shift_pb2.OpenDayResponse
    | shift_pb2.CloseDayResponse
    | shift_pb2.OpenShiftResponse
    | shift_pb2.LockShiftResponse
    | shift_pb2.UnlockShiftResponse
    | shift_pb2.RecordMovementResponse
    | shift_pb2.EndShiftResponse
    | shift_pb2.DeclareCountResponse
    | shift_pb2.HandOverResponse
    | shift_pb2.CloseShiftResponse
    | shift_pb2.CorrectCountResponse
    | shift_pb2.ExceptTenderResponse
    | shift_pb2.PrintReportResponse
)
ShiftRequest: TypeAlias = (
    shift_pb2.OpenDayRequest
    | shift_pb2.CloseDayRequest
    | shift_pb2.OpenShiftRequest
    | shift_pb2.LockShiftRequest
    | shift_pb2.UnlockShiftRequest
    | shift_pb2.RecordMovementRequest
    | shift_pb2.EndShiftRequest
    | shift_pb2.DeclareCountRequest
    | shift_pb2.HandOverRequest
    | shift_pb2.CloseShiftRequest
    | shift_pb2.CorrectCountRequest
    | shift_pb2.ExceptTenderRequest
    | shift_pb2.PrintReportRequest
)
"""Every request that changes a shift or a business day: see `tillhal.shift_requests`."""


class _EnumType(Protocol):
    """What the generated enum types have in common."""

    DESCRIPTOR: EnumDescriptor


def enum_name(enum: _EnumType, number: int, prefix: str) -> str:
    """The name of an enum's value without its prefix; "NUMBER_9" for one of a newer till."""
    value = enum.DESCRIPTOR.values_by_number.get(number)
    return value.name.removeprefix(prefix) if value is not None else f"NUMBER_{number}"


class _Amounts(ABC):
    """The figures of `summary` as exact decimals, shared by an answer and a live sale."""

    __slots__ = ()

    @property
    @abstractmethod
    def summary(self) -> checkout_pb2.SaleSummary:
        """The sale in short, as the till last answered it."""

    @property
    def sale_id(self) -> str:
        """The sale's id."""
        return self.summary.sale_id

    @property
    def version(self) -> int:
        """Goes up by one with every change of the sale."""
        return self.summary.version

    @property
    def state(self) -> SaleStateName:
        """Where the sale stands, e.g. "OPEN" or "COMPLETED"."""
        return cast(
            "SaleStateName", enum_name(checkout_pb2.SaleState, self.summary.state, "SALE_STATE_")
        )

    @property
    def kind(self) -> SaleKindName:
        """What it is: "SALE", "RETURN" or "VOID"."""
        return cast(
            "SaleKindName", enum_name(checkout_pb2.SaleKind, self.summary.kind, "SALE_KIND_")
        )

    @property
    def receipt_number(self) -> int:
        """Given at completion; 0 before."""
        return self.summary.receipt_number

    @property
    def payable(self) -> Decimal:
        """What the customer owes in all; negative on returns and voids."""
        return values.to_decimal(self.summary.payable)

    @property
    def due(self) -> Decimal:
        """What is still to be tendered, before cash rounding."""
        return values.to_decimal(self.summary.due)

    @property
    def tendered(self) -> Decimal:
        """Approved tenders."""
        return values.to_decimal(self.summary.tendered)

    @property
    def change(self) -> Decimal:
        """What goes back to the customer in cash."""
        return values.to_decimal(self.summary.change)

    @property
    def tax(self) -> Decimal:
        """The tax in it."""
        return values.to_decimal(self.summary.tax)

    @property
    def discount_total(self) -> Decimal:
        """All discounts."""
        return values.to_decimal(self.summary.discount)

    @property
    def rounding_adjustment(self) -> Decimal:
        """The cash rounding; zero before completion."""
        return values.to_decimal(self.summary.rounding_adjustment)


@dataclass(frozen=True, slots=True)
class SaleAnswer(_Amounts):
    """The till's answer to a change of a sale: by the time you hold it, it is durable.

    `durable_primary` is False while the till writes to its spill journal; `replayed` is True when
    this is the first answer to an earlier call with the same request_id.
    """

    response: SaleResponse

    @property
    def summary(self) -> checkout_pb2.SaleSummary:
        """The sale in short, after the change."""
        return self.response.sale

    @property
    def durable_primary(self) -> bool:
        """In the journal itself, not only in the spill."""
        return self.response.durability == types_pb2.DURABILITY_DURABLE_PRIMARY

    @property
    def replayed(self) -> bool:
        """The request had been carried out before; nothing was done twice."""
        return self.response.replayed


RecoveryAnswer: TypeAlias = (
    recovery_pb2.ResolveItemResponse
    | recovery_pb2.OpenBackEntryResponse
    | recovery_pb2.PutSlipResponse
    | recovery_pb2.MarkSlipResponse
    | recovery_pb2.CloseBackEntryResponse
    | recovery_pb2.PrintSlipBookResponse
    | recovery_pb2.PrintSuspendedSalesResponse
)
Answer: TypeAlias = (
    SaleAnswer
    | RecoveryAnswer
    | checkout_pb2.ReprintReceiptResponse
    | printer_pb2.SubmitJobResponse
    | printer_pb2.PrintTestPageResponse
    | printer_pb2.CancelJobResponse
    | printer_pb2.ResolveJobResponse
    | drawer_pb2.OpenDrawerResponse
    | device_pb2.ResetStatisticsResponse
    | device_pb2.AdoptDeviceResponse
    | device_pb2.ReconfigureResponse
    | power_pb2.RunSelfTestResponse
    | power_pb2.AnnotateOutageResponse
    | power_pb2.RecordBatteryReplacedResponse
    | ShiftResponse
)
ChangeRequest: TypeAlias = (
    SaleRequest
    | checkout_pb2.ReprintReceiptRequest
    | printer_pb2.SubmitJobRequest
    | printer_pb2.PrintTestPageRequest
    | printer_pb2.CancelJobRequest
    | printer_pb2.ResolveJobRequest
    | drawer_pb2.OpenDrawerRequest
    | device_pb2.ResetStatisticsRequest
    | device_pb2.AdoptDeviceRequest
    | device_pb2.ReconfigureRequest
    | ShiftRequest
)
"""Every request that changes something in the shop."""


def answer_of(response: Message) -> Answer:
    """The answer that a response message is; sales are wrapped, the rest comes as it is."""
    if isinstance(
        response,
        RecoveryAnswer
        | checkout_pb2.ReprintReceiptResponse
        | printer_pb2.SubmitJobResponse
        | printer_pb2.PrintTestPageResponse
        | printer_pb2.CancelJobResponse
        | printer_pb2.ResolveJobResponse
        | drawer_pb2.OpenDrawerResponse
        | device_pb2.ResetStatisticsResponse
        | device_pb2.AdoptDeviceResponse
        | device_pb2.ReconfigureResponse
        | power_pb2.RunSelfTestResponse
        | power_pb2.AnnotateOutageResponse
        | power_pb2.RecordBatteryReplacedResponse
        | ShiftResponse,
    ):
        return response
    return SaleAnswer(cast("SaleResponse", response))


class SaleHandle(_Amounts):
    """A sale under way: its id, and its version as of the till's newest answer."""

    __slots__ = ("_summary", "currency")

    def __init__(self, summary: checkout_pb2.SaleSummary, currency: str) -> None:
        """Hold the sale of `summary`; amounts are read and written in `currency`."""
        self._summary = summary
        self.currency = currency

    @property
    def summary(self) -> checkout_pb2.SaleSummary:
        """The sale in short, as the till last answered it."""
        return self._summary

    def took(self, summary: checkout_pb2.SaleSummary) -> None:
        """Keep `summary` unless it is older than what is held.

        A repeated request is answered with its first answer, which later steps may have outrun.
        """
        if summary.version >= self._summary.version:
            self._summary = summary

    def check_own(self, request: SaleRequest) -> None:
        """Raise ValueError for a step of another sale: its version would be taken for ours."""
        if request.sale_id != self.sale_id:
            message = f"the request is for sale {request.sale_id}, this is {self.sale_id}"
            raise ValueError(message)

    def step_of(self, error: errors.TillError) -> SaleRequest:
        """The step that failed with `error`; ValueError when it has none."""
        return cast("SaleRequest", errors.request_of(error))

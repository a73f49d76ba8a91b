"""Errors come back as what the till meant by them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2

from tillhal import Till, cash, errors, line
from tillhal.v1 import types_pb2

from .shop import refusal

if TYPE_CHECKING:
    from .shop import Server, Shop

PROTO = Path(__file__).parents[3] / "proto/tillhal/v1"
CODES = {code.name: code for code in grpc.StatusCode}


def reasons_in_the_contract() -> dict[str, grpc.StatusCode]:
    """Each reason that the comments of the contract name, with its gRPC status."""
    found: dict[str, grpc.StatusCode] = {}
    for file in sorted(PROTO.glob("*.proto")):
        comments = re.findall(r"^\s*//(.*)$", file.read_text("utf-8"), re.MULTILINE)
        prose = re.sub(r"\([^)]*\)", "", " ".join(comments))
        for code, reasons in re.findall(
            rf"\b({'|'.join(CODES)})(?::| /)\s*((?:[A-Z][A-Z_]+(?:,\s*)?)+)", prose
        ):
            for reason in re.findall(r"[A-Z][A-Z_]+", reasons):
                found[reason] = CODES[code]
    return found


def sell(server: Server) -> None:
    with Till.connect(server.address, currency="EUR") as till:
        till.checkout([line("Coffee", "3.20")], tenders=[cash("3.20")])


def test_every_reason_of_the_contract_has_a_class_of_its_own() -> None:
    contract = reasons_in_the_contract()
    assert len(contract) >= 35
    assert {"CURRENCY_MISMATCH", "TOO_MANY_OPEN_SALES", "CURSOR_AHEAD", "QUEUE_FULL"} <= set(
        contract
    )
    assert set(contract) <= set(errors.BY_REASON)


OF_WORK_BESIDE_THE_TILL = ("BACKUP_", "BUNDLE_", "IMPORT_", "SLOT_", "UPGRADE_")


def test_the_class_of_a_reason_is_under_the_base_of_its_status() -> None:
    base = {
        grpc.StatusCode.UNAVAILABLE: (
            errors.Unreachable,
            errors.StorageError,
            errors.DeviceError,
        ),
        grpc.StatusCode.DEADLINE_EXCEEDED: (errors.DeviceError,),
        grpc.StatusCode.RESOURCE_EXHAUSTED: (errors.Overloaded,),
        grpc.StatusCode.DATA_LOSS: (errors.StorageError,),
        grpc.StatusCode.INTERNAL: (errors.TillError,),
    }
    for reason, code in reasons_in_the_contract().items():
        # What fails beside the till leaves no sale in doubt: nothing is to be repeated.
        is_beside = reason.startswith(OF_WORK_BESIDE_THE_TILL)
        bases = (errors.Refused,) if is_beside else base.get(code, (errors.Refused,))
        assert issubclass(errors.BY_REASON[reason], bases), reason


def test_an_error_brings_all_that_the_till_said(server: Server, shop: Shop) -> None:
    violation = error_details_pb2.BadRequest.FieldViolation(
        field="tenders[0].amount", description="The tenders come to 3.20 of 6.40."
    )
    shop.refuse_with = refusal(
        grpc.StatusCode.INVALID_ARGUMENT,
        "TENDER_SUM_MISMATCH",
        error_details_pb2.BadRequest(field_violations=[violation]),
        error_details_pb2.LocalizedMessage(locale="zh-CN", message="付款金额不足。"),
        error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(nanos=250_000_000)),
        message="The tenders do not cover the sale.",
        due="640",
    )
    with pytest.raises(errors.TenderSumMismatch) as refused:
        sell(server)
    error = refused.value
    assert isinstance(error, errors.Refused)
    assert error.message == "The tenders do not cover the sale."
    assert (error.reason, error.code) == (
        "TENDER_SUM_MISMATCH",
        grpc.StatusCode.INVALID_ARGUMENT,
    )
    assert error.metadata == {"due": "640"}
    assert error.cashier_message == "付款金额不足。"
    assert error.field_violations == (
        errors.FieldViolation("tenders[0].amount", "The tenders come to 3.20 of 6.40."),
    )
    assert error.retry_after_s == 0.25
    assert error.request is not None
    assert "TENDER_SUM_MISMATCH" in str(error)
    assert "tenders[0].amount" in str(error)


def test_a_device_error_says_whether_the_deed_may_be_repeated(server: Server, shop: Shop) -> None:
    detail = types_pb2.DeviceErrorDetail(
        device_id="printer", retry_safety="RETRY_SAFETY_UNKNOWN", bytes_sent=812, job_id="j1"
    )
    shop.refuse_with = refusal(grpc.StatusCode.DEADLINE_EXCEEDED, "DEVICE_TIMEOUT", detail)
    with pytest.raises(errors.DeviceTimeout) as failed:
        sell(server)
    assert isinstance(failed.value, errors.DeviceError)
    assert failed.value.device == detail


@pytest.mark.parametrize(
    ("code", "base"),
    [
        (grpc.StatusCode.FAILED_PRECONDITION, errors.Refused),
        (grpc.StatusCode.PERMISSION_DENIED, errors.Refused),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, errors.Overloaded),
        (grpc.StatusCode.DATA_LOSS, errors.StorageError),
        (grpc.StatusCode.UNAVAILABLE, errors.Unreachable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, errors.OutcomeUnknown),
        (grpc.StatusCode.INTERNAL, errors.TillError),
    ],
)
def test_a_reason_of_a_newer_till_comes_as_the_base_of_its_status(
    server: Server, shop: Shop, code: grpc.StatusCode, base: type[errors.TillError]
) -> None:
    shop.refuse_with = refusal(code, "MOON_NOT_FULL", phase="new")
    with pytest.raises(base) as refused:
        sell(server)
    assert type(refused.value) is base
    assert refused.value.reason == "MOON_NOT_FULL"
    assert refused.value.metadata == {"phase": "new"}


def test_a_device_error_of_a_newer_till_is_a_device_error(server: Server, shop: Shop) -> None:
    detail = types_pb2.DeviceErrorDetail(device_id="printer")
    shop.refuse_with = refusal(grpc.StatusCode.UNAVAILABLE, "DEVICE_ON_FIRE", detail)
    with pytest.raises(errors.DeviceError) as failed:
        sell(server)
    assert type(failed.value) is errors.DeviceError


class _Answered(grpc.RpcError):
    """An error whose details are not what they claim to be."""

    def __init__(self, code: grpc.StatusCode, details: bytes) -> None:
        super().__init__()
        self._code, self._details = code, details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "No."

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:  # type: ignore[override]  # as real
        return ((errors.DETAILS_KEY, self._details),)


def test_malformed_details_do_not_hide_the_error() -> None:
    refused = errors.from_rpc(_Answered(grpc.StatusCode.ABORTED, b"\xff\xff"))
    assert type(refused) is errors.Refused
    assert str(refused) == "No."


def test_a_reason_of_somebody_else_is_not_taken_for_ours() -> None:
    status = refusal(grpc.StatusCode.UNAUTHENTICATED, "SALE_EMPTY")
    info = error_details_pb2.ErrorInfo(reason="SALE_EMPTY", domain="proxy.example")
    status.details[0].Pack(info)
    refused = errors.from_rpc(
        _Answered(grpc.StatusCode.UNAUTHENTICATED, status.SerializeToString())
    )
    assert type(refused) is errors.Refused
    assert refused.reason == ""


def test_two_classes_cannot_share_a_reason() -> None:
    with pytest.raises(AssertionError, match="two classes"):

        class Again(errors.Refused, reason="SALE_EMPTY"):
            pass

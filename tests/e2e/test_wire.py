"""Bytes that no library would send, later contracts, and the cashier's own language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from google.rpc import error_details_pb2

from tests.support.answers import refusal_of, refused
from tests.support.sales import (
    card_sale,
)
from tests.support.till import Till
from tillhal.errors import RequestTooLarge, from_rpc
from tillhal.v1 import checkout_pb2 as pb

if TYPE_CHECKING:
    from tests.support.till import Calls

# --- bytes that no library would send


def raw(calls: Calls, method: str, data: bytes) -> bytes:
    """Send bytes as they are."""
    call = calls.channel.unary_unary(
        f"/tillhal.v1.{method}", request_serializer=bytes, response_deserializer=bytes
    )
    answer: bytes = call(data)
    return answer


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field (content below 128 bytes)."""
    return bytes([number << 3 | 2, len(content)]) + content


RAW = {
    "a text that is not UTF-8": field(1, b"\xff\xfe"),
    "half a surrogate": field(1, b"\xed\xa0\x80"),
    "a description that is not UTF-8": field(3, field(2, b"\xc3\x28")),
    "a field longer than the message": b"\x0a\x7fabc",
    "an unfinished varint": b"\x30\xff\xff",
    "a wire type that does not exist": b"\x0f",
    "field number zero": b"\x02\x01a",
    "noise": bytes(range(128, 256)),
    "an end of a group": b"\x0c",
    "a hundred levels deep": b"\x0b" * 120 + b"\x0c" * 120,
}


@pytest.mark.parametrize("data", RAW.values(), ids=RAW.keys())
@pytest.mark.usefixtures("head")
def test_bytes_that_are_no_message_are_refused_as_such(bare_till: Till, data: bytes) -> None:
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_REQUEST"):
        raw(bare_till.calls, "CheckoutService/Checkout", data)


@pytest.mark.usefixtures("head")
def test_a_message_beyond_what_grpc_takes_ends_the_call_and_nothing_else(bare_till: Till) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        raw(bare_till.calls, "CheckoutService/Checkout", bytes(17 << 20))
    assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    # Overloaded would have a program try again for ever.
    assert type(from_rpc(raised.value)) is RequestTooLarge
    assert bare_till.calls.checkout.ListSuspended(pb.ListSuspendedRequest()) is not None


def test_fields_from_a_later_contract_do_no_harm(bare_till: Till) -> None:
    request = card_sale()
    data = request.SerializeToString() + bytes([0xFA, 0x07, 3]) + b"new"
    first = pb.CheckoutResponse.FromString(raw(bare_till.calls, "CheckoutService/Checkout", data))
    again = pb.CheckoutResponse.FromString(raw(bare_till.calls, "CheckoutService/Checkout", data))
    assert again.replayed
    assert again.sale == first.sale


def test_a_method_that_does_not_exist_is_unimplemented(bare_till: Till) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        raw(bare_till.calls, "CheckoutService/Steal", b"")
    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED


# --- the cashier's sentence


@pytest.mark.parametrize(
    ("accepted", "locale"),
    [
        ("zh-CN", "zh-CN"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh", "zh-CN"),
        ("de, zh;q=0.5", "zh-CN"),
        ("en-GB, zh", "en"),
        ("", "en"),
        ("*;;;,q=", "en"),
    ],
)
def test_the_cashier_is_told_in_her_language(bare_till: Till, accepted: str, locale: str) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        bare_till.calls.checkout.GetSale(
            pb.GetSaleRequest(sale_id="nobody"), metadata=(("accept-language", accepted),)
        )
    refusal = refusal_of(raised.value)
    sentences = {"zh-CN": "找不到该单据。", "en": "The sale was not found."}
    assert refusal.localized == error_details_pb2.LocalizedMessage(
        locale=locale, message=sentences[locale]
    )

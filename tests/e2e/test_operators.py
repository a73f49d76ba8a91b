"""Who enters operators, sets their PINs and takes them out again, at a till that knows its callers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest

from tests.support.access import OWNERS_PIN, Guarded, a_guarded_till, bearer, pin, put, sign_on
from tests.support.answers import refused
from tests.support.sales import card_sale, cash_sale, new_id
from tests.support.till import free_port
from tillhal.v1 import access_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
DENIED = grpc.StatusCode.PERMISSION_DENIED


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    tcp = f"127.0.0.1:{free_port()}"
    with a_guarded_till(tcp=tcp) as guarded:
        guarded.tcp = tcp
        yield guarded


def test_a_supervisor_enters_cashiers_and_nobody_above(guarded: Guarded) -> None:
    calls = guarded.till.another(guarded.tcp)
    bo = sign_on(calls, "bo", metadata=bearer(guarded.token("office")))
    calls.access.PutOperator(put("cleo", access_pb2.ROLE_CASHIER), metadata=bo)
    calls.access.SetPin(pin("cleo", "8305"), metadata=bo)
    for request in (
        put("mallory", access_pb2.ROLE_SUPERVISOR),
        put("cleo", access_pb2.ROLE_OWNER),
        put("owner", access_pb2.ROLE_CASHIER),
    ):
        with refused(DENIED, "ROLE_REQUIRED"):
            calls.access.PutOperator(request, metadata=bo)
    for whose in ("owner", "tim"):
        with refused(DENIED, "ROLE_REQUIRED"):
            calls.access.SetPin(pin(whose, "930517"), metadata=bo)
        with refused(DENIED, "ROLE_REQUIRED"):
            disable = access_pb2.DisableOperatorRequest(request_id=new_id(), operator=whose)
            calls.access.DisableOperator(disable, metadata=bo)


def test_ones_own_pin_needs_the_one_so_far_and_signs_off_everywhere(guarded: Guarded) -> None:
    calls = guarded.till.another(guarded.tcp)
    office = bearer(guarded.token("office-2"))
    bo = sign_on(calls, "bo", metadata=office)
    calls.access.PutOperator(put("dora", access_pb2.ROLE_CASHIER), metadata=bo)
    calls.access.SetPin(pin("dora", "8305"), metadata=bo)
    dora = sign_on(calls, "dora", "8305", metadata=office)
    with refused(UNAUTHENTICATED, "SIGN_ON_REFUSED"):
        calls.access.SetPin(pin("dora", "9416", "0000"), metadata=dora)
    with refused(DENIED, "ROLE_REQUIRED"):
        calls.access.SetPin(pin("ann", "9416"), metadata=dora)
    change = pin("dora", "9416", "8305")
    calls.access.SetPin(change, metadata=dora)
    with refused(UNAUTHENTICATED, "SIGN_ON_REQUIRED"):
        calls.checkout.Checkout(card_sale(), metadata=dora)
    dora = sign_on(calls, "dora", "9416", metadata=office)
    assert calls.access.SetPin(change, metadata=dora).replayed


@pytest.mark.parametrize("weak", ["", "123", "1111", "4567", "9876", "7890", "12a4", "１２３９"])
def test_a_pin_that_is_guessed_at_once_is_refused(guarded: Guarded, weak: str) -> None:
    calls = guarded.admin()
    owner = sign_on(calls, "owner", OWNERS_PIN)
    calls.access.PutOperator(put("eve", access_pb2.ROLE_CASHIER), metadata=owner)
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID") as caught:
        calls.access.SetPin(pin("eve", weak), metadata=owner)
    assert caught.refusal.fields == ["pin"]


def test_who_is_disabled_is_out_at_once_and_the_last_owner_stays(guarded: Guarded) -> None:
    calls = guarded.admin()
    owner = sign_on(calls, "owner", OWNERS_PIN)
    calls.access.PutOperator(put("fay", access_pb2.ROLE_CASHIER), metadata=owner)
    calls.access.SetPin(pin("fay", "8305"), metadata=owner)
    fay = sign_on(calls, "fay", "8305")
    calls.checkout.Checkout(cash_sale(), metadata=fay)
    out = access_pb2.DisableOperatorRequest(request_id=new_id(), operator="fay", reason="left")
    calls.access.DisableOperator(out, metadata=owner)
    with refused(UNAUTHENTICATED, "SIGN_ON_REQUIRED"):
        calls.checkout.Checkout(cash_sale(), metadata=fay)
    with refused(UNAUTHENTICATED, "SIGN_ON_REFUSED"):
        sign_on(calls, "fay", "8305")
    last = access_pb2.DisableOperatorRequest(request_id=new_id(), operator="owner")
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "LAST_OWNER"):
        calls.access.DisableOperator(last, metadata=owner)

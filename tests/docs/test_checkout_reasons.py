"""Everything that Checkout can refuse with stands in its comment, and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.docs.test_reasons import NAMED
from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import types_pb2
from tillhald.domain.books import SHIFTS_A_DAY_MAX
from tillhald.domain.commands import Now
from tillhald.domain.decide import decide
from tillhald.domain.errors import Refused, RequestIdReused
from tillhald.domain.events import (
    JournalCreated,
    PowerStateChanged,
    Record,
    SaleInterrupted,
    ShiftLocked,
)
from tillhald.domain.evolve import apply
from tillhald.domain.rules import RecoveryGate, ShopRules
from tillhald.domain.state import TillState
from tillhald.domain.supply import Supply
from tillhald.journal.errors import DiskReserve
from tillhald.rpc import from_wire

if TYPE_CHECKING:
    from tillhald.domain.events import AnyEvent

NOW = Now(at_ms=1_767_225_600_000, today="2026-01-01", operator="", finished={}, id_taken=False)
BORN = Record(
    wall_ms=NOW.at_ms,
    events=(JournalCreated(store_id="s", workstation_id="w", currency="EUR"),),
)
STATE = apply(TillState(), BORN, 1)


def eur(minor: int) -> types_pb2.Money:
    return types_pb2.Money(currency_code="EUR", minor_units=minor)


def a_line(line_id: str = "1", minor: int = 500) -> pb.LineInput:
    quantity = types_pb2.Decimal(unscaled=1)
    return pb.LineInput(
        line_id=line_id, description="Coffee", quantity=quantity, unit_price=eur(minor)
    )


def a_tender(tender_id: str = "1", minor: int = 500) -> pb.TenderInput:
    return pb.TenderInput(tender_id=tender_id, type=pb.TENDER_TYPE_CASH, amount=eur(minor))


def a_sale() -> pb.CheckoutRequest:
    return pb.CheckoutRequest(
        request_id=str(uuid.uuid4()), sale_id="sale-1", lines=[a_line()], tenders=[a_tender()]
    )


def other_currency(request: pb.CheckoutRequest) -> None:
    request.lines[0].unit_price.currency_code = "USD"


def too_fine(request: pb.CheckoutRequest) -> None:
    request.lines[0].quantity.scale = 7


def too_dear(request: pb.CheckoutRequest) -> None:
    request.lines[0].unit_price.minor_units = 10**16


def too_long(request: pb.CheckoutRequest) -> None:
    request.lines.extend(a_line(str(number)) for number in range(2, 1_002))


def too_many_tenders(request: pb.CheckoutRequest) -> None:
    request.tenders.extend(a_tender(str(number)) for number in range(2, 22))


def too_cheap(request: pb.CheckoutRequest) -> None:
    request.discounts.append(pb.DiscountInput(discount_id="1", amount=eur(501)))


def discount_on_nothing(request: pb.CheckoutRequest) -> None:
    request.discounts.append(pb.DiscountInput(discount_id="1", line_id="9", amount=eur(1)))


def too_little(request: pb.CheckoutRequest) -> None:
    request.tenders[0].amount.minor_units = 499


def change_on_a_card(request: pb.CheckoutRequest) -> None:
    request.tenders[0].type = pb.TENDER_TYPE_CREDIT_CARD
    request.tenders[0].amount.minor_units = 501


DAY_AND_SHIFT = decide(STATE, ShopRules(), from_wire.checkout(a_sale(), "EUR"), NOW)[:2]
Spoil = Callable[[pb.CheckoutRequest], None]
SPOILT: tuple[Spoil, ...] = (
    other_currency,
    too_fine,
    too_dear,
    too_long,
    too_many_tenders,
    too_cheap,
    discount_on_nothing,
    too_little,
    change_on_a_card,
)


def ask(request: pb.CheckoutRequest, state: TillState, rules: ShopRules) -> list[AnyEvent]:
    return decide(state, rules, from_wire.checkout(request, "EUR"), NOW)


def refusal(request: pb.CheckoutRequest, state: TillState, rules: ShopRules) -> str:
    with pytest.raises(Refused) as caught:
        ask(request, state, rules)
    return caught.value.reason


def refusals() -> set[str]:
    """The reasons of requests that are each wrong in one way."""
    found = {RequestIdReused.reason, DiskReserve.reason}  # by the till, before the rules are asked
    for spoil in SPOILT:
        request = a_sale()
        spoil(request)
        found.add(refusal(request, STATE, ShopRules()))
    strict = ShopRules(implicit_shift=False)
    found.add(refusal(a_sale(), STATE, strict))
    opened = Record(wall_ms=NOW.at_ms, events=tuple(ask(a_sale(), STATE, ShopRules())[:1]))
    found.add(refusal(a_sale(), apply(STATE, opened, 2), strict))
    found |= shifts_that_sell_nothing()
    held = pb.OpenSaleRequest(request_id=str(uuid.uuid4()), sale_id="sale-1")
    facts = decide(STATE, ShopRules(), from_wire.open_sale(held), NOW)
    live = apply(STATE, Record(wall_ms=NOW.at_ms, events=tuple(facts)), 2)
    found.add(refusal(a_sale(), live, ShopRules()))
    low = PowerStateChanged(supply=Supply.LOW_BATTERY, before=Supply.ON_BATTERY, refuses_sales=True)
    dim = apply(STATE, Record(wall_ms=NOW.at_ms, events=(low,)), 2)
    found.add(refusal(a_sale(), dim, ShopRules()))
    broken = Record(wall_ms=NOW.at_ms, events=(SaleInterrupted(sale_id="sale-1", version=2),))
    gate = ShopRules(recovery_gate=RecoveryGate.INTERRUPTED)
    found.add(refusal(a_sale(), apply(live, broken, 3), gate))
    return found


def shifts_that_sell_nothing() -> set[str]:
    """The reasons of a locked shift, and of a day that has had as many as a Z lists."""
    opened = apply(STATE, Record(wall_ms=NOW.at_ms, events=tuple(DAY_AND_SHIFT)), 2)
    locked = Record(wall_ms=NOW.at_ms, events=(ShiftLocked(shift_id="shift-1"),))
    found = {refusal(a_sale(), apply(opened, locked, 3), ShopRules())}
    assert opened.shift is not None
    full = replace(opened, shift=None, closed_shifts=(opened.shift,) * SHIFTS_A_DAY_MAX)
    return found | {refusal(a_sale(), full, ShopRules())}


def test_a_sale_that_is_right_is_sold() -> None:
    assert ask(a_sale(), STATE, ShopRules())


def test_the_comment_of_checkout_names_all_that_it_refuses_with_and_nothing_else() -> None:
    named = {each.reason for each in NAMED if each.rpc == "checkout.Checkout"}
    assert named == refusals()

"""Whoever takes an amount says, in the comment of the RPC, what a wrong one is refused with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.docs.test_reasons import NAMED
from tests.docs.test_reference import FILES

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

OF_MONEY: Final = frozenset({"CURRENCY_MISMATCH", "AMOUNT_OUT_OF_RANGE"})
OF_DECIMALS: Final = frozenset({"BAD_SCALE", "AMOUNT_OUT_OF_RANGE"})


def within(message: Descriptor) -> set[str]:
    """The names of all messages in this one; the contract's requests do not hold themselves."""
    inner = [field.message_type for field in message.fields if field.message_type is not None]
    return {message.full_name}.union(*(within(each) for each in inner))


def owed() -> dict[str, frozenset[str]]:
    """By RPC, the reasons that the amounts in its request bring with them."""
    found = {}
    for file in FILES:
        stem = file.name.removeprefix("tillhal/v1/").removesuffix(".proto")
        for service in file.services_by_name.values():
            for method in service.methods:
                held = within(method.input_type)
                money = OF_MONEY if "tillhal.v1.Money" in held else frozenset()
                reasons = money | (OF_DECIMALS if "tillhal.v1.Decimal" in held else frozenset())
                if reasons:
                    found[f"{stem}.{method.name}"] = reasons
    return found


OWED = owed()


def test_the_requests_with_amounts_are_found() -> None:
    assert OWED["checkout.Checkout"] == OF_MONEY | OF_DECIMALS
    assert OWED["checkout.OpenReturn"] == OF_DECIMALS
    assert "checkout.SuspendSale" not in OWED


@pytest.mark.parametrize("rpc", sorted(OWED))
def test_the_comment_says_what_a_wrong_amount_is_refused_with(rpc: str) -> None:
    named = {each.reason for each in NAMED if each.rpc == rpc}
    assert OWED[rpc] <= named, OWED[rpc] - named

"""A real till does, over thousands of random operations and kills, what a naive shop in Python does.

The seed is printed, and a failure is made small. To go where a run went:
TILLHAL_MODEL_SEED=… TILLHAL_MODEL_STEPS=… pytest tests/e2e/test_model.py
"""

from __future__ import annotations

import os
import random
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.support.model_driver import Explored, Failure, explore, fails, shrunk
from tests.support.naive_shop import NaiveShift, NaiveShop

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = int(os.environ.get("TILLHAL_MODEL_STEPS", "600"))
"""Operations in all; they are shared out among the shops below."""
SEED = int(os.environ.get("TILLHAL_MODEL_SEED", random.SystemRandom().getrandbits(32)))
CONTROL_SEED = 7
CONTROL_SHRINK_S = 15.0
SHOPS = {
    "carries sales over": partial(NaiveShop, 1, "carry_over"),
    "rounds to five cents and cancels": partial(NaiveShop, 5, "cancel"),
    "rounds to ten cents and blocks": partial(NaiveShop, 10, "block"),
    "opens by itself": partial(NaiveShop, 5, "carry_over", implicit=True),
}


def run(make: Callable[[], NaiveShop], steps: int) -> Explored:
    print(f"TILLHAL_MODEL_SEED={SEED} TILLHAL_MODEL_STEPS={STEPS}")
    try:
        return explore(make, SEED, steps)
    except Failure as failure:
        small = shrunk(make, failure)
        shown = "\n".join(f"    Op({op.name!r}, {op.number})," for op in small.ops)
        pytest.fail(
            f"seed {SEED}, {len(failure.ops)} operations:\n{failure}\n"
            f"with {len(small.ops)} of them:\n{shown}\n{small}"
        )


@pytest.mark.parametrize("name", SHOPS)
def test_a_till_does_what_a_naive_shop_does(name: str) -> None:
    steps = -(-STEPS // len(SHOPS))
    came = run(SHOPS[name], steps)
    print(came)
    assert came.receipts + came.trainings > steps / 40, came
    assert len(came.refused) > 5, came
    assert came.replays > 0, came
    assert came.late > 0 or steps < 2_000 or "carries" not in name, came
    assert came.zs > 0 or steps < 1_000, came
    assert came.trainings > 0 or steps < 2_000, came


class ForgetsChange(NaiveShift):
    """Told a wrong rule: change stays in the drawer."""

    @property
    def expected(self) -> int:
        return super().expected + sum(sale.change for sale in self.sold)


class WrongShop(NaiveShop):
    def open_shift(self, operator: str, opening: int) -> NaiveShift:
        shift = super().open_shift(operator, opening)
        shift.__class__ = ForgetsChange
        return shift


def test_a_wrong_rule_is_found_and_the_failure_made_small() -> None:
    """Were the till wrong instead, it would be found in the same way."""
    with pytest.raises(Failure) as found:
        explore(WrongShop, CONTROL_SEED, 600)
    small = shrunk(WrongShop, found.value, CONTROL_SHRINK_S)
    assert len(small.ops) < len(found.value.ops)
    assert fails(WrongShop, small.ops)
    assert not fails(NaiveShop, small.ops)

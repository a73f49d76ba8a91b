"""Cutting the power of a running till, again and again, while eight cashiers sell on it.

Each cut comes at a moment of chance and leaves what the dice say of everything that was not synced:
all, nothing, some of it, torn in the middle. Some come shortly after the disk has refused a write.
The till starts on what is left, and whoever was not answered asks again. In the end the cashiers'
own ledgers and the till's are the same to the cent, and every request counts once.

`TILLHALD_POWER_CUTS` sets how many cuts there are, `TILLHALD_POWER_SEED` the first one's seed: a
cut's number and the seed tell its dice, not its moment, which is the machine's.
"""

from __future__ import annotations

import errno
import os
import random
import time
from typing import TYPE_CHECKING

import pytest

from hwsim.power.disk import why_not
from hwsim.power.faults import Fail, Freeze, Rule
from tests.support.auditor import Auditor, reckon
from tests.support.cashiers import Crowd
from tests.support.stormy_till import (
    StormyTill,
    a_stormy_till,
)

if TYPE_CHECKING:
    from hwsim.power.disk import PowerCutDisk

pytestmark = pytest.mark.skipif(bool(why_not()), reason=str(why_not()))

CUTS = int(os.environ.get("TILLHALD_POWER_CUTS", "20"))
SEED = int(os.environ.get("TILLHALD_POWER_SEED", "20261122"))
CUTS_EACH = 25
"""On one disk; then the next shop begins, so that a journal does not get old only."""
RECKONED_EVERY = 10
STARTING_SHARE = 0.15
WRITES_MAX = 400
"""The cut comes within so many writes to the disk after the fault, or the start."""
FROZEN_S_MAX = 3.0
COMPLAINTS = {"journal_failed", "segment_not_begun", "storage_fact_not_recorded"}
"""What the till says when there is no store left."""


def arm(disk: PowerCutDisk, choose: random.Random, *, is_starting: bool) -> str:
    """Have the disk stop at a write or a sync of chance, some time after a fault, or none.

    A disk that has stopped loses its power in the very middle of what the till does.
    """
    fault = choose.choice(("", "", "data.mdb sync", "data.mdb write", "*.spill sync"))
    if fault:
        name, operation = fault.split()
        nth = choose.randrange(1, 60)
        if name == "*.spill":  # which is used when the journal fails
            disk.fail(Rule("sync", "data.mdb", Fail(errno.EIO), nth=nth, times=1))
            nth = choose.randrange(1, 20)
        disk.fail(Rule(operation, name, Fail(errno.EIO), nth=nth, times=1))  # type: ignore[arg-type]
    at = choose.choice(("write", "sync"))
    most = WRITES_MAX // 20 if is_starting else WRITES_MAX
    nth = choose.randrange(1, most if at == "write" else max(2, most // 4))
    disk.fail(Rule(at, "*", Freeze(), nth=nth))  # type: ignore[arg-type]
    return f"{fault or 'no fault'}, then the {nth}. {at}"


def cut_once(till: StormyTill, crowd: Crowd, auditor: Auditor, seed: int) -> str:
    """Sell until the power goes; what happened, in words."""
    choose = random.Random(seed)
    told, began_s = len(crowd.told), time.monotonic()
    is_starting = choose.random() < STARTING_SHARE
    if is_starting:
        # The power goes while the till comes up, maybe with a spill to be merged.
        what = arm(till.disk, choose, is_starting=True)
        till.spawn()
    else:
        till.start()
        auditor.follow(till)
        what = arm(till.disk, choose, is_starting=False)
        crowd.begin()
    ready_s = time.monotonic() - began_s
    till.disk.wait_frozen(FROZEN_S_MAX)
    loss = till.disk.cut(seed, till.pid)
    till.end()
    till.disk.clear_faults()
    if not is_starting:
        crowd.stop()
        auditor.join()
    lost = "nothing was lost" if loss.nothing else f"{len(loss.files)} files lost something"
    told = len(crowd.told) - told
    when = "while it starts" if is_starting else f"after {told} answers"
    took_s = time.monotonic() - began_s
    return f"{what}, cut {when}: {lost}; {ready_s:.1f} of {took_s:.1f} s"


def storm(first: int, cuts: int) -> int:
    """So many cuts on one till; the sales that were counted in the end."""
    with a_stormy_till(expected=COMPLAINTS) as till:
        crowd, auditor = Crowd(till, SEED + first), Auditor()
        sales = 0
        for number in range(first, first + cuts):
            said = cut_once(till, crowd, auditor, SEED * 1000 + number)
            print(f"{SEED=} cut {number}: {said}")
            if number % RECKONED_EVERY == RECKONED_EVERY - 1 or number == first + cuts - 1:
                till.start()
                auditor.follow(till)
                sales = reckon(till, crowd, auditor)
                till.stop(within_s=10)
                auditor.join()
        return sales


def test_a_till_whose_power_is_cut_again_and_again_counts_every_sale_once() -> None:
    began_s = time.monotonic()
    sales = 0
    for first in range(0, CUTS, CUTS_EACH):
        sales += storm(first, min(CUTS_EACH, CUTS - first))
    print(f"{CUTS} cuts, {sales} sales, {time.monotonic() - began_s:.0f} s")
    assert sales >= CUTS, "hardly anything was sold between the cuts"

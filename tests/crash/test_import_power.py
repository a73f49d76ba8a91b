"""The power goes anywhere in an import: of what the till before had, all is there or nothing, and
asked again it comes to its end with nothing twice.

A real till imports on a disk that records every write and sync. Then the power is cut after
operations of chance. `TILLHALD_IMPORT_CUTS` says how many cuts there are; after one in twenty a real
till is started, and imports again.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from hwsim.power.disk import PowerCutDisk, why_not
from hwsim.power.stage import Stage
from hwsim.power.states import states_at
from hwsim.power.trace import Marked, Synced
from tests.crash.campaign import WITHOUT
from tests.e2e.test_imports import found, imported, planned, the_books
from tests.support.predecessor import large
from tests.support.sales import cash_sale, new_id
from tests.support.till import Till, short_folder, till_toml
from tillhald.domain.backup_rules import totals_of
from tillhald.failpoints import FAILPOINTS
from tillhald.journal.errors import StorageError
from tillhald.journal.recovery import Places, open_journal
from tillhald.service.opening import restored_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hwsim.power.trace import Trace

SEED = 20_261_122
CUTS = int(os.environ.get("TILLHALD_IMPORT_CUTS", "30"))
AGAIN_EVERY = 20
CONTROL_CUTS = 12
OLD_SALES = 230
"""More than one record takes."""
SOLD = 3
MIXES = 2
STATES_MAX = 60
START_S_MAX = 90.0
ANSWERED = "answered"
JOURNAL = "journal"

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "")


class Broken(Exception):
    """What a power cut must never leave."""


class Shop(NamedTuple):
    """A till that has sold, what the one before it left, and the import of it as it was recorded.

    `start` holds the journal before the import; `payable_minor` is what the old sales come to.
    """

    folder: Path
    source: Path
    start: Path
    digest: str
    request_id: str
    payable_minor: int
    trace: Trace


def a_till_on(folder: Path, disk: Path) -> Till:
    """It is configured in `folder` and has its journal on `disk`."""
    toml = till_toml(folder)
    moved = toml.replace(f'"{folder}/journal"', f'"{disk / JOURNAL}"')
    assert moved != toml
    till = Till(folder, None, moved)
    till.start_s_max = START_S_MAX
    return till


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """What reaches the disk from the start of the till that imports to its end."""
    old = large(OLD_SALES, seed=5)
    with short_folder() as folder:
        source, start, path = folder / "old", folder / "start", folder / "disk"
        old.write(source)
        till = a_till_on(folder, path)
        try:
            path.mkdir()
            till.start()
            for _ in range(SOLD):
                till.calls.checkout.Checkout(cash_sale())
            digest = planned(till, source).source.digest
            till.stop()
            path.rename(start)
            request_id = new_id()
            with PowerCutDisk(path, start=start, record=True) as disk:
                till.environment["TILLHALD_FAILPOINT_MARKS"] = str(path / ".mark")
                till.start()
                imported(till, source, digest=digest, request_id=request_id)
                (path / ".mark").write_text(ANSWERED)
                till.stop()
                trace = disk.trace()
        finally:
            till.end()
        payable = sum(sale["total_minor"] for sale in old.sales)
        yield Shop(folder, source, start, digest, request_id, payable, trace)


def judge(disk: Path, marks: tuple[str, ...]) -> str:
    """Open the journal as a start does: "all" or "nothing" is there of the import. Raises Broken."""
    try:
        with contextlib.closing(open_journal(Places(disk / JOURNAL)).store) as store:
            state = restored_state(store)
    except (StorageError, OSError, AssertionError) as error:
        raise Broken(f"{type(error).__name__}: {error}") from error
    own = totals_of(state).receipts_given
    if own != SOLD:
        raise Broken(f"the till had sold {SOLD} times, and has now {own}")
    done = [each.counts.receipts for each in state.imports.done.values()]
    if done not in ([], [OLD_SALES]):
        raise Broken(f"{done} sales were imported, of {OLD_SALES}")
    if ANSWERED in marks and not done:
        raise Broken("the import was answered, and is gone")
    return "all" if done else "nothing"


def judged(trace: Trace, folder: Path, cuts: int) -> Iterator[tuple[str, str, Path]]:
    """So many cuts after operations of chance, and one at the end: where, what is there or the
    fault, what is left."""
    chance = random.Random(SEED)
    ops = {*chance.sample(range(len(trace.ops)), min(cuts, len(trace.ops))), len(trace.ops)}
    every = states_at(trace, ops, SEED, mixes=MIXES, without=WITHOUT)
    with Stage(folder / "stage") as stage:
        for op, found_here in zip(sorted(ops), every, strict=True):
            state = chance.choice(list(itertools.islice(found_here, STATES_MAX)))
            stage.show(state)
            left, opened = folder / f"left-{op}", folder / "opened"
            shutil.copytree(stage.folder, left)
            shutil.copytree(left, opened)
            try:
                came = judge(opened, state.marks)
            except Broken as broken:
                came = f"BROKEN {broken}"
            shutil.rmtree(opened)
            yield f"{SEED=} operation {op} of {len(trace.ops)}, {state.name}", came, left
            shutil.rmtree(left)


def check_each_once(till: Till, shop: Shop) -> None:
    """Every old receipt is found once, and together they come to what they came to."""
    by_receipt = {f"R-{number}": found(till, f"R-{number}") for number in range(OLD_SALES)}
    times = Counter(len(sales) for sales in by_receipt.values())
    assert times == {1: OLD_SALES}, f"{times}: so many receipts are there so often"
    sums = sum(sales[0].summary.payable.minor_units for sales in by_receipt.values())
    assert sums == shop.payable_minor


def import_again(shop: Shop, left: Path, folder: Path, came: str) -> None:
    """Start a real till on what was left, and ask for the same import once more."""
    till = a_till_on(folder, left)
    try:
        till.start()
        before = the_books(till)
        result = imported(till, shop.source, digest=shop.digest, request_id=shop.request_id)
        assert result.replayed is (came == "all")
        assert result.imported.counts.sales == OLD_SALES
        assert result.imported.counts.payable_minor == shop.payable_minor
        check_each_once(till, shop)
        plan = planned(till, shop.source)
        assert (plan.known, plan.new.sales, len(plan.faults)) == (OLD_SALES, 0, 0)
        assert the_books(till) == before
        assert till.calls.checkout.Checkout(cash_sale()).sale.receipt_number == SOLD + 1
        assert not list(left.glob("*.import"))
    finally:
        till.end()


def test_whatever_a_power_cut_leaves_of_an_import_asked_again_it_is_there_once(
    shop: Shop, tmp_path: Path
) -> None:
    came_of: Counter[str] = Counter()
    again: Counter[str] = Counter()
    for where, came, left in judged(shop.trace, tmp_path, CUTS):
        assert not came.startswith("BROKEN"), f"{where}: {came}"
        came_of[came] += 1
        if came_of[came] % AGAIN_EVERY == 1:
            print(where, came)
            with short_folder() as folder:
                import_again(shop, left, folder, came)
            again[came] += 1
    print(f"{SEED=} {dict(came_of)}, imported again: {dict(again)}")
    assert set(again) == {"all", "nothing"}


def test_an_import_passes_every_place_that_has_a_name(shop: Shop) -> None:
    passed = {op.text for op in shop.trace.ops if isinstance(op, Marked)}
    assert {name for name in FAILPOINTS if name.startswith("import.")} <= passed


def test_the_judge_sees_that_nothing_was_synced(shop: Shop, tmp_path: Path) -> None:
    kept = tuple(op for op in shop.trace.ops if not isinstance(op, Synced))
    careless = replace(shop.trace, ops=kept)
    came = [came for _, came, _ in judged(careless, tmp_path, CONTROL_CUTS)]
    assert any(each.startswith("BROKEN") for each in came), (
        "a judge that finds nothing here finds nothing anywhere"
    )


def test_an_import_that_takes_a_sale_twice_is_found_out(shop: Shop, tmp_path: Path) -> None:
    """The control of counting: an export that gives the same receipts other numbers."""
    doubled = large(OLD_SALES, seed=5)
    for sale in doubled.sales:
        sale["id"] = f"again-{sale['id']}"
    doubled.write(tmp_path / "again")
    disk = tmp_path / "disk"
    shutil.copytree(shop.start, disk)
    with short_folder() as folder:
        till = a_till_on(folder, disk)
        try:
            till.start()
            imported(till, shop.source)
            check_each_once(till, shop)
            imported(till, tmp_path / "again")
            with pytest.raises(AssertionError, match="so often"):
                check_each_once(till, shop)
        finally:
            till.end()

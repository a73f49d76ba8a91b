"""A small print campaign, and the judge's own proof that it sees what must never be.

`make printjobs` runs the whole one. TILLHAL_PRINT_JOBS sets how many receipts are printed here.
"""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.crash.print_campaign import LANES, SEED, plans, run
from tests.crash.print_judge import Finding, Report, Said, Score, judge, read, table
from tests.crash.print_processes import NAIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

JOBS = int(os.environ.get("TILLHAL_PRINT_JOBS", "48"))
POLICIES = ("tillhal", "write_ok_is_printed", "mutant_unmarked", "mutant_believes")

Runs = dict[str, Future[list[Score]]]


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    """All of them at once: most of their time is waiting for printers."""
    print(f"{SEED=} {JOBS=}")
    with ThreadPoolExecutor(len(POLICIES)) as pool:
        yield {policy: pool.submit(run, policy, JOBS, lanes=4) for policy in POLICIES}
        pool.shutdown(cancel_futures=True)


def test_no_receipt_is_lost_and_none_doubled_whatever_happens_to_till_and_printer(
    runs: Runs,
) -> None:
    scores = runs["tillhal"].result()
    print("\n".join(table(scores)))
    assert [fault for score in scores for fault in score.faults] == []
    assert sum(score.copies for score in scores), "nothing went wrong: that proves nothing"
    happened = sum((score.happened for score in scores), Counter())
    assert sum(happened.values()) > JOBS / 4, happened
    assert happened["till"], happened  # `run` looks whether as many died as were to


@pytest.mark.parametrize("policy", POLICIES[1:])
def test_the_judge_sees_what_others_do_wrong(runs: Runs, policy: str) -> None:
    scores = runs[policy].result()
    print("\n".join(table(scores)))
    faults = [fault for score in scores for fault in score.faults]
    assert faults
    if policy not in NAIVE:
        told = str(faults[0])  # with the lane, and the facts, the bytes and the hands in time
        assert f"the lane of seed {faults[0].seed}" in told
        for word in ("fact  ", "PrintStarted", "to    GS V", "from  GS (", "hand  "):
            assert word in told, f"{word!r} is not in the trail:\n{told}"


# --- the judge, without a printer


def receipt(number: int, mark: str = "", end: str = "TOTAL 1.00\nServed by: default\n") -> str:
    return f"THE CORNER SHOP\n{mark}Receipt {number}     noon\nTea 1.00\n{end}"


COPY = "*** COPY 1 ***\nMay be a duplicate\n"
SAID = Said({1, 2}, Counter(), set(), {1, 2})


def faults(said: Said, *pieces: str, model: str = "tm-t88") -> list[Finding]:
    report = Report(model, said, [(piece, True) for piece in pieces], Counter())
    (score,) = judge("any", [report])
    return score.faults


def test_the_judge_finds_nothing_where_nothing_is_wrong() -> None:
    assert faults(SAID, receipt(1), receipt(2)) == []
    copied = Said({1}, Counter({2: 1}), set(), {1, 2})
    assert faults(copied, receipt(1), receipt(2, end="") + receipt(2, COPY)) == []
    open_ = Said({1}, Counter(), {2}, {1, 2})
    assert faults(open_, receipt(1)) == []


@pytest.mark.parametrize(
    ("said", "pieces"),
    [
        (SAID, [receipt(1)]),
        (SAID, [receipt(1), receipt(2, end="")]),
        (SAID, [receipt(1), receipt(2, COPY)]),
        (SAID, [receipt(1), receipt(2), receipt(2)]),
        (SAID, [receipt(1), receipt(2) + receipt(2)]),
        (SAID, [receipt(1), receipt(2), receipt(2, COPY)]),
        (SAID, [receipt(1), receipt(2), receipt(3)]),
        (Said({1}, Counter({2: 2}), set(), {1, 2}), [receipt(1), receipt(2, COPY)]),
    ],
)
def test_the_judge_finds_what_must_never_be(said: Said, pieces: list[str]) -> None:
    assert faults(said, *pieces)


def test_half_a_receipt_and_the_copy_behind_it_are_told_apart() -> None:
    paper = read([(receipt(1, end="") + receipt(1, COPY), True), (receipt(2), False)])
    assert (paper.originals, paper.copies) == (Counter({2: 1}), Counter({1: 1}))
    assert paper.cut_off == set(), "nobody cut the second one off"


def test_an_original_below_the_head_of_a_broken_copy_is_an_original() -> None:
    broken = f"THE CORNER SHOP\n{COPY}"
    paper = read([(broken + receipt(2), True)])
    assert (paper.originals, paper.copies) == (Counter({2: 1}), Counter())


def test_a_seed_gives_every_policy_the_same_plan() -> None:
    assert list(plans(SEED, 100)) == list(plans(SEED, 100))
    assert len({str(list(plans(SEED + lane, 100))) for lane in range(LANES)}) == LANES

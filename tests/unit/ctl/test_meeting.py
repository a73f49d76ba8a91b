"""Where two tills parted, and what their owner is told to do."""

from __future__ import annotations

import random

import pytest

from tillhald.ctl.meeting import PROBES_MAX, Since, advice, parted

SEED = 20_261_123


class Journal:
    """Hashes by number; the records `unreadable` cannot be read."""

    def __init__(self, name: bytes, common: int, unreadable: range = range(0)) -> None:
        self._name = name
        self._common = common
        self._unreadable = unreadable
        self.asked = 0

    def hash_at(self, seq: int) -> tuple[int, bytes]:
        """As a till tells it: of a record that it cannot read, of the next one that is known."""
        self.asked += 1
        # The record behind the gap tells the hash of the last one within it.
        at = self._unreadable[-1] if seq in self._unreadable else seq
        return at, (b"shared" if at <= self._common else self._name) + b" %d" % at


def found(here: Journal, there: Journal, differs: int) -> tuple[int, int]:
    place = parted(here.hash_at, there.hash_at, differs, lambda *_: None)
    assert max(here.asked, there.asked) <= 2 * PROBES_MAX
    return place


def test_the_first_record_that_differs_is_found_wherever_it_is() -> None:
    print(f"seed {SEED}")
    choose = random.Random(SEED)
    for _ in range(200):
        differs = choose.randint(1, 1 << choose.randint(1, 62))
        common = choose.randint(0, differs - 1)
        here, there = Journal(b"here", common), Journal(b"there", common)
        assert found(here, there, differs) == (common, common + 1)


@pytest.mark.parametrize("unreadable", [range(1, 500), range(300, 320), range(1, 900)])
@pytest.mark.parametrize("of", ["here", "there", "both"])
def test_records_that_one_cannot_read_are_passed_over_and_never_guessed(
    unreadable: range, of: str
) -> None:
    for common in (0, 299, 310, 319, 320, 498, 499, 500, 700, 898, 899, 998):
        gaps = {
            side: unreadable if of in (side, "both") else range(0) for side in ("here", "there")
        }
        here, there = (
            Journal(b"here", common, gaps["here"]),
            Journal(b"there", common, gaps["there"]),
        )
        last, first = found(here, there, 999)
        assert last <= common < first
        # It is exact, but for what cannot be read.
        assert first == last + 1 or all(seq in unreadable for seq in range(last + 1, first))


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        (Since(), Since(), "Neither has sold"),
        (Since(sales=1, first_receipt=4, last_receipt=4), Since(), "at THERE, out of use"),
        (Since(), Since(sales=1, first_receipt=4, last_receipt=4), "at HERE, out of use"),
        (
            Since(sales=3, first_receipt=4, last_receipt=6),
            Since(sales=9, first_receipt=5, last_receipt=13),
            "Given twice: receipts 5 to 6.",
        ),
        (
            Since(sales=1, first_receipt=4, last_receipt=4),
            Since(more=True),
            "Both have sold since. Keep both journals",
        ),
    ],
)
def test_who_has_not_sold_is_named_and_numbers_that_were_given_twice(
    ours: Since, theirs: Since, told: str
) -> None:
    assert told in advice(ours, theirs, "HERE", "THERE")


def test_numbers_behind_one_another_were_not_given_twice() -> None:
    apart = advice(
        Since(sales=1, first_receipt=4, last_receipt=4),
        Since(sales=1, first_receipt=5, last_receipt=5),
        "HERE",
        "THERE",
    )
    assert "twice" not in apart

"""How long a scan is kept, and for whom."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tillhald.domain.scan import Scan
from tillhald.domain.scan_queue import (
    KEPT_MAX,
    UNACKNOWLEDGED_S_MAX,
    UNTAKEN_S_MAX,
    Kept,
    Queue,
    ScanLoss,
    acknowledge,
    give,
    next_end_s,
    put,
    tidy,
)


def scan(number: int, came_s: float = 0.0) -> Kept:
    return Kept(number=number, scan=Scan(raw=b"%d" % number), at_ms=0, came_s=came_s)


def a_queue(count: int) -> Queue:
    queue: Queue = ()
    for number in range(1, count + 1):
        queue, lost = put(queue, scan(number))
        assert lost == []
    return queue


def test_scans_go_out_in_order_and_each_once() -> None:
    queue, cursor, got = a_queue(3), 0, []
    while True:
        queue, one = give(queue, cursor, token=7)
        if one is None:
            break
        cursor = one.number
        got.append(one.number)
    assert got == [1, 2, 3]


def test_what_was_sent_and_not_acknowledged_goes_again_from_an_earlier_cursor() -> None:
    queue, _ = give(a_queue(1), 0, token=7)
    queue, again = give(queue, 0, token=7)
    assert again is not None
    assert give(acknowledge(queue, 1, token=7), 0, token=7)[1] is None


def test_what_one_holder_was_sent_another_never_gets() -> None:
    queue, _ = give(a_queue(2), 0, token=7)
    _, one = give(queue, 0, token=8)
    assert one is not None
    assert one.number == 2
    left, lost = tidy(queue, 1.0, owner_token=8)
    assert ([one.number for one in left], lost) == ([2], [ScanLoss.CLAIM_ENDED])


def test_only_the_holder_that_it_was_sent_to_acknowledges_a_scan() -> None:
    queue, _ = give(a_queue(2), 0, token=7)
    assert [one.number for one in acknowledge(queue, 99, token=8)] == [1, 2]
    assert [one.number for one in acknowledge(queue, 99, token=7)] == [2]


def test_a_scan_that_nobody_takes_is_given_up_sooner_than_one_that_was_sent() -> None:
    queue, _ = give(a_queue(2), 0, token=7)
    left, lost = tidy(queue, UNTAKEN_S_MAX, owner_token=7)
    assert ([one.number for one in left], lost) == ([1], [ScanLoss.NO_CONSUMER])
    assert next_end_s(left) == UNACKNOWLEDGED_S_MAX
    assert tidy(left, UNACKNOWLEDGED_S_MAX, owner_token=7) == ((), [ScanLoss.NOT_ACKNOWLEDGED])


def test_the_oldest_goes_where_there_are_too_many() -> None:
    queue, lost = put(a_queue(KEPT_MAX), scan(KEPT_MAX + 1))
    assert lost == [ScanLoss.TOO_MANY]
    assert [queue[0].number, queue[-1].number] == [2, KEPT_MAX + 1]


@given(st.integers(0, 2**32 - 1))
def test_every_scan_ends_once_whatever_happens(seed: int) -> None:
    """Acknowledged, lost, or still there: none of them twice, and none vanishes."""
    chance = random.Random(seed)
    queue: Queue = ()
    number = lost_count = done = 0
    now_s, token, cursor = 0.0, 1, 0
    sent: dict[int, set[int]] = {}
    for _ in range(120):
        now_s += chance.choice([0.0, 0.5, 4.0, 30.0])
        match chance.randrange(5):
            case 0 | 1:
                number += 1
                queue, lost = put(queue, scan(number, now_s))
                lost_count += len(lost)
            case 2:
                queue, one = give(queue, cursor, token)
                if one is not None:
                    cursor = one.number
                    sent.setdefault(one.number, set()).add(token)
            case 3:
                before = len(queue)
                queue = acknowledge(queue, cursor, token)
                done += before - len(queue)
            case 4 if chance.random() < 0.3:
                token, cursor = token + 1, chance.choice([0, cursor])
        queue, lost = tidy(queue, now_s, token)
        lost_count += len(lost)
        assert len(queue) <= KEPT_MAX
        assert number == len(queue) + lost_count + done
        due_s = next_end_s(queue)
        assert due_s is None or due_s > now_s
    assert all(len(tokens) == 1 for tokens in sent.values())

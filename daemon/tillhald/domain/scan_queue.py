"""Scans that nobody has acknowledged yet: how long each is kept, and for whom.

Pure: the time comes in. A scan that was sent to one front end is never sent to another: the first
one may have sold by it.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec
from msgspec.structs import replace

from tillhald.domain.scan import Scan

UNTAKEN_S_MAX: Final = 5.0
"""A scan that nobody takes: what is sold by a later one would surprise the cashier."""
UNACKNOWLEDGED_S_MAX: Final = 60.0
"""Longer than a front end needs to come back; also as long as a payment code counts."""
KEPT_MAX: Final = 64
"""Scans of one scanner; a cashier makes two a second at most."""


class ScanLoss(enum.StrEnum):
    """Why a scan was given up.

    NO_CONSUMER: nobody watched. NOT_ACKNOWLEDGED: it was sent, and no acknowledgement came.
    CLAIM_ENDED: the same, and its front end has lost the scanner. TOO_MANY: newer ones came.
    """

    NO_CONSUMER = "no_consumer"
    NOT_ACKNOWLEDGED = "not_acknowledged"
    CLAIM_ENDED = "claim_ended"
    TOO_MANY = "too_many"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One scan. `number` rises; `came_s` is monotonic; `given_to` is a fencing token, 0: nobody."""

    number: int
    scan: Scan
    at_ms: int
    came_s: float
    is_repeat: bool = False
    given_to: int = 0

    @property
    def until_s(self) -> float:
        """When it is given up."""
        return self.came_s + (UNACKNOWLEDGED_S_MAX if self.given_to else UNTAKEN_S_MAX)


Queue = tuple[Kept, ...]
Lost = list[ScanLoss]


def put(queue: Queue, one: Kept) -> tuple[Queue, Lost]:
    """Keep one more; the oldest goes where there are too many."""
    queue = (*queue, one)
    over = max(len(queue) - KEPT_MAX, 0)
    return queue[over:], [ScanLoss.TOO_MANY] * over


def tidy(queue: Queue, now_s: float, owner_token: int) -> tuple[Queue, Lost]:
    """Give up what is too old, and what was sent to somebody who has the scanner no more."""
    left: list[Kept] = []
    lost: Lost = []
    for one in queue:
        if one.given_to and one.given_to != owner_token:
            lost.append(ScanLoss.CLAIM_ENDED)
        elif now_s >= one.until_s:
            lost.append(ScanLoss.NOT_ACKNOWLEDGED if one.given_to else ScanLoss.NO_CONSUMER)
        else:
            left.append(one)
    return tuple(left), lost


def give(queue: Queue, cursor: int, token: int) -> tuple[Queue, Kept | None]:
    """The first scan after `cursor` for the holder of `token`; it is this holder's now."""
    for at, one in enumerate(queue):
        if one.number > cursor and one.given_to in (0, token):
            mine = replace(one, given_to=token)
            return (*queue[:at], mine, *queue[at + 1 :]), mine
    return queue, None


def acknowledge(queue: Queue, cursor: int, token: int) -> Queue:
    """The holder of `token` has dealt with all that it was sent up to `cursor`."""
    return tuple(one for one in queue if one.number > cursor or one.given_to != token)


def next_end_s(queue: Queue) -> float | None:
    """When `tidy` has something to do again; None if time alone changes nothing."""
    return min((one.until_s for one in queue), default=None)

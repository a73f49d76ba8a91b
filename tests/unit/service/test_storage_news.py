"""What is recorded about storing: every fault once, in order, and a segment when one is due."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tillhald.domain.events import SegmentBegun, StorageFaultBegan, StorageFaultEnded
from tillhald.journal.errors import Overloaded
from tillhald.journal.health import Health, Stage, StorageFault
from tillhald.service.storage_news import StorageNews
from tillhald.service.tail import Tail

if TYPE_CHECKING:
    from tillhald.domain.events import AnyEvent

FULL, FAILED, DAMAGED = (
    StorageFault.DISK_FULL,
    StorageFault.WRITE_FAILED,
    StorageFault.DAMAGED,
)
WAIT_S_MAX = 20.0


class NotingTill:
    """Stands in for the till: keeps what it is told to record."""

    def __init__(self, health: Health) -> None:
        self.storage = health
        self.facts: list[AnyEvent] = []
        self.is_overloaded = False
        self.noted = asyncio.Event()

    def note(self, facts: list[AnyEvent]) -> None:
        if self.is_overloaded:
            raise Overloaded("The queue is full.")
        self.facts += facts

    def begin_segment(self, fact: SegmentBegun) -> None:
        self.note([fact])
        self.noted.set()


def news_of(till: NotingTill, tail: Tail | None = None) -> StorageNews:
    return StorageNews(till, tail or Tail(1))  # type: ignore[arg-type]


def heard(*healths: Health) -> list[AnyEvent]:
    till = NotingTill(Health())
    news = news_of(till)
    for health in healths:
        news.heard(health)
    return till.facts


def test_a_fault_begins_once_and_ends_once() -> None:
    trouble = Health(fault=FAILED, message="Input/output error", since_ms=1)
    assert heard(
        trouble._replace(stage=Stage.CHECKING, spilled_from=7),
        trouble._replace(stage=Stage.MERGING, spilled_from=7),
        trouble._replace(stage=Stage.MERGING, spilled_from=9),
        Health(),
    ) == [
        StorageFaultBegan(fault="write_failed", message="Input/output error"),
        StorageFaultEnded(),
    ]


def test_a_fault_that_turns_into_another_one_begins_anew() -> None:
    assert heard(
        Health(stage=Stage.WAITING, fault=FULL, message="full"),
        Health(stage=Stage.CHECKING, fault=FAILED, message="I/O"),
        Health(),
    ) == [
        StorageFaultBegan(fault="disk_full", message="full"),
        StorageFaultBegan(fault="write_failed", message="I/O"),
        StorageFaultEnded(),
    ]


def test_merging_what_an_earlier_run_left_is_no_fault() -> None:
    assert heard(Health(stage=Stage.MERGING, spilled_from=3), Health()) == []


def test_a_fault_that_began_before_the_till_was_built_is_recorded() -> None:
    # The writer's word is under way when the news are built; the till knows the newest already.
    health = Health(stage=Stage.CHECKING, fault=FAILED, message="I/O", spilled_from=3)
    till, tail = NotingTill(health), Tail(1)
    news = news_of(till, tail)
    assert tail.spilled_from == 3
    news.heard(health)
    assert till.facts == [StorageFaultBegan(fault="write_failed", message="I/O")]


def test_answers_rest_on_the_spill_from_the_first_record_that_only_it_holds() -> None:
    tail = Tail(9)
    news = news_of(NotingTill(Health()), tail)
    for spilled_from in (7, 8, None):
        news.heard(Health(stage=Stage.MERGING, spilled_from=spilled_from))
        assert [tail.is_spilled(seq) for seq in (6, 7, 8)] == [
            spilled_from is not None and seq >= spilled_from for seq in (6, 7, 8)
        ]


def test_a_segment_is_asked_for_once_however_often_it_is_tried() -> None:
    trouble = Health(fault=DAMAGED, message="edited", segment=3)
    assert heard(
        trouble._replace(stage=Stage.REPLACING),
        trouble._replace(stage=Stage.REPLACING, spilled_from=5),
        trouble._replace(stage=Stage.WAITING),
        trouble._replace(stage=Stage.REPLACING),
        trouble._replace(segment=4),
    ) == [
        StorageFaultBegan(fault="damaged", message="edited"),
        SegmentBegun(segment=4, fault="damaged"),
    ]


def test_each_damaged_segment_gets_one_of_its_own() -> None:
    first = Health(fault=DAMAGED, stage=Stage.REPLACING)
    facts = heard(first, Health(fault=DAMAGED, segment=2), first._replace(segment=2))
    assert [fact.segment for fact in facts if isinstance(fact, SegmentBegun)] == [2, 3]


def test_those_who_wait_for_a_segment_hear_of_it_when_it_is_there() -> None:
    till, said = NotingTill(Health()), []
    news = news_of(till)
    news.on_segment(lambda: said.append(len(till.facts)))
    news.heard(Health(fault=DAMAGED, stage=Stage.REPLACING))
    assert said == []
    news.heard(Health(fault=DAMAGED, segment=2))
    assert said == [2]


def test_nothing_is_recorded_once_nothing_can_be_stored() -> None:
    assert heard(Health(stage=Stage.FAILED, fault=FAILED)) == []


@pytest.mark.parametrize("times", [1, 2])
def test_a_full_queue_delays_a_segment_and_does_not_lose_it(times: int) -> None:
    async def scene() -> list[AnyEvent]:
        till = NotingTill(Health())
        news = news_of(till)
        till.is_overloaded = True
        for _ in range(times):
            news.heard(Health(fault=DAMAGED, stage=Stage.REPLACING))
        till.is_overloaded = False
        async with asyncio.timeout(WAIT_S_MAX):
            await till.noted.wait()
        return till.facts

    assert asyncio.run(scene()) == [SegmentBegun(segment=2, fault="damaged")]

"""A confirmation that comes late, and one that comes before the journal could say that it is late."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from tillhald.domain import events as ev
from tillhald.domain.jobs import Job, JobKind, JobState
from tillhald.service import doubts

MARK = "00A1"
SENDING = Job(
    job_id="receipt/1",
    printer="receipt_printer",
    kind=JobKind.RECEIPT,
    state=JobState.SENDING,
    created_ms=1,
    updated_ms=1,
    submit_seq=1,
    seq=1,
    ttl_s=60,
)


class ShopsTill:
    """As much of a till as a job in doubt is about."""

    def __init__(self) -> None:
        self.state = SimpleNamespace(jobs={SENDING.job_id: SENDING})
        self.ended = replace(SENDING, state=JobState.UNCONFIRMED)
        self.noted: list[ev.AnyEvent] = []
        self.has_noted = asyncio.Event()

    def end(self) -> None:
        self.state.jobs.clear()

    def job(self, job_id: str) -> Job:
        assert job_id not in self.state.jobs, "it has not ended"
        return self.ended

    def note(self, facts: list[ev.AnyEvent]) -> None:
        self.noted += facts
        self.has_noted.set()


@pytest.mark.parametrize("is_quick", [False, True])
def test_a_late_confirmation_is_told_once_behind_the_outcome(
    monkeypatch: pytest.MonkeyPatch, *, is_quick: bool
) -> None:
    """A printer may be quicker than a journal that takes nothing for a while."""
    monkeypatch.setattr(doubts, "OVERLOAD_PAUSE_S", 0.01)

    async def tell() -> None:
        till = ShopsTill()
        doubt = doubts.Doubts(
            till,  # type: ignore[arg-type]
            None,  # type: ignore[arg-type]
            SimpleNamespace(wall_ms=lambda: 2),  # type: ignore[arg-type]
        )
        doubt.expect(SENDING, MARK)
        if not is_quick:
            till.end()
        doubt.confirmed_late(SENDING.printer, MARK)
        assert bool(till.noted) is not is_quick
        till.end()
        await asyncio.wait_for(till.has_noted.wait(), 20)
        doubt.confirmed_late(SENDING.printer, MARK)
        (fact,) = till.noted
        assert isinstance(fact, ev.JobConfirmedLate)
        assert fact.job.state is JobState.CONFIRMED

    asyncio.run(tell())

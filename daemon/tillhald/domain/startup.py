"""What a start finds unfinished, and says so in its first record.

A deed without an outcome is unknown: it is never done again by itself. Only a print job of which no
byte can have left goes again, as if it had not begun.
"""

from __future__ import annotations

from tillhald.domain import events as ev
from tillhald.domain.jobs import JobState, KickState
from tillhald.domain.outages import startup_power_facts
from tillhald.domain.sale import UNDER_WAY
from tillhald.domain.state import TillState

TILL_RESTARTED = "TILL_RESTARTED"


def startup_facts(
    state: TillState,
    *,
    version: str,
    clean_shutdown: bool,
    at_ms: int = 0,
    has_ups: bool = False,
    never_left: frozenset[str] = frozenset(),
) -> list[ev.AnyEvent]:
    """The facts of a start, as one record. `at_ms` is the wall clock.

    `never_left` are the jobs that had begun and of which, for certain, no byte left the till.
    """
    return [
        ev.TillStarted(version=version, clean_shutdown=clean_shutdown),
        *(
            ev.SaleInterrupted(sale_id=sale.sale_id, version=sale.version + 1)
            for sale in state.sales.values()
            if sale.state in UNDER_WAY
        ),
        *(
            ev.JobHeld(job_id=job.job_id, reason=TILL_RESTARTED)
            if job.job_id in never_left
            # Bytes may have left: the receipt may lie on the counter. Only a person knows.
            else ev.PrintEnded(
                job_id=job.job_id, outcome=JobState.UNCONFIRMED, reason=TILL_RESTARTED
            )
            for job in state.jobs.values()
            if job.state is JobState.SENDING
        ),
        *(
            ev.KickEnded(kick_id=kick.kick_id, outcome=KickState.UNKNOWN, failure=TILL_RESTARTED)
            for kick in state.kicks.values()
            if kick.state is KickState.STARTED
        ),
        *startup_power_facts(state.power, state.receipts_given, at_ms, has_ups=has_ups),
    ]

"""A receipt that begins with its sale: one record, one commit.

That a deed begins is durable before its first byte. A receipt that could go to paper at once need
not wait for a second commit to say so: the record that completes its sale says it.
"""

from __future__ import annotations

from collections.abc import Iterable

from tillhald.domain import commands as cmd
from tillhald.domain import events as ev
from tillhald.domain.paper import in_doubt
from tillhald.domain.receipt import RECEIPT_CUTS
from tillhald.domain.rules import ShopRules
from tillhald.domain.state import TillState


def begun_with_its_sale(
    state: TillState, rules: ShopRules, facts: Iterable[ev.AnyEvent], now: cmd.Now
) -> list[ev.PrintStarted]:
    """That the receipt of the sale that `facts` complete begins; nothing where it has to wait.

    It waits behind every other job of its printer, and behind one in doubt that evidence or policy
    may still settle: once another job has begun, the count of cuts says nothing of that one.
    """
    ready = now.ready
    if ready is None or _has_work(state, rules, ready.printer):
        return []
    return [
        ev.PrintStarted(job_id=fact.receipt_job_id, cuts_before=ready.cuts, cuts=RECEIPT_CUTS)
        for fact in facts
        if isinstance(fact, ev.SaleCompleted) and fact.printer == ready.printer
    ]


def _has_work(state: TillState, rules: ShopRules, printer: str) -> bool:
    waits = any(job.printer == printer for job in state.jobs.values())
    return waits or bool(in_doubt(state, rules, printer))

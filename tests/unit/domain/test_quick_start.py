"""When the record that completes a sale says that its receipt begins, and when it does not."""

from __future__ import annotations

import pytest

from tests.support.shop import Shop, card, cash, line
from tillhald.domain import commands as cmd
from tillhald.domain import events as ev
from tillhald.domain.deeds import begun_job, next_job, next_kick
from tillhald.domain.document import Cut
from tillhald.domain.jobs import JobState, KickState
from tillhald.domain.paper import in_doubt
from tillhald.domain.receipt import RECEIPT_CUTS, ReceiptLayout, receipt_of
from tillhald.domain.rules import PaperPolicy, ShopRules, WhenUnconfirmed

RULES = ShopRules(receipt_printer="front", receipt_ttl_s=60, drawer="drawer")
READY = cmd.PrinterReady("front", 41)


def ready_shop(rules: ShopRules = RULES) -> Shop:
    shop = Shop(rules)
    shop.ready = READY
    return shop


def started(shop: Shop) -> list[ev.AnyEvent]:
    """What the last record says to have begun."""
    return [fact for fact in shop.records[-1].events if isinstance(fact, ev.PrintStarted)]


def test_a_receipt_begins_in_the_record_of_its_sale_with_the_count_of_cuts() -> None:
    shop = ready_shop()
    shop.checkout("s1", (line(),), card(750))
    assert started(shop) == [ev.PrintStarted(job_id="receipt/1", cuts_before=41, cuts=1)]
    job = begun_job(shop.state, "front")
    assert job is not None
    assert (job.job_id, job.cuts_before, job.seq) == ("receipt/1", 41, shop.state.seq)
    assert next_job(shop.state, "front", shop.state.seq) is None, "it is begun once"
    assert shop.replayed() == shop.state


def test_so_does_the_receipt_of_a_sale_in_steps_and_of_a_void() -> None:
    shop = ready_shop()
    shop.open("steps", line())
    shop.tender("steps", cash(750))
    assert not started(shop)
    shop.complete("steps")
    assert [fact.job_id for fact in started(shop)] == ["receipt/1"]  # type: ignore[union-attr]
    shop.note(ev.PrintEnded(job_id="receipt/1", outcome=JobState.CONFIRMED))
    shop.do(cmd.VoidSale(sale_id="void", original_sale_id="steps", reason="mistake"))
    assert [fact.job_id for fact in started(shop)] == ["receipt/2"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "ready", [None, cmd.PrinterReady("kitchen", 41)], ids=["not ready", "another printer"]
)
def test_a_receipt_waits_for_its_own_printer(ready: cmd.PrinterReady | None) -> None:
    shop = ready_shop()
    shop.ready = ready
    shop.checkout("s1", (line(),), card(750))
    assert not started(shop)
    assert next_job(shop.state, "front", shop.state.seq) is not None


@pytest.mark.parametrize("state", ["accepted", "held", "sending"])
def test_a_receipt_waits_behind_every_other_job_of_its_printer(state: str) -> None:
    shop = Shop(RULES)
    shop.checkout("s1", (line(),), card(750))
    if state != "accepted":
        shop.note(ev.PrintStarted(job_id="receipt/1"))
    if state == "held":
        shop.note(ev.JobHeld(job_id="receipt/1", reason="PAPER_OUT"))
    shop.ready = READY
    shop.checkout("s2", (line(),), card(750))
    assert not started(shop)
    assert shop.state.jobs["receipt/2"].state is JobState.ACCEPTED


def test_a_receipt_waits_for_a_doubt_that_the_count_may_still_settle() -> None:
    shop = ready_shop()
    shop.checkout("s1", (line(),), card(750))
    shop.note(ev.PrintEnded(job_id="receipt/1", outcome=JobState.UNCONFIRMED, reason="LINK_LOST"))
    assert in_doubt(shop.state, shop.rules, "front")
    shop.checkout("s2", (line(),), card(750))
    assert not started(shop)
    assert shop.state.unresolved["receipt/1"].cuts_before == 41, "its proof is not thrown away"


def test_a_receipt_waits_for_a_copy_that_the_shops_policy_prints_first() -> None:
    policy = PaperPolicy(when_unconfirmed=WhenUnconfirmed.REPRINT_AS_COPY)
    shop = ready_shop(ShopRules(receipt_printer="front", receipt_ttl_s=60, receipts=policy))
    shop.checkout("s1", (line(),), card(750))
    shop.note(ev.PrintEnded(job_id="receipt/1", outcome=JobState.FAILED_PARTIAL, reason="X"))
    shop.checkout("s2", (line(),), card(750))
    assert not started(shop)


def test_a_doubt_that_only_a_person_can_settle_holds_up_nothing() -> None:
    shop = Shop(RULES)
    shop.checkout("s1", (line(),), card(750))
    shop.note(ev.PrintStarted(job_id="receipt/1"))
    shop.note(ev.PrintEnded(job_id="receipt/1", outcome=JobState.UNCONFIRMED, reason="LINK_LOST"))
    shop.ready = READY
    shop.checkout("s2", (line(),), card(750))
    assert len(started(shop)) == 1


def test_the_drawer_waits_for_a_receipt_that_began_with_its_sale() -> None:
    shop = ready_shop()
    shop.checkout("s1", (line(),), cash(750))
    assert shop.state.kicks["kick/1"].state is KickState.REQUESTED
    assert next_kick(shop.state, "drawer", shop.state.seq) is None
    shop.note(ev.PrintEnded(job_id="receipt/1", outcome=JobState.CONFIRMED))
    kick = next_kick(shop.state, "drawer", shop.state.seq)
    assert kick is not None
    assert kick.kick_id == "kick/1"


def test_every_receipt_is_cut_as_often_as_its_record_says() -> None:
    shop = Shop(RULES)
    shop.checkout("s1", (line(),), card(750))
    shop.do(cmd.VoidSale(sale_id="void", original_sale_id="s1", reason="mistake"))
    for sale in shop.finished.values():
        receipt = receipt_of(sale, ReceiptLayout(), currency="EUR", time_text="", copy=1)
        assert sum(isinstance(part, Cut) for part in receipt.parts) == RECEIPT_CUTS

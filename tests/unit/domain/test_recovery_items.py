"""What a start found: items, what can be done about them, and what was done."""

from __future__ import annotations

import pytest

from tests.support.shop import Shop, cash, line, pending_card
from tillhald.domain import commands as cmd
from tillhald.domain import events as ev
from tillhald.domain.answers import ItemAnswer
from tillhald.domain.jobs import JobState, KickReason, KickState, Resolution
from tillhald.domain.recovery import actions_of
from tillhald.domain.recovery_items import RECOVERY_ITEMS_MAX, RecoveryAction, RecoveryItem
from tillhald.domain.rules import RecoveryGate, ShopRules
from tillhald.domain.sale import SaleState
from tillhald.domain.state import decode_state, encode_state

DEVICES = ShopRules(receipt_printer="front", drawer="drawer")
RESUME, SUSPEND, CANCEL = RecoveryAction.RESUME, RecoveryAction.SUSPEND, RecoveryAction.CANCEL
ALL = set(RecoveryAction)
OF_SALES = {RESUME, SUSPEND, CANCEL}
OF_JOBS = {RecoveryAction.REPRINT, RecoveryAction.IS_PRINTED, RecoveryAction.GIVE_UP}
OF_KICKS = {RecoveryAction.OPENED, RecoveryAction.NOT_OPENED}


def item(shop: Shop, item_id: str) -> RecoveryItem:
    return shop.state.recovery.items[item_id]


def resolving(item_id: str, action: RecoveryAction, reason: str = "") -> cmd.ResolveItem:
    return cmd.ResolveItem(item_id=item_id, action=action, resolved_by="ann", reason=reason)


@pytest.fixture
def shop() -> Shop:
    """Died in a sale, in a receipt, and in a kick."""
    shop = Shop(DEVICES)
    shop.checkout("sold", (line(),), cash(750))
    shop.note(ev.PrintStarted(job_id="receipt/1"))
    shop.note(ev.KickStarted(kick_id="kick/1"))
    shop.open("s", line())
    shop.restart()
    return shop


def test_a_start_lists_the_sale_the_receipt_and_the_kick(shop: Shop) -> None:
    assert set(shop.state.recovery.items) == {"sale/s", "job/receipt/1", "kick/kick/1"}
    assert item(shop, "sale/s").payable_minor == 750
    assert item(shop, "kick/kick/1").sale_id == "sold"
    assert set(actions_of(shop.state, item(shop, "sale/s"))) == OF_SALES
    assert set(actions_of(shop.state, item(shop, "job/receipt/1"))) == OF_JOBS
    assert set(actions_of(shop.state, item(shop, "kick/kick/1"))) == OF_KICKS
    assert decode_state(encode_state(shop.state)) == shop.state
    assert shop.replayed() == shop.state


def test_a_start_that_finds_nothing_lists_nothing() -> None:
    shop = Shop(DEVICES)
    shop.checkout("sold", (line(),), cash(750))
    shop.restart()
    assert shop.state.recovery.items == {}


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (RESUME, SaleState.OPEN),
        (SUSPEND, SaleState.SUSPENDED),
        (CANCEL, SaleState.CANCELLED),
    ],
)
def test_a_decision_about_a_sale_is_done_to_it_in_the_same_record(
    shop: Shop, action: RecoveryAction, state: SaleState
) -> None:
    records = len(shop.records)
    answer = shop.do(resolving("sale/s", action, "she came back"))
    assert isinstance(answer, ItemAnswer)
    assert answer.sale is not None
    assert answer.sale.state is state
    assert len(shop.records) == records + 1
    found = item(shop, "sale/s")
    assert (found.action, found.resolved_by, found.reason) == (action, "ann", "she came back")
    assert actions_of(shop.state, found) == ()


def test_a_receipt_is_printed_again_as_a_copy_by_the_rules_that_there_are(shop: Shop) -> None:
    shop.do(resolving("job/receipt/1", RecoveryAction.REPRINT))
    (copy,) = [job for job in shop.state.jobs.values() if job.copy_of == "receipt/1"]
    assert copy.copy == 1
    assert item(shop, "job/receipt/1").copy_job_id == copy.job_id
    assert shop.state.unresolved == {}


@pytest.mark.parametrize("action", sorted(OF_JOBS - {RecoveryAction.REPRINT}))
def test_paper_that_is_there_or_not_wanted_is_not_printed(
    shop: Shop, action: RecoveryAction
) -> None:
    shop.do(resolving("job/receipt/1", action))
    assert shop.state.jobs == {}
    assert shop.state.unresolved == {}


def test_what_became_of_a_drawer_is_only_recorded(shop: Shop) -> None:
    before = len(shop.records)
    shop.do(resolving("kick/kick/1", RecoveryAction.NOT_OPENED))
    (fact,) = shop.records[-1].events
    assert isinstance(fact, ev.RecoveryItemResolved)
    assert len(shop.records) == before + 1
    assert shop.state.kicks == {}


@pytest.mark.parametrize(
    ("item_id", "own"),
    [("sale/s", OF_SALES), ("job/receipt/1", OF_JOBS), ("kick/kick/1", OF_KICKS)],
)
def test_an_action_of_another_kind_is_refused(
    shop: Shop, item_id: str, own: set[RecoveryAction]
) -> None:
    for action in ALL - own:
        assert shop.refuses(resolving(item_id, action)).reason == "FIELD_INVALID"


def test_an_item_is_resolved_once(shop: Shop) -> None:
    shop.do(resolving("sale/s", SUSPEND))
    assert shop.refuses(resolving("sale/s", RESUME)).reason == "RECOVERY_ITEM_STATE"
    assert shop.refuses(resolving("sale/t", RESUME)).reason == "RECOVERY_ITEM_NOT_FOUND"


def test_a_sale_with_a_payment_under_way_can_only_be_gone_on_with() -> None:
    shop = Shop()
    shop.open("s", line())
    shop.tender("s", pending_card(750))
    shop.restart()
    assert actions_of(shop.state, item(shop, "sale/s")) == (RESUME,)
    assert shop.refuses(resolving("sale/s", CANCEL)).reason == "TENDER_UNRESOLVED"
    assert shop.refuses(resolving("sale/s", SUSPEND)).reason == "SALE_STATE"
    shop.do(resolving("sale/s", RESUME))
    assert shop.sale("s").state is SaleState.TENDERING


def test_an_ordinary_call_resolves_the_item_too(shop: Shop) -> None:
    shop.on(shop.resuming("s"))
    assert (item(shop, "sale/s").action, item(shop, "sale/s").resolved_by) == (RESUME, "")
    resolved = cmd.ResolveJob(job_id="receipt/1", resolution=Resolution.PRINTED)
    shop.do(resolved, operator="bo")
    assert item(shop, "job/receipt/1").action is RecoveryAction.IS_PRINTED
    assert item(shop, "job/receipt/1").resolved_by == "bo"


def test_a_printer_s_evidence_resolves_the_item_by_itself(shop: Shop) -> None:
    job = shop.state.unresolved["receipt/1"]
    shop.note(ev.JobConfirmedLate(job=job))
    assert item(shop, "job/receipt/1").by_itself


def test_what_waits_is_still_there_after_the_next_start_and_what_is_done_is_not(
    shop: Shop,
) -> None:
    shop.do(resolving("sale/s", CANCEL))
    shop.restart()
    assert set(shop.state.recovery.items) == {"job/receipt/1", "kick/kick/1"}


def test_a_start_lists_what_was_in_doubt_before_it() -> None:
    shop = Shop(DEVICES)
    shop.checkout("sold", (line(),), cash(750))
    shop.note(ev.PrintStarted(job_id="receipt/1"))
    shop.note(ev.PrintEnded(job_id="receipt/1", outcome=JobState.UNCONFIRMED, reason="PAPER_OUT"))
    assert shop.state.recovery.items == {}
    shop.restart()
    assert set(shop.state.recovery.items) == {"job/receipt/1"}


def test_a_start_names_the_outage_that_led_to_it() -> None:
    shop = Shop()
    shop.note(ev.OutageBegan(outage_id="outage/1", ups="u"))
    shop.restart()
    assert shop.state.recovery.outage_id == "outage/1"
    shop.restart()
    assert shop.state.recovery.outage_id == ""


def test_the_report_is_bounded_and_keeps_what_waits() -> None:
    shop = Shop(DEVICES)
    for number in range(RECOVERY_ITEMS_MAX + 5):
        key = f"k{number}"
        shop.note(
            ev.DrawerOpenRequested(kick_id=key, drawer="drawer", reason=KickReason.COUNT),
            ev.KickStarted(kick_id=key),
            ev.KickEnded(kick_id=key, outcome=KickState.UNKNOWN, failure="TILL_RESTARTED"),
        )
        if number == 3:
            shop.do(resolving("kick/k3", RecoveryAction.OPENED))
    items = shop.state.recovery.items
    assert len(items) == RECOVERY_ITEMS_MAX
    assert "kick/k3" not in items


@pytest.mark.parametrize(
    ("gate", "first", "then"),
    [
        (RecoveryGate.NONE, False, False),
        (RecoveryGate.INTERRUPTED, True, False),
        (RecoveryGate.ALL, True, True),
    ],
)
def test_new_sales_wait_for_as_much_as_the_shop_wants(
    shop: Shop, gate: RecoveryGate, first: bool, then: bool
) -> None:
    shop.rules = ShopRules(receipt_printer="front", drawer="drawer", recovery_gate=gate)
    new = cmd.OpenSale(sale_id="new")
    if first:
        refusal = shop.refuses(new)
        assert refusal.reason == "RECOVERY_PENDING"
        assert refusal.facts["item_id"] in shop.state.recovery.items
    shop.do(resolving("sale/s", SUSPEND))
    if then:
        assert shop.refuses(new).reason == "RECOVERY_PENDING"
        shop.do(resolving("job/receipt/1", RecoveryAction.IS_PRINTED))
        shop.do(resolving("kick/kick/1", RecoveryAction.OPENED))
    shop.do(new)
    # What was under way goes on in any case.
    shop.on(shop.resuming("s"))

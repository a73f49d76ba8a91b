"""Which deeds are due: in order, never before the disk has the fact, never twice."""

import pytest

from tests.support.shop import NOON_MS, Shop, assert_books_balance, cash, line, pending_card
from tillhald.domain import commands as cmd
from tillhald.domain import events as ev
from tillhald.domain.deeds import expired_job, is_expired, next_job, next_kick
from tillhald.domain.document import PrintDocument
from tillhald.domain.jobs import JobState, Kick, KickReason, KickState
from tillhald.domain.readmodels import decode_job, decode_kick, job_key, kick_key
from tillhald.domain.rules import ShopRules
from tillhald.domain.sale import SaleState, TenderState
from tillhald.domain.startup import startup_facts

RULES = ShopRules(receipt_printer="front", receipt_ttl_s=60, drawer="drawer")
ENDED = [JobState.CONFIRMED, JobState.UNCONFIRMED, JobState.FAILED_PARTIAL, JobState.EXPIRED]


def shop_with(*sales: str) -> Shop:
    shop = Shop(RULES)
    for name in sales:
        shop.checkout(name, (line(),), cash(750))
    return shop


def due_job(shop: Shop, printer: str = "front") -> str:
    job = next_job(shop.state, printer, shop.state.seq)
    return job.job_id if job else ""


def due_kick(shop: Shop, drawer: str = "drawer") -> str:
    kick = next_kick(shop.state, drawer, shop.state.seq)
    return kick.kick_id if kick else ""


# --- printing


def test_receipts_come_out_in_the_order_of_the_sales() -> None:
    shop = shop_with("s1", "s2")
    shop.do(cmd.SubmitJob(job_id="doc", printer="front", document=PrintDocument(parts=()), ttl_s=9))
    for job_id in ("receipt/1", "receipt/2", "doc"):
        assert due_job(shop) == job_id
        shop.note(ev.PrintStarted(job_id=job_id))
        assert due_job(shop) == "", "one at a time"
        shop.note(ev.PrintEnded(job_id=job_id, outcome=JobState.CONFIRMED))
    assert due_job(shop) == ""


def test_nothing_is_printed_before_it_is_durable() -> None:
    shop = shop_with("s1")
    asked = shop.state.seq
    assert next_job(shop.state, "front", asked - 1) is None
    assert next_job(shop.state, "front", asked) is not None
    shop.note(ev.JobHeld(job_id="receipt/1", reason="PAPER_OUT"))
    assert next_job(shop.state, "front", asked) is None, "nor tried again before the last fact"
    assert due_job(shop) == "receipt/1"


def test_a_held_job_holds_those_behind_it_but_no_other_printer() -> None:
    shop = shop_with("s1", "s2")
    other = cmd.SubmitJob(job_id="label", printer="back", document=PrintDocument(parts=()), ttl_s=9)
    shop.do(other)
    shop.note(ev.PrintStarted(job_id="receipt/1"))
    shop.note(ev.JobHeld(job_id="receipt/1", reason="PAPER_OUT"))
    assert due_job(shop) == "receipt/1"
    assert due_job(shop, "back") == "label"
    assert due_job(shop, "nowhere") == ""
    assert shop.state.jobs["receipt/1"].reason == "PAPER_OUT"


@pytest.mark.parametrize("outcome", ENDED)
def test_an_ended_job_leaves_the_state_and_is_found_in_the_index(outcome: JobState) -> None:
    shop = shop_with("s1")
    shop.note(ev.PrintStarted(job_id="receipt/1"))
    ended = ev.PrintEnded(job_id="receipt/1", outcome=outcome, reason="WHY", bytes_sent=7)
    shop.note(ended)
    assert shop.state.jobs == {}
    job = decode_job(shop.rows["jobs", job_key("receipt/1")])
    assert (job.state, job.reason, job.bytes_sent) == (outcome, "WHY", 7)
    shop.do(cmd.OpenSale(sale_id="s2"))
    assert shop.state.finished_jobs == (), "and is gone with the next record"


def test_no_morning_backlog() -> None:
    shop = shop_with("s1")
    job = shop.state.jobs["receipt/1"]
    assert not is_expired(job, job.created_ms + 60_000)
    assert is_expired(job, job.created_ms + 60_001)
    assert not is_expired(job, NOON_MS - 10**9), "a clock that went back expires nothing"


def test_a_jobs_time_ends_behind_a_held_job_too_but_not_once_it_has_begun() -> None:
    shop = shop_with("s1")
    shop.do(cmd.SubmitJob(job_id="doc", printer="front", document=PrintDocument(parts=()), ttl_s=9))
    shop.note(ev.JobHeld(job_id="receipt/1", reason="PAPER_OUT"))

    def expired(after_s: int, printer: str = "front") -> str:
        job = expired_job(shop.state, printer, shop.at_ms + after_s * 1000)
        return job.job_id if job else ""

    assert [expired(after_s) for after_s in (9, 10, 61)] == ["", "doc", "receipt/1"]
    assert expired(61, "back") == ""
    shop.note(ev.PrintStarted(job_id="receipt/1"))
    assert expired(61) == "doc"


# --- the drawer


def test_the_drawer_waits_for_its_receipt() -> None:
    shop = shop_with("s1")
    assert due_kick(shop) == ""
    shop.note(ev.PrintStarted(job_id="receipt/1"))
    assert due_kick(shop) == ""
    shop.note(ev.PrintEnded(job_id="receipt/1", outcome=JobState.CONFIRMED))
    assert due_kick(shop) == "kick/1"


@pytest.mark.parametrize("outcome", ENDED)
def test_the_drawer_opens_however_its_receipt_ended(outcome: JobState) -> None:
    shop = shop_with("s1")
    shop.note(ev.PrintEnded(job_id="receipt/1", outcome=outcome))
    assert due_kick(shop) == "kick/1"


def test_a_printer_that_cannot_print_does_not_keep_the_drawer_shut() -> None:
    shop = shop_with("s1", "s2")
    assert due_kick(shop) == ""
    shop.note(ev.JobHeld(job_id="receipt/1", reason="COVER_OPEN"))
    assert due_kick(shop) == "kick/1"
    shop.note(ev.KickStarted(kick_id="kick/1"))
    # The second receipt stands behind the held one, so it cannot be waited for either.
    assert due_kick(shop) == "kick/2"
    shop.note(ev.PrintStarted(job_id="receipt/1"))
    assert due_kick(shop) == "", "the printer is back: the second receipt will come first"


def test_no_drawer_opens_before_its_fact_is_durable() -> None:
    shop = Shop(ShopRules(drawer="drawer"))
    shop.checkout("s1", (line(),), cash(750))
    asked = shop.state.seq
    assert next_kick(shop.state, "drawer", asked - 1) is None
    due = next_kick(shop.state, "drawer", asked)
    assert due is not None
    assert due.kick_id == "kick/1"
    assert next_kick(shop.state, "other", asked) is None


def test_a_kick_goes_once() -> None:
    shop = Shop(ShopRules(drawer="drawer"))
    shop.checkout("s1", (line(),), cash(750))
    shop.note(ev.KickStarted(kick_id="kick/1"))
    assert due_kick(shop) == ""
    shop.note(ev.KickEnded(kick_id="kick/1", outcome=KickState.FAILED, failure="OFFLINE"))
    assert due_kick(shop) == ""
    assert shop.state.kicks == {}
    kick = decode_kick(shop.rows["jobs", kick_key("kick/1")])
    assert (kick.state, kick.failure, kick.sale_id) == (KickState.FAILED, "OFFLINE", "s1")


def test_the_drawer_asked_for_by_hand_waits_for_no_receipt() -> None:
    shop = shop_with("s1")
    shop.do(cmd.OpenDrawer(kick_id="k", drawer="drawer", reason=KickReason.NO_SALE))
    assert due_kick(shop) == "k", "the sale's own kick still waits for its paper"


# --- a start


def test_a_start_names_what_was_under_way() -> None:
    shop = shop_with("s1", "s2", "s3")
    shop.open("open", line())
    shop.open("tendering", line())
    shop.tender("tendering", pending_card(750))
    shop.open("aside", line())
    shop.on(shop.suspending("aside"))
    shop.note(ev.PrintStarted(job_id="receipt/1"))
    shop.note(ev.KickStarted(kick_id="kick/1"))
    shop.note(ev.KickStarted(kick_id="kick/2"))
    versions = {name: sale.version for name, sale in shop.state.sales.items()}

    found = startup_facts(shop.state, version="9.9", clean_shutdown=False)
    assert found == [
        ev.TillStarted(version="9.9", clean_shutdown=False),
        ev.SaleInterrupted(sale_id="open", version=versions["open"] + 1),
        ev.SaleInterrupted(sale_id="tendering", version=versions["tendering"] + 1),
        ev.PrintEnded(job_id="receipt/1", outcome=JobState.UNCONFIRMED, reason="TILL_RESTARTED"),
        ev.KickEnded(kick_id="kick/1", outcome=KickState.UNKNOWN, failure="TILL_RESTARTED"),
        ev.KickEnded(kick_id="kick/2", outcome=KickState.UNKNOWN, failure="TILL_RESTARTED"),
    ]

    shop.restart()
    states = {name: sale.state for name, sale in shop.state.sales.items()}
    assert states == {
        "open": SaleState.INTERRUPTED,
        "tendering": SaleState.INTERRUPTED,
        "aside": SaleState.SUSPENDED,
    }
    assert [sale.sale_id for sale in shop.state.interrupted] == ["open", "tendering"]
    for name in ("open", "tendering"):
        assert shop.version(name) == versions[name] + 1, "who held it before must look again"
    assert shop.version("aside") == versions["aside"]
    tender = shop.sale("tendering").tender("card1")
    assert tender is not None
    assert tender.state is TenderState.PENDING, "only a person or the terminal knows"
    assert list(shop.state.jobs) == ["receipt/2", "receipt/3"]
    assert list(shop.state.kicks) == ["kick/3"]
    ended = [decode_kick(shop.rows["jobs", kick_key(f"kick/{n}")]) for n in (1, 2)]
    assert [kick.state for kick in ended] == [KickState.UNKNOWN] * 2
    by_seq = [key for table, key in shop.rows if table == "jobs" and key.startswith(b"u")]
    assert len(by_seq) == 2, "two ended by one record are both found"
    assert due_job(shop) == "receipt/2", "what had not begun goes on"
    assert_books_balance(shop)


def test_a_job_that_had_begun_and_never_left_goes_again_after_a_start() -> None:
    shop = shop_with("s1", "s2")
    shop.note(ev.PrintStarted(job_id="receipt/1", cuts_before=7, cuts=1))
    found = startup_facts(
        shop.state, version="1", clean_shutdown=False, never_left=frozenset({"receipt/1"})
    )
    assert found[1:] == [ev.JobHeld(job_id="receipt/1", reason="TILL_RESTARTED")]
    shop.note(*found)
    assert due_job(shop) == "receipt/1", "as the original, and before the next one"
    assert due_kick(shop) == "kick/1", "the drawer does not wait for a printer to come up"
    assert not shop.state.unresolved


def test_a_second_start_finds_nothing_more() -> None:
    shop = shop_with("s1")
    shop.open("open", line())
    shop.note(ev.PrintStarted(job_id="receipt/1"))
    shop.restart()
    again = startup_facts(shop.state, version="1", clean_shutdown=True)
    assert again == [ev.TillStarted(version="1", clean_shutdown=True)]


def test_a_start_after_a_dead_clock_battery_says_so_first() -> None:
    shop = shop_with("s1")
    last, shop.at_ms = shop.state.clock_max_ms, 0
    shop.restart()
    events = ev.decode_record(ev.encode_record(shop.records[-1])).events
    assert events[0] == ev.ClockWentBack(before_ms=last, after_ms=0)
    assert isinstance(events[1], ev.TillStarted)
    assert len([event for event in events if isinstance(event, ev.ClockWentBack)]) == 1


def test_a_kick_keeps_when_it_was_asked_for() -> None:
    shop = shop_with("s1")
    asked: Kick = shop.state.kicks["kick/1"]
    shop.at_ms += 5_000
    shop.note(ev.KickStarted(kick_id="kick/1"))
    started = shop.state.kicks["kick/1"]
    assert (started.created_ms, started.updated_ms) == (asked.created_ms, shop.at_ms)
    assert (asked.seq, started.seq) == (shop.state.seq - 1, shop.state.seq)

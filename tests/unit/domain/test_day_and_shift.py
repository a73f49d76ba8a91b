"""Who opens the day and the shift, and the limits on deeds that people ask for."""

import pytest

from tests.support.shop import (
    NOON_MS,
    TODAY,
    Shop,
    assert_books_balance,
    cash,
    line,
    returning,
    voiding,
)
from tillhald.domain import commands as cmd
from tillhald.domain import events as ev
from tillhald.domain.amounts import ONE
from tillhald.domain.answers import JobAnswer, KickAnswer
from tillhald.domain.document import PrintDocument, Text
from tillhald.domain.jobs import (
    LIVE_JOBS_MAX,
    LIVE_KICKS_MAX,
    JobKind,
    JobState,
    KickReason,
    KickState,
)
from tillhald.domain.rules import ShopRules

SALE = cmd.Checkout(sale_id="s1", lines=(line(),), tenders=(cash(750),))
DOCUMENT = PrintDocument(parts=(Text(runs=()),))


def job(job_id: str) -> cmd.SubmitJob:
    return cmd.SubmitJob(job_id=job_id, printer="p", document=DOCUMENT, ttl_s=60)


def kick(kick_id: str, reason: KickReason = KickReason.NO_SALE) -> cmd.OpenDrawer:
    return cmd.OpenDrawer(kick_id=kick_id, drawer="d", reason=reason)


@pytest.mark.parametrize("first", [SALE, cmd.OpenSale(sale_id="s1")])
def test_the_first_sale_opens_the_day_and_a_shift_and_says_so(first: cmd.AnyCommand) -> None:
    shop = Shop(ShopRules(implicit_operator="nobody", implicit_float_minor=10_000))
    facts = shop.facts(first, operator="ann")
    assert facts[:2] == [
        ev.DayOpened(business_day=TODAY, day_number=1),
        ev.ShiftOpened(
            shift_id="shift-1", shift_number=1, operator="ann", float_minor=10_000, implicit=True
        ),
    ]
    shop.do(first, operator="ann")
    sale = shop.sale("s1")
    assert (sale.business_day, sale.shift_id, sale.operator) == (TODAY, "shift-1", "ann")
    assert (shop.day.first_seq, shop.day.first_receipt) == (2, 1)
    assert shop.shift.implicit
    assert_books_balance(shop)
    second = shop.facts(cmd.OpenSale(sale_id="s2"))
    assert [type(fact) for fact in second] == [ev.SaleOpened], "and only the first one"
    assert isinstance(second[0], ev.SaleOpened)
    assert second[0].operator == "ann", "who holds the shift sells, if nobody else is named"


def test_without_a_name_the_shop_s_own_operator_sells() -> None:
    shop = Shop(ShopRules(implicit_operator="nobody"))
    shop.do(SALE)
    assert (shop.shift.operator, shop.sale("s1").operator) == ("nobody", "nobody")


def test_where_people_open_shifts_no_sale_goes_without() -> None:
    rules = ShopRules(implicit_shift=False)
    shop = Shop(rules)
    for command in (SALE, cmd.OpenSale(sale_id="s1")):
        assert shop.refuses(command).reason == "DAY_NOT_OPEN"
    shop.note(ev.DayOpened(business_day=TODAY, day_number=1))
    for command in (SALE, cmd.OpenSale(sale_id="s1")):
        assert shop.refuses(command).reason == "SHIFT_NOT_OPEN"
    shop.note(ev.ShiftOpened(shift_id="x", shift_number=1, operator="bo", float_minor=0))
    shop.do(SALE)
    assert shop.sale("s1").shift_id == "x"
    assert_books_balance(shop)


@pytest.mark.parametrize(
    "command", [voiding("v", "s1"), returning("r", "s1", l1=ONE)], ids=["void", "return"]
)
def test_returns_and_voids_need_a_shift_too(command: cmd.AnyCommand) -> None:
    sold = Shop()
    sold.do(SALE)
    shop = Shop(ShopRules(implicit_shift=False))
    shop.rows = sold.rows
    assert shop.refuses(command).reason == "DAY_NOT_OPEN"


# --- jobs


def test_jobs_wait_two_hundred_and_no_more() -> None:
    shop = Shop(ShopRules(receipt_printer="p"))
    shop.do(SALE)
    for number in range(LIVE_JOBS_MAX - 1):
        shop.do(job(f"j{number}"))
    for command in (job("more"), cmd.ReprintReceipt(sale_id="s1", job_id="more")):
        refusal = shop.refuses(command)
        assert (refusal.reason, refusal.facts["limit"]) == ("QUEUE_FULL", "200")
    shop.note(ev.PrintEnded(job_id="j0", outcome=JobState.EXPIRED))
    answer = shop.do(job("more"))
    assert isinstance(answer, JobAnswer)
    assert answer.job.state is JobState.ACCEPTED


def test_a_job_s_id_is_used_once_also_after_it_is_done() -> None:
    shop = Shop(ShopRules(receipt_printer="p"))
    shop.do(SALE)
    shop.do(job("j"))
    copy = cmd.ReprintReceipt(sale_id="s1", job_id="j")
    assert shop.refuses(job("j")).reason == shop.refuses(copy).reason == "JOB_EXISTS"
    shop.note(ev.PrintStarted(job_id="j"))
    shop.note(ev.PrintEnded(job_id="j", outcome=JobState.CONFIRMED))
    assert "j" not in shop.state.jobs
    assert shop.refuses(job("j")).reason == shop.refuses(copy).reason == "JOB_EXISTS"


def test_every_reprint_is_counted_and_marked_with_its_number() -> None:
    shop = Shop(ShopRules(receipt_printer="p"))
    shop.do(SALE)
    for number in (1, 2, 3):
        answer = shop.do(cmd.ReprintReceipt(sale_id="s1", job_id=f"copy{number}"))
        assert isinstance(answer, JobAnswer)
        assert (answer.job.copy, answer.job.kind) == (number, JobKind.RECEIPT_COPY)
        assert answer.job.sale_id == "s1"
        assert shop.sale("s1").copies == number
    assert shop.day.totals.copies == 3
    assert_books_balance(shop)


def test_a_shop_without_a_printer_of_receipts_reprints_nothing() -> None:
    shop = Shop()
    shop.do(SALE)
    refusal = shop.refuses(cmd.ReprintReceipt(sale_id="s1", job_id="j"))
    assert refusal.reason == "NO_PRINTER"


# --- the drawer


def test_kicks_wait_fifty_and_no_more() -> None:
    shop = Shop()
    for number in range(LIVE_KICKS_MAX):
        shop.do(kick(f"k{number}"))
    refusal = shop.refuses(kick("more"))
    assert (refusal.reason, refusal.facts["limit"]) == ("QUEUE_FULL", "50")
    shop.note(ev.KickStarted(kick_id="k0"))
    assert shop.refuses(kick("more")).reason == "QUEUE_FULL"
    shop.note(ev.KickEnded(kick_id="k0", outcome=KickState.FIRED))
    answer = shop.do(kick("more"))
    assert isinstance(answer, KickAnswer)
    assert answer.kick.state is KickState.REQUESTED


def test_a_kick_s_id_is_used_once_also_after_it_is_done() -> None:
    shop = Shop()
    shop.do(kick("k"))
    assert shop.refuses(kick("k")).reason == "KICK_EXISTS"
    shop.note(ev.KickStarted(kick_id="k"))
    shop.note(ev.KickEnded(kick_id="k", outcome=KickState.UNKNOWN, failure="DEADLINE"))
    assert shop.refuses(kick("k")).reason == "KICK_EXISTS"


def test_only_openings_without_a_sale_are_counted_as_such() -> None:
    shop = Shop()
    shop.do(kick("before any day"))
    shop.do(SALE)
    for reason in KickReason:
        shop.do(kick(f"k-{reason}", reason))
    assert shop.day.totals.no_sales == 1


# --- the clock


def test_a_clock_that_jumps_back_is_named_once_and_so_is_its_catching_up() -> None:
    shop = Shop()
    shop.do(SALE)
    last = shop.state.clock_max_ms
    assert last == NOON_MS + 1_000

    shop.at_ms = last - 2_000
    assert shop.facts(job("j0")) == [_submitted("j0")], "a time server's slew is no jump"
    shop.at_ms = last - 2_001
    assert shop.facts(job("j0")) == [
        ev.ClockWentBack(before_ms=last, after_ms=last - 2_001),
        _submitted("j0"),
    ]
    shop.at_ms = last - 3_600_000
    shop.do(job("j1"))
    assert shop.state.clock_suspect
    assert shop.state.clock_max_ms == last, "order is by sequence number; nothing is rewritten"
    assert shop.facts(job("j2")) == [_submitted("j2")], "said once"
    shop.at_ms = last - 7_200_000
    assert shop.facts(job("j2")) == [_submitted("j2")], "also when it jumps again"
    shop.at_ms = last - 1
    assert shop.facts(job("j2")) == [_submitted("j2")]
    shop.at_ms = last
    assert shop.facts(job("j2")) == [ev.ClockCaughtUp(), _submitted("j2")]
    shop.do(job("j2"))
    assert not shop.state.clock_suspect
    assert shop.facts(job("j3")) == [_submitted("j3")]
    assert shop.replayed() == shop.state


def test_a_clock_that_jumps_does_not_stop_a_sale() -> None:
    shop = Shop()
    shop.do(SALE)
    shop.at_ms = 0
    assert shop.checkout("s2", (line(),), cash(750)).receipt_number == 2
    assert shop.sale("s2").updated_ms == 1_000
    assert_books_balance(shop)


def _submitted(job_id: str) -> ev.JobSubmitted:
    return ev.JobSubmitted(
        job_id=job_id, printer="p", kind=JobKind.DOCUMENT, ttl_s=60, document=DOCUMENT
    )

"""One of each of the till's reports, with much on it, for tests that look at the paper."""

from __future__ import annotations

from tests.support.day import DayShop
from tests.support.shop import card, cash, line
from tillhald.domain import commands as cmd
from tillhald.domain import events as ev
from tillhald.domain.amounts import Quantity
from tillhald.domain.books import MovementKind
from tillhald.domain.document import PrintDocument
from tillhald.domain.jobs import KickReason, ReportKind
from tillhald.domain.report_paper import Paper, report_document
from tillhald.domain.rules import ShopRules
from tillhald.domain.sale import TenderState

HEAD = bytes(range(32))
RULES = ShopRules(implicit_shift=False, receipt_printer="front", drawer="drawer")


def busy_day() -> DayShop:
    """A day with a handover, movements, differences and things that need a look."""
    shop = DayShop(RULES)
    shop.note(ev.TillStarted(version="0.1.0", clean_shutdown=True))
    shop.open_day()
    shop.open_shift(10_000, "Ann")
    items = (
        line("a", 1_190, Quantity(3), tax="A", percent=Quantity(19)),
        line("b", 429, Quantity(1_250, 3), tax="B", percent=Quantity(75, 1)),
    )
    for number in range(3):
        shop.checkout(f"s{number}", items, cash(5_000))
    shop.checkout("card", items, card(4_106))
    shop.do(cmd.VoidSale(sale_id="void", original_sale_id="card", reason="wrong article"))
    shop.do(cmd.OpenDrawer(kick_id="k", drawer="drawer", reason=KickReason.NO_SALE))
    shop.move(MovementKind.LOAN, 5_000)
    shop.do(shop.moving(MovementKind.PAID_OUT, 1_500))
    shop.open("u", line(price=123_456))
    shop.tender("u", card(123_456, state=TenderState.PENDING))
    shop.resolve("u", TenderState.UNKNOWN)
    shop.do(
        cmd.ExceptTender(
            sale_id="u", expected_version=shop.version("u"), tender_id="card1", reason="dead"
        )
    )
    shop.end()
    shop.count(shop.shift.cash.expected_minor - 250)
    shop.move(MovementKind.PICKUP, 15_000)
    shop.hand_over("Bo")
    shop.end()
    shop.count(shop.shift.cash.expected_minor + 5)
    shop.close_shift()
    shop.do(cmd.OpenShift(float_minor=0, operator="Eve", training=True))
    shop.checkout("t", items, cash(5_000))
    shop.end()
    shop.close_shift()
    shop.do(cmd.PrintReport(job_id="x", report=ReportKind.X))
    shop.close_day()
    return shop


def papers(language: str) -> dict[str, PrintDocument]:
    """By a name for each."""
    sheet = Paper(
        header=("街角商店" if language == "zh-CN" else "The Corner Shop", "1 Market Street"),
        language=language,
        currency="CNY" if language == "zh-CN" else "EUR",
        time_text=lambda _: "2025-06-15 14:00",
    )
    found: dict[str, PrintDocument] = {}
    for record in busy_day().records:
        for event in record.events:
            if isinstance(event, ev.JobSubmitted) and event.report is not None:
                name = event.job_id.replace("/", "-")
                found[name] = report_document(record, event.report, sheet, chain_head=HEAD)
    return found

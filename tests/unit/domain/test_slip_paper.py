"""Paper for a time without power: it fits the narrowest roll, in both languages, and is bounded."""

from __future__ import annotations

import pytest

from tests.support.shop import Shop, cash, line
from tests.support.slips import opening, slip
from tillhald.domain import commands as cmd
from tillhald.domain import events as ev
from tillhald.domain.document import Columns, Cut, PrintDocument, Text
from tillhald.domain.layout import Line, Paper, lay_out
from tillhald.domain.receipt import ReceiptLayout, receipt_of
from tillhald.domain.rules import ShopRules
from tillhald.domain.slip_paper import (
    _EN,
    _ZH,
    LINES_ON_SLIP_MAX,
    ROWS,
    SALES_ON_SLIP_MAX,
    unfinished,
)

NARROW = Paper(columns=32, dots=384, code_pages=("cp437",), multibyte="gb18030")


def texts(document: PrintDocument) -> list[str]:
    """The lines as they stand on a roll of 58 mm."""
    blocks = lay_out(document, NARROW)
    return [
        " " * block.indent + "".join(run.text for run in block.runs)
        for block in blocks
        if isinstance(block, Line)
    ]


def blanks(language: str, count: int = 2) -> list[PrintDocument]:
    shop = Shop(ShopRules(receipt_printer="front", language=language))
    facts = shop.facts(cmd.PrintSlips(count=count, printer="front", heading=("THE SHOP",)))
    found = [fact.document for fact in facts if isinstance(fact, ev.JobSubmitted)]
    assert all(document is not None for document in found)
    return [document for document in found if document is not None]


def test_both_languages_have_the_same_words() -> None:
    assert set(_EN) == set(_ZH)
    assert all(_EN.values())
    assert all(_ZH.values())


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ["No. 1", "SALE WITHOUT POWER"]), ("zh-CN", ["编号 1", "停电销售单"])],
)
def test_a_blank_fits_the_narrowest_roll_and_has_its_number(
    language: str, words: list[str]
) -> None:
    (document,) = blanks(language)
    lines = [text.strip() for text in texts(document)]
    for word in words:
        assert word in lines
    assert sum(text.replace(" ", "") == "x=" for text in lines) == 2 * ROWS
    assert sum(isinstance(part, Cut) for part in document.parts) == 2
    # A pair that is too wide would stand on two lines: what is to be filled in stays beside its name.
    wide = [part for part in document.parts if isinstance(part, Columns) and part.left]
    assert wide
    for part in wide:
        assert len(texts(PrintDocument(parts=(part,)))) == 1, part


def test_a_list_of_unfinished_sales_tells_what_is_in_them_and_what_was_given() -> None:
    shop = Shop()
    shop.open("aside", line("bread", 300))
    shop.note(ev.SaleSuspended(sale_id="aside", note="lady in red"))
    shop.open("paid", line("tea", 750))
    shop.tender("paid", cash(250))
    said = texts(unfinished(list(shop.state.sales.values()), shop.rules, "12:00"))
    for words in ("Note: lady in red", "Article bread", "being paid", "put aside"):
        assert any(words in text for text in said), words
    assert any(text.startswith("Tendered") and text.endswith("2.50") for text in said)


def test_a_list_of_nothing_says_so() -> None:
    assert any("No sale is open." in text for text in texts(unfinished([], ShopRules(), "12:00")))


def test_a_long_list_is_cut_where_it_would_not_be_printed_in_time() -> None:
    shop = Shop()
    for number in range(SALES_ON_SLIP_MAX + 2):
        shop.open(f"s{number}", *(line(f"l{each}") for each in range(10)))
    document = unfinished(list(shop.state.sales.values()), shop.rules, "12:00")
    said = texts(document)
    assert sum(text.startswith("Article l") for text in said) == LINES_ON_SLIP_MAX
    assert "and 2 more sales" in said
    assert said.count("and 10 more lines") == SALES_ON_SLIP_MAX - LINES_ON_SLIP_MAX // 10
    # Each that is named at all has its total.
    totals = [p for p in document.parts if isinstance(p, Columns) and p.left == "TOTAL"]
    assert len(totals) == SALES_ON_SLIP_MAX


@pytest.mark.parametrize(
    ("language", "mark", "time"),
    [
        ("en", "Entered later from paper slip 2", "Time on the slip"),
        ("zh-CN", "补录 手写单编号 2", "手写单时间"),
    ],
)
def test_a_receipt_says_that_it_was_entered_later(language: str, mark: str, time: str) -> None:
    shop = Shop(ShopRules(language=language))
    shop.do(opening())
    shop.do(slip(2))
    (sale,) = shop.finished.values()
    paper = receipt_of(
        sale, ReceiptLayout(), currency="EUR", time_text="12:00", paper_time_text="11:00"
    )
    centred = [part.runs[0].text for part in paper.parts if isinstance(part, Text)]
    assert mark in centred
    assert Columns(left=time, right="11:00") in paper.parts
    bare = receipt_of(sale, ReceiptLayout(), currency="EUR", time_text="12:00")
    assert not any(isinstance(p, Columns) and p.left == time for p in bare.parts)

"""X, Z and slips on paper: whole on every width, in both languages, and never taken for another."""

from __future__ import annotations

import re

import pytest

from tests.support.report_papers import busy_day, papers
from tests.support.shop import cash, line
from tillhald.domain import commands as cmd
from tillhald.domain import events as ev
from tillhald.domain.document import Columns, PrintDocument, Text
from tillhald.domain.jobs import JobKind
from tillhald.domain.layout import Line, Paper, lay_out, line_cells
from tillhald.domain.receipt import LANGUAGES, ReceiptLayout, receipt_of
from tillhald.domain.report_words import words_of

PAPERS = {
    columns: Paper(columns=columns, dots=columns * 12, code_pages=("cp437",), multibyte="gb18030")
    for columns in (32, 42, 48)
}


def texts(document: PrintDocument) -> list[str]:
    found = []
    for part in document.parts:
        match part:
            case Text(runs=runs):
                found.append("".join(run.text for run in runs))
            case Columns(left=left, right=right):
                found.append(f"{left} | {right}")
            case _:
                pass
    return found


def test_both_languages_have_all_words() -> None:
    assert set(words_of("en")) == set(words_of("zh-CN"))
    assert set(LANGUAGES["en"]) <= set(words_of("en"))


@pytest.mark.parametrize("columns", PAPERS)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_no_report_is_wider_than_its_paper_and_no_amount_is_torn(
    language: str, columns: int
) -> None:
    for name, document in papers(language).items():
        lines = [b for b in lay_out(document, PAPERS[columns]) if isinstance(b, Line)]
        assert max(line_cells(each, PAPERS[columns]) for each in lines) <= columns, name
        laid = ["".join(run.text for run in each.runs) for each in lines]
        for part in document.parts:
            if isinstance(part, Columns) and re.fullmatch(r"-?\d+\.\d\d", part.right):
                assert any(text.endswith(part.right) for text in laid), f"{name}: {part}"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_word_on_paper_is_a_word_and_no_key(language: str) -> None:
    keys = {key for key in words_of(language) if "_" in key}
    for name, document in papers(language).items():
        said = " ".join(texts(document))
        assert not [key for key in keys if key in said], name


def test_a_handover_names_both_and_says_what_was_found_and_left() -> None:
    said = texts(papers("en")["shift-1"])
    for words in (
        "From | Ann",
        "To | Bo",
        "EXPECTED | 108.18",
        "COUNTED | 105.68",
        "SHORT | -2.50",
        "Left in the drawer | 105.68",
    ):
        assert words in said, said


def test_a_z_on_paper_says_what_its_fact_holds() -> None:
    shop = busy_day()
    z = shop.z(1)
    said = texts(papers("en")["z-1"])
    assert "Z REPORT 1" in said
    assert f"Sales ({z.totals.sales.count}) | 164.24" in said
    assert "OVER | 0.05" in said
    assert "Over and short | -2.45" in said
    assert "Credit card u | 1234.56" in said
    assert "".join(said[-2:]) == bytes(range(32)).hex(), "the hash that vouches for all of it"
    assert "Training, counts nowhere" in said


@pytest.mark.parametrize(
    ("language", "words"), [("en", "* TRAINING *"), ("zh-CN", "* 培训 TRAINING *")]
)
def test_a_receipt_of_training_says_so_above_and_below(language: str, words: str) -> None:
    shop = busy_day()
    shop.open_day()
    shop.do(cmd.OpenShift(float_minor=0, operator="Eve", training=True))
    shop.do(cmd.Checkout(sale_id="again", lines=(line(),), tenders=(cash(750),), language=language))
    done = [e for e in shop.records[-1].events if isinstance(e, ev.SaleCompleted)]
    assert done[0].training
    receipt = receipt_of(
        shop.sale("again"), ReceiptLayout(), currency="EUR", time_text="2025-06-15 14:00"
    )
    assert texts(receipt).count(words) == 2


def test_each_report_has_a_job_that_says_which() -> None:
    jobs = [job for job in busy_day().state.jobs.values() if job.kind is JobKind.REPORT]
    assert [job.job_id for job in jobs][-2:] == ["x", "z/1"]
    assert all(job.report is not None for job in jobs)

"""No line is wider than the paper, and no character is lost on the way to it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillhald.domain.document import (
    Align,
    Columns,
    Cut,
    Feed,
    PrintDocument,
    Rule,
    Run,
    Style,
    Text,
)
from tillhald.domain.layout import Line, Method, Paper, ink_of, lay_out, line_cells

CHINESE = Paper(columns=42, dots=512, code_pages=("cp437", "cp858"), multibyte="gb18030")
LATIN = Paper(columns=32, dots=384, code_pages=("cp437",))
LATIN_WITH_HANZI = Paper(columns=32, dots=384, code_pages=("cp437",), multibyte="gb18030")

papers = st.builds(
    Paper,
    columns=st.sampled_from([32, 42, 48]),
    dots=st.just(576),
    code_pages=st.sampled_from([("cp437", "cp858", "cp866"), ("cp437",), ()]),
    multibyte=st.sampled_from(["gb18030", "shift_jis", "big5", None]),
)
words = st.text(
    st.one_of(
        st.sampled_from(" -,。（）¥€…可口乐ẽ\u00a0\u0303☂한あ"),
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Cf"]),
    ),
    max_size=120,
)
styles = st.builds(Style, bold=st.booleans(), width=st.integers(1, 8), height=st.integers(1, 8))
runs = st.lists(st.builds(Run, text=words, style=styles), max_size=4).map(tuple)
parts = st.one_of(
    st.builds(Text, runs=runs, align=st.sampled_from(Align)),
    st.builds(Columns, left=words, right=words, style=styles),
    st.builds(Rule, char=st.sampled_from("-=*—─")),
)


def lines(document: PrintDocument, paper: Paper) -> list[Line]:
    return [block for block in lay_out(document, paper) if isinstance(block, Line)]


def shown(document: PrintDocument, paper: Paper) -> list[str]:
    return [
        " " * line.indent + "".join(run.text for run in line.runs)
        for line in lines(document, paper)
    ]


def visible(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    return "".join(char for char in composed if not char.isspace()).replace("¥", "￥")


@given(document=st.builds(PrintDocument, parts=st.tuples(parts, parts)), paper=papers)
def test_no_line_is_wider_than_the_paper(document: PrintDocument, paper: Paper) -> None:
    for line in lines(document, paper):
        assert line_cells(line, paper) <= paper.columns


@given(runs=runs, align=st.sampled_from(Align), paper=papers)
def test_no_character_of_a_paragraph_is_lost_or_moved(
    runs: tuple[Run, ...], align: Align, paper: Paper
) -> None:
    document = PrintDocument(parts=(Text(runs=runs, align=align),))
    wanted = "".join(visible(run.text) for run in runs)
    assert visible("".join(shown(document, paper))) == wanted


@given(left=words, right=words, paper=papers)
def test_no_character_of_two_columns_is_lost(left: str, right: str, paper: Paper) -> None:
    document = PrintDocument(parts=(Columns(left=left, right=right),))
    assert visible("".join(shown(document, paper))) == visible(left) + visible(right)


def test_words_stay_whole_and_hanzi_break_anywhere_but_before_a_full_stop() -> None:
    document = PrintDocument(
        parts=(
            Text(runs=(Run(text="a receipt is wrapped at its words, not in them"),)),
            Text(runs=(Run(text="谢" * 15 + "惠顾。再见"),)),
        )
    )
    assert shown(document, LATIN_WITH_HANZI) == [
        "a receipt is wrapped at its",
        "words, not in them",
        "谢" * 15 + "惠",
        "顾。再见",
    ]


def test_columns_share_a_line_while_they_fit() -> None:
    document = PrintDocument(
        parts=(
            Columns(left="可口可乐", right="¥3.50"),
            Columns(left="x" * 30, right="12.00"),
            Columns(left="a long name of an article that wraps", right="1.00"),
        )
    )
    assert shown(document, LATIN_WITH_HANZI) == [
        "可口可乐" + " " * 19 + "¥3.50",
        "x" * 30,
        " " * 27 + "12.00",
        "a long name of an article that",
        "wraps" + " " * 23 + "1.00",
    ]


def test_alignment_counts_the_cells_of_a_wide_style() -> None:
    wide = Run(text="TOTAL", style=Style(width=2))
    document = PrintDocument(
        parts=(
            Text(runs=(wide,), align=Align.CENTER),
            Text(runs=(wide,), align=Align.RIGHT),
            Text(runs=()),
        )
    )
    assert [line.indent for line in lines(document, LATIN)] == [11, 22, 0]


def test_a_character_takes_the_cells_of_the_way_it_is_printed() -> None:
    assert ink_of("é", CHINESE) == (Method.PAGE, "cp437", 1)
    assert ink_of("€", CHINESE) == (Method.PAGE, "cp858", 1)
    assert ink_of("…", CHINESE) == (Method.MULTIBYTE, "gb18030", 2)
    assert ink_of("…", LATIN) == (Method.DRAWN, "", 1)
    assert ink_of("𠮷", CHINESE).method is Method.DRAWN  # four bytes in GB 18030
    assert ink_of("한", CHINESE).method is Method.DRAWN


def test_a_yen_sign_that_no_code_page_has_becomes_its_full_width_twin() -> None:
    paper = Paper(columns=32, dots=384, code_pages=(), multibyte="gb18030")
    document = PrintDocument(parts=(Text(runs=(Run(text="¥3.50"),)),))
    assert shown(document, paper) == ["￥3.50"]
    assert shown(document, CHINESE) == ["¥3.50"]


@pytest.mark.parametrize(("char", "columns", "count"), [("-", 42, 42), ("—", 42, 21)])
def test_a_rule_goes_across_the_paper(char: str, columns: int, count: int) -> None:
    document = PrintDocument(parts=(Rule(char=char),))
    paper = Paper(columns=columns, dots=512, code_pages=("cp437",), multibyte="gb18030")
    assert shown(document, paper) == [char * count]


def test_what_is_no_text_passes_through() -> None:
    document = PrintDocument(parts=(Feed(lines=2), Cut()))
    assert lay_out(document, LATIN) == [Feed(lines=2), Cut()]

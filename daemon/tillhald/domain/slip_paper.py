"""What is printed for a time without power: numbered blanks, and a list of unfinished sales."""

from __future__ import annotations

from typing import Final

from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.currency import written
from tillhald.domain.document import (
    Align,
    Columns,
    Cut,
    Feed,
    Part,
    PrintDocument,
    Rule,
    Run,
    Style,
    Text,
)
from tillhald.domain.jobs import LIVE_JOBS_MAX, JobKind
from tillhald.domain.receipt import line_parts, words_in
from tillhald.domain.rules import ShopRules
from tillhald.domain.sale import LIVE_TENDER, Sale, totals_of
from tillhald.domain.slips import SLIP_NO_MAX, SLIPS_A_JOB, SLIPS_PRINTED_MAX
from tillhald.domain.state import TillState

ROWS: Final = 6
"""Lines for articles on a blank."""
SALES_ON_SLIP_MAX: Final = 30
LINES_ON_SLIP_MAX: Final = 200
"""Of all sales together: it must be on paper before the power goes."""
SUSPENDED_TTL_S: Final = 60
"""A list that was not printed by then is out of date."""
_BIG: Final = Style(bold=True, width=2, height=2)
_BOLD: Final = Style(bold=True)

_EN: Final = {
    "title": "SALE WITHOUT POWER",
    "number": "No.",
    "outage": "Outage",
    "next": "the next one",
    "time": "Date, time",
    "time_blank": "____-__-__  __:__",
    "writer": "Written by",
    "article": "Article",
    "figures": "qty x price = amount",
    "total": "TOTAL",
    "boxes": "[ ] cash  [ ] card  [ ] other",
    "given": "Cash given",
    "change": "Change",
    "signature": "Signature",
    "rule": "One sale on one slip.",
    "keep": "Keep spoilt slips: every number counts.",
    "unfinished": "SALES NOT FINISHED",
    "none": "No sale is open.",
    "printed": "Printed",
    "open": "open",
    "suspended": "put aside",
    "tendering": "being paid",
    "interrupted": "interrupted",
    "note": "Note",
    "tender": "Tendered",
    "more_lines": "and {} more lines",
    "more_sales": "and {} more sales",
    "finish": "Finish them on the till later; or on a slip, and then cancel them on the till.",
}
_ZH: Final = {
    "title": "停电销售单",
    "number": "编号",
    "outage": "停电",
    "next": "下一次",
    "time": "日期 时间",
    "time_blank": "____-__-__  __:__",
    "writer": "填写人",
    "article": "商品",
    "figures": "数量 x 单价 = 金额",
    "total": "合计",
    "boxes": "[ ] 现金 [ ] 扫码 [ ] 刷卡 [ ] 其他",
    "given": "实收现金",
    "change": "找零",
    "signature": "签名",
    "rule": "一张单只写一笔交易。",
    "keep": "写错的单据请保留，编号都要核对。",
    "unfinished": "未完成的交易",
    "none": "没有未完成的交易。",
    "printed": "打印时间",
    "open": "进行中",
    "suspended": "挂单",
    "tendering": "付款中",
    "interrupted": "被中断",
    "note": "备注",
    "tender": "已付",
    "more_lines": "另有 {} 行",
    "more_sales": "另有 {} 笔交易",
    "finish": "来电后请在收银机上完成；如改用手写单，请在收银机上取消该交易。",
}
_LANGUAGES: Final = {"en": _EN, "zh-CN": _ZH}


def _words(language: str) -> dict[str, str]:
    return _LANGUAGES.get(language, _EN)


# --- blank slips


def blank_slips(
    state: TillState, rules: ShopRules, command: cmd.PrintSlips, operator: str
) -> list[ev.AnyEvent]:
    """The facts that print blanks with the next numbers. Raises Refused."""
    if not 1 <= command.count <= SLIPS_PRINTED_MAX:
        sentence = f"1 to {SLIPS_PRINTED_MAX} slips are printed at once."
        raise errors.FieldInvalid("count", sentence, limit=SLIPS_PRINTED_MAX)
    if command.outage_id and state.power.outage(command.outage_id) is None:
        sentence = "There is no such outage among those that the till holds."
        raise errors.OutageNotFound(sentence, outage_id=command.outage_id)
    first_no = state.slips.last_printed_no + 1
    if first_no + command.count - 1 > SLIP_NO_MAX:
        first_no = 1
    last_no = first_no + command.count - 1
    chunks = range(first_no, last_no + 1, SLIPS_A_JOB)
    if len(state.jobs) + len(chunks) > LIVE_JOBS_MAX:
        raise errors.Full("Too many print jobs are waiting.", limit=LIVE_JOBS_MAX)
    facts: list[ev.AnyEvent] = [
        ev.SlipsPrinted(
            first_no=first_no,
            last_no=last_no,
            outage_id=command.outage_id,
            printed_by=operator,
        )
    ]
    for chunk in chunks:
        numbers = range(chunk, min(chunk + SLIPS_A_JOB, last_no + 1))
        parts = [part for number in numbers for part in _blank(number, rules, command)]
        facts.append(
            ev.JobSubmitted(
                # A stroke is in no caller's id, and each record has a number of its own.
                job_id=f"slips/{state.seq + 1}/{chunk}",
                printer=command.printer,
                kind=JobKind.DOCUMENT,
                ttl_s=rules.receipt_ttl_s,
                document=PrintDocument(parts=tuple(parts)),
            )
        )
    return facts


def _blank(number: int, rules: ShopRules, command: cmd.PrintSlips) -> list[Part]:
    words = _words(rules.language)
    parts: list[Part] = [_centred(line) for line in command.heading]
    parts += [
        _centred(words["title"], _BOLD),
        _centred(f"{words['number']} {number}", _BIG),
        Feed(),
        Columns(left=words["outage"], right=command.outage_id or words["next"]),
        Feed(),
        Columns(left=words["time"], right=words["time_blank"]),
        Feed(),
        Columns(left=words["writer"], right="_" * 17),
        Rule(char="="),
        Columns(left=words["article"], right=words["figures"]),
        Rule(),
    ]
    for _ in range(ROWS):
        # Room for a hand: one line of print is four millimetres.
        parts += [Feed(), Columns(left="", right="x        =          "), Rule()]
    return [
        *parts,
        Feed(),
        Columns(left=f"{words['total']} {rules.currency}", right="_" * 17, style=_BOLD),
        Feed(),
        Text(runs=(Run(text=words["boxes"]),)),
        Feed(),
        Columns(left=words["given"], right="_" * 17),
        Feed(),
        Columns(left=words["change"], right="_" * 17),
        Feed(lines=2),
        Columns(left=words["signature"], right="_" * 17),
        Feed(),
        _centred(words["rule"]),
        _centred(words["keep"]),
        Feed(),
        Cut(),
    ]


# --- sales that are not finished


def suspended_sales(
    state: TillState, rules: ShopRules, command: cmd.PrintSuspended
) -> ev.JobSubmitted:
    """The fact that prints the sales that are not finished."""
    return ev.JobSubmitted(
        job_id=command.job_id,
        printer=command.printer,
        kind=JobKind.DOCUMENT,
        ttl_s=SUSPENDED_TTL_S,
        document=unfinished(list(state.sales.values()), rules, command.time_text),
    )


def unfinished(sales: list[Sale], rules: ShopRules, time_text: str) -> PrintDocument:
    """A list of `sales` with their lines and totals, as much as can be printed in time."""
    words = _words(rules.language)
    parts: list[Part] = [
        _centred(words["unfinished"], _BIG),
        Columns(left=words["printed"], right=time_text),
        Rule(char="="),
    ]
    room = LINES_ON_SLIP_MAX
    for sale in sales[:SALES_ON_SLIP_MAX]:
        lines = line_parts(sale, words_in(rules.language), rules.currency)
        parts += _heading(sale, words)
        parts += lines[:room]
        if len(lines) > room:
            parts.append(_left(words["more_lines"].format(len(lines) - room)))
        room = max(0, room - len(lines))
        parts += _totals(sale, words, rules.currency)
        parts.append(Rule(char="="))
    if len(sales) > SALES_ON_SLIP_MAX:
        parts.append(_left(words["more_sales"].format(len(sales) - SALES_ON_SLIP_MAX)))
    parts.append(_centred(words["finish"] if sales else words["none"]))
    return PrintDocument(parts=(*parts, Feed(), Cut()))


def _heading(sale: Sale, words: dict[str, str]) -> list[Part]:
    parts: list[Part] = [Columns(left=sale.sale_id, right=words[sale.state.value], style=_BOLD)]
    if sale.note:
        parts.append(_left(f"{words['note']}: {sale.note}"))
    return parts


def _totals(sale: Sale, words: dict[str, str], currency: str) -> list[Part]:
    amount = f"{currency} {written(totals_of(sale).payable_minor, currency)}"
    parts: list[Part] = [Columns(left=words["total"], right=amount, style=_BOLD)]
    given = sum(t.amount_minor for t in sale.tenders if t.state in LIVE_TENDER)
    if given:
        parts.append(Columns(left=words["tender"], right=written(given, currency)))
    return parts


def _left(text: str) -> Text:
    return Text(runs=(Run(text=text),))


def _centred(text: str, style: Style | None = None) -> Text:
    return Text(runs=(Run(text=text, style=style or Style()),), align=Align.CENTER)

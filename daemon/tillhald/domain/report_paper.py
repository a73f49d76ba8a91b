"""X, Z, a shift's slip, a handover, a movement of cash: documents for any printer's columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from tillhald.domain import events as ev
from tillhald.domain.books import DayReport, DayTotals, DrawerCash, ShiftReport, ShiftState, Tally
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
from tillhald.domain.jobs import ReportKind
from tillhald.domain.report_words import words_of

_BIG: Final = Style(bold=True, width=2, height=2)
_TALL: Final = Style(bold=True, height=2)
_BOLD: Final = Style(bold=True)
_CASH: Final = (
    ("cash_taken", "tendered_minor", 1),
    ("cash_change", "change_minor", -1),
    ("cash_refunds", "refunds_minor", -1),
    ("paid_in", "paid_in_minor", 1),
    ("loans", "loans_minor", 1),
    ("paid_out", "paid_out_minor", -1),
    ("pickups", "pickups_minor", -1),
    ("drops", "drops_minor", -1),
)


E = TypeVar("E", bound=ev.Event)


class Paper(NamedTuple):
    """What every report needs beside its facts. `time_text` writes Unix milliseconds locally."""

    header: tuple[str, ...]
    language: str
    currency: str
    time_text: Callable[[int], str]


def report_document(
    record: ev.Record, kind: ReportKind, paper: Paper, *, chain_head: bytes = b""
) -> PrintDocument:
    """The paper that goes with the facts of `record`; `chain_head` is that record's hash."""
    sheet = _Sheet(paper)
    match kind:
        case ReportKind.X:
            sheet.day(_fact(record, ev.ReportTaken).report, b"")
        case ReportKind.Z:
            sheet.day(_fact(record, ev.DayClosed).report, chain_head)
        case ReportKind.SHIFT:
            sheet.shift_slip(_closed(record))
        case ReportKind.HANDOVER:
            sheet.handover(_closed(record), _fact(record, ev.ShiftHandedOver))
        case ReportKind.MOVEMENT:
            sheet.movement(_fact(record, ev.CashMoved), record.wall_ms)
    return sheet.done()


def _fact(record: ev.Record, kind: type[E]) -> E:
    return next(event for event in record.events if isinstance(event, kind))


def _closed(record: ev.Record) -> ShiftReport:
    return _fact(record, ev.ShiftClosed).report


class _Sheet:
    """One report while it is laid out."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper
        self._words = words_of(paper.language)
        self._parts: list[Part] = [_centred(line) for line in paper.header[:1]]

    def done(self) -> PrintDocument:
        self._parts += (Feed(lines=1), Cut())
        return PrintDocument(parts=tuple(self._parts))

    # --- pieces

    def _say(self, word: str) -> str:
        return self._words.get(word, word)

    def _money(self, minor: int) -> str:
        return written(minor, self._paper.currency)

    def _title(self, text: str) -> None:
        self._parts += (_centred(text, _BIG), Feed(lines=1))

    def _head(self, word: str, more: str = "") -> None:
        text = f"{self._say(word)} {more}".rstrip()
        self._parts += (Rule(), Text(runs=(Run(text=text, style=_BOLD),)))

    def _row(self, word: str, value: str, style: Style | None = None) -> None:
        self._parts.append(Columns(left=self._say(word), right=value, style=style or Style()))

    def _amount(self, word: str, minor: int, style: Style | None = None) -> None:
        self._row(word, self._money(minor), style)

    def _tally(self, word: str, tally: Tally) -> None:
        self._row(f"{self._say(word)} ({tally.count})", self._money(tally.minor))

    def _time(self, word: str, at_ms: int) -> None:
        if at_ms:
            self._row(word, self._paper.time_text(at_ms))

    def _sign(self, word: str, name: str) -> None:
        text = f"{self._say(word)}: {name}"
        self._parts += (Feed(lines=2), Rule(char="_"), Text(runs=(Run(text=text),)))

    # --- a day

    def day(self, report: DayReport, chain_head: bytes) -> None:
        number = f" {report.z_number}" if report.z_number else ""
        self._title(self._say("z" if report.z_number else "x") + number)
        self._row("business_day", report.business_day, _BOLD)
        self._time("opened", report.opened_ms)
        self._time("closed" if report.z_number else "made", report.at_ms)
        receipts = f"{report.first_receipt} - {report.last_receipt}"
        self._row("receipts", receipts if report.last_receipt else self._say("none"))
        self._row("records", f"{report.first_seq} - {report.last_seq}")
        self._parts.append(Rule())
        self._totals(report.totals)
        self._counts(report)
        for shift in report.shifts:
            self._shift(shift)
        self._notes(report)
        self._head("perpetual")
        self._tally("sales", report.perpetual.sales)
        self._tally("returns", report.perpetual.returns)
        self._tally("voids", report.perpetual.voids)
        self._parts.append(Rule())
        self._row("program", report.version)
        if chain_head:
            self._row("chain", str(report.last_seq))
            digits = chain_head.hex()
            half = len(digits) // 2  # of the narrowest paper a whole line
            self._parts += (
                Text(runs=(Run(text=digits[:half]),)),
                Text(runs=(Run(text=digits[half:]),)),
            )

    def _totals(self, totals: DayTotals) -> None:
        self._tally("sales", totals.sales)
        self._tally("returns", totals.returns)
        self._tally("voids", totals.voids)
        for word, tally in (
            ("discounts", totals.discounts),
            ("rounding", totals.rounding),
            ("late", totals.late),
            ("back_entries", totals.back_entries),
        ):
            if tally.count:
                self._tally(word, tally)
        if totals.taxes:
            self._head("taxes")
        for name, tally in totals.taxes.items():
            net = self._money(totals.nets.get(name, Tally()).minor)
            self._row(f"{name}% ({self._say('net')} {net})", self._money(tally.minor))
        if totals.tenders:
            self._head("tenders")
        for name, tally in totals.tenders.items():
            self._tally(name, tally)
        if totals.change.count:
            self._tally("change_given", Tally(totals.change.count, -totals.change.minor))
        if totals.movements:
            self._head("movements")
        for name, tally in totals.movements.items():
            self._tally(name, tally)

    def _counts(self, report: DayReport) -> None:
        totals = report.totals
        self._head("counts")
        for word, count in (
            ("cancelled", totals.cancelled),
            ("carried", report.carried),
            ("no_sales", totals.no_sales),
            ("copies", totals.copies),
            ("corrections", totals.corrections),
            ("clock_faults", totals.clock_faults),
        ):
            self._row(word, str(count))
        if totals.training.count:
            self._tally("training", totals.training)

    def _notes(self, report: DayReport) -> None:
        if report.totals.differences.count:
            self._parts.append(Rule())
            self._amount("differences", report.totals.differences.minor, _BOLD)
        if report.exceptions:
            self._head("exceptions")
        for tender in report.exceptions:
            name = f"{self._say(tender.type.value)} {tender.sale_id}"
            self._row(name, self._money(tender.amount_minor))
        if report.outages:
            self._head("outages")
        for outage in report.outages:
            lasted = f"{outage.seconds} s" if outage.seconds else self._say("lasts")
            self._row(self._paper.time_text(outage.began_ms), lasted)

    # --- a shift

    def _shift(self, shift: ShiftReport) -> None:
        self._head("shift", f"{shift.shift_number}: {shift.operator}")
        self._time("opened", shift.opened_ms)
        if shift.closed_ms:
            self._time("closed", shift.closed_ms)
        elif shift.state is not ShiftState.CLOSED:
            self._row("closed", self._say("open"))
        if shift.training:
            self._parts.append(Text(runs=(Run(text=self._say("training_shift")),)))
            return
        self._cash(shift)

    def _cash(self, shift: ShiftReport) -> None:
        cash: DrawerCash = shift.cash
        self._amount("float", cash.float_minor)
        before = shift.opening_expected_minor
        if before is not None and before != cash.float_minor:
            self._amount("left_before", before)
        for word, name, sign in _CASH:
            if minor := getattr(cash, name):
                self._amount(word, sign * minor)
        self._amount("expected", cash.expected_minor, _BOLD)
        if shift.counted_minor is None or shift.over_short_minor is None:
            if shift.state in (ShiftState.ENDED, ShiftState.CLOSED):
                self._row("counted", self._say("not_counted"), _BOLD)
            return
        # What moved after the count is in both, so that they can be compared.
        self._amount("counted", cash.expected_minor + shift.over_short_minor, _BOLD)
        if shift.corrected:
            self._parts.append(Text(runs=(Run(text=f"  ({self._say('corrected')})"),)))
        difference = shift.over_short_minor
        word = "over" if difference > 0 else "short" if difference else "exact"
        self._row(word, self._money(difference) if difference else "", _TALL)

    def shift_slip(self, shift: ShiftReport) -> None:
        self._title(f"{self._say('shift_title')} {shift.shift_number}")
        self._row("operator_name", shift.operator, _BOLD)
        self._time("opened", shift.opened_ms)
        self._time("ended", shift.ended_ms)
        self._parts.append(Rule())
        if shift.training:
            self._parts.append(_centred(self._say("training_shift"), _BOLD))
            return
        self._sold(shift)
        self._cash(shift)
        if shift.left_minor is not None:
            self._amount("left", shift.left_minor)
        self._sign("signature", shift.operator)

    def _sold(self, shift: ShiftReport) -> None:
        self._tally("sales", shift.totals.sales)
        if shift.totals.returns.count:
            self._tally("returns", shift.totals.returns)
        if shift.totals.voids.count:
            self._tally("voids", shift.totals.voids)
        self._row("no_sales", str(shift.totals.no_sales))
        self._parts.append(Rule())

    def handover(self, shift: ShiftReport, fact: ev.ShiftHandedOver) -> None:
        self._title(self._say("handover_title"))
        self._row("shift", str(shift.shift_number))
        self._row("from", fact.from_operator, _BOLD)
        self._row("to", fact.to_operator, _BOLD)
        self._time("opened", shift.opened_ms)
        self._time("ended", shift.ended_ms)
        self._parts.append(Rule())
        self._sold(shift)
        self._cash(shift)
        self._parts.append(Rule())
        self._amount("left", fact.left_minor, _TALL)
        self._row("suspended", str(fact.suspended_sales))
        self._sign("from", fact.from_operator)
        self._sign("to", fact.to_operator)

    def movement(self, fact: ev.CashMoved, at_ms: int) -> None:
        self._parts.append(_centred(self._say(fact.kind.value), _BIG))
        amount = self._money(fact.amount_minor if fact.kind.is_in else -fact.amount_minor)
        self._title(f"{self._paper.currency} {amount}")
        self._row("time", self._paper.time_text(at_ms))
        self._row("shift", fact.shift_id.removeprefix("shift-"))
        self._row("operator_name", fact.operator)
        if fact.reason:
            self._row("reason", fact.reason)
        self._sign("signature", fact.operator)


def _centred(text: str, style: Style | None = None) -> Text:
    return Text(runs=(Run(text=text, style=style or Style()),), align=Align.CENTER)

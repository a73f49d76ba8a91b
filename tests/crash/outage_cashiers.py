"""Cashiers in simulated time, and what they know: they sell, and ask again what they were not told."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tests.crash.outage_host import Host, LivingTill
from tillhald.domain import commands as cmd
from tillhald.domain.answers import SaleSummary, SlipAnswer
from tillhald.domain.errors import BatteryLow, Refused, SaleStateWrong, VersionConflict
from tillhald.domain.sale import Line, SaleState, Tender, TenderType
from tillhald.domain.slips import SLIPS_IN_BOOK_MAX
from tillhald.journal.errors import StorageError
from tillhald.service.till import Outcome, Request

if TYPE_CHECKING:
    pass

ATTEMPTS_MAX = 5_000


class Told(NamedTuple):
    """What a front end was told of a completed sale."""

    receipt_number: int
    payable_minor: int
    change_minor: int


class Deal:
    """One sale with its requests; what was sent once is sent again in the same words."""

    def __init__(self, name: str, dice: random.Random) -> None:
        self.sale_id = name
        minor = dice.randrange(1, 20_000)
        self.by_cash = dice.random() < 0.7
        given = minor + (dice.randrange(500) if self.by_cash else 0)
        kind = TenderType.CASH if self.by_cash else TenderType.CREDIT_CARD
        tender = Tender(tender_id="t", type=kind, amount_minor=given)
        line = Line(line_id="l", description="Tea", unit_price_minor=minor, extended_minor=minor)
        self.whole = cmd.Checkout(sale_id=name, lines=(line,), tenders=(tender,))
        self.again = cmd.Checkout(sale_id=f"{name}-again", lines=(line,), tenders=(tender,))
        of_sale = {"sale_id": name, "expected_version": 0}
        aside = (cmd.SuspendSale(**of_sale), cmd.ResumeSale(**of_sale))
        self.steps: list[cmd.Command] = (
            [self.whole]
            if dice.random() < 0.5
            else [
                cmd.OpenSale(sale_id=name),
                cmd.PutLine(**of_sale, line=line),
                *(aside if dice.random() < 0.3 else ()),
                cmd.AddTender(**of_sale, tender=tender),
                cmd.CompleteSale(**of_sale),
            ]
        )


@dataclass
class Books:
    """What all front ends know."""

    told: dict[str, Told] = field(default_factory=dict)
    cash_minor: int = 0
    replayed: int = 0
    refused_low: int = 0
    without_answer: int = 0
    made_up_for: int = 0
    mistakes: list[str] = field(default_factory=list)


class Cashiers:
    """They sell all the time, at a person's pace, on a till that comes and goes."""

    def __init__(self, host: Host, dice: random.Random) -> None:
        self._host = host
        self._dice = dice
        self._sales = 0
        self._turned_away: list[Deal] = []
        self.books = Books()
        self.closing = False

    async def work(self) -> None:
        """Sell until closing, and finish what was begun."""
        while not self.closing:
            self._sales += 1
            await self._serve(Deal(f"sale-{self._sales}", self._dice), turn_away=True)
            await asyncio.sleep(self._dice.uniform(1, 15))

    async def make_up(self) -> None:
        """After the outage: the customers who were turned away at a low battery were served by
        hand, on slips. They are entered, book by book, and each book is closed with its cash."""
        for book in range(0, len(self._turned_away), SLIPS_IN_BOOK_MAX):
            await self._enter(f"slips-{book}", self._turned_away[book : book + SLIPS_IN_BOOK_MAX])
        self._turned_away.clear()

    async def _enter(self, book: str, deals: list[Deal]) -> None:
        opening = cmd.OpenBackEntry(
            outage_id=book, first_no=1, last_no=len(deals), began_ms=1_000, ended_ms=2_000
        )
        await self._order(f"{book}/open", opening)
        cash_minor = 0
        for number, deal in enumerate(deals, 1):
            slip = cmd.PutSlip(outage_id=book, slip_no=number, sale=deal.whole)
            answer = await self._order(f"{book}/{number}", slip)
            if not isinstance(answer, SlipAnswer):
                return
            told = _told(answer.sale)
            self.books.told[deal.sale_id] = told
            self.books.made_up_for += 1
            cash_minor += told.payable_minor if deal.by_cash else 0
            if self._dice.random() < 0.2:
                # Somebody enters the same slip once more.
                again = cmd.PutSlip(outage_id=book, slip_no=number, sale=deal.again)
                await self._order(f"{book}/{number}/again", again, refused="SLIP_ALREADY_ENTERED")
        self.books.cash_minor += cash_minor
        wrong = cmd.CloseBackEntry(outage_id=book, counted_minor=cash_minor + 1)
        await self._order(f"{book}/short", wrong, refused="SLIP_BOOK_UNBALANCED")
        closing = cmd.CloseBackEntry(outage_id=book, counted_minor=cash_minor)
        await self._order(f"{book}/close", closing)

    async def _order(self, name: str, command: cmd.AnyCommand, *, refused: str = "") -> object:
        """The answer, however long that takes; None where it was refused, as it should be or not."""
        request = Request(type(command).__name__, name, name.encode())
        for _ in range(ATTEMPTS_MAX):
            till = await self._host.up()
            try:
                outcome, _ = await till.till.handle(command, request, _itself)
            except StorageError:
                self.books.without_answer += 1
            except BatteryLow:
                self.books.refused_low += 1
            except Refused as refusal:
                if refusal.reason != refused:
                    self.books.mistakes.append(f"{name}, {command}: {refusal.reason} {refusal}")
                return None
            else:
                if refused:
                    self.books.mistakes.append(f"{name} was taken, not refused with {refused}")
                self.books.replayed += outcome.replayed
                return outcome.answer
            await asyncio.sleep(self._dice.uniform(0.5, 5))
        self.books.mistakes.append(f"{name} was never answered")
        return None

    async def _serve(self, deal: Deal, *, turn_away: bool) -> None:
        version, answer = 0, None
        for number, step in enumerate(deal.steps):
            answer = await self._ask(deal, number, step, version, turn_away=turn_away)
            if answer is None:
                self._turned_away.append(deal)
                return
            version = answer.version
            if number + 1 < len(deal.steps):
                await asyncio.sleep(self._dice.uniform(0.5, 8))
        assert answer is not None
        books, told = self.books, _told(answer)
        books.told[deal.sale_id] = told
        books.cash_minor += told.payable_minor if deal.by_cash else 0
        if self._dice.random() < 0.2:
            # A front end that lost its memory asks again.
            again = await self._ask(deal, len(deal.steps) - 1, deal.steps[-1], version)
            if again is None or _told(again) != told:
                books.mistakes.append(f"{deal.sale_id} was told {told}, then {again}")

    async def _ask(
        self, deal: Deal, number: int, step: cmd.Command, version: int, *, turn_away: bool = False
    ) -> SaleSummary | None:
        """The answer to a step, however long that takes; None: it was turned away."""
        for _ in range(ATTEMPTS_MAX):
            till = await self._host.up()
            try:
                return await self._try(till, deal, number, step, version)
            except StorageError:
                self.books.without_answer += 1
            except BatteryLow:
                self.books.refused_low += 1
                if number == 0 and turn_away:
                    return None
            except (VersionConflict, SaleStateWrong):
                version = await self._take_up(till, deal)
            except Refused as refused:
                self.books.mistakes.append(f"{deal.sale_id}, {step}: {refused.reason} {refused}")
                return None
            await asyncio.sleep(self._dice.uniform(0.5, 5))
        self.books.mistakes.append(f"{deal.sale_id} was never served")
        return None

    async def _try(
        self, till: LivingTill, deal: Deal, number: int, step: cmd.Command, version: int
    ) -> SaleSummary:
        if isinstance(step, cmd.OnSale):
            step = _with_version(step, version)
        name = f"{deal.sale_id}/{number}"
        # What is asked, and not of which version, tells a retry.
        request = Request(type(step).__name__, name, name.encode())
        outcome, _ = await till.till.handle(step, request, _itself)  # type: ignore[arg-type]
        self.books.replayed += outcome.replayed
        assert isinstance(outcome.answer, SaleSummary)
        return outcome.answer

    async def _take_up(self, till: LivingTill, deal: Deal) -> int:
        """The sale was put aside, or interrupted, meanwhile: its version now."""
        sale = till.till.state.sales.get(deal.sale_id)
        if sale is None:
            self.books.mistakes.append(f"{deal.sale_id} was begun and is forgotten")
            return 0
        if sale.state not in (SaleState.SUSPENDED, SaleState.INTERRUPTED):
            return sale.version
        resume = cmd.ResumeSale(sale_id=sale.sale_id, expected_version=sale.version)
        name = f"{deal.sale_id}/up/{sale.version}"
        try:
            request = Request("ResumeSale", name, name.encode())
            outcome, _ = await till.till.handle(resume, request, _itself)
        except (StorageError, BatteryLow):
            return sale.version
        assert isinstance(outcome.answer, SaleSummary)
        return outcome.answer.version


def _itself(outcome: Outcome) -> Outcome:
    return outcome


def _with_version(step: cmd.OnSale, version: int) -> cmd.Command:
    fields = {name: getattr(step, name) for name in step.__struct_fields__}
    return type(step)(**{**fields, "expected_version": version})


def _told(sale: SaleSummary) -> Told:
    return Told(sale.receipt_number, sale.payable_minor, sale.change_minor)

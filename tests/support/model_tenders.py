"""Operations that pay, complete, and give back: each asks the till, and does the same to the shop."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from tests.support.model_sales import TYPES, SaleOps, check_summary, fresh_id, request_id
from tests.support.naive_sale import (
    APPROVED,
    ASIDE,
    CARD,
    CASH,
    DECLINED,
    INTERRUPTED,
    LIVE_TENDER,
    PENDING,
    RETURN,
    REVERSED,
    SALE,
    TENDERING,
    UNDER_WAY,
    UNKNOWN,
    VOID,
    VOUCHER,
    WRITTEN_OFF,
    NaiveLine,
    NaiveSale,
    NaiveTender,
    piece,
    settled,
    sums,
)
from tests.support.sales import dec, eur
from tillhal.v1 import checkout_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

TENDERS_MAX = 20


class TenderOps(SaleOps):
    """Mixed into `Session`."""

    def ripe(
        self, rng: random.Random, fits: Callable[[NaiveSale], object], *states: str
    ) -> tuple[str, int]:
        """A sale in one of these states, or under way; mostly one that this can be done to."""
        there = self.shop.live(*(states or UNDER_WAY))
        ripe = [sale for sale in there if fits(sale)]
        return self.one_of(rng, ripe if ripe and rng.random() < 0.85 else there)

    def do_tender(self, rng: random.Random) -> None:
        picked = self.ripe(rng, lambda sale: sale.lines and self.due(sale))
        sale = self.shop.sales.get(picked[0])
        due = self.due(sale) if sale else 100
        kind = rng.choice([CASH, CASH, CARD, CARD, VOUCHER])
        more = rng.choice([0, 0, 0, 2, -7, 500]) * (1 if due > 0 else -1)
        amount = due // rng.choice([1, 1, 2]) + more
        given = NaiveTender(
            kind, amount, PENDING if kind == CARD and rng.random() < 0.5 else APPROVED
        )
        name = fresh_id(rng, "t")
        request = pb.AddTenderRequest(
            **self.head(rng, picked),
            tender=pb.TenderInput(tender_id=name, type=TYPES[kind], amount=eur(amount)),
            pending=given.state == PENDING,
        )

        def why_not() -> set[str]:
            reasons = self.shop.cannot_touch(*picked, *UNDER_WAY) | self.shop.cannot_sell()
            sale = self.shop.sales.get(picked[0])
            if sale is None:
                return reasons
            reasons |= set() if sale.lines else {"SALE_EMPTY"}
            reasons |= {"TOO_MANY_TENDERS"} if len(sale.tenders) >= TENDERS_MAX else set()
            is_back = sale.kind != SALE
            if amount == 0 or (amount < 0) != is_back:
                reasons.add("FIELD_INVALID")
            over = self.due(sale) - amount if is_back else amount - self.due(sale)
            return reasons | ({"CHANGE_NOT_ALLOWED"} if over > 0 and kind != CASH else set())

        def apply(sale: NaiveSale) -> None:
            sale.tenders[name] = given
            sale.state = TENDERING

        self.step("AddTender", request, why_not, apply)

    def due(self, sale: NaiveSale) -> int:
        """What is not tendered yet, counting those that may still be approved."""
        return sums(sale).payable - sum(t.amount for t in sale.in_states(*LIVE_TENDER))

    def do_resolve(self, rng: random.Random) -> None:
        picked = self.ripe(
            rng, lambda sale: sale.in_states(PENDING, UNKNOWN), TENDERING, INTERRUPTED
        )
        sale = self.shop.sales.get(picked[0])
        open_ones = (
            [n for n, t in sale.tenders.items() if t.state in (PENDING, UNKNOWN)] if sale else []
        )
        name = rng.choice(open_ones or ["none"])
        outcome = rng.choice([APPROVED, APPROVED, DECLINED, UNKNOWN, WRITTEN_OFF])
        request = pb.ResolveTenderRequest(
            **self.head(rng, picked), tender_id=name, outcome=f"TENDER_STATE_{outcome}"
        )
        allowed_from = {UNKNOWN: {PENDING}, WRITTEN_OFF: {UNKNOWN}}.get(outcome, {PENDING, UNKNOWN})

        def why_not() -> set[str]:
            reasons = self.shop.cannot_touch(*picked, TENDERING, INTERRUPTED)
            sale = self.shop.sales.get(picked[0])
            if sale is not None and name not in sale.tenders:
                reasons.add("TENDER_NOT_FOUND")
            elif sale is not None and sale.tenders[name].state not in allowed_from:
                reasons.add("TENDER_STATE")
            return reasons

        self.step("ResolveTender", request, why_not, lambda s: s.tender_changed(name, outcome))

    def do_reverse(self, rng: random.Random) -> None:
        picked = self.ripe(rng, lambda sale: sale.in_states(APPROVED), TENDERING)
        sale = self.shop.sales.get(picked[0])
        approved = [n for n, t in sale.tenders.items() if t.state == APPROVED] if sale else []
        if not approved or rng.random() < 0.1:
            approved = [*sale.tenders, "none"] if sale else ["none"]
        name = rng.choice(approved)
        request = pb.ReverseTenderRequest(**self.head(rng, picked), tender_id=name)

        def why_not() -> set[str]:
            reasons = self.shop.cannot_touch(*picked, TENDERING)
            sale = self.shop.sales.get(picked[0])
            if sale is not None and name not in sale.tenders:
                reasons.add("TENDER_NOT_FOUND")
            elif sale is not None and sale.tenders[name].state != APPROVED:
                reasons.add("TENDER_STATE")
            return reasons

        self.step("ReverseTender", request, why_not, lambda s: s.tender_changed(name, REVERSED))

    def do_complete(self, rng: random.Random) -> None:
        picked = self.ripe(
            rng, lambda s: s.lines and not isinstance(settled(s, self.shop.coin), str)
        )
        request = pb.CompleteSaleRequest(**self.head(rng, picked))

        def why_not() -> set[str]:
            reasons = self.shop.cannot_touch(*picked, *UNDER_WAY) | self.shop.cannot_sell()
            sale = self.shop.sales.get(picked[0])
            if sale is None:
                return reasons
            reasons |= set() if sale.lines else {"SALE_EMPTY"}
            reasons |= {"TENDER_UNRESOLVED"} if sale.in_states(PENDING, UNKNOWN) else set()
            ends = settled(sale, self.shop.coin)
            reasons |= {ends} if isinstance(ends, str) else set()
            if sale.kind == RETURN:
                reasons |= self.cannot_return_now(sale)
            return reasons

        def apply(sale: NaiveSale) -> None:
            ends = settled(sale, self.shop.coin)
            assert not isinstance(ends, str)
            self.shop.complete(sale, *ends)
            if sale.kind == RETURN:
                back = self.shop.sales[sale.original].returned
                for line in sale.lines.values():
                    back[line.original] = back.get(line.original, 0) - line.unscaled

        self.step("CompleteSale", request, why_not, apply)

    def cannot_return_now(self, sale: NaiveSale) -> set[str]:
        """Another return or a void may have been quicker since this one was opened."""
        original = self.shop.sales[sale.original]
        reasons = self.shop.cannot_return(sale.original)
        for line in sale.lines.values():
            left = original.lines[line.original].unscaled - original.returned.get(line.original, 0)
            fresh = piece(original, line.original, -line.unscaled)
            if -line.unscaled > left or fresh != line.fixed:
                reasons.add("RETURN_EXCEEDS_SOLD")
        return reasons

    def do_cancel(self, rng: random.Random) -> None:
        spares = self.shop.suspended == "carry_over" and rng.random() < 0.7
        there = UNDER_WAY if spares else (*UNDER_WAY, *ASIDE)
        picked = self.ripe(rng, lambda sale: not sale.in_states(*LIVE_TENDER), *there)
        request = pb.CancelSaleRequest(**self.head(rng, picked))

        def why_not() -> set[str]:
            reasons = self.shop.cannot_touch(*picked, *UNDER_WAY, *ASIDE)
            sale = self.shop.sales.get(picked[0])
            paid = sale is not None and sale.in_states(*LIVE_TENDER)
            return reasons | ({"TENDER_UNRESOLVED"} if paid else set())

        self.step("CancelSale", request, why_not, self.shop.cancel)

    def one_sold(self, rng: random.Random) -> str:
        """A sale of before, mostly one that goods can come back of."""
        there = self.shop.trainings if self.shop.in_training else self.shop.receipts
        sold = [s for s in there[-40:] if s.kind == SALE and not s.is_voided]
        if rng.random() < 0.05:
            sold = [*self.shop.sales.values()]
        return rng.choice(sold).sale_id if sold else "no-such-sale"

    def do_void(self, rng: random.Random) -> None:
        original_id = self.one_sold(rng)
        sale = NaiveSale(fresh_id(rng, "void"), VOID, original=original_id)
        request = pb.VoidSaleRequest(
            request_id=request_id(rng),
            sale_id=sale.sale_id,
            original_sale_id=original_id,
            reason="broken",
        )

        def why_not() -> set[str]:
            reasons = self.shop.cannot_return(original_id) | self.shop.cannot_sell()
            original = self.shop.sales.get(original_id)
            back = original is not None and original.returned
            return reasons | ({"RETURN_EXCEEDS_SOLD"} if back else set())

        def apply(answer: Any) -> None:
            original = self.shop.sales[original_id]
            sale.included = original.included
            sale.lines = {
                name: self.line_back(original, name, line.unscaled)
                for name, line in original.lines.items()
            }
            for name, given in original.tenders.items():
                if given.state == APPROVED and given.type != CASH:
                    sale.tenders[name] = NaiveTender(given.type, -given.amount, APPROVED)
            if kept := original.cash - original.change:
                sale.tenders["stayed-in-the-drawer"] = NaiveTender(CASH, -kept, APPROVED)
            self.shop.begin(sale)
            self.shop.complete(sale, -original.rounding, 0)
            original.is_voided = True
            sale.version = answer.sale.version
            check_summary(answer.sale, sale)

        self.ask("VoidSale", request, why_not, apply)

    def line_back(self, original: NaiveSale, name: str, unscaled: int) -> NaiveLine:
        line = original.lines[name]
        fixed = piece(original, name, unscaled)
        return NaiveLine(line.price, -unscaled, line.scale, line.code, line.percent, fixed, name)

    def do_return(self, rng: random.Random) -> None:
        original_id = self.one_sold(rng)
        original = self.shop.sales.get(original_id)
        names = [*original.lines] if original else ["l0"]
        back = {
            name: max(
                original.lines[name].unscaled // rng.choice([1, 2, 3]) + rng.choice([0, 0, 0, 1]), 1
            )
            if original and original.lines[name].unscaled > 0
            else 1
            for name in rng.sample(names, min(rng.randint(1, 2), len(names)))
        } or {"l0": 1}
        scale = {name: original.lines[name].scale for name in names} if original else {}
        sale = NaiveSale(fresh_id(rng, "return"), RETURN, original=original_id)
        request = pb.OpenReturnRequest(
            request_id=request_id(rng),
            sale_id=sale.sale_id,
            original_sale_id=original_id,
            lines=[
                pb.ReturnedLine(
                    line_id=f"r-{name}",
                    original_line_id=name,
                    quantity=dec(unscaled, scale.get(name, 0)),
                )
                for name, unscaled in back.items()
            ],
            reason="does not fit",
        )

        def why_not() -> set[str]:
            reasons = self.shop.cannot_return(original_id) | self.shop.cannot_sell()
            original = self.shop.sales.get(original_id)
            for name, unscaled in back.items():
                if original is None or name not in original.lines:
                    reasons.add("LINE_NOT_FOUND")
                elif unscaled > original.lines[name].unscaled - original.returned.get(name, 0):
                    reasons.add("RETURN_EXCEEDS_SOLD")
            return reasons

        def apply(answer: Any) -> None:
            original = self.shop.sales[original_id]
            sale.included = original.included
            sale.lines = {f"r-{n}": self.line_back(original, n, many) for n, many in back.items()}
            self.shop.begin(sale)
            check_summary(answer.sale, sale)

        self.ask("OpenReturn", request, why_not, apply)

"""Operations on sales: each asks the till, and does the same to the naive shop."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from tests.support.naive_sale import (
    APPROVED,
    ASIDE,
    CANCELLED,
    CARD,
    CASH,
    COMPLETED,
    INTERRUPTED,
    LIVE_TENDER,
    OPEN,
    PENDING,
    SALE,
    SUSPENDED,
    TENDERING,
    UNDER_WAY,
    UNKNOWN,
    VOUCHER,
    DiscountTooLarge,
    NaiveDiscount,
    NaiveLine,
    NaiveSale,
    NaiveTender,
    settled,
    sums,
)
from tests.support.sales import dec, eur
from tillhal.v1 import checkout_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from tests.support.naive_shop import NaiveShop

LIVE_MAX = 8
RATES = [("A", 19), ("B", 7), ("", 0)]
SELLS = {"PutLine", "RemoveLine", "ApplyDiscount", "ResumeSale", "AddTender", "CompleteSale"}
"""Steps that need a shift."""
TYPES = {
    CASH: pb.TENDER_TYPE_CASH,
    CARD: pb.TENDER_TYPE_CREDIT_CARD,
    VOUCHER: pb.TENDER_TYPE_VOUCHER,
}


def fresh_id(rng: random.Random, prefix: str) -> str:
    return f"{prefix}-{rng.getrandbits(60):015x}"


def request_id(rng: random.Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def a_line(rng: random.Random) -> NaiveLine:
    code, percent = rng.choice(RATES)
    scale = rng.choice([0, 0, 0, 1, 3])
    return NaiveLine(rng.randint(0, 2500), rng.randint(1, 30), scale, code, percent)


def wire_line(name: str, line: NaiveLine) -> pb.LineInput:
    return pb.LineInput(
        line_id=name,
        description="Something",
        quantity=dec(line.unscaled, line.scale),
        unit_price=eur(line.price),
        tax_code=line.code,
        tax_percent=dec(line.percent),
    )


def wire_discount(name: str, discount: NaiveDiscount) -> pb.DiscountInput:
    if discount.percent is None:
        return pb.DiscountInput(
            discount_id=name, line_id=discount.line_id, amount=eur(discount.amount)
        )
    return pb.DiscountInput(
        discount_id=name, line_id=discount.line_id, percent=dec(discount.percent)
    )


def a_discount(rng: random.Random, line_ids: list[str]) -> NaiveDiscount:
    percent = rng.choice([None, 5, 10, 33])
    line_id = rng.choice(["", *line_ids])
    return NaiveDiscount(line_id, rng.choice([0, 1, 50, 200, 900]), percent)


def too_much_off(sale: NaiveSale) -> bool:
    try:
        sums(sale)
    except DiscountTooLarge:
        return True
    return False


def check_summary(told: pb.SaleSummary, sale: NaiveSale) -> None:
    """What the till says of a sale is what the naive shop thinks of it."""
    came, tendered = sums(sale), sale.approved
    is_over = sale.state in (COMPLETED, CANCELLED)
    wanted = {
        "state": pb.SaleState.Value(f"SALE_STATE_{sale.state}"),
        "kind": pb.SaleKind.Value(f"SALE_KIND_{sale.kind}"),
        "version": sale.version,
        "receipt_number": sale.number,
        "payable": came.payable,
        "tax": came.tax,
        "discount": came.discount,
        "rounding_adjustment": sale.rounding,
        "tendered": tendered,
        "due": 0 if is_over else came.payable - tendered,
        "change": sale.change,
        "line_count": len(sale.lines),
        "training": sale.training,
    }
    found = {name: getattr(told, name) for name in wanted}
    found = {name: getattr(value, "minor_units", value) for name, value in found.items()}
    wrong = {name: (found[name], each) for name, each in wanted.items() if found[name] != each}
    assert not wrong, f"told and wanted: {wrong} of {sale}"


class SaleOps:
    """Mixed into `Session`."""

    shop: NaiveShop

    if TYPE_CHECKING:

        def ask(
            self,
            method: str,
            request: Message,
            why_not: Callable[[], set[str]],
            apply: Callable[[Any], None],
        ) -> None: ...

    def sale_weights(self) -> dict[str, float]:
        """How likely each is now."""
        opened, paying = bool(self.shop.live(OPEN)), bool(self.shop.live(*UNDER_WAY))
        return {
            "checkout": 8,
            "open_sale": 4 if len(self.shop.live()) < LIVE_MAX else 0.2,
            "put_line": 9 if opened else 0.5,
            "remove_line": 2 if opened else 0.2,
            "discount": 3 if opened else 0.2,
            "suspend": 2 if opened else 0.5,
            "resume": 3 if self.shop.live(*ASIDE) else 0.3,
            "tender": 7 if paying else 0.5,
            "resolve": 5 if self.has_unresolved() else 0.3,
            "reverse": 1.5 if paying else 0.2,
            "complete": 8 if paying else 0.5,
            "cancel": 1.5 if self.shop.live() else 0.2,
            "void": 1,
            "return": 2,
        }

    def has_unresolved(self) -> bool:
        return any(sale.in_states(PENDING, UNKNOWN) for sale in self.shop.live())

    # --- picking

    def pick(self, rng: random.Random, *states: str) -> tuple[str, int]:
        """A sale, mostly one that suits, and the version last seen of it, mostly the right one."""
        return self.one_of(rng, self.shop.live(*states))

    def one_of(self, rng: random.Random, suited: list[NaiveSale]) -> tuple[str, int]:
        if rng.random() < 0.04:
            suited = [*self.shop.sales.values()]
        if not suited:
            return "no-such-sale", 1
        sale = rng.choice(suited)
        stale = rng.random() < 0.04
        return sale.sale_id, max(sale.version - stale, 1)

    def head(self, rng: random.Random, picked: tuple[str, int]) -> dict[str, Any]:
        return {
            "request_id": request_id(rng),
            "sale_id": picked[0],
            "expected_version": picked[1],
        }

    def step(
        self,
        method: str,
        request: Any,
        why_not: Callable[[], set[str]],
        apply: Callable[[NaiveSale], None],
    ) -> None:
        """A step on a sale: one version more."""

        sells = method in SELLS

        def reasons() -> set[str]:
            return why_not() | (self.shop.cannot_mix(request.sale_id) if sells else set())

        def applied(answer: Any) -> None:
            sale = self.shop.sales[request.sale_id]
            if sells:
                self.shop.ready()
            apply(sale)
            sale.version += 1
            check_summary(answer.sale, sale)

        self.ask(method, request, reasons, applied)

    # --- operations

    def do_checkout(self, rng: random.Random) -> None:
        sale = NaiveSale(fresh_id(rng, "sale"), included=rng.random() < 0.7)
        sale.lines = {f"l{number}": a_line(rng) for number in range(rng.randint(1, 4))}
        if rng.random() < 0.3:
            sale.discounts = {"d": a_discount(rng, [*sale.lines])}
        bad = too_much_off(sale)
        due = 100 if bad else sums(sale).payable
        on_card = rng.choice([0, 0, due, due // 2])
        if on_card > 0:
            sale.tenders["card"] = NaiveTender(CARD, on_card, APPROVED)
        handed = due - on_card + rng.choice([0, 0, 3, 500, -1])
        if handed > 0 and on_card < due:
            sale.tenders["cash"] = NaiveTender(CASH, handed, APPROVED)
        request = pb.CheckoutRequest(
            request_id=request_id(rng),
            sale_id=sale.sale_id,
            lines=[wire_line(name, line) for name, line in sale.lines.items()],
            discounts=[wire_discount(name, each) for name, each in sale.discounts.items()],
            tenders=[
                pb.TenderInput(tender_id=name, type=TYPES[t.type], amount=eur(t.amount))
                for name, t in sale.tenders.items()
            ],
            tax_mode=pb.TAX_MODE_INCLUDED if sale.included else pb.TAX_MODE_ADDED,
        )

        def why_not() -> set[str]:
            if bad:
                return {"DISCOUNT_TOO_LARGE", *self.shop.cannot_sell()}
            ends = settled(sale, self.shop.coin)
            return self.shop.cannot_sell() | ({ends} if isinstance(ends, str) else set())

        def apply(answer: Any) -> None:
            ends = settled(sale, self.shop.coin)
            assert not isinstance(ends, str)
            self.shop.begin(sale)
            self.shop.complete(sale, *ends)
            sale.version = answer.sale.version  # how many facts it was is not promised
            check_summary(answer.sale, sale)

        self.ask("Checkout", request, why_not, apply)

    def do_open_sale(self, rng: random.Random) -> None:
        sale = NaiveSale(fresh_id(rng, "sale"), included=rng.random() < 0.7)
        if rng.random() < 0.03 and self.shop.sales:
            sale.sale_id = rng.choice([*self.shop.sales])
        request = pb.OpenSaleRequest(
            request_id=request_id(rng),
            sale_id=sale.sale_id,
            tax_mode=pb.TAX_MODE_INCLUDED if sale.included else pb.TAX_MODE_ADDED,
        )

        def apply(answer: Any) -> None:
            self.shop.begin(sale)
            check_summary(answer.sale, sale)

        self.ask("OpenSale", request, lambda: self.cannot_open(sale.sale_id), apply)

    def cannot_open(self, sale_id: str) -> set[str]:
        taken = {"SALE_EXISTS"} if sale_id in self.shop.sales else set()
        return taken | self.shop.cannot_sell()

    def do_put_line(self, rng: random.Random) -> None:
        picked = self.pick(rng, OPEN)
        name, line = rng.choice(["l0", "l1", "l2", fresh_id(rng, "l")]), a_line(rng)
        request = pb.PutLineRequest(**self.head(rng, picked), line=wire_line(name, line))

        def why_not() -> set[str]:
            reasons = self.shop.cannot_touch(*picked, OPEN) | self.shop.cannot_sell()
            sale = self.shop.sales.get(picked[0])
            if sale is not None:
                reasons |= {"SALE_STATE"} if sale.kind != SALE else set()
                trial = NaiveSale("", lines={**sale.lines, name: line}, discounts=sale.discounts)
                reasons |= {"DISCOUNT_TOO_LARGE"} if too_much_off(trial) else set()
            return reasons

        self.step("PutLine", request, why_not, lambda sale: sale.lines.update({name: line}))

    def do_remove_line(self, rng: random.Random) -> None:
        picked = self.pick(rng, OPEN)
        sale = self.shop.sales.get(picked[0])
        name = rng.choice([*sale.lines, "none"] if sale else ["none"])
        request = pb.RemoveLineRequest(**self.head(rng, picked), line_id=name)

        def without(sale: NaiveSale) -> tuple[dict[str, NaiveLine], dict[str, NaiveDiscount]]:
            lines = {key: line for key, line in sale.lines.items() if key != name}
            return lines, {k: d for k, d in sale.discounts.items() if d.line_id != name}

        def why_not() -> set[str]:
            reasons = self.shop.cannot_touch(*picked, OPEN) | self.shop.cannot_sell()
            sale = self.shop.sales.get(picked[0])
            if sale is not None and name not in sale.lines:
                reasons.add("LINE_NOT_FOUND")
            elif sale is not None:
                lines, discounts = without(sale)
                trial = NaiveSale("", sale.kind, lines=lines, discounts=discounts)
                reasons |= {"DISCOUNT_TOO_LARGE"} if too_much_off(trial) else set()
            return reasons

        def apply(sale: NaiveSale) -> None:
            sale.lines, sale.discounts = without(sale)

        self.step("RemoveLine", request, why_not, apply)

    def do_discount(self, rng: random.Random) -> None:
        picked = self.pick(rng, OPEN)
        sale = self.shop.sales.get(picked[0])
        name = rng.choice(["d0", "d1"])
        discount = a_discount(rng, [*sale.lines] if sale else [])
        request = pb.ApplyDiscountRequest(
            **self.head(rng, picked), discount=wire_discount(name, discount)
        )

        def after(sale: NaiveSale) -> dict[str, NaiveDiscount]:
            others = {key: each for key, each in sale.discounts.items() if key != name}
            is_nothing = not (discount.amount if discount.percent is None else discount.percent)
            return others if is_nothing else {**others, name: discount}

        def why_not() -> set[str]:
            reasons = self.shop.cannot_touch(*picked, OPEN) | self.shop.cannot_sell()
            sale = self.shop.sales.get(picked[0])
            if sale is not None:
                reasons |= {"SALE_STATE"} if sale.kind != SALE else set()
                if discount.line_id and discount.line_id not in sale.lines:
                    return reasons | {"LINE_NOT_FOUND"}
                trial = NaiveSale("", lines=sale.lines, discounts=after(sale))
                reasons |= {"DISCOUNT_TOO_LARGE"} if too_much_off(trial) else set()
            return reasons

        def apply(sale: NaiveSale) -> None:
            sale.discounts = after(sale)

        self.step("ApplyDiscount", request, why_not, apply)

    def do_suspend(self, rng: random.Random) -> None:
        picked = self.pick(rng, OPEN, INTERRUPTED)
        request = pb.SuspendSaleRequest(**self.head(rng, picked))

        def why_not() -> set[str]:
            reasons = self.shop.cannot_touch(*picked, OPEN, INTERRUPTED)
            sale = self.shop.sales.get(picked[0])
            paid = sale is not None and sale.in_states(*LIVE_TENDER)
            return reasons | ({"SALE_STATE"} if paid else set())

        def apply(sale: NaiveSale) -> None:
            sale.state = SUSPENDED

        self.step("SuspendSale", request, why_not, apply)

    def do_resume(self, rng: random.Random) -> None:
        picked = self.pick(rng, *ASIDE)
        request = pb.ResumeSaleRequest(**self.head(rng, picked))

        def why_not() -> set[str]:
            return self.shop.cannot_touch(*picked, *ASIDE) | self.shop.cannot_sell()

        def apply(sale: NaiveSale) -> None:
            sale.state = TENDERING if sale.in_states(*LIVE_TENDER) else OPEN

        self.step("ResumeSale", request, why_not, apply)

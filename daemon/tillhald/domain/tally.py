"""What a completed sale adds to the shift's cash, the day's totals and the perpetual ones."""

from __future__ import annotations

import functools
from typing import Any, assert_never

from msgspec.structs import replace

from tillhald.domain.books import DayTotals, Perpetual, Shift, Tally
from tillhald.domain.sale import Sale, SaleKind, TenderState, TenderType

RATES_CACHED_MAX = 256
NOTHING = Tally()


def shift_plus(shift: Shift | None, sale: Sale) -> Shift | None:
    if shift is None:
        return None
    came = refunded = 0
    for tender in sale.tenders:
        if tender.type is TenderType.CASH and tender.state is TenderState.APPROVED:
            came += max(tender.amount_minor, 0)
            refunded += max(-tender.amount_minor, 0)
    if not (came or refunded or sale.change_minor):
        return shift
    cash = replace(
        shift.cash,
        tendered_minor=shift.cash.tendered_minor + came,
        refunds_minor=shift.cash.refunds_minor + refunded,
        change_minor=shift.cash.change_minor + sale.change_minor,
    )
    return replace(shift, cash=cash)


@functools.lru_cache(maxsize=RATES_CACHED_MAX)
def tax_key(code: str, unscaled: int, scale: int) -> str:
    """ "A 19", "B 7.5": how a rate is named in totals."""
    digits = str(unscaled).rjust(scale + 1, "0")
    percent = (
        digits if scale == 0 else f"{digits[:-scale]}.{digits[-scale:]}".rstrip("0").rstrip(".")
    )
    return f"{code} {percent}".strip()


def _add(tallies: dict[str, Tally], key: str, minor: int) -> None:
    tallies[key] = tallies.get(key, NOTHING).plus(minor)


def totals_plus(day: DayTotals, sale: Sale) -> DayTotals:
    assert sale.totals is not None, "a completed sale knows its totals"
    taxes, nets, tenders = dict(day.taxes), dict(day.nets), dict(day.tenders)
    for tax in sale.totals.taxes:
        key = tax_key(tax.tax_code, tax.tax_percent.unscaled, tax.tax_percent.scale)
        _add(taxes, key, tax.tax_minor)
        _add(nets, key, tax.net_minor)
    for tender in sale.tenders:
        if tender.state is TenderState.APPROVED:
            _add(tenders, tender.type.value, tender.amount_minor)
    payable = sale.totals.payable_minor
    discount = sale.totals.discount_minor
    return replace(
        day,
        sales=day.sales.plus(payable) if sale.kind is SaleKind.SALE else day.sales,
        returns=day.returns.plus(payable) if sale.kind is SaleKind.RETURN else day.returns,
        voids=day.voids.plus(payable) if sale.kind is SaleKind.VOID else day.voids,
        discounts=day.discounts.plus(discount) if discount else day.discounts,
        rounding=day.rounding.plus(sale.rounding_minor) if sale.rounding_minor else day.rounding,
        change=day.change.plus(sale.change_minor) if sale.change_minor else day.change,
        back_entries=day.back_entries.plus(payable) if sale.slip else day.back_entries,
        late=day.late.plus(payable) if sale.original_business_day else day.late,
        taxes=taxes,
        nets=nets,
        tenders=tenders,
    )


def totals_minus(now: DayTotals, earlier: DayTotals) -> DayTotals:
    """What a day took since its totals were `earlier`."""

    def since(name: str) -> Any:  # noqa: ANN401 - as the field is
        value, before = getattr(now, name), getattr(earlier, name)
        if isinstance(value, Tally):
            return value.since(before)
        if isinstance(value, dict):
            gone = {key: tally.since(before.get(key, NOTHING)) for key, tally in value.items()}
            return {key: tally for key, tally in gone.items() if tally != NOTHING}
        return value - before

    return DayTotals(**{name: since(name) for name in DayTotals.__struct_fields__})


def perpetual_plus(sums: Perpetual, sale: Sale) -> Perpetual:
    assert sale.totals is not None, "a completed sale knows its totals"
    payable = sale.totals.payable_minor
    match sale.kind:
        case SaleKind.SALE:
            return replace(sums, sales=sums.sales.plus(payable))
        case SaleKind.RETURN:
            return replace(sums, returns=sums.returns.plus(payable))
        case SaleKind.VOID:
            return replace(sums, voids=sums.voids.plus(payable))
        case _:
            assert_never(sale.kind)

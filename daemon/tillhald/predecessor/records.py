"""What an adapter gives, whatever it reads: the records of docs/reference/predecessor-format.md.

Amounts are whole minor units of the currency, quantities and percentages decimal text, times
RFC 3339 with an offset. Unknown fields are refused: what is not read is not silently left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import msgspec

from tillhald.domain.amounts import AMOUNT_MINOR_MAX
from tillhald.domain.predecessor import OLD_NUMBER_CHARS_MAX
from tillhald.domain.sale import LINES_MAX, TENDERS_MAX, TenderType

ID_CHARS_MAX = 128
TEXT_CHARS_MAX = 500
MOVEMENTS_MAX = 10_000
HEADER_LINES_MAX = 20

Minor = Annotated[int, msgspec.Meta(ge=-AMOUNT_MINOR_MAX, le=AMOUNT_MINOR_MAX)]
Count = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
OldId = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_CHARS_MAX)]
AnyText = Annotated[str, msgspec.Meta(max_length=TEXT_CHARS_MAX)]
Code = Annotated[str, msgspec.Meta(max_length=64)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_CHARS_MAX)]
LineId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
Receipt = Annotated[str, msgspec.Meta(max_length=OLD_NUMBER_CHARS_MAX)]
DecimalText = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$")]
Date = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
MaybeDate = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")]
MaybeLineId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._:-]{0,64}$")]
Time = Annotated[datetime, msgspec.Meta(tz=True)]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record as it stands in a file."""


class OldFile(Table, frozen=True, kw_only=True):
    """`records` counts lines; 1 for settings."""

    sha256: Sha256
    records: Count


class OldManifest(Table, frozen=True, kw_only=True):
    format: Literal["tillhal-predecessor/1"]
    product: Name
    product_version: AnyText
    shop: Name
    till: Name
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
    time_zone: AnyText = ""
    exported_at: Time | None = None
    files: dict[str, OldFile] = {}


class OldSettings(Table, frozen=True, kw_only=True):
    """What has a place in till.toml. `header` and `footer` are the receipt's template, a line each;
    `not_carried_over` names what has none."""

    header: Annotated[tuple[AnyText, ...], msgspec.Meta(max_length=HEADER_LINES_MAX)] = ()
    footer: Annotated[tuple[AnyText, ...], msgspec.Meta(max_length=HEADER_LINES_MAX)] = ()
    language: Literal["", "en", "zh-CN"] = ""
    prices_include_tax: bool | None = None
    cash_rounding_minor: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    not_carried_over: tuple[AnyText, ...] = ()


class OldLine(Table, frozen=True, kw_only=True):
    """`total_minor` is what was paid for it: after discounts, with the tax where prices hold it.
    `of_sale` and `of_line`: what a line of a return gives back."""

    line_id: LineId
    description: AnyText
    quantity: DecimalText
    unit_price_minor: Minor
    total_minor: Minor
    discount_minor: Minor = 0
    tax_percent: DecimalText = "0"
    tax_minor: Minor = 0
    tax_code: Code = ""
    sku: Code = ""
    unit: Code = ""
    of_sale: AnyText = ""
    of_line: MaybeLineId = ""


class OldTender(Table, frozen=True, kw_only=True):
    type: TenderType
    amount_minor: Minor
    ref: AnyText = ""


class OldSale(Table, frozen=True, kw_only=True):
    """A completed one. What was given less change is total plus rounding."""

    id: OldId
    at: Time
    lines: Annotated[tuple[OldLine, ...], msgspec.Meta(min_length=1, max_length=LINES_MAX)]
    tenders: Annotated[tuple[OldTender, ...], msgspec.Meta(max_length=TENDERS_MAX)] = ()
    total_minor: Minor
    rounding_minor: Minor = 0
    change_minor: Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MINOR_MAX)] = 0
    kind: Literal["sale", "return", "void"] = "sale"
    receipt: Receipt = ""
    shift: AnyText = ""
    business_day: MaybeDate = ""
    operator: AnyText = ""
    language: Literal["en", "zh-CN"] = "en"
    tax_included: bool = True
    reason: AnyText = ""
    uploaded: bool = False


class OldSuspended(Table, frozen=True, kw_only=True):
    """One that was put aside and not paid."""

    id: OldId
    at: Time
    lines: Annotated[tuple[OldLine, ...], msgspec.Meta(min_length=1, max_length=LINES_MAX)]
    operator: AnyText = ""
    language: Literal["en", "zh-CN"] = "en"
    tax_included: bool = True
    note: AnyText = ""


class TheirTotals(Table, frozen=True, kw_only=True):
    receipts: Count | None = None
    payable_minor: Minor | None = None
    tax_minor: Minor | None = None
    tenders: dict[TenderType, Minor] | None = None


class OldMovement(Table, frozen=True, kw_only=True):
    """Cash into the drawer, or (below zero) out of it, that is no sale."""

    at: Time
    amount_minor: Minor
    reason: AnyText = ""


class OldShift(Table, frozen=True, kw_only=True):
    """`closed_at` is missing for one that was not handed over. `expected_minor` is what the
    predecessor says that the drawer should have held at its end."""

    id: OldId
    opened_at: Time
    closed_at: Time | None = None
    business_day: MaybeDate = ""
    operator: AnyText = ""
    float_minor: Minor = 0
    movements: Annotated[tuple[OldMovement, ...], msgspec.Meta(max_length=MOVEMENTS_MAX)] = ()
    counted_minor: Minor | None = None
    expected_minor: Minor | None = None
    totals: TheirTotals = TheirTotals()
    uploaded: bool = False


class OldDay(Table, frozen=True, kw_only=True):
    """`closed_at` is missing for a day without its Z."""

    business_day: Date
    opened_at: Time | None = None
    closed_at: Time | None = None
    totals: TheirTotals = TheirTotals()
    uploaded: bool = False


OldRecord = OldManifest | OldSettings | OldShift | OldDay | OldSale | OldSuspended


class Place(NamedTuple):
    """Where something stands. `line` counts from 1; of a table it is the row's own id."""

    file: str
    line: int


class Found(NamedTuple):
    """One record; or, with `wrong`, why there is none: `field` says where in it."""

    place: Place
    record: OldRecord | None
    wrong: str = ""
    field: str = ""


class Predecessor(NamedTuple):
    """An adapter: what an entry point of the group `tillhal.predecessors` names.

    `recognises(path)` looks whether this is what it reads, cheaply. `files(path)` are all files
    that it will read. `read(path)` gives the manifest first, shifts and days before sales, and
    never raises for what stands in the files: it gives a Found with `wrong`. OSError may go
    through.
    """

    name: str
    product: str
    recognises: Callable[[Path], bool]
    files: Callable[[Path], list[Path]]
    read: Callable[[Path], Iterator[Found]]

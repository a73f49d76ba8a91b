"""Slips in a file, TOML or JSON, as a person writes them down to be entered at once."""

from __future__ import annotations

import json
import tomllib
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, cast

from tillhal import amount_off, line, percent_off, tender
from tillhal.recovery_requests import Slip

if TYPE_CHECKING:
    from pathlib import Path

    from tillhal.values import TenderKind

SLIPS_IN_FILE_MAX: Final = 200
KINDS: Final[dict[str, TenderKind]] = {
    "cash": "CASH",
    "credit_card": "CREDIT_CARD",
    "debit_card": "DEBIT_CARD",
    "stored_value": "STORED_VALUE",
    "wallet_qr": "WALLET_QR",
    "cheque": "CHEQUE",
    "voucher": "VOUCHER",
    "account": "ACCOUNT",
    "other": "OTHER",
}


@dataclass(frozen=True, kw_only=True)
class FiledLine:
    """`price` is that of one, `quantity` how many or how much; numbers are texts, as "3.20"."""

    description: str
    price: str
    quantity: str = "1"
    unit: str = ""
    sku: str = ""
    tax: str = ""
    tax_percent: str = "0"


@dataclass(frozen=True, kw_only=True)
class FiledDiscount:
    """On the whole slip: an amount or a percentage."""

    amount: str = ""
    percent: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class FiledTender:
    """`kind` is one of KINDS."""

    amount: str
    kind: str = "cash"
    reference: str = ""


@dataclass(frozen=True, kw_only=True)
class FiledSlip:
    """`time` without a zone is local time."""

    number: int
    lines: tuple[FiledLine, ...]
    tenders: tuple[FiledTender, ...] = ()
    discounts: tuple[FiledDiscount, ...] = ()
    time: datetime | None = None
    written_by: str = ""
    approved_by: str = ""


def read(path: Path) -> list[FiledSlip]:
    """The slips of a file. Raises OSError, and ValueError with the place of what is wrong."""
    text = path.read_text(encoding="utf-8")
    content = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    if not isinstance(content, dict) or set(content) != {"slips"}:
        message = "`slips` is needed, and nothing else"
        raise ValueError(message)
    slips = _tables(content["slips"], "slips")
    if len(slips) > SLIPS_IN_FILE_MAX:
        message = f"a file has at most {SLIPS_IN_FILE_MAX} slips"
        raise ValueError(message)
    return [_slip(table, f"slips[{at}]") for at, table in enumerate(slips)]


def _slip(table: Table, where: str) -> FiledSlip:
    lists = {
        name: tuple(
            _texts(each, kind, f"{where}.{name}[{at}]")
            for at, each in enumerate(_tables(table.get(name, []), f"{where}.{name}"))
        )
        for name, kind in _LISTS.items()
    }
    number, time = table.get("number"), table.get("time")
    if type(number) is not int:
        message = f"{where}.number: a whole number is needed"
        raise ValueError(message)
    if isinstance(time, str):
        time = datetime.fromisoformat(time)
    if time is not None and not isinstance(time, datetime):
        message = f"{where}.time: date and time are needed"
        raise ValueError(message)
    own = {key: value for key, value in table.items() if key not in {*lists, "number", "time"}}
    people = _texts(own, _People, where)
    return FiledSlip(
        number=number,
        time=time,
        written_by=people.written_by,
        approved_by=people.approved_by,
        **lists,
    )


@dataclass(frozen=True, kw_only=True)
class _People:
    written_by: str = ""
    approved_by: str = ""


Table: TypeAlias = dict[str, Any]
T = TypeVar("T")
_LISTS: Final[dict[str, Any]] = {
    "lines": FiledLine,
    "tenders": FiledTender,
    "discounts": FiledDiscount,
}


def _tables(value: object, where: str) -> list[Table]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        message = f"{where}: a list of tables is needed"
        raise ValueError(message)
    return value


def _texts(table: Table, kind: type[T], where: str) -> T:
    """A dataclass of texts; a whole number may stand for its text."""
    known = {field.name: field for field in fields(cast("Any", kind))}
    found: dict[str, str] = {}
    for key, value in table.items():
        if key not in known:
            message = f"{where}.{key}: there is no such field; there are {', '.join(known)}"
            raise ValueError(message)
        if type(value) not in (str, int):
            message = f'{where}.{key}: a text is needed, as "3.20"'
            raise ValueError(message)
        found[key] = str(value)
    for key, field in known.items():
        if key not in found and field.default is MISSING:
            message = f"{where}.{key} is needed"
            raise ValueError(message)
    return kind(**found)


def as_slip(filed: FiledSlip, entered_by: str) -> Slip:
    """The slip as it is sent. Raises ValueError for an amount or a kind that is none."""
    unknown = [each.kind for each in filed.tenders if each.kind not in KINDS]
    if unknown:
        message = f"tender {unknown[0]!r} is none of {', '.join(KINDS)}"
        raise ValueError(message)
    return Slip(
        slip_no=filed.number,
        lines=[
            line(
                each.description,
                each.price,
                qty=each.quantity,
                unit=each.unit,
                sku=each.sku,
                tax=each.tax,
                tax_percent=each.tax_percent,
            )
            for each in filed.lines
        ],
        tenders=[
            tender(KINDS[each.kind], each.amount, external_ref=each.reference)
            for each in filed.tenders
        ],
        discounts=[
            percent_off(each.percent, reason=each.reason)
            if each.percent
            else amount_off(each.amount, reason=each.reason)
            for each in filed.discounts
        ],
        paper_time=filed.time.astimezone() if filed.time else None,
        written_by=filed.written_by,
        entered_by=entered_by,
        approved_by=filed.approved_by,
    )

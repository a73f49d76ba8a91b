"""Odoo 17 Point of Sale (Community), from an SQLite file with its tables.

Odoo keeps them in PostgreSQL; the file is an export of the tables and columns below, names and
meanings as Odoo 17 has them (addons/point_of_sale/models: pos_session, pos_order, pos_payment,
pos_payment_method). Times are UTC text, amounts decimal text or numbers.

An order that is paid, done or invoiced is a sale; one that is a draft is put aside; a cancelled one
is left out, and said so. A session is a shift, and its business day the one it began on where this
till stands; Odoo closes no days. A line with
`refunded_orderline_id` gives that line back. Change is the payment with `is_change`; what payments
differ from the total by is cash rounding, where the point of sale has it. A line of which nothing
is left (a cashier who deletes once sets its quantity to 0) is left out. An order counts as
uploaded once its session is closed, since that posts it. A method of payment that is not cash is
"other": what it is, Odoo says only in its name.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import msgspec

from tillhald.domain.currency import digits_of
from tillhald.predecessor.records import (
    Found,
    OldManifest,
    OldRecord,
    OldSale,
    OldSettings,
    OldShift,
    OldSuspended,
    Place,
    Predecessor,
)

_MAGIC: Final = b"SQLite format 3\0"
_TABLES: Final = {
    "pos_config": "id name",
    "pos_session": "id name config_id user_id start_at stop_at state cash_register_balance_start"
    " cash_register_balance_end_real",
    "pos_order": "id name pos_reference session_id date_order user_id amount_total amount_tax"
    " amount_paid amount_return state",
    "pos_order_line": "id order_id full_product_name price_unit qty discount price_subtotal"
    " price_subtotal_incl refunded_orderline_id",
    "pos_payment": "id pos_order_id amount payment_method_id is_change transaction_id",
    "pos_payment_method": "id name is_cash_count",
    "res_currency": "id name",
    "res_company": "id name currency_id",
}
_SOLD: Final = frozenset({"paid", "done", "invoiced"})
ROUNDING_MINOR_MAX = 100
"""Between payments and total; anything larger is a payment that is missing."""
_PRECISION: Final = Decimal("0.0001")
"""Of a minor unit: what a number loses on its way through a float, and no more."""


_Converts = Callable[[sqlite3.Row], tuple[type[OldRecord], dict[str, Any]]]


class _Wrong(Exception):
    """A row that cannot be read."""


def _recognises(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            return False
    try:
        with contextlib.closing(_opened(path)) as db:
            return _missing(db) == []
    except sqlite3.Error:
        return False


def _files(path: Path) -> list[Path]:
    return [path]


def _opened(path: Path) -> sqlite3.Connection:
    # immutable: not even a lock is written beside it.
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    db.row_factory = sqlite3.Row
    return db


def _missing(db: sqlite3.Connection) -> list[str]:
    missing = []
    for table, columns in _TABLES.items():
        there = {row["name"] for row in db.execute(f"PRAGMA table_info({table})")}
        missing += [f"{table}.{name}" for name in columns.split() if name not in there]
    return missing


def _read(path: Path) -> Iterator[Found]:
    whole = Place(path.name, 0)
    if Path(f"{path}-wal").exists() and Path(f"{path}-wal").stat().st_size:
        yield Found(whole, None, "Another program has it open: there is a -wal file beside it.")
        return
    with contextlib.closing(_opened(path)) as db:
        try:
            if missing := _missing(db):
                yield Found(whole, None, f"It lacks {', '.join(missing[:5])}.")
                return
            yield from _Export(db).records()
        except (sqlite3.Error, ValueError, TypeError, KeyError) as error:
            yield Found(whole, None, f"The database cannot be read: {error}.")


class _Export:
    """One database, read table by table in the order of the ids."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        company = db.execute(
            "SELECT c.name, u.name AS currency FROM res_company c JOIN res_currency u"
            " ON u.id = c.currency_id ORDER BY c.id LIMIT 1"
        ).fetchone()
        self._company = _name(str(company["name"] or "")) if company else ""
        self._currency = company["currency"] if company else ""
        self._digits = digits_of(self._currency) if _is_known(self._currency) else 2
        self._closed: dict[int, bool] = {}
        self._days: dict[int, str] = {}
        self._rates = self._taxes_by_line()
        self._methods = {
            row["id"]: _tender_type(row) for row in db.execute("SELECT * FROM pos_payment_method")
        }

    def records(self) -> Iterator[Found]:
        configs = self._db.execute("SELECT * FROM pos_config ORDER BY id").fetchall()
        names = ", ".join(_name(str(row["name"] or "")) for row in configs)
        yield _found(
            Place("pos_config", configs[0]["id"] if configs else 0),
            OldManifest,
            {
                "format": "tillhal-predecessor/1",
                "product": "Odoo POS",
                "product_version": "17",
                "shop": self._company,
                "till": names,
                "currency": self._currency,
            },
        )
        yield self._settings(configs)
        for row in self._db.execute("SELECT * FROM pos_session ORDER BY id"):
            yield self._guarded("pos_session", row, self._session)
        for row in self._db.execute("SELECT * FROM pos_order ORDER BY id"):
            if row["state"] != "cancel":
                yield self._guarded("pos_order", row, self._order)

    def _settings(self, configs: list[sqlite3.Row]) -> Found:
        first = dict(configs[0]) if configs else {}
        cancelled = self._db.execute(
            "SELECT count(*) FROM pos_order WHERE state = 'cancel'"
        ).fetchone()[0]
        left = [f"{cancelled} cancelled orders"] if cancelled else []
        content = {
            "header": str(first.get("receipt_header") or "").splitlines(),
            "footer": str(first.get("receipt_footer") or "").splitlines(),
            "not_carried_over": [*left, "products, prices and customers: they are master data"],
        }
        return _found(Place("pos_config", first.get("id", 0)), OldSettings, content)

    def _guarded(self, table: str, row: sqlite3.Row, convert: _Converts) -> Found:
        place = Place(table, row["id"])
        try:
            kind, content = convert(row)
        except (_Wrong, InvalidOperation, ValueError, TypeError) as error:
            said = str(error) if isinstance(error, _Wrong) else "A value is no number or time."
            return Found(place, None, said)
        return _found(place, kind, content)

    # --- sessions

    def _session(self, row: sqlite3.Row) -> tuple[type[OldRecord], dict[str, Any]]:
        is_closed = row["state"] == "closed"
        self._closed[row["id"]] = is_closed
        self._days[row["id"]] = _local_day(row["start_at"])
        content: dict[str, Any] = {
            "id": row["name"],
            "opened_at": _time(row["start_at"]),
            "business_day": self._days[row["id"]],
            "operator": _person(row["user_id"]),
            "float_minor": self._minor(row["cash_register_balance_start"] or 0),
            "movements": self._movements(row["id"]),
            "uploaded": is_closed,
        }
        if is_closed:
            content["closed_at"] = _time(row["stop_at"])
            content["counted_minor"] = self._minor(row["cash_register_balance_end_real"] or 0)
        return OldShift, content

    def _movements(self, session_id: int) -> list[dict[str, Any]]:
        there = self._db.execute("PRAGMA table_info(account_bank_statement_line)").fetchall()
        if not there:
            return []
        rows = self._db.execute(
            "SELECT * FROM account_bank_statement_line WHERE pos_session_id = ? ORDER BY id",
            (session_id,),
        )
        return [
            {
                "at": _time(row["create_date"]),
                "amount_minor": self._minor(row["amount"]),
                "reason": row["payment_ref"] or "",
            }
            for row in rows
        ]

    # --- orders

    def _order(self, row: sqlite3.Row) -> tuple[type[OldRecord], dict[str, Any]]:
        rows = self._lines_of(row["id"])
        lines = [self._line(line) for line in rows if not _is_taken_out(line)]
        content = {
            "id": str(row["id"]),
            "at": _time(row["date_order"]),
            "lines": lines,
            "operator": _person(row["user_id"]),
        }
        if row["state"] == "draft":
            return OldSuspended, {**content, "note": row["pos_reference"] or ""}
        if row["state"] not in _SOLD:
            raise _Wrong(f"An order has no state {row['state']!r}.")
        tenders, change, paid = self._payments(row["id"])
        total = self._minor(row["amount_total"])
        gives_back = all("of_sale" in line for line in lines) and bool(lines)
        session = self._session_name(row["session_id"])
        return OldSale, {
            **content,
            "kind": "return" if gives_back else "sale",
            "receipt": row["pos_reference"] or row["name"],
            "shift": session,
            "business_day": self._days.get(row["session_id"], ""),
            "tenders": tenders,
            "change_minor": change,
            "total_minor": total,
            "rounding_minor": self._rounding(row["session_id"], paid - total),
            "uploaded": self._closed.get(row["session_id"], False),
        }

    def _session_name(self, session_id: int) -> str:
        row = self._db.execute(
            "SELECT name FROM pos_session WHERE id = ?", (session_id,)
        ).fetchone()
        if row is None:
            raise _Wrong(f"There is no session {session_id}.")
        return str(row["name"])

    def _rounding(self, session_id: int, difference: int) -> int:
        """What the payments differ from the total by, where the point of sale rounds cash."""
        if not difference:
            return 0
        row = self._db.execute(
            "SELECT c.* FROM pos_config c JOIN pos_session s ON s.config_id = c.id WHERE s.id = ?",
            (session_id,),
        ).fetchone()
        is_rounded = row is not None and "cash_rounding" in row.keys() and row["cash_rounding"]  # noqa: SIM118 - a Row's columns
        if not is_rounded or abs(difference) > ROUNDING_MINOR_MAX:
            raise _Wrong(f"The payments differ from the total by {difference}.")
        return difference

    def _lines_of(self, order_id: int) -> Iterator[sqlite3.Row]:
        return self._db.execute(
            "SELECT l.*, r.order_id AS refunded_order_id FROM pos_order_line l"
            " LEFT JOIN pos_order_line r ON r.id = l.refunded_orderline_id"
            " WHERE l.order_id = ? ORDER BY l.id",
            (order_id,),
        )

    def _line(self, row: sqlite3.Row) -> dict[str, Any]:
        total = self._minor(row["price_subtotal_incl"])
        tax = total - self._minor(row["price_subtotal"])
        quantity = Decimal(str(row["qty"])).normalize()
        percent = Decimal(str(row["discount"] or 0))
        # Odoo's prices may be without tax; with it, and before the discount, a piece cost this.
        left = 1 - percent / 100
        before = int((Decimal(total) / left).to_integral_value()) if left > 0 else total
        content = {
            "line_id": str(row["id"]),
            "description": row["full_product_name"] or "",
            "quantity": format(quantity, "f"),
            "unit_price_minor": int((before / quantity).to_integral_value()) if quantity else 0,
            "total_minor": total,
            "discount_minor": before - total,
            "tax_minor": tax,
            "tax_percent": self._rates.get(row["id"], "0"),
        }
        if row["refunded_orderline_id"]:
            content["of_sale"] = str(row["refunded_order_id"] or "")
            content["of_line"] = str(row["refunded_orderline_id"])
        return content

    def _taxes_by_line(self) -> dict[int, str]:
        """The rate of each line: the sum of its percentages, where the export has the taxes."""
        tables = ("account_tax", "account_tax_pos_order_line_rel")
        if not all(self._db.execute(f"PRAGMA table_info({t})").fetchall() for t in tables):
            return {}
        rates: dict[int, Decimal] = {}
        rows = self._db.execute(
            "SELECT r.pos_order_line_id AS line, t.amount FROM account_tax_pos_order_line_rel r"
            " JOIN account_tax t ON t.id = r.account_tax_id WHERE t.amount_type = 'percent'"
        )
        for row in rows:
            rates[row["line"]] = rates.get(row["line"], Decimal(0)) + Decimal(str(row["amount"]))
        return {line: format(rate.normalize(), "f") for line, rate in rates.items()}

    def _payments(self, order_id: int) -> tuple[list[dict[str, Any]], int, int]:
        """The tenders, the change, and what was kept together."""
        tenders, change, paid = [], 0, 0
        rows = self._db.execute(
            "SELECT * FROM pos_payment WHERE pos_order_id = ? ORDER BY id", (order_id,)
        )
        for row in rows:
            amount = self._minor(row["amount"])
            paid += amount
            if row["is_change"]:
                change -= amount
                continue
            if row["payment_method_id"] not in self._methods:
                raise _Wrong(f"There is no payment method {row['payment_method_id']}.")
            kind = self._methods[row["payment_method_id"]]
            tender = {"type": kind, "amount_minor": amount, "ref": row["transaction_id"] or ""}
            tenders.append(tender)
        return tenders, change, paid

    def _minor(self, amount: object) -> int:
        exact = Decimal(str(amount)) * 10**self._digits
        minor = exact.to_integral_value()
        if abs(exact - minor) > _PRECISION:
            raise _Wrong(f"{amount} is no amount of {self._currency}.")
        return int(minor)


def _found(place: Place, kind: type[OldRecord], content: dict[str, Any]) -> Found:
    try:
        return Found(place, msgspec.convert(content, kind))
    except msgspec.ValidationError as error:
        said, _, at = str(error).partition(" - at ")
        return Found(place, None, f"{said}.", at.strip("`").removeprefix("$").removeprefix("."))


def _is_known(currency: str) -> bool:
    try:
        digits_of(currency)
    except KeyError:
        return False
    return True


def _time(text: str) -> str:
    """Odoo's UTC as RFC 3339."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).isoformat()


def _local_day(text: str) -> str:
    """The day by this machine's time zone: a shop that opens at seven in Shanghai opens at 23:00
    UTC, the day before."""
    return datetime.fromisoformat(_time(text)).astimezone().date().isoformat()


def _is_taken_out(line: sqlite3.Row) -> bool:
    """Whether nothing is left of a line: one touch of the key that deletes sets its quantity to 0,
    and only the second one removes it."""
    amounts = (line["qty"], line["price_subtotal_incl"], line["price_subtotal"])
    return not any(Decimal(str(amount or 0)) for amount in amounts)


def _name(text: str) -> str:
    """A name, which Odoo 17 may keep by language as JSON."""
    if text.startswith("{"):
        by_language = json.loads(text)
        return str(by_language.get("en_US") or next(iter(by_language.values()), ""))
    return text


def _person(user_id: object) -> str:
    return f"user {user_id}" if user_id else ""


def _tender_type(row: sqlite3.Row) -> str:
    """Odoo knows cash and banks; what a bank's method is, only its name may say."""
    return "cash" if row["is_cash_count"] else "other"


SPEC: Final = Predecessor(
    name="odoo_pos",
    product="Odoo POS 17",
    recognises=_recognises,
    files=_files,
    read=_read,
)

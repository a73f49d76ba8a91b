"""A predecessor's neutral folder, as large and as damaged as a test wants it."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import Any

SHIFT_SALES = 100
"""Of the large folders: sales in a shift; two shifts are a day."""


class Folder:
    """The records of one export, to be changed at will and then written."""

    def __init__(self, **manifest: Any) -> None:
        self.manifest: dict[str, Any] = {
            "format": "tillhal-predecessor/1",
            "product": "Elder POS",
            "product_version": "4.2",
            "shop": "Harbour",
            "till": "2",
            "currency": "EUR",
            "time_zone": "Europe/Berlin",
            **manifest,
        }
        self.settings: dict[str, Any] = {
            "header": ["Harbour Shop", "Pier 1"],
            "footer": ["Thank you"],
            "language": "en",
            "prices_include_tax": True,
            "cash_rounding_minor": 5,
            "not_carried_over": ["the customer display's advertisement"],
        }
        self.shifts: list[dict[str, Any]] = []
        self.days: list[dict[str, Any]] = []
        self.sales: list[dict[str, Any]] = []
        self.suspended: list[dict[str, Any]] = []

    def write(self, folder: Path) -> Path:
        """Write it with a manifest that fits."""
        folder.mkdir(parents=True, exist_ok=True)
        files = {"settings.json": [self.settings]} if self.settings else {}
        for name in ("shifts", "days", "sales", "suspended"):
            if rows := getattr(self, name):
                files[f"{name}.jsonl"] = rows
        for name, rows in files.items():
            text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
            (folder / name).write_text(text, encoding="utf-8")
        return remade(folder, self.manifest)


def remade(folder: Path, manifest: dict[str, Any] | None = None) -> Path:
    """Write a manifest that fits the files as they are now."""
    if manifest is None:
        manifest = json.loads((folder / "manifest.json").read_text())
    files = {}
    for path in sorted(folder.iterdir()):
        if path.name != "manifest.json":
            content = path.read_bytes()
            is_lines = path.suffix == ".jsonl"
            files[path.name] = {
                "sha256": hashlib.sha256(content).hexdigest(),
                "records": len(content.splitlines()) if is_lines else 1,
            }
    whole = {**manifest, "files": files}
    (folder / "manifest.json").write_text(json.dumps(whole, indent=1))
    return folder


def line(number: int = 1, total: int = 1190, **more: Any) -> dict[str, Any]:
    """One article with 19 % tax within."""
    return {
        "line_id": str(number),
        "description": "Anchor, small",
        "quantity": "1",
        "unit_price_minor": total,
        "total_minor": total,
        "tax_percent": "19",
        "tax_minor": total - round(total / 1.19),
        "sku": "4006381333931",
        **more,
    }


def sale(old_id: str, lines: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """A sale that was paid in cash."""
    lines = lines if lines is not None else [line()]
    total = sum(each["total_minor"] for each in lines)
    return {
        "id": old_id,
        "receipt": f"R-{old_id}",
        "at": "2025-03-01T10:11:12+01:00",
        "shift": "S1",
        "business_day": "2025-03-01",
        "operator": "Ada",
        "lines": lines,
        "tenders": [{"type": "cash", "amount_minor": total}],
        "total_minor": total,
        **more,
    }


def small() -> Folder:
    """A day with everything in it: sales, a card, change, a discount, a return, a void, a sale put
    aside, a closed shift, one that is open, a day with its Z."""
    folder = Folder()
    folder.sales = [
        sale("1", uploaded=True),
        sale(
            "2",
            [line(1, 900, discount_minor=100), line(2, 2380, quantity="2.500", unit="kg")],
            tenders=[
                {"type": "credit_card", "amount_minor": 3000, "ref": "tx-9"},
                {"type": "cash", "amount_minor": 500},
            ],
            change_minor=220,
        ),
        sale(
            "3",
            [line(1, -952, quantity="-1.000", of_sale="2", of_line="2")],
            kind="return",
            reason="broken",
        ),
        sale("4", [line(1, 1000)]),
        sale("5", [line(1, -1000, quantity="-1", of_sale="4", of_line="1")], kind="void"),
        sale("6", shift="S2", business_day="2025-03-02", at="2025-03-02T09:00:00+01:00"),
    ]
    folder.suspended = [
        {
            "id": "7",
            "at": "2025-03-02T09:30:00+01:00",
            "lines": [line(1, 1190), line(2, 500, discount_minor=95)],
            "note": "has gone for his purse",
        }
    ]
    totals = {
        "receipts": 5,
        "payable_minor": 3518,
        "tenders": {"cash": 518, "credit_card": 3000},
    }
    folder.shifts = [
        {
            "id": "S1",
            "opened_at": "2025-03-01T08:00:00+01:00",
            "closed_at": "2025-03-01T20:00:00+01:00",
            "business_day": "2025-03-01",
            "operator": "Ada",
            "float_minor": 10_000,
            "movements": [
                {"at": "2025-03-01T12:00:00+01:00", "amount_minor": -5000, "reason": "bank"}
            ],
            "counted_minor": 5_500,
            "expected_minor": 5_518,
            "totals": totals,
            "uploaded": True,
        },
        {
            "id": "S2",
            "opened_at": "2025-03-02T08:00:00+01:00",
            "business_day": "2025-03-02",
            "operator": "Grace",
            "float_minor": 5_500,
        },
    ]
    folder.days = [
        {
            "business_day": "2025-03-01",
            "opened_at": "2025-03-01T08:00:00+01:00",
            "closed_at": "2025-03-01T20:05:00+01:00",
            "totals": {**totals, "tax_minor": 562},
            "uploaded": True,
        },
        {"business_day": "2025-03-02"},
    ]
    return folder


def large(sales: int, seed: int = 1) -> Folder:
    """A folder with so many sales of one to five lines, in shifts whose totals are right."""
    rng = random.Random(seed)
    folder = Folder()
    for number in range(sales):
        shift = number // SHIFT_SALES
        day = shift // 2
        date = f"{2015 + day // 336}-{day // 28 % 12 + 1:02}-{day % 28 + 1:02}"
        if number % SHIFT_SALES == 0:
            at = f"{date}T08:00:00Z"
            closed = f"{date}T20:00:00Z"
            totals = {"receipts": 0, "payable_minor": 0, "tenders": {}}
            folder.shifts.append(
                {
                    "id": f"S{shift}",
                    "opened_at": at,
                    "closed_at": closed,
                    "business_day": date,
                    "totals": totals,
                }
            )
            if shift % 2 == 0:
                folder.days.append({"business_day": date, "opened_at": at, "closed_at": closed})
        lines = [
            line(n, rng.randrange(50, 9_999), sku=str(rng.randrange(10**12, 10**13)))
            for n in range(1, rng.randrange(2, 6))
        ]
        kind = rng.choice(["cash", "credit_card", "wallet_qr"])
        made = sale(
            str(number),
            lines,
            shift=f"S{shift}",
            business_day=date,
            at=f"{date}T1{number % 10}:{number % 60:02}:00Z",
            uploaded=number % 7 != 0,
        )
        made["tenders"][0]["type"] = kind
        folder.sales.append(made)
        totals["receipts"] += 1
        totals["payable_minor"] += made["total_minor"]
        kept = totals["tenders"]
        kept[kind] = kept.get(kind, 0) + made["total_minor"]
    return folder

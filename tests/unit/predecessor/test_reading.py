"""What adapters give, what is checked, and that a source is only read."""

from __future__ import annotations

import hashlib
import sqlite3
import time
import tomllib
from pathlib import Path

import pytest

from tests.support.odoo import odoo_export
from tests.support.predecessor import Folder, line, sale, small
from tillhald.domain.errors import SourceNotFound
from tillhald.domain.predecessor import OldReport
from tillhald.domain.sale import Sale, SaleKind, SaleState
from tillhald.predecessor.finding import adapter_for, find_adapters
from tillhald.predecessor.read import digest_of, read
from tillhald.predecessor.words import (
    ReadOrder,
    ReadReport,
    SpooledReport,
    SpooledSale,
    read_spool,
)


class Read:
    """All of a source: the report, the sales as they end, what is put aside, shifts and days."""

    def __init__(self, path: Path, spool: Path, adapter: str = "") -> None:
        order = ReadOrder(
            path=str(path), spool=str(spool), import_id="i1", currency="EUR", adapter=adapter
        )
        self.report: ReadReport = read(order)
        self.sales: dict[str, Sale] = {}
        self.aside: list[Sale] = []
        self.reports: list[OldReport] = []
        for item, _ in read_spool(spool):
            if isinstance(item, SpooledReport):
                self.reports.append(item.report)
            elif isinstance(item, SpooledSale):
                assert item.sale.imported is not None
                self.sales[item.sale.imported.old_id] = item.sale
            else:
                self.aside.append(item.sale)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def sums(path: Path) -> dict[str, str]:
    files = [path] if path.is_file() else sorted(path.iterdir())
    return {
        f"{each.name} {each.stat().st_mtime_ns}": hashlib.sha256(each.read_bytes()).hexdigest()
        for each in files
    }


def test_every_adapter_that_is_installed_is_found() -> None:
    assert set(find_adapters()) >= {"neutral", "odoo_pos"}


def test_who_recognises_a_source_reads_it(tmp_path: Path) -> None:
    folder = small().write(tmp_path / "old")
    assert adapter_for(folder, "").name == "neutral"
    assert adapter_for(odoo_export(tmp_path / "odoo.db"), "").name == "odoo_pos"
    (tmp_path / "empty").mkdir()
    for path, name in ((tmp_path / "empty", ""), (tmp_path / "gone", ""), (folder, "none")):
        with pytest.raises(SourceNotFound):
            adapter_for(path, name)


@pytest.mark.parametrize("kind", ["neutral", "odoo_pos"])
def test_a_source_is_only_read(tmp_path: Path, spool: Path, kind: str) -> None:
    made = {
        "neutral": lambda: small().write(tmp_path / "old"),
        "odoo_pos": lambda: odoo_export(tmp_path / "odoo.db"),
    }
    path = made[kind]()
    before = sums(path)
    beside = sorted(path.parent.iterdir())
    assert Read(path, spool).report.faults_count == 0
    assert sums(path) == before
    assert sorted(each for each in path.parent.iterdir() if each != spool) == beside


def test_any_other_byte_is_another_digest(tmp_path: Path) -> None:
    folder = small().write(tmp_path / "old")
    adapter = adapter_for(folder, "")
    before = digest_of(folder, adapter)
    with (folder / "sales.jsonl").open("ab") as file:
        file.write(b"\n")
    assert digest_of(folder, adapter) != before


def test_a_neutral_sale_is_a_whole_sale_of_ours(tmp_path: Path, spool: Path) -> None:
    found = Read(small().write(tmp_path / "old"), spool)
    two = found.sales["2"]
    assert (two.state, two.kind, two.receipt_number) == (SaleState.COMPLETED, SaleKind.SALE, 0)
    assert two.totals is not None
    assert two.totals.payable_minor == 3280
    assert two.totals.discount_minor == 100
    assert two.lines[0].extended_minor == 1000
    assert two.approved_minor - two.change_minor == two.totals.payable_minor
    assert two.returned == {"2": 1000}
    assert found.sales["4"].voided_by == found.sales["5"].sale_id
    assert found.sales["3"].kind is SaleKind.RETURN
    assert found.sales["3"].original_sale_id == two.sale_id
    (aside,) = found.aside
    assert aside.state is SaleState.SUSPENDED


def test_the_proposed_settings_are_toml_whatever_stands_in_them(
    tmp_path: Path, spool: Path
) -> None:
    folder = small()
    folder.settings["header"] = ['The "Harbour"', "C:\\pier", "码头店"]
    report = Read(folder.write(tmp_path / "old"), spool).report
    proposed = tomllib.loads(report.proposed_config)
    assert proposed["receipt"]["header"] == folder.settings["header"]
    assert proposed["shop"] == {
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "language": "en",
        "prices_include_tax": True,
        "cash_rounding": {"increment_minor": 5},
    }


@pytest.mark.parametrize(
    ("what", "wrong"),
    [
        ("receipts", {"receipts": 4}),
        ("payable", {"payable_minor": 3519}),
        ("tax", {"tax_minor": 1}),
        ("cash", {"tenders": {"cash": 517, "credit_card": 3000}}),
        ("credit_card", {"tenders": {"cash": 518}}),
        ("voucher", {"tenders": {"cash": 518, "credit_card": 3000, "voucher": 1}}),
    ],
)
def test_each_wrong_total_of_the_predecessor_is_told(
    tmp_path: Path, spool: Path, what: str, wrong: dict[str, object]
) -> None:
    folder = small()
    folder.shifts[0]["totals"] = wrong
    found = Read(folder.write(tmp_path / "old"), spool).report
    assert [(d.of, d.old_id, d.what) for d in found.differences] == [("shift", "S1", what)]
    assert (found.differences_count, found.faults_count) == (1, 0)


def test_a_wrong_expectation_of_cash_is_told(tmp_path: Path, spool: Path) -> None:
    folder = small()
    folder.shifts[0]["expected_minor"] = 5_519
    (told,) = Read(folder.write(tmp_path / "old"), spool).report.differences
    assert (told.what, told.theirs, told.ours) == ("expected cash", 5_519, 5_518)


def test_a_part_that_came_back_twice_is_one_too_many(tmp_path: Path, spool: Path) -> None:
    folder = Folder()
    back = line(1, -1190, quantity="-1", of_sale="1", of_line="1")
    folder.sales = [
        sale("1", shift=""),
        sale("2", [back], kind="return", shift=""),
        sale("3", [back], kind="return", shift=""),
    ]
    (fault,) = Read(folder.write(tmp_path / "old"), spool).report.faults
    assert (fault.file, fault.line) == ("sales.jsonl", 3)


def test_orders_of_odoo_are_sales_with_their_states_taxes_rounding_and_returns(
    tmp_path: Path, spool: Path
) -> None:
    found = Read(odoo_export(tmp_path / "odoo.db"), spool)
    report = found.report
    assert report.faults == []
    assert report.differences == []
    assert (report.source.product, report.source.product_version) == ("Odoo POS", "17")
    assert (report.source.shop, report.source.till) == ("Harbour Ltd", "Shop")
    counts = report.counts
    assert (counts.sales, counts.returns, counts.suspended, counts.shifts) == (3, 1, 1, 2)
    assert (counts.not_uploaded, report.open_shifts) == (1, 1)
    one, two, three, four = (found.sales[key] for key in "1234")
    assert (one.change_minor, one.returned) == (620, {"1": 1})
    assert one.totals is not None
    assert one.totals.taxes[0].tax_percent.unscaled == 19
    assert (two.lines[0].extended_minor, two.totals and two.totals.discount_minor) == (1190, 119)
    assert (three.kind, three.original_sale_id) == (SaleKind.RETURN, one.sale_id)
    assert four.rounding_minor == -2
    assert four.imported is not None
    assert four.imported.receipt == "Order 00001-002-0001"
    first = found.reports[0]
    assert (first.summed.tenders, first.expected_minor) == ({"cash": 1190, "other": 1071}, 9_190)
    assert any("1 cancelled order" in notice for notice in report.notices)


def test_a_line_that_an_odoo_cashier_set_to_nothing_is_left_out(
    tmp_path: Path, spool: Path
) -> None:
    nothing = "INSERT INTO pos_order_line VALUES (9, 1, 7, 'Anchor', 11.90, 0, 0, 0, 0, NULL)"
    found = Read(odoo_export(tmp_path / "odoo.db", nothing), spool)
    assert found.report.faults == []
    assert [line.line_id for line in found.sales["1"].lines] == ["1"]


def test_a_session_of_odoo_is_of_the_day_that_it_was_in_the_shop(
    tmp_path: Path, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = "UPDATE pos_session SET start_at = '2025-02-28 23:30:00' WHERE id = 1"
    path = odoo_export(tmp_path / "odoo.db", early)
    try:
        monkeypatch.setenv("TZ", "CST-8")  # POSIX: eight hours before UTC's
        time.tzset()
        assert Read(path, spool).sales["1"].business_day == "2025-03-01"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE pos_order_line SET qty = 0 WHERE id = 4", ("pos_order", 4)),
        ("UPDATE pos_order SET amount_total = 23.81 WHERE id = 1", ("pos_order", 1)),
        ("UPDATE pos_order SET state = 'lost' WHERE id = 2", ("pos_order", 2)),
        ("UPDATE pos_order SET date_order = 'noon' WHERE id = 2", ("pos_order", 2)),
        ("UPDATE pos_order SET session_id = 9 WHERE id = 3", ("pos_order", 3)),
        ("DELETE FROM pos_payment WHERE id = 2", ("pos_order", 1)),
        ("UPDATE pos_payment SET payment_method_id = 9 WHERE id = 5", ("pos_order", 4)),
        ("UPDATE pos_payment SET amount = 10.715 WHERE id = 3", ("pos_order", 2)),
        ("UPDATE pos_config SET cash_rounding = 0", ("pos_order", 4)),
        ("UPDATE pos_order_line SET qty = 'two' WHERE id = 1", ("pos_order", 1)),
        ("UPDATE pos_order_line SET qty = -3 WHERE id = 3", ("pos_order", 3)),
        ("DROP TABLE pos_payment", ("odoo.db", 0)),
    ],
)
def test_a_row_of_odoo_that_does_not_fit_is_named_by_table_and_id(
    tmp_path: Path, spool: Path, statement: str, place: tuple[str, int]
) -> None:
    path = odoo_export(tmp_path / "odoo.db", statement)
    faults = Read(path, spool, "odoo_pos").report.faults
    assert place in [(fault.file, fault.line) for fault in faults]


def test_a_database_that_is_still_open_elsewhere_is_not_read(tmp_path: Path, spool: Path) -> None:
    path = odoo_export(tmp_path / "odoo.db")
    other = sqlite3.connect(path)
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("UPDATE pos_order SET amount_total = 0")
    other.commit()
    try:
        (fault,) = Read(path, spool, "odoo_pos").report.faults[:1]
    finally:
        other.close()
    assert "-wal" in fault.sentence

"""The benchmark's own arithmetic: a wrong median would be believed."""

from __future__ import annotations

import itertools
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import lmdb
import pytest

from bench.comparison import Measured, MeasuredFloor, Plan, Run
from bench.floors import LMDB_COMMIT, Floor, StoredRow, open_floors, rows_of_a_sale
from bench.load import Cell, WrongAnswerError, check_contiguous, percentile
from bench.machine import Machine
from bench.report import render, table
from bench.sale import CHANGE_MINOR, LINES, PAYABLE_MINOR, all_ids
from bench.verdicts import Verdict, judge, middle

if TYPE_CHECKING:
    from pathlib import Path

    from bench.servers import Transport

MACHINE = Machine(
    cpu="a", cores=2, memory_mib=1, kernel="k", python="p", packages={}, disk="d", file_system="f"
)


def a_cell(callers: int, *, rate: float = 1000, p50_us: float = 500, p99_us: float = 900) -> Cell:
    return Cell(
        callers=callers,
        count=100,
        rate=rate,
        p50_us=p50_us,
        p99_us=p99_us,
        server_cpu_us=1,
        client_cores=0.5,
        foreign_cores=0,
        retries=0,
    )


def a_run(
    cells: list[tuple[str, Transport, Cell]], *, commit_us: tuple[float, ...] = (100,)
) -> Run:
    return Run(
        began=datetime(2026, 1, 1, tzinfo=UTC),
        took_s=1,
        plan=Plan(rounds=len(commit_us)),
        machine=MACHINE,
        load_before=(0, 0, 0),
        load_after=(0, 0, 0),
        servers={},
        absent={"etcd": "no `etcd` on the PATH"},
        rows=(StoredRow("records", 8, 100),),
        rows_from_journal=True,
        floors=tuple(
            MeasuredFloor(
                round=number,
                floor=Floor(name=LMDB_COMMIT, count=1, rate=1, p50_us=p50_us, p99_us=p50_us),
            )
            for number, p50_us in enumerate(commit_us)
        ),
        cells=tuple(
            Measured(subject=subject, transport=transport, round=0, cell=cell)
            for subject, transport, cell in cells
        ),
    )


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = list(range(1, 101))
    assert [percentile(values, percent) for percent in (50, 99, 100)] == [50, 99, 100]
    assert percentile([7], 99) == 7
    assert percentile([1, 9], 50) == 1


def test_receipt_numbers_may_come_in_any_order_but_without_a_gap() -> None:
    check_contiguous([5, 3, 4])
    with pytest.raises(WrongAnswerError, match="2 sales took 3"):
        check_contiguous([3, 5])


def test_a_receipt_number_given_twice_is_found() -> None:
    with pytest.raises(WrongAnswerError, match="1 receipt numbers were given twice"):
        check_contiguous([3, 4, 4, 5])


def test_the_middle_has_its_spread() -> None:
    assert middle([3, 1, 8]) == (3, 1, 8)


def test_the_sale_is_what_a_person_would_work_out() -> None:
    # 2 x 1.19, 3.49, 1.250 kg at 1.99, 7.99, 3 x 1.89
    assert [line.extended_minor for line in LINES] == [238, 349, 249, 799, 567]
    assert (PAYABLE_MINOR, CHANGE_MINOR) == (2202, 2798)


def test_ids_differ_within_and_between_iterators() -> None:
    found = [*itertools.islice(all_ids(), 100), *itertools.islice(all_ids(), 100)]
    assert len({ids.request_id for ids in found}) == len({ids.sale_id for ids in found}) == 200
    assert {len(ids.request_id) for ids in found} == {36}


def test_a_sale_is_judged_by_its_floors_round_by_round() -> None:
    cells: list[tuple[str, Transport, Cell]] = [
        # The disk is slow in the second round, for the sale and for the floor.
        ("tillhal", "unix", a_cell(1, p50_us=900)),
        ("tillhal", "unix", a_cell(1, p50_us=2400)),
        ("echo", "unix", a_cell(1, p50_us=400)),
        ("echo", "unix", a_cell(1, p50_us=400)),
    ]
    (verdict,) = judge(a_run(cells, commit_us=(100, 1100)))
    assert verdict.passed
    assert "1.70 x" in verdict.sentence
    assert "1.60 to 1.80" in verdict.sentence


def test_a_sale_above_its_floors_fails() -> None:
    cells: list[tuple[str, Transport, Cell]] = [
        ("tillhal", "tcp", a_cell(1, p50_us=1000)),
        ("echo", "tcp", a_cell(1, p50_us=400)),
    ]
    (verdict,) = judge(a_run(cells))
    assert not verdict.passed
    assert "2.00 x" in verdict.sentence


def test_being_behind_is_said_with_by_how_much() -> None:
    cells: list[tuple[str, Transport, Cell]] = [
        ("tillhal", "unix", a_cell(8, rate=1000, p99_us=3000)),
        ("postgres", "unix", a_cell(8, rate=1500, p99_us=6000)),
        ("etcd-put", "tcp", a_cell(8, rate=9000)),
    ]
    rate, p99 = judge(a_run(cells))
    assert not rate.passed
    assert rate.sentence.endswith("behind 1.50 x")
    assert p99.passed
    assert p99.sentence.endswith("ahead 2.00 x")


def test_what_was_not_measured_is_not_judged() -> None:
    nothing: list[Verdict] = judge(a_run([("tillhal", "unix", a_cell(8))]))
    assert nothing == []


def test_the_report_names_who_is_absent_and_why() -> None:
    text = render(a_run([("tillhal", "unix", a_cell(8))]))
    assert "etcd is absent: no `etcd` on the PATH" in text
    assert "nothing could be judged" in text


def test_a_table_lines_up() -> None:
    assert table(["a", "rate"], [["xx", "1"]]) == [
        "| a  | rate |",
        "| -- | ---: |",
        "| xx |    1 |",
    ]


def floors_entries(folder: Path) -> list[tuple[str, bytes, int]]:
    """Every table, key and size of value that the LMDB floor has written."""
    # A second opening in one process is refused by LMDB, so look at a copy.
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    with lmdb.open(str(copy), max_dbs=8, lib_version=0) as env, env.begin() as txn:
        return [
            (name.decode(), key, len(value))
            for name in [name for name, _ in txn.cursor()]
            for key, value in txn.cursor(env.open_db(name, txn, create=False))
        ]


def test_the_floor_stores_the_rows_that_it_was_given(tmp_path: Path) -> None:
    rows = [StoredRow("records", 8, 500), StoredRow("requests", 36, 90), StoredRow("meta", 4, 52)]
    floors = open_floors(tmp_path, rows)
    for _ in range(3):
        floors.steps[LMDB_COMMIT]()
    stored = floors_entries(tmp_path / "lmdb")
    assert {(table, len(key), size) for table, key, size in stored} == {
        (row.table, row.key_bytes, row.value_bytes) for row in rows
    }
    # Three sales: a record and a request each, and the one row of `meta` overwritten.
    assert sorted(table for table, _, _ in stored) == ["meta", *["records"] * 3, *["requests"] * 3]


def test_the_rows_of_a_sale_are_those_after_the_record_before_it(tmp_path: Path) -> None:
    with lmdb.open(str(tmp_path), max_dbs=2, lib_version=0) as env:
        records, sales = env.open_db(b"records"), env.open_db(b"sales")
        with env.begin(write=True) as txn:
            for seq in (1, 2):
                txn.put(seq.to_bytes(8, "big"), b"r" * 40, db=records)
                txn.put(b"s%d" % seq, seq.to_bytes(8, "big") + b"row", db=sales)
    assert rows_of_a_sale(tmp_path, 1) == [StoredRow("records", 8, 40), StoredRow("sales", 2, 11)]

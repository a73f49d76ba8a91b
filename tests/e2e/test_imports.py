"""A till that takes over what the one before it had."""

from __future__ import annotations

import json
import random
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from tests.support.answers import head_seq, refusal_of
from tests.support.predecessor import Folder, large, line, remade, sale, small
from tests.support.sales import Steps, cash_sale, name, new_id, tender
from tests.support.till import Till, a_till, short_folder
from tillhal.v1 import checkout_pb2 as checkout
from tillhal.v1 import predecessor_pb2 as pb
from tillhal.v1 import shift_pb2
from tillhald.predecessor.sales import sale_id_of

if TYPE_CHECKING:
    from collections.abc import Iterator

IMPORT_S_MAX = 60.0
MUTATIONS = 60
COMMITTED_EVERY = 5
"""Of so many folders with faults one is imported all the same: what reads them is what planned."""


@pytest.fixture
def till() -> Iterator[Till]:
    with VirtualPrinter(drawer=VirtualDrawer()) as printer, a_till(printer=printer) as till:
        yield till.start()


@pytest.fixture
def source() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder / "old"


def planned(till: Till, path: Path, adapter: str = "neutral") -> pb.ImportPlan:
    request = pb.PlanImportRequest(path=str(path), adapter=adapter)
    *_, last = till.calls.predecessor.PlanImport(request, timeout=IMPORT_S_MAX)
    return last.plan


def imported(till: Till, path: Path, **more: Any) -> pb.ImportResult:
    if "digest" not in more:
        more["digest"] = planned(till, path).source.digest
    request = pb.CommitImportRequest(
        **{"request_id": new_id(), "path": str(path), "adapter": "neutral", **more}
    )
    *_, last = till.calls.predecessor.CommitImport(request, timeout=IMPORT_S_MAX)
    return last.result


def refused(till: Till, path: Path, **more: Any) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        imported(till, path, **more)
    return refusal_of(caught.value).reason


def found(till: Till, receipt: str) -> list[checkout.Sale]:
    request = pb.FindImportedSalesRequest(receipt=receipt)
    return list(till.calls.predecessor.FindImportedSales(request).sales)


def suspended(till: Till) -> list[str]:
    answer = till.calls.checkout.ListSuspended(checkout.ListSuspendedRequest())
    return [each.sale.sale_id for each in answer.sales]


def the_books(till: Till) -> tuple[object, ...]:
    """All of this till's own numbers, that no import may touch."""
    x = till.calls.shift.GetXReport(shift_pb2.GetXReportRequest())
    receipts = till.calls.checkout.ListSales(checkout.ListSalesRequest())
    totals = x.report.totals
    return totals.SerializeToString(), [s.receipt_number for s in receipts.sales]


def test_a_plan_tells_everything_and_changes_nothing(bare_till: Till, source: Path) -> None:
    till = bare_till
    small().write(source)
    before = head_seq(till.calls)
    plan = planned(till, source)
    assert head_seq(till.calls) == before
    assert (plan.source.product, plan.source.till) == ("Elder POS", "2")
    counts = plan.counts
    assert (counts.sales, counts.returns, counts.voids, counts.suspended) == (4, 1, 1, 1)
    assert (counts.shifts, counts.days, counts.not_uploaded) == (2, 2, 5)
    assert counts == plan.new
    assert (plan.open_shifts, plan.open_days, plan.known) == (1, 1, 0)
    assert not plan.faults
    assert not plan.differences
    first = plan.reports[0]
    assert dict(first.summed.tenders) == {"cash": 518, "credit_card": 3000}
    assert (first.expected_minor, first.counted_minor) == (5_518, 5_500)
    assert 'header = ["Harbour Shop", "Pier 1"]' in plan.proposed_config
    assert any("S2 was not handed over" in notice for notice in plan.notices)


def test_an_import_is_found_and_is_in_no_book_of_this_till(till: Till, source: Path) -> None:
    till.calls.checkout.Checkout(cash_sale())
    before = the_books(till)
    small().write(source)
    result = imported(till, source)
    assert result.imported.counts.sales == 4
    (two,) = found(till, "R-2")
    assert two.summary.payable.minor_units == 3280
    assert two.imported.product == "Elder POS"
    assert not two.imported.uploaded
    assert found(till, "R-1")[0].imported.uploaded
    assert the_books(till) == before
    answer = till.calls.checkout.Checkout(cash_sale())
    assert answer.sale.receipt_number == 2
    reports = till.calls.predecessor.ListImportedReports(
        pb.ListImportedReportsRequest(import_id=result.imported.import_id, page_size=3)
    )
    assert [r.old_id for r in reports.reports] == ["S1", "S2", "2025-03-01"]
    rest = till.calls.predecessor.ListImportedReports(
        pb.ListImportedReportsRequest(
            import_id=result.imported.import_id, page_token=reports.next_page_token
        )
    )
    assert [r.old_id for r in rest.reports] == ["2025-03-02"]


def test_what_was_bought_there_is_given_back_here_and_never_twice(till: Till, source: Path) -> None:
    small().write(source)
    imported(till, source)
    (two,) = found(till, "R-2")
    steps = Steps(till.calls, name("ret"))
    # 2.5 kg were sold, 1 kg came back over there: 1.5 kg are left.
    with pytest.raises(grpc.RpcError) as caught:
        steps.give_back(two.summary.sale_id, **{"2": 2})
    assert refusal_of(caught.value).reason == "RETURN_EXCEEDS_SOLD"
    steps = Steps(till.calls, name("ret"))
    steps.give_back(two.summary.sale_id, **{"2": 1})
    steps.give(tender(-952))
    steps.complete()
    (two,) = found(till, "R-2")
    assert two.lines[1].returned.unscaled == 2_000
    whole = till.calls.checkout.GetSale(checkout.GetSaleRequest(sale_id=steps.sale_id)).sale
    assert whole.original_receipt == "R-2"
    (four,) = found(till, "R-4")
    assert four.voided_by_sale_id
    with pytest.raises(grpc.RpcError) as caught:
        Steps(till.calls, name("ret")).give_back(four.summary.sale_id, **{"1": 1})
    assert refusal_of(caught.value).reason == "ALREADY_VOIDED"
    # A second import knows the sale, and what came back here stays.
    again = imported(till, source)
    assert not again.HasField("imported")
    assert found(till, "R-2")[0] == two


def test_a_copy_of_an_old_receipt_says_where_it_is_from(till: Till, source: Path) -> None:
    small().write(source)
    imported(till, source)
    (two,) = found(till, "R-2")
    till.calls.checkout.ReprintReceipt(
        checkout.ReprintReceiptRequest(
            request_id=new_id(), sale_id=two.summary.sale_id, job_id=name("job")
        )
    )
    (paper,) = till.printer.wait_receipts(1, 10.0)
    assert "Taken over from Elder POS" in paper.text
    assert "R-2" in paper.text


def test_a_sale_put_aside_there_is_finished_here(till: Till, source: Path) -> None:
    small().write(source)
    imported(till, source)
    (aside,) = suspended(till)
    steps = Steps(till.calls, aside)
    steps.version = 1
    steps.resume()
    steps.give(tender(1690))
    done = steps.complete()
    assert done.receipt_number == 1
    assert done.payable.minor_units == 1690
    # It is finished: another import does not bring it back.
    imported(till, source)
    assert suspended(till) == []


def test_twice_gives_the_same_and_a_newer_export_only_what_is_new(bare: Till, source: Path) -> None:
    till = bare
    folder = small()
    folder.write(source)
    request_id = new_id()
    digest = planned(till, source).source.digest
    first = imported(till, source, request_id=request_id, digest=digest)
    again = imported(till, source, request_id=request_id, digest=digest)
    assert again.replayed
    assert again.imported == first.imported
    before = head_seq(till.calls)
    nothing = imported(till, source)
    assert (nothing.plan.known, nothing.plan.new.sales) == (7, 0)
    assert not nothing.HasField("imported")
    assert head_seq(till.calls) == before
    assert refused(till, source, request_id=request_id, digest="ab") == "REQUEST_ID_REUSED"
    folder.sales.append(sale("8", shift="S2", business_day="2025-03-02"))
    folder.write(source)
    newer = imported(till, source)
    assert (newer.imported.counts.sales, newer.imported.known) == (1, 7)
    assert len(found(till, "R-8")) == 1
    imports = till.calls.predecessor.ListImports(pb.ListImportsRequest()).imports
    assert [each.import_id for each in imports] == [
        newer.imported.import_id,
        first.imported.import_id,
    ]


def test_a_sale_that_changed_since_it_was_imported_is_named(till: Till, source: Path) -> None:
    folder = small()
    folder.write(source)
    imported(till, source)
    folder.sales[0] = sale("1", [line(1, 1191)])
    folder.shifts[0]["totals"] = {}
    folder.shifts[0].pop("expected_minor")
    folder.days[0].pop("totals")
    folder.write(source)
    (fault,) = planned(till, source).faults
    assert (fault.file, fault.line, fault.field) == ("sales.jsonl", 1, "id")
    assert refused(till, source) == "IMPORT_DAMAGED"


def test_what_is_imported_is_what_was_looked_at(till: Till, source: Path) -> None:
    small().write(source)
    assert refused(till, source, digest="0" * 64) == "SOURCE_CHANGED"
    assert found(till, "R-1") == []


def test_the_predecessors_own_wrong_totals_are_told_and_need_a_word(
    till: Till, source: Path
) -> None:
    folder = small()
    folder.shifts[0]["totals"]["tenders"]["cash"] = 520
    folder.days[0]["totals"]["receipts"] = 6
    folder.write(source)
    plan = planned(till, source)
    told = {(d.of, d.what, d.theirs, d.ours, d.line) for d in plan.differences}
    # Both reports share their tenders here, so both are wrong.
    assert ("shift", "cash", 520, 518, 1) in told
    assert ("day", "receipts", 6, 5, 1) in told
    assert refused(till, source) == "IMPORT_DIFFERS"
    assert found(till, "R-1") == []
    result = imported(till, source, explanation="two cents were lost in their rounding")
    assert result.imported.differences == plan.differences_count
    assert result.imported.explanation.startswith("two cents")


def test_nothing_of_what_does_not_fit_is_imported_whatever_is_damaged(
    bare_till: Till, source: Path
) -> None:
    """Bytes of a file are changed, by a seed. Whoever finds no fault has found the same data."""
    till = bare_till
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    before = head_seq(till.calls)
    told = 0
    for _ in range(MUTATIONS):
        small().write(source)
        path = rng.choice([each for each in sorted(source.iterdir())])
        content = bytearray(path.read_bytes())
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(content))
            content[at : at + rng.randrange(0, 3)] = bytes(
                rng.randrange(256) for _ in range(rng.randrange(0, 3))
            )
        path.write_bytes(content)
        if path.name != "manifest.json" and rng.random() < 0.7:
            remade(source)
        plan = planned(till, source)
        if plan.faults_count:
            told += 1
            assert all(fault.file and fault.message for fault in plan.faults)
            if told % COMMITTED_EVERY == 1:
                digest = plan.source.digest
                assert refused(till, source, digest=digest) == "IMPORT_DAMAGED"
    assert told > MUTATIONS // 2
    assert head_seq(till.calls) == before
    assert found(till, "R-1") == []


DAMAGE: dict[str, tuple[str, int, str, Any]] = {
    "no JSON": ("sales.jsonl", 2, "", lambda rows: rows.__setitem__(1, "{nonsense")),
    "cut in the middle": ("sales.jsonl", 6, "at", lambda rows: rows.__setitem__(5, rows[5][:40])),
    "text for a number": ("sales.jsonl", 3, "total_minor", {"total_minor": "12"}),
    "a fraction of a cent": ("sales.jsonl", 3, "total_minor", {"total_minor": 1.5}),
    "an unknown field": ("sales.jsonl", 1, "", {"colour": "red"}),
    "lines that do not add up": ("sales.jsonl", 1, "total_minor", {"total_minor": 1}),
    "tenders that do not": ("sales.jsonl", 1, "tenders", {"rounding_minor": 1}),
    "a shift that is not there": ("sales.jsonl", 4, "shift", {"shift": "S9"}),
    "an id that stands twice": ("sales.jsonl", 6, "id", {"id": "1"}),
    "an unknown tender": ("sales.jsonl", 1, "tenders[0].type", {"tenders": [{"type": "gold", "amount_minor": 1190}]}),
    "a time without an offset": ("sales.jsonl", 1, "at", {"at": "2025-03-01T10:11:12"}),
    "a text that is a command": ("sales.jsonl", 1, "operator", {"operator": "\u001b@"}),
    "more back than was sold": ("sales.jsonl", 3, "lines", {"lines": [line(1, -952, quantity="-9", of_sale="2", of_line="2")]}),
    "back of no sale": ("sales.jsonl", 3, "lines", {"lines": [line(1, -952, quantity="-1", of_sale="99", of_line="2")]}),
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_row_is_named_by_file_and_line(bare_till: Till, source: Path, what: str) -> None:
    file, number, field, change = DAMAGE[what]
    small().write(source)
    path = source / file
    rows = path.read_text(encoding="utf-8").splitlines()
    if callable(change):
        change(rows)
    else:
        rows[number - 1] = json.dumps({**json.loads(rows[number - 1]), **change})
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    remade(source)
    plan = planned(bare_till, source)
    places = [(fault.file, fault.line, fault.field) for fault in plan.faults]
    assert (file, number, field) in places
    assert refused(bare_till, source, digest=plan.source.digest) == "IMPORT_DAMAGED"
    assert found(bare_till, "R-1") == []


@pytest.mark.parametrize(
    ("change", "file"),
    [
        (lambda folder: (folder / "sales.jsonl").unlink(), "manifest.json"),
        (lambda folder: (folder / "extra.jsonl").write_text("{}\n"), None),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "manifest.json"),
        (lambda folder: (folder / "days.jsonl").write_bytes(b"\xff\xfe\n"), "days.jsonl"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused(
    bare_till: Till, source: Path, change: Any, file: str | None
) -> None:
    small().write(source)
    change(source)
    plan = planned(bare_till, source)
    assert [fault.file for fault in plan.faults][:1] == ([file] if file else [])


def test_another_currency_is_none_of_ours(bare_till: Till, source: Path) -> None:
    folder = Folder(currency="USD")
    folder.sales = [sale("1", shift="")]
    folder.write(source)
    (fault,) = planned(bare_till, source).faults
    assert (fault.file, fault.field) == ("manifest.json", "currency")


@pytest.mark.parametrize(
    ("point", "counts"),
    [
        ("import.read", False),
        ("import.began", False),
        ("import.sales_put:1", False),
        ("import.sales_put:2", False),
        ("import.reports_put", False),
        ("import.put", False),
        ("import.done", True),
    ],
)
def test_a_till_that_dies_in_an_import_has_all_of_it_or_nothing(
    source: Path, point: str, counts: bool
) -> None:
    large(500, seed=3).write(source)
    with a_till() as till:
        till.start()
        digest = planned(till, source).source.digest
        till.end()
        till.start(failpoint=point)
        request_id = new_id()
        with pytest.raises(grpc.RpcError):
            imported(till, source, digest=digest, request_id=request_id)
        till.await_killed()
        till.start()
        assert bool(found(till, "R-7")) is counts
        assert not list(till.folder.glob("*.import"))
        result = imported(till, source, digest=digest, request_id=request_id)
        assert result.replayed is counts
        assert result.imported.counts.sales == 500
        assert len(found(till, "R-499")) == 1
        till.end()
        till.start()
        assert len(found(till, "R-250")) == 1


def test_the_till_sells_while_it_imports(till: Till, source: Path) -> None:
    large(3_000, seed=4).write(source)
    over = threading.Event()
    sold = 0
    digest = planned(till, source).source.digest

    def work() -> None:
        imported(till, source, digest=digest)
        over.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not over.is_set():
        answer = till.calls.checkout.Checkout(cash_sale())
        sold += 1
        assert answer.sale.receipt_number == sold
    thread.join()
    assert sold > 3
    assert len(found(till, "R-2999")) == 1


def test_the_same_sale_has_the_same_id_in_every_export() -> None:
    assert sale_id_of("o", "sale", "1") == sale_id_of("o", "sale", "1")
    assert len({sale_id_of(o, k, i) for o in "ab" for k in "cd" for i in "ef"}) == 8

"""An import beside what else goes on in a shop: a shutdown, an X and a Z."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import grpc

from tests.e2e.test_shifts import EXPLICIT, end_and_count, head, open_day, open_shift
from tests.support.answers import assert_journal_sound, refusal_of
from tests.support.predecessor import large
from tests.support.sales import card_sale, new_id
from tests.support.till import Calls, a_till
from tillhal.v1 import predecessor_pb2 as pb
from tillhal.v1 import shift_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SALES = 5_000
IMPORT_S_MAX = 120.0


def planned(calls: Calls, path: str) -> str:
    """The source's digest."""
    request = pb.PlanImportRequest(path=path, adapter="neutral")
    *_, last = calls.predecessor.PlanImport(request, timeout=IMPORT_S_MAX)
    digest: str = last.plan.source.digest
    return digest


def begun(calls: Calls, path: str, digest: str) -> Iterator[pb.CommitImportResponse]:
    """An import's steps, of which some were taken: it is in its middle."""
    request = pb.CommitImportRequest(
        request_id=new_id(), path=path, adapter="neutral", digest=digest
    )
    steps = calls.predecessor.CommitImport(request, timeout=IMPORT_S_MAX)
    step = next(steps)
    while step.progress.phase != "importing":
        step = next(steps)
    assert 0 < step.progress.done < SALES
    return steps  # type: ignore[no-any-return]  # a stub's stream


def found(calls: Calls, number: int) -> int:
    request = pb.FindImportedSalesRequest(receipt=f"R-{number}")
    return len(calls.predecessor.FindImportedSales(request).sales)


def test_a_shutdown_ends_an_import_in_its_middle_and_it_is_taken_up_again(tmp_path: Path) -> None:
    path = str(large(SALES, seed=9).write(tmp_path / "old"))
    with a_till() as till:
        till.start()
        digest = planned(till.calls, path)
        steps = begun(till.calls, path, digest)
        told: list[grpc.RpcError] = []

        def hear_it_out() -> None:
            try:
                for _ in steps:
                    pass
            except grpc.RpcError as error:
                told.append(error)

        hearing = threading.Thread(target=hear_it_out)
        hearing.start()
        till.stop()
        hearing.join()
        (error,) = told
        assert refusal_of(error).reason == "IMPORT_FAILED"
        assert "The till stops" in (error.details() or "")
        assert not list(till.folder.glob("*.import")), "the spool is gone"
        till.start()
        assert [found(till.calls, number) for number in (0, SALES - 1)] == [0, 0]
        for _ in begun(till.calls, path, digest):
            pass
        assert {found(till.calls, number) for number in range(0, SALES, 100)} == {1}
        imports = till.calls.predecessor.ListImports(pb.ListImportsRequest()).imports
        assert [each.counts.sales for each in imports] == [SALES]
        assert_journal_sound(till.calls)


def test_an_x_and_a_z_in_the_middle_of_an_import_are_this_tills_own(tmp_path: Path) -> None:
    path = str(large(SALES, seed=10).write(tmp_path / "old"))
    with a_till(more=EXPLICIT) as till:
        calls = till.start().calls
        digest = planned(calls, path)
        open_day(calls)
        shift = open_shift(calls, 0)
        first = calls.checkout.Checkout(card_sale()).sale
        steps = begun(calls, path, digest)
        calls.checkout.Checkout(card_sale())
        x = calls.shift.GetXReport(shift_pb2.GetXReportRequest()).report
        assert (x.totals.sales.count, x.shifts[0].totals.sales.count) == (2, 2)
        counted = end_and_count(calls, shift, 0)
        calls.shift.CloseShift(shift_pb2.CloseShiftRequest(**head(counted)))
        closing = shift_pb2.CloseDayRequest(request_id=new_id(), day_number=1)
        z = calls.shift.CloseDay(closing).z
        assert found(calls, 0) == 0, "it was closed before the import counts"
        *_, last = steps
        assert last.result.imported.counts.sales == SALES
        assert found(calls, SALES - 1) == 1
        kept = calls.shift.GetZReport(shift_pb2.GetZReportRequest(z_number=1)).report
        assert kept == z
        amount = z.totals.sales.amount.minor_units
        assert (z.z_number, z.totals.sales.count, z.perpetual_sales.count) == (1, 2, 2)
        assert amount == 2 * first.payable.minor_units
        assert z.perpetual_sales.amount.minor_units == amount
        assert_journal_sound(calls)

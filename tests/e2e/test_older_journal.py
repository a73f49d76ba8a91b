"""A new version starts on the journal that the old one left: the shop of schema 1 goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import grpc
import pytest

from hwsim.power.disk import PowerCutDisk, why_not
from tests.contract.journal_story import rows_of
from tests.support.answers import assert_journal_sound, refused
from tests.support.golden_journals import make_golden
from tests.support.sales import cash_sale
from tests.support.till import a_till
from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import shift_pb2
from tillhald.service.outdated import building_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.till import Till

WAIT_S_MAX = 60.0
FIRST, SECOND = "2026-01-05", "2026-01-06"
CANCELLED, COMPLETED = pb.SALE_STATE_CANCELLED, pb.SALE_STATE_COMPLETED


def journal(till: Till) -> Path:
    return till.folder / "journal"


@pytest.fixture(scope="module")
def old() -> Iterator[Till]:
    """A till that a program of schema 1 ran last, and this one since."""
    with a_till() as till:
        make_golden(journal(till))
        yield till.start()


def listed(till: Till, day: str, *states: pb.SaleState, size: int = 0) -> list[str]:
    """The sales of a day, by id, page by page."""
    names: list[str] = []
    token = ""
    while True:
        request = pb.ListSalesRequest(
            business_day=day, states=states, page_size=size, page_token=token
        )
        page = till.calls.checkout.ListSales(request)
        assert len(page.sales) <= (size or 50)
        names += [sale.sale_id for sale in page.sales]
        token = page.next_page_token
        if not token:
            return names


def test_sales_of_every_outcome_are_found_by_the_day_that_they_belong_to(old: Till) -> None:
    assert listed(old, FIRST, CANCELLED) == ["carried-1", "cancelled-a"]
    assert listed(old, SECOND, CANCELLED) == ["carried-2", "training-2"]
    assert listed(old, FIRST, COMPLETED) == ["void-a3", "sale-a3", "sale-a2", "sale-a1"]
    assert listed(old, SECOND, pb.SALE_STATE_SUSPENDED) == ["aside-1"]
    everything = listed(old, SECOND)
    assert {"slip-1", "sale-b2", "return-b1", "carried-3", "training-1", "open-1"} < {*everything}
    assert len(everything) == len({*everything})
    for size in (1, 2, 3):
        assert listed(old, SECOND, size=size) == everything
    assert listed(old, "2026-01-07") == []


def test_a_voided_sale_says_so_in_the_list(old: Till) -> None:
    page = old.calls.checkout.ListSales(pb.ListSalesRequest(business_day=FIRST)).sales
    voided = {sale.sale_id: sale.voided_by_sale_id for sale in page if sale.voided_by_sale_id}
    assert voided == {"sale-a3": "void-a3"}


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.ListSalesRequest(states=[CANCELLED]), "states"),
        (pb.ListSalesRequest(business_day="5 January"), "business_day"),
        (pb.ListSalesRequest(business_day=FIRST, states=[99]), "states[0]"),
        (pb.ListSalesRequest(business_day=FIRST, page_token="00"), "page_token"),
        (pb.ListSalesRequest(business_day=FIRST, page_token="ZZ"), "page_token"),
        (pb.ListSalesRequest(business_day=FIRST, page_token="00" * 73), "page_token"),
    ],
)
def test_a_wrong_question_is_refused_by_its_field(
    bare_till: Till, request_: pb.ListSalesRequest, field: str
) -> None:
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID") as caught:
        bare_till.calls.checkout.ListSales(request_)
    assert caught.refusal.fields == [field]


def test_what_was_open_when_the_old_program_stopped_goes_on(old: Till) -> None:
    """The drawer that nobody has handed over, sales put aside, receipts that were not printed."""
    state = old.calls.shift.GetShift(shift_pb2.GetShiftRequest()).shift
    assert state.operator == "anna"
    aside = old.calls.checkout.ListSuspended(pb.ListSuspendedRequest()).sales
    assert {each.sale.sale_id for each in aside} == {"aside-1", "tendering-1", "open-1"}
    sold = old.calls.checkout.Checkout(cash_sale("after-1")).sale
    assert sold.receipt_number == 10
    assert listed(old, SECOND, COMPLETED)[0] == "after-1"
    assert listed(old, SECOND, COMPLETED)[0] == "after-1"
    assert_journal_sound(old.calls)


def test_the_old_journal_stays_beside_the_new_one_as_it_was(old: Till, tmp_path: Path) -> None:
    before = rows_of(make_golden(tmp_path / "golden"))
    aside = old.folder / "journal.schema-1-1"
    assert rows_of(aside) == before
    assert not building_path(journal(old)).exists()
    assert "journal_migrated" in (old.folder / "stdout-1").read_text()


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "")
def test_a_disk_without_room_for_a_copy_does_not_keep_the_shop_shut(tmp_path: Path) -> None:
    """A new segment is begun with all that is open; what is over follows while the till sells."""
    expected = ("no_room_for_a_copy", "journal_rescued")
    with PowerCutDisk(tmp_path / "disk") as disk, a_till(expected=expected) as till:
        make_golden(disk.path / "journal")
        text = till.config.read_text(encoding="utf-8")
        assert f'folder = "{journal(till)}"' in text
        moved = text.replace(f'folder = "{journal(till)}"', f'folder = "{disk.path / "journal"}"')
        till.config.write_text(moved, encoding="utf-8")
        disk.free_bytes = (4 << 20) + (700 << 10)
        till.start()
        assert till.calls.checkout.Checkout(cash_sale("after-1")).sale.receipt_number == 10
        deadline_s = time.monotonic() + WAIT_S_MAX
        while "segment_brought_back" not in till.log_text():
            assert time.monotonic() < deadline_s, till.log_text()
            listed(till, FIRST)
        assert listed(till, FIRST, CANCELLED) == ["carried-1", "cancelled-a"]
        assert listed(till, SECOND, CANCELLED) == ["carried-2", "training-2"]
        assert till.calls.checkout.GetSale(pb.GetSaleRequest(receipt_number=1)).sale
        assert rows_of(disk.path / "journal.retired-1")

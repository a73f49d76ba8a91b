"""An outage worked off with tillctl and with the client."""

from __future__ import annotations

import asyncio
import datetime
import itertools
from typing import TYPE_CHECKING

import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from tests.support.ctl import said_by_tillctl
from tests.support.sales import Steps
from tests.support.slips import OUTAGE, open_request
from tests.support.till import a_till
from tillhal import AsyncTill as AsyncClient
from tillhal import Till as Client
from tillhal import cash, errors, recovery_requests
from tillhal import line as article
from tillhal.v1 import checkout_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.till import Till


@pytest.fixture
def off() -> Iterator[Till]:
    """A till that is not running yet, on a printer of its own."""
    with VirtualPrinter(drawer=VirtualDrawer()) as printer, a_till(printer=printer) as till:
        yield till


# --- tillctl


class Ctl:
    """`tillctl` on a till."""

    def __init__(self, till: Till) -> None:
        self.address = till.address

    def __call__(self, *arguments: str, status: int = 0, typed: str = "") -> str:
        return said_by_tillctl(*arguments, "--address", self.address, status=status, typed=typed)


TOML = """
[[slips]]
number = 2
time = 2025-06-15T12:30:00
written_by = "bo"
lines = [
    { description = "Coffee beans", price = "3.20", quantity = 2 },
    { description = "Gouda", price = "12.99", quantity = "0.250", unit = "kg" },
]
discounts = [{ percent = 10 }]
tenders = [{ amount = "10.00" }]
[[slips]]
number = 3
lines = [{ description = "Tea", price = "2.00" }]
tenders = [{ kind = "credit_card", amount = "2.00", reference = "A-1" }]
"""


def test_a_technician_works_off_an_outage_with_tillctl(off: Till, tmp_path: Path) -> None:
    off.start()
    ctl = Ctl(off)
    assert "It found nothing unfinished." in ctl("recovery")
    assert "Slips 1 to 2 are being printed." in ctl("slips", "print", "2", "--by", "ann")
    Steps(off.calls, "basket").open()
    off.kill()
    off.start()
    said = ctl("recovery", status=1)
    assert "(resume, suspend, cancel)" in said
    assert "no such item" in ctl("recovery", "resolve", "sale/x", "resume", status=1)
    assert "cancel by ann (gone)" in ctl(
        "recovery", "resolve", "sale/basket", "cancel", "--by", "ann", "--reason", "gone"
    )
    times = ("--began", "2025-06-15T12:00", "--ended", "2025-06-15T13:00")
    assert "not on record" in ctl("slips", "open", OUTAGE, "1", "5", status=1)
    ctl("slips", "open", OUTAGE, "1", "5", "--by", "ann", *times)
    typed = "bo\n2025-06-15 12:20\nCoffee\n2\n3.20\nA 20\n\n\n10.00\n"
    assert "Slip 1 is receipt 1: EUR 6.40." in ctl("slips", "put", OUTAGE, "1", typed=typed)
    (taxed,) = off.calls.checkout.GetSale(checkout_pb2.GetSaleRequest(receipt_number=1)).sale.taxes
    assert (taxed.tax_code, taxed.tax.minor_units) == ("A", 107)
    path = tmp_path / "slips.toml"
    path.write_text(TOML, encoding="utf-8")
    said = ctl("slips", "put", OUTAGE, "--file", str(path), "--by", "ann")
    assert "Slip 2 is receipt 2: EUR 8.68." in said
    # Given once more, it enters nothing twice.
    assert "Slip 3 is entered already, as receipt 3." in ctl(
        "slips", "put", OUTAGE, "--file", str(path)
    )
    # A number that cannot be entered is refused before anybody has typed the slip.
    assert "is entered" in ctl("slips", "put", OUTAGE, "3", status=1)
    assert "the numbers 1 to 5" in ctl("slips", "put", OUTAGE, "6", status=1)
    assert "no book" in ctl("slips", "put", "cut-7", "1", status=1)
    assert "no tax" in ctl("slips", "put", OUTAGE, "4", typed="\n\nTea\n1\n2\nA\n", status=2)
    said = ctl("slips", "reconcile", OUTAGE, status=1)
    assert "Not accounted for: 4-5." in said
    assert "Cash by the slips: 15.08." in said
    ctl("slips", "mark", OUTAGE, "4", "--spoilt", status=0)
    ctl("slips", "mark", OUTAGE, "5", "--missing", status=1)
    ctl("slips", "mark", OUTAGE, "5", "--missing", "--why", "blew away")
    assert "Counted less that: -0.08." in ctl("slips", "close", OUTAGE, "--cash", "15", status=1)
    assert "It balances." in ctl("slips", "reconcile", OUTAGE, "--cash", "15.08")
    assert "closed" in ctl("slips", "close", OUTAGE, "--cash", "15.08", "--by", "ann")
    assert "closed" in ctl("slips", "put", OUTAGE, "4", status=1)
    assert "(blew away)" in ctl("slips", "show", OUTAGE)
    assert "Blanks 1 to 2 were printed" in ctl("slips", "list")
    assert "The list goes to front_printer." in ctl("slips", "unfinished")
    off.stop()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("slips = 3", "a list of tables"),
        ("[[slips]]\nnumber = 1\nprice = 3", "slips[0].price"),
        ('[[slips]]\nnumber = "1"', "slips[0].number"),
        ("[[slips]]\nnumber = 1\nlines = [{ price = 1 }]", "slips[0].lines[0].description"),
        ('[[slips]]\nnumber = 1\nlines = [{ description = "a", price = 1.5 }]', ".price"),
        ("[[slip]]\nnumber = 1", "`slips` is needed"),
        ('[[slips]]\nnumber = 1\nlines = []\ntenders = [{ amount = 1, kind = "gold" }]', "gold"),
        ('[[slips]]\nnumber = 1\nlines = []\ntenders = [{ amount = "x" }]', "not a number"),
    ],
)
def test_a_file_with_a_mistake_is_refused_with_its_place(
    bare_till: Till, tmp_path: Path, text: str, wrong: str
) -> None:
    path = tmp_path / "slips.toml"
    path.write_text(text, encoding="utf-8")
    assert wrong in Ctl(bare_till)("slips", "put", OUTAGE, "--file", str(path), status=2)


@pytest.mark.parametrize(
    "arguments",
    [
        ("slips", "put", OUTAGE),
        ("slips", "mark", OUTAGE, "1"),
        ("slips", "mark", OUTAGE, "1", "--spoilt", "--missing"),
    ],
)
def test_a_command_that_says_too_little_or_too_much_is_not_begun(
    bare_till: Till, arguments: tuple[str, ...]
) -> None:
    Ctl(bare_till)(*arguments, status=2)


# --- the client


def test_the_client_enters_slips_and_repeats_what_it_got_no_answer_to(fresh: Till) -> None:
    with Client.connect(fresh.address) as client:
        client.stubs.recovery.OpenBackEntry(open_request(1, 2))
        slip = recovery_requests.Slip(
            slip_no=1, lines=[article("Coffee", "3.20")], tenders=[cash("5.00")], written_by="bo"
        )
        answer = client.recovery.put_slip(OUTAGE, slip)
        assert answer.slip.written_by == "bo"
        with pytest.raises(errors.SlipAlreadyEntered) as refusal:
            client.recovery.put_slip(OUTAGE, slip)
        assert refusal.value.metadata["receipt_number"] == "1"
        client.recovery.mark_slips(OUTAGE, 2, "MISSING", explanation="blew away")
        with pytest.raises(errors.SlipBookUnbalanced):
            client.recovery.close_slips(OUTAGE, "3.00")
        assert client.recovery.reconcile(OUTAGE, "3.20").balances
        assert client.recovery.close_slips(OUTAGE, "3.20").book.is_closed
        assert client.recovery.get_slips(OUTAGE).book.is_closed
        assert client.recovery.report().waiting == 0
        numbers = [client.recovery.print_slips(1).printed.first_no for _ in range(2)]
        assert list(itertools.pairwise(numbers)) == [(1, 2)]
        assert client.recovery.print_suspended_sales().job.printer == "front_printer"


def test_the_client_for_asyncio_does_the_same(fresh: Till) -> None:
    async def work() -> None:
        async with AsyncClient.connect(fresh.address) as client:
            began = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
            await client.recovery.open_slips("cut-9", 1, 1, began=began, ended=began)
            slip = recovery_requests.Slip(
                slip_no=1,
                lines=[article("Tea", "2.00")],
                tenders=[cash("2.00")],
                paper_time=began + datetime.timedelta(hours=3),
            )
            answer = await client.recovery.put_slip("cut-9", slip)
            assert [each.message for each in answer.warnings] != []
            assert (await client.recovery.reconcile("cut-9", "2.00")).balances
            assert (await client.recovery.close_slips("cut-9", "2.00")).book.is_closed
            (book,) = (await client.recovery.list_slips()).books
            assert book == (await client.recovery.get_slips("cut-9")).book
            assert (await client.recovery.report()).waiting == 0

    asyncio.run(work())

"""`tillctl jobs` and `tillctl printer`, as a technician runs them against a daemon."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from tests.support.answers import await_job, paper_in
from tests.support.nursery import run_tillctl
from tests.support.sales import card_sale
from tests.support.till import a_till
from tillhal.v1 import printer_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.till import Till


def tillctl(till: Till, *arguments: str) -> tuple[int, str, str]:
    """Its exit status, and what it said to both sides."""
    environment = {**os.environ, "TERM": "dumb", "COLUMNS": "60"}
    done = run_tillctl(*arguments, "--address", till.address, environment=environment)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def doubtful() -> Iterator[Till]:
    """A till whose first receipt broke off when the till died, and whose second one is out."""
    with VirtualPrinter(drawer=VirtualDrawer()) as printer, a_till(printer=printer) as till:
        till.start("printer.mid_print")
        till.calls.checkout.Checkout(card_sale())
        till.await_killed()
        till.start()
        await_job(till.calls, "receipt/1", printer_pb2.JOB_STATE_FAILED_PARTIAL)
        till.calls.checkout.Checkout(card_sale())
        await_job(till.calls, "receipt/2")
        yield till


def test_a_job_in_doubt_is_listed_decided_about_and_gone_from_the_list(doubtful: Till) -> None:
    status, said, _ = tillctl(doubtful, "jobs")
    assert status == 0
    assert [line.split()[0] for line in said.splitlines()[:2]] == ["receipt/2", "receipt/1"]
    status, said, _ = tillctl(doubtful, "jobs", "--unresolved", "--json")
    (job,) = [json.loads(line) for line in said.splitlines()]
    assert (job["job_id"], job["state"]) == ("receipt/1", "JOB_STATE_FAILED_PARTIAL")
    _, said, _ = tillctl(doubtful, "status")
    assert "1: see `tillctl jobs --unresolved`" in said

    status, _, complaint = tillctl(doubtful, "jobs", "resolve", "receipt/1")
    assert (status, complaint) == (2, "Take one of --printed, --copy and --discard.\n")
    status, said, _ = tillctl(doubtful, "jobs", "resolve", "receipt/1", "--copy")
    assert status == 0
    assert said.startswith("Copy 1 goes to front_printer as job copy/")
    await_job(doubtful.calls, said.split()[-1].rstrip("."))
    assert paper_in(doubtful.printer).copies == {1: 1}

    assert tillctl(doubtful, "jobs", "--unresolved")[1] == "No print job is in doubt.\n"
    assert tillctl(doubtful, "jobs", "resolve", "receipt/1", "--printed")[0] == 1
    assert tillctl(doubtful, "jobs", "cancel", "receipt/2")[0] == 1
    assert tillctl(doubtful, "jobs", "cancel", "nobody-s")[0] == 2


def test_a_job_that_waits_is_taken_back(doubtful: Till) -> None:
    doubtful.printer.open_cover()
    job_id = doubtful.calls.checkout.Checkout(card_sale()).sale.receipt_job_id
    await_job(doubtful.calls, job_id, printer_pb2.JOB_STATE_HELD)
    status, said, _ = tillctl(doubtful, "jobs", "--live")
    assert (status, job_id in said, "COVER_OPEN" in said) == (0, True, True)
    status, said, _ = tillctl(doubtful, "jobs", "cancel", job_id, "--reason", "wants none")
    assert (status, said) == (0, f"Job {job_id} is cancelled; nothing of it was printed.\n")
    doubtful.printer.close_cover()


def test_a_test_page_shows_what_the_printer_can_do(doubtful: Till) -> None:
    status, said, _ = tillctl(doubtful, "printer", "test-page", "--json")
    assert (status, json.loads(said)["state"]) == (0, "JOB_STATE_CONFIRMED")
    page = doubtful.printer.receipts[-1].text
    assert "TEST PAGE" in page
    assert "front_printer" in page
    assert "6901234567892" in page
    status, _, complaint = tillctl(doubtful, "printer", "test-page", "no_printer")
    assert (status, bool(complaint)) == (2, True)

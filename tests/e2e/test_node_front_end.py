"""A front end in another language: TypeScript on Node, with the contract's files and nothing else.

It is typed at and scanned at as a cashier would do it; what it says is compared with the journal.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from hwsim.scanner import VirtualScanner
from tests.docs.pages import blocks
from tests.support import node_till
from tests.support.access import REQUIRED, STAFF_PIN, a_guarded_till, sign_on
from tests.support.answers import journal_records
from tests.support.node_till import NODE, ROOT, SAID_S_MAX, FrontEnd, front_end
from tests.support.nursery import run_tillctl
from tests.support.sales import new_id
from tests.support.scanning import SCANNER, await_device, await_scanner, scanner_toml
from tests.support.till import Till, a_till, free_port, short_folder
from tillhal.v1 import access_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tillhal.v1.journal_pb2 import JournalRecord

RECEIPT = r"^Receipt (\d+): (-?[\d.]+), change ([\d.]+)$"
SCANNED, TYPED = "4006381333931", "5901234123457"
"""A highlighter of 1.20, and a notebook of 3.45."""


class Sold(NamedTuple):
    receipt_number: int
    payable_minor: int
    change_minor: int


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    node_till.build()


@pytest.fixture
def shop() -> Iterator[tuple[Till, VirtualScanner]]:
    """A till with printer, drawer and scanner."""
    with (
        short_folder() as folder,
        VirtualScanner(folder / "scanner") as scanner,
        VirtualPrinter(drawer=VirtualDrawer()) as printer,
        a_till(printer=printer, more=scanner_toml(scanner.at)) as till,
    ):
        till.start()
        await_scanner(till.calls)
        yield till, scanner


def told(*fronts: FrontEnd) -> list[Sold]:
    """The receipts that front ends told of, each once."""
    found = [re.search(RECEIPT, line) for front in fronts for line in front.said]
    return sorted(
        {Sold(int(m[1]), *(int(m[n].replace(".", "")) for n in (2, 3))) for m in found if m}
    )


def facts(records: Till | list[JournalRecord], kind: str) -> list[dict[str, object]]:
    """The facts of this kind in the journal, in order."""
    if not isinstance(records, list):
        records = journal_records(records.calls)
    events = [event for record in records for event in record.events]
    return [json.loads(event.facts_json) for event in events if event.kind == kind]


def journalled(records: Till | list[JournalRecord]) -> list[Sold]:
    """The receipts as the journal has them."""
    sold = []
    for fact in facts(records, "SaleCompleted"):
        totals = fact["totals"]
        assert isinstance(totals, dict)
        number, change = fact["receipt_number"], fact.get("change_minor", 0)
        assert isinstance(number, int)
        assert isinstance(change, int)
        sold.append(Sold(number, totals["payable_minor"], change))
    return sold


def test_a_day_of_sales_is_told_at_the_counter_as_the_journal_has_it(
    shop: tuple[Till, VirtualScanner],
) -> None:
    till, scanner = shop
    with front_end(till, "--scanner", SCANNER) as counter:
        counter.hear("EUR")
        scanner.scan(SCANNED)
        counter.hear("1 × Highlighter 1.20   total 1.20")
        counter.do(f"3*{TYPED}", "total 11.55")
        counter.do("cash 20", "Receipt 1: 11.55, change 8.45")

        counter.do("7", "total 0.25")
        counter.do("hold for Ann", "Put aside")
        scanner.scan(SCANNED)
        counter.hear("total 1.20")
        counter.do("card", "Card terminal, 1.20")
        scanner.scan(SCANNED)  # while the terminal is waited for: it is for the next customer
        counter.do("y", "Receipt 2: 1.20, change 0.00")
        counter.hear("total 1.20")
        counter.do("cancel", "Cancelled")
        counter.do("held", "1: 1 lines, 0.25 for Ann")
        counter.do("take 1", "Taken up")
        counter.do("cash", "Receipt 3: 0.25, change 0.00")
        counter.do("void 1 was broken", "Receipt 4: -11.55, change 0.00")
        counter.do("copy 3", "Copy 1 of receipt 3")
        counter.quit()
        assert told(counter) == journalled(till)
    lines = facts(till, "LinePut")
    entries = [fact["line"].get("entry_method", "keyed") for fact in lines]  # type: ignore[attr-defined]
    assert sorted(set(entries)) == ["keyed", "scanned"]


EXPLICIT = '[shift]\nmode = "explicit"\n'


def test_a_day_is_opened_sold_handed_over_and_closed_by_people_who_sign_on() -> None:
    """The daemon dies in the middle; the Z at the counter is the sum of the journal's sales."""
    with (
        short_folder() as folder,
        VirtualScanner(folder / "scanner") as scanner,
        VirtualPrinter(drawer=VirtualDrawer()) as printer,
        a_guarded_till(printer=printer, more=scanner_toml(scanner.at) + EXPLICIT) as guarded,
    ):
        till = guarded.till
        with front_end(till, "--scanner", SCANNER) as counter:
            counter.hear("Who works here")
            counter.do("ann", "PIN")
            counter.do("000000", r"\[SIGN_ON_REFUSED\]")
            counter.do("ann", "PIN")
            counter.do(STAFF_PIN, "Good day, ann")
            counter.do("7", r"\[DAY_NOT_OPEN\]|\[SHIFT_NOT_OPEN\]")
            counter.do("open 100", "shift-1, ann: open")
            scanner.scan(SCANNED)
            counter.hear("total 1.20")
            counter.do("cash 20", "Receipt 1: 1.20, change 18.80")
            counter.do(f"2*{TYPED}", "total 6.90")
            till.kill()
            till.start()
            counter.hear("is with those put aside")
            counter.do("take 1", "Taken up")  # she is still signed on
            counter.do("card", "Card terminal")
            counter.do("y", "Receipt 2: 6.90")
            counter.do("move paid_out 12.50 the window cleaner", "Somebody else has to agree")
            counter.do("bo", "PIN")
            counter.do(STAFF_PIN, "paid_out 12.50 is recorded")
            counter.do("end", "shift-1, ann: to be counted")
            counter.do("7", r"\[SHIFT_NOT_OPEN\]")
            counter.do("count 88.70", "Counted: 88.70")
            counter.do("handover bo", "Somebody else has to agree")
            counter.do("bo", "PIN")
            counter.do(
                STAFF_PIN, "shift-1 is closed: expected 88.70, counted 88.70, difference 0.00"
            )
            counter.hear("shift-2, bo: open")
            counter.do("off", "Who works here")
            counter.do("bo", "PIN")
            counter.do(STAFF_PIN, "Good day, bo")
            counter.do("void 1 was broken", "Receipt 3: -1.20")
            counter.do("end", "to be counted")
            counter.do("count 87.00", "Counted")
            counter.do(
                "close", "shift-2 is closed: expected 87.50, counted 87.00, difference -0.50"
            )
            counter.do("closeday", "^Z 1, ")
            counter.hear("shift-2 is closed")
            counter.do("z 1", "^Z 1, ")
            counter.quit()
        # Whoever asks is known; so the journal is read as the supervisor.
        calls = till.calls
        records = journal_records(calls, metadata=sign_on(calls, "bo"))
        assert told(counter) == journalled(records)
        sold = [sale.payable_minor for sale in told(counter)]
        assert f"  sales: 2, {sum(sold[:2]) / 100:.2f}" in counter.said
        assert f"  voids: 1, {sold[2] / 100:.2f}" in counter.said
        by = {record.operator for record in records if record.request_id}
        assert {"ann", "bo"} <= by
        assert {record.approver for record in records} == {"", "bo"}
        assert STAFF_PIN not in (till.folder / "notebook.json").read_text()


@pytest.mark.parametrize("known_by", ["token", "certificate"])
def test_a_front_end_on_another_machine_sells_over_tls(tmp_path: Path, known_by: str) -> None:
    made = run_tillctl(
        *("tls", "init", "--host", "127.0.0.1"),
        *("--folder", tmp_path / "tls", "--front-end", "screen-1"),
    )
    assert made.returncode == 0, made.stderr
    address, files = f"127.0.0.1:{free_port()}", {p.name: p for p in (tmp_path / "tls").iterdir()}
    lines = f'[tls]\nlisten = "{address}"\ncertificate = "{files["till.pem"]}"\n'
    lines += f'key = "{files["till.key"]}"\n'
    options = ["--address", address, "--tls-ca", str(files["ca.pem"])]
    if known_by == "certificate":
        lines += f'client_ca = "{files["ca.pem"]}"\n'
        options += ["--tls-certificate", str(files["front-end-screen-1.pem"])]
        options += ["--tls-key", str(files["front-end-screen-1.key"])]
    with a_guarded_till(access=REQUIRED + lines) as guarded:
        token = guarded.token("screen-1") if known_by == "token" else ""
        if known_by == "certificate":
            admin = guarded.admin()
            admitted = access_pb2.AdmitCertificateRequest(
                request_id=new_id(),
                token_id="screen-1",
                front_end="screen-1",
                certificate_pem=files["front-end-screen-1.pem"].read_text(),
            )
            admin.access.AdmitCertificate(admitted, metadata=sign_on(admin, "tim"))
            admin.close()
        with front_end(guarded.till, *options, token=token) as counter:
            counter.do("ann", "PIN")
            counter.do(STAFF_PIN, "Good day, ann")
            counter.do("7", "total 0.25")
            counter.do("cash 1", "Receipt 1: 0.25, change 0.75")
            counter.do("void 1 wrong", "Somebody else has to agree")
            counter.do("bo", "PIN")
            counter.do(STAFF_PIN, "Receipt 2: -0.25")
            counter.quit()
        calls = guarded.api
        records = journal_records(calls, metadata=sign_on(calls, "bo"))
        assert told(counter) == journalled(records)
        assert {"screen-1"} == {r.front_end for r in records if "SaleCompleted" in kinds(r)}


def kinds(record: JournalRecord) -> set[str]:
    return {event.kind for event in record.events}


def test_a_refusal_is_told_in_the_cashiers_language(bare: Till) -> None:
    with front_end(bare, "--language", "zh-CN") as counter:
        counter.hear("收银机")
        counter.do("void 7 错了", r"\[SALE_NOT_FOUND\]")
        assert counter.said[-1] == "! 找不到该单据。 [SALE_NOT_FOUND]"
        counter.do("96385074", "绿茶")
        counter.do("cash 5", "小票 1:4.80,找零 0.20")
        counter.quit()
    with front_end(bare) as counter:
        counter.do("void 7 wrong", "! The sale was not found")
        counter.quit()


def test_piped_input_works_the_day_through_and_ends_with_it(bare: Till) -> None:
    with front_end(bare) as counter:
        counter.type(*["7", "cash 1"] * 30, "quit")
        counter.hear("Receipt 30: ")
        assert told(counter) == journalled(bare)
        assert len(told(counter)) == 30


@pytest.mark.parametrize(
    ("place", "is_stored"), [("journal.before_commit", False), ("journal.after_commit", True)]
)
def test_a_till_that_is_killed_between_request_and_answer_sells_once(
    place: str, is_stored: bool
) -> None:
    """Opening, two lines, tender, completion: each of them is cut, before or after its commit."""
    done_already = [cut(f"{place}:{nth}") for nth in range(2, 7)]
    assert any(done_already) == is_stored, done_already


def cut(failpoint: str) -> bool:
    """Sell over such a cut; whether the till said that a request had been done already."""
    with a_till() as till:
        till.start(failpoint)
        with front_end(till) as counter:
            counter.type("7", TYPED, "cash 10")
            till.await_killed()
            till.start()
            counter.hear("The till was started anew")
            while not told(counter):
                said = counter.do("held", "[12]: [12] lines", "Nothing is put aside", RECEIPT)
                take = ["take 1"] if "lines" in said else []
                more = [TYPED] if ": 1 lines" in said else []
                counter.type(*take, *more, "cash 10")
                counter.hear(RECEIPT, "is no sale")
            counter.quit()
            assert told(counter) == journalled(till)
            assert [sale.receipt_number for sale in told(counter)] == [1]
            return any("had been done already" in line for line in counter.said)


def test_a_front_end_that_is_killed_before_its_answer_asks_again_and_pays_once(bare: Till) -> None:
    bare.stop()
    bare.start("journal.after_commit:21")
    with front_end(bare) as counter:
        counter.type(*["7", "cash 2"] * 10)
        bare.await_killed()
        counter.hear("No answer from the till")
        counter.kill()
    bare.start()
    with front_end(bare) as again:
        again.hear("An earlier request is answered now")
        again.hear("It had been done already")
        again.quit()
        assert 4 <= len(journalled(bare)) <= 6
        assert told(counter, again) == journalled(bare)


def test_a_scanner_reads_on_after_the_till_was_restarted(
    shop: tuple[Till, VirtualScanner],
) -> None:
    till, scanner = shop
    with front_end(till, "--scanner", SCANNER) as counter:
        counter.hear("EUR")
        scanner.scan(SCANNED)
        counter.hear("total 1.20")
        till.kill()
        till.start()
        counter.hear("is with those put aside")
        await_scanner(till.calls)
        counter.do("take 1", "Taken up")
        await_held(till)
        scanner.scan(SCANNED)
        counter.hear("total 2.40")
        counter.do("cash 5", "Receipt 1: 2.40, change 2.60")
        counter.quit()


def await_held(till: Till) -> None:
    """Return once somebody has the focus of the scanner."""
    await_device(
        till.calls, lambda device: any(claim.purpose == "the counter" for claim in device.claims)
    )


def test_the_readme_of_the_client_does_what_it_says(bare: Till) -> None:
    program = NODE / "dist/readme.mjs"  # the package's name is known within its folder
    environment = {**os.environ, "TILLHAL_ADDRESS": bare.address, "HOME": str(bare.folder)}
    said = ""
    for block in blocks(NODE / "README.md"):
        if block.info in ("sh run", "js run"):
            program.write_text(block.text, encoding="utf-8")
            command = ["bash", "-euo", "pipefail"] if block.info == "sh run" else ["node"]
            done = subprocess.run(
                [*command, str(program)],
                capture_output=True,
                text=True,
                timeout=SAID_S_MAX,
                check=False,
                cwd=ROOT,
                env=environment,
            )
            assert done.returncode == 0, f"{block.name}: {done.stderr}"
            said = done.stdout
        elif block.info == "text output":
            assert said == block.text, block.name
    assert len(journalled(bare)) == 2

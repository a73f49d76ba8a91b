"""A job that the ESC/POS driver makes ready before it may go, and the count of cuts that it knows.

Everything is promised over every kind of link; what somebody else prints, over those that two programs
can share.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hwsim.conformance.waiting import wait_until
from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from tests.support.wiring import LINKS, Wiring
from tillhald.devices.categories import (
    Confirmed,
    Evidence,
    FailedBeforeStart,
    How,
    PrintOutcome,
    Trouble,
)
from tillhald.devices.errors import RetrySafety
from tillhald.devices.permission import Permission
from tillhald.devices.wake import Wake
from tillhald.domain.document import Cut, PrintDocument, Run, Text
from tillhald.drivers.escpos import dialogue, driver
from tillhald.drivers.escpos.driver import EscposPrinter


def receipt(words: str) -> PrintDocument:
    return PrintDocument(parts=(Text(runs=(Run(text=words),)), Cut()))


@pytest.fixture(params=LINKS)
def wiring(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Wiring]:
    wiring = Wiring(request.param, tmp_path)
    yield wiring
    wiring.close()


@pytest.fixture
def paper(wiring: Wiring) -> Iterator[VirtualPrinter]:
    with wiring.simulator(drawer=VirtualDrawer()) as simulator:
        yield simulator


class Printing:
    """A receipt that is printed on another thread, and waits for its permission."""

    def __init__(self, printer: EscposPrinter, wake: Wake, cuts_before: int) -> None:
        self.go = Permission()
        self.go.rings(wake.ring)
        self.outcomes: list[PrintOutcome] = []
        self._thread = threading.Thread(target=self._run, args=(printer, cuts_before))
        self._thread.start()

    def _run(self, printer: EscposPrinter, cuts_before: int) -> None:
        self.outcomes.append(printer.print(receipt("x"), 10.0, cuts_before, self.go))

    def outcome(self) -> PrintOutcome:
        self._thread.join(15)
        return self.outcomes[0]


def counted(wiring: Wiring, paper: VirtualPrinter) -> EscposPrinter:
    """A printer on which one receipt was printed, so that its count is known: 1."""
    printer = wiring.connect(paper)
    for _ in range(5):  # on a busy machine an answer may take its second
        outcome = printer.print(receipt("first"), 10.0)
        if not isinstance(outcome, FailedBeforeStart):
            break
    assert outcome == Confirmed(Evidence.PROCESS_ID)
    assert printer.status(0).cut_count.value == 1
    return printer


def await_asked(paper: VirtualPrinter, times: int) -> None:
    paper.wait_commands("GS g", times, timeout_s=20)


def asked(paper: VirtualPrinter) -> int:
    return sum(command.name == "GS g" for command in paper.log)


def test_a_job_is_ready_and_not_a_byte_of_it_goes_before_it_may(
    paper: VirtualPrinter, wiring: Wiring
) -> None:
    printer = counted(wiring, paper)
    before = asked(paper)
    printing = Printing(printer, wiring.wake_of(printer), 1)
    await_asked(paper, before + 1)
    assert not printing.outcomes
    assert (paper.receipt_count, paper.uncut_text.strip()) == (1, "")
    printing.go.give()
    assert printing.outcome() == Confirmed(Evidence.PROCESS_ID)
    assert paper.receipt_count == 2


def test_a_job_that_may_go_before_it_is_ready_goes_then(
    paper: VirtualPrinter, wiring: Wiring
) -> None:
    printer = counted(wiring, paper)
    go = Permission()
    go.give()
    assert printer.print(receipt("x"), 10.0, 1, go) == Confirmed(Evidence.PROCESS_ID)


def test_a_job_does_not_go_to_a_printer_that_does_not_tell_its_count_now(
    paper: VirtualPrinter, wiring: Wiring
) -> None:
    printer = counted(wiring, paper)
    paper.ignore("GS g")
    go = Permission()
    go.give()
    outcome = printer.print(receipt("x"), 10.0, 1, go)
    assert outcome == FailedBeforeStart(Trouble.CUTS_CHANGED, RetrySafety.SAFE)
    assert (paper.receipt_count, paper.uncut_text.strip()) == (1, "")


def test_a_job_that_may_not_go_lets_go_of_the_port(
    paper: VirtualPrinter, wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "PERMISSION_S_MAX", 0.1)
    printer = counted(wiring, paper)
    outcome = printer.print(receipt("x"), 10.0, 1, Permission())
    assert outcome == FailedBeforeStart(Trouble.DEVICE_TIMEOUT, RetrySafety.SAFE)
    assert (paper.receipt_count, paper.uncut_text.strip()) == (1, "")


def test_a_job_whose_printer_opens_its_cover_before_it_may_go_does_not_begin(
    paper: VirtualPrinter, wiring: Wiring
) -> None:
    printer = counted(wiring, paper)
    before = asked(paper)
    printing = Printing(printer, wiring.wake_of(printer), 1)
    await_asked(paper, before + 1)
    paper.open_cover()
    pause = threading.Event()
    wait_until(
        lambda: printer.status(0).cover_open.value is True,
        "the till hears of it",
        lambda: pause.wait(0.01),
    )
    printing.go.give()
    assert printing.outcome() == FailedBeforeStart(Trouble.COVER_OPEN, RetrySafety.SAFE)
    assert paper.receipt_count == 1


@pytest.fixture(params=["serial", "usb"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Wiring]:
    """A line that another program may write to as well; a network card serves one at a time."""
    wiring = Wiring(request.param, tmp_path)
    yield wiring
    wiring.close()


def test_a_job_does_not_begin_where_somebody_else_has_cut_since_its_count(shared: Wiring) -> None:
    with shared.simulator() as paper:
        printer = counted(shared, paper)
        cut_by_another(shared, paper)
        printing = Printing(printer, shared.wake_of(printer), 1)
        printing.go.give()
        assert printing.outcome() == FailedBeforeStart(Trouble.CUTS_CHANGED, RetrySafety.SAFE)
        assert paper.receipt_count == 2


def test_an_idle_printer_is_asked_for_its_count_again(
    shared: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogue, "COUNT_EVERY_S", 0.05)
    with shared.simulator() as paper:
        printer = counted(shared, paper)
        cut_by_another(shared, paper)
        wait_until(
            lambda: printer.status(0).cut_count.value == 2,
            "it knows the new count",
            lambda: printer.poll(0.05),
        )


def cut_by_another(wiring: Wiring, paper: VirtualPrinter) -> None:
    with wiring.another_host(paper) as send:
        send(b"theirs\n\x1dVA\x00")
        paper.wait_receipts(2, timeout_s=20)


def test_a_cover_that_was_open_makes_the_count_unknown(
    paper: VirtualPrinter, wiring: Wiring
) -> None:
    printer = counted(wiring, paper)
    paper.open_cover()
    wait_until(
        lambda: printer.status(0).cut_count.how is How.UNKNOWN,
        "it does not know the count any more",
        lambda: printer.poll(0.05),
    )

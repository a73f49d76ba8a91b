"""What a PosPrinter promises."""

import io
import random
import time
from collections.abc import Iterator
from typing import Final

import pytest
from PIL import Image as Picture

from hwsim.conformance.waiting import wait_until
from hwsim.drawer import VirtualDrawer
from hwsim.mechanism import PaperState
from hwsim.printer import VirtualPrinter
from tillhald.devices.categories import (
    Completion,
    Confirmed,
    FailedBeforeStart,
    How,
    PosPrinter,
    PowerState,
    PrintOutcome,
    Pulse,
    Trouble,
    Unconfirmed,
)
from tillhald.devices.errors import RetrySafety
from tillhald.devices.wake import Wake
from tillhald.domain.document import (
    Barcode,
    BarcodeKind,
    Columns,
    Cut,
    Image,
    PrintDocument,
    Rule,
    Run,
    Text,
)

PRINT_S: Final = 5.0
LATE_S_MAX: Final = 1.5
"""How much later than its deadline a call may answer, on a busy machine."""
SILENT_S: Final = 1.2
"""For a job on a printer that says nothing: what it says after a second is no better."""
STALL_BYTES: Final = 2_000


def text(*words: str) -> PrintDocument:
    """A line for each, and a cut."""
    return PrintDocument(parts=(*(Text(runs=(Run(text=line),)) for line in words), Cut()))


def long_text() -> PrintDocument:
    """More than any link takes ahead, of what every printer can print."""
    return text(*(f"{n:04} " + "x" * 195 for n in range(90)))


def noise(width: int, height: int) -> bytes:
    """A picture that cannot be made small, as PNG."""
    dots = random.Random(7).randbytes((width + 7) // 8 * height)  # noqa: S311 - the same each time
    content = io.BytesIO()
    Picture.frombytes("1", (width, height), dots).save(content, "PNG")
    return content.getvalue()


class PosPrinterConformance:
    """Override `printer`, and `paper` where another simulated printer is to stand there."""

    @pytest.fixture
    def drawer(self) -> VirtualDrawer:
        """The drawer on the printer's connector."""
        return VirtualDrawer()

    @pytest.fixture
    def paper(self, drawer: VirtualDrawer) -> Iterator[VirtualPrinter]:
        """The simulated printer: a TM-T88 on TCP."""
        with VirtualPrinter(drawer=drawer) as printer:
            yield printer

    @pytest.fixture
    def wake(self) -> Iterator[Wake]:
        """What the driver sleeps by."""
        wake = Wake()
        yield wake
        wake.close()

    @pytest.fixture
    def printer(self, paper: VirtualPrinter, wake: Wake) -> PosPrinter:
        """The driver that is tested, on `paper`. It is closed by the tests."""
        raise NotImplementedError

    @pytest.fixture
    def ready(self, printer: PosPrinter) -> Iterator[PosPrinter]:
        """The same once it is connected, as the till waits for it; and let go of in the end."""
        wait_until(lambda: printer.status(0).connected, "it connects", lambda: printer.poll(0.05))
        yield printer
        printer.close()

    # --- what comes out

    def test_a_receipt_is_on_paper_once_and_as_it_was_laid_out(
        self, ready: PosPrinter, paper: VirtualPrinter
    ) -> None:
        columns = ready.capabilities.paper.columns
        parts = (Columns(left="Coffee", right="2.50"), Rule(), *text("TOTAL 2.50").parts)
        outcome = ready.print(PrintDocument(parts=parts), PRINT_S)
        self.expect_well(ready, outcome)
        (receipt,) = paper.wait_receipts(1, timeout_s=PRINT_S)
        lines = [line.rstrip() for line in receipt.text.splitlines() if line.strip()]
        assert lines == ["Coffee" + "2.50".rjust(columns - 6), "-" * columns, "TOTAL 2.50"]

    def test_jobs_come_out_in_the_order_in_which_they_were_printed(
        self, ready: PosPrinter, paper: VirtualPrinter
    ) -> None:
        for n in range(3):
            self.expect_well(ready, ready.print(text(f"job {n}"), PRINT_S))
        receipts = paper.wait_receipts(3, timeout_s=PRINT_S)
        assert [one.text.strip() for one in receipts] == ["job 0", "job 1", "job 2"]

    def test_confirmed_means_that_it_is_on_paper_at_that_moment(
        self, ready: PosPrinter, paper: VirtualPrinter
    ) -> None:
        outcome = ready.print(text("now"), PRINT_S)
        if not isinstance(outcome, Confirmed):
            pytest.skip("not claimed: it confirms nothing")
        assert [one.text.strip() for one in paper.receipts] == ["now"]

    def test_a_document_that_cannot_be_printed_never_reaches_the_printer(
        self, ready: PosPrinter, paper: VirtualPrinter
    ) -> None:
        wrong = PrintDocument(parts=(Barcode(kind=BarcodeKind.EAN13, value="6901028075764"),))
        assert ready.check(wrong)
        assert ready.check(text("right")) == []
        outcome = ready.print(wrong, PRINT_S)
        assert isinstance(outcome, FailedBeforeStart)
        assert outcome.retry_safety is RetrySafety.NEVER
        assert outcome.reason in (Trouble.DOCUMENT_INVALID, Trouble.TEXT_NOT_PRINTABLE)
        self.expect_well(ready, ready.print(text("after"), PRINT_S))
        assert [one.text.strip() for one in paper.wait_receipts(1, timeout_s=PRINT_S)] == ["after"]

    def test_letting_go_of_a_printer_leaves_it_all_that_was_sent(
        self, ready: PosPrinter, paper: VirtualPrinter
    ) -> None:
        ready.print(text("begin", *("x" * 40 for _ in range(200)), "end"), PRINT_S)
        ready.close()
        assert "end" in paper.wait_receipts(1, timeout_s=PRINT_S)[0].text

    # --- what keeps it from printing

    def test_nothing_is_sent_to_a_printer_that_says_its_cover_is_open(
        self, ready: PosPrinter, paper: VirtualPrinter
    ) -> None:
        if ready.status(0).cover_open.how is How.UNSUPPORTED:
            pytest.skip("not claimed: it does not see its cover")
        paper.open_cover()
        outcome = ready.print(text("nothing"), PRINT_S)
        assert outcome == FailedBeforeStart(Trouble.COVER_OPEN, RetrySafety.SAFE)
        paper.close_cover()
        self.expect_well(ready, ready.print(text("something"), PRINT_S))
        receipts = paper.wait_receipts(1, timeout_s=PRINT_S)
        assert [one.text.strip() for one in receipts] == ["something"]

    def test_nothing_is_sent_to_a_printer_that_says_it_has_no_paper(
        self, ready: PosPrinter, paper: VirtualPrinter
    ) -> None:
        if ready.status(0).paper_out.how is How.UNSUPPORTED:
            pytest.skip("not claimed: it does not see its paper")
        paper.set_paper(PaperState.END)
        outcome = ready.print(text("nothing"), PRINT_S)
        assert outcome == FailedBeforeStart(Trouble.PAPER_OUT, RetrySafety.SAFE)
        paper.set_paper(PaperState.ADEQUATE)
        self.expect_well(ready, ready.print(text("something"), PRINT_S))
        receipts = paper.wait_receipts(1, timeout_s=PRINT_S)
        assert [one.text.strip() for one in receipts] == ["something"]

    def test_a_receipt_that_the_paper_ran_out_on_is_not_confirmed_and_comes_out_once(
        self, ready: PosPrinter, paper: VirtualPrinter
    ) -> None:
        paper.set_paper(PaperState.END, after_dots=60)
        outcome = ready.print(text(*(f"line {n}" for n in range(20))), 0.5)
        assert isinstance(outcome, Unconfirmed)
        paper.set_paper(PaperState.ADEQUATE)
        if ready.capabilities.completion is Completion.PRINTED:
            late: list[str] = []
            wait_until(
                lambda: bool(late), "it is confirmed late", lambda: late.extend(ready.poll(0.05))
            )
            assert late == [outcome.ticket]
        paper.wait_receipts(1, timeout_s=PRINT_S)
        ready.poll(0.05)
        assert len(paper.receipts) == 1

    def test_a_printer_that_is_switched_off_prints_nothing_then_nor_later(
        self, ready: PosPrinter, paper: VirtualPrinter, drawer: VirtualDrawer
    ) -> None:
        paper.power_off()
        outcome = ready.print(text("nothing"), PRINT_S)
        assert not isinstance(outcome, Confirmed)
        wait_until(lambda: not ready.status(0).connected, "it is off", lambda: ready.poll(0.05))
        status = ready.status(0)
        assert status.power.value is not PowerState.ONLINE
        assert How.MEASURED not in (status.cover_open.how, status.paper_out.how)
        outcome = ready.pulse_drawer(Pulse(pin=2, on_ms=100, off_ms=200, now=True), 0.5)
        assert isinstance(outcome, FailedBeforeStart)
        paper.power_on()
        wait_until(lambda: ready.status(0).connected, "it is on", lambda: ready.poll(0.1))
        self.expect_well(ready, ready.print(text("something"), PRINT_S))
        texts = [one.text.strip() for one in paper.wait_receipts(1, timeout_s=PRINT_S)]
        assert texts == ["something"]
        assert drawer.open_count == 0

    def test_a_printer_that_loses_power_in_mid_job_is_never_said_to_have_printed(
        self, ready: PosPrinter, paper: VirtualPrinter
    ) -> None:
        if ready.check(picture := PrintDocument(parts=(Image(content=noise(384, 800)), Cut()))):
            picture = long_text()
        paper.stall_after(STALL_BYTES)
        outcome = ready.print(picture, 0.7)
        paper.power_off()
        # On a busy machine the time may be over before the first byte.
        assert not isinstance(outcome, Confirmed)
        if isinstance(outcome, FailedBeforeStart):
            assert outcome.retry_safety is RetrySafety.SAFE

    def test_a_silent_printer_confirms_nothing_and_nothing_is_made_up_about_it(
        self, ready: PosPrinter, paper: VirtualPrinter
    ) -> None:
        paper.mute()
        outcome = ready.print(text("who knows"), SILENT_S)
        assert not isinstance(outcome, Confirmed)
        if isinstance(outcome, FailedBeforeStart):
            assert outcome.retry_safety is RetrySafety.SAFE
            assert paper.receipts == []

    def test_a_printer_that_stops_reading_holds_nobody_beyond_the_deadline(
        self, ready: PosPrinter, paper: VirtualPrinter
    ) -> None:
        if ready.check(picture := PrintDocument(parts=(Image(content=noise(384, 2000)), Cut()))):
            picture = long_text()
        paper.stall_after(STALL_BYTES)
        began_s = time.monotonic()
        outcome = ready.print(picture, 0.7)
        assert time.monotonic() - began_s < 0.7 + LATE_S_MAX
        assert not isinstance(outcome, Confirmed)

    # --- between jobs

    def test_saying_what_is_known_asks_nobody_and_takes_no_time(
        self, ready: PosPrinter, paper: VirtualPrinter
    ) -> None:
        paper.stall_after(0)
        began_s = time.monotonic()
        for _ in range(20):
            ready.status(0)
        assert time.monotonic() - began_s < LATE_S_MAX
        paper.release()

    def test_a_turn_ends_in_its_time_and_at_once_when_the_port_is_wanted(
        self, ready: PosPrinter, wake: Wake
    ) -> None:
        for _ in range(3):
            ready.poll(0.05)  # whatever it had to say and to ask at first
        began_s = time.monotonic()
        ready.poll(0.2)
        assert time.monotonic() - began_s < 0.2 + LATE_S_MAX
        wake.ring()
        began_s = time.monotonic()
        ready.poll(5.0)
        assert time.monotonic() - began_s < LATE_S_MAX

    # --- the drawer on its connector

    def test_a_pulse_opens_the_drawer_once(
        self, ready: PosPrinter, paper: VirtualPrinter, drawer: VirtualDrawer
    ) -> None:
        pulse = Pulse(pin=2, on_ms=100, off_ms=200, now=False)
        outcome = ready.pulse_drawer(pulse, PRINT_S)
        if isinstance(outcome, FailedBeforeStart) and outcome.retry_safety is RetrySafety.NEVER:
            pytest.skip("not claimed: it opens no drawer")
        assert isinstance(outcome, Confirmed | Unconfirmed)
        paper.wait_pulses(1, timeout_s=PRINT_S)
        ready.poll(0.05)
        assert (len(paper.pulses), drawer.open_count) == (1, 1)

    # ---

    def expect_well(self, printer: PosPrinter, outcome: PrintOutcome) -> None:
        """The best that this printer can say: not less where nothing was wrong, and not more."""
        match printer.capabilities.completion:
            case Completion.PRINTED:
                assert isinstance(outcome, Confirmed)
            case Completion.PROCESSED:
                assert isinstance(outcome, Unconfirmed)
                assert outcome.reason is Trouble.PROCESSED_ONLY
            case Completion.NONE:
                assert isinstance(outcome, Unconfirmed)
                assert outcome.reason is Trouble.NO_ANSWER

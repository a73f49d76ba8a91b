"""What the ESC/POS driver promises beyond the suite of every printer (see test_suites.py).

Everything is promised over every kind of link (tillhald.drivers.escpos has five; the file, which
says nothing, is in test_printer_links.py). What takes its time is shown on those links that differ.
"""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PIL import Image as Picture

from hwsim.drawer import VirtualDrawer
from hwsim.mechanism import PaperState
from hwsim.models import MODELS
from hwsim.printer import VirtualPrinter
from tests.support.wiring import LINKS, Wiring
from tillhald.devices.categories import (
    UNCOUNTED,
    Confirmed,
    Evidence,
    FailedBeforeStart,
    FailedPartial,
    How,
    PowerState,
    PrintOutcome,
    Pulse,
    Trouble,
    Unconfirmed,
)
from tillhald.devices.errors import RetrySafety
from tillhald.domain.document import (
    PLAIN,
    Align,
    Barcode,
    BarcodeKind,
    Columns,
    Cut,
    Image,
    PrintDocument,
    QrCode,
    Run,
    Style,
    Text,
)
from tillhald.drivers.escpos import dialogue
from tillhald.drivers.escpos.driver import EscposPrinter


def text(words: str, style: Style = PLAIN) -> Text:
    return Text(runs=(Run(text=words, style=style),))


def receipt(*words: str) -> PrintDocument:
    return PrintDocument(parts=(*(text(line) for line in words), Cut()))


def begun(printer: EscposPrinter, document: PrintDocument) -> PrintOutcome:
    """Print; again where nothing has left: on a busy machine an answer may take its second."""
    for _ in range(5):
        outcome = printer.print(document, 10.0)
        if not isinstance(outcome, FailedBeforeStart):
            break
    return outcome


def noise(width: int, height: int) -> bytes:
    picture = Picture.effect_noise((width, height), 100).convert("1")
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


@pytest.fixture(params=LINKS)
def wiring(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Wiring]:
    wiring = Wiring(request.param, tmp_path)
    yield wiring
    wiring.close()


@pytest.fixture
def paper(wiring: Wiring) -> Iterator[VirtualPrinter]:
    with wiring.simulator(drawer=VirtualDrawer()) as simulator:
        yield simulator


def test_chinese_text_and_its_widths_arrive(paper: VirtualPrinter, wiring: Wiring) -> None:
    document = PrintDocument(
        parts=(
            Text(runs=(Run(text="谢谢惠顾"),), align=Align.CENTER),
            Columns(left="可口可乐", right="¥3.50"),
            Columns(left="Café ½ Привет Ωμέγα", right="€12.00"),
            text("合计：三元五角。", Style(bold=True, width=2, height=2)),
            Cut(),
        )
    )
    assert isinstance(wiring.connect(paper, "tm_t88v").print(document, 5.0), Confirmed)
    lines = paper.receipts[0].text.splitlines()
    assert lines[:3] == [
        " " * 17 + "谢谢惠顾",
        "可口可乐" + " " * 29 + "¥3.50",
        "Café ½ Привет Ωμέγα" + " " * 17 + "€12.00",
    ]
    assert "合计：三元五角。" in lines[3]


def test_barcodes_and_qr_codes_can_be_read_from_the_paper(
    paper: VirtualPrinter, wiring: Wiring
) -> None:
    import zxingcpp

    values = {"6901028075763", "R-0001{}", "AB 12", "https://example.com/重印"}
    document = PrintDocument(
        parts=(
            Barcode(kind=BarcodeKind.EAN13, value="6901028075763"),
            Barcode(kind=BarcodeKind.CODE128, value="R-0001{}"),
            Barcode(kind=BarcodeKind.CODE39, value="AB 12"),
            QrCode(value="https://example.com/重印"),
            Cut(),
        )
    )
    assert isinstance(wiring.connect(paper).print(document, 5.0), Confirmed)
    image = paper.receipts[0].image.convert("L")
    assert {found.text for found in zxingcpp.read_barcodes(image)} >= values


def test_a_receipt_that_the_paper_ran_out_on_is_confirmed_once_and_late(
    paper: VirtualPrinter, wiring: Wiring
) -> None:
    printer = wiring.connect(paper)
    paper.set_paper(PaperState.END, after_dots=60)
    outcome = printer.print(receipt(*(f"line {n}" for n in range(20))), 0.5)
    assert isinstance(outcome, Unconfirmed)
    assert outcome.reason is Trouble.PAPER_OUT
    again = printer.print(receipt("another"), 0.5)
    assert again == FailedBeforeStart(Trouble.PAPER_OUT, RetrySafety.SAFE)
    paper.set_paper(PaperState.ADEQUATE)
    late: list[str] = []
    end_s = time.monotonic() + 20
    while not late and time.monotonic() < end_s:
        late += printer.poll(0.1)
    assert late == [outcome.ticket]
    assert len(paper.receipts) == 1


@pytest.mark.parametrize("wiring", ["tcp", "usb", "serial"], indirect=True)
@pytest.mark.usefixtures("impatient")
def test_a_printer_that_loses_power_in_mid_job_leaves_a_partial_receipt(
    paper: VirtualPrinter, wiring: Wiring
) -> None:
    printer = wiring.connect(paper)
    printer.status(2.0)
    paper.stall_after(40_000)
    document = PrintDocument(parts=(text("begun"), Image(content=noise(512, 2000)), Cut()))
    outcomes: list[PrintOutcome] = []
    job = threading.Thread(target=lambda: outcomes.append(printer.print(document, 5.0)))
    job.start()
    paper.wait_commands("GS v", 2, timeout_s=20)
    paper.power_off()
    job.join(8)
    (outcome,) = outcomes
    if wiring.shows_power:
        assert isinstance(outcome, FailedPartial)
        assert outcome.reason in (Trouble.LINK_LOST, Trouble.PRINTER_ERROR)
    else:  # the line took the rest for a printer that is not there
        assert isinstance(outcome, Unconfirmed)
        assert outcome.reason is Trouble.NO_ANSWER


@pytest.mark.parametrize("wiring", ["tcp", "serial"], indirect=True)
@pytest.mark.usefixtures("impatient")
def test_a_silent_printer_confirms_nothing_and_is_never_said_to_have_paper(
    paper: VirtualPrinter, wiring: Wiring
) -> None:
    paper.mute()
    printer = wiring.connect(paper)
    outcome = printer.print(receipt("who knows"), 6.0)
    if not wiring.shows_power:
        assert outcome == FailedBeforeStart(Trouble.DEVICE_OFFLINE, RetrySafety.SAFE)
        assert printer.status(0).paper_out.how is How.UNKNOWN
        return
    assert isinstance(outcome, Unconfirmed)
    assert outcome.reason is Trouble.NO_ANSWER
    status = printer.status(0)
    assert status.paper_out.how is How.UNKNOWN
    assert status.power.value is PowerState.UNKNOWN
    assert status.silent
    assert len(paper.wait_receipts(1, timeout_s=20)) == 1


def test_a_clone_without_process_ids_says_only_that_it_has_read_the_job(
    wiring: Wiring,
) -> None:
    with wiring.simulator(model=MODELS["generic-58"]) as paper:
        outcome = wiring.connect(paper, "generic_58").print(receipt("你好"), 3.0)
        assert isinstance(outcome, Unconfirmed)
        assert outcome.reason is Trouble.PROCESSED_ONLY
        assert paper.receipts[0].text.strip() == "你好"


@pytest.mark.parametrize("wiring", ["tcp"], indirect=True)
def test_a_clone_that_was_held_up_has_read_a_job_only_once_it_is_out(
    wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogue, "PERSON_S_MAX", 0.1)
    with wiring.simulator(model=MODELS["generic-80"]) as paper:
        printer = wiring.connect(paper, "generic_80")
        paper.after(paper.open_cover, lines=3)
        held_up = printer.print(receipt(*(f"one {n}" for n in range(20))), 10.0)
        assert isinstance(held_up, Unconfirmed)
        assert held_up.reason is Trouble.COVER_OPEN
        paper.drain_slowly(400)
        paper.close_cover()
        outcome = begun(printer, receipt(*(f"two {n}" for n in range(20))))
        assert isinstance(outcome, Unconfirmed)
        assert (outcome.reason, paper.receipt_count) == (Trouble.PROCESSED_ONLY, 2)


def test_a_job_without_a_count_does_not_begin_on_a_printer_that_can_tell_it(
    wiring: Wiring,
) -> None:
    with wiring.simulator() as paper:
        printer = wiring.connect(paper)
        outcome = printer.print(receipt("x"), 10.0, UNCOUNTED)
        assert outcome == FailedBeforeStart(Trouble.CUTS_CHANGED, RetrySafety.SAFE)
        cuts = printer.status(0).cut_count
        assert (cuts.how, cuts.value) == (How.MEASURED, 0)
        assert printer.print(receipt("x"), 10.0, 0) == Confirmed(Evidence.PROCESS_ID)
        assert paper.receipt_count == 1


def test_a_job_without_a_count_begins_on_a_printer_that_cannot_tell_it(wiring: Wiring) -> None:
    with wiring.simulator() as paper:
        paper.ignore("GS g")
        printer = wiring.connect(paper)
        assert printer.print(receipt("x"), 10.0, UNCOUNTED) == Confirmed(Evidence.PROCESS_ID)


def test_a_lost_link_is_outweighed_by_the_printers_own_count_of_cuts(
    wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogue, "STEP_S_MAX", 0.4)  # this printer answers no fence at all
    with wiring.simulator(ignore_process_id=True) as paper:
        printer = wiring.connect(paper)
        outcomes: list[PrintOutcome] = []
        job = threading.Thread(target=lambda: outcomes.append(begun(printer, receipt("x"))))
        job.start()
        paper.wait_receipts(1, timeout_s=20)
        paper.unplug()
        paper.plug_in()
        job.join(15)
        assert outcomes == [Confirmed(Evidence.CUT_COUNTER)]


def test_a_lost_link_without_a_cut_stays_in_doubt(
    wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogue, "STEP_S_MAX", 0.4)
    with wiring.simulator(ignore_process_id=True) as paper:
        printer = wiring.connect(paper)
        paper.jam_cutter()
        outcomes: list[PrintOutcome] = []
        job = threading.Thread(target=lambda: outcomes.append(begun(printer, receipt("x"))))
        job.start()
        paper.wait_commands("LF", 1, timeout_s=20)
        paper.unplug()
        paper.plug_in()
        job.join(15)
        assert isinstance(outcomes[0], Unconfirmed)
        assert outcomes[0].reason in (Trouble.LINK_LOST, Trouble.PRINTER_ERROR)


@pytest.mark.parametrize("wiring", ["tcp", "rfc2217"], indirect=True)
def test_a_receipt_after_a_predecessor_that_died_in_a_picture_is_not_printed_as_dots(
    paper: VirtualPrinter, wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogue, "STEP_S_MAX", 0.5)
    with wiring.another_host(paper) as send:
        send(b"before\n\x1dv0\x00\x40\x00\x00\x01" + b"\xaa" * 100)
        paper.wait_commands("LF", 1, timeout_s=20)
    outcome = wiring.connect(paper).print(receipt("after"), 5.0)
    assert outcome == Confirmed(Evidence.PROCESS_ID)
    assert paper.receipts[0].text.splitlines()[-1].strip() == "after"


@pytest.mark.parametrize("wiring", ["tcp", "serial"], indirect=True)
def test_a_till_that_dies_in_mid_print_leaves_half_a_receipt_and_a_usable_printer(
    paper: VirtualPrinter, wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogue, "STEP_S_MAX", 0.5)
    program = (
        "import sys\n"
        "import msgspec\n"
        "from tillhald.devices.wake import Wake\n"
        "from tillhald.domain.document import Cut, Image, PrintDocument\n"
        "from tillhald.drivers.escpos.driver import EscposOptions, EscposPrinter\n"
        "from tillhald.drivers.escpos.ports import PortOptions\n"
        "port = msgspec.json.decode(sys.argv[1], type=PortOptions)\n"
        "options = EscposOptions(port=port, profile='tm_t88')\n"
        "picture = Image(content=sys.stdin.buffer.read())\n"
        "document = PrintDocument(parts=(picture, Cut()))\n"
        "print(EscposPrinter('p', options, Wake()).print(document, 10.0))\n"
    )
    died = subprocess.run(
        [sys.executable, "-c", program, msgspec.json.encode(wiring.port(paper)).decode()],
        env={"PYTHONPATH": ":".join(sys.path), "TILLHALD_FAILPOINT": "printer.mid_print"},
        input=noise(512, 250),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (died.returncode, died.stdout) == (-signal.SIGKILL, b"")
    assert wiring.connect(paper).print(receipt("after"), 8.0) == Confirmed(Evidence.PROCESS_ID)
    assert [one.text.splitlines()[-1].strip() for one in paper.receipts] == ["after"]


def test_a_picture_that_spells_a_command_does_not_open_the_drawer(wiring: Wiring) -> None:
    live = bytes.fromhex("1014010005") + b"\xff"
    picture = Picture.frombytes("1", (48, 1), bytes(0xFF ^ byte for byte in live))
    content = io.BytesIO()
    picture.save(content, "PNG")
    document = PrintDocument(parts=(Image(content=content.getvalue(), align=Align.LEFT), Cut()))
    drawer = VirtualDrawer()
    with wiring.simulator(drawer=drawer, realtime_in_data=True) as paper:
        with wiring.another_host(paper) as send:  # the simulator does obey it
            send(b"\x1dv0\x00\x06\x00\x01\x00" + live)
            paper.wait_pulses(1, timeout_s=20)
        drawer.close()
        assert isinstance(wiring.connect(paper).print(document, 5.0), Confirmed)
        assert drawer.open_count == 1


def test_a_tall_picture_has_the_same_dots_on_paper(paper: VirtualPrinter, wiring: Wiring) -> None:
    picture = Picture.new("1", (100, 1100), 1)
    picture.paste(0, (40, 100, 60, 1000))
    content = io.BytesIO()
    picture.save(content, "PNG")
    document = PrintDocument(parts=(Image(content=content.getvalue()), Cut()))
    assert isinstance(wiring.connect(paper).print(document, 5.0), Confirmed)
    dots = paper.receipts[0].image.convert("L").point(lambda level: 255 * (level < 128))
    box = dots.getbbox()
    assert box is not None
    left, top, right, bottom = box
    assert (right - left, bottom - top) == (20, 900)
    assert left == (512 - 100) // 2 + 40
    assert dots.crop(box).getextrema() == (255, 255)


def test_letting_go_of_a_printer_leaves_it_all_that_was_sent(wiring: Wiring) -> None:
    with wiring.simulator(ignore_process_id=True) as paper:
        printer = wiring.connect(paper, "generic_80")
        document = PrintDocument(parts=(Image(content=noise(512, 1500)), text("end"), Cut()))
        assert isinstance(printer.print(document, 5.0), Unconfirmed)
        printer.close()
        assert "end" in paper.wait_receipts(1, timeout_s=20)[0].text


def test_a_pulse_in_turn_waits_and_a_pulse_now_overtakes_an_empty_roll(
    paper: VirtualPrinter, wiring: Wiring
) -> None:
    printer = wiring.connect(paper)
    pulse = Pulse(pin=2, on_ms=100, off_ms=200, now=False)
    assert printer.pulse_drawer(pulse, 3.0) == Confirmed(Evidence.PROCESS_ID)
    paper.set_paper(PaperState.END)
    in_turn = printer.pulse_drawer(pulse, 1.0)
    assert in_turn == FailedBeforeStart(Trouble.PAPER_OUT, RetrySafety.SAFE)
    outcome = printer.pulse_drawer(Pulse(pin=2, on_ms=100, off_ms=200, now=True), 1.0)
    assert isinstance(outcome, Unconfirmed)
    assert outcome.reason is Trouble.PROCESSED_ONLY
    assert [one.command for one in paper.pulses] == ["ESC p", "DLE DC4"]


def test_a_document_that_cannot_be_printed_never_reaches_the_printer(
    paper: VirtualPrinter, wiring: Wiring
) -> None:
    printer = wiring.connect(paper)
    wrong = PrintDocument(parts=(Barcode(kind=BarcodeKind.EAN13, value="6901028075764"),))
    outcome = printer.print(wrong, 1.0)
    assert outcome == FailedBeforeStart(Trouble.DOCUMENT_INVALID, RetrySafety.NEVER)
    hebrew = printer.print(receipt("שלום"), 1.0)
    assert hebrew == FailedBeforeStart(Trouble.TEXT_NOT_PRINTABLE, RetrySafety.NEVER)
    assert paper.log == []

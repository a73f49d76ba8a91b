"""What every link of tillhald.drivers.escpos promises: it ends, it hangs nobody up, it comes back."""

from __future__ import annotations

import io
import os
import socket
import termios
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import serial
from PIL import Image as Picture

from hwsim.drawer import VirtualDrawer
from hwsim.models import MODELS
from hwsim.printer import VirtualPrinter
from hwsim.serial_line import SerialAt
from tests.support.wiring import LINKS, Wiring
from tillhald.devices import link_serial
from tillhald.devices.categories import (
    Completion,
    Confirmed,
    FailedBeforeStart,
    FailedPartial,
    How,
    PrintOutcome,
    Pulse,
    Trouble,
    Unconfirmed,
)
from tillhald.devices.errors import DeviceOffline, DeviceTimeout, RetrySafety
from tillhald.devices.link import CHUNK_BYTES
from tillhald.devices.link_serial import BURST_BYTES_MAX
from tillhald.devices.wake import Wake
from tillhald.domain.document import Cut, Image, PrintDocument, Run, Text
from tillhald.drivers.escpos.driver import BEAT_S, EscposPrinter
from tillhald.drivers.escpos.ports import PortOptions, link_to

OFFLINE = FailedBeforeStart(Trouble.DEVICE_OFFLINE, RetrySafety.SAFE)


def receipt(words: str) -> PrintDocument:
    return PrintDocument(parts=(Text(runs=(Run(text=words),)), Cut()))


def picture(rows: int, times: int = 1) -> PrintDocument:
    """A picture of `rows` rows of 512 dots, several times."""
    content = io.BytesIO()
    Picture.effect_noise((512, rows), 100).convert("1").save(content, "PNG")
    return PrintDocument(parts=(*[Image(content=content.getvalue())] * times, Cut()))


def until(
    holds: Callable[[], bool], printer: EscposPrinter | None = None, s_max: float = 10
) -> None:
    """Wait for `holds`, letting the driver have its turns meanwhile."""
    end_s = time.monotonic() + s_max
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < end_s, "it never held"
        if printer is None:
            pause.wait(0.01)
        else:
            printer.poll(0.05)


@pytest.fixture(params=LINKS)
def wiring(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Wiring]:
    wiring = Wiring(request.param, tmp_path)
    yield wiring
    wiring.close()


@pytest.fixture
def serial_wiring(tmp_path: Path) -> Iterator[Wiring]:
    wiring = Wiring("serial", tmp_path)
    yield wiring
    wiring.close()


# --- unplugged, stalled, blocked


def test_a_cable_that_is_pulled_is_noticed_at_once_and_one_plugged_in_is_found(
    wiring: Wiring,
) -> None:
    with wiring.simulator() as paper:
        printer = wiring.connect(paper)
        until(lambda: printer.status(0).connected, printer)
        paper.unplug()
        began_s = time.monotonic()
        until(lambda: not printer.status(0).connected, printer)
        assert time.monotonic() - began_s < BEAT_S, "only the next question found it out"
        assert printer.print(receipt("lost"), 2.0) == OFFLINE
        paper.plug_in()
        until(lambda: printer.status(0).connected, printer)
        assert isinstance(printer.print(receipt("found"), 5.0), Confirmed)
        assert [one.text.strip() for one in paper.receipts] == ["found"]


def test_a_cable_that_is_pulled_in_mid_job_leaves_it_partial_at_once(wiring: Wiring) -> None:
    with wiring.simulator() as paper:
        printer = wiring.connect(paper)
        printer.status(2.0)
        paper.stall_after(30_000)
        outcomes: list[PrintOutcome] = []
        document = picture(2000)
        job = threading.Thread(target=lambda: outcomes.append(printer.print(document, 20.0)))
        job.start()
        paper.wait_commands("GS v", 1, timeout_s=20)
        paper.unplug()
        began_s = time.monotonic()
        job.join(15)
        assert time.monotonic() - began_s < 10.0, "half its deadline"
        (outcome,) = outcomes
        assert isinstance(outcome, FailedPartial)
        assert outcome.reason is Trouble.LINK_LOST
        assert 0 < outcome.bytes_sent < 128_000


def test_a_printer_that_stops_reading_and_answering_is_waited_for_no_longer_than_allowed(
    wiring: Wiring,
) -> None:
    with wiring.simulator() as paper:
        printer = wiring.connect(paper)
        assert isinstance(printer.print(receipt("before"), 5.0), Confirmed)
        paper.mute()
        paper.stall_after(0)
        began_s = time.monotonic()
        outcome = printer.print(picture(1000), 2.5)
        assert time.monotonic() - began_s < 8.0
        if wiring.shows_power:  # as half a TCP connection: it takes bytes until no more go
            assert isinstance(outcome, FailedPartial)
            assert outcome.reason is Trouble.DEVICE_TIMEOUT
        else:
            assert outcome == OFFLINE
        assert len(paper.receipts) == 1


def test_a_port_that_nobody_is_at_is_offline_at_once(wiring: Wiring) -> None:
    with wiring.simulator() as paper:
        port = wiring.port(paper)
    began_s = time.monotonic()
    assert wiring.driver(port).print(receipt("x"), 15.0) == OFFLINE
    assert time.monotonic() - began_s < 10.0, "it was waited for"


def test_letting_go_frees_the_port_for_the_next_one(wiring: Wiring) -> None:
    with wiring.simulator() as paper:
        for words in ("one", "two"):
            printer = wiring.connect(paper)
            assert isinstance(printer.print(receipt(words), 8.0), Confirmed)
            printer.close()
        assert [one.text.strip() for one in paper.receipts] == ["one", "two"]


# --- serial lines


def test_a_line_is_set_as_it_was_asked(serial_wiring: Wiring) -> None:
    with serial_wiring.simulator() as paper:
        # A pseudo-terminal keeps its 8 bits without parity whatever it is told.
        port = PortOptions(
            serial=str(serial_wiring.device), baud=19200, flow="xon_xoff", stop_bits=2
        )
        printer = serial_wiring.driver(port)
        printer.status(1.0)
        with open(serial_wiring.device, "rb", buffering=0) as line:
            iflag, _, cflag, _, speed, _, _ = termios.tcgetattr(line)
        assert speed == termios.B19200
        assert iflag & termios.IXON
        assert cflag & termios.CSTOPB
        assert paper.log


def test_a_line_has_one_owner(serial_wiring: Wiring) -> None:
    with serial_wiring.simulator() as paper:
        first, second = serial_wiring.connect(paper), serial_wiring.connect(paper)
        assert isinstance(first.print(receipt("first"), 5.0), Confirmed)
        assert second.print(receipt("second"), 2.0) == OFFLINE
        with pytest.raises(serial.SerialException, match="lock"):
            serial.Serial(str(serial_wiring.device), exclusive=True)
        wake = Wake()
        with pytest.raises(DeviceOffline, match="another program or device has this line"):
            link_to(serial_wiring.port(paper), "p", wake).connect(1.0, rousable=False)
        wake.close()


def test_xon_and_xoff_hold_a_long_job_back_and_lose_none_of_it(tmp_path: Path) -> None:
    wiring = Wiring("serial", tmp_path)
    at = SerialAt(wiring.device, xon_xoff=True)
    port = PortOptions(serial=str(wiring.device), baud=115200, flow="xon_xoff")
    with VirtualPrinter(link=at, receive_buffer_bytes=1024, realistic=True) as paper:
        printer = wiring.driver(port)
        assert isinstance(printer.print(picture(1500), 20.0), Confirmed)
        assert isinstance(printer.print(receipt("after"), 5.0), Confirmed)
        pictured, after = paper.receipts
        dots = pictured.image.convert("L").point(lambda level: 255 * (level < 128))
        box = dots.getbbox()
        assert box is not None and box[3] - box[1] >= 1490
        assert after.text.strip() == "after"
        # With its cover open it stops the till, which ends at its deadline.
        strips = sum(entry.name == "GS v" for entry in paper.log)
        outcomes: list[PrintOutcome] = []
        document = picture(1500, times=3)
        began_s = time.monotonic()
        job = threading.Thread(target=lambda: outcomes.append(printer.print(document, 1.5)))
        job.start()
        paper.wait_commands("GS v", strips + 2, timeout_s=20)
        paper.open_cover()
        job.join(15)
        assert time.monotonic() - began_s < 8.0
        (outcome,) = outcomes
        assert isinstance(outcome, FailedPartial)
        assert outcome.reason is Trouble.DEVICE_TIMEOUT
    wiring.close()


def test_dtr_dsr_sends_small_bursts_and_only_while_the_printer_is_ready(
    serial_wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = threading.Event()
    monkeypatch.setattr(link_serial, "data_set_ready", lambda _: ready.is_set())
    port = PortOptions(serial=str(serial_wiring.device), baud=115200, flow="dtr_dsr")
    wake = Wake()
    with serial_wiring.simulator() as paper:
        link = link_to(port, "p", wake)
        assert link.connect(1.0, rousable=False)
        with pytest.raises(DeviceTimeout) as late:
            link.send(b"too early\n", time.monotonic() + 0.2, lambda _: None)
        assert late.value.bytes_sent == 0
        threading.Timer(0.1, ready.set).start()
        words = b"ready." * 50
        link.send(words + b"\n", time.monotonic() + 5, lambda _: None)
        paper.wait_commands("LF", 1, timeout_s=20)
        assert paper.uncut_text.replace("\n", "") == words.decode()
        link.close()
    wake.close()
    assert len(words) > 4 * BURST_BYTES_MAX


def test_dtr_dsr_is_refused_on_a_line_that_has_no_dsr(serial_wiring: Wiring) -> None:
    port = PortOptions(serial=str(serial_wiring.device), baud=115200, flow="dtr_dsr")
    wake = Wake()
    with serial_wiring.simulator():
        link = link_to(port, "p", wake)
        with pytest.raises(DeviceOffline, match="no DSR"):
            link.connect(1.0, rousable=False)
        assert not link.up
    wake.close()


@pytest.mark.usefixtures("impatient")
def test_a_job_on_a_line_that_was_given_up_is_never_confirmed_late(
    serial_wiring: Wiring,
) -> None:
    """The printer may have been switched off and on, and have printed the end of it only."""
    with serial_wiring.simulator() as paper:
        printer = serial_wiring.connect(paper)
        assert isinstance(printer.print(receipt("before"), 5.0), Confirmed)
        # The beginning is taken; the end, and the question behind it, wait in the line.
        paper.stall_after(1000)
        outcome = printer.print(receipt("lost " * 400), 5.0)
        assert isinstance(outcome, Unconfirmed)
        assert outcome.reason is Trouble.NO_ANSWER
        until(lambda: not printer.status(0).connected, printer)
        fences = sum(entry.name == "GS ( H" for entry in paper.log)
        until(lambda: printer._dialogue.link.up, printer)  # the answer shall come on the new one
        paper.release()
        late: list[str] = []
        until(lambda: bool(late.extend(printer.poll(0.1)) or printer.status(0).connected))
        paper.wait_commands("GS ( H", fences + 1, timeout_s=5)
        late += printer.poll(0.2)
        assert late == []
        assert isinstance(printer.print(receipt("after"), 5.0), Confirmed)


def test_a_printer_switched_on_behind_a_line_that_stood_tells_of_its_drawer_again(
    serial_wiring: Wiring,
) -> None:
    drawer = VirtualDrawer()
    with serial_wiring.simulator(drawer=drawer) as paper:
        printer = serial_wiring.connect(paper)
        until(lambda: printer.status(0).connected, printer)
        paper.power_off()
        until(lambda: not printer.status(0).connected, printer)
        paper.power_on()
        until(lambda: printer.status(0).connected, printer)
        paper.wait_commands("GS a", 2, timeout_s=20)
        drawer.open_by_key()
        until(lambda: printer.status(0).drawer_pin_high.known(value=True), printer, 1.0)


# --- behind a terminal server


def test_a_terminal_server_sets_the_line_as_it_was_asked(tmp_path: Path) -> None:
    wiring = Wiring("rfc2217", tmp_path)
    with wiring.simulator() as paper:
        host, port = paper.address
        options = PortOptions(
            rfc2217=f"{host}:{port}", baud=38400, flow="xon_xoff", parity="odd", bits=7
        )
        printer = wiring.driver(options)
        assert printer.status(2.0).connected
        line = paper.terminal_server.line
        assert (line.baudrate, line.bytesize, line.parity, line.stopbits) == (38400, 7, "O", 1)
        assert (line.xonxoff, line.rtscts) == (True, False)
    wiring.close()


@pytest.mark.usefixtures("impatient")
def test_what_does_not_speak_rfc_2217_is_told_within_seconds(tmp_path: Path) -> None:
    wiring = Wiring("tcp", tmp_path)
    with wiring.simulator() as paper:
        host, port = paper.address
        printer = wiring.driver(PortOptions(rfc2217=f"{host}:{port}", baud=9600, flow="none"))
        began_s = time.monotonic()
        assert printer.print(receipt("x"), 20.0) == OFFLINE
        assert time.monotonic() - began_s < 10.0
    wiring.close()


def test_a_terminal_server_that_refuses_the_port_is_told_at_once(tmp_path: Path) -> None:
    wiring = Wiring("rfc2217", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        options = PortOptions(rfc2217=f"{host}:{port}", baud=9600, flow="none")
        wake = Wake()
        link = link_to(options, "p", wake)
        assert not link.connect(0.05, rousable=False)
        peer, _ = server.accept()
        with peer:
            peer.sendall(bytes([255, 254, 44]))  # DONT COM-PORT-OPTION
            with pytest.raises(DeviceOffline, match="no serial line"):
                link.connect(2.0, rousable=False)
        wake.close()
    wiring.close()


def test_a_terminal_server_that_speaks_while_it_is_told_something_is_answered(
    tmp_path: Path,
) -> None:
    wiring = Wiring("rfc2217", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        host, port = server.getsockname()
        options = PortOptions(rfc2217=f"{host}:{port}", baud=9600, flow="none")
        wake = Wake()
        link = link_to(options, "p", wake)
        assert not link.connect(0.05, rousable=False)
        peer, _ = server.accept()
        with peer:
            will_echo, do_com_port = bytes([255, 251, 1]), bytes([255, 253, 44])
            # What fits into one read makes the till answer, and the rest is heard meanwhile.
            peer.sendall(will_echo.ljust(CHUNK_BYTES, b"\0") + do_com_port)
            patient = pool.submit(link.connect, 3.0, rousable=False)
            peer.settimeout(1.0)
            told = b""
            set_baud = bytes([255, 250, 44, 1]) + (9600).to_bytes(4)
            while set_baud not in told:
                told += peer.recv(4096)
        with pytest.raises(DeviceOffline):
            patient.result()
        wake.close()
    wiring.close()


# --- links without a way back


def test_a_file_takes_whole_jobs_in_turn_and_nothing_is_claimed_of_them(
    tmp_path: Path,
) -> None:
    wiring = Wiring("file", tmp_path)
    path = tmp_path / "spool"
    printer = wiring.driver(PortOptions(file=str(path)))
    outcomes = [printer.print(receipt(words), 2.0) for words in ("one", "two")]
    assert outcomes == [Unconfirmed(Trouble.NO_ANSWER, "")] * 2
    assert printer.capabilities.completion is Completion.NONE
    status = printer.status(1.0)
    assert status.connected and not status.silent
    assert {status.paper_out.how, status.cover_open.how, status.cut_count.how} == {How.UNSUPPORTED}
    pulse = Pulse(pin=2, on_ms=100, off_ms=200, now=True)
    assert printer.pulse_drawer(pulse, 1.0) == Unconfirmed(Trouble.NO_ANSWER, "")
    printer.close()
    with VirtualPrinter() as paper, socket.create_connection(paper.address) as link:
        link.sendall(path.read_bytes())
        texts = [one.text.strip() for one in paper.wait_receipts(2, timeout_s=20)]
        paper.wait_pulses(1, timeout_s=20)
    assert texts == ["one", "two"]
    wiring.close()


def test_a_file_has_one_owner_and_a_device_that_is_gone_is_not_replaced_by_a_file(
    tmp_path: Path,
) -> None:
    wiring = Wiring("file", tmp_path)
    port = PortOptions(file=str(tmp_path / "spool"))
    assert isinstance(wiring.driver(port).print(receipt("mine"), 1.0), Unconfirmed)
    assert wiring.driver(port).print(receipt("theirs"), 1.0) == OFFLINE
    gone = Path("/dev/no-such-printer")
    assert wiring.driver(PortOptions(file=str(gone))).print(receipt("x"), 1.0) == OFFLINE
    assert not gone.exists()
    wiring.close()


def test_a_pipe_whose_reader_has_gone_is_offline(tmp_path: Path) -> None:
    wiring = Wiring("file", tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    printer = wiring.driver(PortOptions(file=str(pipe)))
    assert printer.print(receipt("x"), 1.0) == OFFLINE
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    until(lambda: isinstance(printer.print(receipt("x"), 1.0), Unconfirmed))
    os.close(reader)
    until(lambda: not printer.status(0).connected, printer, 2.0)
    wiring.close()


@pytest.mark.parametrize("kind", ["serial", "usb"])
def test_a_cable_with_one_way_is_printed_to_and_nothing_is_claimed(
    tmp_path: Path, kind: str
) -> None:
    wiring = Wiring(kind, tmp_path)
    with wiring.simulator(model=MODELS["generic-58"]) as paper:
        line = {"baud": 9600, "flow": "none"} if kind == "serial" else {}
        port = PortOptions(**{kind: str(wiring.device)}, **line, one_way=True)  # type: ignore[arg-type]
        printer = wiring.driver(port, "generic_58")
        outcome = printer.print(receipt("one way"), 2.0)
        assert outcome == Unconfirmed(Trouble.NO_ANSWER, "")
        assert printer.capabilities.completion is Completion.NONE
        assert paper.wait_receipts(1, timeout_s=20)[0].text.strip() == "one way"
        paper.unplug()
        until(lambda: not printer.status(0).connected, printer, 1.0)
    wiring.close()

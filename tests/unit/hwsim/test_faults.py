"""Everything that can go wrong with a printer, as a host sees it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import serial
import zxingcpp

from hwsim.drawer import Level, VirtualDrawer
from hwsim.mechanism import PaperState
from hwsim.printer import VirtualPrinter
from hwsim.serial_line import SerialAt
from tests.unit.hwsim.conftest import Host

Connect = Callable[[VirtualPrinter], Host]

ONLINE, CUT = b"\x10\x04\x01", b"\x1dVB\x00"
PROCESS_ID = b"\x1d(H\x06\x0000A001"
IDLE = b"\x12"
"""Online, drawer shut."""
CONFIRMED = b"\x37\x22A001\x00"
SILENCE_S = 0.15


def silent(host: Host) -> bool:
    host.link.settimeout(SILENCE_S)
    try:
        return host.link.recv(1) == b"never"
    except TimeoutError:
        return True
    finally:
        host.link.settimeout(5)


@pytest.mark.parametrize(
    ("point", "printed"), [({"lines": 2}, "1\n2\n"), ({"dots": 90}, "1\n2\n3\n")]
)
def test_a_cover_opened_after_so_many_lines_stops_exactly_there(
    virtual_printer: VirtualPrinter, host: Host, point: dict[str, int], printed: str
) -> None:
    virtual_printer.after(virtual_printer.open_cover, **point)
    host.send(b"1\n2\n3\n4\n" + CUT)
    virtual_printer.wait_commands("LF", printed.count("\n"), timeout_s=20)
    assert host.ask(b"\x10\x04\x02", 1) == b"\x16"
    assert virtual_printer.uncut_text == printed
    virtual_printer.close_cover()
    assert virtual_printer.wait_receipts(1, timeout_s=20)[0].text == "1\n2\n3\n4\n"


def test_power_that_goes_at_a_byte_loses_all_behind_it(
    virtual_printer: VirtualPrinter, host: Host, connect: Connect
) -> None:
    virtual_printer.after(virtual_printer.power_off, bytes=5)
    host.send(b"ab\ncd\nef\n" + CUT)
    with pytest.raises((ConnectionResetError, EOFError)):
        host.read(1)
    virtual_printer.power_on()
    connect(virtual_printer).send(b"new\n" + CUT)
    assert virtual_printer.wait_receipts(1, timeout_s=20)[0].text == "ab\nnew\n"


def test_a_cable_pulled_after_the_cut_takes_the_confirmation_with_it(
    virtual_printer: VirtualPrinter, host: Host, connect: Connect
) -> None:
    virtual_printer.after(virtual_printer.unplug, cuts=1)
    host.send(b"paid\n" + CUT + PROCESS_ID)
    virtual_printer.wait_receipts(1, timeout_s=20)
    with pytest.raises((ConnectionResetError, EOFError)):
        host.read(1)
    virtual_printer.plug_in()
    assert connect(virtual_printer).ask(ONLINE, 1) == IDLE


def test_what_is_planned_can_be_forgotten_and_nonsense_is_refused(
    virtual_printer: VirtualPrinter, host: Host
) -> None:
    virtual_printer.after(virtual_printer.open_cover, lines=1)
    virtual_printer.after_all()
    host.send(b"1\n" + CUT)
    virtual_printer.wait_receipts(1, timeout_s=20)
    for wrong in ({}, {"lines": 0}, {"lines": 1, "bytes": 1}):
        with pytest.raises(ValueError, match="one of bytes, lines, dots and cuts"):
            virtual_printer.after(virtual_printer.open_cover, **wrong)


def test_a_hot_head_pauses_and_says_that_it_recovers_by_itself(
    virtual_printer: VirtualPrinter, host: Host
) -> None:
    virtual_printer.overheat()
    host.send(b"1\n" + CUT)
    assert host.ask(b"\x10\x04\x01\x10\x04\x02\x10\x04\x03", 3) == bytes([0x1A, 0x52, 0x52])
    assert host.ask(b"\x1da\xff", 0) == b""  # an ordinary command: it waits with the others
    virtual_printer.cool_down()
    assert host.read(4) == bytes([0x10, 0, 0, 0])
    assert virtual_printer.wait_receipts(1, timeout_s=20)[0].text == "1\n"


def test_a_held_feed_button_stops_printing_and_shows(
    virtual_printer: VirtualPrinter, host: Host
) -> None:
    assert host.ask(b"\x1da\xff", 4) == bytes([0x10, 0, 0, 0])
    virtual_printer.hold_feed(lines=2)
    assert host.read(4) == bytes([0x58, 0x02, 0, 0])
    host.send(b"1\n" + CUT)
    assert host.ask(b"\x10\x04\x01\x10\x04\x02", 2) == bytes([0x5A, 0x1A])
    virtual_printer.release_feed()
    receipt = virtual_printer.wait_receipts(1, timeout_s=20)[0]
    assert receipt.image.height == 60 + 100 + 30


def test_a_broken_printer_stays_broken_whatever_it_is_sent(
    virtual_printer: VirtualPrinter, host: Host
) -> None:
    virtual_printer.break_down()
    assert host.ask(b"\x10\x05\x02\x10\x05\x01\x10\x04\x03", 1) == b"\x32"
    virtual_printer.repair()
    assert host.ask(b"\x10\x04\x03", 1) == b"\x12"


def test_a_blank_receipt_is_confirmed_like_any_other(
    virtual_printer: VirtualPrinter, host: Host
) -> None:
    virtual_printer.print_blank()
    assert host.ask(b"Total 5\n" + CUT + PROCESS_ID, 7) == CONFIRMED
    receipt = virtual_printer.receipts[0]
    assert receipt.text == ""
    assert receipt.image.getextrema() == (255, 255)
    assert b"Total 5" in receipt.raw
    virtual_printer.print_blank(blank=False)
    host.send(b"Total 6\n" + CUT)
    assert virtual_printer.wait_receipts(2, timeout_s=20)[1].text == "Total 6\n"


def test_a_lost_buffer_is_told_to_nobody(virtual_printer: VirtualPrinter, host: Host) -> None:
    virtual_printer.open_cover()
    host.send(b"lost\n" + CUT)
    assert host.ask(ONLINE, 1) == b"\x1a"
    virtual_printer.lose_buffer()
    virtual_printer.close_cover()
    assert host.ask(b"kept\n" + CUT + PROCESS_ID, 7) == CONFIRMED
    assert [receipt.text for receipt in virtual_printer.receipts] == ["kept\n"]


def test_a_slow_printer_takes_its_time(virtual_printer: VirtualPrinter, host: Host) -> None:
    virtual_printer.drain_slowly(100)
    began_s = time.monotonic()
    assert host.ask(b"x" * 26 + CUT + PROCESS_ID, 7) == CONFIRMED
    assert time.monotonic() - began_s >= 0.3


def test_a_printer_may_print_and_answer_an_error_or_be_fine_with_its_lid_open(
    virtual_printer: VirtualPrinter, host: Host
) -> None:
    virtual_printer.claim(cutter_error=True, offline=True)
    assert host.ask(b"\x10\x04\x01\x10\x04\x03", 2) == bytes([0x1A, 0x1A])
    assert host.ask(b"printed\n" + CUT + PROCESS_ID, 7) == CONFIRMED
    virtual_printer.claim(cover_open=False, offline=False)
    virtual_printer.open_cover()
    assert host.ask(b"\x10\x04\x01\x10\x04\x02", 2) == bytes([0x12, 0x12])
    virtual_printer.claim()
    assert host.ask(b"\x10\x04\x02", 1) == b"\x16"
    with pytest.raises(ValueError, match="no status shows lid; known are broken, cover_open"):
        virtual_printer.claim(lid=True)


def test_answers_may_come_late_and_still_in_order(
    virtual_printer: VirtualPrinter, host: Host
) -> None:
    virtual_printer.answer_late(0.3)
    began_s = time.monotonic()
    host.send(ONLINE)
    virtual_printer.wait_commands("DLE EOT", 1, timeout_s=20)
    virtual_printer.answer_late(0)
    assert host.ask(b"\x10\x04\x04", 2) == b"\x12\x12"
    assert time.monotonic() - began_s >= 0.3


def test_answers_may_be_wrong_missing_or_drowned_in_statuses(
    virtual_printer: VirtualPrinter, host: Host
) -> None:
    virtual_printer.answer_wrongly(b"\xff", b"")
    assert host.ask(ONLINE * 3, 2) == b"\xff\x12"
    virtual_printer.ignore("DLE EOT")
    assert host.ask(ONLINE + PROCESS_ID, 7) == CONFIRMED
    virtual_printer.ignore()
    virtual_printer.flood(2)
    status = bytes([0x10, 0, 0, 0])
    assert host.ask(ONLINE, 13) == status * 2 + IDLE + status
    virtual_printer.flood(0)
    assert host.ask(ONLINE, 1) == IDLE


def test_a_host_learns_nothing_of_a_cut_network_and_all_arrives_afterwards(
    virtual_printer: VirtualPrinter, host: Host
) -> None:
    assert host.ask(ONLINE, 1) == IDLE
    virtual_printer.cut_network()
    host.send(b"late\n" + CUT + ONLINE)
    assert silent(host)
    with pytest.raises(TimeoutError):
        socket.create_connection(virtual_printer.address, timeout=SILENCE_S)
    virtual_printer.restore_network()
    assert host.read(1) == IDLE
    assert virtual_printer.wait_receipts(1, timeout_s=20)[0].text == "late\n"


def test_a_pulled_plug_leaves_a_half_open_connection_until_the_power_is_back(
    virtual_printer: VirtualPrinter, host: Host, connect: Connect
) -> None:
    assert host.ask(ONLINE, 1) == IDLE
    virtual_printer.power_off(quietly=True)
    host.send(ONLINE)
    assert silent(host)
    with pytest.raises(TimeoutError):
        socket.create_connection(virtual_printer.address, timeout=SILENCE_S)
    virtual_printer.power_on()
    with pytest.raises(ConnectionResetError):
        host.read(1)
    assert connect(virtual_printer).ask(ONLINE, 1) == IDLE


def test_power_and_network_are_each_back_only_when_both_are(
    virtual_printer: VirtualPrinter, host: Host, connect: Connect
) -> None:
    assert host.ask(ONLINE, 1) == IDLE
    virtual_printer.power_off(quietly=True)
    virtual_printer.cut_network()
    virtual_printer.power_on()
    with pytest.raises(TimeoutError):
        socket.create_connection(virtual_printer.address, timeout=SILENCE_S)
    virtual_printer.power_off(quietly=True)
    virtual_printer.restore_network()
    with pytest.raises(TimeoutError):
        socket.create_connection(virtual_printer.address, timeout=SILENCE_S)
    virtual_printer.power_on()
    assert connect(virtual_printer).ask(ONLINE, 1) == IDLE


def test_one_call_heals_everything(virtual_printer: VirtualPrinter, connect: Connect) -> None:
    for fault in (
        virtual_printer.open_cover,
        virtual_printer.jam_cutter,
        virtual_printer.overheat,
        virtual_printer.break_down,
        virtual_printer.hold_feed,
        virtual_printer.mute,
        virtual_printer.print_blank,
        virtual_printer.refuse_second,
        virtual_printer.cut_network,
        virtual_printer.unplug,
    ):
        fault()
    virtual_printer.stall_after(0)
    virtual_printer.set_paper(PaperState.END)
    virtual_printer.claim(offline=True)
    virtual_printer.answer_wrongly(b"x")
    virtual_printer.answer_late(60)
    virtual_printer.drain_slowly(1)
    virtual_printer.flood(3)
    virtual_printer.ignore("DLE EOT")
    virtual_printer.after(virtual_printer.open_cover, bytes=1)
    virtual_printer.power_off(quietly=True)
    virtual_printer.heal()
    host, other = connect(virtual_printer), connect(virtual_printer)
    assert host.ask(b"\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04", 4) == IDLE * 4
    assert host.ask(b"well\n" + CUT + PROCESS_ID, 7) == CONFIRMED
    assert virtual_printer.receipts[-1].text == "well\n"
    host.close()
    assert other.ask(ONLINE, 1) == IDLE


def test_a_swapped_printer_has_another_number_and_counts_anew(
    virtual_printer: VirtualPrinter, host: Host, connect: Connect
) -> None:
    host.send(b"1\n" + CUT)
    virtual_printer.wait_receipts(1, timeout_s=20)
    virtual_printer.swap("X42")
    with pytest.raises(ConnectionResetError):
        host.read(1)
    other = connect(virtual_printer)
    assert other.ask(b"\x1dID", 5) == b"\x5fX42\x00"
    assert other.ask(b"\x1dg2\x00\xb2\x00", 3) == b"\x5f0\x00"
    with pytest.raises(ValueError, match="printable ASCII"):
        virtual_printer.swap("\n")


def test_a_host_may_be_told_at_once_that_printing_stopped(
    virtual_printer: VirtualPrinter, host: Host
) -> None:
    host.send(b"\x1d(H\x03\x00102")
    assert host.ask(PROCESS_ID, 7) == CONFIRMED
    virtual_printer.hold_feed()
    virtual_printer.release_feed()
    virtual_printer.open_cover()
    assert host.read(3) == b"\x37\x23\x00"
    virtual_printer.close_cover()
    virtual_printer.set_paper(PaperState.END)
    assert host.read(3) == b"\x37\x23\x00"
    virtual_printer.set_paper(PaperState.ADEQUATE)
    host.send(b"\x1d(H\x03\x00100")
    assert host.ask(PROCESS_ID, 7) == CONFIRMED
    virtual_printer.open_cover()
    assert host.ask(ONLINE, 1) == b"\x1a"


def test_a_reset_ends_the_connection_and_the_next_one_is_served(
    virtual_printer: VirtualPrinter, host: Host, connect: Connect
) -> None:
    assert host.ask(ONLINE, 1) == IDLE
    virtual_printer.reset_connections()
    with pytest.raises(ConnectionResetError):
        host.read(1)
    assert connect(virtual_printer).ask(ONLINE, 1) == IDLE


def test_a_second_host_may_be_refused_while_one_is_served(
    virtual_printer: VirtualPrinter, host: Host, connect: Connect
) -> None:
    virtual_printer.refuse_second()
    assert host.ask(ONLINE, 1) == IDLE
    with pytest.raises(ConnectionRefusedError):
        connect(virtual_printer)
    virtual_printer.refuse_second(refuse=False)
    other = connect(virtual_printer)
    host.close()
    assert other.ask(ONLINE, 1) == IDLE


def test_a_replugged_usb_printer_may_have_another_path(tmp_path: Path) -> None:
    first, second = tmp_path / "lp0", tmp_path / "lp1"
    with VirtualPrinter(link=SerialAt(first)) as paper:
        paper.unplug()
        paper.plug_in(at=second)
        assert not first.is_symlink()
        with serial.Serial(str(second), timeout=5) as line:
            line.write(ONLINE)
            assert line.read(1) == b"\x16"
    assert not second.is_symlink()


def test_a_network_printer_has_no_path_and_a_serial_one_no_second_host(
    virtual_printer: VirtualPrinter, tmp_path: Path
) -> None:
    with pytest.raises(TypeError):
        virtual_printer.plug_in(at=tmp_path / "lp0")
    with VirtualPrinter(link=SerialAt(tmp_path / "lp")) as paper, pytest.raises(TypeError):
        paper.refuse_second()


def test_paper_that_ends_in_the_middle_stops_there(
    virtual_printer: VirtualPrinter, host: Host
) -> None:
    virtual_printer.after(lambda: virtual_printer.set_paper(PaperState.END), lines=2)
    host.send(b"1\n2\n3\n" + CUT)
    virtual_printer.wait_commands("LF", 2, timeout_s=20)
    assert host.ask(b"\x10\x04\x04", 1) == b"\x7e"
    assert virtual_printer.uncut_text == "1\n2\n"


def test_two_drawers_have_two_pins_and_one_switch(tmp_path: Path, connect: Connect) -> None:
    left, right = VirtualDrawer(open_level=Level.LOW), VirtualDrawer(pin=5, open_level=Level.LOW)
    with VirtualPrinter(drawer=left, second_drawer=right) as printer:
        host = connect(printer)
        assert host.ask(ONLINE, 1) == b"\x16"
        host.send(b"\x1bp\x01\x32\x32")
        printer.wait_pulses(1, timeout_s=20)
        assert (left.is_open, right.is_open) == (False, True)
        assert host.ask(ONLINE, 1) == b"\x12"
        left.open_by_key()
        right.close()
        assert host.ask(ONLINE, 1) == b"\x12"
        left.close()
        assert host.ask(ONLINE, 1) == b"\x16"


def test_a_symbol_on_blank_paper_does_not_scan(virtual_printer: VirtualPrinter, host: Host) -> None:
    code = b"\x1dkC\x0d6901028075763\n" + CUT
    host.send(code)
    assert len(zxingcpp.read_barcodes(virtual_printer.wait_receipts(1, 20)[0].picture())) == 1
    virtual_printer.print_blank()
    host.send(code)
    assert zxingcpp.read_barcodes(virtual_printer.wait_receipts(2, 20)[1].picture()) == []

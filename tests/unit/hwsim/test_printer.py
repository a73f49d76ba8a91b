"""The printer on the network, as a till meets it: real sockets, real back-pressure."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.mechanism import PaperState
from hwsim.printer import CLOSE_S_MAX, RECEIPT_ROWS_KEPT_MAX, VirtualPrinter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Host

    Connect = Callable[[VirtualPrinter], Host]

WAIT_S = 20.0
JOB = b"Total 12.35\n\x1dVB\x00"
FENCE = b"\x1d(H\x06\x0000%04d"
STATUS = b"\x10\x04\x01"


def test_a_receipt_is_printed_confirmed_and_saved(
    virtual_printer: VirtualPrinter, host: Host, tmp_path: Path
) -> None:
    assert host.ask(JOB + FENCE % 1, 7) == b"\x37\x220001\x00"
    receipt = virtual_printer.wait_receipts(1, WAIT_S)[0]
    assert receipt.text == "Total 12.35\n"
    assert receipt.raw == JOB
    assert (tmp_path / "receipts" / "receipt-0001.txt").read_text() == "Total 12.35\n"
    assert (tmp_path / "receipts" / "receipt-0001.png").is_file()
    assert [entry.name for entry in virtual_printer.log][-1] == "GS ( H"


def test_a_shut_drawer_tells_the_host_by_itself(
    virtual_drawer: VirtualDrawer, virtual_printer: VirtualPrinter, host: Host
) -> None:
    assert host.ask(b"\x1da\x01", 4).hex(" ") == "10 00 00 00"
    assert host.ask(b"\x1bp\x00\x32\x32", 4).hex(" ") == "14 00 00 00"
    virtual_drawer.close()
    assert host.read(4).hex(" ") == "10 00 00 00"
    assert [pulse.command for pulse in virtual_printer.wait_pulses(1, WAIT_S)] == ["ESC p"]


def test_people_at_the_printer_are_reported_by_themselves(
    virtual_printer: VirtualPrinter, host: Host
) -> None:
    host.ask(b"\x1da\xff", 4)
    virtual_printer.open_cover()
    assert host.read(4).hex(" ") == "38 00 00 00"
    virtual_printer.close_cover()
    assert host.read(4).hex(" ") == "10 00 00 00"
    virtual_printer.set_paper(PaperState.NEAR_END)
    assert host.read(4).hex(" ") == "10 00 03 00"


def test_what_was_sent_at_an_open_cover_prints_when_it_is_shut(
    virtual_printer: VirtualPrinter, host: Host
) -> None:
    virtual_printer.open_cover()
    assert host.ask(JOB + STATUS, 1).hex() == "1a"
    assert virtual_printer.receipts == []
    virtual_printer.close_cover()
    assert virtual_printer.wait_receipts(1, WAIT_S)[0].text == "Total 12.35\n"


def test_a_full_printer_is_felt_by_the_host(virtual_printer: VirtualPrinter, host: Host) -> None:
    virtual_printer.open_cover()
    host.link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    host.link.settimeout(0.2)
    with pytest.raises(TimeoutError):
        host.send(b"x" * 39 + b"\n" + b"y" * 4_000_000)
    virtual_printer.close_cover()
    host.link.settimeout(WAIT_S)
    virtual_printer.wait_commands("LF", 1, WAIT_S)
    assert virtual_printer.uncut_text.startswith("x" * 39 + "\n")


def test_a_jammed_cutter_recovers_by_the_host(virtual_printer: VirtualPrinter, host: Host) -> None:
    host.ask(b"\x1da\xff", 4)
    virtual_printer.jam_cutter()
    assert host.ask(JOB, 4).hex(" ") == "18 08 00 00"
    virtual_printer.free_cutter()
    assert host.ask(b"\x10\x05\x01", 4).hex(" ") == "10 00 00 00"
    assert virtual_printer.wait_receipts(1, WAIT_S)[0].cut
    assert virtual_printer.cut_count == 1


def test_power_off_resets_the_host_and_refuses_until_power_on(
    virtual_printer: VirtualPrinter, host: Host, connect: Connect
) -> None:
    host.ask(JOB + FENCE % 1, 7)
    address = virtual_printer.address
    virtual_printer.open_cover()
    host.ask(JOB + STATUS, 1)
    virtual_printer.power_off()
    with pytest.raises(ConnectionResetError):
        host.read(1)
    with pytest.raises(ConnectionRefusedError):
        connect(virtual_printer)
    virtual_printer.close_cover()
    virtual_printer.power_on()
    assert virtual_printer.address == address
    again = connect(virtual_printer)
    assert again.ask(FENCE % 2, 7) == b"\x37\x220002\x00"
    assert again.ask(b"\x1dg2\x00\x32\x00", 3) == b"_1\x00"
    assert len(virtual_printer.receipts) == 1, "the buffer went with the power"


def test_a_second_host_waits_for_the_first_to_leave(
    virtual_printer: VirtualPrinter, host: Host, connect: Connect
) -> None:
    host.ask(STATUS, 1)
    second = connect(virtual_printer)
    second.link.settimeout(0.1)
    with pytest.raises(TimeoutError):
        second.ask(STATUS, 1)
    host.close()
    second.link.settimeout(WAIT_S)
    assert second.read(1).hex() == "12"


def test_more_hosts_than_may_wait_are_reset(
    virtual_printer: VirtualPrinter, host: Host, connect: Connect
) -> None:
    host.ask(STATUS, 1)
    waiting = [connect(virtual_printer) for _ in range(4)]
    with contextlib.suppress(ConnectionResetError):  # it may come before the question is out
        one_too_many = connect(virtual_printer)
        with pytest.raises(ConnectionResetError):
            one_too_many.ask(STATUS, 1)
    host.close()
    assert waiting[0].ask(STATUS, 1).hex() == "12"


def test_a_silent_host_is_put_out_when_another_one_waits(connect: Connect) -> None:
    with VirtualPrinter(drawer=VirtualDrawer(), idle_timeout_s=0.1) as printer:
        dead = connect(printer)
        assert dead.ask(STATUS, 1).hex() == "12"
        assert connect(printer).ask(STATUS, 1).hex() == "12"
        with pytest.raises((EOFError, ConnectionResetError)):
            dead.read(1)


def test_a_host_that_says_goodbye_still_gets_its_answers(
    virtual_printer: VirtualPrinter, host: Host
) -> None:
    host.send(JOB + FENCE % 7)
    host.link.shutdown(socket.SHUT_WR)
    assert host.read(7) == b"\x37\x220007\x00"
    with pytest.raises(EOFError):
        host.read(1)
    assert len(virtual_printer.receipts) == 1


def test_a_stalled_printer_reads_so_far_and_no_further(
    virtual_printer: VirtualPrinter, host: Host
) -> None:
    virtual_printer.stall_after(6)
    host.link.settimeout(0.1)
    assert host.ask(STATUS + STATUS, 2).hex() == "1212"
    with pytest.raises(TimeoutError):
        host.ask(STATUS, 1)
    virtual_printer.release()
    host.link.settimeout(WAIT_S)
    assert host.read(1).hex() == "12"


def test_a_mute_printer_prints_and_says_nothing(
    virtual_printer: VirtualPrinter, host: Host
) -> None:
    virtual_printer.mute()
    host.send(JOB + FENCE % 1 + STATUS)
    virtual_printer.wait_receipts(1, WAIT_S)
    virtual_printer.wait_commands("GS ( H", 1, WAIT_S)
    virtual_printer.unmute()
    assert host.ask(FENCE % 2, 7) == b"\x37\x220002\x00"


def test_refusing_new_hosts_leaves_the_present_one(
    virtual_printer: VirtualPrinter, host: Host, connect: Connect
) -> None:
    host.ask(STATUS, 1)
    virtual_printer.refuse_connections()
    with pytest.raises(ConnectionRefusedError):
        connect(virtual_printer)
    assert host.ask(STATUS, 1).hex() == "12"
    virtual_printer.accept_connections()
    host.close()
    assert connect(virtual_printer).ask(STATUS, 1).hex() == "12"


def test_half_a_command_of_a_broken_connection_swallows_the_next_bytes(
    virtual_printer: VirtualPrinter, host: Host, connect: Connect
) -> None:
    host.ask(STATUS + b"\x1dv0\x00\x01\x00\x04\x00", 1)
    host.close()
    assert connect(virtual_printer).ask(b"\xff" * 4 + FENCE % 1, 7) == b"\x37\x220001\x00"
    assert virtual_printer.uncut_text == "[image 8x4]\n"


def test_a_realistic_printer_takes_its_time(connect: Connect) -> None:
    with VirtualPrinter(realistic=True) as printer:
        began_s = time.monotonic()
        assert connect(printer).ask(JOB + FENCE % 1, 7) == b"\x37\x220001\x00"
        assert time.monotonic() - began_s >= printer.model.cut_s


def test_waiting_in_vain_says_what_was_seen(virtual_printer: VirtualPrinter) -> None:
    with pytest.raises(TimeoutError, match=r"waited 0\.01 s for 1 receipts: 0 receipts, 0 pulses"):
        virtual_printer.wait_receipts(1, 0.01)


def test_closing_is_quick_and_the_port_is_free_again(connect: Connect) -> None:
    with VirtualPrinter() as printer:
        connect(printer).ask(STATUS, 1)
        began_s = time.monotonic()
    assert time.monotonic() - began_s < CLOSE_S_MAX, "its thread did not end by itself"
    with VirtualPrinter(port=printer.address[1]) as same_port:
        assert connect(same_port).ask(STATUS, 1)


def test_a_printer_without_a_drawer_reads_a_high_pin_3(connect: Connect) -> None:
    with VirtualPrinter() as printer:
        assert connect(printer).ask(STATUS, 1).hex() == "16"


def test_a_taken_port_is_an_error_at_once(virtual_printer: VirtualPrinter) -> None:
    with pytest.raises(OSError, match="in use"):
        VirtualPrinter(port=virtual_printer.address[1]).start()


def test_of_very_long_receipts_only_the_last_are_kept(
    virtual_printer: VirtualPrinter, host: Host
) -> None:
    lines_of_30_dots = b"\x1bd\xff"
    host.send(lines_of_30_dots * 36)
    virtual_printer.wait_receipts(12, timeout_s=30)
    kept = virtual_printer.receipts
    assert [receipt.number for receipt in kept] == list(range(kept[0].number, kept[-1].number + 1))
    assert 0 < sum(receipt.image.height for receipt in kept) <= RECEIPT_ROWS_KEPT_MAX
    assert kept[0].number > 1

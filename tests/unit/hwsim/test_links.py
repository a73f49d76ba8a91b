"""The simulated printer on a serial line and behind a terminal server, seen by other programs."""

from __future__ import annotations

import errno
import os
import select
import time
from pathlib import Path

import pytest
import serial

from hwsim.printer import VirtualPrinter
from hwsim.serial_line import SerialAt


def heard(line: int, count: int) -> bytes:
    """Exactly `count` bytes within seconds."""
    data = b""
    end_s = time.monotonic() + 20
    while len(data) < count:
        assert select.select([line], [], [], max(0.0, end_s - time.monotonic()))[0], data
        data += os.read(line, count - len(data))
    return data


def test_a_serial_printer_answers_pyserial_and_prints(tmp_path: Path) -> None:
    at = SerialAt(tmp_path / "printer")
    with (
        VirtualPrinter(link=at) as paper,
        serial.Serial(str(at.device), 9600, timeout=5) as line,
    ):
        line.write(b"\x10\x04\x01hello\n\x1dVB\x00")
        assert line.read(1) == b"\x16"
        assert paper.wait_receipts(1, timeout_s=20)[0].text.strip() == "hello"
    assert not at.device.is_symlink()


def test_xoff_is_sent_when_the_buffer_is_nearly_full_and_xon_when_it_has_room(
    tmp_path: Path,
) -> None:
    at = SerialAt(tmp_path / "printer", xon_xoff=True)
    with VirtualPrinter(link=at, receive_buffer_bytes=1024) as paper:
        line = os.open(at.device, os.O_RDWR | os.O_NOCTTY)
        paper.open_cover()
        os.write(line, b"x\n" * 490)
        assert heard(line, 1) == b"\x13"
        paper.close_cover()
        assert heard(line, 1) == b"\x11"
        os.close(line)


def test_an_unplugged_line_hangs_up_and_comes_back_at_the_same_path(tmp_path: Path) -> None:
    at = SerialAt(tmp_path / "printer")
    with VirtualPrinter(link=at) as paper:
        line = os.open(at.device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        paper.unplug()
        assert not at.device.exists()
        with pytest.raises(OSError) as gone:
            os.write(line, b"x")
        assert gone.value.errno == errno.EIO
        os.close(line)
        paper.plug_in()
        line = os.open(at.device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        os.write(line, b"\x10\x04\x01")
        assert heard(line, 1) == b"\x16"
        os.close(line)


def test_a_line_outlives_the_printers_power_and_loses_what_it_is_told_then(
    tmp_path: Path,
) -> None:
    at = SerialAt(tmp_path / "printer")
    with VirtualPrinter(link=at) as paper:
        line = os.open(at.device, os.O_RDWR | os.O_NOCTTY)
        paper.power_off()
        for _ in range(20):  # more than a line holds: somebody takes it
            os.write(line, b"lost\n" * 200)
        paper.power_on()
        end_s = time.monotonic() + 20
        while select.select([], [line], [], 0)[1] == []:
            assert time.monotonic() < end_s
        os.write(line, b"\x10\x04\x01kept\n\x1dVB\x00")
        assert heard(line, 1) == b"\x16"
        text = paper.wait_receipts(1, timeout_s=20)[0].text
        assert text.splitlines()[-1] == "kept"
        assert text.count("lost") < 4096 // len("lost\n")
        os.close(line)


def test_a_taken_device_path_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "printer").write_text("somebody's")
    with pytest.raises(FileExistsError):
        VirtualPrinter(link=SerialAt(tmp_path / "printer")).start()
    assert (tmp_path / "printer").read_text() == "somebody's"

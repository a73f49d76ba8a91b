"""The simulated scanner, seen by a program that opens its line."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from hwsim.scanner import VirtualScanner
from hwsim.symbologies import AIM_IDS

SILENCE_S = 0.15
"""Longer than anything here waits; what has not come by then does not come."""


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[VirtualScanner]:
    with VirtualScanner(tmp_path / "scanner") as scanner:
        yield scanner


@pytest.fixture
def till(scanner: VirtualScanner) -> Iterator[serial.Serial]:
    with serial.Serial(str(scanner.at), 9600, timeout=5) as line:
        yield line


def heard(till: serial.Serial, sent: bytes) -> bytes:
    """As much as was sent, and nothing behind it."""
    data = till.read(len(sent))
    till.timeout = SILENCE_S
    assert till.read(1) == b""
    till.timeout = 5
    return bytes(data)


def test_a_scan_is_prefix_identifier_code_and_suffix(tmp_path: Path) -> None:
    with (
        VirtualScanner(tmp_path / "s", prefix=b"\x02", suffix=b"\x03") as scanner,
        serial.Serial(str(scanner.at), timeout=5) as till,
    ):
        assert scanner.scan("6901234567892") == b"\x02]E06901234567892\x03"
        assert till.read_until(b"\x03") == b"\x02]E06901234567892\x03"


@pytest.mark.parametrize(
    ("symbology", "payload", "sent"),
    [
        ("ean8", "96385074", b"]E496385074\r"),
        ("gs1_128", "0106901234567892\x1d10A1", b"]C10106901234567892\x1d10A1\r"),
        ("gs1_datamatrix", "0106901234567892", b"]d20106901234567892\r"),
        ("gs1_qr", "0106901234567892", b"]Q30106901234567892\r"),
        ("qr", "支付宝", b"]Q1" + "支付宝".encode() + b"\r"),
        ("upca", "036000291452", b"]E00036000291452\r"),
        ("upce", "04252614", b"]E00042100005264\r"),
        ("code128", b"\x00\xff", b"]C0\x00\xff\r"),
    ],
)
def test_every_symbology_has_its_identifier(
    scanner: VirtualScanner,
    till: serial.Serial,
    symbology: str,
    payload: str | bytes,
    sent: bytes,
) -> None:
    assert scanner.scan(payload, symbology=symbology) == sent
    assert till.read(len(sent)) == sent


def test_without_identifiers_the_code_is_sent_bare(tmp_path: Path) -> None:
    with VirtualScanner(tmp_path / "s", aim=False, suffix=b"\r\n") as scanner:
        assert scanner.scan("036000291452", symbology="upca") == b"036000291452\r\n"


def test_an_unknown_symbology_is_refused_with_the_known_ones(scanner: VirtualScanner) -> None:
    with pytest.raises(ValueError, match="unknown symbology 'ean14'; known are aztec"):
        scanner.scan("1", symbology="ean14")
    assert all(len(identifier) == 3 and identifier[0] == "]" for identifier in AIM_IDS.values())


@pytest.mark.parametrize(
    ("faults", "sent"),
    [
        ({"double_read": True}, b"]E06901234567892\r]E06901234567892\r"),
        ({"truncate": 8}, b"]E069012"),
        ({"truncate": 99}, b"]E06901234567892"),
        ({"lose_front": 10}, b"567892\r"),
        ({"no_suffix": True}, b"]E06901234567892"),
        ({"wrong_check": True}, b"]E06901234567893\r"),
        ({"pause_s": 0.001}, b"]E06901234567892\r"),
    ],
)
def test_every_fault_of_a_read_is_on_the_wire(
    scanner: VirtualScanner, till: serial.Serial, faults: dict[str, object], sent: bytes
) -> None:
    assert scanner.scan("6901234567892", **faults) == sent  # type: ignore[arg-type]  # each is one of its options
    assert heard(till, sent) == sent
    assert scanner.scan_count == 1


def test_a_separator_may_be_stripped_or_replaced(scanner: VirtualScanner) -> None:
    code = "10A1\x1d21B2"
    assert scanner.scan(code, symbology="gs1_128", gs=b"") == b"]C110A121B2\r"
    assert scanner.scan(code, symbology="gs1_128", gs=b"^]") == b"]C110A1^]21B2\r"


def test_a_burst_comes_without_a_pause(scanner: VirtualScanner, till: serial.Serial) -> None:
    sent = scanner.burst(["96385074", "12345670"], symbology="ean8")
    assert heard(till, sent) == b"]E496385074\r]E412345670\r"


def test_an_unplugged_scanner_hangs_up_and_comes_back_at_its_path(scanner: VirtualScanner) -> None:
    till = os.open(scanner.at, os.O_RDWR | os.O_NOCTTY)
    scanner.unplug()
    assert not scanner.at.exists()
    assert os.read(till, 10) == b""
    os.close(till)
    assert scanner.scan("6901234567892") == b""
    scanner.plug()
    with serial.Serial(str(scanner.at), timeout=5) as again:
        scanner.scan("6901234567892")
        assert again.read_until(b"\r") == b"]E06901234567892\r"


def test_a_scanner_that_slept_loses_the_scan_that_wakes_it(scanner: VirtualScanner) -> None:
    scanner.fall_asleep()
    assert not scanner.at.exists()
    assert scanner.scan("6901234567892") == b""
    assert scanner.at.exists()
    assert scanner.scan("6901234567892") == b"]E06901234567892\r"


def test_the_hosts_trigger_reads_what_lies_before_it(
    scanner: VirtualScanner, till: serial.Serial
) -> None:
    scanner.present("96385074", symbology="ean8")
    till.write(b"\x16")
    till.write(b"T\r")
    assert till.read_until(b"\r") == b"]E496385074\r"
    scanner.present(None)
    till.write(b"\x16T\rB")
    scanner.wait_received(b"T\rB", timeout_s=5)
    assert heard(till, b"") == b""
    assert scanner.received == b"\x16T\r\x16T\rB"
    assert (scanner.scan_count, scanner.beep_count) == (1, 1)


def test_a_disabled_scanner_reads_nothing_until_it_is_enabled(
    scanner: VirtualScanner, till: serial.Serial
) -> None:
    till.write(b"D")
    scanner.wait_received(b"D", timeout_s=5)
    assert scanner.scan("6901234567892") == b""
    till.write(b"E")
    scanner.wait_received(b"E", timeout_s=5)
    assert scanner.scan("6901234567892") != b""


def test_a_line_that_nobody_reads_takes_what_it_can_and_blocks_nobody(
    scanner: VirtualScanner,
) -> None:
    taken = [len(scanner.scan("6901234567892")) for _ in range(8_000)]
    assert 4_000 < sum(taken) < 8_000 * 17
    assert taken[-1] == 0


def test_scans_from_several_threads_come_whole(
    scanner: VirtualScanner, till: serial.Serial
) -> None:
    def scan() -> None:
        for _ in range(20):
            scanner.scan("6901234567892")

    threads = [threading.Thread(target=scan) for _ in range(4)]
    for thread in threads:
        thread.start()
    frames = {till.read_until(b"\r") for _ in range(80)}
    for thread in threads:
        thread.join()
    assert frames == {b"]E06901234567892\r"}


def test_a_taken_path_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "scanner").write_text("somebody's")
    with pytest.raises(FileExistsError):
        VirtualScanner(tmp_path / "scanner").start()

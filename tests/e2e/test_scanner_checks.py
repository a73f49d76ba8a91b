"""Checks of scanners and of drawers with a port of their own; and what a scanner's life amounts to."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from hwsim.relay_drawer import VirtualRelayDrawer
from hwsim.scanner import VirtualScanner
from tests.e2e.test_health_checks import FAILED, PASSED, SKIPPED, act, answer, check, result
from tests.e2e.test_tillctl import environment
from tests.support.answers import refused
from tests.support.nursery import TILLCTL
from tests.support.programs import wait_for
from tests.support.scanning import SCANNER, Focus, await_scanner, scanner_toml
from tests.support.till import Till, a_till, till_toml
from tillhal.v1 import device_pb2 as pb
from tillhal.v1 import scanner_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS = f"[devices.{SCANNER}.maintenance]\nGoodScanCount = 3\nScanKeyedCount = 1\n"


@contextlib.contextmanager
def scanning_till(folder: Path, *, more: str = "", **options: object) -> Iterator[Till]:
    """A till with a printer, and a scanner that is its own."""
    toml = scanner_toml(folder / "scanner", **options) + more
    with (
        VirtualPrinter(drawer=VirtualDrawer()) as printer,
        a_till(printer=printer, more=toml) as till,
    ):
        yield till.start()


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[VirtualScanner]:
    with VirtualScanner(tmp_path / "scanner") as scanner:
        yield scanner


@pytest.fixture
def till(tmp_path: Path, scanner: VirtualScanner) -> Iterator[Till]:
    with scanning_till(tmp_path, trigger='"\\u0016T\\r"', more=LIMITS) as till:
        await_scanner(till.calls)
        yield till


def counts(till: Till, device_id: str = SCANNER) -> dict[str, int]:
    request = pb.GetStatisticsRequest(device_id=device_id)
    (told,) = till.calls.device.GetStatistics(request).devices
    return {each.name: each.value for each in told.statistics}


def conditions(till: Till, device_id: str = SCANNER) -> list[str]:
    request = pb.GetDeviceRequest(device_id=device_id)
    return [each.code for each in till.calls.device.GetDevice(request).device.conditions]


def evidence(told: list[pb.CheckHealthResponse], name: str) -> str:
    return next(step.evidence for step in told[-1].report.steps if step.name == name)


def test_an_internal_check_of_a_scanner_looks_at_its_line_and_moves_nothing(
    till: Till, scanner: VirtualScanner
) -> None:
    told = list(check(till, pb.HEALTH_LEVEL_INTERNAL, SCANNER))
    assert result(told) == {"reachable": PASSED, "conditions": PASSED, "line": PASSED}
    assert "shows when it reads" in evidence(told, "line")
    assert scanner.received == b""
    scanner.unplug()
    wait_for(lambda: conditions(till) == ["UNREACHABLE"], "it is gone")
    told = list(check(till, pb.HEALTH_LEVEL_INTERNAL, SCANNER))
    assert not told[-1].report.passed
    assert set(result(told).values()) == {FAILED}
    scanner.plug()


def test_an_external_check_pulls_the_trigger(till: Till, scanner: VirtualScanner) -> None:
    told = list(check(till, pb.HEALTH_LEVEL_EXTERNAL, SCANNER))
    assert result(told)["trigger"] == PASSED
    scanner.wait_received(b"\x16T\r", 5.0)


def test_a_scanner_without_a_trigger_command_is_not_asked_for_one(
    tmp_path: Path, scanner: VirtualScanner
) -> None:
    with scanning_till(tmp_path) as till:
        await_scanner(till.calls)
        told = list(check(till, pb.HEALTH_LEVEL_EXTERNAL, SCANNER))
        assert told[-1].report.passed
        assert result(told)["trigger"] == SKIPPED


def test_a_scanner_is_given_a_code_to_read_and_no_front_end_gets_that_scan(
    till: Till, scanner: VirtualScanner
) -> None:
    with Focus(till.calls) as focus:
        codes = []

        def scan(message: pb.CheckHealthResponse) -> None:
            codes.append(message.step.code)
            scanner.scan("4006381333931")  # a cashier sells meanwhile
            scanner.scan(message.step.code)

        for _ in range(2):
            told = act(till, SCANNER, {"scan_code": scan})
            assert told[-1].report.passed, told
            assert evidence(told, "scan_code") == "read with ]E0"
        assert len({*codes}) == 2, "each check has a code of its own"
        assert all(len(code) == 13 and code.startswith("29") for code in codes)
        scanner.scan(codes[0])  # now it is a scan like any other
        texts = [scan.text for scan in focus.next_scans(3)]
        assert texts == ["4006381333931", "4006381333931", codes[0]]
        focus.release()


def test_the_code_is_printed_where_the_caller_says_and_reads_from_the_paper(
    till: Till, scanner: VirtualScanner
) -> None:
    import zxingcpp

    def scan_from_paper(message: pb.CheckHealthResponse) -> None:
        (slip,) = till.printer.wait_receipts(1, timeout_s=20)
        (read,) = zxingcpp.read_barcodes(slip.image.convert("L"))
        assert read.text == message.step.code
        scanner.scan(read.text)

    told = act(till, SCANNER, {"scan_code": scan_from_paper}, print_on="front_printer")
    assert told[-1].report.passed
    assert evidence(told, "print_code") == "CONFIRMED (PROCESS_ID)"
    assert result(told)["scan_code"] == PASSED


def test_a_scan_that_is_left_out_is_told_as_that(till: Till) -> None:
    told = act(till, SCANNER, {"scan_code": answer(till, pb.HEALTH_ANSWER_SKIP)})
    assert told[-1].report.passed
    assert result(told)["scan_code"] == SKIPPED


def test_only_a_scanners_code_is_printed_and_only_by_a_printer(till: Till) -> None:
    for device_id, print_on, code, reason in (
        ("front_printer", "front_printer", grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID"),
        (SCANNER, "front_drawer", grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID"),
        (SCANNER, "no_such", grpc.StatusCode.NOT_FOUND, "DEVICE_NOT_FOUND"),
    ):
        request = pb.CheckHealthRequest(
            device_id=device_id, level=pb.HEALTH_LEVEL_INTERACTIVE, print_on=print_on
        )
        with refused(code, reason):
            list(till.calls.device.CheckHealth(request))


def test_tillctl_draws_the_code_for_the_scanner(till: Till, scanner: VirtualScanner) -> None:
    person, terminal = pty.openpty()
    program = subprocess.Popen(
        [*TILLCTL, "device", SCANNER, "check", "--level", "interactive", "--address", till.address],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment(COLUMNS="100"),
    )
    os.close(terminal)
    said = b""
    scanned = False
    with contextlib.suppress(OSError):  # the program has ended
        while piece := os.read(person, 4096):
            said += piece
            digits = [word for word in said.decode().split() if len(word) == 13 and word.isdigit()]
            if digits and not scanned:
                scanner.scan(digits[0])
                scanned = True
    os.close(person)
    assert program.wait(10) == 0, said.decode()
    assert said.decode().count("▌") > 50
    assert "read with ]E0" in said.decode()


# --- statistics


def test_what_a_scanner_has_read_is_counted_over_a_stop_and_maintenance_falls_due(
    till: Till, scanner: VirtualScanner
) -> None:
    with Focus(till.calls) as focus:
        for code in ("4006381333931", "5901234123457", "6901234567892"):
            scanner.scan(code)
        focus.next_scans(3)
        scanner.scan("4006381333931", truncate=5)
        focus.next_scans(1)
        focus.release()
    wait_for(lambda: counts(till)["NoReadCount"] == 1, "the code that broke off")
    assert counts(till)["GoodScanCount"] == 3
    till.restart()
    await_scanner(till.calls)
    wait_for(lambda: conditions(till) == ["MAINTENANCE_DUE"], "three scans are recorded")
    told = counts(till)
    assert (told["GoodScanCount"], told["NoReadCount"]) == (3, 1)
    assert told["OnlineTransitionCount"] >= 2
    reset = pb.ResetStatisticsRequest(
        request_id="00000000-0000-4000-8000-00000000000a",
        device_id=SCANNER,
        names=["GoodScanCount"],
    )
    till.calls.device.ResetStatistics(reset)
    wait_for(lambda: conditions(till) == [], "it was looked after")


def test_scans_that_nobody_took_and_codes_that_were_typed_are_counted_also_after_a_crash(
    till: Till, scanner: VirtualScanner
) -> None:
    scanner.scan("4006381333931")
    wait_for(lambda: counts(till)["ScanDroppedCount"] == 1, "nobody takes it")
    with Focus(till.calls) as focus:
        keyed = scanner_pb2.InjectScanRequest(
            request_id="00000000-0000-4000-8000-00000000000b",
            device_id=SCANNER,
            text="4006381333931",
            fencing_token=focus.lease.fencing_token,
        )
        till.calls.scanner.InjectScan(keyed)
        focus.next_scans(1)
        focus.release()
    wait_for(lambda: conditions(till) == ["MAINTENANCE_DUE"], "one was typed")
    till.kill()
    till.start()
    told = counts(till)
    assert (told["ScanDroppedCount"], told["ScanKeyedCount"]) == (1, 1)


# --- a drawer with a port of its own


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[VirtualRelayDrawer]:
    with VirtualRelayDrawer(tmp_path / "relay") as relay:
        yield relay


@pytest.fixture
def relay_till(relay: VirtualRelayDrawer) -> Iterator[Till]:
    with a_till() as till:
        device = f'[devices.safe]\ndriver = "relay_drawer"\nserial = "{relay.at}"\non_ms = 100\n'
        till.config.write_text(till_toml(till.folder) + device)
        till.start()
        wait_for(lambda: conditions(till, "safe") == [], "the relay")
        yield till


def test_a_relay_drawer_is_checked_whole(relay_till: Till, relay: VirtualRelayDrawer) -> None:
    told = list(check(relay_till, pb.HEALTH_LEVEL_INTERNAL, "safe"))
    assert result(told) == {"reachable": PASSED, "conditions": PASSED}
    assert relay.drawer.open_count == 0
    told = list(check(relay_till, pb.HEALTH_LEVEL_EXTERNAL, "safe"))
    assert result(told)["open_drawer"] == PASSED
    assert evidence(told, "open_drawer") == "the pulse went out"
    assert relay.drawer.open_count == 1
    relay.drawer.close()
    told = act(relay_till, "safe", {"drawer_is_open": answer(relay_till, pb.HEALTH_ANSWER_YES)})
    assert told[-1].report.passed
    assert relay.drawer.open_count == 2
    assert not relay.coil_is_on


def test_a_relay_that_is_not_there_gets_no_pulse_and_the_check_says_why(
    relay_till: Till, relay: VirtualRelayDrawer
) -> None:
    relay.unplug()
    wait_for(lambda: conditions(relay_till, "safe") == ["UNREACHABLE"], "it is gone")
    told = list(check(relay_till, pb.HEALTH_LEVEL_EXTERNAL, "safe"))
    assert not told[-1].report.passed
    assert result(told) == {"reachable": FAILED, "conditions": FAILED, "open_drawer": SKIPPED}
    relay.plug()
    assert relay.drawer.open_count == 0

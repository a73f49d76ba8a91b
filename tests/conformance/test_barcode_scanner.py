"""What every scanner promises, kept by a serial line and by a keyboard's events, and what only
one of them does.

The drivers are tillhald.drivers.serial_scanner, on a pseudo-terminal that hwsim's scanner speaks
by, and tillhald.drivers.evdev_scanner. For the second one there is no kernel device here that
could be made to type: its events come by a named pipe, which is read, polled and hangs up as an
input device does, and the grab, which a pipe refuses, is handed in. What is not tried so: the
grab itself, and the kernel's own SYN_DROPPED and ENODEV.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hwsim.conformance import BarcodeScannerConformance
from hwsim.conformance.scanner import SerialHandheld
from tests.docs.pages import blocks, page
from tests.support.keyboard import syn, typed
from tillhald.devices.categories import BarcodeScanner, Frame, How
from tillhald.devices.errors import DeviceTimeout
from tillhald.devices.wake import Wake
from tillhald.domain.scan import Corruption
from tillhald.drivers.evdev_scanner.driver import EvdevScannerOptions, InputDevice, grab
from tillhald.drivers.evdev_scanner.driver import connect as connect_evdev
from tillhald.drivers.serial_scanner.driver import SerialScannerOptions
from tillhald.drivers.serial_scanner.driver import connect as connect_serial

WAIT_S_MAX = 10.0
TRIGGER = "\x16T\r"


class TypingHandheld:
    """See hwsim.conformance.Handheld: a keyboard scanner's events, by a named pipe."""

    def __init__(self, at: Path) -> None:
        self.at = at
        self._writer: int | None = None

    def plug(self) -> None:
        os.mkfifo(self.at)
        # Read and write, as no reader is there yet: a pipe without a writer has hung up.
        self._writer = os.open(self.at, os.O_RDWR | os.O_NONBLOCK)

    def unplug(self) -> None:
        if self._writer is not None:
            os.close(self._writer)
            self._writer = None
            self.at.unlink()

    def scan(self, text: str) -> None:
        self.send(typed(text + "\n"))

    def break_off(self, text: str) -> None:
        self.send(typed(text))

    def present(self, text: str) -> None:
        raise AssertionError("a keyboard has no trigger")

    def send(self, data: bytes) -> None:
        assert self._writer is not None
        os.write(self._writer, data)

    def close(self) -> None:
        self.unplug()


def serial_driver(at: Path, wake: Wake) -> BarcodeScanner:
    return connect_serial("scanner", SerialScannerOptions(port=str(at), trigger=TRIGGER), wake)


class TestSerialScanner(BarcodeScannerConformance):
    @pytest.fixture
    def handheld(self, tmp_path: Path) -> Iterator[SerialHandheld]:
        handheld = SerialHandheld(tmp_path / "scanner")
        yield handheld
        handheld.close()

    @pytest.fixture
    def connect(self, handheld: SerialHandheld) -> Callable[[Wake], BarcodeScanner]:
        return lambda wake: serial_driver(handheld.at, wake)

    def test_that_a_line_is_open_does_not_say_that_a_scanner_hangs_on_it(
        self, ready: BarcodeScanner
    ) -> None:
        assert ready.status().power.how is How.INFERRED

    def test_the_trigger_is_sent_as_it_is_configured(
        self, ready: BarcodeScanner, handheld: SerialHandheld
    ) -> None:
        ready.trigger(1.0)
        handheld.scanner.wait_received(TRIGGER.encode(), WAIT_S_MAX)
        assert handheld.scanner.received == TRIGGER.encode()

    def test_two_drivers_do_not_share_a_line(
        self, ready: BarcodeScanner, handheld: SerialHandheld, wake: Wake
    ) -> None:
        second = serial_driver(handheld.at, wake)
        second.poll(0.0)
        assert "another program" in second.status().trouble
        second.close()


(_SHOWN,) = [
    block.text
    for block in blocks(page("docs/howto/add-a-driver.md"))
    if block.info == "python suite"
]
_NAMES: dict[str, Any] = {}
exec(_SHOWN, _NAMES)


class TestAsTheHowToShowsIt(_NAMES["TestMyScanner"]):  # type: ignore[misc]
    """The author's own test, in as many lines as the page has."""


class TestEvdevScanner(BarcodeScannerConformance):
    @pytest.fixture
    def grabbed(self) -> list[int]:
        """Every grab."""
        return []

    @pytest.fixture
    def handheld(self, tmp_path: Path) -> Iterator[TypingHandheld]:
        handheld = TypingHandheld(tmp_path / "scanner")
        yield handheld
        handheld.close()

    @pytest.fixture
    def connect(
        self, handheld: TypingHandheld, grabbed: list[int]
    ) -> Callable[[Wake], BarcodeScanner]:
        options = EvdevScannerOptions(device=str(handheld.at))

        def grab_pipe(descriptor: int) -> None:
            os.fstat(descriptor)
            grabbed.append(descriptor)

        return lambda wake: connect_evdev("scanner", options, wake, grab_pipe)

    def test_that_a_device_is_open_does_not_say_that_a_scanner_is_awake(
        self, ready: BarcodeScanner
    ) -> None:
        assert ready.status().power.how is How.INFERRED

    def test_an_input_device_is_grabbed_each_time_that_it_is_opened(
        self, ready: BarcodeScanner, handheld: TypingHandheld, grabbed: list[int]
    ) -> None:
        assert len(grabbed) == 1
        handheld.unplug()
        self.await_connected(ready, connected=False)
        handheld.plug()
        self.await_connected(ready, connected=True)
        assert len(grabbed) == 2

    def test_events_that_the_kernel_dropped_make_the_code_corrupt(
        self, ready: BarcodeScanner, handheld: TypingHandheld
    ) -> None:
        handheld.send(typed("40063") + syn(3) + syn() + typed("931\n96385074\n"))
        lost, whole = self.frames(ready, 2)
        assert (lost.raw, lost.corrupt) == (b"", Corruption.INPUT_LOST)
        assert whole.raw == b"96385074"


class Telling:
    """A driver that tells the part of a code that it has for the code: the positive control."""

    def __init__(self, good: BarcodeScanner) -> None:
        self._good = good

    def __getattr__(self, name: str) -> object:
        return getattr(self._good, name)

    def poll(self, timeout_s: float) -> list[Frame]:
        told = self._good.poll(timeout_s)
        return [Frame(raw=each.raw or b"400638", ended_s=each.ended_s) for each in told]


def test_the_suite_finds_a_driver_that_tells_the_part_of_a_code(tmp_path: Path) -> None:
    suite, wake = TestSerialScanner(), Wake()
    handheld = SerialHandheld(tmp_path / "scanner")
    wrong: Any = Telling(serial_driver(handheld.at, wake))
    handheld.plug()
    suite.await_connected(wrong, connected=True)
    for promise in (
        suite.test_a_code_that_breaks_off_is_corrupt_without_its_bytes_and_the_next_one_is_not,
        suite.test_a_code_that_the_cable_was_pulled_on_is_never_told_as_a_code,
    ):
        with pytest.raises(AssertionError):
            promise(wrong, handheld)
    wrong.close()
    handheld.close()
    wake.close()


def test_a_scanner_that_takes_no_bytes_holds_the_trigger_up_no_longer_than_allowed(
    tmp_path: Path,
) -> None:
    master, slave = os.openpty()
    os.set_blocking(slave, False)
    wake = Wake()
    path = os.ttyname(slave)
    options = SerialScannerOptions(port=path, trigger="T" * 60)
    driver = connect_serial("scanner", options, wake)
    try:
        while not driver.status().connected:
            driver.poll(0.1)
        # Fill the line up. The kernel moves bytes on by itself, in its own time: until it stops.
        while select.select([], [slave], [], 0.3)[1]:
            with contextlib.suppress(BlockingIOError):
                os.write(slave, b"x" * 512)
        began_s = time.monotonic()
        with pytest.raises(DeviceTimeout):
            driver.trigger(0.3)
        assert 0.25 < time.monotonic() - began_s < 15.0
    finally:
        driver.close()
        os.close(slave)
        os.close(master)
        wake.close()


def test_a_device_that_cannot_be_grabbed_is_not_read(tmp_path: Path) -> None:
    """A scanner that also types into a window would sell twice, or into nowhere."""

    def refuse(_: int) -> None:
        raise OSError(errno.EBUSY, "another program has grabbed this device")

    pipe = TypingHandheld(tmp_path / "event")
    pipe.plug()
    wake = Wake()
    options = EvdevScannerOptions(device=str(pipe.at))
    driver = connect_evdev("scanner", options, wake, refuse)
    pipe.scan("96385074")
    assert driver.poll(0.1) == []
    status = driver.status()
    assert (status.connected, status.trouble) == (False, "another program has grabbed this device")
    driver.close()
    pipe.unplug()
    wake.close()


def test_a_file_that_is_no_input_device_is_not_grabbed(tmp_path: Path) -> None:
    path = tmp_path / "plain"
    path.touch()
    with path.open("rb") as plain, pytest.raises(OSError) as refusal:
        grab(plain.fileno())
    assert refusal.value.errno == errno.ENOTTY
    device = InputDevice(str(path))
    with pytest.raises(OSError):
        device.begin()
    device.close()

"""What every scanner promises: of a serial line, and of a keyboard's events.

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
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hwsim.scanner import VirtualScanner
from tests.support.keyboard import syn, typed
from tillhald.devices.categories import BarcodeScanner, Frame, How, PowerState
from tillhald.devices.errors import DeviceClosing, DeviceOffline, DeviceTimeout, RetrySafety
from tillhald.devices.wake import Wake
from tillhald.domain.scan import Corruption
from tillhald.drivers.evdev_scanner.driver import EvdevScannerOptions, InputDevice, grab
from tillhald.drivers.evdev_scanner.driver import connect as connect_evdev
from tillhald.drivers.serial_scanner.driver import SerialScannerOptions
from tillhald.drivers.serial_scanner.driver import connect as connect_serial

WAIT_S_MAX = 10.0
TRIGGER = "\x16T\r"


class Pipe:
    """A keyboard scanner's events, by a named pipe. Pulling the cable removes it."""

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
        assert self._writer is not None
        os.write(self._writer, typed(text + "\n"))

    def send(self, data: bytes) -> None:
        assert self._writer is not None
        os.write(self._writer, data)


class Bench:
    """A scanner, the driver's way to it, and what came."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.at = folder / "scanner"
        self.wake = Wake()
        self.grabbed = 0
        self._serial: VirtualScanner | None = None
        self._pipe: Pipe | None = None
        self.driver = self.connect()

    def connect(self, **options: Any) -> BarcodeScanner:
        if self.kind == "serial":
            serial = SerialScannerOptions(port=str(self.at), trigger=TRIGGER, **options)
            return connect_serial("scanner", serial, self.wake)
        evdev = EvdevScannerOptions(device=str(self.at), **options)
        return connect_evdev("scanner", evdev, self.wake, self._grab)

    def _grab(self, descriptor: int) -> None:
        os.fstat(descriptor)
        self.grabbed += 1

    def plug(self) -> None:
        if self.kind == "evdev":
            self._pipe = Pipe(self.at)
            self._pipe.plug()
        elif self._serial is None:
            self._serial = VirtualScanner(self.at, aim=False).start()
        else:
            self._serial.plug()

    def unplug(self) -> None:
        if self._pipe is not None:
            self._pipe.unplug()
        if self._serial is not None:
            self._serial.unplug()

    def scan(self, text: str) -> None:
        if self._serial is not None:
            self._serial.scan(text, symbology="code128")
        if self._pipe is not None:
            self._pipe.scan(text)

    def break_off(self, text: str) -> None:
        """Send a code without its end."""
        if self._serial is not None:
            self._serial.send(text.encode())
        if self._pipe is not None:
            self._pipe.send(typed(text))

    def poll(self, count: int) -> list[Frame]:
        """Poll until so many frames have come."""
        end_s = time.monotonic() + WAIT_S_MAX
        frames: list[Frame] = []
        while len(frames) < count:
            assert time.monotonic() < end_s, frames
            frames += self.driver.poll(0.5)
        return frames

    def await_connected(self, connected: bool) -> float:
        """Poll until the line is open, or not; how long that took."""
        began_s = time.monotonic()
        while self.driver.status().connected != connected:
            assert time.monotonic() - began_s < WAIT_S_MAX
            assert self.driver.poll(0.2) == []
        return time.monotonic() - began_s

    @property
    def serial(self) -> VirtualScanner:
        assert self._serial is not None
        return self._serial

    def close(self) -> None:
        self.driver.close()
        if self._serial is not None:
            self._serial.close()
        if self._pipe is not None:
            self._pipe.unplug()
        self.wake.close()


@pytest.fixture(params=["serial", "evdev"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(request.param, tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def plugged(bench: Bench) -> Bench:
    bench.plug()
    bench.await_connected(True)
    return bench


def test_nothing_is_known_of_a_scanner_before_anybody_has_looked(bench: Bench) -> None:
    status = bench.driver.status()
    assert (status.connected, status.power.value, status.power.how) == (False, None, How.UNKNOWN)


def test_a_scanner_that_is_not_there_is_said_to_be_off(bench: Bench) -> None:
    bench.driver.poll(0.0)
    status = bench.driver.status()
    assert (status.connected, status.power.value) == (False, PowerState.OFF)
    assert status.trouble


def test_that_a_line_is_open_does_not_say_that_a_scanner_hangs_on_it(plugged: Bench) -> None:
    status = plugged.driver.status()
    assert (status.power.value, status.power.how) == (PowerState.ONLINE, How.INFERRED)


def test_codes_come_whole_and_in_order(plugged: Bench) -> None:
    codes = ["4006381333931", "]C110ABC\x1d21XY", "hello, world", "0" * 200]
    for code in codes:
        plugged.scan(code)
    frames = plugged.poll(4)
    assert [frame.raw.decode() for frame in frames] == codes
    assert all(time.monotonic() - frame.ended_s < WAIT_S_MAX for frame in frames)


def test_a_code_is_told_as_soon_as_it_has_ended(plugged: Bench) -> None:
    typist = threading.Timer(0.1, plugged.scan, ["4006381333931"])
    typist.start()
    began_s = time.monotonic()
    frames = plugged.driver.poll(5.0)
    while not frames:
        frames = plugged.driver.poll(5.0)
    assert time.monotonic() - began_s < 2.0
    typist.join()


def test_a_code_that_breaks_off_is_corrupt_and_the_next_one_is_not(plugged: Bench) -> None:
    plugged.break_off("400638")
    (frame,) = plugged.poll(1)
    assert (frame.raw, frame.corrupt) == (b"", Corruption.LINE_ERROR)
    plugged.scan("96385074")
    assert plugged.poll(1)[0].raw == b"96385074"


def test_pulling_the_cable_is_noticed_at_once_and_it_comes_back_by_itself(plugged: Bench) -> None:
    for _ in range(3):
        plugged.unplug()
        assert plugged.await_connected(False) < 1.0
        assert plugged.driver.status().power.value is PowerState.OFF
        plugged.plug()
        assert plugged.await_connected(True) < 1.5
        plugged.scan("96385074")
        assert plugged.poll(1)[0].raw == b"96385074"


def test_the_wake_cuts_a_poll_short(plugged: Bench) -> None:
    threading.Timer(0.1, plugged.wake.ring).start()
    began_s = time.monotonic()
    assert plugged.driver.poll(WAIT_S_MAX) == []
    assert time.monotonic() - began_s < 2.0


def test_stopping_ends_a_poll_with_closing(plugged: Bench) -> None:
    threading.Timer(0.1, plugged.wake.stop).start()
    with pytest.raises(DeviceClosing):
        while True:
            plugged.driver.poll(WAIT_S_MAX)


def test_closing_frees_the_line_for_another(plugged: Bench) -> None:
    plugged.driver.close()
    plugged.driver = plugged.connect()
    plugged.await_connected(True)
    plugged.scan("96385074")
    assert plugged.poll(1)[0].raw == b"96385074"


# --- what only one of them can do


@pytest.fixture
def serial(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench("serial", tmp_path)
    bench.plug()
    bench.await_connected(True)
    yield bench
    bench.close()


@pytest.fixture
def evdev(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench("evdev", tmp_path)
    bench.plug()
    bench.await_connected(True)
    yield bench
    bench.close()


def test_the_trigger_is_sent_as_it_is_configured(serial: Bench) -> None:
    serial.serial.present("BY-TRIGGER", symbology="code128")
    serial.driver.trigger(1.0)
    assert serial.poll(1)[0].raw == b"BY-TRIGGER"
    assert serial.serial.received == TRIGGER.encode()


def test_the_trigger_of_a_scanner_that_is_not_there_is_refused(serial: Bench) -> None:
    serial.unplug()
    serial.await_connected(False)
    with pytest.raises(DeviceOffline) as refusal:
        serial.driver.trigger(1.0)
    assert refusal.value.retry_safety is RetrySafety.SAFE


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
        assert 0.25 < time.monotonic() - began_s < 2.0
    finally:
        driver.close()
        os.close(slave)
        os.close(master)
        wake.close()


def test_two_drivers_do_not_share_a_line(serial: Bench) -> None:
    wake = Wake()
    second = connect_serial("second", SerialScannerOptions(port=str(serial.at)), wake)
    second.poll(0.0)
    assert "another program" in second.status().trouble
    second.close()
    wake.close()


def test_an_input_device_is_grabbed_each_time_that_it_is_opened(evdev: Bench) -> None:
    assert evdev.grabbed == 1
    evdev.unplug()
    evdev.await_connected(False)
    evdev.plug()
    evdev.await_connected(True)
    assert evdev.grabbed == 2


def test_a_device_that_cannot_be_grabbed_is_not_read(tmp_path: Path) -> None:
    """A scanner that also types into a window would sell twice, or into nowhere."""

    def refuse(_: int) -> None:
        raise OSError(errno.EBUSY, "another program has grabbed this device")

    pipe = Pipe(tmp_path / "event")
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


def test_events_that_the_kernel_dropped_make_the_code_corrupt(evdev: Bench) -> None:
    assert evdev._pipe is not None
    evdev._pipe.send(typed("40063") + syn(3) + syn() + typed("931\n96385074\n"))
    lost, whole = evdev.poll(2)
    assert (lost.raw, lost.corrupt) == (b"", Corruption.INPUT_LOST)
    assert whole.raw == b"96385074"

"""What a BarcodeScanner promises."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

import pytest

from hwsim.conformance.waiting import WAIT_S_MAX, wait_until
from hwsim.scanner import VirtualScanner
from tillhald.devices.categories import BarcodeScanner, Frame, How, PowerState
from tillhald.devices.errors import DeviceClosing, DeviceOffline, RetrySafety
from tillhald.devices.wake import Wake

TURN_S: Final = 0.2
SOON_S_MAX: Final = 2.0
"""For what is to be noticed at once, on a busy machine."""
BEGUN_S: Final = 0.1
"""After which a driver surely waits."""


class Handheld(Protocol):
    """A simulated scanner, as the hand that holds it."""

    def plug(self) -> object:
        """Put its cable in."""

    def unplug(self) -> object:
        """Pull it out."""

    def scan(self, text: str) -> object:
        """Read a code of which the driver is to give exactly `text`, in UTF-8."""

    def break_off(self, text: str) -> object:
        """Send the beginning of a code and never its end."""

    def present(self, text: str) -> object:
        """Lay a code before it, for the trigger."""

    def close(self) -> object:
        """Put it away."""


class SerialHandheld:
    """hwsim's scanner on a serial line at `at`: no identifier, CR after each code."""

    def __init__(self, at: Path) -> None:
        self.at = at
        self.scanner = VirtualScanner(at, aim=False)
        self._was_plugged = False

    def plug(self) -> None:
        """See Handheld."""
        if self._was_plugged:
            self.scanner.plug()
        else:
            self.scanner.start()
        self._was_plugged = True

    def unplug(self) -> None:
        """See Handheld."""
        self.scanner.unplug()

    def scan(self, text: str) -> None:
        """See Handheld."""
        self.scanner.scan(text, symbology="code128")

    def break_off(self, text: str) -> None:
        """See Handheld."""
        self.scanner.send(text.encode())

    def present(self, text: str) -> None:
        """See Handheld. The trigger is `SYN T CR`."""
        self.scanner.present(text, symbology="code128")

    def close(self) -> None:
        """See Handheld."""
        self.scanner.close()


class BarcodeScannerConformance:
    """Override `connect`, and `handheld` for what is no serial line."""

    @pytest.fixture
    def handheld(self, tmp_path: Path) -> Iterator[Handheld]:
        """The simulated scanner, not plugged in yet."""
        handheld = SerialHandheld(tmp_path / "scanner")
        yield handheld
        handheld.close()

    @pytest.fixture
    def connect(self, handheld: Handheld) -> Callable[[Wake], BarcodeScanner]:
        """What makes the driver that is tested, on `handheld`. The suite closes what it made."""
        raise NotImplementedError

    @pytest.fixture
    def wake(self) -> Iterator[Wake]:
        """What the driver sleeps by."""
        wake = Wake()
        yield wake
        wake.close()

    @pytest.fixture
    def scanner(
        self, connect: Callable[[Wake], BarcodeScanner], wake: Wake
    ) -> Iterator[BarcodeScanner]:
        """The driver, and nothing at the other end of its line."""
        scanner = connect(wake)
        yield scanner
        scanner.close()

    @pytest.fixture
    def ready(self, scanner: BarcodeScanner, handheld: Handheld) -> BarcodeScanner:
        """The driver once its line is open."""
        handheld.plug()
        self.await_connected(scanner, connected=True)
        return scanner

    # --- whether it is there

    def test_nothing_is_known_of_a_scanner_before_anybody_has_looked(
        self, scanner: BarcodeScanner
    ) -> None:
        status = scanner.status()
        assert (status.connected, status.power.value, status.power.how) == (
            False,
            None,
            How.UNKNOWN,
        )

    def test_a_scanner_that_is_not_there_is_said_to_be_off_and_why(
        self, scanner: BarcodeScanner
    ) -> None:
        scanner.poll(0.0)
        status = scanner.status()
        assert (status.connected, status.power.value) == (False, PowerState.OFF)
        assert status.trouble

    def test_a_scanner_whose_line_is_open_is_on_and_nothing_is_wrong_with_it(
        self, ready: BarcodeScanner
    ) -> None:
        status = ready.status()
        assert (status.power.value, status.trouble) == (PowerState.ONLINE, "")
        assert status.power.how in (How.MEASURED, How.INFERRED)

    def test_pulling_the_cable_is_noticed_at_once_and_it_comes_back_by_itself(
        self, ready: BarcodeScanner, handheld: Handheld
    ) -> None:
        for _ in range(2):
            handheld.unplug()
            assert self.await_connected(ready, connected=False) < SOON_S_MAX
            assert ready.status().power.value is PowerState.OFF
            handheld.plug()
            assert self.await_connected(ready, connected=True) < SOON_S_MAX
            handheld.scan("96385074")
            assert self.texts(ready, 1) == ["96385074"]

    def test_closing_frees_the_line_for_another(
        self,
        ready: BarcodeScanner,
        handheld: Handheld,
        connect: Callable[[Wake], BarcodeScanner],
        wake: Wake,
    ) -> None:
        ready.close()
        second = connect(wake)
        try:
            self.await_connected(second, connected=True)
            handheld.scan("96385074")
            assert self.texts(second, 1) == ["96385074"]
        finally:
            second.close()

    # --- what it reads

    def test_codes_come_whole_and_in_order(self, ready: BarcodeScanner, handheld: Handheld) -> None:
        codes = ["4006381333931", "]C110ABC\x1d21XY", "hello, world", "0" * 200]
        for code in codes:
            handheld.scan(code)
        frames = self.frames(ready, len(codes))
        assert [frame.raw.decode() for frame in frames] == codes
        assert all(0 <= time.monotonic() - frame.ended_s < WAIT_S_MAX for frame in frames)

    def test_a_code_is_told_as_soon_as_it_has_ended(
        self, ready: BarcodeScanner, handheld: Handheld
    ) -> None:
        typist = threading.Timer(BEGUN_S, handheld.scan, ["4006381333931"])
        typist.start()
        began_s = time.monotonic()
        while not (frames := ready.poll(WAIT_S_MAX)):
            assert time.monotonic() - began_s < WAIT_S_MAX
        assert time.monotonic() - began_s < SOON_S_MAX
        assert [frame.raw for frame in frames] == [b"4006381333931"]
        typist.join()

    def test_a_code_that_breaks_off_is_corrupt_without_its_bytes_and_the_next_one_is_not(
        self, ready: BarcodeScanner, handheld: Handheld
    ) -> None:
        handheld.break_off("400638")
        (broken,) = self.frames(ready, 1)
        assert broken.corrupt is not None
        assert broken.raw == b"", "a part of a code may be another code"
        handheld.scan("96385074")
        assert self.texts(ready, 1) == ["96385074"]

    def test_a_code_that_the_cable_was_pulled_on_is_never_told_as_a_code(
        self, ready: BarcodeScanner, handheld: Handheld
    ) -> None:
        handheld.break_off("400638")
        heard = ready.poll(TURN_S)  # what has not been read when the cable goes is lost with it
        handheld.unplug()
        wait_until(
            lambda: not ready.status().connected, "gone", lambda: heard.extend(ready.poll(TURN_S))
        )
        assert [frame for frame in heard if frame.corrupt is None] == []
        handheld.plug()
        self.await_connected(ready, connected=True)
        handheld.scan("96385074")
        assert self.texts(ready, 1) == ["96385074"]

    # --- its trigger

    def test_the_trigger_reads_what_lies_before_it(
        self, ready: BarcodeScanner, handheld: Handheld
    ) -> None:
        self.needs_trigger(ready)
        handheld.present("BY-TRIGGER")
        ready.trigger(SOON_S_MAX)
        assert self.texts(ready, 1) == ["BY-TRIGGER"]

    def test_the_trigger_of_a_scanner_that_is_not_there_is_refused(
        self, ready: BarcodeScanner, handheld: Handheld
    ) -> None:
        self.needs_trigger(ready)
        handheld.unplug()
        self.await_connected(ready, connected=False)
        with pytest.raises(DeviceOffline) as refusal:
            ready.trigger(1.0)
        assert refusal.value.retry_safety is RetrySafety.SAFE

    # --- its turns

    def test_a_turn_ends_in_its_time_and_at_once_when_the_port_is_wanted(
        self, ready: BarcodeScanner, wake: Wake
    ) -> None:
        began_s = time.monotonic()
        assert ready.poll(TURN_S) == []
        assert time.monotonic() - began_s < TURN_S + SOON_S_MAX
        threading.Timer(BEGUN_S, wake.ring).start()
        began_s = time.monotonic()
        assert ready.poll(WAIT_S_MAX) == []
        assert time.monotonic() - began_s < SOON_S_MAX

    def test_a_turn_without_a_scanner_ends_at_once_too_when_the_port_is_wanted(
        self, scanner: BarcodeScanner, wake: Wake
    ) -> None:
        scanner.poll(0.0)
        wake.ring()
        began_s = time.monotonic()
        assert scanner.poll(WAIT_S_MAX) == []
        assert time.monotonic() - began_s < SOON_S_MAX

    def test_stopping_ends_a_turn_with_closing(self, ready: BarcodeScanner, wake: Wake) -> None:
        threading.Timer(BEGUN_S, wake.stop).start()
        with pytest.raises(DeviceClosing):
            wait_until(lambda: False, "it ends", lambda: ready.poll(WAIT_S_MAX))

    # ---

    def frames(self, scanner: BarcodeScanner, count: int) -> list[Frame]:
        """Give turns until so many frames have come."""
        frames: list[Frame] = []
        wait_until(
            lambda: len(frames) >= count,
            f"{count} frames",
            lambda: frames.extend(scanner.poll(TURN_S)),
        )
        return frames

    def texts(self, scanner: BarcodeScanner, count: int) -> list[str]:
        """The same, of frames that are whole."""
        frames = self.frames(scanner, count)
        assert all(frame.corrupt is None for frame in frames)
        return [frame.raw.decode() for frame in frames]

    def await_connected(self, scanner: BarcodeScanner, *, connected: bool) -> float:
        """Give turns until the line is open, or not; how long that took."""
        began_s = time.monotonic()

        def turn() -> None:
            assert scanner.poll(TURN_S) == []

        wait_until(lambda: scanner.status().connected == connected, "its line", turn)
        return time.monotonic() - began_s

    def needs_trigger(self, scanner: BarcodeScanner) -> None:
        """Skip where the driver claims none."""
        if not scanner.capabilities.soft_trigger:
            pytest.skip("not claimed: it has no trigger")

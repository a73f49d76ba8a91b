"""The simulated relay drawer, seen by a program that opens its line."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from hwsim.drawer import Level, VirtualDrawer
from hwsim.relay_drawer import TRIGGER_PULSE_MS, VirtualRelayDrawer

ON, OFF = bytes.fromhex("a00101a2"), bytes.fromhex("a00100a1")


class Moves:
    """What a drawer did, to wait for."""

    def __init__(self, drawer: VirtualDrawer) -> None:
        self._drawer = drawer
        self._changed = threading.Condition()
        drawer.plug_in(self._moved)

    def _moved(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def wait_open(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._drawer.is_open, 5)


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[VirtualRelayDrawer]:
    with VirtualRelayDrawer(tmp_path / "relay") as relay:
        yield relay


@pytest.fixture
def till(relay: VirtualRelayDrawer) -> Iterator[serial.Serial]:
    with serial.Serial(str(relay.at), 9600, timeout=5) as line:
        yield line


def test_a_pulse_of_the_relay_opens_the_drawer(
    relay: VirtualRelayDrawer, till: serial.Serial
) -> None:
    moves = Moves(relay.drawer)
    till.write(ON)
    moves.wait_open()
    assert relay.coil_is_on
    assert relay.pulses[-1].on_ms is None
    till.write(OFF)
    pulse = relay.wait_pulses(1, timeout_s=20)[0]
    assert pulse.on_ms is not None
    assert pulse.on_ms >= relay.drawer.pulse_ms_min
    assert not relay.coil_is_on
    assert relay.drawer.open_count == 1


def test_a_pulse_that_is_too_short_moves_nothing(tmp_path: Path) -> None:
    drawer = VirtualDrawer(pulse_ms_min=4000, pin=5)
    with (
        VirtualRelayDrawer(tmp_path / "relay", drawer=drawer) as relay,
        serial.Serial(str(relay.at)) as till,
    ):
        till.write(ON + OFF)
        relay.wait_pulses(1, timeout_s=20)
    assert not drawer.is_open


def test_a_command_in_pieces_is_heeded_and_one_with_a_wrong_sum_is_not(
    relay: VirtualRelayDrawer, till: serial.Serial
) -> None:
    till.write(b"\xa0\x01\x01\xa3" + b"\r\n" + ON[:1])
    till.write(ON[1:])
    till.write(b"\xff")
    assert till.read(len(b"CH1: ON\r\n")) == b"CH1: ON\r\n"
    till.write(OFF + b"\xff")
    assert till.read(len(b"CH1: OFF\r\n")) == b"CH1: OFF\r\n"
    assert len(relay.wait_pulses(1, timeout_s=20)) == 1


def test_only_its_own_channel_opens_the_drawer(tmp_path: Path) -> None:
    with (
        VirtualRelayDrawer(tmp_path / "relay", channel=2, channels=2) as relay,
        serial.Serial(str(relay.at), timeout=5) as till,
    ):
        till.write(ON + b"\xff")
        assert till.read_until(b"CH2: OFF\r\n") == b"CH1: ON\r\nCH2: OFF\r\n"
        assert not relay.coil_is_on
        till.write(bytes.fromhex("a00201a3ff"))
        assert till.read_until(b"CH2: ON\r\n") == b"CH1: ON\r\nCH2: ON\r\n"
        assert relay.coil_is_on


@pytest.mark.parametrize("trigger_on", [None, b"\x07"])
def test_a_trigger_cable_pulses_by_itself(tmp_path: Path, trigger_on: bytes | None) -> None:
    with (
        VirtualRelayDrawer(tmp_path / "relay", kind="trigger", trigger_on=trigger_on) as relay,
        serial.Serial(str(relay.at)) as till,
    ):
        till.write(b"\x07")
        pulse = relay.wait_pulses(1, timeout_s=20)[0]
        assert pulse.on_ms is not None
        assert pulse.on_ms >= TRIGGER_PULSE_MS
        assert relay.drawer.is_open


def test_a_trigger_cable_that_waits_for_its_byte_heeds_no_other(tmp_path: Path) -> None:
    with (
        VirtualRelayDrawer(tmp_path / "relay", kind="trigger", trigger_on=b"\x07") as relay,
        serial.Serial(str(relay.at)) as till,
    ):
        till.write(b"A\x07")
        relay.wait_pulses(1, timeout_s=20)
        assert relay.received == b"A\x07"
        assert relay.drawer.open_count == 1


def test_an_unplugged_board_lets_its_coil_go(
    relay: VirtualRelayDrawer, till: serial.Serial
) -> None:
    moves = Moves(relay.drawer)
    till.write(ON)
    moves.wait_open()
    relay.unplug()
    assert not relay.coil_is_on
    assert not relay.at.exists()
    relay.plug()
    with serial.Serial(str(relay.at), timeout=5) as again:
        again.write(b"\xff")
        assert again.read_until(b"\n") == b"CH1: OFF\r\n"


def test_a_drawer_can_ignore_kicks_open_late_or_have_a_stuck_switch() -> None:
    drawer = VirtualDrawer(ignored_kicks=1)
    drawer.pulse(2, 100)
    assert not drawer.is_open
    drawer.pulse(2, 100)
    assert drawer.is_open
    drawer.switch_stuck_at = Level.LOW
    assert drawer.pin3 is Level.LOW
    drawer.switch_stuck_at = None
    assert drawer.pin3 is Level.HIGH

    late = VirtualDrawer(opens_after_s=0.02)
    moves = Moves(late)
    late.pulse(2, 100)
    assert not late.is_open
    moves.wait_open()

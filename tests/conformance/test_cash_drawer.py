"""What a CashDrawer promises: on a printer's connector, and behind a relay or a trigger cable."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from hwsim.drawer import Level, VirtualDrawer
from hwsim.mechanism import PaperState
from hwsim.printer import VirtualPrinter
from hwsim.relay_drawer import VirtualRelayDrawer
from tillhald.devices.categories import (
    CashDrawer,
    Fired,
    How,
    KickFailed,
    KickUnknown,
    PowerState,
    Trouble,
)
from tillhald.devices.errors import DeviceError, RetrySafety
from tillhald.devices.wake import Wake
from tillhald.domain.drawers import OpenLevel
from tillhald.drivers.escpos.driver import EscposOptions, EscposPrinter
from tillhald.drivers.escpos.ports import PortOptions
from tillhald.drivers.printer_kick.driver import KickedDrawer, KickOptions
from tillhald.drivers.relay_drawer.driver import RelayDrawer, RelayOptions, encode_relay

KICK_S = 3.0


class Rig(NamedTuple):
    """A drawer as the till has it, as it is, and how to take its device away."""

    drawer: CashDrawer
    real: VirtualDrawer
    cut_off: Callable[[], None]
    bring_back: Callable[[], None]
    look: Callable[[], object]


@contextlib.contextmanager
def wired(
    drawer: VirtualDrawer, open_level: str, **options: int
) -> Iterator[tuple[VirtualPrinter, KickedDrawer]]:
    with VirtualPrinter(drawer=drawer) as paper:
        host, port = paper.address
        of_printer = EscposOptions(port=PortOptions(tcp=f"{host}:{port}"), profile="tm_t88")
        wake = Wake()
        printer = EscposPrinter("p", of_printer, wake)
        printer.status(2.0)
        kick = KickOptions(printer="p", open_level=open_level, **options)  # type: ignore[arg-type]
        try:
            yield paper, KickedDrawer("d", kick, printer)
        finally:
            printer.close()
            wake.close()


@contextlib.contextmanager
def on_printer(tmp_path: Path) -> Iterator[Rig]:
    real = VirtualDrawer()
    with wired(real, "high") as (paper, drawer):
        yield Rig(
            drawer, real, paper.power_off, paper.power_on, lambda: drawer._printer.status(0.5)
        )


@contextlib.contextmanager
def relay(tmp_path: Path, **options: object) -> Iterator[tuple[VirtualRelayDrawer, RelayDrawer]]:
    kind = "trigger" if options.get("trigger") == "bytes" else "lcus"
    with VirtualRelayDrawer(tmp_path / "relay", kind=kind) as board:  # type: ignore[arg-type]
        wake = Wake()
        drawer = RelayDrawer("d", RelayOptions(serial=str(board.at), **options), wake)  # type: ignore[arg-type]
        drawer.poll(0.5)
        try:
            yield board, drawer
        finally:
            drawer.close()
            wake.close()


@contextlib.contextmanager
def behind_relay(tmp_path: Path) -> Iterator[Rig]:
    with relay(tmp_path) as (board, drawer):
        yield Rig(drawer, board.drawer, board.unplug, board.plug, lambda: drawer.poll(0.2))


@contextlib.contextmanager
def behind_cable(tmp_path: Path) -> Iterator[Rig]:
    with relay(tmp_path, trigger="bytes") as (board, drawer):
        yield Rig(drawer, board.drawer, board.unplug, board.plug, lambda: drawer.poll(0.2))


@pytest.fixture(params=[on_printer, behind_relay, behind_cable])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    with request.param(tmp_path) as made:
        yield made


# --- every drawer


def test_a_kick_opens_a_shut_drawer_once(rig: Rig) -> None:
    can_tell = rig.drawer.status().open.how is not How.UNSUPPORTED
    assert rig.drawer.kick(False, KICK_S) == Fired(verified=can_tell)
    until(lambda: rig.real.is_open)
    assert rig.real.open_count == 1


def test_a_drawer_that_is_cut_off_is_not_kicked_later(rig: Rig) -> None:
    rig.cut_off()
    rig.look()
    outcome = rig.drawer.kick(True, 1.0)
    assert isinstance(outcome, KickFailed | KickUnknown)
    rig.bring_back()
    until(lambda: _comes_back(rig))
    assert not rig.real.is_open
    assert rig.real.open_count == 0
    assert isinstance(rig.drawer.kick(True, KICK_S), Fired)


def _comes_back(rig: Rig) -> bool:
    with contextlib.suppress(DeviceError):
        rig.look()
    status = rig.drawer.status()
    power = getattr(status, "power", None)
    return power is PowerState.ONLINE if power else status.open.how is How.MEASURED


# --- on a printer


@pytest.mark.parametrize("level", [Level.HIGH, Level.LOW])
def test_a_kick_opens_the_drawer_once_and_its_switch_says_so(level: Level) -> None:
    drawer = VirtualDrawer(open_level=level)
    with wired(drawer, level.name.lower()) as (_, kicked):
        assert kicked.status().open.known(value=False)
        assert kicked.kick(False, KICK_S) == Fired(verified=True)
        assert drawer.open_count == 1
        assert kicked.status().open.known(value=True)


def test_a_drawer_without_a_switch_is_fired_and_never_verified() -> None:
    drawer = VirtualDrawer()
    with wired(drawer, "none") as (_, kicked):
        assert kicked.kick(False, KICK_S) == Fired(verified=False)
        assert kicked.status().open.how is How.UNSUPPORTED
        assert drawer.open_count == 1


@pytest.mark.parametrize("level", [Level.HIGH, Level.LOW])
def test_a_switch_says_nothing_before_somebody_has_learnt_it(level: Level) -> None:
    drawer = VirtualDrawer(open_level=level)
    with wired(drawer, "auto") as (_, kicked):
        assert kicked.status().open.how is How.UNKNOWN, "not even closed"
        assert kicked.status().switch_high.known(value=level is Level.LOW)
        assert kicked.kick(False, KICK_S) == Fired(verified=False)
        drawer.close()
        assert kicked.learn(OpenLevel(level.name.lower()))
        kicked._printer.status(1.0)
        assert kicked.status().open.known(value=False)
        assert kicked.kick(False, KICK_S) == Fired(verified=True)
        kicked.learn(OpenLevel.UNRELIABLE)
        assert kicked.status().open.how is How.UNKNOWN
        kicked.learn(OpenLevel.NONE)
        assert kicked.status().open.how is How.UNSUPPORTED


def test_a_configured_level_is_not_unlearnt() -> None:
    with wired(VirtualDrawer(), "high") as (_, kicked):
        assert not kicked.learn(OpenLevel.LOW)
        assert kicked.status().open.known(value=False)


def test_a_locked_drawer_is_said_to_have_stayed_closed_and_kicked_once() -> None:
    with wired(VirtualDrawer(stuck=True), "high") as (paper, kicked):
        outcome = kicked.kick(False, KICK_S)
        assert outcome == KickFailed(Trouble.DRAWER_STAYED_CLOSED, RetrySafety.UNKNOWN)
        assert len(paper.pulses) == 1


def test_a_stubborn_drawer_is_kicked_again_only_while_its_switch_says_shut() -> None:
    drawer = VirtualDrawer(stuck=True)
    with wired(drawer, "high", pulses_max=5) as (paper, kicked):
        loosening = threading.Thread(
            target=lambda: (until(lambda: len(paper.pulses) == 2), setattr(drawer, "stuck", False))
        )
        loosening.start()
        assert kicked.kick(False, 10.0) == Fired(verified=True)
        loosening.join()
        assert drawer.open_count == 1
        assert 3 <= len(paper.pulses) <= 4
        assert kicked.kick(False, 10.0) == Fired(verified=False), "it is open: nothing to see"
        assert len(paper.pulses) <= 5


def test_a_drawer_nobody_can_see_is_never_kicked_twice() -> None:
    with wired(VirtualDrawer(stuck=True), "none", pulses_max=5) as (paper, kicked):
        assert kicked.kick(False, KICK_S) == Fired(verified=False)
        assert len(paper.pulses) == 1


def test_a_printer_without_paper_still_opens_the_drawer_now_and_not_later() -> None:
    drawer = VirtualDrawer()
    with wired(drawer, "high") as (paper, kicked):
        paper.set_paper(PaperState.END)
        until(lambda: kicked._printer.status(1.0).offline.known(value=True))
        assert kicked.kick(False, KICK_S) == Fired(verified=True)
        drawer.close()
        paper.set_paper(PaperState.ADEQUATE)
        until(lambda: kicked._printer.status(1.0).offline.known(value=False))
        assert drawer.open_count == 1
        assert len(paper.pulses) == 1


def test_a_printer_that_is_off_gets_no_pulse() -> None:
    drawer = VirtualDrawer()
    with wired(drawer, "high") as (paper, kicked):
        paper.power_off()
        until(lambda: not kicked._printer.status(0.5).connected)
        outcome = kicked.kick(False, 1.0)
        assert isinstance(outcome, KickFailed | KickUnknown)
        paper.power_on()
        assert kicked._printer.status(2.0).connected
        assert drawer.open_count == 0


# --- behind a relay


@pytest.mark.parametrize("on_ms", [50, 200])
def test_a_relay_is_closed_for_as_long_as_was_asked(tmp_path: Path, on_ms: int) -> None:
    with relay(tmp_path, on_ms=on_ms) as (board, drawer):
        assert drawer.kick(False, KICK_S) == Fired(verified=False)
        (pulse,) = board.wait_pulses(1, 20)
        assert pulse.on_ms is not None
        assert on_ms - 5 <= pulse.on_ms <= on_ms + 150
        off, on = (encode_relay(1, is_on=is_on) for is_on in (False, True))
        assert (on, off) == (bytes.fromhex("a00101a2"), bytes.fromhex("a00100a1"))
        assert board.received == off + on + off, "what an earlier till left on is switched off"


def test_a_till_that_died_within_a_pulse_lets_go_when_it_is_back(tmp_path: Path) -> None:
    with VirtualRelayDrawer(tmp_path / "relay") as board:
        with board.at.open("wb", buffering=0) as line:
            line.write(encode_relay(1, is_on=True))
            until(lambda: board.coil_is_on)
        wake = Wake()
        drawer = RelayDrawer("d", RelayOptions(serial=str(board.at)), wake)
        drawer.poll(0.5)
        until(lambda: not board.coil_is_on)
        drawer.close()
        wake.close()


def test_a_till_that_stops_within_a_pulse_ends_it(tmp_path: Path) -> None:
    with VirtualRelayDrawer(tmp_path / "relay") as board:
        wake = Wake()
        drawer = RelayDrawer("d", RelayOptions(serial=str(board.at), on_ms=1000), wake)
        drawer.poll(0.5)
        outcomes: list[object] = []
        kicking = threading.Thread(target=lambda: outcomes.append(drawer.kick(False, KICK_S)))
        kicking.start()
        until(lambda: board.coil_is_on)
        wake.stop()
        kicking.join()
        assert outcomes == [KickUnknown(Trouble.SHUTTING_DOWN)]
        (pulse,) = board.wait_pulses(1, 20)
        assert pulse.on_ms is not None
        assert pulse.on_ms < 900
        drawer.close()
        wake.close()


def test_a_trigger_cable_gets_its_byte_and_nothing_else(tmp_path: Path) -> None:
    with relay(tmp_path, trigger="bytes") as (board, drawer):
        assert drawer.kick(False, KICK_S) == Fired(verified=False)
        board.wait_pulses(1, 20)
        assert board.received == b"\x07"


def test_a_line_without_modem_lines_has_no_switch(tmp_path: Path) -> None:
    with relay(tmp_path, switch="cts", open_level="high") as (_, drawer):
        drawer.poll(0.1)
        assert drawer.status().open.how is How.UNSUPPORTED


def test_a_board_that_is_pulled_out_is_missed_at_once(tmp_path: Path) -> None:
    with relay(tmp_path) as (board, drawer):
        assert drawer.status().power is PowerState.ONLINE
        board.unplug()
        began_s = time.monotonic()
        drawer.poll(10.0)
        assert drawer.status().power is PowerState.OFF
        assert time.monotonic() - began_s < 8.0, "it was missed only at the end of the turn"


def until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end_s, "it never held"

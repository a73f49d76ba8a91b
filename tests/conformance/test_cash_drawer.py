"""What a CashDrawer promises, kept by tillhald.drivers.printer_kick on the virtual printer."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import pytest

from hwsim.drawer import Level, VirtualDrawer
from hwsim.mechanism import PaperState
from hwsim.printer import VirtualPrinter
from tillhald.devices.categories import Fired, How, KickFailed, KickUnknown, Trouble
from tillhald.devices.errors import RetrySafety
from tillhald.devices.wake import Wake
from tillhald.drivers.escpos.driver import EscposOptions, EscposPrinter
from tillhald.drivers.escpos.ports import PortOptions
from tillhald.drivers.printer_kick.driver import KickedDrawer, KickOptions

KICK_S = 3.0


@contextlib.contextmanager
def wired(drawer: VirtualDrawer, open_level: str) -> Iterator[tuple[VirtualPrinter, KickedDrawer]]:
    with VirtualPrinter(drawer=drawer) as paper:
        host, port = paper.address
        options = EscposOptions(port=PortOptions(tcp=f"{host}:{port}"), profile="tm_t88")
        wake = Wake()
        printer = EscposPrinter("p", options, wake)
        printer.status(2.0)
        kick = KickOptions(printer="p", open_level=open_level)  # type: ignore[arg-type]
        try:
            yield paper, KickedDrawer("d", kick, printer)
        finally:
            printer.close()
            wake.close()


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


def test_a_locked_drawer_is_said_to_have_stayed_closed_and_kicked_once() -> None:
    with wired(VirtualDrawer(stuck=True), "high") as (paper, kicked):
        outcome = kicked.kick(False, KICK_S)
        assert outcome == KickFailed(Trouble.DRAWER_STAYED_CLOSED, RetrySafety.UNKNOWN)
        assert len(paper.pulses) == 1


def test_a_printer_without_paper_still_opens_the_drawer_now_and_not_later() -> None:
    drawer = VirtualDrawer()
    with wired(drawer, "high") as (paper, kicked):
        paper.set_paper(PaperState.END)
        _until(lambda: kicked._printer.status(1.0).offline.known(value=True))
        assert kicked.kick(False, KICK_S) == Fired(verified=True)
        drawer.close()
        paper.set_paper(PaperState.ADEQUATE)
        _until(lambda: kicked._printer.status(1.0).offline.known(value=False))
        assert drawer.open_count == 1
        assert len(paper.pulses) == 1


def test_a_printer_that_is_off_gets_no_pulse() -> None:
    drawer = VirtualDrawer()
    with wired(drawer, "high") as (paper, kicked):
        paper.power_off()
        _until(lambda: not kicked._printer.status(0.5).connected)
        outcome = kicked.kick(False, 1.0)
        assert isinstance(outcome, KickFailed | KickUnknown)
        paper.power_on()
        assert kicked._printer.status(2.0).connected
        assert drawer.open_count == 0


def _until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < end_s, "it never held"

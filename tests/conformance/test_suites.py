"""The importable suites, kept by the drivers that come with the till.

tillhald.drivers.escpos over every link, tillhald.drivers.printer_kick on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hwsim.conformance import CashDrawerConformance, PosPrinterConformance
from hwsim.drawer import Level, VirtualDrawer
from hwsim.models import MODELS
from hwsim.printer import VirtualPrinter
from tests.support.wiring import LINKS, Wiring
from tillhald.devices.wake import Wake
from tillhald.drivers.escpos.driver import EscposOptions, EscposPrinter
from tillhald.drivers.printer_kick.driver import KickedDrawer, KickOptions


class TestEscpos(PosPrinterConformance):
    @pytest.fixture(params=LINKS)
    def wiring(self, request: pytest.FixtureRequest, tmp_path: Path) -> Wiring:
        return Wiring(request.param, tmp_path)

    @pytest.fixture
    def paper(self, wiring: Wiring, drawer: VirtualDrawer) -> Iterator[VirtualPrinter]:
        with wiring.simulator(drawer=drawer) as printer:
            yield printer

    @pytest.fixture
    def printer(self, wiring: Wiring, paper: VirtualPrinter, wake: Wake) -> EscposPrinter:
        options = EscposOptions(port=wiring.port(paper), profile="tm_t88")
        return EscposPrinter("p", options, wake)


class TestEscposOfAClone(PosPrinterConformance):
    """A printer without process ids: it says only that it has read a job."""

    @pytest.fixture
    def wiring(self, tmp_path: Path) -> Wiring:
        return Wiring("tcp", tmp_path)

    @pytest.fixture
    def paper(self, wiring: Wiring, drawer: VirtualDrawer) -> Iterator[VirtualPrinter]:
        with wiring.simulator(drawer=drawer, model=MODELS["generic-80"]) as printer:
            yield printer

    @pytest.fixture
    def printer(self, wiring: Wiring, paper: VirtualPrinter, wake: Wake) -> EscposPrinter:
        options = EscposOptions(port=wiring.port(paper), profile="generic_80")
        return EscposPrinter("p", options, wake)


class TestPrinterKick(CashDrawerConformance):
    @pytest.fixture(params=["high", "low", "none"])
    def level(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture
    def drawer(self, level: str) -> VirtualDrawer:
        return VirtualDrawer(open_level=Level.LOW if level == "low" else Level.HIGH)

    @pytest.fixture
    def paper(self, drawer: VirtualDrawer) -> Iterator[VirtualPrinter]:
        with VirtualPrinter(drawer=drawer) as printer:
            yield printer

    @pytest.fixture
    def host(self, paper: VirtualPrinter, tmp_path: Path) -> Iterator[EscposPrinter]:
        wiring = Wiring("tcp", tmp_path)
        printer = wiring.connect(paper)
        printer.status(2.0)
        yield printer
        wiring.close()

    @pytest.fixture
    def kicked(self, host: EscposPrinter, level: str) -> KickedDrawer:
        return KickedDrawer("d", KickOptions(printer="p", open_level=level), host)  # type: ignore[arg-type]

    @pytest.fixture
    def turn(self, host: EscposPrinter) -> Callable[[], object]:
        return lambda: host.poll(0.02)

    @pytest.fixture
    def switched_off(self, host: EscposPrinter, paper: VirtualPrinter) -> Callable[[], object]:
        def switch_off() -> None:
            paper.power_off()
            while host.status(0.2).connected:
                pass

        return switch_off

"""Learning a drawer's switch: what a person does right, what they do wrong, and what is broken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from hwsim.drawer import Level, VirtualDrawer
from hwsim.printer import VirtualPrinter
from tests.unit.devices.test_registry import config, printer_config, running
from tillhald.devices.categories import DrawerStatus, How
from tillhald.devices.errors import DeviceOffline
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.drawers import DrawerMemory, OpenLevel
from tillhald.domain.state import TillState
from tillhald.service import calibration
from tillhald.service.calibration import Asked, Calibrations, Learnt, Step


class Journal:
    """The till and its tail, as far as a calibration asks them: facts are durable at once."""

    def __init__(self) -> None:
        self.facts: list[ev.AnyEvent] = []
        self.learnt: list[str] = []
        self.state = TillState()

    def note(self, facts: list[ev.AnyEvent]) -> int:
        self.facts += facts
        return len(self.facts)

    async def reached(self, seq: int) -> None:
        assert seq <= len(self.facts)

    async def caught_up(self) -> None:
        pass

    def is_spilled(self, seq: int) -> bool:
        return False


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who does nothing is not waited for so long here."""
    for name, seconds in (
        ("STEADY_S", 0.2),
        ("SHUT_S_MAX", 1.0),
        ("OPEN_S_MAX", 1.0),
        ("SHUT_AGAIN_S_MAX", 1.0),
        ("SILENT_S_MAX", 0.3),
    ):
        monkeypatch.setattr(calibration, name, seconds)


def learn(
    drawer: VirtualDrawer, person: Callable[[Step, VirtualPrinter], None], **options: object
) -> tuple[Learnt, Journal]:
    """What a calibration by key finds, with `person` doing something at each step."""
    journal = Journal()

    async def run(paper: VirtualPrinter) -> Learnt:
        mine = config("printer_kick", printer="p", **options)
        async with running({"p": printer_config(paper), "d": mine}) as till:

            def level() -> How:
                status = till.registry.device("d").status
                assert isinstance(status, DrawerStatus)
                return status.switch_high.how

            await till.until(lambda: level() in {How.MEASURED, How.UNSUPPORTED})
            calibrations = Calibrations(
                journal,  # type: ignore[arg-type]  # as far as it asks
                journal,  # type: ignore[arg-type]
                till.registry,
                journal.learnt.append,
            )
            async for stage in calibrations.calibrate("d", by_key=True, request_id="r"):
                if isinstance(stage, Learnt):
                    return stage
                assert isinstance(stage, Asked)
                person(stage.step, paper)
            raise AssertionError("it has a result")

    with VirtualPrinter(drawer=drawer) as paper:
        return asyncio.run(run(paper)), journal


def careful(drawer: VirtualDrawer) -> Callable[[Step, VirtualPrinter], None]:
    """Somebody who does what they are asked."""

    def act(step: Step, paper: VirtualPrinter) -> None:
        match step:
            case Step.OPEN_BY_KEY:
                drawer.open_by_key()
            case Step.SHUT_AGAIN:
                drawer.close()
            case _:
                pass

    return act


@pytest.fixture
def patient(hurry: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who does as asked is seen to do it in the end, on a busy machine too."""
    for name in ("SHUT_S_MAX", "OPEN_S_MAX", "SHUT_AGAIN_S_MAX", "SILENT_S_MAX"):
        monkeypatch.setattr(calibration, name, 15.0)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("level", [Level.HIGH, Level.LOW])
def test_a_drawer_opened_and_shut_as_asked_is_learnt(level: Level) -> None:
    drawer = VirtualDrawer(open_level=level)
    learnt, journal = learn(drawer, careful(drawer))
    found = OpenLevel(level.name.lower())
    assert (learnt.open_level, learnt.in_use) == (found, True)
    assert journal.learnt == ["d"]
    assert journal.facts == [
        ev.DrawerSensorCalibrated(device_id="d", open_level=found, by_key=True, request_id="r")
    ]


@pytest.mark.usefixtures("patient")
def test_a_configured_level_is_measured_and_stays() -> None:
    drawer = VirtualDrawer(open_level=Level.LOW)
    learnt, journal = learn(drawer, careful(drawer), open_level="high")
    assert journal.learnt == []
    assert (learnt.open_level, learnt.in_use) == (OpenLevel.LOW, False)


def test_a_switch_that_never_moves_is_none() -> None:
    learnt, _ = learn(VirtualDrawer(), lambda step, paper: None)
    assert learnt.open_level is OpenLevel.NONE


def test_a_drawer_that_is_not_shut_again_is_not_believed() -> None:
    drawer = VirtualDrawer()

    def forgetful(step: Step, paper: VirtualPrinter) -> None:
        if step is Step.OPEN_BY_KEY:
            drawer.open_by_key()

    learnt, _ = learn(drawer, forgetful)
    assert learnt.open_level is OpenLevel.UNRELIABLE


def test_a_printer_that_falls_silent_is_no_switch() -> None:
    drawer = VirtualDrawer()

    def pulls_the_plug(step: Step, paper: VirtualPrinter) -> None:
        if step is Step.OPEN_BY_KEY:
            paper.power_off()

    with pytest.raises(DeviceOffline, match="cannot be read"):
        learn(drawer, pulls_the_plug)


def test_a_drawer_without_a_switch_is_not_calibrated() -> None:
    with pytest.raises(errors.NoDrawerSwitch):
        learn(VirtualDrawer(), lambda step, paper: None, open_level="none")


def test_the_same_request_gets_the_same_answer_and_nothing_is_done() -> None:
    async def run(paper: VirtualPrinter) -> None:
        journal = Journal()
        known = DrawerMemory(open_level=OpenLevel.LOW, calibrated_by="r")
        journal.state = TillState(drawers={"d": known})
        drawer_config = config("printer_kick", printer="p")
        async with running({"p": printer_config(paper), "d": drawer_config}) as till:
            calibrations = Calibrations(
                journal,  # type: ignore[arg-type]  # as far as it asks
                journal,  # type: ignore[arg-type]
                till.registry,
                journal.learnt.append,
            )
            told = [s async for s in calibrations.calibrate("d", by_key=False, request_id="r")]
        (learnt,) = told
        assert isinstance(learnt, Learnt)
        assert (learnt.open_level, learnt.is_replayed) == (OpenLevel.LOW, True)
        assert journal.facts == []

    with VirtualPrinter(drawer=VirtualDrawer()) as paper:
        asyncio.run(run(paper))

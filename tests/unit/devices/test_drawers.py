"""Drawers in the registry: who opened them, how long they stand open, and what a start finds."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine

from hwsim.drawer import Level, VirtualDrawer
from hwsim.printer import VirtualPrinter
from tests.unit.devices.test_registry import Till, config, printer_config
from tillhald.devices.categories import (
    DrawerCapabilities,
    DrawerStatus,
    Fired,
    How,
    KickFailed,
    PowerState,
    Reading,
)
from tillhald.devices.drawer_unit import KICK_OPENS_MS_MAX, DrawerUnit
from tillhald.devices.events import ConditionBegan, ConditionEnded, DrawerClosed, DrawerOpened
from tillhald.devices.health import Severity
from tillhald.devices.unit import DeviceConfig
from tillhald.domain.drawers import DrawerMemory, OpenLevel
from tillhald.drivers.printer_kick.driver import KickOptions

NOW_MS = 1_000_000_000


def play(
    scenario: Callable[[Till, VirtualPrinter], Coroutine[None, None, None]],
    drawer: VirtualDrawer,
    second_drawer: VirtualDrawer | None = None,
    *,
    memory: DrawerMemory | None = None,
    alive_ms: int = NOW_MS,
    drawers: dict[str, DeviceConfig] | None = None,
    **options: object,
) -> None:
    """Run a registry with the drawer `d` on a printer, or with `drawers`."""

    async def run(paper: VirtualPrinter) -> None:
        mine = drawers or {"d": config("printer_kick", printer="p", **options)}
        till = Till({"p": printer_config(paper), **mine})
        till.clock_ms = itertools.count(NOW_MS)
        if memory is not None:
            till.registry.remember({"d": memory}, alive_ms=alive_ms)
        await till.registry.start()
        try:
            await scenario(till, paper)
        finally:
            assert await till.registry.close() == []

    with VirtualPrinter(drawer=drawer, second_drawer=second_drawer) as paper:
        asyncio.run(run(paper))


def open_of(till: Till, name: str = "d") -> Reading[bool]:
    status = till.registry.device(name).status
    assert isinstance(status, DrawerStatus)
    return status.open


def codes(till: Till, name: str = "d") -> list[str]:
    return [condition.code for condition in till.registry.device(name).conditions]


def test_a_drawer_that_stays_open_is_told_after_its_time_until_it_is_shut() -> None:
    drawer = VirtualDrawer()

    async def scenario(till: Till, paper: VirtualPrinter) -> None:
        await till.until(lambda: open_of(till).known(value=False))
        drawer.open_by_key()
        await till.until(lambda: bool(till.told(DrawerOpened)))
        assert codes(till) == []
        await till.until(lambda: codes(till) == ["drawer_left_open"])
        (condition,) = till.registry.device("d").conditions
        assert (condition.severity, condition.evidence) == (Severity.WARNING, How.MEASURED)
        drawer.close()
        await till.until(lambda: codes(till) == [])
        assert len(till.told(ConditionBegan)) == len(till.told(ConditionEnded)) == 1

    play(scenario, drawer, open_level="high", left_open_s=1)


def test_the_alarm_is_not_silenced_by_switching_the_printer_off() -> None:
    drawer = VirtualDrawer()

    async def scenario(till: Till, paper: VirtualPrinter) -> None:
        await till.until(lambda: open_of(till).known(value=False))
        drawer.open_by_key()
        await till.until(lambda: bool(till.told(DrawerOpened)))
        paper.power_off()
        await till.until(lambda: codes(till) == ["drawer_left_open"])
        (condition,) = till.registry.device("d").conditions
        assert condition.evidence != How.MEASURED
        drawer.close()
        paper.power_on()
        await till.until(lambda: codes(till) == [])
        assert len(till.told(DrawerClosed)) == 1

    play(scenario, drawer, open_level="high", left_open_s=1)


def test_a_restart_goes_on_with_the_time_that_the_drawer_is_open() -> None:
    drawer = VirtualDrawer()
    drawer.open_by_key()

    async def scenario(till: Till, paper: VirtualPrinter) -> None:
        await till.until(lambda: codes(till) == ["drawer_left_open"])
        await till.until(lambda: open_of(till).known(value=True))
        assert till.told(DrawerOpened) == [], "that was told before the restart"
        drawer.close()
        await till.until(lambda: codes(till) == [])
        assert len(till.told(DrawerClosed)) == 1

    before = DrawerMemory(is_open=True, opened_ms=NOW_MS - 3_600_000)
    play(scenario, drawer, memory=before, open_level="high", left_open_s=3_500)


def test_a_drawer_opened_while_the_till_was_down_was_opened_without_a_kick() -> None:
    drawer = VirtualDrawer()
    drawer.open_by_key()

    async def scenario(till: Till, paper: VirtualPrinter) -> None:
        await till.until(lambda: bool(till.told(DrawerOpened)))
        (opened,) = till.told(DrawerOpened)
        assert isinstance(opened, DrawerOpened)
        assert not opened.kicked

    play(scenario, drawer, memory=DrawerMemory(is_open=False), open_level="high")


def test_a_drawer_kicked_by_a_till_that_died_with_it_is_no_burglary() -> None:
    drawer = VirtualDrawer()
    drawer.open_by_key()

    async def scenario(till: Till, paper: VirtualPrinter) -> None:
        await till.until(lambda: bool(till.told(DrawerOpened)))
        (opened,) = till.told(DrawerOpened)
        assert isinstance(opened, DrawerOpened)
        assert opened.kicked
        drawer.close()
        await till.until(lambda: bool(till.told(DrawerClosed)))
        drawer.open_by_key()
        await till.until(lambda: len(till.told(DrawerOpened)) == 2)
        assert not till.told(DrawerOpened)[1].kicked  # type: ignore[union-attr]  # it is that event

    kicked = DrawerMemory(is_open=False, kicked_ms=NOW_MS - 5_000)
    play(scenario, drawer, memory=kicked, alive_ms=NOW_MS - 4_900, open_level="high")


def test_an_old_kick_explains_nothing() -> None:
    drawer = VirtualDrawer()
    drawer.open_by_key()

    async def scenario(till: Till, paper: VirtualPrinter) -> None:
        await till.until(lambda: bool(till.told(DrawerOpened)))
        assert not till.told(DrawerOpened)[0].kicked  # type: ignore[union-attr]  # it is that event

    kicked = DrawerMemory(is_open=False, kicked_ms=NOW_MS - 60_000)
    alive_ms = NOW_MS - 60_000 + KICK_OPENS_MS_MAX + 1
    play(scenario, drawer, memory=kicked, alive_ms=alive_ms, open_level="high")


def test_a_switch_that_was_learnt_counts_from_the_next_start_on() -> None:
    drawer = VirtualDrawer(open_level=Level.LOW)

    async def scenario(till: Till, paper: VirtualPrinter) -> None:
        await till.until(lambda: open_of(till).known(value=False))
        able = till.registry.device("d").capabilities
        assert able == DrawerCapabilities(
            status=True, status_multi_drawer_detect=True, polarity_known=True
        )
        drawer.open_by_key()
        await till.until(lambda: bool(till.told(DrawerOpened)))

    play(scenario, drawer, memory=DrawerMemory(open_level=OpenLevel.LOW))


def test_a_jammed_drawer_is_held_for_jammed_until_it_opens() -> None:
    drawer = VirtualDrawer(stuck=True)

    async def scenario(till: Till, paper: VirtualPrinter) -> None:
        await till.until(lambda: open_of(till).known(value=False))
        await till.registry.kick("d", now=True, deadline_s=3.0)
        assert codes(till) == ["drawer_stayed_closed"]
        drawer.stuck = False
        drawer.open_by_key()
        await till.until(lambda: codes(till) == [])
        (opened,) = till.told(DrawerOpened)
        assert isinstance(opened, DrawerOpened)
        assert opened.kicked, "it opened late, and still by the kick"

    play(scenario, drawer, open_level="high")


def test_a_kick_that_never_went_out_explains_no_opening() -> None:
    drawer = VirtualDrawer()

    async def scenario(till: Till, paper: VirtualPrinter) -> None:
        await till.until(lambda: open_of(till).known(value=False))
        paper.power_off()
        await till.until(lambda: till.registry.device("p").power is PowerState.OFF)
        outcome = await till.registry.kick("d", now=True, deadline_s=1.0)
        assert isinstance(outcome, KickFailed)
        drawer.open_by_key()
        paper.power_on()
        await till.until(lambda: bool(till.told(DrawerOpened)))
        assert not till.told(DrawerOpened)[0].kicked  # type: ignore[union-attr]  # it is that event

    play(scenario, drawer, open_level="high")


def test_a_level_the_wrong_way_round_is_found_out_by_kicks() -> None:
    drawer = VirtualDrawer(open_level=Level.LOW)

    async def scenario(till: Till, paper: VirtualPrinter) -> None:
        for kicks in (1, 2):
            await till.until(lambda: open_of(till).known(value=True))
            await till.registry.kick("d", now=True, deadline_s=3.0)
            await till.until(lambda n=kicks: len(till.told(DrawerClosed)) == n)
            found = ["drawer_switch_inverted"] if kicks == 2 else []
            await till.until(lambda found=found: codes(till) == found)
            till.clock_ms = itertools.count(next(till.clock_ms) + 10_000)  # somebody takes change
            drawer.close()

    play(scenario, drawer, open_level="high")


def test_of_two_drawers_on_one_switch_only_the_kicked_one_is_told_and_only_inferred() -> None:
    left, right = (VirtualDrawer(pin=pin, open_level=Level.LOW) for pin in (2, 5))
    drawers = {
        name: config("printer_kick", printer="p", pin=pin, open_level="low", left_open_s=1)
        for name, pin in (("left", 2), ("right", 5))
    }

    async def scenario(till: Till, paper: VirtualPrinter) -> None:
        for name in drawers:
            await till.until(lambda name=name: open_of(till, name).known(value=False))
            able = till.registry.device(name).capabilities
            assert isinstance(able, DrawerCapabilities)
            assert not able.status_multi_drawer_detect
        assert await till.registry.kick("right", now=True, deadline_s=3.0) == Fired(verified=True)
        assert (left.is_open, right.is_open) == (False, True)
        await till.until(lambda: bool(till.told(DrawerOpened)))
        (opened,) = till.told(DrawerOpened)
        assert (opened.device_id, opened.kicked) == ("right", True)  # type: ignore[union-attr]  # it is that event
        assert (open_of(till, "right").value, open_of(till, "right").how) == (True, How.INFERRED)
        assert open_of(till, "left") == Reading(None, How.UNKNOWN), "it may be open as well"
        await till.until(lambda: codes(till, "right") == ["drawer_left_open"])
        assert codes(till, "left") == []
        right.close()
        await till.until(lambda: bool(till.told(DrawerClosed)))
        assert [event.device_id for event in till.told(DrawerClosed)] == ["right"]
        assert open_of(till, "left").known(value=False)
        till.clock_ms = itertools.count(NOW_MS + 60_000)
        left.open_by_key()
        await till.until(lambda: len(till.told(DrawerOpened)) == 2)
        assert not till.told(DrawerOpened)[1].kicked  # type: ignore[union-attr]  # it is that event

    play(scenario, left, right, drawers=drawers)


def test_a_drawer_unit_without_time_for_an_alarm_never_looks_again() -> None:
    class Silent:
        def status(self) -> DrawerStatus:
            nothing: Reading[bool] = Reading(None, How.UNKNOWN)
            return DrawerStatus(open=nothing, switch_high=nothing)

    options = KickOptions(printer="p", open_level="high", left_open_s=0)
    unit = DrawerUnit("d", DeviceConfig(driver="x", options=options), Silent())  # type: ignore[arg-type]  # it is not kicked
    is_open: Reading[bool] = Reading(value=True, how=How.MEASURED, age_s=0.0)
    events = list(unit.observed(DrawerStatus(open=is_open, switch_high=is_open), 5))
    assert [type(event) for event in events] == [DrawerOpened]
    assert unit.look_again_s() is None

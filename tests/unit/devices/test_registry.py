"""All devices of a till together: what they tell, and that none holds up another."""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from hwsim.drawer import Level, VirtualDrawer
from hwsim.mechanism import PaperState
from hwsim.printer import VirtualPrinter
from tillhald.devices.categories import (
    Category,
    Confirmed,
    FailedBeforeStart,
    FailedPartial,
    Fired,
    KickFailed,
    PosPrinter,
    PowerState,
    Trouble,
    Unconfirmed,
)
from tillhald.devices.errors import DeviceUnknown, RetrySafety
from tillhald.devices.events import (
    ConditionBegan,
    ConditionEnded,
    DeviceEvent,
    DrawerClosed,
    DrawerOpened,
    PowerChanged,
    PrintConfirmedLate,
)
from tillhald.devices.finding import load_drivers
from tillhald.devices.health import Lifecycle, Presence, State
from tillhald.devices.registry import DeviceRegistry
from tillhald.devices.specs import DrawerOnPrinterDriver, Driver, PrinterDriver
from tillhald.devices.stations import build, config_faults, forget
from tillhald.devices.unit import DeviceConfig
from tillhald.devices.wake import Wake
from tillhald.domain.document import Cut, Image, PrintDocument, Run, Text
from tillhald.drivers.escpos import SPEC as ESCPOS
from tillhald.drivers.escpos.driver import EscposOptions, EscposPrinter
from tillhald.drivers.printer_kick import SPEC as PRINTER_KICK

DRIVERS: dict[str, Driver] = {"escpos": ESCPOS, "printer_kick": PRINTER_KICK}  # type: ignore[dict-item]  # as by entry points


def config(driver: str, **options: object) -> DeviceConfig:
    return DeviceConfig(
        driver=driver, options=msgspec.convert(options, DRIVERS[driver].options_type)
    )


def printer_config(paper: VirtualPrinter) -> DeviceConfig:
    host, port = paper.address
    return config("escpos", port={"tcp": f"{host}:{port}"}, profile="tm_t88")


def receipt(*words: str) -> PrintDocument:
    return PrintDocument(parts=(*(Text(runs=(Run(text=line),)) for line in words), Cut()))


class Till:
    """A registry, and all that it has told."""

    def __init__(self, configs: dict[str, DeviceConfig]) -> None:
        self.events: list[DeviceEvent] = []
        self.clock_ms = itertools.count(1_000_000, 1)
        self.registry = DeviceRegistry(
            configs, DRIVERS, now_ms=lambda: next(self.clock_ms), on_event=self.events.append
        )

    async def until(self, condition: Callable[[], bool], timeout_s: float = 5.0) -> None:
        end_s = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end_s, f"not in {timeout_s} s; told so far: {self.events}"
            await asyncio.sleep(0.005)

    def told(self, kind: type[DeviceEvent]) -> list[DeviceEvent]:
        return [event for event in self.events if isinstance(event, kind)]


@asynccontextmanager
async def running(configs: dict[str, DeviceConfig]) -> AsyncIterator[Till]:
    till = Till(configs)
    await till.registry.start()
    try:
        yield till
    finally:
        assert await till.registry.close() == []


def test_a_till_knows_its_devices_and_what_becomes_of_them() -> None:
    async def scenario(paper: VirtualPrinter) -> None:
        configs = {
            "front_drawer": config("printer_kick", printer="front_printer", open_level="high"),
            "front_printer": printer_config(paper),
        }
        async with running(configs) as till:
            device = till.registry.device
            await till.until(lambda: device("front_printer").power is PowerState.ONLINE)
            shots = till.registry.snapshot()
            assert [shot.device_id for shot in shots] == ["front_printer", "front_drawer"]
            assert [shot.category for shot in shots] == [
                Category.POS_PRINTER,
                Category.CASH_DRAWER,
            ]
            assert {shot.lifecycle for shot in shots} == {Lifecycle.RUNNING}
            assert shots[0].presence is Presence.PRESENT
            assert shots[0].state is State.IDLE
            paper.open_cover()
            await till.until(lambda: bool(till.told(ConditionBegan)))
            shot = device("front_printer")
            assert [c.code for c in shot.conditions] == ["cover_open"]
            assert (shot.state, shot.power) == (State.ERROR, PowerState.OFFLINE)
            paper.close_cover()
            await till.until(lambda: bool(till.told(ConditionEnded)))
            await till.until(lambda: device("front_printer").power is PowerState.ONLINE)
            paper.power_off()
            await till.until(lambda: device("front_printer").power is PowerState.OFF)
            assert device("front_printer").presence is Presence.ABSENT
            assert [e.power for e in till.told(PowerChanged) if isinstance(e, PowerChanged)][
                :3
            ] == [PowerState.ONLINE, PowerState.OFFLINE, PowerState.ONLINE]
            with pytest.raises(DeviceUnknown):
                device("no_such")
            with pytest.raises(DeviceUnknown):
                await till.registry.print("front_drawer", receipt("x"), deadline_s=1.0)
        assert till.registry.snapshot()[0].lifecycle is Lifecycle.CLOSED

    with VirtualPrinter(drawer=VirtualDrawer()) as paper:
        asyncio.run(scenario(paper))


def test_jobs_asked_for_at_once_come_out_whole_and_in_order() -> None:
    async def scenario(paper: VirtualPrinter) -> None:
        async with running({"front_printer": printer_config(paper)}) as till:
            jobs = [receipt(*(f"job {n} line {k}" for k in range(30))) for n in range(5)]
            outcomes = await asyncio.gather(
                *(till.registry.print("front_printer", job, deadline_s=10.0) for job in jobs)
            )
            assert {type(outcome) for outcome in outcomes} == {Confirmed}
            for n, printed in enumerate(paper.receipts):
                wanted = [f"job {n} line {k}" for k in range(30)]
                assert [line for line in printed.text.splitlines() if line] == wanted

    with VirtualPrinter() as paper:
        asyncio.run(scenario(paper))


def test_a_dead_printer_does_not_hold_up_another() -> None:
    async def scenario(dead: VirtualPrinter, well: VirtualPrinter) -> None:
        configs = {"dead": printer_config(dead), "well": printer_config(well)}
        async with running(configs) as till:
            device = till.registry.device
            await till.until(lambda: device("dead").power is PowerState.ONLINE)
            dead.stall_after(0)
            stalled = asyncio.create_task(
                till.registry.print("dead", receipt("x" * 4000), deadline_s=30.0)
            )
            await till.until(lambda: device("dead").state is State.BUSY)
            for _ in range(3):
                outcome = await till.registry.print("well", receipt("fine"), deadline_s=15.0)
                assert isinstance(outcome, Confirmed)
            assert not stalled.done(), "that took the dead one's whole deadline"
            began_s = time.monotonic()
            assert await till.registry.close() == []
            assert time.monotonic() - began_s < 15.0, "it was waited for"
            outcome = await stalled
            assert isinstance(outcome, FailedBeforeStart | FailedPartial)
            assert outcome.reason is Trouble.SHUTTING_DOWN

    with VirtualPrinter() as dead, VirtualPrinter() as well:
        asyncio.run(scenario(dead, well))


def test_another_configuration_touches_only_what_differs_and_what_shares_its_port() -> None:
    async def scenario(one: VirtualPrinter, two: VirtualPrinter, three: VirtualPrinter) -> None:
        drawer = config("printer_kick", printer="two", open_level="high")
        configs = {"one": printer_config(one), "two": printer_config(two), "drawer": drawer}
        async with running(configs) as till:
            registry, device = till.registry, till.registry.device
            await till.until(lambda: device("two").power is PowerState.ONLINE)
            await till.until(lambda: device("one").power is PowerState.ONLINE)
            untouched = registry._stations["one"]
            threads = threading.active_count()
            three.open_cover()
            then = {
                "one": configs["one"],
                "two": printer_config(three),
                "drawer": drawer,
                "two_more": printer_config(two),
            }
            change = registry.change_to(then)
            assert change == (("two_more",), ("two",), ())
            new = build(then, DRIVERS)
            touched = registry.touched_by(change, new)
            assert touched == {"two", "drawer", "two_more"}
            assert await registry.reconfigure(then, new, touched, {}) == []
            assert registry._stations["one"] is untouched
            assert threading.active_count() == threads + 1
            await till.until(lambda: bool(till.told(ConditionBegan)))
            assert not registry.change_to(then)
            outcome = await registry.print("two_more", receipt("moved"), deadline_s=5.0)
            assert isinstance(outcome, Confirmed)
            only_one = {"one": configs["one"]}
            change = registry.change_to(only_one)
            new = build(only_one, DRIVERS)
            await registry.reconfigure(only_one, new, registry.touched_by(change, new), {})
            assert [shot.device_id for shot in registry.snapshot()] == ["one"]
            (ended,) = till.told(ConditionEnded)
            assert isinstance(ended, ConditionEnded)
            assert ended.condition.code == "cover_open"
            powers = [e for e in till.told(PowerChanged) if e.device_id == "two_more"]
            assert [e.power for e in powers if isinstance(e, PowerChanged)][
                -1
            ] is PowerState.UNKNOWN
            with pytest.raises(DeviceUnknown):
                device("drawer")

    with VirtualPrinter() as one, VirtualPrinter() as two, VirtualPrinter() as three:
        asyncio.run(scenario(one, two, three))


def test_what_was_built_for_nothing_leaves_nothing_open() -> None:
    missing = config(
        "escpos", port={"tcp": "127.0.0.1:9100"}, profile="tm_t88", font="/nowhere/font.ttf"
    )

    async def scenario(paper: VirtualPrinter) -> None:
        configs = {"one": printer_config(paper)}
        async with running(configs) as till:
            await till.until(lambda: till.registry.device("one").power is PowerState.ONLINE)
            open_files = len(os.listdir("/proc/self/fd"))
            for _ in range(3):
                with pytest.raises(ValueError, match=r"^devices\.two: "):
                    build({**configs, "two": missing}, DRIVERS)
                forget(build(configs, DRIVERS))
            assert len(os.listdir("/proc/self/fd")) <= open_files

    with VirtualPrinter() as paper:
        asyncio.run(scenario(paper))


def test_a_late_confirmation_lands_on_its_job() -> None:
    async def scenario(paper: VirtualPrinter) -> None:
        async with running({"front_printer": printer_config(paper)}) as till:
            paper.set_paper(PaperState.END, after_dots=50)
            long = receipt(*"abcdefgh")
            outcome = await till.registry.print("front_printer", long, deadline_s=0.7)
            assert isinstance(outcome, Unconfirmed)
            paper.set_paper(PaperState.ADEQUATE)
            await till.until(lambda: bool(till.told(PrintConfirmedLate)))
            late = till.told(PrintConfirmedLate)[0]
            assert isinstance(late, PrintConfirmedLate)
            assert late.ticket == outcome.ticket

    with VirtualPrinter() as paper:
        asyncio.run(scenario(paper))


@pytest.mark.parametrize("level", list(Level))
def test_a_drawer_tells_how_it_was_opened(level: Level) -> None:
    drawer = VirtualDrawer(open_level=level)

    async def scenario(paper: VirtualPrinter) -> None:
        drawer_config = config("printer_kick", printer="p", open_level=level.name.lower())
        async with running({"p": printer_config(paper), "d": drawer_config}) as till:
            device = till.registry.device
            await till.until(lambda: device("d").status.open.value is False)  # type: ignore[union-attr]  # a drawer's
            outcome = await till.registry.kick("d", now=False, deadline_s=3.0)
            assert outcome == Fired(verified=True)
            await till.until(lambda: bool(till.told(DrawerOpened)))
            drawer.close()
            await till.until(lambda: bool(till.told(DrawerClosed)))
            till.clock_ms = itertools.count(9_000_000)
            drawer.open_by_key()
            await till.until(lambda: len(till.told(DrawerOpened)) == 2)
            opened = till.told(DrawerOpened)
            assert [isinstance(e, DrawerOpened) and e.kicked for e in opened] == [True, False]
            assert len(paper.pulses) == 1

    with VirtualPrinter(drawer=drawer) as paper:
        asyncio.run(scenario(paper))


def test_a_locked_drawer_is_kicked_once_and_said_to_have_stayed_closed() -> None:
    async def scenario(paper: VirtualPrinter) -> None:
        drawer_config = config("printer_kick", printer="p", open_level="high")
        async with running({"p": printer_config(paper), "d": drawer_config}) as till:
            outcome = await till.registry.kick("d", now=False, deadline_s=3.0)
            assert outcome == KickFailed(Trouble.DRAWER_STAYED_CLOSED, RetrySafety.UNKNOWN)
            assert len(paper.pulses) == 1

    with VirtualPrinter(drawer=VirtualDrawer(stuck=True)) as paper:
        asyncio.run(scenario(paper))


def test_a_drawer_without_a_switch_is_never_said_to_be_verified() -> None:
    async def scenario(paper: VirtualPrinter) -> None:
        async with running(
            {"p": printer_config(paper), "d": config("printer_kick", printer="p")}
        ) as till:
            outcome = await till.registry.kick("d", now=True, deadline_s=3.0)
            assert outcome == Fired(verified=False)
            paper.set_paper(PaperState.END)
            outcome = await till.registry.kick("d", now=False, deadline_s=3.0)
            assert outcome == Fired(verified=False)
            assert [pulse.command for pulse in paper.pulses] == ["DLE DC4", "DLE DC4"]
            paper.power_off()
            outcome = await till.registry.kick("d", now=True, deadline_s=3.0)
            assert outcome == KickFailed(Trouble.DEVICE_OFFLINE, RetrySafety.SAFE)

    with VirtualPrinter(drawer=VirtualDrawer()) as paper:
        asyncio.run(scenario(paper))


def test_a_drivers_bug_is_a_condition_that_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = True

    async def scenario(paper: VirtualPrinter) -> None:
        def connect(device_id: str, options: EscposOptions, wake: Wake) -> PosPrinter:
            printer = EscposPrinter(device_id, options, wake)
            poll = printer.poll

            def poll_badly(timeout_s: float) -> list[str]:
                return [] if 1 // (not broken) == 0 else poll(timeout_s)

            monkeypatch.setattr(printer, "poll", poll_badly)
            return printer

        nonlocal broken
        drivers: dict[str, Driver] = {
            "escpos": PrinterDriver(  # type: ignore[assignment]  # as by entry points
                options_type=EscposOptions, connect=connect, port_of=lambda _: "here"
            )
        }
        events: list[DeviceEvent] = []
        registry = DeviceRegistry(
            {"p": printer_config(paper)}, drivers, now_ms=lambda: 0, on_event=events.append
        )
        await registry.start()
        end_s = time.monotonic() + 20
        while not registry.device("p").conditions and time.monotonic() < end_s:
            await asyncio.sleep(0.005)
        assert registry.device("p").conditions[0].code == "driver_failed"
        assert "ZeroDivisionError" in registry.device("p").conditions[0].evidence
        broken = False
        while registry.device("p").conditions and time.monotonic() < end_s:
            await asyncio.sleep(0.005)
        assert registry.device("p").conditions == ()
        assert await registry.close() == []

    with VirtualPrinter() as paper:
        asyncio.run(scenario(paper))


def test_a_picture_too_big_is_said_without_asking_the_printer() -> None:
    with VirtualPrinter() as paper:
        till = Till({"p": printer_config(paper)})
        problems = till.registry.check("p", PrintDocument(parts=(Image(content=b"x"),)))
        assert len(problems) == 1
        assert paper.log == []


def test_mistakes_between_devices_are_all_named() -> None:
    configs = {
        "a": DeviceConfig(driver="escpost", options=msgspec.Struct()),
        "b": config("printer_kick", printer="nobody"),
        "c": config("printer_kick", printer="b"),
    }
    faults = config_faults(configs, DRIVERS)
    assert [fault.split(":")[0] for fault in faults] == ["devices.a", "devices.b", "devices.c"]
    with pytest.raises(ValueError, match="nobody"):
        Till(configs)


@pytest.mark.parametrize(
    ("driver", "options"),
    [
        ("escpos", {"port": {"tcp": "printer.local:9100"}, "profile": "tm_t88"}),
        ("escpos", {"port": {"tcp": "127.0.0.1:0"}, "profile": "tm_t88"}),
        ("escpos", {"port": {"tcp": "127.0.0.1:9100"}, "profile": "tm_t99"}),
        ("escpos", {"port": {"tcp": "127.0.0.1:9100"}, "profile": "tm_t88", "baud": 9600}),
        ("escpos", {"port": {"tcp": "[::1]:9100"}, "profile": "tm_t88", "multibyte": "utf8"}),
        ("printer_kick", {"printer": "p", "pin": 3}),
        ("printer_kick", {"printer": "p", "on_ms": 300, "off_ms": 100}),
        ("printer_kick", {"printer": "p", "open_level": "up"}),
    ],
)
def test_options_that_cannot_be_right_are_refused(driver: str, options: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(options, DRIVERS[driver].options_type)


def test_drivers_are_found_by_their_entry_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "shopfit-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: shopfit\nVersion: 1.0\n")
    points = "[tillhal.drivers]\nshopfit = tillhald.drivers.printer_kick:SPEC\n"
    (package / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(tmp_path)
    assert {"escpos", "printer_kick"} <= set(load_drivers())
    assert isinstance(load_drivers()["shopfit"], DrawerOnPrinterDriver)

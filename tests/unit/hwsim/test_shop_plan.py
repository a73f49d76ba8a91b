"""A shop's plan: what it may say, and every mistake named."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from hwsim.drawer import Level
from hwsim.printer import VirtualPrinter
from hwsim.relay_drawer import VirtualRelayDrawer
from hwsim.scanner import VirtualScanner
from hwsim.shop import CannotStart, NoSuchDevice, Shop
from hwsim.shop_plan import DEFAULT, DEVICES_MAX, KINDS, PlanError, ShopPlan, parse

WHOLE = """
seed = 7

[devices.front_printer]
kind = "printer"
model = "generic-80"
realistic = false

[devices.back_printer]
kind = "printer"
link = "serial"

[devices.front_drawer]
kind = "drawer"
printer = "front_printer"
shut_after_s = 0

[devices.lower_drawer]
kind = "drawer"
printer = "front_printer"
pin = 5
open_level = "low"

[devices.blind_drawer]
kind = "drawer"
printer = "back_printer"
has_switch = false

[devices.scale_scanner]
kind = "scanner"
suffix = "\\r\\n"
aim = false

[devices.side_drawer]
kind = "relay_drawer"
board = "trigger"
trigger_on = "\\u0007"
"""


def mistakes(text: str) -> list[str]:
    with pytest.raises(PlanError) as wrong:
        parse(text)
    return wrong.value.mistakes


def test_a_whole_shop_runs_as_planned(tmp_path: Path) -> None:
    with Shop(parse(WHOLE), tmp_path) as shop:
        assert shop.plan.seed == 7
        printer = shop.find("front_printer").device
        assert isinstance(printer, VirtualPrinter)
        assert printer.model.name == "generic-80"
        assert printer.drawer is shop.find("front_drawer").device
        assert printer.second_drawer is shop.find("lower_drawer").device
        assert shop.find("back_printer").where["device"] == str(tmp_path / "back_printer")
        blind = shop.find("back_printer").device
        assert isinstance(blind, VirtualPrinter)
        assert blind.drawer is not None
        blind.drawer.open_by_key()
        assert blind.drawer.pin3 is Level.HIGH
        assert shop.receipts_of("back_printer") == tmp_path / "back_printer.receipts"
        _, scanner = shop.find_of(VirtualScanner)
        assert scanner.scan("123") == b"123\r\n"
        _, relay = shop.find_of(VirtualRelayDrawer, "side_drawer")
        assert relay.plugged
        with pytest.raises(NoSuchDevice, match="front_drawer is a drawer"):
            shop.find_of(VirtualScanner, "front_drawer")
        with pytest.raises(
            NoSuchDevice, match="there is no device 'till'; there are front_printer"
        ):
            shop.find("till")
    assert list(tmp_path.glob("*scanner")) == []


def test_an_open_drawer_is_shut_after_its_time(tmp_path: Path) -> None:
    text = '[devices.p]\nkind = "printer"\n[devices.d]\nkind = "drawer"\nprinter = "p"\n'
    with Shop(parse(text + "shut_after_s = 0.05\n"), tmp_path) as shop:
        shop.handle("d", "open_by_key", {})
        seen: list[str] = []
        while "drawer_shut" not in seen:
            found = shop.happenings.after(len(seen), 5)
            assert found
            seen += [each.event for each in found]
        assert seen.index("drawer_opened") < seen.index("drawer_shut")


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("seed = -1", "seed: it is a whole number from 0 up"),
        ("", f"devices: a shop has from 1 to {DEVICES_MAX} tables [devices.NAME]"),
        ("[shop]\n[devices.a]\nkind = 'scanner'", "shop: a shop has no such table"),
        (
            "[devices.a]\nkind = 'scale'",
            "devices.a.kind: it is one of printer, drawer, scanner, relay_drawer, ups",
        ),
        (
            "[devices.'A b']\nkind = 'scanner'",
            "devices.A b: a name has small letters, digits and _",
        ),
        (
            "[devices.a]\nkind = 'scanner'\nbaud = 9600",
            "devices.a.baud: unknown; a scanner has at, prefix, suffix, aim",
        ),
        ("[devices.a]\nkind = 'scanner'\naim = 1", "devices.a.aim: it is true or false, not 1"),
        ("[devices.a]\nkind = 'scanner'\nprefix = 1", "devices.a.prefix: it is text, not 1"),
        (
            "[devices.a]\nkind = 'printer'\nport = true",
            "devices.a.port: it is a number from 0 to 65535, not True",
        ),
        (
            "[devices.a]\nkind = 'printer'\nlink = 'lpt'",
            "devices.a.link: it is one of tcp, serial, usb, rfc2217, not 'lpt'",
        ),
        (
            "[devices.a]\nkind = 'printer'\nat = 'lp'",
            "devices.a.at: a printer with link tcp has a port, no path",
        ),
        (
            "[devices.a]\nkind = 'printer'\nlink = 'usb'\nport = 1",
            "devices.a.port: a printer with link usb has a path, no port",
        ),
        (
            "[devices.a]\nkind = 'drawer'\nprinter = 'b'",
            "devices.a.printer: there is no device 'b'",
        ),
        (
            "[devices.a]\nkind = 'drawer'\nprinter = 's'\n[devices.s]\nkind = 'scanner'",
            "devices.a.printer: s is no printer",
        ),
        (
            (
                "[devices.p]\nkind = 'printer'\n[devices.a]\nkind = 'drawer'\nprinter = 'p'\n"
                "[devices.b]\nkind = 'drawer'\nprinter = 'p'"
            ),
            "devices.b.pin: a hangs on pin 2 already",
        ),
        (
            "[devices.a]\nkind = 'relay_drawer'\nchannel = 2",
            "devices.a.channel: the board has 1",
        ),
        (
            "[devices.a]\nkind = 'relay_drawer'\ntrigger_on = 'ab'",
            "devices.a.trigger_on: it is one byte",
        ),
    ],
)
def test_a_mistake_is_named(text: str, mistake: str) -> None:
    assert mistake in mistakes(text)


def test_all_mistakes_are_named_at_once() -> None:
    text = "[devices.a]\nkind = 'scanner'\naim = 1\n[devices.b]\nkind = 'printer'\nport = -1\n"
    assert len(mistakes(text)) == 2
    assert mistakes("[devices")[0].startswith("this is no TOML: ")


def test_every_value_of_every_device_is_checked() -> None:
    for kind, plan in KINDS.items():
        for each in fields(plan):
            found = mistakes(f"[devices.a]\nkind = '{kind}'\n{each.name} = []\n")
            assert any(mistake.startswith(f"devices.a.{each.name}: it is") for mistake in found)


def test_a_path_that_is_taken_stops_the_whole_shop(tmp_path: Path) -> None:
    (tmp_path / "hand_scanner").write_text("somebody's")
    with pytest.raises(CannotStart, match="hand_scanner cannot be used: File exists"):
        Shop(DEFAULT, tmp_path).start()
    assert DEFAULT == ShopPlan(devices=DEFAULT.devices)

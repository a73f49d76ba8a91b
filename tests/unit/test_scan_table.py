"""What a shop says of its codes in till.toml."""

from __future__ import annotations

import pytest

from tillhald.config import ConfigMistakes, parse
from tillhald.domain.scan import ScanKind
from tillhald.domain.scan_reading import read_scan


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigMistakes) as found:
        parse(text)
    return found.value.mistakes


def test_nothing_need_be_said() -> None:
    rules = parse("").scan.rules("EUR")
    assert read_scan(b"134567890123456789", rules, year=2026).kind is ScanKind.PAYMENT
    assert (rules.rcn_region, rules.layouts, rules.currency_scale) == ("", (), 2)


def test_payment_codes_of_ones_own_replace_the_usual_ones() -> None:
    text = """
    [[scan.payment_codes]]
    digits_min = 12
    digits_max = 14
    prefix_min = 99
    prefix_max = 99
    """
    rules = parse(text).scan.rules("JPY")
    assert read_scan(b"991234567890", rules, year=2026).kind is ScanKind.PAYMENT
    assert read_scan(b"134567890123456789", rules, year=2026).kind is ScanKind.TEXT
    assert rules.currency_scale == 0


def test_all_mistakes_are_named_at_once() -> None:
    found = mistakes(
        """
        [scan]
        repeat_ms = 9000
        layouts = ["21IIIIIWWWWWC", "nonsense", "28IIIIIWWWWWPPPPPC"]
        """
    )
    assert [mistake.split(":")[0] for mistake in found] == [
        "scan.repeat_ms",
        "scan.layouts[1]",
        "scan.layouts[2]",
    ]
    assert "payment code" in found[2]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('[scan]\nrcn_region = "atlantis"', "scan.rcn_region"),
        ('[scan]\nrepeats = "shout"', "scan.repeats"),
        ("[scan]\nrepeat = 5", "scan: unknown field `repeat`; did you mean `repeats`?"),
        ('[devices.s]\ndriver = "serial_scanner"', "devices.s"),
        ('[devices.s]\ndriver = "serial_scanner"\nport = "COM1"', "devices.s"),
        ('[devices.s]\ndriver = "serial_scanner"\nport = "/dev/x"\nbaud = 3', "devices.s.baud"),
        ('[devices.s]\ndriver = "serial_scanner"\nport = "/dev/x"\nsuffix = "€"', "devices.s"),
        ('[devices.s]\ndriver = "evdev_scanner"\ndevice = "event0"', "devices.s"),
        (
            '[devices.s]\ndriver = "evdev_scanner"\ndevice = "/x"\nsuffix = "crlf"',
            "devices.s.suffix",
        ),
    ],
)
def test_a_mistake_is_named_by_its_place(text: str, where: str) -> None:
    assert any(mistake.startswith(where) for mistake in mistakes(text)), mistakes(text)


def test_two_scanners_at_one_place_are_refused() -> None:
    text = "".join(
        f'[devices.{name}]\ndriver = "serial_scanner"\nport = "/dev/ttyACM0"\n' for name in "ab"
    )
    assert mistakes(text) == ["devices.b: serial /dev/ttyACM0 is the port of a already"]


def test_a_scanner_prints_no_receipts() -> None:
    text = '[receipt]\nprinter = "s"\n[devices.s]\ndriver = "serial_scanner"\nport = "/dev/x"\n'
    assert mistakes(text) == ["receipt.printer: `s` is no printer"]

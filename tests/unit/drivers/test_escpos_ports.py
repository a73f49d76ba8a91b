"""Where a printer may be wired, and what of it is refused before anything is opened."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from tillhald.config import ConfigMistakes, parse
from tillhald.drivers.escpos import SPEC
from tillhald.drivers.escpos.driver import EscposOptions
from tillhald.drivers.escpos.ports import KINDS, PortOptions
from tillhald.drivers.escpos.profiles import PROFILES

README = Path(__file__).parents[3] / "daemon/tillhald/drivers/escpos/README.md"
LINE = 'baud = 115200, flow = "rts_cts"'


def till(*ports: str) -> str:
    return "".join(
        f'[devices.p{number}]\ndriver = "escpos"\nprofile = "tm_t88v"\nport = {{ {port} }}\n'
        for number, port in enumerate(ports)
    )


def mistakes(*ports: str) -> list[str]:
    with pytest.raises(ConfigMistakes) as refused:
        parse(till(*ports))
    return refused.value.mistakes


@pytest.mark.parametrize(
    ("port", "where"),
    [
        ('tcp = "192.168.1.50:9100"', "tcp 192.168.1.50:9100"),
        ('tcp = "[0:0:0:0:0:0:0:1]:9100"', "tcp [::1]:9100"),
        (f'serial = "/dev/ttyUSB0", {LINE}', "serial /dev/ttyUSB0"),
        (f'serial = "/dev/ttyS0", one_way = true, {LINE}', "serial /dev/ttyS0"),
        ('usb = "/dev/usb/lp0"', "usb /dev/usb/lp0"),
        ('usb = "/dev/usb/lp0", one_way = true', "usb /dev/usb/lp0"),
        ('file = "/var/spool/my receipts"', "file /var/spool/my receipts"),
        (f'rfc2217 = "10.0.0.9:4001", {LINE}, parity = "even"', "rfc2217 10.0.0.9:4001"),
    ],
)
def test_a_port_is_taken_and_named_in_one_spelling(port: str, where: str) -> None:
    (device,) = parse(till(port)).devices.values()
    assert isinstance(device.options, EscposOptions)
    assert SPEC.port_of(device.options) == where


@pytest.mark.parametrize(
    ("port", "words"),
    [
        ("", "exactly one of tcp, serial, usb, file, rfc2217"),
        ('tcp = "127.0.0.1:9100", usb = "/dev/usb/lp0"', "exactly one of"),
        ('tcp = "printer.local:9100"', "printer.local"),
        ('tcp = "127.0.0.1:99999"', "is not address:port"),
        ('tcp = "127.0.0.1:٩١٠٠"', "is not address:port"),
        ('rfc2217 = "127.0.0.1", baud = 9600, flow = "none"', "127.0.0.1"),
        ('serial = "/dev/ttyS0"', "`serial` needs `baud` and `flow`"),
        ('serial = "/dev/ttyS0", baud = 9600', "`serial` needs `baud` and `flow`"),
        ('rfc2217 = "127.0.0.1:4001", flow = "none"', "`rfc2217` needs `baud` and `flow`"),
        ('serial = "/dev/ttyS0", baud = 96, flow = "none"', "`baud` is 1200 to 921600"),
        ('serial = "/dev/ttyS0", baud = 9600, flow = "hardware"', "Invalid enum value 'hardware'"),
        ('serial = "/dev/ttyS0", baudrate = 9600, flow = "none"', "unknown field `baudrate`"),
        ('serial = "ttyS0", baud = 9600, flow = "none"', "'ttyS0' is no absolute path"),
        ('usb = "lp0"', "'lp0' is no absolute path"),
        ('file = "receipts.bin"', "'receipts.bin' is no absolute path"),
        ('tcp = "127.0.0.1:9100", baud = 9600', "`baud` means nothing for `tcp`"),
        ('usb = "/dev/usb/lp0", flow = "none"', "`flow` means nothing for `usb`"),
        ('file = "/tmp/x", one_way = true', "`one_way` means nothing for `file`"),
        (f'rfc2217 = "127.0.0.1:4001", one_way = true, {LINE}', "`one_way` means nothing"),
    ],
)
def test_a_port_that_cannot_be_is_refused_in_a_sentence(port: str, words: str) -> None:
    said = mistakes(port)
    assert words in said[0]
    assert all(mistake.startswith("devices.p0.port") for mistake in said)


def test_two_devices_on_one_port_are_refused_by_whatever_names_they_have(tmp_path: Path) -> None:
    by_id = tmp_path / "usb-EPSON_TM-T20II-if00"
    by_id.symlink_to("/dev/ttyUSB0")
    twice = (f'serial = "/dev/ttyUSB0", {LINE}', f'serial = "{by_id}", {LINE}')
    assert mistakes(*twice) == [f"devices.p1: serial {by_id} is the port of p0 already"]
    twice = ('tcp = "10.0.0.9:4001"', f'rfc2217 = "10.0.0.9:4001", {LINE}')
    assert mistakes(*twice) == ["devices.p1: rfc2217 10.0.0.9:4001 is the port of p0 already"]
    twice = ('tcp = "[::1]:9100"', 'tcp = "[0:0:0:0:0:0:0:1]:9100"')
    assert mistakes(*twice) == ["devices.p1: tcp [::1]:9100 is the port of p0 already"]
    both = ('tcp = "10.0.0.9:4001"', f'rfc2217 = "10.0.0.9:4002", {LINE}')
    assert len(parse(till(*both)).devices) == 2


def test_every_kind_of_port_is_described() -> None:
    text = README.read_text(encoding="utf-8")
    fields = {field.name for field in msgspec.structs.fields(PortOptions)}
    assert set(KINDS) < fields
    assert fields <= set(re.findall(r"`(\w+)`", text)) | set(re.findall(r"\b(\w+) = ", text))


# --- profiles


def test_a_profile_fits_its_paper() -> None:
    for name, profile in PROFILES.items():
        assert profile.columns == profile.dots // 12, name
        assert profile.dots_per_inch in {180, 203}, name
        numbers = [number for _, number in profile.code_pages]
        assert len(set(numbers)) == len(numbers) > 0, name
        assert profile.code_pages[0] == ("cp437", 0), name
        for codec, _ in profile.code_pages:
            assert "A".encode(codec) == b"A", name


def test_only_models_with_process_ids_are_believed_to_have_a_counter() -> None:
    assert all(profile.process_id for profile in PROFILES.values() if profile.cut_counter)


def test_the_table_of_models_says_what_the_profiles_say() -> None:
    rows = {}
    for line in README.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 8 and cells[0].strip("`") in PROFILES:
            rows[cells[0].strip("`")] = cells[1:]

    def said(yes: bool) -> str:
        return "yes" if yes else "no"

    assert rows == {
        name: [
            f"{profile.columns}",
            f"{profile.dots} at {profile.dots_per_inch} dpi",
            said(profile.process_id),
            said(profile.cut_counter),
            said(profile.near_end_sensor),
            f"{profile.papercut.value}, {len(profile.code_pages)} pages, {profile.multibyte}",
            profile.note,
        ]
        for name, profile in PROFILES.items()
    }

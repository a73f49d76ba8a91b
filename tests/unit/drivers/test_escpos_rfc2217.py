"""The client's side of RFC 2217, byte by byte."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillhald.devices.link_serial import SerialSettings
from tillhald.drivers.escpos.rfc2217 import (
    SUBNEGOTIATION_BYTES_MAX,
    PortRefused,
    Rfc2217Client,
    escape,
)

IAC, SB, SE = b"\xff", b"\xff\xfa", b"\xff\xf0"
DO_PORT = b"\xff\xfd\x2c"
SETTINGS = SerialSettings(baud=115200, flow="rts_cts")
ANSWERS = {
    101: b"\x00\x01\xc2\x00",
    102: b"\x08",
    103: b"\x01",
    104: b"\x01",
    105: b"\x03",
}


def answer(number: int, value: bytes) -> bytes:
    return SB + bytes([44, number]) + escape(value) + SE


def agreed() -> bytes:
    return DO_PORT + b"".join(answer(number, value) for number, value in ANSWERS.items())


def test_the_port_is_set_once_the_server_agrees_to_have_one() -> None:
    client = Rfc2217Client(SETTINGS)
    assert client.opening() == bytes.fromhex("fffb00 fffb03 fffb2c fffd00 fffd03")
    payload, replies = client.feed(DO_PORT)
    assert payload == b""
    assert replies == bytes.fromhex(
        "fffa2c01 0001c200 fff0 fffa2c02 08 fff0 fffa2c03 01 fff0 fffa2c04 01 fff0 fffa2c05 03 fff0"
    )
    assert not client.ready
    for number, value in ANSWERS.items():
        assert not client.ready
        client.feed(answer(number, value))
    assert client.ready


@given(payload=st.binary(max_size=60), cuts=st.lists(st.integers(0, 200), max_size=6))
def test_what_the_printer_says_arrives_whole_in_whatever_pieces(
    payload: bytes, cuts: list[int]
) -> None:
    client = Rfc2217Client(SETTINGS)
    stream = agreed() + escape(payload) + answer(107, b"\xff") + escape(payload)
    places = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    heard = b"".join(client.feed(stream[a:b])[0] for a, b in pairwise(places))
    assert heard == payload * 2
    assert client.ready


def test_a_server_may_suspend_and_resume() -> None:
    client = Rfc2217Client(SETTINGS)
    client.feed(agreed())
    client.feed(SB + bytes([44, 108]) + SE)
    assert client.suspended
    client.feed(SB + bytes([44, 109]) + SE)
    assert not client.suspended


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"\xff\xfe\x2c", "no serial line"),
        (b"\xff\xfe\x00", "not pass all bytes"),
        (b"\xff\xfc\x00", "not pass all bytes"),
        (answer(101, b"\x00\x00\x25\x80"), "baud is 9600"),
        (answer(105, b"\x01"), "flow is 1"),
        (SB + bytes(SUBNEGOTIATION_BYTES_MAX + 1), "without end"),
    ],
)
def test_a_server_that_is_none_or_sets_something_else_is_refused(said: bytes, words: str) -> None:
    with pytest.raises(PortRefused, match=words):
        Rfc2217Client(SETTINGS).feed(DO_PORT + said)


def test_options_that_nobody_asked_for_are_declined_once() -> None:
    client = Rfc2217Client(SETTINGS)
    _, replies = client.feed(b"\xff\xfd\x18\xff\xfb\x05\xff\xfb\x01\xff\xfc\x05")
    assert replies == b"\xff\xfc\x18\xff\xfe\x05\xff\xfe\x01"


def test_other_commands_and_answers_are_passed_over() -> None:
    client = Rfc2217Client(SETTINGS)
    stream = b"a\xff\xf1b" + answer(106, b"\x00") + SB + b"\x18\x01" + SE + b"c"
    assert client.feed(stream) == (b"abc", b"")

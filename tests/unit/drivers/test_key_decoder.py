"""What a scanner types, from the kernel's input events."""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.keyboard import CODES, key, syn, typed
from tillhald.devices.categories import Frame
from tillhald.domain.scan import FRAME_BYTES_MAX, Corruption
from tillhald.drivers.evdev_scanner.decoder import (
    EVENT,
    KEY_CAPSLOCK,
    KEY_ENTER,
    KEY_TAB,
    SYN_DROPPED,
    KeyDecoder,
)

FUZZ = int(os.environ.get("TILLHAL_FUZZ", "1000"))
ENTER = frozenset({KEY_ENTER})


def decoder(suffix: Iterable[int] = ENTER, prefix: bytes = b"") -> KeyDecoder:
    return KeyDecoder(suffix_keys=frozenset(suffix), prefix=prefix, idle_s=0.5)


def told(frames: list[Frame]) -> list[bytes | Corruption]:
    return [frame.corrupt or frame.raw for frame in frames]


def test_an_event_has_the_size_that_the_kernel_gives_it() -> None:
    assert EVENT.size == 2 * struct.calcsize("@l") + 8


def test_what_is_typed_is_read() -> None:
    assert told(decoder().feed(typed("4006381333931\n96385074\n"), 0.0)) == [
        b"4006381333931",
        b"96385074",
    ]


def test_every_character_of_ascii_is_on_the_keyboard() -> None:
    every = "".join(map(chr, range(32, 127)))
    assert told(decoder().feed(typed(every + "\n"), 0.0)) == [every.encode()]


def test_the_separator_of_gs1_is_control_and_a_bracket() -> None:
    assert told(decoder().feed(typed("]C110ABC\x1d21XY\n"), 0.0)) == [b"]C110ABC\x1d21XY"]


def test_a_character_is_typed_by_its_number_with_alt() -> None:
    alt = key(56, 1) + b"".join(key(code, 1) + key(code, 0) for code in (82, 80, 81)) + key(56, 0)
    # 0, 2 and 3 of the keypad while ALT is held: character 23.
    assert told(decoder().feed(typed("A") + alt + typed("B\n"), 0.0)) == [b"A\x17B"]


def test_caps_lock_turns_letters_and_only_letters() -> None:
    caps = key(KEY_CAPSLOCK, 1) + key(KEY_CAPSLOCK, 0)
    assert told(decoder().feed(caps + typed("aB1!\n"), 0.0)) == [b"Ab1!"]
    assert told(decoder().feed(caps + typed("a") + caps + typed("a\n"), 0.0)) == [b"Aa"]


def test_a_key_that_is_held_down_counts_once() -> None:
    events = key(2, 1) + key(2, 2) * 5 + key(2, 0) + typed("\n")
    assert told(decoder().feed(events, 0.0)) == [b"1"]


def test_keys_without_a_character_are_passed_over() -> None:
    assert told(decoder().feed(key(113, 1) + key(113, 0) + typed("1\n"), 0.0)) == [b"1"]


def test_a_tab_ends_a_code_where_it_is_the_suffix_and_belongs_to_it_where_not() -> None:
    assert told(decoder({KEY_TAB}).feed(typed("12\t34\t"), 0.0)) == [b"12", b"34"]
    assert told(decoder().feed(typed("12\t34\n"), 0.0)) == [b"12\t34"]


def test_events_that_come_in_pieces_are_put_together() -> None:
    stream = typed("4006381333931\n")
    for size in (1, 7, 23, 24, 25, 100):
        one = decoder()
        frames = []
        for at in range(0, len(stream), size):
            frames += one.feed(stream[at : at + size], 0.0)
        assert told(frames) == [b"4006381333931"]


@pytest.mark.parametrize("at", range(15))
def test_of_a_code_that_the_kernel_dropped_a_part_of_no_tail_is_ever_told(at: int) -> None:
    """Seen on a real kernel: of 16 characters, read late, only the last four came."""
    code = "400638133393100"
    one = decoder()
    frames = one.feed(typed(code[: at // 2]) + syn(SYN_DROPPED) + syn(), 0.0)
    frames += one.feed(typed(code[at:] + "\n"), 0.0)
    assert told(frames) == [Corruption.INPUT_LOST]
    assert told(one.feed(typed("96385074\n"), 0.0)) == [b"96385074"]


def test_a_shift_that_was_held_when_events_were_dropped_is_not_held_any_more() -> None:
    one = decoder()
    one.feed(key(42, 1) + syn(SYN_DROPPED), 0.0)
    frames = one.feed(typed("a\nb\n"), 0.0)
    assert told(frames) == [Corruption.INPUT_LOST, b"b"]


def test_a_code_that_was_lost_whole_is_told_when_nothing_more_comes() -> None:
    one = decoder()
    assert told(one.feed(syn(SYN_DROPPED), 1.0)) == []
    assert one.waits_until_s() == pytest.approx(1.5)
    assert told(one.idle(1.6)) == [Corruption.INPUT_LOST]


def test_a_pause_ends_a_code_only_where_no_key_does() -> None:
    one = decoder()
    one.feed(typed("12345"), 1.0)
    assert told(one.idle(1.4)) == []
    assert told(one.idle(1.6)) == [Corruption.LINE_ERROR]
    one = decoder(())
    one.feed(typed("12345\n"), 1.0)
    assert told(one.idle(1.6)) == [b"12345"]


def test_an_unplugged_scanner_leaves_nothing_behind() -> None:
    one = decoder()
    one.feed(key(42, 1) + typed("12345") + b"\x00" * 5, 0.0)
    assert told(one.lost(0.1)) == [Corruption.LINE_ERROR]
    assert told(one.feed(typed("a\n"), 0.2)) == [b"a"]


def test_a_prefix_is_needed_and_taken_off() -> None:
    one = decoder(prefix=b"~")
    assert told(one.feed(typed("~123\n456\n"), 0.0)) == [b"123", Corruption.LINE_ERROR]


def test_what_never_ends_is_told_once_and_takes_no_memory() -> None:
    one = decoder()
    frames = []
    for _ in range(20):
        frames += one.feed(typed("9" * 1000), 0.0)
        assert len(one._text) <= FRAME_BYTES_MAX + 4
    frames += one.feed(typed("\n1\n"), 0.0)
    assert told(frames) == [Corruption.TOO_LONG, b"1"]


@settings(max_examples=min(FUZZ, 20_000), deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=10))
def test_no_bytes_whatever_upset_it(pieces: list[bytes]) -> None:
    one = decoder()
    for at, piece in enumerate(pieces):
        one.feed(piece, at / 10)
    one.idle(100.0)
    assert one.waits_until_s() is None


def test_a_great_many_events_do_not_upset_it() -> None:
    """TILLHAL_FUZZ=1000000 runs a million of them."""
    seed = int(os.environ.get("TILLHAL_FUZZ_SEED", random.randrange(1 << 32)))
    print("seed", seed)
    chance = random.Random(seed)
    kinds = [decoder(), decoder(()), decoder({KEY_TAB}, b"~")]
    codes = [*CODES.values(), 29, 42, 54, 56, 58, 71, 82, 97, 100, 113, 255]
    now_s = 0.0
    for _ in range(FUZZ):
        one = chance.choice(kinds)
        now_s += chance.choice([0.0, 0.001, 0.6])
        match chance.randrange(30):
            case 0:
                frames = one.feed(syn(SYN_DROPPED), now_s)
            case 1:
                frames = one.idle(now_s)
            case 2:
                frames = one.lost(now_s)
            case 3:
                frames = one.feed(chance.randbytes(chance.randrange(50)), now_s)
            case _:
                frames = one.feed(key(chance.choice(codes), chance.randrange(3)), now_s)
        assert all(frame.raw or frame.corrupt for frame in frames)
        assert len(one._text) <= FRAME_BYTES_MAX + 4
        assert len(one._down) <= 6

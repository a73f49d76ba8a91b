"""Where a code ends, on a serial line."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tillhald.devices.categories import Frame
from tillhald.domain.scan import FRAME_BYTES_MAX, Corruption
from tillhald.drivers.serial_scanner.framer import IDENTIFIER_BYTES, Framer

FUZZ = int(os.environ.get("TILLHAL_FUZZ", "1000"))
IDLE_S = 0.2


def framer(prefix: bytes = b"", suffix: bytes = b"\r") -> Framer:
    return Framer(prefix=prefix, suffix=suffix, idle_s=IDLE_S)


def told(frames: list[Frame]) -> list[bytes | Corruption]:
    return [frame.corrupt or frame.raw for frame in frames]


def test_a_code_ends_with_its_suffix() -> None:
    assert told(framer().feed(b"4006381333931\r96385074\r", 0.0)) == [b"4006381333931", b"96385074"]


@pytest.mark.parametrize("suffix", [b"\r", b"\n", b"\r\n"])
@pytest.mark.parametrize("sent", [b"\r\n"])
def test_cr_lf_ends_a_code_whichever_of_them_is_expected(suffix: bytes, sent: bytes) -> None:
    one = framer(suffix=suffix)
    frames = one.feed(b"A" + sent + b"B" + sent, 0.0)
    assert told(frames + one.idle(9.0)) == [b"A", b"B"]
    assert one.waits_until_s() is None


@pytest.mark.parametrize(
    ("prefix", "suffix"), [(b"", b"\r"), (b"\x02", b"\x03"), (b"", b"\r\n"), (b"<<", b">>")]
)
def test_codes_come_whole_however_the_bytes_are_cut(prefix: bytes, suffix: bytes) -> None:
    codes = [b"]E04006381333931", b"]C110ABC\x1d21XY", "会员".encode("gb18030"), b"\x00\xff\x1d"]
    stream = b"".join(prefix + code + suffix for code in codes)
    for size in range(1, len(stream) + 1):
        one = framer(prefix, suffix)
        frames = []
        for at in range(0, len(stream), size):
            frames += one.feed(stream[at : at + size], at / 1000)
        assert told(frames) == codes


def test_without_a_suffix_a_pause_ends_a_code() -> None:
    one = framer(suffix=b"")
    assert told(one.feed(b"40063", 1.0)) == []
    assert told(one.idle(1.1)) == []
    assert told(one.feed(b"81333931", 1.15)) == []
    assert one.waits_until_s() == pytest.approx(1.35)
    assert told(one.idle(1.34)) == []
    assert told(one.idle(1.36)) == [b"4006381333931"]
    assert one.waits_until_s() is None


def test_with_a_suffix_a_pause_ends_no_code_but_says_that_one_broke_off() -> None:
    one = framer()
    assert told(one.feed(b"40063", 1.0)) == []
    assert told(one.idle(1.3)) == [Corruption.LINE_ERROR]
    assert told(one.feed(b"96385074\r", 2.0)) == [b"96385074"]


def test_the_tills_own_pause_in_the_midst_of_a_code_cuts_no_tail_off() -> None:
    # The thread was held up for a second between two reads; the bytes had come at once.
    one = framer()
    assert told(one.feed(b"40063", 1.0) + one.feed(b"81333931\r", 2.0)) == [b"4006381333931"]


def test_a_code_without_the_prefix_began_in_the_middle() -> None:
    one = framer(prefix=b"\x02")
    assert told(one.feed(b"81333931\r\x024006381333931\r", 0.0)) == [
        Corruption.LINE_ERROR,
        b"4006381333931",
    ]


def test_a_line_that_breaks_tells_of_the_code_in_hand() -> None:
    one = framer()
    assert told(one.lost(0.0)) == []
    one.feed(b"40063", 0.0)
    assert told(one.lost(0.1)) == [Corruption.LINE_ERROR]
    assert told(one.feed(b"81333931\r", 5.0)) == [b"81333931"]


@pytest.mark.parametrize("suffix", [b"\r", b"", b"END"])
def test_what_never_ends_is_told_once_and_takes_no_memory(suffix: bytes) -> None:
    one = framer(suffix=suffix)
    frames = []
    for at in range(100):
        frames += one.feed(b"9" * 1000, at / 1000)
        assert len(one._held) <= FRAME_BYTES_MAX + IDENTIFIER_BYTES + 1000
    frames += one.feed(suffix, 0.1) if suffix else one.idle(9.0)
    assert told(frames) == [Corruption.TOO_LONG]
    frames = one.feed(b"96385074" + suffix, 10.0) + ([] if suffix else one.idle(11.0))
    assert told(frames) == [b"96385074"]


def test_the_longest_code_is_no_byte_too_long() -> None:
    code = b"]Q1" + b"9" * FRAME_BYTES_MAX
    assert told(framer(prefix=b"\x02").feed(b"\x02" + code + b"\r", 0.0)) == [code]


def test_a_frame_is_not_printed() -> None:
    (frame,) = framer().feed(b"134567890123456789\r", 0.0)
    assert "1345" not in repr(frame)


@settings(max_examples=min(FUZZ, 20_000), deadline=None)
@given(
    st.lists(st.binary(max_size=40), max_size=20),
    st.sampled_from([b"", b"\x02"]),
    st.sampled_from([b"\r", b"\r\n", b"", b"\x03"]),
)
def test_no_bytes_whatever_upset_it(pieces: list[bytes], prefix: bytes, suffix: bytes) -> None:
    one = framer(prefix, suffix)
    frames, now_s = [], 0.0
    for piece in pieces:
        now_s += 0.15
        frames += one.feed(piece, now_s) + one.idle(now_s + 0.1)
    frames += one.idle(now_s + 1)
    assert one.waits_until_s() is None
    assert sum(len(frame.raw) for frame in frames) <= sum(map(len, pieces))
    assert all(frame.raw or frame.corrupt for frame in frames)


def test_a_great_many_streams_do_not_upset_it() -> None:
    """TILLHAL_FUZZ=1000000 runs a million pieces."""
    seed = int(os.environ.get("TILLHAL_FUZZ_SEED", random.randrange(1 << 32)))
    print("seed", seed)
    chance = random.Random(seed)
    kinds = [framer(), framer(suffix=b""), framer(b"\x02", b"\x03"), framer(suffix=b"\r\n")]
    now_s = 0.0
    for _ in range(FUZZ):
        one = chance.choice(kinds)
        now_s += chance.choice([0.0, 0.001, 0.3])
        match chance.randrange(12):
            case 0:
                frames = one.idle(now_s)
            case 1:
                frames = one.lost(now_s)
            case 2:
                frames = one.feed(b"9" * chance.randrange(8000), now_s)
            case _:
                piece = chance.choice([b"]E0", b"4006", b"\r", b"\n", b"\x02", b"\x03", b"\x1d"])
                frames = one.feed(piece + chance.randbytes(chance.randrange(8)), now_s)
        assert all(len(frame.raw) <= FRAME_BYTES_MAX + IDENTIFIER_BYTES for frame in frames)
        assert len(one._held) <= FRAME_BYTES_MAX + IDENTIFIER_BYTES + 8001

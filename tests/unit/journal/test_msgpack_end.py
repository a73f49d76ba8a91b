"""Where a MessagePack value ends."""

from __future__ import annotations

import random

import msgspec
import pytest

from tillhald.journal.msgpack_end import value_end

LENGTHS = [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536]
NUMBERS = [0, 127, 128, 255, 256, 65_535, 65_536, 1 << 32, (1 << 64) - 1]
NUMBERS += [-1, -32, -33, -128, -129, -32_768, -32_769, -(1 << 31), -(1 << 31) - 1, -(1 << 63)]
VALUES = [
    None,
    False,
    True,
    1.5,
    *NUMBERS,
    *("x" * length for length in LENGTHS),
    *(bytes(length) for length in LENGTHS),
    *([1] * length for length in LENGTHS),
    *({n: n for n in range(length)} for length in LENGTHS),
    *(msgspec.msgpack.Ext(5, bytes(length)) for length in [1, 2, 3, 4, 8, 16, 255, 256, 65_536]),
]


def nested(chance: random.Random, depth: int) -> object:
    kind = chance.randrange(6)
    if depth == 0 or kind < 4:
        return chance.choice([None, True, chance.random(), chance.choice(NUMBERS), "text", b"data"])
    several = [nested(chance, depth - 1) for _ in range(chance.randrange(20))]
    return several if kind == 4 else dict(enumerate(several))


@pytest.mark.parametrize("number", range(len(VALUES)))
def test_the_end_of_every_kind_of_value_is_found(number: int) -> None:
    encoded = msgspec.msgpack.encode(VALUES[number])
    assert value_end(b"before" + encoded + b"\xff", 6) == 6 + len(encoded)
    assert value_end(encoded, 0) == len(encoded)
    assert value_end(encoded[:-1], 0) is None


def test_single_precision_is_known_too() -> None:
    assert value_end(b"\xca\x00\x00\x00\x00\x01", 0) == 5


@pytest.mark.parametrize("seed", range(100))
def test_nested_values_end_where_they_end_and_are_not_there_when_cut(seed: int) -> None:
    chance = random.Random(seed)
    encoded = msgspec.msgpack.encode(nested(chance, 4))
    assert value_end(encoded + chance.randbytes(9), 0) == len(encoded)
    for length in {chance.randrange(len(encoded)) for _ in range(20)}:
        assert value_end(encoded[:length], 0) is None


@pytest.mark.parametrize("seed", range(100))
def test_bytes_that_are_no_value_end_somewhere_or_nowhere(seed: int) -> None:
    noise = random.Random(seed).randbytes(2000)
    end = value_end(noise, 0)
    assert end is None or 0 < end <= len(noise)


def test_what_is_never_used_is_no_value() -> None:
    assert value_end(b"\xc1", 0) is None
    assert value_end(b"", 0) is None

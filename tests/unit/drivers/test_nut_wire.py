"""Lines of RFC 9271, against the simulator's own reading of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwsim.ups.nut_words import quoted, words_of
from tillhald.drivers.nut_ups.errors import NutGarbled, NutUnsayable
from tillhald.drivers.nut_ups.wire import LINE_BYTES_MAX, decode, encode

SAYABLE = st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", codec="utf-8"))


@given(st.lists(SAYABLE, min_size=1, max_size=10))
def test_what_we_say_is_what_the_server_reads(words: list[str]) -> None:
    assert words_of(encode(*words).decode().removesuffix("\n")) == words


@given(SAYABLE)
def test_what_the_server_quotes_is_what_we_read(text: str) -> None:
    assert decode(f"VAR till ups.id {quoted(text)}".encode()) == ["VAR", "till", "ups.id", text]


@given(st.binary(max_size=300))
def test_no_bytes_are_more_than_garbled(line: bytes) -> None:
    try:
        words = decode(line)
    except NutGarbled:
        return
    assert words


@pytest.mark.parametrize("word", ["a\nb", "\r", "\0", "\x7f", "tab\t"])
def test_a_word_that_would_end_the_line_is_not_sent(word: str) -> None:
    with pytest.raises(NutUnsayable):
        encode("PASSWORD", word)


def test_a_request_that_is_too_long_is_not_sent_and_its_words_are_not_told() -> None:
    with pytest.raises(NutUnsayable) as caught:
        encode("PASSWORD", "secret" * LINE_BYTES_MAX)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (rb'VAR till ups.id "say \"hi\""', ["VAR", "till", "ups.id", 'say "hi"']),
        (rb'VAR till ups.id "a\\b"', ["VAR", "till", "ups.id", r"a\b"]),
        (b'VAR till ups.alarm ""', ["VAR", "till", "ups.alarm", ""]),
        (b"OK\r", ["OK"]),
    ],
)
def test_quotes_are_taken_off(line: bytes, words: list[str]) -> None:
    assert decode(line) == words


@pytest.mark.parametrize(
    "line", [b"", b"   ", b'"', b'VAR "a', b"a\\", b"\xff", b"a\x01b", b"x " * 99]
)
def test_what_is_no_answer_is_garbled(line: bytes) -> None:
    with pytest.raises(NutGarbled):
        decode(line)

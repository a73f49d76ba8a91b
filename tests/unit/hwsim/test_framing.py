"""Whatever the bytes and however they arrive, the stream is cut at the same places."""

import itertools
import re
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwsim.framing import (
    _RULES,
    COMMAND_BYTES_MAX,
    TEXT_RUN_BYTES_MAX,
    Framer,
    RealtimeSniffer,
    Token,
)

QUICK = settings(max_examples=150, deadline=None, print_blob=True)

ONE_COMMAND_EACH = {
    "HT": b"\t",
    "LF": b"\n",
    "FF": b"\x0c",
    "CR": b"\r",
    "CAN": b"\x18",
    "DLE EOT": b"\x10\x04\x01",
    "DLE ENQ": b"\x10\x05\x02",
    "DLE DC4": b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08",
    "ESC @": b"\x1b@",
    "ESC SP": b"\x1b \x02",
    "ESC !": b"\x1b!\x38",
    "ESC $": b"\x1b$\x10\x00",
    "ESC &": b"\x1b&\x03AB\x01abc\x02abcdef",
    "ESC *": b"\x1b*\x21\x02\x00abcdef",
    "ESC D": b"\x1bD\x08\x10\x18\x00",
    "ESC W": b"\x1bW" + bytes(8),
    "ESC #": b"\x1b##QPIX\x08",
    "ESC 4": b"\x1b4\x01",
    "ESC Z": b"\x1bZ\x03L\x06\x03\x00abc",
    "ESC c": b"\x1bc5\x01",
    "ESC p": b"\x1bp\x00\x32\x32",
    "ESC ( A": b"\x1b(A\x04\x000\x01\x02\x03",
    "FS &": b"\x1c&",
    "FS ( A": b"\x1c(A\x02\x000\x01",
    "FS 2": b"\x1c2\x81\x40" + bytes(72),
    "FS S": b"\x1cS\x01\x02",
    "FS g": b"\x1cg1\x00\x01\x00\x00\x00\x03\x00abc",
    "FS p": b"\x1cp\x01\x00",
    "FS q": b"\x1cq\x02" + 2 * (b"\x01\x00\x02\x00" + bytes(16)),
    "GS !": b"\x1d!\x11",
    "GS $": b"\x1d$\x01\x00",
    "GS *": b"\x1d*\x01\x02" + bytes(16),
    "GS /": b"\x1d/\x00",
    "GS :": b"\x1d:",
    "GS C": b"\x1dC;1;9;1;1;5;",
    "GS D": b"\x1dD0C0AB01BM" + struct.pack("<I", 20) + bytes(14),
    "GS I": b"\x1dI\x43",
    "GS Q": b"\x1dQ0\x00\x02\x00\x03\x00abcdef",
    "GS V": b"\x1dVB\x00",
    "GS ^": b"\x1d^\x01\x02\x00",
    "GS g": b"\x1dg2\x00\x32\x00",
    "GS k": b"\x1dk\x49\x05{B\x00\n\x1b",
    "GS v": b"\x1dv0\x00\x02\x00\x03\x00\x10\x04\x01\x1b\n\x00",
    "GS z": b"\x1dz0\x05\x05",
    "GS ( H": b"\x1d(H\x06\x0000abcd",
    "GS ( k": b"\x1d(k\x04\x001P0\n",
    "GS ( L": b"\x1d(L\x02\x0002",
    "GS ( A": b"\x1d(A\x02\x00\x01\x02",
    "GS ( C": b"\x1d(C\x05\x00\x001\x00ab",
    "GS ( D": b"\x1d(D\x03\x00\x14\x01\x00",
    "GS ( E": b"\x1d(E\x03\x00\x01IN",
    "GS ( F": b"\x1d(F\x04\x00\x01\x00\n\x00",
    "GS ( K": b"\x1d(K\x02\x002\n",
    "GS ( M": b"\x1d(M\x02\x00\x011",
    "GS ( N": b"\x1d(N\x02\x0001",
    "GS ( P": b"\x1d(P\x08\x000" + b"\n" * 7,
    "GS ( Q": b"\x1d(Q\x0c\x000" + b"\n" * 11,
    "GS ( z": b"\x1d(z\x02\x00*<",
    "FS ( C": b"\x1c(C\x02\x0002",
    "FS ( E": b"\x1c(E\x06\x00<\x02\x30CLR",
    "FS ( L": b"\x1c(L\x02\x00C0",
    "FS ( e": b"\x1c(e\x02\x003\n",
    "ESC ( Y": b"\x1b(Y\x02\x00\n0",
    "FS a": b"\x1ca0\n",
    "US ( A": b"\x1f(A\x03\x00\n\n\n",
    "GS ( ~": b"\x1d(~\x03\x00abc",
    "GS 8 L": b"\x1d8L\x04\x00\x00\x000p\n\n",
}


FIXED_LENGTHS = {
    2: "ESC FF, ESC 2, ESC <, ESC @, ESC L, ESC S, ESC i, ESC m, ESC q, ESC v, ESC 5,"
    " FS &, FS ., FS L, FS b, FS c, GS :, GS c, US @, US B, US U, US :",
    3: "ESC SP, ESC !, ESC %, ESC -, ESC 3, ESC =, ESC ?, ESC A, ESC C, ESC E, ESC F, ESC G, ESC J,"
    " ESC K, ESC M, ESC R, ESC T, ESC U, ESC V, ESC a, ESC d, ESC e, ESC r, ESC t, ESC u, ESC w,"
    ' ESC {, ESC ", ESC l, ESC O, ESC Q, FS !, FS -, FS C, FS J, FS W, GS !, GS B, GS E, GS H, GS I, GS T,'
    " GS a, GS b, GS e, GS f, GS h, GS j, GS r, GS w, GS /, GS Z, GS |, US C, US E, US X, US r, US v,"
    " US ,, US ., US ;",
    4: "ESC $, ESC \\, ESC B, ESC c, ESC f, FS ?, FS S, FS p, GS $, GS &, GS L, GS P, GS W, GS \\,"
    " US $, US #, US T, US ^",
    5: "ESC p, GS ^, GS z",
    6: "GS g",
    10: "ESC W",
    76: "FS 2",
}
"""Bytes of every command whose length the manual fixes, its code included."""

FIRST = {"DLE": 0x10, "ESC": 0x1B, "FS": 0x1C, "GS": 0x1D, "US": 0x1F}
SECOND = {"SP": 0x20, "FF": 0x0C}


def code_of(name: str) -> bytes:
    first, second = name.split(" ", 1)
    return bytes([FIRST[first], SECOND.get(second) or ord(second)])


FIXED = [
    (name, length)
    for length, names in FIXED_LENGTHS.items()
    for name in re.split(r", (?=[A-Z])", names)
]


@pytest.mark.parametrize(("name", "length"), FIXED)
def test_a_command_of_fixed_length_takes_that_many_bytes(name: str, length: int) -> None:
    data = code_of(name) + b"\n" * (length - 2)  # data that would otherwise feed the paper
    tokens = Framer().feed(data + b"next\n")
    assert [(token.name, token.known) for token in tokens[:2]] == [(name, True), ("text", True)]
    assert tokens[0].data == data


def test_there_is_an_example_of_every_command_that_is_framed() -> None:
    shown = {data[:2] for data in ONE_COMMAND_EACH.values()} | {code_of(name) for name, _ in FIXED}
    plain = {b"\x1f" + bytes([code]) for code in b"\x01\x02\x03\n\r"}  # of customer displays
    assert {bytes(code) for code in _RULES} - shown == plain


@pytest.mark.parametrize(("name", "data"), ONE_COMMAND_EACH.items())
def test_every_command_ends_where_the_manual_says(name: str, data: bytes) -> None:
    tokens = Framer().feed(data + b"next\n")
    assert [token.name for token in tokens] == [name, "text", "LF"]
    assert tokens[0].data == data
    assert tokens[0].known


@pytest.mark.parametrize(
    ("data", "first_bytes"),
    [
        (b"\x1dk\x04ABC\x00next", 7),  # NUL ends form A
        (b"\x1dk\x07next", 3),  # no such barcode: m is swallowed, the rest is text
        (b"\x1bD\x7enext", 3),  # a stop that lies further left is text already
        (b"\x1bD" + bytes(range(1, 33)) + b"next", 34),  # 32 stops need no NUL
        (b"\x1dV\x00next", 3),  # cut without feed has no n
        (b"\x1b*\x07\x02\x00next", 5),  # an unknown mode has no data
        (b"\x10\x04\x07\x01next", 4),
        (b"\x10\x14\x01\x00\x01next", 5),
        (b"\x10\x14\x02\x01\x08next", 5),
        (b"\x10\x14\x03\x01\x01\x01\x01\x01next", 8),
        (b"\x1b*\x00\x02\x00\n\nnext", 7),  # 8-dot columns
        (b"\x1b4next", 2),  # italics, without the parameter that others send
        (b"\x1dEC\x01next", 4),  # QsPrinter
        (b"\x1dC0\n\nnext", 5),
        (b"\x1dC1\n\n\n\n\n\nnext", 9),
        (b"\x1cg2\x00\x00\x00\x00\x00\x01\x00next", 10),
    ],
)
def test_commands_with_several_forms_end_by_their_form(data: bytes, first_bytes: int) -> None:
    tokens = Framer().feed(data + b"\n")
    assert len(tokens[0].data) == first_bytes
    assert tokens[1].name == "text"


def test_an_unknown_command_is_told_apart() -> None:
    tokens = Framer().feed(b"\x1b\x7f\n")
    assert [(token.name, token.known) for token in tokens] == [("ESC 7fh", False), ("LF", True)]


def test_a_code_without_a_function_is_ignored_as_the_printer_does() -> None:
    assert [(t.name, t.known) for t in Framer().feed(b"\x01\n")] == [("01h", True), ("LF", True)]


def test_text_waits_for_a_control_code_but_never_grows() -> None:
    framer = Framer()
    assert framer.feed(b"half a li") == []
    assert framer.feed(b"ne\n")[0].data == b"half a line"
    tokens = framer.feed(b"x" * (3 * TEXT_RUN_BYTES_MAX))
    assert [len(token.data) for token in tokens] == [TEXT_RUN_BYTES_MAX] * 3


STREAMS = st.lists(
    st.one_of(
        st.sampled_from(sorted(ONE_COMMAND_EACH.values())),
        st.binary(max_size=12),
        st.text(max_size=300).map(lambda text: text.encode("gb18030", "replace")),
    ),
    max_size=12,
).map(b"".join)


def tokens_of(chunks: list[bytes]) -> tuple[list[Token], int]:
    framer = Framer()
    tokens = [token for chunk in chunks for token in framer.feed(chunk)]
    return tokens, framer.pending_bytes


@QUICK
@given(STREAMS, st.lists(st.integers(0, 2000), max_size=20))
def test_how_the_bytes_are_split_changes_nothing(stream: bytes, places: list[int]) -> None:
    cuts = sorted({0, len(stream), *(place for place in places if place < len(stream))})
    chunks = [stream[a:b] for a, b in itertools.pairwise(cuts)]
    whole = tokens_of([stream])
    assert tokens_of(chunks) == whole
    assert tokens_of([bytes([byte]) for byte in stream]) == whole


@QUICK
@given(STREAMS)
def test_no_byte_is_lost_or_invented(stream: bytes) -> None:
    tokens, pending = tokens_of([stream])
    if any(token.name.startswith("oversized") for token in tokens):
        return
    kept = b"".join(token.data for token in tokens)
    assert stream.startswith(kept)
    assert len(kept) + pending == len(stream)


@QUICK
@given(st.lists(st.binary(max_size=200), max_size=30))
def test_random_bytes_never_raise_and_never_pile_up(chunks: list[bytes]) -> None:
    framer, sniffer = Framer(), RealtimeSniffer()
    for chunk in chunks:
        framer.feed(chunk)
        sniffer.feed(chunk)
        assert framer.pending_bytes <= COMMAND_BYTES_MAX


def test_a_command_that_announces_four_gigabytes_is_not_kept() -> None:
    framer = Framer()
    tokens = framer.feed(b"\x1d8L\xff\xff\xff\xff")
    assert [(token.name, token.known) for token in tokens] == [("oversized GS 8", False)]
    for _ in range(4):
        assert framer.feed(bytes(COMMAND_BYTES_MAX)) == []
        assert framer.pending_bytes == 0


def test_printing_goes_on_after_an_oversized_command() -> None:
    size = COMMAND_BYTES_MAX + 5
    stream = b"\x1d8L" + struct.pack("<I", size) + bytes(size) + b"after\n"
    assert [token.name for token in Framer().feed(stream)] == ["oversized GS 8", "text", "LF"]


def test_real_time_commands_are_found_inside_an_image() -> None:
    image = b"\x1dv0\x00\x01\x00\x06\x00\xff\x10\x04\x01\x10\x10"
    sniffer = RealtimeSniffer()
    found = [token for byte in image + b"\x05\x02" for token in sniffer.feed(bytes([byte]))]
    assert [(token.name, token.params) for token in found] == [
        ("DLE EOT", b"\x01"),
        ("DLE ENQ", b"\x02"),
    ]
    assert "DLE EOT" not in [token.name for token in Framer().feed(image)]

"""Whatever a host sends, the printer neither falls over nor stands still nor grows.

HWSIM_FUZZ_EXAMPLES says how many streams are tried (2,000 unless told; CI tries 20,000).
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hwsim.drawer import VirtualDrawer
from hwsim.framing import _RULES, COMMAND_BYTES_MAX, PREFIX_NAMES
from hwsim.mechanism import OUTPUT_BYTES_MAX, Mechanism
from hwsim.models import MODELS
from hwsim.typesetting import LINE_PIECES_MAX

if TYPE_CHECKING:
    from hwsim.receipt import Receipt

EXAMPLES: Final = int(os.environ.get("HWSIM_FUZZ_EXAMPLES", "2000"))
EXAMPLE_CPU_S_MAX: Final = 10.0
LONG_RUN_STREAMS: Final = 1500
GROWTH_BYTES_MAX: Final = 256 << 20
READ_BYTES: Final = 4096

PREFIXES: Final = sorted(
    [bytes(code) for code in _RULES]
    + [b"\n", b"\t", b"\x0c", b"\r", b"\x18", b"\x1bL", b"\x0c", b"\x1dVB\x00", b"\x1d:"]
)
FAMILIES: Final = [
    *(b"\x1d(k%c%c" % (cn, function) for cn in range(48, 55) for function in (65, 67, 68, 69, 80, 81, 82)),
    *(b"\x1d(L0%c" % function for function in (48, 49, 50, 64, 65, 66, 67, 68, 69, 80, 82, 83, 85, 112, 113)),
    *(b"\x1d(" + bytes([letter]) for letter in b"ABCDEHKMNPQ"),
    *(b"\x1c(" + bytes([letter]) for letter in b"ACEL"),
    b"\x1b(A",
    b"\x1b(Y",
]  # fmt: skip


def stream_of(seed: bytes) -> bytes:
    """A stream that a host might send: the seed's bytes choose commands and are their data."""
    stream, at = bytearray(), 0
    while at < len(seed):
        choice, size = seed[at], seed[at + 1 : at + 2]
        data = seed[at + 2 : at + 2 + (size[0] % 24 if size else 0)]
        at += 2 + len(data)
        if choice < 110:
            stream += PREFIXES[choice % len(PREFIXES)] + data
        elif choice < 200:
            head = FAMILIES[choice % len(FAMILIES)]
            params = head[3:] + data
            stream += head[:3] + len(params).to_bytes(2, "little") + params
        elif choice < 230:
            stream += bytes([b"\x10\x1b\x1c\x1d\x1f"[choice % 5]]) + data
        else:
            stream += data + b"\n"
    return bytes(stream)


def memory_bytes() -> int:
    """What this process takes now, with the pictures that Pillow keeps outside of Python."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def fed(mechanism: Mechanism, stream: bytes) -> int:
    """Feed it, in reads as a network gives them, and see that nothing piles up.

    Gives the most memory that the process took on the way.
    """
    most = 0
    for at in range(0, len(stream), READ_BYTES):
        mechanism.receive(stream[at : at + READ_BYTES], 0.0)
        mechanism.run(0.0)
        assert mechanism.idle or mechanism.offline
        assert len(mechanism.output) <= OUTPUT_BYTES_MAX
        assert len(mechanism.paper.setter.line.pieces) <= LINE_PIECES_MAX
        assert mechanism._framer.pending_bytes <= COMMAND_BYTES_MAX
        most = max(most, memory_bytes())
    return most


def test_every_prefix_is_tried() -> None:
    assert {prefix[0] for prefix in PREFIXES} >= set(PREFIX_NAMES)
    assert stream_of(b"\xff\x03abc") == b"abc\n"


@pytest.mark.slow
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.one_of(st.binary(max_size=300).map(stream_of), st.binary(max_size=300)))
def test_no_bytes_at_all_upset_the_printer(stream: bytes) -> None:
    receipts: list[Receipt] = []
    mechanism = Mechanism(MODELS["tm-t88"], VirtualDrawer(), receipts.append)
    begun_s = time.process_time()
    mechanism.receive(stream, 0.0)
    mechanism.run(0.0)
    assert mechanism.idle or mechanism.offline
    mechanism.paper.tear_off()
    for receipt in receipts:
        assert receipt.image.width == MODELS["tm-t88"].dots_wide
    assert time.process_time() - begun_s < EXAMPLE_CPU_S_MAX, stream.hex()


@pytest.mark.parametrize("model", ["tm-t88", "tm-t88-japan", "generic-58"])
def test_a_printer_that_prints_rubbish_all_day_does_not_grow(model: str) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    mechanism = Mechanism(MODELS[model], VirtualDrawer(), lambda _: None)
    before = memory_bytes()
    for _ in range(LONG_RUN_STREAMS // 3):
        assert fed(mechanism, stream_of(chance.randbytes(300))) - before < GROWTH_BYTES_MAX
        mechanism.output.clear()
        if mechanism.offline:
            mechanism.power_cycle()


@pytest.mark.parametrize(
    "stream",
    [
        b"x\x1b$\x00\x00" * 8_000,
        b"x\n\x1be\x01" * 20_000,
        b"\x1b3\x00" + b"\n" * 50_000,
        b"\x1bL" + b"x\n" * 10_000,
        b"\x1d:" + b"\n" * 2000 + b"\x1d:" + b"\x1d^\xff\x00\x00" * 20,
        b"\x1cq\x01\x40\x00\x40\x00" + bytes(64 * 64 * 8) + b"\x1cp\x01\x03" * 400,
        b"\x1dv0\x03\x01\x00\xff\xff" + b"\xaa" * 65535,
        b"\x1b&\x03 ~" + (b"\x0c" + b"\xff" * 36) * 95 + b"\x1b%\x01",
        b"".join(b"\x1c2%c%c" % (a, b) + bytes(72) for a in range(128) for b in range(128)),
        b"\x10\x04\x01" * 30_000,
        b"\x1dI\x42" * 30_000,
    ],
    ids=lambda stream: stream[:6].hex(" "),
)
def test_what_could_be_heaped_up_without_end_is_bounded(stream: bytes) -> None:
    mechanism = Mechanism(MODELS["tm-t88"], None, lambda _: None)
    before = memory_bytes()
    assert fed(mechanism, stream) - before < GROWTH_BYTES_MAX

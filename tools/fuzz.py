"""Throws random bytes at what reads bytes from outside, a million times: `make fuzz`.

Subjects are the driver's status demultiplexer and the simulated printer. An input is a real stream
that was mutated, commands with random data, or noise; nothing but the seed decides which. Nothing
may raise, hang, or grow. A failure says the seed, the number and the bytes, so that it can be
repeated:

    python tools/fuzz.py --subject printer --seed 7 --first 12345 --inputs 1
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hwsim.drawer import VirtualDrawer
from hwsim.framing import COMMAND_BYTES_MAX
from hwsim.mechanism import OUTPUT_BYTES_MAX, Mechanism
from hwsim.models import MODELS
from hwsim.typesetting import LINE_PIECES_MAX
from tillhald.drivers.escpos.status import BLOCK_BYTES_MAX, BlockReply, Demultiplexer, Junk

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path(__file__).parents[1]
STREAMS: Final = [
    path.read_bytes()[:20_000]
    for path in sorted((ROOT / "tests" / "fixtures" / "streams").glob("*.bin"))
]
INPUTS: Final = 1_000_000
INPUT_CPU_S_MAX: Final = 5.0
GROWTH_BYTES_MAX: Final = 256 << 20
WARM_INPUTS: Final = 200
SHARE: Final = 2_000
"""Inputs between two looks at the memory, and the life of one simulated printer."""
PIECE_BYTES: Final = 400

REPLIES: Final = (
    b"\x12",
    b"\x16",
    b"\x1a",
    b"\x5a",
    b"\x72",
    b"\x10\x00\x00\x00",
    b"\x14\x00\x0c\x00",
    b"\x38\x08\x0f\x00",
    b"\x37\x22A0Z9\x00",
    b"\x37\x25\x00",
    b"\x5f4711\x00",
    b"\x5fEPSON\x00",
    b"\x3bTM\x00",
    b"\x00",
    b"\x0f",
    b"\x11",
    b"\x13",
)
HEADS: Final = b"\x10\x1b\x1c\x1d\x1f"


class FaultError(Exception):
    """What must not be."""


def mutated(chance: random.Random, stream: bytes) -> bytes:
    """A piece of a real stream with bytes flipped, left out, doubled, or strangers put in."""
    at = chance.randrange(max(len(stream) - PIECE_BYTES, 1))
    piece = bytearray(stream[at : at + chance.randrange(1, PIECE_BYTES)])
    for _ in range(chance.randrange(6)):
        if not piece:
            break
        place = chance.randrange(len(piece))
        match chance.randrange(5):
            case 0:
                piece[place] = chance.randrange(256)
            case 1:
                del piece[place : place + chance.randrange(1, 9)]
            case 2:
                piece[place:place] = piece[place : place + chance.randrange(1, 30)]
            case 3:
                piece[place:place] = chance.randbytes(chance.randrange(1, 9))
            case _:
                piece[place] ^= 1 << chance.randrange(8)
    return bytes(piece)


def reply_input(chance: random.Random) -> bytes:
    """What a printer might send, more or less."""
    kind = chance.randrange(4)
    if kind == 0:
        return chance.randbytes(chance.randrange(1, 120))
    stream = b"".join(chance.choice(REPLIES) for _ in range(chance.randrange(1, 30)))
    return stream if kind == 1 else mutated(chance, stream)


def command_input(chance: random.Random) -> bytes:
    """What a host might send, more or less."""
    match chance.randrange(4):
        case 0:
            return chance.randbytes(chance.randrange(1, 200))
        case 1:
            out = bytearray()
            for _ in range(chance.randrange(1, 8)):
                out += bytes([chance.choice(HEADS), chance.randrange(0x21, 0x7F)])
                out += chance.randbytes(chance.randrange(12))
            return bytes(out)
        case _:
            return mutated(chance, chance.choice(STREAMS))


class Replies:
    """The demultiplexer, in pieces as a socket gives them; state is kept from input to input."""

    make = staticmethod(reply_input)

    def __init__(self) -> None:
        """Begin between two messages."""
        self._reader = Demultiplexer()

    def take(self, data: bytes, chance: random.Random) -> None:
        """Feed it, and see that each byte comes out once at the most."""
        at, given = 0, 0
        while at < len(data):
            size = chance.randrange(1, 40)
            for message in self._reader.feed(data[at : at + size]):
                match message:
                    case Junk(content) | BlockReply(content):
                        given += len(content)
                    case _:
                        given += 1
            at += size
        if given > len(data) + BLOCK_BYTES_MAX:
            message = f"{given} bytes came out of {len(data)}"
            raise FaultError(message)


class Commands:
    """The simulated printer without its plug; it lives through many inputs."""

    make = staticmethod(command_input)

    def __init__(self) -> None:
        """Switched on."""
        self._mechanism = Mechanism(MODELS["tm-t88"], VirtualDrawer(), lambda _: None)

    def take(self, data: bytes, _: random.Random) -> None:
        """Print it, and see that nothing stands still or piles up."""
        mechanism = self._mechanism
        mechanism.receive(data, 0.0)
        mechanism.run(0.0)
        if not (mechanism.idle or mechanism.offline):
            message = "the printer stands still"
            raise FaultError(message)
        limits = (
            ("answers", len(mechanism.output), OUTPUT_BYTES_MAX),
            ("pieces on a line", len(mechanism.paper.setter.line.pieces), LINE_PIECES_MAX),
            ("bytes of a command", mechanism._framer.pending_bytes, COMMAND_BYTES_MAX),  # noqa: SLF001
        )
        for what, size, most in limits:
            if size > most:
                message = f"{size} {what}"
                raise FaultError(message)
        mechanism.output.clear()
        if mechanism.offline:
            mechanism.power_cycle()


SUBJECTS: Final[dict[str, Callable[[], Replies | Commands]]] = {
    "replies": Replies,
    "printer": Commands,
}


def memory_bytes() -> int:
    """What this process takes now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def fuzz(subject: str, seed: int, first: int, inputs: int) -> int:
    """Try inputs `first` and on; the most bytes that the process grew by. Raises FaultError.

    Each share of SHARE inputs has a chance and a printer of its own, so that any can be repeated
    without those of other shares.
    """
    grown, before = 0, 0
    for share in range(first // SHARE, (first + inputs - 1) // SHARE + 1):
        reader = SUBJECTS[subject]()
        chance = random.Random(f"{seed} {subject} {share}")  # noqa: S311 - to be repeated
        for number in range(share * SHARE, min((share + 1) * SHARE, first + inputs)):
            data = reader.make(chance)
            begun_s = time.process_time()
            try:
                reader.take(data, chance)
                took_s = time.process_time() - begun_s
                if took_s > INPUT_CPU_S_MAX:
                    message = f"it took {took_s:.1f} s"
                    raise FaultError(message)  # noqa: TRY301 - told below with all others
            except Exception as error:
                message = f"{subject} seed {seed} input {number}: {error!r}\n{data.hex()}"
                raise FaultError(message) from error
            if before == 0 and number - first >= WARM_INPUTS:
                before = memory_bytes()
        if before:
            grown = max(grown, memory_bytes() - before)
        if grown > GROWTH_BYTES_MAX:
            message = f"{subject} seed {seed}: grew by {grown} bytes up to input {number}"
            raise FaultError(message)
    return grown


def main() -> int:
    """Divide the inputs among processes; 1 where one of them found something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subject", choices=list(SUBJECTS), action="append")
    parser.add_argument("--inputs", type=int, default=INPUTS, help="for each subject")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    subjects = options.subject or list(SUBJECTS)
    if options.processes == 1 or options.inputs < SHARE:
        for subject in subjects:
            begun_s = time.monotonic()
            grown = fuzz(subject, options.seed, options.first, options.inputs)
            took_s = time.monotonic() - begun_s
            said = f"seed {options.seed}: {options.inputs} inputs from {options.first} in"
            grew = f"memory grew by {grown >> 20} MiB at most"
            sys.stdout.write(f"{subject}, {said} {took_s:.0f} s; {grew}\n")
        return 0
    each = -(-options.inputs // options.processes // SHARE) * SHARE
    running = []
    for subject in subjects:
        for first in range(0, options.inputs, each):
            inputs = min(each, options.inputs - first)
            argv = [sys.executable, __file__, "--processes", "1", "--subject", subject]
            argv += ["--inputs", str(inputs), "--first", str(first), "--seed", str(options.seed)]
            running.append(subprocess.Popen(argv))
        if any(process.wait() for process in running):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

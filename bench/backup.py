"""`python -m bench backup`: backups beside a plain `zstd -3 | age`, and what they cost who sells.

One journal is filled; the program that makes backups then writes one of it, and the plain pipe
packs the very same bytes, which lie in a file, without looking at them. Ours gets them from the
journal, then reads the result back from the disk and checks every record, the chain and every row;
each part is shown.

Then eight callers sell, round by round without and with backups that follow one another.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import grpc
import msgspec
import pyrage
import zstandard
from pyrage import x25519

from bench.comparison import run_folder, say
from bench.inprocess import fill
from bench.load import Cell, Order
from bench.peers import tillhal
from bench.report import table
from bench.worker import run
from tillhal.v1 import backup_pb2, backup_pb2_grpc
from tillhald.backup.reading import check_whole
from tillhald.backup.words import NICENESS, Line, MakeOrder
from tillhald.domain.backup import BackupKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.servers import Running

SALES = 100_000
ROUNDS = 3
CALLERS = 8
WARM_UP_S, SECONDS = 1.0, 6.0
P99_RATIO_MAX = 2.0
WRITING_RATIO_MAX = 2.0
PROGRAM_S_MAX = 1800.0
PIECE_BYTES = 1 << 20


class Made(NamedTuple):
    """One backup. `writing_s` and `reading_s` are its phases, of `took_s`; then the plain pipe.
    What ends in `cpu_s` is processor time of the process and its threads."""

    took_s: float
    writing_s: float
    reading_s: float
    cpu_s: float
    writing_cpu_s: float
    plain_bytes: int
    size_bytes: int
    pipe_s: float
    pipe_cpu_s: float
    pipe_bytes: int
    pipe: str


class Pair(NamedTuple):
    """The same load without and with backups; `backups` were made meanwhile."""

    without: Cell
    beside: Cell
    backups: int


class Report(NamedTuple):
    """All of it."""

    sales: int
    made: list[Made]
    pairs: list[Pair]


def backup(parent: Path, *, sales: int, rounds: int) -> Report:
    """Measure in a folder below `parent`."""
    own = x25519.Identity.generate()
    with run_folder(parent) as folder:
        stick = folder / "stick"
        stick.mkdir()
        say(f"selling {sales} sales")
        asyncio.run(fill(folder, sales))
        made = []
        for number in range(rounds):
            made.append(_make(folder, stick, own))
            say(f"backup {number + 1}: {made[-1].took_s:.2f} s, {made[-1].pipe_s:.2f} s")
            shutil.rmtree(stick)
            stick.mkdir()
        (folder / "till.toml").unlink()
        more = (
            f'[backup]\nfolder = "{stick}"\nother_disk = false\n'
            f'recipients = ["{own.to_public()}"]\n'
        )
        with tillhal.running(folder, more=more) as till:
            pairs = [_pair(till, number) for number in range(rounds)]
    return Report(sales, made, pairs)


class _Told(NamedTuple):
    """A line, when it came, and how much processor time its program had had."""

    line: Line
    at_s: float
    cpu_s: float


def _program(name: str, order: msgspec.Struct) -> Iterator[_Told]:
    with subprocess.Popen(
        [sys.executable, "-P", "-m", f"tillhald.backup.{name}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(msgspec.json.encode(order))
        child.stdin.close()
        for raw in child.stdout:
            line = msgspec.json.decode(raw, type=Line)
            yield _Told(line, time.monotonic(), _cpu_s(child.pid))


def _cpu_s(pid: int) -> float:
    """Processor time of a process that may be waiting to be buried."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _make(folder: Path, stick: Path, own: x25519.Identity) -> Made:
    order = MakeOrder(
        journal=str(folder / "journal"),
        folder=str(stick),
        other_disk=False,
        backup_id=uuid.uuid4().hex,
        kind=BackupKind.FULL,
        follows="",
        after=None,
        made_ms=0,
        version="bench",
        recipients=(str(own.to_public()),),
        signing_key=str(folder / "signing-key"),
        paths={},
        texts={},
    )
    began_s = time.monotonic()
    told = list(_program("make", order))
    turned = next(each for each in told if each.line.phase == "reading back")
    ended = told[-1]
    made = ended.line.made
    assert made is not None, ended
    path = stick / made.file_name
    with path.open("rb") as file:
        clear = check_whole(file)
    plain = folder / "plain"
    _unpack(path, clear.age_at, clear.trailer.age_bytes, plain, own)
    burnt_s = _children_cpu_s() + time.process_time()
    pipe, pipe_s, pipe_bytes = _pipe(plain, folder / "piped", own)
    pipe_cpu_s = _children_cpu_s() + time.process_time() - burnt_s
    plain_bytes = plain.stat().st_size
    plain.unlink()
    return Made(
        took_s=ended.at_s - began_s,
        writing_s=turned.at_s - began_s,
        reading_s=ended.at_s - turned.at_s,
        cpu_s=ended.cpu_s,
        writing_cpu_s=turned.cpu_s,
        plain_bytes=plain_bytes,
        size_bytes=path.stat().st_size,
        pipe_s=pipe_s,
        pipe_cpu_s=pipe_cpu_s,
        pipe_bytes=pipe_bytes,
        pipe=pipe,
    )


def _children_cpu_s() -> float:
    """Processor time of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _unpack(path: Path, at: int, size: int, plain: Path, own: x25519.Identity) -> None:
    """The bytes that were packed, for the peer to pack."""
    with path.open("rb") as file:
        file.seek(at)
        packed = pyrage.decrypt(file.read(size), [own])
    with plain.open("wb") as out:
        zstandard.ZstdDecompressor().copy_stream(_Reader(packed), out)


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._view = memoryview(content)

    def read(self, size: int) -> bytes:
        piece, self._view = bytes(self._view[:size]), self._view[size:]
        return piece


def _pipe(plain: Path, target: Path, own: x25519.Identity) -> tuple[str, float, int]:
    """Pack the file plainly, synced; what did it, how long it took, how much came out.

    It is as nice as the till's programs are: on a machine that others use, too, that counts.
    """
    recipient = str(own.to_public())
    began_s = time.monotonic()
    if shutil.which("age") and shutil.which("zstd"):
        name = "zstd -3 | age"
        with target.open("wb") as out:
            nice = ["nice", "-n", str(NICENESS)]
            packer = subprocess.Popen(
                [*nice, "zstd", "-3", "-q", "-c", plain], stdout=subprocess.PIPE
            )
            subprocess.run(
                [*nice, "age", "-r", recipient],
                stdin=packer.stdout,
                stdout=out,
                check=True,
                timeout=PROGRAM_S_MAX,
            )
            assert packer.stdout is not None
            packer.stdout.close()
            packer.wait()
            os.fsync(out.fileno())
    else:
        name = "zstandard and pyrage"
        packed = target.with_suffix(".zst")
        with plain.open("rb") as source, packed.open("wb") as out:
            zstandard.ZstdCompressor(level=3).copy_stream(source, out)
        pyrage.encrypt_file(str(packed), str(target), [own.to_public()])
        with target.open("rb+") as out:
            os.fsync(out.fileno())
    took_s = time.monotonic() - began_s
    size = target.stat().st_size
    target.unlink()
    return name, took_s, size


def _pair(till: Running, number: int) -> Pair:
    order = Order(
        subject="tillhal",
        target=till.targets["unix"],
        server_pid=till.pid,
        callers=(CALLERS,),
        warm_up_s=WARM_UP_S,
        seconds=SECONDS,
    )
    without = run(order)[0]
    over = threading.Event()
    done = [0]
    thread = threading.Thread(target=_back_up_until, args=(till.targets["unix"], over, done))
    thread.start()
    try:
        beside = run(order)[0]
    finally:
        over.set()
        thread.join()
    say(f"round {number + 1}: p99 {without.p99_us:.0f} us, with backups {beside.p99_us:.0f} us")
    return Pair(without, beside, done[0])


def _back_up_until(target: str, over: threading.Event, done: list[int]) -> None:
    """Full backups, one after the other; at least one."""
    with grpc.insecure_channel(target) as channel:
        service = backup_pb2_grpc.BackupServiceStub(channel)
        while not done[0] or not over.is_set():
            request = backup_pb2.CreateBackupRequest(
                request_id=str(uuid.uuid4()), kind=backup_pb2.BACKUP_KIND_FULL
            )
            for _ in service.CreateBackup(request, timeout=PROGRAM_S_MAX):
                pass
            done[0] += 1


def render(report: Report) -> str:
    """Return the report in Markdown."""
    mib = 1 << 20
    rows = [
        [
            f"round {number}, {made.pipe}",
            f"{made.took_s:.2f}",
            f"{made.writing_s:.2f}",
            f"{made.reading_s:.2f}",
            f"{made.writing_cpu_s:.2f}",
            f"{made.cpu_s - made.writing_cpu_s:.2f}",
            f"{made.plain_bytes / mib:.0f}",
            f"{made.size_bytes / mib:.1f}",
            f"{made.pipe_s:.2f}",
            f"{made.pipe_cpu_s:.2f}",
            f"{made.pipe_bytes / mib:.1f}",
        ]
        for number, made in enumerate(report.made, start=1)
    ]
    head = [
        "peer",
        "s",
        "writing s",
        "reading back s",
        "CPU writing s",
        "CPU reading back s",
        "plain MiB",
        "MiB",
        "peer s",
        "peer CPU s",
        "peer MiB",
    ]
    cells = [
        [
            f"round {number}, {name}",
            f"{cell.rate:.0f}",
            f"{cell.p50_us:.0f}",
            f"{cell.p99_us:.0f}",
            f"{cell.foreign_cores:.2f}",
        ]
        for number, pair in enumerate(report.pairs, start=1)
        for name, cell in (("without", pair.without), (f"{pair.backups} backups", pair.beside))
    ]
    slower = median(made.writing_s / made.pipe_s for made in report.made)
    burnt = median(made.writing_cpu_s / made.pipe_cpu_s for made in report.made)
    together = median(made.took_s / made.pipe_s for made in report.made)
    is_quick = "PASS" if slower <= WRITING_RATIO_MAX else "FAIL"
    ratio = median(pair.beside.p99_us / pair.without.p99_us for pair in report.pairs)
    verdict = "PASS" if ratio <= P99_RATIO_MAX else "FAIL"
    told = (
        f"{is_quick}: writing takes {slower:.2f} times as long as the peer, which checks nothing; "
        f"{WRITING_RATIO_MAX} at most. In processor time it takes {burnt:.2f} times as long. "
        f"With reading back and checking all of it takes {together:.2f} times as long (medians)."
    )
    return "\n".join(
        [
            f"# A backup of {report.sales} sales",
            "",
            *table(head, rows),
            "",
            told,
            "",
            f"# {CALLERS} callers that sell, without and with backups",
            "",
            *table(["load", "sales/s", "p50 us", "p99 us", "others' cores"], cells),
            "",
            f"{verdict}: p99 with backups is {ratio:.2f} times as long; {P99_RATIO_MAX} at most.",
            "",
        ]
    )

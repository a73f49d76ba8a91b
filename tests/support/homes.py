"""A till with a home: its launcher, slots that run this very program, and switches made by hand."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tests.support.till import STOP_S_MAX, Till, short_folder, till_toml
from tillhald import VERSION
from tillhald.boot import generation, slot
from tillhald.boot.files import partial_folder, sync
from tillhald.boot.record import BootRecord, Pair, read, write
from tillhald.domain.backup_rules import totals_of
from tillhald.domain.switches import WorkKind
from tillhald.home import Home, Work, new_work_id
from tillhald.journal.recovery import Places, open_journal
from tillhald.schema import MIN_READER, SCHEMA
from tillhald.service.opening import restored_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hwsim.printer import VirtualPrinter
    from tillhald.domain.backup import BackupTotals

FIRST = Pair(slot="1.0.0-aaaaaaaa", generation=generation.FIRST)
SECOND = Pair(slot="1.1.0-bbbbbbbb", generation="gen-0002")
TRIAL_S = 30.0
TRIALS_S_MAX = 90.0
"""Two attempts on a machine that is busy, and the old pair's start."""
THIS_PROGRAM = 'exec "{python}" "$@"'
CRASHES = "exit 3"
DIES_AT_ITS_ENTRANCES = "export TILLHALD_FAILPOINT=home.before_commit\n" + THIS_PROGRAM
HANGS = "trap 'exit 0' TERM; while :; do sleep 0.05; done"


def add_slot(home: Path, name: str, script: str = THIS_PROGRAM, *, schema: int = SCHEMA) -> None:
    """A slot whose interpreter is a script: this program, or one that is not well. `schema` is
    what it says of itself."""
    building = partial_folder(slot.slots_folder(home) / name)
    program = slot.interpreter_of(building)
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n" + script.format(python=sys.executable) + "\n")
    program.chmod(0o755)
    (building / "module.py").write_text(f"# {name}\n" * 100)
    folder = slot.slots_folder(home) / name
    described = slot.describe(building, version=name.partition("-")[0], schema=schema)
    slot.seal(building, replace(described, interpreter=str(slot.interpreter_of(folder))))
    building.rename(folder)
    sync(folder.parent)


def make_home(home: Path, *, schema: int = SCHEMA) -> None:
    """A till as it was installed, with a program and data that say this schema of themselves."""
    for name in ("boot", "slots", "data", "work", "identity"):
        (home / name).mkdir(parents=True)
    add_slot(home, FIRST.slot, schema=schema)
    building = partial_folder(generation.data_folder(home) / FIRST.generation)
    meta = generation.Meta(schema=schema, min_reader=min(schema, MIN_READER))
    generation.finish(building, meta)
    write(home, BootRecord(seq=1, committed=FIRST))


def look_into(journal: Path) -> tuple[BackupTotals, int, bytes]:
    """What a journal comes to, its last seq and that record's hash."""
    with contextlib.closing(open_journal(Places(journal)).store) as store:
        return totals_of(restored_state(store)), store.head.seq, store.head.hash


def build_next(home: Path, work_id: str, pair: Pair) -> None:
    """The next generation, as a copy of the journal that is committed."""
    building = partial_folder(generation.data_folder(home) / pair.generation)
    now = read(home).committed.generation
    shutil.copytree(generation.journal_folder(home, now), building / "journal")
    for path in (*(building / "journal").iterdir(), building / "journal"):
        sync(path)
    meta = replace(generation.meta_of(home, now), made_by=work_id, made_from=now)
    generation.finish(building, meta)


def work_to(
    home: Path, pair: Pair, *, work_id: str = "", kind: WorkKind = WorkKind.UPGRADE
) -> Work:
    """What a switch to `pair`, whose generation is built, must come to."""
    totals, seq, head = look_into(generation.journal_folder(home, pair.generation))
    return Work(
        work_id=work_id or new_work_id(),
        kind=kind,
        request_id="request-of-the-switch",
        begun_ms=round(time.time() * 1000),
        from_pair=read(home).committed,
        to_pair=pair,
        version=VERSION,
        expected=totals,
        expected_seq=seq,
        expected_head=head,
    )


def switch(home: Path, pair: Pair = SECOND, script: str = THIS_PROGRAM) -> Work:
    """With the till stopped: build a pair and put it on trial. The work that was stored."""
    work_id = new_work_id()
    if not (slot.slots_folder(home) / pair.slot).exists():
        add_slot(home, pair.slot, script)
    if not (generation.data_folder(home) / pair.generation).exists():
        build_next(home, work_id, pair)
    work = work_to(home, pair, work_id=work_id)
    Home(home, read(home).committed.generation).switch(work)
    return work


class HomeTill(Till):
    """A till that its launcher starts: `stop` and `kill` end the launcher and the daemon.

    `schema` is what its first program and its first data say of themselves; `tables` are more of
    its configuration.
    """

    start_s_max = TRIALS_S_MAX
    schema = SCHEMA
    tables = ""

    def __init__(
        self,
        folder: Path,
        printer: VirtualPrinter | None = None,
        *,
        trial_s: float = TRIAL_S,
        more: str = "",
    ) -> None:
        """Not running yet; installed in `folder/home`."""
        port = printer.address[1] if printer else 0
        super().__init__(folder, printer, till_toml(folder, port, more=self.tables + more))
        self.home = folder / "home"
        make_home(self.home, schema=self.schema)
        self.command = [sys.executable, "-m", "tillhald.boot", "--home", str(self.home)]
        self.command += ["--trial-s", str(trial_s), "--", "--config", str(self.config)]

    @property
    def generation(self) -> str:
        """The data that are committed."""
        return read(self.home).committed.generation

    @property
    def journal(self) -> Path:
        """The journal of these data."""
        return generation.journal_folder(self.home, self.generation)

    def children(self) -> list[int]:
        """The launcher's children."""
        if not self.is_running():
            return []
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in listed.read_text().split()]

    def kill(self) -> None:
        """As a power cut would end both."""
        left = self.children()
        super().kill()
        _kill(left)

    def end(self) -> None:
        """Also the daemon, which its launcher may have left."""
        left = self.children()
        super().end()
        _kill(left)


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


H = TypeVar("H", bound=HomeTill)


@contextlib.contextmanager
def homed(
    kind: type[H],
    printer: VirtualPrinter | None = None,
    *,
    trial_s: float = TRIAL_S,
    more: str = "",
    expected: tuple[str, ...] = (),
) -> Iterator[H]:
    """A till of this kind, installed and not running yet; it is gone afterwards.

    It must stop in order, and must not have logged a mistake of its own; `expected` are the events
    that are right to be logged as errors.
    """
    with short_folder() as folder:
        till = kind(folder, printer, trial_s=trial_s, more=more)
        try:
            yield till
            if till.is_running():
                till.stop(within_s=5 * STOP_S_MAX)
        finally:
            till.end()
        mistakes = till.mistakes(expected)
    assert not mistakes, "\n".join(mistakes)


def a_home_till(
    printer: VirtualPrinter | None = None, *, trial_s: float = TRIAL_S, more: str = ""
) -> contextlib.AbstractContextManager[HomeTill]:
    """As `homed`, of the plain kind."""
    return homed(HomeTill, printer, trial_s=trial_s, more=more)

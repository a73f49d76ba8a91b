"""A till with a home: its launcher, slots that run this very program, and switches made by hand."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.till import Till, till_toml
from tillhald import VERSION
from tillhald.boot import generation, slot
from tillhald.boot.files import partial_folder, sync
from tillhald.boot.record import BootRecord, Pair, read, write
from tillhald.domain.backup_rules import totals_of
from tillhald.domain.switches import WorkKind
from tillhald.home import Home, Work, new_work_id
from tillhald.journal.recovery import Places, open_journal
from tillhald.service.opening import restored_state

if TYPE_CHECKING:
    from tillhald.domain.backup import BackupTotals

FIRST = Pair(slot="1.0.0-aaaaaaaa", generation=generation.FIRST)
SECOND = Pair(slot="1.1.0-bbbbbbbb", generation="gen-0002")
SCHEMA = 1
TRIALS_S_MAX = 90.0
"""Two attempts on a machine that is busy, and the old pair's start."""
THIS_PROGRAM = 'exec "{python}" "$@"'
CRASHES = "exit 3"
HANGS = "trap 'exit 0' TERM; while :; do sleep 0.05; done"


def add_slot(home: Path, name: str, script: str = THIS_PROGRAM, *, schema: int = SCHEMA) -> None:
    """A slot whose interpreter is a script: this program, or one that is not well."""
    building = partial_folder(slot.slots_folder(home) / name)
    program = slot.interpreter_of(building)
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n" + script.format(python=sys.executable) + "\n")
    program.chmod(0o755)
    (building / "module.py").write_text(f"# {name}\n" * 100)
    folder = slot.slots_folder(home) / name
    described = slot.describe(building, version=name.partition("-")[0], schema=schema)
    interpreter = str(slot.interpreter_of(folder))
    slot.seal(building, slot.Manifest(**{**vars(described), "interpreter": interpreter}))
    building.rename(folder)
    sync(folder.parent)


def make_home(home: Path, *, schema: int = SCHEMA) -> None:
    """A till as it was installed."""
    for name in ("boot", "slots", "data", "work", "identity"):
        (home / name).mkdir(parents=True)
    add_slot(home, FIRST.slot, schema=schema)
    building = partial_folder(generation.data_folder(home) / FIRST.generation)
    generation.finish(building, generation.Meta(schema=schema, min_reader=schema))
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
    meta = generation.Meta(schema=SCHEMA, min_reader=SCHEMA, made_by=work_id, made_from=now)
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
    """A till that its launcher starts."""

    def __init__(
        self, folder: Path, *, trial_s: float = 30.0, more: str = "", schema: int = SCHEMA
    ) -> None:
        """Not running yet; installed in `folder/home`, as a version of this schema."""
        super().__init__(folder, None, till_toml(folder, more=more))
        self.home = folder / "home"
        make_home(self.home, schema=schema)
        self.command = [sys.executable, "-m", "tillhald.boot", "--home", str(self.home)]
        self.command += ["--trial-s", str(trial_s), "--", "--config", str(self.config)]

    def comes_up(self) -> bool:
        """Wait until it is ready, or has ended. While a pair is on trial the launcher speaks."""
        end_s = time.monotonic() + TRIALS_S_MAX
        self._notified.settimeout(0.2)
        while time.monotonic() < end_s and self.is_running():
            with contextlib.suppress(TimeoutError):
                if self._notified.recv(64) == b"READY=1":
                    return True
        return False

    def children(self) -> list[int]:
        """The launcher's children."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in listed.read_text().split()] if self.is_running() else []

    def end(self) -> None:
        """Also the daemon, which its launcher may have left."""
        left = self.children() if self.is_running() else []
        super().end()
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

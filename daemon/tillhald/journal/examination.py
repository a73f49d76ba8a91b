"""Looking at a journal that has failed: child processes find out if it can be trusted.

Two children, one after the other: the first syncs the file through a descriptor of its own, the
second checks it. Between the two, the caller drops the cached pages, so that the second one sees
what is on the disk. Nothing here blocks: a disk that is dying may take a minute over a sync.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time

import msgspec

from tillhald.journal.errors import Fault, JournalDamaged, StorageFailed
from tillhald.journal.preflight import death_sentence

END_S_MAX = 1.0
EXAMINATION_S_MAX = 600.0
"""For each child. A million sales take twelve seconds."""


class Preflight(msgspec.Struct):
    """What a child writes: a fault, which may be that the journal is of another schema, or the
    rest."""

    other_schema: int | None = None
    fault: Fault | None = None
    seq: int | None = None
    sentence: str = ""
    last_seq: int = 0
    head_hash: str = ""
    checkpoint_seq: int | None = None
    tail_records: int = 0
    clean_shutdown: bool = False
    segment: int = 1
    unsettled: str = ""
    """Why the disk did not take over what is read from it: it may be read, and not be written."""
    passed_over: list[str] = []


class Examination:
    """One examination, begun when it is made. Ask from time to time."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._is_synced = False
        self._child = self._start("--sync-only")

    def _start(self, *options: str) -> subprocess.Popen[bytes]:
        self._deadline_s = time.monotonic() + EXAMINATION_S_MAX
        command = [sys.executable, "-P", "-m", "tillhald.journal.preflight", self._folder, *options]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def is_synced(self) -> bool:
        """True, once, when the first child has synced the file: call `look` then.

        Raises StorageFailed if the file cannot be synced or opened.
        """
        if self._is_synced or not self._has_ended():
            return False
        self._is_synced = True
        said = self._result()
        if said.fault is not None:
            raise StorageFailed(said.sentence)
        return True

    def look(self) -> None:
        """Start the second child."""
        self._child = self._start("--whole")

    def is_over(self) -> bool:
        """True when the second child has found the file whole. Raises JournalDamaged if not."""
        if not self._has_ended():
            return False
        said = self._result()
        if said.fault is not None:
            raise JournalDamaged(said.fault, said.seq, said.sentence)
        if said.unsettled:
            raise StorageFailed(said.unsettled)
        return True

    def end(self) -> None:
        """End a child that is still running. One that hangs in the disk is not waited for."""
        if self._child.poll() is None:
            self._child.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(END_S_MAX)
        if self._child.stdout is not None:
            self._child.stdout.close()

    def _has_ended(self) -> bool:
        if self._child.poll() is not None:
            return True
        if time.monotonic() > self._deadline_s:
            sentence = f"Examining the journal took longer than {EXAMINATION_S_MAX:.0f} s."
            raise JournalDamaged(Fault.UNREADABLE, None, sentence)
        return False

    def _result(self) -> Preflight:
        said, _ = self._child.communicate()
        if self._child.returncode != 0:
            raise JournalDamaged(Fault.UNREADABLE, None, death_sentence(self._child.returncode))
        return msgspec.json.decode(said, type=Preflight)

"""Which print jobs can have left the till: a note that outlives the process, and not the machine.

The journal says that a job begins before its first byte goes. A till that dies in between leaves a
job that has begun, and nobody could say whether half of it lies on the counter. So what goes is
noted once more, directly before it goes, in a file that is never synced: it costs microseconds, and
the kernel keeps it when the process dies. Where the machine itself went down the note counts for
nothing, and such a job is in doubt.

The file is one line: the machine's boot, the daemon's run, and the journal's number up to which
jobs that had begun may have left. It lies beside the till's socket, in /run, which is memory.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from tillhald.domain.events import decode_record
from tillhald.domain.jobs import JobState
from tillhald.journal.errors import StorageError

if TYPE_CHECKING:
    from tillhald.domain.jobs import Job
    from tillhald.domain.state import TillState
    from tillhald.journal.store import Store

log = structlog.get_logger(__name__)

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_LINE: Final = "tillhald-first-bytes 1 {boot} {run} {seq:020}\n"
_READ: Final = re.compile(r"tillhald-first-bytes 1 (\S+) (\S+) ([0-9]{20})\n")
_BYTES_MAX: Final = 256


class FirstBytes:
    """One run's notes. Everything runs on the event loop; a write goes to the kernel's memory."""

    def __init__(self, path: Path, run: str, store: Store) -> None:
        """`run` names this run of the daemon as its records do. Nothing is written yet."""
        self._path = path
        self._run = run
        self._store = store
        self._boot = BOOT_ID.read_text("ascii").strip()
        self._descriptor: int | None = None
        self._left_seq = 0

    def never_left(self, state: TillState) -> frozenset[str]:
        """The jobs that an earlier run had begun, and of which no byte can have left the till.

        To be asked before `begin`, which ends what the file says of the earlier run.
        """
        begun = [job for job in state.jobs.values() if job.state is JobState.SENDING]
        noted = self._noted() if begun else None
        if noted is None:
            return frozenset()
        run, left_seq = noted
        return frozenset(
            job.job_id for job in begun if job.seq > left_seq and self._run_of(job) == run
        )

    def _noted(self) -> tuple[str, int] | None:
        try:
            line = self._path.read_bytes()[:_BYTES_MAX].decode("ascii", "replace")
            read = _READ.fullmatch(line)
            if read is None or read[1] != self._boot:
                return None
        except OSError:
            return None
        return read[2], int(read[3])

    def _run_of(self, job: Job) -> str:
        """The run that began the job; empty where its record cannot be read."""
        try:
            stored = self._store.record(job.seq)
        except StorageError:
            return ""
        return decode_record(stored.body).boot_id if stored else ""

    def begin(self, seq: int) -> None:
        """From now on note what goes; no job that had begun up to record `seq` waits any more."""
        self._left_seq = seq
        try:
            # Whatever lies there: nobody's link is followed, and nobody's wider mode is kept.
            self._path.unlink(missing_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o600)
            self._write()
        except OSError as error:
            self._stop(error)

    @property
    def are_noted(self) -> bool:
        """Whether a till that dies now knows afterwards what had not left it."""
        return self._descriptor is not None

    def go(self, seq: int) -> None:
        """Note that jobs that had begun up to record `seq` may leave from now on."""
        self._left_seq = max(seq, self._left_seq)
        try:
            self._write()
        except OSError as error:
            self._stop(error)

    def _write(self) -> None:
        if self._descriptor is not None:
            line = _LINE.format(boot=self._boot, run=self._run, seq=self._left_seq)
            os.pwrite(self._descriptor, line.encode("ascii"), 0)

    def _stop(self, error: OSError) -> None:
        """Without the file nothing is known; an old note must not pass for a new one."""
        log.warning(
            "first_bytes_not_noted", folder=str(self._path.parent), why=error.strerror or ""
        )
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file; it stays."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

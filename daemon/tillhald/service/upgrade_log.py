"""The log of one upgrade's progress, on disk: whoever watches goes on after the restart.

One JSON line a step, in events.jsonl in the folder of the work. What counts is in the journal and
in the boot record; this tells a person how it went, and the next upgrade how long its steps take.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

import msgspec

from tillhald.domain.upgrade import OVER, Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

FILE: Final = "events.jsonl"
STEPS_MAX: Final = 2_000
"""Of one upgrade; beyond these, only new stages are written."""
PROGRESS_MS: Final = 500
"""Within a stage a step is written at most so often."""
SENTENCE_CHARS_MAX: Final = 1_000


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step. `seq` counts from 1; `at_ms` is Unix time; `eta_s` is for this stage."""

    seq: int
    at_ms: int
    stage: Stage
    sentence: str = ""
    done: int = 0
    total: int = 0
    eta_s: int = 0
    reason: str = ""


class StepLog:
    """The steps of one upgrade, in memory and on disk. Everything runs on the event loop."""

    def __init__(self, folder: Path) -> None:
        """`folder` is that of the work; it is made with the first step."""
        self._path = folder / FILE
        self.steps: list[Step] = read_steps(folder)
        self._came = asyncio.Event()

    @property
    def last(self) -> Step | None:
        """The newest step."""
        return self.steps[-1] if self.steps else None

    def tell(
        self,
        stage: Stage,
        sentence: str,
        at_ms: int,
        *,
        done: int = 0,
        total: int = 0,
        eta_s: int = 0,
        reason: str = "",
    ) -> None:
        """Add a step; one that begins a stage is durable when this returns. Raises OSError."""
        last = self.last
        is_new_stage = last is None or last.stage is not stage or bool(reason)
        is_soon = last is not None and 0 <= at_ms - last.at_ms < PROGRESS_MS
        if not is_new_stage and (is_soon or len(self.steps) >= STEPS_MAX):
            return
        step = Step(
            seq=(last.seq if last else 0) + 1,
            at_ms=at_ms,
            stage=stage,
            sentence=sentence[:SENTENCE_CHARS_MAX],
            done=done,
            total=total,
            eta_s=eta_s,
            reason=reason,
        )
        self._write(step, sync=is_new_stage)
        self.steps.append(step)
        came, self._came = self._came, asyncio.Event()
        came.set()

    async def follow(self, after_seq: int) -> AsyncIterator[Step]:
        """The steps after `after_seq`, and then as they come, until the upgrade is over."""
        while True:
            came = self._came
            for step in [each for each in self.steps if each.seq > after_seq]:
                after_seq = step.seq
                yield step
            last = self.last
            if last is not None and last.stage in OVER and after_seq >= last.seq:
                return
            await came.wait()

    def _write(self, step: Step, *, sync: bool) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_new = not self._path.exists()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        with os.fdopen(os.open(self._path, flags, 0o600), "ab", buffering=0) as file:
            # A line that a power cut tore is ended, so that it spoils no other.
            torn = b"" if is_new or _ends_whole(self._path) else b"\n"
            file.write(torn + msgspec.json.encode(step) + b"\n")
            if sync:
                os.fsync(file.fileno())


def read_steps(folder: Path) -> list[Step]:
    """What was written of an upgrade, as far as it can be read; empty where nothing was."""
    try:
        stored = (folder / FILE).read_bytes()
    except OSError:
        return []
    steps: list[Step] = []
    for line in stored.splitlines()[: 2 * STEPS_MAX]:
        try:
            step = msgspec.json.decode(line, type=Step)
        except msgspec.DecodeError:
            continue
        if not steps or step.seq > steps[-1].seq:
            steps.append(step)
    return steps


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"

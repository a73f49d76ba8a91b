"""A journal whose storing is stepped by hand, on whatever disk."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

from tillhald.journal.format import Head, Row, Sealed, seal
from tillhald.journal.health import Health, Stage
from tillhald.journal.recovery import Places, open_journal
from tillhald.journal.storage import Storage

if TYPE_CHECKING:
    from pathlib import Path


WAIT_S_MAX = 20.0
SPILL_BYTES = 2 << 20


def places_on(folder: Path, *more_spills: Path, standby: Path | None = None) -> Places:
    return Places(
        folder / "journal", standby, (*more_spills, folder / "journal.spill"), SPILL_BYTES
    )


class Desk:
    """An opened journal and its `Storage`, which is stepped by hand."""

    def __init__(self, places: Places, *, write_failed_ms: int | None = None) -> None:
        self.store, self.spill, self.report = open_journal(places)
        self.healths: list[Health] = []
        self.head = self.store.head
        self.storage = Storage(
            self.store,
            self.spill,
            standby=places.standby,
            write_failed_ms=write_failed_ms,
            on_health=self.healths.append,
        )

    def seal(self, body: bytes, checkpoint: bytes | None = None) -> Sealed:
        seq = self.head.seq + 1
        envelope, digest = seal(self.store.identity.chain_id, seq, self.head.hash, body)
        self.head = Head(seq, digest)
        return Sealed(self.head, envelope, (Row("sales", b"s%d" % seq, body[:40]),), checkpoint)

    def keep(self, *bodies: bytes) -> None:
        self.storage.keep([self.seal(body) for body in bodies])

    def begin_segment(self) -> None:
        """What the till does when it hears that a segment is due."""
        self.storage.begin_segment_with(self.head.seq + 1)
        self.storage.keep([self.seal(b"segment begun", b"the state")])

    def step_until(self, *stages: Stage) -> None:
        deadline_s = time.monotonic() + WAIT_S_MAX
        while self.storage.health.stage not in stages:
            assert time.monotonic() < deadline_s, self.storage.health
            threading.Event().wait(min(self.storage.patience_s or 0.0, 0.05))
            self.storage.step()

    def bodies(self) -> list[bytes]:
        """All that a reader sees."""
        read: list[bytes] = []
        while batch := self.store.records(self.store.base.seq + len(read)):
            read += [record.body for record in batch]
        return read

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.storage.close()
        self.store.close()

"""The writer under whatever comes: nothing that was called durable is lost, or there twice."""

from __future__ import annotations

import errno
import random
import threading
from typing import TYPE_CHECKING

import pytest

from hwsim.power.faults import Fail, Rule
from tests.support.desk import WAIT_S_MAX, places_on
from tillhald.journal.creation import create
from tillhald.journal.errors import StorageFailed
from tillhald.journal.format import Row
from tillhald.journal.health import Health, Stage
from tillhald.journal.recovery import Places, open_journal
from tillhald.journal.segments import list_retired
from tillhald.journal.store import Store
from tillhald.journal.verify import verify
from tillhald.journal.writer import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hwsim.power.disk import PowerCutDisk
    from tillhald.journal.identity import Identity

SEED = 662_607
ROUNDS = 16
APPENDS_A_ROUND = 12


@pytest.fixture
def places(power_cut_disk: PowerCutDisk, identity: Identity) -> Places:
    create(power_cut_disk.path / "journal", identity, b"genesis", map_bytes=256 << 10)
    return places_on(power_cut_disk.path)


class Till:
    """A journal with its writer; begins a segment when one is due, as the event loop does."""

    def __init__(self, places: Places) -> None:
        self.store, spill, _ = open_journal(places)
        self._news = threading.Condition()
        self._durable_seq = self.store.head.seq
        self._failure: BaseException | None = None
        self._asked_in = 0
        self.writer = JournalWriter(
            self.store,
            spill=spill,
            on_durable=self._on_durable,
            on_failed=self._on_failed,
            on_health=self._on_health,
        )

    def _on_durable(self, seq: int) -> None:
        with self._news:
            self._durable_seq = seq
            self._news.notify_all()

    def _on_failed(self, error: BaseException) -> None:
        with self._news:
            self._failure = error
            self._news.notify_all()

    def _on_health(self, _: Health) -> None:
        with self._news:
            self._news.notify_all()

    def is_durable(self, seq: int) -> bool:
        """Wait for what becomes of the record."""
        with self._news:
            assert self._news.wait_for(
                lambda: self._durable_seq >= seq or self._failure is not None, WAIT_S_MAX
            )
        return self._durable_seq >= seq

    def append(self, body: bytes) -> int:
        health = self.writer.health
        if health.stage is Stage.REPLACING and self._asked_in != health.segment:
            self._asked_in = health.segment
            self.writer.append(b"segment begun", checkpoint=b"state", begins_segment=True)
        return self.writer.append(body, [Row("sales", body[:8], body)])

    def wait_sound(self) -> None:
        with self._news:
            assert self._news.wait_for(
                lambda: self.writer.health.stage is Stage.SOUND, WAIT_S_MAX
            ), self.writer.health

    def close(self) -> None:
        self.writer.close(WAIT_S_MAX)
        self.store.close()


def random_rule(chance: random.Random) -> Rule:
    name = chance.choice(["data.mdb", "data.mdb", "journal.spill", "second.spill"])
    code = chance.choice([errno.EIO, errno.EIO, errno.ENOSPC, errno.EROFS])
    return Rule(
        chance.choice(["write", "sync"]),
        name,
        Fail(code),
        nth=chance.randint(1, 12),
        times=chance.randint(1, 2),
    )


def everything_in(folders: Sequence[Path]) -> dict[int, tuple[bytes, bytes]]:
    """Hash and body of every record in these segments."""
    found: dict[int, tuple[bytes, bytes]] = {}
    for folder in folders:
        store = Store.open(folder)
        seq = store.base.seq
        while batch := store.records(seq):
            for record in batch:
                stored = (record.hash, record.body)
                assert found.setdefault(record.seq, stored) == stored, f"two records {record.seq}"
            seq = batch[-1].seq
        store.close()
    return found


def test_what_was_called_durable_is_there_once_whatever_fails(
    places: Places, power_cut_disk: PowerCutDisk
) -> None:
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    places = places_on(power_cut_disk.path, power_cut_disk.path / "second.spill")
    answered: dict[int, bytes] = {}
    outcomes = set()
    for number in range(ROUNDS):
        till = Till(places)
        for _ in range(chance.randint(1, 3)):
            power_cut_disk.fail(random_rule(chance))
        for count in range(APPENDS_A_ROUND):
            body = b"%d.%d" % (number, count) + bytes(chance.randint(0, 3_000))
            try:
                seq = till.append(body)
            except StorageFailed:
                break
            if till.is_durable(seq):
                assert seq not in answered, f"record {seq} was answered for twice"
                answered[seq] = body
        outcomes.add(till.writer.health.stage)
        till.close()
        power_cut_disk.clear_faults()
        power_cut_disk.cut(SEED + number)
    till = Till(places)
    till.append(b"the last one")
    till.wait_sound()
    till.close()
    assert len(outcomes) > 1, outcomes
    assert len(answered) > ROUNDS * APPENDS_A_ROUND // 3
    stored = everything_in([*list_retired(places.folder), places.folder])
    assert sorted(stored) == list(range(1, max(stored) + 1)), "there are gaps"
    for seq, body in answered.items():
        assert stored[seq][1] == body, f"record {seq} was lost"
    bodies = [body for _, body in stored.values() if b"." in body]
    assert len(bodies) == len(set(bodies)), "a record was stored twice"
    verify(str(places.folder), lambda *_: None)

"""Comparing two histories of a till: the program `tillhald.backup.compare`, see `words`.

Needs no daemon: two journals' folders, or a journal and a backup. A backup is opened with a key to
find out where two histories part; without one its clear parts tell whether they do.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tillhald.backup.changes import Met
from tillhald.backup.keys import identity_of
from tillhald.backup.layout import SUFFIX
from tillhald.backup.pace import Pace
from tillhald.backup.reading import Forgetting, check_whole, read_backup
from tillhald.backup.words import Line, run
from tillhald.domain.errors import BackupNotFound
from tillhald.journal.errors import Fault, JournalDamaged
from tillhald.journal.format import Head, record_hash
from tillhald.journal.meeting import History, Meeting, Reading, Relation, meet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tillhald.backup.reading import Clear
    from tillhald.journal.identity import Identity


class CompareOrder(msgspec.Struct, kw_only=True):
    """Compare the journal in the folder `journal` with `against`: a backup, or another journal's
    folder. `secrets`: keys, one of which may open the backup."""

    journal: str
    against: str
    secrets: tuple[str, ...] = ()


class _Hashes(Forgetting):
    """What a backup holds, as a history; a taker that keeps nothing but hashes."""

    def __init__(self, clear: Clear) -> None:
        header, trailer = clear.header, clear.trailer
        self.identity: Identity = header.identity
        self.chain_id = header.identity.chain_id
        self.base = Head(header.first_seq - 1, header.prev_hash)
        self.head = Head(trailer.last_seq, trailer.head_hash)
        self._hashes = {self.base.seq: self.base.hash, self.head.seq: self.head.hash}

    def records(self, first_seq: int, envelopes: Sequence[bytes]) -> None:
        for seq, envelope in enumerate(envelopes, first_seq):
            self._hashes[seq] = record_hash(self.chain_id, seq, envelope)

    def hash_at(self, seq: int) -> bytes | None:
        """The hash of a record, where it is known."""
        return self._hashes.get(seq)


def compare(order: CompareOrder, say: Callable[[Line], None]) -> None:
    """Say how they stand to one another. Raises refusals, JournalDamaged, lmdb.Error, OSError."""
    with Reading(order.journal) as here:
        path = Path(order.against)
        if path.is_dir():
            with Reading(order.against) as there:
                say(_met(here, there, there.identity, meet(here, there)))
        elif path.name.endswith(SUFFIX) and path.is_file():
            say(_with_backup(order, here, path, say))
        else:
            raise BackupNotFound("There is neither a journal nor a backup.", path=order.against)


def _with_backup(
    order: CompareOrder, here: Reading, path: Path, say: Callable[[Line], None]
) -> Line:
    with path.open("rb", buffering=0) as file:
        clear = check_whole(file, Pace(say, "checking"))
        hashes = _Hashes(clear)
        if order.secrets:
            key = identity_of(order.secrets[0])
            read_backup(file, clear, key, hashes, Pace(say, "opening"))
            return _met(here, hashes, hashes.identity, meet(here, hashes))
    return _met(here, hashes, hashes.identity, _by_its_ends(here, hashes))


def _by_its_ends(here: Reading, backup: _Hashes) -> Meeting:
    """What the hash at the backup's end tells, and the one before its beginning."""
    if here.chain_id != backup.chain_id:
        return Meeting(Relation.STRANGERS, 0)
    if here.head.seq < backup.head.seq:
        sentence = "The backup goes further than the journal: only with its key can it be told why."
        raise BackupNotFound(sentence)
    if here.hash_at(backup.head.seq) == backup.head.hash:
        return meet(here, backup)
    if here.hash_at(backup.base.seq) != backup.base.hash:
        sentence = f"They parted before record {backup.base.seq + 1}, with which the backup begins."
        raise JournalDamaged(Fault.FORK, backup.base.seq, sentence)
    return Meeting(Relation.FORK, backup.base.seq)


def _met(here: Reading, there: History, identity: Identity, meeting: Meeting) -> Line:
    met = Met(
        relation=meeting.relation,
        common=meeting.common,
        here_seq=here.head.seq,
        there_seq=there.head.seq,
        here_incarnation=here.identity.incarnation,
        there_incarnation=identity.incarnation,
        store_id=identity.store_id,
        workstation_id=identity.workstation_id,
    )
    return Line(met=met)


if __name__ == "__main__":
    sys.exit(run(CompareOrder, compare))

"""A start on a journal that is damaged: what is whole in it becomes a new segment.

The damaged file is put aside with all its bytes. The new one begins with the state, made from the
newest checkpoint that is whole and every record behind it that could be found. Rows, by which old
sales and answers are found, follow while the till sells: see `bring_back`.
"""

from __future__ import annotations

import heapq
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import structlog
from msgspec.structs import replace

from tillhald.domain.events import Record, SegmentBegun, decode_record, encode_record
from tillhald.domain.evolve import apply
from tillhald.domain.sales_by_day import SALES
from tillhald.domain.state import TillState, decode_state, encode_state
from tillhald.journal.engine import CHECKPOINTS, META, META_IDENTITY, data_file
from tillhald.journal.errors import JournalDamaged, OtherSchema
from tillhald.journal.format import HASH_BYTES, Head, Row, Sealed, seal, seq_of
from tillhald.journal.identity import Identity
from tillhald.journal.lock import JournalLock
from tillhald.journal.salvage import salvage
from tillhald.journal.segments import begin_segment, put_in_place
from tillhald.journal.spill import open_spill
from tillhald.migration.steps import Arrivals, History, sale_key_in, schema_of
from tillhald.schema import SCHEMA
from tillhald.service.remembered import REQUESTS_REMEMBERED_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tillhald.journal.recovery import Places
    from tillhald.journal.salvage import Salvage

log = structlog.get_logger(__name__)


class Rebuilt(NamedTuple):
    """The state, the last record that went into it, and the numbers that are missing from it."""

    state: TillState
    last: Head
    gone: tuple[tuple[int, int], ...]


def rescue(places: Places, damage: JournalDamaged, *, wall_ms: int, fault: str = "damaged") -> None:
    """Begin a new segment in place of the damaged journal. Blocks, for before the loop runs.

    Of an older schema it may be, too: `fault` is what the new segment says why it was begun. Raises
    `damage` again where there is nothing to begin with, OtherSchema for a newer one, StorageFailed,
    OSError, lmdb.Error; the damaged file then stays where it is.
    """
    here = journal_now(places)
    if fault == "damaged":
        log.critical("journal_damaged", folder=str(here), fault=damage.fault, why=damage.sentence)
    lock = JournalLock.acquire(places.folder)
    try:
        with salvage(Path(data_file(str(here)))) as found:
            schema = schema_of({row.key: row.value for row in found.rows(META)})
            if schema > SCHEMA:
                sentence = f"The journal has schema {schema}; this program writes {SCHEMA}."
                raise OtherSchema(schema, sentence)
            spilled = _read_spills(places, found.chain_id)
            rebuilt = _rebuild(found, spilled)
            if rebuilt is None:
                raise damage
            identity = _identity(found, damage)
            fact = SegmentBegun(segment=identity.segment + 1, fault=fault, gone=rebuilt.gone)
            first = _first_record(identity, rebuilt, found, spilled, schema, fact, wall_ms)
        begin_segment(here, identity, [first], standby=None)
        put_in_place(here, here, segment=identity.segment)
    finally:
        lock.release()
    log.critical(
        "journal_rescued",
        segment=identity.segment + 1,
        after_seq=rebuilt.last.seq,
        gone=[list(run) for run in rebuilt.gone],
    )


def journal_now(places: Places) -> Path:
    """Where the journal is: once one is on the standby's disk, the first was given up."""
    standby = places.standby
    return standby if standby is not None and (standby / "data.mdb").exists() else places.folder


def _read_spills(places: Places, chain_id: bytes) -> list[Sealed]:
    """All records in the spill, whether they follow the journal or not.

    A file that belongs to another journal, or is damaged itself, is passed over; opening the
    journal puts it aside.
    """
    found: dict[int, Sealed] = {}
    for path in places.spills:
        try:
            spill = open_spill([path], chain_id, size_bytes=places.spill_bytes)
        except JournalDamaged as foreign:
            log.error("spill_passed_over", folder=str(path), why=foreign.sentence)
            continue
        try:
            found.update((record.head.seq, record) for record in spill.everything())
        except JournalDamaged as damage:
            log.error("spill_passed_over", folder=str(path), why=damage.sentence)
        finally:
            spill.close()
    return [found[seq] for seq in sorted(found)]


def _rebuild(found: Salvage, spilled: Iterable[Sealed]) -> Rebuilt | None:
    state, last = _newest_checkpoint(found)
    gone: list[tuple[int, int]] = []
    records = ((r.seq, r.hash, r.body) for r in found.records())
    of_spill = ((r.head.seq, r.head.hash, r.body) for r in spilled)
    for seq, digest, body in (*records, *of_spill):
        if seq <= last.seq:
            continue
        if seq > last.seq + 1:
            gone.append((last.seq + 1, seq - 1))
        try:
            state = apply(replace(state, seq=seq - 1), decode_record(body), seq)
        except (KeyError, AssertionError, msgspec.DecodeError) as error:
            # It rests on a record that is gone: a line of a sale that nobody opened.
            log.error("record_not_applied", seq=seq, why=repr(error))
            gone.append((seq, seq))
            state = replace(state, seq=seq)
        last = Head(seq, digest)
    if found.head is not None and found.head.seq > last.seq:
        gone.append((last.seq + 1, found.head.seq))
        last = found.head
        state = replace(state, seq=last.seq)
    if not last.seq or not state.currency:
        return None
    highest = max((int.from_bytes(row.key, "big") for row in found.rows("receipts")), default=0)
    if highest > state.receipts_given:
        # No receipt number is given twice, even if the sale it belongs to is gone.
        state = replace(state, receipts_given=highest)
    return Rebuilt(state, last, tuple(gone))


def _newest_checkpoint(found: Salvage) -> tuple[TillState, Head]:
    newest = max(found.rows(CHECKPOINTS), key=lambda row: row.key, default=None)
    if newest is None:
        return TillState(), Head(0, b"")
    digest, state = newest.value[:HASH_BYTES], newest.value[HASH_BYTES:]
    return decode_state(state), Head(seq_of(newest.key), digest)


def _identity(found: Salvage, damage: JournalDamaged) -> Identity:
    for row in found.rows(META):
        if row.key == META_IDENTITY:
            return msgspec.msgpack.decode(row.value, type=Identity)
    raise damage


def _first_record(
    identity: Identity,
    rebuilt: Rebuilt,
    found: Salvage,
    spilled: Iterable[Sealed],
    schema: int,
    fact: SegmentBegun,
    wall_ms: int,
) -> Sealed:
    """The record that the segment begins with: the fact, the state, and the rows needed at once."""
    # Whoever was not answered before the till died asks again, before everything is brought back.
    answers = heapq.nlargest(
        REQUESTS_REMEMBERED_MAX, found.rows("requests"), key=lambda row: row.seq
    )
    fact = replace(fact, answers=tuple(row.key.decode() for row in answers))
    record = Record(wall_ms=wall_ms, events=(fact,))
    seq = rebuilt.last.seq + 1
    state = apply(rebuilt.state, record, seq)
    envelope, digest = seal(identity.chain_id, seq, rebuilt.last.hash, encode_record(record))
    history = History(rebuilt.last.seq, ((row.key, row.value) for row in found.rows("days")))
    arrivals = Arrivals(schema, history)
    waiting = {sale_key_in(schema, job.sale_id) for job in state.jobs.values() if job.sale_id}
    kept = [Row(SALES, row.key, row.value) for row in found.rows(SALES) if row.key in waiting]
    kept += (row for each in spilled for row in each.rows)
    rows = [row for table, key, value in kept for row in arrivals.rows(table, key, value or b"")]
    rows += (Row("requests", row.key, row.value) for row in answers)
    return Sealed(Head(seq, digest), envelope, tuple(rows), encode_state(state))

"""JournalService."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import structlog

from tillhal.v1 import journal_pb2 as pb
from tillhal.v1 import journal_pb2_grpc, types_pb2
from tillhald.domain.errors import FieldInvalid
from tillhald.domain.events import decode_record
from tillhald.journal.errors import Fault
from tillhald.journal.format import CHAIN_ID_BYTES, HASH_BYTES
from tillhald.journal.position import Position, Standing, standing
from tillhald.rpc import fields
from tillhald.rpc.to_wire import durability, timestamp
from tillhald.service.follow import Hole, Mark, follow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tillhald.domain.events import AnyEvent
    from tillhald.journal.format import StoredRecord
    from tillhald.journal.store import Store
    from tillhald.rpc.door import Context
    from tillhald.service.tail import Tail
    from tillhald.service.verification import Step, Verification

log = structlog.get_logger(__name__)

OTHERS_MAX = 16
"""Positions of other tills in one request."""

_FAULTS = {
    Fault.EDITED: pb.JOURNAL_FAULT_EDITED,
    Fault.MISSING: pb.JOURNAL_FAULT_MISSING,
    Fault.REPEATED: pb.JOURNAL_FAULT_REPEATED,
    Fault.TRUNCATED: pb.JOURNAL_FAULT_TRUNCATED,
    Fault.FORK: pb.JOURNAL_FAULT_FORK,
    Fault.UNREADABLE: pb.JOURNAL_FAULT_UNREADABLE,
}
_RELATIONS = {
    Standing.SAME: pb.JOURNAL_RELATION_SAME,
    Standing.GOES_ON: pb.JOURNAL_RELATION_GOES_ON,
    Standing.FORK: pb.JOURNAL_RELATION_FORK,
    Standing.BEYOND: pb.JOURNAL_RELATION_BEYOND,
    Standing.STRANGERS: pb.JOURNAL_RELATION_STRANGERS,
    Standing.UNKNOWN: pb.JOURNAL_RELATION_UNKNOWN,
}
_SENTENCES = {
    Standing.SAME: "Record {seq} is the last one here, too.",
    Standing.GOES_ON: "Record {seq} is here; this journal goes on from it.",
    Standing.FORK: (
        "FORK: record {seq} is another one here. Both journals went on from a record before it."
    ),
    Standing.BEYOND: (
        "This journal has not come to record {seq}: ask the other till, with the last one here."
    ),
    Standing.STRANGERS: "The other journal is of another chain; it was begun by itself.",
    Standing.UNKNOWN: (
        "Record {seq} cannot be read here, or is in a file that was put aside when it failed."
    ),
}
KEPT_BACK = {"pin_hash", "digest"}
"""Of facts about access: who has the hash of a PIN has the PIN within hours."""


class JournalServicer(journal_pb2_grpc.JournalServiceServicer):
    def __init__(self, store: Store, tail: Tail, verification: Verification) -> None:
        self._store = store
        self._tail = tail
        self._verification = verification

    async def GetStatus(
        self, request: pb.JournalServiceGetStatusRequest, context: Context
    ) -> pb.JournalServiceGetStatusResponse:
        head, usage, identity = self._store.head, self._store.usage, self._store.identity
        checkpoint = self._store.newest_checkpoint()
        return pb.JournalServiceGetStatusResponse(
            head_seq=head.seq,
            head_hash=head.hash,
            chain_id=identity.chain_id,
            incarnation=identity.incarnation,
            create_time=timestamp(identity.created_ms),
            used_bytes=usage.used_bytes,
            map_bytes=usage.map_bytes,
            checkpoint_seq=checkpoint[0] if checkpoint else 0,
            durability=durability(spilled=self._tail.spilled_from is not None),
        )

    async def WatchJournal(
        self, request: pb.WatchJournalRequest, context: Context
    ) -> AsyncIterator[pb.WatchJournalResponse]:
        cursor = self._tail.durable_seq if request.from_now else request.cursor
        async for item in follow(self._store, self._tail, cursor, from_now=request.from_now):
            match item:
                case Mark.CAUGHT_UP:
                    yield pb.WatchJournalResponse(cursor=cursor, caught_up=pb.CaughtUp())
                case Mark.DRAINING:
                    return
                case Hole(first_seq, seq, why):
                    cursor = seq
                    gap = types_pb2.Gap(first_seq=first_seq, last_seq=seq, why=why)
                    yield pb.WatchJournalResponse(cursor=seq, gap=gap)
                case _:
                    cursor = item.seq
                    yield pb.WatchJournalResponse(cursor=cursor, record=record(item))

    async def Verify(
        self, request: pb.VerifyRequest, context: Context
    ) -> AsyncIterator[pb.VerifyResponse]:
        others = _others(request.others)
        async for step in self._verification.steps():
            if step.is_over:
                yield pb.VerifyResponse(result=self._met(_result(step), others))
            else:
                yield pb.VerifyResponse(
                    progress=types_pb2.Progress(
                        phase="verifying",
                        done=step.done,
                        total=step.total,
                        eta_s=step.eta_s,
                        message=f"{step.done} of {step.total} rows read",
                    )
                )

    def _met(self, result: pb.VerifyResult, others: Sequence[Position]) -> pb.VerifyResult:
        """The result, with how the journal stands to those of other tills."""
        for other in others:
            found = standing(self._store, other)
            message = _SENTENCES[found].format(seq=other.seq)
            relation = _RELATIONS[found]
            result.meetings.add(relation=relation, seq=other.seq, message=message)
            if found is Standing.FORK:
                log.critical("journal_fork_found", seq=other.seq)
                result.sound = False
                result.findings.add(fault=pb.JOURNAL_FAULT_FORK, seq=other.seq, message=message)
        return result


def _others(wire: Sequence[pb.JournalPosition]) -> list[Position]:
    if len(wire) > OTHERS_MAX:
        raise FieldInvalid("others", f"At most {OTHERS_MAX} at once.", limit=OTHERS_MAX)
    others = []
    for at, other in enumerate(wire):
        try:
            others.append(_position(other))
        except FieldInvalid as refusal:
            raise fields.in_item(refusal, f"others[{at}]") from None
    return others


def _position(wire: pb.JournalPosition) -> Position:
    if len(wire.chain_id) != CHAIN_ID_BYTES:
        raise FieldInvalid("chain_id", f"A chain id has {CHAIN_ID_BYTES} bytes.")
    if wire.seq < 1:
        raise FieldInvalid("seq", "Records are numbered from 1.")
    if len(wire.hash) != HASH_BYTES:
        raise FieldInvalid("hash", f"A record's hash has {HASH_BYTES} bytes.")
    return Position(wire.chain_id, wire.seq, wire.hash)


def _result(step: Step) -> pb.VerifyResult:
    if step.verdict is not None:
        return pb.VerifyResult(
            sound=True,
            records=step.verdict.last_seq,
            head_seq=step.verdict.last_seq,
            head_hash=step.verdict.head_hash,
        )
    assert step.finding is not None, "a check that is over has a verdict or a finding"
    finding = pb.JournalFinding(
        fault=_FAULTS[step.finding.fault], seq=step.finding.seq, message=step.finding.sentence
    )
    return pb.VerifyResult(sound=False, records=step.done, findings=[finding])


def record(stored: StoredRecord) -> pb.JournalRecord:
    body = decode_record(stored.body)
    return pb.JournalRecord(
        seq=stored.seq,
        hash=stored.hash,
        prev_hash=stored.prev_hash,
        time=timestamp(body.wall_ms),
        business_day=body.business_day,
        shift_id=body.shift_id,
        operator=body.operator,
        approver=body.approver,
        front_end=body.front_end,
        request_id=body.request_id,
        events=[_event(event) for event in body.events],
    )


def _event(event: AnyEvent) -> pb.JournalEvent:
    facts = msgspec.to_builtins(event)
    for name in KEPT_BACK & facts.keys():
        facts[name] = "(kept back)"
    kind = facts.pop("type")
    return pb.JournalEvent(kind=kind, facts_json=msgspec.json.encode(facts).decode())

"""How storing goes, in the contract's words, with what a technician does about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhal.v1 import system_pb2 as pb
from tillhal.v1 import types_pb2
from tillhald.journal.health import Stage, StorageFault
from tillhald.rpc import to_wire

if TYPE_CHECKING:
    from tillhald.journal.health import Health

FAULTS = {
    StorageFault.DISK_FULL: pb.STORAGE_FAULT_DISK_FULL,
    StorageFault.WRITE_FAILED: pb.STORAGE_FAULT_WRITE_FAILED,
    StorageFault.READ_ONLY: pb.STORAGE_FAULT_READ_ONLY,
    StorageFault.DAMAGED: pb.STORAGE_FAULT_DAMAGED,
}
_STAGES = {
    Stage.SOUND: pb.STORAGE_STAGE_UNSPECIFIED,
    Stage.CHECKING: pb.STORAGE_STAGE_CHECKING,
    Stage.MERGING: pb.STORAGE_STAGE_MERGING,
    Stage.WAITING: pb.STORAGE_STAGE_WAITING,
    Stage.REPLACING: pb.STORAGE_STAGE_WAITING,
    Stage.FAILED: pb.STORAGE_STAGE_FAILED,
}
_ADVICE = {
    StorageFault.DISK_FULL: (
        "Make room on the journal's disk: delete or move what is not the till's. The till goes on "
        "by itself within a minute."
    ),
    StorageFault.WRITE_FAILED: (
        "Back up now. Look at the disk's cable and its SMART values; replace the disk after the "
        "shop closes."
    ),
    StorageFault.READ_ONLY: (
        "The system has made the journal's disk read-only, as it does after errors. Look at the "
        "kernel's log, check the file system, and replace the disk if it comes again."
    ),
    StorageFault.DAMAGED: (
        "Keep the file that was put aside, and run `tillctl journal salvage` on a copy of it. "
        "Replace the disk: what it stored is not what it gave back."
    ),
}
_ADVICE_FAILED = (
    "Sell on paper slips. See to the disks; the till looks at them every few seconds and starts "
    "again by itself when one takes writes."
)
_ADVICE_SPILL = "A place for the spill is missing: see to that disk, then restart the till."


def status(health: Health) -> pb.StorageStatus:
    """The whole status; with a message and advice only when something is wrong."""
    stage = _STAGES[health.stage]
    if health.stage is Stage.SOUND and health.no_room:
        stage = pb.STORAGE_STAGE_NO_ROOM
    elif health.stage is Stage.SOUND and health.fault is not None:
        stage = pb.STORAGE_STAGE_REPLACED
    said = [health.message, *health.spill_failures]
    message = ". ".join(part.rstrip(". ") for part in said if part)
    wire = pb.StorageStatus(
        durability=to_wire.durability(spilled=health.spilled_from is not None),
        fault=FAULTS[health.fault] if health.fault else pb.STORAGE_FAULT_UNSPECIFIED,
        stage=stage,
        message=message,
        advice=_advice(health),
        spilled_records=health.spilled_records,
        spill_used_bytes=health.spill_used_bytes,
        spill_bytes=health.spill_bytes,
        segment=health.segment,
        reserve_only=health.reserve_only,
    )
    if health.fault is not None and health.since_ms:
        wire.since_time.CopyFrom(to_wire.timestamp(health.since_ms))
    return wire


def _advice(health: Health) -> str:
    if health.stage is Stage.FAILED:
        return _ADVICE_FAILED
    if health.fault is not None:
        return _ADVICE[health.fault]
    return _ADVICE_SPILL if health.spill_failures else ""


def began(fault: str, message: str, at_ms: int) -> pb.StorageStatus:
    """The status as an earlier record tells it."""
    known = StorageFault(fault)
    return pb.StorageStatus(
        durability=types_pb2.DURABILITY_DURABLE_SPILL,
        fault=FAULTS[known],
        stage=pb.STORAGE_STAGE_CHECKING,
        message=message,
        advice=_ADVICE[known],
        since_time=to_wire.timestamp(at_ms),
    )


def replaced(fault: str, segment: int, at_ms: int) -> pb.StorageStatus:
    """A new segment was begun."""
    wire = pb.StorageStatus(segment=segment, since_time=to_wire.timestamp(at_ms))
    wire.durability = to_wire.durability(spilled=False)
    wire.stage = pb.STORAGE_STAGE_REPLACED
    wire.message = f"The journal's file was put aside; number {segment} is used now."
    if fault:
        wire.fault, wire.advice = FAULTS[StorageFault(fault)], _ADVICE[StorageFault(fault)]
    return wire

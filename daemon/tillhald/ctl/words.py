"""The contract's words for a person."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from tillhal import to_decimal
from tillhal.v1 import (
    checkout_pb2,
    device_pb2,
    drawer_pb2,
    power_pb2,
    printer_pb2,
    system_pb2,
    types_pb2,
)

if TYPE_CHECKING:
    from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
    from google.protobuf.timestamp_pb2 import Timestamp

MODES: Final[dict[int, str]] = {
    system_pb2.MODE_STORAGE_DEGRADED: "The journal cannot be written as it should be.",
    system_pb2.MODE_PRINTER_DOWN: "The printer of receipts cannot print.",
    system_pb2.MODE_CLOCK_SUSPECT: "The clock has jumped: set it. Order is by number, not by time.",
    system_pb2.MODE_RECOVERY_PENDING: "Something from before the last stop waits for a person.",
    system_pb2.MODE_SHUTTING_DOWN: "The till is going down and takes nothing new.",
    system_pb2.MODE_ON_BATTERY: "The mains are gone: the till sells on battery.",
    system_pb2.MODE_BATTERY_LOW: "The battery is low: new sales are refused.",
    system_pb2.MODE_UPS_LOST: "Nothing is heard of the UPS.",
    system_pb2.MODE_DAY_OVERDUE: "The business day should have been closed by now.",
    system_pb2.MODE_TRAINING: "The shift is for training: nothing that is sold counts.",
}
ADVICES: Final[dict[int, str]] = {
    system_pb2.ADVICE_CURRENT: "Its version will do.",
    system_pb2.ADVICE_UPGRADE_BY: "It is to be upgraded.",
    system_pb2.ADVICE_UPGRADE_NOW: "It is to be upgraded now.",
    system_pb2.ADVICE_TOO_OLD: "It is refused: it and this till do not go together.",
}
SUPPLIES: Final[dict[int, str]] = {
    power_pb2.SUPPLY_INIT: "Nothing was heard of the UPS yet.",
    power_pb2.SUPPLY_ONLINE: "On mains, with a battery behind it.",
    power_pb2.SUPPLY_ON_BATTERY: "On battery. Go on selling.",
    power_pb2.SUPPLY_LOW_BATTERY: "The battery is low. Finish the sale in hand.",
    power_pb2.SUPPLY_SHUTTING_DOWN: "The till settles, and its host goes down.",
    power_pb2.SUPPLY_RECOVERING: "On mains again; the battery recovers.",
    power_pb2.SUPPLY_COMM_LOST: "Nothing is heard of the UPS, which was on mains.",
    power_pb2.SUPPLY_COMM_LOST_ON_BATTERY: "Nothing is heard of the UPS, which was on battery.",
    power_pb2.SUPPLY_UNPROTECTED: "No UPS protects the till.",
}
DURABILITIES: Final[dict[int, str]] = {
    types_pb2.DURABILITY_DURABLE_PRIMARY: "in the journal, synced to the disk",
    types_pb2.DURABILITY_DURABLE_SPILL: "in the spill, synced; the journal cannot be written now",
}
CHECKS: Final[dict[int, str]] = {
    system_pb2.CHAIN_CHECK_RUNNING: "is going on",
    system_pb2.CHAIN_CHECK_SOUND: "found every record whole and in its place",
    system_pb2.CHAIN_CHECK_FAULTY: "found a fault: see `tillctl journal verify`",
    system_pb2.CHAIN_CHECK_FAILED: "could not be done: see `tillctl journal verify`",
}
FAULTS: Final[dict[int, str]] = {
    system_pb2.STORAGE_FAULT_DISK_FULL: "the disk is full",
    system_pb2.STORAGE_FAULT_WRITE_FAILED: "the disk refused to write",
    system_pb2.STORAGE_FAULT_READ_ONLY: "the file system takes no writes",
    system_pb2.STORAGE_FAULT_DAMAGED: "stored bytes are not those that were written",
}
STAGES: Final[dict[int, str]] = {
    system_pb2.STORAGE_STAGE_CHECKING: "Sales go to the spill while the journal is checked.",
    system_pb2.STORAGE_STAGE_MERGING: "The journal is sound again and takes over the spill.",
    system_pb2.STORAGE_STAGE_WAITING: "Sales go to the spill; the journal is tried again.",
    system_pb2.STORAGE_STAGE_NO_ROOM: "Sales go to the journal, which has no room to grow.",
    system_pb2.STORAGE_STAGE_FAILED: "Nothing can be stored: every sale is refused.",
    system_pb2.STORAGE_STAGE_REPLACED: "Sales go to a new file; the one before was put aside.",
}
CALIBRATION: Final[dict[int, str]] = {
    drawer_pb2.CALIBRATION_STEP_SHUT: "Leave the drawer shut.",
    drawer_pb2.CALIBRATION_STEP_KICKED: "The drawer was kicked. If it is shut, open it by its key.",
    drawer_pb2.CALIBRATION_STEP_OPEN_BY_KEY: "Open the drawer by its key, and leave it open.",
    drawer_pb2.CALIBRATION_STEP_SHUT_AGAIN: "The till has seen that. Push the drawer shut.",
}
OPEN_LEVELS: Final[dict[int, str]] = {
    drawer_pb2.OPEN_LEVEL_HIGH: "Learnt: high means open, low means shut.",
    drawer_pb2.OPEN_LEVEL_LOW: "Learnt: low means open, high means shut.",
    drawer_pb2.OPEN_LEVEL_NONE: "Nothing changed: the drawer has no switch, or none that is wired.",
    drawer_pb2.OPEN_LEVEL_UNRELIABLE: "The switch does not do as it should: look at its cable.",
}


def word(enum: EnumTypeWrapper, value: int) -> str:
    """A value of an enum that has no sentence here: its name, without the enum's, in lower case.

    A value that this version does not know is its number.
    """
    if value not in enum.values():
        return str(value)
    prefix = "".join(f"_{c}" if c.isupper() else c.upper() for c in enum.DESCRIPTOR.name)
    return enum.Name(value).removeprefix(f"{prefix.lstrip('_')}_").lower().replace("_", " ")


def sentence(table: dict[int, str], enum: EnumTypeWrapper, value: int) -> str:
    """What `table` says of the value, or its name."""
    return table.get(value) or word(enum, value)


def count(number: int, what: str) -> str:
    """E.g. "1 record" and "2 records"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def size(count: int) -> str:
    """So many bytes, in the unit that fits."""
    for unit, step in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= step:
            return f"{count / step:.1f} {unit}"
    return f"{count} bytes"


def local_time(stamp: Timestamp) -> str:
    """Date and time to the second, in the zone of whoever reads it."""
    return datetime.fromtimestamp(stamp.seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def event(message: system_pb2.WatchEventsResponse) -> str:
    """What happened, on one line."""
    match message.WhichOneof("event"):
        case "sale_changed":
            return _sale(message.sale_changed.sale)
        case "job_changed":
            return f"print job {message.job_changed.job_id} {job_state(message.job_changed)}"
        case "kick_changed":
            kick = message.kick_changed
            state = word(drawer_pb2.KickState, kick.state)
            return f"drawer {kick.drawer}: kick {kick.kick_id} is {state}{_why(kick.failure)}"
        case "device":
            kind = word(device_pb2.DeviceEventKind, message.device.kind)
            device = message.device
            why = device.condition.code or device.claim.purpose
            why = why or device.scans_lost.why or device.note
            return f"device {device.device_id}: {kind}{_why(why)}"
        case "started":
            how = "in order" if message.started.clean_shutdown else "not in order"
            return f"the till has started; it had been stopped {how}"
        case "power":
            supply = sentence(SUPPLIES, power_pb2.Supply, message.power.supply)
            return f"power: {supply.rstrip('.')}{_why(message.power.reason)}"
        case "outage":
            is_over = message.outage.HasField("end_time")
            return f"{message.outage.outage_id} is {'over' if is_over else 'open'}"
        case "gap":
            gap = message.gap
            return f"records {gap.first_seq} to {gap.last_seq} cannot be shown: {gap.why}"
        case "draining":
            return "the till is going down"
        case "caught_up":
            return "what follows is live"
        case "storage":
            storage = message.storage.storage
            return storage.message or sentence(
                DURABILITIES, types_pb2.Durability, storage.durability
            )
        case unknown:
            return f"something that this tillctl does not know: {unknown}"


def job_state(job: printer_pb2.Job) -> str:
    """Where a print job stands, and what was decided about it, in a few words."""
    state = f"is {word(printer_pb2.JobState, job.state)}{_why(job.reason)}"
    if job.rerouted_from:
        state += f", taken over from {job.rerouted_from}"
    if job.resolution:
        who = "the shop's policy" if job.resolved_by_policy else job.resolved_by or "somebody"
        state += f"; {who} decided: {word(printer_pb2.JobResolution, job.resolution)}"
    if job.copy_job_id:
        state += f" ({job.copy_job_id})"
    return state


def _sale(sale: checkout_pb2.SaleSummary) -> str:
    parts = [f"sale {sale.sale_id} is {word(checkout_pb2.SaleState, sale.state)}"]
    if sale.receipt_number:
        parts.append(f"receipt {sale.receipt_number}")
    parts.append(f"{to_decimal(sale.payable)} {sale.payable.currency_code}")
    return ", ".join(parts)


def _why(reason: str) -> str:
    return f" ({reason})" if reason else ""

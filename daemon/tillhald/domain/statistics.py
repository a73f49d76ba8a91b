"""What devices have done, counted from the facts of the journal, in UnifiedPOS's spelling.

Source: the lists of statistics in UnifiedPOS 1.15, and names of our own after the same pattern.
Replay counts the same again. What no fact tells (hours with power, broken connections) comes in
`DevicesCounted`, now and then: a crash loses the last minutes of that, and of nothing else.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from tillhald.domain import events as ev
from tillhald.domain.devices import DEVICES_KNOWN_MAX, DeviceCounts
from tillhald.domain.jobs import JobState, KickState, PrintWork
from tillhald.domain.state import TillState

POWERED_SECONDS: Final = "PoweredSeconds"
"""Kept in seconds, told in hours: as HoursPoweredCount."""

_ANY: Final = ("HoursPoweredCount", "CommunicationErrorCount", "OnlineTransitionCount")
STATISTICS: Final[dict[str, tuple[str, ...]]] = {
    "pos_printer": (
        *_ANY,
        "ReplugCount",
        "ReceiptLinePrintedCount",
        "ReceiptCharacterPrintedCount",
        "ReceiptLineFeedCount",
        "ReceiptCoverOpenCount",
        "PaperCutCount",
        "FailedPaperCutCount",
        "PrinterFaultCount",
        "MaximumTempReachedCount",
        "BarcodePrintedCount",
        "NVRAMWriteCount",
        "UnconfirmedJobCount",
        "DuplicateSuppressedCount",
    ),
    "cash_drawer": (
        "DrawerGoodOpenCount",
        "DrawerFailedOpenCount",
        "ManualDrawerOpenCount",
        "DrawerOpenSeconds",
    ),
    "scanner": (
        *_ANY,
        "ReplugCount",
        "GoodScanCount",
        "NoReadCount",
        "ScanDroppedCount",
        "ScanKeyedCount",
    ),
}
"""By category; what is not counted yet stands at 0."""

KEPT: Final = frozenset(
    {
        "HoursPoweredCount",
        "NVRAMWriteCount",
        "UnconfirmedJobCount",
        "DuplicateSuppressedCount",
        "ManualDrawerOpenCount",
    }
)
"""What nobody can set to 0: a machine's age, and what whoever looks into losses will ask for."""

_COUNTING: Final = frozenset(
    {
        ev.PrintEnded,
        ev.JobConfirmedLate,
        ev.KickEnded,
        ev.ConditionBegan,
        ev.ConditionEnded,
        ev.ScansLost,
        ev.ScanKeyed,
        ev.DrawerOpened,
        ev.DrawerClosed,
        ev.TillStarted,
        ev.DevicesCounted,
        ev.StatisticsReset,
    }
)
_OF_CONDITIONS: Final[dict[str, tuple[str, ...]]] = {
    "cover_open": ("ReceiptCoverOpenCount",),
    "cutter_error": ("FailedPaperCutCount", "PrinterFaultCount"),
    "unrecoverable_error": ("PrinterFaultCount",),
    "overheated": ("MaximumTempReachedCount",),
}


def shown(category: str, counts: dict[str, int]) -> dict[str, int]:
    """All statistics of the category, in the list's order."""
    told = {**counts, "HoursPoweredCount": counts.get(POWERED_SECONDS, 0) // 3600}
    return {name: told.get(name, 0) for name in STATISTICS.get(category, ())}


def sum_of(counts: dict[str, int], more: dict[str, int]) -> dict[str, int]:
    return {**counts, **{name: counts.get(name, 0) + by for name, by in more.items() if by}}


def counted(state: TillState, event: ev.AnyEvent, at_ms: int) -> dict[str, DeviceCounts]:
    """The statistics after `event`; `state` is the one before it."""
    known = state.statistics
    if type(event) not in _COUNTING:  # those of a sale: no time is to be lost on them
        return known
    match event:
        case ev.PrintEnded() if (job := state.jobs.get(event.job_id)) is not None:
            return _plus(known, job.printer, _of_print(event))
        case ev.JobConfirmedLate(job=job):
            return _plus(known, job.printer, _of_work(job.work))
        case ev.KickEnded() if (kick := state.kicks.get(event.kick_id)) is not None:
            return _plus(known, kick.drawer, _of_kick(event))
        case ev.ConditionBegan(device_id=name, code=code):
            return _begun(known, name, code)
        case ev.ConditionEnded(device_id=name, code=code) if code in _of(known, name).standing:
            standing = tuple(each for each in _of(known, name).standing if each != code)
            return _put(known, name, replace(_of(known, name), standing=standing))
        case ev.ScansLost(device_id=name, count=count):
            return _plus(known, name, {"ScanDroppedCount": count})
        case ev.ScanKeyed(device_id=name):
            return _plus(known, name, {"ScanKeyedCount": 1})
        case ev.DrawerOpened(device_id=name, without_kick=without_kick):
            counts = _plus(known, name, {"ManualDrawerOpenCount": int(without_kick)})
            return _put(counts, name, replace(_of(counts, name), opened_ms=at_ms))
        case ev.DrawerClosed(device_id=name) if opened_ms := _of(known, name).opened_ms:
            open_s = max(at_ms - opened_ms, 0) // 1000
            counts = _plus(known, name, {"DrawerOpenSeconds": open_s})
            return _put(counts, name, replace(_of(counts, name), opened_ms=0))
        case ev.TillStarted():
            # Nobody saw when the drawers were shut while the till was down.
            return {name: replace(each, opened_ms=0) for name, each in known.items()}
        case ev.DevicesCounted(counts=several):
            for name, more in several.items():
                known = _plus(known, name, more)
            return known
        case ev.StatisticsReset(device_id=name, before=before):
            kept = {key: by for key, by in _of(known, name).counts.items() if key not in before}
            return _put(known, name, replace(_of(known, name), counts=kept, reset_ms=at_ms))
        case _:
            return known


def _begun(known: dict[str, DeviceCounts], name: str, code: str) -> dict[str, DeviceCounts]:
    """A condition that stood when the till went down is found again at its start: that is one."""
    names = _OF_CONDITIONS.get(code, ())
    if not names or code in _of(known, name).standing:
        return known
    known = _plus(known, name, dict.fromkeys(names, 1))
    standing = (*_of(known, name).standing, code)
    return _put(known, name, replace(_of(known, name), standing=standing))


def _of_print(event: ev.PrintEnded) -> dict[str, int]:
    # A model without process ids never confirms: that it has read the whole job is its best word.
    is_read = event.outcome is JobState.UNCONFIRMED and event.reason == "PROCESSED_ONLY"
    is_printed = event.outcome is JobState.CONFIRMED or is_read
    counts = _of_work(event.work) if is_printed else {}
    if event.outcome is JobState.UNCONFIRMED:
        counts["UnconfirmedJobCount"] = 1
    return counts


def _of_work(work: PrintWork) -> dict[str, int]:
    return {
        "ReceiptLinePrintedCount": work.lines,
        "ReceiptCharacterPrintedCount": work.characters,
        "ReceiptLineFeedCount": work.feeds,
        "BarcodePrintedCount": work.barcodes,
        "PaperCutCount": work.cuts,
    }


def _of_kick(event: ev.KickEnded) -> dict[str, int]:
    if event.outcome is KickState.FIRED:
        return {"DrawerGoodOpenCount": 1}
    is_tried = event.outcome is KickState.FAILED and event.failure != "TTL_OVER"
    return {"DrawerFailedOpenCount": int(is_tried)}


def _of(known: dict[str, DeviceCounts], name: str) -> DeviceCounts:
    return known.get(name) or DeviceCounts()


def _plus(
    known: dict[str, DeviceCounts], name: str, more: dict[str, int]
) -> dict[str, DeviceCounts]:
    if not any(more.values()):
        return known
    before = _of(known, name)
    return _put(known, name, replace(before, counts=sum_of(before.counts, more)))


def _put(
    known: dict[str, DeviceCounts], name: str, counts: DeviceCounts
) -> dict[str, DeviceCounts]:
    after = {key: each for key, each in known.items() if key != name}
    if len(after) >= DEVICES_KNOWN_MAX:
        del after[next(iter(after))]
    return {**after, name: counts}

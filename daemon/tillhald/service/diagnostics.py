"""Gathers what support needs to know of a till into one archive.

Each part is gathered by itself: what fails is named, and keeps nothing else back. The work is done
in slices of about a millisecond, between which the event loop sells. What a part may hold is
decided in `service.masking`, how much of it there may be by the limits here and in
`service.archive`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import structlog

from tillhald.domain import events as ev
from tillhald.domain.errors import Full
from tillhald.journal.engine import INDEX_TABLES, RECORDS
from tillhald.journal.errors import StorageError
from tillhald.service.archive import Archive, Content, Packing
from tillhald.service.follow import Hole, Mark, follow
from tillhald.service.masking import (
    Masker,
    config_shown,
    event_shown,
    evidence_shown,
    log_shown,
)
from tillhald.telemetry import machine
from tillhald.telemetry.disks import Disks
from tillhald.telemetry.wording import named, utc

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from tillhald.config import Config
    from tillhald.devices.registry import DeviceRegistry
    from tillhald.journal.format import StoredRecord
    from tillhald.journal.recovery import RecoveryReport
    from tillhald.journal.store import Store
    from tillhald.service.tail import Tail
    from tillhald.service.verification import Verification
    from tillhald.telemetry.recent import RecentLines

    Status = Callable[[], Mapping[str, object]]
    """What the till answers when it is asked how it is."""

log = structlog.get_logger(__name__)

EVENTS_MAX = 1_000
RECORDS_READ_MAX = 10_000
"""How far back the journal is read for devices and starts: about a day of a busy till."""
DEVICE_EVENTS_MAX = 200
STORAGE_EVENTS_MAX = 100
STARTS_MAX = 50
START_FACTS_MAX = 50

_DEVICE_EVENTS = (ev.ConditionBegan, ev.ConditionEnded, ev.DrawerOpened, ev.DrawerClosed)
_STORAGE_EVENTS = (
    ev.StorageFaultBegan,
    ev.StorageFaultEnded,
    ev.SegmentBegun,
    ev.RowsBroughtBack,
)
_SOUGHT = tuple(
    kind.__name__.encode() for kind in (*_DEVICE_EVENTS, *_STORAGE_EVENTS, ev.TillStarted)
)


class Stage(NamedTuple):
    """Where the work stands. `total` and `eta_s` are 0 while unknown."""

    phase: str
    done: int
    total: int
    eta_s: int
    message: str


class DiagnosticsBusy(Full):
    """One archive is made at a time."""


class Diagnostics:
    """Makes archives, one at a time. Everything runs on the event loop."""

    def __init__(
        self,
        *,
        config: Callable[[], Config],
        versions: Mapping[str, str],
        report: RecoveryReport,
        folders: Mapping[str, Path],
        store: Store,
        tail: Tail,
        devices: DeviceRegistry,
        verification: Verification,
        recent: RecentLines,
        now_ms: Callable[[], int],
    ) -> None:
        """`versions` are tillhal's own; `report` is how the journal was found at this start;
        `folders` are those that the till writes to, by what they are for."""
        self._config = config
        self._versions = versions
        self._report = report
        self._folders = folders
        self._store = store
        self._tail = tail
        self._devices = devices
        self._verification = verification
        self._recent = recent
        self._now_ms = now_ms
        self._disks = Disks()
        self._is_busy = False

    async def gather(
        self, status: Status, *, check_journal: bool
    ) -> AsyncGenerator[Stage | Archive, None]:
        """Say where it stands; the archive is the last item.

        With `check_journal` the whole journal is checked first, and waited for. Raises
        DiagnosticsBusy while another caller is served; that one is served until it has closed its
        iterator, so that no more than one archive is in memory.
        """
        if self._is_busy:
            sentence = "Another caller is being given the diagnostics; one is served at a time."
            raise DiagnosticsBusy(sentence)
        self._is_busy = True
        try:
            if check_journal:
                async for step in self._verification.steps():
                    message = f"{step.done} of {step.total} rows of the journal read"
                    yield Stage("verifying", step.done, step.total, step.eta_s, message)
            async for item in self._gather(status, made_now=check_journal):
                yield item
        finally:
            self._is_busy = False

    async def _gather(
        self, status: Status, *, made_now: bool
    ) -> AsyncGenerator[Stage | Archive, None]:
        shown, hidden = config_shown(self._config())
        packing = Packing(Masker(hidden), self._now_ms())
        seen = _Seen()
        parts = {
            "status.json": _given(lambda: dict(status())),
            "configuration.json": _given(lambda: shown),
            "journal.json": lambda packing: self._journal(packing, made_now=made_now),
            # It reads the journal, and finds on its way what the next two tell.
            "events.jsonl": lambda packing: self._events(seen, packing),
            "devices.json": _given(lambda: self._device_states(seen)),
            "recovery.json": _given(lambda: self._starts(seen, status)),
            "disk.json": self._disk,
            "memory.json": _given(_memory),
            "versions.json": self._versions_of_all,
            "logs.jsonl": self._logs,
        }
        for done, (name, make) in enumerate(parts.items()):
            yield Stage("gathering", done, len(parts), 0, name)
            await packing.add(name, make)
        archive = await packing.finish(self._store.identity.workstation_id)
        left_out = list(archive.left_out)
        log.info("diagnostics_gathered", bytes=len(archive.content), left_out=left_out)
        yield archive

    # --- parts

    async def _journal(self, packing: Packing, *, made_now: bool) -> Content:
        store, tail, step = self._store, self._tail, self._verification.step
        facts: dict[str, Callable[[], object]] = {
            "head": lambda: {"seq": store.head.seq, "hash": store.head.hash.hex()},
            "file": lambda: dict(store.usage._asdict()),
            "checkpoint_seq": lambda: (store.newest_checkpoint() or (None,))[0],
            "rows": lambda: {table: store.count(table) for table in (RECORDS, *INDEX_TABLES)},
        }
        told: dict[str, object] = {}
        for name, ask in facts.items():
            try:
                told[name] = ask()
            except StorageError as error:
                told[name] = {"cannot_be_read": named(error), "why": str(error)}
            await packing.breathe()
        identity = msgspec.to_builtins(store.identity)
        identity["chain_id"] = store.identity.chain_id.hex()
        identity["created"] = utc(identity.pop("created_ms"))
        return told | {
            "identity": identity,
            "durable_seq": tail.durable_seq,
            "in_the_spill_from_seq": tail.spilled_from,
            "failure": str(tail.failure) if tail.failure else None,
            "check": {
                "made": "for this archive" if made_now else "before",
                "says": self._verification.last_check,
                "rows_read": step.done,
                "rows": step.total,
                "records": step.verdict.last_seq if step.verdict else None,
                "finding": step.finding and step.finding._asdict(),
            },
        }

    async def _events(self, seen: _Seen, packing: Packing) -> Content:
        head = self._tail.durable_seq
        read_from = max(0, head - RECORDS_READ_MAX)
        seen.first_seq = read_from + 1
        holes: list[Hole] = []
        async for item in follow(self._store, self._tail, read_from):
            if isinstance(item, Mark):
                break
            if isinstance(item, Hole):
                holes = [*holes[:1], item]
                seen.events.append(
                    {"seq": item.first_seq, "to_seq": item.seq, "cannot_be_read": item.why}
                )
            else:
                seen.take(item, in_full=item.seq > head - EVENTS_MAX)
            await packing.breathe()
            if item.seq >= head:
                break
        if holes:
            where = f"records from {holes[0].first_seq} to {holes[-1].seq}: {holes[0].why}"
            packing.leave_out("events.jsonl", where)
        lines = []
        for told in seen.events:
            lines.append(packing.line(told))
            await packing.breathe()
        return lines

    def _device_states(self, seen: _Seen) -> Content:
        devices = [msgspec.to_builtins(shot) for shot in self._devices.snapshot()]
        for told in devices:
            for condition in told["conditions"]:
                condition["evidence"] = evidence_shown(condition["evidence"])
                condition["since"] = utc(condition.pop("since_ms"))
            for reading in told["status"].values():
                if isinstance(reading, dict) and reading.get("age_s") is not None:
                    reading["age_s"] = round(reading["age_s"], 1)
        return {
            "devices": devices,
            "last_events": list(seen.device_events),
            "since_seq": seen.first_seq,
        }

    def _starts(self, seen: _Seen, status: Status) -> Content:
        found = msgspec.to_builtins(self._report) | {"head_hash": self._report.head_hash.hex()}
        return {
            "this_start": {"journal": found, "left_unfinished": status().get("recovery")},
            "starts": list(seen.starts),
            "storage_events": list(seen.storage_events),
            "since_seq": seen.first_seq,
        }

    async def _disk(self, packing: Packing) -> Content:
        mounts = machine.mounts()
        await packing.breathe()
        folders: dict[str, object] = {}
        folders_now = dict(self._folders)
        if (now := Path(self._store.engine.folder)) not in folders_now.values():
            folders_now["journal now"] = now
        for name, folder in folders_now.items():
            try:
                told = await self._disks.ask(folder)
            except TimeoutError:
                told = {"cannot_be_read": "The disk does not answer."}
            except OSError as error:
                told = {"cannot_be_read": named(error)}
            if why := told.get("cannot_be_read"):
                packing.leave_out(f"disk.json, {name}", str(why))
            told["folder"] = str(folder)
            mount = machine.mount_of(Path(str(told.get("leads_to", folder))), mounts)
            told["mount"] = mount and machine.mount_facts(mount)
            folders[name] = told
        health = "Not asked: SMART needs rights that the till does not have."
        return {"folders": folders, "health_of_the_disk": health}

    async def _versions_of_all(self, packing: Packing) -> Content:
        packages = {}
        for name in machine.distributions():
            packages[name] = machine.version_of(name)
            await packing.breathe()
        loop = type(asyncio.get_running_loop())
        try:
            engine = ".".join(str(number) for number in self._store.engine.env.lib_version())
        except StorageError as error:
            engine = named(error)
        return {
            **self._versions,
            **machine.platform_facts(),
            "event_loop": f"{loop.__module__}.{loop.__qualname__}",
            "lmdb_engine": engine,
            "packages": packages,
        }

    async def _logs(self, packing: Packing) -> Content:
        passed, kept = self._recent.lines()
        lines = [packing.line({"earlier_lines_not_kept": passed})] if passed else []
        for raw in kept:
            entry = msgspec.json.decode(raw, type=dict[str, Any])
            lines.append(packing.line(log_shown(entry)))
            await packing.breathe()
        return lines


class _Seen:
    """What the last records of the journal tell."""

    def __init__(self) -> None:
        self.first_seq = 0
        self.events: deque[dict[str, object]] = deque(maxlen=EVENTS_MAX)
        self.device_events: deque[dict[str, object]] = deque(maxlen=DEVICE_EVENTS_MAX)
        self.storage_events: deque[dict[str, object]] = deque(maxlen=STORAGE_EVENTS_MAX)
        self.starts: deque[dict[str, object]] = deque(maxlen=STARTS_MAX)

    def take(self, stored: StoredRecord, *, in_full: bool) -> None:
        """Note what is wanted of one record; unless `in_full`, only devices and starts."""
        if not in_full and not any(name in stored.body for name in _SOUGHT):
            return
        record = ev.decode_record(stored.body)
        when: dict[str, object] = {"seq": stored.seq, "time": utc(record.wall_ms)}
        for event in record.events:
            told = event_shown(event)
            if in_full:
                self.events.append(when | told | _about(record))
            if isinstance(event, _DEVICE_EVENTS):
                self.device_events.append(when | told)
            elif isinstance(event, _STORAGE_EVENTS):
                self.storage_events.append(when | told)
            elif isinstance(event, ev.TillStarted):
                facts = [event_shown(found) for found in record.events[:START_FACTS_MAX]]
                self.starts.append(when | {"facts": facts, "facts_in_all": len(record.events)})


def _about(record: ev.Record) -> dict[str, object]:
    about = {
        "request_id": record.request_id,
        "shift_id": record.shift_id,
        "business_day": record.business_day,
        "boot_id": record.boot_id,
        "clock_suspect": record.clock_suspect,
    }
    return {name: value for name, value in about.items() if value}


def _memory() -> Content:
    return machine.memory() | {"tasks": len(asyncio.all_tasks())}


def _given(make: Callable[[], Content]) -> Callable[[Packing], Any]:
    """A part that is made in one slice."""

    async def give(_: Packing) -> Content:
        return make()

    return give

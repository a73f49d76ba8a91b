"""SystemService."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from tillhal.v1 import checkout_pb2, device_pb2, journal_pb2, system_pb2_grpc, types_pb2
from tillhal.v1 import system_pb2 as pb
from tillhald.devices.categories import PowerState
from tillhald.domain import events as ev
from tillhald.domain.answers import ItemAnswer, SaleSummary, SlipAnswer, summary_of
from tillhald.domain.jobs import Kick, KickState
from tillhald.domain.readmodels import kick_key
from tillhald.domain.recovery import is_gated
from tillhald.home import Home
from tillhald.rpc import claims, home_wire, power_wire, shift_wire, storage, to_wire
from tillhald.rpc.device import SEVERITIES
from tillhald.rpc.diagnostics import send_diagnostics
from tillhald.rpc.printer import job_changes
from tillhald.rpc.scanner import scan_keyed, scans_lost
from tillhald.rpc.shift import day_age
from tillhald.service.books import is_overdue
from tillhald.service.follow import Hole, Mark, follow
from tillhald.service.mode import Mode, modes
from tillhald.service.verification import ChainCheck

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tillhald.devices.registry import DeviceRegistry
    from tillhald.journal.format import StoredRecord
    from tillhald.journal.store import Store
    from tillhald.rpc.door import Context
    from tillhald.rpc.version_gate import VersionGate
    from tillhald.service.diagnostics import Diagnostics
    from tillhald.service.power import Power
    from tillhald.service.tail import Tail
    from tillhald.service.till import Clock, Till
    from tillhald.service.verification import Verification

API_VERSION = "tillhal.v1"
RECORDS_SHARED_MAX = 64
"""Records whose events are kept for further watchers, who come within a moment."""

_MODES = {
    Mode.STORAGE_DEGRADED: pb.MODE_STORAGE_DEGRADED,
    Mode.PRINTER_DOWN: pb.MODE_PRINTER_DOWN,
    Mode.CLOCK_SUSPECT: pb.MODE_CLOCK_SUSPECT,
    Mode.RECOVERY_PENDING: pb.MODE_RECOVERY_PENDING,
    Mode.SHUTTING_DOWN: pb.MODE_SHUTTING_DOWN,
    Mode.ON_BATTERY: pb.MODE_ON_BATTERY,
    Mode.BATTERY_LOW: pb.MODE_BATTERY_LOW,
    Mode.UPS_LOST: pb.MODE_UPS_LOST,
    Mode.DAY_OVERDUE: pb.MODE_DAY_OVERDUE,
    Mode.TRAINING: pb.MODE_TRAINING,
}
_CHAIN_CHECKS = {
    ChainCheck.RUNNING: pb.CHAIN_CHECK_RUNNING,
    ChainCheck.SOUND: pb.CHAIN_CHECK_SOUND,
    ChainCheck.FAULTY: pb.CHAIN_CHECK_FAULTY,
    ChainCheck.FAILED: pb.CHAIN_CHECK_FAILED,
}


class Boot(msgspec.Struct, frozen=True, kw_only=True):
    """How the daemon came up: facts that do not change while it runs."""

    version: str
    started_ms: int
    recovery: pb.RecoveryReport
    started_seq: int
    simulated: bool
    home: Home | None = None


class SystemServicer(system_pb2_grpc.SystemServiceServicer):
    def __init__(
        self,
        *,
        till: Till,
        store: Store,
        tail: Tail,
        devices: DeviceRegistry,
        verification: Verification,
        diagnostics: Diagnostics,
        boot: Boot,
        power: Power,
        clock: Clock,
        gate: VersionGate,
    ) -> None:
        self._till = till
        self._store = store
        self._tail = tail
        self._devices = devices
        self._verification = verification
        self._diagnostics = diagnostics
        self._boot = boot
        self._power = power
        self._clock = clock
        self._gate = gate
        self._currency = till.rules.currency
        self._shared: OrderedDict[int, tuple[pb.WatchEventsResponse, ...]] = OrderedDict()

    async def GetStatus(
        self, request: pb.GetStatusRequest, context: Context
    ) -> pb.GetStatusResponse:
        status = self._status()
        if self._tail.failure is None:  # else this is the one question that is still answered
            await self._till.caught_up()
        status.head_seq = self._tail.durable_seq
        if (advice := self._gate.advice_for(context)) is not None:
            status.upgrade_advice.CopyFrom(advice)
        status.outdated.extend(self._gate.lagging())
        return status

    def _status(self) -> pb.GetStatusResponse:
        """How the till is now; what it holds may still be on its way to the disk."""
        state, identity = self._till.state, self._store.identity
        day, shift = state.day, state.shift
        return pb.GetStatusResponse(
            store_id=identity.store_id,
            workstation_id=identity.workstation_id,
            version=self._boot.version,
            api_version=API_VERSION,
            modes=[_MODES[mode] for mode in self._modes()],
            durability=to_wire.durability(spilled=self._tail.spilled_from is not None),
            recovery=self._boot.recovery,
            chain_check=_CHAIN_CHECKS[self._verification.last_check],
            shift_id=shift.shift_id if shift else "",
            shift_state=shift_wire.STATES[shift.state] if shift else None,
            shift_operator=shift.operator if shift else "",
            business_day=day.business_day if day else "",
            day=shift_wire.day(day, day_age(day, self._till, self._clock)) if day else None,
            live_sales=len(state.sales),
            start_time=to_wire.timestamp(self._boot.started_ms),
            currency_code=self._currency,
            simulated=self._boot.simulated,
            storage=storage.status(self._till.storage),
            unresolved_jobs=len(state.unresolved),
            head_seq=self._tail.durable_seq,
            power=power_wire.status(self._power, state.power),
            home=home_wire.status(self._boot.home, state) if self._boot.home else None,
        )

    def _modes(self) -> list[Mode]:
        rules, day = self._till.rules, self._till.state.day
        printer = rules.receipt_printer
        down = (PowerState.OFF, PowerState.OFFLINE)
        powers = {shot.device_id: shot.power for shot in self._devices.snapshot()}
        return modes(
            self._till.state,
            storage_trouble=self._tail.failure is not None or self._till.storage.is_in_trouble,
            chain=self._verification.last_check,
            # One that is configured and left out, for its driver is broken, cannot print either.
            printer_down=bool(printer) and powers.get(printer, PowerState.OFF) in down,
            draining=self._tail.draining,
            gated=bool(is_gated(self._till.state, self._till.rules)),
            day_overdue=day is not None and is_overdue(day, rules.day_overdue_at, self._clock),
        )

    async def WatchEvents(
        self, request: pb.WatchEventsRequest, context: Context
    ) -> AsyncIterator[pb.WatchEventsResponse]:
        cursor = self._tail.durable_seq if request.from_now else request.cursor
        async for item in follow(self._store, self._tail, cursor, from_now=request.from_now):
            match item:
                case Mark.CAUGHT_UP:
                    caught_up = journal_pb2.CaughtUp()
                    yield pb.WatchEventsResponse(cursor=cursor, caught_up=caught_up)
                case Mark.DRAINING:
                    yield pb.WatchEventsResponse(cursor=cursor, draining=pb.ServerDraining())
                case Hole(first_seq, seq, why):
                    cursor = seq
                    gap = types_pb2.Gap(first_seq=first_seq, last_seq=seq, why=why)
                    yield pb.WatchEventsResponse(cursor=seq, gap=gap)
                case _:
                    cursor = item.seq
                    for event in self._shared_events(item):
                        yield event

    async def GetDiagnostics(
        self, request: pb.GetDiagnosticsRequest, context: Context
    ) -> AsyncIterator[pb.GetDiagnosticsResponse]:
        sent = send_diagnostics(
            self._diagnostics, self._status, check_journal=request.check_journal
        )
        # Closed at once when the caller hangs up: the next one need not wait for a collector.
        async with contextlib.aclosing(sent) as steps:
            async for step in steps:
                yield step

    # --- one record's events

    def _shared_events(self, stored: StoredRecord) -> tuple[pb.WatchEventsResponse, ...]:
        """A record's events, made once for all who watch live."""
        if stored.seq <= self._boot.started_seq:
            return tuple(self._events(stored))  # read once by whoever comes late
        events = self._shared.get(stored.seq)
        if events is None:
            events = self._shared[stored.seq] = tuple(self._events(stored))
            if len(self._shared) > RECORDS_SHARED_MAX:
                self._shared.popitem(last=False)
        return events

    def _events(self, stored: StoredRecord) -> Iterator[pb.WatchEventsResponse]:
        record, seq = ev.decode_record(stored.body), stored.seq
        at = to_wire.timestamp(record.wall_ms)
        summary = self._answered_sale(record.request_id)
        if summary is not None:
            changed = pb.SaleChanged(sale=to_wire.summary(summary, self._currency))
            yield pb.WatchEventsResponse(cursor=seq, time=at, sale_changed=changed)
        for event in record.events:
            if isinstance(event, ev.SaleInterrupted):
                sale = to_wire.interrupted(event.sale_id, event.version, seq, record.wall_ms)
                changed = pb.SaleChanged(sale=sale)
                yield pb.WatchEventsResponse(cursor=seq, time=at, sale_changed=changed)
            elif isinstance(event, ev.TillStarted):
                is_this = seq == self._boot.started_seq
                report = self._boot.recovery if is_this else pb.RecoveryReport(last_seq=seq - 1)
                yield pb.WatchEventsResponse(cursor=seq, time=at, started=report)
            elif isinstance(event, ev.DevicesReconfigured):
                for device in _configured(event):
                    yield pb.WatchEventsResponse(cursor=seq, time=at, device=device)
            elif (status := self._storage_change(event, record.wall_ms)) is not None:
                change = pb.StorageChanged(storage=status)
                yield pb.WatchEventsResponse(cursor=seq, time=at, storage=change)
            elif isinstance(event, ev.SaleSuspended) and not record.request_id:
                changed = pb.SaleChanged(sale=self._put_aside(event.sale_id, seq, record.wall_ms))
                yield pb.WatchEventsResponse(cursor=seq, time=at, sale_changed=changed)
            elif isinstance(event, ev.SaleCancelled) and summary is None:
                changed = pb.SaleChanged(sale=self._given_up(event.sale_id, seq, record.wall_ms))
                yield pb.WatchEventsResponse(cursor=seq, time=at, sale_changed=changed)
            elif isinstance(event, ev.PowerStateChanged):
                power = power_wire.changed(event, record.wall_ms)
                yield pb.WatchEventsResponse(cursor=seq, time=at, power=power)
            elif outage := power_wire.outage_changed(event, self._till.state.power, record.wall_ms):
                yield pb.WatchEventsResponse(cursor=seq, time=at, outage=outage)
            else:
                told = _device_event(event, seq)
                if told is not None:
                    yield pb.WatchEventsResponse(cursor=seq, time=at, device=told)
        for job in job_changes(self._till, record, seq):
            yield pb.WatchEventsResponse(cursor=seq, time=at, job_changed=to_wire.job(job))
        for kick in self._kick_changes(record):
            yield pb.WatchEventsResponse(cursor=seq, time=at, kick_changed=to_wire.kick(kick))

    def _put_aside(self, sale_id: str, seq: int, at_ms: int) -> checkout_pb2.SaleSummary:
        """A sale that the till itself suspended: whole, unless it has changed again since."""
        sale = self._till.state.sales.get(sale_id)
        if sale is not None and sale.seq == seq:
            return to_wire.summary(summary_of(sale), self._currency)
        return to_wire.put_aside(sale_id, seq, at_ms)

    def _given_up(self, sale_id: str, seq: int, at_ms: int) -> checkout_pb2.SaleSummary:
        """A sale that ended with its day, or with a shift for training: nobody asked for it."""
        sale = self._till.finished_sale(sale_id)
        if sale is not None:
            return to_wire.summary(summary_of(sale), self._currency)
        return to_wire.cancelled(sale_id, seq, at_ms)

    def _storage_change(self, event: ev.AnyEvent, at_ms: int) -> pb.StorageStatus | None:
        match event:
            case ev.StorageFaultBegan():
                return storage.began(event.fault, event.message, at_ms)
            case ev.StorageFaultEnded():
                return pb.StorageStatus(durability=to_wire.durability(spilled=False))
            case ev.SegmentBegun():
                return storage.replaced(event.fault, event.segment, at_ms)
            case _:
                return None

    def _answered_sale(self, request_id: str) -> SaleSummary | None:
        """The sale as the request that this record granted was answered with it."""
        if not request_id:
            return None
        answered = self._till.answered(request_id)
        match answered.answer if answered else None:
            case SaleSummary() as sale:
                return sale
            case ItemAnswer(sale=of_item):
                return of_item
            case SlipAnswer(sale=of_slip):
                return of_slip
            case _:
                return None

    def _kick_changes(self, record: ev.Record) -> Iterator[Kick]:
        for event in record.events:
            match event:
                case ev.SaleCompleted(kick_id=kick_id) if kick_id:
                    state, verified, failure = KickState.REQUESTED, False, ""
                case ev.DrawerOpenRequested(kick_id=kick_id):
                    state, verified, failure = KickState.REQUESTED, False, ""
                case ev.KickEnded(
                    kick_id=kick_id, outcome=state, verified=verified, failure=failure
                ):
                    pass
                case _:
                    continue
            kick = self._till.kick(kick_id)
            assert kick is not None, f"kick {kick_key(kick_id)!r} is live or in the index"
            yield replace(
                kick, state=state, verified=verified, failure=failure, updated_ms=record.wall_ms
            )


def _device_event(event: ev.AnyEvent, seq: int) -> device_pb2.DeviceEvent | None:
    match event:
        case ev.ConditionBegan():
            return device_pb2.DeviceEvent(
                device_id=event.device_id,
                kind=device_pb2.DEVICE_EVENT_KIND_CONDITION_BEGAN,
                condition=device_pb2.Condition(
                    code=event.code.upper(),
                    severity=SEVERITIES[event.severity],
                    evidence=event.evidence,
                ),
            )
        case ev.ConditionEnded():
            return device_pb2.DeviceEvent(
                device_id=event.device_id,
                kind=device_pb2.DEVICE_EVENT_KIND_CONDITION_ENDED,
                condition=device_pb2.Condition(code=event.code.upper()),
            )
        case ev.DrawerOpened():
            kind = (
                device_pb2.DEVICE_EVENT_KIND_DRAWER_OPENED_WITHOUT_KICK
                if event.without_kick
                else device_pb2.DEVICE_EVENT_KIND_DRAWER_OPENED
            )
            return device_pb2.DeviceEvent(device_id=event.device_id, kind=kind)
        case ev.DrawerClosed():
            return device_pb2.DeviceEvent(
                device_id=event.device_id, kind=device_pb2.DEVICE_EVENT_KIND_DRAWER_CLOSED
            )
        case ev.DrawerSensorCalibrated():
            return device_pb2.DeviceEvent(
                device_id=event.device_id,
                kind=device_pb2.DEVICE_EVENT_KIND_DRAWER_SENSOR_CALIBRATED,
            )
        case ev.ClaimGranted() | ev.ClaimEnded():
            return claims.change(event, seq)
        case ev.ScansLost():
            return scans_lost(event)
        case ev.ScanKeyed():
            return scan_keyed(event)
        case ev.DeviceIdentified(device_id=name, identity=identity):
            kind = device_pb2.DEVICE_EVENT_KIND_IDENTIFIED
            return device_pb2.DeviceEvent(device_id=name, kind=kind, note=str(identity))
        case ev.DeviceAdopted(device_id=name, identity=identity, before=before):
            kind, note = device_pb2.DEVICE_EVENT_KIND_ADOPTED, f"{identity} for {before}"
            return device_pb2.DeviceEvent(device_id=name, kind=kind, note=note)
        case ev.StatisticsReset(device_id=name, before=stood):
            kind = device_pb2.DEVICE_EVENT_KIND_STATISTICS_RESET
            note = ", ".join(f"{key} {count}" for key, count in stood.items())
            return device_pb2.DeviceEvent(device_id=name, kind=kind, note=note)
        case ev.HealthChecked(device_id=name, level=level, result=result):
            kind = device_pb2.DEVICE_EVENT_KIND_HEALTH_CHECKED
            return device_pb2.DeviceEvent(device_id=name, kind=kind, note=f"{level}: {result}")
        case _:
            return None


def _configured(event: ev.DevicesReconfigured) -> Iterator[device_pb2.DeviceEvent]:
    for kind, names in (
        (device_pb2.DEVICE_EVENT_KIND_ADDED, event.added),
        (device_pb2.DEVICE_EVENT_KIND_CHANGED, event.changed),
        (device_pb2.DEVICE_EVENT_KIND_REMOVED, event.removed),
    ):
        for name in names:
            yield device_pb2.DeviceEvent(device_id=name, kind=kind)

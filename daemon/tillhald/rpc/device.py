"""DeviceService."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import msgspec

from tillhal.v1 import device_pb2 as pb
from tillhal.v1 import device_pb2_grpc
from tillhald.devices.categories import Category, How, IdentityStrength, PowerState, Reading
from tillhald.devices.errors import DeviceUnknown
from tillhald.devices.health import Presence, Severity, State
from tillhald.domain import commands as cmd
from tillhald.domain.answers import DevicesAnswer
from tillhald.domain.devices import Identity
from tillhald.domain.errors import DeviceNotFound, FieldInvalid
from tillhald.domain.statistics import KEPT
from tillhald.rpc import claims
from tillhald.rpc.access_rules import FORCED_CLAIM
from tillhald.rpc.admission import must_be
from tillhald.rpc.door import language_of
from tillhald.rpc.health import ANSWERS, LEVELS, steps_of
from tillhald.rpc.requests import carry_out, request_of
from tillhald.rpc.to_wire import timestamp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tillhald.devices.health import Condition
    from tillhald.devices.registry import DeviceRegistry, DeviceSnapshot
    from tillhald.rpc.door import Context
    from tillhald.service.claims import ClaimDesk
    from tillhald.service.device_care import DeviceCare
    from tillhald.service.devices import DeviceNews
    from tillhald.service.health import HealthChecks
    from tillhald.service.reconfigure import Plan, Reconfiguration
    from tillhald.service.till import Outcome, Request, Till

_CATEGORIES = {
    Category.POS_PRINTER: pb.DEVICE_CATEGORY_POS_PRINTER,
    Category.CASH_DRAWER: pb.DEVICE_CATEGORY_CASH_DRAWER,
    Category.SCANNER: pb.DEVICE_CATEGORY_SCANNER,
}
_STATES = {
    State.IDLE: pb.DEVICE_STATE_IDLE,
    State.BUSY: pb.DEVICE_STATE_BUSY,
    State.ERROR: pb.DEVICE_STATE_ERROR,
}
_POWER_STATES = {
    PowerState.UNKNOWN: pb.POWER_STATE_UNKNOWN,
    PowerState.ONLINE: pb.POWER_STATE_ONLINE,
    PowerState.OFF: pb.POWER_STATE_OFF,
    PowerState.OFFLINE: pb.POWER_STATE_OFFLINE,
}
_PRESENCES = {
    Presence.NEVER_SEEN: pb.PRESENCE_NEVER_SEEN,
    Presence.PRESENT: pb.PRESENCE_PRESENT,
    Presence.ABSENT: pb.PRESENCE_ABSENT,
    Presence.REPLACED: pb.PRESENCE_REPLACED,
}
_STRENGTHS = {
    IdentityStrength.SERIAL: pb.IDENTITY_STRENGTH_SERIAL,
    IdentityStrength.PORT: pb.IDENTITY_STRENGTH_PORT,
    IdentityStrength.NETWORK: pb.IDENTITY_STRENGTH_NETWORK,
    IdentityStrength.NONE: pb.IDENTITY_STRENGTH_NONE,
}
_KNOWLEDGE = {
    How.MEASURED: pb.KNOWLEDGE_MEASURED,
    How.INFERRED: pb.KNOWLEDGE_INFERRED,
    How.STALE: pb.KNOWLEDGE_STALE,
    How.UNKNOWN: pb.KNOWLEDGE_UNKNOWN,
    How.UNSUPPORTED: pb.KNOWLEDGE_UNSUPPORTED,
}
SEVERITIES = {
    Severity.WARNING.value: pb.SEVERITY_WARNING,
    Severity.ERROR.value: pb.SEVERITY_ERROR,
}


class DeviceServicer(device_pb2_grpc.DeviceServiceServicer):
    def __init__(
        self,
        *,
        till: Till,
        devices: DeviceRegistry,
        news: DeviceNews,
        desk: ClaimDesk,
        care: DeviceCare,
        health: HealthChecks,
        reconfiguration: Reconfiguration,
    ) -> None:
        self._till = till
        self._devices = devices
        self._news = news
        self._desk = desk
        self._care = care
        self._health = health
        self._reconfiguration = reconfiguration
        self._changed: dict[str, tuple[int, pb.WatchDevicesResponse]] = {}

    async def ListDevices(
        self, request: pb.ListDevicesRequest, context: Context
    ) -> pb.ListDevicesResponse:
        return pb.ListDevicesResponse(devices=self._all())

    async def GetDevice(
        self, request: pb.GetDeviceRequest, context: Context
    ) -> pb.GetDeviceResponse:
        shot = find_device(self._devices, request.device_id)
        return pb.GetDeviceResponse(device=self._wire(shot))

    async def WatchDevices(
        self, request: pb.WatchDevicesRequest, context: Context
    ) -> AsyncIterator[pb.WatchDevicesResponse]:
        if request.device_id:
            find_device(self._devices, request.device_id)
        seen: dict[str, int] = {}
        async for _ in self._news.changes():
            names = self._devices.names
            for name in names:
                revision = self._news.revision(name)
                if request.device_id not in ("", name) or seen.get(name) == revision:
                    continue
                # Who has just come sees it as it is now, and not as it was when it changed.
                told = self._told(name, revision, made_anew=name not in seen)
                seen[name] = revision
                yield told
            for name in [name for name in seen if name not in names]:
                del seen[name]
                self._changed.pop(name, None)
                gone = pb.Device(device_id=name, revision=self._news.revision(name))
                yield pb.WatchDevicesResponse(device=gone, removed=True)

    async def Claim(self, request: pb.ClaimRequest, context: Context) -> pb.ClaimResponse:
        device_id = find_device(self._devices, request.device_id).device_id
        if request.force_reason:
            must_be(FORCED_CLAIM)
        held, replayed = await self._desk.claim(device_id, claims.ask_of(request))
        lease = claims.lease(device_id, held, self._desk)
        return pb.ClaimResponse(lease=lease, replayed=replayed)

    async def RenewClaim(
        self, request: pb.RenewClaimRequest, context: Context
    ) -> pb.RenewClaimResponse:
        device_id = find_device(self._devices, request.device_id).device_id
        held = self._desk.renew(
            device_id,
            request.lease_id,
            ttl_s=claims.ttl_s(request.ttl_s) or None,
            retain=request.retain,
        )
        return pb.RenewClaimResponse(lease=claims.lease(device_id, held, self._desk))

    async def ReleaseClaim(
        self, request: pb.ReleaseClaimRequest, context: Context
    ) -> pb.ReleaseClaimResponse:
        device_id = find_device(self._devices, request.device_id).device_id
        await self._desk.release(device_id, request.lease_id)
        return pb.ReleaseClaimResponse()

    async def GetStatistics(
        self, request: pb.GetStatisticsRequest, context: Context
    ) -> pb.GetStatisticsResponse:
        if request.device_id:
            shots = [find_device(self._devices, request.device_id)]
        else:
            shots = self._devices.snapshot()
        told = [self._statistics(shot) for shot in shots]
        await self._till.caught_up()
        return pb.GetStatisticsResponse(devices=told)

    async def ResetStatistics(
        self, request: pb.ResetStatisticsRequest, context: Context
    ) -> pb.ResetStatisticsResponse:
        shot = find_device(self._devices, request.device_id)
        known, _ = self._care.statistics(shot.device_id)
        for at, name in enumerate(request.names):
            if name not in known or name in KEPT:
                what = "cannot be reset" if name in KEPT else "is no statistic of this device"
                raise FieldInvalid(f"names[{at}]", f"{name!r} {what}.")
        request_of_it = request_of("ResetStatistics", request.request_id, request)
        if self._till.answered(request_of_it.request_id) is None:
            self._care.record()  # what was only gathered so far counts as before
        command = cmd.ResetStatistics(device_id=shot.device_id, names=tuple(request.names))

        def convert(outcome: Outcome) -> pb.ResetStatisticsResponse:
            return pb.ResetStatisticsResponse(
                statistics=self._statistics(shot), replayed=outcome.replayed
            )

        return await carry_out(self._till, command, request_of_it, convert)

    async def AdoptDevice(
        self, request: pb.AdoptDeviceRequest, context: Context
    ) -> pb.AdoptDeviceResponse:
        shot = find_device(self._devices, request.device_id)
        command = cmd.AdoptDevice(device_id=shot.device_id, identity=shot.identity)

        def convert(outcome: Outcome) -> pb.AdoptDeviceResponse:
            self._care.adopted(shot.device_id)
            now = find_device(self._devices, shot.device_id)
            return pb.AdoptDeviceResponse(device=self._wire(now), replayed=outcome.replayed)

        return await carry_out(
            self._till, command, request_of("AdoptDevice", request.request_id, request), convert
        )

    async def CheckHealth(
        self, request: pb.CheckHealthRequest, context: Context
    ) -> AsyncIterator[pb.CheckHealthResponse]:
        level = LEVELS.get(request.level)
        if level is None:
            raise FieldInvalid("level", "A level is needed.")
        shot = find_device(self._devices, request.device_id)
        if request.print_on:
            if shot.category is not Category.SCANNER:
                raise FieldInvalid("print_on", "Only the check of a scanner prints elsewhere.")
            printer = find_device(self._devices, request.print_on)
            if printer.category is not Category.POS_PRINTER:
                raise FieldInvalid("print_on", "This device is no printer.")
        language = language_of(context)
        steps = steps_of(self._health, shot.device_id, level, language, request.print_on)
        # Closed at once when the caller hangs up: the device is free for the next check.
        async with contextlib.aclosing(steps) as told:
            async for step in told:
                yield step

    async def AnswerHealthStep(
        self, request: pb.AnswerHealthStepRequest, context: Context
    ) -> pb.AnswerHealthStepResponse:
        answer = ANSWERS.get(request.answer)
        if answer is None:
            raise FieldInvalid("answer", "YES, NO or SKIP is needed.")
        self._health.answer(request.check_id, request.number, answer)
        return pb.AnswerHealthStepResponse()

    async def Reconfigure(
        self, request: pb.ReconfigureRequest, context: Context
    ) -> pb.ReconfigureResponse:
        request_of_it = request_of("Reconfigure", request.request_id, request)
        if request.dry_run:
            return _planned(self._reconfiguration.plan(request.tables_toml))
        # Not cancelled with the call: what is recorded must be taken up.
        return await asyncio.shield(self._reconfigure(request.tables_toml, request_of_it))

    async def _reconfigure(self, tables_toml: str, request: Request) -> pb.ReconfigureResponse:
        async with self._reconfiguration.lock:
            if self._till.answered(request.request_id) is not None:
                # Nothing is decided for it any more; it gets what it got before.
                return await carry_out(self._till, cmd.Reconfigure(), request, _reconfigured)
            plan = self._reconfiguration.plan(tables_toml)
            response = _planned(plan)

            async def record(command: cmd.Reconfigure) -> None:
                answered = await carry_out(self._till, command, request, lambda _: response)
                assert answered is response, "it is filled in, not replaced"

            await self._reconfiguration.commit(plan, record)
            return response

    def _statistics(self, shot: DeviceSnapshot) -> pb.DeviceStatistics:
        counts, reset_ms = self._care.statistics(shot.device_id)
        told = pb.DeviceStatistics(
            device_id=shot.device_id,
            statistics=[
                pb.Statistic(
                    name=name,
                    value=value,
                    resettable=name not in KEPT,
                    maintenance_at=shot.maintenance.get(name, 0),
                )
                for name, value in counts.items()
            ],
        )
        if reset_ms:
            told.reset_time.CopyFrom(timestamp(reset_ms))
        return told

    def _told(self, name: str, revision: int, *, made_anew: bool) -> pb.WatchDevicesResponse:
        """The device as a watcher is told of it: made once for all who hear of this revision."""
        kept, told = self._changed.get(name, (-1, pb.WatchDevicesResponse()))
        if made_anew or kept != revision:
            told = pb.WatchDevicesResponse(device=self._wire(self._devices.device(name)))
            self._changed[name] = revision, told
        return told

    def _all(self) -> list[pb.Device]:
        return [self._wire(shot) for shot in self._devices.snapshot()]

    def _wire(self, shot: DeviceSnapshot) -> pb.Device:
        wire = device(shot, self._news.revision(shot.device_id), self._desk)
        known = self._till.state.identities.get(shot.device_id)
        if known is not None:
            wire.known_identity.CopyFrom(_identity(known))
        return wire


def _reconfigured(outcome: Outcome) -> pb.ReconfigureResponse:
    answer = outcome.answer
    assert isinstance(answer, DevicesAnswer), "Reconfigure answers with devices"
    return pb.ReconfigureResponse(
        added=answer.added,
        changed=answer.changed,
        removed=answer.removed,
        replayed=outcome.replayed,
    )


def _planned(plan: Plan) -> pb.ReconfigureResponse:
    return pb.ReconfigureResponse(
        added=plan.change.added,
        changed=plan.change.changed,
        removed=plan.change.removed,
        needs_restart=plan.needs_restart,
        left_out=[f"{name}: {why}" for name, why in plan.config.left_out.items()],
    )


def find_device(devices: DeviceRegistry, device_id: str) -> DeviceSnapshot:
    """Raises DeviceNotFound."""
    try:
        return devices.device(device_id)
    except DeviceUnknown:
        sentence = "There is no such device in the configuration."
        raise DeviceNotFound(sentence, device_id=device_id) from None


def _identity(identity: Identity) -> pb.Identity:
    return pb.Identity(maker=identity.maker, model=identity.model, serial=identity.serial)


def device(shot: DeviceSnapshot, revision: int, desk: ClaimDesk) -> pb.Device:
    return pb.Device(
        device_id=shot.device_id,
        category=_CATEGORIES[shot.category],
        driver=shot.driver,
        port=shot.port,
        state=_STATES[shot.state],
        power_state=_POWER_STATES[shot.power],
        presence=_PRESENCES[shot.presence],
        conditions=[condition(item) for item in shot.conditions],
        readings=readings(shot),
        capabilities=_capabilities(shot),
        revision=revision,
        claims=claims.shown(shot.device_id, desk),
        identity=_identity(shot.identity) if shot.identity != Identity() else None,
        identity_strength=_STRENGTHS[shot.identity_strength],
    )


def condition(value: Condition) -> pb.Condition:
    return pb.Condition(
        code=value.code.upper(),
        severity=SEVERITIES[value.severity.value],
        since=timestamp(value.since_ms),
        evidence=value.evidence,
    )


def readings(shot: DeviceSnapshot) -> list[pb.Reading]:
    """All sensors of a device, each with how its value is known and since when."""
    found = []
    for name in shot.status.__struct_fields__:
        value = getattr(shot.status, name)
        if isinstance(value, Reading):
            found.append(reading(name, value))
    return found


def reading(name: str, value: Reading[Any]) -> pb.Reading:
    wire = pb.Reading(name=name, value=_value(value.value), knowledge=_KNOWLEDGE[value.how])
    if value.age_s is not None:
        wire.time.CopyFrom(timestamp(int((time.time() - value.age_s) * 1000)))
    return wire


def _value(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _capabilities(shot: DeviceSnapshot) -> dict[str, str]:
    if shot.capabilities is None:
        return {}
    plain = msgspec.to_builtins(shot.capabilities)
    paper = plain.pop("paper", None)
    sizes = {name: str(paper[name]) for name in ("columns", "dots")} if paper else {}
    return {
        **sizes,
        **{f"cap_{name}": _value(value) for name, value in plain.items()},
    }

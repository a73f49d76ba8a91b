"""DeviceService."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from tillhal.v1 import device_pb2 as pb
from tillhal.v1 import device_pb2_grpc
from tillhald.devices.categories import Category, How, PowerState, Reading
from tillhald.devices.errors import DeviceUnknown
from tillhald.devices.health import Presence, Severity, State
from tillhald.domain.errors import DeviceNotFound
from tillhald.rpc import claims
from tillhald.rpc.to_wire import timestamp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tillhald.devices.health import Condition
    from tillhald.devices.registry import DeviceRegistry, DeviceSnapshot
    from tillhald.rpc.door import Context
    from tillhald.service.claims import ClaimDesk
    from tillhald.service.devices import DeviceNews

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
    def __init__(self, devices: DeviceRegistry, news: DeviceNews, desk: ClaimDesk) -> None:
        self._devices = devices
        self._news = news
        self._desk = desk

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
            for device in self._all():
                name = device.device_id
                if request.device_id not in ("", name) or seen.get(name) == device.revision:
                    continue
                seen[name] = device.revision
                yield pb.WatchDevicesResponse(device=device)

    async def Claim(self, request: pb.ClaimRequest, context: Context) -> pb.ClaimResponse:
        device_id = find_device(self._devices, request.device_id).device_id
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

    def _all(self) -> list[pb.Device]:
        return [self._wire(shot) for shot in self._devices.snapshot()]

    def _wire(self, shot: DeviceSnapshot) -> pb.Device:
        return device(shot, self._news.revision(shot.device_id), self._desk)


def find_device(devices: DeviceRegistry, device_id: str) -> DeviceSnapshot:
    """Raises DeviceNotFound."""
    try:
        return devices.device(device_id)
    except DeviceUnknown:
        sentence = "There is no such device in the configuration."
        raise DeviceNotFound(sentence, device_id=device_id) from None


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

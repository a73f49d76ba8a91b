"""DrawerService."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tillhal.v1 import device_pb2, drawer_pb2_grpc
from tillhal.v1 import drawer_pb2 as pb
from tillhald.devices.categories import Category, DrawerCapabilities, DrawerStatus, How
from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain.answers import KickAnswer
from tillhald.domain.books import ShiftState
from tillhald.domain.drawers import NOTHING_KNOWN, OpenLevel
from tillhald.domain.jobs import KickReason
from tillhald.rpc import device, fields, to_wire
from tillhald.rpc.access_rules import DRAWER_COUNT, DRAWER_TEST, DRAWER_WORK, NO_SALE
from tillhald.rpc.admission import must_be
from tillhald.rpc.errors import ShuttingDown
from tillhald.rpc.requests import carry_out, request_of
from tillhald.service.calibration import Asked, Step

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tillhald.devices.registry import DeviceRegistry, DeviceSnapshot
    from tillhald.journal.store import Store
    from tillhald.rpc.access_rules import Finer
    from tillhald.rpc.door import Context
    from tillhald.service.calibration import Calibrations, Learnt
    from tillhald.service.claims import ClaimDesk
    from tillhald.service.devices import DeviceNews
    from tillhald.service.till import Outcome, Till

KICKS_SHOWN_MAX = 20
KICKS_READ_MAX = 100
"""Of all drawers together, to find those of one."""
LOOK_AGAIN_S = 1.0
"""How often a caller that waits for a drawer is looked after, beside every change."""
_OPEN_LEVELS = {
    OpenLevel.HIGH: pb.OPEN_LEVEL_HIGH,
    OpenLevel.LOW: pb.OPEN_LEVEL_LOW,
    OpenLevel.NONE: pb.OPEN_LEVEL_NONE,
    OpenLevel.UNRELIABLE: pb.OPEN_LEVEL_UNRELIABLE,
}
_STEPS = {
    Step.SHUT: pb.CALIBRATION_STEP_SHUT,
    Step.KICKED: pb.CALIBRATION_STEP_KICKED,
    Step.OPEN_BY_KEY: pb.CALIBRATION_STEP_OPEN_BY_KEY,
    Step.SHUT_AGAIN: pb.CALIBRATION_STEP_SHUT_AGAIN,
}
_REASONS = {
    wire: reason
    for reason, wire in to_wire.KICK_REASONS.items()
    if reason not in (KickReason.SALE, KickReason.REFUND)
}
_COUNTING = (KickReason.FLOAT, KickReason.COUNT)
_RULES = {KickReason.NO_SALE: NO_SALE, KickReason.TEST: DRAWER_TEST}


class DrawerServicer(drawer_pb2_grpc.DrawerServiceServicer):
    def __init__(
        self,
        till: Till,
        store: Store,
        devices: DeviceRegistry,
        news: DeviceNews,
        calibrations: Calibrations,
        desk: ClaimDesk,
    ) -> None:
        self._till = till
        self._store = store
        self._devices = devices
        self._news = news
        self._calibrations = calibrations
        self._desk = desk

    async def OpenDrawer(
        self, request: pb.OpenDrawerRequest, context: Context
    ) -> pb.OpenDrawerResponse:
        reason = _REASONS.get(request.reason)
        if reason is None:
            sentence = "A reason is needed; SALE and REFUND are given by the till itself."
            raise errors.FieldInvalid("reason", sentence)
        must_be(self._rule(reason))
        asked = request_of("OpenDrawer", request.request_id, request)
        drawer = request.drawer
        if self._till.answered(asked.request_id) is None:  # a retry has its answer, come what may
            drawer = self._drawer(drawer).device_id
            self._desk.must_admit(drawer, request.fencing_token)
        command = cmd.OpenDrawer(
            kick_id=fields.identifier(request.kick_id, "kick_id"),
            drawer=drawer,
            reason=reason,
            note=fields.text(request.note, "note"),
        )

        def convert(outcome: Outcome) -> pb.OpenDrawerResponse:
            assert isinstance(outcome.answer, KickAnswer), "OpenDrawer answers with a kick"
            return pb.OpenDrawerResponse(
                kick=to_wire.kick(outcome.answer.kick), replayed=outcome.replayed
            )

        return await carry_out(self._till, command, asked, convert)

    def _rule(self, reason: KickReason) -> Finer:
        shift = self._till.state.shift
        if reason in _COUNTING and (shift is None or shift.state is ShiftState.ENDED):
            return DRAWER_COUNT
        return _RULES.get(reason, DRAWER_WORK)

    async def GetDrawer(
        self, request: pb.GetDrawerRequest, context: Context
    ) -> pb.GetDrawerResponse:
        shot = self._drawer(request.drawer)
        name = shot.device_id
        live = sorted(self._till.state.kicks.values(), key=lambda kick: -kick.seq)
        names = [kick.kick_id for kick in live]
        await self._till.caught_up()
        rows = self._store.scan("jobs", prefix=b"u", limit=KICKS_READ_MAX, reverse=True)
        names += [value.decode() for _, value in rows]
        kicks = [self._till.kick(kick_id) for kick_id in dict.fromkeys(names)]
        mine = [to_wire.kick(kick) for kick in kicks if kick is not None and kick.drawer == name]
        memory = self._till.state.drawers.get(name, NOTHING_KNOWN)
        await self._till.caught_up()
        answer = pb.GetDrawerResponse(
            device=device.device(shot, self._news.revision(name), self._desk),
            position=_position(shot),
            last_kicks=mine[:KICKS_SHOWN_MAX],
        )
        if memory.open_level is not None:
            answer.learnt_open_level = _OPEN_LEVELS[memory.open_level]
        if memory.is_open and answer.position.value == "OPEN":
            answer.open_time.CopyFrom(to_wire.timestamp(memory.opened_ms))
        return answer

    async def WaitForClose(
        self, request: pb.WaitForCloseRequest, context: Context
    ) -> pb.WaitForCloseResponse:
        name = self._drawer(request.drawer).device_id
        waited = False
        while True:
            shot = device.find_device(self._devices, name)
            status = shot.status
            assert isinstance(status, DrawerStatus), "a drawer has a drawer's status"
            if status.open.known(value=False):
                await self._till.caught_up()
                return pb.WaitForCloseResponse(position=_position(shot), waited=waited)
            if status.open.how is How.UNSUPPORTED or not _tells(shot):
                sentence = (
                    "Nobody knows how this drawer stands: it has no switch, or none is learnt."
                )
                raise errors.NoDrawerSwitch(sentence, device_id=name)
            waited = True
            if not await self._news.changed(LOOK_AGAIN_S):
                raise ShuttingDown("The till is going down.")

    async def CalibrateSensor(
        self, request: pb.CalibrateSensorRequest, context: Context
    ) -> AsyncIterator[pb.CalibrateSensorResponse]:
        name = self._drawer(request.drawer).device_id
        stages = self._calibrations.calibrate(
            name,
            by_key=request.by_key,
            request_id=fields.request_id(request.request_id),
        )
        async with contextlib.aclosing(stages) as steps:
            async for stage in steps:
                yield self._stage(stage)

    def _stage(self, stage: Asked | Learnt) -> pb.CalibrateSensorResponse:
        level = device.reading("switch_high", stage.switch_high)
        if isinstance(stage, Asked):
            return pb.CalibrateSensorResponse(
                step=_STEPS[stage.step], switch_high=level, patience_s=round(stage.patience_s)
            )
        return pb.CalibrateSensorResponse(
            step=pb.CALIBRATION_STEP_DONE,
            switch_high=level,
            open_level=_OPEN_LEVELS[stage.open_level],
            in_use=stage.in_use,
            durability=to_wire.durability(spilled=stage.is_spilled),
            replayed=stage.is_replayed,
        )

    def _drawer(self, name: str) -> DeviceSnapshot:
        if name:
            shot = device.find_device(self._devices, name)
            if shot.category is not Category.CASH_DRAWER:
                raise errors.DeviceNotFound("This device is no drawer.", device_id=name)
            return shot
        drawers = [s for s in self._devices.snapshot() if s.category is Category.CASH_DRAWER]
        if len(drawers) != 1:
            sentence = "Name the drawer: the till has none, or more than one."
            raise errors.DeviceNotFound(sentence, drawers=len(drawers))
        return drawers[0]


def _tells(shot: DeviceSnapshot) -> bool:
    """Whether the drawer's switch, when it can be read, says how the drawer stands."""
    can = shot.capabilities
    return isinstance(can, DrawerCapabilities) and can.status


def _position(shot: DeviceSnapshot) -> device_pb2.Reading:
    """OPEN or CLOSED, or nothing with how that is known."""
    reading = next(r for r in device.readings(shot) if r.name == "open")
    reading.name = "position"
    reading.value = {"true": "OPEN", "false": "CLOSED"}.get(reading.value, "")
    return reading

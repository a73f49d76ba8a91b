"""Learning a drawer's switch with a person beside it: which level means "open".

The till cannot see the drawer, only the level. So it goes by what it has asked for: shut, opened,
shut again; and what does not follow that order is called unreliable, never guessed.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import time
import uuid
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from tillhald.devices.categories import DrawerStatus, How, Reading
from tillhald.devices.errors import DeviceError, DeviceOffline
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.drawers import NOTHING_KNOWN, OpenLevel
from tillhald.domain.jobs import KickReason, KickState

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from tillhald.devices.registry import DeviceRegistry
    from tillhald.service.tail import Tail
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)

STEADY_S: Final = 0.7
"""A level that holds so long is one; contacts bounce for some hundredths of a second."""
SHUT_S_MAX: Final = 15.0
OPEN_S_MAX: Final = 45.0
SHUT_AGAIN_S_MAX: Final = 60.0
SILENT_S_MAX: Final = 5.0
"""For so long the printer may keep the level to itself, in the middle of its own work."""
READ_S_MAX: Final = 1.0
"""For a first reading by what was learnt; a printer in the midst of a receipt gives it later."""
_LOOK_S: Final = 0.05


class Step(enum.Enum):
    """What is done now."""

    SHUT = "shut"
    KICKED = "kicked"
    OPEN_BY_KEY = "open_by_key"
    SHUT_AGAIN = "shut_again"


class Asked(NamedTuple):
    """Something that the person, or the till, does now; waited for `patience_s` at most."""

    step: Step
    switch_high: Reading[bool]
    patience_s: float


class Learnt(NamedTuple):
    """The end. `in_use` is False where the configuration names a level itself; `is_spilled`:
    what was learnt is in the spill, and the journal will follow."""

    open_level: OpenLevel
    in_use: bool
    switch_high: Reading[bool]
    is_spilled: bool
    is_replayed: bool = False


class Calibrations:
    """One at a time for each drawer. Everything runs on the event loop."""

    def __init__(
        self,
        till: Till,
        tail: Tail,
        devices: DeviceRegistry,
        on_learnt: Callable[[str], None],
    ) -> None:
        """`on_learnt` is told the drawer's name once its readings have their new meaning."""
        self._till = till
        self._tail = tail
        self._devices = devices
        self._on_learnt = on_learnt
        self._under_way: set[str] = set()

    async def calibrate(
        self, drawer: str, *, by_key: bool, request_id: str
    ) -> AsyncGenerator[Asked | Learnt, None]:
        """Lead through the steps; the last is Learnt, and durable.

        The request of the drawer's last calibration gets its result again. Raises NoDrawerSwitch,
        Full, DeviceOffline, and what recording raises.
        """
        if self._level(drawer).how is How.UNSUPPORTED:
            sentence = "This drawer has no switch that the till could read."
            raise errors.NoDrawerSwitch(sentence, device_id=drawer)
        if drawer in self._under_way:
            raise errors.Full("This drawer is being calibrated already.", limit=1)
        memory = self._till.state.drawers.get(drawer, NOTHING_KNOWN)
        if memory.calibrated_by == request_id and memory.open_level is not None:
            await self._till.caught_up()
            in_use = self._devices.learn(drawer, memory.open_level)
            level = self._level(drawer)
            yield Learnt(memory.open_level, in_use, level, is_spilled=False, is_replayed=True)
            return
        self._under_way.add(drawer)
        try:
            async for stage in self._steps(drawer, by_key=by_key, request_id=request_id):
                yield stage
        finally:
            self._under_way.discard(drawer)

    async def _steps(
        self, drawer: str, *, by_key: bool, request_id: str
    ) -> AsyncGenerator[Asked | Learnt, None]:
        yield Asked(Step.SHUT, self._level(drawer), SHUT_S_MAX)
        shut = await self._steady(drawer, within_s=SHUT_S_MAX)
        if shut is None:
            yield await self._learn(
                drawer, OpenLevel.UNRELIABLE, by_key=by_key, request_id=request_id
            )
            return
        if not by_key:
            await self._kick(drawer)
        yield Asked(Step.OPEN_BY_KEY if by_key else Step.KICKED, self._level(drawer), OPEN_S_MAX)
        opened = await self._steady(drawer, within_s=OPEN_S_MAX, wanted=not shut)
        if opened is None:
            moved = self._level(drawer).value != shut
            found = OpenLevel.UNRELIABLE if moved else OpenLevel.NONE
            yield await self._learn(drawer, found, by_key=by_key, request_id=request_id)
            return
        yield Asked(Step.SHUT_AGAIN, self._level(drawer), SHUT_AGAIN_S_MAX)
        back = await self._steady(drawer, within_s=SHUT_AGAIN_S_MAX, wanted=shut)
        found = OpenLevel.LOW if shut else OpenLevel.HIGH
        if back is None:
            found = OpenLevel.UNRELIABLE
        yield await self._learn(drawer, found, by_key=by_key, request_id=request_id)

    async def _steady(
        self, drawer: str, *, within_s: float, wanted: bool | None = None
    ) -> bool | None:
        """The level, once it has held for STEADY_S; only `wanted` will do if given. None: never."""
        end_s = time.monotonic() + within_s
        level, since_s = None, time.monotonic()
        heard_s = time.monotonic()
        while (now_s := time.monotonic()) < end_s:
            reading = self._level(drawer)
            if reading.how is How.MEASURED:
                heard_s = now_s
            elif now_s - heard_s > SILENT_S_MAX:
                message = f"the switch of {drawer} cannot be read: it is {reading.how}"
                raise DeviceOffline(message, device_id=drawer)
            seen = reading.value if reading.how is How.MEASURED else None
            if seen != level:
                level, since_s = seen, now_s
            is_wanted = level is not None and wanted in (None, level)
            if is_wanted and now_s - since_s >= STEADY_S:
                return level
            await asyncio.sleep(_LOOK_S)
        return None

    async def _kick(self, drawer: str) -> None:
        """Ask for one kick like everybody else, and wait for its outcome."""
        kick_id = f"calibration/{uuid.uuid4()}"
        asked = ev.DrawerOpenRequested(kick_id=kick_id, drawer=drawer, reason=KickReason.TEST)
        await self._till.record([asked])
        end_s = time.monotonic() + OPEN_S_MAX
        while time.monotonic() < end_s:
            kick = self._till.kick(kick_id)
            if kick is None or kick.state not in {KickState.REQUESTED, KickState.STARTED}:
                return
            await asyncio.sleep(_LOOK_S)

    async def _learn(
        self, drawer: str, open_level: OpenLevel, *, by_key: bool, request_id: str
    ) -> Learnt:
        fact = ev.DrawerSensorCalibrated(
            device_id=drawer, open_level=open_level, by_key=by_key, request_id=request_id
        )
        seq = self._till.note([fact])
        await self._tail.reached(seq)
        # Only now: what a crash would forget must not be told as known before.
        in_use = self._devices.learn(drawer, open_level)
        if in_use:
            with contextlib.suppress(DeviceError):
                await self._devices.ask(drawer, deadline_s=READ_S_MAX)
            self._on_learnt(drawer)
        log.info("drawer_calibrated", device=drawer, open_level=open_level.value, in_use=in_use)
        return Learnt(open_level, in_use, self._level(drawer), self._tail.is_spilled(seq))

    def _level(self, drawer: str) -> Reading[bool]:
        status = self._devices.device(drawer).status
        assert isinstance(status, DrawerStatus), f"{drawer} is a drawer"
        return status.switch_high

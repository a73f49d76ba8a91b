"""Self-tests of UPSes: those that were asked for, and those that are due in closing hours."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog

from tillhald.devices.power_supply import NotObeyed
from tillhald.domain import events as ev
from tillhald.domain.self_test import (
    STOPS_WITHIN_S,
    begin_watch,
    due_now,
    is_near_floor,
    is_testing,
    watch,
)
from tillhald.domain.supply import SelfTestKind, SelfTestResult, Supply
from tillhald.journal.errors import Overloaded, StorageError
from tillhald.service.patience import comes_within

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.domain.outages import SelfTest
    from tillhald.domain.power_sample import UpsSample
    from tillhald.service.power import Power
    from tillhald.service.tail import Tail
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)

LOOK_S = 0.5
SCHEDULE_EVERY_S = 60.0
RECORD_RETRY_S = 0.2
COMMANDS = {
    SelfTestKind.QUICK: "test.battery.start.quick",
    SelfTestKind.DEEP: "test.battery.start.deep",
}
STOP_TEST = "test.battery.stop"


class SelfTests:
    """A test is in the journal before the UPS is told, and its result after. One at a time."""

    def __init__(
        self,
        till: Till,
        tail: Tail,
        power: Power,
        *,
        mono_ms: Callable[[], int],
        wall_ms: Callable[[], int],
        local_time: Callable[[int], str],
    ) -> None:
        """`local_time` writes a wall clock's milliseconds as "YYYY-MM-DD HH:MM"."""
        self._till = till
        self._tail = tail
        self._power = power
        self._mono_ms = mono_ms
        self._wall_ms = wall_ms
        self._local_time = local_time

    async def run(self) -> None:
        """Until the daemon goes down. Only where there is a UPS."""
        next_schedule_s = 0.0
        loop = asyncio.get_running_loop()
        with self._tail.watch() as watching:
            while True:
                test = self._till.state.power.running_test
                if test is not None and test.seq <= self._tail.durable_seq:
                    await self._do(test)
                    continue
                if loop.time() >= next_schedule_s:
                    next_schedule_s = loop.time() + SCHEDULE_EVERY_S
                    await self.begin_what_is_due()
                    continue
                left_s = max(next_schedule_s - loop.time(), LOOK_S)
                try:
                    await comes_within(watching.beyond(self._tail.durable_seq), left_s)
                except StorageError:
                    return
                if self._tail.draining:
                    return

    async def begin_what_is_due(self) -> None:
        """Begin the test that is due, if one is and may be now."""
        at_ms = self._wall_ms()
        local = self._local_time(at_ms)[len("YYYY-MM-DD ") :]
        hours = self._power.settings.test_hours
        due = due_now(self._till.state, self._power.state.upses, hours, local, at_ms)
        if due is not None:
            ups, kind = due
            # A stroke is in no caller's id.
            began = ev.SelfTestBegan(test_id=f"self_test/{at_ms}", ups=ups, kind=kind)
            with contextlib.suppress(Overloaded, StorageError):
                await self._till.record([began])

    async def _do(self, test: SelfTest) -> None:
        state = self._power.state.of(test.ups)
        if state is None:
            return await self._end(test, SelfTestResult.REFUSED, "NO_SUCH_UPS")
        rules, sample = self._power.settings.rules, state.sample
        watched = begin_watch(test.kind, sample, rules, self._mono_ms())
        self._power.label_test(test.ups, is_tested=True)
        try:
            outcome = await self._power.command(test.ups, COMMANDS[test.kind])
            if isinstance(outcome, NotObeyed):
                return await self._end(test, SelfTestResult.REFUSED, outcome.why)
            while watched.result is SelfTestResult.RUNNING:
                await comes_within(self._power.changed(), LOOK_S)
                if self._power.state.supply is not Supply.ONLINE:
                    # The mains went, or worse. The battery is needed for something else now.
                    await self._power.command(test.ups, STOP_TEST)
                    return await self._end(test, SelfTestResult.UNKNOWN, "POWER_WENT")
                latest = self._latest(test.ups)
                looked = latest if latest is not sample else None
                near_floor = looked is not None and is_near_floor(looked, rules)
                watched = watch(watched, looked, self._mono_ms(), near_floor=near_floor)
            await self._stop(test.ups)
            await self._end(test, watched.result, watched.said)
        finally:
            self._power.label_test(test.ups, is_tested=False)

    def _latest(self, ups: str) -> UpsSample | None:
        state = self._power.state.of(ups)
        return state.sample if state else None

    async def _stop(self, ups: str) -> None:
        """Have a test that has shown what it can end. While the UPS still says OB, the label stays:
        without it that would be an outage."""
        end_ms = self._mono_ms() + STOPS_WITHIN_S * 1000
        latest = self._latest(ups)
        if latest is None or not is_testing(latest):
            return
        await self._power.command(ups, STOP_TEST)
        while latest is not None and is_testing(latest) and self._mono_ms() < end_ms:
            await comes_within(self._power.changed(), LOOK_S)
            latest = self._latest(ups)

    async def _end(self, test: SelfTest, result: SelfTestResult, said: str) -> None:
        ended = ev.SelfTestEnded(test_id=test.test_id, ups=test.ups, result=result, said=said)
        say = log.info if result is SelfTestResult.PASSED else log.warning
        say("ups_self_test_ended", device=test.ups, outcome=result.value)
        while True:
            try:
                return await self._till.record([ended])
            except (Overloaded, StorageError):
                if self._tail.failure is not None or self._tail.draining:
                    return None
                await asyncio.sleep(RECORD_RETRY_S)

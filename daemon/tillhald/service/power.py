"""The till's power: hears what UPSes say, has the rules judge it, records, and only then acts."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import structlog

from tillhald.devices.power_supply import PerhapsObeyed
from tillhald.domain import events as ev
from tillhald.domain.outages import UpsNow, ended_whole
from tillhald.domain.power import (
    OVERLOAD_TOLD_AFTER_MS,
    WORN_TOLD_AFTER_MS,
    Act,
    PowerState,
    begin,
    step,
)
from tillhald.domain.self_test import Hours
from tillhald.domain.supply import Supply
from tillhald.domain.ups import Heard, NotUnderTest, PowerRules, SettleAsked, Tick, UnderTest, Ups
from tillhald.journal.errors import Overloaded, StorageError
from tillhald.service import power_metrics
from tillhald.service.going_dark import CUT_DELAY, GoingDark, Latch, seconds_told
from tillhald.service.settlement import SETTLE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence

    from tillhald.devices.power_supply import CommandOutcome, PowerSource
    from tillhald.service.inhibitor import Inhibitor
    from tillhald.service.settlement import Settlement
    from tillhald.service.tail import Tail
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)

TICK_S = 0.5
RECORD_RETRY_S = 0.2
UNRECORDED_MAX = 1_000
"""Steps that wait for a journal which takes nothing; of more, the oldest are given up."""
SOURCE_RETRY_S = 5.0
COMMAND_S_MAX = 5.0
HISTORY_POINTS_MAX = 720
HISTORY_EVERY_MS = 10_000
"""Two hours at ten seconds, in memory: for a look at how the battery goes, not for the record."""


class PowerSettings(NamedTuple):
    """What the configuration says of power beside the rules. `poweroff_command` is run without a
    shell; empty: whoever looks after the host does it. `latch` speaks to the late hook."""

    rules: PowerRules
    poweroff_command: tuple[str, ...] = ()
    test_hours: Hours = Hours()
    latch: Latch = Latch("")


class Point(NamedTuple):
    """One look at the weakest UPS. `at_ms` is the wall clock; what is None is not known."""

    at_ms: int
    supply: Supply
    charge_percent: float | None
    runtime_s: int | None
    load_percent: float | None


class _Unsaid(NamedTuple):
    facts: tuple[ev.AnyEvent, ...]
    acts: tuple[Act, ...]


class Power:
    """Everything runs on the event loop. Without a UPS it costs nothing: there are no loops."""

    def __init__(
        self,
        *,
        till: Till,
        tail: Tail,
        sources: Sequence[PowerSource],
        settings: PowerSettings,
        settlement: Settlement,
        mono_ms: Callable[[], int],
        wall_ms: Callable[[], int],
    ) -> None:
        """`mono_ms` is the clock of the rules; `wall_ms` only dates what people see."""
        self._till = till
        self._tail = tail
        self._sources = {name: source for source in sources for name in source.upses}
        self._all = tuple(sources)
        self.settings = settings
        self.settlement = settlement
        self._mono_ms = mono_ms
        self._wall_ms = wall_ms
        book = till.state.power
        self.state: PowerState = begin(
            tuple(self._sources),
            mono_ms(),
            outages_begun=book.outages_begun,
            is_out=book.open_outage is not None,
        )
        self._outage_before = book.open_outage.outage_id if book.open_outage else ""
        self._unsaid: deque[_Unsaid] = deque(maxlen=UNRECORDED_MAX)
        self._woken = asyncio.Event()
        self._changed = asyncio.Event()
        self._goes_dark = False
        self._deadline_s: float | None = None
        self._heard_ms = mono_ms()
        self.inhibitor: Inhibitor | None = None
        self.history: deque[Point] = deque(maxlen=HISTORY_POINTS_MAX)

    # --- what is heard

    def hear(self, heard: Heard) -> None:
        """Judge it. Facts are recorded, and then acts done, in the order in which it was heard."""
        before, now_ms = self.state, self._mono_ms()
        came = step(before, self.settings.rules, heard, now_ms)
        self.state = came.state
        power_metrics.told(before, came.state, came.facts, (now_ms - self._heard_ms) / 1000)
        self._heard_ms = now_ms
        if came.facts or came.acts:
            self._unsaid.append(_Unsaid(came.facts, came.acts))
            self._woken.set()
        if came.state != before:
            self._remember()
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()

    async def settle(self, deadline_s: float) -> None:
        """Somebody who shuts the host down asks for a settlement; return once it has begun."""
        self._deadline_s = deadline_s
        self.hear(SettleAsked())
        if not self._sources:
            # No loop runs where there is no UPS.
            await self._say_all()
        await self.settlement.begun.wait()

    async def changed(self) -> None:
        """Return when something has changed: also a charge, which is in no journal."""
        await self._changed.wait()

    def _remember(self) -> None:
        at_ms = self._wall_ms()
        last = self.history[-1] if self.history else None
        if (
            last is not None
            and last.supply is self.state.supply
            and 0 <= at_ms - last.at_ms < HISTORY_EVERY_MS
        ):
            return
        ups = self.state.of(self.state.ups)
        sample = ups.sample if ups else None
        self.history.append(
            Point(
                at_ms=at_ms,
                supply=self.state.supply,
                charge_percent=sample.charge_percent if sample else None,
                runtime_s=sample.runtime_s if sample else None,
                load_percent=sample.load_percent if sample else None,
            )
        )

    # --- loops

    def loops(self) -> list[Coroutine[None, None, None]]:
        """What is to run until the daemon goes down."""
        if not self._sources:
            return []
        return [*(self._read(source) for source in self._all), self._tick(), self._say()]

    async def _read(self, source: PowerSource) -> None:
        while True:
            try:
                async for heard in source.readings():
                    self.hear(heard)
            except Exception as error:
                # A mistake of ours in a driver: the rules hear silence, which they know.
                log.error("power_source_failed", device=source.upses[0], exc_info=error)
            await asyncio.sleep(SOURCE_RETRY_S)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.hear(Tick())

    async def _say(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            await self._say_all()

    async def _say_all(self) -> None:
        while self._unsaid:
            unsaid = self._unsaid.popleft()
            await self._record(unsaid.facts)
            for act in unsaid.acts:
                self._do(act)

    async def _record(self, facts: tuple[ev.AnyEvent, ...]) -> None:
        """Return once they are durable, or once nothing can be."""
        for fact in facts:
            _tell(fact)
        while facts:
            try:
                return await self._till.record(self._whole(facts))
            except (Overloaded, StorageError) as error:
                if self._tail.failure is not None:
                    # Power goes whether or not anything can be recorded. A till that goes down
                    # unrecorded leaves what a crash leaves; one that does not, leaves a crash.
                    log.error("power_fact_not_recorded", why=str(error))
                    return None
                await asyncio.sleep(RECORD_RETRY_S)
        return None

    def _whole(self, facts: Iterable[ev.AnyEvent]) -> list[ev.AnyEvent]:
        state = self._till.state
        return [
            ended_whole(
                fact,
                state.power,
                state.receipts_given,
                self._wall_ms(),
                is_of_this_run=fact.outage_id != self._outage_before,
            )
            if isinstance(fact, ev.OutageEnded)
            else fact
            for fact in facts
        ]

    def _do(self, act: Act) -> None:
        match act:
            case Act.SNAPSHOT:
                self._till.snapshot_next()
            case Act.SETTLE:
                self.settlement.begin(SETTLE_S if self._deadline_s is None else self._deadline_s)
            case Act.POWER_OFF_HOST | Act.UPS_CUT_AND_RETURN:
                # After the till is at rest and the journal is closed: see `go_dark`.
                self._goes_dark = True
            case _:
                pass  # said by the fact itself, and shown by GetPower

    # --- the end

    @property
    def goes_dark(self) -> bool:
        """Whether the host is to be powered off when the daemon has ended."""
        return self._goes_dark

    async def go_dark(self) -> None:
        """Power the host off, and see to it that our UPSes cut and return. After everything."""
        if self._goes_dark:
            settings = self.settings
            going = GoingDark(
                poweroff_command=settings.poweroff_command,
                need_s=settings.rules.shutdown_need_s,
                latch=settings.latch,
                cut_s=lambda ups: seconds_told(self._sources[ups], ups, CUT_DELAY),
                command=self.command,
            )
            await going.go(settings.rules.feeds)
        for source in self._all:
            source.close()

    # --- UPSes, for self-tests and looks

    @property
    def upses(self) -> tuple[str, ...]:
        """All that are configured."""
        return tuple(self._sources)

    def source(self, ups: str) -> PowerSource | None:
        """What knows of this UPS."""
        return self._sources.get(ups)

    async def command(self, ups: str, name: str) -> CommandOutcome:
        """Give a UPS an instant command, once, in NUT's words."""
        source = self._sources[ups]
        try:
            return await asyncio.wait_for(source.command(ups, name), COMMAND_S_MAX)
        except TimeoutError:
            return PerhapsObeyed("NO-ANSWER")

    def label_test(self, ups: str, *, is_tested: bool) -> None:
        """What this UPS says of batteries is expected from now on, or counts again."""
        self.hear(UnderTest(ups=ups) if is_tested else NotUnderTest(ups=ups))

    def heard_s_ago(self, ups: Ups) -> float:
        """Seconds since this UPS said something of use."""
        return max(0, self._mono_ms() - ups.heard_ms) / 1000

    def looks(self) -> list[UpsNow]:
        """All UPSes as advice sees them."""
        now_ms = self._mono_ms()
        return [
            UpsNow(
                name=ups.name,
                is_worn=_is_past(ups.worn_since_ms, WORN_TOLD_AFTER_MS, now_ms),
                is_overloaded=_is_past(ups.overload_since_ms, OVERLOAD_TOLD_AFTER_MS, now_ms),
                load_percent=ups.sample.load_percent if ups.sample else None,
            )
            for ups in self.state.upses
        ]


def _is_past(since_ms: int | None, after_ms: int, now_ms: int) -> bool:
    return since_ms is not None and now_ms - since_ms >= after_ms


def _tell(fact: ev.AnyEvent) -> None:
    match fact:
        case ev.PowerStateChanged():
            is_well = fact.supply in (Supply.ONLINE, Supply.RECOVERING)
            say = log.info if is_well else log.warning
            say("power_changed", power=fact.supply.value, device=fact.ups, why=fact.why)
        case ev.OutageBegan():
            log.warning("outage_began", device=fact.ups)
        case ev.OutageEnded():
            log.warning("outage_ended", seconds=fact.seconds)
        case _:
            pass

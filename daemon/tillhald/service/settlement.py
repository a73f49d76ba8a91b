"""Bringing the shop to rest before the power goes: sales, drawer, printers, journal.

Nothing new is begun any more (`domain.decide_power`). Each step has its share of the time, and
none is waited for longer: what is not finished then is found by the next start.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import time
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import structlog

from tillhald.devices.categories import Category, DrawerStatus, PowerState
from tillhald.domain.commands import PrintSuspended
from tillhald.domain.jobs import JobState, KickState
from tillhald.domain.outages import suspension_facts
from tillhald.domain.sale import UNDER_WAY
from tillhald.domain.slip_paper import suspended_sales
from tillhald.journal.errors import Overloaded, StorageError
from tillhald.service.patience import comes_within

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.devices.registry import DeviceRegistry
    from tillhald.service.tail import Tail
    from tillhald.service.till import Till
    from tillhald.service.work import Work

log = structlog.get_logger(__name__)

SETTLE_S = 30.0
"""By itself the till gives itself this long; it is part of what the host needs to go down."""
SETTLE_S_MIN = 2.0
SETTLE_S_MAX = 300.0
SALES_SHARE = 0.4
PRINTERS_SHARE = 0.5
STORE_S_MIN = 8.0
"""For the step that must not be cut short. Who asks for a settlement waits ten seconds beside its
deadline (`BESIDE_S` of the client)."""
LOOK_S = 0.25
"""Between two looks, where nothing tells of a change."""


class Phase(enum.StrEnum):
    """What a settlement is doing, in order."""

    INTAKE = "intake"
    SALES = "sales"
    DRAWERS = "drawers"
    PRINTERS = "printers"
    STORING = "storing"
    SETTLED = "settled"


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """How it went. Sales with a tender that is not resolved cannot be put aside: they are left,
    and the next start finds them interrupted."""

    suspended: tuple[str, ...] = ()
    left_open: tuple[str, ...] = ()
    drawers_open: tuple[str, ...] = ()
    jobs_left: int = 0
    is_stored: bool = False
    took_ms: int = 0


class SettleStep(NamedTuple):
    """Where it stands; with the last one, what came of it."""

    phase: Phase
    message: str
    result: Settled | None = None


class Settlement:
    """Settles once; who asks again watches. Everything runs on the event loop."""

    def __init__(
        self,
        till: Till,
        tail: Tail,
        devices: DeviceRegistry,
        work: Work[SettleStep],
        *,
        on_settled: Callable[[Settled], None],
        time_text: Callable[[], str] | None = None,
    ) -> None:
        """`time_text` writes the time for the list of unfinished sales; None: none is printed."""
        self._time_text = time_text
        self._till = till
        self._tail = tail
        self._devices = devices
        self._on_settled = on_settled
        self.work = work
        self.result: Settled | None = None
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()

    @property
    def is_under_way(self) -> bool:
        """Whether it has begun and not ended."""
        return self.begun.is_set() and not self.ended.is_set() and self.work.is_running

    def begin(self, deadline_s: float = SETTLE_S) -> None:
        """Begin, unless it has begun; `deadline_s` is for all of it."""
        if not self.work.is_running and self.result is None:
            self.work.begin(self._run(deadline_s))
            self.begun.set()

    def stop(self) -> None:
        """End it where it stands: the daemon itself goes down."""
        self.work.stop()

    async def _run(self, deadline_s: float) -> None:
        began_s = time.monotonic()
        try:
            settled = await self.bring_to_rest(deadline_s, self.work.tell)
        except Exception as error:
            # Whatever it was: power goes all the same, and the till must go down before it.
            log.error("settlement_failed", exc_info=error)
            settled = Settled()
        settled = msgspec.structs.replace(
            settled, took_ms=round((time.monotonic() - began_s) * 1000)
        )
        self.result = settled
        self.ended.set()
        log.warning(
            "till_settled",
            suspended=len(settled.suspended),
            left_open=len(settled.left_open),
            drawers_open=len(settled.drawers_open),
            jobs_left=settled.jobs_left,
            took_ms=settled.took_ms,
        )
        self.work.tell(SettleStep(Phase.SETTLED, "The till is at rest.", settled))
        self._on_settled(settled)

    async def bring_to_rest(
        self, deadline_s: float, tell: Callable[[SettleStep], None], *, rehearsal: bool = False
    ) -> Settled:
        """Do all steps within about `deadline_s`; `tell` hears of each one.

        A `rehearsal` refuses nothing and puts no sale aside.
        """
        end_s = asyncio.get_running_loop().time() + deadline_s
        intake = "would be" if rehearsal else "are"
        tell(SettleStep(Phase.INTAKE, f"New sales {intake} refused."))
        under_way = self._under_way()
        tell(SettleStep(Phase.SALES, f"{len(under_way)} sales are under way."))
        suspended = [] if rehearsal else await self._sales(deadline_s * SALES_SHARE)
        left = tuple(self._under_way())
        if not rehearsal:
            self._print_unfinished()
        tell(SettleStep(Phase.DRAWERS, f"{len(self._open_drawers())} drawers stand open."))
        tell(SettleStep(Phase.PRINTERS, f"{self._deeds_left()} jobs and kicks are to be done."))
        await self._until(lambda: not self._deeds_left(), deadline_s * PRINTERS_SHARE)
        tell(SettleStep(Phase.STORING, "All that was answered is being synced."))
        is_stored = False
        left_s = max(end_s - asyncio.get_running_loop().time(), STORE_S_MIN)
        with contextlib.suppress(StorageError):
            is_stored = await comes_within(self._till.caught_up(), left_s)
        return Settled(
            suspended=tuple(suspended),
            left_open=left,
            # As they are now: a person may have shut one, and the last sale opened one.
            drawers_open=tuple(self._open_drawers()),
            jobs_left=self._deeds_left(),
            is_stored=is_stored,
        )

    def _under_way(self) -> list[str]:
        sales = self._till.state.sales.values()
        return [sale.sale_id for sale in sales if sale.state in UNDER_WAY]

    async def _sales(self, for_s: float) -> list[str]:
        """Put aside what can be; the others may finish meanwhile."""
        suspended: list[str] = []

        def none_left() -> bool:
            facts = suspension_facts(self._till.state.sales.values())
            if facts:
                try:
                    self._till.note(facts)
                except (Overloaded, StorageError):
                    return False
                suspended.extend(getattr(fact, "sale_id", "") for fact in facts)
            return not self._under_way()

        await self._until(none_left, for_s)
        return suspended

    def _print_unfinished(self) -> None:
        """Have the sales that are not finished printed; the printers are waited for next."""
        state, rules = self._till.state, self._till.rules
        if self._time_text is None or not rules.receipt_printer or not state.sales:
            return
        command = PrintSuspended(
            # A stroke is in no caller's id, and each record has a number of its own.
            job_id=f"unfinished/{state.seq + 1}",
            printer=rules.receipt_printer,
            time_text=self._time_text(),
        )
        with contextlib.suppress(Overloaded, StorageError):
            self._till.note([suspended_sales(state, rules, command)])

    def _open_drawers(self) -> list[str]:
        return [
            shot.device_id
            for shot in self._devices.snapshot()
            if shot.category is Category.CASH_DRAWER
            and isinstance(shot.status, DrawerStatus)
            and shot.status.open.value
        ]

    def _deeds_left(self) -> int:
        """Those that can still be done: a job for a printer that is off is not waited for."""
        off = {
            shot.device_id
            for shot in self._devices.snapshot()
            if shot.power in (PowerState.OFF, PowerState.OFFLINE)
        }
        state = self._till.state
        jobs = [
            job
            for job in state.jobs.values()
            if job.state is JobState.SENDING
            or (job.state is JobState.ACCEPTED and job.printer not in off)
        ]
        kicks = [
            kick
            for kick in state.kicks.values()
            if kick.state is KickState.STARTED
            or (kick.state is KickState.REQUESTED and kick.drawer not in off)
        ]
        return len(jobs) + len(kicks)

    async def _until(self, is_so: Callable[[], bool], for_s: float) -> None:
        """Look after every step of the journal, at most `for_s`."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + for_s
        with self._tail.watch() as watch:
            while not is_so():
                left_s = end_s - loop.time()
                if left_s <= 0 or self._tail.failure is not None or self._tail.draining:
                    return
                with contextlib.suppress(StorageError):
                    beyond = watch.beyond(self._tail.durable_seq)
                    await comes_within(beyond, min(left_s, LOOK_S))

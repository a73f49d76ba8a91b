"""Checks of devices, step by step: what the device says, what it does, what a person sees.

What is printed and opened for a check goes the way of all deeds, by the journal and the loops of
`Effects`; nothing here touches a device. The report is a fact.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import uuid
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from tillhald.devices.categories import (
    Category,
    DrawerCapabilities,
    DrawerStatus,
    How,
    PrinterCapabilities,
    PrinterStatus,
)
from tillhald.devices.errors import DeviceError
from tillhald.devices.health import Presence, Severity
from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.devices import HealthStep
from tillhald.domain.jobs import LIVE_JOB, LIVE_KICK, JobState, KickReason, KickState
from tillhald.domain.scan_check import Watched, code_page, looked_at, new_code
from tillhald.domain.testpage import test_page
from tillhald.journal.errors import Overloaded, StorageError
from tillhald.service import scanner_check
from tillhald.service.health_news import Answer, Ended, Level, Report, Result, StepNews
from tillhald.service.till import Request

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from contextlib import AbstractContextManager

    from tillhald.devices.registry import DeviceRegistry, DeviceSnapshot
    from tillhald.domain.document import PrintDocument
    from tillhald.domain.scan import Scan
    from tillhald.service.device_care import DeviceCare
    from tillhald.service.scans import Scans
    from tillhald.service.till import Clock, Till

log = structlog.get_logger(__name__)

PERSON_S_MAX: Final = 60.0
"""How long a step waits for a person."""
DEED_S_MAX: Final = 30.0
ASK_S_MAX: Final = 3.0
SETTLE_S_MAX: Final = 2.0
"""How long a printer may take to be ready after its cover was shut."""
LOOK_EVERY_S: Final = 0.05
SCAN_CODE: Final = "scan_code"


class _Step(NamedTuple):
    """`begins` is how it stands at first."""

    name: str
    begins: Result
    do: Callable[[_Check], Awaitable[Ended]]


class _Check:
    """One check that is going on."""

    def __init__(self, device_id: str, print_on: str) -> None:
        self.device_id = device_id
        self.print_on = print_on
        self.scan = Watched(code=new_code(secrets.randbelow))
        self.check_id = uuid.uuid4().hex
        self.number = 0
        self.begins = Result.RUNNING
        self.answer: Answer | None = None
        self.answered = asyncio.Event()


class HealthChecks:
    """Everything runs on the event loop."""

    def __init__(
        self,
        *,
        till: Till,
        devices: DeviceRegistry,
        care: DeviceCare,
        scans: Scans,
        clock: Clock,
        local_time: Callable[[int], str],
    ) -> None:
        self._till = till
        self._devices = devices
        self._care = care
        self._scans = scans
        self._clock = clock
        self._local_time = local_time
        self._going_on: dict[str, _Check] = {}

    @property
    def checked_now(self) -> set[str]:
        """The devices that are being checked."""
        return set(self._going_on)

    async def check(
        self, device_id: str, level: Level, print_on: str = ""
    ) -> AsyncGenerator[StepNews | Report, None]:
        """Check a device. Raises DeviceUnknown, DeviceBusy; closed early, it is abandoned.

        `print_on` is the printer for what a scanner is to read; empty: the caller shows it.
        """
        shot = self._devices.device(device_id)
        if device_id in self._going_on:
            sentence = "Another check of this device is going on."
            raise errors.DeviceBusy(sentence, device_id=device_id)
        check = self._going_on[device_id] = _Check(device_id, print_on)
        ended: list[StepNews] = []
        is_over = False
        try:
            with self._scans_of(check, shot):
                for step in _steps(shot, level, self, print_on):
                    yield self._begin(check, step)
                    try:
                        result, evidence = await step.do(check)
                    except errors.Refused as refusal:  # the till takes no more jobs just now
                        result, evidence = Result.FAILED, refusal.reason
                    news = StepNews(check.check_id, check.number, step.name, result, evidence)
                    ended.append(news)
                    yield news
            passed = all(step.state is not Result.FAILED for step in ended)
            fact = _fact(check, level, "passed" if passed else "failed", ended)
            is_over = True
            seq = self._till.note([fact])
            await self._till.caught_up()
            log.info("device_checked", device=device_id, depth=level.value, outcome=fact.result)
            yield Report(check.check_id, passed, tuple(ended), seq)
        finally:
            del self._going_on[device_id]
            if not is_over:
                with contextlib.suppress(Overloaded, StorageError):
                    self._till.note([_fact(check, level, "abandoned", ended)])

    def answer(self, check_id: str, number: int, answer: Answer) -> None:
        """Take what a person says of the step that is waited for. Raises HealthCheckNotFound."""
        for check in self._going_on.values():
            is_it = check.check_id == check_id and check.number == number
            takes = check.begins is Result.ASKING or (
                check.begins is Result.WAITING and answer is Answer.SKIP
            )
            if is_it and takes:
                check.answer = check.answer or answer
                check.answered.set()
                return
        sentence = "No such step of a check waits for this answer."
        raise errors.HealthCheckNotFound(sentence, check_id=check_id, number=number)

    def _begin(self, check: _Check, step: _Step) -> StepNews:
        check.number += 1
        check.begins, check.answer = step.begins, None
        check.answered.clear()
        waits = step.begins in (Result.WAITING, Result.ASKING)
        deadline_ms = self._clock.wall_ms() + round(PERSON_S_MAX * 1000) if waits else 0
        return StepNews(
            check.check_id,
            check.number,
            step.name,
            step.begins,
            deadline_ms=deadline_ms,
            code=check.scan.code if step.name == SCAN_CODE else "",
        )

    def _scans_of(self, check: _Check, shot: DeviceSnapshot) -> AbstractContextManager[None]:
        """Look at what a scanner reads as long as it is checked: a person may be quick."""
        if shot.category is not Category.SCANNER:
            return contextlib.nullcontext()

        def look(scan: Scan) -> bool:
            check.scan, is_for_check = looked_at(check.scan, scan)
            return is_for_check

        return self._scans.looked_at(check.device_id, look)

    # --- steps

    async def reachable(self, check: _Check) -> Ended:
        """It answers when it is asked."""
        try:
            await self._devices.ask(check.device_id, deadline_s=ASK_S_MAX)
        except DeviceError as error:
            return Result.FAILED, error.reason
        shot = self._devices.device(check.device_id)
        if shot.presence in (Presence.PRESENT, Presence.REPLACED):
            return Result.PASSED, f"{shot.power.value}, {shot.port}"
        return Result.FAILED, f"{shot.presence.value}, {shot.port}"

    async def conditions(self, check: _Check) -> Ended:
        """Nothing is wrong with it."""
        found = self._devices.device(check.device_id).conditions
        told = ", ".join(f"{each.code.upper()} ({each.evidence})" for each in found)
        is_bad = any(each.severity is Severity.ERROR for each in found)
        return (Result.FAILED if is_bad else Result.PASSED), told

    async def identity(self, check: _Check) -> Ended:
        """It is the one that is known."""
        shot = self._devices.device(check.device_id)
        if shot.presence is Presence.REPLACED:
            return Result.FAILED, f"{shot.identity} is not the one that is known"
        if not (shot.identity.model or shot.identity.serial):
            return Result.SKIPPED, "it does not say"
        return Result.PASSED, str(shot.identity)

    async def print_page(self, check: _Check) -> Ended:
        """A test page comes out."""
        if not await self._until(lambda: self._may_work(check.device_id), SETTLE_S_MAX):
            return Result.SKIPPED, "not while it is out of order"
        shot = self._devices.device(check.device_id)
        assert isinstance(shot.capabilities, PrinterCapabilities), "a printer has a printer's"
        counts, _ = self._care.statistics(check.device_id)
        now = self._local_time(self._clock.wall_ms())
        facts = [("device", check.device_id), ("driver", shot.driver), ("port", shot.port)]
        facts += [("identity", str(shot.identity)), ("time", now), ("check", check.check_id[:8])]
        document = test_page(
            shot.capabilities.paper,
            facts=facts,
            counts=counts,
            can_print=lambda some: not self._devices.check(check.device_id, some),
        )
        return await self._print(check, check.device_id, document)

    async def _print(self, check: _Check, printer: str, document: PrintDocument) -> Ended:
        job_id = f"check/{check.check_id}/{check.number}"
        command = cmd.SubmitJob(
            job_id=job_id, printer=printer, document=document, ttl_s=round(DEED_S_MAX)
        )
        await self._till.handle(command, _request(), lambda outcome: outcome)
        await self._until(lambda: self._till.job(job_id).state not in LIVE_JOB, DEED_S_MAX)
        job = self._till.job(job_id)
        is_well = job.state is JobState.CONFIRMED or job.reason == "PROCESSED_ONLY"
        evidence = f"{job.state.value.upper()} ({job.reason})"
        return (Result.PASSED if is_well else Result.FAILED), evidence

    async def kick(self, check: _Check) -> Ended:
        """One pulse opens it."""
        if not await self._until(lambda: self._may_work(check.device_id), SETTLE_S_MAX):
            return Result.SKIPPED, "not while it is out of order"
        kick_id = f"check/{check.check_id}/{check.number}"
        command = cmd.OpenDrawer(
            kick_id=kick_id, drawer=check.device_id, reason=KickReason.TEST, note=""
        )
        await self._till.handle(command, _request(), lambda outcome: outcome)

        def is_over() -> bool:
            kick = self._till.kick(kick_id)
            return kick is not None and kick.state not in LIVE_KICK

        await self._until(is_over, DEED_S_MAX)
        kick = self._till.kick(kick_id)
        if kick is None or kick.state is not KickState.FIRED:
            return Result.FAILED, "it did not end in time" if kick is None else kick.failure
        return Result.PASSED, "its switch saw it open" if kick.verified else "the pulse went out"

    async def wait_cover_open(self, check: _Check) -> Ended:
        """A person opens the cover, and the printer notices."""
        return await self._wait_for(check, lambda: self._cover(check.device_id) is True)

    async def wait_cover_shut(self, check: _Check) -> Ended:
        """A person shuts it again."""
        return await self._wait_for(check, lambda: self._cover(check.device_id) is False)

    async def switch(self, check: _Check) -> Ended:
        """Its switch says something, and the till knows what that means."""
        shot = self._devices.device(check.device_id)
        status, known = shot.status, shot.capabilities
        assert isinstance(status, DrawerStatus), "a drawer has a drawer's status"
        assert isinstance(known, DrawerCapabilities), "and a drawer's capabilities"
        if status.switch_high.how is not How.MEASURED:
            return Result.FAILED, f"its level is {status.switch_high.how.value}"
        if not known.polarity_known:
            return Result.FAILED, "nobody has learnt what its level means: calibrate the drawer"
        return Result.PASSED, "open" if status.open.value else "shut"

    async def scanner_line(self, check: _Check) -> Ended:
        """Its line is open."""
        return _ended(scanner_check.line_of(self._devices.device(check.device_id)))

    async def pull_trigger(self, check: _Check) -> Ended:
        """It takes the command that pulls its trigger."""
        shot = self._devices.device(check.device_id)
        return _ended(await scanner_check.trigger(self._scans, shot))

    async def print_code(self, check: _Check) -> Ended:
        """The code that is to be scanned comes out of a printer."""
        page = code_page(check.scan.code, check.device_id)
        return await self._print(check, check.print_on, page)

    async def wait_scan(self, check: _Check) -> Ended:
        """A person scans that code, and the scanner reads it."""
        await self._until(lambda: bool(check.scan.well) or check.answered.is_set(), PERSON_S_MAX)
        if check.scan.well:
            return Result.PASSED, check.scan.well
        if check.answered.is_set():
            return Result.SKIPPED, "left out"
        return Result.FAILED, check.scan.failure

    async def wait_drawer_shut(self, check: _Check) -> Ended:
        """A person shuts the drawer, and its switch notices."""

        def is_shut() -> bool:
            status = self._devices.device(check.device_id).status
            return isinstance(status, DrawerStatus) and status.open.known(value=False)

        return await self._wait_for(check, is_shut)

    async def person_sees(self, check: _Check) -> Ended:
        """Only a person can see it."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(check.answered.wait(), PERSON_S_MAX)
        match check.answer:
            case Answer.YES:
                return Result.PASSED, "a person says so"
            case Answer.NO:
                return Result.FAILED, "a person says no"
            case Answer.SKIP:
                return Result.SKIPPED, "left out"
            case None:
                return Result.FAILED, "nobody answered in time"

    def _may_work(self, device_id: str) -> bool:
        shot = self._devices.device(device_id)
        is_there = shot.presence in (Presence.PRESENT, Presence.REPLACED)
        return is_there and all(each.severity is not Severity.ERROR for each in shot.conditions)

    def _cover(self, device_id: str) -> bool | None:
        status = self._devices.device(device_id).status
        if isinstance(status, PrinterStatus) and status.cover_open.how is How.MEASURED:
            return status.cover_open.value
        return None

    async def _wait_for(self, check: _Check, holds: Callable[[], bool]) -> Ended:
        came = await self._until(lambda: holds() or check.answered.is_set(), PERSON_S_MAX)
        if check.answered.is_set():
            return Result.SKIPPED, "left out"
        return (Result.PASSED, "the device says so") if came else (Result.FAILED, "not noticed")

    async def _until(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        end_s = asyncio.get_running_loop().time() + timeout_s
        while not holds():
            if asyncio.get_running_loop().time() >= end_s:
                return False
            await asyncio.sleep(LOOK_EVERY_S)
        return True


def _ended(said: scanner_check.Said) -> Ended:
    result = {True: Result.PASSED, False: Result.FAILED, None: Result.SKIPPED}[said.well]
    return result, said.evidence


def _steps(shot: DeviceSnapshot, level: Level, do: HealthChecks, print_on: str) -> list[_Step]:
    """The steps of a category. A sensor that this device has not got is not asked for."""
    run, wait, ask = Result.RUNNING, Result.WAITING, Result.ASKING
    steps = [_Step("reachable", run, do.reachable), _Step("conditions", run, do.conditions)]
    is_interactive = level is Level.INTERACTIVE
    match shot.category:
        case Category.POS_PRINTER:
            assert isinstance(shot.status, PrinterStatus), "a printer has a printer's status"
            steps.append(_Step("identity", run, do.identity))
            if is_interactive and shot.status.cover_open.how is not How.UNSUPPORTED:
                steps.append(_Step("open_cover", wait, do.wait_cover_open))
                steps.append(_Step("close_cover", wait, do.wait_cover_shut))
            if level is not Level.INTERNAL:
                steps.append(_Step("test_page", run, do.print_page))
            if is_interactive:
                steps.append(_Step("page_is_right", ask, do.person_sees))
        case Category.CASH_DRAWER:
            assert isinstance(shot.status, DrawerStatus), "a drawer has a drawer's status"
            has_switch = shot.status.open.how is not How.UNSUPPORTED
            if has_switch:
                steps.append(_Step("switch", run, do.switch))
            if is_interactive and has_switch:
                steps.append(_Step("shut_drawer", wait, do.wait_drawer_shut))
            if level is not Level.INTERNAL:
                steps.append(_Step("open_drawer", run, do.kick))
            if is_interactive:
                steps.append(_Step("drawer_is_open", ask, do.person_sees))
                if has_switch:
                    steps.append(_Step("shut_drawer", wait, do.wait_drawer_shut))
        case Category.SCANNER:
            steps.append(_Step("line", run, do.scanner_line))
            if level is not Level.INTERNAL:
                steps.append(_Step("trigger", run, do.pull_trigger))
            if is_interactive:
                if print_on:
                    steps.append(_Step("print_code", run, do.print_code))
                steps.append(_Step(SCAN_CODE, wait, do.wait_scan))
    return steps


def _request() -> Request:
    return Request("CheckHealth", str(uuid.uuid4()), b"")


def _fact(check: _Check, level: Level, result: str, ended: list[StepNews]) -> ev.HealthChecked:
    return ev.HealthChecked(
        device_id=check.device_id,
        check_id=check.check_id,
        level=level.value,
        result=result,
        steps=tuple(
            HealthStep(name=step.name, result=step.state.value, evidence=step.evidence)
            for step in ended
        ),
    )

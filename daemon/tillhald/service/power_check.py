"""Preflight: what a trustworthy shutdown lacks. Drill: all of a shutdown but the cut."""

from __future__ import annotations

import enum
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import structlog

from tillhald.domain import events as ev
from tillhald.domain.errors import SelfTestNotNow
from tillhald.domain.outages import LOAD_PERCENT_WANTED_MAX, OVERDUE_DAYS, is_due
from tillhald.domain.sale import UNDER_WAY
from tillhald.domain.supply import SEVERITY, Lack, SelfTestKind, SelfTestResult, Supply
from tillhald.domain.ups import Master
from tillhald.journal.errors import Overloaded, StorageError
from tillhald.service.going_dark import (
    CUT_AND_RETURN,
    CUT_DELAY,
    RETURN_DELAY,
    has_hook,
    seconds_told,
)
from tillhald.service.self_tests import COMMANDS
from tillhald.service.settlement import SETTLE_S, SettleStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tillhald.domain.power_sample import UpsSample
    from tillhald.service.power import Power
    from tillhald.service.till import Till
    from tillhald.service.work import Work

log = structlog.get_logger(__name__)

LOGIND_DEFAULT_S = 5
LOGIND_LINES_MAX = 10_000
_INHIBIT = re.compile(r"\s*InhibitDelayMaxSec\s*=\s*(\d{1,6})\s*(s|sec|seconds|min|m)?\s*")


class Missing(enum.StrEnum):
    """What a trustworthy shutdown lacks, as codes that stay."""

    NO_UPS = "no_ups"
    UPS_SILENT = "ups_silent"
    NO_FEED = "no_feed"
    RETURN_MISSING = "return_missing"
    TEST_MISSING = "test_missing"
    RIGHTS_UNPROVEN = "rights_unproven"
    CUT_DELAY_UNKNOWN = "cut_delay_unknown"
    CUT_DELAY_SHORT = "cut_delay_short"
    RETURN_DELAY_SHORT = "return_delay_short"
    RUNTIME_UNKNOWN = "runtime_unknown"
    RUNTIME_SHORT = "runtime_short"
    LOAD_HIGH = "load_high"
    POWEROFF_MISSING = "poweroff_missing"
    INHIBIT_DELAY_SHORT = "inhibit_delay_short"
    SHUTDOWNS_NOT_HELD = "shutdowns_not_held"
    HOOK_MISSING = "hook_missing"
    LATCH_MISSING = "latch_missing"
    FSD_STANDS = "fsd_stands"
    SECOND_MASTER = "second_master"
    SELF_TEST_OVERDUE = "self_test_overdue"
    BATTERY_UNRECORDED = "battery_unrecorded"
    SETTLED_TOO_SLOWLY = "settled_too_slowly"


WHAT_TO_DO: dict[Missing, str] = {
    Missing.NO_UPS: "Configure a UPS: a device with a driver for power supplies.",
    Missing.UPS_SILENT: "Make the UPS answer: cable, NUT's driver, upsd, its address.",
    Missing.NO_FEED: "Name the UPSes that the till hangs on in power.feeds.",
    Missing.RETURN_MISSING: "Use a driver or a UPS that has shutdown.return; without it a till "
    "that was shut down does not come back by itself.",
    Missing.TEST_MISSING: "Use a driver or a UPS that has self-tests, or test by hand.",
    Missing.RIGHTS_UNPROVEN: "Run a self-test once: it proves that upsd lets the till give "
    "commands (instcmds in upsd.users).",
    Missing.CUT_DELAY_UNKNOWN: "Find out after how many seconds the UPS cuts, and note it.",
    Missing.CUT_DELAY_SHORT: "Set ups.delay.shutdown (offdelay) above power.shutdown_need_s: "
    "the UPS would cut while the host is going down.",
    Missing.RETURN_DELAY_SHORT: "Set ups.delay.start (ondelay) above ups.delay.shutdown.",
    Missing.RUNTIME_UNKNOWN: "The UPS tells no runtime: calibrate it, or set runtimecal.",
    Missing.RUNTIME_SHORT: "The battery does not carry the till through a sale and a shutdown at "
    "this load: unplug what is not the till's, or get a larger one.",
    Missing.LOAD_HIGH: "The UPS carries more than 80 % of its load: unplug, or get a larger one.",
    Missing.POWEROFF_MISSING: "Set power.poweroff_command to a program of this machine.",
    Missing.INHIBIT_DELAY_SHORT: "Set InhibitDelayMaxSec in logind.conf.d to the seconds that the "
    "till needs to settle.",
    Missing.SHUTDOWNS_NOT_HELD: "Set power.hold_shutdowns, and let the daemon's user take delay "
    "inhibitors of logind (polkit).",
    Missing.HOOK_MISSING: "Install the hook that tells the UPS to cut late in the shutdown.",
    Missing.LATCH_MISSING: "Set power.latch_file to /run/tillhal/cut-and-return, where the hook "
    "looks for it.",
    Missing.FSD_STANDS: "Restart upsd (systemctl restart nut-server): only that takes it back.",
    Missing.SECOND_MASTER: "Switch UPower off (systemctl mask upower): there must not be two who "
    "shut the host down.",
    Missing.SELF_TEST_OVERDUE: "Run the self-test that is overdue.",
    Missing.BATTERY_UNRECORDED: "Record when the battery was fitted.",
    Missing.SETTLED_TOO_SLOWLY: "Settling took longer than power.shutdown_need_s allows for.",
}


class Finding(NamedTuple):
    """Something that is missing. `ups` is empty where it is about the host or the till."""

    code: Missing
    ups: str
    message: str

    @property
    def advice(self) -> str:
        """What to do about it."""
        return WHAT_TO_DO[self.code]


class Drilled(msgspec.Struct, frozen=True, kw_only=True):
    """How a drill went."""

    took_ms: int
    needed_s: int
    findings: tuple[Finding, ...]


class DrillStep(NamedTuple):
    """Where it stands; with the last one, what came of it."""

    phase: str
    message: str
    result: Drilled | None = None


class PowerCheck:
    """Looks, and changes nothing; the drill settles, but puts no sale aside and cuts nothing."""

    def __init__(
        self, till: Till, power: Power, work: Work[DrillStep], *, root: Path = Path("/")
    ) -> None:
        """`root` is where the host's own files are looked for."""
        self._till = till
        self._power = power
        self._root = root
        self.work = work

    async def preflight(self, at_ms: int) -> list[Finding]:
        """All that is missing, the UPSes first. `at_ms` is the wall clock."""
        found: list[Finding] = []
        if not self._power.upses:
            return [Finding(Missing.NO_UPS, "", "No UPS is configured.")]
        rules = self._power.settings.rules
        if not rules.feeds:
            found.append(Finding(Missing.NO_FEED, "", "No UPS is said to feed the till."))
        for name in self._power.upses:
            found += await self._ups(name, at_ms)
        if rules.master is Master.TILL:
            found += self._host()
        return found

    async def _ups(self, name: str, at_ms: int) -> list[Finding]:
        source, ups = self._power.source(name), self._power.state.of(name)
        sample = ups.sample if ups else None
        if source is None or ups is None or sample is None or ups.supply in _SILENT:
            return [Finding(Missing.UPS_SILENT, name, "Nothing is heard of it.")]
        found: list[Finding] = []
        commands = await source.commands(name)
        is_feed = name in self._power.settings.rules.feeds
        if is_feed and "FSD" in sample.flags:
            message = "It still announces a shutdown that is over: the next word of a battery, "
            message += "however short, will shut the till down."
            found.append(Finding(Missing.FSD_STANDS, name, message))
        if is_feed and CUT_AND_RETURN not in commands:
            found.append(Finding(Missing.RETURN_MISSING, name, f"It has no {CUT_AND_RETURN}."))
        if not set(COMMANDS.values()) & set(commands):
            found.append(Finding(Missing.TEST_MISSING, name, "It has no self-test."))
        if is_feed:
            found += self._delays(name)
        found += self._carries(name, sample)
        book = self._till.state.power
        told = (SelfTestResult.PASSED, SelfTestResult.FAILED)
        if not any(test.ups == name and test.result in told for test in book.tests):
            message = "It has never obeyed a command of this till."
            found.append(Finding(Missing.RIGHTS_UNPROVEN, name, message))
        found += [
            Finding(Missing.SELF_TEST_OVERDUE, name, f"The {kind.value} test is overdue.")
            for kind in SelfTestKind
            if is_due(book, name, kind, at_ms, grace_days=OVERDUE_DAYS)
        ]
        if book.battery(name) is None:
            message = "Nobody recorded when its battery was fitted."
            found.append(Finding(Missing.BATTERY_UNRECORDED, name, message))
        return found

    def _delays(self, name: str) -> Iterator[Finding]:
        need_s = self._power.settings.rules.shutdown_need_s
        source = self._power.source(name)
        cut_s = seconds_told(source, name, CUT_DELAY)
        back_s = seconds_told(source, name, RETURN_DELAY)
        # Where the hook tells the UPS, the host is down already.
        has_late_cut = self._power.settings.latch.is_there and has_hook(self._root)
        if cut_s is None:
            if not has_late_cut:
                message = f"It does not tell after how long it cuts ({CUT_DELAY})."
                yield Finding(Missing.CUT_DELAY_UNKNOWN, name, message)
            return
        if cut_s < need_s and not has_late_cut:
            message = f"It cuts after {cut_s} s; the till and its host need {need_s} s."
            yield Finding(Missing.CUT_DELAY_SHORT, name, message)
        if back_s is not None and back_s <= cut_s:
            message = f"It returns after {back_s} s, and cuts after {cut_s} s."
            yield Finding(Missing.RETURN_DELAY_SHORT, name, message)

    def _carries(self, name: str, sample: UpsSample) -> Iterator[Finding]:
        """Load versus need, with everything on that is on now."""
        rules = self._power.settings.rules
        need_s = rules.runtime_low_s + rules.finish_sale_s
        if sample.runtime_s is None:
            yield Finding(Missing.RUNTIME_UNKNOWN, name, "It does not tell how long it lasts.")
        elif sample.runtime_s < need_s:
            message = f"It lasts {sample.runtime_s} s; {need_s} s are needed."
            yield Finding(Missing.RUNTIME_SHORT, name, message)
        if sample.load_percent is not None and sample.load_percent > LOAD_PERCENT_WANTED_MAX:
            yield Finding(Missing.LOAD_HIGH, name, f"Its load is {sample.load_percent:.0f} %.")

    def _host(self) -> Iterator[Finding]:
        command = self._power.settings.poweroff_command
        if not command or shutil.which(command[0]) is None:
            what = f"{command[0]} is not there." if command else "No command is configured."
            yield Finding(Missing.POWEROFF_MISSING, "", what)
        delay_s = self._inhibit_s()
        if delay_s < SETTLE_S:
            message = f"logind waits {delay_s} s for who holds a shutdown up; {SETTLE_S:.0f} s are"
            yield Finding(Missing.INHIBIT_DELAY_SHORT, "", f"{message} needed.")
        inhibitor = self._power.inhibitor
        if inhibitor is None or not inhibitor.is_held:
            message = "logind does not wait for the till when somebody shuts the host down."
            yield Finding(Missing.SHUTDOWNS_NOT_HELD, "", message)
        if _is_enabled(self._root, "upower.service"):
            message = "UPower is on this host, and shuts it down by thresholds of its own."
            yield Finding(Missing.SECOND_MASTER, "", message)
        if not has_hook(self._root):
            message = "The hook in systemd's system-shutdown folder is not there."
            yield Finding(Missing.HOOK_MISSING, "", message)
        elif not self._power.settings.latch.is_there:
            message = "The hook is there, and nothing tells it what to cut."
            yield Finding(Missing.LATCH_MISSING, "", message)

    def _inhibit_s(self) -> int:
        """As systemd reads it: logind.conf, then the drop-ins by name; the last one counts."""
        etc = self._root / "etc/systemd"
        drop_ins = [
            *_files(self._root / "usr/lib/systemd/logind.conf.d"),
            *_files(etc / "logind.conf.d"),
        ]
        found_s = LOGIND_DEFAULT_S
        for path in (etc / "logind.conf", *sorted(drop_ins, key=lambda path: path.name)):
            try:
                lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            except OSError:
                continue
            for line in lines[:LOGIND_LINES_MAX]:
                if match := _INHIBIT.fullmatch(line):
                    is_minutes = (match[2] or "s").startswith("m")
                    found_s = int(match[1]) * (60 if is_minutes else 1)
        return found_s

    # --- the drill

    def begin_drill(self, at_ms: int) -> None:
        """Begin one unless one runs. Raises SelfTestNotNow on battery, and while a sale is under
        way."""
        if self.work.is_running:
            return
        supply = self._till.state.power.supply
        if SEVERITY[supply] >= SEVERITY[Supply.ON_BATTERY]:
            sentence = "This is no drill: the mains are gone."
            raise SelfTestNotNow(sentence, why=f"the power is {supply.value}")
        sales = self._till.state.sales.values()
        if any(sale.state in UNDER_WAY for sale in sales):
            sentence = "A drill needs a till without a sale under way."
            raise SelfTestNotNow(sentence, why="a sale is open")
        self.work.begin(self._drill(at_ms))

    async def _drill(self, at_ms: int) -> None:
        need_s = self._power.settings.rules.shutdown_need_s
        began_s = time.monotonic()
        found: list[Finding] = []
        try:
            self.work.tell(DrillStep("preflight", "Looking for what is missing."))
            found = await self.preflight(at_ms)
            began_s = time.monotonic()
            await self._power.settlement.bring_to_rest(SETTLE_S, self._tell, rehearsal=True)
            self.work.tell(DrillStep("power_off", "Here the host would be powered off."))
            self.work.tell(DrillStep("cut", "Here the UPS would be told to cut and return."))
        except Exception as error:
            log.error("power_drill_failed", exc_info=error)
        took_ms = round((time.monotonic() - began_s) * 1000)
        if took_ms > need_s * 1000:
            message = f"Settling took {took_ms // 1000} s of {need_s} s."
            found.append(Finding(Missing.SETTLED_TOO_SLOWLY, "", message))
        result = Drilled(took_ms=took_ms, needed_s=need_s, findings=tuple(found))
        log.info("power_drill_ended", took_ms=took_ms, missing=len(found))
        lacks = tuple(Lack(code=finding.code.name, ups=finding.ups) for finding in found)
        ended = ev.DrillEnded(took_ms=took_ms, needed_s=need_s, lacks=lacks)
        try:
            await self._till.record([ended])
        except (Overloaded, StorageError) as error:
            log.error("power_fact_not_recorded", why=str(error))
        self.work.tell(DrillStep("done", "The drill is over; nothing was cut.", result))

    def _tell(self, step: SettleStep) -> None:
        self.work.tell(DrillStep(step.phase.value, step.message))


_SILENT = frozenset({Supply.INIT, Supply.COMM_LOST, Supply.COMM_LOST_ON_BATTERY})


def _is_enabled(root: Path, unit: str) -> bool:
    """Whether the host has this unit, and has not masked it."""
    mask = root / "etc/systemd/system" / unit
    is_masked = mask.is_symlink() and str(mask.readlink()) == "/dev/null"
    folders = ("usr/lib/systemd/system", "lib/systemd/system")
    return not is_masked and any((root / folder / unit).is_file() for folder in folders)


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_file())
    except OSError:
        return []

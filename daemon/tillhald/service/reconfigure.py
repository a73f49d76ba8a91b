"""Another configuration while the till runs: checked whole, recorded, then taken up.

Devices come, change and go, and the receipt's table is taken up. What else differs in the file
waits for the next start, and is named; UPSes, too, whose rules remember how the power stands.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog
from msgspec.structs import replace

from tillhald.config import ConfigMistakes, parse_devices
from tillhald.devices.categories import Category, Trouble
from tillhald.devices.finding import load_drivers
from tillhald.devices.specs import PowerDriver
from tillhald.devices.stations import Change, build, forget
from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain import events as ev

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tillhald.config import Config
    from tillhald.devices.registry import DeviceRegistry
    from tillhald.devices.unit import DeviceConfig
    from tillhald.service.device_care import DeviceCare
    from tillhald.service.devices import DeviceNews
    from tillhald.service.effects import Effects
    from tillhald.service.health import HealthChecks
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)

DEEDS_END_S_MAX: Final = 25.0
"""How long a job that is under way may take; it has a limit of its own below this."""
AT_A_START: Final = (
    "listen",
    "journal",
    "shop",
    "shift",
    "scan",
    "documents",
    "log",
    "power",
    "recovery",
    "access",
    "tls",
    "backup",
    "versions",
)


class Plan(NamedTuple):
    """What a configuration would do. `config` is what will hold then."""

    config: Config
    change: Change
    receipt: bool
    needs_restart: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether it does anything."""
        return self.receipt or bool(self.change)


class Reconfiguration:
    """Everything runs on the event loop; one change at a time."""

    def __init__(
        self,
        config: Config,
        *,
        reread: Callable[[], Config] | None,
        till: Till,
        devices: DeviceRegistry,
        effects: Effects,
        news: DeviceNews,
        care: DeviceCare,
        health: HealthChecks,
    ) -> None:
        """`reread` reads the daemon's file; None where it was started without one."""
        self.config = config
        self.lock = asyncio.Lock()
        self._reread = reread or _no_file
        self._till = till
        self._devices = devices
        self._effects = effects
        self._news = news
        self._care = care
        self._health = health

    def plan(self, tables_toml: str = "") -> Plan:
        """Check the file, or these tables in its place. Raises ConfigInvalid; changes nothing."""
        now = self.config
        try:
            read = parse_devices(tables_toml, now) if tables_toml else self._reread()
            upses_now, upses_read = _upses(now.devices), _upses(read.devices)
            devices = {name: it for name, it in read.devices.items() if name not in upses_read}
            devices |= upses_now
            config = replace(now, devices=devices, left_out=read.left_out, receipt=read.receipt)
            forget(build(config.devices, load_drivers()))
        except ConfigMistakes as wrong:
            raise errors.ConfigInvalid([_placed(each) for each in wrong.mistakes]) from None
        except ValueError as error:  # a driver's own files: a font that is not there
            raise errors.ConfigInvalid([_placed(str(error))]) from None
        differing = [name for name in AT_A_START if getattr(read, name) != getattr(now, name)]
        differing += [
            f"devices.{name}"
            for name in {**upses_now, **upses_read}
            if upses_now.get(name) != upses_read.get(name)
        ]
        return Plan(
            config,
            self._devices.change_to(config.devices),
            config.receipt != now.receipt,
            tuple(differing),
        )

    async def commit(
        self, plan: Plan, record: Callable[[cmd.Reconfigure], Awaitable[None]]
    ) -> None:
        """Take the plan up, with `lock` held. `record` returns once the command is durable.

        Raises DeviceBusy and what `record` raises; then nothing has changed. Must not be cancelled:
        what is recorded is taken up.
        """
        change = plan.change
        new = build(plan.config.devices, load_drivers())
        touched = self._devices.touched_by(change, new)
        try:
            await self._come_to_rest(touched)
            await record(
                cmd.Reconfigure(
                    added=change.added,
                    changed=change.changed,
                    removed=change.removed,
                    receipt=plan.receipt,
                )
            )
        except BaseException:
            forget(new)
            self._effects.resume()
            raise
        gone = [name for name in change.removed if self._is_printer(name)]
        try:
            drawers = self._till.state.drawers
            stuck = await self._devices.reconfigure(plan.config.devices, new, touched, drawers)
            if stuck:
                log.warning("devices_did_not_let_go", devices=stuck)
            self.config = plan.config
            self._till.rules = plan.config.rules()
            self._effects.lay_out_by(plan.config.layout())
        finally:
            self._effects.resume()
        self._care.look_again()
        self._news.reconfigured(touched)
        for printer in gone:
            await self._effects.hold_for(printer, Trouble.PRINTER_REMOVED)
        log.info(
            "devices_reconfigured",
            added=list(change.added),
            changed=list(change.changed),
            removed=list(change.removed),
        )

    async def _come_to_rest(self, touched: set[str]) -> None:
        if busy := touched & self._health.checked_now:
            sentence = f"A check of {', '.join(sorted(busy))} is going on."
            raise errors.DeviceBusy(sentence, device_id=min(busy))
        if not await self._effects.pause(touched, DEEDS_END_S_MAX):
            sentence = "A job or kick that is under way did not end in time."
            raise errors.DeviceBusy(sentence, devices=", ".join(sorted(touched)))

    def _is_printer(self, name: str) -> bool:
        return self._devices.device(name).category is Category.POS_PRINTER

    async def read_again(self) -> None:
        """For SIGHUP: take up the file, or say in the log why not."""
        async with self.lock:
            try:
                plan = self.plan()
                if plan:
                    await self.commit(plan, self._record)
            except errors.ConfigInvalid as wrong:
                sentences = [f"{where}: {what}" for where, what in wrong.violations]
                log.warning("configuration_refused", why="; ".join(sentences))
            except errors.Refused as refusal:
                log.warning("configuration_refused", why=refusal.sentence)
            else:
                if plan.needs_restart:
                    log.warning("configuration_needs_restart", tables=list(plan.needs_restart))

    async def _record(self, command: cmd.Reconfigure) -> None:
        await self._till.record(
            [
                ev.DevicesReconfigured(
                    added=command.added,
                    changed=command.changed,
                    removed=command.removed,
                    receipt=command.receipt,
                )
            ]
        )


def _upses(devices: Mapping[str, DeviceConfig]) -> dict[str, DeviceConfig]:
    drivers = load_drivers()
    return {
        name: each
        for name, each in devices.items()
        if isinstance(drivers.get(each.driver), PowerDriver)
    }


def _no_file() -> Config:
    raise ConfigMistakes(["the daemon was started without a configuration file"])


def _placed(mistake: str) -> tuple[str, str]:
    """A mistake's path and its sentence; one that begins with no path is of the whole file."""
    where, colon, sentence = mistake.partition(": ")
    return (where, sentence) if colon and " " not in where else ("", mistake)

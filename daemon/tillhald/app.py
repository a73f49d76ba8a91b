"""Builds everything once, in order, and takes it down in the opposite order."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
import zoneinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from tillhal.v1 import system_pb2
from tillhald import VERSION
from tillhald.data_parts import of_data
from tillhald.devices.finding import load_drivers
from tillhald.devices.registry import DeviceRegistry
from tillhald.domain.startup import startup_facts
from tillhald.journal.probing import takes_writes
from tillhald.journal.writer import JournalWriter
from tillhald.outside import bound, diagnostics_of, progress, sentence, serve_metrics
from tillhald.parts import Parts, hang
from tillhald.rpc.door import Door
from tillhald.rpc.recovery import recovery_report
from tillhald.rpc.server import Servers
from tillhald.rpc.system import Boot
from tillhald.rpc.version_gate import VersionGate
from tillhald.service import probation
from tillhald.service.access import AccessDesk
from tillhald.service.bring_back import BringBack
from tillhald.service.caller import NOBODYS
from tillhald.service.claims import ClaimDesk
from tillhald.service.device_care import DeviceCare
from tillhald.service.devices import DeviceNews
from tillhald.service.effects import Effects
from tillhald.service.first_bytes import FirstBytes
from tillhald.service.health import HealthChecks
from tillhald.service.imports import Imports
from tillhald.service.opening import open_for_shop
from tillhald.service.patience import comes_within
from tillhald.service.pins import PinHasher
from tillhald.service.power_station import PowerStation, power_sources
from tillhald.service.reconfigure import Reconfiguration
from tillhald.service.scans import RepeatRule, Scans
from tillhald.service.storage_news import StorageNews
from tillhald.service.supervisor import Supervisor, keep_telling
from tillhald.service.switching import Switching
from tillhald.service.tail import Tail
from tillhald.service.tidying import no_more_needed, tidy
from tillhald.service.till import Clock, Till
from tillhald.service.times import Times, wall_ms
from tillhald.service.verification import Verification

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tillhald.config import Config
    from tillhald.devices.power_supply import PowerSource
    from tillhald.domain.state import TillState
    from tillhald.home import Home
    from tillhald.journal.recovery import Opened
    from tillhald.journal.recovery import RecoveryReport as JournalReport
    from tillhald.journal.store import Store

log = structlog.get_logger(__name__)

LAST_OUTCOME_S_MAX = 0.5
STOP_GRACE_S = 0.5
"""What calls in flight get at the end; a commit takes a hundredth of it."""
PROBE_EVERY_S = 5.0
PROBE_S_MAX = 30.0
WRITER_CLOSE_S_MAX = 10.0
"""A sync takes a millisecond here, and a second on a worn-out flash card."""


class App:
    """The whole daemon. `run` until `stop` is called."""

    def __init__(
        self,
        config: Config,
        *,
        started_s: float,
        reread: Callable[[], Config] | None = None,
        sources: Sequence[PowerSource] | None = None,
        supervisor: Supervisor | None = None,
        file: Path | None = None,
        home: Home | None = None,
    ) -> None:
        """`started_s` is the monotonic time at which the process began; `file` is what the
        configuration was read from; `home` is where a launcher started this daemon from.

        `reread` reads the configuration anew; None where there is no file. `sources` stand for the
        UPSes that are configured. `supervisor` is told how the daemon is.
        """
        self._config = config
        self._supervisor = supervisor or Supervisor()
        self._sources = sources
        self._file = file
        self._home = home
        self._reread = reread
        self._reread_wanted = asyncio.Event()
        self._started_s = started_s
        self._started_ms = wall_ms()
        self._stop = asyncio.Event()
        self.storage_failure: BaseException | None = None
        self.wants_restart = False

    def stop(self) -> None:
        """Ask the daemon to end in order. For a signal handler of the loop."""
        self._stop.set()

    def restart(self) -> None:
        """Ask the daemon to end in order, and its launcher to decide anew what to start."""
        log.info("till_restarting")
        self.wants_restart = True
        self._stop.set()

    def read_again(self) -> None:
        """Take up the configuration's file as it is now. For a signal handler of the loop."""
        self._reread_wanted.set()

    async def run(self, on_ready: Callable[[Servers], None]) -> None:
        """Come up, serve, go down.

        Raises StorageError, AnotherTill, OSError or ValueError where it cannot come up.
        """
        # Blocking is right here: nobody is served before the journal is known to be sound.
        if self._home is not None:
            probation.check_data(self._home, self._config)
        on_trial = self._home is not None and bool(self._home.trial)
        opened, state = open_for_shop(self._config, now_ms=wall_ms(), on_trial=on_trial)
        store = opened.store
        try:
            if self._home is not None:
                probation.check(self._home, store, state, self._config)
        except BaseException:
            store.close()
            raise
        await self._live(opened, state, on_ready)

    async def _live(
        self, opened: Opened, state: TillState, on_ready: Callable[[Servers], None]
    ) -> None:
        store, spill, report = opened
        loop = asyncio.get_running_loop()
        tail = Tail(state.seq)
        station: PowerStation | None = None
        # Filled before the writer can have anything to say: it speaks through the loop.
        news: list[StorageNews] = []
        writer = JournalWriter(
            store,
            spill=spill,
            standby=self._config.places().standby,
            write_failed_ms=state.write_failed_ms or None,
            on_durable=lambda seq: _post(loop, tail.advanced, seq),
            on_health=lambda health: _post(loop, lambda: news[0].heard(health)),
            on_failed=lambda error: _post(loop, self._storage_failed, tail, error),
        )
        try:
            parts = self._build(store, state, tail, writer)
            news.append(parts.storage_news)
            station = parts.station
            recovery, started_seq = self._note_start(parts, report)
            await parts.till.caught_up()
            try:
                await parts.devices.start()
                await self._serve(parts, report, recovery, started_seq, on_ready)
            finally:
                await _let_go(parts.devices)
            if self.storage_failure is None:
                parts.till.note_stop()
        finally:
            # Blocking again: nobody is served any more. Where the disk does not come back, this
            # raises, and LMDB stays open under its writer: to the journal the end of the process
            # is one more power cut, while closing it now could tear a commit.
            try:
                writer.close(WRITER_CLOSE_S_MAX)
                store.close()
            finally:
                if station is not None:
                    await station.go_dark()

    def _build(self, store: Store, state: TillState, tail: Tail, writer: JournalWriter) -> Parts:
        config = self._config
        zone = config.shop.time_zone
        times = Times(zoneinfo.ZoneInfo(zone) if zone else None)
        clock = Clock(wall_ms=wall_ms, today=times.today)
        run = uuid.uuid4().hex
        till = Till(
            state=state,
            rules=config.rules(),
            store=store,
            writer=writer,
            tail=tail,
            clock=clock,
            boot_id=run,
        )
        for name, why in config.left_out.items():
            log.warning("device_left_out", device=name, why=why)
        news = DeviceNews(till, tail)
        devices = DeviceRegistry(
            config.devices, load_drivers(), now_ms=wall_ms, on_event=news.report
        )
        devices.remember(state.drawers, alive_ms=state.clock_max_ms)
        devices.remember_standing({name: each.standing for name, each in state.statistics.items()})
        effects = Effects(
            till=till,
            tail=tail,
            store=store,
            devices=devices,
            layout=config.layout(),
            clock=clock,
            local_time=times.written,
            first_bytes=FirstBytes(Path(f"{config.listen.unix}.first-bytes"), run, store),
        )
        desk = ClaimDesk(till, now_s=time.monotonic)
        care = DeviceCare(till, tail, devices)
        table = config.scan
        scans = Scans(
            till=till,
            claims=desk,
            devices=devices,
            rules=table.rules(config.shop.currency),
            repeats=RepeatRule(table.repeat_ms / 1000, is_dropped=table.repeats == "drop"),
            wall_ms=wall_ms,
            now_s=time.monotonic,
            count=care.count,
        )
        desk.on_change(news.claim_changed)
        news.on_frame(scans.frame_read)
        health = HealthChecks(
            till=till,
            devices=devices,
            care=care,
            scans=scans,
            clock=clock,
            local_time=times.written,
        )
        reconfiguration = Reconfiguration(
            config,
            reread=self._reread,
            till=till,
            devices=devices,
            effects=effects,
            news=news,
            care=care,
            health=health,
        )
        storage_news = StorageNews(till, tail)
        bring_back = BringBack(till, store, config.places())
        storage_news.on_segment(bring_back.look_again)
        news.on_change(effects.device_changed)
        news.on_edge(care.hear)
        news.on_confirmed_late(effects.confirmed_late)
        station = PowerStation(
            config,
            power_sources(config) if self._sources is None else self._sources,
            clock=clock,
            local_time=times.written,
        )
        access = AccessDesk(
            till,
            PinHasher(
                memory_kib=config.access.argon2_memory_kib, passes=config.access.argon2_passes
            ),
            config.access,
            wall_ms=wall_ms,
            now_s=time.monotonic,
            code_file=config.own_file("owner-code"),
        )
        switching = Switching(
            self._home, till=till, effects=effects, devices=devices, restart=self.restart
        )
        return Parts(
            store,
            tail,
            till,
            writer,
            devices,
            news,
            effects,
            storage_news,
            bring_back,
            desk,
            scans,
            care,
            health,
            reconfiguration,
            station,
            times,
            access,
            switching,
            Imports(till, Path(config.journal.folder)),
        )

    def _note_start(
        self, parts: Parts, report: JournalReport
    ) -> tuple[system_pb2.RecoveryReport, int]:
        """Record the start and what it found unfinished; say it in the contract's words."""
        facts = startup_facts(
            parts.till.state,
            version=VERSION,
            clean_shutdown=report.clean_shutdown,
            at_ms=wall_ms(),
            has_ups=parts.station.has_ups,
            never_left=parts.effects.never_left(),
        )
        seq = parts.till.note(facts)
        state = parts.till.state
        found = recovery_report(state, report, self._config.left_out)
        log.info(
            "journal_opened",
            last_seq=report.last_seq,
            clean_shutdown=report.clean_shutdown,
            tail_records=found.tail_records,
            interrupted_sales=len(found.interrupted_sale_ids),
            unconfirmed_jobs=len(found.unconfirmed_job_ids),
        )
        return found, seq

    async def _serve(
        self,
        parts: Parts,
        report: JournalReport,
        recovery: system_pb2.RecoveryReport,
        started_seq: int,
        on_ready: Callable[[Servers], None],
    ) -> None:
        config = self._config
        async with asyncio.TaskGroup() as tasks:
            verification = Verification(
                lambda: (parts.store.engine.folder, parts.store.identity.segment),
                tasks,
                on_fault=parts.writer.distrust,
            )
            parts.storage_news.on_segment(verification.begin)
            boot = Boot(
                version=VERSION,
                started_ms=self._started_ms,
                recovery=recovery,
                started_seq=started_seq,
                simulated=config.simulated,
                home=self._home,
            )
            gate = VersionGate(config.versions.rules, VERSION, wall_ms)
            door = Door(gate, parts.till.refuse_if_quiet)
            diagnostics = diagnostics_of(config, parts, report, verification)
            power = parts.station.begin(
                parts.till, parts.tail, parts.devices, tasks, on_dark=self.stop
            )
            backups, upgrades = of_data(parts, self._file, power[0], verification, tasks)
            hang(door, parts, verification, diagnostics, boot, power, backups, upgrades)
            servers = await self._let_in(door, parts)
            recovery.boot_ms = round((time.monotonic() - self._started_s) * 1000)
            # Loops that begin in a call go on in nobody's name.
            parts.effects.start(partial(tasks.create_task, context=NOBODYS))
            parts.care.look_at_counts()
            background = [
                tasks.create_task(parts.bring_back.run()),
                tasks.create_task(parts.care.run()),
                tasks.create_task(backups.run()),
                tasks.create_task(parts.imports.run()),
                *([tasks.create_task(upgrades.run())] if upgrades else []),
                tasks.create_task(
                    tidy(no_more_needed(self._home, config, parts.till.state.upgrades.wanted))
                ),
                tasks.create_task(backups.copies.run()),
                tasks.create_task(self._read_again_when_asked(parts.reconfiguration)),
                tasks.create_task(
                    keep_telling(self._supervisor, lambda: progress(parts), lambda: sentence(parts))
                ),
            ]
            verification.begin()
            serve_metrics(config, parts)
            log.info("till_ready", boot_ms=recovery.boot_ms, seq=parts.tail.durable_seq)
            on_ready(servers)
            try:
                await self._stop.wait()
                if self.storage_failure is not None:
                    await self._refuse_until_a_disk_takes_writes(servers)
                await parts.station.finish_settling(self._supervisor)
            finally:
                log.info("till_stopping")
                for task in background:
                    task.cancel()
                door.draining = True
                for watched in (parts.tail, parts.news, parts.desk, parts.scans, parts.effects):
                    watched.drain()
                await servers.stop(STOP_GRACE_S)
                verification.stop()
                parts.station.stop()
                # The devices first: that frees a deed under way, and its outcome is recorded.
                await _let_go(parts.devices)
                await parts.effects.end(LAST_OUTCOME_S_MAX)
                parts.care.record()

    async def _let_in(self, door: Door, parts: Parts) -> Servers:
        servers = await bound(self._config, door, parts.access)
        # Nobody was served so far, and no deed was done: what fails up to here costs nothing.
        if self._home is not None:
            probation.commit(self._home)
            if facts := probation.switch_facts(self._home, parts.till.state):
                await parts.till.record(facts)
        await servers.start()
        return servers

    async def _read_again_when_asked(self, reconfiguration: Reconfiguration) -> None:
        while True:
            await self._reread_wanted.wait()
            self._reread_wanted.clear()
            await reconfiguration.read_again()

    def _storage_failed(self, tail: Tail, error: BaseException) -> None:
        # The state in memory is ahead of the disk now and must not be trusted: everybody is
        # refused, until the process ends and the next start restores what is true.
        log.critical("journal_failed", why=str(error))
        self.storage_failure = error
        tail.failed(error)
        self._stop.set()

    async def _refuse_until_a_disk_takes_writes(self, servers: Servers) -> None:
        """Stay, so that front ends hear STORAGE_FAILED and may offer paper slips.

        When a disk takes writes again the daemon ends, and whoever looks after it starts it anew.
        """
        self._stop.clear()
        await servers.refuse()
        places = self._config.places()
        folders = [places.folder.parent, *(spill.parent for spill in places.spills)]
        while not self._stop.is_set():
            await comes_within(self._stop.wait(), PROBE_EVERY_S)
            if await takes_writes(folders, deadline_s=PROBE_S_MAX):
                log.info("disk_takes_writes_again")
                return


async def _let_go(devices: DeviceRegistry) -> None:
    stuck = await devices.close()
    if stuck:
        log.warning("devices_did_not_let_go", devices=stuck)


def _post(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *args: object) -> None:
    """From the writer thread to the loop. A loop that has ended needs no news."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(call, *args)

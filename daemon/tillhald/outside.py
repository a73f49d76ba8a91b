"""What the world outside has of the daemon: its entrances, its metrics, how it says that it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from prometheus_client import start_http_server

from tillhald import VERSION
from tillhald.domain.backup_rules import age_s, backed_up_ms, proven_ms
from tillhald.rpc.server import Servers
from tillhald.rpc.system import API_VERSION
from tillhald.service.diagnostics import Diagnostics
from tillhald.service.supervisor import Progress
from tillhald.service.times import wall_ms
from tillhald.telemetry import logging, metrics

if TYPE_CHECKING:
    from tillhald.config import Config
    from tillhald.journal.recovery import RecoveryReport
    from tillhald.parts import Parts
    from tillhald.rpc.door import Door
    from tillhald.service.access import AccessDesk
    from tillhald.service.verification import Verification

log = structlog.get_logger(__name__)


def progress(parts: Parts) -> Progress:
    """How far the journal is, for the supervisor's watchdog."""
    tail = parts.tail
    return Progress(parts.till.state.seq, tail.durable_seq, has_failed=tail.failure is not None)


def sentence(parts: Parts) -> str:
    """How the till is, for whoever asks the supervisor."""
    if parts.tail.failure is not None:
        return "No disk takes records: refuses everything."
    return parts.station.sentence()


async def bound(config: Config, door: Door, access: AccessDesk) -> Servers:
    """Have every entrance, and answer at none of them yet. Raises OSError."""
    is_required = config.access.is_required
    await access.see_to_an_owner()
    servers = Servers(door, config.listen, config.tls, access, is_required=is_required)
    servers.bind()
    if not is_required:
        log.warning("access_not_required", mode=config.access.mode)
    return servers


def serve_metrics(config: Config, parts: Parts) -> None:
    """Fill what is asked for anew each time, and listen where that is configured."""
    metrics.JOURNAL_HEAD_SEQ.set_function(lambda: parts.tail.durable_seq)
    metrics.JOURNAL_USED_BYTES.set_function(lambda: parts.store.usage.used_bytes)
    metrics.JOURNAL_MAP_BYTES.set_function(lambda: parts.store.usage.map_bytes)
    metrics.LIVE_SALES.set_function(lambda: len(parts.till.state.sales))
    metrics.BACKUP_AGE_SECONDS.set_function(
        lambda: age_s(backed_up_ms(parts.till.state.backups), wall_ms())
    )
    metrics.PROVEN_RESTORE_AGE_SECONDS.set_function(
        lambda: age_s(proven_ms(parts.till.state.backups), wall_ms())
    )
    if config.listen.metrics:
        host, _, port = config.listen.metrics.rpartition(":")
        start_http_server(int(port), addr=host.strip("[]"))


def diagnostics_of(
    config: Config, parts: Parts, report: RecoveryReport, verification: Verification
) -> Diagnostics:
    """What goes into the archive for support."""
    table = config.journal
    folders = {"journal": Path(table.folder)}
    if table.second_folder:
        folders["second"] = Path(table.second_folder)
    return Diagnostics(
        config=lambda: parts.reconfiguration.config,
        versions={"tillhald": VERSION, "contract": API_VERSION},
        report=report,
        folders=folders,
        store=parts.store,
        tail=parts.tail,
        devices=parts.devices,
        verification=verification,
        recent=logging.RECENT,
        now_ms=wall_ms,
    )

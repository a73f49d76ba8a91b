"""What runs, built once; and how it is hung into the door."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tillhal.v1 import (
    access_pb2_grpc,
    backup_pb2_grpc,
    checkout_pb2_grpc,
    device_pb2_grpc,
    drawer_pb2_grpc,
    journal_pb2_grpc,
    power_pb2_grpc,
    printer_pb2_grpc,
    recovery_pb2_grpc,
    scanner_pb2_grpc,
    shift_pb2_grpc,
    system_pb2_grpc,
    upgrade_pb2_grpc,
)
from tillhald.rpc.access import AccessServicer
from tillhald.rpc.backup import BackupServicer
from tillhald.rpc.checkout import CheckoutServicer
from tillhald.rpc.device import DeviceServicer
from tillhald.rpc.drawer import DrawerServicer
from tillhald.rpc.journal import JournalServicer
from tillhald.rpc.power import PowerServicer
from tillhald.rpc.printer import PrinterServicer
from tillhald.rpc.recovery import RecoveryServicer
from tillhald.rpc.scanner import ScannerServicer
from tillhald.rpc.shift import ShiftServicer
from tillhald.rpc.system import SystemServicer
from tillhald.rpc.upgrade import UpgradeServicer
from tillhald.service.calibration import Calibrations

if TYPE_CHECKING:
    from tillhald.devices.registry import DeviceRegistry
    from tillhald.journal.store import Store
    from tillhald.journal.writer import JournalWriter
    from tillhald.rpc.door import Door
    from tillhald.rpc.system import Boot
    from tillhald.service.access import AccessDesk
    from tillhald.service.backups import Backups
    from tillhald.service.bring_back import BringBack
    from tillhald.service.claims import ClaimDesk
    from tillhald.service.device_care import DeviceCare
    from tillhald.service.devices import DeviceNews
    from tillhald.service.diagnostics import Diagnostics
    from tillhald.service.effects import Effects
    from tillhald.service.health import HealthChecks
    from tillhald.service.power import Power
    from tillhald.service.power_check import PowerCheck
    from tillhald.service.power_station import PowerStation
    from tillhald.service.reconfigure import Reconfiguration
    from tillhald.service.scans import Scans
    from tillhald.service.storage_news import StorageNews
    from tillhald.service.switching import Switching
    from tillhald.service.tail import Tail
    from tillhald.service.till import Till
    from tillhald.service.times import Times
    from tillhald.service.upgrading import Upgrading
    from tillhald.service.verification import Verification


class Parts(NamedTuple):
    """What runs, built once."""

    store: Store
    tail: Tail
    till: Till
    writer: JournalWriter
    devices: DeviceRegistry
    news: DeviceNews
    effects: Effects
    storage_news: StorageNews
    bring_back: BringBack
    desk: ClaimDesk
    scans: Scans
    care: DeviceCare
    health: HealthChecks
    reconfiguration: Reconfiguration
    station: PowerStation
    times: Times
    access: AccessDesk
    switching: Switching


def hang(
    door: Door,
    parts: Parts,
    verification: Verification,
    diagnostics: Diagnostics,
    boot: Boot,
    power_and_check: tuple[Power, PowerCheck],
    backups: Backups,
    upgrading: Upgrading | None,
) -> None:
    """Hang all servicers into the door."""
    store, tail, till, devices, news = (
        parts.store,
        parts.tail,
        parts.till,
        parts.devices,
        parts.news,
    )
    power, check = power_and_check
    checkout = CheckoutServicer(till, store)
    system = SystemServicer(
        till=till,
        store=store,
        tail=tail,
        devices=devices,
        verification=verification,
        diagnostics=diagnostics,
        boot=boot,
        power=power,
        clock=parts.station.clock,
        gate=door.gate,
    )
    journal = JournalServicer(store, tail, verification)
    printer = PrinterServicer(till, store, tail, devices, parts.care)
    calibrations = Calibrations(till, tail, devices, lambda name: news.reconfigured((name,)))
    drawer = DrawerServicer(till, store, devices, news, calibrations, parts.desk)
    device = DeviceServicer(
        till=till,
        devices=devices,
        news=news,
        desk=parts.desk,
        care=parts.care,
        health=parts.health,
        reconfiguration=parts.reconfiguration,
    )
    recovery = RecoveryServicer(
        till,
        store,
        devices,
        clock=parts.station.clock,
        local_time=parts.times.written,
        heading=lambda: parts.reconfiguration.config.receipt.header,
        start=boot.recovery,
    )
    scanner = ScannerServicer(till, parts.scans, parts.desk)
    access = AccessServicer(till, parts.access)
    door.hang(access_pb2_grpc.add_AccessServiceServicer_to_server, access)
    door.hang(checkout_pb2_grpc.add_CheckoutServiceServicer_to_server, checkout)
    door.hang(system_pb2_grpc.add_SystemServiceServicer_to_server, system)
    door.hang(journal_pb2_grpc.add_JournalServiceServicer_to_server, journal)
    door.hang(device_pb2_grpc.add_DeviceServiceServicer_to_server, device)
    door.hang(printer_pb2_grpc.add_PrinterServiceServicer_to_server, printer)
    power_servicer = PowerServicer(till, store, tail, power, check, parts.station.clock)
    door.hang(power_pb2_grpc.add_PowerServiceServicer_to_server, power_servicer)
    shift = ShiftServicer(till, store, parts.station.clock, parts.access)
    door.hang(shift_pb2_grpc.add_ShiftServiceServicer_to_server, shift)
    door.hang(drawer_pb2_grpc.add_DrawerServiceServicer_to_server, drawer)
    door.hang(recovery_pb2_grpc.add_RecoveryServiceServicer_to_server, recovery)
    door.hang(scanner_pb2_grpc.add_ScannerServiceServicer_to_server, scanner)
    upgrade = UpgradeServicer(till, upgrading, boot.version)
    door.hang(upgrade_pb2_grpc.add_UpgradeServiceServicer_to_server, upgrade)
    backup = BackupServicer(till, store, backups)
    door.hang(backup_pb2_grpc.add_BackupServiceServicer_to_server, backup)

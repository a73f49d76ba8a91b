"""Which printer prints for one that cannot, as the configuration says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tillhald.devices.options import Shown

AFTER_S: Final = 10
AFTER_S_MAX: Final = 3_600


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """The printer that takes over the jobs of one that cannot print for `after_s`."""

    printer: Shown
    after_s: int = AFTER_S


def take_backup(where: str, table: dict[str, Any], mistakes: list[str]) -> Backup | None:
    """Take out of a device's table what is said of its backup; the rest is the driver's own."""
    printer, after_s = table.pop("backup_printer", ""), table.pop("backup_after_s", None)
    if not isinstance(printer, str):
        mistakes.append(f"{where}.backup_printer: the name of a printer is needed")
        return None
    if after_s is None:
        after_s = AFTER_S
    elif type(after_s) is not int or not 0 <= after_s <= AFTER_S_MAX:
        mistakes.append(f"{where}.backup_after_s: 0 to {AFTER_S_MAX} seconds")
        return None
    elif not printer:
        mistakes.append(f"{where}.backup_after_s: of no use without `backup_printer`")
    return Backup(printer=printer, after_s=after_s) if printer else None


def backup_faults(device_id: str, backup: Backup, printers: Mapping[str, bool]) -> list[str]:
    """What is wrong with it; `printers` says of each configured device whether it is a printer."""
    where = f"devices.{device_id}: backup_printer"
    if not printers.get(device_id):
        return [f"{where} is for printers only"]
    if backup.printer == device_id or not printers.get(backup.printer):
        return [f"{where} {backup.printer!r} is not another configured printer"]
    return []

"""What a simulated shop consists of: from a TOML file, every mistake named.

[devices.front_printer]
kind = "printer"
port = 9100

[devices.front_drawer]
kind = "drawer"
printer = "front_printer"
"""

import tomllib
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Final, Literal

from hwsim.models import MODELS, is_serial_number

DEVICES_MAX: Final = 32
PORT_MAX: Final = 65535
NAME_CHARS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


class PlanError(Exception):
    """The file is wrong; its text has a line for each mistake."""

    def __init__(self, mistakes: list[str]) -> None:
        """At least one mistake."""
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterPlan:
    """`link` tcp and rfc2217 have a `port` (0: a free one) on 127.0.0.1; serial and usb have a path
    `at`, and a usb printer's is gone while it is switched off.
    """

    model: str = "tm-t88"
    link: Literal["tcp", "serial", "usb", "rfc2217"] = "tcp"
    port: int = 0
    at: str = ""
    xon_xoff: bool = False
    realistic: bool = False
    realtime_in_data: bool = False
    busy_when_offline: bool = False
    ignore_process_id: bool = False
    receive_buffer_bytes: int = 4096
    serial_number: str = "HWSIM00001"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawerPlan:
    """On `printer`'s connector. Somebody shuts it `shut_after_s` after it opened (0: nobody)."""

    printer: str = ""
    pin: int = 2
    open_level: Literal["high", "low"] = "high"
    has_switch: bool = True
    shut_after_s: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerPlan:
    """`at` is the path that a till opens; without one it is the device's name in the folder."""

    at: str = ""
    prefix: str = ""
    suffix: str = "\r"
    aim: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayDrawerPlan:
    """See `hwsim.relay_drawer`; `trigger_on` is the byte of a trigger cable, empty for any."""

    at: str = ""
    board: Literal["lcus", "trigger"] = "lcus"
    channel: int = 1
    channels: int = 1
    trigger_on: str = ""
    shut_after_s: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsPlan:
    """A till asks for it by its own name at `port` of 127.0.0.1 (0: a free one), by NUT's protocol.

    Other wires: `at` is a serial line that speaks Q1; `nis` is apcupsd's protocol at `nis_port`;
    `real_nut` a real `upsd` with `nutdrv_qx` on the line, `dummy_ups` one with `dummy-ups`.
    `speed`: so many of its seconds pass in a real one.
    """

    port: int = 0
    at: str = ""
    nis: bool = False
    nis_port: int = 0
    real_nut: bool = False
    dummy_ups: bool = False
    load_percent: float = 23.0
    charge_percent: float = 100.0
    health_percent: float = 100.0
    speed: float = 1.0


DevicePlan = PrinterPlan | DrawerPlan | ScannerPlan | RelayDrawerPlan | UpsPlan

KINDS: Final[dict[str, type[DevicePlan]]] = {
    "printer": PrinterPlan,
    "drawer": DrawerPlan,
    "scanner": ScannerPlan,
    "relay_drawer": RelayDrawerPlan,
    "ups": UpsPlan,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopPlan:
    """Devices by name, in the order of the file. `seed` is for what a scenario leaves to chance."""

    seed: int = 0
    devices: dict[str, DevicePlan] = field(default_factory=dict)


DEFAULT: Final = ShopPlan(
    devices={
        "front_printer": PrinterPlan(),
        "front_drawer": DrawerPlan(printer="front_printer"),
        "hand_scanner": ScannerPlan(),
        "till_ups": UpsPlan(),
    }
)


def load(path: Path) -> ShopPlan:
    """OSError if it cannot be read; PlanError."""
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> ShopPlan:
    """PlanError with all mistakes."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError([f"this is no TOML: {error}"]) from None
    return from_tables(tables)


def from_tables(tables: dict[str, object]) -> ShopPlan:
    """From the parsed file; keys that are of no shop are mistakes."""
    wrong = [f"{key}: a shop has no such table" for key in tables if key not in ("seed", "devices")]
    seed = tables.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        wrong.append("seed: it is a whole number from 0 up")
        seed = 0
    devices: dict[str, DevicePlan] = {}
    found = tables.get("devices", {})
    if not isinstance(found, dict) or not 1 <= len(found) <= DEVICES_MAX:
        wrong.append(f"devices: a shop has from 1 to {DEVICES_MAX} tables [devices.NAME]")
        found = {}
    for name, table in found.items():
        plan = _device(name, table, wrong)
        if plan is not None:
            devices[name] = plan
    _check_together(devices, found, wrong)
    if wrong:
        raise PlanError(wrong)
    return ShopPlan(seed=seed, devices=devices)


def _device(name: str, table: object, wrong: list[str]) -> DevicePlan | None:
    where = f"devices.{name}"
    if not name or not NAME_CHARS.issuperset(name):
        wrong.append(f"{where}: a name has small letters, digits and _")
    if not isinstance(table, dict) or str(table.get("kind")) not in KINDS:
        wrong.append(f"{where}.kind: it is one of {', '.join(KINDS)}")
        return None
    kind = KINDS[table["kind"]]
    known = {each.name: each for each in fields(kind)}
    values: dict[str, object] = {}
    before = len(wrong)
    for key, value in table.items():
        if key == "kind":
            continue
        if key not in known:
            wrong.append(f"{where}.{key}: unknown; a {table['kind']} has {', '.join(known)}")
        elif (mistake := _mistake(kind, key, value)) is not None:
            wrong.append(f"{where}.{key}: {mistake}")
        else:
            default = known[key].default
            assert default is not MISSING, f"{key} of {kind} has no default"
            values[key] = float(str(value)) if isinstance(default, float) else value
    return kind(**values) if len(wrong) == before else None  # type: ignore[arg-type]  # each was checked


_CHOICES: Final[dict[str, tuple[object, ...]]] = {
    "model": tuple(sorted(MODELS)),
    "link": ("tcp", "serial", "usb", "rfc2217"),
    "pin": (2, 5),
    "open_level": ("high", "low"),
    "board": ("lcus", "trigger"),
}
_RANGES: Final = {
    "port": (0, PORT_MAX),
    "receive_buffer_bytes": (45, 1 << 20),
    "channel": (1, 8),
    "channels": (1, 8),
    "shut_after_s": (0, 3600),
    "nis_port": (0, PORT_MAX),
    "load_percent": (0, 300),
    "charge_percent": (0, 100),
    "health_percent": (1, 100),
    "speed": (0.001, 10_000),
}


_WHOLE: Final = frozenset({"receive_buffer_bytes", "channel", "channels"})


def _mistake(kind: type[DevicePlan], key: str, value: object) -> str | None:
    if key in _CHOICES:
        choices = _CHOICES[key]
        known = value in choices and not isinstance(value, bool)
        return None if known else f"it is one of {', '.join(map(str, choices))}, not {value!r}"
    if key in _RANGES:
        low, high = _RANGES[key]
        numbers = (int,) if "port" in key or key in _WHOLE else (int, float)
        right = isinstance(value, numbers) and not isinstance(value, bool) and low <= value <= high
        return None if right else f"it is a number from {low} to {high}, not {value!r}"
    default = next(each.default for each in fields(kind) if each.name == key)
    if isinstance(default, bool):
        return None if isinstance(value, bool) else f"it is true or false, not {value!r}"
    return None if isinstance(value, str) else f"it is text, not {value!r}"


def _check_together(
    devices: dict[str, DevicePlan], tables: dict[str, object], wrong: list[str]
) -> None:
    wired: dict[tuple[str, int], str] = {}
    for name, plan in devices.items():
        if isinstance(plan, PrinterPlan) and not is_serial_number(plan.serial_number):
            wrong.append(f"devices.{name}.serial_number: it is printable ASCII, and not empty")
        if isinstance(plan, PrinterPlan) and plan.link in ("tcp", "rfc2217") and plan.at:
            wrong.append(f"devices.{name}.at: a printer with link {plan.link} has a port, no path")
        if isinstance(plan, PrinterPlan) and plan.link in ("serial", "usb") and plan.port:
            wrong.append(
                f"devices.{name}.port: a printer with link {plan.link} has a path, no port"
            )
        if isinstance(plan, UpsPlan) and plan.nis_port and not plan.nis:
            wrong.append(f"devices.{name}.nis_port: it needs nis = true")
        if isinstance(plan, RelayDrawerPlan) and plan.channel > plan.channels:
            wrong.append(f"devices.{name}.channel: the board has {plan.channels}")
        if isinstance(plan, RelayDrawerPlan) and len(plan.trigger_on.encode()) > 1:
            wrong.append(f"devices.{name}.trigger_on: it is one byte")
        if not isinstance(plan, DrawerPlan):
            continue
        if plan.printer not in tables:
            wrong.append(f"devices.{name}.printer: there is no device {plan.printer!r}")
        elif plan.printer in devices and not isinstance(devices[plan.printer], PrinterPlan):
            wrong.append(f"devices.{name}.printer: {plan.printer} is no printer")
        other = wired.setdefault((plan.printer, plan.pin), name)
        if other != name:
            wrong.append(f"devices.{name}.pin: {other} hangs on pin {plan.pin} already")

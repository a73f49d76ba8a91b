"""`hwsim shop`: a shop's peripherals until Ctrl-C.

Standard output is for programs: one JSON object a line, the first one once everything is reachable.
Standard error is for the person who started it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hwsim.cli.arguments import count, port
from hwsim.cli.connection import ADDRESS_FILE, DEFAULT_FOLDER, EXIT_REFUSED, SOCKET_ENV
from hwsim.control.server import ControlServer
from hwsim.models import MODELS
from hwsim.printer import VirtualPrinter
from hwsim.shop import CannotStart, Shop
from hwsim.shop_plan import DEFAULT, PlanError, PrinterPlan, ShopPlan, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hwsim.cli.connection import Commands

SOCKET_PATH_BYTES_MAX: Final = 107
"""Linux, sun_path."""

WAKE_S: Final = 0.5
"""How soon the end is noticed at the latest, if no event comes."""

_ONLY_WITHOUT_PLAN: Final = ("printer_port", "serial", "model", "realistic")


def add(commands: Commands) -> None:
    """Describe it."""
    shop = commands.add_parser(
        "shop",
        help="run a shop's peripherals: printers, drawers, scanners",
        description="Run a shop's peripherals. Without a PLAN they are a receipt printer (ESC/POS "
        "over TCP or a serial line) with a cash drawer, and a scanner. Receipts appear as PNG and "
        "text in a folder. Prints their addresses as one JSON line when ready, then one JSON line "
        f"for each event. The other commands find it by that folder's {ADDRESS_FILE}, or by "
        f"{SOCKET_ENV}.",
        epilog="Exit status: 0 when it was ended; 1 when it could not start; 2 when the PLAN is "
        "wrong.",
    )
    shop.add_argument("plan", nargs="?", type=Path, metavar="PLAN", help="a TOML file of devices")
    shop.add_argument(
        "--folder",
        type=Path,
        default=Path(DEFAULT_FOLDER),
        help=f"where receipts and serial lines appear (default: ./{DEFAULT_FOLDER})",
    )
    shop.add_argument(
        "--socket",
        metavar="ADDRESS",
        help="where it is controlled: a path or host:port (default: a path that it says)",
    )
    shop.add_argument(
        "--seed", type=count, metavar="N", help="for what scenarios leave to chance (default: 0)"
    )
    shop.add_argument(
        "--printer-port",
        type=port,
        metavar="N",
        help="TCP port of the printer on 127.0.0.1 (default: a free one)",
    )
    shop.add_argument(
        "--serial",
        type=Path,
        metavar="PATH",
        help="have the printer on a serial line and not on TCP; a till opens it at PATH, which is "
        "made and removed",
    )
    shop.add_argument("--model", choices=sorted(MODELS), help="default: tm-t88")
    shop.add_argument(
        "--realistic",
        action="store_true",
        default=None,
        help="print at a real printer's speed, not at once",
    )
    shop.set_defaults(run=_run)


def _plan(options: argparse.Namespace) -> ShopPlan:
    """PlanError with all that is wrong."""
    if options.plan is not None:
        both = [name for name in _ONLY_WITHOUT_PLAN if getattr(options, name) is not None]
        if both:
            flags = ", ".join("--" + name.replace("_", "-") for name in both)
            raise PlanError([f"{flags}: write that into {options.plan}"])
        try:
            plan = load(options.plan)
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
            raise PlanError([f"{options.plan} cannot be read: {why}"]) from error
    else:
        printer = PrinterPlan(
            model=options.model or "tm-t88",
            link="serial" if options.serial else "tcp",
            port=options.printer_port or 0 if not options.serial else 0,
            at=str(options.serial or ""),
            realistic=bool(options.realistic),
        )
        plan = replace(DEFAULT, devices={**DEFAULT.devices, "front_printer": printer})
    return plan if options.seed is None else replace(plan, seed=options.seed)


def _run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    try:
        plan = _plan(options)
    except PlanError as error:
        for mistake in error.mistakes:
            _tell(f"hwsim: {mistake}")
        return 2
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    shop = Shop(plan, options.folder.absolute())
    try:
        with shop, _control_address(options.socket) as address, ControlServer(shop, address) as it:
            ready = _ready(shop, it.address)
            _introduce(shop)
            _emit(ready)
            file = shop.folder / ADDRESS_FILE
            file.write_text(json.dumps(ready, ensure_ascii=False) + "\n", encoding="utf-8")
            try:
                _report(shop, ended)
            finally:
                file.unlink(missing_ok=True)
    except CannotStart as error:
        _tell(f"hwsim: {error}")
        return EXIT_REFUSED
    return 0


@contextlib.contextmanager
def _control_address(given: str | None) -> Iterator[str]:
    """Where it is controlled; CannotStart."""
    if given and ":" in given and "/" not in given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="hwsim-") as folder:
        path = Path(given.removeprefix("unix:")).absolute() if given else Path(folder) / "control"
        if len(bytes(path)) > SOCKET_PATH_BYTES_MAX:
            raise CannotStart(f"{path} is longer than a socket's path may be")
        yield f"unix:{path}"


def _ready(shop: Shop, control: str) -> dict[str, object]:
    """What programs want to know. `printer` is the first one."""
    devices = {name: each.where for name, each in shop.devices.items()}
    printers = [where for where in devices.values() if where["kind"] == "printer"]
    first = (
        {key: printers[0][key] for key in ("host", "port", "device", "model") if key in printers[0]}
        if printers
        else None
    )
    return {
        "printer": first,
        "devices": devices,
        "receipts": str(shop.folder),
        "control": control,
        "seed": shop.plan.seed,
        "pid": os.getpid(),
    }


def _introduce(shop: Shop) -> None:
    font = ""
    for each in shop.devices.values():
        where = each.where
        place = where.get("device") or where.get("printer") or f"{where['host']}:{where['port']}"
        _tell(f"hwsim: {each.name}, a {each.kind.replace('_', ' ')}, is at {place}")
        if isinstance(each.device, VirtualPrinter):
            font = each.device.font_name
    drawn = f" (drawn with {font})" if font else ""
    _tell(f"hwsim: receipts appear in {shop.folder}{drawn}; Ctrl-C ends")


def _report(shop: Shop, ended: threading.Event) -> None:
    """Print events until asked to end."""
    last = 0
    while not ended.is_set():
        for each in shop.happenings.after(last, WAKE_S):
            last = each.number
            _emit(each.as_json())


def _emit(event: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _tell(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")

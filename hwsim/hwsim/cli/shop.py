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
from typing import TYPE_CHECKING, Final, Self

from hwsim.cli.arguments import count, port
from hwsim.cli.connection import ADDRESS_FILE, DEFAULT_FOLDER, EXIT_REFUSED, SOCKET_ENV
from hwsim.control.server import ControlServer
from hwsim.models import MODELS
from hwsim.printer import VirtualPrinter
from hwsim.shop import CannotStart, Shop
from hwsim.shop_plan import DEFAULT, PlanError, PrinterPlan, ShopPlan, UpsPlan, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hwsim.cli.connection import Commands

SOCKET_PATH_BYTES_MAX: Final = 107
"""Linux, sun_path."""

_ONLY_WITHOUT_PLAN: Final = ("printer_port", "ups_port", "serial", "model", "realistic")


def add(commands: Commands) -> None:
    """Describe it."""
    shop = commands.add_parser(
        "shop",
        help="run a shop's peripherals: printers, drawers, scanners, UPSes",
        description="Run a shop's peripherals. Without a PLAN they are a receipt printer (ESC/POS "
        "over TCP or a serial line) with a cash drawer, a scanner, and a UPS. Receipts appear as "
        "PNG and text in a folder. Prints their addresses as one JSON line when ready, then one "
        f"JSON line for each event. The other commands find it by that folder's {ADDRESS_FILE}, "
        f"or by {SOCKET_ENV}.",
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
        "--ups-port",
        type=port,
        metavar="N",
        help="TCP port of the UPS's server on 127.0.0.1 (default: a free one)",
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
        ups = UpsPlan(port=options.ups_port or 0)
        devices = {**DEFAULT.devices, "front_printer": printer, "till_ups": ups}
        plan = replace(DEFAULT, devices=devices)
    return plan if options.seed is None else replace(plan, seed=options.seed)


def _run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    try:
        plan = _plan(options)
    except PlanError as error:
        for mistake in error.mistakes:
            _tell(f"hwsim: {mistake}")
        return 2
    return serve(plan, options.folder, options.socket)


def serve(
    plan: ShopPlan,
    folder: Path,
    socket: str | None,
    begin: Callable[[Shop, Callable[[], None]], None] = lambda _shop, _end: None,
) -> int:
    """Run a shop until SIGTERM or SIGINT, or until `begin`, which is called once it is ready, calls
    what it is given. The exit status.
    """
    shop = Shop(plan, folder.absolute())
    try:
        with (
            _End() as end,
            shop,
            _control_address(socket) as address,
            ControlServer(shop, address) as it,
        ):
            ready = _ready(shop, it.address)
            _introduce(shop)
            file = shop.folder / ADDRESS_FILE
            half = file.with_suffix(".half")
            half.write_text(json.dumps(ready, ensure_ascii=False) + "\n", encoding="utf-8")
            half.replace(file)
            try:
                _emit(ready)
                begin(shop, end.ask)
                _report(shop, end)
            finally:
                file.unlink(missing_ok=True)
    except CannotStart as error:
        _tell(f"hwsim: {error}")
        return EXIT_REFUSED
    return 0


class _End:
    """When to end: on SIGTERM or SIGINT, or when asked.

    A pipe that the signal itself writes to: a handler written in Python runs only once the main
    thread goes on, which it never does when the signal comes just before it waits for a lock.
    """

    def __init__(self) -> None:
        self._reads, self._writes = os.pipe()
        os.set_blocking(self._writes, False)
        self._error: OSError | None = None

    def __enter__(self) -> Self:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: None)
        signal.set_wakeup_fd(self._writes, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        # Both ends stay open as long as the process: a thread may still ask.
        signal.set_wakeup_fd(-1)

    def ask(self, error: OSError | None = None) -> None:
        """From any thread; `error` is why."""
        self._error = error
        with contextlib.suppress(BlockingIOError):
            os.write(self._writes, b"!")

    def wait(self) -> None:
        """Until it is asked to end; OSError if that was why."""
        os.read(self._reads, 1)
        if self._error is not None:
            raise self._error


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
        place = f"{where['host']}:{where['port']}" if "port" in where else where.get("device")
        at = f"hangs on {where['printer']}" if "printer" in where else f"is at {place}"
        kind = "UPS" if each.kind == "ups" else each.kind.replace("_", " ")
        _tell(f"hwsim: {each.name}, a {kind}, {at}")
        if isinstance(each.device, VirtualPrinter):
            font = each.device.font_name
    drawn = f" (drawn with {font})" if font else ""
    receipts = f"receipts appear in {shop.folder}{drawn}; " if font else ""
    _tell(f"hwsim: {receipts}Ctrl-C ends")


def _report(shop: Shop, end: _End) -> None:
    """Print events until asked to end; BrokenPipeError if nobody reads them."""

    def report() -> None:
        last = 0
        try:
            while found := shop.happenings.after(last, None):
                for each in found:
                    last = each.number
                    _emit(each.as_json())
        except OSError as error:
            end.ask(error)

    threading.Thread(target=report, name="hwsim-events", daemon=True).start()
    end.wait()


def _emit(event: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _tell(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")

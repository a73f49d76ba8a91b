"""A shop's peripherals in one process: a receipt printer with a cash drawer.

Standard output is for programs: one JSON object a line, the first one once everything is reachable.
Standard error is for the person who started it.
"""

import contextlib
import json
import os
import queue
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hwsim.drawer import VirtualDrawer
from hwsim.models import Model
from hwsim.printer import VirtualPrinter
from hwsim.receipt import Receipt
from hwsim.serial_line import SerialAt

DRAWER_SHUT_AFTER_S: Final = 3.0
"""The cashier pushes the drawer shut so long after it sprang open."""

Event = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopOptions:
    """What the command line says. Port 0 takes a free one; a `device` is a serial line's path."""

    folder: Path
    printer_port: int
    device: Path | None
    model: Model
    realistic: bool


def run_shop(options: ShopOptions) -> int:
    """Serve until SIGTERM or SIGINT; give the exit status."""
    # None asks to end: put() is safe in a signal handler for a SimpleQueue.
    events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: events.put(None))
    options.folder.mkdir(parents=True, exist_ok=True)
    folder = options.folder.resolve()

    def receipt_printed(_receipt: Receipt, file: Path | None) -> None:
        events.put({"event": "receipt_printed", "file": str(file)})

    drawer = VirtualDrawer(on_opened=lambda: events.put({"event": "drawer_opened"}))
    printer = VirtualPrinter(
        model=options.model,
        drawer=drawer,
        port=options.printer_port,
        link="tcp" if options.device is None else SerialAt(options.device),
        folder=folder,
        on_receipt=receipt_printed,
        realistic=options.realistic,
    )
    try:
        printer.start()
    except OSError as error:
        wanted = options.device or f"port {options.printer_port} of 127.0.0.1"
        _tell(f"hwsim: {wanted} cannot be used: {error.strerror}")
        return 1
    host, port = printer.address
    where: Event = {"host": host, "port": port}
    place = f"listens on {host}:{port}"
    if options.device is not None:
        where, place = {"device": str(options.device)}, f"is at the serial line {options.device}"
    with contextlib.closing(printer):
        _tell(f"hwsim: printer {options.model.name} {place}")
        _tell(f"hwsim: receipts appear in {folder} (drawn with {printer.font_name}); Ctrl-C ends")
        _emit(
            {
                "printer": {**where, "model": options.model.name},
                "receipts": str(folder),
                "pid": os.getpid(),
            }
        )
        _report(events, drawer)
    return 0


def _report(events: "queue.SimpleQueue[Event | None]", drawer: VirtualDrawer) -> None:
    """Print events, and play the cashier who shuts the drawer, until asked to end."""
    shut_at_s: float | None = None
    while True:
        wait_s = None if shut_at_s is None else max(0.0, shut_at_s - time.monotonic())
        try:
            event = events.get(timeout=wait_s)
        except queue.Empty:
            drawer.close()
            shut_at_s = None
            _emit({"event": "drawer_shut"})
            continue
        if event is None:
            return
        if event["event"] == "drawer_opened":
            shut_at_s = time.monotonic() + DRAWER_SHUT_AFTER_S
        _emit(event)


def _emit(event: Event) -> None:
    sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _tell(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")

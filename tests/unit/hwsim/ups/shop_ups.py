"""A shop with a UPS, and what tests ask it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

from hwsim.shop import Shop

PLAN = """
[devices.front_printer]
kind = "printer"
[devices.front_drawer]
kind = "drawer"
printer = "front_printer"
[devices.hand_scanner]
kind = "scanner"
[devices.till_ups]
kind = "ups"
at = "{at}"
nis = true
charge_percent = 80
"""
SEEN_S_MAX = 10.0


def asked(port: int, line: str = "GET VAR till_ups ups.status") -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as upsd:
        upsd.sendall(line.encode() + b"\n")
        with upsd.makefile() as lines:
            return lines.readline().rstrip("\n")


def until(wanted: Callable[[], bool]) -> bool:
    end_s, pause = time.monotonic() + SEEN_S_MAX, threading.Event()
    while time.monotonic() < end_s and not wanted():
        pause.wait(0.01)
    return wanted()


def events_of(shop: Shop) -> list[str]:
    return [each.event for each in shop.happenings.after(0, 0) if each.event != "handled"]

"""A shop under everything at once: many hands, a host that prints, and no way to stand still."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from pathlib import Path

from hwsim.printer import VirtualPrinter
from hwsim.shop import Shop
from hwsim.shop_plan import parse
from hwsim.verbs import POINTS, VERBS

PLAN = """
[devices.front_printer]
kind = "printer"
[devices.back_printer]
kind = "printer"
link = "serial"
xon_xoff = true
[devices.front_drawer]
kind = "drawer"
printer = "front_printer"
shut_after_s = 0.01
[devices.lower_drawer]
kind = "drawer"
printer = "front_printer"
pin = 5
[devices.hand_scanner]
kind = "scanner"
[devices.side_drawer]
kind = "relay_drawer"
board = "trigger"
"""
SEED = 4711
HANDS, DEEDS = 4, 250
VALUES = {
    "delay_s": 0.01,
    "instead": ["12", "ff"],
    "commands": ["DLE EOT"],
    "frames": 2,
    "bytes_per_s": 1e6,
    "serial_number": "X1",
    "count": 1,
    "level": "low",
    "code": "96385074",
    "codes": ["96385074", "12345670"],
    "hex": "00ff",
}
JOB = b"\x1b@Total 12.35\n" * 20 + b"\x1bp\x00\x32\x32\x10\x04\x01\x1dVB\x00\x1d(H\x06\x0000A001"


def one_hand(shop: Shop, dice: random.Random) -> None:
    devices = list(shop.devices.values())
    for _ in range(DEEDS):
        each = dice.choice(devices)
        do = dice.choice(list(VERBS[each.kind]))
        verb = VERBS[each.kind][do]
        needed = [name for name, types in verb.values().items() if type(None) not in types]
        values: dict[str, object] = {name: VALUES[name] for name in needed}
        if each.kind == "printer" and dice.random() < 0.3:
            values[f"after_{dice.choice(POINTS)}"] = dice.randint(1, 30)
        with contextlib.suppress(ValueError):  # a line has no second host, and the like
            shop.handle(each.name, do, values)


def one_host(where: tuple[str, int], ended: threading.Event) -> None:
    while not ended.is_set():
        with contextlib.suppress(OSError), socket.create_connection(where, timeout=0.05) as host:
            host.settimeout(0.05)
            host.sendall(JOB)
            host.recv(100)


def test_many_hands_at_once_break_nothing(tmp_path: Path) -> None:
    print(f"seed {SEED}")
    ended = threading.Event()
    with Shop(parse(PLAN), tmp_path) as shop:
        printer = shop.find("front_printer").device
        assert isinstance(printer, VirtualPrinter)
        hosts = [threading.Thread(target=one_host, args=(printer.address, ended)) for _ in range(2)]
        hands = [
            threading.Thread(target=one_hand, args=(shop, random.Random(f"{SEED}/{n}")))
            for n in range(HANDS)
        ]
        for thread in hosts + hands:
            thread.start()
        for thread in hands:
            thread.join(60)
            assert not thread.is_alive(), "somebody waits for ever"
        ended.set()
        for thread in hosts:
            thread.join(10)
            assert not thread.is_alive()
        for do in ("heal", "power_off", "power_on"):  # what was on its way to the paper is gone
            shop.handle("front_printer", do, {})
        before = printer.receipt_count
        with socket.create_connection(printer.address, timeout=10) as host:
            host.sendall(b"well\n\x1dVB\x00")
            found = printer.wait_receipts(before + 1, timeout_s=20)[-1]
        assert found.text.endswith("well\n")

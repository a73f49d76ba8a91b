"""Processes that print and can be killed: tillhald as it is, and three naive ways to print.

They are forked from one that has imported everything, so that six hundred starts take minutes and
not hours. What runs is the whole daemon, with its journal, its threads and its gRPC; only the
imports were done beforehand.

    python -m tests.crash.print_processes SOCKET
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import queue
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAIVE = ("write_ok_is_printed", "always_resend", "never_resend")
WRITE_S_MAX = 1.0
AGAIN_S = 0.1
_PR_SET_PDEATHSIG = 1

Request = dict[str, Any]

# --- the process that forks


def main(path: str) -> None:
    """Fork whatever is asked for on the socket, until whoever asked is gone."""
    import tillhald.__main__
    from tillhald.devices.finding import load_drivers
    from tillhald.drivers.escpos import symbols

    assert tillhald.__main__.main is not None
    load_drivers()
    symbols.load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(path)
        for line in control.makefile("r", encoding="utf-8"):
            pid = os.fork()
            if pid == 0:
                control.close()
                _become(json.loads(line))
            control.sendall(f"{pid}\n".encode())


def _become(request: Request) -> None:
    """Be the process that was asked for; never return."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.sched_setaffinity(0, {request["cpu"]})
    log = os.open(request["log"], os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ["NOTIFY_SOCKET"] = request["notify"]
    status = 1
    try:
        if request["policy"] in NAIVE:
            Naive(request).run()
        status = _tillhald(request)
    finally:
        os._exit(status)


def _tillhald(request: Request) -> int:
    import tillhald.__main__
    from tillhald import failpoints

    os.environ["TILLHALD_FAILPOINT"] = request["failpoint"]
    importlib.reload(failpoints)
    if request["policy"] in MUTANTS:
        MUTANTS[request["policy"]]()
    return tillhald.__main__.main(["--config", request["config"]])


# --- tillhald with a mistake in it: the judge must see it


def _copies_are_not_marked() -> None:
    from tillhald.service import print_documents

    real = print_documents.receipt_of

    def unmarked(*args: Any, **words: Any) -> Any:
        return real(*args, **{**words, "copy": 0, "may_be_duplicate": False})

    print_documents.receipt_of = unmarked


def _what_was_sent_is_confirmed() -> None:
    from tillhald.devices.categories import Confirmed, Evidence
    from tillhald.drivers.escpos.driver import EscposPrinter

    EscposPrinter._evidence = lambda *_: Confirmed(Evidence.PROCESS_ID)  # type: ignore[method-assign]


MUTANTS: dict[str, Callable[[], None]] = {
    "mutant_unmarked": _copies_are_not_marked,
    "mutant_believes": _what_was_sent_is_confirmed,
}


# --- what others do


class Naive:
    """A queue of receipts on disk, and a thread that writes each to the printer's socket.

    write_ok_is_printed: a write that succeeds means printed; one that fails is told to the cashier.
    After a crash what is not marked as printed is written.
    always_resend: the same, but a write that fails is tried again until it succeeds.
    never_resend: marked before the write, so that nothing goes twice, whatever happens.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._policy = request["policy"]
        self._journal = Path(request["folder"]) / "queue.jsonl"
        self._states: dict[int, str] = {}
        self._lines: dict[int, int] = {}
        self._due: queue.Queue[int] = queue.Queue()
        self._name, _, count = request["failpoint"].partition(":")
        self._left = int(count or "1")

    def run(self) -> None:
        """Serve the front end until the end."""
        if self._journal.exists():
            for line in self._journal.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError):  # the last line may be half
                    number, state, lines = json.loads(line)
                    self._states[number], self._lines[number] = state, lines
        for number, state in self._states.items():
            if state == "queued":
                self._due.put(number)
            elif state == "begun":
                self._states[number] = "unknown"
        threading.Thread(target=self._print_all, daemon=True).start()
        path = Path(self._request["folder"]) / "api.sock"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(path))
            door.listen()
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
                notify.connect(self._request["notify"])
                notify.send(b"READY=1")
            while True:
                caller, _ = door.accept()
                with caller, caller.makefile("rw", encoding="utf-8") as wire:
                    for line in wire:
                        wire.write(json.dumps(self._answer(json.loads(line))) + "\n")
                        wire.flush()

    def _answer(self, sold: list[int]) -> Any:
        if not sold:
            return self._states
        number, self._lines[number] = sold[0], sold[1]
        self._mark(number, "queued")
        self._reach("journal.after_commit")
        self._due.put(number)
        return number

    def _mark(self, number: int, state: str) -> None:
        with self._journal.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps([number, state, self._lines[number]]) + "\n")
            journal.flush()
            os.fsync(journal.fileno())
        self._states[number] = state

    def _reach(self, name: str) -> None:
        if name == self._name:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def _print_all(self) -> None:
        pause = threading.Event()
        while True:
            number = self._due.get()
            self._reach("effects.before_print")
            if self._policy == "never_resend":
                self._mark(number, "begun")
            self._reach("effects.print_started")
            while not self._write(number):
                if self._policy != "always_resend":
                    self._mark(number, "failed")
                    break
                pause.wait(AGAIN_S)
            else:
                self._reach("effects.after_print")
                self._mark(number, "printed")

    def _write(self, number: int) -> bool:
        receipt = naive_receipt(number, self._lines[number])
        half = len(receipt) // 2
        try:
            with socket.create_connection(
                ("127.0.0.1", self._request["port"]), WRITE_S_MAX
            ) as link:
                link.sendall(receipt[:half])
                self._reach("printer.mid_print")
                link.sendall(receipt[half:])
        except OSError:
            return False
        return True


def naive_receipt(number: int, lines: int) -> bytes:
    """A receipt like that of the till, as python-escpos writes it."""
    from escpos.printer import Dummy

    printer = Dummy()
    printer.set(align="center", bold=True, double_height=True, double_width=True)
    printer.text("THE CORNER SHOP\n")
    printer.set(align="left", bold=False, normal_textsize=True)
    for line in receipt_lines(number, lines):
        printer.text(line + "\n")
    printer.cut()
    return bytes(printer.output)


def receipt_lines(number: int, lines: int) -> Iterator[str]:
    """What stands below the head."""
    left = f"Receipt {number}"
    yield left + "2026-11-22 12:00".rjust(42 - len(left))
    yield "-" * 42
    for _ in range(lines):
        yield "Coffee beans" + "7.50 A".rjust(30)
    yield "-" * 42
    yield "TOTAL" + "EUR 7.50".rjust(37)
    yield "Credit card" + "7.50".rjust(31)
    yield "Served by: default"


if __name__ == "__main__":
    main(sys.argv[1])

"""A simulated UPS shown by NUT's own `dummy-ups`: for the variables and words that Q1 lacks.

A thread sets every variable that has changed, as `upsrw` would. Commands do not come back: NUT's
`dummy-ups` has none but `load.off`, and does not know that.
"""

import contextlib
import socket
import threading
from typing import Final, Self

from hwsim.ups.nut_variables import variables
from hwsim.ups.nut_words import quoted
from hwsim.ups.real_nut import NutDriver, RealNut, dummy
from hwsim.ups.virtual import VirtualUps

LOOK_S: Final = 0.1
"""How often it looks for what has changed."""
ANSWER_S_MAX: Final = 5.0
SHOWN: Final = (
    "ups.status",
    "battery.charge",
    "battery.runtime",
    "battery.voltage",
    "input.voltage",
    "output.voltage",
    "ups.load",
    "ups.test.result",
)


def mirrored(ups: VirtualUps) -> NutDriver:
    """The `dummy-ups` that begins as `ups` is now. It has room for what they may become."""
    with ups.now() as now:
        found = variables(now, {})
    return dummy(**{name: found[name] for name in SHOWN if found[name]})


class DummyMirror:
    """Shows `ups` as `name` of a running `nut`, whose driver is `mirrored(ups)`, until closed.

    While `ups` does not answer, its driver is held, so that upsd calls its data stale.
    """

    def __init__(self, ups: VirtualUps, nut: RealNut, name: str = "till") -> None:
        """OSError if upsd is not there."""
        self._ups = ups
        self._nut = nut
        self._name = name
        self._said: dict[str, str] = {}
        self._held = False
        self._ending = threading.Event()
        self._link = socket.create_connection(("127.0.0.1", nut.port), timeout=ANSWER_S_MAX)
        self._lines = self._link.makefile("rb")
        self._ask("USERNAME admin")
        self._ask("PASSWORD pw")
        self._thread = threading.Thread(target=self._show, name="hwsim-ups-dummy", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Show nothing more; what was shown stays."""
        self._ending.set()
        self._thread.join(ANSWER_S_MAX)
        self._lines.close()
        self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, line: str) -> str:
        self._link.sendall(line.encode() + b"\n")
        return self._lines.readline().decode("utf-8", "replace").rstrip("\n")

    def _show(self) -> None:
        with contextlib.suppress(OSError):  # upsd has ended
            while not self._ending.wait(LOOK_S):
                self._turn()

    def _turn(self) -> None:
        with self._ups.now() as now:
            answers = now.answers
            found = variables(now, {})
        if answers is self._held:
            self._held = not answers
            if self._held:
                self._nut.freeze(self._name)
            else:
                self._nut.thaw(self._name)
        if self._held:
            return
        for name in SHOWN:
            text = found[name]
            if text != self._said.get(name):
                said = self._ask(f"SET VAR {self._name} {name} {quoted(text)}")
                if said.startswith("OK"):
                    self._said[name] = text

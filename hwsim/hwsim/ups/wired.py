"""A UPS as a shop has it: the unit, and every wire that hosts read it by.

with WiredUps("till_ups", VirtualUps(), serial=Path("ups")) as wired:
    shop_watches(wired.name, wired.server.port)
    wired.ups.mains_off()
"""

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from hwsim.ups.dummy_mirror import DummyMirror, mirrored
from hwsim.ups.mechanism import UpsEvent
from hwsim.ups.megatec import MegatecUps
from hwsim.ups.nis import NisServer
from hwsim.ups.nut_server import NutServer
from hwsim.ups.real_nut import RealNut, qx, why_not
from hwsim.ups.virtual import VirtualUps

LOOK_S: Final = 0.05
"""How often it looks for what has happened to the unit."""
JOIN_S_MAX: Final = 5.0


class WiredUps:
    """Safe to use from any thread. `server` is NUT's by RFC 9271, always; `line` is the serial one.

    `real_nut` is an `upsd` with `nutdrv_qx` on that line, `dummy_nut` one with `dummy-ups`, which
    has the words that Q1 lacks.
    """

    def __init__(
        self,
        name: str,
        ups: VirtualUps,
        *,
        port: int = 0,
        serial: Path | None = None,
        nis_port: int | None = None,
        with_real_nut: bool = False,
        with_dummy_ups: bool = False,
        on_event: Callable[[UpsEvent], None] = lambda _: None,
    ) -> None:
        """Nothing runs yet. A port of 0 is a free one; without `nis_port` there is no NIS.

        `with_real_nut` needs a `serial` path. `on_event` hears what happens, in a thread of ours.
        """
        assert serial is not None or not with_real_nut, "nutdrv_qx needs a line"
        self.name = name
        self.ups = ups
        self._port = port
        self._serial = serial
        self._nis_port = nis_port
        self._with_real_nut = with_real_nut
        self._with_dummy_ups = with_dummy_ups
        self._on_event = on_event
        self._wires = contextlib.ExitStack()
        self._ending = threading.Event()
        self._told = ups.event_count
        self.refuses = False
        self.line: MegatecUps | None = None
        self.nis: NisServer | None = None
        self.real_nut: RealNut | None = None
        self.dummy_nut: RealNut | None = None

    def start(self) -> Self:
        """Plug everything in. OSError, RuntimeError if a wire cannot be had; then none is left."""
        if (self._with_real_nut or self._with_dummy_ups) and why_not():
            raise RuntimeError(why_not())
        with contextlib.ExitStack() as wires:
            self.server = wires.enter_context(NutServer({self.name: self.ups}, port=self._port))
            if self._serial is not None:
                self.line = wires.enter_context(MegatecUps(self.ups, self._serial))
            if self._nis_port is not None:
                nis = NisServer(self.ups, name=self.name, port=self._nis_port)
                self.nis = wires.enter_context(nis)
            if self._with_real_nut:
                assert self._serial is not None
                self.real_nut = wires.enter_context(RealNut({self.name: qx(self._serial)}))
            if self._with_dummy_ups:
                shown = wires.enter_context(RealNut({self.name: mirrored(self.ups)}))
                wires.enter_context(DummyMirror(self.ups, shown, self.name))
                self.dummy_nut = shown
            teller = threading.Thread(target=self._tell, name="hwsim-ups-events", daemon=True)
            teller.start()
            wires.callback(teller.join, JOIN_S_MAX)
            wires.callback(self._ending.set)
            self._wires = wires.pop_all()
        return self

    def close(self) -> None:
        """Pull everything out."""
        self._wires.close()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    @property
    def where(self) -> dict[str, object]:
        """How hosts reach it: `ups` at host and port by NUT's protocol, and the other wires."""
        found: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.server.port,
            "ups": self.name,
        }
        if self._serial is not None:
            found["device"] = str(self._serial)
        for name, wire in (
            ("nis_port", self.nis),
            ("real_nut_port", self.real_nut),
            ("dummy_ups_port", self.dummy_nut),
        ):
            if wire is not None:
                found[name] = wire.port
        return found

    def wire_faults(self) -> list[str]:
        """What is wrong with the way to it, by the names of the verbs."""
        server, served = self.server, self.server.desk.served[self.name]
        known = (
            ("unplug", self.line is not None and self.line.pulled),
            ("driver_gone", served.driver_gone),
            ("refuse", self.refuses),
            ("silent", server.silent),
            ("garbage", server.garbage),
            ("dribble", server.dribble),
            ("answer_late", server.late_s > 0),
        )
        return [name for name, is_so in known if is_so]

    # --- what happens to the way

    def refuse(self) -> None:
        """The server refuses new connections."""
        self.refuses = True
        self.server.refuse()

    def accept(self) -> None:
        """The server accepts connections again. OSError if somebody has taken its port."""
        self.server.accept()
        self.refuses = False

    def restart(self) -> None:
        """The server is started anew."""
        self.server.restart()
        self.refuses = False

    def heal(self) -> None:
        """All is well again: mains, output, cable, server, faults."""
        self.ups.heal()
        if self.line is not None:
            self.line.plug()
        server = self.server
        server.late_s, server.silent, server.garbage, server.dribble = 0.0, False, False, False
        served = server.desk.served[self.name]
        served.driver_gone = served.fsd = False
        self.accept()

    def _tell(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._ending.wait(LOOK_S)
            with self.ups.now() as ups:
                # The log forgets its oldest.
                new = list(ups.log)[-(ups.event_count - self._told) :]
                is_news, self._told = ups.event_count > self._told, ups.event_count
            for event in new if is_news else ():
                self._on_event(event)

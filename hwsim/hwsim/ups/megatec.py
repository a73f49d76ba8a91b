"""A UPS on a serial line that speaks Megatec's Q1 protocol, as NUT's `nutdrv_qx` drives it.

Source: "UPS Communications Protocol" of Megatec, as in NUT's protocol library (megatec.html), and
`drivers/nutdrv_qx_megatec.c`. Commands and answers end with CR. Q1 asks for the status, F for the
ratings, I for the maker; T, TL and Tnn test the battery, CT ends that; S shuts down, C cancels; Q
switches the beeper. An unknown command comes back as it was: so programs find out what it speaks.
"""

import re
import threading
from pathlib import Path
from typing import Final, Self

from hwsim.device_line import DeviceLine
from hwsim.ups.mechanism import QUICK_TEST_S, TEST_S_MAX, Ups
from hwsim.ups.virtual import VirtualUps

COMMAND_BYTES_MAX: Final = 64
PLUG_CHECK_S: Final = 0.02
"""How often the cable looks whether it is to be there."""
FREQUENCY_HZ: Final = 50.0
TEMPERATURE_C: Final = 25.0

_SHUTDOWN: Final = re.compile(r"S(\.\d|\d\d)(?:R(\d{4}))?")
_TEST: Final = re.compile(r"T(\d\d)")


def status(ups: Ups) -> str:
    """The answer to Q1.

    b7 mains fail, b6 battery low, b5 bypass or boost, b4 UPS failed, b3 standby type, b2 test in
    progress, b1 shutdown active, b0 beeper on.
    """
    words = ups.words()
    bits = (
        "OB" in words,
        "LB" in words,
        ups.faults.bypass or "BOOST" in words or "TRIM" in words,
        bool(ups.faults.alarm) or (ups.faults.test_fails and "error" in ups.test_result),
        True,
        "CAL" in words,
        ups.shutting_down,
        ups.beeper and ups.on_battery,
    )
    flags = "".join("01"[bit] for bit in bits)
    return (
        f"({ups.mains_v:05.1f} {ups.mains_v:05.1f} {ups.output_v:05.1f} "
        f"{min(ups.load_percent, 999):03.0f} {FREQUENCY_HZ:04.1f} {ups.battery_v:04.1f} "
        f"{TEMPERATURE_C:04.1f} {flags}"
    )


def answer(ups: Ups, command: str) -> str | None:
    """What it says to a command, without CR; None for those that it only obeys."""
    spec = ups.spec
    if command == "Q1":
        return status(ups)
    if command == "F":
        amperes = min(spec.rated_w / spec.nominal_v, 999)
        volts = 2.0 * spec.battery.cells
        return f"#{spec.nominal_v:05.1f} {amperes:03.0f} {volts:05.2f} {FREQUENCY_HZ:04.1f}"
    if command == "I":
        return f"#{spec.manufacturer:<15.15} {spec.model:<10.10} {spec.firmware:<10.10}"
    return None if _obey(ups, command) else command


def _obey(ups: Ups, command: str) -> bool:
    test, shutdown = _TEST.fullmatch(command), _SHUTDOWN.fullmatch(command)
    if command == "T":
        ups.start_test(QUICK_TEST_S)
    elif command == "TL":
        ups.start_test(TEST_S_MAX, until_low=True)
    elif test:
        ups.start_test(60.0 * int(test[1]))
    elif command == "CT":
        ups.stop_test()
    elif command == "C":
        ups.stop_shutdown()
    elif command == "Q":
        ups.beeper = not ups.beeper
    elif shutdown:
        after_s = 60.0 * float("0" + shutdown[1] if shutdown[1][0] == "." else shutdown[1])
        # "R0000" is to stay off, as no R is.
        back_s = 60.0 * int(shutdown[2] or 0)
        ups.shut_down(after_s=after_s, return_after_s=back_s or None)
    else:
        return False
    ups.note("command", command)
    return True


class MegatecUps:
    """`ups` at the path `at`, a symbolic link that leads to its serial line. Safe on any thread.

    While `ups` is not connected (its `drop_link`) the cable is unplugged: the link is gone.
    """

    def __init__(self, ups: VirtualUps, at: Path) -> None:
        """Plugged in. OSError if the path is taken."""
        self.ups = ups
        self.at = at
        self._part = b""
        self._pulled = False
        self._cable = threading.Lock()
        self._line = DeviceLine(at, self._hear, self._due)
        self._line.start()

    @property
    def pulled(self) -> bool:
        """Whether somebody has pulled its cable."""
        return self._pulled

    def unplug(self) -> None:
        """Pull its cable."""
        with self._cable:
            self._pulled = True
            self._line.unplug()

    def plug(self) -> None:
        """Plug it in, as another terminal at the same path. OSError if the path is taken."""
        with self._cable:
            self._pulled = False
            self._line.plug()

    def close(self) -> None:
        """Pull it and end."""
        self.unplug()
        self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _due(self, now_s: float) -> float:
        with self.ups.now() as ups:
            connected = ups.connected
        with self._cable:
            wanted = connected and not self._pulled
            if wanted != self._line.plugged:
                self._part = b""
                if wanted:
                    self._line.plug()
                else:
                    self._line.unplug()
        return now_s + PLUG_CHECK_S

    def _hear(self, data: bytes, _now_s: float) -> None:
        *commands, self._part = (self._part + data).split(b"\r")
        self._part = self._part[-COMMAND_BYTES_MAX:]
        for command in commands:
            said = self._say(command.decode("ascii", "replace").strip())
            if said:
                self._line.send(said)

    def _say(self, command: str) -> bytes:
        with self.ups.now() as ups:
            if not ups.answers:
                return b""
            said = answer(ups, command)
            if said is None:
                return b""
            if ups.faults.garbled_replies > 0:
                ups.faults.garbled_replies -= 1
                return _garbled(ups, said)
            return said.encode("ascii", "replace") + b"\r"


def _garbled(ups: Ups, said: str) -> bytes:
    """Cut short, and one byte of it is another."""
    damaged = bytearray(said[: max(1, len(said) // 2)].encode("ascii", "replace"))
    damaged[ups.random.randrange(len(damaged))] = ups.random.randrange(0x20, 0x7F)
    return bytes(damaged) + b"\r"

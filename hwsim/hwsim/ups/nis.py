"""A UPS by apcupsd's network protocol (NIS, port 3551): what `apcaccess` and NUT's `apcupsd-ups`
read.

Source: apcupsd's manual, "Apcupsd Network Monitoring (NIS)" and "apcaccess Status Fields". Each
message has its length as two bytes, big end first; a reply ends with a length of 0.
"""

import socket
import struct
from datetime import UTC, datetime
from typing import Final, Self

from hwsim.ups.mechanism import Ups
from hwsim.ups.tcp import TcpService
from hwsim.ups.virtual import VirtualUps

REQUEST_BYTES_MAX: Final = 64
EVENTS_SHOWN_MAX: Final = 50
_LENGTH: Final = struct.Struct(">H")

# STATFLAG, from apcupsd's include/defines.h.
_FLAGS: Final = {
    "CAL": 0x1,
    "TRIM": 0x2,
    "BOOST": 0x4,
    "OL": 0x8,
    "OB": 0x10,
    "OVER": 0x20,
    "LB": 0x40,
    "RB": 0x80,
}
_COMM_LOST: Final = 0x100
_SHUTDOWN: Final = 0x200
_BATTERY_PRESENT: Final = 0x2000000
_PLUGGED: Final = 0x1000000

_EVENTS: Final = {
    "mains_lost": "Power failure.",
    "on_battery": "Running on UPS batteries.",
    "mains_back": "Power is back. UPS running on mains.",
    "test_began": "UPS Self Test switch to battery.",
    "test_passed": "UPS Self Test completed: Battery OK",
    "test_failed": "UPS Self Test completed: Battery failed",
    "link_dropped": "Communications with UPS lost.",
    "link_back": "Communications with UPS restored.",
    "battery_empty": "Battery power exhausted.",
}


def status(name: str, ups: Ups) -> list[str]:
    """The lines of the reply to "status"."""
    now = datetime.now(tz=UTC).strftime("%Y-%m-%d %H:%M:%S +0000")
    words = ups.words()
    flags = sum(_FLAGS[word] for word in words if word in _FLAGS)
    flags |= _BATTERY_PRESENT | _PLUGGED | (_SHUTDOWN if ups.shutting_down else 0)
    heard = ups.answers
    if not heard:
        flags |= _COMM_LOST
    said = [
        ("DATE", now),
        ("HOSTNAME", "hwsim"),
        ("VERSION", "3.14.14 (31 May 2016) hwsim"),
        ("UPSNAME", name),
        ("CABLE", "USB Cable"),
        ("DRIVER", "USB UPS Driver"),
        ("UPSMODE", "Stand Alone"),
        ("STARTTIME", now),
        ("MODEL", ups.spec.model),
        ("STATUS", _status_words(words) if heard else "COMMLOST"),
    ]
    if heard:
        said += _measured(ups)
    said += [("STATFLAG", f"0x{flags:08X}"), ("SERIALNO", ups.spec.serial), ("END APC", now)]
    lines = [f"{key:<9}: {value}\n" for key, value in said]
    size = sum(map(len, lines))
    return [f"APC      : 001,{len(lines) + 1:03d},{size:04d}\n", *lines]


def _status_words(words: list[str]) -> str:
    known = {"OL": "ONLINE", "OB": "ONBATT", "LB": "LOWBATT", "RB": "REPLACEBATT"}
    known |= {"OVER": "OVERLOAD", "CAL": "CAL", "TRIM": "TRIM", "BOOST": "BOOST"}
    return " ".join(known[word] for word in words if word in known)


def _measured(ups: Ups) -> list[tuple[str, str]]:
    found = [
        ("LINEV", f"{ups.mains_v:.1f} Volts"),
        ("LOADPCT", f"{ups.load_percent:.1f} Percent"),
        ("BCHARGE", f"{ups.charge_percent:.1f} Percent"),
        ("TIMELEFT", f"{_minutes(ups.runtime_text)} Minutes"),
        ("MBATTCHG", f"{ups.spec.low_percent:.0f} Percent"),
        ("MINTIMEL", f"{ups.spec.low_runtime_s / 60:.0f} Minutes"),
        ("OUTPUTV", f"{ups.output_v:.1f} Volts"),
        ("BATTV", f"{ups.battery_v:.1f} Volts"),
        ("NOMINV", f"{ups.spec.nominal_v:.0f} Volts"),
    ]
    result = {"Done and passed": "OK", "Done and error": "NG", "In progress": "IP"}
    return [*found, ("SELFTEST", result.get(ups.test_result, "NO"))]


def _minutes(seconds: str) -> str:
    try:
        return f"{float(seconds) / 60:.1f}"
    except ValueError:
        return "0.0"


def events(ups: Ups) -> list[str]:
    """The lines of the reply to "events"."""
    today = datetime.now(tz=UTC).strftime("%Y-%m-%d")
    known = [event for event in ups.log if event.what in _EVENTS][-EVENTS_SHOWN_MAX:]
    return [
        f"{today} {int(event.at_s) // 3600 % 24:02d}:{int(event.at_s) // 60 % 60:02d}:"
        f"{int(event.at_s) % 60:02d} +0000  {_EVENTS[event.what]}\n"
        for event in known
    ]


class NisServer:
    """Serves one UPS on 127.0.0.1. Safe to use from any thread."""

    def __init__(self, ups: VirtualUps, *, name: str = "till", port: int = 0) -> None:
        """OSError if the port is taken."""
        self._ups = ups
        self._name = name
        self._service = TcpService(self._serve, port=port)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._service.port

    def close(self) -> None:
        """End it and its connections."""
        self._service.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self, client: socket.socket, _host: str) -> None:
        with client.makefile("rb") as requests:
            while len(head := requests.read(_LENGTH.size)) == _LENGTH.size:
                (size,) = _LENGTH.unpack(head)
                if size > REQUEST_BYTES_MAX:
                    return
                client.sendall(self._reply(requests.read(size)))

    def _reply(self, request: bytes) -> bytes:
        asked = request.decode("ascii", "replace").strip("\0\n ")
        with self._ups.now() as ups:
            if asked == "status":
                lines = status(self._name, ups)
            elif asked == "events":
                lines = events(ups)
            else:
                lines = ["Invalid command\n"]
        messages = [line.encode("ascii", "replace") for line in lines]
        return b"".join(_LENGTH.pack(len(each)) + each for each in messages) + _LENGTH.pack(0)

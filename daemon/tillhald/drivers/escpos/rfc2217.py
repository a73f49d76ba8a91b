"""A serial line over Telnet, the client's side. Pure: bytes in, bytes out.

Sources: RFC 854 and 855 (Telnet), RFC 856 (binary), RFC 858 (no go-ahead), RFC 2217 (the port).
"""

from __future__ import annotations

import struct
from typing import Final

from tillhald.devices.link_serial import SerialSettings

SUBNEGOTIATION_BYTES_MAX: Final = 256

_SE, _SB, _WILL, _WONT, _DO, _DONT, _IAC = 240, 250, 251, 252, 253, 254, 255
_BINARY, _NO_GO_AHEAD, _COM_PORT = 0, 3, 44

_SET_BAUD, _SET_BITS, _SET_PARITY, _SET_STOP, _SET_CONTROL = 1, 2, 3, 4, 5
_SUSPEND, _RESUME = 8, 9
_ANSWER: Final = 100
"""The server answers command n by n + 100; also its own suspend and resume are counted so."""

_PARITIES: Final = {"none": 1, "odd": 2, "even": 3}
_FLOWS: Final = {"none": 1, "xon_xoff": 2, "rts_cts": 3, "dtr_dsr": 19}
_WE: Final = (_BINARY, _NO_GO_AHEAD, _COM_PORT)
_THEY: Final = (_BINARY, _NO_GO_AHEAD)


class PortRefused(Exception):
    """The server is none of RFC 2217, or does not set its line as asked."""


def escape(data: bytes) -> bytes:
    """Double what would begin a command."""
    return data.replace(b"\xff", b"\xff\xff")


class Rfc2217Client:
    """One connection, from its first byte to its last.

    `ready`: the server has set its line as asked. `suspended`: it asks to send no data now.
    """

    def __init__(self, settings: SerialSettings) -> None:
        """Nothing is sent yet: `opening` says what to begin with."""
        self.suspended = False
        self._asked = {
            _SET_BAUD: struct.pack("!I", settings.baud),
            _SET_BITS: bytes([settings.bits]),
            _SET_PARITY: bytes([_PARITIES[settings.parity]]),
            _SET_STOP: bytes([settings.stop_bits]),
            _SET_CONTROL: bytes([_FLOWS[settings.flow]]),
        }
        self._open = set(self._asked)
        self._held = bytearray()
        self._payload = bytearray()
        self._replies = bytearray()

    @property
    def ready(self) -> bool:
        """See the class."""
        return not self._open

    def opening(self) -> bytes:
        """What a client says first. The port is set once the server agrees to have one."""
        wishes = [bytes([_IAC, _WILL, option]) for option in _WE]
        wishes += [bytes([_IAC, _DO, option]) for option in _THEY]
        return b"".join(wishes)

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Take what came; give what the printer said, and what the server must be told.

        Raises PortRefused.
        """
        for byte in data:
            self._take(byte)
        payload, replies = bytes(self._payload), bytes(self._replies)
        self._payload.clear()
        self._replies.clear()
        return payload, replies

    def _take(self, byte: int) -> None:
        held = self._held
        if not held and byte != _IAC:
            self._payload.append(byte)
            return
        held.append(byte)
        match list(held[:2]):
            case [_]:
                return
            case [_, command] if command == _IAC:
                self._payload.append(_IAC)
            case [_, command] if command == _SB:
                if not self._ends_here(held):
                    return
                self._subnegotiated(bytes(held[2:-2]).replace(b"\xff\xff", b"\xff"))
            case [_, command] if command in {_WILL, _WONT, _DO, _DONT}:
                if len(held) < 3:
                    return
                self._negotiated(command, held[2])
        held.clear()

    @staticmethod
    def _ends_here(held: bytearray) -> bool:
        """Whether a subnegotiation is whole: IAC SE, whose IAC is no doubled one's second half."""
        if len(held) > SUBNEGOTIATION_BYTES_MAX:
            raise PortRefused("sends a Telnet command without end")
        return bytes(held[2:]).replace(b"\xff\xff", b"").endswith(bytes([_IAC, _SE]))

    def _negotiated(self, command: int, option: int) -> None:
        if option == _COM_PORT and command == _DO:
            for number, value in self._asked.items():
                self._say(number, value)
        elif option == _COM_PORT and command == _DONT:
            raise PortRefused("is no serial line by RFC 2217")
        elif option == _BINARY and command in {_WONT, _DONT}:
            raise PortRefused("does not pass all bytes on")
        elif command == _DO and option not in _WE:
            self._replies += bytes([_IAC, _WONT, option])
        elif command == _WILL and option not in _THEY:
            self._replies += bytes([_IAC, _DONT, option])

    def _say(self, number: int, value: bytes) -> None:
        self._replies += bytes([_IAC, _SB, _COM_PORT, number]) + escape(value) + bytes([_IAC, _SE])

    def _subnegotiated(self, content: bytes) -> None:
        if len(content) < 2 or content[0] != _COM_PORT:
            return
        number, value = content[1] - _ANSWER, content[2:]
        if number in {_SUSPEND, _RESUME}:
            self.suspended = number == _SUSPEND
        elif number in self._open:
            if value != self._asked[number]:
                raise PortRefused(f"does not set its line as asked: {_name(number, value)}")
            self._open.remove(number)


def _name(number: int, value: bytes) -> str:
    what = {
        _SET_BAUD: "baud",
        _SET_BITS: "bits",
        _SET_PARITY: "parity",
        _SET_STOP: "stop_bits",
        _SET_CONTROL: "flow",
    }[number]
    return f"{what} is {int.from_bytes(value, 'big')}"

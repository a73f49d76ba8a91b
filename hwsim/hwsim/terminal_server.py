"""A printer's serial line behind a terminal server: RFC 2217 by pyserial's own server half.

The server stays on the network when the printer is switched off; what is sent then is lost.
"""

import socket
from typing import TYPE_CHECKING, Final, cast

from serial.rfc2217 import PortManager

from hwsim.mechanism import OUTPUT_BYTES_MAX
from hwsim.network_card import Connection, NetworkCard

if TYPE_CHECKING:
    from serial.rfc2217 import Serial

IAC: Final = b"\xff"


class LineSettings:
    """What a host sets its line to; pyserial's server half reads and writes these."""

    baudrate: int = 9600
    bytesize: int = 8
    parity: str = "N"
    stopbits: float = 1
    xonxoff: bool = False
    rtscts: bool = False
    dtr: bool = True
    rts: bool = True
    break_condition: bool = False
    cts: bool = True
    dsr: bool = True
    ri: bool = False
    cd: bool = True

    def reset_input_buffer(self) -> None:
        """Nothing is kept here."""

    def reset_output_buffer(self) -> None:
        """Nothing is kept here."""


class _Outbox:
    """Where pyserial's server half writes its commands to."""

    def __init__(self, outgoing: bytearray) -> None:
        self._outgoing = outgoing

    def write(self, data: bytes) -> None:
        self._outgoing += data


class _ServedConnection(Connection):
    def __init__(self, link: socket.socket, now_s: float, line: LineSettings) -> None:
        super().__init__(link, now_s, bytearray())
        # It asks for much less of both than its stubs say.
        self._manager = PortManager(cast("Serial", line), cast("Serial", _Outbox(self.outgoing)))

    def printed(self, data: bytes) -> bytes:
        """Take the commands out of what a host has sent."""
        return b"".join(self._manager.filter(data))


class TerminalServer(NetworkCard):
    """See Card. `line` is what the host has set."""

    line: LineSettings
    _powered = True

    def switched_off(self) -> None:
        """See Card."""
        self._powered = False

    def switched_on(self) -> None:
        """See Card."""
        self._powered = True

    @property
    def _room(self) -> int:
        return super()._room if self._powered else OUTPUT_BYTES_MAX

    def _connected(self, link: socket.socket, now_s: float) -> Connection:
        self.line = LineSettings()
        return _ServedConnection(link, now_s, self.line)

    def _take(self, connection: Connection, data: bytes, now_s: float) -> None:
        assert isinstance(connection, _ServedConnection), "all of ours are"
        printed = connection.printed(data)
        if printed and self._powered:
            self._mechanism.receive(printed, now_s)

    def _send(self, connection: Connection) -> None:
        output = self._mechanism.output
        if len(connection.outgoing) < OUTPUT_BYTES_MAX:
            connection.outgoing += output.replace(IAC, IAC + IAC)
            output.clear()
        super()._send(connection)

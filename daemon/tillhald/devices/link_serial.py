"""A serial line, also one behind a USB adapter. pyserial opens and sets it; we move the bytes.

pyserial's own `write` either waits without end or does not tell how much went out.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
import termios
import time
from typing import Final, Literal

import msgspec
import serial

Flow = Literal["none", "rts_cts", "xon_xoff", "dtr_dsr"]
BAUD_MIN, BAUD_MAX = 1200, 921_600

BURST_BYTES_MAX: Final = 64
"""With DTR/DSR so much may be under way: a printer calls itself busy while it has room for 128."""
_DRAIN_PAUSE_S: Final = 0.01
_MODEM_LINES: Final = {"cts": termios.TIOCM_CTS, "dsr": termios.TIOCM_DSR}
_PARITIES: Final = {"none": "N", "even": "E", "odd": "O"}


class SerialSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a line is set. `baud` is bits a second."""

    baud: int
    flow: Flow
    bits: Literal[7, 8] = 8
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1


class SerialWire:
    """See Wire.

    The line is locked against other programs that lock (flock). TIOCEXCL would keep out the
    others, too, but outlives a killed daemon for as long as anybody else has the line open, and
    then the till could not print after its restart.
    """

    finds_printer = False

    def __init__(self, path: str, settings: SerialSettings, *, two_way: bool = True) -> None:
        """`two_way`: the cable and the printer let answers come back."""
        self.place = path
        self.two_way = two_way
        self._settings = settings
        self._port: serial.Serial | None = None

    def begin(self) -> bool:
        """See Wire."""
        settings = self._settings
        port = serial.Serial(
            baudrate=settings.baud,
            bytesize=settings.bits,
            parity=_PARITIES[settings.parity],
            stopbits=settings.stop_bits,
            rtscts=settings.flow == "rts_cts",
            xonxoff=settings.flow == "xon_xoff",
            timeout=0,
            exclusive=True,
        )
        port.port = self.place
        try:
            port.open()
        except termios.error as error:
            raise OSError(error.args[0], f"cannot be set: {error.args[1]}") from error
        except ValueError as error:  # a speed that this hardware has not
            raise OSError(errno.EINVAL, f"cannot be set: {error}") from error
        except serial.SerialException as error:
            raise _plain(error) from error
        self._port = port
        if settings.flow == "dtr_dsr":
            data_set_ready(self.fileno())  # a line that cannot tell is found out before a job
        return True

    def finish(self) -> None:
        """See Wire. A line is open at once."""

    def fileno(self) -> int:
        """See Wire."""
        assert self._port is not None, "begin() was called, and close() was not"
        return int(self._port.fileno())

    def read(self, count: int) -> bytes:
        """See Wire. A line without data gives none at once; one that hung up is known by poll."""
        return os.read(self.fileno(), count)

    def write(self, data: bytes) -> int:
        """See Wire."""
        if self._settings.flow != "dtr_dsr":
            return os.write(self.fileno(), data)
        # Linux knows no flow control by DSR: look at it ourselves, before each small burst.
        if waiting_bytes(self.fileno()) or not data_set_ready(self.fileno()):
            return 0
        return os.write(self.fileno(), data[:BURST_BYTES_MAX])

    def linger(self, end_s: float) -> None:
        """See Wire."""
        with contextlib.suppress(OSError):  # it is gone
            while waiting_bytes(self.fileno()) and time.monotonic() < end_s:
                time.sleep(_DRAIN_PAUSE_S)

    def close(self) -> None:
        """See Wire.

        The kernel would wait half a minute for a printer that holds the line up to take what is
        left: throw that away, and let nobody hold it up.
        """
        port, self._port = self._port, None
        if port is None:
            return
        with contextlib.suppress(OSError, termios.error):  # it is gone
            if waiting_bytes(port.fileno()):
                termios.tcflush(port.fileno(), termios.TCOFLUSH)
                iflag, oflag, cflag, *rest = termios.tcgetattr(port.fileno())
                free = [iflag & ~termios.IXON, oflag, cflag & ~termios.CRTSCTS, *rest]
                termios.tcsetattr(port.fileno(), termios.TCSANOW, free)
        port.close()


def waiting_bytes(descriptor: int) -> int:
    """How much of what was written the line has not sent yet. Raises OSError."""
    return _ioctl_int(descriptor, termios.TIOCOUTQ)


def data_set_ready(descriptor: int) -> bool:
    """Whether the printer holds DSR up: it takes data. Raises OSError."""
    return modem_line(descriptor, "dsr")


def modem_line(descriptor: int, name: Literal["cts", "dsr"]) -> bool:
    """Whether the other side holds this line up. Raises OSError, of a line that has none, too."""
    try:
        lines = _ioctl_int(descriptor, termios.TIOCMGET)
    except OSError as error:
        raise OSError(error.errno, f"this line has no {name.upper()}") from error
    return bool(lines & _MODEM_LINES[name])


def _ioctl_int(descriptor: int, request: int) -> int:
    (value,) = struct.unpack("i", fcntl.ioctl(descriptor, request, bytes(4)))
    return int(value)


def _plain(error: serial.SerialException) -> OSError:
    """Say shortly what pyserial says at length."""
    if error.errno in {errno.EAGAIN, errno.EWOULDBLOCK}:
        return OSError(errno.EBUSY, "another program or device has this line")
    if error.errno is not None:
        return OSError(error.errno, os.strerror(error.errno))
    return OSError(errno.EIO, str(error))

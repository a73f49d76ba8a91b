r"""A barcode scanner on a serial line, as a hand that holds it.

    with VirtualScanner(tmp_path / "scanner") as scanner:
        ...                                       # the till opens that path
        scanner.scan("6901234567892")             # sends b"]E06901234567892\r"

What the host sends is kept in `received`, and heeded where scanners agree on it: `SYN T CR` and
`SYN U CR` are the trigger (Honeywell, and engines like it), `E` and `D` enable and disable, `R`
resets, `B`, BEL and 01h beep (Datalogic and PSC, "RS-232 host commands").
"""

import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from hwsim.device_line import DeviceLine
from hwsim.symbologies import aim_id, as_sent, with_wrong_check

RECEIVED_BYTES_MAX: Final = 4096
"""What the host sent before is forgotten."""

GS: Final = b"\x1d"
_TRIGGER_ON, _TRIGGER_OFF = b"\x16T\r", b"\x16U\r"
_BEEPS = b"B\x07\x01"


class VirtualScanner:
    """A scanner in a thread of its own. Every method may be called from any thread."""

    def __init__(
        self,
        at: Path,
        *,
        prefix: bytes = b"",
        suffix: bytes = b"\r",
        aim: bool = True,
    ) -> None:
        """Not plugged in yet. The host opens `at`, a symbolic link that is made and removed.

        `aim`: the symbology identifier is sent before each code. Factory settings of most scanners
        have it off, and send CR or CR LF as suffix.
        """
        self.at = at
        self._prefix = prefix
        self._suffix = suffix
        self._aim = aim
        self._changed = threading.Condition(threading.RLock())
        self._line = DeviceLine(at, self._hear)
        self._received = b""
        self._unread = b""
        self._scan_count = 0
        self._beep_count = 0
        self._enabled = True
        self._asleep = False
        self._presented: tuple[bytes, str] | None = None

    # Life

    def start(self) -> Self:
        """Plug it in, once in its life. OSError if the path is taken."""
        self._line.start()
        return self

    def close(self) -> None:
        """Unplug it for good."""
        self._line.close()

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

    # What can be seen

    @property
    def plugged(self) -> bool:
        """Whether the host has a path to open."""
        return self._line.plugged

    @property
    def enabled(self) -> bool:
        """Whether the host lets it read."""
        return self._enabled

    @property
    def asleep(self) -> bool:
        """See fall_asleep()."""
        return self._asleep

    @property
    def scan_count(self) -> int:
        """Codes sent whole or in part; a double read counts once."""
        return self._scan_count

    @property
    def beep_count(self) -> int:
        """How often the host let it beep."""
        return self._beep_count

    @property
    def received(self) -> bytes:
        """The last RECEIVED_BYTES_MAX bytes that the host has written."""
        with self._changed:
            return self._received

    def wait_received(self, data: bytes, timeout_s: float) -> None:
        """Wait until the host has written `data`; TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: data in self._received, timeout_s):
                raise TimeoutError(f"waited {timeout_s} s for {data!r}, heard {self._received!r}")

    # What people do with it

    def scan(
        self,
        payload: str | bytes,
        *,
        symbology: str = "ean13",
        double_read: bool = False,
        truncate: int | None = None,
        lose_front: int = 0,
        no_suffix: bool = False,
        gs: bytes = GS,
        wrong_check: bool = False,
        pause_s: float = 0.0,
    ) -> bytes:
        """Read a code; give the bytes that were sent. ValueError for an unknown symbology.

        Text is sent as UTF-8. Faults: `double_read` sends it twice, `truncate` only its first
        bytes and no suffix, `lose_front` drops as many of its first ones, `gs` replaces (or, empty,
        strips) the separators of GS1 codes, `pause_s` dribbles it byte by byte, and so takes its
        time. Nothing is sent while it is unplugged or disabled, and one that sleeps only wakes.
        """
        data = payload.encode() if isinstance(payload, str) else payload
        if wrong_check:
            data = with_wrong_check(data)
        identifier = aim_id(symbology).encode()
        if self._aim:
            data = identifier + as_sent(data, symbology)
        frame = self._prefix + data.replace(GS, gs) + (b"" if no_suffix else self._suffix)
        if truncate is not None:
            frame = frame[: min(truncate, len(self._prefix + data))]
        frame = frame[lose_front:]
        with self._changed:
            if self._wakes_only() or not (self._enabled and self.plugged):
                return b""
            self._scan_count += 1
        return self._send(frame * 2 if double_read else frame, pause_s)

    def burst(self, payloads: Iterable[str | bytes], *, symbology: str = "ean13") -> bytes:
        """Read several codes without a pause in between; give the bytes that were sent."""
        return b"".join([self.scan(payload, symbology=symbology) for payload in payloads])

    def present(self, payload: str | bytes | None, *, symbology: str = "ean13") -> None:
        """Lay a code before it that the host's trigger reads, each time; None takes it away."""
        aim_id(symbology)
        data = payload.encode() if isinstance(payload, str) else payload
        with self._changed:
            self._presented = None if data is None else (data, symbology)

    def send(self, data: bytes) -> int:
        """Send bytes as they are: noise, or what no scanner should; give how many were taken."""
        return self._line.send(data)

    def unplug(self) -> None:
        """Pull the cable."""
        self._line.unplug()

    def plug(self) -> None:
        """Plug it in again, at the same path; it has its settings after power-up."""
        with self._changed:
            self._reset()
            self._asleep = False
        self._line.plug()

    def fall_asleep(self) -> None:
        """Drop the link, as a cordless scanner does: the next scan wakes it, and is lost."""
        with self._changed:
            self._asleep = True
        self._line.unplug()

    def _wakes_only(self) -> bool:
        if not self._asleep:
            return False
        self._asleep = False
        self._line.plug()
        return True

    def _send(self, frame: bytes, pause_s: float) -> bytes:
        if not pause_s:
            return frame[: self._line.send(frame)]
        sent = 0
        for at in range(len(frame)):
            if at:
                time.sleep(pause_s)
            sent += self._line.send(frame[at : at + 1])
        return frame[:sent]

    # The line's thread

    def _hear(self, data: bytes, now_s: float) -> None:  # noqa: ARG002 - it waits for nothing
        scans = 0
        with self._changed:
            self._received = (self._received + data)[-RECEIVED_BYTES_MAX:]
            self._unread += data
            while self._unread:
                step = self._command()
                if step is None:
                    break
                scans += step
            presented = self._presented
            self._changed.notify_all()
        for _ in range(scans if presented else 0):
            assert presented is not None
            self.scan(presented[0], symbology=presented[1])

    def _command(self) -> int | None:
        """Take one command of the host; give 1 if it pulled the trigger, None if it goes on."""
        for trigger, pulled in ((_TRIGGER_ON, 1), (_TRIGGER_OFF, 0)):
            if self._unread.startswith(trigger):
                self._unread = self._unread[len(trigger) :]
                return pulled
            if trigger.startswith(self._unread):
                return None
        code, self._unread = self._unread[:1], self._unread[1:]
        if code in (b"E", b"D"):
            self._enabled = code == b"E"
        elif code == b"R":
            self._reset()
        elif code in _BEEPS:
            self._beep_count += 1
        return 0

    def _reset(self) -> None:
        self._enabled = True
        self._unread = b""

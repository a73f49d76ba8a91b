"""Where one code ends and the next begins, in a stream of bytes. Pure: the time comes in."""

from __future__ import annotations

from typing import Final

from tillhald.devices.categories import Frame
from tillhald.domain.scan import FRAME_BYTES_MAX, Corruption

IDENTIFIER_BYTES: Final = 3
"""Of a symbology identifier, before what the symbol holds."""


class Framer:
    """See Decoder. A frame ends with the suffix; without one, when nothing has come for a while.

    With a suffix, what stops without it is a part of a code, and never told as a code: a part of
    one may be another one. Whether there was a pause `idle` is told, when there is nothing to
    read: the time between two reads may be the till's own, in the midst of a code.

    Memory is bounded by the longest frame and one read.
    """

    def __init__(self, *, prefix: bytes, suffix: bytes, idle_s: float) -> None:
        """`idle_s`: the pause after which no more bytes of the same code are expected."""
        self._prefix = prefix
        self._suffix = suffix
        self._idle_s = idle_s
        self._bytes_max = len(prefix) + IDENTIFIER_BYTES + FRAME_BYTES_MAX
        self._held = bytearray()
        self._searched = 0
        self._skipping = False
        self._last_s = 0.0

    def feed(self, data: bytes, now_s: float) -> list[Frame]:
        """See Decoder."""
        frames: list[Frame] = []
        self._last_s = now_s
        self._held += data
        while self._suffix and (at := self._held.find(self._suffix, self._searched)) >= 0:
            raw = bytes(self._held[:at])
            del self._held[: at + len(self._suffix)]
            self._searched = 0
            self._end(raw, frames, now_s)
        self._searched = max(len(self._held) - len(self._suffix) + 1, 0)
        if len(self._held) > self._bytes_max:
            # What follows is skipped up to its end; the last bytes may begin the suffix.
            self._skipping = True
            keep = len(self._suffix) - 1 if self._suffix else 0
            del self._held[: len(self._held) - keep]
            self._searched = 0
        return frames

    def idle(self, now_s: float) -> list[Frame]:
        """See Decoder."""
        frames: list[Frame] = []
        until_s = self.waits_until_s()
        if until_s is None or now_s < until_s:
            return frames
        raw = bytes(self._held)
        self._held.clear()
        self._searched = 0
        if self._suffix and not self._skipping:
            if raw.strip(b"\r\n"):  # CR LF where CR was expected is no beginning of a code
                frames.append(_corrupt(Corruption.LINE_ERROR, now_s))
        else:
            self._end(raw, frames, now_s)
        return frames

    def lost(self, now_s: float) -> list[Frame]:
        """See Decoder."""
        was_within = self._skipping or bool(bytes(self._held).strip(b"\r\n"))
        self._held.clear()
        self._searched = 0
        self._skipping = False
        return [_corrupt(Corruption.LINE_ERROR, now_s)] if was_within else []

    def waits_until_s(self) -> float | None:
        """See Decoder."""
        return self._last_s + self._idle_s if self._held or self._skipping else None

    def _end(self, raw: bytes, frames: list[Frame], now_s: float) -> None:
        was_skipping, self._skipping = self._skipping, False
        if was_skipping or len(raw) > self._bytes_max:
            frames.append(_corrupt(Corruption.TOO_LONG, now_s))
            return
        raw = raw.strip(b"\r\n") if self._suffix in (b"\r", b"\n", b"\r\n") else raw
        if not raw:
            return
        if not raw.startswith(self._prefix):
            frames.append(_corrupt(Corruption.LINE_ERROR, now_s))
        elif code := raw.removeprefix(self._prefix):
            frames.append(Frame(raw=code, ended_s=now_s))


def _corrupt(why: Corruption, now_s: float) -> Frame:
    return Frame(raw=b"", ended_s=now_s, corrupt=why)

"""One archive for support while it is packed: parts put in one by one, masked, within limits."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import io
import re
import time
import zipfile
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import structlog

from tillhald.service.masking import MASK, Masker
from tillhald.telemetry.wording import named, utc

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

log = structlog.get_logger(__name__)

PART_BYTES_MAX = 2 << 20
ARCHIVE_BYTES_MAX = 6 << 20
"""Of all parts together, before they are packed; packed they take about a tenth."""
PIECE_BYTES_MAX = 64 << 10
"""What is sent in one message."""
PACKED_AT_ONCE_BYTES_MAX = 16 << 10
"""About half a millisecond's work."""
SLICE_S_MAX = 0.0005
PAUSE_S_MIN = 0.001
PAUSES = 2
"""Of three moments support gets one and whoever sells two. A slice after every turn of the event
loop made a sale eight times as long: it needs several turns, and waited for a slice in each."""
NAME_CHARS_MAX = 60

Content = dict[str, object] | list[str]
"""What becomes one JSON document, or lines that are JSON already."""

_README = """\
Diagnostics of a till, made at {made} for support. All times are UTC.

  status.json          what the till answers to GetStatus
  configuration.json   what it runs on, defaults included
  devices.json         every device: state, conditions, readings; its last events
  events.jsonl         the journal's last events, one a line, the latest last
  journal.json         whose journal it is, how far it goes, how full it is, its check
  recovery.json        how this start went, and the starts before it
  disk.json            room, mount and files of the folders that the till writes to
  memory.json          the machine's memory and load; the daemon's own
  versions.json        tillhal, Python, libraries, kernel
  logs.jsonl           the last lines of the log of this run, the latest last

Lines of .jsonl files are one JSON object each. "{mask}" stands where something was there and is
not shown.

Left out on purpose:
  - passwords and the like: of the configuration only numbers, closed choices and fields that are
    declared as harmless are shown, and what is masked there is masked in every file;
  - amounts, quantities, articles, descriptions, taxes and references of payments;
  - notes, and reasons that a person typed; names of persons; what was printed;
  - the texts of exceptions: their class, the system's error and the place in the code are shown;
  - whatever a log line holds beyond numbers and the fields that are known to be harmless;
  - the machine's name, and every disk and folder that is not the till's.

Left out because it could not be had:
{left_out}"""


class Archive(NamedTuple):
    """A ZIP file. `left_out`: the parts, or pieces of one, that could not be had, and why."""

    file_name: str
    content: bytes
    sha256: bytes
    left_out: tuple[str, ...]


class Packing:
    """Takes parts, and is closed by `finish`. Use on the event loop, which it never keeps long."""

    def __init__(self, masker: Masker, made_ms: int) -> None:
        self.left_out: list[str] = []
        self._masker = masker
        self._made_ms = made_ms
        self._file = io.BytesIO()
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED)
        self._bytes = 0
        self._slice_began_s = time.perf_counter()

    async def breathe(self) -> None:
        """Let the event loop sell, if it has been kept from it for long enough. Call it often."""
        spent_s = time.perf_counter() - self._slice_began_s
        if spent_s >= SLICE_S_MAX:
            await asyncio.sleep(max(PAUSE_S_MIN, PAUSES * spent_s))
            self._slice_began_s = time.perf_counter()

    def line(self, value: Mapping[str, object]) -> str:
        """One line of JSON, masked. Its fields keep their order: what a reader looks for first."""
        return _line_encoder.encode(self._masker.plain(value)).decode()

    def leave_out(self, what: str, why: str) -> None:
        """Say of a part, or of a piece of one, that it cannot be had."""
        self.left_out.append(self._masker.text(f"{what}: {why}"))

    async def add(self, name: str, make: Callable[[Packing], Awaitable[Content]]) -> None:
        """Make one part and put it in, or say why not. No part keeps the others back."""
        try:
            content = await make(self)
            data = self._document(content) if isinstance(content, dict) else _lines(content)
        except Exception as error:
            log.warning("diagnostics_part_failed", part=name, exc_info=error)
            self.leave_out(name, named(error))
            return
        await self.breathe()
        if isinstance(content, list) and len(data) > PART_BYTES_MAX:
            # The newest lines stay: they are what happened before somebody called for help.
            data = data[data.index(b"\n", len(data) - PART_BYTES_MAX - 1) + 1 :]
            self.leave_out(name, f"older lines than those in its last {PART_BYTES_MAX} bytes")
        if len(data) > PART_BYTES_MAX or self._bytes + len(data) > ARCHIVE_BYTES_MAX:
            self.leave_out(name, f"its {len(data)} bytes are more than there is room for")
        else:
            await self._put(name, data)

    async def finish(self, workstation: str) -> Archive:
        """The whole archive, with a word on what is in it and what is not."""
        made = utc(self._made_ms)
        missing = "".join(f"  - {sentence}\n" for sentence in self.left_out) or "  - nothing\n"
        text = _README.format(made=made, mask=MASK, left_out=missing)
        await self._put("README.txt", text.encode())
        self._zip.close()
        content = self._file.getvalue()
        digest = hashlib.sha256()
        for start in range(0, len(content), PIECE_BYTES_MAX):
            digest.update(content[start : start + PIECE_BYTES_MAX])
            await self.breathe()
        till = re.sub(r"[^A-Za-z0-9._-]", "_", workstation)[:NAME_CHARS_MAX]
        stamp = re.sub(r"\W|(?<=\.)\d+", "", made)
        return Archive(
            file_name=f"tillhal-{till}-{stamp}.zip",
            content=content,
            sha256=digest.digest(),
            left_out=tuple(self.left_out),
        )

    def _document(self, content: dict[str, object]) -> bytes:
        return msgspec.json.format(_encoder.encode(self._masker.plain(content)), indent=2) + b"\n"

    async def _put(self, name: str, data: bytes) -> None:
        self._bytes += len(data)
        made = datetime.datetime.fromtimestamp(self._made_ms / 1000, tz=datetime.UTC)
        entry = zipfile.ZipInfo(name, made.timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        with self._zip.open(entry, "w") as part:
            for start in range(0, len(data), PACKED_AT_ONCE_BYTES_MAX):
                part.write(data[start : start + PACKED_AT_ONCE_BYTES_MAX])
                await self.breathe()


def _lines(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


_encoder = msgspec.json.Encoder(order="sorted", enc_hook=str)
_line_encoder = msgspec.json.Encoder(enc_hook=str)

"""Taking the files out that travel in a backup: the program `tillhald.backup.extract`, see `words`.

A new machine needs its configuration before there is a till that could restore the rest.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tillhald.backup.check import opened
from tillhald.backup.folder import refusal_of
from tillhald.backup.keys import identity_of
from tillhald.backup.pace import Pace
from tillhald.backup.reading import Forgetting, check_whole
from tillhald.backup.words import Line, run
from tillhald.domain.errors import BackupFailed, BackupKeyNeeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.backup.layout import Filed


class ExtractOrder(msgspec.Struct, kw_only=True):
    """Put the files of the backup `file` into the folder `to`, which is there and empty."""

    file: str
    to: str
    secrets: tuple[str, ...]


class _Files(Forgetting):
    """A taker that keeps the files: there are a handful, and they are small."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def file(self, filed: Filed) -> None:
        self.files[filed.name] = filed.content


def extract(order: ExtractOrder, say: Callable[[Line], None]) -> None:
    """Check the backup whole, then write its files. Raises refusals, OSError."""
    if not order.secrets:
        raise BackupKeyNeeded("A backup is opened with its key: give one.")
    keys = [identity_of(secret) for secret in order.secrets]
    path, to = Path(order.file), Path(order.to)
    taker = _Files()
    try:
        with path.open("rb", buffering=0) as file:
            clear = check_whole(file, Pace(say, "checking"))
            opened(file, clear, keys, taker, Pace(say, "opening"))
    except OSError as error:
        raise refusal_of(error, path.parent) from error
    try:
        for name, content in taker.files.items():
            _write(to / Path(name).name, content)  # never outside, whatever the name says
    except FileExistsError as error:
        sentence = f"There is something at {error.filename} already; it is not written over."
        raise BackupFailed(sentence) from error
    say(Line(extracted=sorted(taker.files)))


def _write(path: Path, content: bytes) -> None:
    # There are passwords in it.
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


if __name__ == "__main__":
    sys.exit(run(ExtractOrder, extract))

"""Keys for backups: made here, and read here, and never kept on the till."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pyrage import x25519

from tillhald.ctl.connection import give_up

KEY_FILE_BYTES_MAX = 4_096
_OWN_DISKS = (Path("/"), Path("/var/lib"))

KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key",
        metavar="FILE",
        help="A key that opens it, as `tillctl data keygen` or age-keygen wrote it.",
        show_default=False,
    ),
]


def key_text(file: Path | None) -> str:
    """The key in a file; empty without one. Gives up where it cannot be read."""
    if file is None:
        return ""
    try:
        with file.open("rb") as opened:
            return opened.read(KEY_FILE_BYTES_MAX).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no key file"
        give_up(f"The key in {file} cannot be read: {why}.")


def make_key(file: Path) -> str:
    """Write a new key into a new file, durably; return its public key. Gives up if it cannot."""
    key = x25519.Identity.generate()
    public = str(key.to_public())
    made = datetime.now(tz=UTC).isoformat(timespec="seconds")
    text = f"# created: {made}\n# public key: {public}\n{key}\n"
    try:
        fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, text.encode())
            os.fsync(fd)
        finally:
            os.close(fd)
    except FileExistsError:
        give_up(f"There is something at {file} already; a key is not written over it.")
    except OSError as error:
        give_up(f"The key cannot be written to {file}: {error.strerror}.")
    return public


def lies_on_this_machine(file: Path) -> bool:
    """Whether the file is on the disk that this machine starts from or keeps a till's data on."""
    disk = file.stat().st_dev
    return any(place.exists() and place.stat().st_dev == disk for place in _OWN_DISKS)

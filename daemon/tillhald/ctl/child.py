"""Starting the programs of journals and backups, and reading their lines."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tillhald.ctl.connection import give_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def lines_of(
    module: str, *arguments: str, package: str = "journal", order: dict[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """Run `python -m tillhald.<package>.<module>` and give its JSON lines.

    `order` is what it reads. The last line has a result, or a `fault` with a `sentence`: also if
    the child was killed, as bad storage does. The child is gone at the end.
    """
    command = [sys.executable, "-P", "-m", f"tillhald.{package}.{module}", *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdin is not None, "a pipe was asked for"
        assert child.stdout is not None, "a pipe was asked for"
        assert child.stderr is not None, "a pipe was asked for"
        try:
            with contextlib.suppress(BrokenPipeError), child.stdin:
                child.stdin.write(b"" if order is None else json.dumps(order).encode())
            for line in child.stdout:
                # What a killed child was about to write is half a line.
                if line.endswith(b"\n"):
                    yield json.loads(line)
            complaint = child.stderr.read().decode(errors="replace").strip()
            status = child.wait()
        finally:
            child.kill()
    if status < 0:
        name = signal.Signals(-status).name
        sentence = (
            f"The process that read the {package} was killed by {name}: the file is damaged, "
        )
        yield {"fault": "unreadable", "seq": None, "sentence": f"{sentence}or the disk is failing."}
    elif status:
        give_up(f"The program that reads the {package} failed. {complaint.rpartition(chr(10))[2]}")


def journal_in(folder: Path) -> str:
    """The folder, if there is a journal in it that may be read; else say so and exit."""
    file = folder / "data.mdb"
    if folder.is_file():
        give_up(f"{folder} is a file; say the folder that it is in.")
    if not os.access(folder, os.R_OK | os.X_OK) and folder.exists():
        give_up(f"User {os.getuid()} may not look into {folder}. Use sudo.")
    if not file.exists():
        give_up(f"There is no journal in {folder}: no file data.mdb.")
    if not os.access(file, os.R_OK):
        give_up(f"User {os.getuid()} may not read {file}. Use sudo.")
    return str(folder)

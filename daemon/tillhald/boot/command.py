"""Runs a command of the program that the till runs, wherever an upgrade has brought it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tillhald.boot.files import Damaged
from tillhald.boot.record import NoRecord, UnknownFormat, boot_folder, read
from tillhald.boot.slot import slots_folder

if TYPE_CHECKING:
    from pathlib import Path

EXIT_NOT_OPEN = 77
"""Whoever asks may not look into the till's home (EX_NOPERM of sysexits.h)."""
EXIT_NO_PROGRAM = 78
"""There is no program that could be run (EX_CONFIG)."""


def run(home: Path, name: str, arguments: list[str]) -> int:
    """Become the command `name` of the committed slot; an exit status if that cannot be."""
    try:
        # What reads the record takes a file that it may not open for a damaged one.
        os.scandir(boot_folder(home)).close()
        program = slots_folder(home) / read(home).committed.slot / "bin" / name
        os.execv(program, [str(program), *arguments])  # noqa: S606 (no shell is wanted)
    except PermissionError:
        sys.stderr.write(f"{name}: {home} is open to root and the till's user alone: sudo {name}\n")
        return EXIT_NOT_OPEN
    except (NoRecord, Damaged, UnknownFormat) as error:
        sys.stderr.write(f"{name}: {error}\n")
    except FileNotFoundError:
        sys.stderr.write(f"{name}: there is no whole till in {home}\n")
    return EXIT_NO_PROGRAM

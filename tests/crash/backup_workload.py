"""Makes a backup on the disk that is recorded, and says when it is made.

`python -m tests.crash.backup_workload ORDER MARK`, with the order as JSON.
"""

from __future__ import annotations

import os
import sys

import msgspec

from tillhald.backup.make import make
from tillhald.backup.words import Line, MakeOrder

MADE = "made "


def main(order: str, mark: str) -> None:
    """One write is one mark."""
    fd = os.open(mark, os.O_WRONLY)

    def say(line: Line) -> None:
        if line.made is not None:
            os.write(fd, f"{MADE}{line.made.file_name}".encode())

    make(msgspec.json.decode(order, type=MakeOrder), say)
    os.close(fd)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A second copy of a journal, beside the daemon that writes it; see `verify` for checking it.

`python -m tillhald.journal.copying FROM TO` ends with 0 once TO, a folder that is there and empty,
holds a durable copy of FROM as it was at one moment.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tillhald.journal.disk import sync_folder
from tillhald.journal.elsewhere import leave_the_tills_cpu
from tillhald.journal.engine import data_file, open_env


def copy(source: str, target: str) -> None:
    """Copy the journal's file; durable when this returns. Raises lmdb.Error, OSError."""
    file_bytes = os.stat(data_file(source)).st_size  # noqa: PTH116
    with open_env(source, map_bytes=file_bytes, readonly=True) as env:
        env.copy(target)
    with Path(data_file(target)).open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(Path(target))


if __name__ == "__main__":
    leave_the_tills_cpu()
    copy(sys.argv[1], sys.argv[2])

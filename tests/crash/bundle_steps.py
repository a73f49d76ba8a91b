"""A slot is built from a bundle, on a disk that records.

`python -m tests.crash.bundle_steps DISK BUNDLE ROOT NOW_MS [careless]` builds it, and says in `.mark`
that it was promised. Careless, nothing is synced: what the judge must find.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tillhald.bundle.opening import open_bundle
from tillhald.bundle.slots import build_slot
from tillhald.bundle.trust import Floor

BUILT = "built"


def build(home: Path, bundle: Path, root: Path, now_ms: int) -> None:
    """Build the slot and promise it."""
    with open_bundle(bundle, root.read_bytes(), Floor(), now_ms) as opened:
        build_slot(home, opened)
    mark = os.open(home / ".mark", os.O_WRONLY)
    os.write(mark, BUILT.encode())
    os.close(mark)


if __name__ == "__main__":
    if sys.argv[5:] == ["careless"]:
        os.sync = lambda: None
        os.fsync = lambda _fd: None
    build(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))

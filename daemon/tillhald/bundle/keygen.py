"""Making keys of releases, as a program of its own: `python -m tillhald.bundle.keygen`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tillhald.backup import words
from tillhald.bundle.signing import Share, change_keys, make_keys
from tillhald.bundle.words import KeygenOrder, Line, run

if TYPE_CHECKING:
    from collections.abc import Callable


def keygen(order: KeygenOrder, say: Callable[[words.Line], None]) -> None:
    """Make them, and say which root names them. Raises FieldInvalid, OSError."""
    shares = {role: Share(*share) for role, share in order.shares.items()}
    folder, number = Path(order.folder), 1
    if order.old:
        number = change_keys(Path(order.old), folder, shares, order.now_ms)
    else:
        make_keys(folder, shares, order.now_ms)
    say(Line(root=number))


if __name__ == "__main__":
    sys.exit(run(KeygenOrder, keygen))

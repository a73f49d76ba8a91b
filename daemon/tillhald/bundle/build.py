"""Building a slot, as a program of its own: `python -m tillhald.bundle.build`, see `words`.

It runs beside a till that sells, below its priority and not on its CPU.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tillhald.backup import words
from tillhald.bundle.opening import open_bundle
from tillhald.bundle.slots import build_slot
from tillhald.bundle.trust import TrustFolder
from tillhald.bundle.words import BuildOrder, Line, Pace, run, shown

if TYPE_CHECKING:
    from collections.abc import Callable

NICENESS_MORE = 9
"""Beside what every such program takes: installing is nobody's hurry."""


def build(order: BuildOrder, say: Callable[[words.Line], None]) -> None:
    """Check the bundle once more, build its slot, say its name. Raises refusals, OSError."""
    os.nice(NICENESS_MORE)
    trust = TrustFolder(Path(order.trust))
    pace = Pace(say)
    with open_bundle(
        Path(order.file),
        trust.root(),
        trust.floor(),
        order.now_ms,
        on_progress=lambda done, total: pace("checking", done, total),
    ) as bundle:
        name = build_slot(Path(order.home), bundle, pace)
        say(Line(bundle=shown(bundle, is_trusted=True), slot=name))


if __name__ == "__main__":
    sys.exit(run(BuildOrder, build))

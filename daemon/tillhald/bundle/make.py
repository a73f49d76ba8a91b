"""Making a bundle, as a program of its own: `python -m tillhald.bundle.make`, see `words`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tillhald.backup import words
from tillhald.bundle.making import Wished, make_bundle
from tillhald.bundle.opening import verified
from tillhald.bundle.trust import Floor
from tillhald.bundle.words import Line, MakeOrder, Pace, run, shown

if TYPE_CHECKING:
    from collections.abc import Callable


def make(order: MakeOrder, say: Callable[[words.Line], None]) -> None:
    """Make it, and say what it is. Raises FieldInvalid, OSError."""
    pace = Pace(say)
    pace("making", 0, 1)
    make_bundle(
        Wished(
            wheels=Path(order.wheels),
            keys=Path(order.keys),
            out=Path(order.out),
            now_ms=order.now_ms,
            release=order.release,
            days=order.days,
            upgrades_from=order.upgrades_from,
            changes=order.changes,
        )
    )
    with verified(Path(order.out), None, Floor(), order.now_ms) as bundle:
        say(Line(bundle=shown(bundle, is_trusted=True)))


if __name__ == "__main__":
    sys.exit(run(MakeOrder, make))

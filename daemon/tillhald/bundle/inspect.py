"""Looking into a bundle, as a program of its own: `python -m tillhald.bundle.inspect`, see `words`.

Nothing is written. With `must_fit` it is what a till does before it takes a bundle.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tillhald import VERSION
from tillhald.backup import words
from tillhald.bundle.manifest import must_fit
from tillhald.bundle.opening import verified
from tillhald.bundle.trust import Floor, TrustFolder, must_not_be_older
from tillhald.bundle.words import InspectOrder, Line, Pace, run, shown
from tillhald.domain.errors import BundleUntrusted, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT_BYTES_MAX = 1 << 20


def inspect(order: InspectOrder, say: Callable[[words.Line], None]) -> None:
    """Say what the bundle is. Raises its refusals, OSError, boot.files.Damaged."""
    trust, floor = _trust(order.trust)
    pace = Pace(say)
    with verified(
        Path(order.file),
        trust,
        floor,
        order.now_ms,
        on_progress=lambda done, total: pace("checking", done, total),
    ) as bundle:
        refusal: Refused | None = None
        try:
            must_not_be_older(bundle.manifest.version, floor)
            must_fit(bundle.manifest, bundle.wheels.values(), VERSION)
        except Refused as why:
            if order.must_fit:
                raise
            refusal = why
        say(Line(bundle=shown(bundle, is_trusted=trust is not None, refusal=refusal)))


def _trust(given: str) -> tuple[bytes | None, Floor]:
    if not given:
        return None, Floor()
    path = Path(given)
    if path.is_dir():
        return TrustFolder(path).root(), TrustFolder(path).floor()
    with path.open("rb") as file:
        root = file.read(ROOT_BYTES_MAX + 1)
    if len(root) > ROOT_BYTES_MAX:
        raise BundleUntrusted(f"{path} is no root: it has more than {ROOT_BYTES_MAX} bytes.")
    return root, Floor()


if __name__ == "__main__":
    sys.exit(run(InspectOrder, inspect))

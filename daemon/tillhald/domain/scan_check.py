"""The code that a check of a scanner has read: of no article, and another one each time."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from tillhald.domain.document import (
    Align,
    Barcode,
    BarcodeKind,
    Cut,
    Feed,
    PrintDocument,
    Run,
    Text,
)
from tillhald.domain.scan import Scan

PREFIX = "29"
"""GS1 leaves 20 to 29 to shops, for numbers of their own. Scanners read EAN-13 as they leave the
factory."""
_RANDOM_DIGITS = 10


def new_code(random_below: Callable[[int], int]) -> str:
    """Thirteen digits with their check digit; `random_below(n)` gives 0 to n - 1."""
    digits = f"{PREFIX}{random_below(10**_RANDOM_DIGITS):0{_RANDOM_DIGITS}}"
    weighed = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits))
    return f"{digits}{-weighed % 10}"


def code_page(code: str, device_id: str) -> PrintDocument:
    """A slip with the code, to scan it from."""
    return PrintDocument(
        parts=(
            Text(runs=(Run(text=f"Scan this with {device_id}:"),), align=Align.CENTER),
            Barcode(kind=BarcodeKind.EAN13, value=code),
            Feed(lines=1),
            Cut(),
        )
    )


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What came so far of the scan that is waited for. `well`: how it was read, empty before."""

    code: str
    well: str = ""
    others: int = 0
    corrupt: str = ""

    @property
    def failure(self) -> str:
        """Why it did not come, as far as that is known."""
        if self.corrupt:
            return f"it was read in part only ({self.corrupt})"
        return "other codes were read, and not this one" if self.others else "nothing was read"


def looked_at(watched: Watched, scan: Scan) -> tuple[Watched, bool]:
    """What came after one more scan, and whether it was for the check."""
    if scan.corrupt is not None:  # a front end that asks for it to be scanned again does no harm
        return replace(watched, corrupt=scan.corrupt.value), False
    digits = scan.raw.decode("ascii", "replace")
    if digits not in (watched.code, watched.code[:-1]):
        return replace(watched, others=watched.others + 1), False
    said = [f"read with {scan.aim_id}" if scan.aim_id else "read without an AIM identifier"]
    if digits != watched.code:
        said.append("without its check digit")
    return replace(watched, well=", ".join(said)), True

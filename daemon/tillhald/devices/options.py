"""What the tables of till.toml and the options of a driver say about their own texts."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

SHOWN_TO_SUPPORT: Final = "shown_to_support"

Shown = Annotated[str, msgspec.Meta(extra={SHOWN_TO_SUPPORT: True})]
"""Text that may be sent to support: a path, an address, a name, a model.

Text of any other field is masked wherever it occurs in what support gets, so a field that holds a
password, and one whose author thought of nothing, are kept back alike.
"""


LEFT_OPEN_S: Final = 60
"""Change is given in less; to count, a drawer is open for minutes, and somebody knows why."""
LEFT_OPEN_S_MAX: Final = 24 * 3600


class DrawerOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every drawer has, whatever drives it. A driver's own options derive from it.

    `open_level` is what its switch shows while the drawer is open: `auto` is learnt by a
    calibration, and unknown before; `none` where there is no switch. After `left_open_s` seconds
    it is told that the drawer stands open; 0 for never.
    """

    open_level: Literal["auto", "high", "low", "none"] = "auto"
    left_open_s: int = LEFT_OPEN_S

    def __post_init__(self) -> None:
        """Refuse, with a ValueError, a time that is none."""
        if not 0 <= self.left_open_s <= LEFT_OPEN_S_MAX:
            message = f"left_open_s is 0 to {LEFT_OPEN_S_MAX}"
            raise ValueError(message)

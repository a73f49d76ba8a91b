"""What the tables of till.toml and the options of a driver say about their own texts."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

SHOWN_TO_SUPPORT: Final = "shown_to_support"

Shown = Annotated[str, msgspec.Meta(extra={SHOWN_TO_SUPPORT: True})]
"""Text that may be sent to support: a path, an address, a name, a model.

Text of any other field is masked wherever it occurs in what support gets, so a field that holds a
password, and one whose author thought of nothing, are kept back alike.
"""

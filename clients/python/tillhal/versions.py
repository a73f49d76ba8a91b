"""What the till says of this client's version."""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

ADVICE_KEY: Final = "tillhal-upgrade"


class Advice(enum.Enum):
    """What to do. Either way the till serves this client."""

    UPGRADE_BY = "upgrade-by"
    UPGRADE_NOW = "upgrade-now"


@dataclass(frozen=True, slots=True)
class UpgradeAdvice:
    """Upgrade this client to `minimum` or newer; with UPGRADE_BY until the end of `by`."""

    advice: Advice
    minimum: str
    by: datetime.date | None = None


def advice_in(trailing: Iterable[tuple[str, str | bytes]] | None) -> UpgradeAdvice | None:
    """What an answer's trailing metadata say; None for nothing, or nothing that is known here."""
    for key, value in trailing or ():
        if key == ADVICE_KEY:
            text = value if isinstance(value, str) else value.decode("ascii", "replace")
            word, *facts = text.split("; ")
            said = dict(fact.partition("=")[::2] for fact in facts)
            try:
                by = datetime.date.fromisoformat(said["by"]) if "by" in said else None
                return UpgradeAdvice(Advice(word), said.get("minimum", ""), by)
            except ValueError:
                return None
    return None

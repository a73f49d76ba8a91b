"""What a start found unfinished, as values: the items of the recovery report."""

from __future__ import annotations

import enum

import msgspec

RECOVERY_ITEMS_MAX = 800
"""All sales that can be live, and all jobs in doubt, have room; resolved items go first."""


class ItemKind(enum.StrEnum):
    SALE = "sale"
    JOB = "job"
    KICK = "kick"


class RecoveryAction(enum.StrEnum):
    """What can be done about an item, and what was."""

    RESUME = "resume"
    SUSPEND = "suspend"
    CANCEL = "cancel"
    REPRINT = "reprint"
    IS_PRINTED = "is_printed"
    GIVE_UP = "give_up"
    OPENED = "opened"
    NOT_OPENED = "not_opened"


class RecoveryItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`action` is None as long as it waits. `by_itself`: the printer's evidence, or the shop's
    policy, settled it. `resolved_by` is empty where an ordinary call did. `payable_minor`: what
    an interrupted sale came to when it was found; `sale_id`: the sale of a job or a kick."""

    item_id: str
    kind: ItemKind
    subject: str
    found_ms: int
    payable_minor: int = 0
    sale_id: str = ""
    action: RecoveryAction | None = None
    by_itself: bool = False
    resolved_by: str = ""
    resolved_ms: int = 0
    reason: str = ""
    copy_job_id: str = ""


class RecoveryBook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the last start found, and what was left from those before it. `outage_id`: the outage
    that was not over when the till came up."""

    started_ms: int = 0
    outage_id: str = ""
    items: dict[str, RecoveryItem] = {}

    @property
    def waiting(self) -> list[RecoveryItem]:
        """Those that nobody has decided about."""
        return [item for item in self.items.values() if item.action is None]


def item_id(kind: ItemKind, subject: str) -> str:
    return f"{kind.value}/{subject}"

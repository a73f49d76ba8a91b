"""The table `versions` of till.toml."""

from __future__ import annotations

import datetime

import msgspec

from tillhald.devices.options import Shown
from tillhald.domain.versions import VersionRules, is_version


class VersionsTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`minimum`: front ends whose client of ours is older are told to upgrade; empty: none is.
    `upgrade_by`: until which date, `YYYY-MM-DD`; empty: now."""

    minimum: Shown = ""
    upgrade_by: Shown = ""

    @property
    def rules(self) -> VersionRules:
        """As the rules want it; for a table without mistakes."""
        day = datetime.date.fromisoformat(self.upgrade_by) if self.upgrade_by else None
        return VersionRules(self.minimum, day)


def versions_mistakes(table: VersionsTable) -> list[str]:
    """What is wrong with the table `versions`."""
    wrong = []
    if table.minimum and not is_version(table.minimum):
        wrong.append(f'versions.minimum: "{table.minimum}" is no version such as 0.2.0')
    if table.upgrade_by:
        try:
            datetime.date.fromisoformat(table.upgrade_by)
        except ValueError:
            wrong.append(f'versions.upgrade_by: "{table.upgrade_by}" is no date such as 2027-01-31')
        if not table.minimum:
            wrong.append("versions.upgrade_by: without versions.minimum it is of no use")
    return wrong

"""The table `backup` of till.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from tillhald.backup.keys import RECIPIENTS_MAX, is_recipient
from tillhald.devices.options import Shown
from tillhald.domain.backup_rules import BackupRules

ALSO_MAX: Final = 20
FILE_NAME_CHARS_MAX: Final = 60
EVERY_H_MAX: Final = 168
KEEP_MAX: Final = 1_000


class BackupTable(BackupRules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`folder` is where backups go; it is never made; empty for no backups. Each of `recipients`,
    age public keys, can open them: the owner's, and one in escrow. With `other_disk` a folder on
    the journal's disk is refused: what should be mounted there is not. `also` names files that are
    taken along, such as a front end's keys and templates, by the name that they get. The rest: see
    BackupRules."""

    folder: Shown = ""
    recipients: tuple[Shown, ...] = ()
    other_disk: bool = True
    also: dict[Shown, Shown] = msgspec.field(default_factory=dict)

    @property
    def rules(self) -> BackupRules:
        """When, and how many are kept."""
        names = (field.name for field in msgspec.structs.fields(BackupRules))
        return BackupRules(**{name: getattr(self, name) for name in names})


def backup_mistakes(table: BackupTable) -> list[str]:
    """What is wrong with the table `backup`."""
    wrong = []
    if table.folder and not Path(table.folder).is_absolute():
        wrong.append("backup.folder: an absolute path is needed")
    if table.folder and not table.recipients:
        wrong.append("backup.recipients: at least one is needed, or nobody could open a backup")
    if len(table.recipients) > RECIPIENTS_MAX:
        wrong.append(f"backup.recipients: at most {RECIPIENTS_MAX}")
    wrong.extend(
        f"backup.recipients[{index}]: this is no age public key, age1…"
        for index, text in enumerate(table.recipients)
        if not is_recipient(text)
    )
    if not 0 <= table.every_h <= EVERY_H_MAX:
        wrong.append(f"backup.every_h: 0 to {EVERY_H_MAX}")
    if not 0 <= table.drill_every_days <= KEEP_MAX:
        wrong.append(f"backup.drill_every_days: 0 to {KEEP_MAX}")
    if not 1 <= table.keep_days <= KEEP_MAX:
        wrong.append(f"backup.keep_days: 1 to {KEEP_MAX}")
    wrong.extend(
        f"backup.{name}: 0 to {KEEP_MAX}"
        for name, count in (("keep_weeks", table.keep_weeks), ("keep_months", table.keep_months))
        if not 0 <= count <= KEEP_MAX
    )
    return [*wrong, *_also(table.also)]


def _also(also: dict[str, str]) -> list[str]:
    wrong = []
    if len(also) > ALSO_MAX:
        wrong.append(f"backup.also: at most {ALSO_MAX} files")
    for name, path in also.items():
        if not 1 <= len(name) <= FILE_NAME_CHARS_MAX or not name.isprintable():
            wrong.append(f"backup.also: a name has 1 to {FILE_NAME_CHARS_MAX} characters")
        if not Path(path).is_absolute():
            wrong.append(f"backup.also.{name}: an absolute path is needed")
    return wrong

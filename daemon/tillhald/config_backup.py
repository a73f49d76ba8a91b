"""The table `backup` of till.toml."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec

from tillhald.backup.keys import RECIPIENTS_MAX, is_recipient
from tillhald.backup.words import BucketTable
from tillhald.devices.options import Shown
from tillhald.domain.backup_rules import BackupRules

ALSO_MAX: Final = 20
FILE_NAME_CHARS_MAX: Final = 60
EVERY_H_MAX: Final = 168
KEEP_MAX: Final = 1_000
_ENDPOINT: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?")
_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,62}")
_REGION: Final = re.compile(r"[a-z0-9-]{1,40}")
_PREFIX: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9 _./-]{0,199})?")


class BackupTable(BackupRules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`folder` is where backups go; it is never made; empty for no backups. Each of `recipients`,
    age public keys, can open them: the owner's, and one in escrow. With `other_disk` a folder on
    the journal's disk is refused: what should be mounted there is not. `also` names files that are
    taken along, such as a front end's keys and templates, by the name that they get. Every backup
    in the folder is copied to `s3`, where there is one. The rest: see BackupRules."""

    folder: Shown = ""
    recipients: tuple[Shown, ...] = ()
    other_disk: bool = True
    also: dict[Shown, Shown] = msgspec.field(default_factory=dict)
    s3: BucketTable | None = None

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
    return [*wrong, *_also(table.also), *_s3(table)]


def _s3(table: BackupTable) -> list[str]:
    bucket = table.s3
    if bucket is None:
        return []
    wrong = []
    if not table.folder:
        wrong.append("backup.folder: is needed, since what is in it is copied to backup.s3")
    if not _ENDPOINT.fullmatch(bucket.endpoint):
        wrong.append("backup.s3.endpoint: a URL is needed, https://host or http://host:port")
    if not _BUCKET.fullmatch(bucket.bucket):
        wrong.append("backup.s3.bucket: this is no name of a bucket")
    if not _REGION.fullmatch(bucket.region):
        wrong.append("backup.s3.region: this is no name of a region")
    if not _PREFIX.fullmatch(bucket.prefix):
        wrong.append("backup.s3.prefix: at most 200 letters, digits, and any of ' _./-'")
    if not Path(bucket.credentials_file).is_absolute():
        wrong.append("backup.s3.credentials_file: an absolute path is needed")
    return wrong


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

"""What the daemon and the programs that change all of its data say to one another; see `words`."""

from __future__ import annotations

import msgspec

from tillhald.domain.backup import BackupTotals
from tillhald.domain.data import NumbersGiven, Surplus
from tillhald.domain.events import DataCleaned, DataRestored
from tillhald.journal.meeting import Relation


class PlanOrder(msgspec.Struct, kw_only=True):
    """Find out what a restore would come to. `path`: a backup, or a folder, whose newest set is
    meant. `journal`: what is here. `scratch`: a folder to restore into on trial. `configuration`:
    what is in force, as JSON. The others say which till this is."""

    path: str
    secrets: tuple[str, ...]
    journal: str
    scratch: str
    store_id: str
    workstation_id: str
    currency: str
    configuration: str = ""


class RestoreOrder(msgspec.Struct, kw_only=True):
    """Build a generation of backups. `sha256s` are those of the `files` when they were planned.
    `building`: its folder, which is there and empty. `restored`: the fact that it begins anew
    with; its `incarnation` becomes that of the journal."""

    files: tuple[str, ...]
    sha256s: tuple[str, ...]
    secrets: tuple[str, ...]
    building: str
    restored: DataRestored
    at_ms: int
    operator: str = ""


class CleanOrder(msgspec.Struct, kw_only=True):
    """Build a clean generation of the journal that is here. `cleaned`: the fact that it begins
    with, but for what the journal tells. `building` as in RestoreOrder."""

    journal: str
    building: str
    cleaned: DataCleaned
    at_ms: int
    map_bytes: int
    operator: str = ""


class CopyOrder(msgspec.Struct, kw_only=True):
    """Copy the journal as it is into the folder `to`, which is made, and check the copy. Of the
    copies beside it the newest ones, by their names, are kept: `copies_max` with this one."""

    journal: str
    to: str
    copies_max: int


class Compared(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How a backup stands to what is here. `common`: the last record that both have. `lost`: what
    is here and not in the backup; `gained`: the reverse. `numbers`: the last ones in the backup.
    `not_whole`: names of backups in the folder that were passed over.
    `differences`: fields of the configuration that have other values in the backup. Hashes are
    hexadecimal."""

    files: tuple[str, ...]
    relation: Relation
    common: int
    lost: Surplus
    gained: Surplus
    totals: BackupTotals
    here: BackupTotals
    numbers: NumbersGiven
    went_live_ms: int
    last_ms: int
    here_incarnation: int
    differences: tuple[str, ...] = ()
    travelled: tuple[str, ...] = ()
    not_whole: tuple[str, ...] = ()


class Built(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A journal that was built, and is durable. `head_hash` is hexadecimal."""

    seq: int
    head_hash: str
    totals: BackupTotals
    travelled: tuple[str, ...] = ()


class Met(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How one history stands to another: see `journal.meeting`. `common`: the last record that both
    have; where a backup's clear parts alone were looked at, a FORK may have begun later."""

    relation: Relation
    common: int
    here_seq: int
    there_seq: int
    here_incarnation: int
    there_incarnation: int
    store_id: str
    workstation_id: str

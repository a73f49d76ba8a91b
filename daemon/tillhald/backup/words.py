"""What the daemon, and tillctl, and the programs of this package say to one another.

A program reads one JSON value from its standard input, an order, and writes JSON lines: `Line`.
Secrets go that way, too: a command line is for everybody to see.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TypeVar

import lmdb
import msgspec

from tillhald.backup.changes import Built, Compared, Met
from tillhald.domain import errors
from tillhald.domain.backup import BackupKind, BackupMade, BackupTotals
from tillhald.domain.backup_rules import BackupRules
from tillhald.domain.errors import BackupFailed, Refused
from tillhald.journal.elsewhere import leave_the_tills_cpu
from tillhald.journal.errors import JournalDamaged, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T", bound=msgspec.Struct)

ORDER_BYTES_MAX = 8 << 20
PROGRESS_S = 0.1
NICENESS = 10
"""A backup can wait; what else runs on the machine shall not wait for it."""


class MakeOrder(msgspec.Struct, kw_only=True):
    """Make a backup. `after`: number and hash (hexadecimal) of the record to go on from, None for
    a full one. `paths`: files to take along, by the name they get; `texts`: the same, content
    already in hand. `other_disk`: refuse a folder on the journal's disk."""

    journal: str
    folder: str
    other_disk: bool
    backup_id: str
    kind: BackupKind
    follows: str
    after: tuple[int, str] | None
    made_ms: int
    version: str
    recipients: tuple[str, ...]
    signing_key: str
    paths: dict[str, str]
    texts: dict[str, str]


class CheckOrder(msgspec.Struct, kw_only=True):
    """Check backups. `secrets`: keys to try, one of which may open each; with none, what everybody
    can check is checked. `scratch`: restore them, in their order, into this folder."""

    files: tuple[str, ...]
    secrets: tuple[str, ...] = ()
    scratch: str = ""


class BucketTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bucket of an S3-compatible store that every backup is copied to. `endpoint` is a URL,
    `prefix` what the names in the bucket begin with. `credentials_file`: TOML with `access_key_id`
    and `secret_access_key`, which its owner alone can read."""

    endpoint: str
    bucket: str
    credentials_file: str
    prefix: str = ""
    region: str = "us-east-1"


class CopyOrder(msgspec.Struct, kw_only=True):
    """Copy what the store lacks of the backups of chain `chain_id` (hex) in the folder, the oldest
    first, and remove what may go there by `rules`."""

    journal: str
    folder: str
    other_disk: bool
    chain_id: str
    bucket: BucketTable
    rules: BackupRules


class Found(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a check found. `is_open`: it was decrypted, and all in it checked; the rest that is not
    in the clear parts is there only then. Hashes are hexadecimal, times Unix time."""

    backup_id: str
    kind: BackupKind
    follows: str
    store_id: str
    workstation_id: str
    incarnation: int
    segment: int
    chain_id: str
    made_ms: int
    version: str
    first_seq: int
    last_seq: int
    head_hash: str
    records: int
    rows: int
    size_bytes: int
    sha256: str
    signer: str
    business_day: str
    closed_days: int
    recipients: tuple[str, ...]
    is_open: bool = False
    files: tuple[str, ...] = ()
    totals: BackupTotals | None = None
    completed: int = 0
    payable_minor: int = 0


class Shelved(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A file in the folder, by its clear parts; all of it empty but its name unless
    `is_complete`."""

    file_name: str
    is_complete: bool = False
    backup_id: str = ""
    kind: BackupKind = BackupKind.FULL
    follows: str = ""
    store_id: str = ""
    workstation_id: str = ""
    chain_id: str = ""
    made_ms: int = 0
    first_seq: int = 0
    last_seq: int = 0
    head_hash: str = ""
    size_bytes: int = 0
    business_day: str = ""
    closed_days: int = 0
    signer: str = ""
    incarnation: int = 1


class Line(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One line. `phase`, `done` and `total` while it works; at last `made` with the `secret` that
    reads it back, or `found`, with `compared` for a plan, or `built`, `met` or `extracted`, or
    `shelf` with what was `removed`, or what was `copied` and up to which record the store has all
    (`copied_seq`), or `refused` with a reason and a sentence. `fault` says the same as `refused`,
    for readers that know the journal's programs."""

    phase: str = ""
    done: int = 0
    total: int = 0
    made: BackupMade | None = None
    secret: str = ""
    found: list[Found] | None = None
    shelf: list[Shelved] | None = None
    removed: list[str] = []
    copied: list[str] = []
    copied_seq: int = 0
    free_bytes: int = 0
    compared: Compared | None = None
    built: Built | None = None
    met: Met | None = None
    extracted: list[str] = []
    refused: str = ""
    sentence: str = ""
    fault: str = ""


def refused(line: Line) -> Refused:
    """The refusal that a program ended with, as the class of its reason."""
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, Refused) and kind.reason == line.refused:
            if issubclass(kind, errors.Invalid):
                return kind("identity", line.sentence)
            return kind(line.sentence)
    return BackupFailed(line.sentence)


def run(order: type[T], work: Callable[[T, Callable[[Line], None]], None]) -> int:
    """Be a program: take the order, do the work, and say how it ended. A refusal is a result."""
    leave_the_tills_cpu()
    os.nice(NICENESS)
    try:
        wanted = msgspec.json.decode(sys.stdin.buffer.read(ORDER_BYTES_MAX), type=order)
        try:
            work(wanted, say)
        except Refused as why:
            say(Line(refused=why.reason, sentence=why.sentence, fault=why.reason))
        except (StorageError, lmdb.Error) as error:
            is_known = isinstance(error, JournalDamaged)
            sentence = str(error) if is_known else f"The journal could not be read: {error}"
            say(Line(refused="BACKUP_FAILED", sentence=sentence, fault="BACKUP_FAILED"))
        except OSError as error:
            what = f"{error.filename} cannot" if error.filename else "A file could not"
            sentence = f"{what} be read or written: {error.strerror or error}."
            say(Line(refused="BACKUP_FAILED", sentence=sentence, fault="BACKUP_FAILED"))
    except BrokenPipeError:
        os._exit(1)  # whoever wanted it is gone
    return 0


def say(line: Line) -> None:
    """Write one line."""
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()

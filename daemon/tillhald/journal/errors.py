"""What the journal refuses, and why. Each class has a stable `reason` and a sentence."""

from __future__ import annotations

import enum
from typing import ClassVar


class Fault(enum.StrEnum):
    """What is wrong with a stored journal."""

    EDITED = "edited"
    """Stored bytes are not those that were written: a checksum or a fixed field is wrong."""
    MISSING = "missing"
    """A record, or something else that must be there, is not."""
    REPEATED = "repeated"
    """One sequence number was used twice, or a record is stored under another one's number."""
    TRUNCATED = "truncated"
    """The end is gone: the file is shorter than its last page, or records before the head."""
    FORK = "fork"
    """Two whole records do not follow one another: two histories, or one skilfully rewritten."""
    UNREADABLE = "unreadable"
    """The storage or its engine could not be read at all: it killed, stalled or refused us."""


class StorageError(Exception):
    """The journal cannot store or cannot be trusted. Never answered as a success."""

    reason: ClassVar[str] = "STORAGE_FAILED"


class StorageFailed(StorageError):
    """Storing failed, and whether the last commit reached the disk is unknown.

    `durable_seq` is the last record that was surely stored, or None where nobody was writing.
    """

    def __init__(self, sentence: str, *, durable_seq: int | None = None) -> None:
        super().__init__(sentence)
        self.durable_seq = durable_seq


class OtherSchema(StorageFailed):
    """The journal is whole, and of a schema that this program does not write. It was not touched.

    `schema` is lower than the program's where a migration can bring the journal here.
    """

    def __init__(self, schema: int, sentence: str) -> None:
        super().__init__(sentence)
        self.schema = schema


class JournalDamaged(StorageError):
    """A stored journal is in doubt; nothing may be written to it."""

    reason: ClassVar[str] = "JOURNAL_CORRUPT"

    def __init__(self, fault: Fault, seq: int | None, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = fault
        self.seq = seq
        self.sentence = sentence


class JournalInUse(StorageError):
    """Another process, `pid` if it could be read, holds this journal."""

    reason: ClassVar[str] = "JOURNAL_IN_USE"

    def __init__(self, sentence: str, *, pid: int | None) -> None:
        super().__init__(sentence)
        self.pid = pid


class JournalExists(StorageError):
    """There is something at the place where a journal should be created."""

    reason: ClassVar[str] = "JOURNAL_EXISTS"


class JournalMissing(StorageError):
    """There is no journal at the place where one should be opened."""

    reason: ClassVar[str] = "JOURNAL_MISSING"


class Overloaded(Exception):
    """The queue of the journal is full; nothing was changed. Try again shortly."""

    reason: ClassVar[str] = "QUEUE_FULL"


class DiskReserve(Exception):
    """What room is left is for what is open already, and for the close; nothing was changed."""

    reason: ClassVar[str] = "DISK_RESERVE"

"""A till's home: where its programs, its data, and the work that changes them are.

    boot/boot.json            which pair of the two below runs; the one switch (decision 17)
    slots/VERSION-HASH8/      a program
    data/gen-NNNN/            a generation: META.json and journal/
    work/WORK_ID/work.json    a piece of work that changes the pair, and what it must come to
    identity/                 what belongs to the till, whatever generation it has
    inbox/, bundles/          new programs that somebody brought

Order of a switch: the new generation is built and finished, `Home.switch` stores the work and then
the boot record, the daemon ends, the launcher starts the pair on trial. Until the boot record is
written, the till starts as it was.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tillhald.boot import generation, record
from tillhald.boot.files import Damaged, get_json, put_json, sync
from tillhald.boot.record import BootRecord, Pair
from tillhald.domain.backup import BackupTotals
from tillhald.domain.switches import WorkKind
from tillhald.failpoints import reach

if TYPE_CHECKING:
    from pathlib import Path

FOLDER_MODE = 0o700
_WORK_ID = re.compile(r"[0-9a-f]{8,64}")
_WORK = "work.json"


class NoSuchWork(Exception):
    """No work of this name is stored here."""


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of work that ends with a switch, and what the new pair must come to.

    `begun_ms` is Unix time. `version` is that of the program in `to_pair`. `expected`,
    `expected_seq` and `expected_head` (the last record's hash) are of the journal in the new
    generation as it was built; the pair on trial compares itself with them before it commits.
    """

    work_id: str
    kind: WorkKind
    request_id: str
    begun_ms: int
    from_pair: Pair
    to_pair: Pair
    version: str
    expected: BackupTotals
    expected_seq: int
    expected_head: bytes
    note: str = ""


class Home(NamedTuple):
    """The home of a daemon that runs over `generation`; `trial` is the work whose pair it has to
    prove, empty for a pair that is committed."""

    folder: Path
    generation: str
    trial: str = ""

    @property
    def journal_folder(self) -> Path:
        """The journal of the generation that runs."""
        return generation.journal_folder(self.folder, self.generation)

    @property
    def identity_folder(self) -> Path:
        """What belongs to the till and not to a generation: keys, the owner's first code."""
        return self.folder / "identity"

    @property
    def inbox_folder(self) -> Path:
        """Where somebody puts what the till is to take up."""
        return self.folder / "inbox"

    @property
    def bundles_folder(self) -> Path:
        """Bundles that were found right."""
        return self.folder / "bundles"

    def work_folder(self, work_id: str) -> Path:
        """Where a piece of work keeps its files. ValueError for what is no work_id."""
        if _WORK_ID.fullmatch(work_id) is None:
            message = f"{work_id!r} names no work"
            raise ValueError(message)
        return self.folder / "work" / work_id

    def record(self) -> BootRecord:
        """The boot record as it is now. Raises NoRecord, Damaged and UnknownFormat."""
        return record.read(self.folder)

    @property
    def pair(self) -> Pair:
        """What runs. Raises as `record`."""
        now = self.record()
        if self.trial and now.trial is not None and now.trial.work_id == self.trial:
            return now.trial.pair
        return now.committed

    def work(self, work_id: str) -> Work:
        """What was stored by `switch`. Raises NoSuchWork and Damaged."""
        path = self.work_folder(work_id) / _WORK
        try:
            return msgspec.convert(get_json(path), Work)
        except FileNotFoundError:
            raise NoSuchWork(work_id) from None
        except msgspec.ValidationError as error:
            message = f"{path}: {error}"
            raise Damaged(message) from error

    def pairs_of_work(self) -> list[Pair]:
        """From where stored work went, and to where. What is damaged is passed over."""
        found: list[Pair] = []
        for folder in sorted((self.folder / "work").glob("*")):
            with contextlib.suppress(NoSuchWork, Damaged, ValueError):
                work = self.work(folder.name)
                found += [work.from_pair, work.to_pair]
        return found

    def switch(self, work: Work) -> None:
        """Have the next start try `work.to_pair`; durable when this returns.

        The generation is finished, and what is in it is synced. Raises OSError, and ValueError
        while another pair is on trial: then everything is as it was.
        """
        trying = record.on_trial(self.record(), work.to_pair, work.work_id)
        folder = self.work_folder(work.work_id)
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        put_json(folder / _WORK, msgspec.to_builtins(work))
        sync(folder.parent)
        sync(self.folder)
        reach("home.work_stored")
        record.write(self.folder, trying)
        reach("home.switched")


def new_work_id() -> str:
    """A name that no work has."""
    return uuid.uuid4().hex

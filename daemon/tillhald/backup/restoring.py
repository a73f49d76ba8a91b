"""Which backups belong together, and reading all of a set into a journal's folder."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self

from tillhald.backup.check import found_in, opened
from tillhald.backup.folder import BackupFolder, kept_as, listed, refusal_of
from tillhald.backup.keys import identity_of
from tillhald.backup.layout import corrupt
from tillhald.backup.pace import Pace
from tillhald.backup.reading import Clear, check_whole, look, look_at_header
from tillhald.domain.backup import BackupKind
from tillhald.domain.backup_rules import sets_of
from tillhald.domain.errors import BackupCorrupt, BackupKeyNeeded, BackupNotFound
from tillhald.journal.errors import JournalDamaged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tillhald.backup.layout import Ending
    from tillhald.backup.rebuild import Rebuild
    from tillhald.backup.words import Found, Line
    from tillhald.domain.backup import BackupTotals
    from tillhald.domain.backup_rules import Kept

SET_FILES_MAX = 1_000
"""Files in a set: hourly increments of a month and more."""
NOT_WHOLE_NAMED_MAX = 20
"""Of the files that were passed over, the newest ones are named."""
TO_BE_THAT_TILL = (
    "If this machine is to be that till, name it so in till.toml, under [shop], and start it again."
)


class Chosen(NamedTuple):
    """The files of a set, in their order. `not_whole`: names of backups in the folder, the newest
    first, that are cut off or changed and that this till may have made: they were passed over."""

    files: list[Path]
    not_whole: tuple[str, ...] = ()


def files_of_set(path: Path, store_id: str, workstation_id: str) -> Chosen:
    """The full backup and the increments up to `path`; of a folder, the newest set of this till.
    By the clear parts: nothing is proven. Raises refusals."""
    try:
        if path.is_dir():
            return _newest_set(path, store_id, workstation_id)
        with path.open("rb", buffering=0) as file:
            clear = look(file)
    except FileNotFoundError:
        raise BackupNotFound(f"There is no backup {path}.", path=str(path)) from None
    except OSError as error:
        raise refusal_of(error, path.parent) from error
    if clear.header.kind is BackupKind.FULL:
        return Chosen([path])
    by_id = {
        other.header.backup_id: (path.parent / name, other)
        for name, other in _listed(path.parent)
        if other is not None
    }
    files = [path]
    while clear.header.kind is BackupKind.INCREMENT:
        earlier = by_id.get(clear.header.follows)
        if earlier is None or len(files) >= SET_FILES_MAX:
            sentence = (
                f"{files[0].name} goes on from another backup, which is not in the same folder."
            )
            raise BackupNotFound(sentence, path=str(path.parent))
        files.insert(0, earlier[0])
        clear = earlier[1]
    return Chosen(files)


def _listed(folder: Path) -> list[tuple[str, Clear | None]]:
    return list(listed(BackupFolder(folder, folder, other_disk=False)))


def _newest_set(folder: Path, store_id: str, workstation_id: str) -> Chosen:
    everything = _listed(folder)
    broken = [name for name, clear in everything if clear is None]
    not_whole = _maybe_own(folder, broken, store_id, workstation_id)
    found = [(name, clear) for name, clear in everything if clear is not None]
    own = {
        clear.header.backup_id: (name, clear)
        for name, clear in found
        if clear.header.identity.store_id == store_id
        and clear.header.identity.workstation_id == workstation_id
    }
    sets = sets_of([kept_as(name, clear) for name, clear in own.values()])
    if not sets:
        sentence = f"There is no full backup of {workstation_id} of {store_id} in this folder."
        sentence += _others(found) + _passed_over(not_whole)
        raise BackupNotFound(sentence, path=str(folder))
    _check_complete(sets, own, not_whole)
    return Chosen([folder / kept.file_name for kept in sets[-1]], not_whole)


def _maybe_own(
    folder: Path, names: list[str], store_id: str, workstation_id: str
) -> tuple[str, ...]:
    """Those that are not known to be another till's, the newest first."""
    own = []
    for name in names:
        try:
            with (folder / name).open("rb", buffering=0) as file:
                identity = look_at_header(file)[0].identity
        except (BackupCorrupt, OSError):
            own.append(name)
        else:
            if (identity.store_id, identity.workstation_id) == (store_id, workstation_id):
                own.append(name)
    return tuple(reversed(own[-NOT_WHOLE_NAMED_MAX:]))


def _passed_over(not_whole: tuple[str, ...]) -> str:
    """What of them belongs to a refusal, as a sentence; empty for none."""
    return f" Not whole, and passed over: {', '.join(not_whole)}." if not_whole else ""


def _check_complete(
    sets: list[list[Kept]], own: dict[str, tuple[str, Clear]], not_whole: tuple[str, ...]
) -> None:
    """Raises BackupNotFound where an increment goes further than the newest set, and what it goes
    on from is not there: whoever names the folder wants all that there is."""
    end = sets[-1][-1]
    chain_id = own[end.backup_id][1].header.identity.chain_id
    in_sets = {kept.backup_id for each in sets for kept in each}
    for backup_id, (name, clear) in own.items():
        identity = clear.header.identity
        goes_further = (identity.incarnation, clear.trailer.last_seq) > (
            end.incarnation,
            end.last_seq,
        )
        if backup_id not in in_sets and identity.chain_id == chain_id and goes_further:
            sentence = (
                f"{name} goes on from another backup, which is not in the same folder. To restore "
                f"no more than there is without a gap, name {end.file_name}."
            )
            raise BackupNotFound(sentence + _passed_over(not_whole))


def _others(found: list[tuple[str, Clear]]) -> str:
    """Whose backups are there instead, as a sentence; empty for none."""
    tills = sorted(
        {(c.header.identity.workstation_id, c.header.identity.store_id) for _, c in found}
    )
    if not tills:
        return ""
    named = ", ".join(f"{workstation_id} of {store_id}" for workstation_id, store_id in tills[:3])
    return f" There are backups of {named}. {TO_BE_THAT_TILL}"


class Whole(NamedTuple):
    """A backup's file, open, and found whole."""

    file: BinaryIO
    clear: Clear


class BackupSet:
    """The files of a set, open. A context manager. All are found whole before one is decrypted."""

    def __init__(
        self, files: Sequence[Path], secrets: Sequence[str], say: Callable[[Line], None]
    ) -> None:
        """Raises BackupKeyNeeded, BackupKeyWrong, BackupCorrupt and what the disk calls for."""
        if not secrets:
            raise BackupKeyNeeded("A backup is restored with the key that opens it.")
        self._keys = [identity_of(secret) for secret in secrets]
        self._say = say
        self.wholes: list[Whole] = []
        with contextlib.ExitStack() as stack:
            for path in files:
                try:
                    file = stack.enter_context(path.open("rb", buffering=0))
                    self.wholes.append(Whole(file, check_whole(file, Pace(say, "checking"))))
                except OSError as error:
                    raise refusal_of(error, path.parent) from error
            self._open = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def end(self) -> Clear:
        """The last one's clear parts."""
        return self.wholes[-1].clear

    def found(self) -> list[Found]:
        """What their clear parts tell."""
        return [found_in(whole.clear) for whole in self.wholes]

    def rebuild(self, into: Rebuild) -> BackupTotals:
        """Read all of them, and prove the journal. Raises refusals, lmdb.Error, OSError."""
        last: Ending | None = None
        for file, clear in self.wholes:
            into.begin(clear)
            try:
                last = opened(file, clear, self._keys, into, Pace(self._say, "restoring"))
            except OSError as error:
                raise refusal_of(error, into.folder) from error
        try:
            totals = into.prove(Pace(self._say, "proving"))
        except JournalDamaged as damage:
            raise corrupt(f"what it restores has a fault: {damage.sentence}") from damage
        if last is None or totals != last.totals:
            raise corrupt("what it restores does not come to the totals that were there")
        return totals

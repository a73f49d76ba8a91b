"""Looking at the folder of backups, as a program: `python -m tillhald.backup.shelf`, see `words`.

A network share that is gone may hang whoever looks. With rules, what may go is removed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tillhald.backup.folder import BackupFolder, listed, may_go, refusal_of
from tillhald.backup.words import Line, Shelved, run
from tillhald.domain.backup_rules import BackupRules

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.backup.reading import Clear


class ShelfOrder(msgspec.Struct, kw_only=True):
    """Look at the folder. With `rules`, remove what may go of the chain `chain_id` (hex)."""

    journal: str
    folder: str
    other_disk: bool
    chain_id: str = ""
    rules: BackupRules | None = None


def look_at(order: ShelfOrder, say: Callable[[Line], None]) -> None:
    """Say what is there, and what was removed. Raises BackupTargetMissing, BackupFailed."""
    folder = BackupFolder(Path(order.folder), Path(order.journal), other_disk=order.other_disk)
    folder.check()
    removed: list[str] = []
    try:
        found = list(listed(folder))
        if order.rules is not None:
            for name in may_go(order.rules, order.chain_id, found):
                folder.remove(name)
                removed.append(name)
        shelf = [_shelved(name, clear) for name, clear in found if name not in removed]
        free_bytes = folder.free_bytes()
    except OSError as error:
        raise refusal_of(error, folder.path) from error
    say(Line(shelf=shelf, removed=removed, free_bytes=free_bytes))


def _shelved(name: str, clear: Clear | None) -> Shelved:
    if clear is None:
        return Shelved(file_name=name)
    header, trailer = clear.header, clear.trailer
    return Shelved(
        file_name=name,
        is_complete=True,
        backup_id=header.backup_id,
        kind=header.kind,
        follows=header.follows,
        store_id=header.identity.store_id,
        workstation_id=header.identity.workstation_id,
        chain_id=header.identity.chain_id.hex(),
        made_ms=header.made_ms,
        first_seq=header.first_seq,
        last_seq=trailer.last_seq,
        head_hash=trailer.head_hash.hex(),
        size_bytes=clear.size_bytes,
        business_day=trailer.business_day,
        closed_days=trailer.closed_days,
        signer=header.signer.hex(),
        incarnation=header.identity.incarnation,
    )


if __name__ == "__main__":
    sys.exit(run(ShelfOrder, look_at))

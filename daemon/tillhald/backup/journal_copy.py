"""Copying the journal as it is: the program `tillhald.backup.journal_copy`, see `changes`.

Where no backup can be made, what is here is kept in this way before it is replaced.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tillhald.backup.changes import Built, CopyOrder
from tillhald.backup.folder import refusal_of
from tillhald.backup.pace import Pace
from tillhald.backup.plan import state_at
from tillhald.backup.words import Line, run
from tillhald.boot.files import partial_folder
from tillhald.domain.backup_rules import totals_of
from tillhald.failpoints import reach
from tillhald.journal import copying
from tillhald.journal.disk import sync_folder
from tillhald.journal.meeting import Reading
from tillhald.journal.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable


def copy(order: CopyOrder, say: Callable[[Line], None]) -> None:
    """Copy and check; durable when said so. Raises refusals, JournalDamaged, lmdb.Error."""
    folder = Path(order.to)
    try:
        building = partial_folder(folder)
        copying.copy(order.journal, str(building))
        verify(str(building), Pace(say, "copying"))
        with Reading(str(building)) as made:
            state, head = state_at(made, made.head.seq), made.head
        (building / "lock.mdb").unlink(missing_ok=True)
        sync_folder(building)
        reach("safety.copied")
        building.rename(folder)
        sync_folder(folder.parent)
        for old in sorted(folder.parent.iterdir())[: -order.copies_max]:
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise refusal_of(error, folder.parent) from error
    say(Line(built=Built(seq=head.seq, head_hash=head.hash.hex(), totals=totals_of(state))))


if __name__ == "__main__":
    sys.exit(run(CopyOrder, copy))

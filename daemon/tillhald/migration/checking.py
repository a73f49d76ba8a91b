"""Looking at a journal with this very program's eyes, before it is trusted with it.

After an export for an older program, that program says by this whether it can read every record:
what it does not know must stop the way back, and not be found by a shop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhald.journal.errors import Fault, JournalDamaged, OtherSchema
from tillhald.migration.reading import Reading, Sums
from tillhald.schema import MIN_READER, SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

    from tillhald.migration.copying import Progress


def check(folder: Path, on_progress: Progress) -> Sums:
    """Check a journal that this program could go on with; what it comes to.

    Every record is decoded, and the state from the first one on must be that of the newest
    checkpoint and what follows it. Raises OtherSchema, JournalDamaged, msgspec.DecodeError,
    lmdb.Error, OSError.
    """
    with Reading(str(folder)) as journal:
        if journal.schema < MIN_READER:
            sentence = f"The journal has schema {journal.schema}; this program writes {SCHEMA}."
            raise OtherSchema(journal.schema, sentence)
        total, done = journal.entries, 0

        def checked(rows: int) -> None:
            nonlocal done
            done += rows
            on_progress("checking", done, total)

        journal.check(checked)
        sums = journal.sums()
        # Of a segment the records before its base are elsewhere: its checkpoint is what there is.
        if not journal.base.seq and journal.state(from_first=True) != journal.state():
            sentence = "Its records do not come to the state that it holds."
            raise JournalDamaged(Fault.FORK, None, sentence)
        return sums

"""`python -m tillhald.migration FROM TO`, and `python -m tillhald.migration --check FOLDER`.

The first copies the journal in FROM to TO, of the schema that this program writes or, with
`--to-schema`, of an older one; with `--at-rest`, the copy counts as closed in order. The second
reads a journal as a start does and further: every record is checked and decoded, and the state is
computed twice. Both write JSON lines: `words.Line`.

Processes of their own: the new version's interpreter does it, and a bad disk may kill it.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import lmdb
import msgspec

from tillhald.journal.elsewhere import leave_the_tills_cpu
from tillhald.journal.errors import JournalDamaged, StorageError
from tillhald.migration.checking import check
from tillhald.migration.copying import Migration, MigrationFailed, migrate
from tillhald.migration.words import Line, Pace, reason_of, say
from tillhald.schema import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable


def main(arguments: list[str]) -> int:
    """A refusal is a result: the status stays 0."""
    parser = argparse.ArgumentParser(prog="tillhald.migration")
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--check", action="store_true", help="check one journal, and copy nothing")
    parser.add_argument("--to-schema", type=int, default=SCHEMA, metavar="N")
    parser.add_argument("--at-rest", action="store_true", help="a till at rest has it open")
    parser.add_argument("--spill", type=Path, action="append", default=[], metavar="FILE")
    options = parser.parse_args(arguments)
    if len(options.folders) != (1 if options.check else 2):
        parser.error("FROM and TO are needed, or one FOLDER with --check")
    pace = Pace(say)

    def work() -> Line:
        if options.check:
            return Line(checked=check(options.folders[0], pace))
        source, target = options.folders
        order = Migration(
            source, target, options.to_schema, tuple(options.spill), at_rest=options.at_rest
        )
        return Line(migrated=migrate(order, pace))

    say(_outcome(work))
    return 0


def _outcome(work: Callable[[], Line]) -> Line:
    """Do it, and say how it ended."""
    try:
        return work()
    except MigrationFailed as why:
        return Line(refused=why.reason, sentence=why.sentence)
    except JournalDamaged as damage:
        return Line(refused=damage.reason, sentence=damage.sentence, seq=damage.seq)
    except msgspec.DecodeError as error:
        sentence = f"Something in it is of another version of the till: {error}."
        return Line(refused="OTHER_SCHEMA", sentence=sentence)
    except (StorageError, lmdb.Error, OSError) as error:
        return Line(refused=reason_of(error), sentence=f"{error}")


if __name__ == "__main__":
    leave_the_tills_cpu()
    try:
        sys.exit(main(sys.argv[1:]))
    except BrokenPipeError:
        os._exit(1)  # whoever wanted it is gone

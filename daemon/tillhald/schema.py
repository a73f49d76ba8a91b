"""Which form of the data this program writes, and which forms it knows.

Schema 2 gives every key of the table `sales` a letter, and lists finished sales by business day
there; a cancelled sale belongs to the day that it was cancelled on. See `migration` and
docs/reference/journal-format.md. Imports nothing of ours: launcher and bundles ask here, too.
"""

from __future__ import annotations

import enum
from typing import Final

SCHEMA: Final = 2
MIN_READER: Final = 2
"""The least schema that a program must write to go on with a journal of SCHEMA. It is lower where
what SCHEMA adds may be missing: then an older program loses nothing by writing on. A program of
schema 1 would not find one sale here, and leave out of the list what it sells."""
SCHEMA_FIRST: Final = 1
"""The oldest that can be brought here."""


class Way(enum.StrEnum):
    """How a program comes to data that it can go on with."""

    KEEP = "keep"
    """It writes on in the generation that is there: only the slot is switched."""
    MIGRATE = "migrate"
    """The data is older: the program itself copies it into a generation of its own schema."""
    EXPORT = "export"
    """The data is newer, and needs a newer program: the one that wrote it copies it back."""


def way(program: int, *, schema: int, min_reader: int) -> Way:
    """For a program that writes schema `program`, and data of `schema` and `min_reader`."""
    if program > schema:
        return Way.MIGRATE
    return Way.KEEP if program >= min_reader else Way.EXPORT

"""Which form of the data this program writes, and which forms it knows.

Schema 2 gives every key of the table `sales` a letter, and lists finished sales by business day
there; a cancelled sale belongs to the day that it was cancelled on. See `migration` and
docs/reference/journal-format.md. Imports nothing: the launcher and the bundles ask here.
"""

from __future__ import annotations

from typing import Final

SCHEMA: Final = 2
MIN_READER: Final = 2
"""The least schema that a program must write to go on with a journal of SCHEMA. It is lower where
what SCHEMA adds may be missing: then an older program loses nothing by writing on. A program of
schema 1 would not find one sale here, and leave out of the list what it sells."""
SCHEMA_FIRST: Final = 1
"""The oldest that can be brought here."""

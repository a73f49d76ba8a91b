"""The one-time code that gives a new till's owner a PIN: a file for the till's account alone.

Only its hash is a fact. Whoever may read the file may read the journal, too: it gives nobody more
than he has.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from typing import TYPE_CHECKING, Final

from tillhald.domain.access import Role
from tillhald.domain.events import OperatorPut, SetupCodeIssued

if TYPE_CHECKING:
    from pathlib import Path

    from tillhald.domain.access import AccessBook
    from tillhald.domain.events import AnyEvent

CODE_BYTES: Final = 15
"""120 bits, which are 24 letters and digits."""
GROUP: Final = 4
OWNER: Final = "owner"
"""What the first owner is called."""


def new_code() -> str:
    """E.g. "MZXW-6YTB-OI2K-…": no letter of it is taken for a digit."""
    letters = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode()
    return "-".join(letters[at : at + GROUP] for at in range(0, len(letters), GROUP))


def digest_of(code: str) -> str:
    """Of the code as a person types it: without strokes and blanks, in any letters."""
    plain = "".join(code.split()).replace("-", "").upper()
    return hashlib.sha256(plain.encode()).hexdigest()


def setup_facts(book: AccessBook, operator: str, code: str) -> list[AnyEvent]:
    """That this operator, who is made an owner if that is not so, may have a PIN by this code."""
    made: list[AnyEvent] = []
    known = book.operators.get(operator)
    if known is None or known.role is not Role.OWNER:
        made.append(OperatorPut(operator=operator, role=Role.OWNER))
    return [*made, SetupCodeIssued(operator=operator, digest=digest_of(code))]


def is_written(path: Path, book: AccessBook) -> bool:
    """Whether the file holds the code that counts."""
    try:
        return bool(book.setup_digest) and digest_of(path.read_text("ascii")) == book.setup_digest
    except (OSError, UnicodeDecodeError):
        return False


def write(path: Path, code: str) -> None:
    """Leave the code in a file of mode 0600. Raises OSError."""
    path.unlink(missing_ok=True)
    # O_EXCL: nobody's link is followed, and nobody's wider mode is kept.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{code}\n")

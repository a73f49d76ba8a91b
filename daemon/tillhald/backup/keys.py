"""Who may open a backup, and who signed it.

Backups are encrypted to age recipients (age-encryption.org/v1, X25519): the owner and, in escrow,
head office. The till has their public keys only. To read a backup back, and to prove later in the
same run that it can be restored, one more recipient is made for each backup; its secret lives in
memory and is gone when the daemon ends.

The till signs with an Ed25519 key of its own (RFC 8032), made with its first backup.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pyrage import IdentityError, RecipientError, x25519

from tillhald.domain.errors import BackupKeyWrong
from tillhald.journal.disk import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

RECIPIENTS_MAX = 8
SIGNING_KEY_BYTES = 32


def is_recipient(text: str) -> bool:
    """Whether this is the public key of an age recipient, `age1…`."""
    try:
        x25519.Recipient.from_str(text)
    except RecipientError:
        return False
    return True


def recipients_of(texts: Iterable[str]) -> list[x25519.Recipient]:
    """The recipients, of texts that `is_recipient` found right."""
    return [x25519.Recipient.from_str(text) for text in texts]


def identity_of(secret: str) -> x25519.Identity:
    """The key of an `AGE-SECRET-KEY-1…`, or of a file of lines one of which is. BackupKeyWrong
    for anything else; the refusal does not repeat it."""
    for line in secret.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                return x25519.Identity.from_str(line.strip())
            except IdentityError:
                break
    sentence = "This is no age key: one line of it begins with AGE-SECRET-KEY-1."
    raise BackupKeyWrong("identity", sentence)


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The till's key; made, durably, where there is none. Raises OSError, and ValueError for a
    file that holds none."""
    try:
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    except FileNotFoundError:
        pass
    key = Ed25519PrivateKey.generate()
    building = path.with_name(f"{path.name}.new")
    building.unlink(missing_ok=True)
    fd = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, key.private_bytes_raw())
        os.fsync(fd)
    finally:
        os.close(fd)
    building.rename(path)
    sync_folder(path.parent)
    return key


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """What a backup's header says of its signer."""
    return key.public_key().public_bytes_raw()

"""The keys of releases, on the machine of whoever makes them, never on a till.

A folder of keys: `root-N.pem`, `targets-N.pem`, `snapshot-1.pem`, `timestamp-1.pem` (Ed25519,
PKCS #8), and beside them the roots, `1.root.json` and on. The keys of root say which keys count;
they are used only when that changes, and belong on a stick in a safe. The others sign each release.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization import DeserializationError

from tillhald.boot.files import sync
from tillhald.bundle.trust import FIRST_ROOT, ROOTS_MAX, plain_bytes, put_bytes, root_name
from tillhald.domain.errors import FieldInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tillhald.bundle.trust import Expected

S = TypeVar("S", Root, Timestamp, Snapshot, Targets)

ROLES: Final = ("root", "targets", "snapshot", "timestamp")
KEYS_MAX = 9
ROOT_DAYS = 3650
RELEASE_DAYS = 365
"""A stick may lie in a drawer for long, and a till has nobody to ask for a newer timestamp."""
KEY_MODE = 0o600


class Share(NamedTuple):
    """How many keys a role has, and how many of them it takes to sign."""

    keys: int
    threshold: int


def make_keys(folder: Path, shares: Mapping[str, Share], now_ms: int) -> None:
    """Make keys for all roles, and the first root, in a folder; all durable when this returns.

    Raises FieldInvalid for a share that nobody could sign with, or where keys are; OSError.
    """
    _check(shares)
    if any((folder / f"{FIRST_ROOT}.root.json").parent.glob("*.root.json")):
        raise FieldInvalid("folder", f"There are roots in {folder} already.")
    signers = _new_keys(folder, shares)
    root = _root(1, signers, shares, now_ms)
    signed = Metadata(root)
    for signer in signers["root"][: shares["root"].threshold]:
        signed.sign(signer, append=True)
    _put_root(folder, 1, signed)


def change_keys(old: Path, new: Path, shares: Mapping[str, Share], now_ms: int) -> int:
    """Make keys in a new folder, and the next root, signed by enough old keys and enough new ones.

    Tills that trust an older root go up by it. The new folder gets all roots; the old keys are not
    needed any more then. Returns the new root's number. Raises FieldInvalid, OSError.
    """
    _check(shares)
    roots = roots_in(old)
    before = _latest(roots)
    number = before.version + 1
    if number > ROOTS_MAX:
        raise FieldInvalid("old", f"There have been {ROOTS_MAX} roots, which is the most.")
    signers = _new_keys(new, shares)
    signed = Metadata(_root(number, signers, shares, now_ms))
    needed = before.roles["root"].threshold
    for signer in (
        *_keys(old, "root", before, needed),
        *signers["root"][: shares["root"].threshold],
    ):
        signed.sign(signer, append=True)
    for name, content in roots.items():
        put_bytes(new / name.rpartition("/")[2], content)
    _put_root(new, number, signed)
    return number


def roots_in(folder: Path) -> dict[str, bytes]:
    """All roots in a folder of keys, by their names in a bundle. Raises FieldInvalid."""
    roots: dict[str, bytes] = {}
    for number in range(FIRST_ROOT, ROOTS_MAX + 1):
        path = folder / f"{number}.root.json"
        if path.exists():
            roots[root_name(number)] = path.read_bytes()
    if not roots:
        raise FieldInvalid("keys", f"There is no {FIRST_ROOT}.root.json in {folder}.")
    return roots


def sign_release(
    folder: Path, files: Mapping[str, Expected], release: int, days: int, now_ms: int
) -> dict[str, bytes]:
    """The metadata of a bundle with these files, by name, signed with the keys in `folder`.

    `release` is the number of all of it, which must rise. Raises FieldInvalid, OSError.
    """
    metadata = roots_in(folder)
    root = _latest(metadata)
    expires = _after(now_ms, days)
    targets = Targets(version=release, expires=expires)
    for name, file in files.items():
        targets.targets[name] = TargetFile(file.size, {"sha256": file.sha256}, name)
    metadata["metadata/targets.json"] = _sign(targets, folder, root)
    snapshot = Snapshot(version=release, expires=expires)
    snapshot.meta["targets.json"] = _described(release, metadata["metadata/targets.json"])
    metadata["metadata/snapshot.json"] = _sign(snapshot, folder, root)
    timestamp = Timestamp(version=release, expires=expires)
    timestamp.snapshot_meta = _described(release, metadata["metadata/snapshot.json"])
    metadata["metadata/timestamp.json"] = _sign(timestamp, folder, root)
    return metadata


def _check(shares: Mapping[str, Share]) -> None:
    for role in ROLES:
        share = shares[role]
        if not 1 <= share.threshold <= share.keys <= KEYS_MAX:
            sentence = (
                f"Of {share.keys} keys for {role}, {share.threshold} cannot be needed: "
                f"there are 1 to {KEYS_MAX} keys, and not more are needed than there are."
            )
            raise FieldInvalid(role, sentence)


def _new_keys(folder: Path, shares: Mapping[str, Share]) -> dict[str, list[CryptoSigner]]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    signers: dict[str, list[CryptoSigner]] = {}
    for role in ROLES:
        signers[role] = []
        for number in range(1, shares[role].keys + 1):
            key = Ed25519PrivateKey.generate()
            _put_key(folder / f"{role}-{number}.pem", key)
            signers[role].append(CryptoSigner(key))
    return signers


def _put_key(path: Path, key: Ed25519PrivateKey) -> None:
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, KEY_MODE)
    except FileExistsError as error:
        sentence = f"There is something at {path} already; a key is not written over it."
        raise FieldInvalid("folder", sentence) from error
    with os.fdopen(fd, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    sync(path.parent)


def _put_root(folder: Path, number: int, signed: Metadata[Root]) -> None:
    put_bytes(folder / f"{number}.root.json", plain_bytes(signed))


def _root(
    number: int,
    signers: Mapping[str, list[CryptoSigner]],
    shares: Mapping[str, Share],
    now_ms: int,
) -> Root:
    root = Root(version=number, expires=_after(now_ms, ROOT_DAYS), consistent_snapshot=False)
    for role in ROLES:
        for signer in signers[role]:
            root.add_key(signer.public_key, role)
        root.roles[role].threshold = shares[role].threshold
    return root


def _latest(roots: Mapping[str, bytes]) -> Root:
    content = roots[max(roots, key=lambda name: int(name.rpartition("/")[2].partition(".")[0]))]
    try:
        read: Metadata[Root] = Metadata.from_bytes(content)
    except DeserializationError as error:
        raise FieldInvalid("keys", "The newest root in the folder of keys is damaged.") from error
    return read.signed


def _keys(folder: Path, role: str, root: Root, needed: int) -> Iterable[CryptoSigner]:
    """As many keys of the role as are needed, of those that lie in the folder and count."""
    found: list[CryptoSigner] = []
    for path in sorted(folder.glob(f"{role}-*.pem")):
        try:
            key = load_pem_private_key(path.read_bytes(), None)
        except (ValueError, TypeError) as error:
            raise FieldInvalid("keys", f"{path} holds no key that can be used.") from error
        if isinstance(key, Ed25519PrivateKey):
            signer = CryptoSigner(key)
            if signer.public_key.keyid in root.roles[role].keyids and len(found) < needed:
                found.append(signer)
    if len(found) < needed:
        sentence = f"{needed} keys of {role} are needed, and {len(found)} that count lie in "
        raise FieldInvalid("keys", f"{sentence}{folder}.")
    return found


def _sign(signed: S, folder: Path, root: Root) -> bytes:
    role = signed.type
    metadata = Metadata(signed)
    try:
        for signer in _keys(folder, role, root, root.roles[role].threshold):
            metadata.sign(signer, append=True)
    except UnsignedMetadataError as error:
        raise FieldInvalid("keys", f"The {role} could not be signed: {error}") from error
    return plain_bytes(metadata)


def _described(number: int, content: bytes) -> MetaFile:
    return MetaFile.from_data(number, content, ["sha256"])


def _after(now_ms: int, days: int) -> datetime:
    now = datetime.fromtimestamp(now_ms // 1000, UTC)
    return now + timedelta(days=days)

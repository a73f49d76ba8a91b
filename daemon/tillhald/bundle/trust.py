"""Whom a till trusts with its program, and what a bundle's signatures are worth to it.

The metadata are those of The Update Framework (theupdateframework.github.io/specification, 1.0):
root says which keys count for what and how many of them it takes; timestamp names the snapshot,
snapshot the targets, and targets every file. A bundle carries all of them, and every root since the
first, so nothing is fetched. What is done here is the client's workflow of the specification
(5.3 to 5.7) in its order, over python-tuf's signatures and schemas; the time comes in as an
argument, and what a till must not go back behind is a value of its own, `Floor`.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from packaging.version import Version
from tuf.api.exceptions import (
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata, Root, Signed, Snapshot, Targets, Timestamp
from tuf.api.serialization import DeserializationError
from tuf.api.serialization.json import JSONSerializer

from tillhald.boot.files import PARTIAL, Damaged, get_json, put_json, sync
from tillhald.domain.errors import (
    BundleCorrupt,
    BundleExpired,
    BundleTooOld,
    BundleUntrusted,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

S = TypeVar("S", Root, Timestamp, Snapshot, Targets)

ROOTS_MAX = 64
"""How often the keys of a till's releases can be changed before it has to be installed anew."""
FIRST_ROOT = 1
ROOT_FILE = "root.json"
FLOOR_FILE = "floor.json"
FLOOR_FORMAT = 1


class Floor(NamedTuple):
    """What a till has had: numbers of the metadata, and the program's version. Nothing older is
    taken any more. Zeros and an empty version: nothing yet."""

    timestamp: int = 0
    snapshot: int = 0
    targets: int = 0
    version: str = ""


class Expected(NamedTuple):
    """What a file of the bundle must be. `sha256` is hexadecimal."""

    size: int
    sha256: str


class Vouched(NamedTuple):
    """What the signers vouch for: the files by their name, until when, under which root.

    `roots` is how many roots there have been; `signed` by which keys of the targets' role, and
    `threshold` how many it takes. `expires_ms` is the first of the times that are said.
    """

    files: Mapping[str, Expected]
    floor: Floor
    expires_ms: int
    root: bytes
    roots: int
    signed: tuple[str, ...]
    threshold: int


def root_name(number: int) -> str:
    """Where the root of this number stands in a bundle."""
    return f"metadata/{number}.root.json"


def vouched(metadata: Mapping[str, bytes], trusted: bytes, floor: Floor, now_ms: int) -> Vouched:
    """Check a bundle's metadata by the root that the till trusts, and the time that it has.

    `metadata` by name in the bundle. Raises BundleUntrusted, BundleExpired, BundleTooOld, and
    BundleCorrupt for metadata that are none.
    """
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    root = _newest_root(metadata, trusted)
    _must_hold(root.signed, "root", now)
    timestamp = _signed(Timestamp, metadata, "timestamp", root.signed)
    _must_rise("timestamp", timestamp.signed.version, floor.timestamp)
    _must_hold(timestamp.signed, "timestamp", now)
    _must_be(metadata, "snapshot", timestamp.signed.snapshot_meta)
    snapshot = _signed(Snapshot, metadata, "snapshot", root.signed)
    _must_have_number("snapshot", snapshot.signed, timestamp.signed.snapshot_meta.version)
    _must_rise("snapshot", snapshot.signed.version, floor.snapshot)
    _must_hold(snapshot.signed, "snapshot", now)
    named = snapshot.signed.meta.get("targets.json")
    if named is None or len(snapshot.signed.meta) != 1:
        raise BundleUntrusted("Its snapshot does not name the targets, and them alone.")
    _must_be(metadata, "targets", named)
    targets = _signed(Targets, metadata, "targets", root.signed)
    _must_have_number("targets", targets.signed, named.version)
    _must_rise("targets", targets.signed.version, floor.targets)
    _must_hold(targets.signed, "targets", now)
    every: tuple[Signed, ...] = (root.signed, timestamp.signed, snapshot.signed, targets.signed)
    result = root.signed.get_verification_result(
        "targets", targets.signed_bytes, targets.signatures
    )
    return Vouched(
        files={name: _expected(file) for name, file in targets.signed.targets.items()},
        floor=Floor(timestamp.signed.version, snapshot.signed.version, targets.signed.version),
        expires_ms=min(round(each.expires.timestamp() * 1000) for each in every),
        root=metadata[root_name(root.signed.version)],
        roots=root.signed.version,
        signed=tuple(sorted(result.signed)),
        threshold=root.signed.roles["targets"].threshold,
    )


def must_not_be_older(version: str, floor: Floor) -> None:
    """BundleTooOld for a version of the program below the one that the till has had."""
    if floor.version and Version(version) < Version(floor.version):
        sentence = f"It holds version {version}; this till has had {floor.version} already."
        raise BundleTooOld(sentence, found=version, expected=floor.version)


# --- what a till keeps


class TrustFolder:
    """The root that a till trusts, and its floor: `HOME/identity/trust/`.

    The root comes with the installation. Both are replaced only by `remember`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def root(self) -> bytes:
        """The trusted root. Raises BundleUntrusted where there is none; OSError."""
        try:
            return (self.folder / ROOT_FILE).read_bytes()
        except FileNotFoundError as error:
            sentence = f"This till trusts nobody yet: there is no {self.folder / ROOT_FILE}."
            raise BundleUntrusted(sentence) from error

    def floor(self) -> Floor:
        """What the till must not go back behind. Raises boot.files.Damaged; OSError."""
        try:
            content = get_json(self.folder / FLOOR_FILE)
            if content.pop("format") != FLOOR_FORMAT:
                message = f"{self.folder / FLOOR_FILE} has a format that is not known"
                raise Damaged(message)
            return Floor(**content)
        except FileNotFoundError:
            return Floor()
        except (KeyError, TypeError) as error:
            message = f"{self.folder / FLOOR_FILE} says of no floor: {error}"
            raise Damaged(message) from error

    def install(self, root: bytes) -> None:
        """Trust this root from now on; durable when this returns.

        Raises FileExistsError where one is trusted already, BundleUntrusted for what is no root
        that its own keys signed, OSError.
        """
        check_root(root)
        path = self.folder / ROOT_FILE
        if path.exists():
            message = f"{path} is there already"
            raise FileExistsError(message)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        put_bytes(path, root)

    def remember(self, root: bytes, floor: Floor) -> None:
        """Go on from a bundle whose program has proved itself: its root, and no way back.

        Durable when this returns; numbers only rise. Raises OSError and boot.files.Damaged.
        """
        old = self.floor()
        versions = [each.version for each in (old, floor) if each.version]
        higher = Floor(
            max(old.timestamp, floor.timestamp),
            max(old.snapshot, floor.snapshot),
            max(old.targets, floor.targets),
            max(versions, key=Version, default=""),
        )
        # The floor first: power may go between the two, and the root's chain can be gone up again.
        put_json(self.folder / FLOOR_FILE, {"format": FLOOR_FORMAT, **higher._asdict()})
        if check_root(root) > check_root(self.root()):
            put_bytes(self.folder / ROOT_FILE, root)


def check_root(root: bytes) -> int:
    """The number of a root that enough of its own keys signed. Raises BundleUntrusted."""
    try:
        read = _parsed(Root, root, "the root")
        read.signed.verify_delegate("root", read.signed_bytes, read.signatures)
    except (BundleCorrupt, UnsignedMetadataError) as error:
        raise BundleUntrusted(f"This is no root that its own keys signed: {error}") from error
    return read.signed.version


def put_bytes(path: Path, content: bytes) -> None:
    """Replace a file; durable when this returns. Raises OSError."""
    building = path.with_name(path.name + PARTIAL)
    with building.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    building.rename(path)
    sync(path.parent)


# --- the workflow's steps


def _newest_root(metadata: Mapping[str, bytes], trusted: bytes) -> Metadata[Root]:
    """Go up the chain of roots: each is signed by enough keys of the one before it, and its own.

    All of the chain is looked at, also what lies before the trusted one: nothing in a bundle goes
    unread.
    """
    ours = _parsed(Root, trusted, "the root that this till trusts")
    below: Metadata[Root] | None = None
    number = FIRST_ROOT
    while (content := metadata.get(root_name(number))) is not None:
        if number > ROOTS_MAX:
            raise BundleUntrusted(f"It has more than {ROOTS_MAX} roots.")
        root = _parsed(Root, content, f"root {number}")
        if root.signed.version != number:
            raise BundleUntrusted(f"Root {number} says that it is {root.signed.version}.")
        if number == ours.signed.version and content != trusted:
            raise BundleUntrusted(f"Its root {number} is another one than this till trusts.")
        for by in (below or root, root):
            _must_be_signed("root", root, by.signed, f"root {number}")
        below, number = root, number + 1
    if below is None or below.signed.version < ours.signed.version:
        found = below.signed.version if below else 0
        sentence = (
            f"It was signed under root {found}; this till trusts root {ours.signed.version} by now."
        )
        raise BundleTooOld(sentence, found=found, expected=ours.signed.version)
    return below


def _signed(kind: type[S], metadata: Mapping[str, bytes], role: str, root: Root) -> Metadata[S]:
    content = metadata.get(f"metadata/{role}.json")
    if content is None:
        raise BundleCorrupt(f"It has no {role}.")
    read = _parsed(kind, content, role)
    _must_be_signed(role, read, root, role)
    return read


def _parsed(kind: type[S], content: bytes, what: str) -> Metadata[S]:
    try:
        read: Metadata[Any] = Metadata.from_bytes(content)
        is_plain = _plain(read) == content
    except (DeserializationError, RepositoryError, ValueError) as error:
        raise BundleCorrupt(f"Of {what} nothing can be read.") from error
    if not isinstance(read.signed, kind):
        raise BundleUntrusted(f"Where {what} belongs stands another kind of metadata.")
    # JSON can say one thing in many ways, and signatures are over the thing, not over the bytes.
    if not is_plain:
        raise BundleCorrupt(f"{what.capitalize()} is not written as a bundle's metadata are.")
    return read


def _plain(read: Metadata[Any]) -> bytes:
    for each in read.signatures.values():
        each.signature = each.signature.lower()
    return plain_bytes(read)


def plain_bytes(metadata: Metadata[Any]) -> bytes:
    """The one way in which metadata are written into a bundle."""
    return metadata.to_bytes(JSONSerializer(compact=False)) + b"\n"


def _must_be_signed(role: str, read: Metadata[S], root: Root, what: str) -> None:
    try:
        root.verify_delegate(role, read.signed_bytes, read.signatures)
    except (UnsignedMetadataError, ValueError) as error:
        result = root.get_verification_result(role, read.signed_bytes, read.signatures)
        sentence = (
            f"{what.capitalize()} has {len(result.signed)} signatures that count; "
            f"{result.threshold} are needed."
        )
        raise BundleUntrusted(
            sentence, found=len(result.signed), expected=result.threshold
        ) from error


def _must_be(metadata: Mapping[str, bytes], role: str, said: Any) -> None:  # noqa: ANN401
    content = metadata.get(f"metadata/{role}.json")
    if content is None:
        raise BundleCorrupt(f"It has no {role}.")
    if said.length is None or not said.hashes:
        raise BundleUntrusted(f"Nothing is said of what the {role} must be.")
    try:
        said.verify_length_and_hashes(content)
    except LengthOrHashMismatchError as error:
        raise BundleUntrusted(f"The {role} in it is another one than was signed for.") from error


def _must_have_number(role: str, signed: Signed, number: int) -> None:
    if signed.version != number:
        raise BundleUntrusted(f"The {role} says that it is {signed.version}; {number} was said.")


def _must_rise(role: str, found: int, least: int) -> None:
    if found < least:
        sentence = (
            f"It was released before the one that this till runs, or has run: its {role} has"
            f" number {found}, and {least} was there already."
        )
        raise BundleTooOld(sentence, found=found, expected=least)


def _must_hold(signed: Signed, role: str, now: datetime) -> None:
    if signed.is_expired(now):
        sentence = f"Its {role} was good until {signed.expires:%Y-%m-%d %H:%M} UTC."
        raise BundleExpired(sentence, expired=f"{signed.expires:%Y-%m-%dT%H:%M:%SZ}")


def _expected(file: Any) -> Expected:  # noqa: ANN401
    sha256 = file.hashes.get("sha256")
    if not sha256:
        raise BundleUntrusted(f"No sha256 of {file.path} is said.")
    return Expected(file.length, sha256)

"""Opening a bundle: nothing of it is used before all of it was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self

from tillhald import VERSION
from tillhald.bundle import layout
from tillhald.bundle.manifest import (
    INSTALLER,
    NAME,
    REQUIREMENTS,
    WHEELS,
    BundleManifest,
    Wheel,
    decode,
    must_fit,
    wheel_named,
)
from tillhald.bundle.trust import Floor, Vouched, must_not_be_older, vouched
from tillhald.domain.errors import BundleCorrupt, BundleNotFound, BundleUntrusted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

_METADATA = "metadata/"
TARGETS = "targets/"


class Contents(NamedTuple):
    """The metadata of a bundle that is whole, and where all lies; nobody vouched for it yet."""

    members: Mapping[str, layout.Member]
    metadata: Mapping[str, bytes]


class Bundle:
    """A bundle that is whole, vouched for, and in which nothing is but what was vouched for."""

    def __init__(
        self, path: Path, file: BinaryIO, members: Mapping[str, layout.Member], said: Vouched
    ) -> None:
        self.path = path
        self.said = said
        self._file = file
        self._members = members
        self.manifest: BundleManifest = decode(self.content(NAME))

    @property
    def size_bytes(self) -> int:
        """Of the file."""
        return layout.size_of(self._file)

    @property
    def wheels(self) -> dict[str, Wheel]:
        """What is to be installed, by the name of its file in `targets/`."""
        return {
            name: wheel_named(name.removeprefix(WHEELS))
            for name in self.said.files
            if name.startswith(WHEELS)
        }

    @property
    def need_bytes(self) -> int:
        """The room that it takes to build a slot: the wheels, and what they hold."""
        wheels = sum(
            file.size
            for name, file in self.said.files.items()
            if name.startswith((WHEELS, INSTALLER))
        )
        return wheels + self.manifest.installed_bytes

    @property
    def floor(self) -> Floor:
        """What a till must not go back behind once it runs this."""
        return self.said.floor._replace(version=self.manifest.version)

    def content(self, name: str) -> bytes:
        """A small file that was vouched for. Raises BundleCorrupt, OSError."""
        member = self._members.get(TARGETS + name)
        if member is None:
            raise BundleCorrupt(f"It has no {name}.")
        return layout.content_of(self._file, member)

    def copy(self, name: str, to: Path) -> None:
        """Copy a file that was vouched for. BundleCorrupt if it is another one by now; OSError."""
        with to.open("wb") as file:
            for piece in layout.pieces_of(self._file, self._members[TARGETS + name]):
                file.write(piece)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


def open_bundle(
    path: Path,
    trust: bytes,
    floor: Floor,
    now_ms: int,
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Bundle:
    """Open a bundle for this machine; to be closed by the caller. Nothing is written.

    `trust` is the root that the till trusts and `floor` what it must not go back behind (see
    `TrustFolder`). Raises BundleNotFound, BundleCorrupt, BundleUntrusted, BundleExpired,
    BundleTooOld, BundleTooNew, BundleWrongPlatform, BundleWrongPython; OSError of a disk.
    """
    bundle = verified(path, trust, floor, now_ms, on_progress=on_progress)
    try:
        must_not_be_older(bundle.manifest.version, floor)
        must_fit(bundle.manifest, bundle.wheels.values(), VERSION)
    except BaseException:
        bundle.__exit__(None, None, None)
        raise
    return bundle


def verified(
    path: Path,
    trust: bytes | None,
    floor: Floor,
    now_ms: int,
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Bundle:
    """Open a bundle wherever this is, also where it could not be installed; else as `open_bundle`.

    Without `trust` its own first root is trusted: that proves that it was not changed since it was
    signed, and nothing of who signed it.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise BundleNotFound(f"There is no file {path}.") from error
    except IsADirectoryError as error:
        raise BundleCorrupt(f"{path} is a folder, and no bundle.") from error
    try:
        contents = contents_of(file, on_progress)
        first = contents.metadata.get(_METADATA + "1.root.json", b"")
        said = vouched(contents.metadata, first if trust is None else trust, floor, now_ms)
        _must_hold_exactly(contents, said)
        bundle = Bundle(path, file, contents.members, said)
        _must_be_named_as_wheels(bundle)
    except BaseException:
        file.close()
        raise
    return bundle


def contents_of(file: BinaryIO, on_progress: Callable[[int, int], None]) -> Contents:
    """What is in an open bundle, if it is whole. Raises BundleCorrupt, BundleTooNew, OSError."""
    members = layout.read(file, on_progress)
    metadata = {
        name: layout.content_of(file, member)
        for name, member in members.items()
        if name.startswith(_METADATA)
    }
    return Contents(members, metadata)


def _must_hold_exactly(contents: Contents, said: Vouched) -> None:
    names = {f"{_METADATA}{role}.json" for role in ("timestamp", "snapshot", "targets")}
    names |= {f"{_METADATA}{number}.root.json" for number in range(1, said.roots + 1)}
    names |= {TARGETS + name for name in said.files}
    if names != set(contents.members):
        (strange, *_) = sorted(names ^ set(contents.members))
        is_there = strange in contents.members
        what = "is in it, and nobody vouches for it" if is_there else "is not in it"
        raise BundleUntrusted(f"{strange} {what}.")
    for name, expected in said.files.items():
        member = contents.members[TARGETS + name]
        if (member.size, member.sha256) != expected:
            sentence = f"{name} in it is another file than was signed for."
            raise BundleUntrusted(sentence, found=member.sha256, expected=expected.sha256)


def _must_be_named_as_wheels(bundle: Bundle) -> None:
    # What is signed is believed; but it also has to be of the shape that is installed here.
    try:
        wheels = bundle.wheels
        installers = [
            wheel_named(name.removeprefix(INSTALLER))
            for name in bundle.said.files
            if name.startswith(INSTALLER)
        ]
    except ValueError as error:
        raise BundleCorrupt(f"It holds what is no wheel: {error}.") from error
    others = len(bundle.said.files) - len(wheels) - len(installers)
    is_plain = all("/" not in name.partition("/")[2] for name in bundle.said.files)
    if len(installers) != 1 or others != len((NAME, REQUIREMENTS)) or not is_plain:
        raise BundleCorrupt("It holds other files than a bundle's.")
    bundle.content(REQUIREMENTS)

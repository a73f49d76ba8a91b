"""What a bundle says of itself, and whether this machine can run what is in it."""

from __future__ import annotations

import platform
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from tillhald.boot.slot import python_version
from tillhald.domain.errors import (
    BundleCorrupt,
    BundleTooNew,
    BundleWrongPlatform,
    BundleWrongPython,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.tags import Tag

NAME = "manifest.json"
REQUIREMENTS = "requirements.txt"
WHEELS = "wheels/"
INSTALLER = "installer/"
"""Where the wheel of pip is that installs the others: the bundle brings it."""
PROGRAM = "tillhal"
FORMAT = 1
CHANGES_CHARS_MAX = 20_000


class BundleManifest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The manifest. `schema` is that of the data which this version writes, `min_reader` the least
    that a program must know to read them; `upgrades_from` the oldest version that may take this
    bundle, empty for any. `tags` are the wheels' platforms. `installed_bytes` is what the wheels
    hold unpacked, with what Python compiles. `source` is the sha256 of the program's wheel.
    `changes` are for the shop, by language (`en`, `zh-CN`)."""

    format: int
    product: str
    version: str
    schema: int
    min_reader: int
    upgrades_from: str
    requires_python: str
    tags: tuple[str, ...]
    api: str
    made_ms: int
    made_by: str
    source: str
    installed_bytes: int
    changes: dict[str, str]


class Wheel(NamedTuple):
    """A wheel, by what its file's name says."""

    project: str
    version: str
    tags: frozenset[Tag]


def encode(manifest: BundleManifest) -> bytes:
    """As it stands in a bundle."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def decode(content: bytes) -> BundleManifest:
    """Raises BundleCorrupt, and BundleTooNew for a format that is not known here."""
    try:
        number = msgspec.json.decode(content, type=_Numbered).format
        if number > FORMAT:
            sentence = f"Its manifest has format {number}; this version reads up to {FORMAT}."
            raise BundleTooNew(sentence, found=number, expected=FORMAT)
        manifest = msgspec.json.decode(content, type=BundleManifest)
        Version(manifest.version)
        Version(manifest.upgrades_from or "0")
        SpecifierSet(manifest.requires_python)
    except (msgspec.DecodeError, InvalidVersion, InvalidSpecifier) as error:
        raise BundleCorrupt(f"Its manifest cannot be read: {error}.") from error
    if manifest.product != PROGRAM:
        raise BundleCorrupt(f"It holds {manifest.product}, and not {PROGRAM}.")
    return manifest


class _Numbered(msgspec.Struct):
    format: int


def wheel_named(file_name: str) -> Wheel:
    """Raises ValueError for what is no wheel's name."""
    try:
        project, version, _, tags = parse_wheel_filename(file_name)
    except (InvalidWheelFilename, InvalidVersion) as error:
        raise ValueError(str(error)) from error
    return Wheel(project, str(version), tags)


def must_fit(manifest: BundleManifest, wheels: Iterable[Wheel], running: str) -> None:
    """Whether this machine, whose till runs version `running`, can take it.

    Raises BundleWrongPython, BundleWrongPlatform, BundleTooNew; each with what was found and what
    was expected.
    """
    python = python_version()
    if not SpecifierSet(manifest.requires_python).contains(python, prereleases=True):
        sentence = f"It needs Python {manifest.requires_python}; this machine has {python}."
        raise BundleWrongPython(sentence, found=python, expected=manifest.requires_python)
    by_project: defaultdict[str, set[Tag]] = defaultdict(set)
    for wheel in wheels:
        by_project[wheel.project] |= wheel.tags
    ours = list(sys_tags())
    platforms = {tag.platform for tag in ours}
    for project, tags in sorted(by_project.items()):
        if tags.isdisjoint(ours):
            found = ", ".join(sorted(map(str, tags)))
            if platforms.isdisjoint(tag.platform for tag in tags):
                here = f"{platform.system()} on {platform.machine()}"
                sentence = f"{project} in it is for {found}; this machine is {here} ({ours[0]})."
                raise BundleWrongPlatform(sentence, found=found, expected=str(ours[0]))
            sentence = f"{project} in it is for {found}; this machine has Python {python}."
            raise BundleWrongPython(sentence, found=found, expected=str(ours[0]))
    if manifest.upgrades_from and Version(running) < Version(manifest.upgrades_from):
        sentence = (
            f"It goes on from version {manifest.upgrades_from} or newer; this till runs {running}. "
            "Another version has to be installed first."
        )
        raise BundleTooNew(sentence, found=running, expected=manifest.upgrades_from)

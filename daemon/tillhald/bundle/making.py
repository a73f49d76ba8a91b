"""Making a bundle of a folder of wheels."""

from __future__ import annotations

import ast
import hashlib
import platform
import zipfile
from collections import defaultdict
from email import message_from_bytes
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import InvalidVersion, Version

from tillhald import VERSION
from tillhald.boot.slot import python_version
from tillhald.bundle import layout
from tillhald.bundle.manifest import (
    CHANGES_CHARS_MAX,
    FORMAT,
    INSTALLER,
    NAME,
    PROGRAM,
    REQUIREMENTS,
    WHEELS,
    BundleManifest,
    Wheel,
    encode,
    wheel_named,
)
from tillhald.bundle.opening import TARGETS, verified
from tillhald.bundle.signing import RELEASE_DAYS, roots_in, sign_release
from tillhald.bundle.trust import Expected, Floor, root_name
from tillhald.domain.errors import FieldInvalid
from tillhald.domain.versions import API

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

INSTALLER_PROJECT = "pip"
EXTRA = "daemon"
COMPILED_PARTS = 2
"""What Python compiles of a module takes about as much room as the module."""


class Wished(NamedTuple):
    """What a bundle is to be. `release` must rise from one to the next; 0: taken from the time.
    `changes` by language."""

    wheels: Path
    keys: Path
    out: Path
    now_ms: int
    release: int = 0
    days: int = RELEASE_DAYS
    upgrades_from: str = ""
    changes: Mapping[str, str] = {}


class _Found(NamedTuple):
    path: Path
    wheel: Wheel
    sha256: str
    installed_bytes: int


def make_bundle(wished: Wished) -> BundleManifest:
    """Write a bundle and read it back; durable when this returns.

    In `wished.wheels` lie the program's wheel, those of all that it needs, for as many platforms as
    it is for, and one of pip. Raises FieldInvalid for what cannot be right, OSError; nothing is
    left then.
    """
    if any(len(text) > CHANGES_CHARS_MAX for text in wished.changes.values()):
        sentence = f"What has changed is told in more than {CHANGES_CHARS_MAX} characters."
        raise FieldInvalid("changes", sentence)
    found = [_look_into(path) for path in sorted(wished.wheels.glob("*.whl"))]
    pips = [each for each in found if each.wheel.project == INSTALLER_PROJECT]
    wheels = [each for each in found if each.wheel.project != INSTALLER_PROJECT]
    if len(pips) != 1:
        raise FieldInvalid("wheels", f"One wheel of pip belongs there, and {len(pips)} are.")
    manifest = encode(described := _manifest(wished, wheels))
    requirements = _requirements(wheels).encode()
    files = {NAME: _expected(manifest), REQUIREMENTS: _expected(requirements)}
    contents = [
        layout.small(TARGETS + NAME, manifest),
        layout.small(TARGETS + REQUIREMENTS, requirements),
    ]
    for folder, several in ((INSTALLER, pips), (WHEELS, wheels)):
        for each in several:
            name = folder + each.path.name
            files[name] = Expected(each.path.stat().st_size, each.sha256)
            contents.append(layout.of_file(TARGETS + name, each.path))
    release = wished.release or wished.now_ms // 1000
    metadata = sign_release(wished.keys, files, release, wished.days, wished.now_ms)
    signed = [layout.small(name, content) for name, content in metadata.items()]
    try:
        layout.write(wished.out, [*signed, *contents])
    except FileExistsError as error:
        raise FieldInvalid("out", f"{error}; it is not written over.") from error
    except ValueError as error:
        raise FieldInvalid("wheels", f"A name fits into no bundle: {error}.") from error
    root = roots_in(wished.keys)[root_name(1)]
    with verified(wished.out, root, Floor(), wished.now_ms):
        return described


def _look_into(path: Path) -> _Found:
    try:
        wheel = wheel_named(path.name)
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (ValueError, zipfile.BadZipFile) as error:
        raise FieldInvalid("wheels", f"{path.name} is no wheel: {error}.") from error
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    size = sum(
        each.file_size * (COMPILED_PARTS if each.filename.endswith(".py") else 1)
        for each in entries
    )
    return _Found(path, wheel, sha256, size)


def _manifest(wished: Wished, wheels: list[_Found]) -> BundleManifest:
    programs = [each for each in wheels if each.wheel.project == PROGRAM]
    if len(programs) != 1:
        sentence = f"One wheel of {PROGRAM} belongs there, and {len(programs)} are."
        raise FieldInvalid("wheels", sentence)
    (program,) = programs
    schema, min_reader = _schema_of(program.path)
    if wished.upgrades_from:
        try:
            Version(wished.upgrades_from)
        except InvalidVersion as error:
            raise FieldInvalid("upgrades_from", f"{error}.") from error
    platforms = {tag.platform for each in wheels for tag in each.wheel.tags}
    return BundleManifest(
        format=FORMAT,
        product=PROGRAM,
        version=program.wheel.version,
        schema=schema,
        min_reader=min_reader,
        upgrades_from=wished.upgrades_from,
        requires_python=_requires_python(program.path),
        tags=tuple(sorted(platforms - {"any"})) or ("any",),
        api=API,
        made_ms=wished.now_ms,
        made_by=f"tillhal {VERSION}, Python {python_version()}, {platform.machine()}",
        source=program.sha256,
        # Of several wheels of one project, one is installed: the largest, to be on the safe side.
        installed_bytes=sum(
            max(each.installed_bytes for each in several)
            for several in _by_project(wheels).values()
        ),
        changes=dict(wished.changes),
    )


def _requirements(wheels: list[_Found]) -> str:
    lines = ["# Everything that is installed, by the sha256 of its file. Made with the bundle.\n"]
    for project, several in sorted(_by_project(wheels).items()):
        versions = {each.wheel.version for each in several}
        if len(versions) != 1:
            both = " and ".join(sorted(versions))
            raise FieldInvalid("wheels", f"There are {both} of {project}; one is installed.")
        wanted = f"{project}[{EXTRA}]" if project == PROGRAM else project
        hashes = " ".join(f"--hash=sha256:{each.sha256}" for each in several)
        lines.append(f"{wanted}=={versions.pop()} {hashes}\n")
    return "".join(lines)


def _by_project(wheels: list[_Found]) -> dict[str, list[_Found]]:
    found: defaultdict[str, list[_Found]] = defaultdict(list)
    for each in wheels:
        found[each.wheel.project].append(each)
    return found


def _requires_python(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith(".dist-info/METADATA")]
        return str(message_from_bytes(archive.read(name)).get("Requires-Python", ""))


def _schema_of(wheel: Path) -> tuple[int, int]:
    """What the program in a wheel says of the data that it writes, without running it."""
    with zipfile.ZipFile(wheel) as archive:
        try:
            text = archive.read("tillhald/schema.py").decode()
        except KeyError:
            return 1, 1
    said: dict[str, int] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if isinstance(target, ast.Name) and isinstance(node.value.value, int):
                said[target.id] = node.value.value
    if "SCHEMA" not in said:
        raise FieldInvalid("wheels", "The program's tillhald/schema.py says of no SCHEMA.")
    return said["SCHEMA"], said.get("MIN_READER", said["SCHEMA"])


def _expected(content: bytes) -> Expected:
    return Expected(len(content), hashlib.sha256(content).hexdigest())

"""Wheels made of what is installed here, for where there is no network to get them from.

A distribution lists its files (PyPA, "Recording installed projects"); put back into an archive by
the names that they had in their wheel, they are one again. What pip makes at an installation (the
scripts of entry points, compiled modules, who installed it) is left out: pip makes it anew.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
import zipfile
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tillhald.domain.errors import FieldInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_MADE_AT_AN_INSTALLATION = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
_EPOCH = (1980, 1, 1, 0, 0, 0)
PROJECTS_MAX = 500


class Filed(NamedTuple):
    """A file of a wheel: its name there, its content, and whether it can be run."""

    name: str
    content: bytes
    is_executable: bool = False


def needed(project: str, extras: Iterable[str] = ()) -> dict[str, Distribution]:
    """What is installed of all that this project needs here, without itself; by its name.

    Raises FieldInvalid for what is missing.
    """
    found: dict[str, Distribution] = {}
    waiting = [(project, frozenset(extras))]
    seen = set(waiting)
    while waiting and len(found) <= PROJECTS_MAX:
        name, wanted = waiting.pop()
        try:
            here = distribution(name)
        except PackageNotFoundError as error:
            raise FieldInvalid("project", f"{name} is needed, and not installed here.") from error
        found[canonicalize_name(name)] = here
        for text in here.requires or ():
            requirement = Requirement(text)
            if _applies(requirement, wanted):
                asked = (requirement.name, frozenset(requirement.extras))
                if asked not in seen:
                    seen.add(asked)
                    waiting.append(asked)
    del found[canonicalize_name(project)]
    return found


def _applies(requirement: Requirement, extras: frozenset[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": one}) for one in (*extras, ""))


def repack(installed: Distribution, folder: Path) -> Path:
    """Make a wheel of an installed distribution in `folder`; its path.

    Raises FieldInvalid for one that was not installed from a wheel; OSError.
    """
    described = installed.read_text("WHEEL")
    if described is None or '"editable": true' in (installed.read_text("direct_url.json") or ""):
        sentence = f"{installed.metadata['Name']} was not installed from a wheel."
        raise FieldInvalid("project", sentence)
    tags = re.findall(r"^Tag: (\S+)$", described, re.MULTILINE)
    stem = _stem(installed)
    path = folder / f"{stem}-{_compressed(tags)}.whl"
    write_wheel(path, f"{stem}.dist-info", _files(installed))
    return path


def write_wheel(path: Path, dist_info: str, files: Iterable[Filed]) -> None:
    """Write a wheel (PyPA, "Binary distribution format") with the list of its files.

    The same files give the same bytes.
    """
    lines: list[str] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            info = zipfile.ZipInfo(file.name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o100755 if file.is_executable else 0o100644) << 16
            archive.writestr(info, file.content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(file.content).digest())
            sha256 = digest.decode().rstrip("=")
            lines.append(f"{_quoted(file.name)},sha256={sha256},{len(file.content)}\n")
        lines.append(f"{dist_info}/RECORD,,\n")
        info = zipfile.ZipInfo(f"{dist_info}/RECORD", _EPOCH)
        info.external_attr = 0o100644 << 16
        archive.writestr(info, "".join(lines))


def _files(installed: Distribution) -> Iterator[Filed]:
    scripts = {point.name for point in installed.entry_points if point.group.endswith("_scripts")}
    for path in sorted(installed.files or (), key=str):
        inside = PurePosixPath(path)
        is_script = inside.parts[0] == ".." and inside.parent.name == "bin"
        if "__pycache__" in inside.parts or inside.name in _MADE_AT_AN_INSTALLATION:
            continue
        if is_script and inside.name in scripts:
            continue
        name = str(inside)
        if inside.parts[0] == "..":
            # Relative to site-packages: what lies elsewhere belongs to the wheel's data.
            below = os.path.relpath(str(path.locate()), sys.prefix)
            rest = f"scripts/{inside.name}" if is_script else f"data/{below}"
            name = f"{_stem(installed)}.data/{rest}"
        located = str(path.locate())
        with open(located, "rb") as file:  # noqa: PTH123 - importlib's path is none of pathlib's
            content = file.read()
        if is_script:
            # The installation has put its own interpreter there.
            content = re.sub(rb"\A#!.*python.*\n", b"#!python\n", content)
        yield Filed(name, content, is_executable=is_script)


def _stem(installed: Distribution) -> str:
    """PROJECT-VERSION, as its wheel wrote it."""
    folders = [each.parent.name for each in installed.files or () if each.name == "METADATA"]
    return folders[0].removesuffix(".dist-info")


def _compressed(tags: list[str]) -> str:
    """Several tags as one, as in a wheel's name."""
    parts = zip(*(tag.split("-") for tag in tags), strict=True)
    return "-".join(".".join(dict.fromkeys(part)) for part in parts)


def _quoted(name: str) -> str:
    return f'"{name}"' if "," in name else name

"""Bundles for tests: of a small program in no time, and of this very project without a network."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import sysconfig
import tarfile
import time
import zipfile
from importlib.metadata import Distribution, distribution
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tillhald import VERSION
from tillhald.bundle import layout
from tillhald.bundle.making import Wished, make_bundle
from tillhald.bundle.manifest import BundleManifest
from tillhald.bundle.opening import Bundle, open_bundle
from tillhald.bundle.repack import Filed, needed, repack, write_wheel
from tillhald.bundle.signing import ROLES, Share, make_keys
from tillhald.bundle.trust import Floor
from tillhald.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
NOW_MS = 1_790_000_000_000
DAY_MS = 86_400_000
ONE_KEY = dict.fromkeys(ROLES, Share(1, 1))
TWO_OF_THREE = {**ONE_KEY, "root": Share(3, 2), "targets": Share(3, 2)}
PROGRAM = """\
import sys
from tillhald import VERSION
{more}
if "--version" in sys.argv:
    print(VERSION)
"""
BUILD_S_MAX = 60.0
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The same files give the same wheel."""


def wheel(
    folder: Path,
    project: str,
    version: str,
    files: Mapping[str, str],
    *,
    tag: str = "py3-none-any",
    requires: tuple[str, ...] = (),
    requires_python: str = ">=3.11",
) -> Path:
    """A wheel of a few texts."""
    info = f"{project}-{version}.dist-info"
    metadata = [
        "Metadata-Version: 2.1",
        f"Name: {project}",
        f"Version: {version}",
        f"Requires-Python: {requires_python}",
        "Provides-Extra: daemon",
        *(f"Requires-Dist: {each}" for each in requires),
    ]
    described = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"
    filed = [Filed(name, text.encode()) for name, text in files.items()]
    filed.append(Filed(f"{info}/METADATA", ("\n".join(metadata) + "\n").encode()))
    filed.append(Filed(f"{info}/WHEEL", described.encode()))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{project}-{version}-{tag}.whl"
    write_wheel(path, info, filed)
    return path


def small_wheels(
    folder: Path,
    version: str = "9.0.0",
    *,
    schema: int = 1,
    more: str = "",
    tag: str = "py3-none-any",
    requires_python: str = ">=3.11",
    real_pip: bool = False,
    also: Mapping[str, str] | None = None,
) -> Path:
    """The wheels of a program that can only say its version, and of one thing that it needs.

    `more` are lines of its `__main__`, `also` more files of it.
    """
    files = {
        "tillhald/__init__.py": f'VERSION = "{version}"\n',
        "tillhald/__main__.py": PROGRAM.format(more=more),
        "tillhald/schema.py": f"SCHEMA = {schema}\nMIN_READER = 1\n",
        "tillhald/empty.py": "",
        **(also or {}),
    }
    needs = ('beside; extra == "daemon"',)
    wheel(folder, "tillhal", version, files, requires=needs, requires_python=requires_python)
    wheel(folder, "beside", "1.0", {"beside.py": "SAYS = 1\n"}, tag=tag)
    if real_pip:
        add_compiled(repack(distribution("pip"), folder), distribution("pip"))
    else:
        wheel(folder, "pip", "1.0", {"pip/__main__.py": "raise SystemExit(1)\n"})
    return folder


def add_compiled(path: Path, installed: Distribution) -> None:
    """Put into the wheel of `installed` what its modules were compiled to.

    pip runs out of its wheel, where Python finds no cache: of 2.8 s for a small slot 2.1 s were for
    compiling pip, and the tests build twenty.
    """
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for file in installed.files or ():
            cached = Path(cache_from_source(str(file.locate())))
            if file.suffix == ".py" and cached.is_file():
                content = cached.read_bytes()
                # PEP 552: by the hash of a source that nobody compares, instead of by its time.
                compiled = content[:4] + (1).to_bytes(4, "little") + bytes(8) + content[16:]
                info = zipfile.ZipInfo(f"{file}c", EPOCH)
                archive.writestr(info, compiled, compress_type=zipfile.ZIP_DEFLATED)


def keys(folder: Path, shares: Mapping[str, Share] = ONE_KEY, *, now_ms: int = NOW_MS) -> Path:
    """A folder of keys with their first root."""
    make_keys(folder, shares, now_ms)
    return folder


def root_of(folder: Path, number: int = 1) -> bytes:
    """A root in a folder of keys."""
    return (folder / f"{number}.root.json").read_bytes()


def make(wheels: Path, keys_in: Path, out: Path, **wished: object) -> BundleManifest:
    """A bundle of these wheels, with these keys."""
    return make_bundle(Wished(wheels, keys_in, out, **{"now_ms": NOW_MS, **wished}))  # type: ignore[arg-type]


def opened(
    path: Path, trust: bytes, floor: Floor = Floor(), *, now_ms: int = NOW_MS + DAY_MS
) -> Bundle:
    """The bundle as a till opens it, a day after it was made."""
    return open_bundle(path, trust, floor, now_ms)


class Release:
    """Keys and one bundle made with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = keys(folder / "keys", TWO_OF_THREE)
        self.path = folder / "release.tlb"
        self.root = root_of(self.keys)
        small_wheels(folder / "wheels")
        make(folder / "wheels", self.keys, self.path)
        self.content = self.path.read_bytes()

    def with_content(self, content: bytes) -> Path:
        path = self.folder / "other.tlb"
        path.write_bytes(content)
        return path


def members(content: bytes) -> list[tuple[str, bytes]]:
    """What is in a bundle, by another reader than ours; without its first and last member."""
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        found = [(info.name, tar.extractfile(info).read()) for info in tar.getmembers()]
    return found[1:-1]


def resealed(path: Path, contents: list[tuple[str, bytes]]) -> Path:
    """A bundle of these contents whose own checksum is right: what somebody makes who means it."""
    path.unlink(missing_ok=True)
    layout.write(path, [layout.small(name, content) for name, content in contents])
    return path


def refusal(path: Path, trust: bytes, floor: Floor = Floor(), **how: int) -> Refused:
    with pytest.raises(Refused) as caught:
        opened(path, trust, floor, **how)
    return caught.value


# --- this very project


def project_wheels(
    folder: Path, version: str = "", changed: Mapping[str, str] | None = None
) -> Path:
    """The wheels of this project as it lies here, of all that it needs, and of pip; no network.

    `version` is what it calls itself instead; `changed` are files of the program by their path in
    the wheel (`tillhald/…`), with the text that they get instead.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for each in (*needed("tillhal", ("daemon",)).values(), distribution("pip")):
        repack(each, folder)
    project_wheel(folder, version, changed)
    return folder


def project_wheel(
    folder: Path, version: str = "", changed: Mapping[str, str] | None = None
) -> Path:
    """The wheel of this project alone; see `project_wheels`."""
    plain = plain_wheel(folder / "built")
    path = renumbered(plain, folder, version or VERSION, changed or {})
    plain.unlink()
    plain.parent.rmdir()
    return path


def borrowing_wheels(
    folder: Path, plain: Path, version: str, changed: Mapping[str, str] | None = None
) -> Path:
    """As `project_wheels`, of the wheel in `plain`; what it needs it finds where these tests find
    it. So it is built into a slot in no time, and runs as this program does."""
    wheel(folder, "borrowed", "1.0", {"borrowed.pth": sysconfig.get_path("purelib") + "\n"})
    repack(distribution("pip"), folder)
    renumbered(plain, folder, version, changed or {}, needs_nothing=True)
    return folder


def plain_wheel(built: Path) -> Path:
    """The wheel of this project in a folder of its own, as it lies here."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=BUILD_S_MAX,
    )
    (plain,) = built.glob("*.whl")
    return plain


def renumbered(
    plain: Path,
    folder: Path,
    version: str,
    changed: Mapping[str, str],
    *,
    needs_nothing: bool = False,
) -> Path:
    """The same wheel under another version, and with other texts in it; `needs_nothing`: it says
    of no other project that it needs it."""
    old, new = (f"tillhal-{number}." for number in (VERSION, version))
    files: list[Filed] = []
    with zipfile.ZipFile(plain) as archive:
        for info in archive.infolist():
            content = archive.read(info)
            if info.filename in changed:
                content = changed[info.filename].encode()
            elif info.filename == "tillhald/__init__.py":
                said = re.sub(rb'VERSION = ".*"', f'VERSION = "{version}"'.encode(), content)
                assert said != content or version == VERSION, "the version stands elsewhere"
                content = said
            elif info.filename.endswith(".dist-info/METADATA"):
                content = content.replace(
                    f"\nVersion: {VERSION}\n".encode(), f"\nVersion: {version}\n".encode()
                )
                if needs_nothing:
                    content = re.sub(rb"\nRequires-Dist: .*", b"", content)
            if not info.filename.endswith(".dist-info/RECORD"):
                is_executable = bool(info.external_attr >> 16 & 0o100)
                files.append(Filed(info.filename.replace(old, new, 1), content, is_executable))
    left = set(changed) - {file.name for file in files}
    files += [Filed(name, changed[name].encode()) for name in sorted(left)]
    path = folder / plain.name.replace(old.removesuffix("."), new.removesuffix("."), 1)
    write_wheel(path, f"{new}dist-info", files)
    return path


def now_ms() -> int:
    """The time."""
    return time.time_ns() // 1_000_000

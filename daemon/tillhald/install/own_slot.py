"""A slot made of the program that runs: its distributions, copied into an environment of their own.

Works without any network, and without a tool that installs: what is copied is what is listed as
installed. Of this project itself what is imported is copied, so that a checkout does, too.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import tillhal
import tillhald
from tillhald.boot import slot
from tillhald.boot.files import partial_folder, sync

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = "tillhal"
EXTRA = "daemon"
PROGRAM_S_MAX = 180.0
COMPILE_S_MAX = 600.0
"""Six seconds here."""
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_SCRIPT = """#!/bin/sh
# Of the slot that this file is in, wherever that is.
exec "$(dirname "$(readlink -f "$0")")/python" -I -m {module} "$@"
"""
_PROGRAMS = {"tillhald": "tillhald", "tillctl": "tillhald.ctl"}


class NotInstallable(Exception):
    """The program that runs cannot be made a slot of. Its text says why."""


def build(home: Path, schema: int) -> str:
    """Copy the running program into `home`; the slot's name. It is durable when this returns.

    One of the same content that is there already stays. Raises NotInstallable and OSError.
    """
    slots = slot.slots_folder(home)
    building = partial_folder(slots / "first")
    venv.EnvBuilder(symlinks=True, with_pip=False).create(building)
    for script in (building / "bin").glob("[Aa]ctivate*"):
        script.unlink()  # they hold the path of now
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(building)}))
    for distribution in _needed():
        _copy(distribution, packages)
    _copy_own(building, packages)
    for name, module in _PROGRAMS.items():
        path = building / "bin" / name
        path.write_text(_SCRIPT.format(module=module))
        path.chmod(0o755)
    _try(building)
    manifest = slot.describe(building, version=tillhald.VERSION, schema=schema)
    listed = "".join(f"{name}\0{said}\n" for name, said in manifest.files.items())
    name = f"{manifest.version}-{hashlib.sha256(listed.encode()).hexdigest()[:8]}"
    if (slots / name).exists():
        shutil.rmtree(building)
        return name
    _compile(packages, building, slots / name)
    slot.seal(building, manifest)
    building.rename(slots / name)
    sync(slots)
    return name


def _compile(packages: Path, building: Path, named: Path) -> None:
    """So that no start, and no trial with its few minutes, has to: a till may not write there."""
    command = [str(slot.interpreter_of(building)), "-I", "-m", "compileall", "-q"]
    command += ["-s", str(building), "-p", str(named), str(packages)]
    # What does not compile says so where it is imported; some packages carry such files.
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, timeout=COMPILE_S_MAX)


def _needed() -> list[importlib.metadata.Distribution]:
    """The distributions that this program needs, as far as they are installed, and theirs."""
    found: dict[str, importlib.metadata.Distribution] = {}
    wanted = [*_names_of(importlib.metadata.distribution(OWN), EXTRA)]
    while wanted:
        name = wanted.pop()
        if name in found or name == OWN:
            continue
        try:
            found[name] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another platform or Python; what is truly missing, `_try` finds
        wanted += _names_of(found[name])
    return list(found.values())


def _names_of(distribution: importlib.metadata.Distribution, extra: str = "") -> Iterator[str]:
    for requirement in distribution.requires or ():
        is_extra = "extra ==" in requirement
        if is_extra and (not extra or not re.search(f"extra == ['\"]{extra}['\"]", requirement)):
            continue
        if name := _REQUIREMENT.match(requirement):
            yield re.sub(r"[-_.]+", "-", name[1]).lower()


def _copy(distribution: importlib.metadata.Distribution, packages: Path) -> None:
    """Its packages; its scripts have the path of now in them, and nobody here calls them."""
    if distribution.files is None:
        message = f"{distribution.name} does not say which files it has"
        raise NotInstallable(message)
    for file in distribution.files:
        if file.parts[0] == ".." or "__pycache__" in file.parts:
            continue
        source, target = Path(str(distribution.locate_file(file))), packages / file
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _copy_own(building: Path, packages: Path) -> None:
    without = shutil.ignore_patterns("__pycache__")
    for package in (tillhal, tillhald):
        folder = Path(package.__path__[0])
        shutil.copytree(folder, packages / folder.name, ignore=without)
    described = importlib.metadata.distribution(OWN)
    info = packages / f"{OWN}-{described.version}.dist-info"
    info.mkdir(exist_ok=True)
    for name in ("METADATA", "entry_points.txt"):
        (info / name).write_text(described.read_text(name) or "", encoding="utf-8")
    shutil.copytree(shipped(), building / "share" / "tillhal", ignore=without)


def shipped() -> Path:
    """The files for a till's host. Raises NotInstallable."""
    installed = Path(sys.prefix) / "share" / "tillhal"
    checkout = Path(tillhald.__file__).parents[2] / "packaging"
    for folder in (installed, checkout):
        if (folder / "systemd").is_dir():
            return folder
    message = f"the files for the host are not in {installed}"
    raise NotInstallable(message)


def _try(building: Path) -> None:
    """Whether it starts, drivers and all, from where it is now."""
    python = str(slot.interpreter_of(building))
    program = [python, "-I", "-B", "-m", "tillhald", "--print-default"]
    try:
        tried = subprocess.run(
            program, capture_output=True, text=True, timeout=PROGRAM_S_MAX, check=False
        )
    except subprocess.TimeoutExpired as error:
        message = f"what was copied does not start within {PROGRAM_S_MAX:.0f} s"
        raise NotInstallable(message) from error
    if tried.returncode:
        message = f"what was copied does not start: {tried.stderr.strip().rpartition(chr(10))[2]}"
        raise NotInstallable(message)

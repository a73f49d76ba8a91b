"""Building a slot from a bundle, beside the ones that are there, without a network.

pip does it, the very one that the bundle brings, in a new virtual environment of this Python; it is
told the hash of every file, and that there is no index. Then the new program is asked who it is,
every file is listed with its content, and all of it is durable before the slot gets its name.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from typing import TYPE_CHECKING

from tillhald.boot import slot
from tillhald.boot.files import partial_folder, sync
from tillhald.bundle.manifest import INSTALLER, REQUIREMENTS, WHEELS
from tillhald.domain.errors import BundleNoRoom, SlotFailed
from tillhald.failpoints import reach

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tillhald.bundle.opening import Bundle

PIP_S_MAX = 900.0
PROGRAM_S_MAX = 180.0
LOOK_S = 0.2
SLOTS_OF_ONE_NAME_MAX = 9
SPARE_BYTES = 64 << 20
"""What has to be free beside all that is written: the journal goes on meanwhile."""
DIGEST_CHARS = 8


def build_slot(
    home: Path, bundle: Bundle, on_progress: Callable[[str, int, int], None] = lambda *_: None
) -> str:
    """Install what is in the bundle into `slots/` and return the slot's name; durable then.

    A whole slot of the same content is taken as it is. `on_progress` hears a phase, how much of it
    is done, and of how much. Raises BundleNoRoom, SlotFailed, BundleCorrupt if the file has changed
    by now, OSError; then nothing of it is left.
    """
    name, is_there = _name_for(home, bundle)
    if is_there:
        return name
    folder = slot.slots_folder(home)
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    _must_have_room(folder, bundle)
    building = partial_folder(folder / name)
    wheels = partial_folder(folder / f"{name}.wheels")
    try:
        # As whoever runs the till may be another user than root, who installs.
        building.chmod(0o755)
        _copy(bundle, wheels, on_progress)
        reach("slot.copied")
        venv.EnvBuilder(symlinks=True, with_pip=False).create(building)
        _install(building, wheels, len(bundle.wheels), on_progress)
        reach("slot.installed")
        shutil.rmtree(wheels)
        _settle(building, folder / name)
        _ask_who_it_is(building, bundle.manifest.version)
        on_progress("sealing", 0, 1)
        described = slot.describe(
            building, version=bundle.manifest.version, schema=bundle.manifest.schema
        )
        slot.seal(building, described)
        reach("slot.sealed")
        building.rename(folder / name)
        reach("slot.renamed")
        sync(folder)
    finally:
        shutil.rmtree(wheels, ignore_errors=True)
        shutil.rmtree(building, ignore_errors=True)
    on_progress("sealing", 1, 1)
    return name


def slot_name(bundle: Bundle) -> str:
    """VERSION-DIGEST: the same for the same wheels under the same Python."""
    python = os.path.realpath(sys.executable)
    digest = hashlib.sha256()
    for part in (bundle.content(REQUIREMENTS), python.encode(), slot.python_version().encode()):
        digest.update(hashlib.sha256(part).digest())
    return f"{bundle.manifest.version}-{digest.hexdigest()[:DIGEST_CHARS]}"


def _name_for(home: Path, bundle: Bundle) -> tuple[str, bool]:
    """A name, and whether a whole slot has it already.

    A damaged slot is not touched: a program may be running from it.
    """
    plain = slot_name(bundle)
    for number in range(1, SLOTS_OF_ONE_NAME_MAX + 1):
        name = plain if number == 1 else f"{plain}-{number}"
        folder = slot.slots_folder(home) / name
        if not folder.exists():
            return name, False
        with contextlib.suppress(slot.SlotDamaged):
            slot.check(folder, whole=True)
            return name, True
    raise SlotFailed(f"There are {SLOTS_OF_ONE_NAME_MAX} damaged slots of the name {plain}.")


def _must_have_room(folder: Path, bundle: Bundle) -> None:
    need, free = bundle.need_bytes + SPARE_BYTES, shutil.disk_usage(folder).free
    if free < need:
        sentence = f"{need >> 20} MiB have to be free for it, and {free >> 20} MiB are."
        raise BundleNoRoom(sentence, found=free, expected=need)


def _copy(bundle: Bundle, wheels: Path, on_progress: Callable[[str, int, int], None]) -> None:
    names = [name for name in bundle.said.files if name.startswith((WHEELS, INSTALLER))]
    total = sum(bundle.said.files[name].size for name in names)
    done = 0
    for name in names:
        on_progress("copying", done, total)
        bundle.copy(name, wheels / name.rpartition("/")[2])
        done += bundle.said.files[name].size
    (wheels / REQUIREMENTS).write_bytes(bundle.content(REQUIREMENTS))
    on_progress("copying", total, total)


def _install(
    building: Path, wheels: Path, count: int, on_progress: Callable[[str, int, int], None]
) -> None:
    (pip,) = wheels.glob("pip-*.whl")
    command = [str(slot.interpreter_of(building)), "-I", f"{pip}/pip", "install"]
    command += ["--isolated", "--no-index", "--require-hashes", "--only-binary", ":all:"]
    command += ["--no-cache-dir", "--no-input", "--disable-pip-version-check", "--quiet"]
    command += ["--no-warn-script-location", "--find-links", str(wheels)]
    command += ["--requirement", str(wheels / REQUIREMENTS)]
    # Nothing that is set for a person on this machine counts, and what it unpacks stays here.
    environment = {"PATH": os.defpath, "PIP_CONFIG_FILE": os.devnull, "TMPDIR": str(wheels)}
    end_s = time.monotonic() + PIP_S_MAX
    output = wheels / "output"
    with (
        output.open("wb") as said,
        subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        ) as child,
    ):
        try:
            while time.monotonic() < end_s:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(LOOK_S)
                    break
                on_progress("installing", min(_installed(building), count), count)
        finally:
            child.kill()  # nothing to do for one that has ended
    if child.returncode:
        lines = output.read_text(errors="replace").strip().splitlines()
        raise SlotFailed(f"pip ended with {child.returncode}: {lines[-1] if lines else 'no word'}")
    on_progress("installing", count, count)


def _installed(building: Path) -> int:
    return sum(1 for _ in building.glob("lib/python*/site-packages/*.dist-info"))


def _settle(building: Path, folder: Path) -> None:
    """Make the environment belong where it will lie."""
    for script in (building / "bin").iterdir():
        if script.name.lower().startswith("activate"):
            script.unlink()
        elif not script.is_symlink() and script.read_bytes().startswith(b"#!"):
            _lead_elsewhere(script, str(building), str(folder))
    _lead_elsewhere(building / "pyvenv.cfg", str(building), str(folder))


def _lead_elsewhere(path: Path, old: str, new: str) -> None:
    content = path.read_bytes()
    path.write_bytes(content.replace(old.encode(), new.encode()))


def _ask_who_it_is(building: Path, version: str) -> None:
    command = [str(slot.interpreter_of(building)), "-I", "-m", "tillhald", "--version"]
    try:
        answer = subprocess.run(
            command, capture_output=True, timeout=PROGRAM_S_MAX, check=False, text=True
        )
    except subprocess.TimeoutExpired as error:
        raise SlotFailed(f"The new program does not answer in {PROGRAM_S_MAX:.0f} s.") from error
    found = answer.stdout.strip()
    if answer.returncode or found != version:
        said = found or answer.stderr.strip().rpartition("\n")[2]
        sentence = f"The new program was asked for its version, {version}, and said: {said}"
        raise SlotFailed(sentence, found=said[:200], expected=version)

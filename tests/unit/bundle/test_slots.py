"""A slot is built beside the ones that are there, offline, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import bundles
from tests.support.bundles import NOW_MS, make, opened, root_of, small_wheels
from tillhald.boot import slot
from tillhald.boot.files import remove_partial
from tillhald.bundle import slots
from tillhald.bundle.slots import build_slot
from tillhald.bundle.trust import TrustFolder
from tillhald.domain.errors import BundleNoRoom, Refused, SlotFailed

PROGRAM_S_MAX = 300.0
FAILPOINTS = ("slot.copied", "slot.installed", "slot.sealed", "slot.renamed")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundles.keys(tmp_path_factory.mktemp("release") / "keys")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Path:
    """A bundle of a small program that installs with the pip of this environment."""
    folder = tmp_path_factory.mktemp("bundle")
    make(small_wheels(folder / "wheels", real_pip=True), keys, folder / "small.tlb")
    return folder / "small.tlb"


def staged(home: Path, path: Path, keys: Path) -> str:
    with opened(path, root_of(keys)) as bundle:
        return build_slot(home, bundle)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, release: Path, keys: Path) -> Path:
    """A home in which the slot is built."""
    home = tmp_path_factory.mktemp("built")
    staged(home, release, keys)
    return home


def copy_of(home: Path, to: Path) -> str:
    """The slots of a home in another one, which the test may spoil; the slot's name."""
    shutil.copytree(slot.slots_folder(home), slot.slots_folder(to), symlinks=True)
    (name,) = left(to)
    return name


def left(home: Path) -> list[str]:
    return sorted(os.listdir(slot.slots_folder(home)))


def program(name: str, order: dict[str, object], **environment: str) -> tuple[int, dict]:
    """Run one of the package's programs; its exit status and its last line."""
    ended = subprocess.run(
        [sys.executable, "-P", "-m", f"tillhald.bundle.{name}"],
        input=json.dumps(order).encode(),
        stdout=subprocess.PIPE,
        env={**os.environ, **environment},
        timeout=PROGRAM_S_MAX,
        check=False,
    )
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    return ended.returncode, lines[-1] if lines else {}


def order(home: Path, path: Path, keys: Path) -> dict[str, object]:
    trust = home / "identity" / "trust"
    if not trust.exists():
        TrustFolder(trust).install(root_of(keys))
    return {"file": str(path), "home": str(home), "trust": str(trust), "now_ms": NOW_MS}


# --- what is built


def test_a_slot_is_whole_and_runs_where_it_lies(tmp_path: Path, release: Path, keys: Path) -> None:
    said: list[tuple[str, int, int]] = []
    with opened(release, root_of(keys)) as bundle:
        name = build_slot(tmp_path, bundle, lambda *each: said.append(each))
    folder = slot.slots_folder(tmp_path) / name
    manifest = slot.check(folder, whole=True)
    assert (manifest.version, manifest.schema) == ("9.0.0", 1)
    assert name.startswith("9.0.0-")
    assert left(tmp_path) == [name]
    ran = subprocess.run(
        [slot.interpreter_of(folder), "-I", "-m", "tillhald", "--version"],
        capture_output=True,
        timeout=PROGRAM_S_MAX,
        check=True,
    )
    assert ran.stdout == b"9.0.0\n"
    assert list(dict.fromkeys(phase for phase, _, _ in said)) == [
        "copying",
        "installing",
        "sealing",
    ]
    assert all(0 <= done <= total for _, done, total in said)
    # Nothing in it leads to where it was built, but for what Python itself corrects when it loads.
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.suffix != ".pyc":
            assert b".partial" not in path.read_bytes(), path


def test_the_same_bundle_again_takes_the_slot_that_is_there(
    tmp_path: Path, built: Path, release: Path, keys: Path
) -> None:
    name = copy_of(built, tmp_path)
    before = (slot.slots_folder(tmp_path) / name / slot.MANIFEST).stat().st_mtime_ns
    assert staged(tmp_path, release, keys) == name
    assert (slot.slots_folder(tmp_path) / name / slot.MANIFEST).stat().st_mtime_ns == before


def test_a_damaged_slot_is_left_alone_and_another_one_built_beside_it(
    tmp_path: Path, built: Path, release: Path, keys: Path
) -> None:
    name = copy_of(built, tmp_path)
    # What a loss of power leaves where nothing was synced: the file is there, and empty.
    victim = next((slot.slots_folder(tmp_path) / name).glob("lib/python*/site-packages/beside.py"))
    victim.write_bytes(b"")
    with pytest.raises(slot.SlotDamaged, match=r"beside\.py"):
        slot.check(slot.slots_folder(tmp_path) / name, whole=False)
    another = staged(tmp_path, release, keys)
    assert another == f"{name}-2"
    slot.check(slot.slots_folder(tmp_path) / another, whole=True)
    assert victim.read_bytes() == b""


def test_a_file_that_changed_and_kept_its_size_is_found_by_its_content(
    tmp_path: Path, built: Path
) -> None:
    folder = slot.slots_folder(tmp_path) / copy_of(built, tmp_path)
    victim = next(folder.glob("lib/python*/site-packages/beside.py"))
    victim.write_bytes(bytes(victim.stat().st_size))
    slot.check(folder, whole=False)
    with pytest.raises(slot.SlotDamaged, match=r"beside\.py"):
        slot.check(folder, whole=True)


# --- what is refused leaves nothing


def spoilt(tmp_path: Path, keys: Path, **how: str) -> Path:
    make(small_wheels(tmp_path / "wheels", real_pip=True, **how), keys, tmp_path / "x.tlb")
    return tmp_path / "x.tlb"


def refusal(home: Path, path: Path, keys: Path) -> Refused:
    with pytest.raises(Refused) as caught:
        staged(home, path, keys)
    return caught.value


def test_a_program_that_does_not_start_is_no_slot(tmp_path: Path, keys: Path) -> None:
    path = spoilt(tmp_path, keys, more="import not_there")
    found = refusal(tmp_path / "home", path, keys)
    assert isinstance(found, SlotFailed)
    assert "not_there" in found.sentence
    assert left(tmp_path / "home") == []


def test_a_program_that_says_another_version_is_no_slot(tmp_path: Path, keys: Path) -> None:
    path = spoilt(tmp_path, keys, more="VERSION = '1.2.3'")
    found = refusal(tmp_path / "home", path, keys)
    assert found.facts == {"found": "1.2.3", "expected": "9.0.0"}
    assert left(tmp_path / "home") == []


def test_what_needs_something_that_is_not_in_the_bundle_is_no_slot(
    tmp_path: Path, keys: Path
) -> None:
    wheels = small_wheels(tmp_path / "wheels", real_pip=True)
    bundles.wheel(wheels, "beside", "1.0", {}, requires=("colourful-nothing>=1",))
    make(wheels, keys, tmp_path / "x.tlb")
    found = refusal(tmp_path / "home", tmp_path / "x.tlb", keys)
    assert isinstance(found, SlotFailed)
    assert "colourful-nothing" in found.sentence
    assert left(tmp_path / "home") == []


def test_no_room_is_said_before_anything_is_written(tmp_path: Path, keys: Path) -> None:
    wheels = small_wheels(tmp_path / "wheels")
    make(wheels, keys, tmp_path / "x.tlb")
    with opened(tmp_path / "x.tlb", root_of(keys)) as bundle:
        bundle.manifest.installed_bytes = shutil.disk_usage(tmp_path).total
        with pytest.raises(BundleNoRoom) as caught:
            build_slot(tmp_path / "home", bundle)
    assert set(caught.value.facts) == {"found", "expected"}
    assert left(tmp_path / "home") == []


def test_the_room_that_is_said_to_be_needed_is_enough_and_not_far_too_much(
    built: Path, release: Path, keys: Path
) -> None:
    with opened(release, root_of(keys)) as bundle:
        folder = slot.slots_folder(built) / left(built)[0]
        used = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
        assert used < bundle.need_bytes + slots.SPARE_BYTES
        assert bundle.need_bytes < used + (16 << 20)


@pytest.mark.parametrize("reason", ["BUNDLE_CORRUPT", "BUNDLE_UNTRUSTED", "BUNDLE_EXPIRED"])
def test_the_program_refuses_with_the_reason_and_touches_no_slot(
    tmp_path: Path, release: Path, keys: Path, reason: str
) -> None:
    path, wanted = release, order(tmp_path, release, keys)
    if reason == "BUNDLE_CORRUPT":
        path = tmp_path / "x.tlb"
        path.write_bytes(release.read_bytes()[:-600])
    elif reason == "BUNDLE_UNTRUSTED":
        others = bundles.keys(tmp_path / "others")
        path = tmp_path / "x.tlb"
        make(small_wheels(tmp_path / "wheels"), others, path)
    else:
        wanted["now_ms"] = NOW_MS + 400 * bundles.DAY_MS
    status, last = program("build", {**wanted, "file": str(path)})
    assert (status, last["refused"]) == (0, reason)
    assert not slot.slots_folder(tmp_path).exists()


def test_a_till_without_a_trusted_root_builds_nothing(
    tmp_path: Path, release: Path, keys: Path
) -> None:
    wanted = order(tmp_path, release, keys)
    (tmp_path / "identity" / "trust" / "root.json").unlink()
    _, last = program("build", wanted)
    assert last["refused"] == "BUNDLE_UNTRUSTED"


# --- cut off


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_a_build_that_was_killed_leaves_what_the_next_one_gets_over(
    tmp_path: Path, release: Path, keys: Path, failpoint: str
) -> None:
    wanted = order(tmp_path, release, keys)
    status, _ = program("build", wanted, TILLHALD_FAILPOINT=failpoint)
    assert status == -signal.SIGKILL
    if failpoint == "slot.installed":
        assert len(left(tmp_path)) == 2
        assert len(remove_partial(slot.slots_folder(tmp_path))) == 2, "as the launcher does"
    whole = [name for name in left(tmp_path) if not name.endswith(".partial")]
    assert len(whole) == (failpoint == "slot.renamed")
    for name in whole:
        slot.check(slot.slots_folder(tmp_path) / name, whole=True)
    status, last = program("build", wanted)
    assert status == 0
    assert left(tmp_path) == [last["slot"]]
    assert last["bundle"]["is_trusted"]
    slot.check(slot.slots_folder(tmp_path) / last["slot"], whole=True)

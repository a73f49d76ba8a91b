"""`tillctl install` lays out a till that its own launcher starts, and touches nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.homes import look_into
from tests.support.nursery import run_tillctl
from tests.support.sales import cash_sale
from tests.support.till import Till, till_toml
from tillhald.boot import slot
from tillhald.boot.record import Pair, read
from tillhald.install import host
from tillhald.install.own_slot import NotInstallable

if TYPE_CHECKING:
    from collections.abc import Iterator

RUN_S_MAX = 180.0
HOME = "var/lib/tillhal"


def install(root: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return run_tillctl("install", "--root", root, *more, within_s=RUN_S_MAX)


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a till that was laid out once."""
    root = tmp_path_factory.mktemp("root")
    said = install(root)
    assert said.returncode == 0, said.stderr
    assert "left to do: write" in said.stdout
    return root


def test_what_is_laid_out_is_whole_and_of_the_modes_that_keep_others_out(laid_out: Path) -> None:
    home = laid_out / HOME
    committed = read(home).committed
    assert committed.generation == "gen-0001"
    manifest = slot.check(slot.slots_folder(home) / committed.slot, whole=True)
    left_out = [
        name for name in manifest.files if name.endswith("direct_url.json") or "__pycache__" in name
    ]
    assert left_out == []
    compiled = (slot.slots_folder(home) / committed.slot).rglob("tillhald/__pycache__/app.*.pyc")
    assert list(compiled), "a till that may not write there starts as quickly"
    assert (home.stat().st_mode & 0o777, (home / "data").stat().st_mode & 0o777) == (0o750, 0o700)
    unit = (laid_out / host.UNIT).read_text()
    assert "-I /usr/lib/tillhal/launcher --home /var/lib/tillhal -- --config" in unit
    assert "NotifyAccess=all\n" in unit
    tillctl = laid_out / host.TILLCTL
    assert tillctl.stat().st_mode & 0o777 == 0o755
    assert 'run(Path("/var/lib/tillhal"), "tillctl"' in tillctl.read_text()


def test_tillctl_is_that_of_the_program_that_the_boot_record_names(laid_out: Path) -> None:
    # The root is no real one here, so the paths of the command are moved below it.
    command = (laid_out / host.TILLCTL).read_text()
    for path in (f"/{host.LAUNCHER}", f"/{HOME}"):
        command = command.replace(f'"{path}"', f'"{laid_out}{path}"')
    ran = subprocess.run(
        [str(host.interpreter()), "-I", "-c", command, "upgrade", "--help"],
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "roll-back" in ran.stdout


def test_said_again_it_changes_nothing(laid_out: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (laid_out / HOME / "boot").iterdir()}
    said = install(laid_out)
    assert said.returncode == 0, said.stderr
    assert "a till is here already" in said.stdout
    assert "wrote" not in said.stdout
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_the_launcher_that_was_put_there_starts_the_program_that_was_copied(
    laid_out: Path, tmp_path: Path
) -> None:
    home = laid_out / HOME
    config = tmp_path / "till.toml"
    config.write_text(till_toml(tmp_path))
    python = host.interpreter()
    command = [str(python), "-I", str(laid_out / host.LAUNCHER), "--home", str(home)]
    with subprocess.Popen(
        [*command, "--", "--config", str(config)],
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    ) as till:
        try:
            events = list(until_ready(till))
        finally:
            till.send_signal(signal.SIGTERM)
        assert till.wait(RUN_S_MAX) == 0
    assert events[-1] == "till_ready"
    assert (home / "data" / "gen-0001" / "journal" / "data.mdb").exists()
    committed = read(home).committed
    slot.check(slot.slots_folder(home) / committed.slot, whole=True)


def until_ready(till: subprocess.Popen[bytes]) -> Iterator[str]:
    """The log's events, up to the one that says that calls are answered."""
    assert till.stdout is not None
    end_s = time.monotonic() + RUN_S_MAX
    for line in till.stdout:
        event = json.loads(line)["event"]
        yield event
        if event == "till_ready":
            return
        assert time.monotonic() < end_s


def test_a_slot_can_be_moved_and_its_programs_still_start(laid_out: Path, tmp_path: Path) -> None:
    home = laid_out / HOME
    moved = tmp_path / "elsewhere"
    (slot.slots_folder(home) / read(home).committed.slot).rename(moved)
    try:
        for name in ("tillhald", "tillctl"):
            said = subprocess.run(
                [moved / "bin" / name, "--help"], capture_output=True, timeout=RUN_S_MAX, check=True
            )
            assert b"sage:" in said.stdout
    finally:
        moved.rename(slot.slots_folder(home) / read(home).committed.slot)


def test_a_till_that_is_there_is_not_passed_over_but_copied_when_asked(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    till = Till(old, None, till_toml(old))
    root = tmp_path / "root"
    try:
        till.start()
        till.calls.checkout.Checkout(cash_sale())
        refused = install(root, "--config", str(till.config))
        assert (refused.returncode, root.exists()) == (1, False)
        assert "--take-over" in refused.stderr
        running = install(root, "--config", str(till.config), "--take-over")
        assert (running.returncode, root.exists()) == (1, False)
        assert "Stop the daemon first" in running.stderr
        assert not (root / HOME / "boot" / "boot.json").exists()
        till.stop()
        (old / "journal.signing-key").write_bytes(bytes(32))
        before = look_into(old / "journal")
        taken = install(root, "--config", str(till.config), "--take-over")
        assert taken.returncode == 0, taken.stderr
        assert "which is as it was" in taken.stdout
        home = root / HOME
        assert look_into(home / "data" / "gen-0001" / "journal") == before
        assert look_into(old / "journal") == before
        assert (home / "identity" / "signing-key").read_bytes() == bytes(32)
        assert isinstance(read(home).committed, Pair)
        assert (root / host.CONFIG).read_text() == till.config.read_text()
    finally:
        till.end()


def test_a_boot_record_that_is_damaged_is_never_written_over(tmp_path: Path) -> None:
    boot = tmp_path / HOME / "boot"
    boot.mkdir(parents=True)
    (boot / "boot.json").write_text("{}")
    refused = install(tmp_path)
    assert refused.returncode == 1
    assert "there is a till in" in refused.stderr
    assert (boot / "boot.json").read_text() == "{}"


def test_a_unit_that_is_not_the_one_we_know_is_refused(tmp_path: Path) -> None:
    unit = tmp_path / "tillhald.service"
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    with pytest.raises(NotInstallable, match="has no line ExecStart="):
        host.service(unit, host.USUAL_HOME)

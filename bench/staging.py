"""`python -m bench staging`: what sellers notice while the till builds another version.

Eight callers sell, round by round without anything beside and while a bundle of this very program
is staged through the RPC. What was built is removed after each round, so that it is built anew.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import psutil

from bench.beside import CALLERS, Beside, beside, render_pairs
from bench.comparison import run_folder
from bench.peers.tillhal import write_config
from bench.servers import free_port
from bench.upgrade import OLD, add_slot, launched
from tillhal import Till
from tillhald.boot import generation, slot
from tillhald.boot.files import partial_folder
from tillhald.boot.record import BootRecord, Pair, write
from tillhald.bundle.trust import TrustFolder
from tillhald.schema import MIN_READER, SCHEMA

ROUNDS = 3
DOING = "staging"
READY_S = 30.0
TOOL = Path(__file__).parents[1] / "tools" / "bundle.py"


def staging(parent: Path, rounds: int) -> list[Beside]:
    """Measure in a folder below `parent`."""
    with run_folder(parent) as folder:
        bundle, root = _bundle(folder)
        home = folder / "home"
        for name in ("boot", "slots", "data", "work", "identity"):
            (home / name).mkdir(parents=True)
        add_slot(home, OLD, SCHEMA)
        building = partial_folder(generation.data_folder(home) / generation.FIRST)
        generation.finish(building, generation.Meta(schema=SCHEMA, min_reader=MIN_READER))
        write(home, BootRecord(seq=1, committed=Pair(slot=OLD, generation=generation.FIRST)))
        TrustFolder(home / "identity" / "trust").install(root)
        config = write_config(folder, free_port())
        target = f"unix:{folder / 'api.sock'}"
        with launched(home, config) as launcher, Till.connect(target) as till:
            till.status(timeout_s=READY_S)
            (daemon,) = psutil.Process(launcher).children()
            return [_pair(till, target, daemon.pid, bundle, home) for _ in range(rounds)]


def _bundle(folder: Path) -> tuple[Path, bytes]:
    """A bundle of this program, and the root of those who signed it."""
    out = folder / "stick"
    subprocess.run([sys.executable, TOOL, "--out", out], check=True, stdout=sys.stderr)
    (bundle,) = out.glob("*.tlb")
    (root,) = out.rglob("1.root.json")
    return bundle, root.read_bytes()


def _pair(till: Till, target: str, pid: int, bundle: Path, home: Path) -> Beside:
    pair = beside(target, pid, DOING, lambda: _stage(till, bundle))
    for path in slot.slots_folder(home).iterdir():
        if path.name != OLD:
            shutil.rmtree(path)
    return pair


def _stage(till: Till, bundle: Path) -> float:
    (took_ms,) = [
        step.result.took_ms for step in till.upgrades.stage(str(bundle)) if step.HasField("result")
    ]
    return took_ms / 1000


def render(pairs: list[Beside]) -> str:
    """The report as Markdown."""
    title = f"# {CALLERS} callers that sell, without and while a version is staged"
    return "\n".join([title, "", *render_pairs(pairs, DOING)])

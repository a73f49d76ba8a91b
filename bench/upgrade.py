"""`python -m bench upgrade`: for how long a till does not sell when its version changes.

A home is laid out over a journal with many sales. The next version is this very program in another
slot, and the data says of itself that it has an older form: so all of it is copied, checked and
compared. Times are those of the steps that the till itself writes down.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.comparison import run_folder, say
from bench.inprocess import fill
from bench.peers.tillhal import write_config
from bench.report import table
from bench.servers import free_port
from tillhal import Till, TillError
from tillhal.v1 import upgrade_pb2 as pb
from tillhald.boot import generation, slot
from tillhald.boot.files import partial_folder, sync
from tillhald.boot.record import BootRecord, Pair, write
from tillhald.schema import SCHEMA, SCHEMA_FIRST

if TYPE_CHECKING:
    from collections.abc import Iterator

SALES = 100_000
STOPPED_S_MAX = 10.0
MIGRATE_S_MAX = 20.0
UPGRADE_S_MAX = 900.0
END_S_MAX = 30.0
OLD, NEW = "1.0.0-aaaaaaaa", "9.0.0-bbbbbbbb"
_OVER = (pb.UPGRADE_STAGE_COMMITTED, pb.UPGRADE_STAGE_ABORTED, pb.UPGRADE_STAGE_ROLLED_BACK)


class Report(NamedTuple):
    """In seconds; `migrate_s` is a part of `stopped_s`."""

    sales: int
    stage: str
    stopped_s: float
    migrate_s: float
    steps: dict[str, float]


def upgrade(parent: Path, sales: int) -> Report:
    """Measure in a folder below `parent`."""
    with run_folder(parent) as folder:
        say(f"selling {sales} sales")
        asyncio.run(fill(folder, sales))
        config = write_config(folder, free_port())
        home = _lay_out(folder)
        with launched(home, config), Till.connect(f"unix:{folder / 'api.sock'}") as till:
            say("upgrading")
            steps = _upgraded(till)
    at = {step.stage: step.time.ToMilliseconds() / 1000 for step in reversed(steps)}
    last = steps[-1]
    ended_s = last.time.ToMilliseconds() / 1000
    names = {pb.UpgradeStage.Name(stage): at_s - min(at.values()) for stage, at_s in at.items()}
    begun_s = at[pb.UPGRADE_STAGE_QUIESCED]
    copied_s = at.get(pb.UPGRADE_STAGE_MIGRATED, begun_s) - at[pb.UPGRADE_STAGE_BACKED_UP]
    return Report(
        sales,
        pb.UpgradeStage.Name(last.stage),
        ended_s - begun_s,
        copied_s,
        dict(sorted(names.items())),
    )


def render(report: Report) -> str:
    """The report as Markdown."""
    rest_s = report.stopped_s - report.migrate_s
    rows = [
        ["selling stops, without the copy", f"{rest_s:.1f}", f"{STOPPED_S_MAX:.0f}"],
        ["the copy into the new form", f"{report.migrate_s:.1f}", f"{MIGRATE_S_MAX:.0f}"],
    ]
    lines = [f"# An upgrade over {report.sales} sales ends with {report.stage}", ""]
    return "\n".join([*lines, *table(["", "s", "at most"], rows), ""])


def _lay_out(folder: Path) -> Path:
    home = folder / "home"
    for name in ("boot", "slots", "data", "work", "identity"):
        (home / name).mkdir(parents=True)
    for name, schema in ((OLD, SCHEMA_FIRST), (NEW, SCHEMA)):
        add_slot(home, name, schema)
    building = partial_folder(generation.data_folder(home) / generation.FIRST)
    (folder / "journal").rename(building / "journal")
    generation.finish(building, generation.Meta(schema=SCHEMA_FIRST, min_reader=SCHEMA_FIRST))
    write(home, BootRecord(seq=1, committed=Pair(slot=OLD, generation=generation.FIRST)))
    return home


def add_slot(home: Path, name: str, schema: int) -> None:
    """A slot whose program is the one that measures."""
    folder = slot.slots_folder(home) / name
    building = partial_folder(folder)
    program = slot.interpreter_of(building)
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    described = vars(slot.describe(building, version=name.partition("-")[0], schema=schema))
    interpreter = str(slot.interpreter_of(folder))
    slot.seal(building, slot.Manifest(**{**described, "interpreter": interpreter}))
    building.rename(folder)
    sync(folder.parent)


@contextlib.contextmanager
def launched(home: Path, config: Path) -> Iterator[int]:
    """A till under its launcher, whose process id it is."""
    command = [sys.executable, "-m", "tillhald.boot", "--home", str(home), "--"]
    with subprocess.Popen([*command, "--config", str(config)], stdout=subprocess.DEVNULL) as child:
        try:
            yield child.pid
        finally:
            child.terminate()
            child.wait(END_S_MAX)


def _upgraded(till: Till) -> list[pb.WatchUpgradeResponse]:
    """Start the upgrade as soon as nothing blocks, and watch it over the restart."""
    end_s = time.monotonic() + UPGRADE_S_MAX
    steps: list[pb.WatchUpgradeResponse] = []
    armed = ""
    overrides = {"quiet_hours": "a measurement knows no hours"}
    while time.monotonic() < end_s:
        try:
            armed = armed or till.upgrades.start(now=True, overrides=overrides).upgrade.upgrade_id
            seen = steps[-1].seq if steps else 0
            steps.extend(till.upgrades.watch(armed, after_seq=seen))
        except TillError:
            time.sleep(0.1)  # it starts, checks its journal, or restarts
        if steps and steps[-1].stage in _OVER:
            return steps
    message = "the upgrade did not end"
    raise TimeoutError(message)

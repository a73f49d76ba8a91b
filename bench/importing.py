"""`python -m bench import`: a predecessor's sales, looked at and imported by a till that runs.

Wall time, and the CPU time of the daemon and of the program that reads: on a machine that does
other things as well, only the latter says what an import costs.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.beside import CALLERS, Beside, beside, render_pairs
from bench.comparison import say
from bench.peers.tillhal import running
from bench.report import table
from tests.support.predecessor import large
from tests.support.sales import new_id
from tests.support.till import Till, a_till
from tillhal import Till as Client
from tillhal.v1 import predecessor_pb2 as pb

SALES = 100_000
FLOOR_S = 60.0
"""What was promised for 100,000 sales, on a machine that does nothing else."""
STEP_S_MAX = 1_800.0
ROUNDS = 3
SALES_BESIDE = 40_000
"""So many that the import lasts as long as the sellers are measured."""
DOING = "importing"


class Step(NamedTuple):
    what: str
    took_s: float
    daemon_s: float
    reader_s: float

    @property
    def cpu_s(self) -> float:
        return self.daemon_s + self.reader_s


class Found(NamedTuple):
    sales: int
    source_bytes: int
    journal_bytes: int
    steps: list[Step]
    pairs: list[Beside]


def importing(folder: Path, sales: int, rounds: int) -> Found:
    """Import so many sales into a new till; then see what sellers notice of an import."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as made, a_till() as till:
        source = large(sales).write(Path(made) / "old")
        till.start()
        say(f"{sales} sales")
        plan, looked = _timed(till, "plan", pb.PlanImportRequest(path=str(source)))
        assert plan.plan.counts.sales == sales, "the plan has them all"
        request = pb.CommitImportRequest(
            request_id=new_id(), path=str(source), digest=plan.plan.source.digest
        )
        last, done = _timed(till, "import", request)
        assert last.result.imported.counts.sales == sales, "all of them count"
        return Found(
            sales,
            sum(file.stat().st_size for file in source.iterdir()),
            sum(file.stat().st_size for file in (till.folder / "journal").iterdir()),
            [looked, done],
            _selling_beside(Path(made), rounds),
        )


def _selling_beside(folder: Path, rounds: int) -> list[Beside]:
    (folder / "selling").mkdir()
    with running(folder / "selling") as server:
        target = server.targets["unix"]
        with Client.connect(target) as till:
            return [_pair(till, target, server.pid, folder, number) for number in range(rounds)]


def _pair(till: Client, target: str, pid: int, folder: Path, number: int) -> Beside:
    source = large(SALES_BESIDE, seed=number)
    source.manifest |= {"till": str(number), "currency": till.currency()}
    path = str(source.write(folder / f"old-{number}"))
    *_, looked = till.plan_import(path)
    os.sync()  # the folder and the spool, that the sellers shall not wait for
    return beside(target, pid, DOING, lambda: _import(till, path, looked.plan.source.digest))


def _import(till: Client, path: str, digest: str) -> float:
    *_, last = till.commit_import(path, digest, request_id=new_id())
    assert last.result.imported.counts.sales == SALES_BESIDE, "all of them count"
    return last.result.took_ms / 1000


def _timed(till: Till, what: str, request: object):
    process = psutil.Process(till.pid)
    calls = till.calls.predecessor
    call = calls.PlanImport if what == "plan" else calls.CommitImport
    before, began_s = process.cpu_times(), time.monotonic()
    *_, last = call(request, timeout=STEP_S_MAX)
    took_s, after = time.monotonic() - began_s, process.cpu_times()
    daemon_s = after.user + after.system - before.user - before.system
    reader_s = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    return last, Step(what, took_s, daemon_s, reader_s)


def render(found: Found) -> str:
    """The page."""
    rows = [
        [each.what] + [f"{s:.1f}" for s in (each.took_s, each.cpu_s, each.daemon_s, each.reader_s)]
        for each in found.steps
    ]
    cpu_s = found.steps[-1].cpu_s
    verdict = "kept" if cpu_s * SALES <= FLOOR_S * max(found.sales, 1) else "MISSED"
    return (
        f"# {found.sales} sales of a predecessor\n\n"
        + "\n".join(table(["step", "wall s", "CPU s", "daemon s", "reader s"], rows))
        + f"\n\nSource {found.source_bytes >> 20} MiB, journal {found.journal_bytes >> 20} MiB."
        f" {FLOOR_S:.0f} s of CPU for {SALES} sales: {verdict}.\n\n"
        f"# {CALLERS} callers that sell, without and while {SALES_BESIDE} sales are imported\n\n"
        + "\n".join(render_pairs(found.pairs, DOING))
    )

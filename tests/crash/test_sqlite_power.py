"""A program that is not ours on the disk that loses its power: SQLite keeps what it promises.

Its promises: https://sqlite.org/pragma.html#pragma_synchronous. They also are a test of the disk:
it must neither lose what was synced nor keep what was not.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import pytest

from hwsim.power.disk import PowerCutDisk, why_not
from hwsim.power.faults import Freeze, Rule
from hwsim.power.trace import Marked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

ROUNDS = 50
FREEZE_S_MAX = 30.0

SELLER = """
import sqlite3, sys
folder, journal, synchronous = sys.argv[1:]
db = sqlite3.connect(folder + "/shop.db", isolation_level=None)
db.execute(f"PRAGMA journal_mode={journal}")
db.execute(f"PRAGMA synchronous={synchronous}")
db.execute("PRAGMA wal_autocheckpoint=10")
db.execute("CREATE TABLE IF NOT EXISTS sales (number INTEGER PRIMARY KEY, receipt TEXT)")
(number,) = db.execute("SELECT coalesce(max(number), 0) FROM sales").fetchone()
mark = open(folder + "/.mark", "w")
while True:
    number += 1
    db.execute("INSERT INTO sales VALUES (?, ?)", (number, f"{number} " * 200))
    mark.write(f"{number}")
    mark.flush()
"""


class Round(NamedTuple):
    """What the seller was told before the cut, and what a new start finds after it."""

    seed: int
    committed: int
    found: int
    damage: str | None


def rounds(folder: Path, journal: str, synchronous: str) -> Iterator[Round]:
    """Sell, cut, look; and again on what is left, as long as it can be read."""
    committed = 0
    with PowerCutDisk(folder / "disk", record=True) as disk:
        for seed in range(ROUNDS):
            random = Random(f"{journal} {synchronous} {seed}")
            # Without syncs the power cannot go at one.
            operation = random.choice(["write", "mark", "mark" if synchronous == "OFF" else "sync"])
            disk.fail(Rule(operation, "*", Freeze(), nth=random.randrange(1, 60), times=1))  # type: ignore[arg-type]
            command = [sys.executable, "-c", SELLER, str(disk.path), journal, synchronous]
            with subprocess.Popen(command) as seller:
                try:
                    assert disk.wait_frozen(FREEZE_S_MAX), "the seller does not sell"
                    marks = [op.text for op in disk.trace().ops if isinstance(op, Marked)]
                finally:
                    loss = disk.cut(seed, seller.pid)
            committed = int(marks[-1]) if marks else committed
            print(f"seed {seed}: {committed} committed\n{loss}")
            # A copy, off the disk: looking may mend, and the next start is to mend for itself.
            copy = folder / f"copy-{seed}"
            shutil.copytree(disk.path, copy)
            found, damage = look(copy)
            yield Round(seed, committed, found, damage)
            if damage:
                return
            committed = found


def look(folder: Path) -> tuple[int, str | None]:
    """The newest of the sales, which are there from the first on; what is wrong, if anything is."""
    if not (folder / "shop.db").exists():
        return 0, None
    try:
        with closing(sqlite3.connect(folder / "shop.db")) as db:
            (verdict,) = db.execute("PRAGMA integrity_check").fetchone()
            if verdict != "ok":
                return 0, str(verdict)
            tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if tables == (0,):
                return 0, None
            sales = db.execute("SELECT number, receipt FROM sales ORDER BY number").fetchall()
    except sqlite3.DatabaseError as error:
        return 0, str(error)
    whole = all(sale == (n, f"{n} " * 200) for n, sale in enumerate(sales, start=1))
    return len(sales), None if whole else "sales are missing, or are not what was sold"


@pytest.mark.parametrize(("journal", "synchronous"), [("WAL", "FULL"), ("DELETE", "EXTRA")])
def test_nothing_that_was_committed_is_lost(journal: str, synchronous: str, tmp_path: Path) -> None:
    sold = 0
    for each in rounds(tmp_path, journal, synchronous):
        assert each.damage is None, each
        assert each.committed <= each.found <= each.committed + 1, each
        sold = each.found
    assert sold > ROUNDS, "the cuts came too early to mean anything"


def test_a_rollback_journal_that_comes_back_takes_the_newest_sale_and_no_more(
    tmp_path: Path,
) -> None:
    """DELETE commits by removing the journal, and FULL, unlike EXTRA, does not sync the folder."""
    lost = 0
    for each in rounds(tmp_path, "DELETE", "FULL"):
        assert each.damage is None, each
        assert each.committed - 1 <= each.found <= each.committed + 1, each
        lost += each.found < each.committed
    assert lost > 0, "a name whose removal was not synced never came back"


def test_a_log_that_is_not_synced_loses_the_newest_sales_and_nothing_is_damaged(
    tmp_path: Path,
) -> None:
    """NORMAL syncs a WAL before a checkpoint only."""
    seen = list(rounds(tmp_path, "WAL", "NORMAL"))
    assert [each for each in seen if each.damage] == []
    assert any(each.found < each.committed for each in seen), seen


@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_without_syncs_the_disk_finds_it_out(journal: str, tmp_path: Path) -> None:
    seen = list(rounds(tmp_path, journal, "OFF"))
    assert any(each.damage or each.found < each.committed for each in seen), seen

"""A till with a home: started by the launcher, so that it can change its data and start again."""

from __future__ import annotations

import contextlib
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.till import STOP_S_MAX, Till, short_folder, till_toml
from tillhald.boot import generation, slot
from tillhald.boot.files import partial_folder
from tillhald.boot.record import BootRecord, Pair, read, write
from tillhald.schema import MIN_READER, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hwsim.printer import VirtualPrinter

SLOT = "0.1.0-00000000"
FIRST = Pair(slot=SLOT, generation=generation.FIRST)


def make_home(home: Path) -> None:
    """A home as an installation leaves it; its program is the one that runs the tests."""
    for name in ("boot", "slots", "data", "identity"):
        (home / name).mkdir(parents=True)
    stage_slot(home, SLOT)
    building = partial_folder(generation.data_folder(home) / FIRST.generation)
    generation.finish(building, generation.Meta(schema=SCHEMA, min_reader=MIN_READER))
    write(home, BootRecord(seq=1, committed=FIRST))


def stage_slot(home: Path, name: str) -> None:
    """A slot that is a virtual environment, and borrows all that is in ours."""
    building = partial_folder(slot.slots_folder(home) / name)
    (building / "bin").mkdir()
    (building / "bin" / "python").symlink_to(Path(sys.prefix) / "bin" / "python")
    (building / "lib").symlink_to(Path(sys.prefix) / "lib")
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", building)
    slot.seal(building, slot.describe(building, version=name.partition("-")[0], schema=SCHEMA))
    building.rename(slot.slots_folder(home) / name)


class HomedTill(Till):
    """A till in a home; `kill` and `stop` end its launcher, and the daemon with it."""

    start_s_max = 90.0
    """Two attempts at a trial, and the old pair after them."""

    def __init__(self, folder: Path, printer: VirtualPrinter | None, toml: str) -> None:
        super().__init__(folder, printer, toml)
        launcher = [sys.executable, "-m", "tillhald.boot", "--home", str(self.home)]
        self.command = [*launcher, "--", "--config", str(self.config)]

    @property
    def home(self) -> Path:
        """Its home."""
        return self.folder / "home"

    @property
    def generation(self) -> str:
        """The data that it runs over."""
        return read(self.home).committed.generation

    @property
    def journal(self) -> Path:
        """The journal of these data."""
        return generation.journal_folder(self.home, self.generation)


@contextlib.contextmanager
def a_homed_till(
    printer: VirtualPrinter | None = None, *, more: str = "", expected: tuple[str, ...] = ()
) -> Iterator[HomedTill]:
    """A till with a home, not running yet; it is gone afterwards, and has made no mistakes."""
    with short_folder() as folder:
        make_home(folder / "home")
        port = printer.address[1] if printer else 0
        till = HomedTill(folder, printer, till_toml(folder, port, more=more))
        launcher = [sys.executable, "-m", "tillhald.boot", "--home", str(till.home)]
        till.command = [*launcher, "--", "--config", str(till.config)]
        try:
            yield till
            if till.is_running():
                till.stop(within_s=5 * STOP_S_MAX)
        finally:
            till.end()
        mistakes = till.mistakes(expected)
    assert not mistakes, "\n".join(mistakes)

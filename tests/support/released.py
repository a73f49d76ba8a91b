"""Two versions of this program as they are released, and a till on which the older one was installed.

N is of schema 1 and N+1 of this one; both are signed bundles, built into slots as a till builds
them. Of what they need they borrow what these tests run with.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import tillhald
from tests.support.bundles import (
    borrowing_wheels,
    keys,
    make,
    now_ms,
    opened,
    plain_wheel,
    root_of,
)
from tests.support.homes import FIRST
from tests.support.sales import new_id
from tests.support.schema_1 import lines_of_schema_1
from tests.support.upgraded import UpgradedTill
from tillhal.sync import Till as Client
from tillhald.boot import slot
from tillhald.boot.record import BootRecord, Pair, read, write
from tillhald.bundle.slots import build_slot
from tillhald.bundle.trust import TrustFolder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tillhal.v1 import upgrade_pb2 as pb

N: Final = "1.0.0"
NEXT: Final = "2.0.0"
PACKAGE: Final = Path(tillhald.__file__).parent


class Releases:
    """The keys, and what was released with them."""

    def __init__(self, folder: Path) -> None:
        """Everything is made below `folder`: N at once, others when they are asked for."""
        self._folder = folder
        self.keys = keys(folder / "keys", now_ms=now_ms())
        self._plain = plain_wheel(folder / "plain")
        older = lines_of_schema_1(PACKAGE)
        self.n = self.bundle(N, {f"tillhald/{name}": text for name, text in older.items()})

    def bundle(self, version: str, changed: Mapping[str, str] | None = None) -> Path:
        """A version of this program; see `bundles.project_wheels`."""
        number = len(list(self._folder.glob("*.tlb")))
        wheels = borrowing_wheels(self._folder / f"wheels-{number}", self._plain, version, changed)
        path = self._folder / f"{version}-{number}.tlb"
        make(wheels, self.keys, path, now_ms=now_ms())
        return path

    def install(self, home: Path) -> str:
        """N takes the place of the program that a home was laid out with; its slot."""
        root = root_of(self.keys)
        TrustFolder(home / "identity" / "trust").install(root)
        with opened(self.n, root, now_ms=now_ms()) as bundle:
            name = build_slot(home, bundle)
        record = read(home)
        pair = Pair(slot=name, generation=record.committed.generation)
        write(home, BootRecord(seq=record.seq + 1, committed=pair))
        shutil.rmtree(slot.slots_folder(home) / FIRST.slot)
        return name


def changed_text(name: str, *changes: tuple[str, str]) -> dict[str, str]:
    """A file of the package with other words in it, for a bundle: each must be there once."""
    text = (PACKAGE / name).read_text(encoding="utf-8")
    for before, after in changes:
        assert text.count(before) == 1, f"{name}: {before!r}"
        text = text.replace(before, after)
    return {f"tillhald/{name}": text}


def stage(till: UpgradedTill, path: Path) -> pb.InstalledVersion:
    """Bring a bundle to a till, as a technician does; what was built of it."""
    with Client.connect(till.address) as client:
        *_, last = client.upgrades.stage(file=path, request_id=new_id())
    return last.result.version

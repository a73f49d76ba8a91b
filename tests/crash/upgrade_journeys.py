"""Three whole upgrades by real processes, on disks that record, with every place that was passed.

WHOLE: a bundle is brought, its program is installed by pip on ext4, the till is backed up, its data
are copied into another form, the new version proves itself and stays. TAKEN_BACK: the new version
crashes, and the launcher brings the old pair back. BY_HAND: without a backup and in the same form;
the new version stays, and then a person takes it back.

Each also goes on from whatever a power cut left of it: `come_to_its_end` records a journey, and
finishes one that was cut off.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

import grpc

from hwsim.power.block import FileSystem
from hwsim.power.disk import PowerCutDisk
from tests.crash.upgrade_judge import OLD, totals_in
from tests.support.backups import ESCROW, OWNER
from tests.support.bundles import keys, make, now_ms, root_of, small_wheels
from tests.support.homes import CRASHES, THIS_PROGRAM
from tests.support.sales import new_id
from tests.support.upgraded import ALL_RIGHT, NEW, OVER, UpgradedTill, stage_slot
from tillhal.sync import Till as Client
from tillhal.v1 import upgrade_pb2 as pb
from tillhald.boot import generation, slot
from tillhald.boot.record import Pair
from tillhald.bundle.trust import TrustFolder
from tillhald.schema import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hwsim.power.trace import Trace
    from tillhald.domain.backup import BackupTotals

SIZE_BYTES = 192 << 20
TRIAL_S = 60.0
TIDY_S_MAX = 60.0
ALONE_S_MAX = 600.0
"""An upgrade that was cut off longer ago does not go on by itself before the night."""
STOP_S_MAX = 30.0
"""A journey beside which others go on."""
BACKUPS = "backups"
HOME = "home"
DISK = "disk"
LEADS_HERE = """\
import os, sys
if "--version" not in sys.argv:
    os.execv({python!r}, [{python!r}, "-I", "-m", {module!r}, *sys.argv[1:]])
"""
"""The bundle's program says its version, and for all else starts this very program."""
WORKS_ONCE = f'case "$*" in *migration*) {THIS_PROGRAM};; esac\n{CRASHES}'


class Way(Protocol):
    """One way that an upgrade may go."""

    name: str
    is_on_ext4: bool

    def a_till(self, folder: Path, backups: Path) -> UpgradedTill:
        """Installed in `folder`, not running; its backups would go to `backups`."""

    def prepare(self, till: UpgradedTill) -> None:
        """What the till has before it begins; it runs."""

    def come_to_its_end(self, till: UpgradedTill) -> None:
        """Begin it, or go on with it where it was cut off; the till runs, also afterwards."""

    def look(self, till: UpgradedTill) -> object:
        """What has to be the same at its end."""

    def check(self, till: UpgradedTill, before: object) -> None:
        """It has come to its end; `before` is what `look` saw before it began, or went on."""

    def came(self, home: Path) -> Pair:
        """The new pair, where the journey has come to its end."""


class Journey(NamedTuple):
    """What was recorded. `came` is the new pair, `wanted` what either has to come to."""

    way: Way
    trace: Trace
    came: Pair
    wanted: dict[Pair, BackupTotals]


class Whole:
    """See the module's docstring."""

    name = "from the bundle to the end"
    is_on_ext4 = True

    def __init__(self, folder: Path) -> None:
        """Make the bundle, in `folder`."""
        self._keys = keys(folder / "keys", now_ms=now_ms())
        self._bundle = folder / "new.tlb"
        words = {"python": sys.executable}
        wheels = small_wheels(
            folder / "wheels",
            schema=SCHEMA,
            more=LEADS_HERE.format(module="tillhald", **words),
            also={
                "tillhald/migration/__init__.py": "",
                "tillhald/migration/__main__.py": LEADS_HERE.format(
                    module="tillhald.migration", **words
                ),
            },
            real_pip=True,
        )
        make(wheels, self._keys, self._bundle, now_ms=now_ms())

    def a_till(self, folder: Path, backups: Path) -> UpgradedTill:
        """It trusts the bundle's keys, and is backed up."""
        more = f'[backup]\nfolder = "{backups}"\nother_disk = false\n'
        more += f'recipients = ["{OWNER.to_public()}", "{ESCROW.to_public()}"]\n'
        till = UpgradedTill(folder, trial_s=TRIAL_S, more=more)
        TrustFolder(till.home / "identity" / "trust").install(root_of(self._keys))
        return till

    def prepare(self, till: UpgradedTill) -> None:
        """Things are not finished."""
        till.leave_things_open()

    def come_to_its_end(self, till: UpgradedTill) -> None:
        """Bring the bundle, if no version is staged; upgrade."""
        last = still_going(till)
        if last is None:
            if not till.calls.upgrade.GetVersions(pb.GetVersionsRequest()).staged:
                with Client.connect(till.address) as client:
                    list(client.upgrades.stage(file=self._bundle, request_id=new_id()))
            last = till.start_upgrade()
        ended = till.await_end(last.upgrade_id)
        assert ended.stage == pb.UPGRADE_STAGE_COMMITTED, ended

    def look(self, till: UpgradedTill) -> object:
        """Everything."""
        return till.open_things()

    def check(self, till: UpgradedTill, before: object) -> None:
        """The new version runs, with everything."""
        assert till.runs()[0] != OLD.slot
        check_all_is_there(till, before)

    def came(self, home: Path) -> Pair:
        """See Way."""
        names = {path.name for path in slot.slots_folder(home).iterdir()} - {OLD.slot}
        (name,) = names
        return Pair(slot=name, generation="gen-0002")


class TakenBack:
    """See the module's docstring."""

    name = "taken back by the launcher"
    is_on_ext4 = False

    def a_till(self, folder: Path, _backups: Path) -> UpgradedTill:
        """Its new version is staged, and brings the data over, and crashes."""
        till = UpgradedTill(folder, trial_s=TRIAL_S)
        stage_slot(till.home, WORKS_ONCE)
        return till

    def prepare(self, till: UpgradedTill) -> None:
        """Things are not finished."""
        till.leave_things_open()

    def come_to_its_end(self, till: UpgradedTill) -> None:
        """Until what it left is removed."""
        last = still_going(till)
        if last is None:
            last = till.start_upgrade()
        ended = till.await_end(last.upgrade_id)
        assert ended.stage == pb.UPGRADE_STAGE_ROLLED_BACK, ended
        left = [generation.data_folder(till.home) / "gen-0002"]
        left.append(slot.slots_folder(till.home) / NEW)
        end_s, pause = time.monotonic() + TIDY_S_MAX, threading.Event()
        while any(path.exists() for path in left):
            assert time.monotonic() < end_s, f"{left} are still there"
            pause.wait(0.05)

    def look(self, till: UpgradedTill) -> object:
        """Everything."""
        return till.open_things()

    def check(self, till: UpgradedTill, before: object) -> None:
        """The old version runs, with everything."""
        assert till.runs()[0] == OLD.slot
        check_all_is_there(till, before)

    def came(self, _home: Path) -> Pair:
        """See Way."""
        return Pair(slot=NEW, generation="gen-0002")


class ByHand:
    """See the module's docstring."""

    name = "taken back by hand"
    is_on_ext4 = False

    def a_till(self, folder: Path, _backups: Path) -> UpgradedTill:
        """Its new version is staged, and has the same form of data."""
        till = UpgradedTill(folder, trial_s=TRIAL_S)
        stage_slot(till.home, schema=SCHEMA - 1)
        return till

    def prepare(self, till: UpgradedTill) -> None:
        """Things are not finished."""
        till.leave_things_open()

    def come_to_its_end(self, till: UpgradedTill) -> None:
        """There, and back."""
        last = still_going(till)
        if last is None or last.kind == pb.UPGRADE_KIND_UPGRADE:
            ended = till.await_end((last or till.start_upgrade()).upgrade_id)
            assert ended.stage == pb.UPGRADE_STAGE_COMMITTED, ended
            last = None
        if last is None:
            till.await_checked()
            request = pb.RollBackRequest(
                request_id=new_id(), reason="it is slow", overrides=ALL_RIGHT[:1]
            )
            last = till.calls.upgrade.RollBack(request).upgrade
        ended = till.await_end(last.upgrade_id)
        assert ended.stage == pb.UPGRADE_STAGE_COMMITTED, ended

    def look(self, till: UpgradedTill) -> object:
        """Everything."""
        return till.open_things()

    def check(self, till: UpgradedTill, before: object) -> None:
        """The old version runs, with everything."""
        assert till.runs()[0] == OLD.slot
        check_all_is_there(till, before)

    def came(self, _home: Path) -> Pair:
        """See Way."""
        return Pair(slot=NEW, generation=OLD.generation)


def check_all_is_there(till: UpgradedTill, before: object) -> None:
    """Nothing was lost, and the next receipt has the next number."""
    assert till.open_things() == before
    assert till.sell() == 2


def still_going(till: UpgradedTill) -> pb.Upgrade | None:
    """The upgrade under way, or the last one if it came to its end; None if one is to be begun."""
    try:
        found = till.calls.upgrade.GetUpgrade(pb.GetUpgradeRequest()).upgrade
    except grpc.RpcError:
        return None
    if found.stage == pb.UPGRADE_STAGE_ABORTED:
        return None
    if found.stage not in OVER and time.time() - found.arm_time.seconds > ALONE_S_MAX:
        with contextlib.suppress(grpc.RpcError):
            cancel = pb.CancelUpgradeRequest(request_id=new_id(), upgrade_id=found.upgrade_id)
            till.calls.upgrade.CancelUpgrade(cancel)
            return None
    return found


@contextlib.contextmanager
def _disk(way: Way, folder: Path, start: Path) -> Iterator[tuple[PowerCutDisk, FileSystem | None]]:
    """A disk that records, on which `start` is, and the file system on it, if any."""
    if not way.is_on_ext4:
        with PowerCutDisk(folder / DISK, start=start, record=True) as disk:
            yield disk, None
        return
    with PowerCutDisk(folder / "below", record=True) as disk:
        with FileSystem(disk.path, folder / DISK, size_bytes=SIZE_BYTES, start=start) as filesystem:
            yield disk, filesystem


def record(way: Way, folder: Path) -> Journey:
    """Carry it out, on a till that has things open."""
    folder.mkdir()
    backups = folder / DISK / BACKUPS
    backups.mkdir(parents=True)
    till = way.a_till(folder, backups)
    try:
        till.start()
        way.prepare(till)
        till.stop(within_s=STOP_S_MAX)
        start = folder / "start"
        shutil.copytree(till.home, start / HOME, symlinks=True)
        # From here on what is at this place is the disk.
        backups.rename(start / BACKUPS)
        with _disk(way, folder, start) as (disk, filesystem):
            till.move(folder / DISK / HOME)
            till.environment["TILLHALD_FAILPOINT_MARKS"] = str(disk.path / ".mark")
            till.start()
            before = way.look(till)
            way.come_to_its_end(till)
            assert way.look(till) == before
            till.stop(within_s=STOP_S_MAX)
            trace = disk.trace()
            ended = shutil.copytree(till.home, folder / "ended", symlinks=True)
            if filesystem is not None:
                trace = filesystem.since_mount(trace)
    finally:
        till.end()
    came = way.came(ended)
    began = shutil.copytree(start / HOME, folder / "began", symlinks=True)
    wanted = {OLD: totals_in(began, OLD.generation)}
    is_there = generation.journal_folder(ended, came.generation).exists()
    wanted[came] = totals_in(ended, came.generation) if is_there else wanted[OLD]
    return Journey(way, trace, came, wanted)


def go_on(way: Way, left: Path, folder: Path) -> None:
    """Start the till from what was left; have it come to its end, and see that all is well."""
    folder.mkdir()
    till = way.a_till(folder, folder / BACKUPS)
    try:
        shutil.rmtree(till.home)
        for name in (HOME, BACKUPS):
            shutil.copytree(left / name, folder / name, symlinks=True)
        till.start()
        before = way.look(till)
        way.come_to_its_end(till)
        way.check(till, before)
    finally:
        till.end()

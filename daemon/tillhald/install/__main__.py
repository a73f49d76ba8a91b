"""`python -m tillhald.install`: lays out a till; see `tillctl install`.

Exit status: 0, also where everything was there already; 1 for a refusal; 2 for a command line that
makes no sense.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tillhald.boot import generation, slot
from tillhald.boot.files import Damaged, partial_folder, sync
from tillhald.boot.record import BootRecord, NoRecord, Pair, UnknownFormat, read, write
from tillhald.bundle.trust import ROOT_FILE, TrustFolder, check_root
from tillhald.config import ConfigMistakes, load
from tillhald.domain.errors import BundleUntrusted
from tillhald.home import FOLDER_MODE
from tillhald.install import host
from tillhald.install.own_slot import NotInstallable, build, shipped
from tillhald.install.take_over import has_journal, lock_of_stopped, take_over
from tillhald.schema import MIN_READER, SCHEMA

if TYPE_CHECKING:
    from tillhald.journal.recovery import Places

USER = "tillhal"
UNIT = "tillhald"
_AT_WORK = ("enabled", "active")
FOLDERS = ("boot", "slots", "data", "work", "identity", "inbox", "bundles")
COMMAND_S_MAX = 60.0
CONFIG_MODE = 0o640
_HOST_COMMANDS = (
    ("systemd-sysusers",),
    ("systemd-tmpfiles", "--create"),
    ("udevadm", "control", "--reload"),
    ("systemctl", "daemon-reload"),
)


class Refused(Exception):
    """What keeps a till from being laid out here."""


class Installation:
    """One run; it says what it does."""

    def __init__(
        self,
        root: Path,
        home: Path,
        config: Path | None,
        *,
        takes_over: bool,
        trust: Path | None = None,
    ) -> None:
        """`home` is where the till will see it, below `root`; `trust` is the root of bundles."""
        self._root = root
        self._seen_home = home
        self._home = root / home.relative_to("/")
        self._given = config
        self._takes_over = takes_over
        self._trust = trust
        self._is_real = root == Path("/")
        self._left: list[str] = []

    def run(self) -> None:
        """Lay the till out. Raises Refused before anything is changed, NotInstallable, OSError."""
        record = self._record()
        places = self._places()
        old = places if places is not None and record is None and has_journal(places) else None
        if old is not None and not self._takes_over:
            message = f"there is a till here, whose journal is {old.folder}: stop it, and say"
            raise Refused(f"{message} --take-over, and its journal is copied into the new home")
        if self._takes_over and record is None and old is None:
            raise Refused("there is no journal to take over; say --config FILE if it is elsewhere")
        if self._is_real and os.geteuid():
            raise Refused("this needs root, or --root DIR to try it in a folder")
        trusted = self._trusted_root()
        if old is not None:
            lock_of_stopped(old).release()  # before anything is built
        self._make_folders()
        name = self._slot(record)
        if record is None:
            self._first_generation(old)
            first = Pair(slot=name, generation=generation.FIRST)
            write(self._home, BootRecord(seq=1, committed=first))
            sync(self._home)
            _say(f"the till starts {name} over {generation.FIRST}")
        self._trust_root(trusted)
        self._host()
        for sentence in self._left:
            _say(f"left to do: {sentence}")

    def _record(self) -> BootRecord | None:
        try:
            return read(self._home)
        except NoRecord:
            return None
        except (Damaged, UnknownFormat) as error:
            message = f"there is a till in {self._home}, and {error}"
            raise Refused(message) from error

    def _places(self) -> Places | None:
        """Where a till that has no home keeps its journal, as its configuration says."""
        file = self._given or self._root / host.CONFIG
        if not file.exists() and self._given is None:
            return None
        try:
            return load(file).places()
        except ConfigMistakes as mistakes:
            message = f"{file}: {mistakes.mistakes[0]}"
            raise Refused(message) from mistakes

    def _trusted_root(self) -> bytes | None:
        if self._trust is None:
            return None
        root = self._trust.read_bytes()
        try:
            check_root(root)
        except BundleUntrusted as error:
            message = f"{self._trust}: {error}"
            raise Refused(message) from error
        return root

    def _trust_root(self, root: bytes | None) -> None:
        trust = TrustFolder(self._home / "identity" / "trust")
        if root is None:
            if not (trust.folder / ROOT_FILE).exists():
                self._left.append(
                    "say whose upgrades the till takes: tillctl install --trust root.json"
                )
            return
        try:
            trust.install(root)
            _say(f"the till takes upgrades of those whom {self._trust} names")
        except FileExistsError:
            _say("whose upgrades the till takes is settled already; that stays")

    def _make_folders(self) -> None:
        self._home.mkdir(mode=0o750, parents=True, exist_ok=True)
        for name in FOLDERS:
            (self._home / name).mkdir(mode=FOLDER_MODE, exist_ok=True)
        sync(self._home)

    def _slot(self, record: BootRecord | None) -> str:
        before = {path.name for path in slot.slots_folder(self._home).iterdir()}
        if record is not None and record.committed.slot in before:
            _say(f"a till is here already: {record.committed.slot}; its program and data stay")
            return record.committed.slot
        name = build(self._home, SCHEMA)
        _say(f"made the program {name}" if name not in before else f"the program {name} is there")
        return name

    def _first_generation(self, old: Places | None) -> None:
        folder = generation.data_folder(self._home) / generation.FIRST
        if folder.exists():  # an earlier run was cut off before the boot record
            shutil.rmtree(folder)
        building = partial_folder(folder)
        if old is not None:
            seq = take_over(old, building, self._home / "identity")
            _say(f"copied the journal of {seq} records from {old.folder}, which is as it was")
            self._left.append(f"keep {old.folder} until the till has run for a while; it is unused")
        generation.finish(building, generation.Meta(schema=SCHEMA, min_reader=MIN_READER))

    def _host(self) -> None:
        launcher = host.put_launcher(self._root)
        _say(f"put the launcher into {launcher}")
        for path in host.put_host_files(self._root, shipped(), self._seen_home):
            _say(f"wrote {path}")
        config = self._root / host.CONFIG
        if self._given is not None and not config.exists():
            config.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            shutil.copyfile(self._given, config)
            config.chmod(CONFIG_MODE)
            _say(f"wrote {config}")
        if not config.exists():
            self._left.append(f"write {config}: see `tillhald --print-default`")
        if self._is_real:
            self._command_the_host()
        else:
            self._left.append(f"a till in {self._root} is for looking at: no user was made")

    def _command_the_host(self) -> None:
        for command in _HOST_COMMANDS:
            if not _succeeds(*command):
                self._left.append(" ".join(command))
        if not _succeeds("chown", "-R", f"{USER}:{USER}", str(self._home)):
            self._left.append(f"chown -R {USER}:{USER} {self._home}")
        if not all(_succeeds("systemctl", f"is-{how}", "--quiet", UNIT) for how in _AT_WORK):
            self._left.append(f"systemctl enable --now {UNIT}")


def _succeeds(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    try:
        return subprocess.run(command, timeout=COMMAND_S_MAX, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(prog="tillctl install")
    parser.add_argument("--root", type=Path, default=Path("/"))
    parser.add_argument("--home", type=Path, default=host.USUAL_HOME)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--trust", type=Path)
    parser.add_argument("--take-over", action="store_true")
    options = parser.parse_args(arguments)
    if not options.home.is_absolute():
        parser.error("--home: an absolute path is needed")
    installation = Installation(
        options.root.absolute(),
        options.home,
        options.config,
        takes_over=options.take_over,
        trust=options.trust,
    )
    try:
        installation.run()
    except (Refused, NotInstallable, OSError) as error:
        sys.stderr.write(f"tillctl install: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

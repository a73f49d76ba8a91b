"""Taking a bundle, and building its program into a slot while the till sells.

A program of its own checks whose bundle it is and installs it, below the till's priority. The till
keeps the bundle until its version has proved itself: only then nothing older is taken any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from tillhald.backup.words import refused
from tillhald.boot.files import PARTIAL, Damaged, sync
from tillhald.boot.slot import slots_folder
from tillhald.bundle.layout import SUFFIX
from tillhald.bundle.words import BuildOrder, Line
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.upgrade import StagedSlot
from tillhald.failpoints import reach
from tillhald.journal.errors import Overloaded, StorageError
from tillhald.service.backup_programs import Standing, run_command
from tillhald.service.beside import beside

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

    from tillhald.bundle.words import Shown
    from tillhald.home import Home
    from tillhald.service.till import Till
    from tillhald.service.work import Work

log = structlog.get_logger(__name__)

CHUNK_BYTES_MAX: Final = 1 << 20
BUNDLE_BYTES_MAX: Final = 1 << 30
BUNDLES_LISTED_MAX: Final = 100
SPARE_BYTES: Final = 64 << 20
"""What an upload leaves free on the till's disk."""
STAGED_KEPT_MAX: Final = 2
"""Of slots that nobody has asked for, the newest ones are kept."""
LIST_S_MAX: Final = 3.0
BUILD_S_MAX: Final = 3600.0
STICKS: Final = ("media/*", "media/*/*", "run/media/*/*", "mnt/*")
"""Where sticks are mounted, below the root folder."""


class Upload(NamedTuple):
    """A bundle whose bytes are brought by the caller."""

    file_name: str
    size_bytes: int
    chunks: AsyncIterator[bytes]


class Staged(NamedTuple):
    """A version was built into a slot. `replayed`: by an earlier call of the same request."""

    staged: StagedSlot
    replayed: bool = False


class Ended(NamedTuple):
    """How staging ended: a slot, or why not."""

    staged: StagedSlot | None = None
    refusal: Exception | None = None


class Found(NamedTuple):
    """A file that may be a bundle."""

    path: str
    size_bytes: int


class Staging:
    """One at a time. Everything runs on the event loop."""

    def __init__(
        self,
        home: Home,
        *,
        till: Till,
        unused: Callable[[], list[str]],
        now_ms: Callable[[], int],
        work: Work[Standing | Ended],
        root: Path = Path("/"),
    ) -> None:
        """`unused` names the slots that are built and that nobody has asked for, newest last;
        sticks are looked for below `root`."""
        self._home = home
        self._till = till
        self._unused = unused
        self._now_ms = now_ms
        self._work = work
        self._root = root
        self._request_id = ""
        self._trust = home.identity_folder / "trust"

    @property
    def is_running(self) -> bool:
        """Whether a slot is being built."""
        return self._work.is_running

    async def bundles(self) -> list[Found]:
        """The bundles in the inbox and on sticks. Raises UpgradeFailed if a stick hangs."""
        try:
            async with asyncio.timeout(LIST_S_MAX):
                return await beside(self._look_for_bundles)
        except TimeoutError:
            raise errors.UpgradeFailed("A stick does not answer. Pull it out.") from None

    async def stage(
        self, request_id: str, path: str, upload: Upload | None
    ) -> AsyncGenerator[Standing | Staged, None]:
        """Build the bundle at `path`, or the one that is brought. Raises what StageBundle says."""
        if self._work.is_running and self._request_id == request_id:
            async for step in self._watch():
                yield step
            return
        earlier = self._till.state.upgrades.staged_by(request_id)
        if self._till.answered(request_id) is not None:
            sentence = "This request_id was used for another request."
            raise errors.RequestIdReused(sentence, request_id=request_id)
        if earlier is not None:
            await self._till.caught_up()
            yield Staged(earlier, replayed=True)
            return
        if self._work.is_running:
            raise errors.UpgradeBusy("Another bundle is being staged.")
        if upload is None:
            file = self._file_at(path)
        else:
            file = self._home.inbox_folder / upload.file_name
            with _told_as_refusals():
                async for standing in self._receive(upload, file):
                    yield standing
            if self._work.is_running:
                raise errors.UpgradeBusy("Another bundle is being staged.")
        self._request_id = request_id
        self._work.begin(self._run(file, request_id, is_ours=upload is not None))
        async for step in self._watch():
            yield step

    async def run(self) -> None:
        """Ends what is under way when it is cancelled, with the daemon."""
        try:
            await asyncio.Event().wait()
        finally:
            self._work.stop()

    async def remember(self, slot: str) -> None:
        """Go on from this version's bundle: nothing older is taken any more. Raises nothing.

        To be called once the version has proved itself.
        """
        path = self._kept(slot)
        try:
            await beside(self._remember, path)
        except (errors.Refused, Damaged, OSError, ValueError) as error:
            log.warning("bundle_not_remembered", slot=slot, why=str(error))

    # --- building

    async def _run(self, file: Path, request_id: str, *, is_ours: bool) -> None:
        began_s = time.monotonic()
        try:
            await self.make_room()
            order = BuildOrder(
                file=str(file),
                home=str(self._home.folder),
                trust=str(self._trust),
                now_ms=self._now_ms(),
            )
            log.info("staging_began", file=file.name)
            line = await run_command(
                [sys.executable, "-P", "-m", "tillhald.bundle.build"],
                order,
                self._work.tell,
                answers=Line,
                failed=errors.UpgradeFailed,
                deadline_s=BUILD_S_MAX,
            )
            built = _bundle_of(line)
            await beside(self._keep, file, line.slot)
            reach("upgrade.bundle_kept")
            manifest = built.manifest
            staged = StagedSlot(
                slot=line.slot,
                version=manifest.version,
                schema=manifest.schema,
                min_reader=manifest.min_reader,
                file_name=file.name,
                took_ms=round((time.monotonic() - began_s) * 1000),
                request_id=request_id,
            )
            await self._till.record([ev.UpgradeStaged(staged=staged)])
            reach("upgrade.staged")
            log.info("version_staged", slot=line.slot, version=manifest.version)
            known = self._till.state.upgrades.staged_by(request_id)
            self._work.tell(Ended(staged=known or staged))
        except (errors.Refused, StorageError, Overloaded) as refusal:
            self._tell_failure(refusal)
        except Exception as error:
            # Whatever it was: it is about another version, and this one goes on selling.
            log.error("staging_failed", exc_info=error)
            self._tell_failure(errors.UpgradeFailed(f"The version could not be built: {error}."))
        finally:
            if is_ours:
                with contextlib.suppress(OSError):
                    file.unlink(missing_ok=True)

    def _tell_failure(self, refusal: Exception) -> None:
        reason = getattr(refusal, "reason", "")
        log.warning("version_not_staged", failure=reason)
        self._work.tell(Ended(refusal=refusal))

    async def _watch(self) -> AsyncGenerator[Standing | Staged, None]:
        async for step in self._work.steps():
            if isinstance(step, Standing):
                yield step
            elif step.refusal is not None:
                raise step.refusal
            elif step.staged is not None:
                yield Staged(step.staged)

    async def make_room(self) -> None:
        """Remove slots that were staged long ago, but for the newest ones."""
        current = self._till.state.upgrades.current
        asked_for = current.plan.slot if current is not None else ""
        unused = [name for name in self._unused() if name != asked_for]
        removed: list[Path] = []
        for name in unused[: -(STAGED_KEPT_MAX - 1)]:
            folder = slots_folder(self._home.folder) / name
            gone = folder.with_name(name + PARTIAL)
            # Renamed first: of what a power cut leaves of it, the next start removes the rest. All
            # of them before anything waits, so that none is asked for meanwhile.
            folder.rename(gone)
            self._kept(name).unlink(missing_ok=True)
            removed.append(gone)
            log.info("slot_removed", slot=name)
        for gone in removed:
            # Thousands of files, seconds on a memory card, while the till sells.
            await beside(shutil.rmtree, gone, ignore_errors=True)

    # --- files

    async def _receive(self, upload: Upload, file: Path) -> AsyncGenerator[Standing, None]:
        inbox = file.parent
        inbox.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = shutil.disk_usage(inbox).free
        if upload.size_bytes + SPARE_BYTES > free:
            sentence = "There is no room for the bundle on the till's disk."
            raise errors.BundleNoRoom(sentence, found=free, expected=upload.size_bytes)
        building = inbox / f"{upload.file_name}{PARTIAL}"
        done = 0
        try:
            with building.open("wb") as out:
                async for chunk in upload.chunks:
                    done += len(chunk)
                    if done > upload.size_bytes:
                        sentence = "More bytes came than were announced."
                        raise errors.FieldInvalid("bundle.size_bytes", sentence)
                    out.write(chunk)
                    yield Standing("uploading", done, upload.size_bytes, 0)
                if done < upload.size_bytes:
                    sentence = f"Of {upload.size_bytes} bytes only {done} came."
                    raise errors.BundleCorrupt(sentence)
                out.flush()
                await beside(os.fsync, out.fileno())
            building.rename(file)
            sync(inbox)
            reach("upgrade.bundle_received")
        finally:
            building.unlink(missing_ok=True)

    def _file_at(self, path: str) -> Path:
        given = Path(path)
        return given if given.is_absolute() else self._home.inbox_folder / given.name

    def _look_for_bundles(self) -> list[Found]:
        folders = [self._home.inbox_folder]
        folders += [folder for pattern in STICKS for folder in self._root.glob(pattern)]
        found: list[Found] = []
        for folder in folders:
            with contextlib.suppress(OSError):
                found += [
                    Found(str(path), path.stat().st_size)
                    for path in folder.glob(f"*{SUFFIX}")
                    if path.is_file()
                ]
        return sorted(found)[:BUNDLES_LISTED_MAX]

    def _kept(self, slot_name: str) -> Path:
        return self._home.bundles_folder / f"{slot_name}{SUFFIX}"

    def _keep(self, file: Path, slot_name: str) -> None:
        kept = self._kept(slot_name)
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        building = kept.with_name(kept.name + PARTIAL)
        shutil.copyfile(file, building)
        sync(building)
        building.rename(kept)
        sync(kept.parent)

    def _remember(self, path: Path) -> None:
        if not path.exists():
            return
        # Here, because it brings a tenth of a second of imports that a till needs once a version.
        from tillhald.bundle.opening import verified
        from tillhald.bundle.trust import TrustFolder

        trust = TrustFolder(self._trust)
        with verified(path, trust.root(), trust.floor(), self._now_ms()) as bundle:
            trust.remember(bundle.said.root, bundle.floor)
        path.unlink()


@contextlib.contextmanager
def _told_as_refusals() -> Iterator[None]:
    """A disk that is full meanwhile, or a name that it does not take, is no mistake of the till."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise errors.BundleNoRoom("The till's disk is full.") from error
        why = error.strerror or str(error)
        raise errors.UpgradeFailed(f"The bundle could not be stored: {why}.") from error


def _bundle_of(line: Line) -> Shown:
    """What a program told that built a slot. Raises what it refused."""
    if line.refused:
        raise refused(line)
    assert line.bundle is not None, "a program that was not refused built one"
    return line.bundle

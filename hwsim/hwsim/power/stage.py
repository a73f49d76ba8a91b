"""A real folder that shows one state after the other, by writing only what differs."""

import contextlib
import os
import shutil
import stat
from pathlib import Path
from typing import Self

from hwsim.power.medium import PAGE_BYTES
from hwsim.power.states import Ground, Layout, Page, State


class Stage:
    """Puts states of one trace into `folder`, best one in memory.

    Whoever looks at what is shown may change files only if `forget` is called after it; files
    that no state has are removed then.
    """

    def __init__(self, folder: Path) -> None:
        """Nothing is shown yet; `folder` is made, and is empty."""
        self.folder = folder
        self._ground: Ground | None = None
        self._layout: Layout = ()
        self._files: dict[int, int] = {}
        self._sizes: dict[int, int] = {}
        self._pages: dict[Page, bytes] = {}
        self._settled = 0
        self.forget()

    def forget(self) -> None:
        """Begin with an empty folder."""
        self._close_files()
        self._ground = None
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)

    def show(self, state: State) -> None:
        """Make the folder hold exactly this state, apart from what was put there beside it."""
        if state.ground is not self._ground:
            self.forget()
            self._ground = state.ground
        if state.layout != self._layout:
            self._rearrange(state)
        self._show_differences(state)
        self._pages = state.pages
        self._settled = len(state.ground.settled)

    def _rearrange(self, state: State) -> None:
        new = dict.fromkeys(state.layout)
        for entry in reversed(self._layout):
            if entry in new:
                del new[entry]
                continue
            path = self.folder / os.fsdecode(entry.path)
            if entry.is_folder:
                shutil.rmtree(path)
            else:
                path.unlink()
                os.close(self._files.pop(entry.ino))
                del self._sizes[entry.ino]
        for entry in new:
            path = self.folder / os.fsdecode(entry.path)
            if entry.is_folder:
                path.mkdir(mode=stat.S_IMODE(entry.mode))
                continue
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, stat.S_IMODE(entry.mode))
            self._files[entry.ino] = fd
            content = state.content(entry.ino)
            os.pwrite(fd, content, 0)
            self._sizes[entry.ino] = len(content)
        self._layout = state.layout

    def _show_differences(self, state: State) -> None:
        stale: dict[Page, None] = dict.fromkeys(state.ground.settled[self._settled :])
        stale.update(dict.fromkeys(self._pages))
        for ino, fd in self._files.items():
            old, new = self._sizes[ino], state.size(ino)
            if old != new:
                os.ftruncate(fd, new)
                self._sizes[ino] = new
                # Behind the old end nothing is shown, whatever the ground has there.
                stale.update(((ino, at), None) for at in _pages_between(old, new))
        stale.update(dict.fromkeys(state.pages))
        for page in stale:
            ino, number = page
            if ino in self._files:
                at = number * PAGE_BYTES
                room = max(0, self._sizes[ino] - at)
                os.pwrite(self._files[ino], state.page(page)[:room], at)

    def _close_files(self) -> None:
        for fd in self._files.values():
            os.close(fd)
        self._files, self._sizes, self._layout = {}, {}, ()

    def close(self) -> None:
        """Remove the folder."""
        self._close_files()
        self._ground = None
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.folder)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the folder."""
        self.close()


def _pages_between(old: int, new: int) -> range:
    return range(old // PAGE_BYTES, -(-new // PAGE_BYTES))

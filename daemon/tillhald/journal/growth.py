"""Growing the file ahead of need, in steps that no sale notices."""

from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING

from tillhald.journal.disk import write_zeros
from tillhald.journal.engine import data_file

if TYPE_CHECKING:
    from tillhald.journal.engine import Engine

GROW_AT_PERCENT = 80
GROW_CHUNK_BYTES = 256 << 10
"""What is written between two commits. Each chunk is synced by itself: left to the next commit's
sync, it would delay a sale just the same, only without a bound."""
GROW_FACTOR = 4
"""How much faster than the journal fills a growth proceeds. It adds up to half of the map's size
while a fifth is left, so with a factor of 4 it ends in time."""
GROW_STEP_BYTES_MIN = 4 << 20
"""Larger than any batch, so that growing once makes room for the batch that did not fit."""
GROW_STEP_BYTES_MAX = 64 << 20
MAP_BYTES_MAX = 64 << 30
GROW_RETRY_S = 15.0
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Growth:
    """Extends data.mdb by written zeros and then moves LMDB to the larger map.

    Used by the writer thread only, between transactions. Power may go at any point: pages past
    the map's end are used by nobody, and a longer file is adopted when it is opened next.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._fd: int | None = None
        self._filled_bytes = 0
        self._target_bytes = 0
        self._used_bytes = engine.used_bytes()
        self._retry_at_s = 0.0
        self.no_room: OSError | None = None
        """Why the last attempt was given up, while the disk has no room; else None."""

    @property
    def active(self) -> bool:
        """Whether a growth has begun and is not finished."""
        return self._fd is not None

    def step(self) -> None:
        """Write some chunks, if the map is getting full. Raises OSError if the disk fails.

        One chunk is usual; after a batch that took much room, as many as keep ahead of it.

        A disk without room is not a failure: what was taken is given back, and selling goes on
        in the room that is left; the next attempt is made GROW_RETRY_S later.
        """
        used_before, self._used_bytes = self._used_bytes, self._engine.used_bytes()
        if not self.active and not self._due():
            return
        chunks = max(1, GROW_FACTOR * (self._used_bytes - used_before) // GROW_CHUNK_BYTES)
        try:
            if not self.active:
                self._begin()
            for _ in range(chunks):
                if self.active:
                    self._fill_chunk()
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            self._give_up(error)

    def advance(self) -> bool:
        """Write one chunk, beginning a growth if none is under way. True when the map is larger.

        Raises OSError when that is impossible; what was taken is given back then.
        """
        if not self.active:
            self._begin()
        try:
            self._fill_chunk()
        except OSError as error:
            self._give_up(error)
            raise
        return not self.active

    def finish(self) -> None:
        """Grow at once, by a whole step. Raises OSError when that is impossible."""
        while not self.advance():
            pass

    def close(self) -> None:
        """Leave a growth where it is."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _due(self) -> bool:
        full = self._used_bytes * 100 >= self._engine.map_bytes * GROW_AT_PERCENT
        return full and time.monotonic() >= self._retry_at_s

    def _begin(self) -> None:
        map_bytes = self._engine.map_bytes
        step = min(max(map_bytes // 2, GROW_STEP_BYTES_MIN), GROW_STEP_BYTES_MAX)
        page_bytes = self._engine.page_bytes
        target = (map_bytes + step) // page_bytes * page_bytes
        if target > MAP_BYTES_MAX:
            raise OSError(errno.ENOSPC, f"The journal may not grow past {MAP_BYTES_MAX} bytes.")
        # A verifier that was killed leaves its reader slot, which keeps pages from being used
        # again; that may be all that fills the map.
        self._engine.env.reader_check()
        # Only data.mdb may be opened beside LMDB; of lock.mdb a close would drop POSIX locks.
        path = data_file(self._engine.folder)
        self._fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        self._filled_bytes, self._target_bytes = map_bytes, target

    def _fill_chunk(self) -> None:
        assert self._fd is not None, "a chunk is written only while a growth is under way"
        end = min(self._filled_bytes + GROW_CHUNK_BYTES, self._target_bytes)
        write_zeros(self._fd, self._filled_bytes, end)
        os.fdatasync(self._fd)
        self._filled_bytes = end
        if end == self._target_bytes:
            self.close()
            self._engine.resize(end)
            self.no_room = None

    def _give_up(self, error: OSError) -> None:
        if self._fd is not None:
            # The zeros hold the last room on the disk, which logs and the spill need now.
            os.ftruncate(self._fd, self._engine.map_bytes)
            self.close()
        self.no_room = error
        self._retry_at_s = time.monotonic() + GROW_RETRY_S

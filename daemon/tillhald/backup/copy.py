"""Copying backups to an object store, as a program: `python -m tillhald.backup.copy`, see `words`.

What the store lacks is seen from the store itself: a copy that failed is made by the next run, and
so are all of them in a new bucket. Each is found whole before it is sent, and read back after it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tillhald.backup.folder import BackupFolder, listed, may_go, refusal_of
from tillhald.backup.pace import Pace
from tillhald.backup.reading import check_whole
from tillhald.backup.s3 import Bucket
from tillhald.backup.words import CopyOrder, Line, run
from tillhald.domain.errors import BackupCorrupt, BackupFailed

if TYPE_CHECKING:
    from collections.abc import Callable


def copy(order: CopyOrder, say: Callable[[Line], None]) -> None:
    """Copy, check, thin out; say what was copied and removed.

    Raises BackupTargetMissing, BackupTargetFull, BackupFailed; what was copied by then stands. One
    that is spoilt in the folder is refused after all others were copied.
    """
    folder = BackupFolder(Path(order.folder), Path(order.journal), other_disk=order.other_disk)
    folder.check()
    copied: list[str] = []
    copied_seq = 0
    spoilt = ""
    with Bucket(order.bucket) as bucket:
        there = dict(listed(bucket))
        try:
            here = list(listed(folder))
        except OSError as error:
            raise refusal_of(error, folder.path) from error
        # By what both have: what is kept in one and may go in the other would come and go.
        gone = may_go(order.rules, order.chain_id, {**there, **dict(here)}.items())
        for name, clear in here:
            if clear is None or clear.header.identity.chain_id.hex() != order.chain_id:
                continue
            if there.get(name) is None and name not in gone:
                try:
                    _copy(folder, bucket, name, say)
                except BackupCorrupt as damage:
                    spoilt = f"{name} is not copied. {damage}"
                    continue
                copied.append(name)
            copied_seq = max(copied_seq, clear.trailer.last_seq)
        removed = [name for name in gone if there.get(name) is not None]
        for name in removed:
            bucket.remove(name)
    if spoilt:
        raise BackupFailed(spoilt, folder=order.folder)
    say(Line(copied=copied, copied_seq=copied_seq, removed=removed))


def _copy(folder: BackupFolder, bucket: Bucket, name: str, say: Callable[[Line], None]) -> None:
    try:
        with folder.read(name) as file:
            clear = check_whole(file)
            bucket.put(name, file, clear.size_bytes, clear.sha256, Pace(say, "copying"))
    except OSError as error:
        raise refusal_of(error, folder.path) from error
    if bucket.sha256_of(name, Pace(say, "reading the copy")) != clear.sha256:
        bucket.remove(name)
        sentence = f"What the store gives back for {name} is not what was sent."
        raise BackupFailed(sentence, folder=bucket.place)


if __name__ == "__main__":
    sys.exit(run(CopyOrder, copy))

"""Making a backup, as a program of its own: `python -m tillhald.backup.make`, see `words`.

It must not share the till's interpreter, and a bad disk may kill or hang it without harm.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pyrage import x25519

from tillhald.backup.folder import BackupFolder, Part, refusal_of
from tillhald.backup.keys import public_bytes, recipients_of, signing_key
from tillhald.backup.layout import Filed, Header, file_name
from tillhald.backup.pace import Pace
from tillhald.backup.reading import Forgetting, check_whole, read_backup
from tillhald.backup.source import Source
from tillhald.backup.words import Line, MakeOrder, run
from tillhald.backup.writing import write_backup
from tillhald.domain.backup import BackupMade
from tillhald.domain.errors import BackupCorrupt, BackupFailed
from tillhald.failpoints import reach
from tillhald.journal.format import FORMAT_VERSION, Head

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.backup.layout import Ending
    from tillhald.backup.writing import Written

FILE_BYTES_MAX = 16 << 20
"""Of one file that is taken along."""


def make(order: MakeOrder, say: Callable[[Line], None]) -> None:
    """Write a backup, read it back, name it. It is durable before `made` is said.

    Raises refusals, JournalDamaged, StorageFailed, lmdb.Error, OSError; of the backup nothing is
    left then, and of others nothing was touched.
    """
    folder = BackupFolder(Path(order.folder), Path(order.journal), other_disk=order.other_disk)
    folder.check()
    try:
        folder.clear_parts()
    except OSError as error:
        raise refusal_of(error, folder.path) from error
    files = _files(order)
    key = signing_key(Path(order.signing_key))
    # Its secret is nowhere but in memory: the till reads back what only the owner can open.
    own = x25519.Identity.generate()
    after = None if order.after is None else Head(order.after[0], bytes.fromhex(order.after[1]))
    with Source(order.journal, after) as source, Part(folder, order.backup_id) as part:
        header = Header(
            backup_id=order.backup_id,
            kind=order.kind,
            identity=source.identity,
            made_ms=order.made_ms,
            first_seq=source.after.seq + 1,
            prev_hash=source.after.hash,
            follows=order.follows,
            journal_format=FORMAT_VERSION,
            version=order.version,
            recipients=order.recipients,
            signer=public_bytes(key),
        )
        written = write_backup(
            part,
            source,
            header,
            files,
            recipients=[*recipients_of(order.recipients), own.to_public()],
            key=key,
            on_progress=Pace(say, "writing"),
        )
        part.settle()
        ending = _read_back(part.path, folder.path, written, own, Pace(say, "reading back"))
        reach("backup.read_back")
        name = file_name(header, written.trailer.last_seq)
        part.finish(name)
    say(Line(made=_made(header, written, ending, name), secret=str(own)))


def _files(order: MakeOrder) -> list[Filed]:
    files = [Filed(name, text.encode()) for name, text in order.texts.items()]
    for name, path in order.paths.items():
        try:
            with Path(path).open("rb") as file:
                content = file.read(FILE_BYTES_MAX + 1)
        except OSError as error:
            sentence = f"{path} cannot be taken along: {error.strerror}."
            raise BackupFailed(sentence, file=path) from error
        if len(content) > FILE_BYTES_MAX:
            sentence = f"{path} has more than {FILE_BYTES_MAX >> 20} MiB: it is not taken along."
            raise BackupFailed(sentence, file=path)
        files.append(Filed(name, content))
    return files


def _read_back(
    path: Path, folder: Path, written: Written, own: x25519.Identity, on_progress: Pace
) -> Ending:
    """Prove that what lies on the disk is what was meant, opens, and is whole in itself."""
    another = "What was read back is not what was written: the disk is failing."
    try:
        with path.open("rb", buffering=0) as file:
            try:
                clear = check_whole(file)
            except BackupCorrupt as damage:
                raise BackupFailed(f"{another} {damage}", folder=str(folder)) from damage
            if clear.sha256 != written.sha256:
                raise BackupFailed(another, folder=str(folder))
            return read_backup(file, clear, own, Forgetting(), on_progress)
    except BackupCorrupt as damage:
        # The disk gave back every bit, so they came from the journal like that.
        raise BackupFailed(f"The journal has a fault, check it. {damage}") from damage
    except OSError as error:
        raise refusal_of(error, folder) from error


def _made(header: Header, written: Written, ending: Ending, name: str) -> BackupMade:
    trailer = written.trailer
    return BackupMade(
        backup_id=header.backup_id,
        kind=header.kind,
        file_name=name,
        first_seq=header.first_seq,
        last_seq=trailer.last_seq,
        head_hash=trailer.head_hash.hex(),
        size_bytes=written.size_bytes,
        follows=header.follows,
        signer=header.signer.hex(),
        sha256=written.sha256.hex(),
        closed_days=trailer.closed_days,
        business_day=trailer.business_day,
        records=trailer.records,
        totals=ending.totals,
    )


if __name__ == "__main__":
    sys.exit(run(MakeOrder, make))

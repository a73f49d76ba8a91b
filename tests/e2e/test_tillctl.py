"""tillctl, as a technician runs it: against a daemon, and on a journal's folder."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.answers import head_seq
from tests.support.nursery import TILLCTL, run_tillctl
from tests.support.sales import card_sale, new_id
from tests.support.till import a_till, short_folder
from tillhald.journal.salvage_file import Ending, read_salvage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.till import Till

RUN_S_MAX = 60.0
NOBODY_S_MAX = 9.0
"""That there is no till must not take as long as a call may."""
LINE_S_MAX = 15.0


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "TILLHAL_ADDRESS"}
    return {**kept, "TERM": "dumb", "COLUMNS": "60", **more}


def tillctl(*arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    return run_tillctl(*arguments, environment=environment(**more))


def asked(till: Till, *arguments: str | Path) -> str:
    done = tillctl(*arguments, "--address", till.address)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def copied(bare: Till, tmp_path: Path) -> Path:
    """A copy of a journal with ten sales, of a till that has been stopped."""
    for _ in range(10):
        bare.calls.checkout.Checkout(card_sale(new_id()))
    bare.stop()
    shutil.copytree(bare.folder / "journal", tmp_path / "copy")
    return tmp_path / "copy"


def damage(folder: Path, seq: int) -> None:
    """Change one byte of a record, in all its copies."""
    path = folder / "data.mdb"
    data = path.read_bytes()
    number = seq.to_bytes(8, "big")
    places = [
        at
        for at in range(len(data) - 60)
        if data[at : at + 6] == b"tljr\x01\x00" and data[at + 10 : at + 18] == number
    ]
    assert places
    # In place: a till that runs has the file mapped.
    with path.open("r+b", buffering=0) as file:
        for at in places:
            file.seek(at + 55)
            file.write(bytes([data[at + 55] ^ 0x10]))


# --- asking a till


def test_status_says_how_the_till_is(bare_till: Till) -> None:
    before = head_seq(bare_till.calls)
    said = asked(bare_till, "status")
    assert said.startswith("Nothing is wrong.\n")
    assert "till-3 of store-7" in said
    assert "in the journal, synced to the disk" in said
    # The till records things of its own accord, too.
    last = int(re.search(r"^last record +(\d+)$", said, re.MULTILINE)[1])
    assert before <= last <= head_seq(bare_till.calls)


def test_status_for_programs_is_the_contracts_message(bare_till: Till) -> None:
    (answer,) = lines(asked(bare_till, "status", "--json"))
    assert answer["workstation_id"] == "till-3"
    assert int(answer["head_seq"]) == head_seq(bare_till.calls)


def test_status_names_interrupted_sales(bare_till: Till) -> None:
    bare_till.kill()
    bare_till.start()
    said = asked(bare_till, "status")
    assert "after a crash" in said
    assert "at the start, interrupted sales" in said


def test_status_of_the_journal_cuts_nothing_off_however_narrow_the_terminal(
    bare_till: Till,
) -> None:
    (answer,) = lines(asked(bare_till, "journal", "status", "--json"))
    said = asked(bare_till, "journal", "status")
    assert answer["head_hash"] in said
    assert answer["chain_id"] in said
    assert len(bytes.fromhex(answer["chain_id"])) == 16
    assert answer["head_seq"] == head_seq(bare_till.calls)


def test_the_till_checks_its_journal_and_sells_on(bare_till: Till) -> None:
    said = asked(bare_till, "journal", "verify")
    assert said.startswith("The journal is sound: every record up to ")
    *progress, verdict = lines(asked(bare_till, "journal", "verify", "--json"))
    assert all(line["done"] <= line["total"] for line in progress)
    assert verdict["last_seq"] == head_seq(bare_till.calls)
    assert verdict["head_hash"] in said


def test_a_fault_that_the_till_finds_is_named_and_is_the_exit_status() -> None:
    with a_till(expected={"journal_fault_found", "journal_damaged", "journal_rescued"}) as till:
        till.start()
        for _ in range(3):
            till.calls.checkout.Checkout(card_sale(new_id()))
        damage(till.folder / "journal", 3)
        done = tillctl("journal", "verify", "--address", till.address)
    assert (done.returncode, done.stdout) == (1, "")
    assert "The journal has a fault: edited at record 3." in done.stderr


def test_a_fault_that_the_till_finds_is_told_to_programs_too() -> None:
    with a_till(expected={"journal_fault_found", "journal_damaged", "journal_rescued"}) as till:
        till.start()
        till.calls.checkout.Checkout(card_sale(new_id()))
        damage(till.folder / "journal", 2)
        done = tillctl("journal", "verify", "--address", till.address, "--json")
    assert done.returncode == 1
    verdict = lines(done.stdout)[-1]
    assert (verdict["fault"], verdict["seq"]) == ("edited", 2)
    assert verdict["sentence"]


def test_the_folder_of_a_till_that_runs_can_be_checked_too(bare_till: Till) -> None:
    done = tillctl("journal", "verify", "--folder", bare_till.folder / "journal")
    assert done.returncode == 0, done.stderr
    assert "sound" in done.stdout
    bare_till.calls.checkout.Checkout(card_sale(new_id()))


def test_the_address_comes_from_the_environment_or_the_command(bare_till: Till) -> None:
    told = tillctl("status", TILLHAL_ADDRESS=bare_till.address)
    assert told.returncode == 0, told.stderr
    path = bare_till.address.removeprefix("unix:")
    assert tillctl("status", "--address", path, TILLHAL_ADDRESS="unix:/nowhere").returncode == 0


# --- watching


def test_watch_shows_what_has_happened_a_line_each(bare_till: Till) -> None:
    bare_till.calls.checkout.Checkout(card_sale(new_id()))
    said = asked(bare_till, "watch", "--cursor", "0", "--count", "2").splitlines()
    assert len(said) == 2
    assert "the till has started" in said[0]
    told = lines(asked(bare_till, "watch", "--cursor", "0", "--count", "3", "--json"))
    assert [int(event["cursor"]) for event in told] == sorted(int(e["cursor"]) for e in told)
    assert "started" in told[0]


def test_watch_shows_what_happens_and_ends_in_order_when_it_is_interrupted(
    bare_till: Till,
) -> None:
    sale_id = new_id()
    command = [*TILLCTL, "watch", "--address", bare_till.address]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        try:
            assert "live" in line_from(child)
            bare_till.calls.checkout.Checkout(card_sale(sale_id))
            shown = line_from(child)
            assert sale_id in shown
            assert "completed" in shown
            child.send_signal(signal.SIGINT)
            assert child.wait(RUN_S_MAX) == 0
            assert child.stderr.read() == b""
        finally:
            child.kill()


def line_from(child: subprocess.Popen[bytes]) -> str:
    assert child.stdout is not None
    readable, _, _ = select.select([child.stdout], [], [], LINE_S_MAX)
    assert readable, "nothing was shown"
    return child.stdout.readline().decode()


# --- nobody there


@pytest.mark.parametrize(
    "command",
    [("status",), ("journal", "status"), ("journal", "verify"), ("watch",)],
    ids=" ".join,
)
@pytest.mark.parametrize("as_json", [False, True])
def test_without_a_till_one_sentence_says_so_at_once(
    tmp_path: Path, command: tuple[str, ...], as_json: bool
) -> None:
    words = [*command, "--address", f"unix:{tmp_path}/x.sock", *(["--json"] if as_json else [])]
    began_s = time.monotonic()
    done = tillctl(*words)
    assert time.monotonic() - began_s < NOBODY_S_MAX
    assert (done.returncode, done.stdout) == (2, "")
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"No till answers at unix:{tmp_path}/x.sock")


def test_a_socket_that_nobody_listens_on_any_more_is_no_till() -> None:
    with short_folder() as folder, socket.socket(socket.AF_UNIX) as left:
        left.bind(str(folder / "api.sock"))
        done = tillctl("status", "--address", folder / "api.sock")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "Connection refused" in done.stderr


def test_an_address_that_is_none_is_refused_with_an_example() -> None:
    done = tillctl("status", "--address", "till")
    assert done.returncode == 2
    assert "127.0.0.1:50051" in done.stderr


def test_something_else_at_the_address_is_said_to_be_no_till() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = tillctl("status", "--address", f"127.0.0.1:{port}")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert f"127.0.0.1:{port}" in done.stderr


# --- a folder


def test_a_sound_copy_is_sound(copied: Path) -> None:
    done = tillctl("journal", "verify", "--folder", copied)
    assert (done.returncode, done.stderr) == (0, "")
    *_, verdict = lines(tillctl("journal", "verify", "--folder", copied, "--json").stdout)
    assert f"up to {verdict['last_seq']} " in done.stdout


def test_a_damaged_copy_is_named_and_saved(copied: Path, tmp_path: Path) -> None:
    damage(copied, 4)
    done = tillctl("journal", "verify", "--folder", copied)
    assert (done.returncode, done.stdout) == (1, "")
    assert "edited at record 4" in done.stderr
    saved = tmp_path / "saved"
    done = tillctl("journal", "salvage", "--folder", copied, "--out", saved)
    assert (done.returncode, done.stderr) == (1, "")
    assert "Gone are:" in done.stdout
    assert ["4", "4", "1"] in [line.split() for line in done.stdout.splitlines()]
    *_, ending = read_salvage(saved)
    assert isinstance(ending, Ending)
    assert ending.gone == [(4, 4)]


def test_storage_that_kills_the_reader_is_a_fault_and_kills_nothing_else(
    copied: Path, tmp_path: Path
) -> None:
    data = bytearray((copied / "data.mdb").read_bytes())
    for at in range(8192, len(data), 4096):
        if b"tljr\x01\x00" in data[at : at + 4096]:
            data[at : at + 4096] = bytes(4096)
    (copied / "data.mdb").write_bytes(data)
    done = tillctl("journal", "verify", "--folder", copied)
    assert done.returncode == 1
    assert "unreadable" in done.stderr
    done = tillctl("journal", "salvage", "--folder", copied, "--out", tmp_path / "saved", "--json")
    assert done.returncode in (1, 2)
    assert lines(done.stdout)


def test_of_a_sound_journal_a_salvage_has_everything(copied: Path, tmp_path: Path) -> None:
    done = tillctl("journal", "salvage", "--folder", copied, "--out", tmp_path / "saved")
    assert (done.returncode, done.stderr) == (0, "")
    assert "No record is gone." in done.stdout


def test_the_chain_id_can_be_given_when_the_file_has_lost_it(copied: Path, tmp_path: Path) -> None:
    *_, told = lines(
        tillctl("journal", "salvage", "--folder", copied, "--out", tmp_path / "a", "--json").stdout
    )
    path = copied / "data.mdb"
    path.write_bytes(path.read_bytes().replace(b"chain_id", b"CHAIN_ID"))
    command = ["journal", "salvage", "--folder", copied, "--out", tmp_path / "b"]
    without = tillctl(*command)
    assert without.returncode == 2
    assert "--chain-id" in without.stderr
    assert "32 hexadecimal digits" in tillctl(*command, "--chain-id", "abc").stderr
    with_it = tillctl(*command, "--chain-id", told["chain_id"])
    assert with_it.returncode == 0, with_it.stderr
    assert "No record is gone." in with_it.stdout


@pytest.mark.parametrize("what", ["nothing", "a file", "an empty folder"])
def test_a_folder_without_a_journal_is_said_to_be_one(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "folder"
    match what:
        case "a file":
            folder.touch()
        case "an empty folder":
            folder.mkdir()
    for command in (("verify",), ("salvage", "--out", tmp_path / "saved")):
        done = tillctl("journal", *command, "--folder", folder)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        assert str(folder) in done.stderr
    assert not (tmp_path / "saved").exists()


def test_a_salvage_is_not_written_over_anything(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "saved").write_text("kept")
    done = tillctl("journal", "salvage", "--folder", copied, "--out", tmp_path / "saved")
    assert done.returncode == 2
    assert "already" in done.stderr
    assert (tmp_path / "saved").read_text() == "kept"


# --- on a terminal


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)


def test_on_a_terminal_progress_is_shown_and_cleared_away(
    copied: Path, terminal: tuple[int, int]
) -> None:
    ours, theirs = terminal
    with subprocess.Popen(
        [*TILLCTL, "journal", "verify", "--folder", copied],
        stdout=theirs,
        stderr=theirs,
        env=environment(TERM="xterm", COLUMNS="80"),
    ) as child:
        os.close(theirs)
        shown = b""
        while select.select([ours], [], [], LINE_S_MAX)[0]:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
        assert child.wait(RUN_S_MAX) == 0
    assert b"checking" in shown
    assert b"The journal is sound" in shown
    assert b"\x1b[2K" in shown

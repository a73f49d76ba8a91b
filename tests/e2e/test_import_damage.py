"""Folders as technicians really bring them, through `tillctl`: each is refused by name and place."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.answers import head_seq
from tests.support.predecessor import line, remade, small
from tests.support.programs import tillctl

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.till import Till

    Damage = Callable[[Path], object]

LONG_LINE_BYTES = 5 << 20
SHA_OF_NOTHING = "0" * 64


def rewritten(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def in_file(name: str, change: Callable[[bytes], bytes]) -> Damage:
    """The file changed, and the manifest that the export wrote of it fits."""

    def damage(folder: Path) -> None:
        rewritten(folder / name, change)
        remade(folder)

    return damage


def in_row(name: str, number: int, **fields: Any) -> Damage:
    """Fields of one line set to other values."""

    def change(content: bytes) -> bytes:
        rows = content.splitlines(keepends=True)
        row = {**json.loads(rows[number - 1]), **fields}
        rows[number - 1] = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        return b"".join(rows)

    return in_file(name, change)


def in_manifest(**fields: Any) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))

    return damage


def out_of_the_folder(folder: Path) -> None:
    there = folder.with_name("elsewhere.jsonl")
    (folder / "sales.jsonl").rename(there)
    (folder / "sales.jsonl").symlink_to(there)


def a_pipe(folder: Path) -> None:
    (folder / "sales.jsonl").unlink()
    os.mkfifo(folder / "sales.jsonl")


def text(old: str, new: str, encoding: str) -> Callable[[bytes], bytes]:
    return lambda content: content.decode().replace(old, new).encode(encoding)


def swapped(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        assert old in content, "there is something to change"
        return content.replace(old, new, 1)

    return change


CASES: dict[str, tuple[Damage, str]] = {
    "no manifest": (
        lambda folder: (folder / "manifest.json").unlink(),
        "manifest.json:1: It is not there",
    ),
    "a manifest that is a list": (
        lambda folder: (folder / "manifest.json").write_text("[]"),
        "manifest.json:1: Expected `object`",
    ),
    "a manifest cut in the middle": (
        lambda folder: rewritten(folder / "manifest.json", lambda content: content[:100]),
        "manifest.json:1: Input data was truncated",
    ),
    "a manifest of a later format": (
        in_manifest(format="tillhal-predecessor/2"),
        "manifest.json:1: format: Invalid enum value 'tillhal-predecessor/2'",
    ),
    "a manifest without the till": (
        in_manifest(till=""),
        "manifest.json:1: till: Expected `str` of length >= 1",
    ),
    "a file in the manifest that is none of the format": (
        in_manifest(files={"../../passwd": {"sha256": SHA_OF_NOTHING, "records": 1}}),
        "manifest.json:1: files: ../../passwd is no file of this format",
    ),
    "a name in the manifest that is a command to a terminal": (
        in_manifest(files={"\x1b[2J": {"sha256": SHA_OF_NOTHING, "records": 1}}),
        r"manifest.json:1: files: \x1b[2J is no file of this format",
    ),
    "another currency": (in_manifest(currency="CNY"), "manifest.json:1: currency: Its currency"),
    "a time zone that there is not": (
        in_manifest(time_zone="Europe/Berlni"),
        "manifest.json:1: time_zone: There is no such time zone",
    ),
    "a file that is not there": (
        lambda folder: (folder / "shifts.jsonl").unlink(),
        "manifest.json:1: files: shifts.jsonl is not there",
    ),
    "a file that the manifest does not name": (
        in_manifest(files={}),
        "manifest.json:1: files: sales.jsonl is there and not in the manifest",
    ),
    "a file that was changed by hand": (
        lambda folder: rewritten(folder / "days.jsonl", swapped(b"2025-03-02", b"2025-03-03")),
        "days.jsonl:0: The file is not the one that the manifest names",
    ),
    "fewer records than the manifest says": (
        lambda folder: rewritten(
            folder / "sales.jsonl", lambda content: b"".join(content.splitlines(True)[:4])
        ),
        "sales.jsonl:0: It has 4 records; the manifest says 6",
    ),
    "the last line cut in its middle": (
        in_file("sales.jsonl", lambda content: content[:-40]),
        "sales.jsonl:6: The last line is cut",
    ),
    "a line cut in its middle, and then others": (
        in_file("shifts.jsonl", lambda content: content[:60] + b"\n" + content),
        "shifts.jsonl:1: opened_at: JSON is malformed",
    ),
    "an empty line": (
        in_file("days.jsonl", lambda content: b"\n" + content),
        "days.jsonl:1: The line is empty",
    ),
    "CSV under the name of JSON Lines": (
        in_file("sales.jsonl", lambda _: b"id;receipt;total\n1;R-1;1190\n"),
        "sales.jsonl:1: JSON is malformed",
    ),
    "GBK": (
        in_file("sales.jsonl", text("broken", "码头破损", "gbk")),
        "sales.jsonl:3: reason: It is not UTF-8",
    ),
    "UTF-16 with its mark": (
        in_file("sales.jsonl", text("", "", "utf-16")),
        "sales.jsonl:1: It is UTF-16",
    ),
    "UTF-8 with a mark": (
        in_file("settings.json", text("", "", "utf-8-sig")),
        "settings.json:1: It is UTF-8 with a byte order mark",
    ),
    "a manifest in UTF-16": (
        lambda folder: rewritten(folder / "manifest.json", text("", "", "utf-16")),
        "manifest.json:1: It is UTF-16",
    ),
    "an id that stands twice": (
        in_row("sales.jsonl", 6, id="1"),
        "sales.jsonl:6: id: There is one with this id already",
    ),
    "a day that stands twice": (
        in_row("days.jsonl", 2, business_day="2025-03-01"),
        "days.jsonl:2: business_day: There is one with this id already",
    ),
    "a date in the future": (
        in_row("sales.jsonl", 1, at="2199-03-01T10:11:12+01:00"),
        "sales.jsonl:1: at: It lies in the future",
    ),
    "a business day in the future": (
        in_row("sales.jsonl", 2, business_day="2199-03-01"),
        "sales.jsonl:2: business_day: It lies in the future",
    ),
    "a clock that was never set": (
        in_row("shifts.jsonl", 2, opened_at="1970-01-01T00:00:07Z"),
        "shifts.jsonl:2: opened_at: It lies before 1980",
    ),
    "the 30th of February": (
        in_row("days.jsonl", 2, business_day="2025-02-30"),
        "days.jsonl:2: business_day: There is no such day",
    ),
    "a time in a shop's own words": (
        in_row("sales.jsonl", 4, at="01.03.2025 10:11"),
        "sales.jsonl:4: at: Invalid RFC3339",
    ),
    "a link out of the folder": (
        out_of_the_folder,
        "sales.jsonl:1: It is a symbolic link",
    ),
    "a pipe, which never ends": (a_pipe, "sales.jsonl:1: It is not a file"),
    "a line that is too long": (
        in_file("sales.jsonl", lambda content: b"x" * LONG_LINE_BYTES + b"\n" + content),
        "sales.jsonl:1: The line is too long",
    ),
    "a text that is too long": (
        in_row("sales.jsonl", 3, reason="x" * 501),
        "sales.jsonl:3: reason: Expected `str` of length <= 500",
    ),
    "a name of a field that is endless": (
        in_row("sales.jsonl", 3, **{"x" * 10_000: 1}),
        "sales.jsonl:3: Object contains unknown field",
    ),
    "an amount that is no number": (
        in_file("sales.jsonl", swapped(b'"total_minor": 1190', b'"total_minor": NaN')),
        "sales.jsonl:1: total_minor: JSON is malformed",
    ),
    "an amount without end": (
        in_file("sales.jsonl", swapped(b'"total_minor": 1190', b'"total_minor": 1e999')),
        "sales.jsonl:1: lines[0].total_minor: ",
    ),
    "an amount with a comma": (
        in_file("sales.jsonl", swapped(b'"total_minor": 1190', b'"total_minor": 11,90')),
        "sales.jsonl:1: total_minor: JSON is malformed",
    ),
    "an amount larger than any till's": (
        in_row("sales.jsonl", 1, total_minor=10**15),
        "sales.jsonl:1: total_minor: Expected `int` <=",
    ),
    "zeros where a disk lost what was written": (
        in_file("sales.jsonl", swapped(b'"R-4"', b'"R-\0"')),
        "sales.jsonl:4: receipt: JSON is malformed",
    ),
    "a quantity below zero at a total above": (
        in_row("sales.jsonl", 1, lines=[line(1, 1190, quantity="-1")]),
        "sales.jsonl:1: lines[0].total_minor: At a price above zero",
    ),
    "a quantity of nothing": (
        in_row("sales.jsonl", 1, lines=[line(1, 1190, quantity="0.000")]),
        "sales.jsonl:1: lines[0].quantity: A quantity is not zero",
    ),
    "a kind of payment that nobody knows": (
        in_row("sales.jsonl", 1, tenders=[{"type": "cheque ", "amount_minor": 1190}]),
        "sales.jsonl:1: tenders[0].type: Invalid enum value",
    ),
    "a shift that is not in the export": (
        in_row("sales.jsonl", 5, shift="S7"),
        "sales.jsonl:5: shift: There is no such shift",
    ),
    "a sale put aside that gives something back": (
        in_row("suspended.jsonl", 1, lines=[line(1, -1190, quantity="-1")]),
        "suspended.jsonl:1: lines[0]: Only goods that are sold",
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_what_is_wrong_is_told_with_its_place_and_nothing_is_written(
    bare_till: Till, tmp_path: Path, what: str
) -> None:
    damage, told = CASES[what]
    folder = small().write(tmp_path / "old")
    damage(folder)
    at = ("--address", bare_till.address)
    before = head_seq(bare_till.calls)
    done = tillctl("import", "commit", str(folder), *at)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 1, said
    assert told in said
    assert len(said) < 10_000
    assert "\x1b" not in said
    assert head_seq(bare_till.calls) == before


def test_a_cent_more_than_the_old_tills_own_report_wants_a_word(
    bare_till: Till, tmp_path: Path
) -> None:
    folder = small().write(tmp_path / "old")
    in_row("shifts.jsonl", 1, totals={"receipts": 5, "payable_minor": 3519})(folder)
    before = head_seq(bare_till.calls)
    done = tillctl("import", "plan", str(folder), "--address", bare_till.address)
    assert done.returncode == 1
    told = "shifts.jsonl:1: shift S1: payable 35.19 EUR said, 35.18 EUR by its sales"
    assert told in " ".join(done.stdout.split())
    done = tillctl("import", "commit", str(folder), "--address", bare_till.address)
    assert done.returncode == 1
    assert "IMPORT_DIFFERS" in done.stderr
    assert head_seq(bare_till.calls) == before


def test_the_folder_that_all_of_them_began_as_is_a_good_one(bare: Till, tmp_path: Path) -> None:
    folder = small().write(tmp_path / "old")
    done = tillctl("import", "commit", str(folder), "--address", bare.address)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: None, "There is nothing at this path"),
        (lambda path: path.mkdir(), "No adapter knows what lies there"),
        (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(99)), "No adapter knows"),
        (lambda path: path.symlink_to("/dev/zero"), "No adapter knows what lies there"),
    ],
)
def test_a_path_without_an_export_is_said_so(
    bare_till: Till, tmp_path: Path, make: Damage, told: str
) -> None:
    make(tmp_path / "old")
    done = tillctl("import", "plan", str(tmp_path / "old"), "--address", bare_till.address)
    assert done.returncode == 2
    assert told in " ".join(done.stderr.split())

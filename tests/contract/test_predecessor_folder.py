"""The format of a predecessor's folder is a promise: what was exported once can be imported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.contract.predecessor_found import FOLDER, FOUND, found
from tests.support.predecessor import Folder, large, small
from tillhald.predecessor import records

BYTES_MAX = 100_000
MANIFEST = "manifest.json"
TABLES = {
    MANIFEST: records.OldManifest,
    "settings.json": records.OldSettings,
    "sales.jsonl": records.OldSale,
    "suspended.jsonl": records.OldSuspended,
    "shifts.jsonl": records.OldShift,
    "days.jsonl": records.OldDay,
}
# By file name or kind of tender: the names are values, not fields.
NAMED = {"files", "tenders"}


def shape(value: Any, at: str = "") -> set[str]:
    """Where in a value of JSON there is what kind of value."""
    match value:
        case dict():
            named = at.rpartition(".")[2] in NAMED
            keys = {key: "*" if named else key for key in value}
            inner = [shape(each, f"{at}.{keys[key]}") for key, each in value.items()]
        case list():
            inner = [shape(each, f"{at}[]") for each in value]
        case _:
            inner = []
    return {f"{at}: {type(value).__name__}"}.union(*inner)


def shapes(folder: Path) -> dict[str, set[str]]:
    """Of each file of a folder, over all its records."""
    kept = {}
    for path in folder.iterdir():
        content = path.read_text(encoding="utf-8")
        rows = content.splitlines() if path.suffix == ".jsonl" else [content]
        kept[path.name] = set[str]().union(*(shape(json.loads(row)) for row in rows))
    return kept


def test_the_golden_folder_is_read_as_it_was_when_it_was_exported() -> None:
    whole = found(FOLDER)
    assert whole["report"]["faults"] == []
    assert whole["report"]["differences"] == []
    assert json.loads(msgspec.json.encode(whole)) == json.loads(FOUND.read_text(encoding="utf-8"))


def test_the_golden_folder_is_small_and_has_every_field_of_the_format() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < BYTES_MAX
    there = shapes(FOLDER)
    assert set(there) == set(TABLES)
    for name, table in TABLES.items():
        fields = {
            each.split(":")[0].split("[")[0].split(".")[1] for each in there[name] if "." in each
        }
        assert fields == set(table.__struct_fields__), name
    lines = {each for each in there["sales.jsonl"] if each.startswith(".lines[].")}
    assert len(lines) == len(records.OldLine.__struct_fields__)
    tenders = {each for each in there["sales.jsonl"] if each.startswith(".tenders[].")}
    assert len(tenders) == len(records.OldTender.__struct_fields__)
    totals = {each for each in there["shifts.jsonl"] if each.startswith(".totals.")}
    assert {each.split(".")[2].split(":")[0] for each in totals} == set(
        records.TheirTotals.__struct_fields__
    )


@pytest.mark.parametrize("made", [small(), large(300, seed=5)], ids=["small", "large"])
def test_what_the_tests_make_has_the_shape_of_what_was_exported(
    tmp_path: Path, made: Folder
) -> None:
    golden = shapes(FOLDER)
    for name, kinds in shapes(made.write(tmp_path / "old")).items():
        assert kinds <= golden[name], name

"""Journals of every release can be read for ever, and mean what they meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import msgspec
import pytest

from tests.contract.records import (
    DISCOUNT,
    DOCUMENT,
    EVENT_CLASSES,
    LINE,
    TENDER,
    TOTALS,
    WHOLE,
    Plain,
    examples,
    plain,
    whole_record,
)
from tillhald.domain import events as ev

GOLDEN = sorted((Path(__file__).parent / "golden").glob("records_*.json"))


def entries_of(path: Path) -> list[dict[str, Plain]]:
    return cast("list[dict[str, Plain]]", json.loads(path.read_text(encoding="utf-8")))


def assert_holds(actual: Plain, expected: Plain, where: str) -> None:
    """All of `expected` is in `actual`; later releases may have added fields, and no more."""
    if isinstance(expected, dict):
        assert isinstance(actual, dict), where
        for name, value in expected.items():
            assert name in actual, f"{where}.{name} is gone"
            assert_holds(actual[name], value, f"{where}.{name}")
    elif isinstance(expected, list):
        assert isinstance(actual, list), where
        assert len(actual) == len(expected), where
        for at, (one, other) in enumerate(zip(actual, expected, strict=True)):
            assert_holds(one, other, f"{where}[{at}]")
    else:
        assert actual == expected, where
        assert type(actual) is type(expected), where


def test_the_release_s_own_file_is_there() -> None:
    assert "records_0_1_0.json" in [path.name for path in GOLDEN]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_records_of_a_release_still_mean_what_they_meant(path: Path) -> None:
    entries = entries_of(path)
    assert entries
    for at, entry in enumerate(entries):
        record = ev.decode_record(bytes.fromhex(str(entry["stored"])))
        assert_holds(plain(record), entry["means"], f"{path.stem}[{at}]")


def test_every_kind_of_fact_stands_in_a_golden_file() -> None:
    told = {
        event[""]
        for path in GOLDEN
        for entry in entries_of(path)
        if isinstance(means := entry["means"], dict) and isinstance(means["events"], list)
        for event in means["events"]
        if isinstance(event, dict)
    }
    assert told == {kind.__name__ for kind in EVENT_CLASSES}


def test_a_changed_meaning_is_seen() -> None:
    """The check itself: a lost field, another value and another kind are all found."""
    expected: Plain = {"a": 1, "b": [{"c": "x"}]}
    assert_holds({"a": 1, "b": [{"c": "x", "new": 0}]}, expected, "same")
    for changed in ({"b": [{"c": "x"}]}, {"a": True, "b": [{"c": "x"}]}, {"a": 1, "b": []}):
        with pytest.raises(AssertionError):
            assert_holds(cast("Plain", changed), expected, "changed")


@pytest.mark.parametrize("record", examples(), ids=lambda r: type(r.events[0]).__name__)
def test_every_fact_comes_back_from_the_journal_as_it_went(record: ev.Record) -> None:
    stored = ev.encode_record(record)
    assert ev.decode_record(stored) == record
    assert ev.encode_record(ev.decode_record(stored)) == stored


def test_the_examples_leave_out_no_kind_and_no_field() -> None:
    """So that the golden file holds each field's name and not only its default."""
    assert [type(event) for event in WHOLE] == list(EVENT_CLASSES)
    values: list[msgspec.Struct] = [*WHOLE, LINE, DISCOUNT, TENDER, TOTALS, *DOCUMENT.parts]
    values.append(whole_record(WHOLE[0]))
    for value in values:
        for field in msgspec.structs.fields(value):
            if not field.required:
                given = getattr(value, field.name)
                assert given != field.default, f"{type(value).__name__}.{field.name}"


@pytest.mark.parametrize(
    "body",
    [b"", b"\x80", b"not msgpack", ev.encode_record(examples()[0])[:-1], b"\xc1" * 9],
    ids=["empty", "no fields", "text", "torn", "garbage"],
)
def test_what_is_no_record_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        ev.decode_record(body)


def test_a_record_of_a_newer_release_is_not_half_read() -> None:
    """A fact that this release does not know must stop it: it cannot say what the shop holds."""
    unknown = msgspec.msgpack.encode({"wall_ms": 0, "events": [{"type": "Rebate", "x": 1}]})
    with pytest.raises(msgspec.ValidationError):
        ev.decode_record(unknown)
    more = msgspec.msgpack.encode(
        {"wall_ms": 5, "events": [{"type": "ClockCaughtUp", "why": "ntp"}], "shop": "x"}
    )
    assert ev.decode_record(more) == ev.Record(wall_ms=5, events=(ev.ClockCaughtUp(),))

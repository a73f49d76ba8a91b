"""Classes, statuses, sentences, the contract's comments and the reference speak of one set."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import NamedTuple

import grpc
import pytest

from tests.docs.pages import Row, code_in, page, rows
from tillhal import errors as client_errors
from tillhald.devices.categories import Evidence, Trouble
from tillhald.devices.errors import DeviceError
from tillhald.domain.errors import Refused
from tillhald.journal.errors import DiskReserve, Overloaded, StorageError
from tillhald.rpc.errors import ShuttingDown, code_of
from tillhald.rpc.messages import EN, ZH

REASONS = page("docs/reference/reasons.md")
COLUMNS = ("reason", "code", "meaning", "what to do")
AT_A_START = {"JOURNAL_IN_USE", "JOURNAL_EXISTS", "JOURNAL_MISSING"}
OF_DEVICES = {
    "DEVICE_OFFLINE",
    "DEVICE_TIMEOUT",
    "DEVICE_STUCK",
    "DEVICE_FAILED",
    "DEVICE_UNKNOWN",
}
OF_BUNDLES = {reason for reason in EN if reason.startswith("BUNDLE_")} | {"SLOT_FAILED"}
"""What `tillctl bundle` says. (An RPC that stages bundles takes them off this list.)"""
NOT_ANSWERED = AT_A_START | OF_DEVICES | OF_BUNDLES
"""What no RPC of this version is answered with."""

CODES = {code.name for code in grpc.StatusCode}


def all_below(kind: type[Exception]) -> set[type[Exception]]:
    return {kind}.union(*(all_below(child) for child in kind.__subclasses__()))


def classes() -> dict[str, set[type[Exception]]]:
    """The classes of each reason; those that only group others have Refused's own."""
    found: dict[str, set[type[Exception]]] = defaultdict(set)
    for base in (Refused, StorageError, DeviceError, Overloaded, DiskReserve, ShuttingDown):
        for kind in all_below(base):
            if kind.__module__.startswith("tillhald."):  # other tests make some of their own
                found[kind.reason].add(kind)  # type: ignore[attr-defined]
    del found[Refused.reason]
    return found


def documented() -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in rows(REASONS):
        if row.columns == COLUMNS:
            (reason,) = code_in(row.cells[0])
            assert reason not in found, f"{reason} stands twice"
            found[reason] = row
    return found


def code_names(kind: type[Exception]) -> str:
    code = code_of(kind.__new__(kind))
    assert code is not None, f"{kind.__name__} has no status"
    return code.name


def test_the_reference_lists_exactly_the_reasons_that_exist() -> None:
    assert set(documented()) == set(classes()) | {"INTERNAL"}


@pytest.mark.parametrize("reason", sorted(classes()))
def test_the_reference_names_the_status_that_the_table_gives(reason: str) -> None:
    given = {code_names(kind) for kind in classes()[reason]}
    assert set(code_in(documented()[reason].cells[1])) == given


def test_a_reason_has_a_meaning_and_what_can_be_done_stands_beside_it() -> None:
    for reason, row in documented().items():
        assert row.cells[2].endswith((".", "**")), reason
        assert row.cells[3], reason


@pytest.mark.parametrize("catalogue", [EN, ZH], ids=["en", "zh-CN"])
def test_there_is_a_sentence_for_every_reason_and_no_other(catalogue: dict[str, str]) -> None:
    assert set(catalogue) == set(documented())
    assert all(catalogue.values())
    assert len(set(catalogue)) == len(catalogue)


def test_the_chinese_sentences_are_chinese() -> None:
    for reason, sentence in ZH.items():
        assert re.search(r"[\u4e00-\u9fff]", sentence), reason
        assert EN[reason].isascii(), reason


def test_the_client_has_a_class_for_every_reason_that_a_call_is_answered_with() -> None:
    answered = set(documented()) - NOT_ANSWERED
    assert answered - set(client_errors.BY_REASON) == set()


# --- the comments of the contract


class Named(NamedTuple):
    """A reason in the comment of an RPC, and the status it stands behind."""

    rpc: str
    code: str
    reason: str


_RPC = re.compile(r"((?:^  //.*\n)+)^  rpc (\w+)\(", re.MULTILINE)
_WORD = re.compile(r"\b[A-Z][A-Z0-9_]{2,}\b")


def named_in(comment: str, rpc: str) -> list[Named]:
    found, code = [], ""
    for word in _WORD.findall(comment):
        if word in CODES and not word == code == "INTERNAL":  # the reason has the code's name
            code = word
        elif code and ("_" in word or word in ("CLAIMED", "INTERNAL")):
            found.append(Named(rpc, code, word))
    return found


def in_the_contract() -> list[Named]:
    found = []
    for proto in sorted(page("proto/tillhal/v1").glob("*.proto")):
        text = proto.read_text(encoding="utf-8")
        for comment, rpc in _RPC.findall(text):
            found += named_in(comment, f"{proto.stem}.{rpc}")
    types = page("proto/tillhal/v1/types.proto").read_text(encoding="utf-8")
    manners = types[: types.index("package ")]
    return found + named_in(manners, "types")


NAMED = in_the_contract()


@pytest.mark.parametrize("named", sorted(set(NAMED)), ids=lambda n: f"{n.rpc}-{n.reason}")
def test_a_reason_in_a_comment_exists_and_stands_behind_its_status(named: Named) -> None:
    row = documented()[named.reason]
    assert named.code in code_in(row.cells[1])


def test_every_reason_that_a_call_is_answered_with_is_named_in_the_contract() -> None:
    named = {each.reason for each in NAMED}
    assert set(documented()) - NOT_ANSWERED - named == set()


def test_a_comment_is_read_as_a_person_reads_it() -> None:
    comment = "// NOT_FOUND: SALE_NOT_FOUND, LINE_NOT_FOUND.\n// ABORTED: VERSION_CONFLICT."
    assert named_in(comment, "x") == [
        Named("x", "NOT_FOUND", "SALE_NOT_FOUND"),
        Named("x", "NOT_FOUND", "LINE_NOT_FOUND"),
        Named("x", "ABORTED", "VERSION_CONFLICT"),
    ]


# --- the words of jobs and kicks


def words() -> set[str]:
    found = [row for row in rows(REASONS) if row.columns == ("word", "seen at", "meaning")]
    return {code_in(row.cells[0])[0] for row in found}


def test_the_words_of_jobs_and_kicks_are_those_that_are_stored() -> None:
    stored = {trouble.value for trouble in Trouble} | {each.value.upper() for each in Evidence}
    for path in ("domain/startup.py", "service/effects.py"):
        text = page(f"daemon/tillhald/{path}").read_text()
        stored |= set(re.findall(r'"(TILL_[A-Z]+|TTL_[A-Z]+)"', text))
    assert words() == stored

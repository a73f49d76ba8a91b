"""The note of what may have left the till: believed only where it is sure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.shop import Shop, card, line
from tillhald.domain import events as ev
from tillhald.domain.rules import ShopRules
from tillhald.journal.format import StoredRecord
from tillhald.service.first_bytes import FirstBytes

if TYPE_CHECKING:
    from pathlib import Path

    from tillhald.domain.state import TillState

RUN = "0123456789abcdef"


class Records:
    """A journal in which one run has written everything."""

    def __init__(self, run: str) -> None:
        self._body = ev.encode_record(ev.Record(wall_ms=1, boot_id=run, events=()))

    def record(self, seq: int) -> StoredRecord:
        return StoredRecord(seq, b"", b"", self._body)


def begun() -> TillState:
    """One receipt has begun; its record is the last one."""
    shop = Shop(ShopRules(receipt_printer="front", receipt_ttl_s=60))
    shop.checkout("s1", (line(),), card(750))
    shop.note(ev.PrintStarted(job_id="receipt/1", cuts_before=7, cuts=1))
    return shop.state


def notes(path: Path, run: str = RUN, *, written_by: str = RUN) -> FirstBytes:
    return FirstBytes(path, run, Records(written_by))  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "api.sock.first-bytes"


def test_a_job_that_was_not_let_go_has_never_left(path: Path) -> None:
    state = begun()
    ours = notes(path)
    ours.begin(state.seq - 1)
    assert ours.are_noted
    assert notes(path, "next").never_left(state) == {"receipt/1"}
    ours.go(state.seq)
    assert notes(path, "next").never_left(state) == set()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_note_never_goes_back_to_an_earlier_job(path: Path) -> None:
    state = begun()
    ours = notes(path)
    ours.begin(state.seq - 1)
    ours.go(state.seq)
    ours.go(state.seq - 1)
    assert notes(path, "next").never_left(state) == set()


def test_a_job_that_another_run_began_is_in_doubt(path: Path) -> None:
    # An older version, which notes nothing, has printed since.
    state = begun()
    notes(path).begin(state.seq - 1)
    assert notes(path, "next", written_by="another").never_left(state) == set()


def test_after_the_machine_went_down_the_note_counts_for_nothing(path: Path) -> None:
    state = begun()
    notes(path).begin(state.seq - 1)
    _, _, boot, run, seq = path.read_text("ascii").split()
    path.write_text(f"tillhald-first-bytes 1 {boot[::-1]} {run} {seq}\n", "ascii")
    assert notes(path, "next").never_left(state) == set()


@pytest.mark.parametrize(
    "content",
    [b"", bytes(99), b"tillhald-first-bytes 1 a b\n", b"\xff\n"],
    ids=["empty", "zeros", "half", "no text"],
)
def test_what_cannot_be_read_counts_for_nothing(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert notes(path).never_left(begun()) == set()


def test_nothing_is_known_where_there_is_no_note(path: Path) -> None:
    assert notes(path).never_left(begun()) == set()


def test_without_a_place_for_notes_nothing_is_claimed(tmp_path: Path) -> None:
    ours = notes(tmp_path / "no such folder" / "note")
    ours.begin(1)
    assert not ours.are_noted
    ours.go(2)


def test_a_link_that_somebody_laid_there_is_not_followed(path: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine", "ascii")
    path.symlink_to(elsewhere)
    notes(path).begin(1)
    assert elsewhere.read_text("ascii") == "mine"
    assert not path.is_symlink()

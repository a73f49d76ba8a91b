"""A journal of other ids at a start: what was never used makes room, what was used does not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from bench.inprocess import fill
from bench.peers.tillhal import write_config
from bench.servers import free_port
from tillhald.config import load
from tillhald.domain.access import CredentialKind, Role
from tillhald.domain.data_rules import is_unused
from tillhald.domain.events import (
    DayOpened,
    OperatorPut,
    PinSet,
    Record,
    SetupCodeIssued,
    ShiftOpened,
    TillStarted,
    TokenIssued,
    WentLive,
)
from tillhald.domain.evolve import apply
from tillhald.domain.state import TillState
from tillhald.journal.meeting import Reading
from tillhald.service.opening import AnotherTill, open_for_shop

if TYPE_CHECKING:
    from pathlib import Path

    from tillhald.config import Config

NOW_MS = 1_767_225_600_000


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load(write_config(tmp_path, free_port()))


def of_shop(config: Config, store_id: str) -> Config:
    return replace(config, shop=replace(config.shop, store_id=store_id))


def start(config: Config, *, on_trial: bool = False) -> TillState:
    """What a start does with the journal; it is closed again."""
    opened, state = open_for_shop(config, now_ms=NOW_MS, on_trial=on_trial)
    assert opened.report.faults == ()
    assert opened.store.identity.store_id == config.shop.store_id
    opened.spill.close()
    opened.store.close()
    return state


def bytes_of(folder: Path) -> bytes:
    return (folder / "data.mdb").read_bytes()


def test_an_unused_journal_of_other_ids_is_kept_under_another_name(
    config: Config, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    start(of_shop(config, "wrong"))
    before = bytes_of(journal)
    start(config)
    assert bytes_of(tmp_path / "journal.unused-1") == before
    with Reading(str(journal)) as reading:
        assert reading.identity.store_id == config.shop.store_id
        assert reading.head.seq == 1
    # Once more, and back: nothing that was put aside is written over.
    start(of_shop(config, "wrong"))
    assert bytes_of(tmp_path / "journal.unused-1") == before
    assert (tmp_path / "journal.unused-2").exists()


def test_the_right_ids_leave_an_unused_journal_where_it_is(config: Config, tmp_path: Path) -> None:
    start(config)
    before = bytes_of(tmp_path / "journal")
    start(config)
    assert bytes_of(tmp_path / "journal") == before
    assert not list(tmp_path.glob("journal.unused-*"))


def test_cut_off_before_the_new_one_is_begun_the_next_start_begins_it(
    config: Config, tmp_path: Path
) -> None:
    start(of_shop(config, "wrong"))
    (tmp_path / "journal.spill").unlink()
    start(of_shop(config, "wrong"))
    (tmp_path / "journal.spill").unlink()
    (tmp_path / "journal").rename(tmp_path / "journal.unused-1")
    assert start(config).seq == 1


def test_what_has_sold_is_refused_and_stays_as_it_is(config: Config, tmp_path: Path) -> None:
    asyncio.run(fill(tmp_path, 1))
    before = bytes_of(tmp_path / "journal")
    with pytest.raises(AnotherTill, match="store_id"):
        start(of_shop(config, "wrong"))
    assert bytes_of(tmp_path / "journal") == before
    assert not list(tmp_path.glob("journal.unused-*"))


def test_a_pair_on_trial_proves_what_was_built_and_nothing_else(
    config: Config, tmp_path: Path
) -> None:
    start(of_shop(config, "wrong"))
    with pytest.raises(AnotherTill):
        start(config, on_trial=True)
    assert not list(tmp_path.glob("journal.unused-*"))


SETUP = (
    OperatorPut(operator="owner", role=Role.OWNER),
    SetupCodeIssued(operator="owner", digest="00" * 32),
)
"""What the till records by itself where people sign on."""


def after(*events: object) -> TillState:
    record = Record(wall_ms=NOW_MS, events=events)  # type: ignore[arg-type]  # of any kind
    return apply(TillState(), record, 1)


def test_what_the_till_notes_of_itself_is_no_use_of_it() -> None:
    assert is_unused(TillState())
    assert is_unused(after(*SETUP))
    assert is_unused(after(TillStarted(version="1", clean_shutdown=True)))


@pytest.mark.parametrize(
    "use",
    [
        OperatorPut(operator="anna", role=Role.CASHIER),
        PinSet(operator="owner", pin_hash="$argon2id$", by_code=True),
        TokenIssued(
            token_id="t", front_end="pos", kind=CredentialKind.TOKEN, digest="11" * 32, role=None
        ),
        DayOpened(business_day="2026-01-01", day_number=1),
        ShiftOpened(shift_id="s", shift_number=1, operator="anna", float_minor=0),
        WentLive(),
    ],
    ids=lambda use: type(use).__name__,
)
def test_whatever_a_person_has_done_is_use(use: object) -> None:
    assert is_unused(after(*SETUP))
    assert not is_unused(after(*SETUP, use))

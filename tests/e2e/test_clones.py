"""One backup runs on two machines, both sell, and it is found out when the two tills meet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import grpc
import pytest

from tests.e2e.test_backups import backup_toml, create
from tests.e2e.test_restore import plan, restore, sell, tillctl
from tests.support.answers import refusal_of
from tests.support.homes import HomeTill, a_home_till, homed
from tests.support.till import CALL_S_MAX, a_till, short_folder
from tillhal.v1 import backup_pb2, journal_pb2
from tillhald.journal.meeting import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.till import Calls, Till

SALES = 3
FOUND = ("journal_fork_found",)
SAME, GOES_ON, FORK, BEYOND, STRANGERS = (
    journal_pb2.JOURNAL_RELATION_SAME,
    journal_pb2.JOURNAL_RELATION_GOES_ON,
    journal_pb2.JOURNAL_RELATION_FORK,
    journal_pb2.JOURNAL_RELATION_BEYOND,
    journal_pb2.JOURNAL_RELATION_STRANGERS,
)


def last_of(calls: Calls) -> journal_pb2.JournalPosition:
    """What this till says of its own last record."""
    status = calls.journal.GetStatus(journal_pb2.JournalServiceGetStatusRequest())
    return journal_pb2.JournalPosition(
        chain_id=status.chain_id, seq=status.head_seq, hash=status.head_hash
    )


def verified(calls: Calls, *others: journal_pb2.JournalPosition) -> journal_pb2.VerifyResult:
    request = journal_pb2.VerifyRequest(others=others)
    return list(calls.journal.Verify(request, timeout=4 * CALL_S_MAX))[-1].result


def relations(result: journal_pb2.VerifyResult) -> list[journal_pb2.JournalRelation]:
    return [meeting.relation for meeting in result.meetings]


def assert_fork(result: journal_pb2.VerifyResult, seq: int) -> None:
    assert relations(result) == [FORK]
    assert not result.sound
    assert [(each.fault, each.seq) for each in result.findings] == [
        (journal_pb2.JOURNAL_FAULT_FORK, seq)
    ]
    assert "FORK" in result.findings[0].message


def records_of(calls: Calls) -> list[journal_pb2.JournalRecord]:
    found = []
    for item in calls.journal.WatchJournal(journal_pb2.WatchJournalRequest()):
        if item.HasField("caught_up"):
            break
        found.append(item.record)
    return found


def test_two_tills_from_one_backup_that_both_sell_are_a_fork_from_either_side() -> None:
    with (
        short_folder() as stick,
        a_home_till(more=backup_toml(stick)) as old,
        homed(HomeTill, expected=FOUND) as one,
        homed(HomeTill, expected=FOUND) as other,
    ):
        calls = old.start().calls
        sell(calls, SALES)
        file = stick / create(calls, backup_pb2.BACKUP_KIND_FULL).backup.file_name
        last_of_old = last_of(calls)
        old.kill()  # it is stolen
        for till in (one, other):
            till.start()
            assert restore(till, plan(till.calls, str(file)).plan_id).incarnation == 2
        here, there = one.another(), other.another()
        assert sell(here, 2) == [4, 5]
        assert sell(there, 1) == [4]
        _found_by_positions(here, there)
        _found_by_tillctl(one, other)
        # The controls. The old one noted that it made the backup, which is not in it; up to the
        # record before, what it had is what they have.
        with Reading(str(old.journal)) as reading:
            kept = last_of_old.seq - 1
            hash_kept = reading.hash_at(kept)
            assert hash_kept is not None
        before = journal_pb2.JournalPosition(
            chain_id=last_of_old.chain_id, seq=kept, hash=hash_kept
        )
        sound = verified(here, before, last_of(here))
        assert sound.sound
        assert relations(sound)[0] == GOES_ON
        assert relations(sound)[1] in (SAME, GOES_ON)
        assert_fork(verified(here, last_of_old), last_of_old.seq)


def _found_by_positions(here: Calls, there: Calls) -> None:
    seen = last_of(there)
    # Whoever has come as far as the other one's record can tell; sales bring each of them there.
    for _ in range(2 * SALES):
        if last_of(here).seq >= seen.seq:
            break
        result = verified(here, seen)
        assert (relations(result), result.sound) == ([BEYOND], True)
        sell(here, 1)
    assert_fork(verified(here, seen), seen.seq)
    seen = last_of(here)
    for _ in range(4 * SALES):
        if last_of(there).seq >= seen.seq:
            break
        sell(there, 1)
    assert_fork(verified(there, seen), seen.seq)


def _found_by_tillctl(one: HomeTill, other: HomeTill) -> None:
    here, there = records_of(one.another()), records_of(other.another())
    common = max(a.seq for a, b in zip(here, there, strict=False) if a.hash == b.hash)
    for ours, theirs in ((one, other), (other, one)):
        ask = ("journal", "verify", "--address", ours.address, "--with", theirs.address)
        done = tillctl(*ask, "--json")
        assert done.returncode == 1, done.stderr
        met = json.loads(done.stdout)
        assert (met["relation"], met["common"], met["differs"]) == ("fork", common, common + 1)
        assert (met["here_incarnation"], met["there_incarnation"]) == (2, 2)
        for side, till in (("here_since", ours), ("there_since", theirs)):
            sold = till.another().backup.GetDataStatus(backup_pb2.GetDataStatusRequest())
            assert met[side]["sales"] == sold.totals.sales - SALES
            assert met[side]["first_receipt"] == SALES + 1
            assert met[side]["last_receipt"] == sold.totals.sales
        told = tillctl(*ask)
        print(told.stdout)
        assert told.returncode == 1
        assert f"up to record {common}" in told.stdout
        assert "take one machine out of use" in told.stdout
        assert "Given twice: receipts 4 to " in told.stdout


@pytest.fixture
def till() -> Iterator[Till]:
    with a_till() as till:
        till.start()
        yield till


def test_a_till_and_itself_or_a_stranger_are_no_fork(till: Till) -> None:
    ask = ("journal", "verify", "--address", till.address, "--with")
    same = tillctl(*ask, till.address, "--json")
    assert same.returncode == 0, same.stderr
    assert json.loads(same.stdout)["relation"] in ("same", "goes_on")
    with a_till() as stranger:
        stranger.start()
        met = tillctl(*ask, stranger.address)
        assert met.returncode == 0, met.stderr
        assert "nothing in common" in met.stdout
        result = verified(till.calls, last_of(stranger.calls))
        assert (relations(result), result.sound) == ([STRANGERS], True)
    gone = tillctl(*ask, stranger.address)
    assert (gone.returncode, gone.stdout) == (2, "")
    assert stranger.address in gone.stderr
    mixed = tillctl(*ask, till.address, "--folder", str(till.folder / "journal"))
    assert mixed.returncode == 2
    assert "--folder" in mixed.stderr


def test_a_position_that_cannot_be_one_is_refused_with_its_field(till: Till) -> None:
    good = last_of(till.calls)
    wrong = {
        "chain_id": good.chain_id[:-1],
        "seq": 0,
        "hash": good.hash + b"\0",
    }
    for field, value in wrong.items():
        bad = journal_pb2.JournalPosition()
        bad.CopyFrom(good)
        setattr(bad, field, value)
        with pytest.raises(grpc.RpcError) as caught:
            verified(till.calls, good, bad)
        refusal = refusal_of(caught.value)
        assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", [f"others[1].{field}"])
    with pytest.raises(grpc.RpcError) as caught:
        verified(till.calls, *[good] * 17)
    assert refusal_of(caught.value).fields == ["others"]
    assert len(verified(till.calls, *[good] * 16).meetings) == 16

"""Planning and building a restore, a clean and a copy: the programs, on journals of real shops."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from bench.inprocess import fill
from tests.support.backups import OWNER, STRANGER, made, run, shop_journal
from tillhald.backup.changes import (
    Built,
    CleanOrder,
    Compared,
    CopyOrder,
    PlanOrder,
    RestoreOrder,
)
from tillhald.backup.plan import state_at
from tillhald.domain.backup_rules import totals_of
from tillhald.domain.data import NumbersGiven
from tillhald.domain.data_rules import numbers_of
from tillhald.domain.events import DataCleaned, DataRestored
from tillhald.domain.switches import WorkKind
from tillhald.journal.meeting import Reading, Relation, meet
from tillhald.journal.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from tillhald.backup.words import Line
    from tillhald.domain.state import TillState

SALES = 30
SALES_MORE = 7
AT_MS = 1_767_225_600_000


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`before`: a shop, backed up to `stick`; `after`: the same one, gone on and backed up again;
    `other`: the same backup restored elsewhere, gone on by itself; `fresh`: another machine's."""
    folder = tmp_path_factory.mktemp("shops")
    shop_journal(folder / "before", SALES)
    stick = folder / "stick"
    stick.mkdir()
    made(folder / "before" / "journal", stick)
    for name in ("after", "other"):
        shutil.copytree(folder / "before", folder / name)
        asyncio.run(fill(folder / name, SALES_MORE))
    shop_journal(folder / "fresh", 0)
    return folder


def plan_order(shops: Path, here: str, path: Path, **more: str) -> PlanOrder:
    journal = shops / here / "journal"
    with Reading(str(journal)) as reading:
        identity = reading.identity
        currency = state_at(reading, reading.head.seq).currency
    return PlanOrder(
        path=str(path),
        secrets=(more.get("secret", str(OWNER)),),
        journal=str(journal),
        scratch=str(shops / f"scratch-{here}"),
        store_id=more.get("store_id", identity.store_id),
        workstation_id=identity.workstation_id,
        currency=more.get("currency", currency),
        configuration=more.get("configuration", ""),
    )


def planned(shops: Path, here: str, path: Path) -> tuple[Line, Compared]:
    line = run("plan", plan_order(shops, here, path))
    assert line.compared is not None, line
    assert not (shops / f"scratch-{here}").exists()
    return line, line.compared


def state_of(journal: Path) -> TillState:
    with Reading(str(journal)) as reading:
        return state_at(reading, reading.head.seq)


def test_what_was_sold_since_the_backup_is_named_to_the_sale(shops: Path) -> None:
    before, after = state_of(shops / "before" / "journal"), state_of(shops / "after" / "journal")
    _, compared = planned(shops, "after", shops / "stick")
    lost = compared.lost
    assert (compared.relation, compared.common) == (Relation.GOES_ON, before.seq)
    assert lost.sales == SALES_MORE
    assert lost.sales_minor == totals_of(after).sales_minor - totals_of(before).sales_minor
    assert (lost.first_receipt, lost.last_receipt) == (SALES + 1, SALES + SALES_MORE)
    assert [sale.receipt_number for sale in lost.named] == list(
        range(SALES + 1, SALES + SALES_MORE + 1)
    )
    assert sum(sale.payable_minor for sale in lost.named) == lost.sales_minor
    assert lost.is_business
    assert not compared.gained.is_business
    assert compared.totals == totals_of(before)
    assert compared.here == totals_of(after)


def test_a_backup_of_what_is_here_loses_nothing(shops: Path) -> None:
    _, compared = planned(shops, "before", shops / "stick")
    assert compared.relation is Relation.SAME
    assert (compared.lost.records, compared.gained.records) == (0, 0)


def test_on_a_fresh_machine_everything_is_gained_and_nothing_lost(shops: Path) -> None:
    _, compared = planned(shops, "fresh", shops / "stick")
    assert compared.relation is Relation.STRANGERS
    assert not compared.lost.is_business
    assert compared.gained.sales == SALES


def test_two_tills_that_went_on_from_one_backup_are_a_fork(shops: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    made(shops / "other" / "journal", stick)
    before = state_of(shops / "before" / "journal")
    _, compared = planned(shops, "after", stick)
    assert (compared.relation, compared.common) == (Relation.FORK, before.seq)
    assert compared.lost.sales == compared.gained.sales == SALES_MORE


def test_an_older_till_is_told_what_the_backup_has_beyond_it(shops: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    made(shops / "after" / "journal", stick)
    _, compared = planned(shops, "before", stick)
    assert compared.relation is Relation.ENDS_EARLIER
    assert compared.gained.sales == SALES_MORE
    assert not compared.lost.is_business


def test_the_newest_set_is_taken_and_an_increment_brings_what_it_follows(
    shops: Path, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    full = made(shops / "before" / "journal", stick).made
    increment = made(shops / "after" / "journal", stick, full).made
    assert full is not None
    assert increment is not None
    for path in (stick, stick / increment.file_name):
        line, compared = planned(shops, "after", path)
        assert [found.backup_id for found in line.found or []] == [
            full.backup_id,
            increment.backup_id,
        ]
        assert compared.relation is Relation.SAME
    (stick / full.file_name).unlink()
    line = run("plan", plan_order(shops, "after", stick / increment.file_name))
    assert line.refused == "BACKUP_NOT_FOUND"


@pytest.mark.parametrize("left", [0.9, 0.5, 0.0])
def test_what_is_not_whole_at_the_end_of_a_set_is_named_and_passed_over(
    shops: Path, tmp_path: Path, left: float
) -> None:
    """`left`: how much of it. Cut off before its end, its front says still whose it is."""
    stick = tmp_path / "stick"
    stick.mkdir()
    full = made(shops / "before" / "journal", stick).made
    increment = made(shops / "after" / "journal", stick, full).made
    assert full is not None
    assert increment is not None
    whole = (stick / increment.file_name).read_bytes()
    (stick / increment.file_name).write_bytes(whole[: int(len(whole) * left)])
    (stick / f"{increment.file_name}.part").write_bytes(b"")
    line, compared = planned(shops, "after", stick)
    assert [found.backup_id for found in line.found or []] == [full.backup_id]
    assert compared.not_whole == (increment.file_name,)
    # Another till's is nobody's loss here; one that nobody can tell may be this till's.
    line = run("plan", plan_order(shops, "after", stick, store_id="another"))
    assert line.refused == "BACKUP_NOT_FOUND"
    assert (f"passed over: {increment.file_name}." in line.sentence) is (not left)
    # Named by itself, the backup is what was asked for; and a folder without a fault has none.
    assert planned(shops, "after", stick / full.file_name)[1].not_whole == ()
    (stick / increment.file_name).write_bytes(whole)
    assert planned(shops, "after", stick)[1].not_whole == ()


def test_a_gap_that_a_broken_file_made_is_said_with_its_name(shops: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    full = made(shops / "before" / "journal", stick).made
    middle = made(shops / "after" / "journal", stick, full).made
    assert middle is not None
    shutil.copytree(shops / "after", tmp_path / "later")
    asyncio.run(fill(tmp_path / "later", 1))
    made(tmp_path / "later" / "journal", stick, middle)
    (stick / middle.file_name).write_bytes(b"tlbackup")
    line = run("plan", plan_order(shops, "after", stick))
    assert line.refused == "BACKUP_NOT_FOUND"
    assert f"Not whole, and passed over: {middle.file_name}." in line.sentence


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"store_id": "another"}, "BACKUP_NOT_FOUND"),
        ({"currency": "CHF"}, "RESTORE_OTHER_TILL"),
        ({"secret": str(STRANGER)}, "BACKUP_KEY_WRONG"),
    ],
)
def test_another_till_or_key_is_refused_with_a_reason(
    shops: Path, how: dict[str, str], reason: str
) -> None:
    line = run("plan", plan_order(shops, "after", shops / "stick", **how))
    assert line.refused == reason
    assert not (shops / "scratch-after").exists()


def test_another_tills_backup_is_refused_by_its_name(shops: Path) -> None:
    (file,) = (shops / "stick").iterdir()
    line = run("plan", plan_order(shops, "after", file, store_id="another"))
    assert line.refused == "RESTORE_OTHER_TILL"


def test_differences_of_the_configuration_are_named_without_their_values(
    shops: Path, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    there = '{"shop": {"name": "Old", "code": 1}, "only": "hidden"}'
    made(shops / "before" / "journal", stick, **{"configuration.json": there})
    here = '{"shop": {"name": "New", "code": 1}}'
    line = run("plan", plan_order(shops, "before", stick, configuration=here))
    assert line.compared is not None
    assert line.compared.differences == ("only", "shop.name")
    assert line.compared.travelled == ("configuration.json",)


# --- building


def restore_order(line: Line, building: Path, **more: object) -> RestoreOrder:
    compared = line.compared
    assert compared is not None
    building.mkdir()
    return RestoreOrder(
        files=compared.files,
        sha256s=tuple(found.sha256 for found in line.found or []),
        secrets=(str(OWNER),),
        building=str(building),
        restored=DataRestored(
            work_id="ab" * 16,
            request_id="r",
            backup_id="b",
            backup_seq=0,
            backup_hash="",
            from_incarnation=1,
            incarnation=2,
            lost=compared.lost,
            numbers=NumbersGiven(receipts=SALES + SALES_MORE, shifts=9),
            **more,  # type: ignore[arg-type]
        ),
        at_ms=AT_MS,
    )


def built(order: RestoreOrder) -> Built:
    line = run("restore", order)
    assert line.built is not None, line
    return line.built


def test_a_restored_generation_is_whole_and_says_what_it_is(shops: Path, tmp_path: Path) -> None:
    line, _ = planned(shops, "after", shops / "stick")
    done = built(restore_order(line, tmp_path / "gen"))
    journal = tmp_path / "gen" / "journal"
    assert verify(str(journal), lambda _done, _total: None).last_seq == done.seq
    before, after = state_of(shops / "before" / "journal"), state_of(journal)
    with Reading(str(journal)) as there, Reading(str(shops / "before" / "journal")) as here:
        assert there.identity == replace(here.identity, incarnation=2)
        assert meet(there, here) == (Relation.GOES_ON, before.seq)
        assert there.head.hash.hex() == done.head_hash
    assert totals_of(after) == done.totals
    # All money is as it was; numbers go on behind those that the lost sales had.
    assert replace(done.totals, receipts_given=0, shifts_opened=0) == replace(
        totals_of(before), receipts_given=0, shifts_opened=0
    )
    assert numbers_of(after) == replace(numbers_of(before), receipts=SALES + SALES_MORE, shifts=9)
    (change,) = after.data.changes
    assert (change.kind, change.incarnation, change.lost.sales) == (WorkKind.RESTORE, 2, SALES_MORE)
    # No deed that waited then is done now by itself.
    assert after.jobs == after.kicks == {}
    waited = {*before.jobs, *before.unresolved}
    assert waited <= {*after.unresolved}


def test_no_number_is_given_twice_after_a_loss(shops: Path, tmp_path: Path) -> None:
    line, _ = planned(shops, "after", shops / "stick")
    built(restore_order(line, tmp_path / "gen"))
    asyncio.run(fill(tmp_path / "gen", 3))
    after = state_of(tmp_path / "gen" / "journal")
    assert after.receipts_given == SALES + SALES_MORE + 3
    assert (
        verify(str(tmp_path / "gen" / "journal"), lambda _done, _total: None).last_seq == after.seq
    )


def test_a_live_till_stays_live_whatever_is_restored(shops: Path, tmp_path: Path) -> None:
    line, _ = planned(shops, "after", shops / "stick")
    built(restore_order(line, tmp_path / "gen", went_live_ms=AT_MS))
    assert state_of(tmp_path / "gen" / "journal").data.went_live_ms == AT_MS


def test_a_file_that_is_another_one_now_is_not_restored(shops: Path, tmp_path: Path) -> None:
    line, _ = planned(shops, "after", shops / "stick")
    order = restore_order(line, tmp_path / "gen")
    order.sha256s = ("00" * 32,)
    assert run("restore", order).refused == "PLAN_STALE"
    assert not (tmp_path / "gen" / "journal").exists()


def test_a_flipped_bit_is_refused_before_anything_is_built(shops: Path, tmp_path: Path) -> None:
    line, compared = planned(shops, "after", shops / "stick")
    (name,) = compared.files
    copy = tmp_path / "copy.tbk"
    content = bytearray((shops / "stick" / name).read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    order = restore_order(line, tmp_path / "gen")
    order.files = (str(copy),)
    assert run("restore", order).refused == "BACKUP_CORRUPT"
    assert not (tmp_path / "gen").exists()


def test_a_clean_keeps_people_and_devices_and_names_what_was(shops: Path, tmp_path: Path) -> None:
    journal = shops / "after" / "journal"
    before = state_of(journal)
    order = CleanOrder(
        journal=str(journal),
        building=str(tmp_path),
        cleaned=DataCleaned(
            work_id="cd" * 16, request_id="r", before_chain_id="", before_seq=0, before_hash=""
        ),
        at_ms=AT_MS,
        map_bytes=4 << 20,
    )
    line = run("clean", order)
    assert line.built is not None, line
    after = state_of(tmp_path / "journal")
    assert (after.seq, line.built.seq, after.receipts_given, after.sales) == (1, 1, 0, {})
    assert totals_of(after) == line.built.totals
    assert after.access.operators == before.access.operators
    assert after.access.tokens == before.access.tokens
    assert after.statistics == before.statistics
    assert after.currency == before.currency
    (change,) = after.data.changes
    assert (change.kind, change.totals) == (WorkKind.CLEAN, totals_of(before))
    with Reading(str(tmp_path / "journal")) as clean, Reading(str(journal)) as old:
        assert meet(clean, old).relation is Relation.STRANGERS
        assert replace(clean.identity, chain_id=b"", created_ms=0) == replace(
            old.identity, chain_id=b"", created_ms=0
        )


def test_a_copy_of_a_journal_is_the_journal(shops: Path, tmp_path: Path) -> None:
    journal = shops / "after" / "journal"
    safety = tmp_path / "safety"
    for name in ("old", "older", "one"):
        order = CopyOrder(journal=str(journal), to=str(safety / name), copies_max=2)
        line = run("journal_copy", order)
        assert line.built is not None, line
    with Reading(str(tmp_path / "safety" / "one")) as copy, Reading(str(journal)) as old:
        assert meet(copy, old).relation is Relation.SAME
    # Of those before, the ones that sort first are gone.
    assert sorted(path.name for path in safety.iterdir()) == ["older", "one"]

"""A till that is backed up while it sells, and everything that a backup must hold."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from tests.support.answers import head_seq, journal_records, refusal_of
from tests.support.backups import ESCROW, OWNER, STRANGER, checked
from tests.support.sales import cash_sale, line, name, new_id
from tests.support.till import Till, a_till, short_folder
from tests.unit.backup.test_sets import restored, stored
from tillhal.v1 import backup_pb2 as pb
from tillhal.v1 import checkout_pb2
from tillhald.domain.events import decode_record
from tillhald.domain.evolve import apply
from tillhald.domain.state import TillState
from tillhald.journal.format import BODY_AT
from tillhald.journal.store import Store
from tillhald.service.opening import restored_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.till import Calls


@pytest.fixture
def stick() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture
def till(stick: Path) -> Iterator[Till]:
    """A till with a printer and a drawer, that backs up to `stick`."""
    extra = stick.with_name(f"{stick.name}.keys.json")
    extra.write_text('{"F1": "coffee"}')
    with (
        VirtualPrinter(drawer=VirtualDrawer()) as printer,
        a_till(printer=printer, more=backup_toml(stick, extra)) as till,
    ):
        yield till.start()
    extra.unlink()


def backup_toml(folder: Path, extra: Path | None = None) -> str:
    also = f'also = {{ "keys.json" = "{extra}" }}\n' if extra else ""
    return (
        f'[backup]\nfolder = "{folder}"\nother_disk = false\n{also}'
        f'recipients = ["{OWNER.to_public()}", "{ESCROW.to_public()}"]\n'
    )


def create(
    calls: Calls, kind: pb.BackupKind = pb.BACKUP_KIND_UNSPECIFIED, request_id: str = ""
) -> pb.BackupResult:
    request = pb.CreateBackupRequest(request_id=request_id or new_id(), kind=kind)
    steps = list(calls.backup.CreateBackup(request))
    assert all(step.HasField("progress") for step in steps[:-1])
    return steps[-1].result


def drill(calls: Calls, identity: str = "") -> pb.RestoreDrillResult:
    request = pb.RunRestoreDrillRequest(request_id=new_id(), identity=identity)
    return list(calls.backup.RunRestoreDrill(request))[-1].result


def reason_of(stream: object) -> str:
    """The reason that a stream ends with."""
    with pytest.raises(grpc.RpcError) as caught:
        list(stream)  # type: ignore[call-overload]  # a stream of any kind
    return refusal_of(caught.value).reason


def suspend_one(calls: Calls) -> str:
    sale_id = name()
    head = {"request_id": new_id(), "sale_id": sale_id}
    calls.checkout.OpenSale(checkout_pb2.OpenSaleRequest(**head))
    put = checkout_pb2.PutLineRequest(
        request_id=new_id(), sale_id=sale_id, expected_version=1, line=line()
    )
    calls.checkout.PutLine(put)
    calls.checkout.SuspendSale(
        checkout_pb2.SuspendSaleRequest(
            request_id=new_id(), sale_id=sale_id, expected_version=2, note="fetches money"
        )
    )
    return sale_id


def test_a_backup_holds_everything_that_the_till_knows(till: Till, stick: Path) -> None:
    """Item by item: identity, parameters, templates, peripherals, keys, sales, shifts, days,
    suspended and unfinished sales, answers to requests, and what the devices' state is."""
    calls = till.calls
    sold = cash_sale()
    calls.checkout.Checkout(sold)
    suspended = suspend_one(calls)
    unfinished = name()
    calls.checkout.OpenSale(checkout_pb2.OpenSaleRequest(request_id=new_id(), sale_id=unfinished))
    result = create(calls, pb.BACKUP_KIND_FULL)
    till.stop()
    file = stick / result.backup.file_name
    taker = restored(file)

    # Identity, and every record and row to the last bit.
    (found,) = checked(file).found or []
    assert (found.store_id, found.workstation_id, found.incarnation) == ("store-7", "till-3", 1)
    journal = till.folder / "journal"
    wanted = stored(journal, result.backup.last_seq)
    assert taker.by_seq == wanted.by_seq
    rows = {key: value for key, value in taker.by_key.items() if key[0] != "checkpoints"}
    assert wanted.by_key.items() <= rows.items()
    assert ("requests", sold.request_id.encode()) in rows

    # Parameters, templates, peripherals, the front end's keys.
    configuration = json.loads(taker.files["configuration.json"])
    assert configuration["receipt"]["header"] == ["THE CORNER SHOP"]
    assert set(configuration["devices"]) == {"front_printer", "front_drawer"}
    assert taker.files["till.toml"] == till.config.read_bytes()
    assert taker.files["keys.json"] == b'{"F1": "coffee"}'

    # Suspended and unfinished sales, shift, day, totals.
    totals = result.backup.totals
    assert (totals.sales, totals.live_sales, totals.suspended_sales) == (1, 2, 1)
    assert (totals.days, totals.shifts, totals.cash_minor) == (1, 1, 750)
    assert found.totals is not None
    assert found.totals.cash_minor == 750
    assert suspended.encode() in b"".join(taker.by_seq.values())
    assert unfinished.encode() in b"".join(taker.by_seq.values())


def test_the_till_sells_on_and_increments_bring_what_came_since(till: Till, stick: Path) -> None:
    calls = till.calls
    calls.checkout.Checkout(cash_sale())
    full = create(calls).backup
    assert full.kind == pb.BACKUP_KIND_FULL
    calls.checkout.Checkout(cash_sale())
    more = create(calls).backup
    assert (more.kind, more.follows) == (pb.BACKUP_KIND_INCREMENT, full.backup_id)
    assert more.first_seq == full.last_seq + 1
    listed = calls.backup.ListBackups(pb.ListBackupsRequest())
    assert [each.file_name for each in listed.backups] == [more.file_name, full.file_name]
    assert listed.free_bytes > 0

    proven = drill(calls)
    assert list(proven.file_names) == [full.file_name, more.file_name]
    assert proven.totals.sales == 2
    assert not (till.folder / "journal.drill").exists()
    status = calls.backup.GetDataStatus(pb.GetDataStatusRequest())
    assert status.drill_seq == more.last_seq
    assert status.last_backup.backup_id == more.backup_id
    assert status.receipts_since == 0
    assert list(status.recipients) == [str(OWNER.to_public()), str(ESCROW.to_public())]
    facts = [event.kind for record in journal_records(calls) for event in record.events]
    assert facts.count("BackupDone") == 2
    assert "RestoreDrillDone" in facts


def test_a_retry_gets_the_same_backup_also_after_a_restart(till: Till) -> None:
    request_id = new_id()
    first = create(till.calls, request_id=request_id)
    again = create(till.calls, request_id=request_id)
    assert (first.replayed, again.replayed) == (False, True)
    till.restart()
    later = create(till.calls, request_id=request_id)
    assert later.replayed
    assert again.backup == later.backup == first.backup
    request = pb.CreateBackupRequest(request_id=cash_sale_id(till.calls))
    assert reason_of(till.calls.backup.CreateBackup(request)) == "REQUEST_ID_REUSED"


def cash_sale_id(calls: Calls) -> str:
    sale = cash_sale()
    calls.checkout.Checkout(sale)
    return sale.request_id


def test_a_caller_that_hangs_up_does_not_end_the_backup(till: Till, stick: Path) -> None:
    request_id = new_id()
    stream = till.calls.backup.CreateBackup(pb.CreateBackupRequest(request_id=request_id))
    next(stream)
    stream.cancel()
    result = create(till.calls, request_id=request_id)
    assert (stick / result.backup.file_name).exists()
    assert len(list(stick.glob("*.tbk"))) == 1


def test_a_till_that_is_stopped_meanwhile_stops_in_time_and_leaves_no_backup_that_counts(
    till: Till, stick: Path
) -> None:
    before = create(till.calls).backup.file_name
    stream = till.calls.backup.CreateBackup(pb.CreateBackupRequest(request_id=new_id()))
    next(stream)
    till.stop()
    assert all(checked(path).found for path in stick.glob("*.tbk"))
    till.start()
    after = create(till.calls, pb.BACKUP_KIND_FULL).backup.file_name
    assert list(stick.glob("*.part")) == []
    assert after in {path.name for path in stick.iterdir()}
    assert before != after


def test_after_a_restart_a_drill_needs_the_owners_key_and_forgets_it(till: Till) -> None:
    till.calls.checkout.Checkout(cash_sale())
    create(till.calls)
    till.restart()
    calls = till.calls
    ask = pb.RunRestoreDrillRequest
    assert reason_of(calls.backup.RunRestoreDrill(ask(request_id=new_id()))) == "BACKUP_KEY_NEEDED"
    for wrong in (str(STRANGER), "rubbish"):
        request = ask(request_id=new_id(), identity=wrong)
        assert reason_of(calls.backup.RunRestoreDrill(request)) == "BACKUP_KEY_WRONG"
    assert drill(calls, str(ESCROW)).totals.sales == 1
    assert str(ESCROW)[20:] not in till.log_text()
    till.stop()
    files = [path for path in till.folder.rglob("*") if path.is_file()]
    assert all(str(ESCROW)[20:].encode() not in path.read_bytes() for path in files)
    assert all(b"AGE-SECRET" not in path.read_bytes() for path in files)


def test_a_spoilt_backup_is_said_to_be_corrupt_and_the_drill_fails_on_record(
    stick: Path,
) -> None:
    with a_till(more=backup_toml(stick), expected={"restore_drill_failed"}) as till:
        calls = till.start().calls
        calls.checkout.Checkout(cash_sale())
        made = create(calls).backup
        check = pb.CheckBackupRequest(file_name=made.file_name)
        result = list(calls.backup.CheckBackup(check))[-1].result
        assert (result.opened, result.signed_here) == (True, True)
        path = stick / made.file_name
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 2] ^= 4
        path.write_bytes(raw)
        assert reason_of(calls.backup.CheckBackup(check)) == "BACKUP_CORRUPT"
        request = pb.RunRestoreDrillRequest(request_id=new_id())
        assert reason_of(calls.backup.RunRestoreDrill(request)) == "BACKUP_CORRUPT"
        last = journal_records(calls)[-1].events[0]
        assert last.kind == "RestoreDrillDone"
        assert json.loads(last.facts_json)["passed"] is False


def test_a_stick_that_is_not_in_is_said_so_and_remembered(till: Till, stick: Path) -> None:
    calls = till.calls
    away = stick.with_name(f"{stick.name}-away")
    stick.rename(away)
    try:
        request = pb.CreateBackupRequest(request_id=new_id())
        assert reason_of(calls.backup.CreateBackup(request)) == "BACKUP_TARGET_MISSING"
        status = calls.backup.GetDataStatus(pb.GetDataStatusRequest())
        assert status.failing == "BACKUP_TARGET_MISSING"
        assert "stick" in status.folder_trouble
        assert not stick.exists()
    finally:
        away.rename(stick)
    # The same request tries anew: nothing was granted.
    assert not create(calls, request_id=request.request_id).replayed
    assert calls.backup.GetDataStatus(pb.GetDataStatusRequest()).failing == ""


def test_names_that_lead_elsewhere_and_other_files_are_not_looked_at(
    till: Till, stick: Path
) -> None:
    def asked(name: str) -> str:
        return reason_of(till.calls.backup.CheckBackup(pb.CheckBackupRequest(file_name=name)))

    for wrong in ("", "/", "../till.toml", "/etc/passwd", "deeper/x.tbk", f"{stick}/../x.tbk"):
        assert asked(wrong) == "FIELD_INVALID", wrong
    (stick / "till.toml").write_text("")
    for missing in ("a.tbk", "till.toml", "..", f"{stick}/a.tbk", f"{stick}/x/../till.toml"):
        assert asked(missing) == "BACKUP_NOT_FOUND", missing


def test_a_backup_is_checked_by_its_name_and_by_its_path(till: Till, stick: Path) -> None:
    name = create(till.calls, pb.BACKUP_KIND_FULL).backup.file_name
    for said in (name, f"{stick}/{name}", f"{stick}//./{name}"):
        steps = list(till.calls.backup.CheckBackup(pb.CheckBackupRequest(file_name=said)))
        assert steps[-1].result.backup.file_name == name


def test_a_till_without_a_folder_says_that_backups_are_not_configured() -> None:
    with a_till() as till:
        calls = till.start().calls
        request = pb.CreateBackupRequest(request_id=new_id())
        assert reason_of(calls.backup.CreateBackup(request)) == "BACKUP_NOT_CONFIGURED"
        with pytest.raises(grpc.RpcError) as caught:
            calls.backup.ListBackups(pb.ListBackupsRequest())
        assert refusal_of(caught.value).reason == "BACKUP_NOT_CONFIGURED"
        status = calls.backup.GetDataStatus(pb.GetDataStatusRequest())
        assert (status.folder, status.records_since) == ("", head_seq(calls))


def test_killed_before_it_is_on_record_a_backup_is_whole_and_the_request_makes_another(
    stick: Path,
) -> None:
    with a_till(more=backup_toml(stick)) as till:
        till.start("backup.before_done")
        request_id = new_id()
        with contextlib.suppress(grpc.RpcError):
            create(till.calls, request_id=request_id)
        till.await_killed()
        (first,) = stick.glob("*.tbk")
        assert checked(first).found
        till.start()
        assert not till.calls.backup.GetDataStatus(pb.GetDataStatusRequest()).HasField(
            "last_backup"
        )
        second = create(till.calls, request_id=request_id)
        assert not second.replayed
        # Of one business day the newest stays: the one that nobody was told of may go.
        assert [path.name for path in stick.glob("*.tbk")] == [second.backup.file_name]
        assert first.name != second.backup.file_name


def test_a_program_that_dies_is_a_backup_that_failed_and_the_till_sells_on(stick: Path) -> None:
    with a_till(more=backup_toml(stick)) as till:
        till.start("backup.part_synced")
        request = pb.CreateBackupRequest(request_id=new_id())
        assert reason_of(till.calls.backup.CreateBackup(request)) == "BACKUP_FAILED"
        till.calls.checkout.Checkout(cash_sale())
        assert list(stick.glob("*.tbk")) == []


def test_what_is_restored_is_the_state_that_was_there(till: Till, stick: Path) -> None:
    """Not only totals: the whole state, from the rows and records of the backup alone."""
    calls = till.calls
    calls.checkout.Checkout(cash_sale())
    suspend_one(calls)
    result = create(calls, pb.BACKUP_KIND_FULL)
    till.stop()
    taker = restored(stick / result.backup.file_name)
    state = TillState()
    for seq, envelope in sorted(taker.by_seq.items()):
        state = apply(state, decode_record(envelope[BODY_AT:]), seq)
    store = Store.open(till.folder / "journal")
    live = TillState()
    for seq in range(1, result.backup.last_seq + 1):
        record = store.record(seq)
        assert record is not None
        live = apply(live, decode_record(record.body), seq)
    newest = restored_state(store)
    store.close()
    assert state == live
    assert newest.sales.keys() == state.sales.keys()

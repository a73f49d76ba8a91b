"""One archive for support, from a till that sells, that is broken, or that many ask at once."""

from __future__ import annotations

import hashlib
import io
import json
import resource
import subprocess
import threading
import time
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
import pytest

from hwsim.power.disk import why_not
from hwsim.power.faults import Freeze, Rule
from tests.support.answers import head_seq, refusal_of, refused
from tests.support.nursery import run_tillctl
from tests.support.sales import CARD, Steps, card_sale, cash_sale, line, name, new_id, tender
from tests.support.stormy_till import a_stormy_till
from tillhal import Till as Client
from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import drawer_pb2, printer_pb2, system_pb2

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.till import Calls, Till

PARTS = {
    "README.txt",
    "configuration.json",
    "devices.json",
    "disk.json",
    "events.jsonl",
    "journal.json",
    "logs.jsonl",
    "memory.json",
    "recovery.json",
    "status.json",
    "versions.json",
}
PIECE_BYTES_MAX = 64 << 10
WAIT_S_MAX = 15.0
PROMPT_S_MAX = 5.0
"""A machine that runs other tests beside this one is slow."""
CALLERS = 8
SECRET = "Zq-Mrs-Miller-4711-9x"
DISCOUNT_MINOR = 31_337


class Archive(NamedTuple):
    steps: list[system_pb2.GetDiagnosticsResponse]
    files: dict[str, bytes]

    @property
    def result(self) -> system_pb2.DiagnosticsResult:
        return self.steps[-1].result

    def json(self, part: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.files[part])
        return found

    def lines(self, part: str) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.files[part].splitlines()]


def archive_from(calls: Calls, *, check_journal: bool = False) -> Archive:
    """Ask for an archive, and check that it is as the contract says."""
    request = system_pb2.GetDiagnosticsRequest(check_journal=check_journal)
    steps = list(calls.system.GetDiagnostics(request))
    kinds = [step.WhichOneof("step") for step in steps]
    assert kinds == sorted(kinds, key=["progress", "data", "result"].index)
    assert kinds.count("result") == 1
    pieces = [step.data for step in steps if step.WhichOneof("step") == "data"]
    assert all(0 < len(piece) <= PIECE_BYTES_MAX for piece in pieces)
    content = b"".join(pieces)
    result = steps[-1].result
    assert result.size_bytes == len(content)
    assert result.sha256 == hashlib.sha256(content).digest()
    with zipfile.ZipFile(io.BytesIO(content)) as whole:
        assert whole.testzip() is None
        return Archive(steps, {part: whole.read(part) for part in whole.namelist()})


# --- what is in it


def test_an_archive_holds_all_parts_and_each_can_be_read(till: Till) -> None:
    sold = till.calls.checkout.Checkout(cash_sale()).sale
    archive = archive_from(till.calls)
    assert set(archive.files) == PARTS
    assert not archive.result.left_out
    assert archive.result.file_name.startswith("tillhal-till-3-")
    assert archive.json("status.json")["store_id"] == "store-7"
    assert archive.json("configuration.json")["devices"]["front_printer"]["driver"] == "escpos"
    journal = archive.json("journal.json")
    assert journal["durable_seq"] >= sold.seq
    assert journal["check"]["made"] == "before"
    printer, drawer = archive.json("devices.json")["devices"]
    assert (printer["device_id"], drawer["device_id"]) == ("front_printer", "front_drawer")
    room = archive.json("disk.json")["folders"]["journal"]
    assert room["bytes_free_for_us"] > 0
    assert room["files"]["journal/data.mdb"]["bytes"] == journal["file"]["map_bytes"]
    assert archive.json("memory.json")["process"]["pid"] == till.pid
    assert archive.json("versions.json")["lmdb_engine"].startswith("0.9.")
    assert archive.lines("logs.jsonl")[0]["event"]
    readme = archive.files["README.txt"].decode()
    assert all(part in readme for part in PARTS - {"README.txt"})


def test_events_tell_what_happened_in_order_and_by_which_request(bare: Till) -> None:
    request = card_sale()
    sold = bare.calls.checkout.Checkout(request).sale
    events = archive_from(bare.calls).lines("events.jsonl")
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
    assert events[0]["event"] == "JournalCreated"
    of_sale = [event for event in events if event["seq"] == sold.seq]
    kinds = [event["event"] for event in of_sale]
    assert kinds == ["DayOpened", "ShiftOpened", "SaleOpened", "TenderAdded", "SaleCompleted"]
    assert {event["request_id"] for event in of_sale} == {request.request_id}
    assert of_sale[3]["facts"]["tender"] == {
        "tender_id": "t1",
        "type": "credit_card",
        "state": "approved",
    }


def test_nothing_that_people_wrote_and_no_amount_is_in_it(fresh: Till) -> None:
    """Every text that a front end can send but the ids, in a till's whole life."""
    calls = fresh.calls
    item = line(minor=DISCOUNT_MINOR, description=SECRET)
    item.sku, item.unit, item.tax_code = SECRET, SECRET[:8], SECRET[:8]
    whole = pb.CheckoutRequest(request_id=new_id(), sale_id=name(), lines=[item])
    whole.discounts.add(discount_id="d1", amount=tender(337).amount, reason=SECRET)
    whole.tenders.append(tender(DISCOUNT_MINOR - 337, CARD))
    whole.tenders[0].external_ref = SECRET
    sold = calls.checkout.Checkout(whole).sale
    void = pb.VoidSaleRequest(
        request_id=new_id(), sale_id=name(), original_sale_id=sold.sale_id, reason=SECRET
    )
    calls.checkout.VoidSale(void)
    steps = Steps(calls)
    steps.open()
    steps.put(item)
    steps.suspend(SECRET)
    steps.resume()
    steps.cancel(SECRET)
    run = printer_pb2.Run(text=SECRET)
    part = printer_pb2.Part(text=printer_pb2.TextPart(runs=[run]))
    document = printer_pb2.PrintDocument(parts=[part])
    submit = printer_pb2.SubmitJobRequest(request_id=new_id(), job_id=name(), document=document)
    calls.printer.SubmitJob(submit)
    reason = drawer_pb2.DRAWER_REASON_COUNT
    kick = drawer_pb2.OpenDrawerRequest(
        request_id=new_id(), kick_id=name(), reason=reason, note=SECRET
    )
    calls.drawer.OpenDrawer(kick)
    with pytest.raises(grpc.RpcError):
        calls.checkout.GetSale(pb.GetSaleRequest(sale_id=SECRET))

    archive = archive_from(calls)

    events = {event["event"] for event in archive.lines("events.jsonl")}
    assert {"SaleOpened", "SaleCompleted", "SaleCancelled", "JobSubmitted"} <= events
    for part_name, data in archive.files.items():
        assert SECRET[:8].encode() not in data, part_name
        assert str(DISCOUNT_MINOR).encode() not in data, part_name


def test_earlier_starts_are_told_with_what_each_found(bare: Till) -> None:
    open_sale = Steps(bare.calls)
    open_sale.open()
    bare.kill()
    bare.start()
    bare.restart()
    told = archive_from(bare.calls).json("recovery.json")
    first, second, third = told["starts"]
    clean = [start["facts"][0]["facts"]["clean_shutdown"] for start in told["starts"]]
    assert clean == [True, False, True]
    assert first["seq"] < second["seq"] < third["seq"]
    assert second["facts"][1] == {
        "event": "SaleInterrupted",
        "facts": {"sale_id": open_sale.sale_id, "version": 2},
    }
    assert told["this_start"]["journal"]["clean_shutdown"] is True


def test_the_journal_is_checked_first_where_that_is_asked_for(till: Till) -> None:
    archive = archive_from(till.calls, check_journal=True)
    phases = [step.progress.phase for step in archive.steps if step.HasField("progress")]
    assert phases[0] == "verifying"
    assert phases[-1] == "gathering"
    check = archive.json("journal.json")["check"]
    assert (check["made"], check["says"], check["finding"]) == ("for this archive", "sound", None)
    assert check["records"] > 0


def test_of_a_long_life_the_last_events_are_told(bare: Till) -> None:
    for _ in range(400):
        bare.calls.checkout.Checkout(card_sale())
    archive = archive_from(bare.calls)
    events = archive.lines("events.jsonl")
    assert len(events) == 1_000
    assert events[-1]["seq"] == head_seq(bare.calls)
    assert archive.json("recovery.json")["starts"][0]["seq"] == 2


# --- trouble


def test_a_till_without_file_descriptors_says_what_it_could_not_have(bare: Till) -> None:
    bare.calls.checkout.Checkout(card_sale())
    before = archive_from(bare.calls)
    assert not before.result.left_out
    _, hard = resource.prlimit(bare.pid, resource.RLIMIT_NOFILE)
    # Every descriptor above the lowest is refused from now on; those that are open stay.
    resource.prlimit(bare.pid, resource.RLIMIT_NOFILE, (3, hard))
    archive = archive_from(bare.calls)
    resource.prlimit(bare.pid, resource.RLIMIT_NOFILE, (hard, hard))

    missing = {sentence.partition(":")[0] for sentence in archive.result.left_out}
    assert {"disk.json", "memory.json"} <= missing <= PARTS
    assert set(archive.files) == PARTS - missing
    assert {"status.json", "journal.json", "events.jsonl", "devices.json"} <= set(archive.files)
    readme = archive.files["README.txt"].decode()
    for sentence in archive.result.left_out:
        assert "EMFILE Too many open files" in sentence
        assert sentence in readme
    # And support is told in the log where exactly it failed.
    failed = [entry for entry in archive_from(bare.calls).lines("logs.jsonl") if entry.get("part")]
    assert {entry["part"] for entry in failed} == missing
    assert all(entry["exception"][0]["at"] for entry in failed)


def test_a_folder_that_is_gone_is_named_and_the_till_sells_on(bare: Till) -> None:
    archive_from(bare.calls, check_journal=True)  # the check of the start is over, then
    (bare.folder / "journal").rename(bare.folder / "moved")
    try:
        archive = archive_from(bare.calls)
    finally:
        (bare.folder / "moved").rename(bare.folder / "journal")
    assert archive.result.left_out == [
        "disk.json, journal: FileNotFoundError: ENOENT No such file or directory"
    ]
    assert archive.json("disk.json")["folders"]["journal"]["cannot_be_read"]
    assert set(archive.files) == PARTS
    assert bare.calls.checkout.Checkout(card_sale()).sale.receipt_number == 1


@pytest.mark.skipif(bool(why_not()), reason=str(why_not()))
def test_a_disk_that_hangs_is_named_and_nobody_waits_for_it() -> None:
    with a_stormy_till(second=True) as till:
        till.start()
        assert not archive_from(till.calls).result.left_out
        till.second.fail(Rule("create", "*", Freeze()))
        hanging = threading.Thread(target=(till.second.path / "hangs").touch)
        hanging.start()
        try:
            assert till.second.wait_frozen(WAIT_S_MAX)
            asked = till.another().system.GetDiagnostics(system_pb2.GetDiagnosticsRequest())
            slowest_s, sold = 0.0, 0
            while not asked.done():
                began_s = time.monotonic()
                till.calls.checkout.Checkout(card_sale())
                slowest_s = max(slowest_s, time.monotonic() - began_s)
                sold += 1
                if sold == 1:
                    drained = threading.Thread(target=list, args=(asked,))
                    drained.start()
            drained.join()
            again = archive_from(till.calls)
        finally:
            till.second.clear_faults()
            hanging.join(WAIT_S_MAX)
        assert slowest_s < PROMPT_S_MAX, "somebody who bought waited for the disk"
        assert again.result.left_out == ["disk.json, second: The disk does not answer."]
        room = again.json("disk.json")["folders"]
        assert room["journal"]["bytes_free_for_us"] > 0
        assert room["second"]["mount"]["mounted_on"] == str(till.second.path)


# --- many


def test_no_sale_fails_while_archives_are_made(bare: Till) -> None:
    done = threading.Event()
    slowest: list[float] = []
    failures: list[str] = []

    def sell(calls: Calls) -> None:
        took = 0.0
        while not done.is_set():
            began = time.monotonic()
            try:
                calls.checkout.Checkout(card_sale())
            except grpc.RpcError as error:
                failures.append(str(error))
            took = max(took, time.monotonic() - began)
        slowest.append(took)

    sellers = [threading.Thread(target=sell, args=(bare.another(),)) for _ in range(4)]
    for seller in sellers:
        seller.start()
    try:
        archives = [archive_from(bare.calls) for _ in range(10)]
    finally:
        done.set()
        for seller in sellers:
            seller.join(WAIT_S_MAX)
    assert failures == []
    assert len(slowest) == len(sellers)
    assert max(slowest) < PROMPT_S_MAX, "somebody who bought had to wait for support"
    assert all(set(archive.files) == PARTS for archive in archives)
    assert archives[-1].json("journal.json")["durable_seq"] > 10


def test_of_several_callers_one_is_served_and_the_others_are_told_to_come_again(
    bare: Till,
) -> None:
    callers = [bare.another() for _ in range(CALLERS)]
    streams = [calls.system.GetDiagnostics(system_pb2.GetDiagnosticsRequest()) for calls in callers]
    served = 0
    for stream in streams:
        try:
            last = list(stream)[-1]
        except grpc.RpcError as error:
            refusal = refusal_of(error)
            assert refusal.reason == "QUEUE_FULL"
            assert refusal.code == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert refusal.has_retry
        else:
            assert last.HasField("result")
            served += 1
    assert 1 <= served < CALLERS
    assert set(archive_from(bare.calls).files) == PARTS


def test_a_caller_who_hangs_up_makes_room_for_the_next(bare: Till) -> None:
    for steps_read in (1, 5, 10):
        stream = bare.calls.system.GetDiagnostics(system_pb2.GetDiagnosticsRequest())
        for _ in range(steps_read):
            next(stream)
        stream.cancel()
        deadline_s = time.monotonic() + WAIT_S_MAX
        while True:
            try:
                archive_from(bare.another())
                break
            except grpc.RpcError as error:
                assert refusal_of(error).reason == "QUEUE_FULL"
                assert time.monotonic() < deadline_s, "whoever hung up is still served"


@pytest.mark.parametrize("data", [b"\x0a\x7fabc", b"\xff", b"\x08"], ids=repr)
def test_bytes_that_are_no_request_are_refused_and_keep_nobody_waiting(
    till: Till, data: bytes
) -> None:
    ask = till.calls.channel.unary_stream(
        "/tillhal.v1.SystemService/GetDiagnostics",
        request_serializer=bytes,
        response_deserializer=bytes,
    )
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_REQUEST"):
        list(ask(data))
    assert set(archive_from(till.calls).files) == PARTS


# --- the ways to it


def test_the_client_writes_the_archive_to_a_file(till: Till, tmp_path: Path) -> None:
    with Client.connect(till.address) as client:
        got = client.get_diagnostics(tmp_path, check_journal=True)
    assert got.path is not None
    assert got.path.parent == tmp_path
    assert hashlib.sha256(got.path.read_bytes()).digest() == got.sha256
    assert set(zipfile.ZipFile(got.path).namelist()) == PARTS


def tillctl(till: Till, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_tillctl("diagnostics", "--address", till.address, *arguments)


def test_tillctl_writes_the_archive_and_says_where(till: Till, tmp_path: Path) -> None:
    done = tillctl(till, "--out", str(tmp_path), "--check-journal")
    assert (done.returncode, done.stderr) == (0, "")
    (path,) = tmp_path.iterdir()
    assert done.stdout == f"Send {path} ({path.stat().st_size} bytes) to support.\n"
    assert set(zipfile.ZipFile(path).namelist()) == PARTS

    done = tillctl(till, "--out", str(tmp_path / "a.zip"), "--json")
    told = json.loads(done.stdout)
    assert told["path"] == str(tmp_path / "a.zip")
    assert told["left_out"] == []

    done = tillctl(till, "--out", str(tmp_path / "nowhere" / "a.zip"))
    assert done.returncode == 2
    assert "No such file or directory" in done.stderr
    assert "Traceback" not in done.stderr

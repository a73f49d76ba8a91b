"""Devices come, change and go while the till sells."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import grpc
import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from tests.support.answers import await_job, journal_records, refused, take_until
from tests.support.programs import wait_for
from tests.support.sales import cash_sale, new_id
from tests.support.till import a_till
from tillhal.v1 import device_pb2 as pb
from tillhal.v1 import drawer_pb2, power_pb2, printer_pb2, system_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.till import Till

CONFIRMED, HELD, EXPIRED = (
    printer_pb2.JOB_STATE_CONFIRMED,
    printer_pb2.JOB_STATE_HELD,
    printer_pb2.JOB_STATE_EXPIRED,
)


def printer_table(name: str, printer: VirtualPrinter) -> str:
    host, port = printer.address
    return (
        f'\n[devices.{name}]\ndriver = "escpos"\nport = {{ tcp = "{host}:{port}" }}\n'
        'profile = "tm_t88"\n'
    )


def reconfigure(till: Till, **fields: object) -> pb.ReconfigureResponse:
    request = pb.ReconfigureRequest(request_id=new_id(), **fields)  # type: ignore[arg-type]
    return till.calls.device.Reconfigure(request)


def names(till: Till) -> list[str]:
    devices = till.calls.device.ListDevices(pb.ListDevicesRequest()).devices
    return [each.device_id for each in devices]


def print_on(till: Till, printer: str, job_id: str, *, ttl_s: int = 900) -> None:
    part = printer_pb2.Part(text=printer_pb2.TextPart(runs=[printer_pb2.Run(text=job_id)]))
    cut = printer_pb2.Part(cut=printer_pb2.CutPart())
    document = printer_pb2.PrintDocument(parts=[part, cut])
    till.calls.printer.SubmitJob(
        printer_pb2.SubmitJobRequest(
            request_id=new_id(), job_id=job_id, printer=printer, document=document, ttl_s=ttl_s
        )
    )


@pytest.fixture
def kitchen() -> Iterator[VirtualPrinter]:
    with VirtualPrinter(drawer=VirtualDrawer()) as printer:
        yield printer


def add(till: Till, text: str) -> None:
    till.config.write_text(till.config.read_text() + text)


def test_a_printer_is_added_prints_is_removed_and_what_waits_for_it_waits_or_expires(
    fresh: Till, kitchen: VirtualPrinter
) -> None:
    before = fresh.config.read_text()
    add(fresh, printer_table("kitchen", kitchen))
    assert names(fresh) == ["front_printer", "front_drawer"]
    done = reconfigure(fresh)
    assert (list(done.added), list(done.changed), list(done.removed)) == (["kitchen"], [], [])
    assert "kitchen" in names(fresh)
    print_on(fresh, "kitchen", "slip-1")
    await_job(fresh.calls, "slip-1", CONFIRMED)
    assert kitchen.receipts[0].text.strip() == "slip-1"
    kitchen.open_cover()
    print_on(fresh, "kitchen", "slip-2")
    print_on(fresh, "kitchen", "slip-3", ttl_s=1)
    await_job(fresh.calls, "slip-2", HELD)
    fresh.config.write_text(before)
    assert list(reconfigure(fresh).removed) == ["kitchen"]
    assert await_job(fresh.calls, "slip-2", HELD).reason in ("COVER_OPEN", "PRINTER_REMOVED")
    assert await_job(fresh.calls, "slip-3", EXPIRED).reason == "TTL_OVER"
    fresh.calls.checkout.Checkout(cash_sale())
    await_job(fresh.calls, "receipt/1", CONFIRMED)
    kitchen.close_cover()
    add(fresh, printer_table("kitchen", kitchen))
    reconfigure(fresh)
    await_job(fresh.calls, "slip-2", CONFIRMED)
    assert [one.text.strip() for one in kitchen.receipts] == ["slip-1", "slip-2"]


def test_a_retry_is_answered_as_before_when_its_printer_and_its_drawer_are_gone(
    fresh: Till, kitchen: VirtualPrinter
) -> None:
    before = fresh.config.read_text()
    add(fresh, printer_table("kitchen", kitchen))
    add(fresh, '\n[devices.till_box]\ndriver = "printer_kick"\nprinter = "kitchen"\n')
    reconfigure(fresh)
    part = printer_pb2.Part(text=printer_pb2.TextPart(runs=[printer_pb2.Run(text="once")]))
    job = printer_pb2.SubmitJobRequest(
        request_id=new_id(),
        job_id="slip-1",
        printer="kitchen",
        document=printer_pb2.PrintDocument(parts=[part]),
    )
    kick = drawer_pb2.OpenDrawerRequest(
        request_id=new_id(),
        kick_id="kick-1",
        drawer="till_box",
        reason=drawer_pb2.DRAWER_REASON_NO_SALE,
    )
    submitted = fresh.calls.printer.SubmitJob(job)
    opened = fresh.calls.drawer.OpenDrawer(kick)
    await_job(fresh.calls, "slip-1", CONFIRMED)
    kitchen.wait_pulses(1, timeout_s=20)
    fresh.config.write_text(before)
    assert sorted(reconfigure(fresh).removed) == ["kitchen", "till_box"]

    # "There is no such device" would say that nothing was printed, and nothing opened.
    again = fresh.calls.printer.SubmitJob(job)
    assert (again.replayed, again.job) == (True, submitted.job)
    again_opened = fresh.calls.drawer.OpenDrawer(kick)
    assert (again_opened.replayed, again_opened.kick) == (True, opened.kick)
    kick.note = "another"
    with refused(grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED"):
        fresh.calls.drawer.OpenDrawer(kick)
    kick.request_id, kick.kick_id = new_id(), "kick-2"
    with refused(grpc.StatusCode.NOT_FOUND, "DEVICE_NOT_FOUND"):
        fresh.calls.drawer.OpenDrawer(kick)


def test_a_drawer_moves_to_another_printer_and_the_receipts_with_it(
    fresh: Till, kitchen: VirtualPrinter
) -> None:
    text = fresh.config.read_text() + printer_table("kitchen", kitchen)
    text = text.replace('printer = "front_printer"', 'printer = "kitchen"')
    fresh.config.write_text(text)
    done = reconfigure(fresh)
    assert (list(done.added), list(done.changed)) == (["kitchen"], ["front_drawer"])
    fresh.calls.checkout.Checkout(cash_sale())
    await_job(fresh.calls, "receipt/1", CONFIRMED)
    kitchen.wait_pulses(1, timeout_s=20)
    assert len(kitchen.receipts) == 1
    assert fresh.printer.receipts == []
    assert fresh.printer.pulses == []


def test_one_mistake_changes_nothing_and_every_mistake_is_named(fresh: Till) -> None:
    add(fresh, '\n[devices.a]\ndriver = "escpost"\n[devices.b]\ndriver = "escpos"\nprofil = 1\n')
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "CONFIG_INVALID") as caught:
        reconfigure(fresh)
    assert {"devices.a", "devices.b"} <= set(caught.refusal.fields)
    assert names(fresh) == ["front_printer", "front_drawer"]
    fresh.config.unlink()
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "CONFIG_INVALID"):
        reconfigure(fresh)
    fresh.calls.checkout.Checkout(cash_sale())
    await_job(fresh.calls, "receipt/1", CONFIRMED)


def test_a_dry_run_says_what_would_happen_and_does_none_of_it(
    fresh: Till, kitchen: VirtualPrinter
) -> None:
    add(fresh, printer_table("kitchen", kitchen))
    text = fresh.config.read_text().replace("store-7", "store-8")
    fresh.config.write_text(text)
    records = len(journal_records(fresh.calls))
    told = reconfigure(fresh, dry_run=True)
    assert (list(told.added), list(told.needs_restart)) == (["kitchen"], ["shop"])
    assert names(fresh) == ["front_printer", "front_drawer"]
    assert not any(
        event.kind == "DevicesReconfigured"
        for record in journal_records(fresh.calls)[records:]
        for event in record.events
    )


def test_a_ups_and_what_else_waits_for_the_next_start_is_named_and_not_called_taken_up(
    fresh: Till, kitchen: VirtualPrinter
) -> None:
    ups = '\n[devices.shop_ups]\ndriver = "nut_ups"\nupses = ["till"]\n'
    waiting = '[power]\nreserve_s = 90\n[recovery]\ngate = "all"\n[scan]\nrepeat_ms = 9\n'
    add(fresh, printer_table("kitchen", kitchen) + ups + waiting)
    told = reconfigure(fresh)
    assert list(told.added) == ["kitchen"]
    assert list(told.needs_restart) == ["scan", "power", "recovery", "devices.shop_ups"]
    status = fresh.calls.system.GetStatus(system_pb2.GetStatusRequest())
    assert status.power.supply == power_pb2.SUPPLY_UNPROTECTED
    # It is the same for one that goes.
    fresh.stop()
    fresh.start()
    fresh.config.write_text(fresh.config.read_text().replace(ups, ""))
    told = reconfigure(fresh)
    assert (list(told.removed), list(told.needs_restart)) == ([], ["devices.shop_ups"])


def test_tables_can_be_sent_and_hold_until_the_file_is_read_again(
    fresh: Till, kitchen: VirtualPrinter
) -> None:
    tables = printer_table("front_printer", kitchen)
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "CONFIG_INVALID"):
        reconfigure(fresh, tables_toml=tables)  # the receipt's drawer would be gone
    tables += '[receipt]\nprinter = "front_printer"\nfooter = ["Bye"]\n'
    done = reconfigure(fresh, tables_toml=tables)
    assert (list(done.changed), list(done.removed)) == (["front_printer"], ["front_drawer"])
    fresh.calls.checkout.Checkout(cash_sale())
    await_job(fresh.calls, "receipt/1", CONFIRMED)
    assert "Bye" in kitchen.receipts[0].text
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "CONFIG_INVALID"):
        reconfigure(fresh, tables_toml='[shop]\nstore_id = "x"\n')
    done = reconfigure(fresh)
    assert (list(done.added), list(done.changed)) == (["front_drawer"], ["front_printer"])


def test_whoever_watches_the_devices_is_told_who_came_and_went(
    fresh: Till, kitchen: VirtualPrinter
) -> None:
    before = fresh.config.read_text()
    stream = fresh.calls.device.WatchDevices(pb.WatchDevicesRequest())
    add(fresh, printer_table("kitchen", kitchen))
    reconfigure(fresh)
    came = take_until(stream, lambda change: change.device.device_id == "kitchen")[-1]
    assert not came.removed
    fresh.config.write_text(before)
    reconfigure(fresh)
    gone = take_until(stream, lambda change: change.removed)[-1]
    assert gone.device.device_id == "kitchen"
    assert gone.device.revision > came.device.revision
    stream.cancel()


def test_the_same_request_is_granted_once(fresh: Till, kitchen: VirtualPrinter) -> None:
    add(fresh, printer_table("kitchen", kitchen))
    request = pb.ReconfigureRequest(request_id=new_id())
    first = fresh.calls.device.Reconfigure(request)
    again = fresh.calls.device.Reconfigure(request)
    assert (list(again.added), again.replayed) == (list(first.added), True)
    other = pb.ReconfigureRequest(request_id=request.request_id, tables_toml="[devices]")
    with refused(grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED"):
        fresh.calls.device.Reconfigure(other)
    facts = [e.kind for r in journal_records(fresh.calls) for e in r.events]
    assert facts.count("DevicesReconfigured") == 1
    stream = fresh.calls.system.WatchEvents(system_pb2.WatchEventsRequest())
    told = take_until(stream, lambda message: message.HasField("caught_up"))
    stream.cancel()
    added = [m.device.device_id for m in told if m.device.kind == pb.DEVICE_EVENT_KIND_ADDED]
    assert added == ["kitchen"]


def test_sighup_reads_the_file_again_and_a_mistake_in_it_is_only_logged(
    fresh: Till, kitchen: VirtualPrinter
) -> None:
    before = fresh.config.read_text()
    add(fresh, '\n[devices.kitchen]\ndriver = "escpos"\n')
    os.kill(fresh.pid, signal.SIGHUP)
    wait_for(lambda: "configuration_refused" in fresh.log_text(), "it is refused")
    assert names(fresh) == ["front_printer", "front_drawer"]
    fresh.config.write_text(before + printer_table("kitchen", kitchen))
    os.kill(fresh.pid, signal.SIGHUP)
    wait_for(lambda: "kitchen" in names(fresh), "it is there")


def test_a_job_under_way_ends_before_its_printer_changes(
    fresh: Till, kitchen: VirtualPrinter
) -> None:
    text = fresh.config.read_text()
    fresh.printer.stall_after(60)  # the count of cuts is asked for before
    fresh.calls.checkout.Checkout(cash_sale())
    await_job(fresh.calls, "receipt/1", printer_pb2.JOB_STATE_SENDING)
    host, port = fresh.printer.address
    new_host, new_port = kitchen.address
    fresh.config.write_text(text.replace(f"{host}:{port}", f"{new_host}:{new_port}"))
    asked = fresh.calls.device.Reconfigure.future(pb.ReconfigureRequest(request_id=new_id()))
    assert names(fresh) == ["front_printer", "front_drawer"]
    assert not asked.done()
    fresh.printer.release()
    await_job(fresh.calls, "receipt/1", CONFIRMED)
    assert list(asked.result(15).changed) == ["front_printer"]
    wait_for(lambda: len(fresh.printer.receipts) == 1, "it is on the old printer's paper")
    fresh.calls.checkout.Checkout(cash_sale())
    await_job(fresh.calls, "receipt/2", CONFIRMED)
    assert len(kitchen.receipts) == 1


def test_a_device_that_is_being_checked_is_not_changed(
    fresh: Till, kitchen: VirtualPrinter
) -> None:
    request = pb.CheckHealthRequest(device_id="front_printer", level=pb.HEALTH_LEVEL_INTERACTIVE)
    stream = fresh.calls.device.CheckHealth(request)
    next(message for message in stream if message.step.instruction)
    add(fresh, printer_table("kitchen", kitchen))
    assert list(reconfigure(fresh).added) == ["kitchen"]  # that touches nothing that is checked
    fresh.config.write_text(fresh.config.read_text().replace('open_level = "high"', "pin = 5"))
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "DEVICE_BUSY"):
        reconfigure(fresh)
    stream.cancel()


def test_what_was_wrong_with_a_device_that_is_removed_is_over() -> None:
    with VirtualPrinter(drawer=VirtualDrawer()) as printer, a_till(printer=printer) as till:
        printer.open_cover()
        till.start()
        stream = till.calls.system.WatchEvents(system_pb2.WatchEventsRequest())
        began = pb.DEVICE_EVENT_KIND_CONDITION_BEGAN
        take_until(stream, lambda m: m.device.kind == began)
        reconfigure(till, tables_toml="[receipt]\n[devices]\n")
        ended = pb.DEVICE_EVENT_KIND_CONDITION_ENDED
        last = take_until(stream, lambda m: m.device.kind == ended)[-1]
        assert last.device.condition.code == "COVER_OPEN"
        stream.cancel()
        assert names(till) == []
        till.calls.checkout.Checkout(cash_sale())

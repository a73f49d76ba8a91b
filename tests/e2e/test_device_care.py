"""What devices have done over the years, and who they are: also after a crash."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import grpc

from hwsim.drawer import VirtualDrawer
from hwsim.mechanism import PaperState
from hwsim.models import MODELS
from hwsim.printer import VirtualPrinter
from tests.support.answers import await_job, head_seq, refused, take_until
from tests.support.programs import wait_for
from tests.support.sales import cash_sale, new_id
from tests.support.till import a_till
from tillhal.v1 import device_pb2, printer_pb2, system_pb2

if TYPE_CHECKING:
    from tests.support.till import Calls, Till

MAINTENANCE = "\n[devices.front_printer.maintenance]\nPaperCutCount = 2\n"


def counts(calls: Calls, device_id: str = "front_printer") -> dict[str, int]:
    request = device_pb2.GetStatisticsRequest(device_id=device_id)
    (told,) = calls.device.GetStatistics(request).devices
    return {each.name: each.value for each in told.statistics}


def device(calls: Calls, device_id: str = "front_printer") -> device_pb2.Device:
    return calls.device.GetDevice(device_pb2.GetDeviceRequest(device_id=device_id)).device


def conditions(calls: Calls) -> set[str]:
    return {each.code for each in device(calls).conditions}


def sell(till: Till, number: int) -> None:
    """A sale whose receipt is confirmed and whose drawer was opened and shut."""
    till.calls.checkout.Checkout(cash_sale())
    await_job(till.calls, f"receipt/{number}", printer_pb2.JOB_STATE_CONFIRMED)
    till.printer.wait_pulses(number, timeout_s=20)
    wait_for(lambda: counts(till.calls, "front_drawer")["DrawerGoodOpenCount"] == number, "kick")
    till.sensor.close()


def open_by_key(till: Till) -> None:
    """Before any kick, so that none explains it; and shut again."""

    def readings() -> list[str]:
        told = device(till.calls, "front_drawer").readings
        return [each.value for each in told if each.name == "open"]

    wait_for(lambda: readings() == ["false"], "the switch is read")
    till.sensor.open_by_key()
    wait_for(lambda: counts(till.calls, "front_drawer")["ManualDrawerOpenCount"] == 1, "the key")
    till.sensor.close()


def events(calls: Calls, cursor: int = 0) -> list[system_pb2.WatchEventsResponse]:
    stream = calls.system.WatchEvents(system_pb2.WatchEventsRequest(cursor=cursor))
    taken = take_until(stream, lambda message: message.HasField("caught_up"))
    stream.cancel()
    return taken


def kinds(calls: Calls, device_id: str) -> list[tuple[int, str]]:
    told = [message.device for message in events(calls) if message.HasField("device")]
    return [(each.kind, each.note) for each in told if each.device_id == device_id]


def test_what_a_till_has_done_is_counted_and_a_crash_changes_none_of_it(fresh: Till) -> None:
    open_by_key(fresh)
    sell(fresh, 1)
    fresh.printer.open_cover()
    wait_for(lambda: "COVER_OPEN" in conditions(fresh.calls), "the cover")
    fresh.printer.close_cover()
    wait_for(lambda: not conditions(fresh.calls), "the cover")
    sell(fresh, 2)
    before = counts(fresh.calls), counts(fresh.calls, "front_drawer")
    assert before[0]["PaperCutCount"] == len(fresh.printer.receipts) == 2
    lines = [line for paper in fresh.printer.receipts for line in paper.text.splitlines()]
    blank_free = sum(len("".join(line.split())) for line in lines)
    assert before[0]["ReceiptCharacterPrintedCount"] == blank_free
    assert before[0]["ReceiptLinePrintedCount"] >= sum(1 for line in lines if line.strip())
    assert before[0]["ReceiptCoverOpenCount"] == 1
    assert before[0]["OnlineTransitionCount"] == 2
    assert before[0]["UnconfirmedJobCount"] == 0
    fresh.kill()
    fresh.start()
    gathered = {"OnlineTransitionCount", "HoursPoweredCount"}
    after = counts(fresh.calls), counts(fresh.calls, "front_drawer")
    for was, now in zip(before, after, strict=True):
        assert {k: v for k, v in was.items() if k not in gathered} == {
            k: v for k, v in now.items() if k not in gathered
        }


def test_a_condition_that_stands_over_a_restart_is_counted_once(fresh: Till) -> None:
    def opened() -> int:
        return counts(fresh.calls)["ReceiptCoverOpenCount"]

    fresh.printer.open_cover()
    wait_for(lambda: opened() == 1, "the cover")
    for again in (fresh.restart, fresh.kill):
        again()
        if not fresh.is_running():
            fresh.start()
        wait_for(lambda: "COVER_OPEN" in conditions(fresh.calls), "it still stands")
        assert opened() == 1
    # What ended while nobody looked is told as ended, so that the next time counts.
    before = head_seq(fresh.calls)
    fresh.stop()
    fresh.printer.close_cover()
    fresh.start()
    ended = (device_pb2.DEVICE_EVENT_KIND_CONDITION_ENDED, "COVER_OPEN")
    wait_for(lambda: ended in edges(fresh.calls, before), "it is over")
    fresh.printer.open_cover()
    wait_for(lambda: opened() == 2, "the cover again")


def edges(calls: Calls, cursor: int) -> list[tuple[int, str]]:
    told = [each.device for each in events(calls, cursor) if each.HasField("device")]
    return [(each.kind, each.condition.code) for each in told]


def test_what_was_only_gathered_is_kept_over_a_stop(fresh: Till) -> None:
    wait_for(lambda: counts(fresh.calls)["OnlineTransitionCount"] == 1, "on line")
    fresh.printer.power_off()
    wait_for(lambda: counts(fresh.calls)["CommunicationErrorCount"] == 1, "off")
    fresh.printer.power_on()
    wait_for(lambda: counts(fresh.calls)["OnlineTransitionCount"] == 2, "on again")
    fresh.restart()
    wait_for(lambda: counts(fresh.calls)["OnlineTransitionCount"] >= 3, "what there was, and one")
    assert counts(fresh.calls)["ReplugCount"] == 1
    assert counts(fresh.calls)["CommunicationErrorCount"] == 1


def test_a_job_that_only_the_printer_can_vouch_for_counts_when_it_does() -> None:
    with (
        VirtualPrinter(drawer=VirtualDrawer()) as printer,
        a_till(printer=printer) as till,
    ):
        calls = till.start().calls
        wait_for(lambda: counts(calls)["OnlineTransitionCount"] == 1, "on line")
        printer.set_paper(PaperState.END, after_dots=60)
        calls.checkout.Checkout(cash_sale())
        await_job(calls, "receipt/1", printer_pb2.JOB_STATE_UNCONFIRMED)
        assert counts(calls)["PaperCutCount"] == 0
        assert counts(calls)["UnconfirmedJobCount"] == 1
        printer.set_paper(PaperState.ADEQUATE)
        await_job(calls, "receipt/1", printer_pb2.JOB_STATE_CONFIRMED)
        assert counts(calls)["PaperCutCount"] == 1


def test_a_request_to_print_that_comes_twice_counts_as_a_duplicate_that_was_not_printed(
    fresh: Till,
) -> None:
    part = printer_pb2.Part(rule=printer_pb2.RulePart())
    request = printer_pb2.SubmitJobRequest(
        request_id=new_id(), job_id="j1", document=printer_pb2.PrintDocument(parts=[part])
    )
    assert not fresh.calls.printer.SubmitJob(request).replayed
    assert fresh.calls.printer.SubmitJob(request).replayed
    assert counts(fresh.calls)["DuplicateSuppressedCount"] == 1


def test_a_printer_that_is_due_for_maintenance_says_so_until_somebody_has_seen_to_it() -> None:
    with (
        VirtualPrinter(drawer=VirtualDrawer()) as printer,
        a_till(printer=printer) as till,
    ):
        till.config.write_text(till.config.read_text() + MAINTENANCE)
        till.start()
        sell(till, 1)
        assert "MAINTENANCE_DUE" not in conditions(till.calls)
        sell(till, 2)
        wait_for(lambda: "MAINTENANCE_DUE" in conditions(till.calls), "it is due")
        till.restart()
        wait_for(lambda: "MAINTENANCE_DUE" in conditions(till.calls), "it is still due")
        request = device_pb2.ResetStatisticsRequest(
            request_id=new_id(), device_id="front_printer", names=["PaperCutCount"]
        )
        reset = till.calls.device.ResetStatistics(request)
        assert {s.name: s.value for s in reset.statistics.statistics}["PaperCutCount"] == 0
        assert reset.statistics.HasField("reset_time")
        wait_for(lambda: "MAINTENANCE_DUE" not in conditions(till.calls), "it was seen to")
        assert counts(till.calls)["ReceiptLinePrintedCount"] > 0
        assert till.calls.device.ResetStatistics(request).replayed
        kind = device_pb2.DEVICE_EVENT_KIND_STATISTICS_RESET
        assert (kind, "PaperCutCount 2") in kinds(till.calls, "front_printer")


def test_what_an_auditor_will_ask_for_cannot_be_reset(fresh: Till) -> None:
    for name in ("ManualDrawerOpenCount", "PaperCutCount", ""):
        request = device_pb2.ResetStatisticsRequest(
            request_id=new_id(), device_id="front_drawer", names=[name]
        )
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID"):
            fresh.calls.device.ResetStatistics(request)
    open_by_key(fresh)
    everything = device_pb2.ResetStatisticsRequest(request_id=new_id(), device_id="front_drawer")
    fresh.calls.device.ResetStatistics(everything)
    assert counts(fresh.calls, "front_drawer")["ManualDrawerOpenCount"] == 1


# --- identity


def adoption(device_id: str = "front_printer") -> device_pb2.AdoptDeviceRequest:
    return device_pb2.AdoptDeviceRequest(request_id=new_id(), device_id=device_id)


def test_another_printer_in_its_place_prints_and_is_said_until_it_is_adopted() -> None:
    first = MODELS["tm-t88"]
    second = replace(first, serial_number="OTHER00002")
    with (
        VirtualPrinter(drawer=VirtualDrawer(), model=first) as printer,
        a_till(printer=printer) as till,
    ):
        till.start()
        wait_for(lambda: device(till.calls).identity.serial == "HWSIM00001", "it says who it is")
        assert device(till.calls).identity.model == "TM-T88V"
        assert device(till.calls).identity_strength == device_pb2.IDENTITY_STRENGTH_SERIAL
        with refused(grpc.StatusCode.FAILED_PRECONDITION, "DEVICE_NOT_REPLACED"):
            till.calls.device.AdoptDevice(adoption())
        port = printer.address[1]
        till.kill()
        printer.close()
        with VirtualPrinter(drawer=VirtualDrawer(), model=second, port=port) as other:
            till.start()
            wait_for(lambda: "REPLACED" in conditions(till.calls), "it is another one")
            said = device(till.calls)
            assert said.presence == device_pb2.PRESENCE_REPLACED
            assert (said.identity.serial, said.known_identity.serial) == (
                "OTHER00002",
                "HWSIM00001",
            )
            till.calls.checkout.Checkout(cash_sale())
            await_job(till.calls, "receipt/1", printer_pb2.JOB_STATE_CONFIRMED)
            assert len(other.receipts) == 1
            request = adoption()
            adopted = till.calls.device.AdoptDevice(request)
            assert adopted.device.presence == device_pb2.PRESENCE_PRESENT
            assert adopted.device.known_identity.serial == "OTHER00002"
            assert till.calls.device.AdoptDevice(request).replayed
            till.kill()
            till.start()
            wait_for(lambda: device(till.calls).identity.serial == "OTHER00002", "it is known")
            assert conditions(till.calls) == set()
            notes = [note for _, note in kinds(till.calls, "front_printer")]
            assert any("OTHER00002 for EPSON TM-T88V, serial HWSIM00001" in note for note in notes)


def test_a_printer_that_says_nothing_of_itself_is_known_by_its_address_only() -> None:
    with VirtualPrinter(model=MODELS["generic-80"]) as printer, a_till(printer=printer) as till:
        toml = till.config.read_text().replace('"tm_t88"', '"generic_80"')
        till.config.write_text(toml)
        till.start()
        wait_for(lambda: counts(till.calls)["OnlineTransitionCount"] == 1, "on line")
        said = device(till.calls)
        assert not said.HasField("identity")
        assert said.identity_strength == device_pb2.IDENTITY_STRENGTH_NETWORK
        till.calls.checkout.Checkout(cash_sale())
        await_job(till.calls, "receipt/1", printer_pb2.JOB_STATE_UNCONFIRMED)
        wait_for(lambda: counts(till.calls)["PaperCutCount"] == 1, "read by a clone is printed")

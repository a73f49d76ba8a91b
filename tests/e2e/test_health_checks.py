"""Checks of devices, step by step, with a person who does what is asked, or does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import grpc
import pytest

from hwsim.printer import VirtualPrinter
from tests.support.answers import journal_records, refused
from tests.support.programs import wait_for
from tests.support.sales import cash_sale, new_id
from tests.support.till import a_till
from tillhal.v1 import device_pb2 as pb
from tillhal.v1 import printer_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.till import Calls, Till

PASSED, FAILED, SKIPPED = (
    pb.HEALTH_STEP_STATE_PASSED,
    pb.HEALTH_STEP_STATE_FAILED,
    pb.HEALTH_STEP_STATE_SKIPPED,
)
CHINESE = [("accept-language", "zh-CN")]


def wait_ready(till: Till) -> None:
    wait_for(lambda: power_of(till, "front_printer") == pb.POWER_STATE_ONLINE, "the printer")


def power_of(till: Till, device_id: str) -> int:
    request = pb.GetDeviceRequest(device_id=device_id)
    return till.calls.device.GetDevice(request).device.power_state


def check(
    till: Till, level: pb.HealthLevel, device_id: str = "front_printer", print_on: str = ""
) -> Iterator[pb.CheckHealthResponse]:
    request = pb.CheckHealthRequest(device_id=device_id, level=level, print_on=print_on)
    return till.calls.device.CheckHealth(request, timeout=90.0)


def result(told: list[pb.CheckHealthResponse]) -> dict[str, int]:
    report = told[-1].report
    return {step.name: step.state for step in report.steps}


def reports(till: Till) -> list[dict[str, object]]:
    return [
        json.loads(event.facts_json)
        for record in journal_records(till.calls)
        for event in record.events
        if event.kind == "HealthChecked"
    ]


@pytest.fixture
def ready(till: Till) -> Till:
    till.printer.close_cover()
    wait_ready(till)
    wait_for(lambda: "HWSIM" in str(all_devices(till.calls)), "it says who it is")
    return till


def jobs(till: Till) -> list[str]:
    listed = till.calls.printer.ListJobs(printer_pb2.ListJobsRequest()).jobs
    return [job.job_id for job in listed]


def statistics(till: Till) -> list[str]:
    request = pb.GetStatisticsRequest(device_id="front_printer")
    (told,) = till.calls.device.GetStatistics(request).devices
    return [each.name for each in told.statistics if each.value]


def all_devices(calls: Calls) -> pb.ListDevicesResponse:
    return calls.device.ListDevices(pb.ListDevicesRequest())


def test_an_internal_check_asks_and_moves_nothing(ready: Till) -> None:
    before = len(ready.printer.receipts), len(ready.printer.pulses)
    told = list(check(ready, pb.HEALTH_LEVEL_INTERNAL))
    assert told[-1].report.passed
    assert result(told) == {"reachable": PASSED, "conditions": PASSED, "identity": PASSED}
    told = list(check(ready, pb.HEALTH_LEVEL_INTERNAL, "front_drawer"))
    assert told[-1].report.passed
    assert (len(ready.printer.receipts), len(ready.printer.pulses)) == before
    first, second = reports(ready)[-2:]
    assert (first["device_id"], first["level"], first["result"]) == (
        "front_printer",
        "internal",
        "passed",
    )
    assert second["device_id"] == "front_drawer"
    assert len(first["steps"]) == 3  # type: ignore[arg-type]


def test_each_step_is_told_when_it_begins_and_when_it_ends(ready: Till) -> None:
    told = list(check(ready, pb.HEALTH_LEVEL_INTERNAL))
    steps = [(each.step.number, each.step.state) for each in told[:-1]]
    running = pb.HEALTH_STEP_STATE_RUNNING
    assert steps == [(n, state) for n in (1, 2, 3) for state in (running, PASSED)]
    assert len({each.check_id for each in told}) == 1
    assert told[-1].report.seq == journal_records(ready.calls)[-1].seq


def test_the_test_page_has_one_of_everything_and_its_symbols_can_be_read(ready: Till) -> None:
    import zxingcpp

    ready.calls.checkout.Checkout(cash_sale())
    wait_for(lambda: "PaperCutCount" in str(statistics(ready)), "the receipt is out")
    before = len(ready.printer.receipts)
    told = list(check(ready, pb.HEALTH_LEVEL_EXTERNAL))
    assert result(told)["test_page"] == PASSED
    page = ready.printer.wait_receipts(before + 1, timeout_s=20)[-1]
    for words in (
        "TEST PAGE",
        "front_printer",
        "HWSIM00001",
        "谢谢惠顾",
        "Привет",
        "PaperCutCount",
    ):
        assert words in page.text, words
    ruler = "".join(str(at % 10) for at in range(1, 43))
    assert ruler in page.text
    read = {found.text for found in zxingcpp.read_barcodes(page.image.convert("L"))}
    assert read >= {"6901234567892", "96385074", "CODE 39", "Code-128", "PDF417 test"}
    assert "https://example.org/测试" in read
    evidence = next(step.evidence for step in told[-1].report.steps if step.name == "test_page")
    assert evidence == "CONFIRMED (PROCESS_ID)"


def test_an_external_check_opens_the_drawer_once(ready: Till) -> None:
    before = len(ready.printer.pulses)
    told = list(check(ready, pb.HEALTH_LEVEL_EXTERNAL, "front_drawer"))
    assert result(told) == {
        "reachable": PASSED,
        "conditions": PASSED,
        "switch": PASSED,
        "open_drawer": PASSED,
    }
    assert ready.sensor.is_open
    assert len(ready.printer.pulses) == before + 1


def act(
    till: Till,
    device_id: str,
    acts: dict[str, Callable[[pb.CheckHealthResponse], object]],
    print_on: str = "",
) -> list[pb.CheckHealthResponse]:
    """Do, for each step that needs a person, what this person does."""
    told = []
    for message in check(till, pb.HEALTH_LEVEL_INTERACTIVE, device_id, print_on):
        told.append(message)
        waits = (pb.HEALTH_STEP_STATE_WAITING, pb.HEALTH_STEP_STATE_ASKING)
        if message.step.state in waits:
            assert message.step.instruction
            assert message.step.HasField("deadline")
            acts[message.step.name](message)
    return told


def answer(till: Till, value: pb.HealthAnswer) -> Callable[[pb.CheckHealthResponse], object]:
    return lambda message: till.calls.device.AnswerHealthStep(
        pb.AnswerHealthStepRequest(
            check_id=message.check_id, number=message.step.number, answer=value
        )
    )


def test_a_person_opens_and_shuts_the_cover_and_looks_at_the_page(ready: Till) -> None:
    before = len(ready.printer.receipts)
    told = act(
        ready,
        "front_printer",
        {
            "open_cover": lambda _: ready.printer.open_cover(),
            "close_cover": lambda _: ready.printer.close_cover(),
            "page_is_right": answer(ready, pb.HEALTH_ANSWER_YES),
        },
    )
    assert told[-1].report.passed
    assert set(result(told).values()) == {PASSED}
    assert len(ready.printer.receipts) == before + 1


def test_what_a_person_does_not_find_right_fails_the_check(ready: Till) -> None:
    told = act(
        ready,
        "front_drawer",
        {
            "shut_drawer": lambda _: ready.sensor.close(),
            "drawer_is_open": answer(ready, pb.HEALTH_ANSWER_NO),
        },
    )
    assert not told[-1].report.passed
    assert result(told)["drawer_is_open"] == FAILED
    assert reports(ready)[-1]["result"] == "failed"


def test_a_step_can_be_left_out_and_an_answer_to_no_step_is_refused(ready: Till) -> None:
    skip = answer(ready, pb.HEALTH_ANSWER_SKIP)

    def wrong_then_skip(message: pb.CheckHealthResponse) -> None:
        with refused(grpc.StatusCode.NOT_FOUND, "HEALTH_CHECK_NOT_FOUND"):
            answer(ready, pb.HEALTH_ANSWER_YES)(message)  # the device is to say that itself
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID"):
            answer(ready, pb.HEALTH_ANSWER_UNSPECIFIED)(message)
        skip(message)

    told = act(
        ready,
        "front_printer",
        {
            "open_cover": wrong_then_skip,
            "close_cover": lambda _: None,  # it is shut: the device says so
            "page_is_right": skip,
        },
    )
    assert told[-1].report.passed
    assert result(told)["open_cover"] == result(told)["page_is_right"] == SKIPPED
    with refused(grpc.StatusCode.NOT_FOUND, "HEALTH_CHECK_NOT_FOUND"):
        skip(told[-2])


def test_one_device_has_one_check_and_a_caller_that_hangs_up_abandons_it(ready: Till) -> None:
    first = check(ready, pb.HEALTH_LEVEL_INTERACTIVE)
    next(message for message in first if message.step.name == "open_cover")
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "DEVICE_BUSY"):
        list(check(ready, pb.HEALTH_LEVEL_INTERNAL))
    first.cancel()  # type: ignore[attr-defined]
    wait_for(lambda: reports(ready)[-1]["result"] == "abandoned", "it is told")
    assert list(check(ready, pb.HEALTH_LEVEL_INTERNAL))[-1].report.passed


def test_a_printer_that_cannot_print_gets_no_page_and_the_check_says_why(ready: Till) -> None:
    ready.printer.open_cover()
    before = jobs(ready)
    told = list(check(ready, pb.HEALTH_LEVEL_EXTERNAL))
    assert not told[-1].report.passed
    assert result(told)["conditions"] == FAILED
    assert result(told)["test_page"] == SKIPPED
    assert jobs(ready) == before


def test_a_printer_that_is_not_there_is_told_as_that() -> None:
    with VirtualPrinter() as printer, a_till(printer=printer) as till:
        printer.power_off()
        till.start()
        told = list(check(till, pb.HEALTH_LEVEL_INTERNAL))
        assert result(told)["reachable"] == FAILED


def test_instructions_come_in_the_language_of_the_caller(ready: Till) -> None:
    request = pb.CheckHealthRequest(device_id="front_printer", level=pb.HEALTH_LEVEL_INTERACTIVE)
    stream = ready.calls.device.CheckHealth(request, metadata=CHINESE)
    asked = next(message for message in stream if message.step.instruction)
    assert asked.step.instruction == "请打开打印机上盖。"
    stream.cancel()


def test_a_check_without_a_level_or_of_no_device_is_refused(ready: Till) -> None:
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID"):
        list(check(ready, pb.HEALTH_LEVEL_UNSPECIFIED))
    with refused(grpc.StatusCode.NOT_FOUND, "DEVICE_NOT_FOUND"):
        list(check(ready, pb.HEALTH_LEVEL_INTERNAL, new_id()))

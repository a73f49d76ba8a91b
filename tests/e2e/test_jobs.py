"""Print jobs that do not go as they should: taken back, in doubt, decided about, given to another
printer. On a running daemon, with what is on paper as the witness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

from hwsim.drawer import VirtualDrawer
from hwsim.mechanism import PaperState
from hwsim.models import MODELS
from hwsim.printer import VirtualPrinter
from tests.support.answers import await_job, await_kick, paper_in, refused
from tests.support.sales import card_sale, cash_sale, name, new_id
from tests.support.till import a_till
from tillhal.v1 import drawer_pb2, system_pb2
from tillhal.v1 import printer_pb2 as pb

if TYPE_CHECKING:
    from tests.support.till import Calls, Till

UNCONFIRMED, FAILED_PARTIAL = pb.JOB_STATE_UNCONFIRMED, pb.JOB_STATE_FAILED_PARTIAL
CONFIRMED, HELD = pb.JOB_STATE_CONFIRMED, pb.JOB_STATE_HELD
REPRINT = 'when_unconfirmed = "reprint_as_copy"'


def sell(till: Till) -> str:
    """The id of the receipt's job."""
    job_id: str = till.calls.checkout.Checkout(card_sale()).sale.receipt_job_id
    return job_id


def get(calls: Calls, job_id: str) -> pb.Job:
    return calls.printer.GetJob(pb.GetJobRequest(job_id=job_id)).job


def unresolved(calls: Calls) -> list[str]:
    answer = calls.printer.ListJobs(pb.ListJobsRequest(unresolved_only=True))
    status = calls.system.GetStatus(system_pb2.GetStatusRequest())
    assert status.unresolved_jobs == len(answer.jobs)
    return [job.job_id for job in answer.jobs]


def resolving(job_id: str, how: pb.JobResolution, reason: str = "") -> pb.ResolveJobRequest:
    return pb.ResolveJobRequest(request_id=new_id(), job_id=job_id, resolution=how, reason=reason)


def document(*lines: str) -> pb.PrintDocument:
    parts = [pb.Part(text=pb.TextPart(runs=[pb.Run(text=line)])) for line in lines]
    return pb.PrintDocument(parts=[*parts, pb.Part(cut=pb.CutPart())])


def killed_at(till: Till, failpoint: str) -> str:
    """Sell with a till that dies there; the job's id, with the till up again."""
    till.start(failpoint)
    till.calls.checkout.Checkout(card_sale())
    till.await_killed()
    till.start()
    return "receipt/1"


# --- taken back


def test_a_job_that_has_not_begun_is_taken_back_and_never_printed(fresh: Till) -> None:
    fresh.printer.power_off()
    sale = fresh.calls.checkout.Checkout(cash_sale()).sale
    await_job(fresh.calls, sale.receipt_job_id, HELD)
    request = pb.CancelJobRequest(
        request_id=new_id(), job_id=sale.receipt_job_id, reason="wants none"
    )
    answer = fresh.calls.printer.CancelJob(request)
    assert (answer.job.state, answer.job.resolve_reason) == (
        pb.JOB_STATE_CANCELLED,
        "wants none",
    )
    assert fresh.calls.printer.CancelJob(request) == pb.CancelJobResponse(
        job=answer.job, durability=answer.durability, replayed=True
    )
    assert get(fresh.calls, sale.receipt_job_id) == answer.job
    assert unresolved(fresh.calls) == []
    fresh.printer.power_on()
    later = sell(fresh)
    assert await_job(fresh.calls, later).state == CONFIRMED
    assert paper_in(fresh.printer).originals == {2: 1}


def test_a_job_that_has_begun_or_is_unknown_cannot_be_taken_back(fresh: Till) -> None:
    job_id = sell(fresh)
    await_job(fresh.calls, job_id)
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "JOB_STATE") as caught:
        fresh.calls.printer.CancelJob(pb.CancelJobRequest(request_id=new_id(), job_id=job_id))
    assert caught.refusal.facts == {
        "job_id": job_id,
        "state": "confirmed",
        "resolution": "none",
    }
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "JOB_STATE"):
        fresh.calls.printer.ResolveJob(resolving(job_id, pb.JOB_RESOLUTION_PRINTED))
    for call, request in (
        (fresh.calls.printer.CancelJob, pb.CancelJobRequest(request_id=new_id(), job_id="no")),
        (fresh.calls.printer.ResolveJob, resolving("no", pb.JOB_RESOLUTION_COPY)),
    ):
        with refused(grpc.StatusCode.NOT_FOUND, "JOB_NOT_FOUND"):
            call(request)


def test_a_decision_must_be_named(fresh: Till) -> None:
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID") as caught:
        fresh.calls.printer.ResolveJob(resolving("job", pb.JOB_RESOLUTION_UNSPECIFIED))
    assert caught.refusal.fields == ["resolution"]


# --- in doubt


def test_the_printers_count_proves_a_receipt_that_came_out_while_the_till_died() -> None:
    with VirtualPrinter(drawer=VirtualDrawer()) as printer, a_till(printer=printer) as till:
        job_id = killed_at(till, "effects.after_print")
        job = await_job(till.calls, job_id, CONFIRMED)
        assert (job.reason, unresolved(till.calls)) == ("CUT_COUNTER", [])
        assert paper_in(printer).originals == {1: 1}


def test_a_receipt_that_never_began_is_not_proven_by_the_cut_of_the_one_before_it() -> None:
    with VirtualPrinter(drawer=VirtualDrawer()) as printer, a_till(printer=printer) as till:
        till.start("effects.print_started:2")
        printer.set_paper(PaperState.END, after_dots=60)
        first = sell(till)
        await_job(till.calls, first, UNCONFIRMED)
        printer.set_paper(PaperState.ADEQUATE)  # it is printed to its end, and cut off, late
        await_job(till.calls, first, CONFIRMED)
        till.calls.checkout.Checkout(card_sale())
        till.await_killed()
        till.machine_went_down()
        till.start()
        job = await_job(till.calls, "receipt/2", FAILED_PARTIAL)
        assert job.reason == "CUT_COUNTER"
        assert paper_in(printer).originals == {1: 1}


def test_a_receipt_is_proven_though_the_count_could_not_be_read_at_first() -> None:
    with VirtualPrinter(drawer=VirtualDrawer()) as printer, a_till(printer=printer) as till:
        till.start("printer.mid_print")
        printer.ignore("GS ( H")  # what leads to the count is not answered in time
        till.calls.checkout.Checkout(card_sale())
        await_job(till.calls, "receipt/1", pb.JOB_STATE_SENDING)
        printer.ignore()  # and then it is well again, before the first byte of the receipt
        till.await_killed()
        till.start()
        job = await_job(till.calls, "receipt/1", FAILED_PARTIAL)
        assert job.reason == "CUT_COUNTER"


def test_half_a_receipt_is_known_to_be_half_and_printed_again_as_a_copy() -> None:
    with (
        VirtualPrinter(drawer=VirtualDrawer()) as printer,
        a_till(printer=printer) as till,
    ):
        job_id = killed_at(till, "printer.mid_print")
        job = await_job(till.calls, job_id, FAILED_PARTIAL)
        assert job.reason == "CUT_COUNTER"
        assert unresolved(till.calls) == [job_id]
        report = till.calls.system.GetStatus(system_pb2.GetStatusRequest()).recovery
        assert list(report.unresolved_job_ids) == [job_id]

        request = resolving(job_id, pb.JOB_RESOLUTION_COPY, "the customer has none")
        answer = till.calls.printer.ResolveJob(request)

        assert answer.job.resolution == pb.JOB_RESOLUTION_COPY
        assert (answer.job.copy_job_id, answer.copy.copy_of_job_id) == (
            answer.copy.job_id,
            job_id,
        )
        assert not answer.job.resolved_by_policy
        assert answer.job.resolve_reason == "the customer has none"
        assert till.calls.printer.ResolveJob(request) == pb.ResolveJobResponse(
            job=answer.job, copy=answer.copy, durability=answer.durability, replayed=True
        )
        copy = await_job(till.calls, answer.copy.job_id)
        assert (copy.state, copy.kind, copy.copy) == (CONFIRMED, pb.JOB_KIND_RECEIPT_COPY, 1)
        assert unresolved(till.calls) == []
        paper = paper_in(printer)
        assert (paper.originals.get(1, 0), paper.copies) == (0, {1: 1})
        assert "May be a duplicate" in printer.receipts[-1].text
        with refused(grpc.StatusCode.FAILED_PRECONDITION, "JOB_STATE") as caught:
            till.calls.printer.ResolveJob(resolving(job_id, pb.JOB_RESOLUTION_PRINTED))
        assert caught.refusal.facts["resolution"] == "copy"


def test_what_a_person_saw_on_paper_counts_and_outlives_a_restart() -> None:
    with VirtualPrinter(drawer=VirtualDrawer()) as printer, a_till(printer=printer) as till:
        job_id = killed_at(till, "printer.mid_print")
        await_job(till.calls, job_id, FAILED_PARTIAL)
        answer = till.calls.printer.ResolveJob(resolving(job_id, pb.JOB_RESOLUTION_DISCARDED))
        till.kill()
        till.start()
        assert get(till.calls, job_id) == answer.job
        assert unresolved(till.calls) == []
        assert answer.job.resolved_by == "default"


def test_the_shops_policy_prints_a_chinese_copy_by_itself() -> None:
    with (
        VirtualPrinter(drawer=VirtualDrawer()) as printer,
        a_till(printer=printer, receipt=REPRINT, language="zh-CN") as till,
    ):
        job_id = killed_at(till, "printer.mid_print")
        job = await_job(till.calls, job_id, FAILED_PARTIAL)
        copy = await_job(till.calls, "copy/" + str(_copy_seq(till, job_id)))
        assert copy.state == CONFIRMED
        job = get(till.calls, job_id)
        assert (job.resolution, job.resolved_by_policy) == (pb.JOB_RESOLUTION_COPY, True)
        paper = printer.receipts[-1].text
        assert "*** 重印 COPY 1 ***" in paper
        assert "可能重复" in paper


def _copy_seq(till: Till, job_id: str) -> int:
    """The record in which the policy decided."""
    for message in till.calls.printer.WatchJobs(pb.WatchJobsRequest()):
        if message.job.copy_of_job_id == job_id:
            return int(message.cursor)
    raise AssertionError


def test_a_document_in_doubt_is_printed_again_as_a_marked_copy() -> None:
    with VirtualPrinter(drawer=VirtualDrawer()) as printer, a_till(printer=printer) as till:
        till.start("printer.mid_print")
        job_id = name("job")
        till.calls.printer.SubmitJob(
            pb.SubmitJobRequest(
                request_id=new_id(), job_id=job_id, document=document("Voucher 77", "10.00")
            )
        )
        till.await_killed()
        till.start()
        await_job(till.calls, job_id, FAILED_PARTIAL)
        answer = till.calls.printer.ResolveJob(resolving(job_id, pb.JOB_RESOLUTION_COPY))
        assert await_job(till.calls, answer.copy.job_id).state == CONFIRMED
        paper = printer.receipts[-1].text
        assert paper.index("*** COPY 1 ***") < paper.index("Voucher 77") < paper.index("10.00")


def test_a_clone_that_has_read_a_receipt_and_is_well_is_enough_for_the_shop() -> None:
    with (
        VirtualPrinter(model=MODELS["generic-80"], drawer=VirtualDrawer()) as printer,
        a_till(printer=printer, profile="generic_80") as till,
    ):
        till.start()
        job_id = sell(till)
        await_job(till.calls, job_id)
        await_kick_of(till, job_id)
        job = get(till.calls, job_id)
        assert (job.state, job.reason) == (UNCONFIRMED, "PROCESSED_ONLY")
        assert (job.resolution, job.resolved_by_policy) == (pb.JOB_RESOLUTION_PRINTED, True)
        assert unresolved(till.calls) == []


def await_kick_of(till: Till, job_id: str) -> None:
    """Wait until the policy has decided about the job."""
    for message in till.calls.printer.WatchJobs(pb.WatchJobsRequest()):
        if message.job.job_id == job_id and message.job.resolution:
            return


def test_a_shop_that_wants_to_look_itself_is_asked_about_each_receipt_of_a_clone() -> None:
    with (
        VirtualPrinter(model=MODELS["generic-80"], drawer=VirtualDrawer()) as printer,
        a_till(printer=printer, profile="generic_80", receipt="accept_processed = false") as till,
    ):
        till.start()
        job_id = sell(till)
        await_job(till.calls, job_id)
        assert unresolved(till.calls) == [job_id]


# --- another printer


BACK = """
[devices.back_printer]
driver = "escpos"
port = {{ tcp = "127.0.0.1:{port}" }}
profile = "tm_t88"
"""


def test_receipts_go_to_the_backup_while_the_printer_is_away_and_come_back_to_it() -> None:
    with (
        VirtualPrinter(drawer=VirtualDrawer()) as front,
        VirtualPrinter() as back,
        a_till(
            printer=front,
            front='backup_printer = "back_printer"\nbackup_after_s = 1',
            more=BACK.format(port=back.address[1]),
        ) as till,
    ):
        till.start()
        assert await_job(till.calls, sell(till)).state == CONFIRMED
        front.power_off()
        waiting = [till.calls.checkout.Checkout(cash_sale()).sale for _ in range(3)]
        done = [await_job(till.calls, sale.receipt_job_id) for sale in waiting]
        assert [job.state for job in done] == [CONFIRMED] * 3
        assert {(job.printer, job.rerouted_from) for job in done} == {
            ("back_printer", "front_printer")
        }
        on_back = "".join(receipt.text for receipt in back.receipts)
        places = [on_back.index(f"Receipt {sale.receipt_number} ") for sale in waiting]
        assert places == sorted(places), "in the order of the sales"
        # The drawer hangs on the printer that is away: that is told, and not waited for.
        assert await_kick(till.calls, f"kick/{waiting[0].receipt_number}").state in (
            drawer_pb2.KICK_STATE_FAILED,
            drawer_pb2.KICK_STATE_UNKNOWN,
        )
        front.power_on()
        for message in till.calls.system.WatchEvents(system_pb2.WatchEventsRequest()):
            device = message.device
            if (device.device_id, device.condition.code) == ("front_printer", "OFFLINE"):
                break
            if message.HasField("caught_up"):
                break
        job = await_job(till.calls, sell(till))
        assert job.state == CONFIRMED
        papers = [paper_in(printer).originals for printer in (front, back)]
        both = {**papers[0], **papers[1]}
        assert both == {number: 1 for number in range(1, 6)}
        assert not papers[0].keys() & papers[1].keys(), "no receipt on both"

"""What came back: refusals taken apart, streams read up to a point, and receipts counted."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from tillhal.v1 import checkout_pb2, drawer_pb2, journal_pb2, printer_pb2, types_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hwsim.printer import VirtualPrinter
    from tests.support.till import Calls

M = TypeVar("M")

PAGE_SALES = 500

LIVE_JOB = (
    printer_pb2.JOB_STATE_ACCEPTED,
    printer_pb2.JOB_STATE_HELD,
    printer_pb2.JOB_STATE_SENDING,
    printer_pb2.JOB_STATE_REROUTED,
)


class Refusal(NamedTuple):
    """A status with its details, as the contract describes them."""

    code: grpc.StatusCode
    reason: str
    fields: list[str]
    facts: dict[str, str]
    sentence: str
    localized: error_details_pb2.LocalizedMessage
    has_retry: bool
    device: types_pb2.DeviceErrorDetail | None


def refusal_of(error: grpc.RpcError) -> Refusal:
    """Take an error apart. Every one of ours carries ErrorInfo and LocalizedMessage."""
    status = rpc_status.from_call(cast("grpc.Call", error))
    assert status is not None, f"no google.rpc.Status in {error!r}"
    info = error_details_pb2.ErrorInfo()
    localized = error_details_pb2.LocalizedMessage()
    bad = error_details_pb2.BadRequest()
    device: types_pb2.DeviceErrorDetail | None = None
    has_retry = False
    for detail in status.details:
        for message in (info, localized, bad):
            detail.Unpack(message)
        has_retry |= detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR)
        if detail.Is(types_pb2.DeviceErrorDetail.DESCRIPTOR):
            device = types_pb2.DeviceErrorDetail()
            detail.Unpack(device)
    assert info.domain == "tillhal", f"no ErrorInfo in {status}"
    assert localized.message, f"nothing for the cashier in {status}"
    return Refusal(
        code=error.code(),
        reason=info.reason,
        fields=[violation.field for violation in bad.field_violations],
        facts=dict(info.metadata),
        sentence=status.message,
        localized=localized,
        has_retry=has_retry,
        device=device,
    )


class Caught:
    """Where `refused` puts the refusal."""

    refusal: Refusal


@contextlib.contextmanager
def refused(code: grpc.StatusCode, reason: str) -> Iterator[Caught]:
    """The call inside is refused with this code and reason."""
    caught = Caught()
    with pytest.raises(grpc.RpcError) as raised:
        yield caught
    caught.refusal = refusal_of(raised.value)
    assert (caught.refusal.code, caught.refusal.reason) == (code, reason), caught.refusal


def take_until(stream: Iterable[M], is_last: Callable[[M], bool]) -> list[M]:
    """Read up to and with the first message that `is_last`; the stream must not end before."""
    taken: list[M] = []
    for message in stream:
        taken.append(message)
        if is_last(message):
            return taken
    pytest.fail(f"the stream ended after {len(taken)} messages")


# --- waiting for deeds, by the streams that tell of them


def await_job(calls: Calls, job_id: str, *states: printer_pb2.JobState) -> printer_pb2.Job:
    """Wait until the job is in one of these states; with none named, until it is over."""

    def is_there(message: printer_pb2.WatchJobsResponse) -> bool:
        job = message.job
        return job.job_id == job_id and (
            job.state in states if states else job.state not in LIVE_JOB
        )

    stream = calls.printer.WatchJobs(printer_pb2.WatchJobsRequest())
    last = take_until(stream, is_there)[-1].job
    stream.cancel()
    return last


def await_kick(calls: Calls, kick_id: str) -> drawer_pb2.Kick:
    """Wait until the kick is over."""
    from tillhal.v1 import system_pb2

    def is_over(message: system_pb2.WatchEventsResponse) -> bool:
        kick = message.kick_changed
        return kick.kick_id == kick_id and kick.state != drawer_pb2.KICK_STATE_REQUESTED

    stream = calls.system.WatchEvents(system_pb2.WatchEventsRequest())
    last = take_until(stream, is_over)[-1].kick_changed
    stream.cancel()
    return last


# --- the journal


def journal_records(
    calls: Calls, cursor: int = 0, metadata: tuple[tuple[str, str], ...] = ()
) -> list[journal_pb2.JournalRecord]:
    """All records after `cursor`, as whoever the `metadata` names may see them."""
    request = journal_pb2.WatchJournalRequest(cursor=cursor)
    stream = calls.journal.WatchJournal(request, metadata=metadata)
    taken = take_until(stream, lambda message: message.HasField("caught_up"))
    stream.cancel()
    assert not any(message.HasField("gap") for message in taken)
    return [message.record for message in taken if message.HasField("record")]


def head_seq(calls: Calls) -> int:
    """The journal's last durable sequence number."""
    return calls.journal.GetStatus(journal_pb2.JournalServiceGetStatusRequest()).head_seq


def assert_journal_sound(calls: Calls) -> journal_pb2.VerifyResult:
    """A whole check finds nothing."""
    # A check that began at the start may be joined: it is as good, up to the head it knew.
    steps = list(calls.journal.Verify(journal_pb2.VerifyRequest()))
    result = steps[-1].result
    assert result.sound, result
    assert not result.findings
    return result


# --- the paper

_NUMBER = re.compile(r"^Receipt (\d+) ", re.MULTILINE)


class Paper(NamedTuple):
    """Whole receipts on paper, by receipt number: as often as each one came out."""

    originals: dict[int, int]
    copies: dict[int, int]


def paper_of(text: str) -> Paper:
    """Count the receipts in the text of all paper, cut or not, in the order it came out.

    Half a receipt passes for one only if its total is on it; what does not say that it is a
    copy is an original.
    """
    paper = Paper({}, {})
    starts = list(_NUMBER.finditer(text))
    before_from = 0
    for at, start in enumerate(starts):
        end = starts[at + 1].start() if at + 1 < len(starts) else len(text)
        if "\nTOTAL " in text[start.end() : end]:
            is_copy = "*** COPY " in text[before_from : start.start()]
            pile = paper.copies if is_copy else paper.originals
            number = int(start.group(1))
            pile[number] = pile.get(number, 0) + 1
        before_from = start.end()
    return paper


def paper_in(printer: VirtualPrinter) -> Paper:
    """All that came out of this printer, and what is still in it."""
    pieces = [receipt.text for receipt in printer.receipts]
    return paper_of("".join([*pieces, printer.uncut_text]))


def listed_sales(calls: Calls) -> Iterator[checkout_pb2.SaleSummary]:
    """All finished sales that the till lists, page by page."""
    token = ""
    while True:
        request = checkout_pb2.ListSalesRequest(page_size=PAGE_SALES, page_token=token)
        page = calls.checkout.ListSales(request)
        yield from page.sales
        token = page.next_page_token
        if not token:
            return

"""PrinterService."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from tillhal.v1 import printer_pb2 as pb
from tillhal.v1 import printer_pb2_grpc, types_pb2
from tillhald.devices.categories import Category, PrinterCapabilities
from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.answers import JobAnswer, ResolvedAnswer
from tillhald.domain.events import decode_record
from tillhald.domain.jobs import JobState
from tillhald.domain.layout import Line, lay_out
from tillhald.domain.testpage import test_page
from tillhald.rpc import documents, fields, to_wire
from tillhald.rpc.device import find_device
from tillhald.rpc.requests import PAGE_DEFAULT, PAGE_MAX, carry_out, page_start, request_of
from tillhald.service.follow import Hole, Mark, follow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tillhald.devices.registry import DeviceRegistry, DeviceSnapshot
    from tillhald.domain.document import PrintDocument
    from tillhald.domain.events import Record
    from tillhald.domain.jobs import Job
    from tillhald.domain.layout import Block
    from tillhald.domain.preflight import Problem
    from tillhald.journal.store import Store
    from tillhald.rpc.door import Context
    from tillhald.service.device_care import DeviceCare
    from tillhald.service.tail import Tail
    from tillhald.service.till import Outcome, Till

TTL_S_MAX = 604_800
TEST_PAGE_TTL_S = 60
_RESOLUTIONS = {wire: resolution for resolution, wire in to_wire.RESOLUTIONS.items()}


class PrinterServicer(printer_pb2_grpc.PrinterServiceServicer):
    def __init__(
        self, till: Till, store: Store, tail: Tail, devices: DeviceRegistry, care: DeviceCare
    ) -> None:
        self._till = till
        self._store = store
        self._tail = tail
        self._devices = devices
        self._care = care

    async def ValidateDocument(
        self, request: pb.ValidateDocumentRequest, context: Context
    ) -> pb.ValidateDocumentResponse:
        shot = self._printer(request.printer)
        document = documents.print_document(request.document)
        problems = self._devices.check(shot.device_id, document)
        return pb.ValidateDocumentResponse(
            problems=[
                pb.DocumentProblem(
                    part=max(problem.part_index, 0),
                    reason=problem.reason.value,
                    message=problem.message,
                )
                for problem in problems
            ],
            preview=[] if problems else _preview(shot, document),
        )

    async def SubmitJob(
        self, request: pb.SubmitJobRequest, context: Context
    ) -> pb.SubmitJobResponse:
        asked = request_of("SubmitJob", request.request_id, request)
        document = documents.print_document(request.document)
        printer = request.printer
        if self._till.answered(asked.request_id) is None:  # a retry has its answer, come what may
            printer = self._printer(printer).device_id
            problems = self._devices.check(printer, document)
            if problems:
                raise _refusal(problems[0])
        if request.ttl_s > TTL_S_MAX:
            raise errors.FieldInvalid("ttl_s", f"At most {TTL_S_MAX} seconds.", limit=TTL_S_MAX)
        command = cmd.SubmitJob(
            job_id=fields.identifier(request.job_id, "job_id"),
            printer=printer,
            document=document,
            ttl_s=request.ttl_s or self._till.rules.receipt_ttl_s,
        )

        def convert(outcome: Outcome) -> pb.SubmitJobResponse:
            assert isinstance(outcome.answer, JobAnswer), "SubmitJob answers with a job"
            if outcome.replayed:
                self._care.count(outcome.answer.job.printer, "DuplicateSuppressedCount")
            return pb.SubmitJobResponse(
                job=to_wire.job(outcome.answer.job), replayed=outcome.replayed
            )

        return await carry_out(self._till, command, asked, convert)

    async def PrintTestPage(
        self, request: pb.PrintTestPageRequest, context: Context
    ) -> pb.PrintTestPageResponse:
        shot = self._printer(request.printer)
        command = cmd.SubmitJob(
            job_id=fields.identifier(request.job_id, "job_id"),
            printer=shot.device_id,
            document=self._test_page(shot),
            ttl_s=TEST_PAGE_TTL_S,
        )

        def convert(outcome: Outcome) -> pb.PrintTestPageResponse:
            assert isinstance(outcome.answer, JobAnswer), "PrintTestPage answers with a job"
            return pb.PrintTestPageResponse(
                job=to_wire.job(outcome.answer.job), replayed=outcome.replayed
            )

        return await carry_out(
            self._till, command, request_of("PrintTestPage", request.request_id, request), convert
        )

    def _test_page(self, shot: DeviceSnapshot) -> PrintDocument:
        assert isinstance(shot.capabilities, PrinterCapabilities), "a printer has a printer's"
        paper = shot.capabilities.paper
        facts = (
            ("printer", shot.device_id),
            ("driver", shot.driver),
            ("port", shot.port),
            ("columns", str(paper.columns)),
            ("evidence", shot.capabilities.completion.value),
        )
        return test_page(
            paper,
            facts=facts,
            counts={},
            can_print=lambda sample: not self._devices.check(shot.device_id, sample),
        )

    async def GetJob(self, request: pb.GetJobRequest, context: Context) -> pb.GetJobResponse:
        try:
            job = self._till.job(_job_id(request.job_id))
        finally:
            await self._till.caught_up()
        return pb.GetJobResponse(job=to_wire.job(job))

    async def ListJobs(self, request: pb.ListJobsRequest, context: Context) -> pb.ListJobsResponse:
        if request.unresolved_only:
            waiting = list(self._till.state.unresolved.values())
            await self._till.caught_up()
            return pb.ListJobsResponse(jobs=[to_wire.job(job) for job in reversed(waiting)])
        size = fields.page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)
        start = page_start(b"t", request.page_token)
        newest_first = sorted(self._till.state.jobs.values(), key=lambda job: -job.submit_seq)
        # Live jobs come first, on the first page; they are few. One that ends before the index
        # is read stands in both lists: by its id it is told once, as it is by then.
        names = [] if start else [job.job_id for job in newest_first]
        rows: list[tuple[bytes, bytes]] = []
        if not request.live_only:
            await self._till.caught_up()
            rows = self._store.scan("jobs", prefix=b"t", start=start, limit=size + 1, reverse=True)
            names += [value.decode() for _, value in rows[:size]]
        jobs = [to_wire.job(self._till.job(name)) for name in dict.fromkeys(names)]
        await self._till.caught_up()
        return pb.ListJobsResponse(
            jobs=jobs, next_page_token=rows[size][0][1:].hex() if len(rows) > size else ""
        )

    async def CancelJob(
        self, request: pb.CancelJobRequest, context: Context
    ) -> pb.CancelJobResponse:
        command = cmd.CancelJob(
            job_id=_job_id(request.job_id), reason=fields.text(request.reason, "reason")
        )

        def convert(outcome: Outcome) -> pb.CancelJobResponse:
            assert isinstance(outcome.answer, JobAnswer), "CancelJob answers with a job"
            return pb.CancelJobResponse(
                job=to_wire.job(outcome.answer.job), replayed=outcome.replayed
            )

        return await carry_out(
            self._till, command, request_of("CancelJob", request.request_id, request), convert
        )

    async def ResolveJob(
        self, request: pb.ResolveJobRequest, context: Context
    ) -> pb.ResolveJobResponse:
        resolution = _RESOLUTIONS.get(request.resolution)
        if resolution is None:
            raise errors.FieldInvalid("resolution", "A decision is needed.")
        command = cmd.ResolveJob(
            job_id=_job_id(request.job_id),
            resolution=resolution,
            reason=fields.text(request.reason, "reason"),
        )

        def convert(outcome: Outcome) -> pb.ResolveJobResponse:
            answer = outcome.answer
            assert isinstance(answer, ResolvedAnswer), "ResolveJob answers with its job"
            return pb.ResolveJobResponse(
                job=to_wire.job(answer.job),
                copy=to_wire.job(answer.copy) if answer.copy else None,
                replayed=outcome.replayed,
            )

        return await carry_out(
            self._till, command, request_of("ResolveJob", request.request_id, request), convert
        )

    async def WatchJobs(
        self, request: pb.WatchJobsRequest, context: Context
    ) -> AsyncIterator[pb.WatchJobsResponse]:
        cursor = request.cursor
        async for item in follow(self._store, self._tail, cursor, from_now=request.from_now):
            match item:
                case Mark():
                    continue
                case Hole(first_seq, seq, why):
                    gap = types_pb2.Gap(first_seq=first_seq, last_seq=seq, why=why)
                    yield pb.WatchJobsResponse(cursor=seq, gap=gap)
                case _:
                    for job in job_changes(self._till, decode_record(item.body), item.seq):
                        yield pb.WatchJobsResponse(cursor=item.seq, job=to_wire.job(job))

    def _printer(self, name: str) -> DeviceSnapshot:
        shot = find_device(self._devices, name or self._till.rules.receipt_printer)
        if shot.category is not Category.POS_PRINTER:
            raise errors.DeviceNotFound("This device is no printer.", device_id=shot.device_id)
        return shot


def _job_id(value: str) -> str:
    """Of any job: a till's own ("receipt/17") have a stroke in their name."""
    return fields.text(value, "job_id", least=1)


def _preview(shot: DeviceSnapshot, document: PrintDocument) -> list[str]:
    assert isinstance(shot.capabilities, PrinterCapabilities), "a printer has a printer's"
    blocks = lay_out(document, shot.capabilities.paper)
    return [_as_text(block) for block in blocks]


def _as_text(block: Block) -> str:
    if isinstance(block, Line):
        return " " * block.indent + "".join(run.text for run in block.runs)
    return f"[{type(block).__name__.lower()}]"


def _refusal(problem: Problem) -> errors.Invalid:
    kind = (
        errors.TextNotPrintable
        if problem.reason.value == errors.TextNotPrintable.reason
        else errors.DocumentInvalid
    )
    part = f".parts[{problem.part_index}]" if problem.part_index >= 0 else ""
    return kind(f"document{part}", problem.message)


def job_changes(till: Till, record: Record, seq: int) -> list[Job]:
    """The jobs that a record changed, each as it was after it."""
    changed = []
    for event in record.events:
        match event:
            case ev.SaleCompleted(receipt_job_id=job_id) if job_id:
                state, reason, sent = JobState.ACCEPTED, "", 0
            case ev.JobSubmitted(job_id=job_id):
                state, reason, sent = JobState.ACCEPTED, "", 0
            case ev.JobHeld(job_id=job_id, reason=reason):
                state, sent = JobState.HELD, 0
            case ev.PrintStarted(job_id=job_id):
                state, reason, sent = JobState.SENDING, "", 0
            case ev.PrintEnded(job_id=job_id, outcome=state, reason=reason, bytes_sent=sent):
                pass
            case ev.JobCancelled(job_id=job_id):
                state, reason, sent = JobState.CANCELLED, "", 0
            case ev.JobRerouted(job_id=job_id, reason=reason):
                state, sent = JobState.REROUTED, 0
            case ev.JobConfirmedLate(job=job) | ev.JobFailedLate(job=job) | ev.JobResolved(job=job):
                job_id, state, reason, sent = job.job_id, job.state, job.reason, job.bytes_sent
            case _:
                continue
        changed.append(
            replace(
                till.job(job_id),
                state=state,
                reason=reason,
                bytes_sent=sent,
                seq=seq,
                updated_ms=record.wall_ms,
            )
        )
    return changed

"""PredecessorService."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhal.v1 import predecessor_pb2 as pb
from tillhal.v1 import predecessor_pb2_grpc, types_pb2
from tillhald.domain import errors
from tillhald.domain.imported import decode_old_report, receipts_key, reports_key
from tillhald.domain.predecessor import OLD_NUMBER_CHARS_MAX, OldReportKind
from tillhald.rpc import fields
from tillhald.rpc.requests import PAGE_DEFAULT, PAGE_MAX
from tillhald.rpc.to_wire import sale, timestamp
from tillhald.service.imports import Imported, Planned, Standing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tillhald.domain.predecessor import (
        ImportCounts,
        ImportDone,
        OldReport,
        OldTotals,
        PredecessorSource,
    )
    from tillhald.journal.store import Store
    from tillhald.rpc.door import Context
    from tillhald.service.imports import Imports, Plan
    from tillhald.service.till import Till

PATH_CHARS_MAX = 1_000
ADAPTER_CHARS_MAX = 64
DIGEST_CHARS_MAX = 64
EXPLANATION_CHARS_MAX = 500
FOUND_MAX = 20
_KINDS = {
    OldReportKind.SHIFT: pb.IMPORTED_REPORT_KIND_SHIFT,
    OldReportKind.DAY: pb.IMPORTED_REPORT_KIND_DAY,
}
_MESSAGES = {
    "reading": "{done} sales read and checked",
    "comparing": "{done} of {total} sales compared with what is here",
    "importing": "{done} of {total} sales imported",
}


class PredecessorServicer(predecessor_pb2_grpc.PredecessorServiceServicer):
    def __init__(self, till: Till, store: Store, imports: Imports) -> None:
        self._till = till
        self._store = store
        self._imports = imports

    async def PlanImport(
        self, request: pb.PlanImportRequest, context: Context
    ) -> AsyncIterator[pb.PlanImportResponse]:
        path, adapter = _path(request.path), _short(request.adapter, "adapter", ADAPTER_CHARS_MAX)
        async for step in self._imports.plan(path, adapter):
            if isinstance(step, Standing):
                yield pb.PlanImportResponse(progress=_progress(step))
            elif isinstance(step, Planned):
                yield pb.PlanImportResponse(plan=_plan(step.plan))

    async def CommitImport(
        self, request: pb.CommitImportRequest, context: Context
    ) -> AsyncIterator[pb.CommitImportResponse]:
        request_id = fields.request_id(request.request_id)
        digest = _short(request.digest, "digest", DIGEST_CHARS_MAX)
        if not digest:
            raise errors.FieldInvalid("digest", "The digest of the plan is needed.")
        steps = self._imports.commit(
            _path(request.path),
            _short(request.adapter, "adapter", ADAPTER_CHARS_MAX),
            digest=digest,
            explanation=_short(request.explanation, "explanation", EXPLANATION_CHARS_MAX),
            request_id=request_id,
        )
        async for step in steps:
            if isinstance(step, Standing):
                yield pb.CommitImportResponse(progress=_progress(step))
            elif isinstance(step, Imported):
                result = pb.ImportResult(
                    imported=_import(step.done) if step.done else None,
                    plan=_plan(step.plan) if step.plan else None,
                    took_ms=step.took_ms,
                    replayed=step.replayed,
                )
                yield pb.CommitImportResponse(result=result)

    async def ListImports(
        self, request: pb.ListImportsRequest, context: Context
    ) -> pb.ListImportsResponse:
        done = list(self._till.state.imports.done.values())
        await self._till.caught_up()
        return pb.ListImportsResponse(imports=map(_import, reversed(done)))

    async def FindImportedSales(
        self, request: pb.FindImportedSalesRequest, context: Context
    ) -> pb.FindImportedSalesResponse:
        receipt = _short(request.receipt, "receipt", OLD_NUMBER_CHARS_MAX)
        if not receipt:
            raise errors.FieldInvalid("receipt", "The number of the receipt is needed.")
        await self._till.caught_up()
        rows = self._store.scan("days", prefix=receipts_key(receipt), limit=FOUND_MAX)
        sales = [self._till.finished_sale(value.decode()) for _, value in rows]
        currency = self._till.rules.currency
        return pb.FindImportedSalesResponse(
            sales=[sale(each, currency) for each in sales if each is not None]
        )

    async def ListImportedReports(
        self, request: pb.ListImportedReportsRequest, context: Context
    ) -> pb.ListImportedReportsResponse:
        size = fields.page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)
        import_id = fields.identifier(request.import_id, "import_id")
        start = _page_start(import_id, request.page_token)
        if import_id not in self._till.state.imports.done:
            raise errors.ImportNotFound("There is no such import.", import_id=import_id)
        await self._till.caught_up()
        rows = self._store.scan("days", prefix=reports_key(import_id), start=start, limit=size + 1)
        return pb.ListImportedReportsResponse(
            reports=[_report(decode_old_report(value)) for _, value in rows[:size]],
            next_page_token=rows[size][0].hex() if len(rows) > size else "",
        )


def _path(asked: str) -> str:
    path = _short(asked, "path", PATH_CHARS_MAX)
    if not path.startswith("/"):
        raise errors.FieldInvalid("path", "An absolute path is needed.")
    return path


def _short(text: str, field: str, most: int) -> str:
    if len(text) > most or not (text.isprintable()):
        raise errors.FieldInvalid(field, f"At most {most} characters that can be printed.")
    return text


def _page_start(import_id: str, token: str) -> bytes:
    if not token:
        return b""
    try:
        start = bytes.fromhex(token)
    except ValueError:
        start = b""
    if not start.startswith(reports_key(import_id)):
        raise errors.FieldInvalid("page_token", "This is no page token.")
    return start


def _progress(step: Standing) -> types_pb2.Progress:
    message = _MESSAGES[step.phase].format(done=step.done, total=step.total)
    return types_pb2.Progress(
        phase=step.phase, done=step.done, total=step.total, eta_s=step.eta_s, message=message
    )


def _source(source: PredecessorSource) -> pb.PredecessorSource:
    return pb.PredecessorSource(
        adapter=source.adapter,
        product=source.product,
        product_version=source.product_version,
        shop=source.shop,
        till=source.till,
        origin=source.origin,
        digest=source.digest,
    )


def _counts(counts: ImportCounts) -> pb.ImportCounts:
    return pb.ImportCounts(
        sales=counts.sales,
        returns=counts.returns,
        voids=counts.voids,
        suspended=counts.suspended,
        shifts=counts.shifts,
        days=counts.days,
        not_uploaded=counts.not_uploaded,
        payable_minor=counts.payable_minor,
    )


def _plan(plan: Plan) -> pb.ImportPlan:
    report = plan.report
    return pb.ImportPlan(
        source=_source(report.source),
        counts=_counts(report.counts),
        new=_counts(plan.new),
        known=plan.known,
        open_shifts=report.open_shifts,
        open_days=report.open_days,
        first_time=timestamp(report.first_ms) if report.first_ms else None,
        last_time=timestamp(report.last_ms) if report.last_ms else None,
        faults=[
            pb.ImportFault(file=f.file, line=f.line, field=f.field, message=f.sentence)
            for f in report.faults
        ],
        faults_count=report.faults_count,
        differences=[
            pb.ImportDifference(
                file=d.file,
                line=d.line,
                of=d.of,
                old_id=d.old_id,
                what=d.what,
                theirs=d.theirs,
                ours=d.ours,
            )
            for d in report.differences
        ],
        differences_count=report.differences_count,
        notices=report.notices,
        proposed_config=report.proposed_config,
        reports=map(_report, plan.reports),
    )


def _import(done: ImportDone) -> pb.Import:
    return pb.Import(
        import_id=done.import_id,
        source=_source(done.source),
        counts=_counts(done.counts),
        known=done.known,
        done_time=timestamp(done.done_ms),
        by=done.by,
        differences=done.differences,
        explanation=done.explanation,
    )


def _totals(totals: OldTotals) -> pb.ImportedTotals:
    return pb.ImportedTotals(
        receipts=totals.receipts,
        payable_minor=totals.payable_minor,
        tax_minor=totals.tax_minor,
        tenders=totals.tenders or {},
    )


def _report(report: OldReport) -> pb.ImportedReport:
    return pb.ImportedReport(
        kind=_KINDS[report.kind],
        old_id=report.old_id,
        business_day=report.business_day,
        operator=report.operator,
        open_time=timestamp(report.opened_ms) if report.opened_ms else None,
        close_time=timestamp(report.closed_ms) if report.closed_ms else None,
        summed=_totals(report.summed),
        reported=_totals(report.reported),
        float_minor=report.float_minor,
        moved_minor=report.moved_minor,
        counted_minor=report.counted_minor,
        expected_minor=report.expected_minor,
        uploaded=report.uploaded,
    )

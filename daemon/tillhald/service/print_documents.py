"""What a print job prints: a sale's receipt, or a front end's document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from tillhald.domain import events as ev
from tillhald.domain.document import PrintDocument, Run, Text
from tillhald.domain.jobs import JobKind
from tillhald.domain.receipt import marked_copy, non_ascii, receipt_of, with_logo, without
from tillhald.domain.report_paper import Paper, report_document
from tillhald.service.books import Books

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.devices.registry import DeviceRegistry
    from tillhald.domain.jobs import Job
    from tillhald.domain.receipt import ReceiptLayout
    from tillhald.domain.sale import Sale
    from tillhald.journal.store import Store
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)


class PrintDocuments:
    """Everything comes from the journal, so that it is the same after a restart."""

    def __init__(
        self,
        till: Till,
        store: Store,
        devices: DeviceRegistry,
        layout: ReceiptLayout,
        local_time: Callable[[int], str],
    ) -> None:
        """`local_time` writes Unix milliseconds as a receipt shows them."""
        self._till = till
        self._store = store
        self._books = Books(till, store)
        self._devices = devices
        self._local_time = local_time
        self.layout = layout

    def document(self, job: Job) -> PrintDocument:
        """What `job` prints, on its printer. Raises StorageError."""
        if job.kind in (JobKind.DOCUMENT, JobKind.REPORT):
            is_report = job.kind is JobKind.REPORT
            document = self._report(job) if is_report else self.submitted(job)
            if job.copy:
                language, again = self._till.rules.language, bool(job.copy_of)
                document = marked_copy(document, language, job.copy, may_be_duplicate=again)
            # A front end's document was checked for this printer when it was taken.
            return self._printable(job, document) if is_report or job.copy else document
        sale = self._till.finished_sale(job.sale_id)
        assert sale is not None, f"job {job.job_id} prints a sale that is not in the journal"
        receipt = receipt_of(
            sale,
            self.layout,
            currency=self._till.rules.currency,
            time_text=self._local_time(sale.updated_ms),
            copy=job.copy,
            may_be_duplicate=bool(job.copy_of),
            paper_time_text=self._paper_time(sale),
        )
        return self._printable(job, receipt)

    def _paper_time(self, sale: Sale) -> str:
        has_time = sale.slip is not None and sale.slip.paper_ms
        return self._local_time(sale.slip.paper_ms) if has_time and sale.slip else ""

    def submitted(self, job: Job) -> PrintDocument:
        """A front end's document, from the record that brought it. Raises StorageError."""
        seq = job.document_seq or job.submit_seq
        stored = self._store.record(seq)
        assert stored is not None, f"record {seq} brought job {job.job_id}"
        # One record may bring several: a copy's is that of the job that it prints again.
        names = {job.job_id}
        while job.copy_of:
            job = self._till.job(job.copy_of)
            names.add(job.job_id)
        for event in ev.decode_record(stored.body).events:
            if not isinstance(event, ev.JobSubmitted) or event.job_id not in names:
                continue
            if event.document is not None:
                return with_logo(event.document, self.layout.logo)
        message = f"record {seq} holds no document for job {job.job_id}"
        raise AssertionError(message)

    def _report(self, job: Job) -> PrintDocument:
        """A report, from the record whose facts it tells. Raises StorageError."""
        seq = job.document_seq or job.submit_seq
        stored = self._store.record(seq)
        assert job.report is not None, f"job {job.job_id} prints a report"
        paper = Paper(
            header=self.layout.header,
            language=self._till.rules.language,
            currency=self._till.rules.currency,
            time_text=self._local_time,
        )
        if stored is None:
            record, kind = self._books.retold(seq, job.report)
            return report_document(record, kind, paper)
        record = ev.decode_record(stored.body)
        return report_document(record, job.report, paper, chain_head=stored.hash)

    def _printable(self, job: Job, receipt: PrintDocument) -> PrintDocument:
        """The receipt as this printer can print it."""
        if not self._devices.check(job.printer, receipt):
            return receipt
        unprintable = frozenset(
            char
            for char in non_ascii(receipt)
            if self._devices.check(job.printer, PrintDocument(parts=(_text(char),)))
        )
        log.warning("receipt_text_replaced", job_id=job.job_id, characters=len(unprintable))
        return without(receipt, unprintable)


def _text(char: str) -> Text:
    return Text(runs=(Run(text=char),))

"""Taking over what the till before this one had, while this one sells.

A program reads and checks the whole source into a spool; only then is anything recorded, in pieces
of a bounded size, each durable before the next. Nobody sees a piece before PredecessorImported
names its import. So a power cut in between leaves rows that no read shows; the next run puts the
same rows again under its own import.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
import uuid
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import structlog
from msgspec.structs import replace

from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.imported import check_import, is_same
from tillhald.domain.predecessor import ImportCounts, ImportDone, OldReport
from tillhald.domain.sale import SaleKind
from tillhald.failpoints import reach
from tillhald.journal.errors import DiskReserve, Overloaded, StorageError
from tillhald.predecessor.words import (
    FAULTS_TOLD_MAX,
    NOTICES_MAX,
    Fault,
    ReadOrder,
    ReadReport,
    SpooledReport,
    SpooledSale,
    SpooledSuspended,
    read_spool,
)
from tillhald.service.caller import CALLER
from tillhald.service.predecessor_program import read_source
from tillhald.service.work import Work

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Coroutine, Iterable

    from tillhald.domain.sale import Sale
    from tillhald.predecessor.words import Spooled
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)

SALES_AT_ONCE_MAX = 64
BYTES_AT_ONCE_MAX = 128 << 10
"""One record brings so much, so that no sale waits long behind it: about a millisecond's work."""
LOOKED_AT_ONCE_MAX = 32
"""Spooled sales between two turns of the event loop; less than a millisecond's work."""
GIVE_WAY_S = 0.005
"""How long the next piece waits where anybody else recorded something meanwhile."""
REPORTS_AT_ONCE_MAX = 200
REPORTS_SHOWN_MAX = 500
JOURNAL_FACTOR = 3
"""A sale is stored in its record and as a row, and LMDB's pages are not full."""
FREE_BYTES_MIN = 256 << 20


class Standing(NamedTuple):
    """Where the work stands."""

    phase: str
    done: int
    total: int
    eta_s: int


class Plan(NamedTuple):
    """What a source holds, and what of it is new here. `reports` are the first ones."""

    report: ReadReport
    new: ImportCounts
    known: int
    reports: list[OldReport]


class Planned(NamedTuple):
    plan: Plan


class Imported(NamedTuple):
    """`done` is None where nothing was new, `plan` where the request was carried out before."""

    done: ImportDone | None
    plan: Plan | None
    took_ms: int
    replayed: bool = False


class _Over(NamedTuple):
    """How a piece of work ended."""

    result: Planned | Imported | None = None
    refusal: Exception | None = None


Step = Standing | Planned | Imported


class Imports:
    """One plan or import at a time. Everything runs on the event loop."""

    def __init__(self, till: Till, folder: Path) -> None:
        """`folder` is the journal's: the spool lies beside it, for the time of the work."""
        self._till = till
        self._spool = folder.with_name(f"{folder.name}.import")
        # A run that was killed left it.
        self._spool.unlink(missing_ok=True)
        self._work: Work[Standing | _Over] | None = None
        self._request_id = ""
        self._phase = ""
        self._began_s = 0.0

    # --- what callers ask for

    async def plan(self, path: str, adapter: str) -> AsyncGenerator[Step, None]:
        """Look what an import would bring. Raises SourceNotFound, ImportBusy and others."""
        self._begin(self._planned(path, adapter))
        async for step in self._watch():
            yield step

    async def commit(
        self, path: str, adapter: str, *, digest: str, explanation: str, request_id: str
    ) -> AsyncGenerator[Step, None]:
        """Import, or watch or repeat the import that this request asked for.

        Raises what PredecessorService.CommitImport names.
        """
        if self._is_busy and self._request_id == request_id:
            async for step in self._watch():
                yield step
            return
        noted = self._till.state.imports.by_request(request_id)
        is_other = noted is not None and noted.source.digest != digest
        if is_other or self._till.answered(request_id) is not None:
            sentence = "This request_id was used for another request."
            raise errors.RequestIdReused(sentence, request_id=request_id)
        if noted is not None:
            await self._till.caught_up()
            yield Imported(noted, None, 0, replayed=True)
            return
        power = self._till.state.power
        if power.refuses_sales:
            sentence = "The UPS has power only for what is open: nothing new is begun."
            raise errors.BatteryLow(sentence, power=power.supply.value, ups=power.ups)
        self._till.refuse_if_quiet()
        work = self._imported(path, adapter, digest, explanation, request_id)
        self._begin(work, request_id)
        async for step in self._watch():
            yield step

    async def run(self) -> None:
        """Be there for who asks. Never ends by itself; cancel it, and what is under way ends, too.

        An import that is ended so has imported nothing.
        """
        async with asyncio.TaskGroup() as tasks:
            self._work = Work(tasks)
            await asyncio.Event().wait()

    # --- one piece of work at a time

    @property
    def _is_busy(self) -> bool:
        return self._work is not None and self._work.is_running

    def _tell(self, step: Standing | _Over) -> None:
        assert self._work is not None, "what tells is under way"
        self._work.tell(step)

    def _begin(self, work: Coroutine[None, None, Planned | Imported], request_id: str = "") -> None:
        if self._work is None or self._is_busy or self._till.state.behind:
            work.close()
            sentence = (
                "Another source is being looked at or imported."
                if self._is_busy
                else "Sales of a file that was put aside are being brought back first."
            )
            raise errors.ImportBusy(sentence)
        self._request_id, self._phase = request_id, ""
        self._work.begin(self._run(work))

    async def _run(self, work: Awaitable[Planned | Imported]) -> None:
        try:
            self._tell(_Over(result=await work))
        except (errors.Refused, StorageError, Overloaded) as refusal:
            self._tell(_Over(refusal=refusal))
        except (OSError, TimeoutError) as error:
            log.error("import_failed", exc_info=error)
            self._tell(_Over(refusal=errors.ImportFailed("The disk refused it.")))
        except asyncio.CancelledError:
            sentence = "The till stops; nothing of it counts. Import again when it runs."
            self._tell(_Over(refusal=errors.ImportFailed(sentence)))
            raise
        finally:
            with contextlib.suppress(OSError):
                self._spool.unlink(missing_ok=True)

    async def _watch(self) -> AsyncGenerator[Step, None]:
        assert self._work is not None, "it was begun"
        async for step in self._work.steps():
            if not isinstance(step, _Over):
                yield step
            elif step.refusal is not None:
                raise step.refusal
            elif step.result is not None:
                yield step.result

    def _told(self, phase: str, done: int, total: int) -> None:
        now_s = time.monotonic()
        if phase != self._phase:
            self._phase, self._began_s = phase, now_s
        left = max(total - done, 0)
        eta_s = round((now_s - self._began_s) * left / done) if done and total else 0
        self._tell(Standing(phase, done, total, eta_s))

    # --- looking

    async def _planned(self, path: str, adapter: str) -> Planned:
        _, plan = await self._look(path, adapter)
        return Planned(plan)

    async def _look(self, path: str, adapter: str) -> tuple[str, Plan]:
        """Have the source read, and compare it with what is here. Gives the import's id."""
        import_id = uuid.uuid4().hex
        order = ReadOrder(
            path=path,
            spool=str(self._spool),
            import_id=import_id,
            currency=self._till.rules.currency,
            adapter=adapter,
        )
        report = await read_source(order, self._told)
        reach("import.read")
        new, known = replace(report.counts, shifts=0, days=0), 0
        if self._till.state.imports.knows(report.source.origin):
            new, known = await self._compared(report)
        if not self._till.state.imports.has_reports(report.source.origin, report.reports):
            new = replace(new, shifts=report.counts.shifts, days=report.counts.days)
        spooled = read_spool(self._spool, report.reports_at)
        shown = _reports(islice(spooled, REPORTS_SHOWN_MAX))
        return import_id, Plan(report, new, known, shown)

    async def _compared(self, report: ReadReport) -> tuple[ImportCounts, int]:
        """What of it is new, and how many of its sales are here; faults go into `report`."""
        new, known = ImportCounts(), 0
        total, looked = report.counts.receipts, 0
        async for item, _ in self._spooled_sales(report):
            is_again = isinstance(item, SpooledSale) and item.again
            here = self._here(item.sale)
            if here is not None:
                known += not is_again
                self._compare(item, here, report)
            elif not is_again:
                new = _plus(new, item)
            looked += 1
            if looked % LOOKED_AT_ONCE_MAX == 0:
                self._told("comparing", min(looked, total), total)
        return new, known

    async def _spooled_sales(
        self, report: ReadReport
    ) -> AsyncGenerator[tuple[SpooledSale | SpooledSuspended, int], None]:
        spooled = read_spool(self._spool, end=report.reports_at)
        for number, (item, size_bytes) in enumerate(spooled, start=1):
            if number % LOOKED_AT_ONCE_MAX == 0:
                await asyncio.sleep(0)
            assert not isinstance(item, SpooledReport), "reports are behind the sales"
            yield item, size_bytes

    def _here(self, sale: Sale) -> Sale | None:
        return self._till.state.sales.get(sale.sale_id) or self._till.finished_sale(sale.sale_id)

    def _compare(
        self, item: SpooledSale | SpooledSuspended, here: Sale, report: ReadReport
    ) -> None:
        """Whether a sale that is here is the one that is there."""
        if isinstance(item, SpooledSuspended):
            return
        mark = item.sale.imported
        assert mark is not None, "an imported sale says so"
        if not is_same(here, mark):
            report.faults_count += 1
            if len(report.faults) < FAULTS_TOLD_MAX:
                sentence = "It was imported before and has changed since."
                fault = Fault(file=item.file, line=item.line, sentence=sentence, field="id")
                report.faults.append(fault)
        elif item.again and len(report.notices) < NOTICES_MAX and _came_back_later(item.sale, here):
            report.notices.append(
                f"Of receipt {mark.receipt or mark.old_id} something was given back at the"
                " predecessor after it was imported: do not take it back again here."
            )

    # --- doing it

    async def _imported(
        self, path: str, adapter: str, digest: str, explanation: str, request_id: str
    ) -> Imported:
        began_s = time.monotonic()
        import_id, plan = await self._look(path, adapter)
        self._check(plan, digest, explanation)
        counts, report = plan.new, plan.report
        if not (counts.receipts or counts.suspended or counts.shifts or counts.days):
            return Imported(None, plan, _since_ms(began_s))
        began = ev.PredecessorImportBegan(
            import_id=import_id, source=report.source, request_id=request_id
        )
        log.info("import_began", sales=counts.receipts)
        await self._record(began)
        reach("import.began")
        suspended = await self._put_sales(import_id, counts.receipts, report)
        if counts.shifts or counts.days:
            await self._put_reports(import_id, report)
        reach("import.put")
        # Nothing waits from here to the record: what is checked is what is recorded.
        check_import(self._till.state, len(suspended))
        done = ImportDone(
            import_id=import_id,
            source=report.source,
            counts=counts,
            request_id=request_id,
            by=CALLER.get().operator,
            known=plan.known,
            differences=report.differences_count,
            explanation=explanation if report.differences_count else "",
            reports=report.reports,
        )
        self._till.snapshot_next()
        await self._record(ev.PredecessorImported(done=done, suspended=tuple(suspended)))
        reach("import.done")
        took_ms = _since_ms(began_s)
        log.info("import_done", sales=counts.receipts, took_ms=took_ms)
        noted = self._till.state.imports.done.get(import_id)
        return Imported(noted, plan, took_ms)

    def _check(self, plan: Plan, digest: str, explanation: str) -> None:
        report, state = plan.report, self._till.state
        if report.source.digest != digest:
            sentence = "The source is not the one that was planned with: look at it again."
            raise errors.SourceChanged(sentence, digest=report.source.digest)
        if report.faults_count:
            first = report.faults[0]
            sentence = f"Faults in the source: {report.faults_count}. Nothing is imported."
            where = f"{first.file}:{first.line}"
            raise errors.ImportDamaged(sentence, first=where, faults=report.faults_count)
        if report.differences_count and not explanation:
            sentence = "The predecessor's own totals differ from its sales: say why."
            raise errors.ImportDiffers(sentence, differences=report.differences_count)
        check_import(state, plan.new.suspended)
        size_bytes = self._spool.stat().st_size
        free_bytes = shutil.disk_usage(self._spool.parent).free
        if free_bytes < size_bytes * JOURNAL_FACTOR + FREE_BYTES_MIN:
            sentence = "There is not enough room on the journal's disk for what would be imported."
            raise DiskReserve(sentence)

    async def _put_sales(self, import_id: str, total: int, report: ReadReport) -> list[Sale]:
        """Record the sales that are new; give the suspended ones that are."""
        is_known = self._till.state.imports.knows(report.source.origin)
        batch: list[Sale] = []
        suspended: list[Sale] = []
        batch_bytes = put = 0
        async for item, size_bytes in self._spooled_sales(report):
            if is_known and self._here(item.sale) is not None:
                continue
            if isinstance(item, SpooledSuspended):
                suspended.append(item.sale)
                continue
            batch.append(item.sale)
            batch_bytes += size_bytes
            put += not item.again
            if len(batch) >= SALES_AT_ONCE_MAX or batch_bytes >= BYTES_AT_ONCE_MAX:
                await self._put(import_id, batch)
                self._told("importing", put, total)
                batch, batch_bytes = [], 0
        if batch:
            await self._put(import_id, batch)
        return suspended

    async def _put(self, import_id: str, batch: list[Sale]) -> None:
        if self._till.storage.reserve_only:
            sentence = "There is hardly any room left: only what is open can be finished."
            raise DiskReserve(sentence)
        await self._record(ev.PredecessorSalesPut(import_id=import_id, sales=tuple(batch)))
        reach("import.sales_put")

    async def _put_reports(self, import_id: str, report: ReadReport) -> None:
        spooled = read_spool(self._spool, report.reports_at)
        first = 0
        while batch := _reports(islice(spooled, REPORTS_AT_ONCE_MAX)):
            fact = ev.PredecessorReportsPut(import_id=import_id, first=first, reports=tuple(batch))
            await self._record(fact)
            reach("import.reports_put")
            first += len(batch)

    async def _record(self, fact: ev.AnyEvent) -> None:
        """Raises what the till is quiet for: an upgrade or a restore comes first, and the import,
        of which nothing counts yet, is asked for again."""
        self._till.refuse_if_quiet()
        ours = self._till.state.seq + 1
        await self._till.record([fact])
        if self._till.state.seq > ours:
            await asyncio.sleep(GIVE_WAY_S)


def _reports(spooled: Iterable[tuple[Spooled, int]]) -> list[OldReport]:
    return [item.report for item, _ in spooled if isinstance(item, SpooledReport)]


def _plus(counts: ImportCounts, item: SpooledSale | SpooledSuspended) -> ImportCounts:
    if isinstance(item, SpooledSuspended):
        return replace(counts, suspended=counts.suspended + 1)
    sale = item.sale
    assert sale.totals is not None, "an imported sale is completed"
    assert sale.imported is not None, "and says that it is imported"
    return replace(
        counts,
        sales=counts.sales + (sale.kind is SaleKind.SALE),
        returns=counts.returns + (sale.kind is SaleKind.RETURN),
        voids=counts.voids + (sale.kind is SaleKind.VOID),
        not_uploaded=counts.not_uploaded + (not sale.imported.uploaded),
        payable_minor=counts.payable_minor + sale.totals.payable_minor,
    )


def _came_back_later(there: Sale, here: Sale) -> bool:
    more = any(unscaled > here.returned.get(key, 0) for key, unscaled in there.returned.items())
    return more or (bool(there.voided_by) and not here.voided_by)


def _since_ms(began_s: float) -> int:
    return round((time.monotonic() - began_s) * 1000)

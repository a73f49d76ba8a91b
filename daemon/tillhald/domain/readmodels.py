"""Index entries: how finished sales, jobs and days are found again.

A pure function of the records, so an index that is in doubt can be made anew from them.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tillhald.domain import commands as cmd
from tillhald.domain import events as ev
from tillhald.domain.book_rows import Entry, book_entries, movement_key, number_key
from tillhald.domain.jobs import Job, JobKind, Kick
from tillhald.domain.recovery_items import ItemKind
from tillhald.domain.returns import amended
from tillhald.domain.sale import Sale, SaleKind, SaleState
from tillhald.domain.sales_by_day import SALES, listed_entry, sale_key
from tillhald.domain.slips import SlipBook
from tillhald.domain.state import TillState

_encode = msgspec.msgpack.Encoder().encode
_sale = msgspec.msgpack.Decoder(Sale)
_job = msgspec.msgpack.Decoder(Job)
_kick = msgspec.msgpack.Decoder(Kick)
_book = msgspec.msgpack.Decoder(SlipBook)


def job_key(job_id: str) -> bytes:
    return b"j" + job_id.encode()


def kick_key(kick_id: str) -> bytes:
    return b"k" + kick_id.encode()


def book_key(outage_id: str) -> bytes:
    """Of a closed book of slips, in the table of outages."""
    return b"b" + outage_id.encode()


def by_seq_key(prefix: bytes, seq: int) -> bytes:
    return prefix + number_key(seq)


def decode_sale(stored: bytes) -> Sale:
    return _sale.decode(stored)


def decode_job(stored: bytes) -> Job:
    return _job.decode(stored)


def decode_kick(stored: bytes) -> Kick:
    return _kick.decode(stored)


def decode_book(stored: bytes) -> SlipBook:
    return _book.decode(stored)


def named_finished(events: tuple[ev.AnyEvent, ...], state: TillState) -> set[str]:
    """Ids of finished sales whose entries this record may amend: `entries` needs them."""
    named = {s.original_sale_id for s in state.finished_sales if s.original_sale_id}
    named.update(
        e.sale_id
        for e in events
        if isinstance(e, ev.JobSubmitted) and e.kind is JobKind.RECEIPT_COPY
    )
    return named


def entries(
    events: tuple[ev.AnyEvent, ...], state: TillState, finished: Mapping[str, Sale]
) -> tuple[list[Entry], dict[str, Sale]]:
    """The rows that a record writes, and the finished sales as they are after it.

    `state` is the state after the record, `finished` the entries so far of `named_finished`.
    """
    rows: list[Entry] = []
    after: dict[str, Sale] = {}
    for sale in state.finished_sales:
        after[sale.sale_id] = sale
        if (listed := listed_entry(sale)) is not None:
            rows.append(listed)
        if sale.state is SaleState.COMPLETED:
            # Training sales have numbers of their own, and are found by their sale_id only.
            if not sale.training:
                rows.append(
                    Entry("receipts", number_key(sale.receipt_number), sale.sale_id.encode())
                )
            if sale.kind is not SaleKind.SALE:
                original = after.get(sale.original_sale_id) or finished[sale.original_sale_id]
                after[sale.original_sale_id] = amended(original, sale)
    for event in events:
        if isinstance(event, ev.JobSubmitted) and event.kind is JobKind.RECEIPT_COPY:
            copied = after.get(event.sale_id) or finished[event.sale_id]
            after[event.sale_id] = msgspec.structs.replace(copied, copies=event.copy)
    rows.extend(Entry(SALES, sale_key(key), _encode(sale)) for key, sale in after.items())
    for job in state.finished_jobs:
        rows.append(Entry("jobs", job_key(job.job_id), _encode(job)))
        rows.append(Entry("jobs", by_seq_key(b"t", job.submit_seq), job.job_id.encode()))
    for kick in state.finished_kicks:
        rows.append(Entry("jobs", kick_key(kick.kick_id), _encode(kick)))
        by_seq = by_seq_key(b"u", kick.seq) + kick.kick_id.encode()  # a start may end several
        rows.append(Entry("jobs", by_seq, kick.kick_id.encode()))
    for book in state.finished_books:
        rows.append(Entry("outages", book_key(book.outage_id), _encode(book)))
        rows.append(Entry("outages", by_seq_key(b"c", state.seq), book.outage_id.encode()))
    rows.extend(book_entries(events, state))
    return rows, after


def row_of_new_id(command: cmd.AnyCommand) -> tuple[str, bytes] | None:
    """The table and key of the row that there is if the id which `command` brings was used."""
    match command:
        case cmd.SubmitJob() | cmd.ReprintReceipt() | cmd.PrintSuspended() | cmd.PrintReport():
            return "jobs", job_key(command.job_id)
        case cmd.OpenDrawer(kick_id=kick_id):
            return "jobs", kick_key(kick_id)
        case cmd.RecordMovement(movement_id=movement_id):
            return "shifts", movement_key(movement_id)
        case _:
            return None


def job_key_named(command: cmd.AnyCommand, state: TillState) -> bytes | None:
    """The row of the finished job that a command is about."""
    match command:
        case cmd.CancelJob(job_id=job_id) | cmd.ResolveJob(job_id=job_id):
            return job_key(job_id)
        case cmd.ResolveItem(item_id=item_id):
            item = state.recovery.items.get(item_id)
            return job_key(item.subject) if item and item.kind is ItemKind.JOB else None
        case _:
            return None


def book_named(command: cmd.AnyCommand) -> str:
    """The outage whose book of slips a command is about; empty where it is about none."""
    if isinstance(command, cmd.OpenBackEntry | cmd.PutSlip | cmd.MarkSlip | cmd.CloseBackEntry):
        return command.outage_id
    return ""


def sales_named(command: cmd.AnyCommand, state: TillState, job: Job | None) -> list[str]:
    """The finished sales that the rules need to see beside a command about `job`, by id."""
    match command:
        case cmd.SubmitJob() | cmd.OpenDrawer() | cmd.InjectScan() | cmd.CancelJob():
            return []
        case cmd.ResetStatistics() | cmd.AdoptDevice() | cmd.Reconfigure():
            return []
        case cmd.AnnotateOutage() | cmd.RunSelfTest() | cmd.RecordBattery():
            return []
        case cmd.PutOperator() | cmd.SetPin() | cmd.DisableOperator():
            return []
        case cmd.IssueToken() | cmd.RevokeToken():
            return []
        case cmd.OpenBackEntry() | cmd.MarkSlip() | cmd.CloseBackEntry():
            return []
        case cmd.PrintSlips() | cmd.PrintSuspended():
            return []
        case cmd.PutSlip(sale=sale):
            return [sale.sale_id]
        case cmd.OpenShift() | cmd.OnShift() | cmd.OpenDay() | cmd.CloseDay() | cmd.PrintReport():
            return []
        case cmd.ResolveJob() | cmd.ResolveItem():
            return [job.sale_id] if job and job.sale_id else []
        case cmd.VoidSale() | cmd.OpenReturn():
            return [command.sale_id, command.original_sale_id]
        case _:
            live = state.sales.get(command.sale_id)
            if live is None:
                return [command.sale_id]
            return [live.original_sale_id] if live.original_sale_id else []

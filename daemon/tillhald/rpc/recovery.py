"""What a start found, in the contract's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhal.v1 import system_pb2, types_pb2
from tillhald.domain.sale import UNRESOLVED_TENDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tillhald.domain.state import TillState
    from tillhald.journal.recovery import RecoveryReport


def recovery_report(
    state: TillState, report: RecoveryReport, left_out: Mapping[str, str]
) -> system_pb2.RecoveryReport:
    """`state` is that right after the start was recorded; `left_out` names devices and why."""
    return system_pb2.RecoveryReport(
        last_seq=report.last_seq,
        checkpoint_seq=report.checkpoint_seq or 0,
        tail_records=report.last_seq - (report.checkpoint_seq or 0),
        clean_shutdown=report.clean_shutdown,
        interrupted_sale_ids=[sale.sale_id for sale in state.interrupted],
        pending_tender_sale_ids=[
            sale.sale_id
            for sale in state.sales.values()
            if any(tender.state in UNRESOLVED_TENDER for tender in sale.tenders)
        ],
        unconfirmed_job_ids=[job.job_id for job in state.finished_jobs],
        unknown_kick_ids=[kick.kick_id for kick in state.finished_kicks],
        clock_suspect=state.clock_suspect,
        spilled_records=report.spilled_records,
        segment=report.segment,
        gone=[
            types_pb2.Gap(first_seq=first, last_seq=last, why="Lost with a damaged file.")
            for first, last in state.gone
        ],
        unresolved_job_ids=list(state.unresolved),
        findings=[
            *(found.sentence for found in report.faults),
            *(f"Device {name} is left out: {why}." for name, why in left_out.items()),
        ],
    )

"""Restores and cleans in the contract's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhal.v1 import backup_pb2 as pb
from tillhald.domain.data import DataChange
from tillhald.domain.switches import WorkKind
from tillhald.journal.meeting import Relation
from tillhald.rpc.to_wire import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.backup.words import Found
    from tillhald.domain.backup import BackupTotals
    from tillhald.domain.data import Surplus
    from tillhald.service.data_changes import TakenBack
    from tillhald.service.data_plans import CleanPlanned, Planned

_RELATIONS = {
    Relation.SAME: pb.DATA_RELATION_SAME,
    Relation.GOES_ON: pb.DATA_RELATION_GOES_ON,
    Relation.ENDS_EARLIER: pb.DATA_RELATION_ENDS_EARLIER,
    Relation.FORK: pb.DATA_RELATION_FORK,
    Relation.STRANGERS: pb.DATA_RELATION_STRANGERS,
}
_KINDS = {
    WorkKind.RESTORE: pb.DATA_CHANGE_KIND_RESTORE,
    WorkKind.CLEAN: pb.DATA_CHANGE_KIND_CLEAN,
}


def totals(of: BackupTotals) -> pb.DataTotals:
    """What data come to."""
    return pb.DataTotals(
        receipts=of.receipts_given,
        sales=of.sales,
        sales_minor=of.sales_minor,
        returns=of.returns,
        returns_minor=of.returns_minor,
        voids=of.voids,
        voids_minor=of.voids_minor,
        days=of.days_opened,
        shifts=of.shifts_opened,
        live_sales=of.live_sales,
        suspended_sales=of.suspended_sales,
        cash_minor=of.cash_minor,
    )


def surplus(of: Surplus) -> pb.DataSurplus:
    """What one history has beyond another."""
    wire = pb.DataSurplus(
        records=of.records,
        first_seq=of.first_seq,
        last_seq=of.last_seq,
        first_receipt=of.first_receipt,
        last_receipt=of.last_receipt,
        sales=of.sales,
        sales_minor=of.sales_minor,
        returns=of.returns,
        returns_minor=of.returns_minor,
        voids=of.voids,
        voids_minor=of.voids_minor,
        cash_minor=of.cash_minor,
        shifts=of.shifts,
        days=of.days,
        zs=of.zs,
        live_sales=of.live_sales,
        suspended_sales=of.suspended_sales,
        movements=of.movements,
        movements_minor=of.movements_minor,
        jobs=of.jobs,
        access=of.access,
        slips=of.slips,
        business=of.is_business,
    )
    if of.last_ms:
        wire.last_time.CopyFrom(timestamp(of.last_ms))
    for sale in of.named:
        named = wire.named.add(
            receipt_number=sale.receipt_number,
            payable_minor=sale.payable_minor,
            sale_id=sale.sale_id,
        )
        named.time.CopyFrom(timestamp(sale.at_ms))
    return wire


def plan(of: Planned, backup: Callable[[Found, str], pb.Backup]) -> pb.RestorePlan:
    """A plan; `backup` makes one of what was found in a file."""
    compared = of.compared
    return pb.RestorePlan(
        plan_id=of.plan_id,
        expire_time=timestamp(of.expire_ms),
        backups=[backup(found, path) for found, path in zip(of.found, compared.files, strict=True)],
        relation=_RELATIONS[compared.relation],
        common_seq=compared.common,
        lost=surplus(compared.lost),
        gained=surplus(compared.gained),
        here=totals(compared.here),
        restored=totals(compared.totals),
        incarnation=of.incarnation,
        next_receipt=of.numbers.receipts + 1,
        loses=of.loses,
        safety=of.safety,
        files=compared.travelled,
        differences=compared.differences,
        signed_here=of.signed_here,
        unused_here=of.unused_here,
        not_whole=compared.not_whole,
    )


def clean_plan(of: CleanPlanned) -> pb.PlanCleanResponse:
    """What a clean would do."""
    return pb.PlanCleanResponse(
        plan_id=of.plan_id,
        expire_time=timestamp(of.expire_ms),
        cleared=totals(of.cleared),
        operators=of.operators,
        tokens=of.tokens,
        devices=of.devices,
        safety=of.safety,
    )


def change(of: DataChange | TakenBack) -> pb.DataChange:
    """What came of a restore or a clean."""
    if not isinstance(of, DataChange):
        return pb.DataChange(
            work_id=of.work_id,
            kind=_KINDS[of.kind],
            outcome=pb.DATA_OUTCOME_TAKEN_BACK,
            time=timestamp(of.at_ms),
            why=of.why,
        )
    return pb.DataChange(
        work_id=of.work_id,
        kind=_KINDS[of.kind],
        outcome=pb.DATA_OUTCOME_COMMITTED,
        time=timestamp(of.at_ms),
        backup_id=of.backup_id,
        incarnation=of.incarnation,
        totals=totals(of.totals),
        lost=surplus(of.lost),
        safety=of.safety,
    )

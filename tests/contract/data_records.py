"""What `records` has of restores, cleans and going live."""

from __future__ import annotations

from tillhald.domain import events as ev
from tillhald.domain.access import AccessBook, Operator, Role
from tillhald.domain.backup import BackupTotals
from tillhald.domain.data import KeptData, NamedSale, NumbersGiven, Surplus
from tillhald.domain.devices import DeviceCounts, Identity
from tillhald.domain.drawers import DrawerMemory, OpenLevel

LOST = Surplus(
    records=12,
    first_seq=251,
    last_seq=262,
    last_ms=1_750_000_000_000,
    first_receipt=10,
    last_receipt=12,
    sales=2,
    sales_minor=2_400,
    returns=1,
    returns_minor=-500,
    voids=1,
    voids_minor=-100,
    cash_minor=1_800,
    shifts=1,
    days=1,
    zs=1,
    live_sales=2,
    suspended_sales=1,
    movements=1,
    movements_minor=5_000,
    jobs=1,
    access=2,
    slips=1,
    named=(
        NamedSale(receipt_number=10, at_ms=1_750_000_000_000, payable_minor=1_200, sale_id="s"),
    ),
)
WHOLE: tuple[ev.AnyEvent, ...] = (
    ev.DataRestored(
        work_id="ab" * 16,
        request_id="r-1",
        backup_id="b-2",
        backup_seq=250,
        backup_hash="ab" * 32,
        from_incarnation=1,
        incarnation=2,
        replaced_chain_id="cd" * 16,
        replaced_seq=262,
        replaced_hash="ef" * 32,
        lost=LOST,
        numbers=NumbersGiven(receipts=12, trainings=1, zs=3, days=4, shifts=5),
        went_live_ms=1_750_000_000_000,
        safety="/media/stick/a.tbk",
    ),
    ev.DataCleaned(
        work_id="ab" * 16,
        request_id="r-1",
        before_chain_id="cd" * 16,
        before_seq=262,
        before_hash="ef" * 32,
        before=BackupTotals(receipts_given=12, sales=11, sales_minor=9_900),
        kept=KeptData(
            access=AccessBook(
                operators={"ann": Operator(operator="ann", role=Role.OWNER, pin_hash="$argon2id$")}
            ),
            drawers={"drawer": DrawerMemory(open_level=OpenLevel.LOW)},
            statistics={"front_printer": DeviceCounts(counts={"ReceiptLinePrintedCount": 7})},
            identities={"front_printer": Identity(maker="EPSON", model="TM-T20III")},
        ),
        safety="/media/stick/a.tbk",
    ),
    ev.WentLive(),
)
BARE: tuple[ev.AnyEvent, ...] = (
    ev.DataRestored(
        work_id="w",
        request_id="r",
        backup_id="b",
        backup_seq=1,
        backup_hash="",
        from_incarnation=1,
        incarnation=1,
    ),
    ev.DataCleaned(work_id="w", request_id="r", before_chain_id="", before_seq=1, before_hash=""),
)

"""The till's state: what is live. Finished sales and jobs live in the journal's indexes.

So its size, a checkpoint and a start do not grow with the till's age.
"""

from __future__ import annotations

import msgspec

from tillhald.domain.access import AccessBook
from tillhald.domain.backup import BackupBook
from tillhald.domain.books import Day, DayReport, Perpetual, Shift
from tillhald.domain.data import DataBook
from tillhald.domain.devices import DeviceCounts, Identity
from tillhald.domain.drawers import DrawerMemory
from tillhald.domain.jobs import Job, Kick
from tillhald.domain.outages import PowerBook
from tillhald.domain.predecessor import ImportBook
from tillhald.domain.recovery_items import RecoveryBook
from tillhald.domain.sale import Sale, SaleState
from tillhald.domain.slips import SlipBook, SlipShelf
from tillhald.domain.switches import LastSwitch
from tillhald.domain.upgrade import UpgradeBook

LIVE_SALES_MAX = 500


class TillState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that a decision may rest on, after record `seq`."""

    seq: int = 0
    currency: str = ""
    sales: dict[str, Sale] = {}
    jobs: dict[str, Job] = {}
    kicks: dict[str, Kick] = {}
    drawers: dict[str, DrawerMemory] = {}
    unresolved: dict[str, Job] = {}
    """Jobs in doubt, oldest first, that nobody has decided about."""
    day: Day | None = None
    shift: Shift | None = None
    perpetual: Perpetual = Perpetual()
    closed_shifts: tuple[Shift, ...] = ()
    """The latest ones; all of the current day are among them."""
    drawer_left_minor: int | None = None
    """What the last shift left in the drawer; None where nobody has counted."""
    zs_given: int = 0
    trainings_given: int = 0
    report_copies: int = 0
    version: str = ""
    """Of the program that runs, or ran last."""
    days_opened: int = 0
    shifts_opened: int = 0
    receipts_given: int = 0
    clock_max_ms: int = 0
    clock_suspect: bool = False
    write_failed_ms: int = 0
    """When the disk last refused to write the journal; 0 if it never did."""
    behind: tuple[int, ...] = ()
    """Segments that were put aside and whose rows are not in this one yet."""
    gone: tuple[tuple[int, int], ...] = ()
    """Runs of records, first and last, that were lost with a damaged segment."""
    statistics: dict[str, DeviceCounts] = {}
    """By device, see `domain.statistics`."""
    identities: dict[str, Identity] = {}
    """By device: what the one that was adopted says it is."""
    power: PowerBook = PowerBook()
    recovery: RecoveryBook = RecoveryBook()
    slips: SlipShelf = SlipShelf()
    access: AccessBook = AccessBook()
    backups: BackupBook = BackupBook()
    data: DataBook = DataBook()
    imports: ImportBook = ImportBook()
    upgrades: UpgradeBook = UpgradeBook()
    switch: LastSwitch | None = None
    """The last switch to another program or other data, and what became of it."""
    # What the last record finished, for indexes and answers; gone with the next record.
    finished_sales: tuple[Sale, ...] = ()
    finished_jobs: tuple[Job, ...] = ()
    finished_kicks: tuple[Kick, ...] = ()
    finished_books: tuple[SlipBook, ...] = ()
    finished_day: DayReport | None = None

    @property
    def interrupted(self) -> tuple[Sale, ...]:
        return tuple(s for s in self.sales.values() if s.state is SaleState.INTERRUPTED)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(TillState)


def encode_state(state: TillState) -> bytes:
    return _encoder.encode(state)


def decode_state(stored: bytes) -> TillState:
    """The state in a checkpoint. Raises msgspec.DecodeError for what is none."""
    return _decoder.decode(stored)

"""The till's state: what is live. Finished sales and jobs live in the journal's indexes.

So its size, a checkpoint and a start do not grow with the till's age.
"""

from __future__ import annotations

import msgspec

from tillhald.domain.backup import BackupBook
from tillhald.domain.devices import DeviceCounts, Identity
from tillhald.domain.drawers import DrawerMemory
from tillhald.domain.jobs import Job, Kick
from tillhald.domain.outages import PowerBook
from tillhald.domain.sale import Sale, SaleState

LIVE_SALES_MAX = 500


class DrawerCash(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All cash that went through the drawer in a shift, in minor units, each above zero."""

    float_minor: int = 0
    tendered_minor: int = 0
    change_minor: int = 0
    refunds_minor: int = 0
    paid_in_minor: int = 0
    loans_minor: int = 0
    paid_out_minor: int = 0
    pickups_minor: int = 0
    drops_minor: int = 0

    @property
    def expected_minor(self) -> int:
        """What a count should find; the one equation for X, close and Z."""
        came = self.tendered_minor + self.paid_in_minor + self.loans_minor
        went = self.change_minor + self.refunds_minor + self.paid_out_minor
        return self.float_minor + came - went - self.pickups_minor - self.drops_minor


class Shift(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    shift_id: str
    shift_number: int
    operator: str
    opened_ms: int
    implicit: bool = False
    cash: DrawerCash = DrawerCash()


class Tally(msgspec.Struct, frozen=True, array_like=True):
    """How often, and how much together."""

    count: int = 0
    minor: int = 0

    def plus(self, minor: int) -> Tally:
        return Tally(self.count + 1, self.minor + minor)


class DayTotals(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The running totals of a business day. Amounts of returns and voids are negative.

    `taxes` is keyed by tax code and percent ("A 19", "B 7.5"): count, tax; `nets` the same, net.
    """

    sales: Tally = Tally()
    returns: Tally = Tally()
    voids: Tally = Tally()
    cancelled: int = 0
    discounts: Tally = Tally()
    rounding: Tally = Tally()
    change: Tally = Tally()
    no_sales: int = 0
    copies: int = 0
    taxes: dict[str, Tally] = {}
    nets: dict[str, Tally] = {}
    tenders: dict[str, Tally] = {}


class Day(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    business_day: str
    day_number: int
    opened_ms: int
    first_seq: int
    first_receipt: int
    totals: DayTotals = DayTotals()


class Perpetual(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Totals that only grow, over all days."""

    sales: Tally = Tally()
    returns: Tally = Tally()
    voids: Tally = Tally()


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
    backups: BackupBook = BackupBook()
    # What the last record finished, for indexes and answers; gone with the next record.
    finished_sales: tuple[Sale, ...] = ()
    finished_jobs: tuple[Job, ...] = ()
    finished_kicks: tuple[Kick, ...] = ()

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

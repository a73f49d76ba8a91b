"""What became of the till's data as a whole: restored, cleaned, gone live. Pure values; the rules
that use them are in `data_rules`.
"""

from __future__ import annotations

import msgspec

from tillhald.domain.access import AccessBook
from tillhald.domain.backup import BackupTotals
from tillhald.domain.devices import DeviceCounts, Identity
from tillhald.domain.drawers import DrawerMemory
from tillhald.domain.switches import WorkKind

CHANGES_REMEMBERED_MAX = 8
SALES_NAMED_MAX = 50
"""Of those that one history has and the other has not; all of them are counted."""


class NamedSale(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A completed sale, for a person to recognise. `at_ms` is Unix time by the till's clock."""

    receipt_number: int
    at_ms: int
    payable_minor: int
    sale_id: str = ""


class Surplus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one history of a till has beyond another: what is lost with it.

    Records `first_seq` to `last_seq`, the last at `last_ms`. Amounts are in minor units; those of
    returns and voids are negative; `cash_minor` is what these sales put into the drawer.
    `live_sales`, `suspended_sales`: unfinished ones that the other has not, or has as they were
    before. `jobs`: papers that wait or are in doubt. `movements`: of cash, that are no sale.
    `access`: changes of operators, PINs and tokens. `named`: the first of the sales.
    """

    records: int = 0
    first_seq: int = 0
    last_seq: int = 0
    last_ms: int = 0
    first_receipt: int = 0
    last_receipt: int = 0
    sales: int = 0
    sales_minor: int = 0
    returns: int = 0
    returns_minor: int = 0
    voids: int = 0
    voids_minor: int = 0
    cash_minor: int = 0
    shifts: int = 0
    days: int = 0
    zs: int = 0
    live_sales: int = 0
    suspended_sales: int = 0
    movements: int = 0
    movements_minor: int = 0
    jobs: int = 0
    access: int = 0
    slips: int = 0
    named: tuple[NamedSale, ...] = ()

    @property
    def is_business(self) -> bool:
        """Whether anybody would miss it: more than what the till notes of itself."""
        counts = (self.sales, self.returns, self.voids, self.shifts, self.days, self.zs)
        others = (self.live_sales, self.movements, self.jobs, self.access, self.slips)
        return any(counts) or any(others)


class NumbersGiven(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last number of each series."""

    receipts: int = 0
    trainings: int = 0
    zs: int = 0
    days: int = 0
    shifts: int = 0


class KeptData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a clean keeps of the state: people, front ends, and what was learnt of devices."""

    access: AccessBook = AccessBook()
    drawers: dict[str, DrawerMemory] = {}
    statistics: dict[str, DeviceCounts] = {}
    identities: dict[str, Identity] = {}


class DataChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A restore or a clean that the data has behind it. `lost`: what was here and is not any more;
    `totals`: what it came to before the till went on."""

    kind: WorkKind
    work_id: str
    request_id: str
    at_ms: int
    seq: int
    backup_id: str = ""
    incarnation: int = 0
    lost: Surplus = Surplus()
    totals: BackupTotals = BackupTotals()
    safety: str = ""


class DataBook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`went_live_ms`: Unix time, 0 before. `changes`: the latest, oldest first."""

    went_live_ms: int = 0
    changes: tuple[DataChange, ...] = ()

    def change_by(self, request_id: str) -> DataChange | None:
        """The change that this request asked for."""
        found = (one for one in reversed(self.changes) if one.request_id == request_id)
        return next(found, None) if request_id else None

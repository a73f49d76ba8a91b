"""What a shop may choose: the rules that differ from shop to shop, as values."""

from __future__ import annotations

import enum

import msgspec

from tillhald.domain.amounts import RoundingMode, round_to_increment
from tillhald.domain.jobs import JobKind


class CashRounding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`increment_minor` is the smallest coin; 1 means no rounding."""

    increment_minor: int = 1
    mode: RoundingMode = RoundingMode.HALF_UP

    def round(self, amount_minor: int) -> int:
        if self.increment_minor == 1:
            return amount_minor
        return round_to_increment(amount_minor, self.increment_minor, self.mode)


class TenderRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`allows_change`: more may be given than is due, and the rest goes back in cash.
    `opens_drawer`: it goes into the drawer."""

    allows_change: bool = False
    opens_drawer: bool = False


DEFAULT_TENDERS = {
    "cash": TenderRule(allows_change=True, opens_drawer=True),
    "cheque": TenderRule(opens_drawer=True),
    "voucher": TenderRule(opens_drawer=True),
}
_PLAIN_TENDER = TenderRule()


class WhenUnconfirmed(enum.StrEnum):
    """What a shop does about paper in doubt, once the printer has no more evidence to give."""

    ASK = "ask"
    REPRINT_AS_COPY = "reprint_as_copy"
    ACCEPT = "accept"


class PaperPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`accept_processed`: of a printer that can prove no more, it is enough that it has read the
    whole job and then says that it is well."""

    when_unconfirmed: WhenUnconfirmed = WhenUnconfirmed.ASK
    accept_processed: bool = True


class RecoveryGate(enum.StrEnum):
    """What must be decided about after a start before new sales are begun."""

    NONE = "none"
    INTERRUPTED = "interrupted"
    ALL = "all"


class SuspendedAtClose(enum.StrEnum):
    """What becomes of sales that are put aside when the day is closed."""

    BLOCK = "block"
    CARRY_OVER = "carry_over"
    CANCEL = "cancel"


class ShopRules(msgspec.Struct, frozen=True, kw_only=True):
    """`receipt_printer` and `drawer` are device names, empty where there is none.

    `implicit_shift`: the first sale opens the business day and a shift by itself.
    `day_overdue_at`: "HH:MM" on the next date, from which an open day is overdue; empty: never."""

    currency: str = "EUR"
    tax_included: bool = True
    language: str = "en"
    cash_rounding: CashRounding = CashRounding()
    tenders: dict[str, TenderRule] = msgspec.field(default_factory=lambda: dict(DEFAULT_TENDERS))
    receipt_printer: str = ""
    receipt_ttl_s: int = 900
    drawer: str = ""
    implicit_shift: bool = True
    implicit_operator: str = "default"
    implicit_float_minor: int = 0
    suspended: SuspendedAtClose = SuspendedAtClose.CARRY_OVER
    day_overdue_at: str = ""
    receipts: PaperPolicy = PaperPolicy()
    documents: PaperPolicy = PaperPolicy()
    recovery_gate: RecoveryGate = RecoveryGate.NONE

    def tender(self, tender_type: str) -> TenderRule:
        return self.tenders.get(tender_type, _PLAIN_TENDER)

    def paper(self, kind: JobKind) -> PaperPolicy:
        is_document = kind in (JobKind.DOCUMENT, JobKind.REPORT)
        return self.documents if is_document else self.receipts

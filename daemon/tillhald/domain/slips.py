"""Paper slips as values: numbered blanks, the book of one outage, what became of each number."""

from __future__ import annotations

import enum

import msgspec

SLIP_NO_MAX = 999_999
SLIPS_IN_BOOK_MAX = 200
BOOKS_OPEN_MAX = 5
"""In the state; a closed book is found in the journal's tables."""
SLIPS_PRINTED_MAX = 50
"""With one request."""
SLIPS_A_JOB = 5
"""A job has twenty seconds, and a slip is a hand long."""
RANGES_KEPT_MAX = 20


class SlipState(enum.StrEnum):
    ENTERED = "entered"
    SPOILT = "spoilt"
    MISSING = "missing"


class SlipMark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a sale keeps of the slip that it was entered from. `paper_ms` is the time that stands on
    it, 0 for none; `paper_day` that time's date, YYYY-MM-DD."""

    outage_id: str
    slip_no: int
    paper_ms: int = 0
    paper_day: str = ""
    written_by: str = ""
    entered_by: str = ""
    approved_by: str = ""


class Slip(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A number of a book that is accounted for. `tenders` says what an ENTERED one was paid with,
    by kind; of cash what was kept, less the change given."""

    slip_no: int
    state: SlipState
    at_ms: int
    by: str = ""
    sale_id: str = ""
    receipt_number: int = 0
    payable_minor: int = 0
    tenders: dict[str, int] = {}
    paper_ms: int = 0
    written_by: str = ""
    approved_by: str = ""
    explanation: str = ""


class SlipBook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The slips of one outage, from `first_no` to `last_no`. `began_ms` and `ended_ms` are the
    outage's, as they were known when the book was opened; 0 for an end that was still to come."""

    outage_id: str
    first_no: int
    last_no: int
    opened_ms: int
    opened_by: str = ""
    began_ms: int = 0
    ended_ms: int = 0
    slips: dict[int, Slip] = {}
    closed_ms: int = 0
    closed_by: str = ""
    counted_minor: int = 0
    difference_reason: str = ""

    @property
    def is_closed(self) -> bool:
        return self.closed_ms != 0

    @property
    def size(self) -> int:
        return self.last_no - self.first_no + 1

    def numbers(self, state: SlipState) -> list[int]:
        return sorted(no for no, slip in self.slips.items() if slip.state is state)

    @property
    def blank_numbers(self) -> list[int]:
        """Those that nobody has accounted for."""
        return [no for no in range(self.first_no, self.last_no + 1) if no not in self.slips]

    @property
    def payable_minor(self) -> int:
        return sum(slip.payable_minor for slip in self.slips.values())

    @property
    def tenders(self) -> dict[str, int]:
        """What all slips were paid with, by kind."""
        together: dict[str, int] = {}
        for slip in self.slips.values():
            for kind, minor in slip.tenders.items():
                together[kind] = together.get(kind, 0) + minor
        return together

    @property
    def cash_minor(self) -> int:
        """What the slips say that lies in cash with them."""
        return self.tenders.get("cash", 0)


class PrintedSlips(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Blanks with these numbers are on paper. No `outage_id`: they are for the next outage."""

    first_no: int
    last_no: int
    at_ms: int
    outage_id: str = ""
    by: str = ""


class SlipShelf(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the state knows of slips: the open books, the latest blanks, the last number printed."""

    books: dict[str, SlipBook] = {}
    printed: tuple[PrintedSlips, ...] = ()
    last_printed_no: int = 0

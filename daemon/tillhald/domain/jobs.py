"""Deeds on devices as values: print jobs and drawer kicks, and where they stand."""

from __future__ import annotations

import enum

import msgspec

LIVE_JOBS_MAX = 200
LIVE_KICKS_MAX = 50
RECEIPTS_WAITING_MAX = 1_000
"""Receipts that may wait for a printer that is down; of further sales a copy can be printed."""
UNRESOLVED_JOBS_MAX = 200
"""Jobs in doubt that are listed; an older one is found by its id and can still be resolved."""
COPIES_BY_POLICY_MAX = 3
"""Copies of one paper that a shop's policy prints by itself; then a person is asked."""


class JobKind(enum.StrEnum):
    RECEIPT = "receipt"
    RECEIPT_COPY = "receipt_copy"
    DOCUMENT = "document"
    REPORT = "report"


class ReportKind(enum.StrEnum):
    """Which of the till's own reports a job prints."""

    X = "x"
    Z = "z"
    SHIFT = "shift"
    HANDOVER = "handover"
    MOVEMENT = "movement"


class JobState(enum.StrEnum):
    ACCEPTED = "accepted"
    HELD = "held"
    SENDING = "sending"
    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    FAILED_PARTIAL = "failed_partial"
    EXPIRED = "expired"
    FAILED_BEFORE_START = "failed_before_start"
    CANCELLED = "cancelled"
    REROUTED = "rerouted"


WAITING_JOB = frozenset({JobState.ACCEPTED, JobState.HELD, JobState.REROUTED})
"""Nothing of it has left the till."""
LIVE_JOB = frozenset({*WAITING_JOB, JobState.SENDING})
IN_DOUBT = frozenset({JobState.UNCONFIRMED, JobState.FAILED_PARTIAL})
"""It may be on paper, whole or in part, and nothing prints it again by itself."""


class Resolution(enum.StrEnum):
    """What was decided about a job in doubt."""

    PRINTED = "printed"
    COPY = "copy"
    DISCARDED = "discarded"


class PrintWork(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a job puts on paper: lines, characters, lines of feed, symbols and cuts."""

    lines: int = 0
    characters: int = 0
    feeds: int = 0
    barcodes: int = 0
    cuts: int = 0


class Job(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`submit_seq` is the record that brought it; `seq` the last change.

    `document_seq` is the record that holds a front end's document, or the facts of a `report`,
    where that is another one: a copy's. `cuts_before` is the printer's count of cuts before the
    first byte, `cuts` what the job adds to it; the count is forgotten (None) once it cannot prove
    anything any more. `copy_of` is the job in doubt that this one prints again, `copy_job_id` the
    job that prints this one again. `rerouted_from` is the printer that could not print it.
    """

    job_id: str
    printer: str
    kind: JobKind
    state: JobState
    created_ms: int
    updated_ms: int
    submit_seq: int
    seq: int
    ttl_s: int
    sale_id: str = ""
    copy: int = 0
    reason: str = ""
    bytes_sent: int = 0
    work: PrintWork = PrintWork()
    document_seq: int = 0
    cuts_before: int | None = None
    cuts: int = 0
    rerouted_from: str = ""
    copy_of: str = ""
    resolution: Resolution | None = None
    resolved_by: str = ""
    resolved_by_policy: bool = False
    resolve_reason: str = ""
    copy_job_id: str = ""
    report: ReportKind | None = None

    @property
    def is_unresolved(self) -> bool:
        return self.state in IN_DOUBT and self.resolution is None


class KickReason(enum.StrEnum):
    SALE = "sale"
    REFUND = "refund"
    NO_SALE = "no_sale"
    FLOAT = "float"
    COUNT = "count"
    PAID_IN_OUT = "paid_in_out"
    TEST = "test"


class KickState(enum.StrEnum):
    REQUESTED = "requested"
    STARTED = "started"
    FIRED = "fired"
    FAILED = "failed"
    UNKNOWN = "unknown"


LIVE_KICK = frozenset({KickState.REQUESTED, KickState.STARTED})


class Kick(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`after_job_id`: the receipt that goes out before the drawer opens, if there is one."""

    kick_id: str
    drawer: str
    reason: KickReason
    state: KickState
    created_ms: int
    updated_ms: int
    seq: int
    sale_id: str = ""
    after_job_id: str = ""
    verified: bool = False
    failure: str = ""

"""An upgrade: its stages, what may be cancelled, and what the till remembers of it. Pure."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

import msgspec

from tillhald.domain.backup import BackupTotals

if TYPE_CHECKING:
    from collections.abc import Mapping

STAGED_REMEMBERED_MAX: Final = 8
OVERRIDES_MAX: Final = 12
OVERRIDE_CHARS_MAX: Final = 200
ATTEMPTS_MAX: Final = 3
"""An upgrade that was cut off so often is given up: something here cuts it off every time."""
GOES_ON_S_MAX: Final = 900
"""An upgrade that was to happen now goes on by itself when the till is back within this time.
Later it waits for a quiet hour: a shop that comes back from an outage wants to sell."""
RETRY_AT_S_MAX: Final = 3_600
"""How long an upgrade that was set for a time waits for what is in its way, after that time."""
ARMED_S_MAX: Final = 14 * 86_400
"""An upgrade that found no quiet moment for so long is given up."""


class Stage(enum.StrEnum):
    """Where the till stands on the way to another version. IDLE and STAGED are the till's; all
    others are of one upgrade, whose data the first switch of `boot.record` brings in."""

    IDLE = "idle"
    STAGED = "staged"
    ARMED = "armed"
    PREFLIGHT = "preflight"
    QUIESCED = "quiesced"
    BACKED_UP = "backed_up"
    MIGRATED = "migrated"
    SWITCHED = "switched"
    PROBATION = "probation"
    COMMITTED = "committed"
    ABORTED = "aborted"
    ROLLED_BACK = "rolled_back"


NEXT: Final[Mapping[Stage, frozenset[Stage]]] = {
    Stage.IDLE: frozenset({Stage.STAGED}),
    Stage.STAGED: frozenset({Stage.STAGED, Stage.ARMED}),
    Stage.ARMED: frozenset({Stage.PREFLIGHT, Stage.ABORTED}),
    Stage.PREFLIGHT: frozenset({Stage.ARMED, Stage.QUIESCED, Stage.ABORTED}),
    # Back to ARMED: the till was cut off, and the old pair came up untouched.
    Stage.QUIESCED: frozenset({Stage.BACKED_UP, Stage.ARMED, Stage.ABORTED}),
    Stage.BACKED_UP: frozenset({Stage.MIGRATED, Stage.ARMED, Stage.ABORTED}),
    Stage.MIGRATED: frozenset({Stage.SWITCHED, Stage.ARMED, Stage.ABORTED}),
    Stage.SWITCHED: frozenset({Stage.PROBATION, Stage.ROLLED_BACK}),
    Stage.PROBATION: frozenset({Stage.COMMITTED, Stage.ROLLED_BACK}),
    Stage.COMMITTED: frozenset({Stage.STAGED}),
    Stage.ABORTED: frozenset({Stage.STAGED, Stage.ARMED}),
    Stage.ROLLED_BACK: frozenset({Stage.STAGED, Stage.ARMED}),
}
OVER: Final = frozenset({Stage.COMMITTED, Stage.ABORTED, Stage.ROLLED_BACK})
CANCELLABLE: Final = frozenset(
    {Stage.ARMED, Stage.PREFLIGHT, Stage.QUIESCED, Stage.BACKED_UP, Stage.MIGRATED}
)
"""Until the boot record is written nothing but copies was made. After it the new pair decides."""
SELLS: Final = frozenset(Stage) - {
    Stage.QUIESCED,
    Stage.BACKED_UP,
    Stage.MIGRATED,
    Stage.SWITCHED,
    Stage.PROBATION,
}
"""Stages in which the till takes commands."""


def check_step(before: Stage, after: Stage) -> Stage:
    """Return `after`. It is a mistake of the program if that cannot follow `before`."""
    assert after in NEXT[before], f"{after} cannot follow {before}"
    return after


class UpgradeKind(enum.StrEnum):
    """UPGRADE goes to a slot that was staged, ROLLBACK to the one that ran before."""

    UPGRADE = "upgrade"
    ROLLBACK = "rollback"


class When(enum.StrEnum):
    """When an upgrade is to begin."""

    NOW = "now"
    QUIET = "quiet"
    AT = "at"


class StagedSlot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A version that was built into a slot, from which file, and by which request."""

    slot: str
    version: str
    schema: int
    min_reader: int
    file_name: str = ""
    sha256: str = ""
    staged_ms: int = 0
    took_ms: int = 0
    request_id: str = ""


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """A check of the preflight that somebody takes the blame for: its code, and why."""

    code: str
    reason: str


class UpgradePlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked for. `at_ms` is Unix time, for AT alone; `reason` says why to go back."""

    upgrade_id: str
    kind: UpgradeKind
    from_slot: str
    from_version: str
    slot: str
    version: str
    schema: int
    when: When
    at_ms: int = 0
    overrides: tuple[Override, ...] = ()
    reason: str = ""
    request_id: str = ""


class Upgrade(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An upgrade as the journal knows it. `stage` is ARMED, QUIESCED or one that is OVER: what
    lies between is told by the log of its progress. `attempts` counts how often it was begun."""

    plan: UpgradePlan
    stage: Stage = Stage.ARMED
    armed_ms: int = 0
    begun_ms: int = 0
    ended_ms: int = 0
    attempts: int = 0
    totals: BackupTotals = BackupTotals()
    reason: str = ""
    why: str = ""
    cancel_request_id: str = ""

    @property
    def upgrade_id(self) -> str:
        """Its id, and that of the piece of work in the till's home."""
        return self.plan.upgrade_id


class UpgradeBook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the till remembers: what was staged, oldest first; the upgrade that is under way; and
    the last one that is over."""

    staged: tuple[StagedSlot, ...] = ()
    current: Upgrade | None = None
    last: Upgrade | None = None

    def find(self, upgrade_id: str) -> Upgrade | None:
        """The upgrade of this id, or, without one, the one under way, or else the last one."""
        known = [each for each in (self.current, self.last) if each is not None]
        if not upgrade_id:
            return known[0] if known else None
        return next((each for each in known if each.upgrade_id == upgrade_id), None)

    @property
    def wanted(self) -> frozenset[str]:
        """Slots that may be gone to yet: that of the upgrade under way, and what was staged since
        the last one was over."""
        since_ms = self.last.ended_ms if self.last is not None else 0
        slots = {each.slot for each in self.staged if each.staged_ms >= since_ms}
        return frozenset(slots | ({self.current.plan.slot} if self.current is not None else set()))

    def by_request(self, request_id: str) -> Upgrade | None:
        """The upgrade that this request asked for."""
        known = (each for each in (self.current, self.last) if each is not None)
        return next((each for each in known if each.plan.request_id == request_id), None)

    def staged_by(self, request_id: str) -> StagedSlot | None:
        """What this request staged."""
        return next((each for each in self.staged if each.request_id == request_id), None)


# --- when


class Begin(enum.StrEnum):
    """What becomes of an upgrade that is ARMED."""

    WAIT = "wait"
    TRY = "try"
    GIVE_UP = "give_up"


def may_begin(upgrade: Upgrade, now_ms: int, *, is_quiet: bool) -> Begin:
    """Whether the preflight is to be run now. A clock that went back only makes it wait longer.

    `is_quiet`: the hour is one in which little happens here, and nothing has happened for a while.
    """
    plan, armed_s = upgrade.plan, (now_ms - upgrade.armed_ms) / 1000
    if upgrade.attempts >= ATTEMPTS_MAX or armed_s > ARMED_S_MAX:
        return Begin.GIVE_UP
    match plan.when:
        case When.NOW:
            if upgrade.attempts and (now_ms - upgrade.begun_ms) / 1000 > GOES_ON_S_MAX:
                return Begin.TRY if is_quiet else Begin.WAIT
            return Begin.TRY
        case When.AT:
            if now_ms < plan.at_ms:
                return Begin.WAIT
            late_s = (now_ms - plan.at_ms) / 1000
            return Begin.TRY if late_s <= RETRY_AT_S_MAX or is_quiet else Begin.WAIT
        case When.QUIET:
            return Begin.TRY if is_quiet else Begin.WAIT


def ends_when_refused(upgrade: Upgrade) -> bool:
    """Whether a preflight that blocks ends it: who said "now" is told at once; else it waits.

    One that was cut off waits, too: nobody may be there who asked for it, and a battery has to be
    charged first.
    """
    return upgrade.plan.when is When.NOW and not upgrade.attempts

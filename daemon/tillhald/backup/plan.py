"""What a restore would come to, as a program: `python -m tillhald.backup.plan`, see `changes`.

The set is restored into a scratch folder, proven, and compared with the journal that is here: where
their histories part, and what each has beyond the other. Nothing that is here is changed.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tillhald.backup.changes import Compared, PlanOrder
from tillhald.backup.rebuild import Rebuild
from tillhald.backup.restoring import TO_BE_THAT_TILL, BackupSet, files_of_set
from tillhald.backup.words import Line, run
from tillhald.domain.backup_rules import totals_of
from tillhald.domain.data_rules import Tracing, numbers_of
from tillhald.domain.errors import RestoreOtherTill
from tillhald.domain.events import decode_record
from tillhald.domain.evolve import apply
from tillhald.domain.state import TillState, decode_state
from tillhald.journal.meeting import Meeting, Reading, Relation, meet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tillhald.domain.data import Surplus

DIFFERENCES_MAX = 50
CONFIGURATION = "configuration.json"
"""Under this name the configuration that was in force travels."""


def plan(order: PlanOrder, say: Callable[[Line], None]) -> None:
    """Restore on trial, compare, and say what was found. Raises refusals, StorageError, OSError."""
    files, not_whole = files_of_set(Path(order.path), order.store_id, order.workstation_id)
    scratch = Path(order.scratch)
    if scratch.exists():
        shutil.rmtree(scratch)
    with BackupSet(files, order.secrets, say) as backups:
        _check_till(order, backups)
        scratch.mkdir(mode=0o700)
        try:
            with Rebuild(scratch / "journal") as rebuild:
                backups.rebuild(rebuild)
            with Reading(order.journal) as here, Reading(str(rebuild.folder)) as there:
                compared = _compared(order, here, there, rebuild.files)
            compared.files = tuple(str(path) for path in files)
            compared.not_whole = not_whole
            say(Line(found=backups.found(), compared=compared))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _check_till(order: PlanOrder, backups: BackupSet) -> None:
    found = backups.end.header.identity
    if (found.store_id, found.workstation_id) != (order.store_id, order.workstation_id):
        sentence = (
            f"This is a backup of {found.workstation_id} of {found.store_id}; this till is "
            f"{order.workstation_id} of {order.store_id}. {TO_BE_THAT_TILL}"
        )
        raise RestoreOtherTill(sentence)


def _compared(order: PlanOrder, here: Reading, there: Reading, files: dict[str, bytes]) -> Compared:
    meeting = meet(here, there)
    end = state_at(there, there.head.seq)
    now = state_at(here, here.head.seq)
    if end.currency != order.currency:
        sentence = f"The backup is in {end.currency}, this till in {order.currency}."
        raise RestoreOtherTill(sentence)
    common = _common_state(meeting, here, now, end)
    return Compared(
        files=(),
        relation=meeting.relation,
        common=meeting.common,
        lost=surplus(here, common, now),
        gained=surplus(there, common, end),
        totals=totals_of(end),
        here=totals_of(now),
        numbers=numbers_of(end),
        went_live_ms=now.data.went_live_ms,
        last_ms=end.clock_max_ms,
        here_incarnation=here.identity.incarnation,
        differences=_differences(order.configuration, files.get(CONFIGURATION, b"")),
        travelled=tuple(sorted(files)),
    )


def _common_state(meeting: Meeting, here: Reading, now: TillState, end: TillState) -> TillState:
    match meeting.relation:
        case Relation.SAME | Relation.GOES_ON:
            return end
        case Relation.ENDS_EARLIER:
            return now
        case Relation.FORK:
            return state_at(here, meeting.common)
        case Relation.STRANGERS:
            return TillState()


def state_at(history: Reading, seq: int) -> TillState:
    """The state after a record. Raises msgspec.DecodeError for a record of a newer program."""
    checkpoint = history.checkpoint(seq)
    state = decode_state(checkpoint[1]) if checkpoint else TillState()
    for _, after in _followed(history, state):
        if after.seq > seq:
            break
        state = after
    return state


def _followed(history: Reading, state: TillState) -> Iterator[tuple[bytes, TillState]]:
    for stored in history.records(state.seq):
        state = apply(state, decode_record(stored.body), stored.seq)
        yield stored.body, state


def surplus(history: Reading, common: TillState, end: TillState) -> Surplus:
    """What the history has beyond `common`; `end` is the state at its end."""
    tracing = Tracing(common)
    start = common
    if history.base.seq > common.seq:
        # The records in between lie in a file that was put aside: what they come to is known by
        # the totals alone.
        checkpoint = history.checkpoint(history.head.seq)
        start = decode_state(checkpoint[1]) if checkpoint else end
    for body, state in _followed(history, start):
        tracing.take(decode_record(body), state)
    return tracing.surplus(end)


def _differences(here: str, there: bytes) -> tuple[str, ...]:
    """Names of the fields that differ, never their values: there are secrets among them."""
    if not here or not there:
        return ()
    try:
        one, other = msgspec.json.decode(here), msgspec.json.decode(there)
    except msgspec.DecodeError:
        return ()
    return tuple(sorted(_differing(one, other, "")))[:DIFFERENCES_MAX]


def _differing(one: Any, other: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            inner = f"{path}.{name}" if path else name
            yield from _differing(one.get(name), other.get(name), inner)
    elif one != other:
        yield path


if __name__ == "__main__":
    sys.exit(run(PlanOrder, plan))

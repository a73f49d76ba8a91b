"""What a power cut left of a till that changes its version: is it a pair that belongs together?"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tests.support.homes import FIRST
from tillhald.boot import generation, slot
from tillhald.boot.files import Damaged
from tillhald.boot.launcher import NothingToStart, decide
from tillhald.boot.record import ATTEMPTS, NoRecord, Pair
from tillhald.domain.backup_rules import totals_of
from tillhald.journal.errors import StorageError
from tillhald.journal.recovery import Places, open_journal
from tillhald.service.opening import restored_state

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tillhald.boot.launcher import Start
    from tillhald.domain.backup import BackupTotals

OLD = Pair(slot=FIRST.slot, generation=FIRST.generation)


class Broken(Exception):
    """What a power cut must never leave."""


def totals_in(home: Path, name: str) -> BackupTotals:
    """What the journal of a generation comes to, opened as a start opens it."""
    places = Places(generation.journal_folder(home, name))
    with contextlib.closing(open_journal(places).store) as store:
        return totals_of(restored_state(store))


def judge(home: Path, came: Pair, wanted: Mapping[Pair, BackupTotals]) -> str:
    """Start as the launcher would, until what is on trial is given up; `home` is changed by that.

    "old", "new", or "on trial": the new pair was started, and had not committed itself. `came` is
    the new pair, `wanted` what each has to come to. Raises Broken.
    """
    try:
        first = start = decide(home)
        for _ in range(ATTEMPTS + 1):
            _check_whole(home, start, wanted)
            if start.trial is None:
                break
            start = decide(home)  # the pair on trial ended without committing itself
    except (NothingToStart, NoRecord, Damaged, StorageError, OSError) as error:
        raise Broken(f"{type(error).__name__}: {error}") from error
    if start.trial is not None:
        raise Broken("the pair before did not come back")
    if first.trial is not None and start.pair == first.pair:
        raise Broken("what was not committed stayed")
    return "on trial" if first.trial else "new" if start.pair == came else "old"


def _check_whole(home: Path, start: Start, wanted: Mapping[Pair, BackupTotals]) -> None:
    """Whether program and data belong together, to the byte and to the cent."""
    if start.pair not in wanted:
        raise Broken(f"{start.pair} belong to different versions")
    try:
        slot.check(slot.slots_folder(home) / start.pair.slot, whole=True)
    except slot.SlotDamaged as error:
        raise Broken(str(error)) from error
    found = totals_in(home, start.pair.generation)
    if found != wanted[start.pair]:
        raise Broken(f"{start.pair.generation} comes to {found}, not {wanted[start.pair]}")

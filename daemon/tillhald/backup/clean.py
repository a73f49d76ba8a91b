"""Building a clean generation, as a program: `python -m tillhald.backup.clean`, see `changes`.

A new chain begins, with one record: whose till it is, what was cleared, and what was kept.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tillhald.backup.changes import Built, CleanOrder
from tillhald.backup.folder import refusal_of
from tillhald.backup.plan import state_at
from tillhald.backup.words import Line, run
from tillhald.domain.backup_rules import totals_of
from tillhald.domain.data_rules import clean_facts
from tillhald.domain.events import JournalCreated, Record, encode_record
from tillhald.domain.evolve import apply
from tillhald.domain.state import TillState
from tillhald.failpoints import reach
from tillhald.journal.creation import create
from tillhald.journal.disk import sync_folder
from tillhald.journal.identity import Phase
from tillhald.journal.meeting import Reading

if TYPE_CHECKING:
    from collections.abc import Callable


def clean(order: CleanOrder, say: Callable[[Line], None]) -> None:
    """Build it; durable but for the name of `building` when said so. Raises refusals and others.

    `order.journal` is read as it is now; whoever asks has seen to it that nobody sells.
    """
    with Reading(order.journal) as here:
        state, identity, head = state_at(here, here.head.seq), here.identity, here.head
    building = Path(order.building)
    cleaned = replace(
        order.cleaned,
        before_chain_id=identity.chain_id.hex(),
        before_seq=head.seq,
        before_hash=head.hash.hex(),
    )
    created = JournalCreated(
        store_id=identity.store_id,
        workstation_id=identity.workstation_id,
        currency=state.currency,
    )
    record = Record(
        wall_ms=order.at_ms,
        events=tuple(clean_facts(state, cleaned, created)),
        operator=order.operator,
        request_id=cleaned.request_id,
    )
    identity = replace(
        identity,
        chain_id=os.urandom(16),
        created_ms=order.at_ms,
        phase=Phase.PRE_LIVE,
        segment=1,
    )
    reach("clean.begun")
    try:
        create(building / "journal", identity, encode_record(record), map_bytes=order.map_bytes)
        reach("clean.created")
        with Reading(str(building / "journal")) as made:
            head = made.head
        (building / "journal" / "lock.mdb").unlink(missing_ok=True)
        sync_folder(building)
    except BaseException as error:
        shutil.rmtree(building, ignore_errors=True)
        if isinstance(error, OSError):
            raise refusal_of(error, building.parent) from error
        raise
    totals = totals_of(apply(TillState(), record, 1))
    say(Line(built=Built(seq=head.seq, head_hash=head.hash.hex(), totals=totals)))


if __name__ == "__main__":
    sys.exit(run(CleanOrder, clean))

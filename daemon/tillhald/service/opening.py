"""Opening the journal at a start, and the state that it holds."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import structlog

from tillhald.domain.events import JournalCreated, Record, decode_record, encode_record
from tillhald.domain.evolve import apply
from tillhald.domain.state import TillState, decode_state
from tillhald.journal.creation import create
from tillhald.journal.errors import JournalDamaged
from tillhald.journal.identity import Identity, Phase
from tillhald.journal.recovery import is_there, open_journal
from tillhald.service.rescue import rescue

if TYPE_CHECKING:
    from tillhald.config import Config, ShopTable
    from tillhald.journal.recovery import Opened
    from tillhald.journal.store import Store

log = structlog.get_logger(__name__)


class AnotherTill(Exception):
    """The journal was begun for another till, or in another currency, than is configured now."""


def open_or_create(config: Config, *, now_ms: int) -> Opened:
    """The journal: made new where there is none, rescued where it is damaged. Blocks for a while.

    Raises StorageError and OSError.
    """
    places = config.places()
    if config.identity_folder and places.standby is not None:
        # Below the configured folder, which has to be there: see Config.in_home.
        with contextlib.suppress(OSError):
            places.standby.parent.mkdir(mode=0o700, exist_ok=True)
    if not is_there(places):
        folder = places.folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        shop = config.shop
        genesis = JournalCreated(
            store_id=shop.store_id, workstation_id=shop.workstation_id, currency=shop.currency
        )
        identity = Identity(
            store_id=shop.store_id,
            workstation_id=shop.workstation_id,
            incarnation=1,
            chain_id=os.urandom(16),
            created_ms=now_ms,
            phase=Phase.PRE_LIVE,
        )
        body = encode_record(Record(wall_ms=now_ms, events=(genesis,)))
        create(folder, identity, body, map_bytes=config.journal.map_mib << 20)
        log.info("journal_created", folder=str(folder), map_mib=config.journal.map_mib)
    try:
        return open_journal(places)
    except JournalDamaged as damage:
        rescue(places, damage, wall_ms=now_ms)
        return open_journal(places)


def restored_state(store: Store) -> TillState:
    """The till's state at the journal's head: the newest checkpoint and the tail behind it."""
    checkpoint = store.newest_checkpoint()
    state = decode_state(checkpoint[1]) if checkpoint else TillState()
    while batch := store.records(state.seq):
        for stored in batch:
            state = apply(state, decode_record(stored.body), stored.seq)
    return state


def check_identity(state: TillState, store: Store, shop: ShopTable) -> None:
    """Raises AnotherTill if the journal is not this shop's."""
    begun = (
        ("currency", shop.currency, state.currency),
        ("store_id", shop.store_id, store.identity.store_id),
        ("workstation_id", shop.workstation_id, store.identity.workstation_id),
    )
    for name, configured, found in begun:
        if configured != found:
            message = f"shop.{name} is {configured}, but this journal was begun with {found}"
            raise AnotherTill(message)

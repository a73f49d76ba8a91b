"""Opening the journal at a start, and the state that it holds."""

from __future__ import annotations

import contextlib
import itertools
import os
from typing import TYPE_CHECKING

import structlog

from tillhald.domain.data_rules import is_unused
from tillhald.domain.events import JournalCreated, Record, decode_record, encode_record
from tillhald.domain.evolve import apply
from tillhald.domain.state import TillState, decode_state
from tillhald.journal.creation import create
from tillhald.journal.disk import sync_folder
from tillhald.journal.errors import JournalDamaged, OtherSchema
from tillhald.journal.identity import Identity, Phase
from tillhald.journal.recovery import is_there, open_journal
from tillhald.service.outdated import bring_here, complete_migration
from tillhald.service.rescue import rescue

if TYPE_CHECKING:
    from tillhald.config import Config, ShopTable
    from tillhald.journal.recovery import Opened
    from tillhald.journal.store import Store

log = structlog.get_logger(__name__)


class AnotherTill(Exception):
    """The journal was begun for another till, or in another currency, than is configured now."""


def open_or_create(config: Config, *, now_ms: int) -> Opened:
    """The journal: made new where there is none, rescued where it is damaged, copied where it is of
    an older schema. Blocks for a while.

    Raises StorageError and OSError.
    """
    places = config.places()
    if config.identity_folder and places.standby is not None:
        # Below the configured folder, which has to be there: see Config.in_home.
        with contextlib.suppress(OSError):
            places.standby.parent.mkdir(mode=0o700, exist_ok=True)
    for place in (places.folder, *((places.standby,) if places.standby else ())):
        complete_migration(place)
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
        try:
            return open_journal(places)
        except OtherSchema as other:
            bring_here(places, other, wall_ms=now_ms)
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


def open_for_shop(config: Config, *, now_ms: int, on_trial: bool) -> tuple[Opened, TillState]:
    """The shop's journal, as `open_or_create`, and the state that it holds.

    A journal that was begun under other ids or in another currency, and in which nobody has done
    anything since, is put aside and one of this shop begun: its ids were wrong in the
    configuration. Not for a pair on trial, which has to prove what was built.

    Raises AnotherTill for one that was used, StorageError and OSError.
    """
    opened = open_or_create(config, now_ms=now_ms)
    try:
        state = restored_state(opened.store)
        try:
            check_identity(state, opened.store, config.shop)
        except AnotherTill as why:
            if on_trial or not _may_be_put_aside(opened, state, config):
                raise
            _put_aside(config, str(why))
        else:
            return opened, state
    except BaseException:
        opened.store.close()
        raise
    opened.spill.close()
    opened.store.close()
    opened = open_or_create(config, now_ms=now_ms)
    return opened, restored_state(opened.store)


def _may_be_put_aside(opened: Opened, state: TillState, config: Config) -> bool:
    """Whether it is one folder and nothing else, in which nobody has done anything."""
    report, standby = opened.report, config.places().standby
    is_whole = not report.faults and not report.spilled_records and report.segment == 1
    is_one = standby is None or not standby.exists()
    return is_whole and is_one and is_unused(state)


def _put_aside(config: Config, why: str) -> None:
    """Give the folder another name, still under its lock; durable when this returns.

    Power may go in between. Then the journal is there without its empty spill, which is made anew,
    or there is none, and a start begins one.
    """
    places = config.places()
    for path in places.spills:
        path.unlink(missing_ok=True)
    folder = places.folder
    numbered = (folder.with_name(f"{folder.name}.unused-{n}") for n in itertools.count(1))
    aside = next(path for path in numbered if not path.exists())
    folder.rename(aside)
    sync_folder(folder.parent)
    log.warning("unused_journal_put_aside", folder=str(aside), why=why)


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

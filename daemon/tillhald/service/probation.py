"""A pair on trial proves itself before it sells, and before it does a deed.

It checks its data, comes up with its devices and entrances, and only then commits itself; from then
on it serves. Where anything fails before that, the daemon ends, the launcher counts, and the pair
before it comes back to all that was sold. Everything here blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from msgspec.structs import replace

from tillhald.boot import record
from tillhald.boot.files import Damaged
from tillhald.devices.finding import load_drivers
from tillhald.domain import commands as cmd
from tillhald.domain import events as ev
from tillhald.domain.backup_rules import totals_of
from tillhald.domain.decide import decide
from tillhald.domain.errors import Refused
from tillhald.domain.evolve import apply
from tillhald.domain.state import decode_state, encode_state
from tillhald.failpoints import reach
from tillhald.home import NoSuchWork
from tillhald.journal.recovery import is_there, look

if TYPE_CHECKING:
    from tillhald.config import Config
    from tillhald.domain.state import TillState
    from tillhald.home import Home, Work
    from tillhald.journal.store import Store

log = structlog.get_logger(__name__)


class ProbationFailed(Exception):
    """The pair on trial is not what it has to be. Its text says what was found."""


def check_data(home: Home, config: Config) -> None:
    """Before the journal is opened: it is there, and every record of a new generation is whole.

    Nothing for a pair that is not on trial. Raises ProbationFailed and JournalDamaged.
    """
    if not home.trial:
        return
    work = _work(home)
    if home.record().trial is None or home.pair != work.to_pair:
        message = f"{work.work_id} is not what the boot record has on trial"
        raise ProbationFailed(message)
    places = config.places()
    if not is_there(places):
        message = f"there is no journal in {home.generation}"
        raise ProbationFailed(message)
    if work.from_pair.generation != work.to_pair.generation:
        look(places.folder, whole=True)


def check(home: Home, store: Store, state: TillState, config: Config) -> None:
    """After the journal was opened: it is what the work says, and this program can go on with it.

    Nothing for a pair that is not on trial. Raises ProbationFailed.
    """
    if home.trial:
        _check(_work(home), store, state)
        _sell_on_paper(state, config)


def commit(home: Home) -> None:
    """The pair has come up, and stays; that is durable when this returns.

    Nothing for a pair that is not on trial. Raises OSError.
    """
    if not home.trial:
        return
    reach("home.before_commit")
    record.write(home.folder, record.committed(home.record()))
    reach("home.committed")
    log.info("trial_committed", work_id=home.trial, generation=home.generation)


def _check(work: Work, store: Store, state: TillState) -> None:
    stored = store.record(work.expected_seq)
    if stored is None or stored.hash != work.expected_head:
        message = f"record {work.expected_seq} is not the one that {work.work_id} built"
        raise ProbationFailed(message)
    found = totals_of(state)
    if found != work.expected:
        message = f"the journal comes to {found}, and {work.work_id} built {work.expected}"
        raise ProbationFailed(message)
    if decode_state(encode_state(state)) != state:
        raise ProbationFailed("the state is not read back as it is stored")
    if not load_drivers():
        raise ProbationFailed("no driver of devices is found")


def _sell_on_paper(state: TillState, config: Config) -> None:
    """Decide about a sale as the next customer's would be, and throw it away."""
    now = cmd.Now(
        at_ms=state.clock_max_ms, today="2000-01-01", operator="", finished={}, id_taken=False
    )
    command = cmd.OpenSale(sale_id="probation")
    try:
        facts = decide(state, config.rules(), command, now)
    except Refused:
        return  # no shift is open, or the battery is low: an answer, too
    fact = ev.Record(wall_ms=state.clock_max_ms, events=tuple(facts))
    if "probation" not in apply(state, fact, state.seq + 1).sales:
        raise ProbationFailed("a sale that was opened is not there")


def switch_facts(home: Home, state: TillState) -> list[ev.AnyEvent]:
    """What became of the last switch, if the journal does not say so yet."""
    now = home.record()
    work_id = now.kept or (now.taken_back.work_id if now.taken_back else "")
    known = state.switch.work_id if state.switch else ""
    if not work_id or work_id == known:
        return []
    fact = ev.SwitchCommitted(work_id=work_id)
    try:
        work = home.work(work_id)
    except (NoSuchWork, Damaged, ValueError) as error:
        log.warning("work_not_readable", work_id=work_id, why=str(error))
    else:
        fact = replace(
            fact,
            kind=work.kind.value,
            request_id=work.request_id,
            from_slot=work.from_pair.slot,
            from_generation=work.from_pair.generation,
            to_slot=work.to_pair.slot,
            to_generation=work.to_pair.generation,
            version=work.version,
        )
    if now.taken_back is None:
        return [fact]
    fields = {name: getattr(fact, name) for name in fact.__struct_fields__}
    return [ev.SwitchTakenBack(**fields, why=now.taken_back.why)]


def _work(home: Home) -> Work:
    try:
        return home.work(home.trial)
    except (NoSuchWork, Damaged, ValueError) as error:
        message = f"what {home.trial} was to come to is not known: {error}"
        raise ProbationFailed(message) from error

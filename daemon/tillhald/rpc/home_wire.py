"""Which program runs over which data, on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from tillhal.v1 import system_pb2 as pb
from tillhald.boot.files import Damaged
from tillhald.boot.record import NoRecord, UnknownFormat
from tillhald.rpc import to_wire

if TYPE_CHECKING:
    from tillhald.boot.record import Pair
    from tillhald.domain.state import TillState
    from tillhald.domain.switches import LastSwitch
    from tillhald.home import Home

log = structlog.get_logger(__name__)


def status(home: Home, state: TillState) -> pb.HomeStatus:
    """As it stands now. Where the boot record cannot be read, what the journal says of it."""
    last = _outcome(state.switch) if state.switch else None
    try:
        now = home.record()
    except (NoRecord, Damaged, UnknownFormat, OSError) as error:
        log.warning("boot_record_not_readable", why=str(error))
        return pb.HomeStatus(running=pb.Pair(generation=home.generation), last_switch=last)
    return pb.HomeStatus(
        running=_pair(now.committed),
        previous=_pair(now.previous) if now.previous else None,
        next=_pair(now.trial.pair) if now.trial else None,
        last_switch=last,
    )


def _pair(pair: Pair) -> pb.Pair:
    return pb.Pair(slot=pair.slot, generation=pair.generation)


def _outcome(last: LastSwitch) -> pb.SwitchOutcome:
    return pb.SwitchOutcome(
        work_id=last.work_id,
        kind=last.kind,
        request_id=last.request_id,
        stayed=last.stayed,
        why=last.why,
        from_pair=pb.Pair(slot=last.from_slot, generation=last.from_generation),
        to_pair=pb.Pair(slot=last.to_slot, generation=last.to_generation),
        version=last.version,
        time=to_wire.timestamp(last.at_ms),
    )

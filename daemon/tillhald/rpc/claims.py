"""Claims between the wire and the desk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tillhal.v1 import device_pb2 as pb
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.claims import TTL_S_DEFAULT, TTL_S_MAX, WAIT_S_MAX, ClaimEnd, ClaimMode
from tillhald.rpc import fields
from tillhald.rpc.to_wire import timestamp
from tillhald.service.claims import Ask

if TYPE_CHECKING:
    from tillhald.domain.claims import Lease
    from tillhald.service.claims import ClaimDesk

_MODES = {
    ClaimMode.EXCLUSIVE: pb.CLAIM_MODE_EXCLUSIVE,
    ClaimMode.CONTROL: pb.CLAIM_MODE_CONTROL,
    ClaimMode.OBSERVE: pb.CLAIM_MODE_OBSERVE,
}
_FROM_MODE = {wire: mode for mode, wire in _MODES.items()}
_ENDS = {
    ClaimEnd.RELEASED: pb.CLAIM_END_RELEASED,
    ClaimEnd.EXPIRED: pb.CLAIM_END_EXPIRED,
    ClaimEnd.HANDED_OVER: pb.CLAIM_END_HANDED_OVER,
    ClaimEnd.FORCED: pb.CLAIM_END_FORCED,
}


def ask_of(request: pb.ClaimRequest) -> Ask:
    """Raises Invalid."""
    mode = _FROM_MODE.get(request.mode)
    if mode is None:
        raise errors.FieldInvalid("mode", "A mode is needed.")
    return Ask(
        request_id=fields.request_id(request.request_id),
        mode=mode,
        ttl_s=ttl_s(request.ttl_s) or TTL_S_DEFAULT,
        wait_s=_at_most(request.wait_s, WAIT_S_MAX, "wait_s"),
        purpose=fields.text(request.purpose, "purpose", least=1),
        force_reason=fields.text(request.force_reason, "force_reason"),
    )


def ttl_s(value: int) -> int:
    """Seconds; 0 where none are given. Raises Invalid."""
    return _at_most(value, TTL_S_MAX, "ttl_s")


def _at_most(value: int, most: int, field: str) -> int:
    if value > most:
        raise errors.FieldInvalid(field, f"At most {most}.", limit=most)
    return value


def lease(device_id: str, held: Lease, desk: ClaimDesk) -> pb.Lease:
    """The lease as its holder may see it."""
    wire = pb.Lease(
        device_id=device_id,
        lease_id=held.lease_id,
        fencing_token=held.token,
        mode=_MODES[held.mode],
        expire_time=timestamp(_wall_ms(held.expires_s, desk)),
    )
    if held.release_by_s is not None:
        wire.release_requested.CopyFrom(wanted(held.wanted_by, held.release_by_s, desk))
    return wire


def shown(device_id: str, desk: ClaimDesk) -> list[pb.DeviceClaim]:
    """Who has a device, as everybody may see it: without what would let them use it."""
    found = []
    for held in desk.leases(device_id):
        wire = pb.DeviceClaim(
            mode=_MODES[held.mode],
            purpose=held.purpose,
            expire_time=timestamp(_wall_ms(held.expires_s, desk)),
        )
        if held.release_by_s is not None:
            wire.release_requested.CopyFrom(wanted(held.wanted_by, held.release_by_s, desk))
        found.append(wire)
    return found


def wanted(purpose: str, by_s: float, desk: ClaimDesk) -> pb.ReleaseRequested:
    """`by_s` is monotonic."""
    return pb.ReleaseRequested(purpose=purpose, release_by=timestamp(_wall_ms(by_s, desk)))


def change(event: ev.ClaimGranted | ev.ClaimEnded, seq: int) -> pb.DeviceEvent:
    """A claim that began or ended, from record `seq`."""
    if isinstance(event, ev.ClaimGranted):
        return pb.DeviceEvent(
            device_id=event.device_id,
            kind=pb.DEVICE_EVENT_KIND_CLAIM_GRANTED,
            claim=pb.ClaimChange(
                fencing_token=seq,
                mode=_MODES[event.mode],
                purpose=event.purpose,
                force_reason=event.reason,
            ),
        )
    return pb.DeviceEvent(
        device_id=event.device_id,
        kind=pb.DEVICE_EVENT_KIND_CLAIM_ENDED,
        claim=pb.ClaimChange(fencing_token=event.token, end=_ENDS[event.how]),
    )


def _wall_ms(at_s: float, desk: ClaimDesk) -> int:
    return int((time.time() + desk.left_s(at_s)) * 1000)

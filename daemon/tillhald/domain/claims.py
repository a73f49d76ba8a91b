"""Who may use a device: leases that run out, a queue of those who wait, and handing over.

Pure: the time comes in as seconds of a monotonic clock, what changed goes out. A lease is known by
its id, which only its holder has, and by its fencing token, which rises with every lease of the
till, also over a restart: it is the number of the journal's record that granted it.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec
from msgspec.structs import replace

from tillhald.domain import errors

TTL_S_DEFAULT: Final = 15
TTL_S_MAX: Final = 300
"""A front end that died holds a device no longer than this."""
WAIT_S_MAX: Final = 60
HAND_OVER_S_MAX: Final = 3.0
"""What a holder has to answer somebody who waits; then it loses the device."""
OBSERVERS_MAX: Final = 32
WAITING_MAX: Final = 16
"""For one device."""


class ClaimMode(enum.StrEnum):
    """EXCLUSIVE: all that the device does goes to or comes from the holder. CONTROL: only the
    holder may make it do something. OBSERVE: looks on, and is in nobody's way."""

    EXCLUSIVE = "exclusive"
    CONTROL = "control"
    OBSERVE = "observe"


class ClaimEnd(enum.StrEnum):
    """How a lease ended."""

    RELEASED = "released"
    EXPIRED = "expired"
    HANDED_OVER = "handed_over"
    FORCED = "forced"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants a device, until the monotonic time `until_s` at most.

    `is_refused`: the holder has said that it needs the device itself.
    """

    request_id: str
    mode: ClaimMode
    ttl_s: int
    purpose: str
    until_s: float
    is_refused: bool = False


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody has a device. `wanted_by` is the purpose of the one who waits for it, and
    `release_by_s` when it is taken away if the holder says nothing."""

    lease_id: str
    request_id: str
    token: int
    mode: ClaimMode
    ttl_s: int
    purpose: str
    expires_s: float
    wanted_by: str = ""
    release_by_s: float | None = None

    def __repr__(self) -> str:
        """Without its id: whoever has that has the device."""
        return f"Lease({self.mode.value}, token={self.token})"


class Claims(msgspec.Struct, frozen=True):
    """All leases of one device, and who waits, in the order of asking."""

    leases: tuple[Lease, ...] = ()
    wishes: tuple[Wish, ...] = ()

    @property
    def owner(self) -> Lease | None:
        """Who keeps others out: at most one."""
        return next((held for held in self.leases if held.mode is not ClaimMode.OBSERVE), None)

    def lease(self, lease_id: str) -> Lease | None:
        """The lease of that id, if it has not ended."""
        return next((held for held in self.leases if held.lease_id == lease_id), None)

    def by_request(self, request_id: str) -> Lease | Wish | None:
        """What a request led to, as long as it lasts."""
        both: tuple[Lease | Wish, ...] = (*self.leases, *self.wishes)
        return next((one for one in both if one.request_id == request_id), None)


Ended = tuple[Lease, ClaimEnd]


def wish(claims: Claims, asked: Wish, *, first: bool = False) -> Claims:
    """Put a wish at the end of the queue, or before all others. Raises Full."""
    if len(claims.wishes) >= WAITING_MAX:
        raise errors.Full("Too many wait for this device.", limit=WAITING_MAX)
    wishes = (asked, *claims.wishes) if first else (*claims.wishes, asked)
    return replace(claims, wishes=wishes)


def without_wish(claims: Claims, request_id: str) -> Claims:
    """Who asked has hung up, waited long enough, or got it."""
    left = tuple(one for one in claims.wishes if one.request_id != request_id)
    return _asked_for(replace(claims, wishes=left))


def settle(claims: Claims, now_s: float) -> tuple[Claims, list[Ended]]:
    """End what is over at `now_s`, and ask the holder for whoever waits first."""
    ended: list[Ended] = []
    left: list[Lease] = []
    for held in claims.leases:
        if held.release_by_s is not None and now_s >= held.release_by_s:
            ended.append((held, ClaimEnd.HANDED_OVER))
        elif now_s >= held.expires_s:
            ended.append((held, ClaimEnd.EXPIRED))
        else:
            left.append(held)
    wishes = tuple(one for one in claims.wishes if now_s < one.until_s)
    claims = _asked_for(Claims(tuple(left), wishes))
    owner, first = claims.owner, _first_blocked(claims)
    if owner is not None and owner.release_by_s is None and first is not None:
        asked = replace(owner, wanted_by=first.purpose, release_by_s=now_s + HAND_OVER_S_MAX)
        claims = _with(claims, asked)
    return claims, ended


def next_grant(claims: Claims) -> Wish | None:
    """The first wish that can be granted now. Nobody overtakes who waits for the same."""
    keeps_out = claims.owner is not None
    observers = sum(held.mode is ClaimMode.OBSERVE for held in claims.leases)
    for one in claims.wishes:
        if one.mode is ClaimMode.OBSERVE:
            if observers < OBSERVERS_MAX:
                return one
        elif not keeps_out:
            return one
    return None


def granted(claims: Claims, one: Wish, *, lease_id: str, token: int, now_s: float) -> Claims:
    """The wish is a lease from now on."""
    lease = Lease(
        lease_id=lease_id,
        request_id=one.request_id,
        token=token,
        mode=one.mode,
        ttl_s=one.ttl_s,
        purpose=one.purpose,
        expires_s=now_s + one.ttl_s,
    )
    claims = without_wish(claims, one.request_id)
    return replace(claims, leases=(*claims.leases, lease))


def renewed(
    claims: Claims, lease_id: str, now_s: float, *, ttl_s: int | None, retain: bool
) -> Claims:
    """The lease runs anew; with `retain` its holder says no to whoever waits. Raises ClaimLost."""
    held = must_hold(claims, lease_id)
    length_s = ttl_s or held.ttl_s
    held = replace(held, ttl_s=length_s, expires_s=now_s + length_s)
    if retain and held.release_by_s is not None:
        held = replace(held, wanted_by="", release_by_s=None)
        # Each of them is told once: who asks anew is heard anew.
        refused = tuple(replace(one, is_refused=True) for one in claims.wishes)
        claims = replace(claims, wishes=refused)
    return _with(claims, held)


def released(claims: Claims, lease_id: str) -> tuple[Claims, Lease]:
    """The holder lets go. Raises ClaimLost."""
    held = must_hold(claims, lease_id)
    left = tuple(other for other in claims.leases if other.lease_id != lease_id)
    return replace(claims, leases=left), held


def forced(claims: Claims) -> tuple[Claims, list[Ended]]:
    """A technician takes the device: whoever kept others out has lost it."""
    owner = claims.owner
    if owner is None:
        return claims, []
    return released(claims, owner.lease_id)[0], [(owner, ClaimEnd.FORCED)]


def must_hold(claims: Claims, lease_id: str) -> Lease:
    """The lease of that id. Raises ClaimLost."""
    held = claims.lease(lease_id)
    if held is None:
        raise errors.ClaimLost("This claim has ended: claim the device anew.")
    return held


def must_admit(claims: Claims, token: int) -> None:
    """See that whoever sends `token` (0: none) may make the device do something.

    Raises ClaimLost for a token whose lease has ended, also when nobody has the device now: what
    its sender believes of the device may be long over. Raises Claimed if another one has it.
    """
    owner = claims.owner
    if token:
        if owner is None or owner.token != token:
            raise errors.ClaimLost("This claim has ended: claim the device anew.")
    elif owner is not None:
        raise claimed_by(owner)


def claimed_by(owner: Lease, **facts: int | str) -> errors.Claimed:
    """The refusal that says who has the device."""
    sentence = f'The device is in use: "{owner.purpose}".'
    return errors.Claimed(sentence, held_for=owner.purpose, mode=owner.mode.value, **facts)


def next_change_s(claims: Claims) -> float | None:
    """When `settle` has something to do again; None if time alone changes nothing."""
    times = [held.expires_s for held in claims.leases]
    times += [held.release_by_s for held in claims.leases if held.release_by_s is not None]
    times += [one.until_s for one in claims.wishes]
    return min(times, default=None)


def _first_blocked(claims: Claims) -> Wish | None:
    waiting = (one for one in claims.wishes if one.mode is not ClaimMode.OBSERVE)
    return next((one for one in waiting if not one.is_refused), None)


def _asked_for(claims: Claims) -> Claims:
    """The holder is asked no more if nobody waits any more."""
    owner = claims.owner
    if owner is None or owner.release_by_s is None or _first_blocked(claims) is not None:
        return claims
    return _with(claims, replace(owner, wanted_by="", release_by_s=None))


def _with(claims: Claims, lease: Lease) -> Claims:
    leases = tuple(lease if one.lease_id == lease.lease_id else one for one in claims.leases)
    return replace(claims, leases=leases)

"""Leases on devices: who has one, who waits, and what is told and recorded of it.

The rules are in `domain.claims`; here are the clock, the futures of those who wait, and the
journal. A grant is recorded before it is answered, and its record's number is the fencing token:
so a token never repeats, also over a restart, though the leases themselves end with the daemon.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import structlog

from tillhald.domain import claims as rules
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.claims import ClaimEnd, ClaimMode, Lease, Wish
from tillhald.journal.errors import Overloaded, StorageError
from tillhald.service.caller import NOBODYS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.service.till import Till

log = structlog.get_logger(__name__)


class Ask(NamedTuple):
    """What somebody wants. `force_reason`: a technician takes the device, and says why."""

    request_id: str
    mode: ClaimMode
    ttl_s: int
    wait_s: float
    purpose: str
    force_reason: str = ""


class _Desk:
    """One device's claims, and the calls that wait for one."""

    def __init__(self) -> None:
        self.claims = rules.Claims()
        self.waiting: dict[str, asyncio.Future[Lease]] = {}
        self.callers: Counter[str] = Counter()
        self.timer: asyncio.TimerHandle | None = None


class ClaimDesk:
    """All claims of a till. Everything runs on the event loop."""

    def __init__(self, till: Till, *, now_s: Callable[[], float]) -> None:
        """`now_s` is a monotonic clock."""
        self._till = till
        self._now_s = now_s
        self._desks: dict[str, _Desk] = {}
        self._hearing: list[Callable[[str], None]] = []

    def on_change(self, hear: Callable[[str], None]) -> None:
        """Call `hear(device_id)` when somebody got, lost or was asked for a device."""
        self._hearing.append(hear)

    # --- asking

    async def claim(self, device_id: str, ask: Ask) -> tuple[Lease, bool]:
        """A lease, as soon as it can be had, within `ask.wait_s`; its grant is durable.

        The bool says that an earlier call of the same request_id got it. The lease runs from now
        on, also if the caller is cancelled while the journal is written: then it expires. Raises
        Claimed, Full, RequestIdReused, Overloaded and StorageError.
        """
        desk = self._desks.setdefault(device_id, _Desk())
        known = desk.claims.by_request(ask.request_id)
        if known is not None and (known.mode, known.purpose) != (ask.mode, ask.purpose):
            sentence = "This request_id was used for another request."
            raise errors.RequestIdReused(sentence, request_id=ask.request_id)
        if isinstance(known, Lease):
            await self._till.caught_up()
            return known, True
        if known is None:
            self._queue(device_id, desk, ask)
        lease = await self._awaited(device_id, desk, ask.request_id)
        await self._till.caught_up()
        return lease, known is not None

    def _queue(self, device_id: str, desk: _Desk, ask: Ask) -> None:
        now_s = self._now_s()
        if not ask.force_reason and ask.wait_s <= 0:
            self._settle(device_id, desk)  # the timer of a lease that is over may be late
            self._refuse_if_taken(device_id, desk, ask)
        one = Wish(
            request_id=ask.request_id,
            mode=ask.mode,
            ttl_s=ask.ttl_s,
            purpose=ask.purpose,
            # What can be had at once is had at once: this is the time of those who must wait.
            until_s=now_s + max(ask.wait_s, 1.0),
        )
        desk.claims = rules.wish(desk.claims, one, first=bool(ask.force_reason))
        desk.waiting[ask.request_id] = asyncio.get_running_loop().create_future()
        if ask.force_reason and ask.mode is not ClaimMode.OBSERVE:
            desk.claims, ended = rules.forced(desk.claims)
            for lease, how in ended:
                self._note_end(device_id, lease, how)
        self._settle(device_id, desk, force_reason=ask.force_reason)

    def _refuse_if_taken(self, device_id: str, desk: _Desk, ask: Ask) -> None:
        if ask.mode is ClaimMode.OBSERVE:
            observers = sum(held.mode is ClaimMode.OBSERVE for held in desk.claims.leases)
            if observers >= rules.OBSERVERS_MAX:
                sentence = "Too many look on already."
                raise errors.Full(sentence, limit=rules.OBSERVERS_MAX)
        elif (owner := desk.claims.owner) is not None:
            raise self._claimed(device_id, owner)

    async def _awaited(self, device_id: str, desk: _Desk, request_id: str) -> Lease:
        future = desk.waiting[request_id]
        desk.callers[request_id] += 1
        try:
            # Waiting on the future itself would cancel it for others of the same request.
            await asyncio.wait([future])
            return future.result()
        finally:
            desk.callers[request_id] -= 1
            if not desk.callers[request_id]:
                del desk.callers[request_id]
                desk.waiting.pop(request_id, None)
                if not future.done():  # who asked has hung up
                    desk.claims = rules.without_wish(desk.claims, request_id)
                    self._settle(device_id, desk)

    # --- holding

    def renew(
        self, device_id: str, lease_id: str, *, ttl_s: int | None = None, retain: bool = False
    ) -> Lease:
        """Let the lease run anew. Raises ClaimLost."""
        desk = self._desk(device_id)
        self._settle(device_id, desk)
        before = desk.claims
        desk.claims = rules.renewed(
            desk.claims, lease_id, self._now_s(), ttl_s=ttl_s, retain=retain
        )
        self._arm(device_id, desk)
        self._tell_if_changed(device_id, before, desk.claims)
        return rules.must_hold(desk.claims, lease_id)

    async def release(self, device_id: str, lease_id: str) -> None:
        """Let go of the device; that is durable then. Raises ClaimLost."""
        desk = self._desk(device_id)
        desk.claims, lease = rules.released(desk.claims, lease_id)
        self._note_end(device_id, lease, ClaimEnd.RELEASED)
        self._settle(device_id, desk, is_changed=True)
        await self._till.caught_up()

    def must_hold(self, device_id: str, lease_id: str, *modes: ClaimMode) -> Lease:
        """The lease, if it is one of `modes`. Raises ClaimLost."""
        held = rules.must_hold(self._desk(device_id).claims, lease_id)
        if held.mode not in modes:
            raise errors.FieldInvalid("lease_id", f"This claim is only {held.mode.value}.")
        return held

    def must_admit(self, device_id: str, token: int) -> None:
        """See that whoever sends `token` may make the device do something.

        Raises Claimed, ClaimLost.
        """
        try:
            rules.must_admit(self._desk(device_id).claims, token)
        except errors.Claimed:
            owner = self._desk(device_id).claims.owner
            assert owner is not None, "somebody has it"
            raise self._claimed(device_id, owner) from None

    def owner(self, device_id: str) -> Lease | None:
        """Who keeps others out."""
        return self._desk(device_id).claims.owner

    def leases(self, device_id: str) -> tuple[Lease, ...]:
        """Everybody who has the device, or looks on."""
        return self._desk(device_id).claims.leases

    def left_s(self, at_s: float) -> float:
        """Seconds until the monotonic time `at_s`; negative once it is over."""
        return at_s - self._now_s()

    # --- inside

    def _desk(self, device_id: str) -> _Desk:
        return self._desks.get(device_id) or _Desk()

    def _claimed(self, device_id: str, owner: Lease) -> errors.Claimed:
        until_s = max(round(self.left_s(owner.expires_s)), 0)
        return rules.claimed_by(owner, device_id=device_id, expires_in_s=until_s)

    def _settle(
        self, device_id: str, desk: _Desk, *, force_reason: str = "", is_changed: bool = False
    ) -> None:
        before = desk.claims
        desk.claims, ended = rules.settle(desk.claims, self._now_s())
        for lease, how in ended:
            self._note_end(device_id, lease, how)
        while (one := rules.next_grant(desk.claims)) is not None:
            self._grant(device_id, desk, one, force_reason)
        queued = {one.request_id for one in desk.claims.wishes}
        for request_id, future in desk.waiting.items():
            if request_id not in queued and not future.done():
                owner = desk.claims.owner
                refusal = (
                    self._claimed(device_id, owner)
                    if owner
                    else errors.Full("Nobody let go in time.")
                )
                future.set_exception(refusal)
        self._arm(device_id, desk)
        if is_changed:
            self._tell(device_id)
        else:
            self._tell_if_changed(device_id, before, desk.claims)

    def _grant(self, device_id: str, desk: _Desk, one: Wish, force_reason: str) -> None:
        future = desk.waiting[one.request_id]
        fact = ev.ClaimGranted(
            device_id=device_id,
            mode=one.mode,
            purpose=one.purpose,
            ttl_s=one.ttl_s,
            reason=force_reason,
        )
        try:
            token = self._till.note([fact])
        except (Overloaded, StorageError) as error:
            desk.claims = rules.without_wish(desk.claims, one.request_id)
            future.set_exception(error)
            return
        desk.claims = rules.granted(
            desk.claims, one, lease_id=uuid.uuid4().hex, token=token, now_s=self._now_s()
        )
        future.set_result(desk.claims.leases[-1])
        say = log.warning if force_reason else log.info
        say("claim_granted", device=device_id, mode=one.mode.value, token=token)

    def _note_end(self, device_id: str, lease: Lease, how: ClaimEnd) -> None:
        fact = ev.ClaimEnded(device_id=device_id, token=lease.token, how=how)
        try:
            self._till.note([fact])
        except (Overloaded, StorageError) as error:
            log.warning("device_event_not_recorded", device=device_id, why=str(error))
        say = log.warning if how is ClaimEnd.FORCED else log.info
        say("claim_ended", device=device_id, outcome=how.value, token=lease.token)

    def _arm(self, device_id: str, desk: _Desk) -> None:
        if desk.timer is not None:
            desk.timer.cancel()
        due_s = rules.next_change_s(desk.claims)
        loop = asyncio.get_running_loop()
        desk.timer = None
        if due_s is not None:
            wait_s = max(self.left_s(due_s), 0.0) + 0.001
            desk.timer = loop.call_later(wait_s, self._settle, device_id, desk, context=NOBODYS)

    def _tell_if_changed(self, device_id: str, before: rules.Claims, after: rules.Claims) -> None:
        if _seen(before) != _seen(after):
            self._tell(device_id)

    def _tell(self, device_id: str) -> None:
        for hear in self._hearing:
            hear(device_id)

    def drain(self) -> None:
        """The daemon is going down: refuse those who wait."""
        for desk in self._desks.values():
            if desk.timer is not None:
                desk.timer.cancel()
            for future in desk.waiting.values():
                if not future.done():
                    future.set_exception(errors.ClaimLost("The till is going down."))


def _seen(claims: rules.Claims) -> list[object]:
    """What watchers are told of; that a lease was renewed is no news."""
    return [(held.token, held.release_by_s) for held in claims.leases]

"""The doorkeeper: knows the caller of each RPC, and lets through what its role allows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import structlog

from tillhald.domain import errors
from tillhald.service.access import Credentials, nobody
from tillhald.service.caller import CALLER

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from tillhald.domain.access import Role
    from tillhald.rpc.access_rules import Finer, Rule
    from tillhald.rpc.door import Context
    from tillhald.service.access import AccessDesk, Entrance
    from tillhald.service.caller import Caller
    from tillhald.service.pace import Pace, Peer

log = structlog.get_logger(__name__)

TOKEN_KEY: Final = "authorization"  # noqa: S105 - a name
OPERATOR_KEY: Final = "tillhal-operator-token"
APPROVER_KEY: Final = "tillhal-approver-token"
BEARER: Final = "bearer "
CREDENTIAL_CHARS_MAX: Final = 200
SAID_EVERY_S: Final = 60.0
SAID_MAX: Final = 500
"""Refusals of one kind are logged once a minute, however many there are."""


class Admission:
    """One entrance's doorkeeper."""

    def __init__(self, desk: AccessDesk, entrance: Entrance, pace: Pace) -> None:
        self._desk = desk
        self._entrance = entrance
        self._is_required = desk.settings.is_required
        self._pace = pace
        self._said_s: dict[tuple[str, str], float] = {}

    @property
    def name(self) -> str:
        """The entrance's."""
        return self._entrance.name

    async def known(self, context: Context) -> Caller:
        """Who asks. Raises FrontEndUnknown; a stranger has to wait for that."""
        brought = _credentials(context)
        entrance = self._entrance
        if not self._is_required and brought is _NOTHING:
            return nobody(entrance.ceiling)
        if not entrance.is_private and not brought.token:
            brought = brought._replace(certificate=_certificate(context))
        try:
            return self._desk.caller(entrance, brought)
        except errors.FrontEndUnknown:
            await self._pace.slow_down(f"/{entrance.name}")
            raise

    async def begin_call(self, caller: Caller) -> Peer | None:
        """The caller's share, in which one more call is counted. Raises PeerBusy."""
        return await self._pace.begin_call(self._peer(caller)) if self._is_required else None

    async def begin_stream(self, caller: Caller) -> Peer | None:
        """The caller's share, in which one more stream is counted. Raises PeerBusy."""
        return await self._pace.begin_stream(self._peer(caller)) if self._is_required else None

    def _peer(self, caller: Caller) -> str:
        # All without a token share what one with a token has; no front end has a stroke.
        return caller.front_end if caller.token_digest else f"/{self._entrance.name}"

    def admit(self, rule: Rule, caller: Caller) -> None:
        """Make the caller known to all that is done for it. Raises SignOnRequired and Forbidden.

        Where there is an approval, `lift` decides: it is for one request, which is to be read."""
        if rule.admin_only and not self._entrance.is_admin:
            raise errors.RoleRequired("This is done at the till's admin socket.", roles="admin")
        CALLER.set(caller)
        if not self._is_free(rule) and caller.approval is None:
            _must_have(rule.roles, is_liftable=rule.liftable)

    def lift(self, rule: Rule, caller: Caller, request: Message) -> None:
        """Let the request through in the approver's name if it needs that. Raises Forbidden."""
        CALLER.set(caller._replace(request_id=getattr(request, "request_id", "")))
        if not self._is_free(rule):
            _must_have(rule.roles, is_liftable=rule.liftable)

    def _is_free(self, rule: Rule) -> bool:
        return rule.before_sign_on or (rule.free_to_keepers and self._entrance.is_admin)

    def must_hold(self, caller: Caller) -> None:
        """See that a stream may go on. Raises SignOnRequired."""
        if not self._desk.holds(caller):
            raise errors.SignOnRequired("The sign-on, or the front end's token, is over.")

    def is_news(self, method: str, reason: str) -> bool:
        """Whether a refusal of this kind should be logged."""
        now_s, key = time.monotonic(), (method, reason)
        if now_s - self._said_s.get(key, -SAID_EVERY_S) < SAID_EVERY_S:
            return False
        if len(self._said_s) >= SAID_MAX:
            self._said_s.clear()
        self._said_s[key] = now_s
        return True


def must_be(finer: Finer) -> None:
    """For a servicer: see that the caller, or an approver, has one of the roles of a finer rule.

    Raises SignOnRequired and Forbidden.
    """
    _must_have(finer.roles, is_liftable=finer.liftable)


def _must_have(roles: tuple[Role, ...], *, is_liftable: bool) -> None:
    caller = CALLER.get()
    if not caller.grants.isdisjoint(roles):
        return
    approval = caller.approval
    if (
        is_liftable
        and approval is not None
        and approval.approver != caller.operator
        and not approval.grants.isdisjoint(roles)
        and approval.use(caller.request_id)
    ):
        CALLER.set(caller._replace(approver=approval.approver))
        return
    if not caller.operator and not caller.grants:
        raise errors.SignOnRequired("Nobody is signed on here, or not any more.")
    wanted = ", ".join(roles)
    if is_liftable and caller.operator:
        raise errors.ApprovalRequired(f"Somebody has to approve this: {wanted}.", roles=wanted)
    raise errors.RoleRequired(f"This may be done by: {wanted}.", roles=wanted)


_NOTHING: Final = Credentials()


def _credentials(context: Context) -> Credentials:
    token = operator = approval = ""
    for key, value in context.invocation_metadata() or ():
        if key == TOKEN_KEY:
            text = _plain(value)
            token = text[len(BEARER) :] if text[: len(BEARER)].lower() == BEARER else "?"
        elif key == OPERATOR_KEY:
            operator = _plain(value)
        elif key == APPROVER_KEY:
            approval = _plain(value)
    if not (token or operator or approval):
        return _NOTHING
    return Credentials(token=token, operator_token=operator, approval_token=approval)


def _plain(value: str | bytes) -> str:
    text = value if isinstance(value, str) else value.decode("ascii", "replace")
    return text.strip() if len(text) <= CREDENTIAL_CHARS_MAX else "?"


def _certificate(context: Context) -> bytes:
    return next(iter(context.auth_context().get("x509_pem_cert", ())), b"")

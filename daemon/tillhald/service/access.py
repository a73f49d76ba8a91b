"""The desk that knows callers: front ends by token or certificate, persons by their sign-on.

What it knows for good is in the state, as facts; here is what belongs to the run: how long a
sign-on has still to go by a clock that cannot be set back, who is blocked, which approvals wait.
A call costs a look or two into dictionaries; argon2 is for PINs alone.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.access import (
    COVERS,
    FAILURES_FREE,
    NOTHING,
    SIGN_ONS_MAX,
    Grants,
    Role,
    back_off_s,
    pin_fault,
)
from tillhald.service import setup_code
from tillhald.service.caller import NOBODY, Approval, Caller

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tillhald.config_access import AccessTable
    from tillhald.service.pins import PinHasher
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)

TOKEN_BYTES: Final = 32
APPROVALS_MAX: Final = 200
STRANGERS_MAX: Final = 500
"""Names that nobody has, whose wrong PINs are counted all the same."""
TRIES_BURST: Final = 10
TRY_EVERY_S: Final = 3.0
"""Of one front end, whatever names it tries: it may fill neither the queue nor the journal."""
TRIERS_MAX: Final = 300


class Entrance(NamedTuple):
    """One of the ways in. `ceiling` is what can be done there at most.

    `is_private`: the file's mode has let the caller in, who needs no token. `is_admin`: the
    keepers' socket.
    """

    name: str
    ceiling: Grants
    is_private: bool = False
    is_admin: bool = False


class Credentials(NamedTuple):
    """What a call brought along; empty for nothing."""

    token: str = ""
    operator_token: str = ""
    approval_token: str = ""
    certificate: bytes = b""


class SignedOn(NamedTuple):
    """A sign-on as it is told to the one who signed on: the only time that the token is seen."""

    token: str
    operator: str
    name: str
    role: Role
    expires_ms: int


class _Given(NamedTuple):
    operator: str
    front_end: str
    until_s: float
    pin_hash: str
    used_for: str = ""


class AccessDesk:
    """Knows callers, signs on and off. Everything runs on the event loop."""

    def __init__(
        self,
        till: Till,
        hasher: PinHasher,
        settings: AccessTable,
        *,
        wall_ms: Callable[[], int],
        now_s: Callable[[], float],
        code_file: Path,
    ) -> None:
        self._till = till
        self._hasher = hasher
        self.settings = settings
        self._wall_ms = wall_ms
        self._now_s = now_s
        self.code_file = code_file
        self._until_s: dict[str, float] = {}
        self._approvals: dict[str, _Given] = {}
        self._blocked_until_s: dict[str, float] = {}
        self._strangers: dict[str, int] = {}
        self._trying: set[str] = set()
        self._tries_due_s: dict[str, float] = {}
        self._certificates: dict[bytes, str] = {}
        self._recall()

    def _recall(self) -> None:
        """Take up what was so before the till was started. A clock that was set since then makes
        no wait and no sign-on longer than it was meant to be."""
        now_s, now_ms = self._now_s(), self._wall_ms()
        for one in self._till.state.access.operators.values():
            whole_s = back_off_s(one.failures)
            left_s = whole_s - (now_ms - one.failed_ms) / 1000
            if whole_s:
                self._blocked_until_s[one.operator] = now_s + min(max(left_s, 0), whole_s)
        for digest, sign_on in self._till.state.access.sign_ons.items():
            left_s = (sign_on.expires_ms - now_ms) / 1000
            self._until_s[digest] = now_s + min(left_s, self.settings.sign_on_s)

    # --- who asks

    def caller(self, entrance: Entrance, brought: Credentials) -> Caller:
        """Who asks, and what may be done at most. Raises FrontEndUnknown.

        A sign-on that does not count any more grants nothing: not even what could be done without
        one, or somebody's work would go on in nobody's name. Signing on anew needs no grant.
        """
        front_end, token_digest, grants = self._front_end(entrance, brought)
        operator = sign_on_digest = ""
        if not self.settings.is_required:
            grants = frozenset(Role)
        if brought.operator_token:
            operator, sign_on_digest = self._signed_on(brought.operator_token, front_end)
            if not operator:
                grants = NOTHING
            elif self.settings.is_required:
                grants = COVERS[self._till.state.access.operators[operator].role]
        approval = None
        if brought.approval_token:
            approval = self._approval(brought.approval_token, front_end, entrance.ceiling)
        return Caller(
            front_end=front_end,
            operator=operator,
            grants=grants & entrance.ceiling,
            approval=approval,
            token_digest=token_digest,
            sign_on_digest=sign_on_digest,
        )

    def _front_end(self, entrance: Entrance, brought: Credentials) -> tuple[str, str, Grants]:
        tokens = self._till.state.access.tokens
        digest = ""
        if brought.token:
            digest = hashlib.sha256(brought.token.encode()).hexdigest()
        elif brought.certificate:
            digest = self._digest_of(brought.certificate)
        if digest:
            known = tokens.get(digest)
            if known is None:
                raise errors.FrontEndUnknown("This token or certificate does not count.")
            return known.front_end, digest, COVERS[known.role] if known.role else NOTHING
        if not self.settings.is_required:
            return "", "", NOTHING
        if not entrance.is_private:
            raise errors.FrontEndUnknown("A token or a certificate of a front end is needed.")
        # The file's mode lets in only the till's own account: it may look.
        return entrance.name, "", COVERS[Role.OBSERVER] if entrance.is_admin else NOTHING

    def _digest_of(self, certificate: bytes) -> str:
        """The SHA-256 of a PEM certificate, remembered: a front end brings the same each time."""
        digest = self._certificates.get(certificate)
        if digest is None:
            if len(self._certificates) >= TRIERS_MAX:
                self._certificates.clear()
            digest = self._certificates[certificate] = certificate_digest(certificate.decode())
        return digest

    def _signed_on(self, token: str, front_end: str) -> tuple[str, str]:
        digest = hashlib.sha256(token.encode()).hexdigest()
        sign_on = self._till.state.access.sign_ons.get(digest)
        # Of another front end: a token that was listened to is of no use elsewhere.
        if sign_on is None or sign_on.front_end != front_end or not self._is_on(digest):
            return "", ""
        return sign_on.operator, digest

    def _is_on(self, digest: str) -> bool:
        is_known = digest in self._till.state.access.sign_ons
        return is_known and self._until_s.get(digest, 0.0) > self._now_s()

    def _approval(self, token: str, front_end: str, ceiling: Grants) -> Approval | None:
        digest = hashlib.sha256(token.encode()).hexdigest()
        given = self._approvals.get(digest)
        if given is None or given.front_end != front_end or given.until_s <= self._now_s():
            return None
        operator = self._till.state.access.operators[given.operator]
        # Another PIN ends what the one before had granted; who is disabled has none.
        if operator.pin_hash != given.pin_hash:
            return None
        grants = COVERS[operator.role] & ceiling
        return Approval(given.operator, grants, lambda used_for: self._use(digest, used_for))

    def _use(self, digest: str, request_id: str) -> bool:
        given = self._approvals.get(digest)
        if given is None:
            return False
        if given.used_for and (given.used_for != request_id or not request_id):
            return False
        used_for = request_id or "a request without an id"
        self._approvals[digest] = given._replace(used_for=used_for)
        return True

    def holds(self, caller: Caller) -> bool:
        """Whether what the caller was admitted by still counts: streams are long."""
        book = self._till.state.access
        if caller.token_digest and caller.token_digest not in book.tokens:
            return False
        return not caller.sign_on_digest or self._is_on(caller.sign_on_digest)

    # --- signing on and off

    async def sign_on(
        self, front_end: str, operator: str, pin: str, *, for_approval: bool
    ) -> SignedOn:
        """Sign an operator on at a front end; that, or the failure, is durable then.

        `for_approval`: not to work, but to let one request of somebody else through. Raises
        SignOnRefused, SignOnBlocked, Full.
        """
        if not await self.is_pin(front_end, operator, pin):
            raise errors.SignOnRefused("Operator or PIN is wrong.")
        self._blocked_until_s.pop(operator, None)
        if for_approval:
            return self._approve(front_end, operator)
        return await self._signed_in(front_end, operator)

    async def _signed_in(self, front_end: str, operator: str) -> SignedOn:
        token, seconds = secrets.token_urlsafe(TOKEN_BYTES), self.settings.sign_on_s
        digest = hashlib.sha256(token.encode()).hexdigest()
        expires_ms = self._wall_ms() + seconds * 1000
        fact = ev.OperatorSignedOn(
            operator=operator, front_end=front_end, digest=digest, expires_ms=expires_ms
        )
        self._till.note([fact])
        self._until_s[digest] = self._now_s() + seconds
        if len(self._until_s) > 2 * SIGN_ONS_MAX:
            book = self._till.state.access
            self._until_s = {key: at for key, at in self._until_s.items() if key in book.sign_ons}
        await self._till.caught_up()
        one = self._till.state.access.operators[operator]
        log.info("operator_signed_on", role=one.role.value, front_end=front_end)
        return SignedOn(token, operator, one.name, one.role, expires_ms)

    def _approve(self, front_end: str, operator: str) -> SignedOn:
        now_s, seconds = self._now_s(), self.settings.approval_s
        kept = {key: one for key, one in self._approvals.items() if one.until_s > now_s}
        while len(kept) >= APPROVALS_MAX:
            del kept[next(iter(kept))]
        token = secrets.token_urlsafe(TOKEN_BYTES)
        digest = hashlib.sha256(token.encode()).hexdigest()
        one = self._till.state.access.operators[operator]
        kept[digest] = _Given(operator, front_end, now_s + seconds, one.pin_hash)
        self._approvals = kept
        return SignedOn(token, operator, one.name, one.role, self._wall_ms() + seconds * 1000)

    async def sign_off(self, caller: Caller) -> None:
        """End the caller's sign-on; that is durable then."""
        fact = ev.OperatorSignedOff(
            operator=caller.operator, front_end=caller.front_end, digest=caller.sign_on_digest
        )
        self._till.note([fact])
        self._until_s.pop(caller.sign_on_digest, None)
        await self._till.caught_up()

    async def is_pin(self, front_end: str, operator: str, pin: str) -> bool:
        """Whether it is this operator's PIN; that it is not is durable then.

        One try at a time of each operator: guesses at once are no more guesses. Raises
        SignOnBlocked, Full.
        """
        self._must_not_be_blocked(operator)
        self._must_not_try_too_often(front_end)
        if operator in self._trying or len(self._trying) >= STRANGERS_MAX:
            raise errors.Full("This operator's PIN is being looked at at this moment.")
        self._trying.add(operator)
        try:
            known = self._till.state.access.operators.get(operator)
            usable = known if known is not None and not known.is_disabled else None
            is_it = await self._hasher.verify(usable.pin_hash if usable else "", pin)
            now = self._till.state.access.operators.get(operator)
            if not is_it or usable is None or now is None or now.pin_hash != usable.pin_hash:
                await self._failed(front_end, operator)
                return False
        finally:
            self._trying.discard(operator)
        if front_end in self._tries_due_s:
            self._tries_due_s[front_end] -= TRY_EVERY_S  # a right PIN was no guess
        return True

    async def pin_hash(self, pin: str, role: Role) -> str:
        """What of a new PIN is stored. Raises FieldInvalid for one that will not do, Full."""
        if fault := pin_fault(pin, role, self.settings.pin_digits_min):
            raise errors.FieldInvalid("pin", fault)
        return await self._hasher.hash(pin)

    async def _failed(self, front_end: str, operator: str) -> None:
        one = self._till.state.access.operators.get(operator)
        if one is not None:
            failures = one.failures + 1
        else:
            while len(self._strangers) >= STRANGERS_MAX:
                del self._strangers[next(iter(self._strangers))]
            # A name that nobody has is blocked as a name that somebody has would be.
            failures = self._strangers[operator] = self._strangers.get(operator, 0) + 1
        self._blocked_until_s = {
            name: at for name, at in self._blocked_until_s.items() if at > self._now_s()
        }
        if wait_s := back_off_s(failures):
            self._blocked_until_s[operator] = self._now_s() + wait_s
        fact = ev.SignOnFailed(
            front_end=front_end, operator=one.operator if one else "", failures=failures
        )
        if failures >= FAILURES_FREE:
            log.warning("sign_on_refused", front_end=front_end, failures=failures)
        await self._till.record([fact])

    def _must_not_be_blocked(self, operator: str) -> None:
        left_s = self._blocked_until_s.get(operator, 0.0) - self._now_s()
        if left_s > 0:
            raise errors.SignOnBlocked("Too many wrong PINs: wait.", int(left_s) + 1)

    def _must_not_try_too_often(self, front_end: str) -> None:
        now_s = self._now_s()
        if len(self._tries_due_s) >= TRIERS_MAX:
            full_s = now_s - TRIES_BURST * TRY_EVERY_S
            self._tries_due_s = {k: at for k, at in self._tries_due_s.items() if at > full_s}
        due_s = max(self._tries_due_s.get(front_end, 0.0), now_s - TRIES_BURST * TRY_EVERY_S)
        if (left_s := due_s + TRY_EVERY_S - now_s) > 0:
            raise errors.SignOnBlocked("Too many tries here: wait.", int(left_s) + 1)
        self._tries_due_s[front_end] = due_s + TRY_EVERY_S

    # --- the first owner

    async def see_to_an_owner(self) -> None:
        """At a start: where no owner can sign on, see that there is a code, in its file."""
        book = self._till.state.access
        if not self.settings.is_required or book.owner is not None:
            if not book.setup_digest:
                self.code_file.unlink(missing_ok=True)
            return
        if not setup_code.is_written(self.code_file, book):
            await self.issue_setup_code(book.setup_operator or setup_code.OWNER)
        log.warning("owner_code_waits", file=str(self.code_file))

    async def issue_setup_code(self, operator: str) -> None:
        """A new code for this owner, in its file, once its hash is durable. Raises OSError."""
        code = setup_code.new_code()
        # Power may go between the two: then the file is missing, and the next start makes another.
        await self._till.record(setup_code.setup_facts(self._till.state.access, operator, code))
        setup_code.write(self.code_file, code)

    def must_be_setup_code(self, front_end: str, code: str) -> str:
        """The owner whose code it is. Raises SetupCodeWrong, SignOnBlocked."""
        self._must_not_try_too_often(front_end)
        book = self._till.state.access
        found = setup_code.digest_of(code)
        if not book.setup_digest or not hmac.compare_digest(found, book.setup_digest):
            raise errors.SetupCodeWrong("This is not the code that waits.")
        return book.setup_operator

    def forget_setup_code(self) -> None:
        """It has been used."""
        if not self._till.state.access.setup_digest:
            self.code_file.unlink(missing_ok=True)


def nobody(ceiling: Grants) -> Caller:
    """Somebody of whom nothing is known, and nothing needs to be."""
    return NOBODY._replace(grants=ceiling)


def certificate_digest(pem: str) -> str:
    """The SHA-256 of a certificate's DER, in hex, as openssl shows it without colons.

    Raises FieldInvalid for what is no PEM certificate.
    """
    import ssl  # TLS is not what most tills serve

    try:
        der = ssl.PEM_cert_to_DER_cert(pem.strip())
    except ValueError:
        raise errors.FieldInvalid("certificate_pem", "This is no PEM certificate.") from None
    return hashlib.sha256(der).hexdigest()

"""Who there is, what each may do, and what the till holds of them: names, roles, hashes."""

from __future__ import annotations

import enum
from itertools import pairwise
from typing import Final

import msgspec
from msgspec.structs import replace

OPERATORS_MAX: Final = 200
TOKENS_MAX: Final = 200
"""Tokens and certificates of front ends that count; revoked ones are forgotten."""
SIGN_ONS_MAX: Final = 400
"""Beyond these the oldest sign-on ends."""

FAILURES_FREE: Final = 4
"""So many wrong PINs in a row cost nothing but the time to type them."""
BACK_OFF_S: Final = 30
BACK_OFF_S_MAX: Final = 900
PIN_DIGITS_MAX: Final = 12
PIN_DIGITS_STRONG: Final = 6
"""The least for roles that may change the till itself."""


class Role(enum.StrEnum):
    """What a person is in the shop."""

    OBSERVER = "observer"
    CASHIER = "cashier"
    SUPERVISOR = "supervisor"
    TECHNICIAN = "technician"
    OWNER = "owner"


Grants = frozenset[Role]
"""All roles whose work somebody may do."""

COVERS: Final[dict[Role, Grants]] = {
    Role.OBSERVER: frozenset({Role.OBSERVER}),
    Role.CASHIER: frozenset({Role.OBSERVER, Role.CASHIER}),
    Role.SUPERVISOR: frozenset({Role.OBSERVER, Role.CASHIER, Role.SUPERVISOR}),
    # Who mends the till does not sell on it, and who sells on it does not change it.
    Role.TECHNICIAN: frozenset({Role.OBSERVER, Role.TECHNICIAN}),
    Role.OWNER: frozenset(Role),
}
NOTHING: Final[Grants] = frozenset()
SHOP_FLOOR: Final[Grants] = COVERS[Role.SUPERVISOR]
"""What can be reached where others than the till's keepers can connect."""
STAFF: Final[Grants] = COVERS[Role.CASHIER]
"""The roles that a supervisor may give, change and take away."""


class CredentialKind(enum.StrEnum):
    """How a front end says which one it is."""

    TOKEN = "token"  # noqa: S105 - a word
    CERTIFICATE = "certificate"


class Operator(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person. `pin_hash` is argon2id's own text; empty before there is a PIN. `failures` are
    wrong PINs in a row, the last of them at `failed_ms`."""

    operator: str
    role: Role
    name: str = ""
    pin_hash: str = ""
    is_disabled: bool = False
    failures: int = 0
    failed_ms: int = 0


class FrontEndToken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a front end is known by: the SHA-256 of its token or of its certificate, in hex.

    `role` is what it may do with nobody signed on; None for nothing."""

    token_id: str
    front_end: str
    kind: CredentialKind
    digest: str
    issued_ms: int = 0
    role: Role | None = None


class SignOn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An operator at a front end, by the SHA-256 of the operator's token, until `expires_ms`."""

    digest: str
    operator: str
    front_end: str
    expires_ms: int


class AccessBook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`tokens` by their digest, which is how a call brings them; `sign_ons` likewise, oldest
    first. `setup_digest` is the SHA-256 of the code that gives `setup_operator`, an owner, a PIN;
    empty for none."""

    operators: dict[str, Operator] = {}
    tokens: dict[str, FrontEndToken] = {}
    sign_ons: dict[str, SignOn] = {}
    setup_operator: str = ""
    setup_digest: str = ""

    def token(self, token_id: str) -> FrontEndToken | None:
        """What is known by this id."""
        return next((one for one in self.tokens.values() if one.token_id == token_id), None)

    @property
    def owner(self) -> Operator | None:
        """An owner who can sign on."""
        return next(
            (
                one
                for one in self.operators.values()
                if one.role is Role.OWNER and one.pin_hash and not one.is_disabled
            ),
            None,
        )


def back_off_s(failures: int) -> int:
    """How long the next try has to wait after so many wrong PINs in a row."""
    over = failures - FAILURES_FREE
    return 0 if over <= 0 else min(BACK_OFF_S << min(over - 1, 10), BACK_OFF_S_MAX)


def pin_fault(pin: str, role: Role, digits_min: int) -> str:
    """What is wrong with a PIN that somebody of this role wants; empty for nothing."""
    least = digits_min
    if role in (Role.TECHNICIAN, Role.OWNER):
        least = max(least, PIN_DIGITS_STRONG)
    if not (pin.isascii() and pin.isdecimal() and least <= len(pin) <= PIN_DIGITS_MAX):
        return f"A PIN of {least} to {PIN_DIGITS_MAX} digits is needed."
    steps = {(int(right) - int(left)) % 10 for left, right in pairwise(pin)}
    if steps in ({0}, {1}, {9}):
        return "This PIN is guessed at once: the same digit, or digits in a row."
    return ""


# --- what facts do to the book; each is named for its event


def operator_put(book: AccessBook, operator: str, name: str, role: Role) -> AccessBook:
    """Entered, changed, or taken back after having been disabled."""
    before = book.operators.get(operator)
    one = (
        replace(before, name=name, role=role, is_disabled=False)
        if before
        else Operator(operator=operator, name=name, role=role)
    )
    book = replace(book, operators={**book.operators, operator: one})
    # Whoever became something else signs on again.
    return _signed_off_everywhere(book, operator) if before and before.role is not role else book


def pin_set(book: AccessBook, operator: str, pin_hash: str, *, by_code: bool) -> AccessBook:
    one = replace(book.operators[operator], pin_hash=pin_hash, failures=0, failed_ms=0)
    book = replace(book, operators={**book.operators, operator: one})
    book = _signed_off_everywhere(book, operator)
    return replace(book, setup_operator="", setup_digest="") if by_code else book


def operator_disabled(book: AccessBook, operator: str) -> AccessBook:
    one = replace(book.operators[operator], is_disabled=True, pin_hash="")
    book = replace(book, operators={**book.operators, operator: one})
    return _signed_off_everywhere(book, operator)


def signed_on(book: AccessBook, sign_on: SignOn, at_ms: int) -> AccessBook:
    """The same operator at the same front end has one sign-on; what is over is forgotten."""
    place = (sign_on.operator, sign_on.front_end)
    kept = {
        digest: one
        for digest, one in book.sign_ons.items()
        if (one.operator, one.front_end) != place and one.expires_ms > at_ms
    }
    while len(kept) >= SIGN_ONS_MAX:
        del kept[next(iter(kept))]
    kept[sign_on.digest] = sign_on
    book = replace(book, sign_ons=kept)
    one = book.operators.get(sign_on.operator)
    if one is None or not one.failures:
        return book
    one = replace(one, failures=0, failed_ms=0)
    return replace(book, operators={**book.operators, one.operator: one})


def signed_off(book: AccessBook, digest: str) -> AccessBook:
    return replace(book, sign_ons={key: one for key, one in book.sign_ons.items() if key != digest})


def sign_on_failed(book: AccessBook, operator: str, failures: int, at_ms: int) -> AccessBook:
    """`operator` is empty where nobody of that name is known: then there is nothing to count."""
    one = book.operators.get(operator)
    if one is None:
        return book
    one = replace(one, failures=failures, failed_ms=at_ms)
    return replace(book, operators={**book.operators, operator: one})


def token_issued(book: AccessBook, token: FrontEndToken) -> AccessBook:
    return replace(book, tokens={**book.tokens, token.digest: token})


def token_revoked(book: AccessBook, token_id: str) -> AccessBook:
    """Forgotten, and with it whoever signed on at that front end, unless it has another one."""
    gone = book.token(token_id)
    if gone is None:
        return book
    kept = {digest: one for digest, one in book.tokens.items() if one.token_id != token_id}
    book = replace(book, tokens=kept)
    if any(one.front_end == gone.front_end for one in kept.values()):
        return book
    sign_ons = {
        digest: one for digest, one in book.sign_ons.items() if one.front_end != gone.front_end
    }
    return replace(book, sign_ons=sign_ons)


def setup_code_issued(book: AccessBook, operator: str, digest: str) -> AccessBook:
    return replace(book, setup_operator=operator, setup_digest=digest)


def _signed_off_everywhere(book: AccessBook, operator: str) -> AccessBook:
    kept = {key: one for key, one in book.sign_ons.items() if one.operator != operator}
    return replace(book, sign_ons=kept)

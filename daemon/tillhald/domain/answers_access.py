"""Answers to changes of operators and tokens. They are stored: no hash is in them."""

from __future__ import annotations

import msgspec

from tillhald.domain.access import CredentialKind, Role


class OperatorAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="operator", omit_defaults=True):
    operator: str
    role: Role
    name: str = ""
    has_pin: bool = False
    is_disabled: bool = False


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="token", omit_defaults=True):
    """Of a token that was revoked, its id alone."""

    token_id: str
    front_end: str = ""
    kind: CredentialKind = CredentialKind.TOKEN
    role: Role | None = None
    issued_ms: int = 0

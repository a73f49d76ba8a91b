"""What requests of several services have in common: an id of their own, and pages."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol, TypeVar

from tillhald.domain import errors
from tillhald.domain.readmodels import by_seq_key
from tillhald.rpc import fields, to_wire
from tillhald.service.caller import CALLER
from tillhald.service.till import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhal.v1 import types_pb2
    from tillhald.domain.commands import AnyCommand
    from tillhald.service.till import Outcome, Till

R = TypeVar("R", bound="SaysHowDurable")

PAGE_DEFAULT = 50
PAGE_MAX = 500
FINGERPRINT_BYTES = 16


class Identified(Protocol):
    """A request that changes something: it has an id of its own."""

    request_id: str

    def SerializeToString(self, *, deterministic: bool = False) -> bytes: ...


class SaysHowDurable(Protocol):
    """The answer to such a request."""

    durability: types_pb2.Durability


def request_of(method: str, request_id: str, wire: Identified) -> Request:
    """Who asks. The fingerprint tells a retry from another request under the same id.

    It is taken over the message as we write it, not over the bytes that came: two libraries may
    write the same request in two ways. The id itself counts in small letters.
    """
    plain_id = fields.request_id(request_id)
    if plain_id != request_id:
        wire.request_id = plain_id
    content = wire.SerializeToString(deterministic=True)
    fingerprint = hashlib.blake2b(content, digest_size=FINGERPRINT_BYTES).digest()
    caller = CALLER.get()
    return Request(
        method, plain_id, fingerprint, caller.operator, caller.approver, caller.front_end
    )


async def carry_out(
    till: Till, command: AnyCommand, request: Request, convert: Callable[[Outcome], R]
) -> R:
    """Answer with what `convert` makes of the outcome, once it is durable, and say how durable."""
    response, spilled = await till.handle(command, request, convert)
    response.durability = to_wire.durability(spilled=spilled)
    return response


def page_start(prefix: bytes, token: str) -> bytes:
    """The key that a page of a listing by seq begins with."""
    if not token:
        return b""
    try:
        key = bytes.fromhex(token)
    except ValueError:
        raise errors.FieldInvalid("page_token", "This is no page token.") from None
    if len(key) != len(by_seq_key(b"", 0)):
        raise errors.FieldInvalid("page_token", "This is no page token.")
    return prefix + key

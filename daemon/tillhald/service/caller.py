"""Who asks for what is being done now: set once for each call, and in every record it makes."""

from __future__ import annotations

from contextvars import Context, ContextVar
from typing import TYPE_CHECKING, Final, NamedTuple

from tillhald.domain.access import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.domain.access import Grants


class Approval(NamedTuple):
    """A second pair of eyes, at hand for one request.

    `use(request_id)` uses it up, and says whether it could; a retry may use it again."""

    approver: str
    grants: Grants
    use: Callable[[str], bool]


class Caller(NamedTuple):
    """A front end and the person at it; empty where nobody is known.

    `approver` is there once the approval was needed and used. The digests tell whether token and
    sign-on still count.
    """

    front_end: str = ""
    operator: str = ""
    approver: str = ""
    grants: Grants = frozenset(Role)
    approval: Approval | None = None
    request_id: str = ""
    token_digest: str = ""
    sign_on_digest: str = ""


NOBODY: Final = Caller()
CALLER: ContextVar[Caller] = ContextVar("caller", default=NOBODY)
NOBODYS: Final = Context()
"""For timers: what happens by itself later is not in the name of whoever set the clock."""

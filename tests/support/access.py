"""A till where callers must be known, with somebody in every role."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tests.support.sales import new_id
from tests.support.till import Calls, Till, a_till
from tillhal.v1 import access_pb2, shift_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hwsim.printer import VirtualPrinter

Metadata = tuple[tuple[str, str], ...]

REQUIRED = '[access]\nmode = "required"\nargon2_memory_kib = 1024\nargon2_passes = 1\n'
OWNERS_PIN, STAFF_PIN = "739154", "480217"
STAFF = {
    "obi": access_pb2.ROLE_OBSERVER,
    "ann": access_pb2.ROLE_CASHIER,
    "bo": access_pb2.ROLE_SUPERVISOR,
    "tim": access_pb2.ROLE_TECHNICIAN,
}


class Guarded:
    """Such a till, and how one comes in."""

    def __init__(self, till: Till) -> None:
        self.till = till
        self.code_file = till.folder / "journal.owner-code"

    @property
    def admin_address(self) -> str:
        return f"unix:{self.till.folder / 'admin.sock'}"

    @property
    def api(self) -> Calls:
        return self.till.calls

    def admin(self) -> Calls:
        return self.till.another(self.admin_address)

    def set_up(self) -> Guarded:
        """The owner gets a PIN, and everybody else is entered."""
        admin = self.admin()
        code = self.code_file.read_text()
        request = access_pb2.RedeemSetupCodeRequest(request_id=new_id(), code=code, pin=OWNERS_PIN)
        admin.access.RedeemSetupCode(request)
        owner = sign_on(admin, "owner", OWNERS_PIN)
        for operator, role in STAFF.items():
            put = access_pb2.PutOperatorRequest(request_id=new_id(), operator=operator, role=role)
            admin.access.PutOperator(put, metadata=owner)
            pin = access_pb2.SetPinRequest(request_id=new_id(), operator=operator, pin=STAFF_PIN)
            admin.access.SetPin(pin, metadata=owner)
        admin.close()
        return self

    def token(self, front_end: str, role: int = 0) -> str:
        """A new token of a front end."""
        admin = self.admin()
        who = sign_on(admin, "tim")
        request = access_pb2.IssueTokenRequest(
            request_id=new_id(), token_id=new_id(), front_end=front_end, role=role
        )
        made = admin.access.IssueToken(request, metadata=who)
        admin.close()
        return str(made.secret)


def bearer(token: str) -> Metadata:
    """What a front end with this token sends."""
    return (("authorization", f"Bearer {token}"),)


def sign_on(calls: Calls, operator: str, pin: str = STAFF_PIN, metadata: Metadata = ()) -> Metadata:
    """Sign on, and what is sent with calls from then on."""
    request = shift_pb2.SignOnRequest(operator=operator, pin=pin)
    given = calls.shift.SignOn(request, metadata=metadata)
    return (*metadata, ("tillhal-operator-token", given.operator_token))


def approval(
    calls: Calls, operator: str, pin: str = STAFF_PIN, metadata: Metadata = ()
) -> Metadata:
    """What is sent beside it for one request that `operator` approves."""
    request = shift_pb2.SignOnRequest(operator=operator, pin=pin, for_approval=True)
    given = calls.shift.SignOn(request, metadata=metadata)
    return (("tillhal-approver-token", given.operator_token),)


@contextlib.contextmanager
def a_guarded_till(
    *, printer: VirtualPrinter | None = None, tcp: str = "", more: str = "", access: str = REQUIRED
) -> Iterator[Guarded]:
    """A till that runs, with an owner and STAFF."""
    with a_till(printer=printer, tcp=tcp, more=more, access=access) as till:
        yield Guarded(till.start()).set_up()


def put(operator: str, role: int) -> access_pb2.PutOperatorRequest:
    """The request to enter somebody."""
    return access_pb2.PutOperatorRequest(request_id=new_id(), operator=operator, role=role)


def pin(operator: str, new: str, current: str = "") -> access_pb2.SetPinRequest:
    """The request for a new PIN; `current` is needed of whoever changes his own."""
    return access_pb2.SetPinRequest(
        request_id=new_id(), operator=operator, pin=new, current_pin=current
    )

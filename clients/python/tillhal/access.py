"""Who may do what: signing on, approving, and looking after operators and front ends.

    with till.sign_on("ann", pin):
        till.checkout(...)
        with till.approved_by("bo", bos_pin):
            till.void_sale(...)

`till.access` keeps operators and tokens; that is done by an owner or a supervisor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar

from tillhal.v1 import access_pb2, access_pb2_grpc, shift_pb2, shift_pb2_grpc
from tillhal.values import new_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextvars import Token
    from types import TracebackType
    from typing import Any, Self

    import grpc
    from google.protobuf.message import Message

    from tillhal.credentials import Credentials

ResponseT = TypeVar("ResponseT")

RoleName: TypeAlias = Literal["OBSERVER", "CASHIER", "SUPERVISOR", "TECHNICIAN", "OWNER"]
FrontEndRoleName: TypeAlias = Literal["", "OBSERVER", "CASHIER"]


def _role(name: str) -> str:
    return f"ROLE_{name or 'UNSPECIFIED'}"


def _put(operator: str, role: RoleName, name: str) -> access_pb2.PutOperatorRequest:
    return access_pb2.PutOperatorRequest(
        request_id=new_id(), operator=operator, name=name, role=_role(role)
    )


def _pin(operator: str, pin: str, current_pin: str) -> access_pb2.SetPinRequest:
    return access_pb2.SetPinRequest(
        request_id=new_id(), operator=operator, pin=pin, current_pin=current_pin
    )


def _disable(operator: str, reason: str) -> access_pb2.DisableOperatorRequest:
    return access_pb2.DisableOperatorRequest(request_id=new_id(), operator=operator, reason=reason)


def _token(front_end: str, role: FrontEndRoleName, token_id: str) -> access_pb2.IssueTokenRequest:
    return access_pb2.IssueTokenRequest(
        request_id=new_id(), token_id=token_id or new_id(), front_end=front_end, role=_role(role)
    )


def _certificate(
    front_end: str, pem: str, role: FrontEndRoleName, token_id: str
) -> access_pb2.AdmitCertificateRequest:
    return access_pb2.AdmitCertificateRequest(
        request_id=new_id(),
        token_id=token_id or new_id(),
        front_end=front_end,
        certificate_pem=pem,
        role=_role(role),
    )


def _revoke(token_id: str, reason: str) -> access_pb2.RevokeTokenRequest:
    return access_pb2.RevokeTokenRequest(request_id=new_id(), token_id=token_id, reason=reason)


def _redeem(code: str, pin: str) -> access_pb2.RedeemSetupCodeRequest:
    return access_pb2.RedeemSetupCodeRequest(request_id=new_id(), code=code, pin=pin)


class Access:
    """Operators, their PINs, and the tokens of front ends. Every method raises a `TillError`."""

    def __init__(
        self, channel: grpc.Channel, ask: Callable[[Any, Message, float | None], Any]
    ) -> None:
        self._stub: Final = access_pb2_grpc.AccessServiceStub(channel)
        self._shift: Final = shift_pb2_grpc.ShiftServiceStub(channel)
        self._ask = ask

    def caller(self) -> access_pb2.GetCallerResponse:
        """Who the till takes us for, and what we may do."""
        answer: access_pb2.GetCallerResponse
        answer = self._ask(self._stub.GetCaller, access_pb2.GetCallerRequest(), None)
        return answer

    def list_operators(self) -> list[access_pb2.Operator]:
        """All operators."""
        return list(
            self._ask(self._stub.ListOperators, access_pb2.ListOperatorsRequest(), None).operators
        )

    def put_operator(self, operator: str, role: RoleName, *, name: str = "") -> access_pb2.Operator:
        """Enter an operator, or change one."""
        answer: access_pb2.PutOperatorResponse
        answer = self._ask(self._stub.PutOperator, _put(operator, role, name), None)
        return answer.operator

    def set_pin(self, operator: str, pin: str, *, current_pin: str = "") -> access_pb2.Operator:
        """Give an operator a PIN; one's own needs the one so far."""
        answer: access_pb2.SetPinResponse
        answer = self._ask(self._stub.SetPin, _pin(operator, pin, current_pin), None)
        return answer.operator

    def disable_operator(self, operator: str, *, reason: str = "") -> access_pb2.Operator:
        """Keep an operator out."""
        answer: access_pb2.DisableOperatorResponse
        answer = self._ask(self._stub.DisableOperator, _disable(operator, reason), None)
        return answer.operator

    def issue_token(
        self, front_end: str, *, role: FrontEndRoleName = "", token_id: str = ""
    ) -> access_pb2.IssueTokenResponse:
        """A token for a front end; `secret` is told this once."""
        answer: access_pb2.IssueTokenResponse
        answer = self._ask(self._stub.IssueToken, _token(front_end, role, token_id), None)
        return answer

    def admit_certificate(
        self, front_end: str, pem: str, *, role: FrontEndRoleName = "", token_id: str = ""
    ) -> access_pb2.FrontEndToken:
        """Let a front end in by its certificate."""
        answer: access_pb2.AdmitCertificateResponse
        request = _certificate(front_end, pem, role, token_id)
        answer = self._ask(self._stub.AdmitCertificate, request, None)
        return answer.token

    def revoke_token(self, token_id: str, *, reason: str = "") -> None:
        """Let a token or certificate count no more."""
        self._ask(self._stub.RevokeToken, _revoke(token_id, reason), None)

    def list_tokens(self) -> list[access_pb2.FrontEndToken]:
        """All tokens and certificates that count."""
        return list(self._ask(self._stub.ListTokens, access_pb2.ListTokensRequest(), None).tokens)

    def new_setup_code(self, operator: str = "") -> str:
        """Have a new one-time code written for an owner; the path of its file."""
        request = access_pb2.IssueSetupCodeRequest(operator=operator)
        answer: access_pb2.IssueSetupCodeResponse
        answer = self._ask(self._stub.IssueSetupCode, request, None)
        return answer.file

    def redeem_setup_code(self, code: str, pin: str) -> access_pb2.Operator:
        """Exchange the one-time code for the owner's PIN."""
        answer: access_pb2.RedeemSetupCodeResponse
        answer = self._ask(self._stub.RedeemSetupCode, _redeem(code, pin), None)
        return answer.operator

    def get_token(
        self, operator: str, pin: str, *, for_approval: bool = False
    ) -> shift_pb2.SignOnResponse:
        """What `sign_on` and `approved_by` do, for whoever keeps the token elsewhere."""
        request = shift_pb2.SignOnRequest(operator=operator, pin=pin, for_approval=for_approval)
        answer: shift_pb2.SignOnResponse
        answer = self._ask(self._shift.SignOn, request, None)
        return answer

    def sign_off(self) -> None:
        """End the sign-on that goes with the calls."""
        self._ask(self._shift.SignOff, shift_pb2.SignOffRequest(), None)


class AsyncAccess:
    """`Access`, for asyncio."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        ask: Callable[[Any, Message, float | None], Awaitable[Any]],
    ) -> None:
        self._stub: Final = access_pb2_grpc.AccessServiceStub(channel)
        self._shift: Final = shift_pb2_grpc.ShiftServiceStub(channel)
        self._ask = ask

    async def caller(self) -> access_pb2.GetCallerResponse:
        """Who the till takes us for, and what we may do."""
        answer: access_pb2.GetCallerResponse
        answer = await self._ask(self._stub.GetCaller, access_pb2.GetCallerRequest(), None)
        return answer

    async def list_operators(self) -> list[access_pb2.Operator]:
        """All operators."""
        request = access_pb2.ListOperatorsRequest()
        return list((await self._ask(self._stub.ListOperators, request, None)).operators)

    async def put_operator(
        self, operator: str, role: RoleName, *, name: str = ""
    ) -> access_pb2.Operator:
        """Enter an operator, or change one."""
        answer: access_pb2.PutOperatorResponse
        answer = await self._ask(self._stub.PutOperator, _put(operator, role, name), None)
        return answer.operator

    async def set_pin(
        self, operator: str, pin: str, *, current_pin: str = ""
    ) -> access_pb2.Operator:
        """Give an operator a PIN; one's own needs the one so far."""
        answer: access_pb2.SetPinResponse
        answer = await self._ask(self._stub.SetPin, _pin(operator, pin, current_pin), None)
        return answer.operator

    async def disable_operator(self, operator: str, *, reason: str = "") -> access_pb2.Operator:
        """Keep an operator out."""
        answer: access_pb2.DisableOperatorResponse
        answer = await self._ask(self._stub.DisableOperator, _disable(operator, reason), None)
        return answer.operator

    async def issue_token(
        self, front_end: str, *, role: FrontEndRoleName = "", token_id: str = ""
    ) -> access_pb2.IssueTokenResponse:
        """A token for a front end; `secret` is told this once."""
        answer: access_pb2.IssueTokenResponse
        answer = await self._ask(self._stub.IssueToken, _token(front_end, role, token_id), None)
        return answer

    async def admit_certificate(
        self, front_end: str, pem: str, *, role: FrontEndRoleName = "", token_id: str = ""
    ) -> access_pb2.FrontEndToken:
        """Let a front end in by its certificate."""
        answer: access_pb2.AdmitCertificateResponse
        request = _certificate(front_end, pem, role, token_id)
        answer = await self._ask(self._stub.AdmitCertificate, request, None)
        return answer.token

    async def revoke_token(self, token_id: str, *, reason: str = "") -> None:
        """Let a token or certificate count no more."""
        await self._ask(self._stub.RevokeToken, _revoke(token_id, reason), None)

    async def list_tokens(self) -> list[access_pb2.FrontEndToken]:
        """All tokens and certificates that count."""
        request = access_pb2.ListTokensRequest()
        return list((await self._ask(self._stub.ListTokens, request, None)).tokens)

    async def new_setup_code(self, operator: str = "") -> str:
        """Have a new one-time code written for an owner; the path of its file."""
        request = access_pb2.IssueSetupCodeRequest(operator=operator)
        answer: access_pb2.IssueSetupCodeResponse
        answer = await self._ask(self._stub.IssueSetupCode, request, None)
        return answer.file

    async def redeem_setup_code(self, code: str, pin: str) -> access_pb2.Operator:
        """Exchange the one-time code for the owner's PIN."""
        answer: access_pb2.RedeemSetupCodeResponse
        answer = await self._ask(self._stub.RedeemSetupCode, _redeem(code, pin), None)
        return answer.operator

    async def get_token(
        self, operator: str, pin: str, *, for_approval: bool = False
    ) -> shift_pb2.SignOnResponse:
        """What `sign_on` and `approved_by` do, for whoever keeps the token elsewhere."""
        request = shift_pb2.SignOnRequest(operator=operator, pin=pin, for_approval=for_approval)
        answer: shift_pb2.SignOnResponse
        answer = await self._ask(self._shift.SignOn, request, None)
        return answer

    async def sign_off(self) -> None:
        """End the sign-on that goes with the calls."""
        await self._ask(self._shift.SignOff, shift_pb2.SignOffRequest(), None)


class SignedOn:
    """Somebody is signed on; at the end of a `with` block nobody is any more."""

    def __init__(
        self, access: Access, credentials: Credentials, given: shift_pb2.SignOnResponse
    ) -> None:
        self.operator: Final = given.operator
        self.expires: Final = given.expire_time
        self._access = access
        self._credentials = credentials
        credentials.signed_on(given.operator_token)

    def sign_off(self) -> None:
        """Nobody is signed on from now on."""
        try:
            self._access.sign_off()
        finally:
            self._credentials.signed_on("")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.sign_off()


class Approved:
    """Within the block, in this thread, one request is let through in the approver's name."""

    def __init__(self, credentials: Credentials, approver_token: str) -> None:
        self._credentials = credentials
        self._given = approver_token
        self._before: Token[str] | None = None

    def __enter__(self) -> Self:
        self._before = self._credentials.approval.set(self._given)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._before is not None, "the block was entered"
        self._credentials.approval.reset(self._before)


class AsyncSignOn:
    """Signs on at the beginning of an `async with` block, and off at its end."""

    def __init__(
        self, access: AsyncAccess, credentials: Credentials, operator: str, pin: str
    ) -> None:
        self._access = access
        self._credentials = credentials
        self._who = (operator, pin)

    async def __aenter__(self) -> access_pb2.Operator:
        given = await self._access.get_token(*self._who)
        self._credentials.signed_on(given.operator_token)
        return given.operator

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._access.sign_off()
        finally:
            self._credentials.signed_on("")


class AsyncApproval:
    """`Approved`, for asyncio: in this task."""

    def __init__(
        self, access: AsyncAccess, credentials: Credentials, approver: str, pin: str
    ) -> None:
        self._access = access
        self._credentials = credentials
        self._who = (approver, pin)
        self._before: Token[str] | None = None

    async def __aenter__(self) -> Self:
        given = await self._access.get_token(*self._who, for_approval=True)
        self._before = self._credentials.approval.set(given.operator_token)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._before is not None, "the block was entered"
        self._credentials.approval.reset(self._before)

"""AccessService."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from tillhal.v1 import access_pb2 as pb
from tillhal.v1 import access_pb2_grpc
from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain.access import STAFF, CredentialKind, Role
from tillhald.domain.answers_access import OperatorAnswer, TokenAnswer
from tillhald.rpc import fields
from tillhald.rpc.access_rules import ANY_OPERATOR, OTHERS_OF_STAFF
from tillhald.rpc.admission import must_be
from tillhald.rpc.requests import carry_out, request_of
from tillhald.rpc.to_wire import timestamp
from tillhald.service.access import TOKEN_BYTES, certificate_digest
from tillhald.service.caller import CALLER

if TYPE_CHECKING:
    from tillhald.domain.access import FrontEndToken, Operator
    from tillhald.rpc.door import Context
    from tillhald.service.access import AccessDesk
    from tillhald.service.till import Outcome, Till

CERTIFICATE_CHARS_MAX = 20_000
CODE_CHARS_MAX = 100
PIN_CHARS_MAX = 64
"""Of what somebody types; what is longer is no PIN, and is not hashed."""
ROLES = {
    Role.OBSERVER: pb.ROLE_OBSERVER,
    Role.CASHIER: pb.ROLE_CASHIER,
    Role.SUPERVISOR: pb.ROLE_SUPERVISOR,
    Role.TECHNICIAN: pb.ROLE_TECHNICIAN,
    Role.OWNER: pb.ROLE_OWNER,
}
_ROLES_READ: dict[int, Role] = {wire: role for role, wire in ROLES.items()}
_KINDS = {
    CredentialKind.TOKEN: pb.CREDENTIAL_KIND_TOKEN,
    CredentialKind.CERTIFICATE: pb.CREDENTIAL_KIND_CERTIFICATE,
}


class AccessServicer(access_pb2_grpc.AccessServiceServicer):
    def __init__(self, till: Till, access: AccessDesk) -> None:
        self._till = till
        self._access = access

    # --- looking

    async def GetCaller(
        self, request: pb.GetCallerRequest, context: Context
    ) -> pb.GetCallerResponse:
        caller = CALLER.get()
        return pb.GetCallerResponse(
            front_end=caller.front_end,
            operator=caller.operator,
            roles=[ROLES[role] for role in Role if role in caller.grants],
            required=self._access.settings.is_required,
        )

    async def ListOperators(
        self, request: pb.ListOperatorsRequest, context: Context
    ) -> pb.ListOperatorsResponse:
        found = [_operator(one) for one in self._till.state.access.operators.values()]
        await self._till.caught_up()
        return pb.ListOperatorsResponse(operators=found)

    async def ListTokens(
        self, request: pb.ListTokensRequest, context: Context
    ) -> pb.ListTokensResponse:
        found = [_token(one) for one in self._till.state.access.tokens.values()]
        await self._till.caught_up()
        return pb.ListTokensResponse(tokens=found)

    # --- operators

    async def PutOperator(
        self, request: pb.PutOperatorRequest, context: Context
    ) -> pb.PutOperatorResponse:
        role = _ROLES_READ.get(request.role)
        if role is None:
            raise errors.FieldInvalid("role", "A role is needed.")
        operator = fields.identifier(request.operator, "operator")
        self._must_place(operator, role)
        command = cmd.PutOperator(
            operator=operator, role=role, name=fields.text(request.name, "name")
        )

        def convert(outcome: Outcome) -> pb.PutOperatorResponse:
            return pb.PutOperatorResponse(
                operator=_operator_answer(outcome), replayed=outcome.replayed
            )

        asked = request_of("PutOperator", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    async def SetPin(self, request: pb.SetPinRequest, context: Context) -> pb.SetPinResponse:
        operator = fields.identifier(request.operator, "operator")
        bare = pb.SetPinRequest(request_id=request.request_id, operator=operator)
        # A fingerprint is quickly made and stored for ever: with the PIN in it, it would tell it.
        asked = request_of("SetPin", request.request_id, bare)
        one = self._till.state.access.operators.get(operator)
        if one is None:
            raise errors.OperatorNotFound("There is no such operator.", operator=operator)
        pin_hash = ""
        if self._till.answered(asked.request_id) is None:
            caller = CALLER.get()
            if operator == caller.operator:
                pin = request.current_pin[:PIN_CHARS_MAX]
                if not await self._access.is_pin(caller.front_end, operator, pin):
                    raise errors.SignOnRefused("The PIN so far is wrong.")
            else:
                self._must_place(operator, one.role)
            pin_hash = await self._access.pin_hash(request.pin, one.role)
        command = cmd.SetPin(operator=operator, pin_hash=pin_hash)

        def convert(outcome: Outcome) -> pb.SetPinResponse:
            return pb.SetPinResponse(operator=_operator_answer(outcome), replayed=outcome.replayed)

        return await carry_out(self._till, command, asked, convert)

    async def DisableOperator(
        self, request: pb.DisableOperatorRequest, context: Context
    ) -> pb.DisableOperatorResponse:
        operator = fields.identifier(request.operator, "operator")
        self._must_place(operator, Role.OBSERVER)
        command = cmd.DisableOperator(
            operator=operator, reason=fields.text(request.reason, "reason")
        )

        def convert(outcome: Outcome) -> pb.DisableOperatorResponse:
            return pb.DisableOperatorResponse(
                operator=_operator_answer(outcome), replayed=outcome.replayed
            )

        asked = request_of("DisableOperator", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    def _must_place(self, operator: str, role: Role) -> None:
        """See that the caller may make this operator, as it is and is to be, what `role` says."""
        before = self._till.state.access.operators.get(operator)
        is_staff = role in STAFF and (before is None or before.role in STAFF)
        must_be(OTHERS_OF_STAFF if is_staff else ANY_OPERATOR)

    # --- front ends

    async def IssueToken(
        self, request: pb.IssueTokenRequest, context: Context
    ) -> pb.IssueTokenResponse:
        secret = secrets.token_urlsafe(TOKEN_BYTES)
        command = cmd.IssueToken(
            token_id=fields.identifier(request.token_id, "token_id"),
            front_end=fields.identifier(request.front_end, "front_end"),
            kind=CredentialKind.TOKEN,
            digest=hashlib.sha256(secret.encode()).hexdigest(),
            role=_front_end_role(request.role),
        )

        def convert(outcome: Outcome) -> pb.IssueTokenResponse:
            return pb.IssueTokenResponse(
                token=_token_answer(outcome),
                secret="" if outcome.replayed else secret,
                replayed=outcome.replayed,
            )

        asked = request_of("IssueToken", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    async def AdmitCertificate(
        self, request: pb.AdmitCertificateRequest, context: Context
    ) -> pb.AdmitCertificateResponse:
        if len(request.certificate_pem) > CERTIFICATE_CHARS_MAX:
            sentence = f"At most {CERTIFICATE_CHARS_MAX} characters."
            raise errors.FieldInvalid("certificate_pem", sentence)
        command = cmd.IssueToken(
            token_id=fields.identifier(request.token_id, "token_id"),
            front_end=fields.identifier(request.front_end, "front_end"),
            kind=CredentialKind.CERTIFICATE,
            digest=certificate_digest(request.certificate_pem),
            role=_front_end_role(request.role),
        )

        def convert(outcome: Outcome) -> pb.AdmitCertificateResponse:
            return pb.AdmitCertificateResponse(
                token=_token_answer(outcome), replayed=outcome.replayed
            )

        asked = request_of("AdmitCertificate", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    async def RevokeToken(
        self, request: pb.RevokeTokenRequest, context: Context
    ) -> pb.RevokeTokenResponse:
        command = cmd.RevokeToken(
            token_id=fields.identifier(request.token_id, "token_id"),
            reason=fields.text(request.reason, "reason"),
        )

        def convert(outcome: Outcome) -> pb.RevokeTokenResponse:
            return pb.RevokeTokenResponse(replayed=outcome.replayed)

        asked = request_of("RevokeToken", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    # --- the owner's one-time code

    async def IssueSetupCode(
        self, request: pb.IssueSetupCodeRequest, context: Context
    ) -> pb.IssueSetupCodeResponse:
        operator = self._owner(request.operator)
        await self._access.issue_setup_code(operator)
        return pb.IssueSetupCodeResponse(file=str(self._access.code_file))

    def _owner(self, operator: str) -> str:
        owners = [
            one.operator
            for one in self._till.state.access.operators.values()
            if one.role is Role.OWNER and not one.is_disabled
        ]
        if operator and operator not in owners:
            raise errors.OperatorNotFound("This is no owner.", operator=operator)
        return operator or next(iter(owners), "owner")

    async def RedeemSetupCode(
        self, request: pb.RedeemSetupCodeRequest, context: Context
    ) -> pb.RedeemSetupCodeResponse:
        bare = pb.RedeemSetupCodeRequest(request_id=request.request_id)
        asked = request_of("RedeemSetupCode", request.request_id, bare)
        operator = pin_hash = ""
        if self._till.answered(asked.request_id) is None:
            code = request.code[:CODE_CHARS_MAX]
            operator = self._access.must_be_setup_code(CALLER.get().front_end, code)
            pin_hash = await self._access.pin_hash(request.pin, Role.OWNER)
        command = cmd.SetPin(operator=operator, pin_hash=pin_hash, by_code=True)

        def convert(outcome: Outcome) -> pb.RedeemSetupCodeResponse:
            return pb.RedeemSetupCodeResponse(
                operator=_operator_answer(outcome), replayed=outcome.replayed
            )

        answer = await carry_out(self._till, command, asked, convert)
        self._access.forget_setup_code()
        return answer


def _front_end_role(role: pb.Role) -> Role | None:
    if role == pb.ROLE_UNSPECIFIED:
        return None
    found = _ROLES_READ.get(role)
    if found not in STAFF:
        sentence = "With nobody signed on a front end is observer or cashier at most."
        raise errors.FieldInvalid("role", sentence)
    return found


def _operator(one: Operator) -> pb.Operator:
    return pb.Operator(
        operator=one.operator,
        name=one.name,
        role=ROLES[one.role],
        has_pin=bool(one.pin_hash),
        disabled=one.is_disabled,
    )


def _operator_answer(outcome: Outcome) -> pb.Operator:
    one = outcome.answer
    assert isinstance(one, OperatorAnswer), "a change of an operator answers with one"
    return pb.Operator(
        operator=one.operator,
        name=one.name,
        role=ROLES[one.role],
        has_pin=one.has_pin,
        disabled=one.is_disabled,
    )


def _token(one: FrontEndToken) -> pb.FrontEndToken:
    return pb.FrontEndToken(
        token_id=one.token_id,
        front_end=one.front_end,
        kind=_KINDS[one.kind],
        role=ROLES[one.role] if one.role else pb.ROLE_UNSPECIFIED,
        create_time=timestamp(one.issued_ms),
    )


def _token_answer(outcome: Outcome) -> pb.FrontEndToken:
    one = outcome.answer
    assert isinstance(one, TokenAnswer), "a change of a token answers with one"
    return pb.FrontEndToken(
        token_id=one.token_id,
        front_end=one.front_end,
        kind=_KINDS[one.kind],
        role=ROLES[one.role] if one.role else pb.ROLE_UNSPECIFIED,
        create_time=timestamp(one.issued_ms),
    )

"""Signing on and off: the part of ShiftService that belongs to access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhal.v1 import access_pb2
from tillhal.v1 import shift_pb2 as pb
from tillhald.domain import errors
from tillhald.rpc import fields
from tillhald.rpc.access import PIN_CHARS_MAX, ROLES
from tillhald.rpc.to_wire import timestamp
from tillhald.service.caller import CALLER

if TYPE_CHECKING:
    from tillhald.rpc.door import Context
    from tillhald.service.access import AccessDesk


class SignOnMethods:
    """SignOn and SignOff."""

    _access: AccessDesk

    async def SignOn(self, request: pb.SignOnRequest, context: Context) -> pb.SignOnResponse:
        operator = fields.identifier(request.operator, "operator")
        if not 1 <= len(request.pin) <= PIN_CHARS_MAX:
            raise errors.FieldInvalid("pin", "A PIN is needed.")
        given = await self._access.sign_on(
            CALLER.get().front_end, operator, request.pin, for_approval=request.for_approval
        )
        return pb.SignOnResponse(
            operator_token=given.token,
            operator=access_pb2.Operator(
                operator=given.operator, name=given.name, role=ROLES[given.role], has_pin=True
            ),
            expire_time=timestamp(given.expires_ms),
        )

    async def SignOff(self, request: pb.SignOffRequest, context: Context) -> pb.SignOffResponse:
        caller = CALLER.get()
        if not caller.sign_on_digest:
            raise errors.SignOnRequired("Nobody is signed on.")
        await self._access.sign_off(caller)
        return pb.SignOffResponse()

"""ShiftService."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhal.v1 import shift_pb2_grpc
from tillhald.rpc.sign_on import SignOnMethods

if TYPE_CHECKING:
    from tillhald.service.access import AccessDesk


class ShiftServicer(SignOnMethods, shift_pb2_grpc.ShiftServiceServicer):
    def __init__(self, access: AccessDesk) -> None:
        self._access = access

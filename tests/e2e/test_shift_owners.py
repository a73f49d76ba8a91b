"""Whose a drawer is: shifts at a till where persons are known."""

from __future__ import annotations

import grpc

from tests.support.access import a_guarded_till, approval, sign_on
from tests.support.answers import refused
from tests.support.sales import eur, name, new_id
from tillhal.v1 import access_pb2, drawer_pb2, shift_pb2

DENIED = grpc.StatusCode.PERMISSION_DENIED
EXPLICIT = '[shift]\nmode = "explicit"\n'


def test_a_shift_is_its_operators_and_that_is_somebody_whom_the_till_knows() -> None:
    with a_guarded_till(more=EXPLICIT) as guarded:
        shifts, head = guarded.api.shift, {"shift_id": "shift-1"}
        ann, bo = sign_on(guarded.api, "ann"), sign_on(guarded.api, "bo")
        put = access_pb2.PutOperatorRequest(
            request_id=new_id(), operator="cai", role=access_pb2.ROLE_CASHIER
        )
        guarded.api.access.PutOperator(put, metadata=bo)
        pin = access_pb2.SetPinRequest(request_id=new_id(), operator="cai", pin="8305")
        guarded.api.access.SetPin(pin, metadata=bo)
        cai = sign_on(guarded.api, "cai", "8305")
        shifts.OpenDay(shift_pb2.OpenDayRequest(request_id=new_id()), metadata=ann)
        opening = shift_pb2.OpenShiftRequest(
            request_id=new_id(), operator="anm", opening_float=eur(0)
        )
        # Nobody sells yet: a cashier may open the drawer to count, were there one.
        with refused(grpc.StatusCode.NOT_FOUND, "DEVICE_NOT_FOUND"):
            guarded.api.drawer.OpenDrawer(kick(drawer_pb2.DRAWER_REASON_FLOAT), metadata=ann)
        with refused(grpc.StatusCode.NOT_FOUND, "OPERATOR_NOT_FOUND"):
            shifts.OpenShift(opening, metadata=ann)
        opening.operator = "ann"
        shifts.OpenShift(opening, metadata=ann)
        lock = shift_pb2.LockShiftRequest(request_id=new_id(), expected_version=1, **head)
        shifts.LockShift(lock, metadata=ann)
        unlock = shift_pb2.UnlockShiftRequest(request_id=new_id(), expected_version=2, **head)
        with refused(DENIED, "APPROVAL_REQUIRED"):
            shifts.UnlockShift(unlock, metadata=cai)
        approved = (*cai, *approval(guarded.api, "bo"))
        shifts.UnlockShift(unlock, metadata=approved)
        assert shifts.UnlockShift(unlock, metadata=approved).replayed
        lock = shift_pb2.LockShiftRequest(request_id=new_id(), expected_version=3, **head)
        shifts.LockShift(lock, metadata=ann)
        unlock = shift_pb2.UnlockShiftRequest(request_id=new_id(), expected_version=4, **head)
        shifts.UnlockShift(unlock, metadata=ann)
        end = shift_pb2.EndShiftRequest(request_id=new_id(), expected_version=5, **head)
        to_count = kick(drawer_pb2.DRAWER_REASON_COUNT)
        with refused(DENIED, "APPROVAL_REQUIRED"):
            guarded.api.drawer.OpenDrawer(to_count, metadata=ann)
        shifts.EndShift(end, metadata=ann)
        with refused(grpc.StatusCode.NOT_FOUND, "DEVICE_NOT_FOUND"):
            guarded.api.drawer.OpenDrawer(to_count, metadata=ann)
        count = shift_pb2.DeclareCountRequest(
            request_id=new_id(), expected_version=6, counted=eur(0), **head
        )
        shifts.DeclareCount(count, metadata=ann)
        over = shift_pb2.HandOverRequest(
            request_id=new_id(), expected_version=7, operator="nobody", **head
        )
        with refused(grpc.StatusCode.NOT_FOUND, "OPERATOR_NOT_FOUND"):
            shifts.HandOver(over, metadata=bo)
        over.operator = "cai"
        shifts.HandOver(over, metadata=bo)
        gone = access_pb2.DisableOperatorRequest(request_id=new_id(), operator="cai")
        guarded.api.access.DisableOperator(gone, metadata=bo)
        assert shifts.HandOver(over, metadata=bo).replayed


def kick(reason: drawer_pb2.DrawerReason.ValueType) -> drawer_pb2.OpenDrawerRequest:
    return drawer_pb2.OpenDrawerRequest(request_id=new_id(), kick_id=name("kick"), reason=reason)

"""Who may do what, RPC by RPC and role by role, at a till where callers must be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from tests.support.access import (
    OWNERS_PIN,
    STAFF,
    Guarded,
    a_guarded_till,
    approval,
    bearer,
    sign_on,
)
from tests.support.answers import journal_records, refusal_of, refused
from tests.support.sales import CARD, card_sale, cash_sale, eur, line, name, new_id
from tests.support.till import free_port
from tillhal.v1 import access_pb2, device_pb2, drawer_pb2, shift_pb2, system_pb2
from tillhal.v1 import checkout_pb2 as pb
from tillhald.domain.access import COVERS, NOTHING, SHOP_FLOOR, Role
from tillhald.rpc.access_rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.access import Metadata
    from tests.support.till import Calls

NO_MESSAGE = b"\xff"
"""Of no type of the contract: whoever is let in hears MALFORMED_REQUEST, and nothing is done."""
GRANTED = "MALFORMED_REQUEST"
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
DENIED = grpc.StatusCode.PERMISSION_DENIED


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    tcp = f"127.0.0.1:{free_port()}"
    with (
        VirtualPrinter(drawer=VirtualDrawer()) as printer,
        a_guarded_till(printer=printer, tcp=tcp) as guarded,
    ):
        guarded.tcp = tcp
        yield guarded


def answer(calls: Calls, method: str, metadata: Metadata) -> str:
    """The reason that this caller hears, whatever the shape of the RPC."""
    path = f"/tillhal.v1.{method}"
    call = calls.channel.unary_stream(path, request_serializer=bytes, response_deserializer=bytes)
    try:
        for _ in call(NO_MESSAGE, metadata=metadata):
            pass
    except grpc.RpcError as error:
        return refusal_of(error).reason
    return ""


def expected(method: str, grants: frozenset[Role], *, operator: bool, admin: bool) -> str:
    rule = RULES[method]
    if rule.admin_only and not admin:
        return "ROLE_REQUIRED"
    is_free = rule.before_sign_on or (rule.free_to_keepers and admin)
    if is_free or grants & set(rule.roles):
        return GRANTED
    if not operator and not grants:
        return "SIGN_ON_REQUIRED"
    return "APPROVAL_REQUIRED" if rule.liftable and operator else "ROLE_REQUIRED"


ROLES = {name: Role(access_pb2.Role.Name(role)[5:].lower()) for name, role in STAFF.items()} | {
    "owner": Role.OWNER
}


@pytest.mark.parametrize("operator", [*ROLES, ""])
@pytest.mark.parametrize("entrance", ["api", "admin"])
def test_each_role_may_call_what_its_rows_allow_and_nothing_else(
    guarded: Guarded, operator: str, entrance: str
) -> None:
    calls = guarded.api if entrance == "api" else guarded.admin()
    metadata: Metadata = ()
    grants = COVERS[Role.OBSERVER] if entrance == "admin" else NOTHING
    if operator:
        pin = {"pin": OWNERS_PIN} if operator == "owner" else {}
        metadata = sign_on(calls, operator, **pin)
        grants = COVERS[ROLES[operator]]
    if entrance == "api":
        grants &= SHOP_FLOOR
    heard = {method: answer(calls, method, metadata) for method in RULES}
    assert heard == {
        method: expected(method, grants, operator=bool(operator), admin=entrance == "admin")
        for method in RULES
    }


@pytest.mark.parametrize(
    ("role", "grants"),
    [
        (access_pb2.ROLE_UNSPECIFIED, NOTHING),
        (access_pb2.ROLE_OBSERVER, COVERS[Role.OBSERVER]),
        (access_pb2.ROLE_CASHIER, COVERS[Role.CASHIER]),
    ],
)
def test_a_front_end_alone_may_do_what_its_token_says(
    guarded: Guarded, role: int, grants: frozenset[Role]
) -> None:
    token = guarded.token(f"kiosk-{role}", role)
    calls = guarded.till.another(guarded.tcp)
    heard = {method: answer(calls, method, bearer(token)) for method in RULES}
    assert heard == {
        method: expected(method, grants, operator=False, admin=False) for method in RULES
    }


def test_over_tcp_a_stranger_gets_nothing_but_health(guarded: Guarded) -> None:
    from grpc_health.v1 import health_pb2

    calls = guarded.till.another(guarded.tcp)
    for metadata in ((), bearer("x" * 43), bearer(""), (("authorization", "Basic YTpi"),)):
        for method in (
            "SystemService/GetStatus",
            "ShiftService/SignOn",
            "CheckoutService/Checkout",
        ):
            assert answer(calls, method, metadata) == "FRONT_END_UNKNOWN"
    said = calls.health.Check(health_pb2.HealthCheckRequest())
    assert said.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as caught:
        for _ in calls.channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            request_serializer=bytes,
            response_deserializer=bytes,
        )(iter([b""])):
            pass
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_reflection_answers_at_the_sockets_and_channelz_at_the_admin_socket_alone(
    guarded: Guarded,
) -> None:
    def code(calls: Calls, path: str) -> grpc.StatusCode:
        call = calls.channel.unary_unary(path, bytes, bytes)
        try:
            call(b"")
        except grpc.RpcError as error:
            return error.code()
        return grpc.StatusCode.OK

    channelz = "/grpc.channelz.v1.Channelz/GetServers"
    assert code(guarded.admin(), channelz) is grpc.StatusCode.OK
    assert code(guarded.api, channelz) is grpc.StatusCode.UNIMPLEMENTED


# --- an approver


def sell(calls: Calls, metadata: Metadata) -> str:
    sale_id = name()
    calls.checkout.Checkout(card_sale(sale_id), metadata=metadata)
    return sale_id


def void_of(sale_id: str) -> pb.VoidSaleRequest:
    return pb.VoidSaleRequest(
        request_id=new_id(), sale_id=name(), original_sale_id=sale_id, reason="wrong"
    )


def test_an_approver_lets_one_request_through_and_its_retries_and_no_other(
    guarded: Guarded,
) -> None:
    calls = guarded.till.another(guarded.tcp)
    front = bearer(guarded.token("screen-1"))
    ann = sign_on(calls, "ann", metadata=front)
    first, second = void_of(sell(calls, ann)), void_of(sell(calls, ann))
    with refused(DENIED, "APPROVAL_REQUIRED") as caught:
        calls.checkout.VoidSale(first, metadata=ann)
    assert caught.refusal.facts["roles"] == "supervisor"
    bo = approval(calls, "bo", metadata=front)
    # A call that needs no approval does not use it up.
    sell(calls, ann + bo)
    assert not calls.checkout.VoidSale(first, metadata=ann + bo).replayed
    assert calls.checkout.VoidSale(first, metadata=ann + bo).replayed
    with refused(DENIED, "APPROVAL_REQUIRED"):
        calls.checkout.VoidSale(second, metadata=ann + bo)


def test_an_approval_is_of_somebody_else_who_may_and_at_this_front_end(guarded: Guarded) -> None:
    calls = guarded.till.another(guarded.tcp)
    here, there = bearer(guarded.token("here")), bearer(guarded.token("there"))
    ann = sign_on(calls, "ann", metadata=here)
    request = void_of(sell(calls, ann))
    for other in (
        approval(calls, "ann", metadata=here),
        approval(calls, "tim", metadata=here),
        approval(calls, "bo", metadata=there),
        (("tillhal-approver-token", "no such token"),),
    ):
        with refused(DENIED, "APPROVAL_REQUIRED"):
            calls.checkout.VoidSale(request, metadata=ann + other)
    calls.checkout.VoidSale(request, metadata=ann + approval(calls, "bo", metadata=here))


def test_every_record_names_front_end_operator_and_approver(guarded: Guarded) -> None:
    calls = guarded.till.another(guarded.tcp)
    front = bearer(guarded.token("counter-7"))
    ann = sign_on(calls, "ann", metadata=front)
    request = void_of(sell(calls, ann))
    calls.checkout.VoidSale(request, metadata=ann + approval(calls, "bo", metadata=front))
    claim = device_pb2.ClaimRequest(
        request_id=new_id(), device_id="front_printer", mode=3, ttl_s=1, purpose="look"
    )
    calls.device.Claim(claim, metadata=ann)
    records = [one for one in journal_records(guarded.admin()) if one.front_end == "counter-7"]
    assert {one.operator for one in records} <= {"ann", ""}
    said = {event.kind: one for one in records for event in one.events}
    assert (said["SaleCompleted"].operator, said["SaleCompleted"].approver) == ("ann", "bo")
    assert (said["ClaimGranted"].operator, said["ClaimGranted"].approver) == ("ann", "")


def test_a_claim_that_runs_out_by_itself_is_not_in_the_name_of_who_had_it(
    guarded: Guarded,
) -> None:
    admin = guarded.admin()
    tim = sign_on(admin, "tim")
    claim = device_pb2.ClaimRequest(
        request_id=new_id(), device_id="front_drawer", mode=1, ttl_s=1, purpose="look"
    )
    token = admin.device.Claim(claim, metadata=tim).lease.fencing_token
    for change in admin.system.WatchEvents(system_pb2.WatchEventsRequest(cursor=token)):
        is_ended = change.device.kind == device_pb2.DEVICE_EVENT_KIND_CLAIM_ENDED
        if is_ended and change.device.device_id == "front_drawer":
            break
    ended = [
        one
        for one in journal_records(admin)
        if one.seq > token
        and any(
            event.kind == "ClaimEnded" and "front_drawer" in event.facts_json
            for event in one.events
        )
    ]
    assert [(one.front_end, one.operator) for one in ended] == [("", "")]


# --- rules that are finer than an RPC


def kick(reason: int) -> drawer_pb2.OpenDrawerRequest:
    return drawer_pb2.OpenDrawerRequest(request_id=new_id(), kick_id=name("kick"), reason=reason)


@pytest.mark.parametrize(
    ("operator", "allowed"),
    [
        ("ann", set()),
        ("bo", {"FLOAT", "COUNT", "PAID_IN_OUT", "NO_SALE", "TEST"}),
        ("tim", {"TEST"}),
    ],
)
def test_the_reason_decides_who_may_open_the_drawer(
    guarded: Guarded, operator: str, allowed: set[str]
) -> None:
    calls = guarded.admin()
    sell(calls, sign_on(calls, "ann"))  # now a shift is open
    who = sign_on(calls, operator)
    opened = set()
    for reason in ("FLOAT", "COUNT", "PAID_IN_OUT", "NO_SALE", "TEST"):
        request = kick(drawer_pb2.DrawerReason.Value(f"DRAWER_REASON_{reason}"))
        try:
            calls.drawer.OpenDrawer(request, metadata=who)
        except grpc.RpcError as error:
            assert refusal_of(error).reason == "APPROVAL_REQUIRED"
        else:
            opened.add(reason)
    assert opened == allowed


def test_only_a_technician_takes_a_device_by_force(guarded: Guarded) -> None:
    admin = guarded.admin()

    def forced() -> device_pb2.ClaimRequest:
        return device_pb2.ClaimRequest(
            request_id=new_id(),
            device_id="front_printer",
            mode=2,
            ttl_s=1,
            purpose="mend",
            force_reason="stuck",
        )

    with refused(DENIED, "ROLE_REQUIRED"):
        admin.device.Claim(forced(), metadata=sign_on(admin, "bo"))
    admin.device.Claim(forced(), metadata=sign_on(admin, "tim"))


def test_a_tender_is_written_off_by_a_supervisor(guarded: Guarded) -> None:
    calls = guarded.admin()
    ann, bo = sign_on(calls, "ann"), sign_on(calls, "bo")
    sale_id = name()

    def head(version: int) -> dict[str, str | int]:
        return {"request_id": new_id(), "sale_id": sale_id, "expected_version": version}

    calls.checkout.OpenSale(pb.OpenSaleRequest(request_id=new_id(), sale_id=sale_id), metadata=ann)
    calls.checkout.PutLine(pb.PutLineRequest(**head(1), line=line()), metadata=ann)
    card = pb.TenderInput(tender_id="t1", type=CARD, amount=eur(100))
    adding = pb.AddTenderRequest(**head(2), tender=card, pending=True)
    calls.checkout.AddTender(adding, metadata=ann)
    unknown = pb.ResolveTenderRequest(**head(3), tender_id="t1", outcome=pb.TENDER_STATE_UNKNOWN)
    calls.checkout.ResolveTender(unknown, metadata=ann)
    off = pb.ResolveTenderRequest(
        **head(4), tender_id="t1", outcome=pb.TENDER_STATE_WRITTEN_OFF, evidence="asked the bank"
    )
    with refused(DENIED, "APPROVAL_REQUIRED"):
        calls.checkout.ResolveTender(off, metadata=ann)
    calls.checkout.ResolveTender(off, metadata=bo)


# --- operators and their PINs


def test_a_watch_ends_when_the_one_who_began_it_signs_off(guarded: Guarded) -> None:
    calls = guarded.admin()
    ann, bo = sign_on(calls, "ann"), sign_on(calls, "bo")
    watch = calls.system.WatchEvents(system_pb2.WatchEventsRequest(from_now=True), metadata=ann)
    next(watch)
    calls.checkout.Checkout(cash_sale(), metadata=bo)
    assert next(watch)
    calls.shift.SignOff(shift_pb2.SignOffRequest(), metadata=ann)
    calls.checkout.Checkout(cash_sale(), metadata=bo)
    with refused(UNAUTHENTICATED, "SIGN_ON_REQUIRED"):
        for _ in watch:
            pass


def test_the_journal_is_watched_without_a_hash_in_it(guarded: Guarded) -> None:
    events = [
        event
        for one in journal_records(guarded.admin())
        for event in one.events
        if event.kind in ("PinSet", "TokenIssued", "OperatorSignedOn", "SetupCodeIssued")
    ]
    assert {event.kind for event in events} >= {"PinSet", "OperatorSignedOn", "SetupCodeIssued"}
    assert all("(kept back)" in event.facts_json for event in events)
    assert not any("argon2" in event.facts_json for event in events)

"""Who has the scanner: two front ends, a technician, and what the till remembers of it."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import grpc
import pytest

from tests.support.answers import await_kick, head_seq, refusal_of
from tests.support.sales import cash_sale
from tests.support.scanning import SCANNER, Focus, claim, device_events, reason
from tillhal.v1 import device_pb2, drawer_pb2, scanner_pb2

if TYPE_CHECKING:
    from hwsim.scanner import VirtualScanner
    from tests.support.till import Calls, Till


@pytest.fixture
def till(scanner_till: Till) -> Till:
    """A till with a scanner that nobody has."""
    return scanner_till


@pytest.fixture
def calls(till: Till) -> Calls:
    return till.calls


def test_two_front_ends_hand_the_focus_over(till: Till, scanner: VirtualScanner) -> None:
    with Focus(till.calls, purpose="the counter") as counter:
        with pytest.raises(grpc.RpcError) as refusal:
            claim(till.another(), purpose="the tablet")
        assert refusal.value.code() is grpc.StatusCode.ABORTED
        assert reason(refusal.value) == "CLAIMED"
        assert counter.lease.lease_id not in str(refusal.value)
        said = refusal_of(refusal.value)
        assert said.facts["held_for"] == "the counter"
        assert 0 < int(said.facts["expires_in_s"]) <= 15
        assert said.device is not None
        assert (said.device.device_id, said.device.unifiedpos_code) == (SCANNER, "E_CLAIMED")
        began_s = time.monotonic()
        with Focus(till.another(), purpose="the tablet", wait_s=20) as tablet:
            # The counter said nothing, was asked, and lost it.
            assert 2.5 < time.monotonic() - began_s < 18, "as long as the tablet waits"
            assert counter.wanted().purpose == "the tablet"
            ended = counter.await_end()
            assert ended is not None
            assert reason(ended) == "CLAIM_LOST"
            assert tablet.lease.fencing_token > counter.lease.fencing_token
            scanner.scan("TABLET", symbology="code128")
            assert [scan.text for scan in tablet.next_scans(1)] == ["TABLET"]
            assert counter.scans == []
            tablet.release()


def test_a_holder_that_releases_hands_over_at_once(till: Till) -> None:
    with Focus(till.calls) as first:
        waiting = till.another()
        future = waiting.device.Claim.future(
            device_pb2.ClaimRequest(
                request_id=str(uuid.uuid4()),
                device_id=SCANNER,
                mode=device_pb2.CLAIM_MODE_EXCLUSIVE,
                purpose="next",
                wait_s=20,
            ),
            timeout=30,
        )
        first.wanted()
        began_s = time.monotonic()
        first.release()
        lease = future.result().lease
        assert time.monotonic() - began_s < 2
        Focus(waiting, lease).release()


def test_a_technician_takes_the_scanner_and_says_why(till: Till) -> None:
    before = head_seq(till.calls)
    with (
        Focus(till.calls) as first,
        Focus(till.another(), force_reason="the counter hangs") as second,
    ):
        ended = first.await_end()
        assert ended is not None
        assert reason(ended) == "CLAIM_LOST"
        granted = device_events(till.calls, before, device_pb2.DEVICE_EVENT_KIND_CLAIM_GRANTED)
        assert next(granted).claim.force_reason == ""
        taken = next(granted).claim
        assert taken.force_reason == "the counter hangs"
        assert taken.fencing_token == second.lease.fencing_token
        over = next(
            device_events(till.calls, before, device_pb2.DEVICE_EVENT_KIND_CLAIM_ENDED)
        ).claim
        assert over.end == device_pb2.CLAIM_END_FORCED
        assert over.fencing_token == first.lease.fencing_token
        second.release()


def test_everybody_sees_who_has_the_scanner_and_nobody_how_to_use_it(focus: Focus) -> None:
    device = focus.calls.device.GetDevice(device_pb2.GetDeviceRequest(device_id=SCANNER)).device
    (held,) = device.claims
    assert (held.purpose, held.mode) == ("a test", device_pb2.CLAIM_MODE_EXCLUSIVE)
    assert held.expire_time.seconds > time.time()
    assert focus.lease.lease_id not in str(device)


def test_an_open_stream_keeps_the_claim_and_without_one_it_runs_out(
    calls: Calls, scanner: VirtualScanner
) -> None:
    with Focus(calls, ttl_s=1) as focus:
        before = head_seq(calls)
        with pytest.raises(grpc.RpcError) as refusal:  # two seconds, and it has not run out
            claim(calls, wait_s=2)
        assert reason(refusal.value) == "CLAIMED"
        scanner.scan("STILL", symbology="code128")
        assert [scan.text for scan in focus.next_scans(1)] == ["STILL"]
        focus.hang_up()
        over = next(device_events(calls, before, device_pb2.DEVICE_EVENT_KIND_CLAIM_ENDED)).claim
        assert over.end == device_pb2.CLAIM_END_EXPIRED


def test_a_retry_of_a_claim_gets_the_same_lease(calls: Calls) -> None:
    request_id = str(uuid.uuid4())
    first = claim(calls, request_id=request_id)
    second = claim(calls, request_id=request_id)
    assert (first.replayed, second.replayed) == (False, True)
    assert second.lease.lease_id == first.lease.lease_id
    with pytest.raises(grpc.RpcError) as refusal:
        claim(calls, request_id=request_id, purpose="another")
    assert reason(refusal.value) == "REQUEST_ID_REUSED"
    Focus(calls, first.lease).release()


def test_a_second_stream_of_a_claim_ends_the_first(focus: Focus) -> None:
    with Focus(focus.calls, focus.lease) as second:
        ended = focus.await_end()
        assert ended is not None
        assert reason(ended) == "CLAIM_LOST"
        second.release()


@pytest.mark.parametrize("mode", [device_pb2.CLAIM_MODE_CONTROL, device_pb2.CLAIM_MODE_OBSERVE])
def test_only_an_exclusive_claim_is_the_focus(calls: Calls, mode: int) -> None:
    lease = claim(calls, mode=mode).lease
    request = scanner_pb2.WatchScansRequest(device_id=SCANNER, lease_id=lease.lease_id)
    with pytest.raises(grpc.RpcError) as refusal:
        next(calls.scanner.WatchScans(request))
    assert reason(refusal.value) == "FIELD_INVALID"
    calls.device.ReleaseClaim(
        device_pb2.ReleaseClaimRequest(device_id=SCANNER, lease_id=lease.lease_id)
    )


def test_without_a_claim_nothing_is_told(calls: Calls) -> None:
    with pytest.raises(grpc.RpcError) as refusal:
        next(calls.scanner.WatchScans(scanner_pb2.WatchScansRequest(lease_id="no such lease")))
    assert reason(refusal.value) == "CLAIM_LOST"


def test_tokens_rise_also_when_the_power_goes(till: Till) -> None:
    tokens = []
    for _ in range(2):
        tokens.append(claim(till.calls).lease.fencing_token)
        till.kill()
        till.start()
    assert tokens == sorted(set(tokens))


# --- the drawer


def open_drawer(calls: Calls, token: int = 0, request_id: str = "") -> drawer_pb2.Kick:
    request = drawer_pb2.OpenDrawerRequest(
        request_id=request_id or str(uuid.uuid4()),
        kick_id=f"kick-{uuid.uuid4()}" if not request_id else request_id,
        reason=drawer_pb2.DRAWER_REASON_NO_SALE,
        fencing_token=token,
    )
    return calls.drawer.OpenDrawer(request).kick


def test_a_drawer_that_one_front_end_has_opens_for_no_other(fresh: Till) -> None:
    calls = fresh.calls
    open_drawer(calls)
    lease = claim(calls, "front_drawer", mode=device_pb2.CLAIM_MODE_CONTROL).lease
    request_id = str(uuid.uuid4())
    kick = open_drawer(calls, lease.fencing_token, request_id)
    with pytest.raises(grpc.RpcError) as refusal:
        open_drawer(fresh.another())
    assert reason(refusal.value) == "CLAIMED"
    calls.device.ReleaseClaim(
        device_pb2.ReleaseClaimRequest(device_id="front_drawer", lease_id=lease.lease_id)
    )
    with pytest.raises(grpc.RpcError) as refusal:
        open_drawer(calls, lease.fencing_token)
    assert reason(refusal.value) == "CLAIM_LOST"
    # A retry of what was granted is answered as it was, whoever has the drawer by now.
    assert open_drawer(calls, lease.fencing_token, request_id) == kick
    open_drawer(calls)


def test_a_sale_opens_the_drawer_whoever_has_it(fresh: Till) -> None:
    claim(fresh.another(), "front_drawer", mode=device_pb2.CLAIM_MODE_CONTROL)
    sold = fresh.calls.checkout.Checkout(cash_sale()).sale
    kick = await_kick(fresh.calls, f"kick/{sold.receipt_number}")
    assert kick.state == drawer_pb2.KICK_STATE_FIRED

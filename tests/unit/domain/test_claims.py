"""Who may use a device, and for how long."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillhald.domain.claims import (
    HAND_OVER_S_MAX,
    OBSERVERS_MAX,
    WAITING_MAX,
    ClaimEnd,
    ClaimMode,
    Claims,
    Lease,
    Wish,
    forced,
    granted,
    must_admit,
    must_hold,
    next_change_s,
    next_grant,
    released,
    renewed,
    settle,
    wish,
    without_wish,
)
from tillhald.domain.errors import Claimed, ClaimLost, Full

X, C, O = ClaimMode.EXCLUSIVE, ClaimMode.CONTROL, ClaimMode.OBSERVE  # noqa: E741


def a_wish(name: str, mode: ClaimMode = X, *, until_s: float = 60.0, ttl_s: int = 15) -> Wish:
    return Wish(request_id=name, mode=mode, ttl_s=ttl_s, purpose=f"for {name}", until_s=until_s)


def serve(claims: Claims, now_s: float) -> tuple[Claims, list[tuple[str, ClaimEnd]], list[str]]:
    """Settle and grant all that can be granted, as the service does."""
    claims, ended = settle(claims, now_s)
    got = []
    while (one := next_grant(claims)) is not None:
        token = max((held.token for held in claims.leases), default=0) + 1
        claims = granted(claims, one, lease_id=f"L-{one.request_id}", token=token, now_s=now_s)
        got.append(one.request_id)
    return claims, [(held.request_id, how) for held, how in ended], got


def held_by(name: str, mode: ClaimMode = X) -> Claims:
    claims, _, got = serve(wish(Claims(), a_wish(name, mode)), 0.0)
    assert got == [name]
    return claims


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        (X, X, False),
        (X, C, False),
        (C, X, False),
        (C, C, False),
        (X, O, True),
        (C, O, True),
        (O, X, True),
        (O, C, True),
        (O, O, True),
    ],
)
def test_who_keeps_whom_out(first: ClaimMode, second: ClaimMode, together: bool) -> None:
    _, _, got = serve(wish(held_by("a", first), a_wish("b", second)), 1.0)
    assert (got == ["b"]) is together


def test_a_lease_runs_out() -> None:
    claims = held_by("a")
    assert serve(claims, 14.9)[1] == []
    claims, ended, _ = serve(claims, 15.0)
    assert ended == [("a", ClaimEnd.EXPIRED)]
    assert claims == Claims()


def test_a_renewed_lease_runs_anew() -> None:
    claims = renewed(held_by("a"), "L-a", 10.0, ttl_s=None, retain=False)
    assert serve(claims, 24.9)[1] == []
    claims = renewed(claims, "L-a", 20.0, ttl_s=100, retain=False)
    assert next_change_s(claims) == 120.0


def test_a_lease_that_has_ended_cannot_be_used() -> None:
    claims, _, _ = serve(held_by("a"), 20.0)
    for use in (
        lambda: renewed(claims, "L-a", 20.0, ttl_s=None, retain=False),
        lambda: released(claims, "L-a"),
        lambda: must_hold(claims, "L-a"),
    ):
        with pytest.raises(ClaimLost):
            use()


def test_who_waits_gets_the_device_when_it_is_released() -> None:
    claims, _, got = serve(wish(held_by("a"), a_wish("b")), 1.0)
    assert got == []
    claims, _ = released(claims, "L-a")
    assert serve(claims, 2.0)[2] == ["b"]


def test_the_holder_is_asked_and_loses_the_device_if_it_says_nothing() -> None:
    claims, _, _ = serve(wish(held_by("a"), a_wish("b")), 1.0)
    owner = claims.owner
    assert owner is not None
    assert (owner.wanted_by, owner.release_by_s) == ("for b", 1.0 + HAND_OVER_S_MAX)
    claims, ended, got = serve(claims, 1.0 + HAND_OVER_S_MAX)
    assert (ended, got) == ([("a", ClaimEnd.HANDED_OVER)], ["b"])


def test_a_holder_that_retains_keeps_the_device_and_is_not_asked_again() -> None:
    claims, _, _ = serve(wish(held_by("a"), a_wish("b")), 1.0)
    claims = renewed(claims, "L-a", 2.0, ttl_s=None, retain=True)
    claims, ended, got = serve(claims, 10.0)
    assert (ended, got) == ([], [])
    assert claims.owner is not None
    assert claims.owner.release_by_s is None
    # It was granted nothing but time: who waited gets it when it ends by itself.
    assert serve(claims, 17.0)[2] == ["b"]


def test_another_one_who_comes_later_is_heard_although_one_was_refused() -> None:
    claims, _, _ = serve(wish(held_by("a"), a_wish("b")), 1.0)
    claims = renewed(claims, "L-a", 2.0, ttl_s=None, retain=True)
    claims, _, _ = serve(wish(claims, a_wish("c")), 3.0)
    assert claims.owner is not None
    assert claims.owner.wanted_by == "for c"


def test_renewing_alone_is_no_answer_to_somebody_who_waits() -> None:
    claims, _, _ = serve(wish(held_by("a"), a_wish("b")), 1.0)
    claims = renewed(claims, "L-a", 2.0, ttl_s=None, retain=False)
    assert serve(claims, 5.0)[1] == [("a", ClaimEnd.HANDED_OVER)]


def test_the_holder_is_left_alone_when_nobody_waits_any_more() -> None:
    waiting, _, _ = serve(wish(held_by("a"), a_wish("b", until_s=2.0)), 1.0)
    for claims in (serve(waiting, 2.0)[0], without_wish(waiting, "b")):
        assert claims.owner is not None
        assert (claims.owner.wanted_by, claims.owner.release_by_s) == ("", None)
        assert serve(claims, 10.0)[1] == []


def test_those_who_wait_are_served_in_the_order_of_asking() -> None:
    claims = held_by("a")
    for name in "bcd":
        claims, _, _ = serve(wish(claims, a_wish(name)), 1.0)
    order = []
    for _ in range(3):
        owner = claims.owner
        assert owner is not None
        claims, _, got = serve(released(claims, owner.lease_id)[0], 1.5)
        order += got
    assert order == ["b", "c", "d"]


def test_a_technician_takes_the_device_at_once_and_leaves_those_who_look_on() -> None:
    claims, _, _ = serve(wish(held_by("a"), a_wish("watch", O)), 1.0)
    claims, ended = forced(claims)
    assert [(held.request_id, how) for held, how in ended] == [("a", ClaimEnd.FORCED)]
    assert [held.request_id for held in claims.leases] == ["watch"]
    assert forced(Claims()) == (Claims(), [])


def test_a_device_that_somebody_has_obeys_nobody_else() -> None:
    claims = held_by("a", C)
    assert claims.owner is not None
    must_admit(claims, claims.owner.token)
    with pytest.raises(Claimed) as refusal:
        must_admit(claims, 0)
    assert refusal.value.facts == {"held_for": "for a", "mode": "control"}
    with pytest.raises(ClaimLost):
        must_admit(claims, claims.owner.token + 1)


def test_a_token_of_a_lease_that_ended_is_refused_also_when_the_device_is_free() -> None:
    must_admit(Claims(), 0)
    with pytest.raises(ClaimLost):
        must_admit(Claims(), 1)


def test_an_observer_is_in_nobodys_way() -> None:
    must_admit(held_by("a", O), 0)


def test_no_more_wait_or_look_on_than_there_is_room_for() -> None:
    claims = held_by("a")
    for number in range(WAITING_MAX):
        claims = wish(claims, a_wish(str(number)))
    with pytest.raises(Full):
        wish(claims, a_wish("one more"))
    claims = Claims()
    for number in range(OBSERVERS_MAX + 5):
        claims, _, _ = serve(wish(claims, a_wish(str(number), O)), 0.0)
    assert len(claims.leases) == OBSERVERS_MAX


def test_a_lease_id_is_not_printed() -> None:
    claims = held_by("a")
    assert "L-a" not in repr(claims)


@given(st.integers(0, 2**32 - 1))
def test_whatever_happens_one_at_most_has_the_device_and_tokens_only_rise(seed: int) -> None:
    chance = random.Random(seed)
    claims, now_s, tokens = Claims(), 0.0, 0
    given_out: dict[str, Lease] = {}
    for step in range(60):
        now_s += chance.choice([0.0, 0.5, 2.0, 5.0])
        match chance.randrange(5):
            case 0 | 1:
                mode = chance.choice([X, C, O])
                if len(claims.wishes) < WAITING_MAX:
                    waits_s = chance.choice([0.5, 3, 20])
                    ttl_s = chance.choice([1, 5, 15])
                    asked = a_wish(str(step), mode, until_s=now_s + waits_s, ttl_s=ttl_s)
                    claims = wish(claims, asked)
            case 2 if claims.leases:
                claims, _ = released(claims, chance.choice(claims.leases).lease_id)
            case 3 if claims.leases:
                lease_id = chance.choice(claims.leases).lease_id
                claims = renewed(claims, lease_id, now_s, ttl_s=None, retain=chance.random() < 0.5)
            case 4 if chance.random() < 0.2:
                claims, _ = forced(claims)
        claims, ended = settle(claims, now_s)
        while (one := next_grant(claims)) is not None:
            tokens += 1
            claims = granted(claims, one, lease_id=f"L{tokens}", token=tokens, now_s=now_s)
            given_out[f"L{tokens}"] = claims.leases[-1]
        assert sum(held.mode is not O for held in claims.leases) <= 1
        assert all(held.lease_id not in {e.lease_id for e, _ in ended} for held in claims.leases)
        due_s = next_change_s(claims)
        assert due_s is None or due_s > now_s
        if claims.owner is None:
            assert all(one.mode is O for one in claims.wishes)
        for held in claims.leases:
            assert held.expires_s <= now_s + 15

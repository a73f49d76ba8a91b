"""Time at the desk: sign-ons, approvals and blocks end when they should, whatever the clock does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tillhald.config_access import AccessTable
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.access import SHOP_FLOOR, Role, back_off_s, pin_fault
from tillhald.domain.evolve import apply
from tillhald.domain.state import TillState
from tillhald.service import setup_code
from tillhald.service.access import AccessDesk, Credentials, Entrance
from tillhald.service.pace import CALLS_MAX, REFUSALS_MAX, REFUSE_S, STREAMS_MAX, Pace
from tillhald.service.pins import HASHES_WAITING_MAX, PinHasher

if TYPE_CHECKING:
    from collections.abc import Iterable

SETTINGS = AccessTable(argon2_memory_kib=1024, argon2_passes=1, sign_on_s=600, approval_s=60)
API = Entrance("api.sock", SHOP_FLOOR, is_private=True)
PIN = "480217"


class Journal:
    """What the desk needs of a till: facts go into the state at once."""

    def __init__(self, *facts: ev.AnyEvent) -> None:
        self.state = TillState()
        self.now_ms = 1_750_000_000_000
        for fact in facts:
            self.note([fact])

    def note(self, facts: Iterable[ev.AnyEvent]) -> int:
        record = ev.Record(wall_ms=self.now_ms, events=tuple(facts))
        self.state = apply(self.state, record, self.state.seq + 1)
        return self.state.seq

    async def record(self, facts: Iterable[ev.AnyEvent]) -> None:
        self.note(facts)

    async def caught_up(self) -> None:
        pass


class Shop:
    """A desk whose clocks are set by hand."""

    def __init__(self) -> None:
        hasher = PinHasher(memory_kib=1024, passes=1)
        pin_hash = asyncio.run(hasher.hash(PIN))
        staff = (("ann", Role.CASHIER), ("bo", Role.SUPERVISOR))
        facts: list[ev.AnyEvent] = []
        for operator, role in staff:
            facts.append(ev.OperatorPut(operator=operator, role=role))
            facts.append(ev.PinSet(operator=operator, pin_hash=pin_hash))
        self.till = Journal(*facts)
        self.now_s = 1_000.0
        self.open()

    def open(self) -> None:
        """The daemon starts, on what the journal holds."""
        self.desk = AccessDesk(
            self.till,  # type: ignore[arg-type]
            PinHasher(memory_kib=1024, passes=1),
            SETTINGS,
            wall_ms=lambda: self.till.now_ms,
            now_s=lambda: self.now_s,
            code_file=Path("/nonexistent/code"),
        )

    def passes(self, seconds: float) -> None:
        self.now_s += seconds
        self.till.now_ms += int(seconds * 1000)

    def sign_on(self, operator: str = "ann", pin: str = PIN, *, for_approval: bool = False) -> str:
        given = self.desk.sign_on("screen", operator, pin, for_approval=for_approval)
        return asyncio.run(given).token

    def who(self, token: str) -> str:
        entrance = API._replace(name="screen")
        return self.desk.caller(entrance, Credentials(operator_token=token)).operator


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_a_sign_on_ends_in_its_time(shop: Shop) -> None:
    token = shop.sign_on()
    shop.passes(599)
    assert shop.who(token) == "ann"
    shop.passes(2)
    assert shop.who(token) == ""


@pytest.mark.parametrize("jump_s", [-86_400, 0, 86_400])
def test_a_clock_that_is_set_makes_no_sign_on_longer(shop: Shop, jump_s: int) -> None:
    token = shop.sign_on()
    shop.till.now_ms += jump_s * 1000
    shop.passes(601)
    assert shop.who(token) == ""
    shop.open()
    shop.passes(601)
    assert shop.who(token) == ""


def test_a_sign_on_goes_on_after_a_restart_for_what_is_left_of_it(shop: Shop) -> None:
    token = shop.sign_on()
    shop.passes(400)
    shop.open()
    assert shop.who(token) == "ann"
    shop.passes(199)
    assert shop.who(token) == "ann"
    shop.passes(2)
    assert shop.who(token) == ""


def test_signing_on_again_at_the_same_place_ends_the_one_before(shop: Shop) -> None:
    first, second = shop.sign_on(), shop.sign_on()
    assert (shop.who(first), shop.who(second)) == ("", "ann")


def test_another_role_or_pin_ends_what_was_signed_on(shop: Shop) -> None:
    token = shop.sign_on()
    shop.till.note([ev.OperatorPut(operator="ann", role=Role.OBSERVER)])
    assert shop.who(token) == ""
    token = shop.sign_on()
    shop.till.note([ev.PinSet(operator="ann", pin_hash="x")])
    assert shop.who(token) == ""


def wrong(shop: Shop, times: int) -> None:
    for _ in range(times):
        with pytest.raises(errors.SignOnRefused):
            shop.sign_on(pin="000000")


def test_waits_double_and_hold_over_a_restart_and_a_right_pin_forgets_them(shop: Shop) -> None:
    wrong(shop, 5)
    for wait_s in (30, 60, 120):
        with pytest.raises(errors.SignOnBlocked) as caught:
            shop.sign_on()
        assert wait_s <= caught.value.retry_after_s <= wait_s + 1
        shop.open()
        with pytest.raises(errors.SignOnBlocked):
            shop.sign_on()
        shop.passes(wait_s + 1)
        wrong(shop, 1)
    shop.passes(1_000)
    shop.sign_on()
    wrong(shop, 4)
    shop.sign_on()


@pytest.mark.parametrize("jump_s", [-86_400 * 365, 86_400 * 365])
def test_a_clock_that_is_set_shortens_no_block_for_longer_than_it_is(
    shop: Shop, jump_s: int
) -> None:
    wrong(shop, 5)
    shop.till.now_ms += jump_s * 1000
    with pytest.raises(errors.SignOnBlocked):
        shop.sign_on()
    shop.open()
    shop.passes(31)
    shop.sign_on()


def test_one_front_end_has_ten_tries_and_then_one_in_three_seconds(shop: Shop) -> None:
    for number in range(10):
        with pytest.raises(errors.SignOnRefused):
            shop.sign_on(f"name-{number}")
    with pytest.raises(errors.SignOnBlocked):
        shop.sign_on("ann")
    shop.passes(3.1)
    shop.sign_on("ann")
    shop.sign_on("ann")  # a right PIN counts for nothing


def test_an_approval_is_over_in_its_time_and_with_the_run_and_with_another_pin(shop: Shop) -> None:
    def approver(token: str) -> str:
        brought = Credentials(approval_token=token)
        found = shop.desk.caller(API._replace(name="screen"), brought).approval
        return found.approver if found else ""

    token = shop.sign_on("bo", for_approval=True)
    shop.passes(59)
    assert approver(token) == "bo"
    shop.passes(2)
    assert approver(token) == ""
    token = shop.sign_on("bo", for_approval=True)
    shop.open()
    assert approver(token) == ""
    for fact in (
        ev.PinSet(operator="bo", pin_hash="of another PIN"),
        ev.OperatorDisabled(operator="bo", reason="left"),
    ):
        shop = Shop()
        token = shop.sign_on("bo", for_approval=True)
        assert approver(token) == "bo"
        shop.till.note([fact])
        assert approver(token) == ""


def test_a_pin_is_hashed_off_the_loop_and_not_by_the_dozen(shop: Shop) -> None:
    async def crowd() -> list[object]:
        hasher = PinHasher(memory_kib=16_384, passes=2)
        beats = 0

        async def heart() -> None:
            nonlocal beats
            while True:
                await asyncio.sleep(0)
                beats += 1

        beating = asyncio.create_task(heart())
        tries = [hasher.verify("", PIN) for _ in range(HASHES_WAITING_MAX + 4)]
        found = await asyncio.gather(*tries, return_exceptions=True)
        beating.cancel()
        assert beats > 100
        return found

    found = asyncio.run(crowd())
    refused = [one for one in found if isinstance(one, errors.Full)]
    assert 2 <= len(refused) <= 4
    assert all(one is False for one in found if one not in refused)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (4, 0), (5, 30), (6, 60), (9, 480), (10, 900), (10_000, 900)]
)
def test_how_long_wrong_pins_make_one_wait(failures: int, seconds: int) -> None:
    assert back_off_s(failures) == seconds


@pytest.mark.parametrize(
    ("pin", "role", "is_right"),
    [
        ("4711", Role.CASHIER, True),
        ("4711", Role.OWNER, False),
        ("471108", Role.TECHNICIAN, True),
        ("1234", Role.CASHIER, False),
        ("9999", Role.CASHIER, False),
        ("1" * 13, Role.CASHIER, False),
        ("47 11", Role.CASHIER, False),
    ],
)
def test_a_pin_has_to_be_one(pin: str, role: Role, is_right: bool) -> None:
    assert (pin_fault(pin, role, 4) == "") is is_right


def test_the_one_time_code_is_known_however_it_is_typed() -> None:
    code = setup_code.new_code()
    assert len(code.replace("-", "")) == 24
    spoken = code.lower().replace("-", " ")
    assert setup_code.digest_of(spoken) == setup_code.digest_of(code)
    assert setup_code.digest_of(setup_code.new_code()) != setup_code.digest_of(code)


def test_a_peer_has_its_share_and_no_more() -> None:
    async def ask() -> None:
        pace = Pace()
        for _ in range(CALLS_MAX):
            await pace.begin_call("flooder")
        with pytest.raises(errors.PeerBusy):
            await pace.begin_call("flooder")
        await pace.begin_call("other")
        for _ in range(STREAMS_MAX):
            await pace.begin_stream("flooder")
        with pytest.raises(errors.PeerBusy):
            await pace.begin_stream("flooder")

    asyncio.run(ask())


def test_where_many_are_refused_they_wait_longer() -> None:
    """Were they refused at once, they would ask again at once, and the till did nothing else."""

    async def ask() -> tuple[int, int]:
        pace = Pace()
        many = 2 * REFUSALS_MAX
        waiting = [asyncio.create_task(pace.slow_down("/tls")) for _ in range(many)]
        over, left = await asyncio.wait(waiting, timeout=REFUSE_S + 1)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await pace.slow_down("/tls")  # who hung up is not counted any more
        return len(over), len(left)

    assert asyncio.run(ask()) == (REFUSALS_MAX, REFUSALS_MAX)


def test_a_peer_that_asks_without_a_pause_is_slowed_down_to_its_pace() -> None:
    async def ask() -> float:
        pace, loop = Pace(), asyncio.get_running_loop()
        began_s = loop.time()
        for _ in range(150):
            share = await pace.begin_call("busy")
            share.calls -= 1
        return loop.time() - began_s

    took_s = asyncio.run(ask())
    assert took_s > 0.4, "150 calls are a hundred at once and fifty at 100 a second"

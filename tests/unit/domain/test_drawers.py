"""What the state keeps of drawers, so that a restart forgets nothing of them."""

from __future__ import annotations

import pytest

from tests.support.shop import Shop
from tillhald.domain import events as ev
from tillhald.domain.drawers import DrawerMemory, OpenLevel
from tillhald.domain.jobs import KickReason, KickState


@pytest.fixture
def shop() -> Shop:
    return Shop()


def kick(shop: Shop, kick_id: str = "k") -> None:
    shop.note(ev.DrawerOpenRequested(kick_id=kick_id, drawer="d", reason=KickReason.TEST))
    shop.at_ms += 10
    shop.note(ev.KickStarted(kick_id=kick_id))


def memory(shop: Shop) -> DrawerMemory:
    assert shop.replayed().drawers == shop.state.drawers
    return shop.state.drawers["d"]


def test_an_open_drawer_is_remembered_with_its_time_until_it_is_shut(shop: Shop) -> None:
    shop.at_ms += 1_000
    shop.note(ev.DrawerOpened(device_id="d", without_kick=True))
    assert memory(shop) == DrawerMemory(is_open=True, opened_ms=shop.at_ms)
    shop.note(ev.DrawerClosed(device_id="d"))
    assert memory(shop) == DrawerMemory(is_open=False)


@pytest.mark.parametrize(
    ("ended", "is_waited_for"),
    [
        (ev.KickEnded(kick_id="k", outcome=KickState.FIRED), True),
        (ev.KickEnded(kick_id="k", outcome=KickState.UNKNOWN, failure="TILL_RESTARTED"), True),
        (ev.KickEnded(kick_id="k", outcome=KickState.FAILED, failure="DEVICE_OFFLINE"), False),
        (ev.KickEnded(kick_id="k", outcome=KickState.FAILED, failure="DRAWER_STAYED_CLOSED"), True),
    ],
)
def test_a_kick_is_waited_for_unless_nothing_went_out(
    shop: Shop, ended: ev.KickEnded, is_waited_for: bool
) -> None:
    kick(shop)
    begun_ms = shop.at_ms
    assert memory(shop).kicked_ms == begun_ms
    shop.note(ended)
    assert memory(shop).kicked_ms == (begun_ms if is_waited_for else 0)
    shop.note(ev.DrawerOpened(device_id="d"))
    assert memory(shop).kicked_ms == 0, "the opening has answered it"


def test_a_crash_within_a_kick_leaves_it_waited_for(shop: Shop) -> None:
    kick(shop)
    begun_ms = shop.at_ms
    shop.restart()
    assert shop.state.kicks == {}
    assert memory(shop).kicked_ms == begun_ms


def test_a_calibration_forgets_what_was_seen_by_another_level(shop: Shop) -> None:
    shop.note(ev.DrawerOpened(device_id="d"))
    learnt = ev.DrawerSensorCalibrated(
        device_id="d", open_level=OpenLevel.LOW, request_id="request-1"
    )
    shop.note(learnt)
    first = DrawerMemory(open_level=OpenLevel.LOW, calibrated_by="request-1")
    assert memory(shop) == first
    shop.note(ev.DrawerOpened(device_id="d"))
    shop.note(ev.DrawerSensorCalibrated(device_id="d", open_level=OpenLevel.LOW))
    assert memory(shop).is_open, "the same level: it had been right"

"""The daemon under a supervisor as systemd is one: a socket in NOTIFY_SOCKET, and a watch."""

from __future__ import annotations

import select
import time

import pytest

from hwsim.power.disk import why_not
from hwsim.power.faults import Freeze, Rule
from tests.support.sales import CARD, OPEN_SALE, Steps, cash_sale, line, new_id, tender
from tests.support.stormy_till import a_stormy_till
from tests.support.till import Till, a_till
from tillhal.v1 import power_pb2, system_pb2

WAIT_S_MAX = 15.0
WATCH_S = 3.0


def words(till: Till, until: bytes, within_s: float = WAIT_S_MAX) -> list[bytes]:
    """What the supervisor hears, up to a word that begins so."""
    heard: list[bytes] = []
    end_s = time.monotonic() + within_s
    while not heard or not heard[-1].startswith(until):
        left_s = end_s - time.monotonic()
        ready = select.select([till._notified], [], [], max(0.0, left_s))[0]
        assert ready, f"no {until!r} within {within_s} s: {heard}"
        heard.append(till._notified.recv(200))
    return heard


def silence_s(till: Till, for_s: float) -> bool:
    """Whether no word of life comes for so long, after those that were under way."""
    end_s = time.monotonic() + 3 * for_s
    while time.monotonic() < end_s:
        if not select.select([till._notified], [], [], for_s)[0]:
            return True
        till._notified.recv(200)
    return False


def test_ready_is_said_once_the_till_is_recovered_and_may_sell() -> None:
    with a_till() as till:
        till.start()
        basket = Steps(till.calls, OPEN_SALE)
        basket.open()
        basket.put(line())
        till.kill()
        till.spawn()
        assert words(till, b"READY=1") == [b"READY=1"], "nothing is said before"
        status = till.calls.system.GetStatus(system_pb2.GetStatusRequest(), timeout=1)
        assert list(status.recovery.interrupted_sale_ids) == [OPEN_SALE]
        assert till.calls.checkout.Checkout(cash_sale()).sale.receipt_number == 1
        assert words(till, b"STATUS=")[-1] == b"STATUS=Sells; power: unprotected."
        till.stop(within_s=WAIT_S_MAX)


def test_the_watch_is_fed_while_the_till_lives_and_its_end_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", str(round(WATCH_S * 1e6)))
    with a_till() as till:
        till.start()
        began_s = time.monotonic()
        for _ in range(4):
            words(till, b"WATCHDOG=1", WATCH_S)
        assert time.monotonic() - began_s > WATCH_S / 2, "not more often than it needs to be"
        process = till._running()
        process.terminate()
        assert words(till, b"STOPPING=1")
        assert till.await_exit() == 0


def test_a_stop_waits_for_a_settlement_and_asks_for_the_time_that_it_takes() -> None:
    with a_till() as till:
        till.start()
        basket = Steps(till.calls, "card")
        basket.open()
        basket.put(line())
        # A tender that nobody resolves holds the settlement up for its share of the time.
        basket.give(tender(500, CARD), pending=True)
        request = power_pb2.PrepareForPowerLossRequest(request_id=new_id(), deadline_s=5)
        steps = till.calls.power.PrepareForPowerLoss(request)
        assert next(steps).HasField("progress")
        till._running().terminate()
        *_, last = steps
        assert list(last.result.open_sale_ids) == ["card"]
        assert last.result.is_stored
        heard = words(till, b"EXTEND_TIMEOUT_USEC=")
        assert b"STOPPING=1" in heard
        assert int(heard[-1].partition(b"=")[2]) / 1e6 > 5
        assert till.await_exit() == 0


@pytest.mark.skipif(bool(why_not()), reason=str(why_not()))
def test_the_watch_is_fed_no_more_while_the_disk_holds_the_writer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", str(round(WATCH_S * 1e6)))
    with a_stormy_till(expected={"journal_writer_stuck"}) as till:
        till.start()
        words(till, b"WATCHDOG=1")
        till.disk.fail(Rule("sync", "*", Freeze()))
        waiting = till.calls.checkout.Checkout.future(cash_sale())
        assert till.disk.wait_frozen(WAIT_S_MAX)
        assert silence_s(till, WATCH_S), "systemd would kill it now"
        assert not waiting.done()
        assert till.is_running()
        # The disk comes back before anybody kills: the sale is answered, and life is told again.
        till.disk.clear_faults()
        assert waiting.result().sale.receipt_number == 1
        words(till, b"WATCHDOG=1")
        till.stop(within_s=WAIT_S_MAX)
        assert "journal_writer_stuck" in till.log_text()

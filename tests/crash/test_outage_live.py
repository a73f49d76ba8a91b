"""An outage over the real chain, from the grid to the cent.

A simulated UPS on a serial line, NUT's own `nutdrv_qx` and `upsd` above it, the daemon in a process
of its own on a disk that loses its power, cashiers who sell. The mains go in the middle of a sale,
the battery gets low, the till settles and goes down, or is cut down at a moment of chance; the UPS
cuts and returns; the till starts on what is left. In the end the cashiers' own ledgers and the
till's are the same to the cent, slips are entered and balance, and every request counts once.

`TILLHAL_OUTAGE_LIVE_SEEDS` sets how many such days there are, `TILLHAL_OUTAGE_FIRST` the first seed:
it tells what is done and what the disk loses, the moments are the machine's.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hwsim.power.disk import why_not as why_no_disk
from hwsim.ups.megatec import MegatecUps
from hwsim.ups.real_nut import RealNut, qx
from hwsim.ups.real_nut import why_not as why_no_nut
from hwsim.ups.virtual import VirtualUps
from tests.support.auditor import Auditor, reckon
from tests.support.cashiers import Crowd
from tests.support.powered import QUICK_RULES
from tests.support.sales import eur
from tests.support.slips import close_request, mark_request, open_request, slip_request
from tests.support.stormy_till import StormyTill, a_stormy_till, await_that
from tillhal.v1 import power_pb2 as pb
from tillhal.v1 import recovery_pb2
from tillhal.v1.checkout_pb2 import SaleSummary

pytestmark = pytest.mark.skipif(
    bool(why_no_disk() or why_no_nut()), reason=str(why_no_disk() or why_no_nut())
)

SEEDS = int(os.environ.get("TILLHAL_OUTAGE_LIVE_SEEDS", "4"))
FIRST = int(os.environ.get("TILLHAL_OUTAGE_FIRST", "0"))
SPEED = 12.0
"""Of the UPS's own clock: its delays count in minutes."""
SEEN_S_MAX = 60.0
CASHIERS = 3
NUT = """
[devices.shop_ups]
driver = "nut_ups"
upses = ["till"]
port = {port}
username = "admin"
password = "pw"
poll_s = 0.1
"""
STORIES = ("in order", "battery dies", "plug pulled", "mains back too early")
LOST_WITH_POWER = {"host_not_powered_off", "ups_not_told_to_return"}


class Day:
    """A till on a UPS behind real NUT, and a crowd that sells."""

    def __init__(self, till: StormyTill, ups: VirtualUps, nut: RealNut, seed: int) -> None:
        self.till = till
        self.ups = ups
        self.nut = nut
        self.dice = random.Random(seed)
        self.seed = seed
        self.crowd = Crowd(till, seed, cashiers=CASHIERS)
        self.auditor = Auditor()
        self.told: list[str] = []
        self.by_hand: list[SaleSummary] = []

    def supply(self) -> pb.Supply:
        return self.till.calls.power.GetPower(pb.GetPowerRequest()).power.supply

    def until(self, *supplies: pb.Supply) -> None:
        await_that(lambda: self.supply() in supplies, SEEN_S_MAX, self.till.log_text)

    def boot(self) -> None:
        self.till.start()
        self.auditor.follow(self.till)

    def lose_power(self) -> None:
        """What is on the UPS's output is dark: the till, if it still runs, and the disk."""
        pids = [self.till.pid] if self.till.is_running() else []
        self.told.append("cut down" if pids else "was down")
        self.till.disk.cut(self.seed, *pids)
        self.till.end()
        self.crowd.stop()
        self.auditor.join()

    def wait_unless_dark(self, for_s: float) -> None:
        """A moment of chance, which is over when the UPS has cut."""
        self.ups.wait(lambda now: not now.output, for_s)

    def await_dark(self) -> None:
        assert self.ups.wait(lambda now: not now.output, SEEN_S_MAX), self.ups.events()

    def go_down(self, story: str) -> None:
        """From the first second without mains until everything is dark."""
        ups, dice = self.ups, self.dice
        ups.mains_off()
        self.until(pb.SUPPLY_ON_BATTERY)
        self.crowd.await_told(10)
        if story == "plug pulled":
            # Of the host, not of the UPS: at any moment from now on.
            if dice.random() < 0.7:
                ups.set("charge_percent", dice.uniform(5, 18))
            self.wait_unless_dark(dice.uniform(0, 3))
            ups.set("switch", "off")
        else:
            ups.set("charge_percent", dice.uniform(12, 18))
            self.until(pb.SUPPLY_LOW_BATTERY, pb.SUPPLY_SHUTTING_DOWN)
            if story == "battery dies":
                self.wait_unless_dark(dice.uniform(0, 1.2))
                ups.set("charge_percent", 0)
            else:
                assert self.till.await_exit() == 0, self.till.errors()
                if story == "mains back too early":
                    ups.mains_on()
        self.await_dark()
        self.lose_power()

    def come_back(self) -> None:
        """Mains, the UPS's output, and what starts with a host: drivers, upsd, the till."""
        self.ups.mains_on()
        self.ups.set("charge_percent", 70)
        if self.told[-1] == "was down":
            # It was told to return, and does so by itself.
            assert self.ups.wait(lambda now: now.output, SEEN_S_MAX), self.ups.events()
        else:
            self.ups.set("switch", "on")
        for name in ("upsd", "till"):
            self.nut.stop(name)
        self.nut.start_driver("till")
        self.nut.start_upsd()
        self.nut.wait_ready("till")
        self.boot()
        self.until(pb.SUPPLY_ONLINE)
        with self.crowd:
            self.crowd.await_told(10)
            self.enter_slips()

    def enter_slips(self) -> None:
        """What was sold by hand meanwhile, while the cashiers sell on: three slips, and one that
        was torn. Each request is sent twice, as by a front end that lost its memory."""
        recovery = self.till.calls.recovery
        (outage,) = self.till.calls.power.ListOutages(pb.ListOutagesRequest()).outages
        book = outage.outage_id
        recovery.OpenBackEntry(open_request(1, 4, book))
        cash_minor = 0
        for number in (1, 2, 3):
            minor = self.dice.randrange(100, 5_000)
            slip = slip_request(number, minor, given=minor + 50, outage_id=book)
            told, again = recovery.PutSlip(slip), recovery.PutSlip(slip)
            assert again.replayed
            assert again.sale == told.sale
            self.by_hand.append(told.sale)
            cash_minor += minor
        recovery.MarkSlip(mark_request(4, recovery_pb2.SLIP_STATE_SPOILT, outage_id=book))
        balance = recovery.Reconcile(
            recovery_pb2.ReconcileRequest(outage_id=book, counted_cash=eur(cash_minor))
        )
        assert balance.balances, balance
        closed = recovery.CloseBackEntry(close_request(cash_minor, outage_id=book))
        assert closed.book.is_closed

    def reckon(self) -> int:
        sales = reckon(self.till, self.crowd, self.auditor, self.by_hand)
        outages = self.till.calls.power.ListOutages(pb.ListOutagesRequest()).outages
        assert len(outages) == 1
        self.till.stop(within_s=10)
        self.auditor.join()
        return sales


@contextlib.contextmanager
def a_day(tmp_path: Path, seed: int) -> Iterator[Day]:
    with contextlib.ExitStack() as stack:
        ups = VirtualUps(seed=seed, speed=SPEED)
        line = stack.enter_context(MegatecUps(ups, tmp_path / "ups"))
        nut = stack.enter_context(RealNut({"till": qx(line.at, offdelay="30", ondelay="60")}))
        till = stack.enter_context(a_stormy_till(expected=LOST_WITH_POWER))
        poweroff = f'["touch", "{till.folder}/powered_off"]'
        rules = QUICK_RULES.format(poweroff=poweroff, more="") + NUT.format(port=nut.port)
        till.config.write_text(till.config.read_text() + rules)
        yield Day(till, ups, nut, seed)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_an_outage_in_the_middle_of_selling_costs_no_sale_and_no_cent(
    tmp_path: Path, seed: int
) -> None:
    began_s = time.monotonic()
    story = STORIES[seed % len(STORIES)]
    with a_day(tmp_path, seed) as day:
        day.boot()
        day.until(pb.SUPPLY_ONLINE)
        day.crowd.begin()
        day.crowd.await_told(20)
        day.go_down(story)
        if story in ("in order", "mains back too early"):
            assert day.told == ["was down"]
            assert (day.till.folder / "powered_off").exists()
        day.come_back()
        sales = day.reckon()
    took_s = time.monotonic() - began_s
    print(f"{seed=} {story}, {day.told[0]}: {sales} sales, {took_s:.0f} s")
    assert sales >= 10

"""A running till on two UPSes: one feeds the till, the other only its printers; then both feed it."""

from __future__ import annotations

import contextlib
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator

import grpc

from hwsim.ups.nut_server import NutServer
from hwsim.ups.virtual import VirtualUps
from tests.support.answers import journal_records, refused
from tests.support.powered import QUICK_RULES, SOON_LOST
from tests.support.sales import cash_sale
from tests.support.till import Till, free_port, short_folder, till_toml
from tillhal.v1 import power_pb2 as pb

WAIT_S_MAX = 20.0
PAUSE = threading.Event()
PAUSE_S = 0.05
SPEED = 40.0
NUT = """
[devices.upses]
driver = "nut_ups"
upses = ["till", "printers"]
port = {port}
username = "admin"
password = "pw"
poll_s = 0.05
"""


class Shop:
    """A till and its two UPSes."""

    def __init__(self, till: Till, ups: dict[str, VirtualUps], server: NutServer) -> None:
        self.till = till
        self.ups = ups
        self.server = server

    def power(self) -> pb.GetPowerResponse:
        return self.till.calls.power.GetPower(pb.GetPowerRequest())

    def until(
        self, is_so: Callable[[pb.GetPowerResponse, dict[str, pb.Ups]], bool]
    ) -> pb.GetPowerResponse:
        """Wait until it is so, of the whole answer and of each UPS by its name."""
        end_s = time.monotonic() + WAIT_S_MAX
        while True:
            found = self.power()
            if is_so(found, {ups.name: ups for ups in found.upses}):
                return found
            assert time.monotonic() < end_s, found
            PAUSE.wait(PAUSE_S)

    def until_till(self, supply: pb.Supply) -> pb.GetPowerResponse:
        return self.until(lambda found, _: found.power.supply == supply)

    def facts(self, kind: str) -> int:
        return sum(
            event.kind == kind
            for record in journal_records(self.till.calls)
            for event in record.events
        )


@contextlib.contextmanager
def a_shop(*, feeds: str, metrics: str = "", more: str = "") -> Iterator[Shop]:
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(short_folder())
        ups = {"till": VirtualUps(speed=SPEED), "printers": VirtualUps(speed=SPEED)}
        server = stack.enter_context(NutServer(ups))
        poweroff = f'["touch", "{folder}/powered_off"]'
        toml = till_toml(folder) + NUT.format(port=server.port)
        if metrics:
            toml = toml.replace("[listen]\n", f'[listen]\nmetrics = "{metrics}"\n')
        toml += QUICK_RULES.format(poweroff=poweroff, more=f"feeds = {feeds}\n{more}")
        till = Till(folder, None, toml)
        try:
            till.start()
            yield Shop(till, ups, server)
        finally:
            till.end()
        mistakes = till.mistakes()
        assert not mistakes, "\n".join(mistakes)


def numbers(address: str) -> dict[str, float]:
    """What Prometheus would be told, by a metric's name with its labels."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in pairs}


def test_a_ups_of_the_printers_is_shown_and_never_counts() -> None:
    with a_shop(feeds='["till"]') as shop:
        shop.until_till(pb.SUPPLY_ONLINE)
        shop.ups["printers"].mains_off()
        shop.ups["printers"].set("charge_percent", 5)
        found = shop.until(lambda _, ups: ups["printers"].supply >= pb.SUPPLY_LOW_BATTERY)
        ups = {each.name: each for each in found.upses}
        assert (ups["till"].feeds_till, ups["printers"].feeds_till) == (True, False)
        assert found.power.supply == pb.SUPPLY_ONLINE
        assert found.power.ups == "till"
        assert not found.HasField("outage")
        assert shop.till.calls.checkout.Checkout(cash_sale()).sale.receipt_number == 1
        # Not even its end takes the till down.
        shop.until(lambda _, ups: ups["printers"].supply == pb.SUPPLY_SHUTTING_DOWN)
        assert shop.power().power.supply == pb.SUPPLY_ONLINE
        assert shop.facts("OutageBegan") == 0
        assert shop.till.is_running()
        shop.till.stop()


def test_of_two_that_feed_the_till_the_weakest_counts_and_is_named() -> None:
    with a_shop(feeds='["till", "printers"]') as shop:
        shop.until_till(pb.SUPPLY_ONLINE)
        shop.ups["till"].mains_off()
        assert shop.until_till(pb.SUPPLY_ON_BATTERY).power.ups == "till"
        shop.ups["printers"].mains_off()
        shop.ups["printers"].set("charge_percent", 18)
        assert shop.until_till(pb.SUPPLY_LOW_BATTERY).power.ups == "printers"
        with refused(grpc.StatusCode.FAILED_PRECONDITION, "BATTERY_LOW"):
            shop.till.calls.checkout.Checkout(cash_sale())
        assert shop.facts("OutageBegan") == 1, "one outage, whoever says so"
        # Both are told to cut and to return: either alone would leave half of the shop dark.
        assert shop.till.await_exit() == 0
        for ups in shop.ups.values():
            assert ups.wait_event("shutdown_armed", WAIT_S_MAX)


def test_the_mains_are_back_only_when_both_have_them() -> None:
    with a_shop(feeds='["till", "printers"]') as shop:
        shop.until_till(pb.SUPPLY_ONLINE)
        for ups in shop.ups.values():
            ups.mains_off()
        shop.until(lambda _, ups: all(each.supply == pb.SUPPLY_ON_BATTERY for each in ups.values()))
        shop.ups["till"].mains_on()
        found = shop.until(lambda _, ups: ups["till"].supply == pb.SUPPLY_ONLINE)
        assert (found.power.supply, found.power.ups) == (pb.SUPPLY_ON_BATTERY, "printers")
        assert found.outage.outage_id == "outage/1"
        shop.ups["printers"].mains_on()
        shop.until_till(pb.SUPPLY_ONLINE)
        shop.until(lambda found, _: not found.HasField("outage"))
        assert shop.facts("OutageEnded") == 1
        shop.till.stop()


def test_one_of_two_that_is_heard_no_more_on_mains_is_named_and_stops_nothing() -> None:
    address = f"127.0.0.1:{free_port()}"
    with a_shop(feeds='["till", "printers"]', metrics=address, more=SOON_LOST) as shop:
        shop.until_till(pb.SUPPLY_ONLINE)
        shop.ups["printers"].set("mute", True)
        found = shop.until_till(pb.SUPPLY_COMM_LOST)
        assert found.power.ups == "printers"
        assert shop.till.calls.checkout.Checkout(cash_sale()).sale.receipt_number == 1
        told = numbers(address)
        assert told['tillhal_power_supply{supply="comm_lost"}'] == 1
        assert told['tillhal_power_supply{supply="online"}'] == 0
        assert told['tillhal_ups_heard{ups="printers"}'] == 0
        assert told['tillhal_ups_heard{ups="till"}'] == 1
        assert told['tillhal_ups_charge_percent{ups="till"}'] == 100
        assert told["tillhal_outages_total"] == 0
        assert told["tillhal_power_refuses_sales"] == 0
        # The other one still says when the mains go.
        shop.ups["till"].mains_off()
        assert shop.until_till(pb.SUPPLY_ON_BATTERY).power.ups == "till"
        assert shop.till.calls.checkout.Checkout(cash_sale()).sale.receipt_number == 2
        told = numbers(address)
        assert told["tillhal_outages_total"] == 1
        assert told["tillhal_on_battery_seconds_total"] > 0
        shop.ups["till"].mains_on()
        shop.ups["printers"].set("mute", False)
        shop.until_till(pb.SUPPLY_ONLINE)
        shop.till.stop()

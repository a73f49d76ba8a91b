"""An outage as a shop has it: a simulated UPS behind NUT's protocol, the daemon in a process of its
own, a printer that prints; and what a technician sees of it with tillctl."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from hwsim.ups.nut_server import NutServer
from hwsim.ups.virtual import VirtualUps
from tests.support.answers import (
    assert_journal_sound,
    await_job,
    journal_records,
    paper_in,
    refused,
)
from tests.support.ctl import said_by_tillctl
from tests.support.powered import QUICK_RULES, SOON_LOST
from tests.support.sales import OPEN_SALE, Steps, card_sale, cash_sale, line, new_id, tender
from tests.support.till import Till, short_folder, till_toml
from tillhal.v1 import checkout_pb2, printer_pb2, system_pb2
from tillhal.v1 import power_pb2 as pb

WAIT_S_MAX = 20.0
PAUSE = threading.Event()
PAUSE_S = 0.05
"""Between two looks: the daemon shares this machine's processors."""
SPEED = 40.0
"""Of the UPS's own clock: what it does after 40 s it does after one."""
NUT = """
[devices.shop_ups]
driver = "nut_ups"
upses = ["till"]
port = {port}
username = "admin"
password = "pw"
poll_s = {poll_s}
"""


class Shop:
    """A till on a simulated UPS."""

    def __init__(self, till: Till, ups: VirtualUps, server: NutServer) -> None:
        self.till = till
        self.ups = ups
        self.server = server

    def power(self) -> pb.GetPowerResponse:
        return self.till.calls.power.GetPower(pb.GetPowerRequest())

    def until(self, *supplies: pb.Supply) -> pb.GetPowerResponse:
        """Wait until the power stands so."""
        end_s = time.monotonic() + WAIT_S_MAX
        while True:
            found = self.power()
            if found.power.supply in supplies:
                return found
            assert time.monotonic() < end_s, found
            PAUSE.wait(PAUSE_S)

    def ctl(self, *arguments: str, status: int = 0) -> str:
        """What tillctl says."""
        return said_by_tillctl(*arguments, "--address", self.till.address, status=status)

    def ctl_json(self, *arguments: str, status: int = 0) -> list[dict[str, Any]]:
        said = self.ctl(*arguments, "--json", status=status)
        return [json.loads(each) for each in said.splitlines()]


@contextlib.contextmanager
def a_shop(more: str = "", *, poll_s: float = 0.05) -> Iterator[Shop]:
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(short_folder())
        printer = stack.enter_context(VirtualPrinter(drawer=VirtualDrawer()))
        ups = VirtualUps(speed=SPEED)
        server = stack.enter_context(NutServer({"till": ups}))
        poweroff = f'["touch", "{folder}/powered_off"]'
        toml = till_toml(folder, printer.address[1])
        toml += QUICK_RULES.format(poweroff=poweroff, more=more) + NUT.format(
            port=server.port, poll_s=poll_s
        )
        till = Till(folder, printer, toml)
        try:
            yield Shop(till, ups, server)
        finally:
            till.end()
        mistakes = till.mistakes()
        assert not mistakes, "\n".join(mistakes)


def test_mains_lost_in_a_sale_cost_no_sale_and_the_shop_comes_back_by_itself() -> None:
    with a_shop() as shop:
        till, ups = shop.till, shop.ups
        till.start()
        shop.until(pb.SUPPLY_ONLINE)
        first = till.calls.checkout.Checkout(cash_sale()).sale
        basket = Steps(till.calls, OPEN_SALE)
        basket.open()
        basket.put(line("l1"))
        ups.mains_off()
        shop.until(pb.SUPPLY_ON_BATTERY)
        basket.put(line("l2"))
        second = till.calls.checkout.Checkout(cash_sale()).sale
        ups.set("charge_percent", 18)
        shop.until(pb.SUPPLY_LOW_BATTERY)
        with refused(grpc.StatusCode.FAILED_PRECONDITION, "BATTERY_LOW"):
            till.calls.checkout.Checkout(cash_sale())
        assert till.await_exit() == 0
        assert (till.folder / "powered_off").exists()
        assert ups.wait_event("shutdown_armed", WAIT_S_MAX)
        ups.mains_on()
        # Told to cut and return, it does both, though the mains are back before it cuts.
        assert ups.wait(lambda now: not now.output, WAIT_S_MAX)
        assert ups.wait(lambda now: now.output, WAIT_S_MAX)
        shop.server.restart()
        ups.set("charge_percent", 60)

        till.start()
        status = till.calls.system.GetStatus(system_pb2.GetStatusRequest())
        assert status.recovery.clean_shutdown
        shop.until(pb.SUPPLY_ONLINE)
        waiting = till.calls.checkout.ListSuspended(checkout_pb2.ListSuspendedRequest()).sales
        assert [each.note for each in waiting] == ["power"]
        basket = Steps(till.calls, basket.sale_id)
        basket.version = waiting[0].sale.version
        basket.resume()
        basket.give(tender(1500))
        third = basket.complete()
        assert [s.receipt_number for s in (first, second, third)] == [1, 2, 3]
        await_job(till.calls, third.receipt_job_id, printer_pb2.JOB_STATE_CONFIRMED)
        # Each of the three once on paper: none lost, none doubled.
        assert paper_in(till.printer).originals == {1: 1, 2: 1, 3: 1}
        assert_journal_sound(till.calls)
        end_s = time.monotonic() + WAIT_S_MAX
        while True:
            (outage,) = till.calls.power.ListOutages(pb.ListOutagesRequest()).outages
            if outage.HasField("end_time"):
                break
            assert time.monotonic() < end_s
            PAUSE.wait(PAUSE_S)
        assert outage.worst == pb.SUPPLY_SHUTTING_DOWN
        assert outage.sales_kept >= 1
        till.stop()


def test_the_first_word_of_a_battery_is_in_the_journal_within_two_polls() -> None:
    poll_s = 0.5
    with a_shop(poll_s=poll_s) as shop:
        shop.till.start()
        shop.until(pb.SUPPLY_ONLINE)
        # Told to others only once it is durable.
        watch = shop.till.calls.power.WatchPower(pb.WatchPowerRequest(from_now=True))
        assert next(watch).HasField("caught_up")
        began_s = time.time()
        shop.ups.mains_off()
        while not next(watch).HasField("outage"):
            pass
        durable_s = time.time() - began_s
        watch.cancel()
        shop.until(pb.SUPPLY_ON_BATTERY)
        (record,) = [
            record
            for record in journal_records(shop.till.calls)
            if any(event.kind == "OutageBegan" for event in record.events)
        ]
        took_s = record.time.seconds + record.time.nanos / 1e9 - began_s
        print(f"OutageBegan {took_s:.3f} s after the mains went, durable after {durable_s:.3f} s")
        assert took_s <= durable_s <= 2 * poll_s
        shop.till.stop()


def test_a_till_that_is_killed_on_battery_goes_on_with_the_same_outage() -> None:
    with a_shop() as shop:
        shop.till.start()
        shop.until(pb.SUPPLY_ONLINE)
        shop.ups.mains_off()
        shop.until(pb.SUPPLY_ON_BATTERY)
        shop.till.kill()
        shop.till.start()
        found = shop.until(pb.SUPPLY_ON_BATTERY)
        assert found.outage.outage_id == "outage/1"
        shop.till.kill()
        shop.ups.mains_on()
        shop.till.start()
        shop.until(pb.SUPPLY_ONLINE)
        end_s = time.monotonic() + WAIT_S_MAX
        while True:
            (outage,) = shop.till.calls.power.ListOutages(pb.ListOutagesRequest()).outages
            if outage.HasField("end_time"):
                break
            assert time.monotonic() < end_s
            PAUSE.wait(PAUSE_S)
        assert outage.outage_id == "outage/1"
        shop.till.stop()


def test_a_server_that_is_gone_on_mains_stops_nothing() -> None:
    with a_shop(SOON_LOST) as shop:
        shop.till.start()
        shop.until(pb.SUPPLY_ONLINE)
        shop.server.refuse()
        shop.server.reset_clients()
        shop.until(pb.SUPPLY_COMM_LOST)
        assert shop.till.calls.checkout.Checkout(cash_sale()).sale.receipt_number == 1
        status = shop.till.calls.system.GetStatus(system_pb2.GetStatusRequest())
        assert list(status.modes) == [system_pb2.MODE_UPS_LOST]
        shop.server.accept()
        shop.until(pb.SUPPLY_ONLINE)
        shop.till.stop()


def test_a_technician_sees_the_power_tests_it_and_annotates_what_happened() -> None:
    with a_shop() as shop:
        shop.till.start()
        shop.until(pb.SUPPLY_ONLINE)
        said = shop.ctl("power")
        assert "On mains, with a battery behind it." in said
        assert "charge 100 %" in said
        assert "No outage is on record." in shop.ctl("outage", "list")

        assert "has begun" in shop.ctl("power", "test")
        end_s = time.monotonic() + WAIT_S_MAX
        while True:
            (test,) = shop.till.calls.power.ListSelfTests(pb.ListSelfTestsRequest()).self_tests
            if test.result != pb.SELF_TEST_RESULT_RUNNING:
                break
            assert time.monotonic() < end_s, test
            PAUSE.wait(PAUSE_S)
        assert test.result == pb.SELF_TEST_RESULT_PASSED, test
        (answer,) = shop.ctl_json("power")
        assert answer["last_test"]["result"] == "SELF_TEST_RESULT_PASSED"
        assert answer["power"]["supply"] == "SUPPLY_ONLINE"

        missing = shop.ctl("power", "preflight", status=1)
        assert "RIGHTS_UNPROVEN" not in missing
        assert "BATTERY_UNRECORDED" in missing
        drilled = shop.ctl_json("power", "drill", status=1)
        assert drilled[-1]["result"]["needed_s"] == 120

        shop.ups.mains_off()
        shop.until(pb.SUPPLY_ON_BATTERY)
        assert "On battery. Go on selling." in shop.ctl("power", status=1)
        shop.ups.mains_on()
        shop.until(pb.SUPPLY_ONLINE)
        said = shop.ctl(
            "outage",
            "annotate",
            "outage/1",
            "--cause",
            "cut-cable",
            "--note",
            "digger",
            "--expected",
            "2026-01-31T14:30",
        )
        assert "cut cable" in said
        assert "digger" in shop.ctl("outage", "show", "outage/1")
        (listed,) = shop.ctl_json("outage", "list")
        assert listed["cause"] == "OUTAGE_CAUSE_CUT_CABLE"
        assert "no such outage" in shop.ctl("outage", "show", "outage/7", status=1)
        shop.till.stop()


def test_upsmon_calls_tillctl_and_the_till_is_at_rest() -> None:
    with a_shop('master = "upsmon"') as shop:
        shop.till.start()
        shop.until(pb.SUPPLY_ONLINE)
        Steps(shop.till.calls, "basket").open()
        shop.till.sensor.open_by_key()
        sold = shop.till.calls.checkout.Checkout(card_sale()).sale
        said = shop.ctl("power", "settle", "--deadline", "5")
        assert "Sales put aside: basket." in said
        put_aside = next(
            event.sale_changed.sale
            for event in shop.till.calls.system.WatchEvents(system_pb2.WatchEventsRequest())
            if event.sale_changed.sale.state == checkout_pb2.SALE_STATE_SUSPENDED
        )
        assert (put_aside.sale_id, put_aside.version) == ("basket", 2)
        assert "Drawers that stand open: front_drawer." in said
        # The receipt of the last sale was waited for.
        job = shop.till.calls.printer.GetJob(printer_pb2.GetJobRequest(job_id=sold.receipt_job_id))
        assert job.job.state == printer_pb2.JOB_STATE_CONFIRMED
        assert "All is on disk" in said
        assert shop.ctl_json("power", "settle")[-1]["result"]["is_stored"] is True
        with refused(grpc.StatusCode.FAILED_PRECONDITION, "BATTERY_LOW"):
            shop.till.calls.checkout.Checkout(cash_sale(request_id=new_id()))
        assert shop.till.is_running()
        shop.till.stop()
        assert not (shop.till.folder / "powered_off").exists()
        assert not [event for event in shop.ups.events() if event.what == "shutdown_armed"]


@pytest.mark.parametrize("command", [("power",), ("outage", "list"), ("power", "preflight")])
def test_without_a_ups_tillctl_says_so(bare_till: Till, command: tuple[str, ...]) -> None:
    shop = Shop(bare_till, VirtualUps(), None)  # type: ignore[arg-type]
    said = shop.ctl(*command, status=0 if command == ("outage", "list") else 1)
    assert ("No UPS" in said) is (command != ("outage", "list"))

"""The whole daemon on a UPS that says what the test wants: outages, self-tests, batteries."""

from __future__ import annotations

import asyncio
import time
import uuid
from pathlib import Path

from tests.support.ctl import said_by_tillctl
from tests.support.powered import UPS, Powered, SpokenUps, powered, wait_for
from tests.support.powered_calls import kinds, open_sale, refused
from tests.support.sales import cash_sale, new_id
from tillhal.v1 import checkout_pb2, system_pb2
from tillhal.v1 import power_pb2 as pb
from tillhald.devices.power_supply import CommandOutcome, NotObeyed, Obeyed


def test_the_first_word_of_a_battery_is_durable_within_two_polls(folder: Path) -> None:
    async def go() -> None:
        async with powered(folder) as till:
            await till.until(pb.SUPPLY_ONLINE)
            watch = till.stubs.power.WatchPower(pb.WatchPowerRequest(from_now=True), timeout=10)
            seen = (message async for message in watch)
            assert (await anext(seen)).HasField("caught_up")
            began_s = time.monotonic()
            till.ups.say("OB DISCHRG", 99, 3000)
            message = await anext(seen)
            took_s = time.monotonic() - began_s
            assert message.outage.outage_id == "outage/1"
            assert took_s < 0.5, took_s
            assert not message.outage.HasField("end_time")
            message = await anext(seen)
            assert message.power.supply == pb.SUPPLY_ON_BATTERY
            assert message.power.suspend_offered
            assert not message.power.refuses_sales
            watch.cancel()

    asyncio.run(go())


def test_a_supply_that_flaps_fifty_times_is_one_outage_of_the_running_till(folder: Path) -> None:
    async def go() -> None:
        async with powered(folder, join_s=60) as till:
            await till.until(pb.SUPPLY_ONLINE)

            async def hears(word: str) -> None:
                async def heard() -> bool | None:
                    return True if word in (await till.power()).upses[0].flags else None

                await wait_for(heard)

            for _ in range(50):
                till.ups.say("OB DISCHRG", 95, 3000)
                await hears("OB")
                till.ups.say("OL CHRG", 95, 3000)
                await hears("OL")
            sold = await till.stubs.checkout.Checkout(cash_sale())
            assert sold.sale.receipt_number == 1
            listed = await till.stubs.power.ListOutages(pb.ListOutagesRequest())
            assert [outage.outage_id for outage in listed.outages] == ["outage/1"]
            assert not listed.outages[0].HasField("end_time")
            said = await kinds(till)
            assert said.count("OutageBegan") == 1
            assert said.count("OutageEnded") == 0
            assert till.ups.told == []

    asyncio.run(go())


def test_on_battery_the_till_sells_and_says_for_how_long_it_can(folder: Path) -> None:
    async def go() -> None:
        async with powered(folder) as till:
            await till.until(pb.SUPPLY_ONLINE)
            till.ups.say("OB DISCHRG", 80, 1200)
            found = await till.until(pb.SUPPLY_ON_BATTERY)
            assert (found.power.charge_percent, found.power.runtime_s) == (80, 1200)
            assert found.power.outage_id == found.outage.outage_id == "outage/1"
            sold = await till.stubs.checkout.Checkout(cash_sale())
            assert sold.sale.receipt_number == 1
            status = await till.stubs.system.GetStatus(system_pb2.GetStatusRequest())
            assert list(status.modes) == [system_pb2.MODE_ON_BATTERY]
            assert status.power.supply == pb.SUPPLY_ON_BATTERY
            till.ups.say("OL CHRG", 78, 1100)
            await till.until(pb.SUPPLY_ONLINE)

            async def ended() -> pb.Outage | None:
                listed = await till.stubs.power.ListOutages(pb.ListOutagesRequest())
                return listed.outages[0] if listed.outages[0].HasField("end_time") else None

            outage = await wait_for(ended)
            assert outage.sales_kept == 1
            assert outage.charge_min_percent == 80
            assert outage.worst == pb.SUPPLY_ON_BATTERY

    asyncio.run(go())


def test_an_outage_is_annotated_by_a_person_once_and_for_good(folder: Path) -> None:
    async def go() -> None:
        async with powered(folder) as till:
            await till.until(pb.SUPPLY_ONLINE)
            till.ups.say("OB", 90, 1500)
            await till.until(pb.SUPPLY_ON_BATTERY)
            request = pb.AnnotateOutageRequest(
                request_id=str(uuid.uuid4()),
                outage_id="outage/1",
                cause=pb.OUTAGE_CAUSE_CUT_CABLE,
                note="digger",
                utility_ref="T-4711",
            )
            request.expected_back_time.FromSeconds(1_900_000_000)
            first = await till.stubs.power.AnnotateOutage(request)
            again = await till.stubs.power.AnnotateOutage(request)
            assert not first.replayed
            assert again.replayed
            assert again.outage == first.outage
            unknown = pb.AnnotateOutageRequest(request_id=new_id(), outage_id="outage/9")
            await refused(till.stubs.power.AnnotateOutage(unknown), "OUTAGE_NOT_FOUND")
        async with powered(folder) as till:
            found = await till.stubs.power.GetOutage(pb.GetOutageRequest(outage_id="outage/1"))
            assert found.outage.cause == pb.OUTAGE_CAUSE_CUT_CABLE
            assert found.outage.note == "digger"
            await refused(
                till.stubs.power.GetOutage(pb.GetOutageRequest(outage_id="outage/2")),
                "OUTAGE_NOT_FOUND",
            )
            assert (await till.stubs.power.AnnotateOutage(request)).replayed

    asyncio.run(go())


def test_a_self_test_is_recorded_before_the_ups_is_told_and_its_result_after(folder: Path) -> None:
    async def go() -> None:
        ups = SpokenUps()
        ups.say("OL", 100, 3600, test="Done and passed")
        async with powered(folder, ups) as till:
            await till.until(pb.SUPPLY_ONLINE)

            def testing(_: str) -> CommandOutcome:
                ups.say("OL CAL", 99, 3500, test="In progress")
                return Obeyed()

            ups.on_command = testing
            request = pb.RunSelfTestRequest(
                request_id=new_id(), test_id="test-1", kind=pb.SELF_TEST_KIND_QUICK
            )
            begun = await till.stubs.power.RunSelfTest(request)
            assert begun.self_test.result == pb.SELF_TEST_RESULT_RUNNING
            assert begun.self_test.ups == UPS

            async def told() -> bool | None:
                return True if ups.told else None

            await wait_for(told)
            await refused(
                till.stubs.power.RunSelfTest(
                    pb.RunSelfTestRequest(
                        request_id=new_id(), test_id="test-2", kind=pb.SELF_TEST_KIND_DEEP
                    )
                ),
                "SELF_TEST_NOT_NOW",
            )

            async def labelled() -> pb.Ups | None:
                (shown,) = (await till.power()).upses
                return shown if shown.is_tested and "CAL" in shown.flags else None

            await wait_for(labelled)

            async def listed() -> pb.SelfTest | None:
                tests = await till.stubs.power.ListSelfTests(pb.ListSelfTestsRequest())
                # One more look before it is over: the test must have been seen under way.
                ups.say("OL", 98, 3500, test="Done and passed")
                is_over = tests.self_tests[0].result != pb.SELF_TEST_RESULT_RUNNING
                return tests.self_tests[0] if is_over else None

            test = await wait_for(listed)
            assert test.result == pb.SELF_TEST_RESULT_PASSED
            assert test.said == "Done and passed"
            assert ups.told == [("test.battery.start.quick", False)]
            assert (await till.power()).outage.outage_id == ""

    asyncio.run(go())


def test_a_deep_test_on_battery_is_ended_above_the_floor_and_is_no_outage(folder: Path) -> None:
    """Many units say OB in it, and would go on below the charge that is an outage to the till."""

    async def go() -> None:
        ups = SpokenUps()

        def obeys(name: str) -> CommandOutcome:
            ups.say("OL CHRG" if name == "test.battery.stop" else "OB DISCHRG", 96, 3500)
            return Obeyed()

        ups.on_command = obeys
        more = "shutdown_need_s = 1"  # and a second for the sale in hand
        async with powered(folder, ups, more=more) as till:
            await till.until(pb.SUPPLY_ONLINE)
            request = pb.RunSelfTestRequest(
                request_id=new_id(), test_id="deep", kind=pb.SELF_TEST_KIND_DEEP
            )
            await till.stubs.power.RunSelfTest(request)

            async def seen(charge: int) -> bool | None:
                (shown,) = (await till.power()).upses
                return True if "OB" in shown.flags and shown.charge_percent == charge else None

            await wait_for(lambda: seen(96))
            ups.say("OB DISCHRG", 31, 1200)
            await wait_for(lambda: seen(31))
            begun = (await till.stubs.power.ListSelfTests(pb.ListSelfTestsRequest())).self_tests[0]
            assert begun.result == pb.SELF_TEST_RESULT_RUNNING

            async def carried() -> bool | None:
                began_s = begun.begin_time.seconds + begun.begin_time.nanos / 1e9
                return True if time.time() > began_s + 3 else None

            await wait_for(carried)  # by its own rules this shop wants two seconds
            ups.say("OB DISCHRG", 30, 1200)

            async def over() -> pb.SelfTest | None:
                tests = await till.stubs.power.ListSelfTests(pb.ListSelfTestsRequest())
                is_over = tests.self_tests[0].result != pb.SELF_TEST_RESULT_RUNNING
                return tests.self_tests[0] if is_over else None

            test = await wait_for(over)
            assert (test.result, test.said) == (pb.SELF_TEST_RESULT_PASSED, "CARRIED_THE_LOAD")
            assert [name for name, _ in ups.told] == [
                "test.battery.start.deep",
                "test.battery.stop",
            ]
            power = await till.power()
            assert power.power.supply == pb.SUPPLY_ONLINE
            outages = await till.stubs.power.ListOutages(pb.ListOutagesRequest())
            assert not outages.outages

    asyncio.run(go())


def test_a_self_test_waits_for_no_sale_and_is_told_when_it_is_refused(folder: Path) -> None:
    async def go() -> None:
        ups = SpokenUps()
        ups.on_command = lambda _: NotObeyed("ACCESS-DENIED")
        async with powered(folder, ups) as till:
            await till.until(pb.SUPPLY_ONLINE)
            sale = await open_sale(till, "open")
            request = pb.RunSelfTestRequest(
                request_id=new_id(), test_id="test-1", ups=UPS, kind=pb.SELF_TEST_KIND_QUICK
            )
            await refused(till.stubs.power.RunSelfTest(request), "SELF_TEST_NOT_NOW")
            await till.stubs.checkout.CancelSale(
                checkout_pb2.CancelSaleRequest(
                    request_id=new_id(), sale_id="open", expected_version=sale.version
                )
            )
            await till.stubs.power.RunSelfTest(request)

            async def over() -> pb.SelfTest | None:
                tests = await till.stubs.power.ListSelfTests(pb.ListSelfTestsRequest())
                is_over = tests.self_tests[0].result != pb.SELF_TEST_RESULT_RUNNING
                return tests.self_tests[0] if is_over else None

            test = await wait_for(over)
            assert (test.result, test.said) == (pb.SELF_TEST_RESULT_REFUSED, "ACCESS-DENIED")
            other = pb.RunSelfTestRequest(
                request_id=new_id(), test_id="t", ups="nobody", kind=pb.SELF_TEST_KIND_QUICK
            )
            await refused(till.stubs.power.RunSelfTest(other), "UPS_NOT_FOUND")
            again = pb.RunSelfTestRequest(
                request_id=new_id(), test_id="test-1", ups=UPS, kind=pb.SELF_TEST_KIND_QUICK
            )
            await refused(till.stubs.power.RunSelfTest(again), "SELF_TEST_EXISTS")

    asyncio.run(go())


def test_a_battery_is_recorded_and_the_preflight_no_longer_misses_it(folder: Path) -> None:
    async def go() -> None:
        async with powered(folder) as till:
            await till.until(pb.SUPPLY_ONLINE)
            before = await till.stubs.power.Preflight(pb.PreflightRequest())
            codes = {finding.code for finding in before.findings}
            assert {"BATTERY_UNRECORDED", "RIGHTS_UNPROVEN", "SELF_TEST_OVERDUE"} <= codes
            assert "RETURN_MISSING" not in codes
            assert all(finding.advice for finding in before.findings)
            await till.stubs.power.RecordBatteryReplaced(
                pb.RecordBatteryReplacedRequest(
                    request_id=new_id(), fitted_on="2026-01-31", serial="B-1", fitted_by="ann"
                )
            )
            after = await till.stubs.power.Preflight(pb.PreflightRequest())
            assert codes - {f.code for f in after.findings} == {"BATTERY_UNRECORDED"}
            (shown,) = (await till.power()).upses
            assert shown.battery.fitted_on == "2026-01-31"
            for wrong in ("31.1.2026", "", "2026-02-30", "2999-01-01"):
                request = pb.RecordBatteryReplacedRequest(request_id=new_id(), fitted_on=wrong)
                await refused(till.stubs.power.RecordBatteryReplaced(request), "FIELD_INVALID")

    asyncio.run(go())


def test_a_watch_of_the_power_resumes_where_it_broke(folder: Path) -> None:
    async def go() -> None:
        async with powered(folder) as till:
            await till.until(pb.SUPPLY_ONLINE)
            till.ups.say("OB", 90, 1500)
            await till.until(pb.SUPPLY_ON_BATTERY)
            whole = await changes(till, 0)
            assert [each.WhichOneof("event") for each in whole] == ["power"] * 2 + [
                "outage",
                "power",
            ]
            assert await changes(till, whole[1].cursor) == whole[2:]

    async def changes(till: Powered, cursor: int) -> list[pb.WatchPowerResponse]:
        found = []
        watch = till.stubs.power.WatchPower(pb.WatchPowerRequest(cursor=cursor), timeout=10)
        async for message in watch:
            if message.HasField("caught_up"):
                watch.cancel()
                break
            found.append(message)
        return found

    asyncio.run(go())


def test_values_that_have_long_been_the_same_are_told_to_a_technician(folder: Path) -> None:
    """nut#2742: the cable is out, and the driver goes on telling what it last heard."""

    async def go() -> None:
        async with powered(folder) as till:
            await till.until(pb.SUPPLY_ONLINE)
            (shown,) = (await till.power()).upses
            assert not shown.HasField("unchanged_s")
            for seconds, told in ((3_599.0, False), (7_300.0, True)):
                till.ups.unchanged = seconds
                (shown,) = (await till.power()).upses
                assert shown.unchanged_s == seconds
                address = f"unix:{folder / 'api.sock'}"
                said = await asyncio.to_thread(said_by_tillctl, "power", "--address", address)
                assert ("the same for 2 h 1 min" in " ".join(said.split())) is told

    asyncio.run(go())


def test_the_last_two_hours_can_be_looked_at(folder: Path) -> None:
    async def go() -> None:
        async with powered(folder) as till:
            await till.until(pb.SUPPLY_ONLINE)
            till.ups.say("OB", 90, 1500)
            await till.until(pb.SUPPLY_ON_BATTERY)
            history = (await till.power(with_history=True)).history
            assert [point.supply for point in history][-2:] == [
                pb.SUPPLY_ONLINE,
                pb.SUPPLY_ON_BATTERY,
            ]
            assert history[-1].charge_percent == 90

    asyncio.run(go())

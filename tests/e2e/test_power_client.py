"""The client's methods for the power, with threads and with asyncio, against a till on a UPS."""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path

import pytest

from tests.support.powered import UPS, SpokenUps, powered
from tests.support.sales import cash_sale
from tillhal import AsyncTill, Till, errors
from tillhal.v1 import power_pb2 as pb

LATER = datetime.datetime(2030, 1, 31, 14, 30, tzinfo=datetime.UTC)
FITTED = datetime.date(2026, 1, 31)


def test_a_front_end_with_asyncio_has_every_call_of_the_power(folder: Path) -> None:
    async def go() -> None:
        ups = SpokenUps()
        async with powered(folder, ups) as shop, AsyncTill.connect(till_of(folder)) as till:
            await shop.until(pb.SUPPLY_ONLINE)
            watch = till.power.watch()
            seen = aiter(watch)
            assert (await anext(seen)).WhichOneof("event") == "caught_up"
            answer = await till.power.record_battery(FITTED, serial="B-1", fitted_by="ann")
            assert answer.battery.fitted_on == "2026-01-31"
            message = await anext(seen)
            assert (message.battery.serial, message.cursor > 0) == ("B-1", True)

            steps = [step async for step in till.power.drill()]
            assert steps[-1].result.needed_s == 120
            found = await till.power.preflight()
            codes = [(finding.code, finding.ups) for finding in found]
            (drill,) = await till.power.drills()
            assert [(lack.code, lack.ups) for lack in drill.lacks] == codes
            assert drill.took_ms == steps[-1].result.took_ms
            assert (await anext(seen)).drill == drill
            assert (await till.power.get()).last_drill == drill

            begun = await till.power.run_self_test("QUICK", test_id="test-1")
            assert begun.self_test.result == pb.SELF_TEST_RESULT_RUNNING
            ups.say("OL", test="Done and passed")
            assert (await till.power.self_tests())[0].test_id == "test-1"
            while (await anext(seen)).self_test.result != pb.SELF_TEST_RESULT_PASSED:
                pass

            ups.say("OB DISCHRG", 90, 1500)
            await shop.until(pb.SUPPLY_ON_BATTERY)
            said = await till.power.annotate_outage(
                "outage/1", "GRID", note="storm", utility_ref="T-1", expected_back=LATER
            )
            assert said.outage.expected_back_time.ToDatetime(datetime.UTC) == LATER
            assert await till.power.outage("outage/1") == said.outage
            assert (await till.power.outages()).outages[0] == said.outage
            with pytest.raises(errors.Refused) as refused:
                await till.power.outage("outage/7")
            assert refused.value.reason == "OUTAGE_NOT_FOUND"
            with pytest.raises(ValueError, match="time zone"):
                await till.power.annotate_outage(
                    "outage/1", "GRID", expected_back=LATER.replace(tzinfo=None)
                )
            watch.close()
            rested = [step async for step in till.power.prepare_for_power_loss(5)]
            assert rested[-1].result.is_stored
            with pytest.raises(errors.Refused):
                await till.send(cash_sale())

    asyncio.run(go())


def till_of(folder: Path) -> str:
    return f"unix:{folder / 'api.sock'}"


def test_a_program_with_threads_has_every_call_of_the_power(folder: Path) -> None:
    def looks() -> None:
        with Till.connect(till_of(folder)) as till:
            assert till.power.get(with_history=True).history
            assert till.power.record_battery(FITTED).battery.ups == UPS
            with till.power.watch(0) as watch:
                kinds = {next(watch).WhichOneof("event") for _ in range(2)}
            assert "power" in kinds
            assert list(till.power.drill())[-1].HasField("result")
            assert len(till.power.drills()) == 1
            assert till.power.preflight()
            assert till.power.run_self_test("DEEP").self_test.kind == pb.SELF_TEST_KIND_DEEP
            assert len(till.power.self_tests()) == 1
            assert list(till.power.outages().outages) == []
            with pytest.raises(errors.Refused):
                till.power.outage("outage/1")
            with pytest.raises(errors.Refused):
                till.power.annotate_outage("outage/1", "UNKNOWN")
            assert list(till.power.prepare_for_power_loss(5))[-1].result.is_stored
            with pytest.raises(errors.Refused):
                till.send(cash_sale())

    async def go() -> None:
        async with powered(folder) as shop:
            await shop.until(pb.SUPPLY_ONLINE)
            await asyncio.to_thread(looks)

    asyncio.run(go())


def test_a_drill_is_on_record_after_a_restart(
    folder: Path,
) -> None:
    async def go() -> None:
        async with powered(folder) as shop:
            await shop.until(pb.SUPPLY_ONLINE)
            async with AsyncTill.connect(till_of(folder)) as till:
                assert [step async for step in till.power.drill()]
        async with powered(folder), AsyncTill.connect(till_of(folder)) as till:
            (drill,) = await till.power.drills()
            assert drill.HasField("end_time")
            assert (await till.power.get()).last_drill == drill

    asyncio.run(go())

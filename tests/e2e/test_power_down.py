"""The whole daemon on a UPS that says what the test wants: going down, from low to the cut."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc

from tests.support.answers import refusal_of
from tests.support.powered import SOON_LOST, SpokenUps, powered, wait_for
from tests.support.powered_calls import kinds, open_sale, refused
from tests.support.sales import CASH, cash_sale, eur, new_id
from tillhal.v1 import checkout_pb2, system_pb2
from tillhal.v1 import power_pb2 as pb


def test_a_low_battery_refuses_new_sales_and_lets_the_one_in_hand_finish(folder: Path) -> None:
    async def go() -> None:
        async with powered(folder, more="") as till:
            await till.until(pb.SUPPLY_ONLINE)
            sale = await open_sale(till, "in-hand")
            till.ups.say("OB LB", 15, 290)
            await till.until(pb.SUPPLY_LOW_BATTERY)
            error = await refused(till.stubs.checkout.Checkout(cash_sale()), "BATTERY_LOW")
            assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
            assert refusal_of(error).has_retry
            given = await till.stubs.checkout.AddTender(
                checkout_pb2.AddTenderRequest(
                    request_id=new_id(),
                    sale_id="in-hand",
                    expected_version=sale.version,
                    tender=checkout_pb2.TenderInput(tender_id="t", type=CASH, amount=eur(750)),
                )
            )
            done = await till.stubs.checkout.CompleteSale(
                checkout_pb2.CompleteSaleRequest(
                    request_id=new_id(), sale_id="in-hand", expected_version=given.sale.version
                )
            )
            assert done.sale.receipt_number == 1
            till.ups.say("OL CHRG", 50, 1500)
            await till.until(pb.SUPPLY_ONLINE)
            sold = await till.stubs.checkout.Checkout(cash_sale())
            assert sold.sale.receipt_number == 2

    asyncio.run(go())


def test_a_battery_that_ends_settles_the_till_powers_off_and_tells_the_ups_to_return(
    folder: Path,
) -> None:
    async def go() -> None:
        ups = SpokenUps()
        async with powered(folder, ups) as till:
            await till.until(pb.SUPPLY_ONLINE)
            await open_sale(till, "in-hand")
            ups.say("OB LB", 15, 290)
            await till.until(pb.SUPPLY_LOW_BATTERY)
            await till.ended()
        # The host first, then the UPS: it saw the file that the power-off command made.
        assert ups.told == [("shutdown.return", True)]
        assert ups.closed
        ups = SpokenUps()
        ups.say("OL CHRG", 40, 1500)
        async with powered(folder, ups) as till:
            status = await till.stubs.system.GetStatus(system_pb2.GetStatusRequest())
            assert status.recovery.clean_shutdown
            assert list(status.recovery.interrupted_sale_ids) == []
            waiting = await till.stubs.checkout.ListSuspended(checkout_pb2.ListSuspendedRequest())
            assert [each.sale.sale_id for each in waiting.sales] == ["in-hand"]
            await till.until(pb.SUPPLY_ONLINE)
            resumed = await till.stubs.checkout.ResumeSale(
                checkout_pb2.ResumeSaleRequest(
                    request_id=new_id(),
                    sale_id="in-hand",
                    expected_version=waiting.sales[0].sale.version,
                )
            )
            assert resumed.sale.state == checkout_pb2.SALE_STATE_OPEN
            said = await kinds(till)
            order = ("PowerStateChanged", "OutageBegan", "SaleSuspended", "TillStopped")
            assert tuple(kind for kind in dict.fromkeys(said) if kind in order) == order

            async def ended() -> pb.Outage | None:
                listed = await till.stubs.power.ListOutages(pb.ListOutagesRequest())
                return listed.outages[0] if listed.outages[0].HasField("end_time") else None

            outage = await wait_for(ended)
            assert outage.worst == pb.SUPPLY_SHUTTING_DOWN
            listed = await till.stubs.power.ListOutages(pb.ListOutagesRequest())
            assert listed.statistics.shutdowns == 1

    asyncio.run(go())


def test_mains_that_come_back_in_the_settlement_do_not_leave_the_shop_dark(folder: Path) -> None:
    async def go() -> None:
        ups = SpokenUps()
        async with powered(folder, ups) as till:
            await till.until(pb.SUPPLY_ONLINE)
            # A card tender that nobody resolves holds the settlement up for its share of time.
            sale = await open_sale(till, "card")
            await till.stubs.checkout.AddTender(
                checkout_pb2.AddTenderRequest(
                    request_id=new_id(),
                    sale_id="card",
                    expected_version=sale.version,
                    tender=checkout_pb2.TenderInput(
                        tender_id="t", type=checkout_pb2.TENDER_TYPE_CREDIT_CARD, amount=eur(750)
                    ),
                    pending=True,
                )
            )
            ups.say("FSD OB LB", 10, 60)
            await till.until(pb.SUPPLY_SHUTTING_DOWN)
            ups.say("OL", 12, 70)
            await refused(till.stubs.checkout.Checkout(cash_sale()), "BATTERY_LOW")
            given = await till.stubs.checkout.GetSale(checkout_pb2.GetSaleRequest(sale_id="card"))
            await till.stubs.checkout.ResolveTender(
                checkout_pb2.ResolveTenderRequest(
                    request_id=new_id(),
                    sale_id="card",
                    expected_version=given.sale.summary.version,
                    tender_id="t",
                    outcome=checkout_pb2.TENDER_STATE_DECLINED,
                )
            )
            await till.ended()
        assert ups.told == [("shutdown.return", True)]

    asyncio.run(go())


def test_a_host_that_does_not_obey_is_cut_and_returned_all_the_same(folder: Path) -> None:
    async def go() -> None:
        ups = SpokenUps()
        async with powered(folder, ups, poweroff='["false"]') as till:
            await till.until(pb.SUPPLY_ONLINE)
            ups.say("FSD OB LB", 10, 60)
            await till.ended()
        assert ups.told == [("shutdown.return", False)]

    asyncio.run(go())


def test_the_preflight_names_what_the_ups_lacks(folder: Path) -> None:
    async def go() -> None:
        ups = SpokenUps()
        ups.commands_known = ()
        ups.values = {"ups.delay.shutdown": "20", "ups.delay.start": "20"}
        ups.say("OL", 100, 200, load=85)
        async with powered(folder, ups, more=SOON_LOST) as till:
            await till.until(pb.SUPPLY_ONLINE)
            found = await till.stubs.power.Preflight(pb.PreflightRequest())
            assert not found.is_ready
            assert {finding.code for finding in found.findings if finding.ups} >= {
                "RETURN_MISSING",
                "TEST_MISSING",
                "CUT_DELAY_SHORT",
                "RETURN_DELAY_SHORT",
                "RUNTIME_SHORT",
                "LOAD_HIGH",
            }
            ups.say(None)

            async def silent() -> bool | None:
                found = await till.stubs.power.Preflight(pb.PreflightRequest())
                return True if found.findings[0].code == "UPS_SILENT" else None

            await wait_for(silent)

    asyncio.run(go())


def test_a_shutdown_that_is_over_and_still_announced_is_named(folder: Path) -> None:
    """The next word of a battery, however short, would shut the till down."""

    async def go() -> None:
        ups = SpokenUps()
        ups.say("OL FSD")
        async with powered(folder, ups) as till:
            await till.until(pb.SUPPLY_ONLINE)
            found = await till.stubs.power.Preflight(pb.PreflightRequest())
            assert "FSD_STANDS" in {finding.code for finding in found.findings}
            ups.say("OL")  # upsd was started anew

            async def is_gone() -> bool | None:
                found = await till.stubs.power.Preflight(pb.PreflightRequest())
                return None if "FSD_STANDS" in {each.code for each in found.findings} else True

            await wait_for(is_gone)

    asyncio.run(go())


def test_a_drill_does_all_but_the_cut(folder: Path) -> None:
    async def go() -> None:
        ups = SpokenUps()
        async with powered(folder, ups) as till:
            await till.until(pb.SUPPLY_ONLINE)
            sale = await open_sale(till, "open")
            request = pb.RunDrillRequest(request_id=new_id())

            async def drill() -> list[pb.RunDrillResponse]:
                return [step async for step in till.stubs.power.RunDrill(request)]

            await refused(drill(), "SELF_TEST_NOT_NOW")
            await till.stubs.checkout.CancelSale(
                checkout_pb2.CancelSaleRequest(
                    request_id=new_id(), sale_id="open", expected_version=sale.version
                )
            )
            *steps, last = await drill()
            assert [step.progress.phase for step in steps] == [
                "preflight",
                "intake",
                "sales",
                "drawers",
                "printers",
                "storing",
                "power_off",
                "cut",
            ]
            assert last.result.needed_s == 120
            assert last.result.took_ms < 5_000
            assert ups.told == []
            assert not (folder / "powered_off").exists()
            assert (await till.stubs.checkout.Checkout(cash_sale())).sale.receipt_number == 1
            ups.say("OB", 90, 1500)
            await till.until(pb.SUPPLY_ON_BATTERY)
            await refused(drill(), "SELF_TEST_NOT_NOW")
            listed = await till.stubs.power.ListDrills(pb.ListDrillsRequest())
            assert len(listed.drills) == 1

    asyncio.run(go())


def test_upsmon_has_the_till_settle_and_shuts_the_host_down_itself(folder: Path) -> None:
    async def go() -> None:
        ups = SpokenUps()
        async with powered(folder, ups, more='master = "upsmon"') as till:
            await till.until(pb.SUPPLY_ONLINE)
            await open_sale(till, "in-hand")
            ups.say("OB LB", 5, 30)
            await till.until(pb.SUPPLY_LOW_BATTERY)
            request = pb.PrepareForPowerLossRequest(request_id=new_id(), deadline_s=5)
            steps = [step async for step in till.stubs.power.PrepareForPowerLoss(request)]
            result = steps[-1].result
            assert list(result.suspended_sale_ids) == ["in-hand"]
            assert result.is_stored
            again = [step async for step in till.stubs.power.PrepareForPowerLoss(request)]
            assert again[-1].result == result
            assert not till.running.done()
            await refused(till.stubs.checkout.Checkout(cash_sale()), "BATTERY_LOW")
        assert ups.told == []
        assert not (folder / "powered_off").exists()

    asyncio.run(go())


def test_a_till_without_a_ups_says_so_and_settles_all_the_same(folder: Path) -> None:
    async def go() -> None:
        async with powered(folder, has_ups=False) as till:
            status = await till.stubs.system.GetStatus(system_pb2.GetStatusRequest())
            assert list(status.modes) == []
            assert status.power.supply == pb.SUPPLY_UNPROTECTED
            found = await till.power()
            assert list(found.upses) == []
            assert list(found.advice) == []
            missing = await till.stubs.power.Preflight(pb.PreflightRequest())
            assert [finding.code for finding in missing.findings] == ["NO_UPS"]
            await open_sale(till, "in-hand")
            for wrong in (1, 301):
                request = pb.PrepareForPowerLossRequest(request_id=new_id(), deadline_s=wrong)

                async def settle(request: object = request) -> None:
                    async for _ in till.stubs.power.PrepareForPowerLoss(request):
                        pass

                await refused(settle(), "FIELD_INVALID")
            request = pb.PrepareForPowerLossRequest(request_id=new_id())
            steps = [step async for step in till.stubs.power.PrepareForPowerLoss(request)]
            assert list(steps[-1].result.suspended_sale_ids) == ["in-hand"]
        async with powered(folder, has_ups=False) as till:
            # A start is a new beginning: nothing is refused any more.
            assert (await till.stubs.checkout.Checkout(cash_sale())).sale.receipt_number == 1
            assert (await kinds(till)).count("PowerStateChanged") == 2

    asyncio.run(go())

"""Our client on a UPS that apcupsd knows: NIS, NUT's `apcupsd-ups` and a real `upsd` between."""

from __future__ import annotations

import asyncio

import pytest

from hwsim.ups.nis import NisServer
from hwsim.ups.real_nut import NutDriver, RealNut, why_not
from hwsim.ups.virtual import VirtualUps
from tillhald.devices.power_supply import NotObeyed
from tillhald.domain.power_sample import NoData, UpsSample
from tillhald.drivers.nut_ups.options import NutOptions
from tillhald.drivers.nut_ups.source import NutUps

SEEN_S_MAX = 30.0


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "NUT is there")
def test_an_outage_of_a_ups_under_apcupsd_is_heard_with_charge_and_runtime(
    virtual_ups: VirtualUps,
) -> None:
    async def main(port: int) -> None:
        options = NutOptions(
            upses=("till",), port=port, username="admin", password="pw", poll_s=0.05
        )
        source = NutUps("shop_ups", options)
        try:
            async with asyncio.timeout(SEEN_S_MAX):
                readings = source.readings()
                first = await anext(readings)
                assert isinstance(first, UpsSample)
                assert "OL" in first.flags
                assert first.charge_percent == 100
                assert first.runtime_s is not None
                assert 3000 < first.runtime_s < 3400
                virtual_ups.mains_off()
                virtual_ups.set("charge_percent", 15)
                async for said in readings:
                    if isinstance(said, UpsSample) and {"OB", "LB"} <= said.flags:
                        break
                # apcupsd takes no orders by this way: the till is told so, and not that it went.
                assert "shutdown.return" not in await source.commands("till")
                assert isinstance(await source.command("till", "shutdown.return"), NotObeyed)
                virtual_ups.set("mute", True)
                async for said in readings:
                    if isinstance(said, NoData) or "OB" not in said.flags:
                        break
        finally:
            source.close()

    with NisServer(virtual_ups) as nis:
        driver = NutDriver(
            driver="apcupsd-ups",
            port=f"127.0.0.1:{nis.port}",
            settings={"pollinterval": "1"},
        )
        with RealNut({"till": driver}) as nut:
            asyncio.run(main(nut.port))

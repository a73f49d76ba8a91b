"""What the power policy is told of UPSes on `upsd`: when all is well, and when it is not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwsim.ups.nut_server import NutServer
from hwsim.ups.real_nut import RealNut
from hwsim.ups.virtual import VirtualUps
from tillhald.devices.categories import How
from tillhald.devices.power_supply import NotObeyed, Obeyed, PerhapsObeyed
from tillhald.domain.power_sample import NoData, UpsSample
from tillhald.drivers.nut_ups.options import NutOptions
from tillhald.drivers.nut_ups.sample import sample_from
from tillhald.drivers.nut_ups.source import NutUps

SEEN_S_MAX = 30.0
Reading = UpsSample | NoData


def source_of(
    port: int, *upses: str, user: str = "admin", poll_s: float = 0.05, log_in: bool = False
) -> NutUps:
    options = NutOptions(
        upses=upses or ("till",),
        port=port,
        username=user,
        password="pw",
        poll_s=poll_s,
        log_in=log_in,
    )
    return NutUps("shop_ups", options)


async def heard(
    readings: AsyncIterator[Reading], wanted: Callable[[Reading], bool]
) -> list[Reading]:
    """All that was said up to the first that is wanted."""
    said: list[Reading] = []
    async with asyncio.timeout(SEEN_S_MAX):
        async for reading in readings:
            said.append(reading)
            if wanted(reading):
                return said
    raise AssertionError("readings never end")


def has(*words: str) -> Callable[[Reading], bool]:
    return lambda reading: isinstance(reading, UpsSample) and set(words) <= reading.flags


def silent(why: str) -> Callable[[Reading], bool]:
    return lambda reading: isinstance(reading, NoData) and reading.why == why


def test_an_outage_is_told_by_the_next_poll(
    virtual_ups: VirtualUps, virtual_upsd: NutServer
) -> None:
    async def main() -> None:
        source = source_of(virtual_upsd.port)
        readings = source.readings()
        (first,) = await heard(readings, has("OL"))
        assert isinstance(first, UpsSample)
        assert first.ups == "till"
        assert (first.charge_percent, first.load_percent, first.input_voltage) == (100, 23, 230)
        assert first.runtime_s is not None
        assert 3000 < first.runtime_s < 3400
        assert first.test_result == "No test initiated"
        virtual_ups.mains_off()
        said = await heard(readings, has("OB", "DISCHRG"))
        assert len(said) <= 2, "what was under way, and then it"
        assert isinstance(said[-1], UpsSample)
        assert said[-1].input_voltage == 0, "the rest is asked for at once, too"
        source.close()

    asyncio.run(main())


def test_several_upses_of_one_server_are_told_apart() -> None:
    one, other = VirtualUps(), VirtualUps()
    with NutServer({"one": one, "other": other}) as server:

        async def main() -> None:
            source = source_of(server.port, "one", "other", "none")
            readings = source.readings()
            other.mains_off()
            said = [await anext(readings) for _ in range(3)]
            assert [reading.ups for reading in said] == ["one", "other", "none"]
            assert has("OL")(said[0])
            assert has("OB")(said[1])
            assert silent("UNKNOWN-UPS")(said[2])
            source.close()

        asyncio.run(main())


@pytest.mark.parametrize(
    ("break_it", "mend_it", "why"),
    [
        (
            lambda server, ups: ups.set("mute", True),
            lambda server, ups: ups.set("mute", False),
            "DATA-STALE",
        ),
        (
            lambda server, ups: setattr(server.desk.served["till"], "driver_gone", True),
            lambda server, ups: setattr(server.desk.served["till"], "driver_gone", False),
            "DRIVER-NOT-CONNECTED",
        ),
        (
            lambda server, ups: (server.refuse(), server.reset_clients()),
            lambda server, ups: server.accept(),
            "UNREACHABLE",
        ),
        (
            lambda server, ups: setattr(server, "garbage", True),
            lambda server, ups: setattr(server, "garbage", False),
            "GARBLED",
        ),
        (
            lambda server, ups: setattr(server, "silent", True),
            lambda server, ups: setattr(server, "silent", False),
            "UNREACHABLE",
        ),
    ],
    ids=["stale", "driver gone", "no server", "garbage", "half-open"],
)
def test_silence_is_told_with_its_reason_and_ends_by_itself(
    virtual_ups: VirtualUps, virtual_upsd: NutServer, break_it, mend_it, why: str
) -> None:
    async def main() -> None:
        source = source_of(virtual_upsd.port)
        readings = source.readings()
        await heard(readings, has("OL"))
        assert source.variables("till")["battery.charge"].how is How.MEASURED
        break_it(virtual_upsd, virtual_ups)
        await heard(readings, silent(why))
        old = source.variables("till")["battery.charge"]
        assert (old.value, old.how) == ("100", How.STALE)
        virtual_ups.mains_off()
        mend_it(virtual_upsd, virtual_ups)
        said = await heard(readings, has("OB"))
        assert not any(has("OL")(reading) for reading in said), "nothing old is told again"
        assert source.variables("till")["battery.charge"].how is How.MEASURED
        source.close()

    asyncio.run(main())


def test_a_restart_of_the_server_is_hardly_noticed(
    virtual_ups: VirtualUps, virtual_upsd: NutServer
) -> None:
    async def main() -> None:
        source = source_of(virtual_upsd.port, user="mon", log_in=True)
        readings = source.readings()
        await heard(readings, has("OL"))
        for _ in range(5):
            virtual_upsd.restart()
            await heard(readings, has("OL"))
        assert len(virtual_upsd.desk.served["till"].logins) == 1, "it is counted again"
        source.close()

    asyncio.run(main())


def test_attempts_grow_rarer_and_time_goes_on_all_the_same() -> None:
    server = NutServer({"till": VirtualUps()})
    server.close()

    async def main() -> None:
        source = source_of(server.port)
        readings = source.readings()
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        said = [await anext(readings) for _ in range(20)]
        assert all(silent("UNREACHABLE")(reading) for reading in said)
        assert loop.time() - began_s < 10
        assert source._retry_s > 0.4
        source.close()

    asyncio.run(main())


def test_a_wrong_password_is_not_tried_at_every_poll(virtual_upsd: NutServer) -> None:
    options = NutOptions(
        upses=("till",), port=virtual_upsd.port, username="mon", password="no", log_in=True,
        poll_s=0.05,
    )  # fmt: skip

    async def main() -> None:
        source = NutUps("shop_ups", options)
        readings = source.readings()
        said = [await anext(readings) for _ in range(10)]
        assert all(silent("ACCESS-DENIED")(reading) for reading in said)
        assert source._retry_s > 0.2
        source.close()

    asyncio.run(main())


def test_the_reader_may_be_cancelled_at_any_moment_and_read_on(virtual_upsd: NutServer) -> None:
    async def main() -> None:
        source = source_of(virtual_upsd.port, poll_s=0.05)
        for turns in range(40):
            reader = asyncio.ensure_future(anext(source.readings()))
            for _ in range(turns):
                await asyncio.sleep(0)
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
        await heard(source.readings(), has("OL"))
        source.close()

    asyncio.run(main())


def test_deeds_have_outcomes(virtual_ups: VirtualUps, virtual_upsd: NutServer) -> None:
    async def main() -> None:
        source = source_of(virtual_upsd.port)
        assert "shutdown.return" in await source.commands("till")
        assert await source.command("till", "test.battery.start.quick") == Obeyed()
        assert await source.command("till", "test.battery.start.quick") == NotObeyed("FAILED")
        assert await source.command("till", "no.such") == NotObeyed("CMD-NOT-SUPPORTED")
        assert await source.set_variable("till", "ups.delay.shutdown", "60") == Obeyed()
        assert await source.set_variable("till", "ups.model", "x") == NotObeyed("READONLY")
        virtual_upsd.late_s = 3.0
        said = await source.command("till", "beeper.toggle")
        assert isinstance(said, PerhapsObeyed)
        virtual_upsd.late_s = 0.0
        assert await source.force_shutdown("till") == Obeyed()
        await heard(source.readings(), has("FSD"))
        virtual_upsd.close()
        async with asyncio.timeout(SEEN_S_MAX):
            while source.client.connected:
                await asyncio.sleep(0.005)
        assert await source.command("till", "load.off") == NotObeyed("UNREACHABLE")
        source.close()

    asyncio.run(main())


def test_how_long_nothing_has_changed_is_known(
    virtual_ups: VirtualUps, virtual_upsd: NutServer
) -> None:
    async def main() -> None:
        source = source_of(virtual_upsd.port)
        assert source.unchanged_s("till") is None
        readings = source.readings()
        await heard(readings, has("OL"))
        for _ in range(4):
            await anext(readings)
        before_s = source.unchanged_s("till")
        assert before_s is not None
        assert before_s > 0.1
        virtual_ups.mains_off()
        await heard(readings, has("OB"))
        after_s = source.unchanged_s("till")
        assert after_s is not None
        assert after_s < before_s
        source.close()

    asyncio.run(main())


# --- the sample


@pytest.mark.parametrize(
    "text", ["0", "65535", "4294967295", "-1", "nan", "inf", "", "n/a", "1e400"]
)
def test_a_runtime_that_cannot_be_is_not_known(text: str) -> None:
    assert sample_from("till", "OB", {"battery.runtime": text}).runtime_s is None


def test_words_are_a_set_and_strange_ones_are_kept() -> None:
    sample = sample_from("till", "OB OFF OB ECO", {})
    assert sample.flags == {"OB", "OFF", "ECO"}
    assert sample.charge_percent is None


@given(
    st.text(max_size=300),
    st.dictionaries(
        st.sampled_from(
            ["battery.charge", "battery.runtime", "ups.load", "input.voltage", "ups.test.result"]
        ),
        st.one_of(st.text(max_size=20), st.floats().map(str)),
    ),
)
def test_no_text_of_a_unit_makes_a_sample_that_cannot_be(status: str, found) -> None:
    sample = sample_from("till", status, found)
    assert sample.charge_percent is None or 0 <= sample.charge_percent <= 100
    assert sample.runtime_s is None or 0 < sample.runtime_s < 65535
    assert sample.input_voltage is None or 0 <= sample.input_voltage <= 1000


@pytest.mark.parametrize(
    ("table", "word"),
    [
        ({"upses": []}, "upses"),
        ({"upses": ["a", "a"]}, "upses"),
        ({"upses": ["a"], "host": "localhost"}, "numeric"),
        ({"upses": ["a"], "port": 0}, "port"),
        ({"upses": ["a"], "poll_s": 60}, "poll_s"),
        ({"upses": ["a"], "username": "x"}, "both"),
        ({"upses": ["a"], "log_in": True}, "log_in"),
        ({"upses": ["a"], "tls_name": "x"}, "ca_file"),
        ({"upses": ["a"], "username": "x", "password": "hunter\n2"}, "control"),
    ],
)
def test_options_that_can_never_work_are_refused(table, word: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=word) as caught:
        msgspec.convert(table, NutOptions)
    assert "hunter" not in str(caught.value)


# --- the real server


def test_with_a_real_upsd_a_driver_that_dies_and_a_restart_are_borne(
    virtual_ups: VirtualUps, real_nut: RealNut
) -> None:
    async def main() -> None:
        source = source_of(real_nut.port)
        readings = source.readings()
        await heard(readings, has("OL"))
        assert source.variables("till")["device.model"].value == "TILL850"
        virtual_ups.mains_off()
        await heard(readings, has("OB"))
        assert await source.command("till", "shutdown.return") == Obeyed()
        assert virtual_ups.wait_event("shutdown_armed", 5)
        assert await source.command("till", "shutdown.stop") == Obeyed()
        real_nut.stop("till")
        await heard(readings, silent("DRIVER-NOT-CONNECTED"))
        real_nut.start_driver("till")
        await heard(readings, has("OB"))
        real_nut.stop("upsd")
        await heard(readings, silent("UNREACHABLE"))
        real_nut.start_upsd()
        await heard(readings, has("OB"))
        virtual_ups.set("mute", True)
        await heard(readings, silent("DATA-STALE"))
        virtual_ups.set("mute", False)
        virtual_ups.mains_on()
        await heard(readings, has("OL"))
        source.close()

    asyncio.run(main())


def test_with_dummy_ups_the_words_that_q1_lacks_are_heard(dummy_nut: RealNut) -> None:
    async def main() -> None:
        source = source_of(dummy_nut.port)
        readings = source.readings()
        await heard(readings, has("OL"))
        for status in ("OL RB BOOST", "OB DISCHRG LB", "OL TRIM OVER", "OL CAL BYPASS OFF"):
            assert await source.set_variable("till", "ups.status", status) == Obeyed()
            await heard(readings, has(*status.split()))
        assert await source.set_variable("till", "ups.test.result", "Done and passed") == Obeyed()
        said = await heard(
            readings, lambda r: isinstance(r, UpsSample) and r.test_result.startswith("Done")
        )
        assert said[-1].test_result == "Done and passed"
        client = source.client
        assert await client.protocol_version() == "1.3"
        assert "upsd" in await client.server_version()
        assert list(await client.upses()) == ["till"]
        assert "ups.status" in await client.writable("till")
        assert await client.commands("till") == ["load.off"]
        assert await client.description("till", "battery.charge")
        assert await client.command_description("till", "load.off")
        assert (await client.logins("till"), await client.clients("till")) == (0, [])
        other = source_of(dummy_nut.port, user="mon", log_in=True)
        assert await other.client.logins("till") == 1
        assert await other.command("till", "load.off") == NotObeyed("ACCESS-DENIED")
        other.close()
        # dummy-ups has one command, and does not know it: OK would have been a lie.
        assert await source.command("till", "load.off") == NotObeyed("UNKNOWN")
        assert await source.command("till", "test.battery.start") == NotObeyed("CMD-NOT-SUPPORTED")
        assert await source.force_shutdown("till") == Obeyed()
        await heard(readings, has("FSD"))
        source.close()

    asyncio.run(main())

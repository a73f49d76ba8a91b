"""A person shuts the host down: logind waits until the till is at rest."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from tests.support.logind import a_logind, why_not
from tests.support.powered import SpokenUps, powered, wait_for
from tests.support.powered_calls import open_sale, refused
from tests.support.sales import cash_sale
from tillhal.v1 import checkout_pb2, system_pb2
from tillhal.v1 import power_pb2 as pb
from tillhald.service.dbus import Bus, BusError, decoded, encoded, size_of, texts_body
from tillhald.service.inhibitor import SYSTEM_BUS, system_bus

needs_bus = pytest.mark.skipif(bool(why_not()), reason=why_not() or "there is a bus")
HOLD = "hold_shutdowns = true"


async def until(is_so: object) -> None:
    async def look() -> bool | None:
        return True if is_so() else None  # type: ignore[operator]

    await wait_for(look)


@needs_bus
def test_a_shutdown_waits_until_sales_are_put_aside_and_is_then_let_go(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> None:
        async with a_logind(folder) as (path, logind):
            monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={path}")
            ups = SpokenUps()
            async with powered(folder, ups, more=HOLD) as till:
                await till.until(pb.SUPPLY_ONLINE)
                await until(logind.is_held)
                what, who, _, mode = logind.asked[0]
                assert (what, who, mode) == ("shutdown", "tillhald", "delay")
                found = await till.stubs.power.Preflight(pb.PreflightRequest())
                assert "SHUTDOWNS_NOT_HELD" not in {each.code for each in found.findings}
                await open_sale(till, "in-hand")
                await logind.announce(begins=True)
                await until(lambda: not logind.is_held())
                # Let go only after the settlement: the sale is put aside already.
                listed = await till.stubs.checkout.ListSuspended(
                    checkout_pb2.ListSuspendedRequest()
                )
                assert [each.sale.sale_id for each in listed.sales] == ["in-hand"]
                await refused(till.stubs.checkout.Checkout(cash_sale()), "BATTERY_LOW")
                # Somebody gives it up: the next one is held up again.
                await logind.announce(begins=False)
                await until(lambda: len(logind.locks) == 2 and logind.is_held())
            assert not logind.is_held(), "a daemon that ends holds nothing up"
            # The host was not the till's to power off, nor the UPS to cut.
            assert ups.told == []
            assert not (folder / "powered_off").exists()
            async with powered(folder, more=HOLD) as till:
                status = await till.stubs.system.GetStatus(system_pb2.GetStatusRequest())
                assert status.recovery.clean_shutdown

    asyncio.run(go())


@needs_bus
def test_a_logind_that_refuses_is_named_by_the_preflight_and_stops_no_sale(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> None:
        async with a_logind(folder, refuses=True) as (path, logind):
            monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={path}")
            async with powered(folder, more=HOLD) as till:
                await till.until(pb.SUPPLY_ONLINE)
                await until(lambda: logind.asked)
                assert (await till.stubs.checkout.Checkout(cash_sale())).sale.receipt_number == 1
                found = await till.stubs.power.Preflight(pb.PreflightRequest())
                assert "SHUTDOWNS_NOT_HELD" in {each.code for each in found.findings}

    asyncio.run(go())


def test_without_a_bus_the_till_sells(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={folder}/nobody")
        async with powered(folder, more=HOLD) as till:
            assert (await till.stubs.checkout.Checkout(cash_sale())).sale.receipt_number == 1

    asyncio.run(go())


def test_the_system_bus_is_where_the_environment_says() -> None:
    assert system_bus({}) == SYSTEM_BUS
    assert system_bus({"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/a/b,guid=1"}) == "/a/b"
    assert system_bus({"DBUS_SYSTEM_BUS_ADDRESS": "tcp:host=x"}) == SYSTEM_BUS


# --- the wire


def test_a_message_comes_back_as_it_was_sent() -> None:
    fields = {1: "/a", 2: "b.c", 3: "Do", 6: "d.e"}
    data = encoded(1, 7, fields, body=texts_body(["x", "Grüße"]), signature="ss")
    assert size_of(data[:16]) == len(data)
    message = decoded(data)
    assert (message.kind, message.texts, message.member) == (1, fields, "Do")
    assert message.body == texts_body(["x", "Grüße"])


@pytest.mark.parametrize(
    "data", [b"l\1\0\1" + b"\xff" * 12, b"x\1\0\1" + b"\0" * 12, b"l\1\0\2" + b"\0" * 12]
)
def test_a_beginning_that_cannot_be_is_refused(data: bytes) -> None:
    with pytest.raises(BusError):
        size_of(data)


def test_every_cut_or_flipped_message_is_read_or_refused_and_nothing_else() -> None:
    whole = encoded(2, 7, {7: ":1.5", 6: ":1.6"}, body=texts_body(["x"]), signature="s")
    for at in range(16, len(whole)):
        for data in (whole[:at], whole[:at] + bytes((whole[at] ^ 0x41,)) + whole[at + 1 :]):
            try:
                decoded(data)
            except BusError:
                pass


def test_something_else_at_the_socket_is_no_bus(folder: Path) -> None:
    async def go() -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(folder / "other"))
            server.listen()
            server.setblocking(False)

            async def says() -> None:
                link, _ = await asyncio.get_running_loop().sock_accept(server)
                with link:
                    link.send(b"220 mail ready\r\n")
                    link.shutdown(socket.SHUT_WR)

            saying = asyncio.create_task(says())
            with pytest.raises(BusError):
                async with Bus(str(folder / "other")):
                    pass
            await saying

    asyncio.run(go())

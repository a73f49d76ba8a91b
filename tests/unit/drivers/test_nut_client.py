"""The client of `upsd` against the simulator's server, and against servers that are not well."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hwsim.ups.mechanism import UpsSpec
from hwsim.ups.nut_server import NutServer
from hwsim.ups.virtual import VirtualUps
from tillhald.drivers.nut_ups import errors
from tillhald.drivers.nut_ups.client import NutClient, NutServerAddress, Outcome
from tillhald.drivers.nut_ups.errors import NutError, NutGarbled, NutGone, NutRefused
from tillhald.drivers.nut_ups.wire import LINE_BYTES_MAX

CANCELLED_CALLS = 1_000
PLENTY_S = 20.0


def client_of(
    server: NutServer, user: str = "", password: str = "pw", *, deadline_s: float = 5.0
) -> NutClient:
    address = NutServerAddress(port=server.port, username=user, password=password if user else "")
    return NutClient(address, deadline_s=deadline_s)


def asked(
    ask: Callable[[NutClient], Awaitable[object]],
    server: NutServer,
    user: str = "",
    *,
    deadline_s: float = 5.0,
) -> object:
    async def main() -> object:
        client = client_of(server, user, deadline_s=deadline_s)
        try:
            return await ask(client)
        finally:
            client.close()

    return asyncio.run(main())


def test_it_asks_all_that_the_protocol_has(virtual_ups: VirtualUps) -> None:
    with NutServer({"till": virtual_ups, "office": VirtualUps()}) as server:

        async def ask(client: NutClient) -> None:
            assert await client.protocol_version() == "1.3"
            assert "hwsim" in await client.server_version()
            assert set(await client.upses()) == {"till", "office"}
            variables = await client.variables("till")
            assert variables["ups.status"] == "OL"
            assert variables["ups.model"] == "TILL850"
            assert await client.variable("office", "battery.charge") == "100"
            assert "ups.id" in await client.writable("till")
            assert "shutdown.return" in await client.commands("till")
            assert "battery" in (await client.description("till", "battery.charge")).lower()
            assert "load" in (await client.command_description("till", "load.off")).lower()
            assert await client.logins("till") == 0
            assert await client.clients("till") == []

        asked(ask, server)


def test_a_variable_is_set_to_exactly_what_was_said() -> None:
    with NutServer({"till": VirtualUps()}) as server:

        async def ask(client: NutClient) -> None:
            for text in ('say "hi"', "a\\b", "", "电源", "  two  spaces "):
                assert await client.set_variable("till", "ups.id", text) is Outcome.DONE
                assert await client.variable("till", "ups.id") == text

        asked(ask, server, "admin")


def test_what_became_of_a_command_is_told_and_not_that_it_was_queued() -> None:
    ups = VirtualUps()
    with NutServer({"till": ups}) as server:

        async def ask(client: NutClient) -> None:
            assert await client.command("till", "test.battery.start.quick") is Outcome.DONE
            with pytest.raises(errors.CommandFailed):  # one test runs already
                await client.command("till", "test.battery.start.quick")
            assert await client.command("till", "test.battery.stop") is Outcome.DONE
            assert await client.command("till", "test.battery.start", "30") is Outcome.DONE

        asked(ask, server, "admin")
    assert [event.what for event in ups.events()].count("test_began") == 2


@pytest.mark.parametrize(
    ("ask", "user", "error"),
    [
        (lambda c: c.variable("none", "ups.status"), "", errors.UnknownUps),
        (lambda c: c.variables("none"), "", errors.UnknownUps),
        (lambda c: c.variable("till", "none"), "", errors.VariableUnknown),
        (lambda c: c.command("till", "load.off"), "", errors.NotLoggedIn),
        (lambda c: c.command("till", "none"), "admin", errors.CommandUnknown),
        (lambda c: c.command("till", "load.off"), "mon", errors.AccessDenied),
        (lambda c: c.set_variable("till", "ups.model", "x"), "admin", errors.ReadOnly),
        (lambda c: c.set_variable("till", "ups.id", "x" * 99), "admin", errors.ValueRefused),
        (lambda c: c.set_variable("till", "ups.id", "x"), "mon", errors.AccessDenied),
        (lambda c: c.force_shutdown("till"), "second", errors.AccessDenied),
    ],
)
def test_each_refusal_has_its_class(
    ask: Callable[[NutClient], Awaitable[object]], user: str, error: type[NutError]
) -> None:
    with NutServer({"till": VirtualUps()}) as server, pytest.raises(error) as caught:
        asked(ask, server, user)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("user", ["admin", "mon"])
def test_a_forced_shutdown_is_told_to_all(user: str) -> None:
    with NutServer({"till": VirtualUps()}) as server:

        async def ask(client: NutClient) -> None:
            await client.force_shutdown("till")
            assert "FSD" in (await client.variable("till", "ups.status")).split()

        asked(ask, server, user)


def test_who_hangs_on_a_ups_is_counted_for_as_long_as_it_is_connected() -> None:
    with NutServer({"till": VirtualUps()}) as server:

        async def main() -> None:
            address = NutServerAddress(
                port=server.port, username="mon", password="pw", log_in_to="till"
            )
            client = NutClient(address)
            assert await client.logins("till") == 1
            server.reset_clients()
            await until(lambda: not client.connected)
            assert await client.logins("till") == 1
            client.close()

        asyncio.run(main())


def test_stale_data_and_a_driver_that_is_gone_are_told_apart() -> None:
    ups = VirtualUps()
    with NutServer({"till": ups}) as server:

        async def ask(client: NutClient) -> None:
            ups.set("mute", True)
            with pytest.raises(errors.DataStale):
                await client.variable("till", "ups.status")
            ups.set("mute", False)
            server.desk.served["till"].driver_gone = True
            with pytest.raises(errors.DriverGone):
                await client.variables("till")
            server.desk.served["till"].driver_gone = False
            assert await client.variable("till", "ups.status") == "OL"

        asked(ask, server)


def test_an_unknown_error_word_is_kept_short() -> None:
    found = errors.refusal("X" * 1000)
    assert isinstance(found, errors.OtherRefusal)
    assert len(str(found)) <= errors.WORD_CHARS_MAX


# --- cancelled ----------------------------------------------------------------------------------


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_thousand_cancelled_calls_leave_no_answer_for_another_question(new_loop) -> None:
    """Each call is cancelled after another number of turns of the event loop: before it connects,
    as it waits its turn, within an answer. What is asked then is answered by its own answer."""
    seed = 20261122
    print("seed", seed)
    chance = random.Random(seed)

    async def main() -> tuple[int, int]:
        client = client_of(server)
        cancelled = calls = 0
        while cancelled < CANCELLED_CALLS:
            calls += 1
            slow = chance.choice([client.variables, client.commands, client.writable])
            task = asyncio.ensure_future(slow("till"))
            for _ in range(chance.randrange(8)):
                await asyncio.sleep(0)
            if chance.random() < 0.1:
                await asyncio.sleep(chance.random() * 0.002)
            task.cancel()
            # Asked before the cancelled one has come to its end.
            name, text = chance.choice([("ups.model", "TILL850"), ("ups.mfr", "HwSim")])
            assert await client.variable("till", name) == text, calls
            with contextlib.suppress(asyncio.CancelledError):
                await task
            cancelled += task.cancelled()
        client.close()
        return cancelled, calls

    with NutServer({"till": VirtualUps(UpsSpec(model="TILL850"))}) as server:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            cancelled, calls = runner.run(main())
    print(f"{cancelled} of {calls} calls were cancelled in time")
    assert cancelled == CANCELLED_CALLS


def test_a_deadline_while_others_wait_their_turn_breaks_nothing() -> None:
    with NutServer({"till": VirtualUps()}) as server:

        async def main() -> None:
            client = client_of(server, deadline_s=0.3)
            assert await client.variable("till", "ups.status") == "OL"
            server.late_s = 0.2
            found = await asyncio.gather(
                *(client.variable("till", "ups.mfr") for _ in range(4)), return_exceptions=True
            )
            assert found[0] == "HwSim"
            assert any(isinstance(each, NutGone) and not each.sent for each in found)
            server.late_s = 0.0
            assert await client.variable("till", "ups.model") == "TILL850"
            client.close()

        asyncio.run(main())


# --- servers that are not well ------------------------------------------------------------------


def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    with NutServer({"till": VirtualUps()}) as server:
        server.silent = True

        async def main() -> None:
            client = client_of(server, deadline_s=0.2)
            began_s = asyncio.get_running_loop().time()
            with pytest.raises(NutGone) as caught:
                await client.variable("till", "ups.status")
            assert caught.value.sent
            assert asyncio.get_running_loop().time() - began_s < 2
            server.silent = False
            assert await client.variable("till", "ups.status") == "OL"
            client.close()

        asyncio.run(main())


def test_a_command_that_nobody_answers_is_unknown_and_not_tried_again() -> None:
    ups = VirtualUps()
    with NutServer({"till": ups}) as server:

        async def main() -> Outcome:
            client = client_of(server, "admin", deadline_s=0.4)
            assert await client.set_variable("till", "ups.id", "x") is Outcome.DONE
            server.late_s = 0.6
            outcome = await client.command("till", "test.battery.start.quick")
            client.close()
            return outcome

        assert asyncio.run(main()) is Outcome.UNKNOWN
        assert ups.wait_event("command", 5)
    assert [event.what for event in ups.events()].count("test_began") == 1


def test_answers_that_come_byte_by_byte_are_whole() -> None:
    with NutServer({"till": VirtualUps()}) as server:
        server.dribble = True

        async def ask(client: NutClient) -> None:
            assert (await client.variables("till"))["ups.model"] == "TILL850"

        asked(ask, server)


def test_after_a_restart_of_the_server_the_next_question_is_answered() -> None:
    with NutServer({"till": VirtualUps()}) as server:

        async def ask(client: NutClient) -> None:
            assert await client.variable("till", "ups.status") == "OL"
            server.restart()
            await until(lambda: not client.connected)
            assert await client.variable("till", "ups.status") == "OL"

        asked(ask, server)


def test_no_server_is_told_at_once() -> None:
    server = NutServer({"till": VirtualUps()})
    server.close()
    with pytest.raises(NutGone) as caught:
        asked(lambda client: client.variable("till", "ups.status"), server)
    assert not caught.value.sent


def test_a_random_server_raises_nothing_but_our_errors() -> None:
    for seed in range(20):
        with NutServer({"till": VirtualUps()}, seed=seed) as server:
            server.garbage = True
            with pytest.raises(NutError):
                asked(lambda client: client.variables("till"), server, deadline_s=0.2)


@contextlib.asynccontextmanager
async def server_of(answer: bytes) -> AsyncIterator[int]:
    """A server that gives these bytes to whatever it is asked, and then hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.readline()
            writer.write(answer)
            await writer.drain()
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


NEARLY = st.lists(
    st.sampled_from(
        [
            b"BEGIN LIST VAR till\n",
            b'VAR till a "b"\n',
            b"END LIST VAR till\n",
            b"ERR \n",
            b"ERR\n",
            b"ERR DATA-STALE\n",
            b"OK\n",
            b"OK TRACKING x\n",
            b"\n",
            b'VAR till a "',
            b"NUMLOGINS till x\n",
        ]
    ),
    max_size=6,
).map(b"".join)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(max_size=400), NEARLY), st.integers(0, 4))
def test_whatever_bytes_come_nothing_but_our_errors_is_raised(answer: bytes, which: int) -> None:
    async def main() -> None:
        async with server_of(answer) as port:
            client = NutClient(NutServerAddress(port=port), deadline_s=PLENTY_S)
            asks: list[Callable[[], Awaitable[object]]] = [
                lambda: client.variables("till"),
                lambda: client.variable("till", "a"),
                lambda: client.command("till", "load.off"),
                lambda: client.logins("till"),
                client.protocol_version,
            ]
            with contextlib.suppress(NutError):
                await asks[which]()
            client.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    "answer",
    [
        b"x" * (LINE_BYTES_MAX + 1),
        b"BEGIN LIST VAR till\n" + b'VAR till a "b"\n' * 3000,
        b"OK\n" * 10_000,
        b'VAR other a "b"\n',
    ],
    ids=["a line without end", "a list without end", "lines without end", "another's answer"],
)
def test_more_than_was_asked_for_is_garbled(answer: bytes) -> None:
    async def main() -> None:
        async with server_of(answer) as port:
            client = NutClient(NutServerAddress(port=port), deadline_s=PLENTY_S)
            with pytest.raises((NutGarbled, NutGone)):
                await client.variables("till")
            assert not client.connected

    asyncio.run(main())


def test_a_password_is_in_no_error_and_no_text_of_ours() -> None:
    secret = "hunter-2-hunter"
    address = NutServerAddress(port=1, username="admin", password=secret)
    assert secret not in repr(address)
    with NutServer({"till": VirtualUps()}) as server:

        async def main() -> None:
            client = client_of(server, "admin", secret)
            with pytest.raises(NutRefused) as caught:
                await client.command("till", "load.off")
            assert isinstance(caught.value, errors.AccessDenied)
            assert secret not in repr(caught.value)
            client.close()

        asyncio.run(main())


async def until(wanted: Callable[[], bool], timeout_s: float = PLENTY_S) -> None:
    async with asyncio.timeout(timeout_s):
        while not wanted():
            await asyncio.sleep(0.005)

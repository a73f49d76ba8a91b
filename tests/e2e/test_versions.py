"""A front end of another major version is refused; one that lags behind is served, and told."""

from __future__ import annotations

import asyncio
import datetime
import json
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from tests.support.till import a_till
from tillhal import Advice, AsyncTill, UpgradeAdvice
from tillhal import Till as Client
from tillhal.channel import API, CLIENT_KEY
from tillhal.channel import VERSION as CLIENT_VERSION
from tillhal.v1 import checkout_pb2, journal_pb2, system_pb2
from tillhald import VERSION
from tillhald.rpc.access_rules import RULES
from tillhald.rpc.version_gate import ALWAYS_ANSWERED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.till import Till

ANSWER_S = 10.0
LATER = datetime.date.today() + datetime.timedelta(days=400)
TOLD = UpgradeAdvice(Advice.UPGRADE_BY, "99.0", LATER)


@pytest.fixture(scope="module")
def till() -> Iterator[Till]:
    """A till that wants newer clients, in more than a year."""
    more = f'[versions]\nminimum = "99.0"\nupgrade_by = "{LATER.isoformat()}"\n'
    with a_till(more=more) as running:
        yield running.start()


def said(client: str) -> tuple[tuple[str, str], ...]:
    return ((CLIENT_KEY, client),)


def refused(call: Any, client: str) -> dict[str, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call(client)
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    status = rpc_status.from_call(caught.value)
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.reason == "TOO_OLD"
    return dict(info.metadata)


def test_another_major_version_is_refused_in_calls_and_streams(till: Till) -> None:
    def sell(client: str) -> object:
        request = checkout_pb2.ListSalesRequest()
        return till.calls.checkout.ListSales(request, metadata=said(client))

    def watch(client: str) -> object:
        request = system_pb2.WatchEventsRequest(cursor=0)
        return next(till.calls.system.WatchEvents(request, metadata=said(client)))

    for call in (sell, watch):
        assert refused(call, "acme/1.0; api=0.9")["too_old"] == "front_end"
        facts = refused(call, "acme/1.0; api=2.0")
        assert facts == {
            "too_old": "till",
            "client": "acme/1.0",
            "client_api": "2.0",
            "till_version": VERSION,
            "till_api": API,
        }


def test_status_and_journal_are_given_to_anybody(till: Till) -> None:
    client = said("acme/1.0; api=2.0")
    status = till.calls.system.GetStatus(system_pb2.GetStatusRequest(), metadata=client)
    assert status.upgrade_advice.advice == system_pb2.ADVICE_TOO_OLD
    till.calls.journal.GetStatus(journal_pb2.JournalServiceGetStatusRequest(), metadata=client)
    stream = till.calls.journal.WatchJournal(
        journal_pb2.WatchJournalRequest(cursor=0), metadata=client
    )
    assert next(stream).record.seq == 1
    stream.cancel()


@pytest.mark.parametrize("client", ["", "acme/3.2; api=1.7", "nonsense", "x" * 4_000])
def test_who_says_nothing_or_fits_is_served_and_told_nothing(till: Till, client: str) -> None:
    metadata = said(client) if client else ()
    rpc = till.calls.checkout.ListSales
    _, call = rpc.with_call(checkout_pb2.ListSalesRequest(), metadata=metadata)
    assert "tillhal-upgrade" not in dict(call.trailing_metadata())


def test_the_client_says_what_it_is_and_hears_the_advice(till: Till) -> None:
    with Client.connect(till.address) as client:
        assert client.upgrade_advice is None
        client.list_devices()
        assert client.upgrade_advice == TOLD
        told = client.status().upgrade_advice
    assert told.client == f"python/{CLIENT_VERSION}; api={API}"
    assert (told.advice, told.minimum_version) == (system_pb2.ADVICE_UPGRADE_BY, "99.0")
    assert told.upgrade_by == LATER.isoformat()

    async def asked() -> UpgradeAdvice | None:
        async with AsyncTill.connect(till.address) as client:
            await client.list_devices()
            return client.upgrade_advice

    assert asyncio.run(asked()) == TOLD


def test_streams_carry_the_advice_at_their_end(till: Till) -> None:
    client = said("node/0.1.0; api=1.0")
    stream = till.calls.system.GetDiagnostics(
        system_pb2.GetDiagnosticsRequest(), metadata=client, timeout=60.0
    )
    assert list(stream)
    assert dict(stream.trailing_metadata())["tillhal-upgrade"].startswith("upgrade-by; minimum=99")


def test_the_log_tells_of_a_front_end_once_and_status_lists_it(till: Till) -> None:
    client = said("node/0.0.7; api=1.0")
    for _ in range(5):
        till.calls.checkout.ListSales(checkout_pb2.ListSalesRequest(), metadata=client)
    status = till.calls.system.GetStatus(system_pb2.GetStatusRequest())
    assert [one.client for one in status.outdated].count("node/0.0.7; api=1.0") == 1
    lines = [json.loads(line) for line in till.log_text().splitlines() if line.startswith("{")]
    told = [line for line in lines if line["event"] == "front_end_outdated"]
    assert [line["client"] for line in told].count("node/0.0.7; api=1.0") == 1


def test_what_is_always_answered_are_calls_of_the_contract() -> None:
    assert set(RULES) >= ALWAYS_ANSWERED
    assert len(ALWAYS_ANSWERED) == 3

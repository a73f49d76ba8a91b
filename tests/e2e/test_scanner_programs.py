"""A scanner as programs use it: the Python client, and tillctl."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.scanning import SCANNER, Focus, await_device, await_scanner, reason
from tillhal import Till as Client
from tillhal import errors
from tillhal.aio import AsyncTill
from tillhal.v1 import device_pb2, scanner_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hwsim.scanner import VirtualScanner
    from tests.support.till import Till

WECHAT = "134567890123456789"
RUN_S_MAX = 60.0


@pytest.fixture
def till(scanner_till: Till) -> Till:
    """A till with a scanner that nobody has."""
    return scanner_till


@pytest.fixture
def client(till: Till) -> Iterator[Client]:
    with Client.connect(till.address) as client:
        yield client


def is_claimed(device: device_pb2.Device) -> bool:
    return bool(device.claims)


# --- the client


def test_a_loop_over_a_scanner_acknowledges_what_it_has_dealt_with(
    client: Client, till: Till, scanner: VirtualScanner
) -> None:
    with client.scanner(purpose="the counter") as focus:
        scanner.burst(["A", "B", "C"], symbology="code128")
        first, second = next(focus), next(focus)
        assert (first.text, second.text) == ("A", "B")
        with Focus(till.calls, focus.lease) as again:  # A was acknowledged, B was not
            assert [scan.text for scan in again.next_scans(2)] == ["B", "C"]
    await_device(till.calls, lambda device: not device.claims, SCANNER)


def test_the_loop_ends_when_another_front_end_wants_the_scanner(
    client: Client, till: Till, scanner: VirtualScanner
) -> None:
    with client.scanner(purpose="first") as first, Client.connect(till.address) as other:
        scans: list[str] = []
        loop = threading.Thread(target=lambda: scans.extend(scan.text for scan in first))
        loop.start()
        with other.scanner(purpose="second", wait_s=10) as second:
            loop.join(RUN_S_MAX)
            assert not loop.is_alive()
            scanner.scan("SECOND", symbology="code128")
            assert next(second).text == "SECOND"
        assert scans == []


def test_a_front_end_that_needs_the_scanner_keeps_it(
    client: Client, till: Till, scanner: VirtualScanner
) -> None:
    asked: list[str] = []

    def keep(purpose: str) -> bool:
        asked.append(purpose)
        return True

    with (
        client.scanner(purpose="first", keep=keep) as first,
        Client.connect(till.address) as other,
    ):
        got: list[str] = []
        loop = threading.Thread(target=lambda: got.append(next(first).text))
        loop.start()
        with pytest.raises(errors.Claimed) as refusal, other.scanner(purpose="second", wait_s=2):
            pass
        assert refusal.value.metadata["held_for"] == "first"
        scanner.scan("STILL", symbology="code128")
        loop.join(RUN_S_MAX)
        assert (asked, got) == (["second"], ["STILL"])


def test_a_scanner_that_is_taken_by_force_raises_claim_lost(client: Client, till: Till) -> None:
    with client.scanner(purpose="first") as first, Client.connect(till.address) as other:
        with other.scanner(purpose="technician", force_reason="it hangs"):
            with pytest.raises(errors.ClaimLost):
                next(first)


def test_the_loop_goes_on_after_a_restart_of_the_till(
    client: Client, till: Till, scanner: VirtualScanner
) -> None:
    with client.scanner(purpose="the counter") as focus:
        scanner.scan("BEFORE", symbology="code128")
        assert next(focus).text == "BEFORE"
        token = focus.lease.fencing_token
        got: list[str] = []
        loop = threading.Thread(target=lambda: got.append(next(focus).text))
        loop.start()
        till.restart()
        await_scanner(till.calls)
        await_device(till.calls, is_claimed, SCANNER)
        scanner.scan("AFTER", symbology="code128")
        loop.join(RUN_S_MAX)
        assert got == ["AFTER"]
        assert focus.lease.fencing_token > token


def test_the_same_for_asyncio(till: Till, scanner: VirtualScanner) -> None:
    async def front_end() -> list[str]:
        async with AsyncTill.connect(till.address) as client:
            async with client.scanner(purpose="the counter") as focus:
                token = focus.lease.fencing_token
                await client.inject_scan("4006381333931", fencing_token=token)
                await client.soft_trigger(fencing_token=token)
                got = []
                async for scan in focus:
                    got.append(scan.text)
                    if len(got) == 2:
                        break
                    scanner.scan("ASYNC", symbology="code128")
                return got

    assert asyncio.run(front_end()) == ["4006381333931", "ASYNC"]


def test_a_drawer_or_any_device_can_be_claimed_and_released(client: Client) -> None:
    lease = client.claim_device(SCANNER, purpose="to look at it")
    assert lease.mode == device_pb2.CLAIM_MODE_CONTROL
    renewed = client.renew_claim(lease, ttl_s=60)
    assert renewed.expire_time.seconds > lease.expire_time.seconds
    client.release_claim(lease)
    with pytest.raises(errors.ClaimLost):
        client.release_claim(lease)
    with pytest.raises(errors.DeviceNotFound):
        client.claim_device("nothing", purpose="x")


# --- tillctl


STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _all_ended() -> Iterator[None]:
    """No tillctl outlives its test, however that ends."""
    yield
    while STARTED:
        process = STARTED.pop()
        if process.poll() is None:
            process.kill()
            process.communicate()


def start(till: Till, *words: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [Path(sys.executable).with_name("tillctl"), "scan", *words, "--address", till.address],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TERM": "dumb", "PYTHONUNBUFFERED": "1"},
    )
    STARTED.append(process)
    return process


def test_tillctl_shows_what_is_scanned_and_no_purse(till: Till, scanner: VirtualScanner) -> None:
    process = start(till, "--count", "4")
    await_device(till.calls, is_claimed)
    scanner.scan("4006381333931")
    scanner.scan(WECHAT, symbology="qr")
    scanner.scan("10ABC\x1d21XY", symbology="gs1_128")
    scanner.scan("4006381333931", wrong_check=True)
    out, err = process.communicate(timeout=RUN_S_MAX)
    assert (process.returncode, err) == (0, "")
    first, *lines, last = out.splitlines()
    assert first.startswith(f"{SCANNER} is yours")
    assert last == f"{SCANNER} is given back."
    assert "gtin" in lines[0]
    assert lines[0].endswith("4006381333931, ean 13, article 04006381333931")
    assert lines[1].endswith("(masked), 18 digits")
    assert WECHAT not in out
    assert lines[2].endswith("10ABC<1D>21XY, gs1 128, (10) ABC, (21) XY")
    assert "corrupt: digits are missing or wrong" in lines[3]


def test_tillctl_writes_scans_as_json_and_no_purse(till: Till, scanner: VirtualScanner) -> None:
    process = start(till, "--json", "--count", "2")
    await_device(till.calls, is_claimed)
    scanner.scan("4006381333931")
    scanner.scan(WECHAT, symbology="qr")
    out, _ = process.communicate(timeout=RUN_S_MAX)
    article, purse = map(json.loads, out.splitlines())
    assert (article["kind"], article["gtin14"]) == ("SCAN_KIND_GTIN", "04006381333931")
    assert (purse["kind"], purse["text"]) == ("SCAN_KIND_PAYMENT", "(masked)")
    assert "raw" not in purse
    assert WECHAT not in out


def test_ctrl_c_gives_the_scanner_back(till: Till) -> None:
    process = start(till)
    await_device(till.calls, is_claimed)
    assert process.stdout is not None
    assert process.stdout.readline().startswith(f"{SCANNER} is yours")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=RUN_S_MAX)
    assert (process.returncode, out, err) == (0, f"{SCANNER} is given back.\n", "")
    await_device(till.calls, lambda device: not device.claims)


def test_tillctl_says_who_has_the_scanner_and_takes_it_when_told_to(till: Till) -> None:
    with Focus(till.calls, purpose="the counter") as focus:
        process = start(till)
        _, err = process.communicate(timeout=RUN_S_MAX)
        assert (process.returncode, err) == (1, 'The scanner is in use: "the counter".\n')
        process = start(till, "--force", "the counter hangs")
        ended = focus.await_end()
        assert ended is not None
        assert reason(ended) == "CLAIM_LOST"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=RUN_S_MAX)


def test_a_payment_code_is_masked_also_when_its_message_is_printed_by_tillctl_only() -> None:
    """The message itself is the front end's: it must have the code."""
    scan = scanner_pb2.Scan(kind=scanner_pb2.SCAN_KIND_PAYMENT, text=WECHAT, raw=WECHAT.encode())
    from tillhald.ctl.scan import _as_json, _line

    assert WECHAT not in _line(scan)
    assert WECHAT not in json.dumps(_as_json(scan))

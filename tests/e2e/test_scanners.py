"""From the scanner's wire to the front end that has the focus, on a running daemon."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from hwsim.scanner import VirtualScanner
from tests.support.answers import head_seq, journal_records
from tests.support.scanning import (
    SCANNER,
    Focus,
    await_device,
    await_scanner,
    claim,
    device_events,
    reason,
    scanner_toml,
)
from tests.support.till import Till, a_till, short_folder
from tillhal.v1 import device_pb2, scanner_pb2

if TYPE_CHECKING:
    from tests.support.till import Calls

GTIN = "4006381333931"
WECHAT = "134567890123456789"
PLUGGED_S_MAX = 1.5
"""A second is promised; the rest is for a busy machine."""


@pytest.fixture
def till(scanner_till: Till) -> Till:
    """A till with a scanner that nobody has."""
    return scanner_till


@pytest.fixture
def calls(till: Till) -> Calls:
    return till.calls


def lost_as(calls: Calls, cursor: int, why: str) -> int:
    """How many scans were lost for this reason, by the first event that says so."""
    found = device_events(calls, cursor, device_pb2.DEVICE_EVENT_KIND_SCANS_LOST)
    return next(event.scans_lost.count for event in found if event.scans_lost.why == why)


def test_a_scan_that_nobody_takes_is_given_up_and_that_is_told(
    calls: Calls, scanner: VirtualScanner
) -> None:
    before = head_seq(calls)
    scanner.scan("NOBODY", symbology="code128")
    assert lost_as(calls, before, "NO_CONSUMER") == 1
    with Focus(calls) as focus:
        scanner.scan("LATER", symbology="code128")
        assert [scan.text for scan in focus.next_scans(1)] == ["LATER"]
        focus.release()


def test_a_scan_reaches_the_front_end_that_has_the_focus(
    focus: Focus, scanner: VirtualScanner
) -> None:
    scanner.scan(GTIN)
    (scan,) = focus.next_scans(1)
    assert (scan.raw, scan.text, scan.charset) == (GTIN.encode(), GTIN, "ascii")
    assert (scan.kind, scan.gtin14) == (scanner_pb2.SCAN_KIND_GTIN, "0" + GTIN)
    assert (scan.symbology, scan.aim_id) == (scanner_pb2.SYMBOLOGY_EAN_13, "]E0")
    assert scan.source == scanner_pb2.SYMBOLOGY_SOURCE_AIM
    assert scan.check_ok
    assert scan.device_id == SCANNER
    assert scan.age_ms < 1000


def test_gs1_codes_come_with_their_separators_and_taken_apart(
    focus: Focus, scanner: VirtualScanner
) -> None:
    code = b"010950110153000310ABC\x1d3922199"
    scanner.scan(code, symbology="gs1_128")
    (scan,) = focus.next_scans(1)
    assert scan.raw == code
    assert [(one.ai, one.value) for one in scan.elements] == [
        ("01", "09501101530003"),
        ("10", "ABC"),
        ("3922", "199"),
    ]
    assert (scan.price.unscaled, scan.price.scale) == (199, 2)


def test_a_burst_comes_whole_and_in_order(focus: Focus, scanner: VirtualScanner) -> None:
    codes = [f"CODE-{number}" for number in range(30)]
    scanner.burst(codes, symbology="code128")
    assert [scan.text for scan in focus.next_scans(30)] == codes
    cursors = [item.cursor for item in focus.heard]
    assert cursors == sorted(set(cursors))


def test_a_double_read_is_told_as_a_repeat(focus: Focus, scanner: VirtualScanner) -> None:
    scanner.scan(GTIN, double_read=True)
    first, second = focus.next_scans(2)
    assert (first.repeat, second.repeat) == (False, True)


def test_a_code_without_its_end_is_corrupt_and_holds_nothing(
    focus: Focus, scanner: VirtualScanner
) -> None:
    scanner.scan(GTIN, truncate=9)
    (scan,) = focus.next_scans(1)
    assert scan.corruption == scanner_pb2.SCAN_CORRUPTION_LINE_ERROR
    assert (scan.raw, scan.text) == (b"", "")
    scanner.scan(GTIN)
    assert focus.next_scans(2)[1].text == GTIN


def test_a_code_of_which_a_digit_is_wrong_is_corrupt(focus: Focus, scanner: VirtualScanner) -> None:
    scanner.scan(GTIN, wrong_check=True)
    (scan,) = focus.next_scans(1)
    assert scan.corruption == scanner_pb2.SCAN_CORRUPTION_CONTENT_WRONG
    assert scan.gtin14 == ""


def test_the_trigger_can_be_pulled_by_the_front_end(focus: Focus, scanner: VirtualScanner) -> None:
    scanner.present("BY-TRIGGER", symbology="code128")
    try:
        token = focus.lease.fencing_token
        focus.calls.scanner.SoftTrigger(scanner_pb2.SoftTriggerRequest(fencing_token=token))
        assert focus.next_scans(1)[0].text == "BY-TRIGGER"
        with pytest.raises(grpc.RpcError) as refusal:
            focus.calls.scanner.SoftTrigger(scanner_pb2.SoftTriggerRequest())
        assert reason(refusal.value) == "CLAIMED"
    finally:
        scanner.present(None)


# --- acknowledging, and coming back


def test_what_was_not_acknowledged_comes_again_to_the_same_claim(
    calls: Calls, scanner: VirtualScanner
) -> None:
    with Focus(calls) as focus:
        scanner.burst(["A", "B", "C"], symbology="code128")
        focus.next_scans(3)
        focus.acknowledge(focus.heard[0].cursor)
        focus.hang_up()
        with Focus(calls, focus.lease) as again:
            assert [scan.text for scan in again.next_scans(2)] == ["B", "C"]
            again.acknowledge()
        with Focus(calls, focus.lease) as third:
            scanner.scan("D", symbology="code128")
            assert [scan.text for scan in third.next_scans(1)] == ["D"]
            third.release()


def test_a_cursor_says_what_has_been_seen(calls: Calls, scanner: VirtualScanner) -> None:
    with Focus(calls) as focus:
        scanner.burst(["A", "B"], symbology="code128")
        focus.next_scans(2)
        focus.hang_up()
        with Focus(calls, focus.lease, focus.heard[0].cursor) as again:
            assert [scan.text for scan in again.next_scans(1)] == ["B"]
            again.release()


def test_a_scan_waits_a_moment_for_a_front_end(calls: Calls, scanner: VirtualScanner) -> None:
    scanner.scan("EARLY", symbology="code128")
    with Focus(calls) as focus:
        (scan,) = focus.next_scans(1)
        assert scan.text == "EARLY"
        focus.acknowledge()
        focus.release()


def test_what_one_front_end_was_sent_is_never_sent_to_another(
    calls: Calls, scanner: VirtualScanner
) -> None:
    with Focus(calls) as first:
        scanner.scan("FIRST", symbology="code128")
        first.next_scans(1)
        first.release()
    with Focus(calls) as second:
        scanner.scan("SECOND", symbology="code128")
        assert [scan.text for scan in second.next_scans(1)] == ["SECOND"]
        second.release()


# --- the cable


def test_a_cable_that_is_pulled_is_told_within_a_second_and_comes_back_by_itself(
    focus: Focus, scanner: VirtualScanner
) -> None:
    calls = focus.calls
    scanner.unplug()
    took_s = await_device(calls, lambda d: d.presence == device_pb2.PRESENCE_ABSENT)
    assert took_s < PLUGGED_S_MAX
    device = calls.device.GetDevice(device_pb2.GetDeviceRequest(device_id=SCANNER)).device
    assert [condition.code for condition in device.conditions] == ["UNREACHABLE"]
    assert device.power_state == device_pb2.POWER_STATE_OFF
    scanner.plug()
    took_s = await_device(calls, lambda d: d.presence == device_pb2.PRESENCE_PRESENT)
    assert took_s < PLUGGED_S_MAX
    scanner.scan(GTIN)
    (scan,) = focus.next_scans(1)  # the claim is the device's, and not the cable's
    assert scan.text == GTIN
    with pytest.raises(grpc.RpcError) as refusal:
        scanner.unplug()
        await_device(calls, lambda d: d.presence == device_pb2.PRESENCE_ABSENT)
        token = focus.lease.fencing_token
        calls.scanner.SoftTrigger(scanner_pb2.SoftTriggerRequest(fencing_token=token))
    assert reason(refusal.value) == "DEVICE_OFFLINE"
    scanner.plug()
    await_scanner(calls)


# --- what a person types


def test_what_is_typed_goes_the_way_of_a_scan_and_is_recorded(focus: Focus) -> None:
    before = head_seq(focus.calls)
    request = scanner_pb2.InjectScanRequest(
        request_id=str(uuid.uuid4()), text=GTIN, fencing_token=focus.lease.fencing_token
    )
    first = focus.calls.scanner.InjectScan(request)
    again = focus.calls.scanner.InjectScan(request)
    assert (first.kind, first.replayed, again.replayed) == (
        scanner_pb2.SCAN_KIND_GTIN,
        False,
        True,
    )
    (scan,) = focus.next_scans(1)
    assert (scan.text, scan.source) == (GTIN, scanner_pb2.SYMBOLOGY_SOURCE_KEYED)
    next(device_events(focus.calls, before, device_pb2.DEVICE_EVENT_KIND_SCAN_KEYED))
    assert any(GTIN in str(record) for record in journal_records(focus.calls, before))
    with pytest.raises(grpc.RpcError) as refusal:
        request.request_id, request.fencing_token = str(uuid.uuid4()), 0
        focus.calls.scanner.InjectScan(request)
    assert reason(refusal.value) == "CLAIMED"


# --- customers' money


def test_a_payment_code_is_in_no_log_no_journal_and_no_diagnostics(
    scanner: VirtualScanner, tmp_path: Path
) -> None:
    alipay, typed = "2812345678901234567", "134567890123456780"
    toml = (
        scanner_toml(scanner.at).replace(SCANNER, "purse_scanner")
        + '[log]\nlevel = "debug"\n[scan]\nrepeat_ms = 5000\nrepeats = "drop"\n'
    )
    with short_folder() as folder, VirtualScanner(folder / "s") as purse:
        toml = toml.replace(str(scanner.at), str(purse.at))
        with a_till() as till:
            till.config.write_text(
                till.config.read_text().replace('[log]\nlevel = "info"\n', "") + toml
            )
            till.start()
            await_scanner(till.calls, "purse_scanner")
            with Focus(till.calls, device_id="purse_scanner") as focus:
                purse.scan(WECHAT, symbology="qr", double_read=True)
                purse.scan(alipay, symbology="code128")
                purse.scan(alipay, truncate=12)
                till.calls.scanner.InjectScan(
                    scanner_pb2.InjectScanRequest(
                        request_id=str(uuid.uuid4()),
                        text=typed,
                        fencing_token=focus.lease.fencing_token,
                    )
                )
                scans = focus.next_scans(4)
                assert {s.text for s in scans} == {WECHAT, alipay, typed, ""}
                assert [s.kind for s in scans if s.text] == [scanner_pb2.SCAN_KIND_PAYMENT] * 3
                archive = tmp_path / "support.zip"
                subprocess.run(
                    [
                        Path(sys.executable).with_name("tillctl"),
                        "diagnostics",
                        "--out",
                        str(archive),
                        "--address",
                        till.address,
                    ],
                    check=True,
                    capture_output=True,
                    timeout=60,
                )
            till.stop()
            written = [path.read_bytes() for path in till.folder.rglob("*") if path.is_file()]
            import zipfile

            with zipfile.ZipFile(archive) as packed:
                written += [packed.read(name) for name in packed.namelist()]
    assert len(written) > 5
    for code in (WECHAT, alipay, typed):
        for part in (code, code[:12], code[-12:]):
            assert not any(part.encode() in content for content in written), part
    assert any(b"scan_read" in content for content in written), "the log was looked at"


# --- restarts, slow front ends


def test_a_restart_ends_claims_and_forgets_scans_and_says_so(
    till: Till, scanner: VirtualScanner
) -> None:
    with Focus(till.calls) as focus:
        scanner.scan(GTIN)
        focus.next_scans(1)
        cursor, token = focus.heard[-1].cursor, focus.lease.fencing_token
        till.restart()
        assert focus.heard[-1].WhichOneof("item") == "draining"
        await_scanner(till.calls)
        with pytest.raises(grpc.RpcError) as refusal:
            till.calls.device.RenewClaim(
                device_pb2.RenewClaimRequest(device_id=SCANNER, lease_id=focus.lease.lease_id)
            )
        assert reason(refusal.value) == "CLAIM_LOST"
    lease = claim(till.calls).lease
    assert lease.fencing_token > token
    with Focus(till.calls, lease, cursor) as again:
        scanner.scan("AFTER", symbology="code128")
        again.next_scans(1)
        assert [item.WhichOneof("item") for item in again.heard] == ["forgotten", "scan"]
        assert again.heard[-1].cursor > cursor
        again.release()


def test_a_front_end_that_does_not_acknowledge_holds_up_nobody_and_loses_the_oldest(
    calls: Calls, scanner: VirtualScanner
) -> None:
    before = head_seq(calls)
    with Focus(calls) as focus:
        codes = [f"N-{number}" for number in range(80)]
        for at in range(0, 80, 10):
            scanner.burst(codes[at : at + 10], symbology="code128")
            assert [scan.text for scan in focus.next_scans(at + 10)] == codes[: at + 10]
        assert lost_as(calls, before, "TOO_MANY") >= 1
        focus.hang_up()
        with Focus(calls, focus.lease) as again:
            assert [scan.text for scan in again.next_scans(64)] == codes[-64:]
            again.release()

"""A shop's UPS by hwsim.v1 and on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from hwsim.__main__ import main
from hwsim.shop import Shop
from hwsim.ups.wired import WiredUps
from hwsim.v1 import rig_pb2 as rig
from hwsim.v1 import ups_pb2 as wire
from hwsim.v1.rig_pb2_grpc import RigServiceStub
from hwsim.v1.ups_pb2_grpc import UpsServiceStub
from tests.unit.hwsim.ups.shop_ups import asked, events_of, until


@pytest.fixture
def stub(address: str) -> Iterator[UpsServiceStub]:
    with grpc.insecure_channel(address) as channel:
        yield UpsServiceStub(channel)


# --- hwsim.v1


def test_a_rig_makes_an_outage_and_sees_it(
    shop: Shop, stub: UpsServiceStub, wired: WiredUps
) -> None:
    stream = stub.WatchUps(wire.WatchUpsRequest(), timeout=20)
    first = next(stream).state
    assert (first.ups, list(first.words), first.output) == ("till_ups", ["OL", "CHRG"], True)
    stub.SetMains(wire.SetMainsRequest(on=False))
    assert list(next(stream).state.words) == ["OB", "DISCHRG"]
    stub.SetBattery(wire.SetBatteryRequest(charge_percent=10, load_percent=50, health_percent=40))
    # Each of the three may be seen alone.
    state = next(each.state for each in stream if round(each.state.health_percent) == 40)
    assert round(state.charge_percent) == 10
    assert round(state.load_percent) == 50
    assert {"OB", "LB", "RB"} <= set(state.words)
    stub.SetMains(wire.SetMainsRequest(volts=190))
    assert next(stream).state.mains_v == 190
    stream.cancel()
    assert "BOOST" in asked(wired.server.port)
    stub.SetMains(wire.SetMainsRequest(flapping=wire.Flapping(times=2, every_s=0.02)))
    assert until(lambda: events_of(shop).count("mains_back") == 3)


def test_a_rig_makes_faults_of_the_unit_and_of_the_way_to_it(
    stub: UpsServiceStub, wired: WiredUps
) -> None:
    stub.SetUpsFaults(
        wire.SetUpsFaultsRequest(
            low_at_once=True, frozen_charge=99, garbage_runtime="65535", alarm="hot",
            forced_shutdown=True, drop_at_transfer_s=2,
        )
    )  # fmt: skip
    stub.SetMains(wire.SetMainsRequest(on=False))
    wired.ups.set("drop_at_transfer_s", 0)
    faults = set(stub.GetUps(wire.GetUpsRequest()).state.faults)
    assert faults == {"low_at_once", "frozen_charge", "garbage_runtime", "alarm", "forced_shutdown"}
    stub.SetUpsFaults(wire.SetUpsFaultsRequest())
    assert list(stub.GetUps(wire.GetUpsRequest()).state.faults) == []
    port = wired.server.port
    stub.HealUps(wire.HealUpsRequest())
    stub.SetUpsWires(wire.SetUpsWiresRequest(driver_gone=True))
    assert asked(port) == "ERR DRIVER-NOT-CONNECTED"
    stub.SetUpsWires(wire.SetUpsWiresRequest(refuses=True, unplugged=True))
    with pytest.raises(ConnectionRefusedError):
        asked(port)
    assert set(stub.GetUps(wire.GetUpsRequest()).state.faults) == {"refuse", "unplug"}
    stub.SetUpsWires(
        wire.SetUpsWiresRequest(dribbles=True, late_ms=1, reset_now=True, restart_now=True)
    )
    assert asked(port).startswith("VAR till_ups")
    stub.SetUpsWires(wire.SetUpsWiresRequest())
    assert list(stub.GetUps(wire.GetUpsRequest()).state.faults) == []


def test_a_self_test_ends_as_its_faults_say_and_says_whether_it_began(
    stub: UpsServiceStub, wired: WiredUps
) -> None:
    wired.ups.speed = 1000
    for fails, result in ((False, "Done and passed"), (True, "Done and error")):
        stub.SetUpsFaults(wire.SetUpsFaultsRequest(test_fails=fails))
        assert stub.RunUpsSelfTest(wire.RunUpsSelfTestRequest(for_s=20)).began
        assert until(
            lambda result=result: stub.GetUps(wire.GetUpsRequest()).state.test_result == result
        )
    stub.SetMains(wire.SetMainsRequest(on=False))
    assert not stub.RunUpsSelfTest(wire.RunUpsSelfTestRequest()).began
    stub.SwitchUps(wire.SwitchUpsRequest(on=False))
    assert not stub.GetUps(wire.GetUpsRequest()).state.output
    stub.SwitchUps(wire.SwitchUpsRequest(on=True))
    assert stub.GetUps(wire.GetUpsRequest()).state.output


@pytest.mark.parametrize(
    ("call", "code", "details"),
    [
        (
            lambda s: s.SetMains(wire.SetMainsRequest()),
            grpc.StatusCode.INVALID_ARGUMENT,
            "mains: what happens to them?",
        ),
        (
            lambda s: s.SetMains(wire.SetMainsRequest(volts=1000)),
            grpc.StatusCode.INVALID_ARGUMENT,
            "`mains` is on, off, or 0 to 400 volts",
        ),
        (
            lambda s: s.SetBattery(wire.SetBatteryRequest(health_percent=0)),
            grpc.StatusCode.INVALID_ARGUMENT,
            "`health_percent` is a number from 1 to 100",
        ),
        (
            lambda s: s.SetMains(wire.SetMainsRequest(flapping=wire.Flapping())),
            grpc.StatusCode.INVALID_ARGUMENT,
            "`times` is from 1 to 1000",
        ),
        (
            lambda s: s.SetUpsWires(wire.SetUpsWiresRequest(late_ms=4_000_000)),
            grpc.StatusCode.INVALID_ARGUMENT,
            "delay_s is from 0 to 3600",
        ),
        (
            lambda s: s.GetUps(wire.GetUpsRequest(ups="hand_scanner")),
            grpc.StatusCode.NOT_FOUND,
            "hand_scanner is a scanner",
        ),
        (
            lambda s: list(s.WatchUps(wire.WatchUpsRequest(ups="x"))),
            grpc.StatusCode.NOT_FOUND,
            "there is no device 'x'",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(
    stub: UpsServiceStub,
    call: Callable[[UpsServiceStub], object],
    code: grpc.StatusCode,
    details: str,
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        call(stub)
    assert refused.value.code() is code
    assert refused.value.details().startswith(details)


def test_what_happens_to_a_ups_is_told_once_and_in_order(address: str, shop: Shop) -> None:
    with grpc.insecure_channel(address) as channel:
        stub = RigServiceStub(channel)
        (device,) = [
            each
            for each in stub.ListDevices(rig.ListDevicesRequest()).devices
            if each.kind == rig.DEVICE_KIND_UPS
        ]
        assert (device.name, device.host) == ("till_ups", "127.0.0.1")
        assert device.state["status"] == "OL CHRG"
        for _ in range(3):
            shop.handle("till_ups", "mains_off", {})
            shop.handle("till_ups", "mains_on", {})
        assert until(lambda: len(events_of(shop)) >= 12)
    assert events_of(shop) == ["mains_lost", "on_battery", "mains_back", "on_line"] * 3


# --- the commands


def hwsim(capsys: pytest.CaptureFixture[str], address: str, *words: str) -> tuple[int, str]:
    status = main([*words, "--socket", address])
    said = capsys.readouterr()
    return status, said.out + said.err


def test_a_person_handles_the_ups_of_a_shop(
    address: str, capsys: pytest.CaptureFixture[str], wired: WiredUps
) -> None:
    assert hwsim(capsys, address, "ups", "mains", "off") == (0, "till_ups: mains off\n")
    _, said = hwsim(capsys, address, "ups", "status")
    assert "0 V ──╳──┤ ████████████████░░░░  80 % ├──▶ on, load 23 %" in said
    assert "till_ups: OB DISCHRG; the battery lasts 42 min." in said
    assert hwsim(capsys, address, "ups", "fault") == (0, "till_ups: nothing is wrong\n")
    assert hwsim(capsys, address, "ups", "fault", "stuck-test") == (0, "till_ups: stuck-test\n")
    assert hwsim(capsys, address, "ups", "fault", "silent", "on")[1] == (
        "till_ups: stuck-test, silent\n"
    )
    assert "Wrong with it: stuck-test, silent." in hwsim(capsys, address, "ups", "status")[1]
    assert hwsim(capsys, address, "ups", "fault", "silent", "perhaps")[0] == 1
    assert hwsim(capsys, address, "ups", "mute", "off") == (0, "till_ups: mute off\n")
    assert hwsim(capsys, address, "ups", "flap", "2", "0.01")[0] == 0
    assert hwsim(capsys, address, "ups", "speed", "3")[0] == 0
    wired.ups.set("switch", "off")
    _, said = hwsim(capsys, address, "ups", "status")
    assert "──╳ off" in said
    assert "It is off." in said
    assert "Its time runs 3 times as fast as ours." in said
    assert hwsim(capsys, address, "ups", "heal")[0] == 0
    answer = json.loads(hwsim(capsys, address, "ups", "fault", "--json")[1])
    assert answer == {"device": "till_ups", "faults": []}
    _, said = hwsim(capsys, address, "status")
    assert "till_ups" in said.splitlines()[-1]
    assert "output on, charge 80 %" in said.splitlines()[-1]


def test_an_outage_from_a_file_comes_over_the_ups_of_a_shop(
    address: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, wired: WiredUps, shop: Shop
) -> None:
    file = tmp_path / "outage.toml"
    file.write_text(
        "speed = 100\nends_at_s = 60\n[ups]\ncharge_percent = 50\nload_percent = 100\n"
        '[[step]]\nat_s = 10\nmains = "off"\nrepeat = 2\nevery_s = 20\n'
        '[[step]]\nat_s = 50\nmains = "on"\n'
    )
    status, said = hwsim(capsys, address, "outage", str(file))
    assert status == 0
    assert (
        said.splitlines()[2:4]
        == [
            "    0.000 s  till_ups: charge_percent to=50",
            "    0.000 s  till_ups: load_percent to=100",
        ]
        or "   10.000 s  till_ups: mains to=off" in said.splitlines()
    )
    assert wired.ups.speed == 1
    assert until(lambda: events_of(shop).count("on_line") == 2)
    with wired.ups.now() as ups:
        # Forty of its seconds on battery, at full load, in less than one of ours.
        assert 0.2 < ups.battery.charge < 0.5
    told = [json.loads(line) for line in hwsim(
        capsys, address, "outage", str(file), "--json"
    )[1].splitlines()]  # fmt: skip
    assert told[-1]["do"] == "speed"
    file.write_text('speed = 9000\n[[step]]\nat_s = 0\nmains = "off"\n')
    status, said = hwsim(capsys, address, "outage", str(file))
    assert (status, said) == (1, "hwsim: speed is above 0 and at most 1000.\n")

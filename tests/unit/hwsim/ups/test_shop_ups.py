"""A UPS as one of a shop's devices: in plans, verbs and scenarios."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from hwsim.device_state import state_of
from hwsim.scenario import ScenarioError, run
from hwsim.scenario import parse as parse_scenario
from hwsim.shop import CannotStart, Shop
from hwsim.shop_plan import PlanError, parse
from hwsim.ups.real_nut import why_not
from hwsim.ups.virtual import VirtualUps
from hwsim.ups.wired import WiredUps
from hwsim.verbs import VERBS
from tests.unit.hwsim.ups.shop_ups import PLAN, asked, events_of, until

# --- the plan


def test_a_plan_gives_a_ups_its_wires_and_its_state(shop: Shop, wired: WiredUps) -> None:
    where = shop.find("till_ups").where
    assert where["ups"] == "till_ups"
    assert Path(str(where["device"])).is_symlink()
    assert asked(int(str(where["port"]))) == 'VAR till_ups ups.status "OL CHRG"'
    with socket.create_connection(("127.0.0.1", int(str(where["nis_port"]))), timeout=5) as nis:
        nis.sendall(b"\x00\x06status")
        assert nis.recv(2)
    assert state_of(wired)["charge_percent"] == 80
    shop.close()
    assert not Path(str(where["device"])).is_symlink()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("charge_percent = 101", "charge_percent: it is a number from 0 to 100"),
        ("load_percent = true", "load_percent: it is a number from 0 to 300"),
        ("port = 1.5", "port: it is a number from 0 to 65535"),
        ("nis_port = 3551", "nis_port: it needs nis = true"),
        ('speed = "fast"', "speed: it is a number"),
        ("colour = 1", "colour: unknown; a ups has port, at"),
    ],
)
def test_a_wrong_field_of_a_plan_is_named(line: str, said: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse(f'[devices.u]\nkind = "ups"\n{line}\n')
    assert said in str(caught.value)


def test_a_wire_that_is_taken_is_named_and_nothing_runs(tmp_path: Path) -> None:
    (tmp_path / "q1").write_text("somebody's")
    with pytest.raises(CannotStart, match="a wire of till_ups cannot be used: File exists"):
        Shop(parse(PLAN.format(at=tmp_path / "q1")), tmp_path / "shop").start()


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "NUT is there")
def test_a_shop_can_have_real_nut_on_its_ups(tmp_path: Path) -> None:
    plan = parse('[devices.till_ups]\nkind = "ups"\nreal_nut = true\ndummy_ups = true\n')
    with Shop(plan, tmp_path) as shop:
        where = shop.find("till_ups").where
        shop.handle("till_ups", "mains_off", {})
        for name in ("real_nut_port", "dummy_ups_port"):
            port = int(str(where[name]))
            assert until(lambda port=port: "OB" in asked(port)), name


# --- verbs and scenarios


def test_every_verb_can_be_done_and_taken_back(shop: Shop, wired: WiredUps) -> None:
    good: dict[str, object] = {
        "mains": "off",
        "switch": "on",
        "garbage_runtime": "65535",
        "alarm": "hot",
        "frozen_charge": "55",
        "speed": 2.0,
    }
    for do, verb in VERBS["ups"].items():
        if do == "heal":
            continue
        values: dict[str, object] = {}
        if "to" in verb.values() and type(None) not in verb.values()["to"]:
            values = {"to": good.get(do, 5)}
        elif do == "flap":
            values = {"times": 2, "every_s": 0.01}
        elif do == "answer_late":
            values = {"delay_s": 0.5}
        shop.handle("till_ups", do, values)
    shop.handle("till_ups", "unplug", {})
    assert "unplug" in state_of(wired)["faults"]  # type: ignore[operator]
    shop.handle("till_ups", "heal", {})
    state = state_of(wired)
    assert (state["faults"], state["output"], state["mains_v"]) == ([], "on", 230)
    assert asked(wired.server.port).startswith('VAR till_ups ups.status "OL')


def test_one_timeline_drives_printer_drawer_scanner_and_ups(shop: Shop, wired: WiredUps) -> None:
    kinds = {each.name: each.kind for each in shop.devices.values()}
    scenario = parse_scenario(
        '[[step]]\nat_s = 1\ndevice = "till_ups"\ndo = "mains"\nto = "off"\n'
        '[[step]]\nat_s = 2\ndevice = "front_printer"\ndo = "paper_out"\n'
        '[[step]]\nat_s = 3\ndevice = "front_drawer"\ndo = "open_by_key"\n'
        '[[step]]\nat_s = 4\ndevice = "hand_scanner"\ndo = "scan"\ncode = "6901234567892"\n'
        '[[step]]\nat_s = 5\ndevice = "till_ups"\ndo = "charge_percent"\nto = 12\n'
        '[[random]]\nfrom_s = 6\nuntil_s = 60\nevery_s = 5\ndevice = "till_ups"\n'
        'do = ["mains_off", "mute", "low_at_once", "silent", "refuse"]\nfor_s = [1, 2]\n',
        kinds,
    )
    done = list(run(scenario.timeline(seed=7), shop.handle, speed=200))
    assert [each.failure for each in done if each.failure] == []
    assert {each.step.device for each in done} == set(kinds)
    assert until(lambda: "on_battery" in events_of(shop))
    with wired.ups.now() as ups:
        assert ups.battery.charge * 100 == pytest.approx(12, abs=1)
    # Each fault that chance made was taken back.
    assert wired.ups.faults() == {}
    assert wired.wire_faults() == []


def test_mistakes_of_a_ups_in_a_timeline_are_named_before_its_first_step() -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(
            '[[step]]\nat_s = 1\ndevice = "u"\ndo = "mains"\nto = "maybe"\n'
            '[[step]]\nat_s = 1\ndevice = "u"\ndo = "charge_percent"\nto = 500\n'
            '[[step]]\nat_s = 1\ndevice = "u"\ndo = "mute"\nto = 3\n'
            '[[step]]\nat_s = 1\ndevice = "u"\ndo = "charge_percent"\n',
            {"u": "ups"},
        )
    for number, word in enumerate(("on, off", "from 0 to 100", "true or false", "needs"), start=1):
        assert f"step {number}" in caught.value.mistakes[number - 1]
        assert word in caught.value.mistakes[number - 1]


def test_mains_that_flap_come_back_and_a_hand_on_them_ends_it() -> None:
    now_s = 0.0
    ups = VirtualUps(clock=lambda: now_s)
    ups.flap(3, 10)
    now_s = 100
    edges = [(event.at_s, event.what) for event in ups.events() if "mains" in event.what]
    assert edges == [
        (0, "mains_lost"), (5, "mains_back"), (10, "mains_lost"),
        (15, "mains_back"), (20, "mains_lost"), (25, "mains_back"),
    ]  # fmt: skip
    ups.flap(1000, 1)
    now_s = 102.2
    ups.mains_off()
    now_s = 200
    assert "OB" in ups.words
    for times, every_s in ((0, 1), (1001, 1), (1, 0), (1, 1e9)):
        with pytest.raises(ValueError, match=r"times|every_s"):
            ups.flap(times, every_s)


def test_a_ups_whose_speed_changes_loses_no_time_and_gains_none() -> None:
    now_s = 5.0
    ups = VirtualUps(clock=lambda: now_s)
    now_s = 15.0
    ups.speed = 100
    now_s = 16.0
    with ups.now() as now:
        assert now.time_s == pytest.approx(110)
    with pytest.raises(ValueError, match="speed"):
        ups.speed = 0

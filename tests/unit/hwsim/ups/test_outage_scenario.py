"""Outages as files, and the terminal's commands for a UPS."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hwsim.__main__ import main
from hwsim.ups.real_nut import why_not
from hwsim.ups.scenario import ScenarioError, parse, play, run_through
from hwsim.ups.virtual import SETTINGS, VirtualUps, mistake

OUTAGE = """
speed = 400
seed = 7
ends_at_s = 400

[ups]
load_percent = 80
charge_percent = 60

[[step]]
at_s = 10
mains = "off"
low_at_once = true

[[step]]
at_s = 300
mains = "on"
low_at_once = false
"""
FLAPPING = (
    'speed = 50\nends_at_s = 60\n[[step]]\nat_s = 1\nmains = "off"\nrepeat = 50\nevery_s = 1\n'
)


def test_one_file_is_the_same_in_simulated_time_and_in_real_time() -> None:
    scenario = parse(OUTAGE)
    wanted = ["mains_lost", "on_battery", "mains_back", "on_line"]
    at_once = run_through(scenario)
    assert [event.what for event in at_once.events()] == wanted
    assert [event.at_s for event in at_once.events()] == [10, 10, 300, 300]
    with at_once.now() as ups:
        assert 0.1 < ups.battery.charge < 0.55
    ups_now = scenario.ups()
    assert play(scenario, ups_now)
    assert [event.what for event in ups_now.events()] == wanted
    assert ups_now.status()["charge_percent"] == pytest.approx(
        at_once.status()["charge_percent"], abs=5
    )


def test_flapping_mains_flap_as_often_as_was_asked() -> None:
    events = [event.what for event in run_through(parse(FLAPPING)).events()]
    assert events.count("on_battery") == 50
    assert events.count("on_line") == 49
    assert events[-1] == "on_battery"


def test_a_scenario_that_is_stopped_says_so() -> None:
    ending = threading.Event()
    ending.set()
    assert not play(parse(OUTAGE), VirtualUps(), ending=ending)


def test_every_mistake_of_a_file_is_named_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        parse(
            'speed = 0\nseed = -1\nsped = 2\n[ups]\ncolour = 1\n[[step]]\nmains = "of"\n'
            "[[step]]\nat_s = 1\n[[step]]\nat_s = 2\nload_percent = 1000\nrepeat = 0\n"
            "[[step]]\nat_s = 3\nload_percent = 10\nrepeat = 2\n"
        )
    said = "\n".join(caught.value.mistakes)
    for word in (
        "speed",
        "seed",
        "sped",
        "colour",
        "`mains`",
        "`at_s` is needed",
        "nothing happens",
    ):
        assert word in said, word
    for word in ("load_percent", "repeat", "step 4"):
        assert word in said, word


def test_no_toml_is_told() -> None:
    with pytest.raises(ScenarioError, match="no TOML"):
        parse("[[step")


GOOD = {
    "mains": ["on", "off", 180],
    "switch": ["off", "on"],
    "garbage_runtime": ["65535", "off"],
    "alarm": ["Replace battery!"],
    "frozen_charge": [100, "off"],
}


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_every_setting_takes_what_it_says_it_takes(name: str) -> None:
    ups = VirtualUps()
    numbers = {"load_percent", "charge_percent", "health_percent", "garbled_replies"}
    is_number = name in numbers or name.endswith("_s")
    values = GOOD.get(name, [5] if is_number else [True, False])
    for value in values:
        ups.set(name, value)
    assert mistake(name, [1] if name != "alarm" else 1) is not None  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=name):
        ups.set(name, -1 if name not in {"mains"} else "maybe")


# --- the commands


@contextmanager
def running(*arguments: str, at: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    folder = ("--folder", str(at.parent / "alone"), "--socket", str(at))
    program = subprocess.Popen(
        [sys.executable, "-m", "hwsim", *arguments, *folder],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout is not None
        yield program, json.loads(program.stdout.readline())
    finally:
        program.kill()
        program.wait(10)
        assert program.stdout is not None
        program.stdout.close()


def test_a_running_ups_is_handled_from_another_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = tmp_path / "control"

    def ups(*words: str) -> tuple[int, str]:
        status = main(["ups", *words, "--socket", str(at)])
        said = capsys.readouterr()
        return status, said.out + said.err

    with running("ups", "run", "--serial", str(tmp_path / "ups"), "--nis-port", "0", at=at) as (
        program,
        ready,
    ):
        (where,) = ready["devices"].values()
        assert {"kind", "host", "port", "ups", "device", "nis_port"} == set(where)
        assert os.path.islink(tmp_path / "ups")
        assert ups("mains", "off") == (0, "till: mains off\n")
        assert ups("load-percent", "50")[0] == 0
        state = json.loads(ups("status", "--json")[1])
        assert (state["status"], state["load_percent"]) == ("OB DISCHRG", 50)
        assert ups("charge-percent", "500") == (
            1,
            "hwsim: `charge_percent` is a number from 0 to 100, not 500.\n",
        )
        program.send_signal(signal.SIGTERM)
        said, _ = program.communicate(timeout=20)
    assert program.returncode == 0
    events = [json.loads(line)["event"] for line in said.splitlines()]
    assert [event for event in events if event != "handled"] == ["mains_lost", "on_battery"]
    assert not at.exists()
    assert not os.path.lexists(tmp_path / "ups")
    assert ups("status")[0] == 2


def test_an_outage_is_played_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "outage.toml"
    file.write_text(OUTAGE)
    with running("ups", "run", str(file), at=tmp_path / "control") as (program, ready):
        assert ready["devices"]["till"]["kind"] == "ups"
        said, _ = program.communicate(timeout=30)
    assert program.returncode == 0
    told = [json.loads(line) for line in said.splitlines()]
    assert [each.get("at_s") for each in told if each["event"] == "handled"] == [10, 300]
    assert "mains_back" in [each["event"] for each in told]


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "NUT is there")
def test_one_outage_is_seen_on_every_wire(tmp_path: Path) -> None:
    file = tmp_path / "outage.toml"
    file.write_text('ends_at_s = 600\n[[step]]\nat_s = 0.2\nmains = "off"\n')
    wires = ("--nis-port", "0", "--real-nut", "--dummy-ups")
    with running("ups", "run", str(file), *wires, at=tmp_path / "control") as (program, ready):
        where = ready["devices"]["till"]
        ports = [where[name] for name in ("port", "real_nut_port", "dummy_ups_port")]
        waiting = {port: time.monotonic() + 20 for port in ports}
        while waiting:
            (port, end_s), *_ = waiting.items()
            with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
                link.sendall(b"GET VAR till ups.status\n")
                if b"OB" in link.recv(100):
                    del waiting[port]
            assert time.monotonic() < end_s, port
        with socket.create_connection(("127.0.0.1", where["nis_port"]), timeout=5) as link:
            link.sendall(b"\x00\x06status")
            with link.makefile("rb") as lines:
                assert any(b"ONBATT" in lines.readline() for _ in range(20))
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=30)
    assert program.returncode == 130


def test_a_wrong_file_and_no_ups_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "outage.toml"
    file.write_text("[[step]]\nmains = 1\n[[step]]\nat_s = -1\n")
    for command in (["outage"], ["ups", "run"]):
        assert main([*command, str(file)]) == 2
        assert len(capsys.readouterr().err.splitlines()) >= 2
        assert main([*command, str(tmp_path / "none")]) == 2
    assert main(["ups", "status", "--socket", str(tmp_path / "none")]) == 2
    assert "No shop answers" in capsys.readouterr().err

"""tillctl at the devices of a till, as a technician runs it."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.nursery import TILLCTL, run_tillctl
from tests.support.programs import wait_for
from tillhal.v1 import device_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.till import Till


RUN_S_MAX = 60.0


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "TILLHAL_ADDRESS"}
    return {**kept, "TERM": "dumb", "COLUMNS": "100"}


def tillctl(till: Till, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_tillctl(*arguments, "--address", till.address, environment=environment())


def said(till: Till, *arguments: str) -> str:
    done = tillctl(till, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture
def ready(till: Till) -> Till:
    def is_ready() -> bool:
        listed = till.calls.device.ListDevices(device_pb2.ListDevicesRequest())
        return "HWSIM00001" in str(listed)

    wait_for(is_ready, "the printer says who it is")
    return till


def test_devices_are_shown_with_what_is_wrong_with_them(ready: Till) -> None:
    shown = said(ready, "devices")
    assert "front_printer" in shown
    assert "online" in shown
    assert "on front_printer" in shown
    told = json.loads(said(ready, "devices", "--json"))
    assert [each["device_id"] for each in told] == ["front_printer", "front_drawer"]
    assert "EPSON TM-T88V, serial HWSIM00001" in said(ready, "device", "front_printer", "show")


def test_a_check_ends_with_its_verdict_as_exit_status(ready: Till) -> None:
    shown = said(ready, "device", "front_printer", "check")
    assert shown.endswith("The device is well.\n")
    lines = said(ready, "device", "front_drawer", "check", "--json").splitlines()
    assert json.loads(lines[-1])["report"]["passed"] is True
    ready.printer.open_cover()
    done = tillctl(ready, "device", "front_printer", "check")
    assert done.returncode == 1
    assert "COVER_OPEN" in done.stdout
    ready.printer.close_cover()
    done = tillctl(ready, "device", "nobody", "check")
    assert done.returncode == 2
    assert "DEVICE_NOT_FOUND" in done.stderr


def test_a_person_at_a_terminal_is_told_what_to_do_and_asked_what_is_seen(ready: Till) -> None:
    acts: dict[str, Callable[[], object]] = {
        "Open the printer's cover.": ready.printer.open_cover,
        "Close the printer's cover.": ready.printer.close_cover,
        "y(es), n(o) or s(kip)": lambda: os.write(ours, b"y\n"),
    }
    ours, theirs = pty.openpty()
    command = [*TILLCTL, "device", "front_printer", "check", "--level", "interactive"]
    with subprocess.Popen(
        [*command, "--address", ready.address],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(),
    ) as process:
        os.close(theirs)
        shown = _play(ours, acts)
        assert process.wait(RUN_S_MAX) == 0, shown
    os.close(ours)
    assert "The device is well." in shown
    assert acts == {}


def _play(terminal: int, acts: dict[str, Callable[[], object]]) -> str:
    """Do each act once what it answers is on the screen, until the program hangs up."""
    shown = ""
    end_s = time.monotonic() + RUN_S_MAX
    while time.monotonic() < end_s:
        assert select.select([terminal], [], [], RUN_S_MAX)[0], shown
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux's way to say that nobody is there any more
            return shown
        if not piece:
            return shown
        shown += piece.decode()
        for words in [words for words in acts if words in shown]:
            acts.pop(words)()
    raise AssertionError(shown)


def test_statistics_are_told_and_reset(ready: Till) -> None:
    assert "DrawerGoodOpenCount" in said(ready, "stats", "front_drawer")
    told = json.loads(said(ready, "stats", "--json"))
    assert {each["device_id"] for each in told} == {"front_printer", "front_drawer"}
    said(ready, "stats", "front_printer", "--reset", "--statistic", "OnlineTransitionCount")
    (printer,) = json.loads(said(ready, "stats", "front_printer", "--json"))
    values = {each["name"]: int(each.get("value", 0)) for each in printer["statistics"]}
    assert values["OnlineTransitionCount"] == 0
    assert tillctl(ready, "stats", "--reset").returncode == 1
    done = tillctl(ready, "stats", "front_drawer", "--reset", "--statistic", "PaperCutCount")
    assert done.returncode == 2
    assert "is no statistic of this device" in done.stderr


def test_there_is_nothing_to_adopt_where_nothing_was_swapped(ready: Till) -> None:
    done = tillctl(ready, "device", "front_printer", "adopt")
    assert done.returncode == 1
    assert "nothing to adopt" in done.stderr


def test_a_configuration_is_tried_and_refused_with_every_mistake(ready: Till) -> None:
    assert said(ready, "reconfigure", "--dry-run") == "No device differs.\n"
    before = ready.config.read_text()
    try:
        ready.config.write_text(before.replace("tm_t88", "tm_t99").replace("high", "hihg"))
        done = tillctl(ready, "reconfigure")
        assert done.returncode == 1
        assert "devices.front_printer" in done.stderr
        assert "devices.front_drawer" in done.stderr
        assert "Nothing was changed." in done.stderr
        ready.config.write_text(before.replace("ttl_s = 900", "ttl_s = 901"))
        assert said(ready, "reconfigure") == "No device differs.\n"
        ready.config.write_text(before.replace('open_level = "high"', "pin = 2"))
        assert said(ready, "reconfigure", "--dry-run") == "front_drawer: would be changed\n"
        assert said(ready, "reconfigure") == "front_drawer: changed\n"
    finally:
        ready.config.write_text(before)
        assert tillctl(ready, "reconfigure").returncode == 0

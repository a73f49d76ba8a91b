"""Drawers on the running daemon: learnt, waited for, left open, opened while nobody looked."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from hwsim.drawer import Level, VirtualDrawer
from hwsim.printer import VirtualPrinter
from hwsim.relay_drawer import VirtualRelayDrawer
from tests.e2e.test_tillctl import environment
from tests.support.answers import await_kick, refused, take_until
from tests.support.nursery import TILLCTL
from tests.support.sales import new_id
from tests.support.till import a_till, till_toml
from tillhal.v1 import device_pb2, drawer_pb2, system_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.till import Till

WAIT_S = 10.0


@contextlib.contextmanager
def learning(drawer: VirtualDrawer, more: str = "") -> Iterator[Till]:
    """A till that has not learnt its drawer's switch."""
    with VirtualPrinter(drawer=drawer) as printer, a_till(printer=printer) as till:
        toml = till.config.read_text().replace('open_level = "high"\n', more)
        till.config.write_text(toml)
        yield till.start()


def drawer_of(till: Till) -> drawer_pb2.GetDrawerResponse:
    return till.calls.drawer.GetDrawer(drawer_pb2.GetDrawerRequest())


def until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < end_s, "it never held"
        threading.Event().wait(0.01)


def device_events(till: Till, count: int) -> list[device_pb2.DeviceEvent]:
    """The first `count` of what the journal says of the drawer."""
    found: list[device_pb2.DeviceEvent] = []

    def enough(message: system_pb2.WatchEventsResponse) -> bool:
        if message.HasField("device") and message.device.device_id == "front_drawer":
            found.append(message.device)
        return len(found) >= count

    request = system_pb2.WatchEventsRequest(cursor=0)
    take_until(till.calls.system.WatchEvents(request), enough)
    return found


def test_watchers_see_what_was_learnt_at_once() -> None:
    drawer = VirtualDrawer(open_level=Level.LOW)
    with learning(drawer) as till:
        until(lambda: drawer_of(till).device.power_state == device_pb2.POWER_STATE_ONLINE)
        watching = till.calls.device.WatchDevices(
            device_pb2.WatchDevicesRequest(device_id="front_drawer")
        )
        assert next(watching).device.capabilities["cap_polarity_known"] == "false"
        request = drawer_pb2.CalibrateSensorRequest(request_id=new_id(), by_key=True)
        for told in till.calls.drawer.CalibrateSensor(request):
            if told.step == drawer_pb2.CALIBRATION_STEP_OPEN_BY_KEY:
                drawer.open_by_key()
            elif told.step == drawer_pb2.CALIBRATION_STEP_SHUT_AGAIN:
                drawer.close()
        seen = take_until(
            watching, lambda told: told.device.capabilities["cap_polarity_known"] == "true"
        )
        (is_open,) = [each for each in seen[-1].device.readings if each.name == "open"]
        assert (is_open.value, is_open.knowledge) == ("false", device_pb2.KNOWLEDGE_MEASURED)


def test_a_switch_is_learnt_step_by_step_and_for_good() -> None:
    drawer = VirtualDrawer(open_level=Level.LOW)
    found = drawer_pb2.OPEN_LEVEL_LOW
    with learning(drawer) as till:
        until(lambda: drawer_of(till).device.power_state == device_pb2.POWER_STATE_ONLINE)
        assert drawer_of(till).position.value == ""
        assert drawer_of(till).position.knowledge == device_pb2.KNOWLEDGE_UNKNOWN
        with refused(grpc.StatusCode.FAILED_PRECONDITION, "NO_DRAWER_SWITCH"):
            till.calls.drawer.WaitForClose(drawer_pb2.WaitForCloseRequest())
        abandoned = drawer_pb2.CalibrateSensorRequest(request_id=new_id(), by_key=True)
        hung_up = till.calls.drawer.CalibrateSensor(abandoned)
        assert next(hung_up).step == drawer_pb2.CALIBRATION_STEP_SHUT
        with refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL"):
            list(till.another().drawer.CalibrateSensor(abandoned))
        hung_up.cancel()
        assert drawer_of(till).learnt_open_level == drawer_pb2.OPEN_LEVEL_UNSPECIFIED
        request = drawer_pb2.CalibrateSensorRequest(request_id=new_id())
        steps = []
        for step in _accepted(till, request):
            steps.append(step)
            if step.step == drawer_pb2.CALIBRATION_STEP_SHUT_AGAIN:
                drawer.close()
        assert [step.step for step in steps] == [
            drawer_pb2.CALIBRATION_STEP_SHUT,
            drawer_pb2.CALIBRATION_STEP_KICKED,
            drawer_pb2.CALIBRATION_STEP_SHUT_AGAIN,
            drawer_pb2.CALIBRATION_STEP_DONE,
        ]
        assert (steps[-1].open_level, steps[-1].in_use) == (found, True)
        assert drawer.open_count == 1
        until(lambda: drawer_of(till).position.value == "CLOSED")
        till.kill()
        till.start()
        until(lambda: drawer_of(till).position.value == "CLOSED")
        assert drawer_of(till).learnt_open_level == found
        (again,) = till.calls.drawer.CalibrateSensor(request)
        assert (again.open_level, again.in_use, again.replayed) == (found, True, True)
        assert drawer.open_count == 1


def _accepted(
    till: Till, request: drawer_pb2.CalibrateSensorRequest
) -> Iterator[drawer_pb2.CalibrateSensorResponse]:
    """The steps, once the till has noticed that an earlier caller hung up."""
    end_s = time.monotonic() + WAIT_S
    while True:
        steps = till.calls.drawer.CalibrateSensor(request)
        try:
            first = next(steps)
        except grpc.RpcError:
            assert time.monotonic() < end_s, "whoever hung up holds the drawer for ever"
        else:
            yield first
            yield from steps
            return


def test_a_drawer_is_told_of_opened_left_open_and_shut_whoever_looked_away() -> None:
    drawer = VirtualDrawer()

    def is_left_open() -> bool:
        return "DRAWER_LEFT_OPEN" in [c.code for c in drawer_of(till).device.conditions]

    with learning(drawer, 'open_level = "high"\nleft_open_s = 1\n') as till:
        until(lambda: drawer_of(till).position.value == "CLOSED")
        wait = drawer_pb2.WaitForCloseRequest()
        assert not till.calls.drawer.WaitForClose(wait).waited
        kick_id = new_id()
        request = drawer_pb2.OpenDrawerRequest(
            request_id=new_id(), kick_id=kick_id, reason=drawer_pb2.DRAWER_REASON_TEST
        )
        till.calls.drawer.OpenDrawer(request)
        assert await_kick(till.calls, kick_id).verified
        drawer.close()
        until(lambda: drawer_of(till).position.value == "CLOSED")
        till.stop()
        drawer.open_by_key()  # nobody looks
        till.start()
        until(is_left_open)
        assert drawer_of(till).HasField("open_time")
        till.restart()
        until(is_left_open)
        waiting = till.calls.drawer.WaitForClose.future(wait)
        with pytest.raises(grpc.FutureTimeoutError):
            waiting.result(0.2)
        drawer.close()
        answer = waiting.result(WAIT_S)
        assert (answer.waited, answer.position.value) == (True, "CLOSED")
        until(lambda: not drawer_of(till).device.conditions)
        kinds = [device_pb2.DeviceEventKind.Name(e.kind) for e in device_events(till, 7)]
        assert [kind.removeprefix("DEVICE_EVENT_KIND_") for kind in kinds] == [
            "DRAWER_OPENED",
            "DRAWER_CLOSED",
            "DRAWER_OPENED_WITHOUT_KICK",
            "CONDITION_BEGAN",
            "CONDITION_BEGAN",  # in the run after the restart
            "DRAWER_CLOSED",
            "CONDITION_ENDED",
        ]
        drawer.open_by_key()
        until(lambda: drawer_of(till).position.value == "OPEN")
        waiting = till.calls.drawer.WaitForClose.future(wait)
        with pytest.raises(grpc.FutureTimeoutError):
            waiting.result(0.2)
        till.stop()
        assert waiting.code() == grpc.StatusCode.UNAVAILABLE, "a till that stops lets callers go"


def test_a_crash_within_the_pulse_of_a_relay_lets_go_and_does_not_open_it_again(
    tmp_path: Path,
) -> None:
    with (
        VirtualRelayDrawer(tmp_path / "relay") as board,
        a_till() as till,
    ):
        device = f'[devices.safe]\ndriver = "relay_drawer"\nserial = "{board.at}"\non_ms = 1000\n'
        till.config.write_text(till_toml(till.folder) + device)
        till.start()

        def kick() -> str:
            kick_id = new_id()
            till.calls.drawer.OpenDrawer(
                drawer_pb2.OpenDrawerRequest(
                    request_id=new_id(), kick_id=kick_id, reason=drawer_pb2.DRAWER_REASON_TEST
                )
            )
            return kick_id

        kick()
        until(lambda: board.coil_is_on)
        till.kill()
        assert board.coil_is_on, "nobody is there to let go"
        till.start()
        until(lambda: not board.coil_is_on)
        (unknown,) = drawer_of(till).last_kicks
        assert unknown.state == drawer_pb2.KICK_STATE_UNKNOWN
        assert board.drawer.open_count == 1
        board.drawer.close()
        assert await_kick(till.calls, kick()).state == drawer_pb2.KICK_STATE_FIRED
        assert board.drawer.open_count == 2
        board.unplug()
        until(lambda: [c.code for c in drawer_of(till).device.conditions] == ["UNREACHABLE"])
        assert await_kick(till.calls, kick()).failure == "DEVICE_OFFLINE"
        board.plug()
        until(lambda: drawer_of(till).device.power_state == device_pb2.POWER_STATE_ONLINE)
        assert board.drawer.open_count == 2


def test_a_technician_learns_and_opens_a_drawer_by_tillctl() -> None:
    drawer = VirtualDrawer(open_level=Level.LOW)
    with learning(drawer) as till:
        until(lambda: drawer_of(till).device.power_state == device_pb2.POWER_STATE_ONLINE)

        def tillctl(
            *words: str, keys: int = subprocess.DEVNULL
        ) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [*TILLCTL, "drawer", *words, "--address", till.address],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
                env=environment(COLUMNS="100"),
                stdin=keys,
            )

        nobody = tillctl("calibrate")
        assert (nobody.returncode, nobody.stdout) == (2, "")
        answers = threading.Thread(target=_shut_slowly, args=(drawer,))
        answers.start()
        person, keys = pty.openpty()
        os.write(person, b"\n")  # the drawer is shut
        done = tillctl("calibrate", "--json", keys=keys)
        os.close(keys)
        os.close(person)
        answers.join()
        assert done.returncode == 0, done.stderr
        assert done.stderr == "Push the drawer shut, then press Enter.\n"
        last = json.loads(done.stdout.splitlines()[-1])
        assert last["open_level"] == "OPEN_LEVEL_LOW"
        until(lambda: drawer_of(till).position.value == "CLOSED")
        opened = tillctl("open", "--note", "see whether it works")
        assert (opened.returncode, opened.stdout) == (
            0,
            "front_drawer was kicked, and its switch saw it open.\n",
        )
        drawer.close()
        drawer.stuck = True
        until(lambda: drawer_of(till).position.value == "CLOSED")
        jammed = tillctl("open")
        assert (jammed.returncode, jammed.stdout) == (1, "")
        assert jammed.stderr == "front_drawer did not open: DRAWER_STAYED_CLOSED.\n"
        shown = tillctl("status")
        assert shown.returncode == 1
        assert "closed (measured)" in shown.stdout
        assert "DRAWER_STAYED_CLOSED" in shown.stdout


def _shut_slowly(drawer: VirtualDrawer) -> None:
    """As a person does, two seconds after it sprang open."""
    until(lambda: drawer.is_open)
    threading.Event().wait(1.5)
    drawer.close()

"""Programs that others wrote, against the simulated UPS on each of its wires."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hwsim.ups.dummy_mirror import DummyMirror, mirrored
from hwsim.ups.mechanism import Ups
from hwsim.ups.megatec import MegatecUps, status
from hwsim.ups.nis import NisServer
from hwsim.ups.nut_server import NutServer
from hwsim.ups.real_nut import NutDriver, RealNut, nut_folder, only_upsmon, qx, why_not
from hwsim.ups.scenario import parse, play
from hwsim.ups.virtual import VirtualUps

needs_nut = pytest.mark.skipif(bool(why_not()), reason=why_not() or "NUT is there")
SEEN_S_MAX = 20.0
ENDS_S_MAX = 60.0


def until(wanted: Callable[[], bool], timeout_s: float = SEEN_S_MAX) -> bool:
    """Real programs poll at their own pace; nothing tells us when."""
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        if wanted():
            return True
        subprocess.run(["true"], check=True)  # lets others run, and is no sleep
    return wanted()


def words(nut: RealNut) -> set[str]:
    said = nut.ask("GET VAR till ups.status")
    return set(said.split('"')[1].split()) if said.startswith("VAR") else {said}


# --- the server by RFC 9271


@needs_nut
def test_upsc_upscmd_and_upsrw_work_against_our_server(virtual_upsd: NutServer) -> None:
    at = f"till@127.0.0.1:{virtual_upsd.port}"

    def ran(*command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout or done.stderr  # upscmd and upsrw tell outcomes there

    assert "ups.status: OL" in ran("upsc", at)
    assert ran("upsc", at, "ups.model") == "TILL850\n"
    assert ran("upsc", "-l", f"127.0.0.1:{virtual_upsd.port}") == "till\n"
    assert "shutdown.return - " in ran("upscmd", "-l", at)
    assert "SUCCESS" in ran(
        "upscmd", "-w", "-u", "admin", "-p", "pw", at, "test.battery.start.quick"
    )
    assert "[ups.id]" in ran("upsrw", at)
    assert "SUCCESS" in ran("upsrw", "-w", "-s", 'ups.id=a "b"', "-u", "admin", "-p", "pw", at)
    assert ran("upsc", at, "ups.id") == 'a "b"\n'
    refused = subprocess.run(
        ["upscmd", "-u", "admin", "-p", "wrong", at, "load.off"],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert "ACCESS-DENIED" in refused.stderr or "denied" in refused.stderr.lower()


@needs_nut
def test_upsmon_shuts_down_at_a_low_battery_of_our_server(tmp_path: Path) -> None:
    ups = VirtualUps()
    notices, down = tmp_path / "notices", tmp_path / "down"
    notice = tmp_path / "notice.sh"
    notice.write_text(f'#!/bin/sh\necho "$NOTIFYTYPE" >> {notices}\n')
    notice.chmod(0o755)
    with NutServer({"till": ups}) as server, only_upsmon():
        kinds = ("ONLINE", "ONBATT", "LOWBATT", "SHUTDOWN")
        (tmp_path / "upsmon.conf").write_text(
            f"RUN_AS_USER {os.environ.get('USER') or 'root'}\n"
            f"MONITOR till@127.0.0.1:{server.port} 1 mon pw primary\nMINSUPPLIES 1\n"
            f'SHUTDOWNCMD "touch {down}"\nNOTIFYCMD {notice}\nPOLLFREQ 1\nPOLLFREQALERT 1\n'
            f"HOSTSYNC 2\nDEADTIME 6\nFINALDELAY 0\nPOWERDOWNFLAG {tmp_path / 'killpower'}\n"
            + "".join(f"NOTIFYFLAG {kind} EXEC\n" for kind in kinds)
        )
        (tmp_path / "upsmon.conf").chmod(0o640)
        folder = nut_folder()
        assert folder is not None
        upsmon = subprocess.Popen(
            [folder / "upsmon", "-D", "-F", "-p"],
            env={**os.environ, "NUT_CONFPATH": str(tmp_path), "NUT_STATEPATH": str(tmp_path)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert until(lambda: len(server.desk.served["till"].logins) == 1)
            ups.mains_off()
            assert until(lambda: notices.exists() and "ONBATT" in notices.read_text())
            ups.set("low_at_once", True)
            assert until(down.exists)
        finally:
            if upsmon.poll() is None:
                upsmon.send_signal(signal.SIGTERM)
            upsmon.wait(ENDS_S_MAX)
        assert server.desk.served["till"].fsd, "it has told the others"
    # Each notice is a process of its own.
    assert until(lambda: {"ONBATT", "LOWBATT", "SHUTDOWN"} <= set(notices.read_text().split()))


# --- Q1 under nutdrv_qx


def test_a_status_has_the_shape_of_the_protocol() -> None:
    ups = Ups()
    assert status(ups) == "(230.0 230.0 230.0 023 50.0 27.3 25.0 00001000"
    ups.set_mains(0)
    ups.faults.low_at_once = True
    ups.shut_down(after_s=10, return_after_s=None)
    assert status(ups).endswith("25.0 11001011")


def test_the_real_driver_follows_the_mains_and_the_battery(
    virtual_ups: VirtualUps, real_nut: RealNut
) -> None:
    assert real_nut.upsc("till")["device.model"] == "TILL850"
    virtual_ups.mains_off()
    assert until(lambda: "OB" in words(real_nut))
    virtual_ups.set("charge_percent", 15)
    assert until(lambda: "LB" in words(real_nut))
    assert until(lambda: float(real_nut.upsc("till")["battery.voltage"]) < 24)
    virtual_ups.mains_on()
    assert until(lambda: "OL" in words(real_nut))


def test_every_command_of_the_real_driver_is_obeyed(
    virtual_ups: VirtualUps, real_nut: RealNut
) -> None:
    at = f"till@127.0.0.1:{real_nut.port}"
    for command, what in (
        ("test.battery.start.quick", "test_began"),
        ("test.battery.stop", "test_stopped"),
        ("shutdown.return", "shutdown_armed"),
        ("shutdown.stop", "shutdown_stopped"),
    ):
        real_nut.run("upscmd", "-u", "admin", "-p", "pw", at, command)
        assert virtual_ups.wait_event(what, SEEN_S_MAX), command
        if what == "test_began":
            assert until(lambda: "CAL" in words(real_nut))


def test_a_silent_line_is_stale_and_heals_and_a_garbled_reply_is_borne(
    virtual_ups: VirtualUps, real_nut: RealNut
) -> None:
    virtual_ups.set("garbled_replies", 1)
    assert virtual_ups.wait(lambda ups: ups.faults.garbled_replies == 0, 10)
    assert "OL" in words(real_nut)
    virtual_ups.set("mute", True)
    assert until(lambda: words(real_nut) == {"ERR DATA-STALE"})
    virtual_ups.set("mute", False)
    assert until(lambda: "OL" in words(real_nut))


def test_a_cable_that_drops_at_the_transfer_needs_the_driver_started_anew(
    virtual_ups: VirtualUps, real_nut: RealNut, megatec_ups: MegatecUps
) -> None:
    virtual_ups.set("drop_at_transfer_s", 0.5)
    virtual_ups.mains_off()
    assert until(lambda: not megatec_ups.at.exists())
    assert until(megatec_ups.at.exists)
    assert until(lambda: words(real_nut) == {"ERR DATA-STALE"})
    real_nut.stop("till")
    assert until(lambda: words(real_nut) == {"ERR DRIVER-NOT-CONNECTED"})
    real_nut.start_driver("till")
    real_nut.wait_ready("till")
    assert "OB" in words(real_nut)


def test_from_the_wire_to_the_host_and_back_the_shop_is_never_left_dark(tmp_path: Path) -> None:
    """Outage, low battery, upsmon's shutdown, the late hook's cut and return, and the mains come
    back before the cut: the UPS cuts all the same, and returns."""
    if why_not():
        pytest.skip(why_not())
    ups = VirtualUps()
    down = tmp_path / "down"
    with MegatecUps(ups, tmp_path / "ups") as line:
        with RealNut({"till": qx(line.at, offdelay="12", ondelay="60")}) as nut:
            notices = nut.start_upsmon("till", f"touch {down}")
            assert until(lambda: "1" in nut.ask("GET NUMLOGINS till").split()[2:]), nut.log_of(
                "upsmon"
            )
            ups.mains_off()
            assert until(lambda: notices.exists() and "ONBATT" in notices.read_text())
            ups.set("charge_percent", 15)
            assert until(down.exists, ENDS_S_MAX)
            ups.mains_on()
            said = nut.kill_power("till")
            assert "SUCCEED" in said, said
    with ups.now() as now:
        assert now.shutting_down
        at_s = now.shutdown_in_s
        assert at_s is not None
        # The rest in simulated time: nobody is on its wires any more.
        now.advance(now.time_s + at_s + 1)
        assert not now.output
        now.advance(now.time_s + 61)
        assert now.output


@needs_nut
def test_a_plain_user_can_have_a_real_nut(tmp_path: Path) -> None:
    program = (
        "import tempfile, pathlib\n"
        "from hwsim.ups.megatec import MegatecUps\n"
        "from hwsim.ups.real_nut import RealNut, qx\n"
        "from hwsim.ups.virtual import VirtualUps\n"
        "ups = VirtualUps()\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    with MegatecUps(ups, pathlib.Path(folder) / 'ups') as line:\n"
        "        with RealNut({'till': qx(line.at)}) as nut:\n"
        "            print(nut.user, nut.ask('GET VAR till ups.status'))\n"
    )
    command = [sys.executable, "-c", program]
    user = os.environ.get("USER", "")
    if os.geteuid() == 0:
        user = "nobody"
        assert shutil.which("setpriv"), "util-linux has it"
        command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
        readable = subprocess.run(
            [*command[:4], sys.executable, "-c", "import hwsim.ups"],
            capture_output=True,
            check=False,
        )
        if readable.returncode != 0:
            pytest.skip("nobody cannot read this folder")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f'{user} VAR till ups.status "OL"\n' or not user


# --- dummy-ups


@needs_nut
def test_one_outage_is_shown_by_dummy_ups_with_the_words_that_q1_lacks() -> None:
    scenario = parse(
        "speed = 60\nends_at_s = 120\n[[step]]\nat_s = 0\nmains = 190\n"
        "replace_battery = true\n[[step]]\nat_s = 60\nself_test_s = 30\n"
    )
    ups = scenario.ups()
    with RealNut({"till": mirrored(ups)}) as nut, DummyMirror(ups, nut):
        assert play(scenario, ups)
        assert until(lambda: {"OL", "BOOST", "RB"} <= words(nut))
        assert until(lambda: nut.upsc("till")["ups.test.result"] == "Done and passed")
        assert nut.upsc("till")["input.voltage"] == "190.0"
        ups.mains_off()
        assert until(lambda: {"OB", "DISCHRG"} <= words(nut))
        ups.set("mute", True)
        assert until(lambda: words(nut) == {"ERR DATA-STALE"})
        ups.set("mute", False)
        assert until(lambda: "OB" in words(nut))


# --- NIS


@needs_nut
def test_the_real_driver_for_apcupsd_reads_our_nis_server(virtual_ups: VirtualUps) -> None:
    with NisServer(virtual_ups) as nis:
        driver = NutDriver(
            driver="apcupsd-ups",
            port=f"127.0.0.1:{nis.port}",
            settings={"pollinterval": "1"},
        )
        with RealNut({"till": driver}) as nut:
            found = nut.upsc("till")
            assert found["ups.status"] == "OL"
            assert float(found["battery.charge"]) == 100
            assert 3000 < float(found["battery.runtime"]) < 3400
            virtual_ups.mains_off()
            virtual_ups.set("charge_percent", 15)
            assert until(lambda: {"OB", "LB"} <= words(nut))
            assert float(nut.upsc("till")["battery.charge"]) < 16

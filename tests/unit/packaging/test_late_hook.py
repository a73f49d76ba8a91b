"""The scripts at the very end of a host, in a folder that stands for it: no program of this machine
is found from there but those that are put into it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hwsim.ups.megatec import MegatecUps
from hwsim.ups.real_nut import RealNut, qx, why_not
from hwsim.ups.virtual import VirtualUps
from tillhald.service.going_dark import HOOKS, Latch, has_hook

PACKAGING = Path(__file__).parents[3] / "packaging"
HOOK = PACKAGING / "systemd/system-shutdown/tillhald"
SHUTDOWN = PACKAGING / "nut/tillhald-shutdown"
LATCH = "run/tillhal/cut-and-return"
RUN_S_MAX = 60.0


class Host:
    """A host's root folder. Its programs note how they were called, in `done`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.done = root / "done"
        self.done.write_text("")
        for folder in ("usr/sbin", "usr/bin", "run/tillhal", "dev", "opt/tillhal/bin"):
            (root / folder).mkdir(parents=True)
        (root / "dev/kmsg").write_text("")
        (root / "usr/bin/timeout").symlink_to("/usr/bin/timeout")
        self.put("sync")
        self.put("systemctl")
        self.put("upsdrvctl")
        self.put("upsmon", status=1)

    def put(self, name: str, *, status: int = 0, folder: str = "usr/sbin", does: str = "") -> None:
        program = self.root / folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >>{self.done}\n{does}\nexit {status}\n')
        program.chmod(0o755)

    def latch(self, cut: list[str], told: list[str] | None = None) -> None:
        assert Latch(str(self.root / LATCH)).set(cut, told or [])

    def run(self, script: Path, *arguments: str) -> list[str]:
        """Run it, as systemd or upsmon does; what was done, in order."""
        done = subprocess.run(
            [script, *arguments],
            env={"TILLHAL_ROOT": str(self.root)},
            capture_output=True,
            text=True,
            timeout=RUN_S_MAX,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return self.done.read_text().splitlines()

    def said(self) -> str:
        return (self.root / "dev/kmsg").read_text()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_the_latch_has_every_ups_in_it_cut_and_return(host: Host) -> None:
    host.latch(["till", "counter.2"])
    assert host.run(HOOK, "poweroff") == [
        "upsdrvctl shutdown till",
        "upsdrvctl shutdown counter.2",
    ]


@pytest.mark.parametrize("action", ["poweroff", "halt"])
def test_without_a_latch_nothing_is_cut(host: Host, action: str) -> None:
    assert host.run(HOOK, action) == []


@pytest.mark.parametrize("action", ["reboot", "kexec", ""])
def test_a_host_that_starts_anew_keeps_its_power(host: Host, action: str) -> None:
    host.latch(["till"])
    assert host.run(HOOK, action) == []


def test_what_the_daemon_has_told_itself_is_not_told_again(host: Host) -> None:
    host.latch([], ["till"])
    assert host.run(HOOK, "poweroff") == []
    host.latch(["counter"], ["till"])
    assert host.run(HOOK, "poweroff") == ["upsdrvctl shutdown counter"]


def test_mains_that_are_back_stop_nothing(host: Host) -> None:
    """The hook asks nobody how the power stands: the latch is a decision, and the UPS returns."""
    host.latch(["till"])
    host.put("upsc", does="echo OL")
    assert host.run(HOOK, "poweroff") == ["upsdrvctl shutdown till"]


def test_where_upsmon_shut_the_host_down_nuts_own_hook_is_left_to_it(host: Host) -> None:
    host.latch(["till"])
    host.put("upsmon", status=0)
    # upsmon's flag alone is not enough: somebody has to be there who acts on it.
    assert host.run(HOOK, "poweroff") == ["upsdrvctl shutdown till"]
    host.done.write_text("")
    host.root.joinpath("lib/systemd/system-shutdown").mkdir(parents=True)
    host.put("nutshutdown", folder="lib/systemd/system-shutdown")
    assert host.run(HOOK, "poweroff") == ["upsmon -K"]
    assert "left to NUT's own hook" in host.said()


def test_no_ups_that_obeys_means_no_cut_so_the_host_starts_anew(host: Host) -> None:
    host.latch(["till"])
    host.put("upsdrvctl", status=1)
    assert host.run(HOOK, "poweroff") == [
        "upsdrvctl shutdown till",
        "sync ",
        "systemctl reboot --force --force",
    ]
    assert "till does not obey" in host.said()


def test_one_ups_that_obeys_is_enough_for_the_host_to_stay_off(host: Host) -> None:
    host.put("upsdrvctl", does='[ "$2" = till ] || exit 1')
    host.latch(["counter", "till"])
    done = host.run(HOOK, "poweroff")
    assert done == ["upsdrvctl shutdown counter", "upsdrvctl shutdown till"]


def test_a_latch_that_nobody_of_ours_wrote_runs_nothing_else(host: Host) -> None:
    names = "cut $(touch pwned)\ncut -D\ncut a;b\ncut\nshoot till\ncut ../till\n"
    (host.root / LATCH).write_text(names)
    assert host.run(HOOK, "poweroff") == []
    assert not (host.root / "pwned").exists()


def test_the_hook_is_found_where_it_is_installed_and_only_if_it_can_run(host: Host) -> None:
    assert not has_hook(host.root)
    place = host.root / HOOKS[0]
    place.parent.mkdir(parents=True)
    place.write_bytes(HOOK.read_bytes())
    place.chmod(0o644)
    assert not has_hook(host.root)
    place.chmod(0o755)
    assert has_hook(host.root)


def test_a_latch_is_whole_or_not_there(tmp_path: Path) -> None:
    latch = Latch(str(tmp_path / "latch"))
    assert latch.set(["till"])
    assert (tmp_path / "latch").read_text() == "tillhald-latch 1\ncut till\n"
    assert latch.set([], ["till"])
    assert (tmp_path / "latch").read_text() == "tillhald-latch 1\ntold till\n"
    assert os.listdir(tmp_path) == ["latch"]
    latch.clear()
    latch.clear()
    assert os.listdir(tmp_path) == []
    assert not Latch(str(tmp_path / "no/folder")).set(["till"])
    assert not Latch("").set(["till"])


# --- upsmon's command


def test_upsmons_command_has_the_till_go_to_rest_and_then_powers_off(host: Host) -> None:
    host.put("tillctl", folder="opt/tillhal/bin")
    assert host.run(SHUTDOWN) == [
        "tillctl power settle --deadline 30",
        "systemctl poweroff",
    ]
    host.done.write_text("")
    assert host.run(SHUTDOWN, "60")[0] == "tillctl power settle --deadline 60"


@pytest.mark.parametrize("status", [1, 2])
def test_upsmons_command_powers_off_whatever_became_of_the_till(host: Host, status: int) -> None:
    host.put("tillctl", folder="opt/tillhal/bin", status=status)
    assert host.run(SHUTDOWN)[-1] == "systemctl poweroff"


def test_a_till_that_hangs_costs_upsmon_its_deadline_and_no_more(host: Host) -> None:
    program = SHUTDOWN.read_text().replace("BESIDE_S=15", "BESIDE_S=0")
    script = host.root / "tillhald-shutdown"
    script.write_text(program)
    script.chmod(0o755)
    fifo = host.root / "never"
    os.mkfifo(fifo)
    host.put("tillctl", folder="opt/tillhal/bin", does=f"read line <{fifo}")
    assert host.run(script, "1")[-1] == "systemctl poweroff"


# --- NUT's own programs


def ups_that_was_told(tmp_path: Path, host: Host, *, mute: bool) -> tuple[VirtualUps, list[str]]:
    """A UPS on a serial line, NUT's real driver, and the hook when its daemons have ended."""
    ups = VirtualUps()
    with MegatecUps(ups, tmp_path / "line") as line:
        with RealNut({"till": qx(line.at, offdelay="12", ondelay="60")}) as nut:
            nut.stop("upsd")
            nut.stop("till")
            ups.mains_off()
            ups.set("mute", mute)
            environment = "\n".join(
                f"export {name}='{value}'"
                for name, value in nut.environment.items()
                if name.startswith("NUT_")
            )
            # As who the test is: the driver's own user cannot open this line.
            real = f"{environment}\nexec /sbin/upsdrvctl -u {nut.user} $*"
            host.put("upsdrvctl", does=real)
            host.latch(["till"])
            return ups, host.run(HOOK, "poweroff")


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "NUT is there")
def test_nuts_real_driver_tells_the_ups_and_it_cuts_and_returns(tmp_path: Path) -> None:
    (tmp_path / "host").mkdir()
    host = Host(tmp_path / "host")
    ups, done = ups_that_was_told(tmp_path, host, mute=False)
    assert done == ["upsdrvctl shutdown till"]
    with ups.now() as now:
        assert now.shutting_down
        assert now.shutdown_in_s is not None
        now.advance(now.time_s + now.shutdown_in_s + 1)
        assert not now.output
        now.set_mains(230)
        now.advance(now.time_s + 120)
        assert now.output


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "NUT is there")
def test_a_ups_that_is_silent_for_nuts_real_driver_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "host").mkdir()
    host = Host(tmp_path / "host")
    ups, done = ups_that_was_told(tmp_path, host, mute=True)
    assert done[-1] == "systemctl reboot --force --force"
    with ups.now() as now:
        assert not now.shutting_down

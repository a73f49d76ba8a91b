"""What is shipped for a till's host agrees with the daemon, and systemd's own checks pass."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.docs.pages import blocks, page
from tillhal.channel import target_of
from tillhald.__main__ import EXIT_CONFIG
from tillhald.app import STOP_GRACE_S, WRITER_CLOSE_S_MAX
from tillhald.service.going_dark import CUT_AND_RETURN, HOOKS, POWER_OFF_S_MAX, POWER_OFF_TRIES
from tillhald.service.power import COMMAND_S_MAX
from tillhald.service.power_check import PowerCheck
from tillhald.service.self_tests import COMMANDS, STOP_TEST
from tillhald.service.settlement import SETTLE_S
from tillhald.service.supervisor import STUCK_S_MAX

ROOT = Path(__file__).parents[3]
PACKAGING = ROOT / "packaging"
UNIT = PACKAGING / "systemd/tillhald.service"
HOWTO = page("docs/howto/run-on-a-till.md")
UPS_HOWTO = page("docs/howto/set-up-a-ups.md")
SHIPPED = sorted(path for path in PACKAGING.rglob("*") if path.is_file())
RUN_S_MAX = 60.0
FEEDS_LIKELY = 3
TARGETS = ("sysinit", "basic", "shutdown", "multi-user", "local-fs", "network", "umount", "paths")


def text(name: str) -> str:
    return (PACKAGING / name).read_text(encoding="utf-8")


def unit(path: Path = UNIT) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text(encoding="utf-8"))
    return {name: dict(parser[name]) for name in parser.sections()}


SERVICE = unit()["Service"]


def seconds(value: str) -> float:
    return float(value.removesuffix("min")) * 60 if value.endswith("min") else float(value)


def till_tables() -> dict[str, dict[str, object]]:
    (block,) = [block for block in blocks(HOWTO) if block.info == "toml till"]
    return tomllib.loads(block.text)


# --- the unit and the daemon


def test_the_unit_starts_the_daemon_with_flags_that_it_has() -> None:
    program, *arguments = SERVICE["ExecStart"].split()
    assert program.rpartition("/")[2] == "tillhald"
    parser = (ROOT / "daemon/tillhald/__main__.py").read_text(encoding="utf-8")
    flags = [word for word in arguments if word.startswith("--")]
    assert flags
    assert all(f'"{flag}"' in parser for flag in flags)
    assert SERVICE["ExecReload"].split()[1] == "-HUP"
    assert "signal.SIGHUP" in parser


def test_the_unit_knows_how_the_daemon_ends() -> None:
    assert SERVICE["RestartPreventExitStatus"] == str(EXIT_CONFIG)
    # One that has gone dark ends with 0, and must stay down.
    assert SERVICE["Restart"] == "on-failure"
    assert SERVICE["Type"] == "notify"
    assert SERVICE["NotifyAccess"] == "main"


def test_the_watch_leaves_a_slow_disk_its_time() -> None:
    assert 2 * seconds(SERVICE["WatchdogSec"]) / 3 >= STUCK_S_MAX


def test_stopping_has_the_time_that_the_last_deeds_may_take() -> None:
    last = STOP_GRACE_S + WRITER_CLOSE_S_MAX + POWER_OFF_TRIES * POWER_OFF_S_MAX
    assert seconds(SERVICE["TimeoutStopSec"]) >= last + FEEDS_LIKELY * COMMAND_S_MAX + SETTLE_S


def test_folders_of_unit_configuration_and_client_are_the_same() -> None:
    tables = till_tables()
    state, run = f"/var/lib/{SERVICE['StateDirectory']}", f"/run/{SERVICE['RuntimeDirectory']}"
    assert str(tables["journal"]["folder"]).startswith(f"{state}/")
    assert unit()["Unit"]["RequiresMountsFor"] == state
    assert target_of(None) == f"unix:{tables['listen']['unix']}"
    assert str(tables["listen"]["unix"]).startswith(f"{run}/")
    assert SERVICE["ExecStart"].endswith(f"/etc/{SERVICE['ConfigurationDirectory']}/till.toml")


def test_daemon_hook_and_unit_mean_the_same_latch_which_outlives_the_daemon() -> None:
    latch = str(till_tables()["power"]["latch_file"])
    assert f"latch=$root{latch}\n" in text("systemd/system-shutdown/tillhald")
    assert latch.startswith(f"/run/{SERVICE['RuntimeDirectory']}/")
    assert SERVICE["RuntimeDirectoryPreserve"] == "yes"
    assert all(Path(hook).name == "tillhald" for hook in HOOKS)


def test_the_till_ends_before_what_it_needs_to_end_well() -> None:
    after = set(unit()["Unit"]["After"].split())
    assert after >= {"local-fs.target", "network.target", "nut-driver.target", "nut-server.service"}
    drop_in = unit(PACKAGING / "systemd/nut-driver@.service.d/tillhald.conf")
    assert drop_in["Unit"]["Before"] == UNIT.name


def test_logind_waits_as_long_as_the_preflight_asks_for(tmp_path: Path) -> None:
    place = tmp_path / "etc/systemd/logind.conf.d"
    place.mkdir(parents=True)
    shutil.copy(PACKAGING / "systemd/logind.conf.d/tillhald.conf", place)
    check = PowerCheck(None, None, None, root=tmp_path)  # type: ignore[arg-type]
    assert check._inhibit_s() >= SETTLE_S


def test_users_and_groups_are_those_of_the_unit() -> None:
    made = text("sysusers.d/tillhal.conf")
    assert re.search(rf"^u {SERVICE['User']} ", made, re.MULTILINE)
    assert re.search(rf"^g {SERVICE['Group']} ", made, re.MULTILINE)
    for group in SERVICE["SupplementaryGroups"].split():
        assert f"m {SERVICE['User']} {group}\n" in made
    rules = text("udev/60-tillhal.rules")
    granted = set(re.findall(r'GROUP="(\w+)"', rules))
    assert granted == set(SERVICE["SupplementaryGroups"].split())
    assert f'subject.user == "{SERVICE["User"]}"' in text("polkit/60-tillhal.rules")


# --- NUT


def test_upsd_lets_the_till_give_the_commands_that_it_gives() -> None:
    section = text("nut/upsd.users").partition("[till]")[2].partition("[")[0]
    allowed = set(re.findall(r"instcmds = (\S+)", section))
    assert allowed == {CUT_AND_RETURN, *COMMANDS.values(), STOP_TEST}
    nut = [each for each in till_tables()["devices"].values() if each["driver"] == "nut_ups"]  # type: ignore[index]
    assert [each["username"] for each in nut] == ["till"]  # type: ignore[index]


def test_the_ups_cuts_after_the_host_is_down_and_returns_after_it_has_cut() -> None:
    delays = dict(re.findall(r"^  (offdelay|ondelay) = (\d+)$", text("nut/ups.conf"), re.MULTILINE))
    from tillhald.domain.ups import PowerThresholds

    assert int(delays["offdelay"]) > PowerThresholds().shutdown_need_s
    assert int(delays["ondelay"]) > int(delays["offdelay"])


def test_upsmon_calls_the_command_that_is_shipped_under_the_name_it_is_installed_by() -> None:
    command = re.search(r'^SHUTDOWNCMD "(\S+)"$', text("nut/upsmon.conf"), re.MULTILINE)
    assert command is not None
    assert (PACKAGING / "nut" / Path(command[1]).name).is_file()
    assert f"install -m 0755 $P/nut/{Path(command[1]).name} {command[1]}" in UPS_HOWTO.read_text()


# --- the whole


def test_everything_that_is_shipped_is_installed_by_the_how_to() -> None:
    told = HOWTO.read_text(encoding="utf-8")
    samples = {"ups.conf", "upsd.conf", "upsd.users", "upsmon.conf"}
    told += UPS_HOWTO.read_text(encoding="utf-8")
    for path in SHIPPED:
        name = str(path.relative_to(PACKAGING))
        if path.name in samples:
            assert path.name in told, name
        else:
            assert f"$P/{name}" in told, name


def test_scripts_can_be_run_and_nothing_else_can() -> None:
    for path in SHIPPED:
        is_script = path.read_bytes().startswith(b"#!")
        assert os.access(path, os.X_OK) is is_script, path
        assert path.read_text(encoding="utf-8").endswith("\n")
        assert "\t" not in path.read_text(encoding="utf-8"), path


def test_wheels_carry_what_is_shipped() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        wheel = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["shared-data"] == {"packaging": "share/tillhal"}
    assert "P=/opt/tillhal/share/tillhal\n" in HOWTO.read_text(encoding="utf-8")


def on_a_host(root: Path, service: str) -> str:
    """What systemd-analyze says of the unit, in a folder that stands for a host."""
    units = root / "etc/systemd/system"
    units.mkdir(parents=True)
    (units / UNIT.name).write_text(service, encoding="utf-8")
    for target in TARGETS:
        (units / f"{target}.target").write_text("[Unit]\nDefaultDependencies=no\n")
    (units / "system.slice").write_text("[Unit]\nDefaultDependencies=no\n")
    for program in (SERVICE["ExecStart"].split()[0], SERVICE["ExecReload"].split()[0]):
        place = root / program.removeprefix("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("#!/bin/sh\n")
        place.chmod(0o755)
    done = subprocess.run(
        ["systemd-analyze", "verify", f"--root={root}", "--man=no", UNIT.name],
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    service = UNIT.read_text(encoding="utf-8")
    assert on_a_host(tmp_path / "right", service) == ""
    wrong = service.replace("WatchdogSec=", "WatchdogSecs=")
    assert "WatchdogSecs" in on_a_host(tmp_path / "wrong", wrong)


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="systemd-sysusers not here")
def test_systemd_makes_the_user_and_puts_it_into_the_groups(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    done = subprocess.run(
        [
            "systemd-sysusers",
            f"--root={tmp_path}",
            "--inline",
            "g lp -",
            "g dialout -",
            "g input -",
        ],
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"systemd-sysusers cannot work here: {done.stderr.strip()}")
    folder = tmp_path / "usr/lib/sysusers.d"
    folder.mkdir(parents=True)
    shutil.copy(PACKAGING / "sysusers.d/tillhal.conf", folder)
    done = subprocess.run(
        ["systemd-sysusers", f"--root={tmp_path}"],
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    groups = (tmp_path / "etc/group").read_text(encoding="utf-8")
    for group in SERVICE["SupplementaryGroups"].split():
        assert re.search(rf"^{group}:.*:tillhal$", groups, re.MULTILINE), groups


def test_every_udev_rule_matches_something_and_gives_something() -> None:
    lines = [
        line for line in text("udev/60-tillhal.rules").splitlines() if line[:1] not in ("#", "")
    ]
    assert len(lines) == 3
    for line in lines:
        for part in line.split(", "):
            assert re.fullmatch(r'[A-Z]+(\{\w+\})?(==|=|\+=)"[^"]+"', part), part
        assert "==" in line
        assert 'MODE="0660"' in line

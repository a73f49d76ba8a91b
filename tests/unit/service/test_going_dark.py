"""Who tells the UPS to cut and return: the daemon, or the late hook; one of them, always."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tillhald.devices.power_supply import CommandOutcome, NotObeyed, Obeyed, PerhapsObeyed
from tillhald.service.going_dark import HOOKS, GoingDark, Latch

NEED_S = 120


class Host:
    """A host's folder, its UPSes, and what the daemon did to them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.latch_file = root / "latch"
        self.told: list[tuple[str, str, bool]] = []
        self.cut_s: dict[str, int | None] = {"till": 180, "counter": 180}
        self.outcome: CommandOutcome = Obeyed()

    def hook(self) -> None:
        hook = self.root / HOOKS[0]
        hook.parent.mkdir(parents=True)
        hook.write_text("#!/bin/sh\n")
        hook.chmod(0o755)

    async def command(self, ups: str, name: str) -> CommandOutcome:
        self.told.append((ups, name, (self.root / "off").exists()))
        return self.outcome

    def go(self, *feeds: str, latch: str | None = None, poweroff: str = "touch") -> list[str]:
        """What the latch says in the end."""
        going = GoingDark(
            poweroff_command=(poweroff, str(self.root / "off")) if poweroff else (),
            need_s=NEED_S,
            latch=Latch(str(self.latch_file) if latch is None else latch),
            cut_s=lambda ups: self.cut_s[ups],
            command=self.command,
            root=self.root,
        )
        asyncio.run(going.go(feeds or ("till",)))
        return self.latch_file.read_text().splitlines()[1:] if self.latch_file.exists() else []


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


TOLD = [("till", "shutdown.return", True)]


def test_a_ups_that_waits_long_enough_is_told_by_the_daemon_and_not_again(host: Host) -> None:
    host.hook()
    assert host.go() == ["told till"]
    assert host.told == TOLD


@pytest.mark.parametrize("cut_s", [None, 20, NEED_S - 1])
def test_a_ups_that_would_cut_too_early_is_left_to_the_hook(host: Host, cut_s: int | None) -> None:
    host.hook()
    host.cut_s["till"] = cut_s
    assert host.go() == ["cut till"]
    assert host.told == []


def test_without_a_hook_the_daemon_tells_it_however_early_it_cuts(host: Host) -> None:
    host.cut_s["till"] = 20
    assert host.go() == ["told till"]
    assert host.told == TOLD


def test_without_a_latch_nothing_is_left_to_the_hook(host: Host) -> None:
    host.hook()
    host.cut_s["till"] = 20
    assert host.go(latch="") == []
    assert host.told == TOLD


def test_a_latch_that_cannot_be_written_leaves_nothing_to_the_hook(host: Host) -> None:
    host.hook()
    host.cut_s["till"] = 20
    host.go(latch=str(host.root / "no/folder/latch"))
    assert host.told == TOLD


def test_a_host_that_does_not_obey_runs_no_hook_so_the_daemon_tells_the_ups(host: Host) -> None:
    host.hook()
    host.cut_s["till"] = 20
    assert host.go(poweroff="false") == ["told till"]
    assert host.told == [("till", "shutdown.return", False)]


def test_where_somebody_else_powers_the_host_off_the_hook_counts(host: Host) -> None:
    host.hook()
    host.cut_s["till"] = 20
    assert host.go(poweroff="") == ["cut till"]


@pytest.mark.parametrize("outcome", [NotObeyed("ACCESS-DENIED"), PerhapsObeyed("NO-ANSWER")])
def test_what_may_not_have_obeyed_is_left_to_the_hook_as_well(
    host: Host, outcome: CommandOutcome
) -> None:
    host.hook()
    host.outcome = outcome
    assert host.go() == ["cut till"]
    assert host.told == TOLD


def test_each_ups_is_told_in_its_own_way(host: Host) -> None:
    host.hook()
    host.cut_s["counter"] = 20
    assert host.go("till", "counter") == ["cut counter", "told till"]
    assert host.told == TOLD


def test_the_latch_is_there_before_the_host_is_powered_off(host: Host) -> None:
    program = host.root / "poweroff"
    program.write_text(f'#!/bin/sh\ncp {host.latch_file} "$1"\n')
    program.chmod(0o755)
    host.go(poweroff=str(program))
    assert (host.root / "off").read_text() == "tillhald-latch 1\ncut till\n"

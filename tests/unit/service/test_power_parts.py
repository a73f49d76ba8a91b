"""Long work told in steps, and what the host lacks for a shutdown."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.crash.outage_world import SimulatedLoop
from tillhal.power import BESIDE_S
from tillhald.domain.jobs import JobState
from tillhald.domain.ups import PowerRules
from tillhald.service.going_dark import Latch
from tillhald.service.inhibitor import Inhibitor
from tillhald.service.power import Power, PowerSettings
from tillhald.service.power_check import Missing, PowerCheck
from tillhald.service.settlement import Settled, Settlement
from tillhald.service.work import STEPS_KEPT_MAX, Work


def run(go: object) -> None:
    asyncio.run(go)  # type: ignore[arg-type]


async def taken(steps: AsyncIterator[int]) -> list[int]:
    return [step async for step in steps]


def test_work_goes_on_when_its_caller_hangs_up_and_is_watched_by_several() -> None:
    async def go() -> None:
        async with asyncio.TaskGroup() as tasks:
            work: Work[int] = Work(tasks)
            gate = asyncio.Event()

            async def count() -> None:
                work.tell(1)
                await gate.wait()
                work.tell(2)

            work.begin(count())
            first = asyncio.create_task(taken(work.steps()))
            second = asyncio.create_task(taken(work.steps()))
            await asyncio.sleep(0)
            first.cancel()
            gate.set()
            assert await second == [1, 2]
            # Who comes late is told all of it.
            assert await taken(work.steps()) == [1, 2]
            assert not work.is_running

    run(go())


def test_work_that_says_too_much_keeps_its_end() -> None:
    async def go() -> None:
        async with asyncio.TaskGroup() as tasks:
            work: Work[int] = Work(tasks)

            async def count() -> None:
                for number in range(STEPS_KEPT_MAX * 2):
                    work.tell(number)

            work.begin(count())
            steps = await taken(work.steps())
            assert len(steps) == STEPS_KEPT_MAX
            assert steps[-1] == STEPS_KEPT_MAX * 2 - 1

    run(go())


class _Stuck:
    """A till and its tail, of which nothing comes to an end: a printer and a disk that hang."""

    failure = None
    draining = False
    durable_seq = 0
    rules = SimpleNamespace(receipt_printer="")
    state = SimpleNamespace(
        sales={}, kicks={}, jobs={"j": SimpleNamespace(state=JobState.SENDING, printer="p")}
    )

    async def caught_up(self) -> None:
        await asyncio.Event().wait()

    @contextlib.contextmanager
    def watch(self) -> Iterator[_Stuck]:
        yield self

    async def beyond(self, _: int) -> None:
        await asyncio.Event().wait()

    def snapshot(self) -> list[object]:
        return []


@pytest.mark.parametrize("deadline_s", [2, 5, 30, 300])
def test_a_settlement_whose_printer_and_disk_hang_ends_before_its_caller_gives_up(
    deadline_s: int,
) -> None:
    """upsmon's script waits for the deadline and some seconds; then the host goes down."""
    stuck: Any = _Stuck()

    async def go() -> tuple[Settled, float]:
        settlement = Settlement(stuck, stuck, stuck, Work(stuck), on_settled=lambda _: None)
        settled = await settlement.bring_to_rest(deadline_s, lambda _: None)
        return settled, asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        settled, took_s = runner.run(go())
    assert (settled.jobs_left, settled.is_stored) == (1, False)
    assert took_s < deadline_s + BESIDE_S - 1


class _Looked:
    """As much of the power as the host's own files are compared with."""

    upses = ()
    inhibitor: Inhibitor | None = None
    settings = PowerSettings(rules=PowerRules(feeds=()), poweroff_command=("true",))


def host(root: Path, looked: _Looked | None = None) -> set[Missing]:
    check = PowerCheck(None, cast("Power", looked or _Looked()), None, root=root)  # type: ignore[arg-type]
    found = {finding.code for finding in check._host()}
    # Nobody asks logind here: see tests/e2e/test_held_shutdowns.py.
    assert Missing.SHUTDOWNS_NOT_HELD in found
    return found - {Missing.SHUTDOWNS_NOT_HELD}


def test_the_host_is_asked_for_all_that_a_shutdown_needs(tmp_path: Path) -> None:
    assert host(tmp_path) == {Missing.INHIBIT_DELAY_SHORT, Missing.HOOK_MISSING}
    drop_ins = tmp_path / "etc/systemd/logind.conf.d"
    drop_ins.mkdir(parents=True)
    (tmp_path / "etc/systemd/logind.conf").write_text("[Login]\n#InhibitDelayMaxSec=60\n")
    (drop_ins / "10-till.conf").write_text("[Login]\nInhibitDelayMaxSec = 1min\n")
    assert host(tmp_path) == {Missing.HOOK_MISSING}
    (drop_ins / "90-later.conf").write_text("[Login]\nInhibitDelayMaxSec=5\n")
    assert host(tmp_path) == {Missing.INHIBIT_DELAY_SHORT, Missing.HOOK_MISSING}
    (drop_ins / "90-later.conf").unlink()
    hooks = tmp_path / "usr/lib/systemd/system-shutdown"
    hooks.mkdir(parents=True)
    for name in ("nutshutdown", "tillhald"):  # NUT's own does nothing for the till
        assert host(tmp_path) == {Missing.HOOK_MISSING}
        hook = hooks / name
        hook.write_text("#!/bin/sh\n")
        hook.chmod(0o644)
        assert host(tmp_path) == {Missing.HOOK_MISSING}
        hook.chmod(0o755)
    assert host(tmp_path) == {Missing.LATCH_MISSING}
    looked = _Looked()
    looked.settings = looked.settings._replace(latch=Latch("/run/tillhal/cut-and-return"))
    assert host(tmp_path, looked) == set()


def test_upower_that_is_not_masked_is_a_second_master(tmp_path: Path) -> None:
    """linuxmint/cinnamon#12361: it says "low" falsely, and hibernates a host that is on mains."""
    unit = tmp_path / "usr/lib/systemd/system/upower.service"
    unit.parent.mkdir(parents=True)
    assert Missing.SECOND_MASTER not in host(tmp_path)
    unit.touch()
    assert Missing.SECOND_MASTER in host(tmp_path)
    mask = tmp_path / "etc/systemd/system/upower.service"
    mask.parent.mkdir(parents=True)
    mask.symlink_to("/dev/null")
    assert Missing.SECOND_MASTER not in host(tmp_path)


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    settings = _Looked.settings
    looked = _Looked()
    looked.settings = PowerSettings(rules=settings.rules, poweroff_command=("no-such-program",))
    check = PowerCheck(None, cast("Power", looked), None, root=tmp_path)  # type: ignore[arg-type]
    assert Missing.POWEROFF_MISSING in {finding.code for finding in check._host()}

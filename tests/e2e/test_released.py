"""Two released versions and one shop: N is upgraded to N+1 through the RPCs and brought back again,
with real processes, signed bundles, the launcher, and data of another schema.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import grpc
import pytest

from hwsim.ups.nut_server import NutServer
from hwsim.ups.virtual import VirtualUps
from tests.e2e.test_outage import NUT
from tests.support.answers import assert_journal_sound, journal_records, refusal_of
from tests.support.homes import FIRST, homed
from tests.support.released import NEXT, Releases, changed_text, stage
from tests.support.sales import new_id
from tests.support.upgraded import ALL_RIGHT, UpgradedTill
from tillhal.v1 import power_pb2, system_pb2
from tillhal.v1 import upgrade_pb2 as pb
from tillhald.boot import generation
from tillhald.boot.record import ATTEMPTS
from tillhald.schema import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT_S_MAX = 60.0
PAUSE = threading.Event()
PAUSE_S = 0.05
JOIN_S = 3_600
"""Mains that are back for less than this do not end an outage: it stays open in these tests."""
TRIAL_S = 90.0
"""A machine that is busy starts a program slowly, and the program is well."""
HUNG_S = 3.0
"""For one that never answers."""


RULES = f"""
[power]
poweroff_command = ["true"]
on_battery_confirm_s = 1
mains_confirm_s = 1
comm_lost_s = 60
comm_lost_on_battery_s_max = 600
outage_join_s = {JOIN_S}
"""


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Releases:
    """N, and whatever was released after it."""
    return Releases(tmp_path_factory.mktemp("releases"))


@pytest.fixture
def ups() -> VirtualUps:
    """It is charged, and on mains."""
    return VirtualUps()


@pytest.fixture
def wired(ups: VirtualUps) -> Iterator[str]:
    """What the configuration says of it."""
    with NutServer({"till": ups}) as server:
        yield RULES + NUT.format(port=server.port, poll_s=0.1)


def await_supply(till: UpgradedTill, supply: power_pb2.Supply) -> None:
    end_s = time.monotonic() + WAIT_S_MAX
    while True:
        power = till.calls.power.GetPower(power_pb2.GetPowerRequest()).power
        if power.supply == supply:
            return
        assert time.monotonic() < end_s, power
        PAUSE.wait(PAUSE_S)


def said_of_start(till: UpgradedTill) -> system_pb2.RecoveryReport:
    """What the start found that this daemon began with."""
    return till.calls.system.GetStatus(system_pb2.GetStatusRequest()).recovery


def schema_of(till: UpgradedTill) -> int:
    return generation.meta_of(till.home, till.generation).schema


def blocked_by(till: UpgradedTill) -> set[str]:
    answer = till.calls.upgrade.PreflightUpgrade(pb.PreflightUpgradeRequest())
    return {each.code for each in answer.checks if each.severity == pb.CHECK_SEVERITY_BLOCKS}


def test_a_shop_in_an_outage_is_upgraded_and_brought_back_and_loses_nothing_either_way(
    releases: Releases, ups: VirtualUps, wired: str
) -> None:
    with homed(UpgradedTill, trial_s=TRIAL_S, more=wired) as till:
        n = releases.install(till.home)
        till.start()
        await_supply(till, power_pb2.SUPPLY_ONLINE)
        assert (till.runs(), schema_of(till)) == ((n, FIRST.generation), SCHEMA - 1)
        till.leave_things_open()
        next_one = stage(till, releases.bundle(NEXT))
        assert next_one.version == NEXT

        # On battery nothing is upgraded: the preflight says so, and whoever asks is refused.
        ups.mains_off()
        await_supply(till, power_pb2.SUPPLY_ON_BATTERY)
        till.await_checked()
        assert "mains" in blocked_by(till)
        now = pb.StartUpgradeRequest(
            request_id=new_id(), when=pb.UPGRADE_WHEN_NOW, overrides=ALL_RIGHT
        )
        with pytest.raises(grpc.RpcError) as refused:
            till.calls.upgrade.StartUpgrade(now)
        assert refusal_of(refused.value).reason == "UPGRADE_BLOCKED"

        # The mains are back, and not for so long yet that the outage is over.
        ups.mains_on()
        await_supply(till, power_pb2.SUPPLY_ONLINE)
        before = till.open_things()
        ((outage_id, _, is_open),) = till.outages()
        assert (outage_id, is_open) == ("outage/1", True)
        assert before["job is over"] is False
        assert before["suspended"]
        assert before["shift is open"]
        ended = till.await_end(till.start_upgrade().upgrade_id)
        assert (ended.stage, ended.to_version) == (pb.UPGRADE_STAGE_COMMITTED, NEXT), ended
        assert (till.runs(), schema_of(till)) == ((next_one.slot, "gen-0002"), SCHEMA)
        assert said_of_start(till).clean_shutdown, "nobody is told of a crash that was none"
        assert till.open_things() == before
        assert [till.sell(), till.sell()] == [2, 3]
        assert_journal_sound(till.calls)

        # Back, with what was sold meanwhile: data of the older schema are made of the newer. The
        # mains are gone again, in the same outage, and the owner takes the blame for going on.
        ups.mains_off()
        await_supply(till, power_pb2.SUPPLY_ON_BATTERY)
        before = till.open_things()
        ended = till.await_end(till.roll_back("the scale is not read", "mains").upgrade_id)
        assert (ended.kind, ended.stage) == (
            pb.UPGRADE_KIND_ROLLBACK,
            pb.UPGRADE_STAGE_COMMITTED,
        ), ended
        assert (till.runs(), schema_of(till)) == ((n, "gen-0003"), SCHEMA - 1)
        assert said_of_start(till).clean_shutdown
        assert till.open_things() == before
        assert till.sell() == 4
        assert till.receipts() == [1, 2, 3, 4]

        # And once more to the newer one, which is the version before now.
        ups.mains_on()
        await_supply(till, power_pb2.SUPPLY_ONLINE)
        before = till.open_things()
        ended = till.await_end(till.roll_back("it was the cable of the scale").upgrade_id)
        assert ended.stage == pb.UPGRADE_STAGE_COMMITTED, ended
        assert (till.runs(), schema_of(till)) == ((next_one.slot, "gen-0004"), SCHEMA)
        assert till.open_things() == before
        assert till.sell() == 5
        assert till.receipts() == [1, 2, 3, 4, 5]
        begun = [
            each
            for record in journal_records(till.calls)
            for each in record.events
            if each.kind in ("OutageBegan", "OutageEnded")
        ]
        assert [each.kind for each in begun] == ["OutageBegan"], "it is the same episode"
        assert_journal_sound(till.calls)


MAIN = "def main(arguments: list[str] | None = None) -> int:\n"
ENDS = """if "--trial" in sys.argv:
    sys.exit(3)


"""
HEARS_NOBODY = """if "--trial" in sys.argv:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    signal.sigwait([signal.SIGUSR1])


"""
TOTALS = "    found = totals_of(state)\n"
IS_READY_AND_COUNTS_OTHERWISE = """    import os, sys
    from tillhald.service.supervisor import Supervisor
    supervisor = Supervisor.of(os.environ, os.getpid())
    supervisor.ready()
    sys.stderr.write(f"READY was said: {supervisor.listens}\\n")
    found = replace(totals_of(state), sales=0)
"""
FAILING = {
    "crashes": changed_text("__main__.py", (MAIN, ENDS + MAIN)),
    "hangs": changed_text("__main__.py", (MAIN, HEARS_NOBODY + MAIN)),
    "is not well": changed_text("service/probation.py", (TOTALS, IS_READY_AND_COUNTS_OTHERWISE)),
}
WORDS = {
    "crashes": "did not prove itself",
    "hangs": "to prove itself",
    "is not well": "the journal comes to",
}


@pytest.mark.parametrize("fault", FAILING)
def test_a_release_that_does_not_prove_itself_goes_by_itself_and_the_shop_sells_on(
    releases: Releases, fault: str
) -> None:
    trial_s = HUNG_S if fault == "hangs" else TRIAL_S
    with homed(UpgradedTill, trial_s=trial_s) as till:
        n = releases.install(till.home)
        till.start()
        till.leave_things_open()
        before = till.open_things()
        assert stage(till, releases.bundle(NEXT, FAILING[fault])).version == NEXT
        ended = till.await_end(till.start_upgrade().upgrade_id)
        assert (ended.stage, ended.to_version) == (pb.UPGRADE_STAGE_ROLLED_BACK, NEXT), ended
        assert ended.why
        said = till.errors()
        assert WORDS[fault] in said
        assert ("READY was said: True" in said) is (fault == "is not well")
        left = [line for line in said.splitlines() if "attempts left" in line]
        assert len(left) == ATTEMPTS, said
        assert (till.runs(), schema_of(till)) == ((n, FIRST.generation), SCHEMA - 1)
        assert said_of_start(till).clean_shutdown
        assert till.open_things() == before
        assert till.sell() == 2
        assert_journal_sound(till.calls)

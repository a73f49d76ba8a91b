"""From the wire to the cut and back, with NUT's real server and driver: nothing in between is ours."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hwsim.ups.megatec import MegatecUps
from hwsim.ups.real_nut import RealNut, qx, why_not
from hwsim.ups.virtual import VirtualUps
from tests.support.powered import QUICK_RULES
from tests.support.sales import cash_sale
from tests.support.till import Till, short_folder, till_toml
from tests.unit.packaging.test_late_hook import HOOK, Host
from tillhal.v1 import power_pb2 as pb
from tillhal.v1 import system_pb2

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "NUT is there")

WAIT_S_MAX = 30.0
PAUSE = threading.Event()
PAUSE_S = 0.05
NUT = """
[devices.shop_ups]
driver = "nut_ups"
upses = ["till"]
port = {port}
username = "admin"
password = "{password}"
poll_s = 0.1
"""


def until(till: Till, supply: pb.Supply) -> None:
    end_s = time.monotonic() + WAIT_S_MAX
    while till.calls.power.GetPower(pb.GetPowerRequest()).power.supply != supply:
        assert time.monotonic() < end_s, till.log_text()[-2000:]
        PAUSE.wait(PAUSE_S)


@contextlib.contextmanager
def a_shop(password: str, expected: set[str]) -> Iterator[tuple[Till, VirtualUps, RealNut, Path]]:
    """A till on NUT's real upsd, on its real driver, on a simulated UPS's serial line."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(short_folder())
        ups = VirtualUps()
        line = stack.enter_context(MegatecUps(ups, folder / "line"))
        nut = stack.enter_context(RealNut({"till": qx(line.at, offdelay="12", ondelay="60")}))
        latch = folder / "latch"
        more = f'latch_file = "{latch}"'
        toml = till_toml(folder)
        toml += QUICK_RULES.format(poweroff=f'["touch", "{folder}/powered_off"]', more=more)
        till = Till(folder, None, toml + NUT.format(port=nut.port, password=password))
        try:
            yield till, ups, nut, latch
        finally:
            till.end()
        mistakes = till.mistakes(expected)
        assert not mistakes, "\n".join(mistakes)


def goes_down(till: Till, ups: VirtualUps) -> None:
    """Sells, loses the mains, runs low, and ends by itself."""
    till.start()
    until(till, pb.SUPPLY_ONLINE)
    assert till.calls.checkout.Checkout(cash_sale()).sale.receipt_number == 1
    ups.mains_off()
    until(till, pb.SUPPLY_ON_BATTERY)
    ups.set("charge_percent", 15)
    assert till.await_exit() == 0
    assert (till.folder / "powered_off").exists()


def cuts_and_returns(ups: VirtualUps) -> None:
    """In simulated time: nobody is on its wires any more."""
    with ups.now() as now:
        assert now.shutting_down
        assert now.shutdown_in_s is not None
        now.advance(now.time_s + now.shutdown_in_s + 1)
        assert not now.output, "it cuts, though the mains are back"
        now.advance(now.time_s + 61)
        assert now.output, "and returns"


def test_the_daemon_tells_the_ups_and_mains_that_come_back_leave_nobody_dark() -> None:
    with a_shop("pw", set()) as (till, ups, nut, latch):
        goes_down(till, ups)
        assert latch.read_text() == "tillhald-latch 1\ntold till\n"
        ups.mains_on()
        nut.close()
        cuts_and_returns(ups)


def test_a_till_without_rights_leaves_it_to_the_hook_which_needs_neither_upsd_nor_till(
    tmp_path: Path,
) -> None:
    with a_shop("wrong", {"ups_not_told_to_return"}) as (till, ups, nut, latch):
        goes_down(till, ups)
        assert latch.read_text() == "tillhald-latch 1\ncut till\n"
        with ups.now() as now:
            assert not now.shutting_down
        ups.mains_on()
        nut.stop("upsd")
        nut.stop("till")
        host = Host(tmp_path)
        (tmp_path / "run/tillhal/cut-and-return").write_bytes(latch.read_bytes())
        environment = "\n".join(
            f"export {name}='{value}'"
            for name, value in nut.environment.items()
            if name.startswith("NUT_")
        )
        host.put("upsdrvctl", does=f"{environment}\nexec /sbin/upsdrvctl -u {nut.user} $*")
        assert host.run(HOOK, "poweroff") == ["upsdrvctl shutdown till"]
        cuts_and_returns(ups)
        # The host boots: the latch was in memory, and what a till finds it clears away.
        till.spawn()
        assert till.comes_up()
        assert not latch.exists()
        status = till.calls.system.GetStatus(system_pb2.GetStatusRequest())
        assert status.recovery.clean_shutdown

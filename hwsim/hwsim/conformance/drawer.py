"""What a CashDrawer promises."""

from collections.abc import Callable
from typing import Final

import pytest

from hwsim.conformance.waiting import wait_until
from hwsim.drawer import VirtualDrawer
from tillhald.devices.categories import CashDrawer, Fired, How, KickFailed, KickUnknown

KICK_S: Final = 3.0


class CashDrawerConformance:
    """Override `kicked`, `turn` and `switched_off`; the simulated drawer is `drawer`."""

    @pytest.fixture
    def drawer(self) -> VirtualDrawer:
        """Shut; its switch says high when it is open."""
        return VirtualDrawer()

    @pytest.fixture
    def kicked(self, drawer: VirtualDrawer) -> CashDrawer:
        """The driver that is tested, connected to `drawer`."""
        raise NotImplementedError

    @pytest.fixture
    def turn(self) -> Callable[[], object]:
        """What gives the driver a turn on its port, so that it hears of its switch."""
        raise NotImplementedError

    @pytest.fixture
    def switched_off(self) -> Callable[[], object]:
        """What takes its power from whatever the drawer hangs on, and has the driver notice."""
        raise NotImplementedError

    def test_a_kick_opens_the_drawer_once_and_its_switch_says_so(
        self, kicked: CashDrawer, drawer: VirtualDrawer
    ) -> None:
        has_switch = kicked.status().open.how is not How.UNSUPPORTED
        for now in (False, True):
            drawer.close()
            before = drawer.open_count
            outcome = kicked.kick(now, KICK_S)
            assert isinstance(outcome, Fired | KickUnknown)
            assert drawer.open_count == before + 1
            if has_switch:
                assert kicked.status().open.value is True
                break  # a drawer that is kicked while its switch still says open proves nothing

    def test_a_locked_drawer_is_never_said_to_have_been_seen_open(
        self, kicked: CashDrawer, drawer: VirtualDrawer
    ) -> None:
        drawer.stuck = True
        outcome = kicked.kick(False, KICK_S)  # noqa: FBT003 - as the port calls it
        assert outcome != Fired(verified=True)
        if kicked.status().open.how is How.MEASURED:
            assert isinstance(outcome, KickFailed)
        drawer.stuck = False
        assert drawer.open_count == 0

    def test_what_its_switch_says_is_what_is_told(
        self, kicked: CashDrawer, drawer: VirtualDrawer, turn: Callable[[], object]
    ) -> None:
        if kicked.status().open.how is How.UNSUPPORTED:
            pytest.skip("not claimed: it has no switch")
        wait_until(lambda: kicked.status().open.known(value=False), "shut", turn)
        drawer.open_by_key()
        wait_until(lambda: kicked.status().open.known(value=True), "opened by a key", turn)
        drawer.close()
        wait_until(lambda: kicked.status().open.known(value=False), "shut again", turn)

    def test_a_drawer_without_power_is_not_opened_then_nor_said_to_be(
        self, kicked: CashDrawer, drawer: VirtualDrawer, switched_off: Callable[[], object]
    ) -> None:
        switched_off()
        outcome = kicked.kick(False, 1.0)  # noqa: FBT003 - as the port calls it
        assert isinstance(outcome, KickFailed | KickUnknown)
        assert kicked.status().open.how is not How.MEASURED
        assert drawer.open_count == 0

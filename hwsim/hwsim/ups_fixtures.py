"""Fixtures for the tests of anything that hangs on a UPS; `hwsim.pytest_plugin` brings them.

`virtual_ups` needs nothing; serve it by `hwsim.ups.nut_server.NutServer`::

    def test_an_outage_is_told(virtual_ups, virtual_upsd):
        shop_watches("till", virtual_upsd.port)
        virtual_ups.mains_off()
"""

from collections.abc import Iterator

import pytest

from hwsim.ups.nut_server import NutServer
from hwsim.ups.virtual import VirtualUps


@pytest.fixture
def virtual_ups() -> VirtualUps:
    """A UPS on mains, charged, loaded by a quarter, in real time."""
    return VirtualUps()


@pytest.fixture
def virtual_upsd(virtual_ups: VirtualUps) -> Iterator[NutServer]:
    """A server by RFC 9271 on a free port of 127.0.0.1, which serves `virtual_ups` as "till"."""
    with NutServer({"till": virtual_ups}) as server:
        yield server

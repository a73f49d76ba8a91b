"""Fixtures for the tests of anything that hangs on a UPS; `hwsim.pytest_plugin` brings them.

`virtual_ups` is the UPS that the others serve; it needs nothing. Over RFC 9271 in this process::

    def test_an_outage_is_told(virtual_ups, virtual_upsd):
        shop_watches("till", virtual_upsd.port)
        virtual_ups.mains_off()

and by a real `upsd`, with the real `nutdrv_qx`, over a serial line::

    def test_an_outage_is_told(virtual_ups, real_nut):
        shop_watches("till", real_nut.port)
        virtual_ups.mains_off()

Without NUT's programs the test is skipped and says so.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hwsim.ups.megatec import MegatecUps
from hwsim.ups.nut_server import NutServer
from hwsim.ups.real_nut import RealNut, dummy, qx, why_not
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


@pytest.fixture
def megatec_ups(virtual_ups: VirtualUps, tmp_path: Path) -> Iterator[MegatecUps]:
    """`virtual_ups` on a serial line at its `at`, speaking Megatec's Q1 protocol."""
    with MegatecUps(virtual_ups, tmp_path / "ups") as ups:
        yield ups


@pytest.fixture
def real_nut(megatec_ups: MegatecUps) -> Iterator[RealNut]:
    """A real upsd with nutdrv_qx on `virtual_ups`, as "till", in a folder of its own."""
    _skip_without_nut()
    with RealNut({"till": qx(megatec_ups.at)}) as nut:
        yield nut


@pytest.fixture
def dummy_nut() -> Iterator[RealNut]:
    """A real upsd with dummy-ups, as "till": set its variables, also those that Q1 lacks."""
    _skip_without_nut()
    with RealNut({"till": dummy()}) as nut:
        yield nut


def _skip_without_nut() -> None:
    reason = why_not()
    if reason:
        pytest.skip(reason)

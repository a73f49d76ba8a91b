"""UPSes for the tests of the simulator, alone and in a shop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hwsim.control.server import ControlServer
from hwsim.shop import Shop
from hwsim.shop_plan import parse
from hwsim.ups.wired import WiredUps
from hwsim.ups_fixtures import dummy_nut, megatec_ups, real_nut, virtual_ups, virtual_upsd
from tests.unit.hwsim.ups.shop_ups import PLAN

__all__ = ["dummy_nut", "megatec_ups", "real_nut", "virtual_ups", "virtual_upsd"]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop(parse(PLAN.format(at=tmp_path / "q1")), tmp_path / "shop") as shop:
        yield shop


@pytest.fixture
def wired(shop: Shop) -> WiredUps:
    return shop.find_of(WiredUps)[1]


@pytest.fixture
def address(shop: Shop) -> Iterator[str]:
    with ControlServer(shop, "127.0.0.1:0") as server:
        yield server.address

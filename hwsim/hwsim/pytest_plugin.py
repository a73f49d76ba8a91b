"""Fixtures for the tests of anything that prints or scans, and of anything that stores.

Register it in the project's top-level conftest.py::

    pytest_plugins = ["hwsim.pytest_plugin"]

and print to the printer's address, as to a real one on the network::

    def test_a_receipt_shows_the_total(virtual_printer):
        shop_prints_to(*virtual_printer.address)
        receipt = virtual_printer.wait_receipts(1, timeout_s=5)[0]
        assert "TOTAL 12.35" in receipt.text
        assert virtual_printer.drawer.is_open

`receipt.text` is what a person reads, `receipt.image` the dots that were burned (barcodes in it can
be scanned); the same receipts lie as PNG and text in the test's `tmp_path / "receipts"`. Covers,
paper, cutter, power and the network are at hand: see `hwsim.handling`.

`virtual_scanner`, `virtual_serial_printer`, `virtual_relay_drawer` are on serial lines in
`tmp_path`; `virtual_shop` is a whole shop, of the devices that `virtual_shop_plan` names::

    @pytest.fixture
    def virtual_shop_plan():
        return load(Path("shop.toml"))   # from hwsim.shop_plan

And store on a disk that loses its power::

    def test_what_was_answered_is_there_after_a_power_cut(power_cut_disk):
        shop = start_shop(power_cut_disk.path)
        sold = shop.sell()
        print(power_cut_disk.cut(7, shop.pid))
        assert sold in start_shop(power_cut_disk.path).sales()

It needs Linux and root; elsewhere the test is skipped and says why. Faults, a full disk and what
was synced are at hand, too: see `hwsim.power.disk.PowerCutDisk`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.power.disk import PowerCutDisk, why_not
from hwsim.printer import VirtualPrinter
from hwsim.relay_drawer import VirtualRelayDrawer
from hwsim.scanner import VirtualScanner
from hwsim.serial_line import SerialAt
from hwsim.shop import Shop
from hwsim.shop_plan import DEFAULT, ShopPlan
from hwsim.ups_fixtures import dummy_nut, megatec_ups, real_nut, virtual_ups, virtual_upsd  # noqa: F401


@pytest.fixture
def virtual_drawer() -> VirtualDrawer:
    """The drawer on the virtual printer's connector: shut, high level when open."""
    return VirtualDrawer()


@pytest.fixture
def virtual_printer(tmp_path: Path, virtual_drawer: VirtualDrawer) -> Iterator[VirtualPrinter]:
    """A TM-T88 on a free port of 127.0.0.1 that prints at once, with `virtual_drawer`."""
    folder = tmp_path / "receipts"
    folder.mkdir()
    with VirtualPrinter(drawer=virtual_drawer, folder=folder) as printer:
        yield printer


@pytest.fixture
def virtual_serial_printer(tmp_path: Path) -> Iterator[VirtualPrinter]:
    """A TM-T88 on a serial line that the host opens at its `device`, with a drawer of its own."""
    folder = tmp_path / "serial_receipts"
    folder.mkdir()
    at = SerialAt(tmp_path / "serial_printer")
    with VirtualPrinter(drawer=VirtualDrawer(), link=at, folder=folder) as printer:
        yield printer


@pytest.fixture
def virtual_scanner(tmp_path: Path) -> Iterator[VirtualScanner]:
    """A scanner that the host opens at its `at`: AIM identifiers, suffix CR."""
    with VirtualScanner(tmp_path / "scanner") as scanner:
        yield scanner


@pytest.fixture
def virtual_relay_drawer(tmp_path: Path) -> Iterator[VirtualRelayDrawer]:
    """A drawer behind a relay board of one channel, which the host opens at its `at`."""
    with VirtualRelayDrawer(tmp_path / "relay_drawer") as relay:
        yield relay


@pytest.fixture
def virtual_shop_plan() -> ShopPlan:
    """What `virtual_shop` consists of: define it anew for another shop."""
    return DEFAULT


@pytest.fixture
def virtual_shop(tmp_path: Path, virtual_shop_plan: ShopPlan) -> Iterator[Shop]:
    """A whole shop, with its receipts and lines in `tmp_path / "shop"`."""
    with Shop(virtual_shop_plan, tmp_path / "shop") as shop:
        yield shop


@pytest.fixture
def power_cut_disk(tmp_path: Path) -> Iterator[PowerCutDisk]:
    """An empty disk on `tmp_path / "disk"` that can fail and lose its power."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with PowerCutDisk(tmp_path / "disk") as disk:
        yield disk

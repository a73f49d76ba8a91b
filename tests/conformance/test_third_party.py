"""A driver of somebody else's, in a package of its own: installed, and sold and printed with."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import grpc
import pytest

from hwsim.conformance import PosPrinterConformance
from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from tests.docs.pages import blocks, page
from tests.support.answers import await_job, refused
from tests.support.programs import wait_for
from tests.support.sales import cash_sale
from tests.support.till import Till, short_folder, till_toml
from tillhal.v1 import device_pb2, printer_pb2, system_pb2
from tillhald.devices.categories import PosPrinter
from tillhald.devices.wake import Wake

PACKAGE = Path(__file__).parents[1] / "fixtures/plaintext_driver"
INSTALL_S_MAX = 60.0
BROKEN = "raise RuntimeError('made for another till')\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the package was installed into, as pip does it, without an index."""
    pytest.importorskip("hatchling")
    target = tmp_path_factory.mktemp("site")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"),
            *("--no-build-isolation", "--disable-pip-version-check", "--target", target, PACKAGE),
        ],
        check=True,
        timeout=INSTALL_S_MAX,
        env=os.environ | {"PIP_NO_CACHE_DIR": "1"},
    )
    return target


@pytest.fixture(scope="module")
def module(installed: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "tillhal_plaintext", installed / "tillhal_plaintext/__init__.py"
    )
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


class TestPlaintext(PosPrinterConformance):
    """The package's own test, in as many lines as its author needs."""

    @pytest.fixture
    def printer(self, paper: VirtualPrinter, wake: Wake, module: ModuleType) -> PosPrinter:
        host, port = paper.address
        return module.PlainPrinter("p", module.PlainOptions(host=host, port=port), wake)


@pytest.mark.parametrize(
    ("kind", "file"),
    [("toml package", "pyproject.toml"), ("python package", "tillhal_plaintext/__init__.py")],
)
def test_the_how_to_shows_the_package_that_is_tested(kind: str, file: str) -> None:
    (shown,) = [b for b in blocks(page("docs/howto/add-a-driver.md")) if b.info == kind]
    assert shown.text == (PACKAGE / file).read_text()


def plain_toml(folder: Path, printer: VirtualPrinter) -> str:
    host, port = printer.address
    toml = till_toml(folder, port)
    escpos = f'driver = "escpos"\nport = {{ tcp = "127.0.0.1:{port}" }}\nprofile = "tm_t88"\n'
    assert escpos in toml
    return toml.replace(escpos, f'driver = "plaintext"\nhost = "{host}"\nport = {port}\n').replace(
        'open_level = "high"\n', ""
    )


@pytest.fixture
def printer() -> Iterator[VirtualPrinter]:
    with VirtualPrinter(drawer=VirtualDrawer()) as printer:
        yield printer


def status(till: Till) -> system_pb2.GetStatusResponse:
    return till.calls.system.GetStatus(system_pb2.GetStatusRequest())


def with_path(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    more = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{more}" if more else str(folder))


def test_a_till_sells_and_prints_with_a_driver_of_somebody_elses(
    installed: Path, printer: VirtualPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_path(monkeypatch, installed)
    with short_folder() as folder:
        till = Till(folder, printer, plain_toml(folder, printer))
        try:
            till.start()
            till.calls.checkout.Checkout(cash_sale())
            job = await_job(till.calls, "receipt/1", printer_pb2.JOB_STATE_UNCONFIRMED)
            assert job.reason == "NO_ANSWER"  # never more than the device has said
            (receipt,) = printer.wait_receipts(1, timeout_s=20)
            assert "THE CORNER SHOP" in receipt.text
            printer.wait_pulses(1, timeout_s=20)
            shots = till.calls.device.ListDevices(device_pb2.ListDevicesRequest()).devices
            assert [shot.driver for shot in shots] == ["plaintext", "printer_kick"]
            assert not till.mistakes()
        finally:
            till.end()


def test_a_driver_that_cannot_be_loaded_keeps_no_till_from_selling(
    tmp_path: Path, printer: VirtualPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tillhal_plaintext.py").write_text(BROKEN)
    about = tmp_path / "tillhal_plaintext-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: tillhal-plaintext\nVersion: 1.0\n"
    )
    points = "[tillhal.drivers]\nplaintext = tillhal_plaintext:SPEC\n"
    (about / "entry_points.txt").write_text(points)
    with_path(monkeypatch, tmp_path)
    with short_folder() as folder:
        till = Till(folder, printer, plain_toml(folder, printer))
        try:
            till.start()
            till.calls.checkout.Checkout(cash_sale())
            assert system_pb2.MODE_PRINTER_DOWN in status(till).modes
            named = " ".join(status(till).recovery.findings)
            assert "front_printer" in named
            assert "RuntimeError: made for another till" in named
            assert "front_drawer is left out: it hangs on front_printer" in named
            with refused(grpc.StatusCode.NOT_FOUND, "DEVICE_NOT_FOUND"):
                till.calls.device.GetDevice(device_pb2.GetDeviceRequest(device_id="front_printer"))
            done = checked(till.config)
            assert done.returncode == 78
            assert "devices.front_printer: driver `plaintext` cannot be loaded" in done.stderr
            # Somebody mends the package, or takes another driver: the receipt prints then.
            till.config.write_text(till_toml(folder, printer.address[1]))
            till.calls.device.Reconfigure(
                device_pb2.ReconfigureRequest(request_id="00000000-0000-4000-8000-000000000001")
            )
            await_job(till.calls, "receipt/1", printer_pb2.JOB_STATE_CONFIRMED)
            wait_for(lambda: not status(till).modes, "nothing is wrong any more")
        finally:
            till.end()


def checked(config: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tillhald", "--check-config", str(config)],
        capture_output=True,
        text=True,
        timeout=INSTALL_S_MAX,
        check=False,
    )

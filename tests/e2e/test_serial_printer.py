"""A whole till whose printer and drawer hang on a serial line that is pulled out and put back."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from hwsim.serial_line import SerialAt
from tests.support.answers import await_job
from tests.support.sales import cash_sale
from tests.support.till import Till, short_folder, till_toml
from tillhal.v1 import device_pb2, printer_pb2

TCP_PORT = 9100
FLOWS = {"usb": "", "serial": ', baud = 38400, flow = "xon_xoff"'}


@pytest.mark.parametrize("kind", list(FLOWS))
def test_receipts_wait_for_a_printer_that_is_unplugged_and_none_is_printed_twice(
    kind: str,
) -> None:
    with short_folder() as folder:
        at = SerialAt(folder / "printer", xon_xoff=kind == "serial", vanishes=kind == "usb")
        tcp = f'{{ tcp = "127.0.0.1:{TCP_PORT}" }}'
        toml = till_toml(folder, TCP_PORT)
        assert tcp in toml
        toml = toml.replace(tcp, f'{{ {kind} = "{at.device}"{FLOWS[kind]} }}')
        with VirtualPrinter(link=at, drawer=VirtualDrawer()) as printer:
            till = Till(folder, printer, toml)
            try:
                _sell_and_pull(till.start(), printer, at.device)
            finally:
                till.end()


def _sell_and_pull(till: Till, printer: VirtualPrinter, device: Path) -> None:
    calls = till.calls
    calls.checkout.Checkout(cash_sale())
    await_job(calls, "receipt/1", printer_pb2.JOB_STATE_CONFIRMED)
    printer.wait_pulses(1, timeout_s=20)
    printer.unplug()
    assert not device.exists()
    calls.checkout.Checkout(cash_sale())
    await_job(calls, "receipt/2", printer_pb2.JOB_STATE_HELD)
    printer.plug_in()
    await_job(calls, "receipt/2", printer_pb2.JOB_STATE_CONFIRMED)
    assert len(printer.wait_receipts(2, timeout_s=20)) == 2
    devices = calls.device.ListDevices(device_pb2.ListDevicesRequest()).devices
    ports = {one.device_id: one.port for one in devices}
    assert ports["front_printer"].partition(" ")[2] == str(device)

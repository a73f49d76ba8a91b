"""UPSes for the contract of power sources, and haste for printers that answer nothing."""

import pytest

from hwsim.ups_fixtures import dummy_nut, megatec_ups, real_nut, virtual_ups, virtual_upsd
from tillhald.drivers.escpos import dialogue, driver, link_rfc2217

__all__ = ["dummy_nut", "megatec_ups", "real_nut", "virtual_ups", "virtual_upsd"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a printer that answers nothing: a wait of seconds proves no more than one of a half."""
    monkeypatch.setattr(dialogue, "STEP_S_MAX", 0.5)
    monkeypatch.setattr(dialogue, "QUIET_S", 0.5)
    monkeypatch.setattr(driver, "SILENT_S_MAX", 0.5)
    monkeypatch.setattr(link_rfc2217, "CONNECT_S_MAX", 0.5)

"""A disk that fills up and fails when it is told to."""

from __future__ import annotations

from hwsim.pytest_plugin import power_cut_disk

__all__ = ["power_cut_disk"]

"""What the tests of the disk share."""

from hwsim.pytest_plugin import power_cut_disk

__all__ = ["power_cut_disk"]

"""UPSes for the contract of power sources."""

from hwsim.ups_fixtures import dummy_nut, megatec_ups, real_nut, virtual_ups, virtual_upsd

__all__ = ["dummy_nut", "megatec_ups", "real_nut", "virtual_ups", "virtual_upsd"]

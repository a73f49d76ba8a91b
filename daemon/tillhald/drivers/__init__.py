"""Drivers, each found by its entry point in the group `tillhal.drivers`, never imported."""

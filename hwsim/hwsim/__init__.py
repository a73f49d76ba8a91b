"""Simulated shop peripherals: an independent witness of what a till really did.

Nothing here imports the daemon or its client. A printer is decoded by this package's own reading
of the manuals, so that a mistake in the daemon's encoder cannot hide behind the same mistake here.
"""

"""The till's peripherals: what they can do, their ports, and all of them together."""

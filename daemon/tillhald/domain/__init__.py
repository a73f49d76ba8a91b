"""The shop's rules, pure: no I/O, no clock, no randomness. What they say can be tested as tables."""

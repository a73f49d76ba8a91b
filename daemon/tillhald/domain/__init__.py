"""The shop's rules, pure: no I/O, no clock, no randomness. They can be tested as tables."""

"""Uninterruptible power supplies: one mechanism, and the wires that real programs read it by.

`mechanism` is the UPS itself, pure, with time as an argument; `virtual` gives it a clock.
`nut_server` serves it by RFC 9271, `megatec` by Q1 on a serial line under NUT's own driver,
`nis` by apcupsd's network protocol; `real_nut` starts a real `upsd`. `scenario` plays one outage
for all of them.
"""

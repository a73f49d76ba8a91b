"""Reading what the till before this one left: adapters, checks, and the program that runs them.

It runs beside the daemon, in a process of its own, and only reads.
"""

"""The `hwsim` command: one module for each group of commands.

Each has `add`, which describes its commands, and functions that run them and give the exit status.
"""

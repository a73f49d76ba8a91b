"""Backups: one self-verifying file each, made and read in bounded memory.

`layout` is the format; `source` reads a journal, `writing` makes a file of it, `reading` checks
one, `scratch` restores a set of them into a folder, `folder` is the place where they lie. `make`,
`check` and `drill` are programs: what is heavy, or reads a bad disk, runs beside the till.
"""

"""Backups: one self-verifying file each, made and read in bounded memory.

`layout` is the format; `source` reads a journal, `writing` makes a file of it, `reading` checks
one, `rebuild` makes a journal of a set of them, `folder` is the place where they lie. `make`,
`check` and `drill` are programs: what is heavy, or reads a bad disk, runs beside the till.
"""

"""Which program runs over which data, and how a till gets from one pair to the next.

Everything here needs nothing but Python's own library: the launcher is installed beside the
programs that it starts, and must run when none of them can.
"""

"""Power cuts: a disk that records what is written to it, and what is left of it after one."""

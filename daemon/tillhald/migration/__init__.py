"""Bringing a journal from one schema to another: always a copy, never in place.

Records are facts, and are never rewritten: they go along byte for byte, with the chain, the numbers
and the hashes that were printed, sent and backed up. What changes are the rows by which they are
found again, a function of the records.
"""

"""Bundles: a version of the program in one file, signed, for a till that may have no network."""

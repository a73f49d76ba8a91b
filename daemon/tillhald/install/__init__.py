"""Laying out a till: its home with a first slot and a first generation, and its host's files."""

"""Values on the command line, refused with a reason."""

import argparse
import contextlib
import math


def port(text: str) -> int:
    """From 0 to 65535."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)


def seconds(text: str) -> float:
    """Above 0."""
    with contextlib.suppress(ValueError):
        if math.isfinite(float(text)) and float(text) > 0:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")


def factor(text: str) -> float:
    """Above 0."""
    with contextlib.suppress(ValueError):
        if math.isfinite(float(text)) and float(text) > 0:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")


def count(text: str) -> int:
    """From 0 up."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 up")
    return int(text)


def rounds(text: str) -> int:
    """From 1 up."""
    if count(text) == 0:
        raise argparse.ArgumentTypeError("there is at least 1 round")
    return count(text)

"""The `hwsim` command."""

import argparse
import contextlib
import math
import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hwsim.models import MODELS
from hwsim.power.command import AFTER_S, PowerCutOptions, run_powercut
from hwsim.shop import ShopOptions, run_shop

SEED_MAX: Final = 1_000_000
"""A seed that nobody chose is below; it is short enough to be typed again."""


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if math.isfinite(float(text)) and float(text) > 0:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 up")
    return int(text)


def _rounds(text: str) -> int:
    if _count(text) == 0:
        raise argparse.ArgumentTypeError("there is at least 1 round")
    return _count(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hwsim",
        description="Simulated shop peripherals, for trying a till without hardware, "
        "and a disk that loses its power.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    shop = commands.add_parser(
        "shop",
        help="run a receipt printer with a cash drawer",
        description="Run a receipt printer (ESC/POS over TCP or a serial line) with a cash drawer. "
        "Receipts appear as PNG and text in a folder. Prints its addresses as one JSON line when "
        "ready, then one JSON line for each receipt and each time the drawer opens.",
    )
    _describe_shop(shop)
    cut = commands.add_parser(
        "powercut",
        help="run a command on a disk that loses its power",
        description="Run a command on a disk of its own, cut the power, say what was lost of what "
        "was not synced, and give the disk as a folder. {disk} in the command's arguments, and "
        "HWSIM_DISK in its environment, name the disk. The cut kills all that the command "
        "started. Of several moments the first that comes is the cut's. Needs Linux and root.",
        epilog="Exit status: 0 when the power was cut; 1 when there could be no disk or no "
        "command; 3 when the command failed by itself before; 130 after Ctrl-C.",
    )
    _describe_powercut(cut)
    return parser


def _describe_shop(shop: argparse.ArgumentParser) -> None:
    shop.add_argument(
        "--folder",
        type=Path,
        default=Path("receipts"),
        help="where receipts appear (default: ./receipts)",
    )
    shop.add_argument(
        "--printer-port",
        type=_port,
        default=0,
        metavar="N",
        help="TCP port of the printer on 127.0.0.1 (default: a free one)",
    )
    shop.add_argument(
        "--serial",
        type=Path,
        metavar="PATH",
        help="have the printer on a serial line and not on TCP; a till opens it at PATH, which is "
        "made and removed",
    )
    shop.add_argument(
        "--model", choices=sorted(MODELS), default="tm-t88", help="default: %(default)s"
    )
    shop.add_argument(
        "--realistic", action="store_true", help="print at a real printer's speed, not at once"
    )


def _describe_powercut(cut: argparse.ArgumentParser) -> None:
    cut.add_argument(
        "--seed",
        type=_count,
        metavar="N",
        help="what decides which writes are kept, lost or torn (default: any, it is said)",
    )
    cut.add_argument(
        "--after",
        type=_seconds,
        metavar="S",
        help=f"cut after so many seconds (default, if no moment is given: {AFTER_S:g})",
    )
    cut.add_argument(
        "--after-writes",
        type=_count,
        metavar="N",
        help="cut when so many writes were done and the next one comes",
    )
    cut.add_argument(
        "--at-mark",
        metavar="TEXT",
        help="cut when the command writes TEXT, which may be a shell pattern, to {disk}/.mark",
    )
    cut.add_argument(
        "--start", type=Path, metavar="FOLDER", help="what the disk begins with (default: nothing)"
    )
    cut.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="where to write the disk as the cut left it (default: ./powercut-N, N is the seed)",
    )
    cut.add_argument(
        "--rounds",
        type=_rounds,
        default=1,
        metavar="N",
        help="run and cut so often; each round goes on with the disk that the last one left, and "
        "with the next seed (default: 1)",
    )
    cut.add_argument("words", nargs="+", metavar="COMMAND", help="after --, with its arguments")


def _run(options: argparse.Namespace) -> int:
    if options.command == "shop":
        return run_shop(
            ShopOptions(
                folder=options.folder,
                printer_port=options.printer_port,
                device=options.serial,
                model=MODELS[options.model],
                realistic=options.realistic,
            )
        )
    seed = random.SystemRandom().randrange(SEED_MAX) if options.seed is None else options.seed
    return run_powercut(
        PowerCutOptions(
            command=tuple(options.words),
            seed=seed,
            after_s=options.after,
            after_writes=options.after_writes,
            at_mark=options.at_mark,
            start=options.start,
            keep=options.keep or Path(f"powercut-{seed}"),
            rounds=options.rounds,
        )
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except BrokenPipeError:
        # Nobody reads our lines any more: end as quietly as they did, also when Python flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main())

"""The `hwsim` command."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from hwsim.models import MODELS
from hwsim.shop import ShopOptions, run_shop


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hwsim", description="Simulated shop peripherals, for trying a till without hardware."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    shop = commands.add_parser(
        "shop",
        help="run a receipt printer with a cash drawer",
        description="Run a receipt printer (ESC/POS over TCP) with a cash drawer. Receipts appear "
        "as PNG and text in a folder. Prints its addresses as one JSON line when ready, then one "
        "JSON line for each receipt and each time the drawer opens.",
    )
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
        "--model", choices=sorted(MODELS), default="tm-t88", help="default: %(default)s"
    )
    shop.add_argument(
        "--realistic", action="store_true", help="print at a real printer's speed, not at once"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return run_shop(
            ShopOptions(
                folder=options.folder,
                printer_port=options.printer_port,
                model=MODELS[options.model],
                realistic=options.realistic,
            )
        )
    except BrokenPipeError:
        # Nobody reads our lines any more: end as quietly as they did, also when Python flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main())

"""The `hwsim` command."""

import argparse
import os
import sys
from collections.abc import Sequence

# Before gRPC is loaded: what it would write to stderr is no sentence for a person.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
# Child processes exec at once.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

from hwsim.cli import devices, powercut, scenario, shop, ups
from hwsim.cli.connection import EXIT_NO_SHOP, EXIT_REFUSED, NoShop, Refused


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hwsim",
        description="Simulated shop peripherals and a UPS, for trying a till without hardware, "
        "and a disk that loses its power.",
        epilog="Exit status: 0 when it was done; 1 when it was refused; 2 when no shop answers, or "
        "the command line is wrong. Commands that differ say so.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    shop.add(commands)
    devices.add(commands)
    scenario.add(commands)
    powercut.add(commands)
    ups.add_outage(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except Refused as refused:
        sys.stderr.write(f"hwsim: {refused}\n")
        return EXIT_REFUSED
    except NoShop as missing:
        sys.stderr.write(f"hwsim: {missing}\n")
        return EXIT_NO_SHOP
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Nobody reads our lines any more: end as quietly as they did, also when Python flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main())

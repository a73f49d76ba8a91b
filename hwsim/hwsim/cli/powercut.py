"""`hwsim powercut`: what its command line says."""

import argparse
import random
from pathlib import Path
from typing import Final

from hwsim.cli.arguments import count, rounds, seconds
from hwsim.power.command import AFTER_S, PowerCutOptions, run_powercut

SEED_MAX: Final = 1_000_000
"""A seed that nobody chose is below; it is short enough to be typed again."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe it."""
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
    _describe(cut)
    cut.set_defaults(run=_run)


def _describe(cut: argparse.ArgumentParser) -> None:
    cut.add_argument(
        "--seed",
        type=count,
        metavar="N",
        help="what decides which writes are kept, lost or torn (default: any, it is said)",
    )
    cut.add_argument(
        "--after",
        type=seconds,
        metavar="S",
        help=f"cut after so many seconds (default, if no moment is given: {AFTER_S:g})",
    )
    cut.add_argument(
        "--after-writes",
        type=count,
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
        type=rounds,
        default=1,
        metavar="N",
        help="run and cut so often; each round goes on with the disk that the last one left, and "
        "with the next seed (default: 1)",
    )
    cut.add_argument("words", nargs="+", metavar="COMMAND", help="after --, with its arguments")


def _run(options: argparse.Namespace) -> int:
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

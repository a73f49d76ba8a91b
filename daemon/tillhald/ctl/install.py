"""tillctl install: lays out a till on this machine. Asks no till."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer


def install(
    root: Annotated[
        Path, typer.Option(metavar="DIR", help="A folder that stands for /; nothing else changes.")
    ] = Path("/"),
    home: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the till's programs and data go.")
    ] = Path("/var/lib/tillhal"),
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The till.toml to run with.")
    ] = None,
    *,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Copy the journal of the till that is here.")
    ] = False,
) -> None:
    """Lay out a till: its home, its launcher, its service. Said again, it does what is missing."""
    command = [sys.executable, "-P", "-m", "tillhald.install"]
    command += ["--root", str(root), "--home", str(home)]
    if config is not None:
        command += ["--config", str(config)]
    if take_over:
        command.append("--take-over")
    raise typer.Exit(subprocess.run(command, check=False).returncode)

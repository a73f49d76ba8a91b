"""`tillctl diagnostics`: one archive for support."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn

from tillhald.ctl.connection import (
    EXIT_FAULT,
    Address,
    AsJson,
    connected,
    err,
    give_up,
    out,
    write_json,
)

if TYPE_CHECKING:
    from tillhal.v1 import types_pb2


def diagnostics(
    *,
    to: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="FILE",
            help="The file to write, or a folder for it. Without it: here, under the till's name.",
            show_default=False,
        ),
    ] = Path(),
    check_journal: Annotated[
        bool,
        typer.Option("--check-journal", help="Have the whole journal checked first."),
    ] = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Write one archive for support: how the till is, what happened, what it runs on.

    It holds no passwords, no amounts, no articles and no names of persons; README.txt in it says
    what it holds. The till sells on meanwhile.

    Exit status: 0 if it is whole, 1 if some of it could not be had, 2 if there is none.
    """
    with (
        connected(address) as till,
        Progress(
            TextColumn("{task.fields[phase]}"),
            BarColumn(),
            TextColumn("{task.fields[message]}"),
            console=err,
            transient=True,
            disable=as_json or not err.is_terminal,
        ) as bar,
    ):
        task = bar.add_task("", total=None, phase="asking", message="")

        def show(step: types_pb2.Progress) -> None:
            total = step.total or None
            bar.update(
                task, completed=step.done, total=total, phase=step.phase, message=step.message
            )

        try:
            got = till.get_diagnostics(to, check_journal=check_journal, on_progress=show)
        except OSError as error:
            give_up(f"It cannot be written to {to}: {error.strerror or error}.")
    if as_json:
        write_json(
            {
                "path": str(got.path),
                "size_bytes": got.size_bytes,
                "sha256": got.sha256.hex(),
                "left_out": got.left_out,
            }
        )
    else:
        out.print(f"Send {got.path} ({got.size_bytes} bytes) to support.", markup=False)
        for sentence in got.left_out:
            err.print(f"It could not have {sentence}.", markup=False, style="yellow")
    if got.left_out:
        raise typer.Exit(EXIT_FAULT)

"""`tillctl printer`: what a technician does at a printer."""

from __future__ import annotations

from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict

from tillhal.v1 import printer_pb2
from tillhald.ctl import words
from tillhald.ctl.connection import (
    EXIT_FAULT,
    Address,
    AsJson,
    connected,
    err,
    out,
    write_json,
)

LIVE = (
    printer_pb2.JOB_STATE_ACCEPTED,
    printer_pb2.JOB_STATE_HELD,
    printer_pb2.JOB_STATE_SENDING,
    printer_pb2.JOB_STATE_REROUTED,
)

app = typer.Typer(no_args_is_help=True, help="Receipt printers.")


@app.callback()
def printer() -> None:
    """Receipt printers."""


@app.command("test-page")
def print_test_page(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The printer; else the one for receipts.")
    ] = "",
    *,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Print a page with one of everything, and say what became of it."""
    with connected(address) as till:
        job = till.print_test_page(name).job
        watch = till.watch_jobs(job.seq - 1)
        for change in watch:
            if change.job.job_id != job.job_id:
                continue
            if not as_json and change.job.state != job.state:
                out.print(words.job_state(change.job), markup=False)
            job = change.job
            if job.state not in LIVE:
                break
        watch.close()
    if as_json:
        write_json(MessageToDict(job, preserving_proto_field_name=True))
    if job.state != printer_pb2.JOB_STATE_CONFIRMED and job.reason != "PROCESSED_ONLY":
        err.print("The printer did not confirm the page.")
        raise typer.Exit(EXIT_FAULT)

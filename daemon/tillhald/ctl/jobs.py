"""`tillctl jobs`: what is being printed, what is in doubt, and what becomes of it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer
from google.protobuf.json_format import MessageToDict

from tillhal import Refused
from tillhal.v1 import printer_pb2
from tillhald.ctl import words
from tillhald.ctl.connection import (
    EXIT_COULD_NOT,
    EXIT_FAULT,
    Address,
    AsJson,
    connected,
    give_up,
    out,
    say_no,
    write_json,
)

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from tillhal.requests import JobResolution

SHOWN_DEFAULT = 20
_IN_DOUBT = (printer_pb2.JOB_STATE_UNCONFIRMED, printer_pb2.JOB_STATE_FAILED_PARTIAL)

app = typer.Typer(
    invoke_without_command=True, help="Print jobs: what waits, what is in doubt, what came of it."
)

_JOB_ID = typer.Argument(metavar="ID", help="The job's id, as `tillctl jobs` shows it.")
_REASON = typer.Option("--reason", help="Why, for the journal.")


@app.callback()
def jobs(
    context: typer.Context,
    *,
    address: Address = None,
    as_json: AsJson = False,
    live: Annotated[bool, typer.Option("--live", help="Only those that are not over.")] = False,
    unresolved: Annotated[
        bool, typer.Option("--unresolved", help="Only those in doubt that wait for a decision.")
    ] = False,
    count: Annotated[int, typer.Option(min=1, help="At most so many.")] = SHOWN_DEFAULT,
) -> None:
    """Show print jobs, newest first."""
    if context.invoked_subcommand is not None:
        return
    if live and unresolved:
        give_up("Of --live and --unresolved take one: what is in doubt is over.")
    with connected(address) as till:
        found = list(islice(till.list_jobs(live_only=live, unresolved_only=unresolved), count))
    if as_json:
        for job in found:
            write_json(MessageToDict(job, preserving_proto_field_name=True))
        return
    if not found:
        out.print("No print job." if not unresolved else "No print job is in doubt.")
        return
    width = max(len(job.job_id) for job in found)
    place = max(len(job.printer) for job in found)
    for job in found:  # no table: nothing is cut, however narrow the terminal
        since = words.local_time(job.update_time)
        out.print(
            f"{job.job_id:{width}}  {job.printer:{place}}  {since}  {words.job_state(job)}",
            markup=False,
        )
    if any(job.state in _IN_DOUBT and not job.resolution for job in found):
        out.print(
            "Look at the paper, and decide: tillctl jobs resolve ID --printed, --copy or --discard."
        )


@app.command()
def resolve(
    job_id: Annotated[str, _JOB_ID],
    *,
    address: Address = None,
    as_json: AsJson = False,
    printed: Annotated[bool, typer.Option("--printed", help="It is whole on paper.")] = False,
    copy: Annotated[bool, typer.Option("--copy", help="Print it again, marked as a copy.")] = False,
    discard: Annotated[bool, typer.Option("--discard", help="Nobody needs it any more.")] = False,
    reason: Annotated[str, _REASON] = "",
) -> None:
    """Say what becomes of a job in doubt, after a look at the paper."""
    chosen: list[JobResolution] = []
    chosen += ["PRINTED"] if printed else []
    chosen += ["COPY"] if copy else []
    chosen += ["DISCARDED"] if discard else []
    if len(chosen) != 1:
        give_up("Take one of --printed, --copy and --discard.")
    with connected(address) as till:
        try:
            answer = till.resolve_job(job_id, chosen[0], reason=reason)
        except Refused as refusal:
            say_no(refusal, _status(refusal))
    if as_json:
        _write(answer)
    elif answer.HasField("copy"):
        out.print(
            f"Copy {answer.copy.copy} goes to {answer.copy.printer} as job {answer.copy.job_id}.",
            markup=False,
        )
    else:
        out.print(f"Job {job_id} {words.job_state(answer.job)}.", markup=False)


@app.command()
def cancel(
    job_id: Annotated[str, _JOB_ID],
    *,
    address: Address = None,
    as_json: AsJson = False,
    reason: Annotated[str, _REASON] = "",
) -> None:
    """Take a job back that has not begun."""
    with connected(address) as till:
        try:
            answer = till.cancel_job(job_id, reason=reason)
        except Refused as refusal:
            say_no(refusal, _status(refusal))
    if as_json:
        _write(answer)
    else:
        out.print(f"Job {job_id} is cancelled; nothing of it was printed.", markup=False)


def _write(answer: Message) -> None:
    write_json(MessageToDict(answer, preserving_proto_field_name=True))


def _status(refusal: Refused) -> int:
    return EXIT_COULD_NOT if refusal.reason == "JOB_NOT_FOUND" else EXIT_FAULT

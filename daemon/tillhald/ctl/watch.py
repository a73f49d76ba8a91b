"""`tillctl watch`: what happens in the till, a line each."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict

from tillhald.ctl import words
from tillhald.ctl.connection import Address, AsJson, connected, out, write_json
from tillhald.ctl.interrupt import ended_by


def watch(
    *,
    address: Address = None,
    as_json: AsJson = False,
    cursor: Annotated[
        int | None,
        typer.Option(min=0, help="Begin behind this record; 0 is the journal's beginning."),
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="End after so many lines, instead of never.")
    ] = None,
) -> None:
    """Show what happens, as it becomes durable. Goes on by itself when the till restarts.

    Ctrl-C ends it.
    """
    with (
        connected(address) as till,
        till.watch_events(cursor) as events,
        ended_by(events.close),
    ):
        for event in islice(events, count):
            if as_json:
                write_json(MessageToDict(event, preserving_proto_field_name=True))
            else:
                time = words.local_time(event.time) if event.HasField("time") else ""
                out.print(f"{time:19} {event.cursor:>8}  {words.event(event)}", markup=False)

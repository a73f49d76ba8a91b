"""`tillctl outage`: the outages on record, and what a person says of them."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from google.protobuf.json_format import MessageToDict
from rich.table import Table

from tillhal import errors
from tillhal.v1 import power_pb2 as pb
from tillhald.ctl import words
from tillhald.ctl.connection import (
    Address,
    AsJson,
    connected,
    out,
    say_no,
    show_facts,
    write_json,
)
from tillhald.ctl.power import span

if TYPE_CHECKING:
    from tillhal.power import OutageCause

app = typer.Typer(help="The outages on record, and what a person says of them.")

Which = Annotated[str, typer.Argument(metavar="OUTAGE", help='An outage\'s id, like "outage/3".')]


class Cause(enum.StrEnum):
    """Why the mains went."""

    UNKNOWN = "unknown"
    GRID = "grid"
    VOLTAGE = "voltage"
    AGEING = "ageing"
    WEATHER = "weather"
    UPKEEP = "upkeep"
    CUT_CABLE = "cut-cable"


CAUSES: dict[Cause, OutageCause] = {
    Cause.UNKNOWN: "UNKNOWN",
    Cause.GRID: "GRID",
    Cause.VOLTAGE: "VOLTAGE",
    Cause.AGEING: "AGEING",
    Cause.WEATHER: "WEATHER",
    Cause.UPKEEP: "UPKEEP",
    Cause.CUT_CABLE: "CUT_CABLE",
}


@app.command("list")
def list_(*, address: Address = None, as_json: AsJson = False) -> None:
    """List the last 100 outages, newest first, and what those of the last year come to.

    Exit status: 0, or 2 if no till answers.
    """
    with connected(address) as till:
        answer = till.power.outages()
    if as_json:
        for outage in answer.outages:
            write_json(MessageToDict(outage, preserving_proto_field_name=True))
        return
    if not answer.outages:
        out.print("No outage is on record.", style="green")
        return
    table = Table("outage", "began", "lasted", "lowest", "sales", "cause", box=None, pad_edge=False)
    for outage in answer.outages:
        table.add_row(
            outage.outage_id,
            words.local_time(outage.begin_time),
            span(outage.seconds) if outage.HasField("end_time") else "is open",
            f"{outage.charge_min_percent} %" if outage.HasField("charge_min_percent") else "",
            str(outage.sales_kept),
            _cause(outage),
        )
    out.print(table)
    counted = answer.statistics
    out.print(
        f"In the last year: {words.count(counted.last_365_days, 'outage')}, "
        f"{span(counted.seconds)} in all; {words.count(counted.sales_kept, 'sale')} kept; "
        f"the till had to go down {words.count(counted.shutdowns, 'time')}."
    )
    for item in answer.advice:
        out.print(item.message, markup=False)


@app.command()
def show(outage: Which, *, address: Address = None, as_json: AsJson = False) -> None:
    """Show all that is known of an outage.

    Exit status: 0, 1 if there is no such outage, 2 if no till answers.
    """
    with connected(address) as till:
        try:
            found = till.power.outage(outage)
        except errors.Refused as refused:
            say_no(refused)
    _show(found, as_json=as_json)


@app.command()
def annotate(
    outage: Which,
    *,
    cause: Annotated[Cause, typer.Option(help="Why the mains went.")],
    note: Annotated[str, typer.Option(help="In words.")] = "",
    reference: Annotated[str, typer.Option(help="The utility's reference.")] = "",
    expected: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
            help="When they say the mains will be back, local time.",
        ),
    ] = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Say what an outage was. What was said before is replaced.

    Exit status: 0, 1 if there is no such outage, 2 if no till answers.
    """
    with connected(address) as till:
        try:
            answer = till.power.annotate_outage(
                outage,
                CAUSES[cause],
                note=note,
                utility_ref=reference,
                expected_back=expected.astimezone() if expected else None,
            )
        except errors.Refused as refused:
            say_no(refused)
    _show(answer.outage, as_json=as_json)


def _cause(outage: pb.Outage) -> str:
    if outage.cause:
        return words.word(pb.OutageCause, outage.cause)
    if outage.guess:
        return f"{words.word(pb.OutageCause, outage.guess)}?"
    return "unknown"


def _show(outage: pb.Outage, *, as_json: bool) -> None:
    if as_json:
        write_json(MessageToDict(outage, preserving_proto_field_name=True))
        return
    is_over = outage.HasField("end_time")
    facts = [
        ("outage", outage.outage_id),
        ("UPS", outage.ups),
        ("began", words.local_time(outage.begin_time)),
        ("ended", words.local_time(outage.end_time) if is_over else "it is open"),
        ("lasted", span(outage.seconds) if is_over else ""),
        (
            "lowest charge",
            f"{outage.charge_min_percent} %" if outage.HasField("charge_min_percent") else "",
        ),
        ("sales kept", str(outage.sales_kept) if is_over else ""),
        ("came back for less", words.count(outage.flips, "time") if outage.flips else ""),
        ("came as far as", words.word(pb.Supply, outage.worst)),
        ("cause", _cause(outage)),
        ("note", outage.note),
        ("reference", outage.utility_ref),
        (
            "expected back",
            words.local_time(outage.expected_back_time)
            if outage.HasField("expected_back_time")
            else "",
        ),
    ]
    show_facts([(name, value) for name, value in facts if value])

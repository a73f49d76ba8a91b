"""`tillctl power`: how the till is supplied, tests of its UPS, and going down in order."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from google.protobuf.json_format import MessageToDict

from tillhal import errors
from tillhal.v1 import power_pb2 as pb
from tillhald.ctl import words
from tillhald.ctl.connection import (
    EXIT_COULD_NOT,
    EXIT_FAULT,
    Address,
    AsJson,
    connected,
    out,
    say_no,
    show_facts,
    write_json,
)
from tillhald.ctl.plot import Look, plot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.message import Message

    from tillhal.power import SelfTestKind

SETTLE_S = 30
UNCHANGED_TOLD_S = 3_600
"""Mains are never as even as this: perhaps the values of a unit whose cable is out."""

app = typer.Typer(
    help="How the till is supplied; tests of its UPS; going down in order.",
    invoke_without_command=True,
    no_args_is_help=False,
)

WELL = frozenset({pb.SUPPLY_INIT, pb.SUPPLY_ONLINE, pb.SUPPLY_RECOVERING})
_ON_BATTERY = frozenset(
    {
        pb.SUPPLY_ON_BATTERY,
        pb.SUPPLY_LOW_BATTERY,
        pb.SUPPLY_SHUTTING_DOWN,
        pb.SUPPLY_COMM_LOST_ON_BATTERY,
    }
)


@app.callback()
def power(
    context: typer.Context,
    *,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Say how the till is supplied: state, charge, runtime, load, last test, outages, advice.

    Exit status: 0 on mains with a UPS that is heard, 1 otherwise, 2 if no till answers.
    """
    if context.invoked_subcommand is not None:
        return
    with connected(address) as till:
        answer = till.power.get(with_history=True)
        outages = till.power.outages()
    if as_json:
        write_json({**_plain(answer), "statistics": _plain(outages.statistics)})
    else:
        _show(answer, outages)
    if answer.power.supply not in WELL:
        raise typer.Exit(EXIT_FAULT)


@app.command()
def preflight(*, address: Address = None, as_json: AsJson = False) -> None:
    """Name what a shutdown that can be trusted lacks, and what to do about it.

    Exit status: 0 if nothing is missing, 1 if something is, 2 if no till answers.
    """
    with connected(address) as till:
        found = till.power.preflight()
    if as_json:
        write_json({"is_ready": not found, "findings": [_plain(finding) for finding in found]})
    else:
        _show_findings(found)
    if found:
        raise typer.Exit(EXIT_FAULT)


@app.command()
def drill(*, address: Address = None, as_json: AsJson = False) -> None:
    """Do all of a shutdown but the cut, measure it, and put it on record. The till sells on.

    Exit status: 0 if nothing is missing, 1 if something is, 2 if there was no drill.
    """
    with connected(address) as till:
        result: pb.DrillResult = _followed(till.power.drill(), as_json=as_json)
    if not as_json:
        out.print(f"It took {result.took_ms} ms; the host has {result.needed_s} s for all of it.")
        _show_findings(result.findings)
    if result.findings:
        raise typer.Exit(EXIT_FAULT)


@app.command()
def drills(*, address: Address = None, as_json: AsJson = False) -> None:
    """List the last 20 drills, newest first, and what each found missing.

    Exit status: 0, or 2 if no till answers.
    """
    with connected(address) as till:
        found = till.power.drills()
    if as_json:
        for each in found:
            write_json(_plain(each))
        return
    if not found:
        out.print("No drill is on record.", markup=False)
    for each in found:
        out.print(f"{words.local_time(each.end_time)}  {_drill(each)}", markup=False)


class Kind(enum.StrEnum):
    """What a self-test is to show."""

    QUICK = "quick"
    DEEP = "deep"


KINDS: dict[Kind, SelfTestKind] = {Kind.QUICK: "QUICK", Kind.DEEP: "DEEP"}


@app.command("test")
def self_test(
    *,
    kind: Annotated[
        Kind, typer.Option(help="quick: it switches over; deep: its battery lasts.")
    ] = Kind.QUICK,
    ups: Annotated[
        str, typer.Option(metavar="NAME", help="The UPS; not needed for the only one.")
    ] = "",
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Begin a self-test of a UPS. `tillctl power` shows how it ended.

    Exit status: 0 if it began, 1 if it may not now, 2 if no till answers.
    """
    with connected(address) as till:
        try:
            answer = till.power.run_self_test(KINDS[kind], ups)
        except errors.Refused as refused:
            say_no(refused)
    if as_json:
        write_json(_plain(answer))
    else:
        out.print(f"A {kind.value} self-test of {answer.self_test.ups} has begun.", markup=False)


@app.command()
def battery(
    fitted_on: Annotated[
        datetime,
        typer.Argument(metavar="DAY", formats=["%Y-%m-%d"], help="The day it was fitted on."),
    ],
    *,
    serial: Annotated[str, typer.Option(help="Its serial number.")] = "",
    fitted_by: Annotated[str, typer.Option("--by", help="Who fitted it.")] = "",
    ups: Annotated[
        str, typer.Option(metavar="NAME", help="The UPS; not needed for the only one.")
    ] = "",
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Put on record that a battery was fitted.

    Exit status: 0, 1 if the till refuses it, 2 if no till answers.
    """
    with connected(address) as till:
        try:
            answer = till.power.record_battery(
                fitted_on.date(), ups, serial=serial, fitted_by=fitted_by
            )
        except errors.Refused as refused:
            say_no(refused)
    if as_json:
        write_json(_plain(answer))
    else:
        fitted = answer.battery
        out.print(f"The battery of {fitted.ups}: fitted on {fitted.fitted_on}.", markup=False)


@app.command()
def settle(
    *,
    deadline: Annotated[
        int, typer.Option(min=2, max=300, metavar="S", help="Seconds for all of it.")
    ] = SETTLE_S,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Bring the till to rest, for whoever shuts this host down: upsmon's SHUTDOWNCMD, a person.

    Nothing new is taken until the till is started anew. Returns when all is on disk.

    Exit status: 0 if the till is at rest, 1 if something is left open, 2 if no till answers.
    """
    with connected(address) as till:
        steps = till.power.prepare_for_power_loss(deadline)
        result: pb.SettleResult = _followed(steps, as_json=as_json)
    if not as_json:
        _show_settled(result)
    if not result.is_stored or result.open_sale_ids or result.jobs_left:
        raise typer.Exit(EXIT_FAULT)


def _followed(steps: Iterable[Any], *, as_json: bool) -> Any:  # noqa: ANN401 - of two RPCs
    """Show how it goes; the result of the last step. Exits where there is none."""
    result = None
    for step in steps:
        if as_json:
            write_json(_plain(step))
        elif step.HasField("progress"):
            out.print(step.progress.message, markup=False)
        if step.HasField("result"):
            result = step.result
    if result is None:
        raise typer.Exit(EXIT_COULD_NOT)
    return result


def _show_settled(result: pb.SettleResult) -> None:
    for what, names in (
        ("put aside", result.suspended_sale_ids),
        ("left open, with a tender that is not resolved", result.open_sale_ids),
    ):
        if names:
            out.print(f"Sales {what}: {', '.join(names)}.", markup=False)
    if result.open_drawers:
        out.print(f"Drawers that stand open: {', '.join(result.open_drawers)}.", markup=False)
    if result.jobs_left:
        out.print(f"Not printed or opened: {words.count(result.jobs_left, 'deed')}.")
    if result.is_stored:
        out.print(f"All is on disk, after {result.took_ms} ms.", style="green")
    else:
        out.print("Not all is known to be on disk.", style="bold red")


def _show(answer: pb.GetPowerResponse, outages: pb.ListOutagesResponse) -> None:
    style = "green" if answer.power.supply in WELL else "bold red"
    out.print(words.sentence(words.SUPPLIES, pb.Supply, answer.power.supply), style=style)
    if answer.power.refuses_sales:
        out.print("New sales are refused.", style="bold red")
    for item in answer.advice:
        out.print(item.message, markup=False)
    facts = [fact for ups in answer.upses for fact in _ups_facts(ups)]
    if answer.HasField("last_test"):
        facts.append(("last self-test", _test(answer.last_test)))
    if answer.HasField("last_drill"):
        drilled = answer.last_drill
        facts.append(("last drill", f"{words.local_time(drilled.end_time)}: {_drill(drilled)}"))
    if answer.HasField("outage"):
        since = words.local_time(answer.outage.begin_time)
        facts.append(("outage", f"{answer.outage.outage_id}, since {since}"))
    counted = outages.statistics
    often = f"{counted.last_30_days} in 30 days, {counted.last_365_days} in a year"
    facts.append(("outages", f"{often}, the longest {span(counted.longest_s)}"))
    show_facts(facts)
    for line in plot(
        [
            Look(
                point.time.seconds + point.time.nanos / 1e9,
                point.charge_percent if point.HasField("charge_percent") else None,
                point.supply in _ON_BATTERY,
            )
            for point in answer.history
        ]
    ):
        out.print(line, markup=False)


def _ups_facts(ups: pb.Ups) -> list[tuple[str, str]]:
    said = [" ".join(ups.flags) or "nothing is heard of it"]
    if ups.HasField("charge_percent"):
        said.append(f"charge {ups.charge_percent:.0f} %")
    if ups.HasField("runtime_s"):
        said.append(f"lasts {span(ups.runtime_s)}")
    if ups.HasField("load_percent"):
        said.append(f"load {ups.load_percent:.0f} %")
    if not ups.feeds_till:
        said.append("does not feed the till")
    said.append(f"heard {ups.age_s:.0f} s ago")
    if ups.HasField("unchanged_s") and ups.unchanged_s >= UNCHANGED_TOLD_S:
        said.append(f"the same for {span(int(ups.unchanged_s))}: look at its cable")
    facts = [(ups.name, ", ".join(said))]
    if ups.HasField("battery"):
        facts.append((f"{ups.name}, battery", f"fitted on {ups.battery.fitted_on}"))
    return facts


def _test(test: pb.SelfTest) -> str:
    kind = words.word(pb.SelfTestKind, test.kind)
    result = words.word(pb.SelfTestResult, test.result)
    said = f" ({test.said})" if test.said else ""
    return f"{kind}, {words.local_time(test.begin_time)}: {result}{said}"


def _drill(drill: pb.Drill) -> str:
    missing = ", ".join(f"{lack.ups} {lack.code}".strip() for lack in drill.lacks)
    return f"{drill.took_ms} ms of {drill.needed_s} s, {missing or 'nothing missing'}"


def _show_findings(findings: Iterable[pb.PowerFinding]) -> None:
    is_ready = True
    for finding in findings:
        is_ready = False
        where = f"{finding.ups}: " if finding.ups else ""
        out.print(f"{finding.code}  {where}{finding.message}", style="bold", markup=False)
        out.print(f"  {finding.advice}", markup=False)
    if is_ready:
        out.print("Nothing is missing.", style="green")


MINUTE_S = 60
HOUR_S = 3_600


def span(seconds: int) -> str:
    """E.g. "45 s", "12 min" and "3 h 5 min"."""
    if seconds < 2 * MINUTE_S:
        return f"{seconds} s"
    if seconds < HOUR_S:
        return f"{seconds // MINUTE_S} min"
    return f"{seconds // HOUR_S} h {seconds % HOUR_S // MINUTE_S} min"


def _plain(message: Message) -> dict[str, object]:
    return MessageToDict(message, preserving_proto_field_name=True)

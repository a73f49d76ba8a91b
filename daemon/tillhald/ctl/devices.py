"""`tillctl devices`, `device`, `stats`, `reconfigure`: the till's hardware, for a technician."""

from __future__ import annotations

import contextlib
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer
from google.protobuf.json_format import MessageToDict
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from tillhal import Till, errors
from tillhal.v1 import device_pb2 as pb
from tillhald.ctl import barcode, words
from tillhald.ctl.connection import (
    EXIT_FAULT,
    Address,
    AsJson,
    connected,
    err,
    out,
    show_facts,
    write_json,
)
from tillhald.ctl.interrupt import ended_by

if TYPE_CHECKING:
    from google.protobuf.message import Message

_MARKS: Final = {
    pb.HEALTH_STEP_STATE_PASSED: ("well", "green"),
    pb.HEALTH_STEP_STATE_FAILED: ("NOT WELL", "bold red"),
    pb.HEALTH_STEP_STATE_SKIPPED: ("left out", "yellow"),
}
_COLOURS: Final = {
    pb.POWER_STATE_ONLINE: "green",
    pb.POWER_STATE_OFF: "bold red",
    pb.POWER_STATE_OFFLINE: "red",
}
BARCODE_LINES: Final = 6
_ANSWERS: Final[dict[str, Any]] = {"y": "YES", "n": "NO", "s": "SKIP"}

app = typer.Typer(no_args_is_help=True, help="One device: check it, or adopt another in its place.")


class Level(StrEnum):
    """As the contract has them, in small letters."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    INTERACTIVE = "interactive"


_LEVELS: Final[dict[Level, Literal["INTERNAL", "EXTERNAL", "INTERACTIVE"]]] = {
    Level.INTERNAL: "INTERNAL",
    Level.EXTERNAL: "EXTERNAL",
    Level.INTERACTIVE: "INTERACTIVE",
}


def _plain(message: Message) -> dict[str, Any]:
    return MessageToDict(message, preserving_proto_field_name=True)


# --- all of them


def devices(
    *,
    address: Address = None,
    as_json: AsJson = False,
    once: Annotated[
        bool, typer.Option("--once", help="Show them once. So it is where no terminal is.")
    ] = False,
) -> None:
    """Show the devices, live: what they do, what is wrong with them. Ctrl-C ends it."""
    with connected(address) as till:
        if as_json:
            write_json([_plain(each) for each in till.list_devices()])
        elif once or not out.is_terminal:
            out.print(_table({each.device_id: each for each in till.list_devices()}))
        else:
            _show_live(till)


def _show_live(till: Till) -> None:
    known = {each.device_id: each for each in till.list_devices()}
    with (
        till.watch_devices() as changes,
        ended_by(changes.close),
        Live(_table(known), console=out, auto_refresh=False) as live,
    ):
        for change in changes:
            if change.removed:
                known.pop(change.device.device_id, None)
            else:
                known[change.device.device_id] = change.device
            live.update(_table(known), refresh=True)


def _table(known: dict[str, pb.Device]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("device", "is", "power", "does", "wrong with it", "driver, port"):
        table.add_column(column, overflow="fold")
    for each in known.values():
        power = words.word(pb.PowerState, each.power_state)
        colour = _COLOURS.get(each.power_state, "yellow")
        does = words.word(pb.DeviceState, each.state)
        table.add_row(
            escape(each.device_id),
            words.word(pb.DeviceCategory, each.category),
            f"[{colour}]{power}[/]",
            f"[bold red]{does}[/]" if each.state == pb.DEVICE_STATE_ERROR else does,
            escape(", ".join(condition.code for condition in each.conditions)) or "nothing",
            escape(f"{each.driver}, {each.port}"),
        )
    return table


# --- one of them


@app.callback()
def device(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As in the configuration.")],
) -> None:
    """One device."""
    context.obj = name


@app.command("show")
def show(context: typer.Context, *, address: Address = None, as_json: AsJson = False) -> None:
    """Say all that is known of the device, and how."""
    with connected(address) as till:
        known = till.get_device(context.obj)
    if as_json:
        write_json(_plain(known))
        return
    facts = [
        ("device", f"{known.device_id}, {words.word(pb.DeviceCategory, known.category)}"),
        ("driver", f"{known.driver}, {known.port}"),
        ("power", words.word(pb.PowerState, known.power_state)),
        ("presence", words.word(pb.Presence, known.presence)),
        ("is", _named(known.identity)),
        ("known as", _named(known.known_identity)),
    ]
    facts += [
        (f"wrong: {each.code}", f"since {words.local_time(each.since)} ({each.evidence})")
        for each in known.conditions
    ]
    facts += [
        (each.name, f"{each.value or '-'} ({words.word(pb.Knowledge, each.knowledge)})")
        for each in known.readings
    ]
    show_facts(facts)


def _named(identity: pb.Identity) -> str:
    name = " ".join(word for word in (identity.maker, identity.model) if word)
    serial = f"serial {identity.serial}" if identity.serial else ""
    return ", ".join(part for part in (name, serial) if part) or "it does not say"


@app.command("check")
def check(
    context: typer.Context,
    *,
    level: Annotated[
        Level,
        typer.Option(
            help="internal asks the device, external prints and opens, "
            "interactive has you do things and watches whether the device notices."
        ),
    ] = Level.INTERNAL,
    print_on: Annotated[
        str,
        typer.Option(
            metavar="PRINTER", help="Have this printer print the code that a scanner is to read."
        ),
    ] = "",
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Check the device, step by step. The report is kept in the journal."""
    passed = False
    with connected(address) as till:
        for message in till.check_health(context.obj, _LEVELS[level], print_on=print_on):
            if as_json:
                write_json(_plain(message))
            if message.HasField("report"):
                passed = message.report.passed
            elif not as_json:
                _show_step(message.step, is_printed=bool(print_on))
            if message.step.state == pb.HEALTH_STEP_STATE_ASKING:
                _answer(till, message)
    if not as_json:
        sentence = "The device is well." if passed else "The device is not well."
        out.print(sentence, style="green" if passed else "bold red")
    if not passed:
        raise typer.Exit(EXIT_FAULT)


def _show_step(step: pb.HealthStep, *, is_printed: bool) -> None:
    name = step.name.replace("_", " ")
    if step.state in _MARKS:
        mark, style = _MARKS[step.state]
        why = f"  {step.evidence}" if step.evidence else ""
        out.print(f"{step.number:>2}  {name:16}  [{style}]{mark}[/]{escape(why)}")
    elif step.instruction:
        out.print(f"{step.number:>2}  {name:16}  {escape(step.instruction)}", style="bold")
        if step.code and not is_printed:
            _show_code(step.code)


def _show_code(code: str) -> None:
    if out.is_terminal:
        for _ in range(BARCODE_LINES):
            out.print(f"    [black on bright_white]{barcode.line(code)}[/]")
    out.print(f"    {code}")


def _answer(till: Till, message: pb.CheckHealthResponse) -> None:
    """Ask the person; a program that is no person leaves the step out."""
    said = "s"
    if sys.stdin.isatty():
        said = typer.prompt("    y(es), n(o) or s(kip)", err=True).strip().lower()[:1]
        while said not in _ANSWERS:
            said = typer.prompt("    y, n or s", err=True).strip().lower()[:1]
    # Whoever thought too long is told by the next step.
    with contextlib.suppress(errors.HealthCheckNotFound):
        till.answer_health_step(message.check_id, message.step.number, _ANSWERS[said])


@app.command("adopt")
def adopt(context: typer.Context, *, address: Address = None, as_json: AsJson = False) -> None:
    """Say that the one that stands in the known one's place is right."""
    with connected(address) as till:
        try:
            answer = till.adopt_device(context.obj)
        except errors.DeviceNotReplaced:
            err.print("It is the one that is known: there is nothing to adopt.")
            raise typer.Exit(EXIT_FAULT) from None
    if as_json:
        write_json(_plain(answer))
    else:
        out.print(f"{context.obj} is {_named(answer.device.known_identity)}.", markup=False)


# --- what they have done


def stats(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="One device; else all of them.")
    ] = "",
    *,
    reset: Annotated[
        bool, typer.Option("--reset", help="Set to 0 what can be; where it stood is journalled.")
    ] = False,
    statistic: Annotated[
        list[str] | None, typer.Option(help="With --reset: only this one. May be repeated.")
    ] = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Say what devices have done: lines, cuts, openings, hours."""
    with connected(address) as till:
        if reset:
            if not name:
                err.print("Say which device to reset.")
                raise typer.Exit(EXIT_FAULT)
            told = [till.reset_statistics(name, statistic or ()).statistics]
        else:
            told = till.get_statistics(name)
    if as_json:
        write_json([_plain(each) for each in told])
        return
    for each in told:
        is_reset = each.HasField("reset_time")
        since = f", reset {words.local_time(each.reset_time)}" if is_reset else ""
        out.print(f"{each.device_id}{since}", style="bold", markup=False)
        show_facts([(f"  {one.name}", _figure(one)) for one in each.statistics])


def _figure(one: pb.Statistic) -> str:
    if not one.maintenance_at:
        return str(one.value)
    due = " DUE" if one.value >= one.maintenance_at else ""
    return f"{one.value} of {one.maintenance_at}{due}"


# --- another configuration


def reconfigure(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check the file, and say what would change.")
    ] = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Have the till read its configuration again, without a restart."""
    with connected(address) as till:
        try:
            answer = till.reconfigure(dry_run=dry_run)
        except errors.ConfigInvalid as wrong:
            for each in wrong.field_violations:
                err.print(f"{each.field}: {each.description}".removeprefix(": "), markup=False)
            err.print("Nothing was changed.")
            raise typer.Exit(EXIT_FAULT) from None
        except errors.DeviceBusy as busy:
            err.print(f"{busy} Nothing was changed.", markup=False)
            raise typer.Exit(EXIT_FAULT) from None
    if as_json:
        write_json(_plain(answer))
        return
    would = "would be " if dry_run else ""
    for what, names in (
        ("added", answer.added),
        ("changed", answer.changed),
        ("removed", answer.removed),
    ):
        for name in names:
            out.print(f"{name}: {would}{what}", markup=False)
    if not (answer.added or answer.changed or answer.removed):
        out.print("No device differs.")
    for name in answer.left_out:
        out.print(f"left out: {name}", style="bold red", markup=False)
    for table in answer.needs_restart:
        out.print(f"[{table}] differs; it is taken up at the next start.", markup=False)

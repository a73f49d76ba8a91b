"""`tillctl shift`: who answers for the drawer, what moves in it, what was counted."""

from __future__ import annotations

import contextlib
import enum
from typing import TYPE_CHECKING, Annotated, cast

import typer
from google.protobuf.json_format import MessageToDict

from tillhal import errors, to_decimal
from tillhal.v1 import shift_pb2 as pb
from tillhald.ctl import words
from tillhald.ctl.connection import (
    EXIT_FAULT,
    Address,
    AsJson,
    connected,
    err,
    out,
    say_no,
    show_facts,
    write_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

    from tillhal import Till
    from tillhal.shift_requests import MovementName
    from tillhal.v1 import types_pb2

app = typer.Typer(
    help="Who answers for the drawer: opens, counts, hands over and closes shifts.",
    no_args_is_help=True,
)
Operator = Annotated[str, typer.Option(help="Who answers for the drawer.")]


class Kind(enum.StrEnum):
    """Cash that moves and is no sale."""

    LOAN = "loan"
    PICKUP = "pickup"
    PAID_IN = "paid-in"
    PAID_OUT = "paid-out"
    SAFE_DROP = "safe-drop"


@app.command()
def status(*, address: Address = None, as_json: AsJson = False) -> None:
    """Say how the current shift stands. What is expected in its drawer is not told.

    Exit status: 0, 1 if no shift is open, 2 if no till answers.
    """
    with till_that_may_refuse(address) as till:
        answer = till.shifts.get()
    if as_json:
        show_json(answer)
        return
    facts = shift_facts(answer.shift)
    facts += [
        (words.word(pb.MovementKind, each.kind).lower(), f"{amount(each.amount)}  {each.reason}")
        for each in answer.movements
    ]
    show_facts(facts)


@app.command("open")
def open_(
    opening_float: Annotated[
        str, typer.Argument(metavar="FLOAT", help='The cash counted into the drawer, "100.00".')
    ],
    *,
    operator: Operator = "",
    training: Annotated[
        bool, typer.Option("--training", help="For training: nothing that is sold counts.")
    ] = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Open a shift.

    Exit status: 0, 1 if the till says no, 2 if no till answers.
    """
    with till_that_may_refuse(address) as till:
        shift = till.shifts.open(opening_float, operator=operator, training=training).shift
    _show(shift, as_json=as_json)


@app.command()
def lock(*, address: Address = None, as_json: AsJson = False) -> None:
    """Lock the shift: nothing is sold until it is unlocked.

    Exit status: 0, 1 if the till says no, 2 if no till answers.
    """
    with till_that_may_refuse(address) as till:
        shift = till.shifts.lock(till.shifts.get().shift).shift
    _show(shift, as_json=as_json)


@app.command()
def unlock(*, address: Address = None, as_json: AsJson = False) -> None:
    """Unlock the shift.

    Exit status: 0, 1 if the till says no, 2 if no till answers.
    """
    with till_that_may_refuse(address) as till:
        shift = till.shifts.unlock(till.shifts.get().shift).shift
    _show(shift, as_json=as_json)


@app.command()
def movement(
    kind: Annotated[Kind, typer.Argument(help="From where to where.")],
    how_much: Annotated[str, typer.Argument(metavar="AMOUNT", help='How much, like "20.00".')],
    *,
    reason: Annotated[str, typer.Option(help="What for; needed for paid-in and paid-out.")] = "",
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Record cash that goes into the drawer or out of it and is no sale.

    Exit status: 0, 1 if the till says no, 2 if no till answers.
    """
    name = cast("MovementName", kind.name)
    with till_that_may_refuse(address) as till:
        shift = till.shifts.get().shift
        answer = till.shifts.move(shift, name, how_much, reason=reason)
    if as_json:
        show_json(answer)
        return
    out.print(f"{kind.value}: {amount(answer.movement.amount)}", style="green")


@app.command()
def end(*, address: Address = None, as_json: AsJson = False) -> None:
    """End the shift: nothing is sold in it any more, and its drawer is to be counted.

    Exit status: 0, 1 if the till says no, 2 if no till answers.
    """
    with till_that_may_refuse(address) as till:
        shift = till.shifts.end(till.shifts.get().shift).shift
    _show(shift, as_json=as_json)


@app.command()
def count(
    counted: Annotated[
        str, typer.Argument(metavar="AMOUNT", help='All that is in the drawer, like "183.50".')
    ],
    *,
    of: Annotated[
        list[str] | None,
        typer.Option("--of", metavar="VALUE=COUNT", help='Coins or notes, "50.00=2"; often.'),
    ] = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Say what was found in the drawer of a shift that has ended; again: a recount.

    Exit status: 0, 1 if the till says no, 2 if no till answers.
    """
    coins: dict[str, int] = {}
    for each in of or ():
        value, _, number = each.partition("=")
        if not number.isdecimal():
            err.print(f"{each}: a value and how many of it are needed, like 50.00=2", markup=False)
            raise typer.Exit(EXIT_FAULT)
        coins[value] = int(number)
    with till_that_may_refuse(address) as till:
        shift = till.shifts.count(till.shifts.get().shift, counted, denominations=coins).shift
    _show(shift, as_json=as_json)


@app.command("hand-over")
def hand_over(
    operator: Annotated[str, typer.Argument(metavar="OPERATOR", help="Who takes over.")],
    *,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Close the counted shift and open the next operator's, with what is in the drawer.

    Exit status: 0, 1 if the till says no, 2 if no till answers.
    """
    with till_that_may_refuse(address) as till:
        answer = till.shifts.hand_over(till.shifts.get().shift, operator)
    if as_json:
        show_json(answer)
        return
    show_facts(shift_facts(answer.closed))
    out.print(f"{answer.opened.operator} has the drawer now.", style="green", markup=False)


@app.command()
def close(*, address: Address = None, as_json: AsJson = False) -> None:
    """Close the counted shift for good, and say what was expected.

    Exit status: 0, 1 if the till says no, 2 if no till answers.
    """
    with till_that_may_refuse(address) as till:
        shift = till.shifts.close(till.shifts.get().shift).shift
    _show(shift, as_json=as_json)


@app.command()
def explain(
    shift: Annotated[str, typer.Argument(metavar="SHIFT", help='A closed shift, like "shift-7".')],
    *,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """List what could account for the difference of a closed shift; what fits comes first.

    Exit status: 0, 1 if the till says no, 2 if no till answers.
    """
    with till_that_may_refuse(address) as till:
        answer = till.shifts.explain_over_short(shift)
    if as_json:
        show_json(answer)
        return
    if answer.HasField("over_short"):
        out.print(f"difference: {amount(answer.over_short)}", markup=False)
    else:
        out.print("Nobody counted the drawer.")
    for trace in answer.traces:
        kind = words.word(pb.TraceKind, trace.kind).lower().replace("_", " ")
        mark = "  <- fits" if trace.fits else ""
        line = f"{words.local_time(trace.time)}  {kind}  {trace.ref}  {amount(trace.amount)}{mark}"
        out.print(line, markup=False)
    if answer.more:
        out.print(f"and {words.count(answer.more, 'other')}")


# --- shared with `tillctl day`


@contextlib.contextmanager
def till_that_may_refuse(address: str | None) -> Iterator[Till]:
    """The till; what it refuses is said, and ends the command with 1."""
    with connected(address) as till:
        try:
            yield till
        except errors.Refused as refused:
            say_no(refused)
        except ValueError as wrong:
            err.print(str(wrong), markup=False)
            raise typer.Exit(EXIT_FAULT) from None


def amount(money: types_pb2.Money) -> str:
    """As it is written, with its currency."""
    return f"{to_decimal(money)} {money.currency_code}"


def show_json(message: Message) -> None:
    """One message of the contract on a line."""
    write_json(MessageToDict(message, preserving_proto_field_name=True))


def _show(shift: pb.Shift, *, as_json: bool) -> None:
    if as_json:
        show_json(shift)
    else:
        show_facts(shift_facts(shift))


def shift_facts(shift: pb.Shift) -> list[tuple[str, str]]:
    """What is told of a shift."""
    state = words.word(pb.ShiftState, shift.state)
    facts = [
        ("shift", f"{shift.shift_id}, {state}{', training' if shift.training else ''}"),
        ("operator", shift.operator),
        ("opened", words.local_time(shift.open_time)),
        ("float", amount(shift.opening_float)),
    ]
    if shift.HasField("opening_expected") and shift.opening_expected != shift.opening_float:
        facts.append(("left by shift before", amount(shift.opening_expected)))
    if shift.HasField("cash"):
        facts.append(("expected", amount(shift.cash.expected)))
    if shift.HasField("counted"):
        facts += [("counted", amount(shift.counted)), ("left in the drawer", amount(shift.left))]
    if shift.HasField("over_short"):
        over = shift.over_short.minor_units
        word = "over" if over > 0 else "short" if over else "difference"
        facts.append((word, amount(shift.over_short)))
    if shift.handed_to:
        facts.append(("handed over to", shift.handed_to))
    return facts

"""`tillctl recovery`: what the last start found, and what becomes of it."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated, Final

import typer
from google.protobuf.json_format import MessageToDict

from tillhal import Refused
from tillhal.v1 import recovery_pb2 as pb
from tillhald.ctl import words
from tillhald.ctl.connection import (
    EXIT_FAULT,
    Address,
    AsJson,
    connected,
    out,
    say_no,
    write_json,
)

if TYPE_CHECKING:
    from tillhal.recovery_requests import ItemAction

app = typer.Typer(
    invoke_without_command=True,
    help="What the last start found unfinished, and what becomes of it.",
)


class Action(enum.StrEnum):
    """What becomes of an item."""

    RESUME = "resume"
    SUSPEND = "suspend"
    CANCEL = "cancel"
    REPRINT = "reprint"
    IS_PRINTED = "is-printed"
    GIVE_UP = "give-up"
    OPENED = "opened"
    NOT_OPENED = "not-opened"


_WIRE: Final[dict[Action, ItemAction]] = {
    Action.RESUME: "RESUME",
    Action.SUSPEND: "SUSPEND",
    Action.CANCEL: "CANCEL",
    Action.REPRINT: "REPRINT",
    Action.IS_PRINTED: "IS_PRINTED",
    Action.GIVE_UP: "GIVE_UP",
    Action.OPENED: "OPENED",
    Action.NOT_OPENED: "NOT_OPENED",
}


@app.callback()
def recovery(context: typer.Context, *, address: Address = None, as_json: AsJson = False) -> None:
    """Show what the last start found, and what can be done about it.

    Exit status: 0, 1 if something waits for a decision or slips are not closed, 2 if no till
    answers.
    """
    if context.invoked_subcommand is not None:
        return
    with connected(address) as till:
        answer = till.recovery.report()
    if as_json:
        write_json(MessageToDict(answer, preserving_proto_field_name=True))
    else:
        _show(answer)
    if answer.waiting or answer.slip_books:
        raise typer.Exit(EXIT_FAULT)


@app.command()
def resolve(
    item: Annotated[str, typer.Argument(metavar="ITEM", help='An item\'s id, like "sale/7f3a".')],
    action: Annotated[Action, typer.Argument(metavar="ACTION", help="What becomes of it.")],
    *,
    by: Annotated[str, typer.Option("--by", help="Who decides.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why, for the journal.")] = "",
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Say what becomes of an item: resume, suspend or cancel a sale; reprint, is-printed or give-up
    of a print job; opened or not-opened of a drawer.

    Exit status: 0, 1 if the till says no, 2 if no till answers.
    """
    with connected(address) as till:
        try:
            answer = till.recovery.resolve(item, _WIRE[action], resolved_by=by, reason=reason)
        except Refused as refused:
            say_no(refused)
    if as_json:
        write_json(MessageToDict(answer, preserving_proto_field_name=True))
    else:
        out.print(f"{answer.item.item_id}: {_done(answer.item)}", markup=False)


def _show(answer: pb.GetReportResponse) -> None:
    start = answer.start
    how = "after an orderly stop" if start.clean_shutdown else "after it was cut off"
    out.print(f"The till came up {words.local_time(answer.start_time)}, {how}.")
    if answer.HasField("outage"):
        out.print(
            f"It went down in {answer.outage.outage_id}, which began "
            f"{words.local_time(answer.outage.begin_time)}.",
            markup=False,
        )
    for finding in start.findings:
        out.print(finding, markup=False)
    if not answer.items:
        out.print("It found nothing unfinished.", style="green")
    for item in answer.items:
        out.print(f"{item.item_id}  {item.message}", markup=False)
        if item.action:
            out.print(f"  {_done(item)}", markup=False)
        elif item.actions:
            can = ", ".join(_word(action) for action in item.actions)
            out.print(f"  tillctl recovery resolve {item.item_id} …  ({can})", markup=False)
    if answer.refuses_sales:
        out.print("New sales are refused until these are resolved.", style="red")
    for book in answer.slip_books:
        out.print(
            f"Slips {book.first_no} to {book.last_no} of {book.outage_id} are not closed: "
            f"{book.blank} not accounted for.",
            markup=False,
        )


def _word(action: pb.RecoveryAction) -> str:
    return words.word(pb.RecoveryAction, action).replace(" ", "-")


def _done(item: pb.RecoveryItem) -> str:
    if item.is_by_itself:
        who = " by itself"
    else:
        who = f" by {item.resolved_by}" if item.resolved_by else ""
    copy = f" as {item.copy_job_id}" if item.copy_job_id else ""
    why = f" ({item.reason})" if item.reason else ""
    return f"{words.word(pb.RecoveryAction, item.action)}{copy}{who}{why}"

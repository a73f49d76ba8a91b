"""`tillctl data restore`, `clean` and `go-live`: changing all of the data. Written for an owner."""

from __future__ import annotations

import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from google.protobuf.json_format import MessageToDict

from tillhal import TillError, errors
from tillhal.v1 import backup_pb2 as pb
from tillhald.ctl import interrupt, words
from tillhald.ctl.bars import bar
from tillhald.ctl.connection import (
    EXIT_COULD_NOT,
    EXIT_FAULT,
    Address,
    AsJson,
    connected,
    err,
    give_up,
    out,
    unless_it_is_who_asks,
    write_json,
)
from tillhald.ctl.data_words import show_clean, show_plan, show_result
from tillhald.ctl.keys import KeyFile, key_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from google.protobuf.message import Message

    from tillhal import Till

BACK_S_MAX: Final = 900.0
"""For the till to start on trial, and once more if that fails; a launcher tries twice."""
ASK_EVERY_S: Final = 0.5
LOSE: Final = "LOSE"
CLEAR: Final = "CLEAR"

Yes = Annotated[
    str,
    typer.Option(
        "--yes",
        metavar="PLAN_ID",
        help="Do what was planned, without asking: the id that --plan showed.",
        show_default=False,
    ),
]
PlanOnly = Annotated[bool, typer.Option("--plan", help="Show the plan, and do nothing.")]


def restore(
    path: Annotated[
        str,
        typer.Argument(
            metavar="BACKUP",
            help="A backup: its name in the till's folder, or a path on the till's machine; or a "
            "folder, for the newest in it. Without it: the newest in the till's folder.",
        ),
    ] = "",
    *,
    key: KeyFile = None,
    last_receipt: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            min=0,
            help="The highest receipt number on paper, where the old till sold after its backup.",
        ),
    ] = 0,
    plan: PlanOnly = False,
    yes: Yes = "",
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="With --yes: what the plan says is lost, may be.")
    ] = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Put the data of a backup in place of what is here, after showing what would be lost.

    What is here is copied first. The till starts again with the restored data, and goes back to
    what was here if they do not prove themselves. Numbers of receipts are never given twice.

    Exit status: 0 if it was restored (or planned), 1 if not, 2 if the till could not be asked.
    """
    secret = key_text(key)
    with connected(address) as till:
        if yes:
            accepted = accept_loss
        else:
            found = _plan(till, path, secret, last_receipt, as_json=as_json)
            if not as_json:
                show_plan(found, till.currency(), path)
            if plan:
                _say_how("restore", found.plan_id, loses=found.loses, as_json=as_json)
                return
            accepted = _agree(LOSE if found.loses else "", found.plan_id)
            yes = found.plan_id
        request_id = str(uuid.uuid4())

        def steps() -> Iterator[pb.CommitRestoreResponse]:
            return till.commit_restore(yes, request_id=request_id, accept_loss=accepted)

        _finish(till, steps, "restored", as_json=as_json)


def clean(
    *,
    plan: PlanOnly = False,
    yes: Yes = "",
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Clear what was sold on trial, before the till goes live. Not possible after that.

    Operators, front ends and what was learnt of the devices stay; the configuration is not touched.
    What is here is copied first. The till starts again with empty books.

    Exit status: 0 if it was cleared (or planned), 1 if not, 2 if the till could not be asked.
    """
    with connected(address) as till:
        if not yes:
            found = _ask(till.plan_clean)
            if as_json:
                write_json(_plain(found))
            else:
                show_clean(found, till.currency())
            if plan:
                _say_how("clean", found.plan_id, loses=False, as_json=as_json)
                return
            _agree(CLEAR, found.plan_id)
            yes = found.plan_id
        request_id = str(uuid.uuid4())

        def steps() -> Iterator[pb.CommitCleanResponse]:
            return till.commit_clean(yes, request_id=request_id)

        _finish(till, steps, "cleared", as_json=as_json)


def go_live(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Say that from now on what is sold is business. This cannot be taken back.

    Before that, `tillctl data clean` clears what was sold on trial; after it, nothing does.

    Exit status: 0 if the till is live, 2 if it could not be asked.
    """
    with connected(address) as till:
        if not yes:
            out.print("From now on everything that is sold counts, and nothing can be cleared.")
            _agree("LIVE", "")
        answer = _ask(till.go_live)
    if as_json:
        write_json(_plain(answer))
    elif answer.replayed:
        out.print(f"The till has been live since {words.local_time(answer.live_time)}.")
    else:
        out.print("The till is live. Make a backup now: tillctl data backup", style="green")


# --- planning


def _plan(
    till: Till, path: str, secret: str, last_receipt: int, *, as_json: bool
) -> pb.RestorePlan:
    if path and not path.startswith("/") and ("/" in path or Path(path).is_dir()):
        path = str(Path(path).absolute())
    try:
        with bar(hidden=as_json) as show:
            for step in till.plan_restore(path, identity=secret, last_receipt=last_receipt):
                if as_json:
                    write_json(_plain(step))
                if step.HasField("progress"):
                    show(step.progress.phase, step.progress.done, step.progress.total)
                else:
                    return step.plan
    except errors.Refused as refusal:
        _refused(refusal)
    return give_up("The till ended without a plan.")


def _ask(what: Callable[[], Any]) -> Any:  # noqa: ANN401 - of several RPCs
    try:
        return what()
    except errors.Refused as refusal:
        return _refused(refusal)


def _refused(refusal: errors.Refused) -> Any:  # noqa: ANN401 - it never returns
    unless_it_is_who_asks(refusal)
    err.print(refusal.message, markup=False, style="bold red")
    err.print(refusal.reason, markup=False)
    raise typer.Exit(EXIT_FAULT)


def _say_how(verb: str, plan_id: str, *, loses: bool, as_json: bool) -> None:
    if as_json:
        return
    loss = " --accept-loss" if loses else ""
    out.print("Nothing was changed. To do it within a quarter of an hour:")
    out.print(f"  tillctl data {verb} --yes {plan_id}{loss}", markup=False)


def _agree(word: str, plan_id: str) -> bool:
    """Ask the person; exits where the answer is no. True where a loss was accepted."""
    if not sys.stdin.isatty():
        hint = f" Say --yes {plan_id} to do it." if plan_id else " Say --yes to do it."
        give_up(f"Nobody can be asked here, and nothing was changed.{hint}")
    if word:
        said = typer.prompt(f"Type {word} to go on, anything else to leave it")
        is_agreed = said.strip() == word
    else:
        is_agreed = typer.confirm("Go on?")
    if not is_agreed:
        out.print("Nothing was changed.")
        raise typer.Exit(EXIT_FAULT)
    return word == LOSE


# --- doing it, and what came of it


def _finish(till: Till, steps: Callable[[], Iterator[Any]], verb: str, *, as_json: bool) -> None:
    """Follow the work over the restart of the till, and tell what came of it."""
    result = _followed(steps, as_json=as_json)
    if as_json:
        return _exit_by(result)
    show_result(result, verb, till.currency())
    return _exit_by(result)


def _exit_by(result: pb.DataChange) -> None:
    if result.outcome != pb.DATA_OUTCOME_COMMITTED:
        raise typer.Exit(EXIT_FAULT)


def _followed(steps: Callable[[], Iterator[Any]], *, as_json: bool) -> pb.DataChange:
    has_switched = False
    end_s = time.monotonic() + BACK_S_MAX
    with bar(hidden=as_json) as show:
        while True:
            try:
                for step in steps():
                    if as_json:
                        write_json(_plain(step))
                    match step.WhichOneof("step"):
                        case "progress":
                            show(step.progress.phase, step.progress.done, step.progress.total)
                        case "restarting":
                            has_switched = True
                            show("the till starts again with the new data", 0, 0)
                        case "result":
                            return step.result  # type: ignore[no-any-return]
            except errors.Unauthenticated:
                if not has_switched:
                    raise
                # Who was signed on may not be in the restored data.
                err.print("The till is back, and does not know this sign-on any more.")
                err.print("Sign on again; `tillctl data status` says what came of it.")
                raise typer.Exit(EXIT_COULD_NOT) from None
            except errors.Refused as refusal:
                if isinstance(refusal, errors.PlanStale) and has_switched:
                    # The switch did not come to be before the till went down.
                    give_up("The till starts as it was: nothing was changed. Plan again.")
                _refused(refusal)
            except TillError as error:
                if not has_switched and not isinstance(error, errors.Unreachable):
                    give_up(f"The till did not answer as it should: {error}.")
            if time.monotonic() > end_s:
                give_up("The till did not come back. Look at its log: journalctl -u tillhald.")
            if interrupt.pause(ASK_EVERY_S):
                raise typer.Exit(interrupt.EXIT_INTERRUPTED)


def _plain(message: Message) -> dict[str, Any]:
    return MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )

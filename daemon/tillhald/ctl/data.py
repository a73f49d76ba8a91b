"""`tillctl data`: the till's data, and how safe it is. Written for a shop's owner."""

from __future__ import annotations

import enum
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from google.protobuf.json_format import MessageToDict

from tillhal import TillError, errors, to_decimal
from tillhal.v1 import backup_pb2 as pb
from tillhal.v1 import types_pb2
from tillhald.ctl import data_change, words
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
    show_facts,
    unless_it_is_who_asks,
    write_json,
)
from tillhald.ctl.keys import KeyFile, key_text, lies_on_this_machine, make_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.message import Message

    from tillhal import Till

SHOWN_MAX = 50

app = typer.Typer(no_args_is_help=True, help="The till's data, and how well it is backed up.")

app.command()(data_change.restore)
app.command()(data_change.clean)
app.command("go-live")(data_change.go_live)


class Kind(enum.StrEnum):
    """What a backup is to hold."""

    AUTO = "auto"
    FULL = "full"
    INCREMENT = "increment"


_KINDS = {
    Kind.AUTO: pb.BACKUP_KIND_UNSPECIFIED,
    Kind.FULL: pb.BACKUP_KIND_FULL,
    Kind.INCREMENT: pb.BACKUP_KIND_INCREMENT,
}


@app.command()
def status(*, address: Address = None, as_json: AsJson = False) -> None:
    """Say whose data this is, how much there is, and how well it is backed up.

    Exit status: 0 if there is a backup and the last try was none that failed, nor the last copy to
    a store, 1 if not, 2 if the till could not be asked.
    """
    with connected(address) as till:
        answer = till.data_status()
        currency = till.currency()
    if as_json:
        write_json(_plain(answer))
    else:
        _show_status(answer, currency)
    if answer.failing or answer.copies_trouble or not answer.HasField("last_backup"):
        raise typer.Exit(EXIT_FAULT)


@app.command("list")
def list_(*, address: Address = None, as_json: AsJson = False) -> None:
    """List the backups in the till's folder, newest first, by what is written on them."""
    with connected(address) as till:
        answer = till.list_backups()
    if as_json:
        write_json(_plain(answer))
        return
    for backup in answer.backups[:SHOWN_MAX]:
        if not backup.complete:
            out.print(f"not whole: {backup.file_name}", markup=False, style="red")
            continue
        # The name last and uncut: it is what `check` wants to be told.
        kind = words.word(pb.BackupKind, backup.kind)
        made = (
            f"{words.local_time(backup.make_time)}  {kind:9}  {words.size(backup.size_bytes):>10}"
        )
        out.print(f"{made}  {backup.file_name}", markup=False)
    if len(answer.backups) > SHOWN_MAX:
        out.print(f"… and {len(answer.backups) - SHOWN_MAX} more: --json shows all.")
    out.print(f"{words.size(answer.free_bytes)} are free in {answer.folder}.", markup=False)


@app.command()
def backup(
    *,
    kind: Annotated[
        Kind, typer.Option(help="full: everything; increment: what came since; auto: as it fits.")
    ] = Kind.AUTO,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Make a backup now. It is written, read back and checked; the till sells on.

    Exit status: 0 if it was made, 1 if it was not, 2 if the till could not be asked.
    """
    with connected(address) as till:
        request_id = str(uuid.uuid4())
        result = _follow(
            till.create_backup(kind=_KINDS[kind], request_id=request_id), as_json=as_json
        )
    if not as_json:
        made = result.backup
        out.print("The backup is made, and was read back whole.", style="green")
        show_facts(
            [
                ("file", made.file_name),
                ("records", f"{made.first_seq} to {made.last_seq}"),
                ("size", words.size(made.size_bytes)),
                ("took", f"{result.took_ms / 1000:.1f} s"),
            ]
        )


@app.command()
def check(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A backup in the till's folder, by its name, as `tillctl data list` shows it, or "
            "its path; the newest without it.",
        ),
    ] = "",
    *,
    key: KeyFile = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Check one backup in the till's folder, to the last bit.

    Exit status: 0 if it is whole, 1 if it is not, 2 if it could not be checked.
    """
    identity = key_text(key)
    with connected(address) as till:
        # A path from here means nothing to the till.
        name = (str(Path(file).absolute()) if "/" in file else file) or _newest(till)
        result = _follow(till.check_backup(name, identity=identity), as_json=as_json)
    if not as_json:
        opened = "and everything in it was checked" if result.opened else "by its signature"
        out.print(f"{name} is whole, {opened}.", style="green", markup=False)
        if not result.signed_here:
            out.print("It was not signed by this till.", style="yellow")


@app.command()
def drill(*, key: KeyFile = None, address: Address = None, as_json: AsJson = False) -> None:
    """Restore the newest backups on trial, beside the till, and compare. The till sells on.

    Backups that were made since the till was started need no key.

    Exit status: 0 if the restore was proven, 1 if it failed, 2 if it could not be tried.
    """
    identity = key_text(key)
    with connected(address) as till:
        result = _follow(till.run_restore_drill(identity=identity), as_json=as_json)
    if not as_json:
        out.print("The restore was proven: all records, the chain and the totals.", style="green")
        facts = [("up to record", str(result.last_seq)), ("took", f"{result.took_ms / 1000:.1f} s")]
        show_facts(facts + [("file", name) for name in result.file_names])


@app.command()
def keygen(
    *,
    to: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Where the secret key goes: a file on a stick that leaves the shop.",
            show_default=False,
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Make a key that opens backups: one for the owner, and one for whoever keeps a second.

    The public key goes into the till's configuration; the secret stays in FILE alone. Whoever
    loses all secret keys loses all backups.
    """
    public = make_key(to)
    is_here = lies_on_this_machine(to)
    if as_json:
        write_json({"public_key": public, "path": str(to), "on_this_machine": is_here})
        return
    out.print(f'Put this into till.toml, under [backup]: recipients = ["{public}"]', markup=False)
    out.print(f"The secret key is in {to}. It must not stay on the till.", markup=False)
    if is_here:
        out.print(
            "But that is this machine's own disk. If this is the till, the key would be lost with "
            "the data that it should save: move the file to a stick, and remove it here.",
            style="yellow",
        )


def _newest(till: Till) -> str:
    whole = [backup for backup in till.list_backups().backups if backup.complete]
    if not whole:
        give_up("There is no whole backup in the till's folder.")
    return whole[0].file_name


def _follow(steps: Iterable[Any], *, as_json: bool) -> Any:  # noqa: ANN401 - of several RPCs
    """Show progress; return the result. Exits where there is none."""
    try:
        with bar(hidden=as_json) as show:
            for step in steps:
                if as_json:
                    write_json(_plain(step))
                if step.HasField("progress"):
                    show(step.progress.phase, step.progress.done, step.progress.total)
                else:
                    return step.result
    except errors.Refused as refusal:
        unless_it_is_who_asks(refusal)
        err.print(refusal.message, markup=False, style="bold red")
        err.print(refusal.reason, markup=False)
        could_not = (errors.BackupBusy, errors.BackupKeyNeeded, errors.BackupKeyWrong)
        is_open = isinstance(refusal, (*could_not, errors.BackupNotFound, errors.FieldInvalid))
        raise typer.Exit(EXIT_COULD_NOT if is_open else EXIT_FAULT) from None
    except TillError as error:
        give_up(f"The till did not answer as it should: {error}.")
    return give_up("The till ended without a result.")


def _show_status(answer: pb.GetDataStatusResponse, currency: str) -> None:
    totals = answer.totals
    sold = types_pb2.Money(currency_code=currency, minor_units=totals.sales_minor)
    facts = [
        ("till", f"{answer.workstation_id} of {answer.store_id}"),
        ("begun", words.local_time(answer.create_time)),
        (
            "live",
            f"since {words.local_time(answer.live_time)}"
            if answer.HasField("live_time")
            else "not yet: `tillctl data clean` clears what is sold on trial",
        ),
        ("data", f"{answer.head_seq} records, {words.size(answer.used_bytes)}"),
        ("sales", f"{totals.sales}, together {to_decimal(sold)} {currency}"),
        ("returns, voids", f"{totals.returns}, {totals.voids}"),
        ("unfinished sales", f"{totals.live_sales}, of which {totals.suspended_sales} put aside"),
        ("backups go to", answer.folder or "nowhere: none are configured"),
    ]
    if answer.folder_trouble:
        facts.append(("but", answer.folder_trouble))
    elif answer.folder:
        facts.append(("room there", words.size(answer.folder_free_bytes)))
    if answer.HasField("last_backup"):
        last = answer.last_backup
        facts.append(("last backup", f"{words.local_time(last.make_time)}, {last.file_name}"))
        facts.append(
            (
                "not in it",
                words.count(answer.receipts_since, "receipt")
                + f", {words.count(answer.records_since, 'record')}",
            )
        )
    elif answer.last_change.kind == pb.DATA_CHANGE_KIND_RESTORE:
        facts.append(("last backup", "none since the restore: make one with `tillctl data backup`"))
    else:
        facts.append(("last backup", "none: if this machine is lost, all is lost"))
    if answer.HasField("drill_time"):
        proven = f"{words.local_time(answer.drill_time)}, up to record {answer.drill_seq}"
        facts.append(("last proven restore", proven))
    else:
        facts.append(("last proven restore", "none: try one with `tillctl data drill`"))
    facts += _copies(answer)
    if answer.failing:
        since = words.local_time(answer.failing_since)
        facts.append(("failing", f"{answer.failing}, since {since}"))
    if answer.HasField("last_change"):
        change = answer.last_change
        kind = words.word(pb.DataChangeKind, change.kind)
        facts.append((f"last {kind}", f"{words.local_time(change.time)}"))
    if answer.busy_with:
        facts.append(("now", f"a {answer.busy_with} is under way"))
    if answer.signer:
        facts.append(("signs with", answer.signer.hex()))
    facts += [("opens with", each) for each in answer.recipients]
    show_facts(facts)


def _copies(answer: pb.GetDataStatusResponse) -> list[tuple[str, str]]:
    if not answer.copies_to:
        return []
    copied = "nothing yet since the till was started"
    if answer.HasField("copied_time"):
        copied = f"up to record {answer.copied_seq}, {words.local_time(answer.copied_time)}"
    facts = [("copies go to", answer.copies_to), ("copied", copied)]
    return [*facts, ("but", answer.copies_trouble)] if answer.copies_trouble else facts


def _plain(message: Message) -> dict[str, Any]:
    return MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )

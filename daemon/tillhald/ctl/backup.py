"""`tillctl backup`: looking into a backup where there is no till: the file and a key are enough."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from tillhald.ctl import words
from tillhald.ctl.bars import bar
from tillhald.ctl.child import lines_of
from tillhald.ctl.connection import (
    EXIT_COULD_NOT,
    EXIT_FAULT,
    AsJson,
    err,
    give_up,
    out,
    show_facts,
    write_json,
)
from tillhald.ctl.keys import KeyFile, key_text

app = typer.Typer(no_args_is_help=True, help="Backups as files, without a till.")


@app.callback()
def backup() -> None:
    """Backups as files, without a till."""


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup, a .tbk file.")],
    *,
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Say whose backup it is, how far it goes, and whether it is whole, to the last bit.

    With --key it is opened, and every record, the chain, every row and the sums are checked. Works
    on any machine, without a till. Nothing is written.

    Exit status: 0 if it is whole, 1 if it is not, 2 if it could not be looked at.
    """
    if not file.is_file():
        give_up(f"There is no file {file}.")
    secret = key_text(key)
    order = {"files": [str(file.absolute())], "secrets": [secret] if secret else []}
    last: dict[str, Any] = {}
    with bar(hidden=as_json) as show:
        for last in lines_of("check", package="backup", order=order):
            if last.get("phase"):
                show(last["phase"], last.get("done", 0), last.get("total", 0))
    if "found" not in last:
        reason = last.get("refused", "")
        if as_json:
            write_json({"whole": False, "reason": reason, "sentence": last.get("sentence", "")})
        else:
            err.print(last.get("sentence", ""), markup=False, style="bold red")
        is_fault = reason == "BACKUP_CORRUPT" or last.get("fault") == "unreadable"
        raise typer.Exit(EXIT_FAULT if is_fault else EXIT_COULD_NOT)
    (found,) = last["found"]
    if as_json:
        write_json({"whole": True, **found})
        return
    _show(found)


@app.command()
def extract(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup, a .tbk file.")],
    *,
    to: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FOLDER", help="Where the files go: an empty folder, or a new one."
        ),
    ],
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Take the files out that travel in a backup beside the journal, till.toml above all.

    For a new machine: it needs its configuration before there is a till to restore the rest. There
    are passwords in these files; they are written for your eyes alone.

    Exit status: 0 if they were written, 1 if the backup is not whole, 2 if it could not be done.
    """
    if not file.is_file():
        give_up(f"There is no file {file}.")
    to.mkdir(mode=0o700, exist_ok=True)
    if any(to.iterdir()):
        give_up(f"{to} is not empty; nothing is written over.")
    secret = key_text(key)
    order = {
        "file": str(file.absolute()),
        "to": str(to.absolute()),
        "secrets": [secret] if secret else [],
    }
    last: dict[str, Any] = {}
    with bar(hidden=as_json) as show:
        for last in lines_of("extract", package="backup", order=order):
            if last.get("phase"):
                show(last["phase"], last.get("done", 0), last.get("total", 0))
    if last.get("refused") or last.get("fault"):
        reason = last.get("refused", "")
        if as_json:
            write_json({"reason": reason, "sentence": last.get("sentence", "")})
        else:
            err.print(last.get("sentence", ""), markup=False, style="bold red")
        raise typer.Exit(EXIT_FAULT if reason == "BACKUP_CORRUPT" else EXIT_COULD_NOT)
    names = last.get("extracted", [])
    if as_json:
        write_json({"files": names})
        return
    out.print(f"In {to} are now: {', '.join(names) or 'no files'}.", markup=False)
    if "till.toml" in names:
        out.print(f"Look through {to / 'till.toml'}: devices and paths may be others here.")


def _show(found: dict[str, Any]) -> None:
    is_open = found.get("is_open", False)
    out.print(
        "It is whole, and all that is in it was checked."
        if is_open
        else "It is whole, to the last bit. What is in it shows only with --key.",
        style="green",
    )
    made = datetime.fromtimestamp(found["made_ms"] / 1000).astimezone()
    follows = f", goes on after {found['follows']}" if found["follows"] else ""
    facts = [
        ("till", f"{found['workstation_id']} of {found['store_id']}"),
        ("made", f"{made:%Y-%m-%d %H:%M:%S}, by tillhal {found['version']}"),
        ("kind", f"{found['kind']}{follows}"),
        ("id", found["backup_id"]),
        ("records", f"{found['first_seq']} to {found['last_seq']}"),
        ("its last hash", found["head_hash"]),
        ("business day", found["business_day"] or "none was open"),
        ("size", words.size(found["size_bytes"])),
        ("signed by", found["signer"]),
        ("opens with", ", ".join(found["recipients"])),
    ]
    if is_open:
        totals = found.get("totals") or {}
        facts += [
            ("receipts given", str(totals.get("receipts_given", 0))),
            ("sales in it", str(found.get("completed", 0))),
            ("suspended sales", str(totals.get("suspended_sales", 0))),
            ("beside the journal", ", ".join(found.get("files", ())) or "nothing"),
        ]
    show_facts(facts)

"""Comparing two histories of a till, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from tillhald.ctl.bars import bar
from tillhald.ctl.child import journal_in, lines_of
from tillhald.ctl.connection import (
    EXIT_COULD_NOT,
    EXIT_FAULT,
    err,
    give_up,
    out,
    show_facts,
    write_json,
)

if TYPE_CHECKING:
    from pathlib import Path

FORK = "fork"
SENTENCES = {
    "same": "They are the same, up to record {common}.",
    "goes_on": "The journal goes on from the end of the other, record {common}. Nothing is lost.",
    "ends_earlier": "The other goes on from the end of the journal, record {common}.",
    FORK: (
        "FORK: they are the same up to record {common}, and then both went on, each by itself. "
        "A till was cloned, or an old one sold on after its data had moved."
    ),
    "strangers": "They have nothing in common: they were begun apart from one another.",
}


def compare(folder: Path | None, against: Path, secret: str, *, as_json: bool) -> None:
    """Compare a journal with another one or a backup. Exits with 1 for a fork."""
    if folder is None:
        give_up("Say with --folder which journal is to be compared.")
    if not against.exists():
        give_up(f"There is no {against}.")
    if against.is_dir():
        journal_in(against)
    order = {
        "journal": journal_in(folder),
        "against": str(against.absolute()),
        "secrets": [secret] if secret else [],
    }
    last: dict[str, Any] = {}
    with bar(hidden=as_json) as show:
        for last in lines_of("compare", package="backup", order=order):
            if last.get("phase"):
                show(last["phase"], last.get("done", 0), last.get("total", 0))
    met = last.get("met")
    if as_json:
        write_json(met or {"reason": last.get("refused", ""), "sentence": last.get("sentence", "")})
    if met is None:
        if not as_json:
            err.print(last.get("sentence", ""), markup=False, style="bold red")
        raise typer.Exit(EXIT_COULD_NOT)
    is_fork = met["relation"] == FORK
    if not as_json:
        out.print(
            SENTENCES[met["relation"]].format(common=met["common"]),
            style="bold red" if is_fork else "green",
        )
        show_facts(
            [
                (
                    "the journal",
                    f"{met['here_seq']} records, incarnation {met['here_incarnation']}",
                ),
                (
                    "the other",
                    f"{met['there_seq']} records, incarnation {met['there_incarnation']}",
                ),
                ("its till", f"{met['workstation_id']} of {met['store_id']}"),
            ]
        )
        if is_fork:
            out.print(
                "Both have sold since. Keep both journals; take one machine out of use; enter what "
                "it sold alone as slips on the other, or settle it with your accountant."
            )
    if is_fork:
        raise typer.Exit(EXIT_FAULT)

"""`tillctl journal`: where the journal stands, whether it is sound, and what can be saved of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from tillhal.v1 import journal_pb2, types_pb2
from tillhald.ctl import words
from tillhald.ctl.child import journal_in, lines_of
from tillhald.ctl.compare import compare
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
    write_json,
)
from tillhald.ctl.keys import KeyFile, key_text
from tillhald.ctl.meeting import meet

if TYPE_CHECKING:
    from collections.abc import Iterator

    Line = dict[str, Any]

RANGES_SHOWN_MAX = 50

_WHY_KEPT = {
    "chain": "the one that the records behind it lead to",
    "live": "the one that the journal itself counts",
    "guess": "one of them, by guess",
}

app = typer.Typer(no_args_is_help=True, help="The durable record of all that happened.")

_FOLDER = typer.Option(
    "--folder",
    metavar="FOLDER",
    help="A journal's folder, or a copy of one, on this machine.",
    show_default=False,
)


@app.command()
def status(*, address: Address = None, as_json: AsJson = False) -> None:
    """Say where the journal stands, and how full its file is."""
    with connected(address) as till:
        answer = till.journal_status()
    facts: dict[str, Any] = {
        "head_seq": answer.head_seq,
        "head_hash": answer.head_hash.hex(),
        "chain_id": answer.chain_id.hex(),
        "incarnation": answer.incarnation,
        "create_time": answer.create_time.ToJsonString(),
        "used_bytes": answer.used_bytes,
        "map_bytes": answer.map_bytes,
        "checkpoint_seq": answer.checkpoint_seq,
        "durability": types_pb2.Durability.Name(answer.durability),
    }
    if as_json:
        write_json(facts)
        return
    kept = words.sentence(words.DURABILITIES, types_pb2.Durability, answer.durability)
    percent = 100 * answer.used_bytes // max(answer.map_bytes, 1)
    used = f"{_mib(answer.used_bytes)} of {_mib(answer.map_bytes)} used, {percent} %"
    show_facts(
        [
            ("last record", str(answer.head_seq)),
            ("its hash", facts["head_hash"]),
            ("chain id", facts["chain_id"]),
            ("incarnation", str(answer.incarnation)),
            ("begun", words.local_time(answer.create_time)),
            ("file", used),
            ("newest checkpoint", str(answer.checkpoint_seq or "none yet")),
            ("answers are kept", kept),
        ]
    )


@app.command()
def verify(
    *,
    folder: Annotated[Path | None, _FOLDER] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="PATH",
            help="Compare with another journal's folder, or with a backup: did a till sell twice?",
            show_default=False,
        ),
    ] = None,
    key: KeyFile = None,
    other: Annotated[
        str | None,
        typer.Option(
            "--with",
            metavar="ADDRESS",
            help="Ask this till and another one that runs about one another: did both sell?",
            show_default=False,
        ),
    ] = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Check every record of the journal.

    The till checks its own journal, and sells on meanwhile. With --folder a journal is checked
    without asking a till; that may be the folder of one that is running, or a copy.

    With --against, and --folder, two histories of a till are compared instead. If both went on
    from a record that both have, that is a FORK: the same backup was restored on two machines, or
    an old till sold on after its data had moved. A backup's key shows where exactly.

    With --with two tills that run are asked, each about its own journal and the other one's: the
    same FORK, since when, and what each has sold by itself.

    Exit status: 0 if the journal is sound, and no fork; 1 if it has a fault; 2 if it could not be
    checked.
    """
    if other is not None:
        if folder is not None or against is not None:
            give_up("--with asks two tills that run; --folder and --against look at files.")
        meet(address, other, as_json=as_json)
        return
    if against is not None:
        compare(folder, against, key_text(key), as_json=as_json)
        return
    if folder is None:
        with connected(address) as till:
            verdict = _follow(map(_line_of, till.verify_journal()), "checking", as_json=as_json)[-1]
    else:
        verdict = _follow(lines_of("verify", journal_in(folder)), "checking", as_json=as_json)[-1]
    if "fault" in verdict:
        if not as_json:
            _show_fault(verdict)
        raise typer.Exit(EXIT_FAULT)
    if not as_json:
        out.print(
            f"The journal is sound: every record up to {verdict['last_seq']} is whole and in its "
            "place.",
            style="green",
        )
        out.print(f"The last one has the hash {verdict['head_hash']}.")


@app.command()
def salvage(
    *,
    folder: Annotated[Path, _FOLDER],
    to: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE", help="What to write; must not exist.", show_default=False
        ),
    ],
    chain_id: Annotated[
        str,
        typer.Option(metavar="HEX", help="The journal's chain id, if its file has lost it."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Save whatever is whole in a damaged journal.

    The journal is only read. Nobody should be writing to it: stop the till, or use a copy.

    Exit status: 0 if no record is gone, 1 if some are gone or in doubt, 2 if nothing was saved.
    """
    arguments = [journal_in(folder), "--out", str(to)]
    if to.exists():
        give_up(f"There is something at {to} already; say another file.")
    if chain_id:
        arguments += ["--chain-id", _checked_chain_id(chain_id)]
    *lines, result = _follow(lines_of("salvage", *arguments), "salvaging", as_json=as_json)
    if "fault" in result:
        if not as_json:
            err.print(result["sentence"], markup=False, style="bold red")
        raise typer.Exit(EXIT_COULD_NOT)
    if not as_json:
        _show_salvage(result, lines, to)
    if result["gone_records"] or any("break" in line or "conflict" in line for line in lines):
        raise typer.Exit(EXIT_FAULT)


def _line_of(response: journal_pb2.VerifyResponse) -> Line:
    """What `tillhald.journal.verify` would have written for this."""
    if response.HasField("progress"):
        return {"done": response.progress.done, "total": response.progress.total}
    result = response.result
    if result.sound:
        return {"last_seq": result.head_seq, "head_hash": result.head_hash.hex()}
    (finding,) = result.findings
    fault = words.word(journal_pb2.JournalFault, finding.fault)
    return {"fault": fault, "seq": finding.seq or None, "sentence": finding.message}


def _follow(lines: Iterator[Line], doing: str, *, as_json: bool) -> list[Line]:
    """Show progress until the last line; return what the others say, the result last."""
    found: list[Line] = []
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed} of {task.total}"),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=as_json or not err.is_terminal,
    ) as progress:
        task = progress.add_task(doing, total=None)
        for line in lines:
            if as_json:
                write_json(line)
            if "done" in line:
                phase = line.get("phase", doing)
                progress.update(
                    task, description=phase, completed=line["done"], total=line["total"]
                )
            else:
                found.append(line)
    if not found:
        give_up("The program that reads the journal ended without a result.")
    return found


def _show_fault(verdict: Line) -> None:
    where = f" at record {verdict['seq']}" if verdict["seq"] else ""
    err.print(f"The journal has a fault: {verdict['fault']}{where}.", style="bold red")
    err.print(verdict["sentence"], markup=False)
    err.print(
        "Keep the journal's folder as it is, and copy it away whole. "
        "`tillctl journal salvage` saves from the copy what is whole."
    )


def _show_salvage(result: Line, lines: list[Line], to: Path) -> None:
    gone = [line["gone"] for line in lines if "gone" in line]
    should_be = result["records"] + result["gone_records"]
    rows = sum(result["rows"].values())
    out.print(
        f"{result['records']} of {should_be} records, and {rows} rows, are saved in {to}.",
        markup=False,
    )
    if not gone:
        out.print("No record is gone.", style="green")
    else:
        out.print("Gone are:", style="bold red")
        table = Table("from", "to", "records", box=None, pad_edge=False)
        for first, last in gone[:RANGES_SHOWN_MAX]:
            table.add_row(str(first), str(last), str(last - first + 1))
        out.print(table)
        if len(gone) > RANGES_SHOWN_MAX:
            out.print(f"… and {len(gone) - RANGES_SHOWN_MAX} more ranges: --json shows all.")
    for notice in _notices(result, lines):
        out.print(notice, markup=False)


def _notices(result: Line, lines: list[Line]) -> Iterator[str]:
    for line in lines:
        if "break" in line:
            yield (
                f"Record {line['break']} is whole, but does not fit: it does not follow the one "
                "before it, or is not the one that the journal counts as its last."
            )
        elif "conflict" in line:
            yield (
                f"Record {line['conflict']} is there {line['copies']} times, each another; "
                f"kept is {_WHY_KEPT[line['why']]}."
            )
    if result["base_seq"] is None:
        yield (
            "Whether this file began with record 1 cannot be read any more: "
            "the first ones may be in an earlier file."
        )
    if result["head_seq"] is None:
        yield "What the last record was cannot be read any more: later ones may be gone, too."
    damaged = [name for name in result["damaged_tables"] if name != "records"]
    if damaged:
        yield (
            f"Beside the records, rows of {', '.join(damaged)} may be missing or old. The records "
            "are the truth; the rows follow from them."
        )
    if result["unreadable_bytes"]:
        yield f"The disk did not give {result['unreadable_bytes']} bytes of the file."


def _checked_chain_id(text: str) -> str:
    try:
        chain_id = bytes.fromhex(text)
    except ValueError:
        chain_id = b""
    if len(chain_id) != 16:  # noqa: PLR2004 - see docs/reference/journal-format.md
        give_up(f"A chain id has 32 hexadecimal digits: {text!r} is none.")
    return chain_id.hex()


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB"

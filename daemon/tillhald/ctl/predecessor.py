"""`tillctl import`: taking over what the till before this one had."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from google.protobuf.json_format import MessageToDict

from tillhal import TillError, errors, to_decimal
from tillhal.v1 import predecessor_pb2 as pb
from tillhal.v1 import types_pb2
from tillhald.ctl import words
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

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.message import Message

SHOWN_MAX = 20

app = typer.Typer(no_args_is_help=True, help="Take over what the till before this one had.")

Source = Annotated[
    Path, typer.Argument(metavar="PATH", help="The old till's export, on the till's machine.")
]
Adapter = Annotated[
    str, typer.Option("--adapter", help="Who reads it; else whoever recognises it.")
]


@app.command()
def plan(
    path: Source,
    *,
    adapter: Adapter = "",
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Write the proposed till.toml there."),
    ] = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Say what an import would bring, what does not fit, and where old reports differ from sales.

    Nothing is changed. Exit status: 0 if it can be imported, 1 if it cannot or totals differ, 2 if
    it could not be looked at.
    """
    with connected(address) as till:
        found = _follow(
            till.plan_import(str(path.absolute()), adapter=adapter), "plan", as_json=as_json
        )
        currency = till.currency()
    if not as_json:
        _show_plan(found, currency)
    if config is not None:
        config.write_text(found.proposed_config, encoding="utf-8")
        out.print(f"The proposed settings are in {config}: copy what fits.", markup=False)
    if found.faults_count or found.differences_count:
        raise typer.Exit(EXIT_FAULT)


@app.command()
def commit(
    path: Source,
    *,
    adapter: Adapter = "",
    explanation: Annotated[
        str,
        typer.Option("--because", help="Why the old till's totals may differ from its sales."),
    ] = "",
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Look at it once more, and import it: all of it or nothing. The till sells on.

    May be repeated: what is here already stays as it is.

    Exit status: 0 if it is imported, 1 if not, 2 if it could not be read.
    """
    with connected(address) as till:
        where = str(path.absolute())
        found = _follow(till.plan_import(where, adapter=adapter), "plan", as_json=as_json)
        steps = till.commit_import(
            where,
            found.source.digest,
            adapter=adapter,
            explanation=explanation,
            request_id=str(uuid.uuid4()),
        )
        result = _follow(steps, "result", as_json=as_json, plan=found)
    if as_json:
        return
    if not result.HasField("imported"):
        out.print("All of it was here already. Nothing was changed.", style="green")
        return
    done = result.imported
    out.print("It is imported, whole.", style="green")
    show_facts(
        [
            ("import", done.import_id),
            ("receipts", _receipts(done.counts)),
            ("put aside", words.count(done.counts.suspended, "sale")),
            ("known before", str(done.known)),
            ("took", f"{result.took_ms / 1000:.1f} s"),
        ]
    )


@app.command("list")
def list_(*, address: Address = None, as_json: AsJson = False) -> None:
    """List the imports, newest first."""
    with connected(address) as till:
        answer = till.list_imports()
    if as_json:
        write_json(_plain(answer))
        return
    for each in answer.imports:
        source = each.source
        where = f"{source.product} {source.product_version}, till {source.till} of {source.shop}"
        when = words.local_time(each.done_time)
        out.print(f"{when}  {_receipts(each.counts)}  {where}  {each.import_id}", markup=False)


@app.command()
def find(
    receipt: Annotated[str, typer.Argument(metavar="NUMBER", help="As on the old receipt.")],
    *,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Find an imported sale by the number on its old receipt.

    Exit status: 0 if there is one, 1 if there is none, 2 if the till could not be asked.
    """
    with connected(address) as till:
        answer = till.find_imported_sales(receipt)
    if as_json:
        write_json(_plain(answer))
    for sale in answer.sales if not as_json else ():
        amount = f"{to_decimal(sale.summary.payable)} {sale.summary.payable.currency_code}"
        when = words.local_time(sale.open_time)
        out.print(f"{when}  {amount:>14}  {sale.summary.sale_id}", markup=False)
        for line in sale.lines:
            out.print(f"    {line.input.description}", markup=False)
    if not answer.sales:
        err.print("There is no imported sale with this number.", markup=False)
        raise typer.Exit(EXIT_FAULT)


def _follow(
    steps: Iterable[Any], what: str, *, as_json: bool, plan: pb.ImportPlan | None = None
) -> Any:  # noqa: ANN401 - of two RPCs
    """Show progress; return the plan or the result. Exits where there is none."""
    try:
        with bar(hidden=as_json) as show:
            for step in steps:
                if as_json:
                    write_json(_plain(step))
                if step.HasField("progress"):
                    show(step.progress.phase, step.progress.done, step.progress.total)
                else:
                    return getattr(step, what)
    except errors.Refused as refusal:
        unless_it_is_who_asks(refusal)
        err.print(str(refusal), markup=False, style="bold red")
        for fault in plan.faults[:SHOWN_MAX] if plan else ():
            err.print(_fault(fault), markup=False)
        could_not = (errors.ImportBusy, errors.SourceNotFound, errors.SourceChanged)
        is_open = isinstance(refusal, (*could_not, errors.ImportFailed))
        raise typer.Exit(EXIT_COULD_NOT if is_open else EXIT_FAULT) from None
    except TillError as error:
        give_up(f"The till did not answer as it should: {error}.")
    return give_up("The till ended without a result.")


def _show_plan(found: pb.ImportPlan, currency: str) -> None:
    source, counts = found.source, found.counts
    product = f"{source.product} {source.product_version}".strip()
    facts = [
        ("from", f"{product}, till {source.till} of {source.shop}"),
        ("receipts", f"{_receipts(counts)}, together {_money(counts.payable_minor, currency)}"),
        ("put aside", words.count(counts.suspended, "sale")),
        ("shifts", f"{counts.shifts}, of which {found.open_shifts} were not handed over"),
        ("days", f"{counts.days}, of which {found.open_days} without a Z"),
        ("not sent on", words.count(counts.not_uploaded, "receipt")),
        ("new here", f"{_receipts(found.new)}, {found.new.suspended} put aside"),
        ("known here", str(found.known)),
    ]
    if found.HasField("first_time"):
        until = words.local_time(found.last_time)
        facts.insert(2, ("from, to", f"{words.local_time(found.first_time)} to {until}"))
    show_facts(facts)
    for report in found.reports[:SHOWN_MAX]:
        out.print(_report(report, currency), markup=False)
    if len(found.reports) > SHOWN_MAX:
        out.print(f"… and more shifts and days: --json shows {len(found.reports)}.")
    for difference in found.differences[:SHOWN_MAX]:
        out.print(_difference(difference, currency), markup=False, style="yellow")
    if found.differences_count:
        told = words.count(found.differences_count, "total")
        out.print(f"{told} of the old till differ from its sales: import with --because.")
    for fault in found.faults[:SHOWN_MAX]:
        out.print(_fault(fault), markup=False, style="red")
    if found.faults_count:
        told = words.count(found.faults_count, "thing")
        out.print(f"{told} must be mended first: nothing can be imported.", style="red")
    for notice in found.notices:
        out.print(notice, markup=False)


def _receipts(counts: pb.ImportCounts) -> str:
    return f"{counts.sales} sales, {counts.returns} returns, {counts.voids} voids"


def _report(report: pb.ImportedReport, currency: str) -> str:
    kind = "shift" if report.kind == pb.IMPORTED_REPORT_KIND_SHIFT else "day"
    tenders = ", ".join(
        f"{name} {_money(minor, currency)}" for name, minor in sorted(report.summed.tenders.items())
    )
    total = _money(report.summed.payable_minor, currency)
    receipts = words.count(report.summed.receipts, "receipt")
    return f"  {kind} {report.old_id}: {receipts}, {total}" + (f" ({tenders})" if tenders else "")


def _difference(each: pb.ImportDifference, currency: str) -> str:
    is_count = each.what == "receipts"
    theirs = str(each.theirs) if is_count else _money(each.theirs, currency)
    ours = str(each.ours) if is_count else _money(each.ours, currency)
    said = f"{each.what} {theirs} said, {ours} by its sales"
    return f"{each.file}:{each.line}: {each.of} {each.old_id}: {said}"


def _fault(fault: pb.ImportFault) -> str:
    field = f" {fault.field}:" if fault.field else ""
    return f"{fault.file}:{fault.line}:{field} {fault.message}"


def _money(minor: int, currency: str) -> str:
    money = types_pb2.Money(currency_code=currency, minor_units=minor)
    return f"{to_decimal(money)} {currency}"


def _plain(message: Message) -> dict[str, Any]:
    return MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )

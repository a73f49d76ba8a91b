"""`tillctl day`: opens and closes the business day, shows X and Z."""

from __future__ import annotations

import itertools
from typing import Annotated, Final

import typer
from rich.table import Table

from tillhal.v1 import shift_pb2 as pb
from tillhald.ctl import words
from tillhald.ctl.connection import Address, AsJson, out, show_facts
from tillhald.ctl.shift import amount, show_json, till_that_may_refuse

app = typer.Typer(
    help="The business day: opens it, closes it, shows X and Z.", no_args_is_help=True
)

LISTED_MAX: Final = 100
Paper = Annotated[bool, typer.Option("--print", help="Print it, too.")]


@app.command("open")
def open_(
    business_day: Annotated[
        str, typer.Argument(metavar="DAY", help="Its date, 2026-01-31; today's without it.")
    ] = "",
    *,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Open the business day.

    Exit status: 0, 1 if the till says no, 2 if no till answers.
    """
    with till_that_may_refuse(address) as till:
        day = till.shifts.open_day(business_day).day
    if as_json:
        show_json(day)
        return
    out.print(f"Day {day.day_number}, {day.business_day}, is open.", style="green")


@app.command()
def close(*, address: Address = None, as_json: AsJson = False) -> None:
    """Close the business day that is open, and show its Z.

    Exit status: 0, 1 if the till says no, 2 if no till answers.
    """
    with till_that_may_refuse(address) as till:
        z = till.shifts.close_day(till.shifts.day().day_number).z
    _show(z, as_json=as_json)


@app.command()
def x(*, paper: Paper = False, address: Address = None, as_json: AsJson = False) -> None:
    """Show the day as it stands now. It changes nothing.

    Exit status: 0, 1 if no day is open, 2 if no till answers.
    """
    with till_that_may_refuse(address) as till:
        report = till.shifts.x_report()
        if paper:
            till.shifts.print_report("X")
    _show(report, as_json=as_json)


@app.command()
def z(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="0 for the last one.")] = 0,
    *,
    paper: Paper = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Show a closed day; with --print as a copy on paper, too.

    Exit status: 0, 1 if there is no such Z, 2 if no till answers.
    """
    with till_that_may_refuse(address) as till:
        report = till.shifts.z_report(number)
        if paper:
            till.shifts.print_report("Z", report.z_number)
    _show(report, as_json=as_json)


@app.command("list")
def list_(*, address: Address = None, as_json: AsJson = False) -> None:
    """List the last 100 closed days, newest first.

    Exit status: 0, or 2 if no till answers.
    """
    with till_that_may_refuse(address) as till:
        found = list(itertools.islice(till.shifts.list_z_reports(), LISTED_MAX))
    if as_json:
        for each in found:
            show_json(each)
        return
    table = Table("Z", "day", "closed", "sales", "amount", "difference", box=None, pad_edge=False)
    for each in found:
        table.add_row(
            str(each.z_number),
            each.business_day,
            words.local_time(each.time),
            str(each.sales.count),
            amount(each.sales.amount),
            amount(each.differences.amount),
        )
    out.print(table)


def _show(report: pb.DayReport, *, as_json: bool) -> None:
    if as_json:
        show_json(report)
        return
    totals = report.totals
    facts = [
        ("report", f"Z {report.z_number}" if report.z_number else "X"),
        ("business day", f"{report.business_day} (day {report.day_number})"),
        ("opened", words.local_time(report.open_time)),
        ("closed" if report.z_number else "now", words.local_time(report.time)),
        ("receipts", f"{report.first_receipt} - {report.last_receipt}"),
        ("records", f"{report.first_seq} - {report.last_seq}"),
        _total("sales", totals.sales),
        _total("returns", totals.returns),
        _total("voids", totals.voids),
        *(_total(f"tax {each.name} %", each) for each in totals.taxes),
        *(_total(each.name, each) for each in totals.tenders),
        *(_total(each.name, each) for each in totals.movements),
        _total("change given", totals.change),
        ("cancelled", str(totals.cancelled)),
        ("drawer without a sale", str(totals.no_sales)),
        ("put aside", str(report.carried)),
        ("unknown tenders", str(len(report.exceptions))),
    ]
    for shift in report.shifts:
        name = f"shift {shift.shift_number}, {shift.operator}"
        if shift.training:
            facts.append((name, "training"))
            continue
        found = "not counted"
        if shift.HasField("over_short"):
            found = f"counted {amount(shift.counted)}, difference {amount(shift.over_short)}"
        facts.append((name, f"expected {amount(shift.cash.expected)}, {found}"))
    facts += [
        _total("sales since the first day", report.perpetual_sales),
        ("chain head", report.chain_head.hex()),
    ]
    show_facts([(name, value) for name, value in facts if value])


def _total(name: str, total: pb.Total) -> tuple[str, str]:
    return name, f"{amount(total.amount)} ({total.count})"

"""`tillctl slips`: blanks for a time without power, and entering what was written on them."""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from google.protobuf.json_format import MessageToDict

from tillhal import Refused, errors, to_decimal
from tillhal.v1 import checkout_pb2
from tillhal.v1 import recovery_pb2 as pb
from tillhald.ctl import slip_file, words
from tillhald.ctl.connection import (
    EXIT_FAULT,
    Address,
    AsJson,
    connected,
    err,
    give_up,
    out,
    say_no,
    unless_it_is_who_asks,
    write_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

    from tillhal import Till

app = typer.Typer(help="Paper slips: print blanks, enter what was written, close the book.")

Which = Annotated[
    str, typer.Argument(metavar="OUTAGE", help='The outage: "outage/3", or the id you gave it.')
]
Number = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="The slip's number.")]
Person = Annotated[str, typer.Option("--by", help="Who does it.")]
Printer = Annotated[str, typer.Option("--printer", help="Which printer; else that of receipts.")]
LOCAL = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]


@contextlib.contextmanager
def _asking(address: str | None) -> Iterator[Till]:
    """The till; what it refuses, and an amount that is none, is said, and the command ends."""
    with connected(address) as till:
        try:
            yield till
        except Refused as refused:
            say_no(refused)
        except (TypeError, ValueError) as error:
            give_up(f"{error}.")


def _no(sentence: str) -> NoReturn:
    err.print(sentence, markup=False)
    raise typer.Exit(EXIT_FAULT)


def _write(answer: Message) -> None:
    write_json(MessageToDict(answer, preserving_proto_field_name=True))


@app.command("print")
def print_(
    count: Annotated[int, typer.Argument(metavar="COUNT", min=1, max=50, help="How many.")],
    *,
    outage: Annotated[str, typer.Option("--outage", help="For this one; else the next.")] = "",
    printer: Printer = "",
    by: Person = "",
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Print blank slips with the next numbers. Keep them with a pen beside the till.

    Exit status: 0, 1 if the till says no, 2 if no till answers.
    """
    with _asking(address) as till:
        answer = till.recovery.print_slips(count, outage_id=outage, printer=printer, printed_by=by)
    if as_json:
        _write(answer)
        return
    out.print(f"Slips {answer.printed.first_no} to {answer.printed.last_no} are being printed.")


@app.command()
def unfinished(*, printer: Printer = "", address: Address = None, as_json: AsJson = False) -> None:
    """Print the sales that are open, put aside or interrupted, with their lines and totals.

    Exit status: 0, 1 if the till says no, 2 if no till answers.
    """
    with _asking(address) as till:
        answer = till.recovery.print_suspended_sales(printer=printer)
    if as_json:
        _write(answer)
    else:
        out.print(f"The list goes to {answer.job.printer}.", markup=False)


@app.command("list")
def list_(*, address: Address = None, as_json: AsJson = False) -> None:
    """List the books of slips, the open ones first, and the blanks that were printed last.

    Exit status: 0, or 2 if no till answers.
    """
    with _asking(address) as till:
        answer = till.recovery.list_slips()
    if as_json:
        _write(answer)
        return
    if not answer.books:
        out.print("No slips were entered yet.")
    for book in answer.books:
        out.print(_book(book), markup=False)
    for each in answer.printed:
        when = words.local_time(each.print_time)
        out.print(f"Blanks {each.first_no} to {each.last_no} were printed {when}.", markup=False)


@app.command()
def show(outage: Which, *, address: Address = None, as_json: AsJson = False) -> None:
    """Show the slips of an outage, number by number.

    Exit status: 0, 1 if there is no such book, 2 if no till answers.
    """
    with _asking(address) as till:
        answer = till.recovery.get_slips(outage)
    if as_json:
        _write(answer)
        return
    out.print(_book(answer.book), markup=False)
    for slip in answer.slips:
        what = words.word(pb.SlipState, slip.state)
        if slip.state == pb.SLIP_STATE_ENTERED:
            amount = f"{slip.payable.currency_code} {to_decimal(slip.payable)}"
            what += f"  {amount}  receipt {slip.receipt_number}"
        said = f"  ({slip.explanation})" if slip.explanation else ""
        out.print(f"{slip.slip_no:>6}  {what}{said}", markup=False)


@app.command("open")
def open_(
    outage: Which,
    first: Annotated[int, typer.Argument(metavar="FIRST", min=1, help="The first number.")],
    last: Annotated[int, typer.Argument(metavar="LAST", min=1, help="The last number.")],
    *,
    began: Annotated[
        datetime | None,
        typer.Option(formats=LOCAL, help="When an outage that is not on record began."),
    ] = None,
    ended: Annotated[
        datetime | None, typer.Option(formats=LOCAL, help="When it ended, local time.")
    ] = None,
    by: Person = "",
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Open the book of an outage's slips. Give the numbers that were handed out: each one must be
    accounted for in the end.

    Exit status: 0, 1 if the till says no, 2 if no till answers.
    """
    with _asking(address) as till:
        answer = till.recovery.open_slips(
            outage,
            first,
            last,
            opened_by=by,
            began=began.astimezone() if began else None,
            ended=ended.astimezone() if ended else None,
        )
    if as_json:
        _write(answer)
    else:
        out.print(_book(answer.book), markup=False)


@app.command()
def put(
    outage: Which,
    number: Annotated[
        int, typer.Argument(metavar="NUMBER", help="The slip's number; not with a file.")
    ] = 0,
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", exists=True, dir_okay=False, help="Slips in TOML, or JSON in a .json file."
        ),
    ] = None,
    receipt: Annotated[bool, typer.Option("--receipt", help="Print receipts.")] = False,
    by: Person = "",
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Enter one slip by asking for what stands on it, or all of a file. Numbers of a file that are
    entered already are passed over, so that it can be given once more.

    Exit status: 0, 1 if the till says no or warns of something, 2 if no till answers.
    """
    if (file is None) == (number == 0):
        give_up("Give either the number of a slip or a --file.")
    filed: list[slip_file.FiledSlip] = []
    if file is None:
        with _asking(address) as till:
            _refuse_number(till.recovery.get_slips(outage), number)
        filed = [_asked(number)]
    else:
        try:
            filed = slip_file.read(file)
        except (OSError, ValueError) as error:
            give_up(f"{file}: {error}.")
    is_warned = False
    with _asking(address) as till:
        for each in filed:
            slip = slip_file.as_slip(each, by)
            try:
                answer = till.recovery.put_slip(outage, slip, prints_receipt=receipt)
            except errors.SlipAlreadyEntered as refused:
                if file is None:
                    raise
                number_known = refused.metadata.get("receipt_number", "?")
                err.print(f"Slip {each.number} is entered already, as receipt {number_known}.")
                continue
            except Refused as refused:
                unless_it_is_who_asks(refused)
                _no(f"Slip {each.number}: {refused}")
            is_warned |= bool(answer.warnings)
            if as_json:
                _write(answer)
            else:
                _show_entered(answer)
    if is_warned:
        raise typer.Exit(EXIT_FAULT)


def _refuse_number(answer: pb.GetSlipBookResponse, number: int) -> None:
    """Before anybody has typed a whole slip: the till itself refuses all of these."""
    book = answer.book
    if book.is_closed:
        _no("This book of slips is closed and does not change any more.")
    if not book.first_no <= number <= book.last_no:
        _no(f"The book has the numbers {book.first_no} to {book.last_no}.")
    for slip in answer.slips:
        if slip.slip_no == number and slip.state == pb.SLIP_STATE_ENTERED:
            _no(f"Slip {number} is entered already, as receipt {slip.receipt_number}.")


def _asked(number: int) -> slip_file.FiledSlip:
    """Ask for what stands on a slip, line by line; an empty article ends the lines."""
    written_by = typer.prompt("Written by", default="", show_default=False)
    time_text = typer.prompt("Time on it (2026-01-31 14:30)", default="", show_default=False)
    lines: list[slip_file.FiledLine] = []
    while True:
        article = typer.prompt(f"Article {len(lines) + 1}", default="", show_default=False)
        if not article:
            break
        quantity = typer.prompt("  How many", default="1")
        price = typer.prompt("  Price of one")
        tax, percent = _tax(typer.prompt("  Tax, as on receipts (A 20)", default=""))
        lines.append(
            slip_file.FiledLine(
                description=article, price=price, quantity=quantity, tax=tax, tax_percent=percent
            )
        )
    kind = typer.prompt(f"Paid with ({', '.join(slip_file.KINDS)})", default="cash")
    amount = typer.prompt("Amount given")
    try:
        time = datetime.fromisoformat(time_text) if time_text else None
    except ValueError:
        give_up(f"{time_text!r} is no time like 2026-01-31 14:30.")
    return slip_file.FiledSlip(
        number=number,
        lines=tuple(lines),
        tenders=(slip_file.FiledTender(kind=kind, amount=amount),),
        time=time,
        written_by=written_by,
    )


def _tax(text: str) -> tuple[str, str]:
    """A group and its percentage; both empty for articles without a tax."""
    said = text.split()
    if len(said) not in (0, 2):
        give_up(f"{text!r} is no tax like A 20.")
    return (said[0], said[1].rstrip("%")) if said else ("", "0")


def _show_entered(answer: pb.PutSlipResponse) -> None:
    sale = answer.sale
    amount = f"{sale.payable.currency_code} {to_decimal(sale.payable)}"
    out.print(
        f"Slip {answer.slip.slip_no} is receipt {sale.receipt_number}: {amount}.", markup=False
    )
    for warning in answer.warnings:
        out.print(f"  Look again: {warning.message}", markup=False, style="yellow")


@app.command()
def mark(
    outage: Which,
    number: Number,
    *,
    to: Annotated[int, typer.Option("--to", help="The last of several.")] = 0,
    spoilt: Annotated[
        bool, typer.Option("--spoilt", help="Written wrongly, or not used and destroyed.")
    ] = False,
    missing: Annotated[bool, typer.Option("--missing", help="It cannot be found.")] = False,
    why: Annotated[str, typer.Option("--why", help="What happened; needed if missing.")] = "",
    by: Person = "",
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Account for a number without a sale.

    Exit status: 0, 1 if the till says no, 2 if no till answers.
    """
    if spoilt == missing:
        give_up("Take one of --spoilt and --missing.")
    with _asking(address) as till:
        answer = till.recovery.mark_slips(
            outage,
            number,
            "SPOILT" if spoilt else "MISSING",
            last_no=to,
            explanation=why,
            marked_by=by,
        )
    if as_json:
        _write(answer)
    else:
        out.print(_book(answer.book), markup=False)


@app.command()
def reconcile(
    outage: Which,
    *,
    cash: Annotated[
        str | None, typer.Option("--cash", help="The cash that lies with the slips.")
    ] = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Say what the slips of an outage come to, and what keeps the book from being closed.

    Exit status: 0 if it balances, 1 if it does not or there is none, 2 if no till answers.
    """
    with _asking(address) as till:
        answer = till.recovery.reconcile(outage, cash)
    if as_json:
        _write(answer)
    else:
        _show_reconciled(answer)
    if not answer.balances:
        raise typer.Exit(EXIT_FAULT)


@app.command()
def close(
    outage: Which,
    *,
    cash: Annotated[str, typer.Option("--cash", help="The cash that lies with the slips.")],
    why: Annotated[str, typer.Option("--why", help="Why it is not what they say.")] = "",
    by: Person = "",
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Close the book of an outage for good.

    Exit status: 0, 1 if the till says no, 2 if no till answers.
    """
    with _asking(address) as till:
        try:
            answer = till.recovery.close_slips(outage, cash, difference_reason=why, closed_by=by)
        except errors.SlipBookUnbalanced as refused:
            _show_reconciled(till.recovery.reconcile(outage, cash))
            _no(str(refused))
    if as_json:
        _write(answer)
    else:
        out.print(_book(answer.book), markup=False)


def _book(book: pb.SlipBook) -> str:
    how = f"closed {words.local_time(book.close_time)}" if book.is_closed else "open"
    return (
        f"{book.outage_id}: slips {book.first_no} to {book.last_no}, {how}: {book.entered} entered,"
        f" {book.spoilt} spoilt, {book.missing} missing, {book.blank} not accounted for."
    )


def _show_reconciled(answer: pb.ReconcileResponse) -> None:
    out.print(_book(answer.book), markup=False)
    if answer.blank_numbers:
        out.print(f"Not accounted for: {_runs(list(answer.blank_numbers))}.", markup=False)
    if answer.missing_numbers:
        out.print(f"Missing: {_runs(list(answer.missing_numbers))}.", markup=False)
    currency = answer.payable.currency_code
    out.print(f"All slips: {currency} {to_decimal(answer.payable)}.", markup=False)
    for tender in answer.tenders:
        kind = words.word(checkout_pb2.TenderType, tender.type)
        out.print(f"  {kind}: {to_decimal(tender.amount)}", markup=False)
    out.print(f"Cash by the slips: {to_decimal(answer.expected_cash)}.", markup=False)
    if answer.HasField("difference") and answer.difference.minor_units:
        out.print(f"Counted less that: {to_decimal(answer.difference)}.", style="red")
    for finding in answer.findings:
        out.print(finding.message, markup=False, style="yellow")
    if answer.balances:
        out.print("It balances.", style="green")


def _runs(numbers: list[int]) -> str:
    """ "1-3, 7" for 1, 2, 3, 7."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][-1] + 1:
            found[-1] = [found[-1][0], number]
        else:
            found.append([number])
    return ", ".join("-".join(str(end) for end in run) for run in found)

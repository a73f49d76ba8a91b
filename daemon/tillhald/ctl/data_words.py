"""What a restore or a clean would do, and what came of it, for a person who runs a shop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table

from tillhal import to_decimal
from tillhal.v1 import backup_pb2 as pb
from tillhal.v1 import types_pb2
from tillhald.ctl import words
from tillhald.ctl.connection import out, show_facts

if TYPE_CHECKING:
    Facts = list[tuple[str, str]]

SALES_SHOWN_MAX: Final = 10
FILES_SHOWN_MAX: Final = 12

_RELATIONS: Final = {
    pb.DATA_RELATION_SAME: "The backup holds everything that is here.",
    pb.DATA_RELATION_GOES_ON: "The till went on after this backup was made.",
    pb.DATA_RELATION_ENDS_EARLIER: "The backup goes further than what is here.",
    pb.DATA_RELATION_FORK: (
        "The backup and this till have a common past, and then went on apart: somewhere else was "
        "sold on with the same data."
    ),
    pb.DATA_RELATION_STRANGERS: (
        "The backup is of other data than this till has: another machine's, or from before a clean."
    ),
}

_UNUSED: Final = (
    "Nothing was ever done on this till: no sale, no shift, nobody has a PIN. The backup takes the "
    "place of what is here."
)

_NOT_WHOLE: Final = (
    "It was cut off while it was written or copied, or was changed since. What it alone holds "
    "would not come back. If there is another copy of it, put that into the folder, and plan again."
)


def money(minor: int, currency: str) -> str:
    """An amount with its currency."""
    return f"{to_decimal(types_pb2.Money(currency_code=currency, minor_units=minor))} {currency}"


def show_plan(plan: pb.RestorePlan, currency: str, path: str) -> None:
    """The plan of a restore, the loss above all."""
    last = plan.backups[-1]
    files = words.count(len(plan.backups), "file")
    out.print(f"The backup ({files}) is whole: it was opened, and everything in it was checked.")
    show_facts(
        [
            ("backup", last.file_name.rpartition("/")[2] or path),
            ("made", words.local_time(last.make_time)),
            ("of till", f"{last.workstation_id} of {last.store_id}"),
            ("signed by", "this till" if plan.signed_here else "another machine's key"),
        ]
    )
    for name in plan.not_whole:
        out.print(f"NOT WHOLE, and passed over: {name}", markup=False, style="bold red")
    if plan.not_whole:
        out.print(_NOT_WHOLE)
    out.print()
    out.print(_UNUSED if plan.unused_here else _RELATIONS.get(plan.relation, ""), markup=False)
    _show_both(plan, currency)
    if plan.loses:
        out.print("WHAT WOULD BE LOST: it is here, and not in the backup.", style="bold red")
        show_facts(_surplus(plan.lost, currency))
        _show_sales(plan.lost, currency)
        out.print(
            "The money itself stays in the drawer; the till will expect only "
            f"{money(plan.restored.cash_minor, currency)} in it."
        )
    else:
        out.print("Nothing would be lost.", style="green")
        if plan.lost.access:
            changes = words.count(plan.lost.access, "change")
            out.print(f"But {changes} of operators, PINs or front ends would be as before.")
    if plan.gained.business and plan.relation != pb.DATA_RELATION_STRANGERS:
        out.print("The backup has, and this till has not:")
        show_facts(_surplus(plan.gained, currency))
    out.print()
    out.print("If you go on:")
    show_facts(_consequences(plan))


def _show_both(plan: pb.RestorePlan, currency: str) -> None:
    table = Table("", "here now", "after the restore", box=None, pad_edge=False)
    here, then = plan.here, plan.restored
    rows = (
        ("sales", f"{here.sales}", f"{then.sales}"),
        ("together", money(here.sales_minor, currency), money(then.sales_minor, currency)),
        ("returns, voids", f"{here.returns}, {here.voids}", f"{then.returns}, {then.voids}"),
        ("unfinished sales", f"{here.live_sales}", f"{then.live_sales}"),
        ("cash expected", money(here.cash_minor, currency), money(then.cash_minor, currency)),
    )
    for row in rows:
        table.add_row(*row)
    out.print(table)
    out.print()


def _surplus(lost: pb.DataSurplus, currency: str) -> Facts:
    facts: Facts = []

    def add(name: str, number: int, text: str) -> None:
        if number:
            facts.append((name, text))

    receipts = f"receipts {lost.first_receipt} to {lost.last_receipt}"
    sold = f"{lost.sales}, together {money(lost.sales_minor, currency)} ({receipts})"
    add("sales", lost.sales, sold)
    add("returns", lost.returns, f"{lost.returns}, {money(lost.returns_minor, currency)}")
    add("voids", lost.voids, f"{lost.voids}, {money(lost.voids_minor, currency)}")
    add("cash taken", lost.cash_minor, money(lost.cash_minor, currency))
    moved = f"{lost.movements}, together {money(lost.movements_minor, currency)}"
    add("cash in and out", lost.movements, moved)
    add("shifts opened", lost.shifts, f"{lost.shifts}")
    add("days opened", lost.days, f"{lost.days}")
    add("days closed (Z)", lost.zs, f"{lost.zs}")
    aside = f"{lost.live_sales}, of which {lost.suspended_sales} put aside"
    add("unfinished sales", lost.live_sales, aside)
    add("slips entered", lost.slips, f"{lost.slips}")
    add("papers waiting", lost.jobs, f"{lost.jobs}, not printed or in doubt")
    add("operators, PINs", lost.access, words.count(lost.access, "change"))
    if lost.HasField("last_time"):
        facts.append(("the last of it", words.local_time(lost.last_time)))
    return facts


def _show_sales(lost: pb.DataSurplus, currency: str) -> None:
    for sale in lost.named[:SALES_SHOWN_MAX]:
        when, amount = words.local_time(sale.time), money(sale.payable_minor, currency)
        out.print(f"  receipt {sale.receipt_number:>8}  {when}  {amount:>16}", markup=False)
    more = lost.sales + lost.returns + lost.voids - min(len(lost.named), SALES_SHOWN_MAX)
    if more > 0:
        out.print(f"  … and {more} more")


def _consequences(plan: pb.RestorePlan) -> Facts:
    facts = [
        ("first", f"what is here is copied to {plan.safety}"),
        ("then", "nothing is sold for a few minutes; the till starts again by itself"),
        ("next receipt", f"{plan.next_receipt}: no number is given twice"),
        ("configuration", "stays as it is on this machine"),
    ]
    if plan.differences:
        shown = ", ".join(plan.differences[:FILES_SHOWN_MAX])
        more = len(plan.differences) - FILES_SHOWN_MAX
        facts.append(("other in backup", f"{shown}{f' and {more} more' if more > 0 else ''}"))
    if plan.files:
        facts.append(("files beside it", ", ".join(plan.files[:FILES_SHOWN_MAX])))
    if plan.relation in (pb.DATA_RELATION_FORK, pb.DATA_RELATION_STRANGERS):
        facts.append(("the old machine", "must not sell any more with these data, once this sells"))
    return facts


def show_clean(plan: pb.PlanCleanResponse, currency: str) -> None:
    """What a clean would clear and keep."""
    cleared = plan.cleared
    out.print("WHAT WOULD BE CLEARED:", style="bold red")
    show_facts(
        [
            ("sales", f"{cleared.sales}, together {money(cleared.sales_minor, currency)}"),
            ("returns, voids", f"{cleared.returns}, {cleared.voids}"),
            ("unfinished sales", f"{cleared.live_sales}"),
            ("days, shifts", f"{cleared.days}, {cleared.shifts}"),
            ("receipts", f"the next one is number 1 again; {cleared.receipts} were given"),
        ]
    )
    out.print("What stays:", style="green")
    show_facts(
        [
            ("operators", f"{plan.operators}, with their PINs"),
            ("front ends", f"{plan.tokens}"),
            ("devices", f"what was learnt of {plan.devices}"),
            ("configuration", "all of it"),
            ("first", f"what is here is copied to {plan.safety}"),
        ]
    )


def show_result(result: pb.DataChange, verb: str, currency: str) -> None:
    """What came of it."""
    if result.outcome != pb.DATA_OUTCOME_COMMITTED:
        out.print("It was taken back: the till runs with what was here before.", style="bold red")
        out.print(result.why, markup=False)
        return
    out.print(f"The data are {verb}, and the till sells again.", style="green")
    if result.kind == pb.DATA_CHANGE_KIND_RESTORE:
        sold = money(result.totals.sales_minor, currency)
        facts = [
            ("sales", f"{result.totals.sales}, together {sold}"),
            ("last receipt", f"{result.totals.receipts}"),
            ("incarnation", f"{result.incarnation}"),
        ]
    else:
        facts = [("sales cleared", f"{result.totals.sales}")]
    show_facts([*facts, ("what was here", f"is kept in {result.safety}")])

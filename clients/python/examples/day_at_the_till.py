"""A day at the till: opened, sold, handed over with a blind count, closed with its Z.

    python day_at_the_till.py unix:///run/tillhal/api.sock

For a till on which no day and no shift is open yet.
"""

import sys

from tillhal import Till, cash, line, to_decimal


def main(address: str | None) -> None:
    """Go through a day."""
    with Till.connect(address) as till:
        day = till.shifts.open_day().day
        shift = till.shifts.open("100.00", operator="ann").shift
        till.checkout([line("Coffee", "3.20", qty=2)], tenders=[cash("10.00")])

        # Change from the safe: the drawer opens, a slip is printed.
        till.shifts.move(shift, "LOAN", "50.00")

        # The answer to a count does not say what was expected.
        shift = till.shifts.end(till.shifts.get().shift).shift
        shift = till.shifts.count(shift, "156.40", denominations={"50.00": 3, "0.80": 8}).shift
        handed = till.shifts.hand_over(shift, "bo")
        print(
            f"{handed.closed.operator} was over or short by {to_decimal(handed.closed.over_short)}"
        )
        print(f"{handed.opened.operator} begins with {to_decimal(handed.opened.opening_float)}")

        shift = till.shifts.end(handed.opened).shift
        shift = till.shifts.count(shift, "156.00").shift
        closed = till.shifts.close(shift).shift
        for trace in till.shifts.explain_over_short(closed.shift_id).traces:
            print("may explain it:", trace.kind, trace.ref)

        z = till.shifts.close_day(day.day_number).z
        print(f"Z {z.z_number}: {z.totals.sales.count} sales, {to_decimal(z.totals.sales.amount)}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)

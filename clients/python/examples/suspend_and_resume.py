"""Puts a sale aside for a customer who forgot something, and takes it up again.

python suspend_and_resume.py [ADDRESS]
"""

import sys

from tillhal import Till, line


def main(address: str | None) -> None:
    """Fill a sale, suspend it, find it again, finish it."""
    with Till.connect(address) as till:
        sale = till.open_sale()
        sale.put_line(line("Bread", "3.90"))
        sale.suspend(note="forgot the milk")

        # Perhaps after a restart of the till, perhaps in another program.
        waiting = next(
            entry for entry in till.list_suspended() if entry.sale.sale_id == sale.sale_id
        )
        print(f"taking up the sale that {waiting.note!r}")

        sale = till.live_sale(waiting.sale.sale_id)
        sale.resume()
        sale.put_line(line("Milk", "1.20"))
        sale.tender_cash("10.00")
        sold = sale.complete()
        print(f"receipt {sold.receipt_number}: {sold.payable}, change {sold.change}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)

"""Sells three towels, takes one back, and gives the money back.

python return_goods.py [ADDRESS]
"""

import sys

from tillhal import Refused, Till, bring_back, cash, line


def main(address: str | None) -> None:
    """Sell, return one piece, and see that more than was sold cannot come back."""
    with Till.connect(address) as till:
        towels = line("Towel", "9.95", qty=3)
        sold = till.checkout([towels], tenders=[cash("30.00")])

        back = till.open_return(
            sold.sale_id, [bring_back(towels.line_id, qty=1)], reason="wrong colour"
        )
        back.tender_cash(back.due)  # negative: handed to the customer
        done = back.complete()
        print(f"receipt {done.receipt_number}: {done.payable} given back")

        try:
            till.open_return(sold.sale_id, [bring_back(towels.line_id, qty=3)], reason="again")
        except Refused as refusal:
            print(f"refused: {refusal.reason}. {refusal.cashier_message}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)

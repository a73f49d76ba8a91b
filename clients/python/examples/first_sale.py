"""Sells two coffees and a croissant for cash: one call, one durable commit.

    python first_sale.py [ADDRESS]

ADDRESS is e.g. unix:///run/tillhal/api.sock or 127.0.0.1:50051; without it $TILLHAL_ADDRESS.
"""

import sys

from tillhal import Till, cash, line


def main(address: str | None) -> None:
    """Sell, and say what goes back to the customer."""
    with Till.connect(address) as till:
        sale = till.checkout(
            [
                line("Coffee", "3.20", qty=2, tax="A", tax_percent=19),
                line("Croissant", "1.50", tax="B", tax_percent=7),
            ],
            tenders=[cash("10.00")],
        )
        print(f"receipt {sale.receipt_number}: {sale.payable}, change {sale.change}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)

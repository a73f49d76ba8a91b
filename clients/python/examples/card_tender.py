"""Takes a card: the tender is in the journal before the terminal is started.

    python card_tender.py [ADDRESS]

Should the power go while the terminal is at work, the till comes up with a sale that is
INTERRUPTED and a tender that asks to be resolved, and nobody pays twice.
"""

import sys

from tillhal import Till, credit_card, line


def charge_at_terminal(amount: str) -> tuple[bool, str]:
    """Stands for your card terminal: whether it approved, and its reference."""
    return True, f"terminal-0042/{amount}"


def main(address: str | None) -> None:
    """Record the tender as pending, charge the card, say how it ended, complete."""
    with Till.connect(address) as till:
        sale = till.open_sale()
        sale.put_line(line("Umbrella", "12.00", tax="A", tax_percent=19))

        payment = credit_card(sale.due)
        sale.add_tender(payment, pending=True)
        approved, reference = charge_at_terminal(str(sale.due))
        sale.resolve_tender(
            payment.tender_id, "APPROVED" if approved else "DECLINED", evidence=reference
        )
        if not approved:
            sale.cancel(reason="card declined")
            sys.exit("the card was declined")
        sold = sale.complete()
        print(f"receipt {sold.receipt_number}: {sold.tendered} by card")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)

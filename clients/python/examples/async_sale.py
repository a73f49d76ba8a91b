"""Sells for asyncio, and shows how to repeat a sale whose answer was lost.

python async_sale.py [ADDRESS]
"""

import asyncio
import sys

from tillhal import AsyncTill, OutcomeUnknown, cash, line, percent_off

REPEATS_MAX = 3


async def main(address: str | None) -> None:
    """Build the request, send it, and send the very same one again if no answer comes."""
    async with AsyncTill.connect(address) as till:
        request = await till.new_checkout(
            [line("Apples", "2.40", qty="1.250", unit="kg", entry="WEIGHED")],
            discounts=[percent_off(10, reason="end of the day")],
            tenders=[cash("5.00")],
        )
        # A front end that must survive its own crash stores request.SerializeToString() here.
        for _ in range(REPEATS_MAX):
            try:
                sale = await till.send(request, timeout_s=5)
                break
            except OutcomeUnknown as error:
                print(f"no answer ({error}); sending the same request again")
        else:
            sys.exit("the till does not answer: look with get_sale before you sell again")
        print(f"receipt {sale.receipt_number}: {sale.payable}, replayed: {sale.replayed}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))

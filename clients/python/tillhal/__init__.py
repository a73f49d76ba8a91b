"""tillhal: the client of a till.

    from tillhal import Till, cash, line

    with Till.connect() as till:
        sale = till.checkout([line("Coffee", "3.20", qty=2)], tenders=[cash("10.00")])
        print(sale.receipt_number, sale.change)

`AsyncTill` is the same for asyncio. `tillhal.errors` says what can go wrong, `tillhal.documents`
what can be printed, `tillhal.requests` builds requests to be stored before they are sent, and
`tillhal.v1` holds the contract's messages and stubs.
"""

from tillhal import documents, errors, requests
from tillhal.access import AsyncSignOn, SignedOn
from tillhal.aio import AsyncTill
from tillhal.aio_sale import AsyncLiveSale
from tillhal.answers import SaleAnswer
from tillhal.channel import ADDRESS_DEFAULT, ADDRESS_ENV, CALL_S
from tillhal.credentials import Tls
from tillhal.diagnostics import Diagnostics
from tillhal.errors import (
    DeviceError,
    OutcomeUnknown,
    Overloaded,
    Refused,
    StorageError,
    TillError,
    Unreachable,
)
from tillhal.sync import Till
from tillhal.sync_sale import LiveSale
from tillhal.values import (
    Discount,
    Line,
    Minor,
    ReturnLine,
    Tender,
    amount_off,
    bring_back,
    cash,
    credit_card,
    debit_card,
    line,
    minor,
    new_id,
    percent_off,
    tender,
    to_decimal,
)
from tillhal.versions import Advice, UpgradeAdvice
from tillhal.watch import AsyncWatch, Watch

__all__ = [
    "ADDRESS_DEFAULT",
    "ADDRESS_ENV",
    "CALL_S",
    "Advice",
    "AsyncLiveSale",
    "AsyncSignOn",
    "AsyncTill",
    "AsyncWatch",
    "DeviceError",
    "Diagnostics",
    "Discount",
    "Line",
    "LiveSale",
    "Minor",
    "OutcomeUnknown",
    "Overloaded",
    "Refused",
    "ReturnLine",
    "SaleAnswer",
    "SignedOn",
    "StorageError",
    "Tender",
    "Till",
    "TillError",
    "Tls",
    "Unreachable",
    "UpgradeAdvice",
    "Watch",
    "amount_off",
    "bring_back",
    "cash",
    "credit_card",
    "debit_card",
    "documents",
    "errors",
    "line",
    "minor",
    "new_id",
    "percent_off",
    "requests",
    "tender",
    "to_decimal",
]

"""Killing the daemon in the middle of sales, and counting money, paper and pulses afterwards.

`TILLHAL_CRASH_SEEDS` sets how many random kills there are; CI on a fast machine takes hundreds.
"""

from __future__ import annotations

import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import grpc
import pytest
from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import drawer_pb2, printer_pb2, system_pb2

from tests.crash.evidence import Deed, Desk, Evidence, faults_in, gathered
from tests.support.answers import assert_journal_sound, await_job, await_kick, paper_of
from tests.support.sales import CARD, card_sale, cash_sale, line, name, new_id, tender
from tests.support.till import Till, a_till

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 20_261_122
SEEDS = int(os.environ.get("TILLHAL_CRASH_SEEDS", "10"))
CALLERS = 3
SALES_EACH = 8
KILL_S_MAX = 0.25
"""After the start. A sale takes some milliseconds, and its receipt and pulse some more."""

UNCONFIRMED, CONFIRMED = printer_pb2.JOB_STATE_UNCONFIRMED, printer_pb2.JOB_STATE_CONFIRMED
UNKNOWN, FIRED = drawer_pb2.KICK_STATE_UNKNOWN, drawer_pb2.KICK_STATE_FIRED


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Desk() as desk:
        yield desk


@pytest.fixture
def till(desk: Desk) -> Iterator[Till]:
    """Not running: a test starts it with its failpoint."""
    with a_till(printer=desk.printer) as till:
        yield till


# --- a front end that stores what it sends before it sends it


class FrontEnd:
    """Sells one sale, in one call or in steps, and goes on after the till came back."""

    def __init__(self, sale_id: str, *, in_steps: bool) -> None:
        """All requests are made now: a retry sends the very same ones."""
        self.sale_id = sale_id
        self.receipt: pb.SaleSummary | None = None
        """What it was told of the completed sale, before or after the crash."""
        self._whole = cash_sale(sale_id, given=1000)
        self._in_steps = in_steps
        self._complete = new_id()
        head = {"sale_id": sale_id}
        self._opening = pb.OpenSaleRequest(request_id=new_id(), **head)
        self._putting = pb.PutLineRequest(
            request_id=new_id(), **head, expected_version=1, line=line()
        )
        self._giving = pb.AddTenderRequest(
            request_id=new_id(), **head, expected_version=2, tender=tender(1000)
        )

    def sell(self, till: Till) -> None:
        """Sell, or send the same requests again; stop where the till dies."""
        try:
            told = self._steps(till) if self._in_steps else self._in_one(till)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE, error
            return
        assert self.receipt in (None, told), "a retry was told something else"
        self.receipt = told

    def _in_one(self, till: Till) -> pb.SaleSummary:
        return till.calls.checkout.Checkout(self._whole).sale

    def _steps(self, till: Till) -> pb.SaleSummary:
        service = till.calls.checkout
        service.OpenSale(self._opening)
        self._go_on(till, 1)
        if self._version(till) == 1 or self._is_known(till, 2):
            service.PutLine(self._putting)
            service.AddTender(self._giving)
        version = self._go_on(till, 3)
        request = pb.CompleteSaleRequest(
            request_id=self._complete, sale_id=self.sale_id, expected_version=version
        )
        return service.CompleteSale(request).sale

"""A till that is brought to another version through its RPCs, by real processes."""

from __future__ import annotations

import contextlib
import functools
import time
from typing import TYPE_CHECKING

import grpc

from tests.support.homes import THIS_PROGRAM, HomeTill, add_slot
from tests.support.sales import Steps, cash_sale, line, new_id
from tests.support.till import Calls
from tillhal.v1 import backup_pb2 as data_pb
from tillhal.v1 import checkout_pb2 as sale_pb
from tillhal.v1 import power_pb2, printer_pb2, recovery_pb2, shift_pb2, system_pb2
from tillhal.v1 import upgrade_pb2 as pb
from tillhald.schema import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path


OLDER = SCHEMA - 1
"""What the first generation says of itself, so that the new version brings it over."""
NEW = "9.0.0-cccccccc"
OVER = (
    pb.UPGRADE_STAGE_COMMITTED,
    pb.UPGRADE_STAGE_ABORTED,
    pb.UPGRADE_STAGE_ROLLED_BACK,
)
UPGRADE_S_MAX = 240.0
"""With two restarts or three, on a machine that does other things beside."""
LOOK_S = 5.0
"""For a till that restarts."""
ALL_RIGHT = (
    pb.CheckOverride(code="print_queue", reason="it goes along"),
    pb.CheckOverride(code="quiet_hours", reason="a test knows no hours"),
)
NO_PRINTER = """
[devices.front_printer]
driver = "escpos"
port = { tcp = "127.0.0.1:9" }
profile = "tm_t88"
"""


def stage_slot(home: Path, script: str = THIS_PROGRAM, *, schema: int = SCHEMA) -> None:
    """What StageBundle leaves, for tests of what comes after it."""
    add_slot(home, NEW, script, schema=schema)


class UpgradedTill(HomeTill):
    """What a technician and a cashier do with such a till. Its printer is not there: what is
    printed waits."""

    schema = OLDER
    tables = NO_PRINTER

    @functools.cached_property
    def sold(self) -> list[str]:
        """The sales of `sell`, in their order."""
        return []

    def move(self, home: Path) -> None:
        """Its home is here from the next start on."""
        self.command[self.command.index(str(self.home))] = str(home)
        self.home = home

    def leave_things_open(self) -> None:
        """A sale, one that is put aside, a job that waits, slips of an outage, an open shift."""
        assert self.sell() > 0
        steps = Steps(self.calls)
        steps.open()
        steps.put(line())
        steps.suspend()
        part = printer_pb2.Part(text=printer_pb2.TextPart(runs=[printer_pb2.Run(text="Soup")]))
        self.calls.printer.SubmitJob(
            printer_pb2.SubmitJobRequest(
                request_id=new_id(),
                job_id="menu",
                printer="front_printer",
                document=printer_pb2.PrintDocument(parts=[part]),
                ttl_s=3600,
            )
        )
        self.calls.recovery.OpenBackEntry(
            recovery_pb2.OpenBackEntryRequest(
                request_id=new_id(),
                outage_id="storm",
                first_no=1,
                last_no=9,
                opened_by="ann",
                begin_time={"seconds": 1_700_000_000},
                end_time={"seconds": 1_700_003_600},
            )
        )

    def sell(self) -> int:
        """Sell once more; the receipt's number."""
        sold = self.calls.checkout.Checkout(cash_sale()).sale
        self.sold.append(sold.sale_id)
        return int(sold.receipt_number)

    def receipts(self) -> list[int]:
        """The numbers of all that was sold, as they are found now."""
        requests = [sale_pb.GetSaleRequest(sale_id=sale_id) for sale_id in self.sold]
        return [self.calls.checkout.GetSale(each).sale.summary.receipt_number for each in requests]

    def outages(self) -> list[tuple[str, int, bool]]:
        """All episodes: their ids, when they began in nanoseconds, and whether they are open."""
        listed = self.calls.power.ListOutages(power_pb2.ListOutagesRequest()).outages
        return [
            (each.outage_id, each.begin_time.ToNanoseconds(), not each.HasField("end_time"))
            for each in listed
        ]

    def open_things(self) -> dict[str, object]:
        """What is not finished, and what everything comes to."""
        calls = self.calls
        suspended = calls.checkout.ListSuspended(sale_pb.ListSuspendedRequest()).sales
        shift = calls.shift.GetShift(shift_pb2.GetShiftRequest()).shift
        job = calls.printer.GetJob(printer_pb2.GetJobRequest(job_id="menu")).job
        book = calls.recovery.GetSlipBook(recovery_pb2.GetSlipBookRequest(outage_id="storm"))
        status = calls.backup.GetDataStatus(data_pb.GetDataStatusRequest())
        return {
            "suspended": [each.sale.sale_id for each in suspended],
            "shift": shift.shift_id,
            "shift is open": shift.state == shift_pb2.SHIFT_STATE_OPEN,
            "job is over": job.state
            in (printer_pb2.JOB_STATE_CONFIRMED, printer_pb2.JOB_STATE_UNCONFIRMED),
            "slips": (book.book.first_no, book.book.last_no),
            "outages": self.outages(),
            "chain": status.chain_id,
            "totals": status.totals.SerializeToString(deterministic=True),
        }

    def start_upgrade(self, request_id: str = "", **more: object) -> pb.Upgrade:
        """Ask for the staged version, now."""
        request = pb.StartUpgradeRequest(
            request_id=request_id or new_id(), when=pb.UPGRADE_WHEN_NOW, overrides=ALL_RIGHT
        )
        for name, value in more.items():
            setattr(request, name, value)
        self.await_checked()
        return self.calls.upgrade.StartUpgrade(request).upgrade

    def roll_back(self, reason: str, *more: str) -> pb.Upgrade:
        """Ask for the version before; `more` checks are overridden."""
        overrides = [*ALL_RIGHT, *(pb.CheckOverride(code=code, reason=reason) for code in more)]
        request = pb.RollBackRequest(request_id=new_id(), reason=reason, overrides=overrides)
        self.await_checked()
        return self.calls.upgrade.RollBack(request).upgrade

    def await_checked(self) -> None:
        """Return once the check of the whole journal is over: a preflight waits for it."""
        end_s = time.monotonic() + UPGRADE_S_MAX
        request = pb.PreflightUpgradeRequest()
        while time.monotonic() < end_s:
            checks = self.calls.upgrade.PreflightUpgrade(request).checks
            found = next(each for each in checks if each.code == "journal_verified")
            if found.severity == pb.CHECK_SEVERITY_OK:
                return
        raise AssertionError(found.sentence)

    def await_end(self, upgrade_id: str) -> pb.Upgrade:
        """Follow it over restarts, as a watcher does, until it is over."""
        end_s, seen = time.monotonic() + UPGRADE_S_MAX, 0
        self.stages: list[int] = []
        while time.monotonic() < end_s:
            request = pb.WatchUpgradeRequest(upgrade_id=upgrade_id, after_seq=seen)
            # A channel of its own for each look: one that has failed waits longer and longer. It
            # is closed again: an entrance has so many places.
            with contextlib.closing(Calls(self.address)) as calls:
                with contextlib.suppress(grpc.FutureTimeoutError):
                    grpc.channel_ready_future(calls.channel).result(timeout=LOOK_S)
                with contextlib.suppress(grpc.RpcError):
                    for step in calls.upgrade.WatchUpgrade(request, timeout=UPGRADE_S_MAX):
                        assert step.seq == seen + 1, "no step is told twice, and none is missing"
                        seen = step.seq
                        if not self.stages or self.stages[-1] != step.stage:
                            self.stages.append(step.stage)
            if self.stages and self.stages[-1] in OVER:
                break
        self.another()
        self.speak_anew()
        found = self.calls.upgrade.GetUpgrade(pb.GetUpgradeRequest(upgrade_id=upgrade_id))
        return found.upgrade

    def speak_anew(self) -> None:
        """From now on by the newest connection: an older one may wait before it tries again."""
        self._calls.append(self._calls.pop(0))

    def runs(self) -> tuple[str, str]:
        """The slot and the generation that run."""
        running = self.calls.system.GetStatus(system_pb2.GetStatusRequest()).home.running
        return running.slot, running.generation

"""Receipts that begin with their sales.

The record that completes a sale says that its receipt begins, where the printer stands idle and
well and the till knows its count of cuts. While that record is synced the receipt is laid out, and
the driver asks the printer whether it is still well and still has that count; when the record is
durable, the bytes go. Nothing of it goes before.

Only for a printer that could prove afterwards what became of the receipt, and not while storing is
in trouble. Everything else goes the longer way, in service.effects: a record of its own says that
it begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhald.devices.categories import (
    Completion,
    How,
    PowerState,
    PrinterCapabilities,
    PrinterStatus,
)
from tillhald.devices.errors import DeviceUnknown
from tillhald.devices.permission import Permission
from tillhald.domain import commands as cmd
from tillhald.domain.events import PrintStarted
from tillhald.failpoints import reach
from tillhald.journal.health import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tillhald.devices.categories import PrintOutcome
    from tillhald.devices.registry import DeviceRegistry, DeviceSnapshot
    from tillhald.domain.document import PrintDocument
    from tillhald.domain.events import AnyEvent
    from tillhald.domain.jobs import Job
    from tillhald.service.first_bytes import FirstBytes
    from tillhald.service.tail import Tail
    from tillhald.service.till import Till

_COMPLETES_A_SALE = (cmd.Checkout, cmd.CompleteSale, cmd.VoidSale)


class QuickStart:
    """Everything runs on the event loop."""

    def __init__(
        self,
        till: Till,
        tail: Tail,
        devices: DeviceRegistry,
        first_bytes: FirstBytes,
        *,
        may_begin: Callable[[str], bool],
        began: Callable[[], None],
    ) -> None:
        """`may_begin` says whether a printer's loop would begin a job now; `began` is called when a
        receipt has begun with its sale, which is not durable then."""
        self._till = till
        self._tail = tail
        self._devices = devices
        self._first_bytes = first_bytes
        self._may_begin = may_begin
        self._began = began
        # By the record that begins them, the receipts that wait for it to be durable.
        self._waiting: dict[int, Permission] = {}
        till.quick_start = self
        tail.on_advance(self._go)

    def ready(self, command: cmd.AnyCommand) -> cmd.PrinterReady | None:
        """The printer of receipts, if one that this command calls for could begin at once."""
        printer = self._till.rules.receipt_printer
        if not (printer and isinstance(command, _COMPLETES_A_SALE) and self._may_begin(printer)):
            return None
        if not self._first_bytes.are_noted or self._till.storage.stage is not Stage.SOUND:
            return None
        try:
            return _ready(self._devices.device(printer))
        except DeviceUnknown:
            return None

    def decided(self, facts: Iterable[AnyEvent]) -> None:
        """These facts are on their way to the disk."""
        if any(isinstance(fact, PrintStarted) for fact in facts):
            self._began()

    async def print(self, job: Job, document: PrintDocument, *, deadline_s: float) -> PrintOutcome:
        """Print a receipt that began with its sale; not a byte goes before that is durable."""
        permission = self._waiting[job.seq] = Permission()
        self._go(self._tail.durable_seq)
        try:
            return await self._devices.print(
                job.printer,
                document,
                cuts_before=job.cuts_before,
                go=permission,
                deadline_s=deadline_s,
            )
        finally:
            self._waiting.pop(job.seq, None)

    def _go(self, durable_seq: int) -> None:
        for seq in [seq for seq in self._waiting if seq <= durable_seq]:
            reach("effects.print_started")
            self._first_bytes.go(seq)
            self._waiting.pop(seq).give()


def _ready(shot: DeviceSnapshot) -> cmd.PrinterReady | None:
    able, status = shot.capabilities, shot.status
    if not (isinstance(able, PrinterCapabilities) and isinstance(status, PrinterStatus)):
        return None
    proves = able.completion is Completion.PRINTED and able.cut_counter
    is_well = shot.power is PowerState.ONLINE and not status.silent and not shot.conditions
    if not (proves and is_well and status.cut_count.how is How.MEASURED):
        return None
    assert status.cut_count.value is not None, "what was measured has a value"
    return cmd.PrinterReady(shot.device_id, status.cut_count.value)

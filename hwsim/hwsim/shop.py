"""A shop's peripherals in one process: everything of a plan, running.

with Shop(load(Path("shop.toml")), folder) as shop:
    shop.handle("front_printer", "paper_out", {})
"""

import fcntl
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self, TypeVar

from hwsim.drawer import Level, VirtualDrawer
from hwsim.happenings import Happenings
from hwsim.models import MODELS
from hwsim.printer import VirtualPrinter
from hwsim.receipt import Receipt
from hwsim.relay_drawer import VirtualRelayDrawer
from hwsim.scanner import VirtualScanner
from hwsim.serial_line import SerialAt
from hwsim.shop_plan import (
    DrawerPlan,
    PrinterPlan,
    RelayDrawerPlan,
    ScannerPlan,
    ShopPlan,
    UpsPlan,
)
from hwsim.ups.mechanism import UpsEvent
from hwsim.ups.virtual import VirtualUps
from hwsim.ups.wired import WiredUps
from hwsim.verbs import Device, perform

LOCK_NAME: Final = ".hwsim.lock"

Kind = TypeVar("Kind", VirtualPrinter, VirtualDrawer, VirtualScanner, VirtualRelayDrawer, WiredUps)


class CannotStart(Exception):
    """Its text says which device, and why, to a person."""


class NoSuchDevice(LookupError):
    """Its text says which there are."""


@dataclass(frozen=True, slots=True)
class ShopDevice:
    """`where` is how a till reaches it: host and port, or device (a path); or, of a drawer, the
    printer that it hangs on.
    """

    name: str
    kind: str
    device: Device
    where: dict[str, object]


class Shop:
    """All devices of a plan. Every method may be called from any thread."""

    def __init__(self, plan: ShopPlan, folder: Path) -> None:
        """Nothing runs yet. Receipts appear in `folder`, or, of several printers, each's in
        NAME.receipts there; serial lines without a path of their own are in it, too.
        """
        self.plan = plan
        self.folder = folder
        self.devices: dict[str, ShopDevice] = {}
        self.happenings = Happenings()
        self._running = ExitStack()
        self._cashiers: dict[str, threading.Timer] = {}
        self._lock = threading.Lock()

    # Life

    def start(self) -> Self:
        """Start everything, or nothing: CannotStart."""
        self.folder.mkdir(parents=True, exist_ok=True)
        drawers = {
            name: self._drawer(name, plan)
            for name, plan in self.plan.devices.items()
            if isinstance(plan, DrawerPlan)
        }
        with ExitStack() as started:
            started.enter_context(self._own_folder())
            for name, plan in self.plan.devices.items():
                device: Device
                where: dict[str, object]
                match plan:
                    case DrawerPlan():
                        device, where = drawers[name], {"printer": plan.printer}
                    case PrinterPlan():
                        device, where = self._printer(name, plan, drawers, started)
                    case ScannerPlan():
                        device, where = self._scanner(name, plan, started)
                    case RelayDrawerPlan():
                        device, where = self._relay_drawer(name, plan, started)
                    case UpsPlan():
                        device, where = self._ups(name, plan, started)
                kind = _kind_of(device)
                self.devices[name] = ShopDevice(name, kind, device, {"kind": kind, **where})
            self._running = started.pop_all()
        return self

    def close(self) -> None:
        """End everything."""
        with self._lock:
            for cashier in self._cashiers.values():
                cashier.cancel()
        self._running.close()
        self.happenings.close()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def _own_folder(self) -> IO[str]:
        """Take it for this shop alone, until that is closed; remove what a killed one has left."""
        lock = (self.folder / LOCK_NAME).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise CannotStart(f"another shop runs in {self.folder}") from None
        for name in self.plan.devices:
            left = self.folder / name
            if left.is_symlink() and str(left.readlink()).startswith("/dev/pts/"):
                left.unlink()
        return lock

    # Devices

    def find(self, name: str) -> ShopDevice:
        """The device of this name; NoSuchDevice."""
        try:
            return self.devices[name]
        except KeyError:
            known = ", ".join(self.devices)
            raise NoSuchDevice(f"there is no device {name!r}; there are {known}") from None

    def find_of(self, kind: type[Kind], name: str = "") -> tuple[str, Kind]:
        """The device of this name, or, without a name, the first of its kind; NoSuchDevice."""
        if name:
            found = self.find(name).device
            if not isinstance(found, kind):
                raise NoSuchDevice(f"{name} is a {self.devices[name].kind}")
            return name, found
        for each in self.devices.values():
            if isinstance(each.device, kind):
                return each.name, each.device
        raise NoSuchDevice("the shop has no such device")

    def handle(self, name: str, do: str, values: Mapping[str, object]) -> bytes:
        """Do a verb to a device; give what a scanner has sent.

        NoSuchDevice; ValueError with every mistake; OSError if a path cannot be made.
        """
        found = self.find(name)
        sent = perform(found.device, found.kind, do, values)
        self.happenings.add(name, "handled", do=do, **values)
        if do in ("scan", "burst"):
            self.happenings.add(name, "code_scanned", sent=sent.hex())
        return sent

    def receipts_of(self, name: str) -> Path:
        """Where a printer's receipts appear."""
        several = sum(isinstance(plan, PrinterPlan) for plan in self.plan.devices.values()) > 1
        return self.folder / f"{name}.receipts" if several else self.folder

    # Making them

    def _printer(
        self, name: str, plan: PrinterPlan, drawers: dict[str, VirtualDrawer], started: ExitStack
    ) -> tuple[VirtualPrinter, dict[str, object]]:
        hung = [
            drawers[each]
            for each, other in self.plan.devices.items()
            if isinstance(other, DrawerPlan) and other.printer == name
        ]
        folder = self.receipts_of(name)
        folder.mkdir(parents=True, exist_ok=True)
        line = plan.link in ("serial", "usb")
        at = SerialAt(self._path(name, plan.at), plan.xon_xoff, vanishes=plan.link == "usb")
        printer = VirtualPrinter(
            model=replace(MODELS[plan.model], serial_number=plan.serial_number),
            drawer=hung[0] if hung else None,
            second_drawer=hung[1] if len(hung) > 1 else None,
            port=plan.port,
            link=at if line else "rfc2217" if plan.link == "rfc2217" else "tcp",
            folder=folder,
            on_receipt=partial(self._receipt_printed, name),
            receive_buffer_bytes=plan.receive_buffer_bytes,
            realistic=plan.realistic,
            realtime_in_data=plan.realtime_in_data,
            busy_when_offline=plan.busy_when_offline,
            ignore_process_id=plan.ignore_process_id,
        )
        place = str(at.device) if line else f"port {plan.port} of 127.0.0.1"
        self._begin(printer, place, started)
        host, port = printer.address
        where: dict[str, object] = (
            {"device": str(at.device)} if line else {"host": host, "port": port}
        )
        return printer, {"link": plan.link, **where, "model": plan.model}

    def _scanner(
        self, name: str, plan: ScannerPlan, started: ExitStack
    ) -> tuple[VirtualScanner, dict[str, object]]:
        at = self._path(name, plan.at)
        scanner = VirtualScanner(
            at, prefix=plan.prefix.encode(), suffix=plan.suffix.encode(), aim=plan.aim
        )
        self._begin(scanner, str(at), started)
        return scanner, {"device": str(at)}

    def _relay_drawer(
        self, name: str, plan: RelayDrawerPlan, started: ExitStack
    ) -> tuple[VirtualRelayDrawer, dict[str, object]]:
        at = self._path(name, plan.at)
        relay = VirtualRelayDrawer(
            at,
            drawer=self._drawer(name, plan),
            kind=plan.board,
            channel=plan.channel,
            channels=plan.channels,
            trigger_on=plan.trigger_on.encode() or None,
        )
        self._begin(relay, str(at), started)
        return relay, {"device": str(at), "board": plan.board}

    def _ups(
        self, name: str, plan: UpsPlan, started: ExitStack
    ) -> tuple[WiredUps, dict[str, object]]:
        ups = VirtualUps(seed=self.plan.seed, speed=plan.speed)
        for setting in ("load_percent", "charge_percent", "health_percent"):
            ups.set(setting, getattr(plan, setting))
        wired = WiredUps(
            name,
            ups,
            port=plan.port,
            serial=self._path(name, plan.at) if plan.at or plan.real_nut else None,
            nis_port=plan.nis_port if plan.nis else None,
            with_real_nut=plan.real_nut,
            with_dummy_ups=plan.dummy_ups,
            on_event=partial(self._ups_told, name),
        )
        self._begin(wired, f"a wire of {name}", started)
        return wired, wired.where

    def _begin(
        self,
        device: VirtualPrinter | VirtualScanner | VirtualRelayDrawer | WiredUps,
        place: str,
        started: ExitStack,
    ) -> None:
        try:
            started.enter_context(device)
        except OSError as error:
            raise CannotStart(f"{place} cannot be used: {error.strerror}") from error
        except RuntimeError as error:  # of NUT's programs, in their words
            raise CannotStart(f"{place} cannot be used: {error}") from error

    def _path(self, name: str, at: str) -> Path:
        return Path(at).absolute() if at else self.folder.resolve() / name

    def _drawer(self, name: str, plan: DrawerPlan | RelayDrawerPlan) -> VirtualDrawer:
        drawer = VirtualDrawer(
            pin=plan.pin if isinstance(plan, DrawerPlan) else 2,
            open_level=Level[plan.open_level.upper()]
            if isinstance(plan, DrawerPlan)
            else Level.HIGH,
            switch_stuck_at=None
            if not isinstance(plan, DrawerPlan) or plan.has_switch
            else Level.HIGH,
        )
        drawer.plug_in(partial(self._drawer_moved, name, drawer, plan.shut_after_s, [False]))
        return drawer

    # What happens

    def _receipt_printed(self, name: str, receipt: Receipt, file: Path | None) -> None:
        self.happenings.add(
            name, "receipt_printed", number=receipt.number, cut=receipt.cut, file=str(file)
        )

    def _ups_told(self, name: str, event: UpsEvent) -> None:
        self.happenings.add(name, event.what, **({"note": event.note} if event.note else {}))

    def _drawer_moved(
        self, name: str, drawer: VirtualDrawer, shut_after_s: float, was: list[bool]
    ) -> None:
        """Its switch may have changed, and it not. `was` holds how it stood before."""
        with self._lock:
            is_open = drawer.is_open
            if is_open == was[0]:
                return
            was[0] = is_open
            cashier = self._cashiers.pop(name, None)
            if cashier is not None:
                cashier.cancel()
            if is_open and shut_after_s:
                self._cashiers[name] = later = threading.Timer(shut_after_s, drawer.close)
                later.daemon = True
                later.start()
        self.happenings.add(name, "drawer_opened" if is_open else "drawer_shut")


def _kind_of(device: Device) -> str:
    match device:
        case VirtualPrinter():
            return "printer"
        case VirtualDrawer():
            return "drawer"
        case VirtualScanner():
            return "scanner"
        case VirtualRelayDrawer():
            return "relay_drawer"
        case WiredUps():
            return "ups"

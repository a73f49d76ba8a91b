"""A receipt printer with everything a test or a demonstration does to one.

    with VirtualPrinter(model=MODELS["tm-t88"], drawer=VirtualDrawer()) as printer:
        host, port = printer.address
        ...
        receipt = printer.wait_receipts(1, timeout_s=5)[0]

It is on a TCP port, where it serves one connection at a time and lets others wait (see
`hwsim.network_card`); or, with `link=SerialAt(path)`, on a serial line that the host opens at that
path (see `hwsim.serial_line`); or, with `link="rfc2217"`, on one that the host reaches by way of a
terminal server (see `hwsim.terminal_server`).
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from hwsim.answers import Answered
from hwsim.card import Card
from hwsim.drawer import VirtualDrawer
from hwsim.handling import HandledPrinter
from hwsim.mechanism import (
    RECEIVE_BUFFER_BYTES,
    LoggedCommand,
    Mechanism,
    Pulse,
)
from hwsim.models import MODELS, Model
from hwsim.network_card import NetworkCard
from hwsim.plans import PLANS_MAX
from hwsim.receipt import Receipt, next_number
from hwsim.serial_line import SerialAt, SerialLine
from hwsim.terminal_server import TerminalServer

RECEIPTS_KEPT_MAX: Final = 256
"""Older receipts are forgotten (those saved to a folder stay there)."""

RECEIPT_ROWS_KEPT_MAX: Final = 200_000
"""The same for long ones: all that are kept are at most some 25 metres of paper."""

IDLE_TIMEOUT_S: Final = 90.0
CLOSE_S_MAX: Final = 5.0


class VirtualPrinter(HandledPrinter):
    """A printer in a thread of its own. Every method may be called from any thread.

    What people and mishaps do to it is in `hwsim.handling`.
    """

    def __init__(  # noqa: PLR0913 - each by its name; a printer has that many switches
        self,
        *,
        model: Model = MODELS["tm-t88"],
        drawer: VirtualDrawer | None = None,
        second_drawer: VirtualDrawer | None = None,
        port: int = 0,
        link: Literal["tcp", "rfc2217"] | SerialAt = "tcp",
        folder: Path | None = None,
        on_receipt: Callable[[Receipt, Path | None], None] | None = None,
        receive_buffer_bytes: int = RECEIVE_BUFFER_BYTES,
        realistic: bool = False,
        realtime_in_data: bool = False,
        busy_when_offline: bool = False,
        ignore_process_id: bool = False,
        idle_timeout_s: float = IDLE_TIMEOUT_S,
    ) -> None:
        """Not listening yet. With a `folder` every receipt is saved there as PNG and text.

        `port` is on 127.0.0.1, 0 for a free one; on a serial line it has no meaning.

        A second drawer is usually wired to pin 5; its switch is in parallel to the first one's.

        `on_receipt` is called in the printer's thread, with the PNG's path if there is a folder.
        """
        self.model = model
        self.drawer = drawer
        self.second_drawer = second_drawer
        self._folder = folder
        self._on_receipt = on_receipt
        self._idle_timeout_s = idle_timeout_s
        self._where = ("127.0.0.1", port)
        self._link = link
        self._receive_buffer_bytes = receive_buffer_bytes
        self._receipts: deque[Receipt] = deque(maxlen=RECEIPTS_KEPT_MAX)
        self._receipt_count = 0
        mechanism = Mechanism(
            model,
            drawer,
            self._keep_receipt,
            receive_buffer_bytes=receive_buffer_bytes,
            realistic=realistic,
            realtime_in_data=realtime_in_data,
            busy_when_offline=busy_when_offline,
            ignore_process_id=ignore_process_id,
            first_number=next_number(folder) if folder else 1,
            second_drawer=second_drawer,
        )
        super().__init__(mechanism)
        self.plan_errors: deque[str] = deque(maxlen=PLANS_MAX)
        """What of that which was planned could not be done, and why."""
        self._closing = False
        self._thread: threading.Thread | None = None
        for each in (drawer, second_drawer):
            if each is not None:
                each.plug_in(self._drawer_moved)

    # Life

    def start(self) -> Self:
        """Listen, once in its life. Gives itself; OSError if the port is taken."""
        self._card = card = self._make_card()
        self._thread = threading.Thread(
            target=self._serve, args=(card,), name="hwsim-printer", daemon=True
        )
        self._thread.start()
        return self

    def _make_card(self) -> Card:
        if isinstance(self._link, SerialAt):
            return SerialLine(self._mechanism, self._link)
        kind = TerminalServer if self._link == "rfc2217" else NetworkCard
        card = kind(
            self._mechanism,
            self._where,
            window_bytes=self._receive_buffer_bytes,
            idle_timeout_s=self._idle_timeout_s,
        )
        self._where = card.address
        return card

    def close(self) -> None:
        """Stop; open connections are reset. Receipts stay readable."""
        with self._changed:
            thread, self._thread = self._thread, None
            card, self._card = self._card, None
            self._closing = True
        if thread is None or card is None:
            return
        card.wake()
        thread.join(CLOSE_S_MAX)
        card.close()

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

    # What can be seen

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; the same also after a power cycle."""
        return self._where[0], self._where[1]

    @property
    def device(self) -> Path:
        """The path that a host opens. TypeError for a printer that is on a network."""
        if not isinstance(self._link, SerialAt):
            raise TypeError("this printer has no path: it is on a network")
        return self._link.device

    @property
    def font_name(self) -> str:
        """The font that receipts are drawn with."""
        return self._mechanism.paper.font_name

    @property
    def receipts(self) -> list[Receipt]:
        """The receipts that have come out, oldest first; at most RECEIPTS_KEPT_MAX."""
        with self._changed:
            return list(self._receipts)

    @property
    def receipt_count(self) -> int:
        """How many receipts have come out since the start."""
        return self._receipt_count

    def find_receipt(self, number: int, wait_s: float) -> Receipt | None:
        """The receipt of this number, 0 for the last one; waits for it so long."""

        def found() -> Receipt | None:
            kept = [each for each in self._receipts if number in (0, each.number)]
            return kept[-1] if kept else None

        with self._changed:
            return self._changed.wait_for(found, wait_s)

    @property
    def uncut_text(self) -> str:
        """What stands on the paper that is still in the printer."""
        with self._changed:
            return self._mechanism.paper.strip.text

    @property
    def uncut_paper(self) -> Receipt:
        """The paper that is still in the printer, from its edge to the head, as a receipt."""
        with self._changed:
            strip = self._mechanism.paper.strip
            return Receipt(0, strip.text, strip.picture(), b"", cut=False)

    @property
    def log(self) -> list[LoggedCommand]:
        """The last commands executed; real-time commands when they were received."""
        with self._changed:
            return list(self._mechanism.log)

    @property
    def answered(self) -> list[Answered]:
        """The last answers that it gave, the automatic status ("GS a") too."""
        with self._changed:
            return list(self._mechanism.answers.log)

    @property
    def pulses(self) -> list[Pulse]:
        """The last drawer pulses, whether or not a drawer followed."""
        with self._changed:
            return list(self._mechanism.pulses)

    @property
    def cut_count(self) -> int:
        """The cutter's life-long counter, as GS g 2 tells it."""
        with self._changed:
            return self._mechanism.counters[178]

    def wait_receipts(self, count: int, timeout_s: float) -> list[Receipt]:
        """Wait until `count` receipts have come out since the start; TimeoutError."""
        self._wait(lambda: self._receipt_count >= count, timeout_s, f"{count} receipts")
        return self.receipts

    def wait_pulses(self, count: int, timeout_s: float) -> list[Pulse]:
        """Wait until the drawer connector has been driven `count` times; TimeoutError."""
        self._wait(lambda: self._mechanism.pulse_count >= count, timeout_s, f"{count} pulses")
        return self.pulses

    def wait_commands(self, name: str, count: int, timeout_s: float) -> None:
        """Wait until `count` commands of this name stand in the log; TimeoutError."""

        def seen() -> bool:
            return sum(entry.name == name for entry in self._mechanism.log) >= count

        self._wait(seen, timeout_s, f"{count} times {name}")

    def _wait(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        with self._changed:
            if not self._changed.wait_for(condition, timeout_s):
                last = [entry.name for entry in self._mechanism.log][-8:]
                raise TimeoutError(
                    f"waited {timeout_s} s for {what}: {self._receipt_count} receipts, "
                    f"{self._mechanism.pulse_count} pulses, offline={self._mechanism.offline}, "
                    f"last commands {last}"
                )

    @property
    def terminal_server(self) -> TerminalServer:
        """The server between the host and this printer, of one with `link="rfc2217"`."""
        card = self._running_card
        if not isinstance(card, TerminalServer):
            raise TypeError("this printer is behind no terminal server")
        return card

    def _drawer_moved(self) -> None:
        with self._touched():
            pass  # the switch itself is the drawer's; this printer reads it when it reports

    # The printer's thread

    def _serve(self, card: Card) -> None:
        while True:
            with self._changed:
                if self._closing:
                    return
                timeout_s = self._turn(card)
                self._changed.notify_all()
            found = card.wait(timeout_s)
            with self._changed:
                card.handle(found)

    def _turn(self, card: Card) -> float | None:
        """Run the mechanism and the network; give how long to wait for something new, in s."""
        now_s = time.monotonic()
        runs_s = self._run(now_s)
        times_s = (runs_s, card.turn(now_s))
        soonest_s = min((at_s for at_s in times_s if at_s is not None), default=None)
        return None if soonest_s is None else max(0.0, soonest_s - now_s)

    def _run(self, now_s: float) -> float | None:
        """Run the mechanism, and have done what is planned for a point of its work."""
        while self._powered:
            runs_s = self._mechanism.run(now_s)
            plans = self._mechanism.plans
            acts = plans.take_due(self._mechanism.counts) if plans.pending else []
            for act in acts:
                try:
                    act()
                except (OSError, TypeError, ValueError) as error:
                    self.plan_errors.append(str(error))
            if not acts:
                return runs_s
        return None

    def _keep_receipt(self, receipt: Receipt) -> None:
        self._receipts.append(receipt)
        while sum(kept.image.height for kept in self._receipts) > RECEIPT_ROWS_KEPT_MAX:
            self._receipts.popleft()
        self._receipt_count += 1
        path = receipt.save(self._folder) if self._folder is not None else None
        if self._on_receipt is not None:
            self._on_receipt(receipt, path)

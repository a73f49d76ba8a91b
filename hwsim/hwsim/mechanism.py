"""A printer without its plug: buffer, sensors, cutter, status. Bytes and time in, bytes out.

Source: ESC/POS Command Reference for TM Printers, "Status transmission" and "Real-time commands";
TM-T88III technical reference for the bits.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from hwsim.answers import OUTPUT_BYTES_MAX, Answers
from hwsim.drawer import Level, VirtualDrawer
from hwsim.framing import REALTIME_NAMES, Framer, RealtimeSniffer, Token
from hwsim.macro import Macro
from hwsim.models import Model
from hwsim.paper import Paper
from hwsim.plans import Plans
from hwsim.receipt import Receipt
from hwsim.status import PaperState, Seen

__all__ = ["OUTPUT_BYTES_MAX", "LoggedCommand", "Mechanism", "PaperState", "Pulse"]

RECEIVE_BUFFER_BYTES: Final = 4096
LOG_MAX: Final = 1000
LOG_DATA_BYTES_MAX: Final = 64
PULSES_MAX: Final = 1000
SERIAL_NUMBER: Final = "HWSIM00001"
FIRMWARE: Final = "1.00 HWSIM"

CUT_COMMANDS: Final = ("GS V", "ESC i", "ESC m")
LINES_COUNTERS: Final = (20, 148)
CUTS_COUNTERS: Final = (50, 178)
"""Maintenance counters of GS g: one that GS g 0 resets, one for the printer's life."""


@dataclass(frozen=True, slots=True)
class LoggedCommand:
    """A command as it was executed: `at_s` by the clock that drives the printer, data shortened."""

    at_s: float
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Pulse:
    """The drawer connector was driven: by "ESC p" (in turn) or "DLE DC4" (at once)."""

    at_s: float
    command: str
    pin: int
    on_ms: int


class Mechanism:
    """The printer's firmware and hardware. Not thread-safe: its owner takes turns.

    `realtime_in_data` executes real-time commands found within another command's data, as older
    models do. `busy_when_offline` is the DIP switch "busy: buffer full or offline": such a printer
    reads nothing while it is offline, and so answers nothing. `realistic` prints at the model's
    speed instead of at once. A second drawer shares pin 3: its switch is in parallel to the other.

    `claims` says what its status bytes tell whatever its sensors see, by the names of `Seen`;
    `drain_bytes_per_s` is how fast it can execute at most (None: as fast as it gets).
    """

    def __init__(
        self,
        model: Model,
        drawer: VirtualDrawer | None,
        on_receipt: Callable[[Receipt], None],
        *,
        receive_buffer_bytes: int = RECEIVE_BUFFER_BYTES,
        realtime_in_data: bool = False,
        busy_when_offline: bool = False,
        realistic: bool = False,
        ignore_process_id: bool = False,
        first_number: int = 1,
        second_drawer: VirtualDrawer | None = None,
    ) -> None:
        """Switched on, with paper, cover shut."""
        self.model = model
        self.paper = Paper(model, on_receipt, first_number=first_number, answer=self._answer)
        self.answers = Answers(self._automatic_status)
        self.output = self.answers.output
        self.plans = Plans()
        self.claims: Mapping[str, object] = {}
        self.drain_bytes_per_s: float | None = None
        self.log: deque[LoggedCommand] = deque(maxlen=LOG_MAX)
        self.pulses: deque[Pulse] = deque(maxlen=PULSES_MAX)
        self.pulse_count = 0
        self.counters = dict.fromkeys((*LINES_COUNTERS, *CUTS_COUNTERS), 0)
        self.paper_state = PaperState.ADEQUATE
        self.cover_open = False
        self.cutter_blocked = False
        self.cutter_error = False
        self.head_hot = False
        self.broken = False
        self._drawers = [each for each in (drawer, second_drawer) if each is not None]
        self._received = 0
        self._answering = ""
        self._buffer_bytes = receive_buffer_bytes
        self._busy_when_offline = busy_when_offline
        self._realistic = realistic
        self._knows_process_id = model.process_id and not ignore_process_id
        self._sniffer = RealtimeSniffer() if realtime_in_data else None
        self._framer = Framer()
        self._queue: deque[Token] = deque()
        self._queued_bytes = 0
        self._macro = Macro()
        self._busy_until_s = 0.0
        self._now_s = 0.0
        self._stops_at_near_end = False
        self._asb = 0
        self._pulse_disabled = False
        self._roll: tuple[int, PaperState] | None = None
        self._reported = self._shown.classes()
        self._table = self._commands()

    # What its owner sees and does

    @property
    def offline(self) -> bool:
        """Whether something keeps it from printing."""
        near_end = self._stops_at_near_end and self.paper_state is PaperState.NEAR_END
        paper_stops = near_end or self.paper_state is PaperState.END
        stopped = self.cutter_error or self.head_hot or self.broken
        return self.cover_open or stopped or paper_stops

    @property
    def idle(self) -> bool:
        """Nothing left to execute, nothing in motion."""
        return not (self._queue or self._macro.left) and self._now_s >= self._busy_until_s

    @property
    def room(self) -> int:
        """Bytes that may be received now.

        A command longer than the buffer goes straight into image memory once its turn has come.
        """
        if self._busy_when_offline and self.offline:
            return 0
        waiting = self._framer.pending_bytes if self._queue or self.offline else 0
        room = max(0, self._buffer_bytes - self._queued_bytes - waiting)
        left = self.plans.bytes_left(self._received)
        return room if left is None else min(room, left)

    @property
    def counts(self) -> dict[str, int]:
        """How far it has come, by the units of plans."""
        return {
            "bytes": self._received,
            "lines": self.counters[LINES_COUNTERS[1]],
            "dots": self.paper.strip.rows_fed,
            "cuts": self.counters[CUTS_COUNTERS[1]],
        }

    def receive(self, data: bytes, now_s: float) -> None:
        """Take bytes from the line. Real-time commands act now, the others wait their turn."""
        self._now_s = now_s
        self._received += len(data)
        if self._sniffer is not None:
            for token in self._sniffer.feed(data):
                self._realtime(token)
        for token in self._framer.feed(data):
            if token.name not in REALTIME_NAMES:
                self._queue.append(token)
                self._queued_bytes += len(token.data)
            elif self._sniffer is None:
                self._realtime(token)
        self.report()

    def run(self, now_s: float) -> float | None:
        """Execute what can be; give the time to come back at, None when only an event helps.

        It stops where a plan is due: its owner has it done, and comes back.
        """
        self._now_s = now_s
        while not (self.idle or self.offline) and now_s >= self._busy_until_s:
            if self.plans.stop_work(self.counts):
                break
            source = self._macro.left or self._queue
            if self.cutter_blocked and source[0].name in CUT_COMMANDS:
                # The error stops the printer at this command: DLE ENQ 1 starts again from here.
                self.cutter_error = True
            else:
                token = source.popleft()
                if source is self._queue:
                    self._queued_bytes -= len(token.data)
                    self.paper.record(token.data)
                self._execute(token)
                if self.drain_bytes_per_s is not None:
                    self._be_busy(len(token.data) / self.drain_bytes_per_s)
            self.report()
        late_s = self.answers.release(now_s)
        busy_s = self._busy_until_s if now_s < self._busy_until_s else None
        return min((at_s for at_s in (late_s, busy_s) if at_s is not None), default=None)

    def report(self) -> None:
        """Send the automatic status if something enabled has changed."""
        classes = self._shown.classes()
        changed = sum(bit for bit in classes if classes[bit] != self._reported[bit])
        self._reported = classes
        if changed & self._asb:
            self.answers.give("GS a", self._shown.automatic(), self._now_s)

    def load_paper(self, state: PaperState, after_dots: int | None) -> None:
        """The sensors see `state` now, or once `after_dots` more rows have passed the head."""
        if after_dots is None:
            self.paper_state, self._roll = state, None
        else:
            self._roll = (self.paper.strip.rows_fed + after_dots, state)
        self.report()

    def power_cycle(self) -> None:
        """Buffers, settings and errors are gone; paper, NV graphics and counters stay."""
        self._clear_buffers()
        self.paper.reset()
        self.answers.forget()
        self._macro = Macro()
        self._asb, self._pulse_disabled, self._stops_at_near_end = 0, False, False
        self.cutter_error = False
        self._busy_until_s = 0.0

    def clear_buffers(self) -> None:
        """All that was received and not executed is gone."""
        self._clear_buffers()
        self.paper.drop_line()

    # Execution

    def _clear_buffers(self) -> None:
        self._queue.clear()
        self._queued_bytes = 0
        self._macro.left.clear()
        self._framer.reset()
        if self._sniffer is not None:
            self._sniffer.reset()

    def _execute(self, token: Token) -> None:
        self._note(token)
        self._answering = token.name
        if not self.paper.selected and token.name != "ESC =":
            return
        if token.name not in ("GS :", "GS ^"):
            self._macro.note(token)
        fed_before = self.paper.strip.rows_fed
        command = self._table.get(token.name)
        if command is not None:
            command(token)
        else:
            self.paper.execute(token)
            if token.name == "ESC @":
                self._asb, self._pulse_disabled = 0, False  # GS a: effective until ESC @
                self._stops_at_near_end = False
        if token.name in ("LF", "ESC d", "ESC J"):
            self._count(LINES_COUNTERS)
        fed = self.paper.strip.rows_fed - fed_before
        if self._realistic and fed:
            self._be_busy(fed / self.model.dots_per_s)
        if self._roll is not None and self.paper.strip.rows_fed >= self._roll[0]:
            self.paper_state, self._roll = self._roll[1], None

    def _be_busy(self, duration_s: float) -> None:
        self._busy_until_s = max(self._now_s, self._busy_until_s) + duration_s

    def _note(self, token: Token) -> None:
        data = token.data[:LOG_DATA_BYTES_MAX]
        self.log.append(LoggedCommand(self._now_s, token.name, data))

    def _count(self, counters: tuple[int, int]) -> None:
        for number in counters:
            self.counters[number] += 1

    def _answer(self, data: bytes) -> None:
        self.answers.give(self._answering, data, self._now_s)

    def _commands(self) -> dict[str, Callable[[Token], None]]:
        return {
            **dict.fromkeys(CUT_COMMANDS, self._cut),
            "ESC c": self._paper_sensors,
            "ESC p": self._drawer_pulse,
            "ESC u": lambda _: self._answer(bytes([self._shown.pin3_high])),
            "ESC v": lambda _: self._answer(bytes([self._shown.paper_bits()])),
            "GS :": lambda _: self._macro.begin_or_end(),
            "GS ^": lambda token: self._macro.run(token.params),
            "GS a": self._enable_automatic_status,
            "GS r": self._transmit_status,
            "GS I": self._transmit_id,
            "GS g": self._counter,
            "GS ( A": self._print_test,
            "GS ( D": self._enable_realtime,
            "GS ( H": self._process_id,
        }

    def _cut(self, token: Token) -> None:
        self.paper.cut(feed_units=token.params[1] if len(token.params) == 2 else None)
        self._count(CUTS_COUNTERS)
        if self._realistic:
            self._be_busy(self.model.cut_s)

    def _paper_sensors(self, token: Token) -> None:
        """ESC c 4 n: bits 0 and 1 let printing stop near the paper's end already."""
        if token.params[0] == ord("4"):
            self._stops_at_near_end = bool(token.params[1] & 0x03)

    def _drawer_pulse(self, token: Token) -> None:
        pin = 5 if token.params[0] % 48 == 1 else 2
        self._pulse("ESC p", pin, token.params[1] * 2)

    def _pulse(self, command: str, pin: int, on_ms: int) -> None:
        self.pulses.append(Pulse(self._now_s, command, pin, on_ms))
        self.pulse_count += 1
        for drawer in self._drawers:
            drawer.pulse(pin, on_ms)

    def _print_test(self, token: Token) -> None:
        """GS ( A n m: 2 prints what the printer is, 3 its characters; there is no hex dump."""
        patterns = {
            2: [self.model.product, f"Firmware {FIRMWARE}", f"Serial number {SERIAL_NUMBER}"],
            3: ["".join(chr(0x21 + (n + at) % 94) for at in range(42)) for n in range(12)],
        }
        if len(token.params) == 2 and token.params[1] % 48 in patterns:
            self.paper.print_test(patterns[token.params[1] % 48])
            self._count(CUTS_COUNTERS)

    def _process_id(self, token: Token) -> None:
        """GS ( H function 48: all before it is printed when its turn has come."""
        if self._knows_process_id and len(token.params) == 6 and token.params[:2] == b"00":
            self._answer(b"\x37\x22" + token.params[2:] + b"\x00")

    def _counter(self, token: Token) -> None:
        """GS g 0 resets a counter (numbers below 128), GS g 2 transmits one."""
        function, number = token.params[0], token.params[2] + 256 * token.params[3]
        if number not in self.counters:
            return
        if function == 0x30 and number < 128:
            self.counters[number] = 0
        elif function == 0x32:
            self._answer(b"\x5f%d\x00" % self.counters[number])

    def _enable_realtime(self, token: Token) -> None:
        """GS ( D function 20: pairs of (1: pulse, 2: power off) and (0, 48: off; 1, 49: on)."""
        if token.params[:1] == b"\x14":
            for at in range(1, len(token.params) - 1, 2):
                if token.params[at] == 1:
                    self._pulse_disabled = token.params[at + 1] % 48 == 0

    # Status

    @property
    def seen(self) -> Seen:
        """What its sensors see. Pin 3 is pulled up: one switch to ground makes it low."""
        return Seen(
            offline=self.offline,
            cover_open=self.cover_open,
            cutter_error=self.cutter_error,
            head_hot=self.head_hot,
            broken=self.broken,
            paper=self.paper_state,
            pin3_high=all(drawer.pin3 is Level.HIGH for drawer in self._drawers),
        )

    @property
    def _shown(self) -> Seen:
        """What its status bytes tell."""
        seen = self.seen
        return replace(seen, **self.claims) if self.claims else seen  # type: ignore[arg-type]  # the names and types of Seen are the setter's care

    def _automatic_status(self) -> bytes:
        return self._shown.automatic()

    def _enable_automatic_status(self, token: Token) -> None:
        self._asb = token.params[0]
        if self._asb:
            self._answer(self._shown.automatic())

    def _transmit_status(self, token: Token) -> None:
        if token.params[0] in (1, 49):
            self._answer(bytes([self._shown.paper_bits()]))
        elif token.params[0] in (2, 50):
            self._answer(bytes([self._shown.pin3_high]))

    def _transmit_id(self, token: Token) -> None:
        number = token.params[0]
        number -= 48 if 49 <= number <= 51 else 0
        single = {1: self.model.model_id, 2: 0x03, 3: 0x02}
        block = {
            65: FIRMWARE,
            66: self.model.maker,
            67: self.model.product,
            68: SERIAL_NUMBER,
            69: self.model.font_info,
        }
        if number in single:
            self._answer(bytes([single[number]]))
        elif number in block:
            self._answer(b"\x5f" + block[number].encode("ascii") + b"\x00")

    # Real-time commands

    def _realtime(self, token: Token) -> None:
        self._note(token)
        # It comes between other commands: what they answer must keep their name.
        before, self._answering = self._answering, token.name
        self._act_now(token)
        self._answering = before

    def _act_now(self, token: Token) -> None:
        number = token.params[0]
        if token.name == "DLE EOT":
            self._answer(self._shown.realtime(number))
        elif token.name == "DLE ENQ":
            self._recover(clear=number == 2, restart=number == 1)
        elif number == 1 and not self._pulse_disabled:
            pin = 5 if token.params[1] % 48 == 1 else 2
            self._pulse("DLE DC4", pin, 100 * min(token.params[2], 8))
        elif number == 8 and token.params[1:] == b"\x01\x03\x14\x01\x06\x02\x08":
            self.clear_buffers()
            self._answer(b"\x37\x25\x00")

    def _recover(self, *, clear: bool, restart: bool) -> None:
        """DLE ENQ 1 and 2: only after an error; the cut is tried again, or all is forgotten."""
        if not self.cutter_error or not (clear or restart):
            return
        self.cutter_error = False
        if clear:
            self.clear_buffers()

"""What the printer says, and what can go wrong with it on its way to the host."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

OUTPUT_BYTES_MAX: Final = 4096
"""Answers that nobody reads are lost beyond this."""

LATE_ANSWERS_MAX: Final = 1000
"""So many may be on their way at once; more are lost."""

ANSWERED_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it left the printer: `at_s` by the clock that drives it; what it answers."""

    at_s: float
    to: str
    data: bytes


class Answers:
    """`output` is what the host gets next. The others are faults, and may be set at any time.

    `delay_s` is how late each answer comes; `wrong` holds answers that are given instead of the
    next ones; the commands named in `silent_to` are not answered ("GS a" is the automatic status);
    `flood` is how many automatic statuses come before each other answer, and one behind it.
    `log` has the last that went out, whether or not a host was there to hear it.
    """

    def __init__(self, status: Callable[[], bytes]) -> None:
        """Faultless. `status` gives the automatic status."""
        self.output = bytearray()
        self.log: deque[Answered] = deque(maxlen=ANSWERED_MAX)
        self.delay_s = 0.0
        self.wrong: deque[bytes] = deque()
        self.silent_to: frozenset[str] = frozenset()
        self.flood = 0
        self._status = status
        self._late: deque[tuple[float, str, bytes]] = deque(maxlen=LATE_ANSWERS_MAX)

    def give(self, to: str, data: bytes, now_s: float) -> None:
        """Answer the command of this name."""
        if to in self.silent_to or not data:
            return
        if self.wrong:
            data = self.wrong.popleft()
        if self.flood and to != "GS a":
            data = self._status() * self.flood + data + self._status()
        if self.delay_s or self._late:
            self._late.append((now_s + self.delay_s, to, data))
        else:
            self._say(Answered(now_s, to, data))

    def release(self, now_s: float) -> float | None:
        """Let out what is due; give when the next answer is, None if none is on its way."""
        while self._late and self._late[0][0] <= now_s:
            _, to, data = self._late.popleft()
            self._say(Answered(now_s, to, data))
        return self._late[0][0] if self._late else None

    def heal(self) -> None:
        """Nothing is wrong with the answers any more; those that are late come late."""
        self.delay_s, self.flood, self.silent_to = 0.0, 0, frozenset()
        self.wrong.clear()

    def forget(self) -> None:
        """The printer has lost its power."""
        self.output.clear()
        self._late.clear()

    def _say(self, answer: Answered) -> None:
        if len(self.output) + len(answer.data) <= OUTPUT_BYTES_MAX:
            self.output += answer.data
            self.log.append(answer)

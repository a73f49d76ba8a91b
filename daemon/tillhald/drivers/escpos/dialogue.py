"""What is said to a printer and what it answers, over one link: questions, fences, counters.

`DLE EOT n` is answered with one byte that does not say which n it answers. So one question stands
at a time; an unanswered one is asked again before any other, and answers still owed are waited
for. Otherwise one late byte would shift all later answers by one, and "paper" would mean "cover".
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from typing import Final, assert_never

from tillhald.devices.categories import How
from tillhald.devices.errors import DeviceOffline
from tillhald.devices.link import Link
from tillhald.drivers.escpos import codec
from tillhald.drivers.escpos.profiles import Profile
from tillhald.drivers.escpos.status import (
    ANSWER_S_MAX,
    REAL_TIME_QUESTIONS,
    AutoStatus,
    BlockReply,
    ByteReply,
    Demultiplexer,
    Junk,
    Message,
    RealTimeReply,
    Senses,
    counter_of,
    kept_of,
    process_id_of,
    words_of,
)

STEP_S_MAX: Final = 3.0
"""How long the receipt of a predecessor may still be printing when we connect."""
COUNT_EVERY_S: Final = 2.0
"""How often an idle printer is asked for its count of cuts: somebody else may print on it, too."""
QUIET_S: Final = 2.0
"""A printer that says nothing for so long while it should print is asked how it is."""
PERSON_S_MAX: Final = 5.0
"""How long a printer without process ids, which cannot confirm late, may need a person within a
job: who has just opened the cover shuts it again, and the drawer waits meanwhile."""
FENCES_OPEN_MAX: Final = 8
_LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Dialogue:
    """One printer's side of its link. Only for the port's thread; all times are monotonic."""

    def __init__(self, link: Link, profile: Profile) -> None:
        """`link` is this dialogue's alone."""
        self.link = link
        self.senses = Senses(
            two_way=link.two_way,
            finds_printer=link.finds_printer,
            near_end_sensor=profile.near_end_sensor,
            cut_counter=profile.cut_counter,
            tells_identity=profile.tells_identity,
        )
        self._profile = profile
        self._demultiplexer = Demultiplexer()
        self._question = 0
        self._real_time_replies: deque[int] = deque(maxlen=FENCES_OPEN_MAX)
        self._owed = 0
        self._asking = False
        # Starts anywhere: an answer to a fence of this till's last life must not fit one of ours.
        self._fence_number = random.randrange(len(_LETTERS) ** 4)  # noqa: S311 - no secret
        self._open_fences: deque[str] = deque(maxlen=FENCES_OPEN_MAX)
        self._late_fences: list[str] = []
        self.cuts: int | None = None  # as last read; None when it did not answer
        self.kept: frozenset[str] | None = None  # key codes; None: not asked in this connection
        self._cuts_owed = 0
        self._cuts_asked_s = 0.0
        self._bytes_owed = 0
        self._in_step = False
        self._words: str | None = None
        self._words_owed = 0
        self._identity_asked = False

    # --- the link ---

    def connect(self, end_s: float, *, rousable: bool) -> bool:
        """Have the link up by `end_s`. Raises DeviceOffline when the peer cannot be reached."""
        if self.link.up:
            return True
        try:
            if not self.link.connect(max(end_s - time.monotonic(), 0), rousable=rousable):
                return False
            self._begin()
        except DeviceOffline:
            self.senses.unreachable()
            raise
        return True

    def _begin(self) -> None:
        self._demultiplexer = Demultiplexer()
        self._real_time_replies.clear()
        if self.link.finds_printer:
            self._owed = 0  # but a line carries what it still holds over into the next connection
        self._in_step = False
        self._cuts_owed = 0
        self._words_owed = 0
        self._identity_asked = False
        self.kept = None  # it may be another printer
        self.senses.connected(time.monotonic())
        if self.link.two_way:
            self.send(codec.ASB_ON, time.monotonic() + ANSWER_S_MAX)

    def drop(self) -> None:
        """Give up the connection: the printer may be in the middle of a command."""
        self.link.drop()
        self.senses.disconnected()

    def give_up_if_absent(self) -> bool:
        """Close a line that has no printer on it; True if so.

        What the line holds is thrown away: a printer that is switched on at last would answer
        every question of the night, and answers do not say to which question they belong. Or it
        would print the rest of a job whose beginning it has lost, and confirm it all.
        """
        if not self.senses.absent(time.monotonic()):
            return False
        self.link.drop()
        self._open_fences.clear()
        self.senses.unreachable()
        return True

    def send(self, data: bytes, end_s: float) -> None:
        """Send all of `data`. Errors carry the bytes handed over, see Link.send."""
        try:
            self.link.send(data, end_s, self._hear)
        except DeviceOffline:
            self.senses.disconnected()
            raise

    def listen(self, timeout_s: float, *, rousable: bool) -> bool:
        """Take in what the printer says; False when it said nothing."""
        try:
            data = self.link.receive(timeout_s, rousable=rousable)
        except DeviceOffline:
            self.senses.disconnected()
            raise
        self._hear(data)
        return bool(data)

    def _listen_until(self, heard: Callable[[], bool], end_s: float, *, rousable: bool) -> bool:
        """Listen until `heard()`, or time passes, or (where rousable) the port is wanted."""
        while not heard():
            left_s = end_s - time.monotonic()
            if left_s <= 0 or (not self.listen(left_s, rousable=rousable) and rousable):
                return heard()
        return True

    def _hear(self, data: bytes) -> None:
        for message in self._demultiplexer.feed(data):
            self._take(message)

    def _take(self, message: Message) -> None:
        match message:
            case RealTimeReply(bits) if self._asking:
                self._real_time_replies.append(bits)
            case RealTimeReply():
                self._owed = max(self._owed - 1, 0)
            case AutoStatus():
                self.senses.take_auto(message, time.monotonic())
            case ByteReply():
                self._bytes_owed = max(self._bytes_owed - 1, 0)
            case BlockReply(content):
                self._take_block(content)
            case Junk():
                pass
            case _:
                assert_never(message)

    def _take_block(self, content: bytes) -> None:
        letters = process_id_of(content)
        if letters is not None and letters in self._open_fences:
            self._words_owed = 0  # answers come in turn
            self._open_fences.remove(letters)
            self._late_fences.append(letters)
        elif (kept := kept_of(content)) is not None:
            self.kept = kept
        elif self._words_owed > 0:
            # In the order of asking: a serial number that comes late must not pass for a count.
            self._words_owed -= 1
            self._words = words_of(content)
        elif self._cuts_owed > 0:
            self._cuts_owed -= 1
            self.cuts = counter_of(content)
            if self.cuts is not None and not self._cuts_owed:
                self.senses.take_cuts(self.cuts, time.monotonic())

    # --- status ---

    def ask_all(self, end_s: float, *, rousable: bool) -> bool:
        """Ask for the whole real-time status; False as soon as one question stays open."""
        return self.link.two_way and all(
            self._ask_next(end_s, rousable=rousable) for _ in REAL_TIME_QUESTIONS
        )

    def ask_one(self, end_s: float) -> bool:
        """Ask one question: an answer says that the printer is there; the rest it tells itself."""
        return self.link.two_way and self._ask_next(end_s, rousable=False)

    def _ask_next(self, end_s: float, *, rousable: bool) -> bool:
        end_s = min(end_s, time.monotonic() + ANSWER_S_MAX)
        self._real_time_replies.clear()
        self._asking = True
        try:
            return self._ask(REAL_TIME_QUESTIONS[self._question], end_s, rousable=rousable)
        finally:
            self._asking = False

    def _ask(self, question: int, end_s: float, *, rousable: bool) -> bool:
        self.send(codec.ask_status(question), end_s)
        self.senses.asked(time.monotonic())
        replies = self._real_time_replies
        if not self._listen_until(lambda: bool(replies), end_s, rousable=rousable):
            self._owed += 1
            return False
        self.senses.take_real_time(question, replies[-1], time.monotonic())
        if self._owed:
            owed = self._owed
            self._listen_until(lambda: len(replies) > owed, end_s, rousable=False)
            self._owed = 0
        self._question = (self._question + 1) % len(REAL_TIME_QUESTIONS)
        return True

    # --- evidence ---

    def open_fence(self) -> str:
        """Letters for one process id, told apart from all that are open."""
        self._fence_number = (self._fence_number + 1) % len(_LETTERS) ** 4
        number, letters = self._fence_number, ""
        for _ in range(4):
            number, place = divmod(number, len(_LETTERS))
            letters += _LETTERS[place]
        return letters

    def await_fence(self, letters: str, end_s: float) -> bool:
        """Ask for `letters` back, once all that was sent before is on paper.

        Not waited for once the printer says that it cannot go on: somebody has to bring paper
        first, and the drawer hangs on this printer, too. The letters may still come late.
        """
        self._open_fences.append(letters)
        self.send(codec.ask_process_id(letters), end_s)

        def over() -> bool:
            now_s = time.monotonic()
            troubled = self.senses.trouble(now_s) is not None or self.senses.absent(now_s)
            return letters in self._late_fences or troubled

        while not self._listen_until(over, min(end_s, time.monotonic() + QUIET_S), rousable=False):
            if time.monotonic() >= end_s:
                break
            self.ask_all(end_s, rousable=False)
        if letters not in self._late_fences:
            return False
        self._late_fences.remove(letters)
        return True

    def take_late_fences(self) -> list[str]:
        """Take the letters that came back after nobody waited for them any more."""
        late, self._late_fences = self._late_fences, []
        return late

    def await_processed(self, end_s: float) -> bool:
        """Ask for a byte back, once all that was sent before has been read; see `catch_up`."""
        self._bytes_owed += 1
        self.send(codec.ASK_PROCESSED, end_s)
        return self._await_bytes(end_s)

    def _await_bytes(self, end_s: float) -> bool:
        """Wait for all bytes that are owed; for a printer that needs a person, PERSON_S_MAX."""
        well_s = now_s = time.monotonic()
        while self._bytes_owed and now_s < end_s and now_s - well_s < PERSON_S_MAX:
            self.listen(min(end_s - now_s, QUIET_S), rousable=False)
            now_s = time.monotonic()
            if self.senses.trouble(now_s) is None:
                well_s = now_s
        return not self._bytes_owed

    def catch_up(self, end_s: float) -> None:
        """Have a printer that was held up work off what it was sent before.

        The byte that it still owes for that does not say so: it would pass for the answer about
        the next job, of which nothing may be printed yet. One that does not come is lost.
        """
        is_even = self._await_bytes(min(end_s, time.monotonic() + STEP_S_MAX))
        if not is_even and self.senses.trouble(time.monotonic()) is None:
            self._bytes_owed = 0

    def read_cuts(self, end_s: float) -> int | None:
        """Read the printer's own count of its cuts; None if it keeps none or does not answer."""
        if not (self._profile.cut_counter and self.link.two_way):
            return None
        self.cuts = None
        self._ask_cuts(end_s)
        if not self._listen_until(lambda: not self._cuts_owed, end_s, rousable=False):
            self.cuts = None  # or of an earlier question
        self._cuts_owed = self._words_owed = 0  # what was owed before it is not coming any more
        return self.cuts

    def _ask_cuts(self, end_s: float) -> None:
        now_s = time.monotonic()
        if now_s - self._cuts_asked_s > ANSWER_S_MAX:
            self._cuts_owed = 0  # that answer is lost
        self._cuts_asked_s = now_s
        self._cuts_owed += 1
        self.send(codec.READ_CUTS, end_s)

    def keep_count(self) -> None:
        """Ask an idle printer for its count of cuts; the answer is heard when it comes.

        So the count is known when a receipt begins. Not before the printer is in step: what waits
        for the rest of a picture would take the question for dots.
        """
        now_s = time.monotonic()
        owes = self._words_owed > 0 or now_s - self._cuts_asked_s < COUNT_EVERY_S
        if owes or not (self._in_step and self._profile.cut_counter and self.link.two_way):
            return
        if self.senses.ready(now_s) and not self.senses.counted_within(COUNT_EVERY_S, now_s):
            self._ask_cuts(now_s + ANSWER_S_MAX)

    def read_kept(self, end_s: float) -> frozenset[str]:
        """The key codes of the pictures that the printer keeps; none if it does not answer.

        It answers in turn: behind a picture that it is told to keep, once that is written.
        """
        self.kept = None
        self.send(codec.ASK_KEPT, end_s)
        end_s = min(end_s, time.monotonic() + STEP_S_MAX)
        self._listen_until(lambda: self.kept is not None, end_s, rousable=False)
        self.kept = self.kept or frozenset()
        return self.kept

    def learn_cuts(self, end_s: float) -> None:
        """Read the count of cuts, once in a connection, from a printer that is ready."""
        now_s = time.monotonic()
        known = self.senses.status(now_s).cut_count.how is How.MEASURED
        if not known and self.senses.ready(now_s):
            self.read_cuts(end_s)

    def learn_identity(self, end_s: float) -> None:
        """Ask the printer who it is, once in a connection, when it is ready and not wanted.

        A job that comes meanwhile goes first, and it is asked again behind that.
        """
        if self._identity_asked or not (self._profile.tells_identity and self.link.two_way):
            return
        if self._words_owed > 0 or self._cuts_owed > 0:
            return
        if not self.senses.ready(time.monotonic()):
            return
        for name, question in codec.ASK_IDENTITY.items():
            self._words = None
            self._words_owed += 1
            self.send(question, end_s)
            if not self._listen_until(lambda: self._words is not None, end_s, rousable=True):
                self._identity_asked = time.monotonic() >= end_s
                return
            self.senses.take_identity(name, self._words or "", time.monotonic())
        self._identity_asked = True

    @property
    def is_in_step(self) -> bool:
        """Whether the link is up, and the printer reads the next byte as a command's first."""
        return self._in_step and self.link.up

    def fall_in_step(self, filler: bytes, end_s: float) -> None:
        """Make sure that the printer will read the next byte as the beginning of a command.

        A till that lost its power in the middle of a picture leaves a printer that waits for the
        rest of it: it takes questions for dots, and would take the next receipt for dots too. So
        a fresh connection first asks for an answer in turn, which proves that all before it was
        read. Where none comes, the open command is filled up with white; clearing the printer's
        buffer instead would throw away what a predecessor's receipt still has there.
        """
        if self._in_step or not self.link.two_way:
            return
        if not (self.senses.heard() and self.answers_in_turn(end_s)):
            # A line may be too slow for all of it: what went out is not asked for again.
            self.send(filler, min(end_s, time.monotonic() + STEP_S_MAX))
            self.ask_all(min(end_s, time.monotonic() + ANSWER_S_MAX), rousable=False)
            if self.senses.heard():
                self.answers_in_turn(end_s)
            self._bytes_owed = 0  # what was asked within a picture was taken for dots
        elif not self._profile.process_id:
            # The byte may have been owed to a till that died; then ours comes right behind it.
            self.ask_all(min(end_s, time.monotonic() + ANSWER_S_MAX), rousable=False)
        # Also without an answer: some clones have none, and shall not be filled up every time.
        self._in_step = True

    def answers_in_turn(self, end_s: float) -> bool:
        """Whether the printer says, in a few seconds, that it has worked off all before."""
        end_s = min(end_s, time.monotonic() + STEP_S_MAX)
        if self._profile.process_id:
            return self.await_fence(self.open_fence(), end_s)
        return self.await_processed(end_s)

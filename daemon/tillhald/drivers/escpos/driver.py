"""An ESC/POS printer as a PosPrinter: says what became of a job, and never more than it knows."""

from __future__ import annotations

import contextlib
import random
import time
from collections import deque
from typing import Final

import msgspec
from msgspec.structs import replace

from tillhald.devices.categories import (
    Completion,
    Confirmed,
    Evidence,
    FailedBeforeStart,
    FailedPartial,
    PrinterCapabilities,
    PrinterStatus,
    PrintOutcome,
    Pulse,
    Trouble,
    Unconfirmed,
)
from tillhald.devices.errors import (
    DeviceClosing,
    DeviceError,
    DeviceOffline,
    DeviceTimeout,
    RetrySafety,
)
from tillhald.devices.options import Shown
from tillhald.devices.permission import Permission
from tillhald.devices.wake import Wake
from tillhald.domain.document import Logo, PrintDocument
from tillhald.domain.layout import Block, Paper, lay_out
from tillhald.domain.preflight import Problem, check
from tillhald.drivers.escpos import codec, symbols
from tillhald.drivers.escpos.dialogue import Dialogue
from tillhald.drivers.escpos.ports import PortOptions, link_to
from tillhald.drivers.escpos.profiles import MULTIBYTE_PRELUDES, PROFILES
from tillhald.drivers.escpos.raster import Pen
from tillhald.drivers.escpos.status import ANSWER_S_MAX
from tillhald.failpoints import reach

BEAT_S: Final = 2.0
"""How often an idle printer is asked how it is."""
LATELY_S: Final = 1.1 * BEAT_S
"""A status so new is not asked for again before a job: on a slow network each question counts."""
SILENT_S_MAX: Final = 2.0
"""How long a printer that has never said a word is waited for after a job."""
PROOF_S_MAX: Final = 3.0
"""How long a printer that was lost behind a whole job is waited for, to ask if it cut."""
PROOF_PAUSE_S: Final = 0.2
PERMISSION_S_MAX: Final = 2.0
"""How long a job that is ready holds the port: a drawer may hang on it."""
LOGOS_TRIED_MAX: Final = 64
BACK_OFF_S_MIN: Final = 0.5
BACK_OFF_S_MAX: Final = 15.0


class EscposOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of one printer; README.md describes them."""

    port: PortOptions
    profile: Shown
    multibyte: Shown | None = None
    font: Shown | None = None

    def __post_init__(self) -> None:
        """Refuse, with a ValueError, names that this driver does not know."""
        for name, known in ((self.profile, PROFILES), (self.multibyte, MULTIBYTE_PRELUDES)):
            if name is not None and name not in known:
                message = f"{name!r} is not one of {', '.join(sorted(known))}"
                raise ValueError(message)


class EscposPrinter:
    """See PosPrinter for the contract."""

    def __init__(self, device_id: str, options: EscposOptions, wake: Wake) -> None:
        """Read `options.font`, or raise OSError; no other I/O."""
        self._profile = profile = PROFILES[options.profile]
        self._pen = Pen(options.font)
        self._wake = wake
        multibyte = options.multibyte or profile.multibyte
        self._paper = Paper(
            columns=profile.columns,
            dots=profile.dots,
            code_pages=tuple(page for page, _ in profile.code_pages),
            multibyte=None if multibyte == "none" else multibyte,
            pdf417=profile.pdf417,
            keeps_pictures=profile.keeps_pictures,
        )
        self._filler = codec.filler(self._paper)
        self._dialogue = Dialogue(link_to(options.port, device_id, wake), profile)
        self._two_way = self._dialogue.link.two_way
        self._tried: deque[str] = deque(maxlen=LOGOS_TRIED_MAX)
        self._memory_writes = 0
        self._next_beat_s = 0.0
        self._next_attempt_s = 0.0
        self._back_off_s = BACK_OFF_S_MIN

    @property
    def capabilities(self) -> PrinterCapabilities:
        """See PosPrinter."""
        completion = Completion.PRINTED if self._profile.process_id else Completion.PROCESSED
        return PrinterCapabilities(
            paper=self._paper,
            dots_per_inch=self._profile.dots_per_inch,
            papercut=self._profile.papercut,
            completion=completion if self._two_way else Completion.NONE,
            cut_counter=self._profile.cut_counter and self._two_way,
            raster_text=self._pen.has_font,
        )

    def check(self, document: PrintDocument) -> list[Problem]:
        """See PosPrinter."""
        return check(document, self._paper, self._pen.covers)

    def status(self, deadline_s: float) -> PrinterStatus:
        """See PosPrinter."""
        if deadline_s > 0:
            end_s = time.monotonic() + deadline_s
            try:
                if self._dialogue.connect(end_s, rousable=False):
                    self._dialogue.ask_all(end_s, rousable=False)
                    self._dialogue.learn_cuts(min(end_s, time.monotonic() + ANSWER_S_MAX))
            except DeviceClosing:
                raise
            except DeviceError:
                pass  # the readings say so
        status = self._dialogue.senses.status(time.monotonic())
        return replace(status, memory_writes=self._memory_writes)

    def print(
        self,
        document: PrintDocument,
        deadline_s: float,
        cuts_before: int | None = None,
        go: Permission | None = None,
    ) -> PrintOutcome:
        """See PosPrinter."""
        end_s = time.monotonic() + deadline_s
        problems = self.check(document)
        if problems:
            return FailedBeforeStart(Trouble(problems[0].reason), RetrySafety.NEVER)
        blocks = lay_out(document, self._paper)
        failure = self._make_ready(end_s, cuts_before) or self._keep_logos(blocks, end_s)
        if failure is not None:
            return failure
        kept = self._dialogue.kept or frozenset()
        job = codec.encode(blocks, self._paper, self._profile, self._pen, kept)
        failure = self._await(go, cuts_before, end_s) if go is not None else None
        return failure or self._deliver(
            job, codec.cuts_in(blocks), end_s, failpoint="printer.mid_print"
        )

    def count_cuts(self, deadline_s: float) -> int | None:
        """See PosPrinter."""
        end_s = time.monotonic() + deadline_s
        try:
            if self._trouble_before(end_s) is not None or not self._dialogue.answers_in_turn(end_s):
                return None
            return self._dialogue.read_cuts(min(end_s, time.monotonic() + ANSWER_S_MAX))
        except DeviceError:
            return None

    def pulse_drawer(self, pulse: Pulse, deadline_s: float) -> PrintOutcome:
        """See PosPrinter."""
        end_s = time.monotonic() + deadline_s
        if pulse.now:
            return self._pulse_now(codec.real_time_pulse(pulse.pin, pulse.on_ms), end_s)
        job = codec.queued_pulse(pulse.pin, pulse.on_ms, pulse.off_ms)
        return self._make_ready(end_s) or self._deliver(job, 0, end_s, failpoint=None)

    def poll(self, timeout_s: float) -> list[str]:
        """See PosPrinter."""
        end_s = time.monotonic() + timeout_s
        try:
            if self._dialogue.link.up:
                self._converse(end_s)
            else:
                self._mend(end_s)
        except DeviceClosing:
            raise
        except DeviceError:
            self._schedule_attempt()
        return self._dialogue.take_late_fences()

    def close(self) -> None:
        """See PosPrinter."""
        self._dialogue.link.close()

    # --- between jobs ---

    def _converse(self, end_s: float) -> None:
        now_s = time.monotonic()
        if now_s >= self._next_beat_s and now_s < end_s:
            self._next_beat_s = now_s + BEAT_S
            if self._dialogue.ask_all(end_s, rousable=True):
                self._back_off_s = BACK_OFF_S_MIN
                return  # so that what it said is told before anything else is done
        self._dialogue.learn_identity(min(end_s, time.monotonic() + ANSWER_S_MAX))
        self._dialogue.keep_count()
        symbols.load()  # half a second, once: while nobody waits for this printer
        if self._dialogue.senses.silent(time.monotonic()) and self._dialogue.give_up_if_absent():
            self._schedule_attempt()
            return
        self._dialogue.listen(max(end_s - time.monotonic(), 0), rousable=True)

    def _mend(self, end_s: float) -> None:
        now_s = time.monotonic()
        if now_s < self._next_attempt_s:
            symbols.load()
            pause_s = max(min(end_s, self._next_attempt_s) - time.monotonic(), 0)
            self._wake.wait(None, 0, pause_s, rousable=True)
        elif self._dialogue.connect(end_s, rousable=True):
            self._next_beat_s = 0.0

    def _schedule_attempt(self) -> None:
        jitter = random.uniform(0.75, 1.25)  # noqa: S311 - tills that lost one switch, no secret
        self._next_attempt_s = time.monotonic() + self._back_off_s * jitter
        self._back_off_s = min(self._back_off_s * 2, BACK_OFF_S_MAX)

    # --- a job ---

    def _deliver(
        self, job: bytes, cuts: int, end_s: float, *, failpoint: str | None
    ) -> PrintOutcome:
        before = self._dialogue.cuts
        if cuts:
            self._dialogue.senses.forget_cuts()
        failure = self._send(job, end_s, failpoint)
        if failure is not None:
            return failure
        ticket = self._dialogue.open_fence()
        try:
            return self._evidence(ticket, end_s)
        except DeviceClosing:
            return Unconfirmed(Trouble.SHUTTING_DOWN, ticket)
        except DeviceError:
            if self._cut_happened(before, cuts, end_s):
                return Confirmed(Evidence.CUT_COUNTER)
            return Unconfirmed(Trouble.LINK_LOST, ticket)

    def _make_ready(self, end_s: float, cuts_before: int | None = None) -> FailedBeforeStart | None:
        """See that the printer can print now, and note its count of cuts."""
        try:
            # Of one that tells all by itself, an answer is enough: it says that it is there.
            is_known = self._is_known_to_be_well()
            cuts = self._dialogue.read_cuts(self._answer_by(end_s)) if is_known else None
            trouble = self._trouble_before(end_s) if cuts is None else None
            if trouble is None:
                if not is_known:
                    cuts = self._dialogue.read_cuts(self._answer_by(end_s))
                if None not in (cuts, cuts_before) and cuts != cuts_before:
                    trouble = Trouble.CUTS_CHANGED
                else:  # it may have said so instead of, or before, its count
                    trouble = self._dialogue.senses.trouble(time.monotonic())
        except DeviceError as error:
            trouble = _trouble_of(error)
        if trouble is None and time.monotonic() >= end_s:
            trouble = Trouble.DEVICE_TIMEOUT
        return FailedBeforeStart(trouble, RetrySafety.SAFE) if trouble is not None else None

    def _is_known_to_be_well(self) -> bool:
        now_s, senses = time.monotonic(), self._dialogue.senses
        is_well = senses.told_within(LATELY_S, now_s) and senses.trouble(now_s) is None
        return is_well and self._dialogue.is_in_step

    def _answer_by(self, end_s: float) -> float:
        return min(end_s, time.monotonic() + ANSWER_S_MAX)

    def _await(
        self, go: Permission, cuts_before: int | None, end_s: float
    ) -> FailedBeforeStart | None:
        """Wait until the job may go. What the printer says meanwhile may say that it cannot."""
        end_s = min(end_s, time.monotonic() + PERMISSION_S_MAX)
        has_spoken = False
        try:
            while not go.given:
                left_s = end_s - time.monotonic()
                if left_s <= 0:
                    return FailedBeforeStart(Trouble.DEVICE_TIMEOUT, RetrySafety.SAFE)
                has_spoken |= self._dialogue.listen(left_s, rousable=True)
                self._wake.hush()
        except DeviceError as error:
            return FailedBeforeStart(_trouble_of(error), RetrySafety.SAFE)
        failure = self._make_ready(end_s, cuts_before) if has_spoken else None
        if failure is None and self._dialogue.cuts != cuts_before:
            # It does not tell its count now: nobody may be there. That is found out the longer way.
            return FailedBeforeStart(Trouble.CUTS_CHANGED, RetrySafety.SAFE)
        return failure

    def _keep_logos(self, blocks: list[Block], end_s: float) -> FailedBeforeStart | None:
        """Have the printer keep the shop's logo: written once in its life, see `kept_logo`.

        Its memory bears so many writes and no more, so each picture is tried once in a run: a
        printer whose memory is full gets it as a picture with every receipt.
        """
        logos = [block for block in blocks if isinstance(block, Logo) and block.content]
        if not (logos and self._paper.keeps_pictures and self._two_way):
            return None
        try:
            kept = self._dialogue.kept
            kept = self._dialogue.read_kept(end_s) if kept is None else kept
            for logo in logos:
                made = codec.kept_logo(logo, self._paper)
                if made is None or made.is_in(kept) or made.key_code in self._tried:
                    continue
                self._tried.append(made.key_code)
                self._memory_writes += 1  # also one that breaks off may have worn it
                self._dialogue.send(made.define, end_s)
                kept = self._dialogue.read_kept(end_s)
                if made.key_code in kept:
                    self._memory_writes += 1
                    self._dialogue.send(made.define_seal, end_s)
                    kept = self._dialogue.read_kept(end_s)
        except DeviceError as error:
            self._dialogue.drop()  # half a picture stands in it: nothing may be appended to that
            return FailedBeforeStart(_trouble_of(error), RetrySafety.SAFE)
        return None

    def _trouble_before(self, end_s: float) -> Trouble | None:
        if not self._dialogue.connect(end_s, rousable=False):
            return Trouble.DEVICE_OFFLINE
        senses = self._dialogue.senses
        answer_end_s = min(end_s, time.monotonic() + ANSWER_S_MAX)
        if senses.told_within(LATELY_S, time.monotonic()):
            # It has told everything and tells every change by itself; is it still there?
            self._dialogue.ask_one(answer_end_s)
        else:
            self._dialogue.ask_all(answer_end_s, rousable=False)
        if senses.trouble(time.monotonic()) is None:
            self._dialogue.catch_up(end_s)
            self._dialogue.fall_in_step(self._filler, end_s)
        if self._dialogue.give_up_if_absent():
            return Trouble.DEVICE_OFFLINE
        return senses.trouble(time.monotonic())

    def _send(
        self, job: bytes, end_s: float, failpoint: str | None
    ) -> FailedBeforeStart | FailedPartial | None:
        """Send the job; None when all of it went out."""
        half = len(job) // 2
        sent = 0
        try:
            self._dialogue.send(job[:half], end_s)
            sent = half
            if failpoint is not None:
                reach(failpoint)
            self._dialogue.send(job[half:], end_s)
        except DeviceError as error:
            sent += error.bytes_sent
            if sent == 0:
                return FailedBeforeStart(_trouble_of(error), RetrySafety.SAFE)
            # What stands in the printer is half a job: nothing may be appended to it.
            self._dialogue.drop()
            return FailedPartial(sent, _trouble_of(error))
        return None

    def _evidence(self, ticket: str, end_s: float) -> PrintOutcome:
        senses = self._dialogue.senses
        if not self._two_way:
            return Unconfirmed(Trouble.NO_ANSWER, "")
        if not senses.heard():
            end_s = min(end_s, time.monotonic() + SILENT_S_MAX)
        if self._profile.process_id:
            if self._dialogue.await_fence(ticket, end_s):
                if self._dialogue.cuts is not None:
                    # So that the next job begins with the right count; this one is proven.
                    with contextlib.suppress(DeviceError):
                        self._dialogue.read_cuts(min(end_s, time.monotonic() + ANSWER_S_MAX))
                return Confirmed(Evidence.PROCESS_ID)
        elif self._dialogue.await_processed(end_s):
            self._dialogue.ask_all(end_s, rousable=False)
            if senses.ready(time.monotonic()):
                return Unconfirmed(Trouble.PROCESSED_ONLY, ticket)
        trouble = senses.trouble(time.monotonic()) or Trouble.NO_ANSWER
        self._dialogue.give_up_if_absent()
        return Unconfirmed(trouble, ticket)

    def _cut_happened(self, before: int | None, cuts: int, end_s: float) -> bool:
        """Ask a printer that came back whether it cut this job off: the count says so."""
        if before is None or cuts == 0:
            return False
        end_s = min(end_s, time.monotonic() + PROOF_S_MAX)
        while (left_s := end_s - time.monotonic()) > 0:
            try:
                if self._dialogue.connect(end_s, rousable=False):
                    return self._dialogue.read_cuts(end_s) == before + cuts
            except DeviceOffline:
                pass
            except DeviceError:
                return False
            with contextlib.suppress(DeviceClosing):
                self._wake.wait(None, 0, min(left_s, PROOF_PAUSE_S), rousable=False)
        return False

    def _pulse_now(self, pulse: bytes, end_s: float) -> PrintOutcome:
        try:
            if not self._dialogue.connect(end_s, rousable=False):
                return FailedBeforeStart(Trouble.DEVICE_OFFLINE, RetrySafety.SAFE)
            if self._dialogue.senses.absent(time.monotonic()):
                self._dialogue.ask_all(min(end_s, time.monotonic() + ANSWER_S_MAX), rousable=False)
                if self._dialogue.give_up_if_absent():
                    return FailedBeforeStart(Trouble.DEVICE_OFFLINE, RetrySafety.SAFE)
        except DeviceError as error:
            return FailedBeforeStart(_trouble_of(error), RetrySafety.SAFE)
        try:
            self._dialogue.send(pulse, end_s)
            # Real-time commands are obeyed in order: an answer to the next one says that the
            # printer has seen this one.
            if self._dialogue.ask_all(end_s, rousable=False):
                return Unconfirmed(Trouble.PROCESSED_ONLY, "")
        except DeviceError as error:
            return Unconfirmed(_trouble_of(error), "")
        return Unconfirmed(Trouble.NO_ANSWER, "")


def _trouble_of(error: DeviceError) -> Trouble:
    match error:
        case DeviceClosing():
            return Trouble.SHUTTING_DOWN
        case DeviceTimeout():
            return Trouble.DEVICE_TIMEOUT
        case DeviceOffline() if error.bytes_sent > 0:
            return Trouble.LINK_LOST
        case _:
            return Trouble.DEVICE_OFFLINE

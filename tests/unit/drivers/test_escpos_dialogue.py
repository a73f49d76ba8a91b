"""What a printer is asked, and that no answer is taken for one to another question."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import pytest

from tillhald.devices.categories import How
from tillhald.devices.link import Link
from tillhald.drivers.escpos import codec
from tillhald.drivers.escpos import dialogue as dialogue_module
from tillhald.drivers.escpos.dialogue import Dialogue
from tillhald.drivers.escpos.profiles import PROFILES

READY = {b"\x10\x04\x01": b"\x16", b"\x10\x04\x02": b"\x12", b"\x10\x04\x03": b"\x12"}
READY[b"\x10\x04\x04"] = b"\x12"
IDENTITY = {
    codec.ASK_IDENTITY["maker"]: b"_EPSON\0",
    codec.ASK_IDENTITY["model"]: b"_TM-T88V\0",
    codec.ASK_IDENTITY["serial"]: b"_12345\0",
}
CUTS = {codec.READ_CUTS: b"_77\0"}
COVER_OPEN, WELL = b"\x38\0\0\0", b"\x10\0\0\0"


class Script(Link):
    """A line on which each question gets what stands in `answers`, and more when it is `told`."""

    def __init__(self, answers: dict[bytes, bytes], *, finds_printer: bool = True) -> None:
        self.answers = answers
        self._finds_printer = finds_printer
        self.sent: list[bytes] = []
        self.pending: deque[bytes] = deque()
        self.waits = 0
        self._up = True

    @property
    def up(self) -> bool:
        return self._up

    @property
    def two_way(self) -> bool:
        return True

    @property
    def finds_printer(self) -> bool:
        return self._finds_printer

    def send(self, data: bytes, end_s: float, hear: Callable[[bytes], None]) -> None:
        self.sent.append(data)
        if data in self.answers:
            self.pending.append(self.answers[data])

    def receive(self, timeout_s: float, *, rousable: bool) -> bytes:
        self.waits += not self.pending
        return self.pending.popleft() if self.pending else b""

    def drop(self) -> None:
        self._up = False


def dialogue_on(answers: dict[bytes, bytes], profile: str = "tm_t88v") -> tuple[Dialogue, Script]:
    line = Script(answers)
    dialogue = Dialogue(line, PROFILES[profile])
    dialogue._begin()
    assert dialogue.ask_all(time.monotonic() + 1, rousable=False)
    return dialogue, line


def test_what_a_line_still_owed_is_not_taken_for_the_answer_to_what_is_asked_next() -> None:
    """A line that stood answers at last, one byte after the other, in the next connection."""
    line = Script({}, finds_printer=False)
    dialogue = Dialogue(line, PROFILES["tm_t88v"])
    dialogue._begin()
    for _ in range(2):
        assert not dialogue.ask_all(time.monotonic() + 0.05, rousable=False)
    dialogue.drop()
    # With the drawer's pin high, the answer to the first question says to the second: cover open.
    line.pending.extend([b"\x16", b"\x16"])
    line.answers = READY
    dialogue._begin()
    assert dialogue.ask_all(time.monotonic() + 1, rousable=False)
    now_s = time.monotonic()
    assert dialogue.senses.trouble(now_s) is None
    assert dialogue.senses.status(now_s).drawer_pin_high.value is True
    assert not line.pending


def test_a_new_connection_that_finds_the_printer_owes_nothing() -> None:
    line = Script({})
    dialogue = Dialogue(line, PROFILES["tm_t88v"])
    dialogue._begin()
    assert not dialogue.ask_all(time.monotonic() + 0.05, rousable=False)
    dialogue.drop()
    line.answers = READY
    dialogue._begin()
    line.waits = 0
    assert dialogue.ask_all(time.monotonic() + 1, rousable=False)
    assert line.waits == 0  # for what cannot come


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialogue_module, "PERSON_S_MAX", 0.05)


def test_a_clone_whose_cover_is_shut_again_at_once_is_waited_for() -> None:
    said = COVER_OPEN + WELL + b"\0"
    dialogue, _ = dialogue_on(READY | {codec.ASK_PROCESSED: said}, "generic_80")
    assert dialogue.await_processed(time.monotonic() + 1)


@pytest.mark.usefixtures("no_patience")
def test_a_clone_that_needs_a_person_is_not_waited_for_as_long_as_a_job_may_take() -> None:
    dialogue, _ = dialogue_on(READY | {codec.ASK_PROCESSED: COVER_OPEN}, "generic_80")
    end_s = time.monotonic() + 2
    assert not dialogue.await_processed(end_s)
    assert time.monotonic() < end_s  # a drawer hangs on it, too


@pytest.mark.usefixtures("no_patience")
def test_the_byte_for_the_job_before_is_not_taken_for_one_about_this_job() -> None:
    dialogue, line = dialogue_on(READY | {codec.ASK_PROCESSED: COVER_OPEN}, "generic_80")
    assert not dialogue.await_processed(time.monotonic() + 1)
    line.pending.append(WELL)
    assert dialogue.listen(0, rousable=False)
    line.answers[codec.ASK_PROCESSED] = b"\0"  # it answers: for the job before
    assert not dialogue.await_processed(time.monotonic() + 0.05)
    line.pending.append(b"\0")
    dialogue.catch_up(time.monotonic() + 1)
    assert dialogue.await_processed(time.monotonic() + 1)


def test_a_byte_that_a_clone_lost_is_not_waited_for_for_ever() -> None:
    dialogue, line = dialogue_on(READY, "generic_80")
    assert not dialogue.await_processed(time.monotonic() + 0.05)
    dialogue.catch_up(time.monotonic() + 0.05)
    line.answers = READY | {codec.ASK_PROCESSED: b"\0"}
    assert dialogue.await_processed(time.monotonic() + 1)


@pytest.mark.usefixtures("no_patience")
def test_what_a_clone_owes_is_not_forgotten_while_it_needs_a_person() -> None:
    dialogue, line = dialogue_on(READY | {codec.ASK_PROCESSED: COVER_OPEN}, "generic_80")
    assert not dialogue.await_processed(time.monotonic() + 1)
    dialogue.catch_up(time.monotonic() + 1)
    line.pending.append(WELL)
    assert dialogue.listen(0, rousable=False)
    line.answers[codec.ASK_PROCESSED] = b"\0"
    assert not dialogue.await_processed(time.monotonic() + 0.05)


def identity(dialogue: Dialogue) -> list[str | None]:
    status = dialogue.senses.status(time.monotonic())
    return [status.maker.value, status.model.value, status.serial.value]


def test_a_ready_printer_is_asked_once_in_a_connection() -> None:
    dialogue, line = dialogue_on(READY | IDENTITY)
    for _ in range(3):
        dialogue.learn_identity(time.monotonic() + 0.2)
    assert identity(dialogue) == ["EPSON", "TM-T88V", "12345"]
    assert [question for question in line.sent if question in IDENTITY] == list(IDENTITY)
    assert dialogue.senses.status(time.monotonic() + 60).serial.how is How.MEASURED
    dialogue.drop()
    assert dialogue.senses.status(time.monotonic()).serial.how is How.STALE


def test_a_printer_that_is_not_ready_is_not_asked() -> None:
    dialogue, line = dialogue_on(READY | IDENTITY | {b"\x10\x04\x01": b"\x1e"})
    dialogue.learn_identity(time.monotonic() + 0.2)
    assert not set(line.sent) & set(IDENTITY)
    assert identity(dialogue) == [None, None, None]


def test_a_serial_number_that_comes_late_is_not_taken_for_the_count_of_cuts() -> None:
    late = dict(IDENTITY)
    number = late.pop(codec.ASK_IDENTITY["serial"])
    dialogue, line = dialogue_on(READY | late | CUTS)
    dialogue.learn_identity(time.monotonic() + 0.05)
    line.pending.append(number)
    assert dialogue.read_cuts(time.monotonic() + 0.5) == 77


def test_a_printer_that_never_says_who_it_is_still_tells_its_cuts() -> None:
    dialogue, _line = dialogue_on(READY | CUTS)
    dialogue.learn_identity(time.monotonic() + 0.05)
    assert identity(dialogue) == [None, None, None]
    # The first answer may be the one that was owed; the next one is not.
    assert dialogue.read_cuts(time.monotonic() + 0.05) in (None, 77)
    assert dialogue.read_cuts(time.monotonic() + 0.05) == 77


@pytest.mark.parametrize("content", [b"_\x07\x07\0", b"_\xff\xfe\0"])
def test_noise_in_place_of_a_name_is_no_name(content: bytes) -> None:
    noisy = dict.fromkeys(IDENTITY, content)
    dialogue, _ = dialogue_on(READY | noisy)
    dialogue.learn_identity(time.monotonic() + 0.2)
    assert not any(value and "\x07" in value for value in identity(dialogue))

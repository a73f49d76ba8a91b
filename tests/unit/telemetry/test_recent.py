"""The last log lines: bounded, whatever is logged, and without the texts of exceptions."""

from __future__ import annotations

import errno
import json
import threading

from hypothesis import given
from hypothesis import strategies as st

from tillhald.telemetry.recent import LINE_BYTES_MAX, RecentLines
from tillhald.telemetry.wording import CAUSES_MAX, FRAMES_MAX, named, trouble_of, utc


def kept(lines: RecentLines) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines.lines()[1]]


@given(st.lists(st.text(max_size=200), max_size=50), st.integers(min_value=1, max_value=2_000))
def test_the_latest_lines_are_kept_within_the_limit(texts: list[str], bytes_max: int) -> None:
    lines = RecentLines(bytes_max)
    for number, text in enumerate(texts):
        lines.keep(None, "info", {"event": "said", "n": number, "why": text})
    passed, stored = lines.lines()
    assert sum(map(len, stored)) <= bytes_max
    assert passed + len(stored) == len(texts)
    assert [json.loads(line)["n"] for line in stored] == list(range(passed, len(texts)))


def test_a_line_is_handed_on_as_it_came() -> None:
    entry = {"event": "said", "exc_info": ValueError("x")}
    assert RecentLines().keep(None, "info", entry) is entry
    assert set(entry) == {"event", "exc_info"}


class Loop(dict):  # type: ignore[type-arg]
    """Holds itself."""

    def __init__(self) -> None:
        self["loop"] = self


class Unsayable:
    def __str__(self) -> str:
        raise ValueError("no words")


def test_what_cannot_be_written_down_ends_nothing() -> None:
    lines = RecentLines()
    for odd in (Loop(), Unsayable(), 1 << 200, "\ud800", {1: {2: object()}}, b"\xff"):
        lines.keep(None, "info", {"event": "odd", "odd": odd})
    assert len(kept(lines)) == 6
    assert {entry["event"] for entry in kept(lines)} == {"odd"}


def test_an_endless_line_is_named_and_not_kept() -> None:
    lines = RecentLines()
    lines.keep(None, "info", {"event": "long", "level": "info", "why": "x" * LINE_BYTES_MAX})
    (entry,) = kept(lines)
    assert entry["event"] == "long"
    assert "bytes" in str(entry["not_kept"])


def test_lines_from_many_threads_are_all_counted() -> None:
    lines = RecentLines(5_000)

    def say() -> None:
        for number in range(500):
            lines.keep(None, "info", {"event": "said", "n": number})

    threads = [threading.Thread(target=say) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed, stored = lines.lines()
    assert passed + len(stored) == 2_000
    assert sum(map(len, stored)) <= 5_000


# --- exceptions


def fail(depth: int) -> None:
    if depth:
        fail(depth - 1)
    raise OSError(errno.ENOSPC, "/secret/path")


def test_an_exception_tells_its_class_its_system_error_and_where_it_was_raised() -> None:
    try:
        fail(2)
    except OSError as error:
        (told,) = trouble_of(error)
        assert named(error) == "OSError: ENOSPC No space left on device"
    assert told["class"] == "OSError"
    assert told["system_error"] == "ENOSPC No space left on device"
    places = told["at"]
    assert isinstance(places, list)
    assert len(places) == 4
    assert places[-1].startswith("unit/telemetry/test_recent.py:")
    assert places[-1].endswith(" in fail")
    assert "secret" not in json.dumps(told)


def test_causes_are_told_and_bounded_also_where_they_go_in_a_circle() -> None:
    try:
        try:
            fail(100)
        except OSError as cause:
            raise KeyError("secret") from cause
    except KeyError as error:
        told = trouble_of(error)
        assert [part["class"] for part in told] == ["KeyError", "OSError"]
        assert len(told[1]["at"]) == FRAMES_MAX  # type: ignore[arg-type]
        first = error
    other = ValueError()
    first.__cause__, other.__cause__ = other, first
    assert len(trouble_of(first)) == CAUSES_MAX


def test_a_group_names_what_is_in_it() -> None:
    (told,) = trouble_of(ExceptionGroup("secret", [ValueError("secret"), OSError(5, "secret")]))
    assert told["group_of"] == ["ValueError", "OSError: EIO Input/output error"]


def test_the_exception_that_is_being_handled_is_meant_by_true() -> None:
    lines = RecentLines()
    try:
        raise ValueError("secret")
    except ValueError:
        lines.keep(None, "error", {"event": "failed", "exc_info": True})
    (entry,) = kept(lines)
    assert entry["exception"][0]["class"] == "ValueError"  # type: ignore[index]
    lines.keep(None, "error", {"event": "calm", "exc_info": True})
    assert "exception" not in kept(lines)[1]


def test_a_clock_may_say_anything() -> None:
    assert utc(0) == "1970-01-01T00:00:00.000Z"
    assert utc(1_767_225_600_007) == "2026-01-01T00:00:00.007Z"
    assert utc(10**18) == f"{10**18} ms"
    assert utc(-(10**18)) == f"{-(10**18)} ms"

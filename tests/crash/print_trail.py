"""How it came to what the judge finds: all that was done and said about one receipt, in time.

Four witnesses: who torments the printer and kills the till; the printer's own log of commands and
answers; the till's journal; the till's log. Their clocks are one machine's.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tests.support.answers import journal_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from hwsim.printer import VirtualPrinter
    from tests.support.till import Calls
    from tillhal.v1 import journal_pb2

NOTES_MAX = 200_000
BEFORE_S, BEHIND_S = 2.0, 1.0
"""So much of what came before the first and after the last word of a receipt belongs to it."""
EVIDENCE = ("GS ( H", "GS g", "GS a", "GS r", "GS V", "DLE", "ESC @", "ESC i")
"""Commands and answers that tell what became of a receipt; the others print it."""


class Note(NamedTuple):
    """At this time, by the wall clock, a witness saw this."""

    at_s: float
    witness: str
    what: str


class Trail:
    """What happened in a lane. For its thread and that of its printer."""

    def __init__(self) -> None:
        """Nothing has happened."""
        self._notes: list[Note] = []
        self._commands_s = self._answers_s = 0.0

    def note(self, what: str) -> None:
        """The campaign itself does something now."""
        self._keep(Note(time.time(), "hand", what))

    def read_wire(self, printer: VirtualPrinter) -> None:
        """Take what the printer's own log has got since the last time; it keeps only the newest."""
        since_s = time.time() - time.monotonic()
        for entry in printer.log:
            if entry.at_s > self._commands_s and entry.name.startswith(EVIDENCE):
                self._keep(Note(entry.at_s + since_s, "to", f"{entry.name} {_shown(entry.data)}"))
        for answer in printer.answered:
            if answer.at_s > self._answers_s:
                self._keep(
                    Note(answer.at_s + since_s, "from", f"{answer.to}: {_shown(answer.data)}")
                )
        self._commands_s = max([self._commands_s, *(entry.at_s for entry in printer.log)])
        self._answers_s = max([self._answers_s, *(each.at_s for each in printer.answered)])

    def read_journal(self, calls: Calls) -> None:
        """Take the facts about paper, and the till's starts."""
        for record in journal_records(calls):
            for event in record.events:
                self._keep_fact(record, event)

    def _keep_fact(
        self, record: journal_pb2.JournalRecord, event: journal_pb2.JournalEvent
    ) -> None:
        facts = json.loads(event.facts_json)
        if not event.kind.startswith(("Print", "Job", "TillStarted")):
            return
        at_s = record.time.ToMicroseconds() / 1e6
        self._keep(Note(at_s, "fact", f"{record.seq} {event.kind} {json.dumps(facts)}"))

    def read_log(self, log: Path) -> None:
        """Take what the till said."""
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                said = json.loads(line)
                at_s = datetime.fromisoformat(said.pop("timestamp")).timestamp()
            except (ValueError, KeyError, AttributeError):
                continue  # a naive policy says nothing, and a traceback is no JSON
            self._keep(Note(at_s, "log", json.dumps(said)))

    def _keep(self, note: Note) -> None:
        if len(self._notes) < NOTES_MAX:
            self._notes.append(note)

    def of(self, receipt: int) -> list[str]:
        """The lines about one receipt, with what stands around them."""
        # What the printer is told comes before what it answers to that at the same moment.
        notes = sorted(self._notes, key=lambda note: (note.at_s, note.witness == "from"))
        mine = [note.at_s for note in notes if _is_about(receipt, note)]
        if not mine:
            return []
        from_s, to_s = min(mine) - BEFORE_S, max(mine) + BEHIND_S
        return list(_lines(note for note in notes if from_s <= note.at_s <= to_s))


def _is_about(receipt: int, note: Note) -> bool:
    return f'"receipt/{receipt}"' in note.what


def _lines(notes: Iterable[Note]) -> Iterator[str]:
    first_s: float | None = None
    for note in notes:
        first_s = note.at_s if first_s is None else first_s
        yield f"{note.at_s - first_s:8.3f}  {note.witness:5} {note.what}"


def _shown(data: bytes) -> str:
    return data[:16].hex(" ")

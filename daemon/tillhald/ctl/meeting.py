"""Two tills that run: whether both went on from one backup, since when, and what each sold."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import grpc
import typer

from tillhal import TillError
from tillhal.errors import from_rpc
from tillhal.v1 import journal_pb2 as pb
from tillhald.ctl import words
from tillhald.ctl.bars import bar
from tillhald.ctl.compare import FORK, SENTENCES
from tillhald.ctl.connection import (
    EXIT_FAULT,
    beside,
    connected,
    give_up,
    no_answer,
    out,
    show_facts,
    target_for,
    write_json,
)
from tillhald.ctl.interrupt import ended_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tillhal import Till

    Show = Callable[[str, int, int], None]
    HashAt = Callable[[int], tuple[int, bytes]]

R = TypeVar("R")

RECORDS_READ_MAX = 20_000
"""Of each till, from where they parted: to tell what it sold since."""
PROBES_MAX = 64
"""Halvings of as many records as a number of 64 bits can count."""
_READ_S = 60.0


@dataclass(kw_only=True)
class Since:
    """What a till did by itself, from the first record that the other one has not.

    `time`: that record's, local; empty where it cannot be read. `sales`: completed ones, without
    training; their receipts' numbers, 0 for none. `more`: only RECORDS_READ_MAX records were read.
    """

    time: str = ""
    sales: int = 0
    first_receipt: int = 0
    last_receipt: int = 0
    more: bool = False


@dataclass(kw_only=True)
class Met:
    """How the journal of one till stands to another's: as `tillctl journal verify --against` says.

    `common`: the last record that both have. Of a FORK: `differs`, the first record that does, the
    next one unless records between them cannot be read; and what each did from there on.
    """

    relation: str
    common: int
    here_seq: int
    there_seq: int
    here_incarnation: int
    there_incarnation: int
    differs: int | None = None
    here_since: Since | None = None
    there_since: Since | None = None


class _Side(NamedTuple):
    """One of the two tills."""

    target: str
    till: Till

    def ask(self, question: Callable[[], R]) -> R:
        """Its answer; without one the command ends, and says which of the two gave none."""
        try:
            return question()
        except (TillError, ValueError) as error:
            no_answer(error, self.target)

    def status(self) -> pb.JournalServiceGetStatusResponse:
        return self.ask(self.till.journal_status)

    def verified(self, other: pb.JournalServiceGetStatusResponse, show: Show) -> pb.VerifyResult:
        """Have the journal checked, and compared with the other one's last record."""
        position = pb.JournalPosition(
            chain_id=other.chain_id, seq=other.head_seq, hash=other.head_hash
        )

        def check() -> pb.VerifyResult:
            result = pb.VerifyResult()
            for step in self.till.verify_journal(others=[position]):
                show(f"checking {self.target}", step.progress.done, step.progress.total)
                result = step.result
            return result

        result = self.ask(check)
        forks = sum(each.relation == pb.JOURNAL_RELATION_FORK for each in result.meetings)
        if len(result.findings) > forks:
            give_up(
                f"The journal of the till at {self.target} has a fault itself: "
                f"tillctl journal verify --address {self.target}"
            )
        return result

    def records(self, after_seq: int) -> Iterator[pb.JournalRecord]:
        """The records that can be read after that number, up to the last one there is."""
        request = pb.WatchJournalRequest(cursor=after_seq)
        call = self.till.stubs.journal.WatchJournal(
            request, timeout=_READ_S, metadata=self.till.metadata
        )
        try:
            for item in call:
                if item.HasField("caught_up"):
                    return
                if item.HasField("record"):
                    yield item.record
        except grpc.RpcError as error:
            raise from_rpc(error, request) from error
        finally:
            call.cancel()

    def hash_at(self, seq: int) -> tuple[int, bytes]:
        """The hash of that record; where it cannot be read, of the next one that is known."""

        def look() -> tuple[int, bytes]:
            record = next(self.records(seq - 1), None)
            if record is None:
                give_up(f"The till at {self.target} cannot read record {seq}, nor any behind it.")
            return (seq, record.hash) if record.seq == seq else (record.seq - 1, record.prev_hash)

        return self.ask(look)

    def since(self, seq: int) -> Since:
        """What it did after that record."""

        def read() -> Since:
            found = Since()
            for count, record in enumerate(self.records(seq)):
                if count == RECORDS_READ_MAX:
                    found.more = True
                    break
                found.time = found.time or words.local_time(record.time)
                _count_sales(found, record)
            return found

        return self.ask(read)


def meet(address: str | None, other: str, *, as_json: bool) -> None:
    """Ask two tills about one another. Exits with 1 for a fork."""
    with connected(address) as till, beside(other) as another:
        here = _Side(target_for(address), till)
        there = _Side(target_for(other), another)

        def end() -> None:
            till.close()
            another.close()

        with ended_by(end), bar(hidden=as_json) as show:
            met = _met(here, there, show)
    if as_json:
        write_json({name: told for name, told in asdict(met).items() if told is not None})
    else:
        _show(met, here.target, there.target)
    if met.relation == FORK:
        raise typer.Exit(EXIT_FAULT)


def _met(here: _Side, there: _Side, show: Show) -> Met:
    at_here, at_there = here.status(), there.status()
    met = Met(
        relation="strangers",
        common=0,
        here_seq=at_here.head_seq,
        there_seq=at_there.head_seq,
        here_incarnation=at_here.incarnation,
        there_incarnation=at_there.incarnation,
    )
    if at_here.chain_id == at_there.chain_id:
        # Whoever is behind cannot tell: so both are asked.
        (of_there,) = here.verified(at_there, show).meetings
        (of_here,) = there.verified(at_here, show).meetings
        forks = [
            each.seq for each in (of_there, of_here) if each.relation == pb.JOURNAL_RELATION_FORK
        ]
        if forks:
            met.relation = FORK
            met.common, met.differs = parted(here.hash_at, there.hash_at, min(forks), show)
            met.here_since = here.since(met.differs - 1)
            met.there_since = there.since(met.differs - 1)
        else:
            met.relation, met.common = _without_fork(of_there, of_here)
    return met


def _without_fork(of_there: pb.JournalMeeting, of_here: pb.JournalMeeting) -> tuple[str, int]:
    relations = {pb.JOURNAL_RELATION_SAME: "same", pb.JOURNAL_RELATION_GOES_ON: "goes_on"}
    if of_there.relation in relations:
        return relations[of_there.relation], of_there.seq
    if of_here.relation not in relations:
        give_up(f"It cannot be told. {of_there.message} The other till says: {of_here.message}")
    return "ends_earlier", of_here.seq


def parted(here: HashAt, there: HashAt, differs: int, show: Show) -> tuple[int, int]:
    """The last record that both are known to have, and the first that is known to differ.

    In between are none, but for those that one of them cannot read. `differs`: one that differs.
    """
    common, end = 0, differs  # what is readable from `end` to `differs` is known
    for probe in range(PROBES_MAX):
        if end - common <= 1:
            break
        show("looking for the place", probe, probe + (end - common).bit_length())
        middle = (common + end) // 2
        seq, ours, theirs = _both_at(here, there, middle, differs)
        if seq >= differs:
            end = middle
        elif ours == theirs:
            common = seq
        else:
            differs = end = seq
    return common, differs


def _both_at(here: HashAt, there: HashAt, seq: int, limit: int) -> tuple[int, bytes, bytes]:
    """The first record from `seq` on whose hash both know, unless that is behind `limit`."""
    while True:
        at, ours = here(seq)
        seq, theirs = there(at)
        if seq == at or seq >= limit:
            return seq, ours, theirs


def _count_sales(found: Since, record: pb.JournalRecord) -> None:
    for event in record.events:
        if event.kind != "SaleCompleted":
            continue
        facts = json.loads(event.facts_json)
        if not facts.get("training"):
            found.sales += 1
            found.first_receipt = found.first_receipt or facts["receipt_number"]
            found.last_receipt = facts["receipt_number"]


def _show(met: Met, here: str, there: str) -> None:
    is_fork = met.relation == FORK
    out.print(
        SENTENCES[met.relation].format(common=met.common), style="bold red" if is_fork else "green"
    )
    both = (
        (here, met.here_seq, met.here_incarnation, met.here_since),
        (there, met.there_seq, met.there_incarnation, met.there_since),
    )
    show_facts(
        [
            (
                f"the till at {target}",
                f"{seq} records, incarnation {incarnation}{_told(since)}",
            )
            for target, seq, incarnation, since in both
        ]
    )
    if met.differs is not None and met.differs > met.common + 1:
        out.print(
            f"Records {met.common + 1} to {met.differs - 1} cannot be read on one of them: "
            "it may have been there already."
        )
    if met.here_since and met.there_since:
        out.print(advice(met.here_since, met.there_since, here, there), markup=False)


def _told(since: Since | None) -> str:
    if since is None:
        return ""
    begun = f"; by itself since {since.time}" if since.time else "; by itself since"
    sold = f"{'at least ' if since.more else ''}{words.count(since.sales, 'sale')}"
    return f"{begun}: {sold}{_receipts(since.first_receipt, since.last_receipt)}"


def _receipts(first: int, last: int) -> str:
    if not first:
        return ""
    return f", receipt {first}" if first == last else f", receipts {first} to {last}"


def advice(ours: Since, theirs: Since, here: str, there: str) -> str:
    """What to do about a fork, for whom the shop belongs to."""
    idle = [
        where for where, since in ((here, ours), (there, theirs)) if not since.sales + since.more
    ]
    if len(idle) == 1:
        return (
            f"Only one of them has sold since. Take the other one, at {idle[0]}, out of use; "
            "keep its journal. No sale is lost."
        )
    if idle:
        return "Neither has sold since. Take one machine out of use, and keep its journal."
    told = (
        "Both have sold since. Keep both journals; take one machine out of use now; enter what it "
        "sold alone as slips on the other, or settle it with your accountant."
    )
    first = max(ours.first_receipt, theirs.first_receipt)
    last = min(ours.last_receipt, theirs.last_receipt)
    if first <= last:
        told += f" Given twice{_receipts(first, last).replace(',', ':')}."
    return told

"""The judge of the print campaign: what is on paper, beside what was said of it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from tillhal.v1 import printer_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_NUMBER = re.compile(r"^Receipt (\d+) ", re.MULTILINE)
_COPY = re.compile(r"^\s*\*\*\* COPY (\d+) \*\*\*", re.MULTILINE)
_HEAD = "THE CORNER SHOP\n"
_END = "Served by: default"


class Said(NamedTuple):
    """What was said of each receipt. `printed`: that its original is out; `copied`: that so many
    marked copies are; `open`: that nobody knows, or that it failed, and somebody was told."""

    printed: set[int]
    copied: Counter[int]
    open: set[int]
    known: set[int]

    @classmethod
    def of_naive(cls, states: dict[int, str]) -> Said:
        """Of a naive policy's queue."""
        printed = {number for number, state in states.items() if state == "printed"}
        return cls(printed, Counter(), states.keys() - printed, set(states))

    @classmethod
    def of_jobs(cls, jobs: Iterable[printer_pb2.Job]) -> Said:
        """Of a till's jobs."""
        said = cls(set(), Counter(), set(), set())
        everything = list(jobs)
        number_of = {
            job.sale_id: int(job.job_id.removeprefix("receipt/"))
            for job in everything
            if job.kind == printer_pb2.JOB_KIND_RECEIPT
        }
        for job in everything:
            number = number_of[job.sale_id]
            said.known.add(number)
            is_out = (
                job.state == printer_pb2.JOB_STATE_CONFIRMED
                or job.resolution == printer_pb2.JOB_RESOLUTION_PRINTED
            )
            if not is_out and not job.copy_job_id:
                said.open.add(number)
            elif is_out and job.copy:
                said.copied[number] += 1
            elif is_out:
                said.printed.add(number)
        return said


class Paper(NamedTuple):
    """By receipt number: whole originals, whole marked copies, originals that were cut off whole
    as the last thing on their piece."""

    originals: Counter[int]
    copies: Counter[int]
    cut_off: set[int]


def read(pieces: list[tuple[str, bool]]) -> Paper:
    """Read all paper, in the order in which it came out; half receipts count for nothing."""
    whole = _in_text("".join(text for text, _ in pieces))
    copies = Counter(number for number, is_copy in whole if is_copy)
    originals = Counter(number for number, is_copy in whole if not is_copy)
    ends = [_in_text(text)[-1:] for text, was_cut in pieces if was_cut and _ends_whole(text)]
    return Paper(originals, copies, {number for end in ends for number, copy in end if not copy})


def _in_text(text: str) -> list[tuple[int, bool]]:
    """The whole receipts in a text: their numbers, and whether they say that they are copies."""
    found = []
    starts = list(_NUMBER.finditer(text))
    before_from = 0
    for at, start in enumerate(starts):
        end = starts[at + 1].start() if at + 1 < len(starts) else len(text)
        body = text[start.end() : end]
        if "\nTOTAL " in body and _END in body:
            # From its own head on: above it may stand what is left of a copy that broke off.
            head = max(before_from, text.rfind(_HEAD, 0, start.start()))
            is_copy = _COPY.search(text, head, start.start()) is not None
            found.append((int(start.group(1)), is_copy))
        before_from = start.end()
    return found


def _ends_whole(text: str) -> bool:
    """Whether the last receipt that begins on this piece also ends on it."""
    *_, last = (text, *_NUMBER.split(text))
    return "\nTOTAL " in last and _END in last


class Report(NamedTuple):
    """What a lane left: the printer's model, what was said, the paper, the faults that happened;
    the lane's seed, and how to learn what happened to a receipt.
    """

    model: str
    said: Said
    pieces: list[tuple[str, bool]]
    happened: Counter[str]
    seed: int = 0
    trail_of: Callable[[int], list[str]] = lambda _: []


class Finding(NamedTuple):
    """What must never be: of which receipt, in the lane of which seed, and how it came to it."""

    receipt: int
    what: str
    seed: int
    trail: list[str]

    def __str__(self) -> str:
        """For a person, with the trail."""
        head = f"receipt {self.receipt} {self.what} (the lane of seed {self.seed})"
        return "\n".join((head, *(f"    {line}" for line in self.trail)))


class Score(NamedTuple):
    """One policy on one kind of printer. `faults` are what tillhal must never do."""

    policy: str
    model: str
    jobs: int
    said_printed: int
    lost: int
    duplicates: int
    copies: int
    needless: int
    open: int
    happened: Counter[str]
    faults: list[Finding]


def judge(policy: str, reports: list[Report]) -> list[Score]:
    """Score a policy on each kind of printer that it printed on."""
    return [
        _score(policy, model, [report for report in reports if report.model == model])
        for model in dict.fromkeys(report.model for report in reports)
    ]


def _score(policy: str, model: str, reports: list[Report]) -> Score:
    numbers = dict.fromkeys(("jobs", "printed", "lost", "twice", "copies", "needless", "open"), 0)
    happened: Counter[str] = Counter()
    faults: list[Finding] = []
    for report in reports:
        said, paper = report.said, read(report.pieces)
        happened += report.happened
        lost = {n for n in said.printed if not paper.originals[n]}
        lost |= {n for n, copies in said.copied.items() if copies > paper.copies[n]}
        twice = {n for n, times in paper.originals.items() if times > 1}
        needless = {n for n in paper.cut_off if paper.copies[n]}
        numbers["jobs"] += len(said.known)
        numbers["printed"] += len(said.printed | said.copied.keys())
        numbers["lost"] += len(lost)
        numbers["twice"] += len(twice)
        numbers["copies"] += paper.copies.total()
        numbers["needless"] += len(needless)
        numbers["open"] += len(said.open)
        unsold = (paper.originals.keys() | paper.copies.keys()) - said.known
        found = [
            (lost, "is said to be printed and is not on paper"),
            (twice, "came out twice, unmarked"),
            (needless if model == "tm-t88" else set(), "was out, and a copy was printed"),
            (unsold, "is on paper and was never sold"),
        ]
        faults += [
            Finding(receipt, what, report.seed, report.trail_of(receipt))
            for receipts, what in found
            for receipt in sorted(receipts)
        ]
    return Score(
        policy,
        model,
        numbers["jobs"],
        numbers["printed"],
        numbers["lost"],
        numbers["twice"],
        numbers["copies"],
        numbers["needless"],
        numbers["open"],
        happened,
        faults,
    )


def table(scores: list[Score]) -> list[str]:
    """The scores, as Markdown."""
    heads = (
        "policy",
        "printer",
        "receipts",
        "said to be printed",
        "of these lost",
        "unmarked duplicates",
        "marked copies",
        "of these while the original was out",
        "left to a person",
    )
    lines = [f"| {' | '.join(heads)} |", "|---|---" + "|--:" * (len(heads) - 2) + "|"]
    lines += [
        f"| {score.policy} | {score.model} | {score.jobs} | {score.said_printed} | {score.lost} "
        f"| {score.duplicates} | {score.copies} | {score.needless} | {score.open} |"
        for score in scores
    ]
    return lines

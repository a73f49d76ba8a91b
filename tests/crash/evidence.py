"""What is left after a crash, gathered from paper, drawer and journal, and judged.

The judge knows nothing of how the daemon works: a sale counts once, comes out as at most one
original, opens the drawer at most once, and what the till says of a deed is not more than what
happened.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from tests.support.answers import Paper, journal_records, paper_of

if TYPE_CHECKING:
    from types import TracebackType

    from hwsim.receipt import Receipt
    from tests.support.till import Calls


class CountingDrawer(VirtualDrawer):
    """A drawer that remembers every pulse, also those while it stands open."""

    def __init__(self) -> None:
        """Shut."""
        super().__init__()
        self.pulses = 0

    def pulse(self, pin: int, on_ms: int) -> None:
        """See VirtualDrawer."""
        self.pulses += 1
        super().pulse(pin, on_ms)


class Desk:
    """A printer and a drawer that outlive the daemon, and all the paper that ever came out."""

    def __init__(self) -> None:
        """Not listening yet."""
        self.drawer = CountingDrawer()
        self._pieces: list[str] = []
        self.printer = VirtualPrinter(drawer=self.drawer, on_receipt=self._keep)

    def _keep(self, receipt: Receipt, _: object) -> None:
        self._pieces.append(receipt.text)

    def paper(self) -> Paper:
        """All receipts, cut or not."""
        return paper_of("".join([*self._pieces, self.printer.uncut_text]))

    def __enter__(self) -> Desk:
        """Start."""
        self.printer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.printer.close()


class Deed(NamedTuple):
    """A print job or a kick, as the journal tells of it."""

    begun: int
    outcomes: tuple[str, ...]


class Evidence(NamedTuple):
    """What is left. `numbers` are the receipt numbers in the order of the journal."""

    numbers: list[int]
    sale_ids: list[str]
    originals: dict[int, int]
    pulses: int
    jobs: dict[str, Deed]
    kicks: dict[str, Deed]


def gathered(calls: Calls, desk: Desk) -> Evidence:
    """Look at everything."""
    numbers: list[int] = []
    sale_ids: list[str] = []
    begun: Counter[str] = Counter()
    outcomes: dict[str, tuple[str, ...]] = {}
    for record in journal_records(calls):
        for event in record.events:
            facts = json.loads(event.facts_json)
            match event.kind:
                case "SaleCompleted":
                    numbers.append(facts["receipt_number"])
                    sale_ids.append(facts["sale_id"])
                    for deed in ("receipt_job_id", "kick_id"):
                        if facts.get(deed):
                            outcomes[facts[deed]] = ()
                case "PrintStarted" | "KickStarted":
                    begun[facts.get("job_id") or facts["kick_id"]] += 1
                case "JobHeld":
                    begun[facts["job_id"]] = 0  # it had not begun: not a byte left the till
                case "JobConfirmedLate":
                    outcomes[facts["job"]["job_id"]] = ("confirmed",)
                case "PrintEnded" | "KickEnded":
                    name = facts.get("job_id") or facts["kick_id"]
                    outcomes[name] = (*outcomes.get(name, ()), facts["outcome"])
    deeds = {name: Deed(begun[name], ends) for name, ends in outcomes.items()}
    return Evidence(
        numbers=numbers,
        sale_ids=sale_ids,
        originals=desk.paper().originals,
        pulses=desk.drawer.pulses,
        jobs={name: deed for name, deed in deeds.items() if name.startswith("receipt/")},
        kicks={name: deed for name, deed in deeds.items() if name.startswith("kick/")},
    )


def faults_in(evidence: Evidence) -> list[str]:
    """Everything that must never be, in words; empty when all is well."""
    found: list[str] = []
    if evidence.numbers != list(range(1, len(evidence.numbers) + 1)):
        found.append(f"receipt numbers are not contiguous: {evidence.numbers}")
    twice = [name for name, times in Counter(evidence.sale_ids).items() if times > 1]
    if twice:
        found.append(f"sold twice: {twice}")
    for number, times in evidence.originals.items():
        if times > 1:
            found.append(f"receipt {number} came out {times} times as an original")
        if number not in evidence.numbers:
            found.append(f"receipt {number} is on paper and was never sold")
    for name, job in evidence.jobs.items():
        on_paper = evidence.originals.get(int(name.removeprefix("receipt/")), 0)
        if job.begun > 1 or len(job.outcomes) > 1:
            found.append(f"{name} was begun or ended more than once: {job}")
        if job.outcomes == ("confirmed",) and not on_paper:
            found.append(f"{name} is confirmed and not on paper")
        if on_paper and not job.begun:
            found.append(f"{name} is on paper and was never begun")
    for name, kick in evidence.kicks.items():
        if kick.begun > 1 or len(kick.outcomes) > 1:
            found.append(f"{name} was begun or ended more than once: {kick}")
    fired = sum(kick.outcomes == ("fired",) for kick in evidence.kicks.values())
    begun = sum(kick.begun for kick in evidence.kicks.values())
    if not fired <= evidence.pulses <= begun:
        found.append(f"{evidence.pulses} pulses, of {begun} begun and {fired} said to be fired")
    return found

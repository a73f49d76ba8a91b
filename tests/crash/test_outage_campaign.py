"""Stories of outages in simulated time: nothing that was acknowledged is lost, nothing counts twice.

The till's own code sells in them; grid, UPS, host, disk and clock are simulated, so a seed tells all
of it. `TILLHAL_OUTAGE_SEEDS` sets how many stories there are (100 take a minute or two),
`TILLHAL_OUTAGE_FIRST` the first seed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from tests.crash.outage_campaign import ROWS, campaign, play, table_of
from tests.crash.outage_host import UPS, Parts
from tests.crash.outage_world import Journal
from tests.docs.pages import page, rows
from tillhald.domain.ups import PowerRules
from tillhald.journal.format import Row
from tillhald.service.settlement import Phase, Settled, Settlement, SettleStep

SEEDS = int(os.environ.get("TILLHAL_OUTAGE_SEEDS", "10"))
FIRST = int(os.environ.get("TILLHAL_OUTAGE_FIRST", "0"))
CONTROL_SEEDS_MAX = 40
"""A part that is wrong on purpose is found within so many stories."""


def test_no_outage_loses_a_sale_or_counts_one_twice() -> None:
    verdicts = list(campaign(FIRST, SEEDS))
    print(table_of(verdicts))
    wrong = [f"seed {v.seed} ({v.story}): {each}" for v in verdicts for each in v.mistakes]
    assert wrong == []
    counts = sum((verdict.counts for verdict in verdicts), verdicts[0].counts.__class__())
    # Stories in which nothing happens would prove nothing.
    for what in ("outages", "went down in order", "syncs under way at a cut", "put aside"):
        assert counts[what] >= SEEDS / 10, what
    assert counts["sales acknowledged"] > 20 * SEEDS


def test_a_seed_tells_the_same_story_again() -> None:
    first, again = play(4711), play(4711)
    assert first.story == again.story
    assert first.counts == again.counts


# --- parts that are wrong on purpose


class EagerJournal(Journal):
    """Says that a record is durable before it is."""

    def append(
        self, body: bytes, rows: Iterable[Row], *, checkpoint: bytes | None, begins_segment: bool
    ) -> None:
        super().append(body, rows, checkpoint=checkpoint, begins_segment=begins_segment)
        self._tail.advanced(self.next_seq - 1)


class ForgetfulJournal(Journal):
    """Does not know which requests were answered before the last start."""

    def get(self, table: str, key: bytes) -> bytes | None:
        return None if table == "requests" else super().get(table, key)


class HastySettlement(Settlement):
    """Settles nothing and says that all is well."""

    async def _run(self, deadline_s: float) -> None:
        self.result = Settled(is_stored=True)
        self.work.tell(SettleStep(Phase.SETTLED, "The till is at rest.", self.result))
        self._on_settled(self.result)


class AbsentJournal(Journal):
    """Is not waited for at the end."""

    async def close(self) -> None:
        self.lose_power()


def is_found(parts: Parts, said: str) -> bool:
    """Whether there is a story in which the judge says this of the till."""
    for verdict in campaign(0, CONTROL_SEEDS_MAX, parts):
        if any(said in mistake for mistake in verdict.mistakes):
            print(f"seed {verdict.seed}: {verdict.mistakes[0]}")
            return True
    return False


CAREFUL = PowerRules(feeds=(UPS,))
DEAF = replace(
    CAREFUL,
    on_battery_s_max=10**6,
    shutdown_need_s=0,
    reserve_s=0,
    charge_low_percent=0,
    low_confirm_s=10**6,
    comm_lost_s=10**6,
)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        pytest.param(Parts(journal=EagerJournal), "LOST", id="answers before it is durable"),
        pytest.param(Parts(journal=ForgetfulJournal), "sale-", id="forgets requests"),
        pytest.param(Parts(settlement=HastySettlement), "left in hand", id="does not settle"),
        pytest.param(Parts(journal=AbsentJournal), "not found so", id="does not close its journal"),
        pytest.param(Parts(rules=DEAF), "the UPS had told", id="does not heed its UPS"),
        pytest.param(Parts(tells_ups=False), "a person had to", id="does not tell its UPS"),
    ],
)
def test_a_till_that_is_wrong_on_purpose_is_found(parts: Parts, said: str) -> None:
    assert is_found(parts, said), f"in {CONTROL_SEEDS_MAX} stories"


def test_the_page_has_the_table_that_the_campaign_prints() -> None:
    verdict = play(1)
    table = table_of([verdict])
    told = [
        row.cells[0]
        for row in rows(page("docs/explanation/outages.md"))
        if "seeds" in row.columns[0]
    ]
    assert told == [line.split("|")[1].strip() for line in table.splitlines()[2:]]
    # Whatever may be counted has its row.
    assert set(verdict.counts) <= {name for name, _ in ROWS} | {"simulated_s"}

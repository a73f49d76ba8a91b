"""The power goes before and after every place that whole upgrades pass: a pair that belongs together
starts by itself, with everything, and the till comes to the end of its upgrade.

By default two upgrades are cut once at every place, before it or after it, and a till of each goes on.
With `TILLHALD_UPGRADE_CUTS` at 1000 or more it is every journey, and both cuts; `make upgradecuts`
also cuts every pass, has each place go on, and writes down what came of it.
"""

from __future__ import annotations

import os
import random
import re
from typing import TYPE_CHECKING

import pytest

from hwsim.power.block import why_not_mount
from tests.crash.upgrade_campaign import (
    AFTER,
    BEFORE,
    BEGIN,
    END,
    OUTCOMES,
    PAGE,
    SEED,
    Campaign,
    Cut,
    Outcome,
    failpoint_of,
    faults_in,
    is_its_side,
    places,
    publish,
    table,
    ways,
)
from tests.crash.upgrade_journeys import ByHand, Journey, Whole, record
from tillhald.failpoints import FAILPOINTS

if TYPE_CHECKING:
    from pathlib import Path

PLACES_MIN = 46
EVERYTHING = int(os.environ.get("TILLHALD_UPGRADE_CUTS", "40")) >= 1000
ELSEWHERE = {
    "journal.segment_built": "a new segment is begun when a disk failed",
    "journal.segment_retired": "the same",
    "migration.before_aside": "only a till without a home brings its data over at a start",
    "migration.put_aside": "the same",
}
ELSEWHERE_OF = ("effects.", "printer.", "import.")
"""Failpoints that no journey passes; every other one has to be passed."""
OF_DATA = ("restore.", "clean.", "safety.")
"""Passed by a restore or a clean only; otherwise test_restore_power cuts them."""

on_ext4 = pytest.mark.skipif(bool(why_not_mount()), reason=why_not_mount() or "")


def of_journeys() -> set[str]:
    return {
        name for name in FAILPOINTS if name not in ELSEWHERE and not name.startswith(ELSEWHERE_OF)
    }


def to_be_cut() -> set[str]:
    """What has to be cut here and now."""
    return {name for name in of_journeys() if EVERYTHING or not name.startswith(OF_DATA)}


@pytest.fixture(scope="module")
def journeys(tmp_path_factory: pytest.TempPathFactory) -> list[Journey]:
    folder = tmp_path_factory.mktemp("journeys")
    made = ways(folder) if EVERYTHING else [Whole(folder), ByHand()]
    return [record(way, folder / str(number)) for number, way in enumerate(made)]


@on_ext4
def test_before_and_after_every_place_a_whole_pair_starts_and_comes_to_its_end(
    journeys: list[Journey], tmp_path: Path
) -> None:
    everything: list[Outcome] = []
    for number, journey in enumerate(journeys):
        cuts = [
            cut
            for cut in places(journey.trace)
            if cut.nth == 1 and (EVERYTHING or is_its_side(cut))
        ]
        chosen = random.Random(f"{SEED} {number}").choice(cuts)

        def goes_on(outcome: Outcome, chosen: Cut = chosen) -> bool:
            return outcome.cut == chosen

        found = Campaign(journey, tmp_path / str(number)).judged(cuts, goes_on)
        print("\n".join(table(journey.way.name, found)))
        everything += found
        assert sum(one.fault is not None for one in found) == 1
    assert faults_in(everything) == []
    assert {one.came for one in everything} == set(OUTCOMES)
    assert {one.cut.side for one in everything} == {BEFORE, AFTER}
    for sides in ({BEFORE}, {AFTER}) if EVERYTHING else ({BEFORE, AFTER},):
        cut = {one.cut.label for one in everything if one.cut.side in sides}
        assert len(cut) >= PLACES_MIN
        assert {failpoint_of(label) for label in cut} & FAILPOINTS == to_be_cut()


@on_ext4
def test_the_judge_sees_that_nothing_was_synced(journeys: list[Journey], tmp_path: Path) -> None:
    journey = journeys[1]
    # The last places first, where most is in doubt; until there is a fault.
    cuts = [cut for cut in places(journey.trace) if cut.side == AFTER]
    for number, cut in enumerate(reversed(cuts)):
        campaign = Campaign(journey, tmp_path / f"control-{number}")
        if faults_in(campaign.judged([cut], careless=True)):
            return
    pytest.fail("a judge that finds nothing here finds nothing anywhere")


def test_what_no_journey_passes_is_a_failpoint() -> None:
    assert set(ELSEWHERE) <= FAILPOINTS
    for beginning in (*ELSEWHERE_OF, *OF_DATA):
        assert any(name.startswith(beginning) for name in FAILPOINTS)


def test_the_published_table_tells_of_every_place() -> None:
    _, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    told = set(re.findall(r"^\| `([a-z_.]+)", rest.split(END)[0], re.MULTILINE))
    assert told & FAILPOINTS == of_journeys()


def test_a_table_is_put_in_the_place_of_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Before.\n{BEGIN}old\n{END}After.\n")
    cut = Cut("upgrade.armed", 1, BEFORE, 3)
    found = [Outcome(cut, "old", ""), Outcome(cut._replace(side=AFTER), "BROKEN x")]
    publish("\n".join(table("a journey", found)), page)
    text = page.read_text()
    assert "| `upgrade.armed` | 1 | 2 | 1 | 0 | 0 | 1 | 1 | 1 |" in text
    assert "old\n" not in text
    assert text.startswith("Before.")
    assert text.endswith("After.\n")
    assert len(faults_in(found)) == 1

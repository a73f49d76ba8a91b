"""A UPS that says what a test wants, second by second, to the rules of power."""

from __future__ import annotations

from dataclasses import dataclass, field

from tillhald.domain import events as ev
from tillhald.domain.power import Act, PowerState, begin, step
from tillhald.domain.power_sample import NoData, UpsSample
from tillhald.domain.supply import Supply
from tillhald.domain.ups import Heard, PowerRules

UPS = "till_ups"


def said(
    status: str | None,
    charge: float | None = 100,
    runtime: int | None = 1800,
    *,
    ups: str = UPS,
) -> UpsSample | NoData:
    """A sample in NUT's words, or none."""
    if status is None:
        return NoData(ups=ups, why="DATA-STALE")
    return UpsSample(
        ups=ups, flags=frozenset(status.split()), charge_percent=charge, runtime_s=runtime
    )


@dataclass
class Supplied:
    """A till's power, with all that came of what it heard."""

    rules: PowerRules = field(default_factory=lambda: PowerRules(feeds=(UPS,)))
    names: tuple[str, ...] = (UPS,)
    now_ms: int = 0
    facts: list[ev.AnyEvent] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    way: list[tuple[int, Supply]] = field(default_factory=list)
    state: PowerState = field(init=False)

    def __post_init__(self) -> None:
        self.state = begin(self.names, self.now_ms)

    def hear(self, heard: Heard) -> None:
        before = self.state.supply
        came = step(self.state, self.rules, heard, self.now_ms)
        self.state = came.state
        self.facts += came.facts
        self.acts += came.acts
        if self.state.supply is not before:
            self.way.append((self.now_ms // 1000, self.state.supply))

    def go(
        self,
        seconds: int,
        status: str | None,
        charge: float | None = 100,
        runtime: int | None = 1800,
        *,
        ups: str = UPS,
    ) -> Supplied:
        """Hear the same for so long, once a second."""
        for _ in range(seconds):
            self.hear(said(status, charge, runtime, ups=ups))
            self.now_ms += 1_000
        return self

    @property
    def supply(self) -> Supply:
        return self.state.supply

    @property
    def states(self) -> list[Supply]:
        """The states that it went through, in order."""
        return [supply for _, supply in self.way]

    def of(self, kind: type[ev.Event]) -> list[ev.AnyEvent]:
        """All facts of a kind."""
        return [fact for fact in self.facts if isinstance(fact, kind)]


def on_mains(rules: PowerRules | None = None) -> Supplied:
    """A till that has been on mains for five seconds, with a full battery."""
    return Supplied(rules or PowerRules(feeds=(UPS,))).go(5, "OL")

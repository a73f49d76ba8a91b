"""The till's power in numbers, for Prometheus."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tillhald.domain import events as ev
from tillhald.domain.supply import Supply
from tillhald.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tillhald.domain.power import PowerState


def told(
    before: PowerState, after: PowerState, facts: Iterable[ev.AnyEvent], took_s: float
) -> None:
    """Set all of it, after something was heard; `before` had lasted for `took_s` by then.

    What is not known is NaN, never 0: nobody shall be woken, or calmed, by a number that no UPS
    has said.
    """
    for supply in Supply:
        metrics.POWER_SUPPLY.labels(supply.value).set(supply is after.supply)
    metrics.POWER_REFUSES_SALES.set(after.refuses_sales)
    if before.is_out and before.back_since_ms is None:
        metrics.ON_BATTERY_SECONDS.inc(took_s)
    metrics.OUTAGES.inc(sum(isinstance(fact, ev.OutageBegan) for fact in facts))
    for ups in after.upses:
        sample = ups.sample
        metrics.UPS_CHARGE_PERCENT.labels(ups.name).set(_known(ups.charge_percent))
        metrics.UPS_RUNTIME_SECONDS.labels(ups.name).set(
            _known(sample.runtime_s if sample else None)
        )
        metrics.UPS_LOAD_PERCENT.labels(ups.name).set(
            _known(sample.load_percent if sample else None)
        )
        is_heard = ups.supply not in (
            Supply.INIT,
            Supply.COMM_LOST,
            Supply.COMM_LOST_ON_BATTERY,
        )
        metrics.UPS_HEARD.labels(ups.name).set(is_heard)


def _known(value: float | None) -> float:
    return math.nan if value is None else value

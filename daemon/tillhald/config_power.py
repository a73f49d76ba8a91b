"""The table `power` of till.toml."""

from __future__ import annotations

import re

import msgspec

from tillhald.devices.options import Shown
from tillhald.domain.ups import PowerRules, PowerThresholds

SECONDS_MAX = 86_400
POWER_ZERO_ALLOWED = frozenset({"low_clear_percent", "return_charge_percent", "finish_sale_s"})
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class PowerTable(PowerThresholds, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`feeds` names the UPSes that the till hangs on; empty: all that there are. `master` shuts
    the host down; where it is the till, it does so by `poweroff_command`, and `latch_file` tells
    the late hook which UPSes are left to it. `hold_shutdowns`: logind waits with any shutdown
    until the till is at rest. Self-tests begin by
    themselves between `tests_from` and `tests_until`, HH:MM local time; empty for none. The
    thresholds: see PowerThresholds."""

    feeds: tuple[Shown, ...] = ()
    poweroff_command: tuple[Shown, ...] = ("systemctl", "poweroff")
    latch_file: Shown = ""
    hold_shutdowns: bool = False
    tests_from: Shown = ""
    tests_until: Shown = ""

    def rules(self, upses: tuple[str, ...]) -> PowerRules:
        """The thresholds for these UPSes. Raises ValueError where one that feeds is none."""
        feeds = self.feeds or upses
        unknown = sorted(set(feeds) - set(upses))
        if unknown and upses:
            message = f"power.feeds: there is no UPS {', '.join(unknown)}"
            raise ValueError(message)
        names = (field.name for field in msgspec.structs.fields(PowerThresholds))
        thresholds = {name: getattr(self, name) for name in names}
        return PowerRules(feeds=feeds if upses else (), **thresholds)


def power_mistakes(power: PowerTable) -> list[str]:
    """What is wrong with the table `power`."""
    wrong = []
    for name, value in msgspec.structs.asdict(power).items():
        if isinstance(value, int) and not isinstance(value, bool):
            least = 0 if name in POWER_ZERO_ALLOWED else 1
            most = 100 if name.endswith("_percent") else SECONDS_MAX
            if not least <= value <= most:
                wrong.append(f"power.{name}: {least} to {most}")
    if power.latch_file and not power.latch_file.startswith("/"):
        wrong.append("power.latch_file: an absolute path")
    if bool(power.tests_from) != bool(power.tests_until):
        wrong.append("power.tests_from, power.tests_until: both or neither")
    wrong.extend(
        f'power.{name}: "{value}" is no time like "02:30"'
        for name, value in (("tests_from", power.tests_from), ("tests_until", power.tests_until))
        if value and _CLOCK.fullmatch(value) is None
    )
    return wrong

"""What happens in a shop, told beforehand: a timeline in TOML, with faults left to chance.

    seed = 7

    [[step]]
    at_s = 2.0
    device = "front_printer"
    do = "paper_out"
    after_lines = 3

    [[random]]
    from_s = 10
    until_s = 60
    every_s = 5
    device = "front_printer"
    do = ["cover_open", "unplug"]
    for_s = [0.5, 2.0]

The same seed gives the same steps at the same times. See `hwsim.verbs` for what can be done.
"""

import random
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hwsim.ups.verbs import UNDO as UPS_UNDO
from hwsim.verbs import VERBS, mistakes

STEPS_MAX: Final = 10_000
"""Of a scenario, with all that chance makes of it."""

DURATION_S_MAX: Final = 7 * 24 * 3600.0
SPEED_MAX: Final = 1000.0

UNDO: Final[dict[str, tuple[str, dict[str, object]]]] = {
    "near_end": ("paper_in", {}),
    "paper_out": ("paper_in", {}),
    "cover_open": ("cover_close", {}),
    "jam": ("unjam", {}),
    "overheat": ("cool_down", {}),
    "break_down": ("repair", {}),
    "hold_feed": ("release_feed", {}),
    "power_off": ("power_on", {}),
    "unplug": ("plug", {}),
    "refuse": ("accept", {}),
    "refuse_second": ("refuse_second", {"refuse": False}),
    "cut_network": ("restore_network", {}),
    "stall": ("release", {}),
    "mute": ("unmute", {}),
    "print_blank": ("print_blank", {"blank": False}),
    "open_by_key": ("shut", {}),
    "stuck": ("free", {}),
    "sleep": ("plug", {}),
    **UPS_UNDO,
}
"""What takes a verb back, for a fault of chance that lasts `for_s`."""

_STEP_KEYS: Final = ("at_s", "device", "do")
_RANDOM_KEYS: Final = ("from_s", "until_s", "every_s", "device", "do", "for_s")


class ScenarioError(Exception):
    """The scenario is wrong; its text has a line for each mistake."""

    def __init__(self, wrong: list[str]) -> None:
        """At least one mistake."""
        super().__init__("\n".join(wrong))
        self.mistakes = wrong


@dataclass(frozen=True, slots=True)
class Step:
    """At `at_s` from the beginning, `do` this to `device`."""

    at_s: float
    device: str
    do: str
    values: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chance:
    """From `from_s` to `until_s`, on average `every_s`, one of `do`; undone after `for_s`."""

    from_s: float
    until_s: float
    every_s: float
    device: str
    do: list[str]
    for_s: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was done, or could not be: then `failure` says why."""

    step: Step
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Steps that are told, and those that are left to chance. `seed` is None if it names none."""

    steps: list[Step]
    chances: list[Chance]
    seed: int | None

    def timeline(self, seed: int) -> list[Step]:
        """All steps in order of time, by this seed. ScenarioError if there are too many."""
        found = list(self.steps)
        for number, chance in enumerate(self.chances):
            # One generator each: a changed table does not change what the others do.
            dice = random.Random(f"{seed}/{number}")  # noqa: S311 - to be had again
            at_s = chance.from_s + dice.expovariate(1 / chance.every_s)
            while at_s < chance.until_s:
                do = dice.choice(chance.do)
                found.append(Step(round(at_s, 3), chance.device, do))
                if chance.for_s is not None:
                    at_s += dice.uniform(*chance.for_s)
                    undo, values = UNDO[do]
                    found.append(Step(round(at_s, 3), chance.device, undo, values))
                at_s += dice.expovariate(1 / chance.every_s)
                if len(found) > STEPS_MAX:
                    raise ScenarioError([f"that makes more than {STEPS_MAX} steps"])
        return sorted(found, key=lambda step: step.at_s)


def load(path: Path, kinds: Mapping[str, str] | None = None) -> Scenario:
    """From a file; OSError, ScenarioError."""
    return parse(path.read_text(encoding="utf-8"), kinds)


def parse(text: str, kinds: Mapping[str, str] | None = None) -> Scenario:
    """From TOML. `kinds` says what the shop's devices are; without it they are not checked.

    ScenarioError with all mistakes.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([f"this is no TOML: {error}"]) from None
    wrong = [
        f"{key}: a scenario has seed, step and random"
        for key in tables
        if key not in ("seed", "step", "random")
    ]
    seed = tables.get("seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or seed < 0):
        wrong.append("seed: it is a whole number from 0 up")
    steps = [
        _step(f"step {n}", table, kinds, wrong)
        for n, table in enumerate(_tables(tables, "step", wrong), 1)
    ]
    chances = [
        _chance(f"random {n}", table, kinds, wrong)
        for n, table in enumerate(_tables(tables, "random", wrong), 1)
    ]
    if not (steps or chances or wrong):
        wrong.append("there is nothing to do: no [[step]] and no [[random]]")
    if len(steps) > STEPS_MAX:
        wrong.append(f"there are more than {STEPS_MAX} steps")
    if wrong:
        raise ScenarioError(wrong)
    return Scenario(
        [step for step in steps if step is not None],
        [chance for chance in chances if chance is not None],
        seed,
    )


def run(
    steps: list[Step],
    handle: Callable[[str, str, Mapping[str, object]], object],
    *,
    speed: float = 1.0,
    stop: threading.Event | None = None,
) -> Iterator[Done]:
    """Do the steps at their times, and give each as it is done. Ends early once `stop` is set.

    `handle` is `Shop.handle`. A step that fails does not end the scenario.
    """
    stop = threading.Event() if stop is None else stop
    began_s = time.monotonic()
    for step in steps:
        if stop.wait(max(0.0, began_s + step.at_s / speed - time.monotonic())):
            return
        try:
            handle(step.device, step.do, step.values)
        except (ValueError, OSError, LookupError) as error:
            yield Done(step, str(error))
        else:
            yield Done(step)


def _tables(tables: dict[str, object], key: str, wrong: list[str]) -> list[dict[str, object]]:
    found = tables.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        wrong.append(f"{key}: write [[{key}]] before each")
        return []
    return found


def _seconds(where: str, table: dict[str, object], key: str, wrong: list[str]) -> float:
    value = table.get(key)
    if key == "from_s" and value is None:
        return 0.0
    right = isinstance(value, int | float) and not isinstance(value, bool)
    if not right or not 0 <= float(str(value)) <= DURATION_S_MAX:
        wrong.append(f"{where}.{key}: it is a number of seconds from 0 to {DURATION_S_MAX:.0f}")
        return 0.0
    return float(str(value))


def _kind(
    where: str, table: dict[str, object], kinds: Mapping[str, str] | None, wrong: list[str]
) -> str | None:
    """The kind of its device; None if that is not known."""
    device = table.get("device")
    if not isinstance(device, str) or not device:
        wrong.append(f"{where}.device: it is a device's name")
        return None
    if kinds is None:
        return None
    if device not in kinds:
        wrong.append(f"{where}.device: there is no {device!r}; there are {', '.join(kinds)}")
        return None
    return kinds[device]


def _verbs(where: str, kind: str | None, do: str, values: dict[str, object]) -> list[str]:
    """What is wrong with a verb, for a device of this kind or, if that is not known, of any."""
    if kind is not None:
        return [f"{where}: {mistake}" for mistake in mistakes(kind, do, values)]
    having = [each for each in VERBS if do in VERBS[each]]
    if not having:
        return [f"{where}: no device can `{do}`"]
    by_kind = [mistakes(each, do, values) for each in having]
    return [] if [] in by_kind else [f"{where}: {mistake}" for mistake in by_kind[0]]


def _step(
    where: str, table: dict[str, object], kinds: Mapping[str, str] | None, wrong: list[str]
) -> Step | None:
    before = len(wrong)
    at_s = _seconds(where, table, "at_s", wrong)
    kind = _kind(where, table, kinds, wrong)
    values = {key: value for key, value in table.items() if key not in _STEP_KEYS}
    do = table.get("do")
    if not isinstance(do, str):
        wrong.append(f"{where}.do: it is a verb")
    elif isinstance(table.get("device"), str) and (kinds is None or kind is not None):
        wrong += _verbs(where, kind, do, values)
    return Step(at_s, str(table["device"]), str(do), values) if len(wrong) == before else None


def _chance(
    where: str, table: dict[str, object], kinds: Mapping[str, str] | None, wrong: list[str]
) -> Chance | None:
    before = len(wrong)
    from_s, until_s, every_s = (
        _seconds(where, table, key, wrong) for key in ("from_s", "until_s", "every_s")
    )
    kind = _kind(where, table, kinds, wrong)
    do = table.get("do")
    known = ", ".join(_RANDOM_KEYS)
    wrong += [
        f"{where}.{key}: unknown; there are {known}" for key in table if key not in _RANDOM_KEYS
    ]
    if len(wrong) == before and not (from_s < until_s and every_s > 0):
        wrong.append(f"{where}: from_s is before until_s, and every_s above 0")
    for_s = _span(where, table, wrong)
    if not isinstance(do, list) or not do or not all(isinstance(each, str) for each in do):
        wrong.append(f"{where}.do: it is a list of verbs")
    else:
        for each in do:
            wrong += _verbs(where, kind, each, {})
            if for_s is not None and each not in UNDO:
                wrong.append(f"{where}.do: nothing takes `{each}` back, so it has no for_s")
    if len(wrong) != before:
        return None
    assert isinstance(do, list), "it was checked above"
    return Chance(from_s, until_s, every_s, str(table["device"]), do, for_s)


def _span(where: str, table: dict[str, object], wrong: list[str]) -> tuple[float, float] | None:
    span = table.get("for_s")
    if span is None:
        return None
    if (
        isinstance(span, list)
        and len(span) == 2
        and all(isinstance(each, int | float) and not isinstance(each, bool) for each in span)
        and 0 <= span[0] <= span[1] <= DURATION_S_MAX
    ):
        return float(span[0]), float(span[1])
    wrong.append(f"{where}.for_s: it is two numbers of seconds, the smaller one first")
    return None

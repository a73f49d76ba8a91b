"""An outage as a TOML file: what happens to a UPS and when. One file for every wire.

    speed = 10            # so many seconds of the scenario in a real one
    seed = 7
    ends_at_s = 120

    [ups]                 # how it is at the beginning
    load_percent = 40
    charge_percent = 60

    [[step]]
    at_s = 5
    mains = "off"

    [[step]]
    at_s = 8
    mains = "on"
    repeat = 10           # flapping: ten times in all,
    every_s = 0.5         # so far apart, with the step's opposite half way between them

A step has any of the settings of `hwsim.ups.virtual.SETTINGS`.
"""

import json
import threading
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hwsim.ups.virtual import SPEED_MAX, Value, VirtualUps, mistake

STEPS_MAX: Final = 1_000
REPEATS_MAX: Final = 1_000
AT_S_MAX: Final = 7 * 86_400.0
MISTAKES_MAX: Final = 50
_OPPOSITE: Final[dict[object, Value]] = {"on": "off", "off": "on", True: False, False: True}
_STEP_KEYS: Final = ("at_s", "repeat", "every_s")
_KEYS: Final = ("speed", "seed", "ends_at_s", "ups", "step")


class ScenarioError(Exception):
    """The file is wrong; a line for each mistake."""

    def __init__(self, mistakes: list[str]) -> None:
        """At least one."""
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class Step:
    """`at_s` counts from the beginning, in the scenario's seconds."""

    at_s: float
    settings: dict[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`steps` are in their order, repeats written out. `start` is done before the beginning."""

    speed: float = 1.0
    seed: int = 0
    ends_at_s: float = 0.0
    start: dict[str, Value] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    def ups(self, clock: Callable[[], float] = time.monotonic) -> VirtualUps:
        """The UPS as it is at the beginning."""
        ups = VirtualUps(seed=self.seed, speed=self.speed, clock=clock)
        for name, value in self.start.items():
            ups.set(name, value)
        return ups


def load(path: Path) -> Scenario:
    """OSError if it cannot be read; ScenarioError with all mistakes."""
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> Scenario:
    """ScenarioError with all mistakes."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([f"this is no TOML: {error}"]) from None
    wrong = [f"{key}: unknown; known are {', '.join(_KEYS)}" for key in tables if key not in _KEYS]
    speed = _number(tables, "speed", 1.0, 0.001, SPEED_MAX, "", wrong)
    seed = tables.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        wrong.append(f"seed: a whole number from 0 up, not {seed!r}")
        seed = 0
    start = _settings(tables.get("ups", {}), "ups", (), wrong)
    found = tables.get("step", [])
    if not isinstance(found, list) or len(found) > STEPS_MAX:
        wrong.append(f"step: at most {STEPS_MAX} tables [[step]]")
        found = []
    steps: list[Step] = []
    for number, table in enumerate(found, start=1):
        steps += _steps(table, f"step {number}", wrong)
    steps.sort(key=lambda step: step.at_s)
    last_s = steps[-1].at_s if steps else 0.0
    ends_s = _number(tables, "ends_at_s", last_s, 0.0, AT_S_MAX, "", wrong)
    if ends_s < last_s:
        wrong.append(f"ends_at_s: the last step is at {last_s:g}")
    if wrong:
        raise ScenarioError(wrong[:MISTAKES_MAX])
    return Scenario(speed=speed, seed=seed, ends_at_s=ends_s, start=start, steps=tuple(steps))


def _steps(table: object, where: str, wrong: list[str]) -> list[Step]:
    before = len(wrong)
    settings = _settings(table, where, _STEP_KEYS, wrong)
    if not isinstance(table, dict):
        return []
    if "at_s" not in table:
        wrong.append(f"{where}: `at_s` is needed")
    if not settings and len(wrong) == before:
        wrong.append(f"{where}: nothing happens in it")
    at_s = _number(table, "at_s", 0.0, 0.0, AT_S_MAX, where, wrong)
    repeat = table.get("repeat", 1)
    if isinstance(repeat, bool) or not isinstance(repeat, int) or not 1 <= repeat <= REPEATS_MAX:
        wrong.append(f"{where}: `repeat` is a whole number from 1 to {REPEATS_MAX}, not {repeat!r}")
        repeat = 1
    every_s = _number(table, "every_s", 1.0, 0.001, AT_S_MAX, where, wrong)
    opposite = {name: _OPPOSITE.get(value, value) for name, value in settings.items()}
    if repeat > 1 and opposite == settings:
        wrong.append(f"{where}: `repeat` needs a setting that is on or off, true or false")
    found = []
    for turn in range(repeat):
        found.append(Step(at_s + turn * every_s, settings))
        if turn + 1 < repeat:
            found.append(Step(at_s + (turn + 0.5) * every_s, opposite))
    return found


def _settings(
    table: object, where: str, besides: tuple[str, ...], wrong: list[str]
) -> dict[str, Value]:
    if not isinstance(table, dict):
        wrong.append(f"{where}: a table is needed")
        return {}
    settings: dict[str, Value] = {}
    for name, value in table.items():
        if name in besides:
            continue
        if not isinstance(value, (str, int, float)):
            wrong.append(f"{where}: `{name}` is no text and no number")
        elif (found := mistake(name, value)) is not None:
            wrong.append(f"{where}: {found}")
        else:
            settings[name] = value
    return settings


def _number(
    table: dict[str, object],
    key: str,
    default: float,
    low: float,
    high: float,
    where: str,
    wrong: list[str],
) -> float:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        wrong.append(f"{where}{': ' if where else ''}{key}: {low:g} to {high:g}, not {value!r}")
        return default
    return float(value)


def play(
    scenario: Scenario,
    ups: VirtualUps,
    *,
    ending: threading.Event | None = None,
    on_step: Callable[[Step], None] = lambda _: None,
) -> bool:
    """Play it in real time, faster by `speed`; False if `ending` was set before its end."""
    stop = threading.Event() if ending is None else ending
    began_s = time.monotonic()
    for step in scenario.steps:
        if stop.wait(max(0.0, began_s + step.at_s / scenario.speed - time.monotonic())):
            return False
        for name, value in step.settings.items():
            ups.set(name, value)
        on_step(step)
    return not stop.wait(max(0.0, began_s + scenario.ends_at_s / scenario.speed - time.monotonic()))


def as_shop_scenario(scenario: Scenario, device: str, *, speed: float) -> str:
    """As a timeline for `device` of a shop (see `hwsim.scenario`), in TOML: the beginning, the
    steps, and at the end its speed as it is now, `speed`.
    """
    lines = [_line(0.0, device, "speed", scenario.speed)]
    lines += [_line(0.0, device, name, value) for name, value in scenario.start.items()]
    for step in scenario.steps:
        lines += [_line(step.at_s, device, name, value) for name, value in step.settings.items()]
    return "".join([*lines, _line(scenario.ends_at_s, device, "speed", speed)])


def _line(at_s: float, device: str, do: str, to: Value) -> str:
    # A string of JSON is one of TOML; so are numbers and truths.
    return f'[[step]]\nat_s = {at_s!r}\ndevice = "{device}"\ndo = "{do}"\nto = {json.dumps(to)}\n'


def run_through(scenario: Scenario) -> VirtualUps:
    """Play it in simulated time, at once; give the UPS as it is at the end, with its events."""
    now_s = 0.0
    ups = scenario.ups(clock=lambda: now_s / scenario.speed)
    for step in scenario.steps:
        now_s = step.at_s
        for name, value in step.settings.items():
            ups.set(name, value)
    now_s = scenario.ends_at_s
    ups.events()
    return ups

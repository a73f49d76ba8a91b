"""What goes wrong on a disk, by rule: which operation on which file, from when on, and how.

Rules are pure: the same rules, met by the same operations in the same order, do the same.
"""

import math
import random
from collections import deque
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal, TypeAlias, get_args

Operation: TypeAlias = Literal[
    "read", "write", "sync", "create", "remove", "rename", "resize", "mark"
]
"""What a program does to a disk. `create` and `remove` are of files and folders, `resize` is
ftruncate and fallocate, `mark` is a write to the file `.mark`."""

INJECTED_MAX: Final = 100_000
"""So many faults are remembered; of more, the latest."""


@dataclass(frozen=True, slots=True)
class Fail:
    """The operation is answered with this errno, and is not done."""

    errno: int

    def __post_init__(self) -> None:
        """Refuse what no program can be told."""
        if not 1 <= self.errno <= 4095:
            raise ValueError(f"{self.errno} is not an errno: give one from 1 to 4095")


@dataclass(frozen=True, slots=True)
class Short:
    """A write takes its first `bytes_max` bytes only, and says so."""

    bytes_max: int

    def __post_init__(self) -> None:
        """Refuse a write that takes nothing: that is a failure, with an errno."""
        if self.bytes_max < 1:
            raise ValueError(f"a short write takes at least one byte, not {self.bytes_max}")


@dataclass(frozen=True, slots=True)
class Slow:
    """The whole disk answers nobody for `delay_s`; then the operation is done."""

    delay_s: float

    def __post_init__(self) -> None:
        """Refuse to wait backwards or for ever."""
        if not (math.isfinite(self.delay_s) and self.delay_s > 0):
            raise ValueError(f"a delay is a number of seconds above 0, not {self.delay_s}")


@dataclass(frozen=True, slots=True)
class Lie:
    """A sync is answered with success, and nothing is made durable."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """The whole disk answers nobody until the faults are cleared or the power is cut.

    A mark is noted before; any other operation is not done before the disk thaws.
    """


Effect: TypeAlias = Fail | Short | Slow | Lie | Freeze


@dataclass(frozen=True, slots=True)
class Rule:
    """`effect` befalls `operation` on files whose name matches.

    `name` is a shell pattern for the path below the disk's top folder; without a slash it stands
    for the last part of the path; for a mark it stands for its text. Of the operations that match,
    the rule takes the `nth` and those after it, each with `probability` by `seed`, until it has
    befallen `times` of them (None: no end).

    Raise ValueError for a rule that could never do what it says.
    """

    operation: Operation
    name: str
    effect: Effect
    nth: int = 1
    times: int | None = None
    probability: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what could never happen."""
        if self.operation not in get_args(Operation):
            raise ValueError(
                f"no operation is called {self.operation!r}: {', '.join(get_args(Operation))}"
            )
        if self.nth < 1 or (self.times is not None and self.times < 1):
            raise ValueError(f"nth and times count from 1: nth={self.nth}, times={self.times}")
        if not 0.0 < self.probability <= 1.0:
            raise ValueError(f"a probability is above 0 and at most 1, not {self.probability}")
        kind = type(self.effect).__name__
        if isinstance(self.effect, Short) and self.operation != "write":
            raise ValueError(f"{kind} befalls a write, not a {self.operation}")
        if isinstance(self.effect, Lie) and self.operation != "sync":
            raise ValueError(f"{kind} befalls a sync, not a {self.operation}")
        if self.operation == "mark" and not isinstance(self.effect, Freeze):
            raise ValueError(f"{kind} cannot befall a mark: a mark is no part of the disk")


@dataclass(frozen=True, slots=True)
class Injected:
    """`rule` befell the `count`-th operation that matched it, from 1, on the path (mark) `name`."""

    rule: Rule
    count: int
    name: str


def matches(path: str, pattern: str) -> bool:
    """Whether a rule's `name` stands for the path. Patterns are case-sensitive."""
    return fnmatchcase(path if "/" in pattern else path.rpartition("/")[2], pattern)


@dataclass(slots=True)
class _Armed:
    rule: Rule
    random: random.Random
    met: int = 0
    done: int = 0

    def takes(self) -> bool:
        """Whether the operation that was counted last goes wrong by this rule."""
        if self.met < self.rule.nth or self.done == self.rule.times:
            return False
        if self.rule.probability < 1.0 and self.random.random() >= self.rule.probability:
            return False
        self.done += 1
        return True


class Faults:
    """The rules of one disk, in the order in which they were armed, and what they did."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._injected: deque[Injected] = deque(maxlen=INJECTED_MAX)

    @property
    def any_armed(self) -> bool:
        """Whether there is anything to ask for."""
        return bool(self._armed)

    def arm(self, rule: Rule) -> None:
        """Let the rule count from now on."""
        self._armed.append(_Armed(rule, random.Random(rule.seed)))  # noqa: S311

    def clear(self) -> None:
        """Forget all rules; what they did stays known."""
        self._armed.clear()

    def meet(self, operation: Operation, name: str) -> Effect | None:
        """What befalls this operation. Every rule counts it; the first that takes it wins."""
        effect: Effect | None = None
        for armed in self._armed:
            rule = armed.rule
            if rule.operation != operation:
                continue
            same = fnmatchcase if operation == "mark" else matches
            if not same(name, rule.name):
                continue
            armed.met += 1
            if effect is None and armed.takes():
                effect = rule.effect
                self._injected.append(Injected(rule, armed.met, name))
        return effect

    def injected(self) -> tuple[Injected, ...]:
        """All that went wrong so far, in order; the latest INJECTED_MAX."""
        return tuple(self._injected)

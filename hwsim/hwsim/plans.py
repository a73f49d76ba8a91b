"""What is to happen to a printer at a certain point of its work, and not at a certain time."""

from collections.abc import Callable, Mapping
from typing import Final, Literal

PLANS_MAX: Final = 1000

Unit = Literal["bytes", "lines", "dots", "cuts"]
"""Bytes received; line feeds done (LF, ESC d, ESC J); rows of paper fed; cuts made."""


class Plans:
    """Acts, each with the count of a unit at which it is due. Not thread-safe."""

    def __init__(self) -> None:
        """Nothing is planned."""
        self._plans: list[tuple[Unit, int, Callable[[], None]]] = []

    def add(self, unit: Unit, at: int, act: Callable[[], None]) -> None:
        """Have `act` done when the count of `unit` has reached `at`."""
        if len(self._plans) >= PLANS_MAX:
            raise ValueError(f"no more than {PLANS_MAX} things can be planned at once")
        self._plans.append((unit, at, act))

    def bytes_left(self, received: int) -> int | None:
        """How many bytes may still come before something is due; None: any number."""
        left = [at - received for unit, at, _ in self._plans if unit == "bytes"]
        return max(0, min(left)) if left else None

    def stop_work(self, counts: Mapping[str, int]) -> bool:
        """Whether something is to happen before the next command is executed.

        What is due at a byte is not: the printer does first what the bytes before it say.
        """
        return any(counts[unit] >= at for unit, at, _ in self._plans if unit != "bytes")

    def take_due(self, counts: Mapping[str, int]) -> list[Callable[[], None]]:
        """What is to happen now, in the order it was planned; it is planned no longer."""
        due = [plan for plan in self._plans if counts[plan[0]] >= plan[1]]
        self._plans = [plan for plan in self._plans if plan not in due]
        return [act for _, _, act in due]

    def clear(self) -> None:
        """Nothing is planned any more."""
        self._plans.clear()

"""A bar that shows where long work stands."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tillhald.ctl.connection import err

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def bar(*, hidden: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Something to call with phase, done and total; shown on a terminal only."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=hidden or not err.is_terminal,
    ) as progress:
        task = progress.add_task("", total=None)
        phase_now = ""

        def show(phase: str, done: int, total: int) -> None:
            nonlocal phase_now
            if phase != phase_now:
                phase_now = phase
                progress.reset(task, total=total or None, description=phase)
            progress.update(task, completed=done, total=total or None)

        yield show

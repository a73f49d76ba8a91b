"""The last deeds of a till that goes down: the host powers off, its UPSes cut and return.

Two can tell a UPS, and one does: the daemon itself, through `upsd`, while the host is still going
down; or the late hook of systemd (packaging/systemd/system-shutdown/tillhald), when all disks are
unmounted and nothing of NUT runs any more. A file that lasts until then, the latch, says to the
hook which UPSes the daemon has left to it.
"""

from __future__ import annotations

import asyncio
import os
import re
from asyncio.subprocess import DEVNULL
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from tillhald.devices.power_supply import Obeyed, PerhapsObeyed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tillhald.devices.power_supply import CommandOutcome, PowerSource

log = structlog.get_logger(__name__)

CUT_AND_RETURN = "shutdown.return"
CUT_DELAY = "ups.delay.shutdown"
RETURN_DELAY = "ups.delay.start"
POWER_OFF_S_MAX = 10.0
POWER_OFF_TRIES = 2
HOOKS = (
    "usr/lib/systemd/system-shutdown/tillhald",
    "lib/systemd/system-shutdown/tillhald",
)
LATCH_HEAD = "tillhald-latch 1"


class Latch:
    """Which UPSes the late hook is to cut: lines `cut NAME`, and `told NAME` for the others.

    On a file system in memory, so that it is gone after the next start of the host.
    """

    def __init__(self, path: str) -> None:
        """An empty path: there is no latch, and nothing is left to a hook."""
        self._path = Path(path) if path else None

    @property
    def is_there(self) -> bool:
        """Whether one is configured."""
        return self._path is not None

    def set(self, cut: Sequence[str], told: Sequence[str] = ()) -> bool:
        """Write it, whole or not at all; whether that could be done."""
        if self._path is None:
            return False
        lines = [LATCH_HEAD, *(f"cut {ups}" for ups in cut), *(f"told {ups}" for ups in told)]
        half = self._path.with_name(f"{self._path.name}.half")
        try:
            half.write_text("\n".join(lines) + "\n", encoding="utf-8")
            half.replace(self._path)
        except OSError as error:
            log.critical("latch_not_set", why=error.strerror or "")
            return False
        return True

    def clear(self) -> None:
        """A till that runs is not going down: another's shutdown must not cut its UPS."""
        if self._path is None:
            return
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            log.error("latch_not_cleared", why=error.strerror or "")


def has_hook(root: Path) -> bool:
    """Whether the late hook is installed on the host."""
    return any(os.access(root / hook, os.X_OK) and (root / hook).is_file() for hook in HOOKS)


def seconds_told(source: PowerSource | None, ups: str, variable: str) -> int | None:
    """What a UPS says of one of its delays; None where it does not."""
    reading = source.variables(ups).get(variable) if source else None
    text = (reading.value or "").strip() if reading else ""
    return int(float(text)) if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text) else None


class GoingDark:
    """Done once, after the journal is closed."""

    def __init__(
        self,
        *,
        poweroff_command: tuple[str, ...],
        need_s: int,
        latch: Latch,
        cut_s: Callable[[str], int | None],
        command: Callable[[str, str], Awaitable[CommandOutcome]],
        root: Path = Path("/"),
    ) -> None:
        """`need_s` is what the host takes to go down; `cut_s` after how long a UPS cuts, if it
        tells; `command` gives a UPS an instant command."""
        self._poweroff_command = poweroff_command
        self._need_s = need_s
        self._latch = latch
        self._cut_s = cut_s
        self._command = command
        self._root = root

    async def go(self, feeds: Sequence[str]) -> None:
        """Power the host off, and see to it that every UPS of `feeds` cuts and returns.

        Also if the host does not obey, and also if the mains are back: what is off on mains stays
        off, and a till that has settled sells nothing.
        """
        # The latch first: whatever becomes of us from here on, the hook knows.
        is_latched = self._latch.set(cut=feeds)
        is_off = await self._power_off()
        has_late_cut = is_off and is_latched and has_hook(self._root)
        left: list[str] = []
        told: list[str] = []
        for ups in feeds:
            if has_late_cut and not self._cuts_late_enough(ups):
                # It would cut while disks are still being unmounted.
                log.warning("ups_left_to_hook", device=ups)
                left.append(ups)
            else:
                (told if await self._cut_and_return(ups) else left).append(ups)
        if is_latched and told:
            self._latch.set(cut=left, told=told)

    def _cuts_late_enough(self, ups: str) -> bool:
        cut_s = self._cut_s(ups)
        return cut_s is not None and cut_s >= self._need_s

    async def _power_off(self) -> bool:
        """Whether the host has taken the command; where there is none, somebody else sees to it."""
        command = self._poweroff_command
        if not command:
            return True
        for _ in range(POWER_OFF_TRIES):
            try:
                process = await asyncio.create_subprocess_exec(
                    *command, stdin=DEVNULL, stdout=DEVNULL
                )
                status = await asyncio.wait_for(process.wait(), POWER_OFF_S_MAX)
            except (OSError, TimeoutError) as error:
                log.critical("host_not_powered_off", why=str(error) or "no answer")
                continue
            if status == 0:
                log.warning("host_powered_off")
                return True
            log.critical("host_not_powered_off", why=f"status {status}")
        return False

    async def _cut_and_return(self, ups: str) -> bool:
        """Whether it is known to have obeyed: twice does no harm, never would."""
        outcome = await self._command(ups, CUT_AND_RETURN)
        match outcome:
            case Obeyed() | PerhapsObeyed():
                log.warning("ups_told_to_return", device=ups)
            case _:
                log.critical("ups_not_told_to_return", device=ups, why=outcome.why)
        return isinstance(outcome, Obeyed)

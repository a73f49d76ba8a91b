"""How a piece of work puts another program or other data in place: the daemon's part of it.

home = switching.home()              HOME_NEEDED, before anything is begun
await switching.begin(refusal)       the till is quiet
...                                  the new generation is built, finished, compared
switching.switch(work, seq=seq)      stored, put on trial; the daemon ends, its launcher goes on
switching.end()                      or, where it failed: the till sells on
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from tillhald.domain.errors import DeviceBusy, HomeNeeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.devices.registry import DeviceRegistry
    from tillhald.domain.errors import Refused
    from tillhald.home import Home, Work
    from tillhald.service.effects import Effects
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)

DEEDS_END_S_MAX: Final = 25.0
"""For what is being printed; a print job has a deadline of its own, which is shorter."""


class Switching:
    """One piece of work at a time. Everything runs on the event loop."""

    def __init__(
        self,
        home: Home | None,
        *,
        till: Till,
        effects: Effects,
        devices: DeviceRegistry,
        restart: Callable[[], None],
    ) -> None:
        """`restart` ends the daemon, so that the launcher decides anew."""
        self._home = home
        self._till = till
        self._effects = effects
        self._devices = devices
        self._restart = restart

    def home(self) -> Home:
        """The till's home. Raises HomeNeeded."""
        if self._home is None:
            raise HomeNeeded("This till was not installed with `tillctl install`.")
        return self._home

    async def begin(self, refusal: Refused) -> None:
        """Make the till quiet, and return once all that was recorded is durable.

        From now on what would change something is refused with `refusal`; the deeds under way come
        to their end, and no other is begun. Facts of devices and of the power are recorded all the
        same. Raises what the till is quiet for already, DeviceBusy if a deed did not end, and
        StorageError: then the till sells as before.
        """
        self._till.refuse_if_quiet()
        self._till.quiesce(refusal)
        try:
            await self._come_to_rest()
            await self._till.caught_up()
        except BaseException:
            self.end()
            raise

    async def _come_to_rest(self) -> None:
        names = {shot.device_id for shot in self._devices.snapshot()}
        if not await self._effects.pause(names, DEEDS_END_S_MAX):
            raise DeviceBusy("A print job or a drawer did not come to its end.")

    def end(self) -> None:
        """Sell on."""
        self._till.resume()
        self._effects.resume()

    def switch(self, work: Work, *, seq: int) -> bool:
        """Put `work.to_pair` on trial and end the daemon, if the journal still ends with `seq`.

        False: something was recorded since, and nothing was switched. It blocks for some
        milliseconds, so that nothing can be recorded between the look and the switch. Raises as
        `Home.switch`.
        """
        if self._till.state.seq != seq:
            return False
        self.home().switch(work)
        log.info(
            "switched",
            work_id=work.work_id,
            work_kind=work.kind,
            to_slot=work.to_pair.slot,
            to_generation=work.to_pair.generation,
        )
        self._restart()
        return True

"""What knows of UPSes, and what becomes of a command to one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from tillhald.devices.categories import Reading
from tillhald.domain.power_sample import NoData, UpsSample


class Obeyed(msgspec.Struct, frozen=True, tag="obeyed"):
    """The UPS, or its driver, says that it was done."""


class NotObeyed(msgspec.Struct, frozen=True, tag="not_obeyed"):
    """It was not done. `why` is the protocol's word, for a technician."""

    why: str


class PerhapsObeyed(msgspec.Struct, frozen=True, tag="perhaps_obeyed"):
    """It was asked for, and nobody says what became of it."""

    why: str


CommandOutcome = Obeyed | NotObeyed | PerhapsObeyed


class PowerSource(Protocol):
    """What knows of one or more UPSes. Unlike other devices it lives on the event loop."""

    @property
    def upses(self) -> tuple[str, ...]:
        """Their names, as in its samples."""

    def readings(self) -> AsyncIterator[UpsSample | NoData]:
        """What each UPS says, again and again, for ever; never raises for a device's failure.

        One task reads it, and may be cancelled at any moment.
        """

    def variables(self, ups: str) -> dict[str, Reading[str]]:
        """All that was last known of a UPS, without asking."""

    def unchanged_s(self, ups: str) -> float | None:
        """Since when no value of it has changed; None if nothing is known. A unit that was pulled
        out may go on being told with its last values: this tells a person how likely that is.
        """

    async def commands(self, ups: str) -> tuple[str, ...]:
        """Instant commands that it has; none where that cannot be asked."""

    async def command(self, ups: str, name: str, argument: str = "") -> CommandOutcome:
        """Give an instant command, at most once; in NUT's words, e.g. `shutdown.return`."""

    async def set_variable(self, ups: str, name: str, value: str) -> CommandOutcome:
        """Set a variable, at most once."""

    async def force_shutdown(self, ups: str) -> CommandOutcome:
        """Tell all who hang on this UPS that it will be cut; that cannot be taken back."""

    def close(self) -> None:
        """Let go of it."""

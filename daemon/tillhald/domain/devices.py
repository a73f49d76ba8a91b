"""What is remembered of devices as values: who they are, and what they have done."""

from __future__ import annotations

import msgspec

DEVICES_KNOWN_MAX = 100
"""Names of devices that anything is remembered of; of more, the longest unchanged are forgotten."""


class Identity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a device says it is; empty where it does not say it."""

    maker: str = ""
    model: str = ""
    serial: str = ""

    def is_other_than(self, known: Identity) -> bool:
        """Whether this is for certain not the device that was `known`.

        A serial number decides where both have one; else a model. Silence proves nothing.
        """
        if self.serial and known.serial:
            return (self.serial, self.model or known.model) != (
                known.serial,
                known.model or self.model,
            )
        return bool(self.model and known.model) and self.model != known.model

    def merged_into(self, known: Identity) -> Identity:
        """What is known after the same device has said this much."""
        return Identity(
            maker=self.maker or known.maker,
            model=self.model or known.model,
            serial=self.serial or known.serial,
        )

    def __str__(self) -> str:
        """For people: "EPSON TM-T88V, serial J6ZX012345"."""
        name = " ".join(word for word in (self.maker, self.model) if word) or "unknown model"
        return f"{name}, serial {self.serial}" if self.serial else name


class DeviceCounts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a device has done, by the names of `domain.statistics`.

    `opened_ms` is when a drawer's switch said open, 0 when it is shut or nobody knows.
    `reset_ms` is when any of the counts was last set to 0 by a person. `standing` are the codes of
    the conditions that are counted and have not ended.
    """

    counts: dict[str, int] = {}
    opened_ms: int = 0
    reset_ms: int = 0
    standing: tuple[str, ...] = ()


class HealthStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a check and how it ended: "passed", "failed" or "skipped", and why."""

    name: str
    result: str
    evidence: str = ""

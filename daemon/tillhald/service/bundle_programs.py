"""Bundles beside a till that sells: looked into, and made a slot of, in processes of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhald.bundle.trust import TrustFolder
from tillhald.bundle.words import BuildOrder, InspectOrder, Line, Shown
from tillhald.domain.errors import SlotFailed
from tillhald.service.backup_programs import run_module

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tillhald.service.backup_programs import Standing

INSPECT_S_MAX = 600.0
"""A bundle of 2 GiB on a slow stick."""
BUILD_S_MAX = 1_800.0


def trust_folder(home: Path) -> TrustFolder:
    """Whom the till in this home trusts with its program."""
    return TrustFolder(home / "identity" / "trust")


async def inspect_bundle(
    file: Path, home: Path, now_ms: int, on_progress: Callable[[Standing], None]
) -> Shown:
    """What a bundle is that this till could take. Nothing is written. Raises its refusals."""
    order = InspectOrder(
        file=str(file), now_ms=now_ms, trust=str(trust_folder(home).folder), must_fit=True
    )
    line = await run_module(
        "tillhald.bundle.inspect", Line, order, on_progress, SlotFailed, INSPECT_S_MAX
    )
    assert line.bundle is not None, "it ended without a refusal"
    return line.bundle


async def build_slot(
    file: Path, home: Path, now_ms: int, on_progress: Callable[[Standing], None]
) -> tuple[str, Shown]:
    """Check a bundle and build its slot; its name, durable then. Raises its refusals."""
    order = BuildOrder(
        file=str(file), home=str(home), trust=str(trust_folder(home).folder), now_ms=now_ms
    )
    line = await run_module(
        "tillhald.bundle.build", Line, order, on_progress, SlotFailed, BUILD_S_MAX
    )
    assert line.bundle is not None, "it ended without a refusal"
    return line.slot, line.bundle

"""Finds the adapters that are installed: entry points of the group `tillhal.predecessors`."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from tillhald.domain.errors import SourceNotFound
from tillhald.predecessor.records import Predecessor

ENTRY_POINT_GROUP: Final = "tillhal.predecessors"


def find_adapters() -> dict[str, Predecessor]:
    """By name. A package that cannot be loaded is left out: it keeps nobody from the others."""
    found = {}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        try:
            spec = point.load()
        except Exception:  # noqa: BLE001, S112 - whatever somebody else's package does
            continue
        if isinstance(spec, Predecessor):
            found[point.name] = spec
    return found


def adapter_for(path: Path, name: str) -> Predecessor:
    """The adapter of that name, or the one that recognises what lies there.

    Raises SourceNotFound.
    """
    adapters = find_adapters()
    known = ", ".join(sorted(adapters))
    if name:
        if name not in adapters:
            raise SourceNotFound(f"There is no adapter {name}; there are {known}.", adapters=known)
        return adapters[name]
    if not path.exists():
        raise SourceNotFound("There is nothing at this path.", path=str(path))
    for each in adapters.values():
        if each.recognises(path):
            return each
    sentence = f"No adapter knows what lies there; there are {known}."
    raise SourceNotFound(sentence, adapters=known)

"""What the daemon, and tillctl, and the programs of this package say to one another.

The manner is that of `tillhald.backup.words`: an order in, JSON lines out.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from tillhald.backup import words
from tillhald.backup.words import PROGRESS_S
from tillhald.boot.files import Damaged
from tillhald.bundle.manifest import BundleManifest
from tillhald.domain.errors import Refused, SlotFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.bundle.opening import Bundle

T = TypeVar("T", bound=msgspec.Struct)


class InspectOrder(msgspec.Struct, kw_only=True):
    """Look into a bundle. `trust`: a file with the root to trust, or a till's trust folder; empty:
    the bundle's own. `must_fit`: refuse what this machine could not install, and what the till of
    the trust folder would not take."""

    file: str
    now_ms: int
    trust: str = ""
    must_fit: bool = False


class BuildOrder(msgspec.Struct, kw_only=True):
    """Open a bundle as this till does, and build a slot of it. `trust` is the till's folder."""

    file: str
    home: str
    trust: str
    now_ms: int


class KeygenOrder(msgspec.Struct, kw_only=True):
    """Make keys in `folder`. `shares`: of each role, how many keys, and how many of them it takes.
    `old`: the folder of the keys that count so far; empty for the first ones."""

    folder: str
    shares: dict[str, tuple[int, int]]
    now_ms: int
    old: str = ""


class MakeOrder(msgspec.Struct, kw_only=True):
    """Make the bundle `out` of the wheels in a folder; see `making.Wished`."""

    wheels: str
    keys: str
    out: str
    now_ms: int
    release: int = 0
    days: int
    upgrades_from: str = ""
    changes: dict[str, str] = {}


class Shown(msgspec.Struct, kw_only=True):
    """What a bundle is. `signed` are the keys of the targets' role that signed, `threshold` how
    many it takes; `roots` is the number of its newest root; `release` its number; `is_trusted`:
    by a root that was given, and not its own alone. `why_not`: why this machine could not install
    it, empty if it could; `unfit` the reason of that."""

    manifest: BundleManifest
    file_name: str
    size_bytes: int
    need_bytes: int
    release: int
    roots: int
    signed: tuple[str, ...]
    threshold: int
    expires_ms: int
    is_trusted: bool
    why_not: str = ""
    unfit: str = ""
    wheels: tuple[str, ...] = ()


class Line(words.Line, kw_only=True, omit_defaults=True):
    """One line, as in `tillhald.backup.words`; at last `bundle`, `slot` or `root` as well."""

    bundle: Shown | None = None
    slot: str = ""
    root: int = 0


def run(order: type[T], work: Callable[[T, Callable[[words.Line], None]], None]) -> int:
    """Be a program, as in `tillhald.backup.words`; a disk that fails is told as this work's."""

    def guarded(wanted: T, say: Callable[[words.Line], None]) -> None:
        try:
            work(wanted, say)
        except BrokenPipeError:
            raise
        except Damaged as error:
            raise SlotFailed(f"{error}.") from error
        except OSError as error:
            where = f"{error.filename} cannot" if error.filename else "A file could not"
            sentence = f"{where} be read or written: {error.strerror or error}."
            raise SlotFailed(sentence) from error

    return words.run(order, guarded)


class Pace:
    """Tells `say` where the work stands, at most every PROGRESS_S, and whenever a phase begins."""

    def __init__(self, say: Callable[[words.Line], None]) -> None:
        self._say = say
        self._phase = ""
        self._told_s = 0.0

    def __call__(self, phase: str, done: int, total: int) -> None:
        now_s = time.monotonic()
        if phase != self._phase or now_s - self._told_s >= PROGRESS_S:
            self._phase, self._told_s = phase, now_s
            self._say(words.Line(phase=phase, done=done, total=max(done, total)))


def shown(bundle: Bundle, *, is_trusted: bool, refusal: Refused | None = None) -> Shown:
    """What there is to say of a bundle that was opened."""
    return Shown(
        manifest=bundle.manifest,
        file_name=Path(bundle.path).name,
        size_bytes=bundle.size_bytes,
        need_bytes=bundle.need_bytes,
        release=bundle.said.floor.targets,
        roots=bundle.said.roots,
        signed=bundle.said.signed,
        threshold=bundle.said.threshold,
        expires_ms=bundle.said.expires_ms,
        is_trusted=is_trusted,
        why_not=refusal.sentence if refusal else "",
        unfit=refusal.reason if refusal else "",
        wheels=tuple(sorted(name.partition("/")[2] for name in bundle.wheels)),
    )

"""Having a journal brought into another form, by a program of the version that knows both forms.

To a newer form it is the new version's program, run by its own interpreter; back to an older one it
is the program that runs. The journal that is read goes on being the till's.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tillhald.boot import generation
from tillhald.boot.slot import interpreter_of, slots_folder
from tillhald.domain import errors
from tillhald.migration.words import Line
from tillhald.service.backup_programs import run_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tillhald.home import Home
    from tillhald.migration.copying import Migrated
    from tillhald.service.backup_programs import Standing
    from tillhald.service.upgrade_world import SlotFacts

MIGRATE_S_MAX = 3600.0


async def bring_over(
    home: Home,
    to: SlotFacts,
    target: Path,
    on_progress: Callable[[Standing], None],
) -> Migrated:
    """Copy the journal that runs to `target` in the form that `to` writes; durable, and compared.
    The till has come to rest: whoever starts on the copy starts after an orderly stop.

    On the way back the older program itself reads all of it: what it does not know it says now, and
    not when it is to sell. Raises UpgradeFailed with what was refused; NoPreviousVersion where an
    older form, or the older program, cannot hold what is there.
    """
    # Not by what was asked for: the version before may be the newer one, after a way back.
    is_back = to.schema < generation.meta_of(home.folder, home.generation).schema
    failed = errors.NoPreviousVersion if is_back else errors.UpgradeFailed
    there = str(interpreter_of(slots_folder(home.folder) / to.name))
    copier = sys.executable if is_back else there
    source = str(home.journal_folder)
    words = [source, str(target), "--to-schema", str(to.schema), "--at-rest"]
    line = await run_migration(copier, words, on_progress)
    if line.migrated is None:
        raise failed(f"{line.sentence} ({line.refused})")
    if is_back:
        looked = await run_migration(there, ["--check", str(target)], on_progress)
        if looked.checked is None:
            raise failed(f"{looked.sentence} ({looked.refused})")
    return line.migrated


async def run_migration(
    interpreter: str, words: list[str], on_progress: Callable[[Standing], None]
) -> Line:
    """Run `tillhald.migration` of the version whose interpreter this is; its last line.

    Raises UpgradeFailed if it died, and TimeoutError.
    """
    return await run_command(
        [interpreter, "-I", "-m", "tillhald.migration", *words],
        None,
        on_progress,
        answers=Line,
        failed=errors.UpgradeFailed,
        deadline_s=MIGRATE_S_MAX,
    )

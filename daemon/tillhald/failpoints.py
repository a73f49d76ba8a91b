"""Places where a test may cut the daemon down, named so that a crash can be repeated.

Armed from the environment only: `TILLHALD_FAILPOINT=journal.before_commit:3` kills the process
with SIGKILL, as a power cut would, the third time that place is reached. Unarmed, reaching a
failpoint costs one comparison.

`TILLHALD_FAILPOINT_MARKS=FILE` has every place that is passed written to FILE, one write each: on a
disk that records, a test learns what was on the disk at that place.
"""

from __future__ import annotations

import os
import signal
import threading

FAILPOINTS = frozenset(
    {
        "journal.before_commit",
        "journal.after_commit",
        "journal.segment_built",
        "journal.segment_retired",
        "boot.file_written",
        "boot.file_synced",
        "boot.file_renamed",
        "boot.generation_built",
        "boot.generation_renamed",
        "home.work_stored",
        "home.switched",
        "slot.copied",
        "slot.installed",
        "slot.sealed",
        "slot.renamed",
        "upgrade.bundle_received",
        "upgrade.bundle_kept",
        "upgrade.staged",
        "upgrade.armed",
        "upgrade.looked_over",
        "upgrade.at_rest",
        "upgrade.begun",
        "upgrade.copy_made",
        "upgrade.copy_named",
        "upgrade.backed_up",
        "upgrade.generation_begun",
        "upgrade.migrated",
        "upgrade.before_switch",
        "upgrade.switched",
        "home.before_commit",
        "home.committed",
        "backup.part_made",
        "backup.part_written",
        "backup.part_synced",
        "backup.read_back",
        "backup.renamed",
        "backup.named_durably",
        "backup.before_done",
        "migration.batch_copied",
        "migration.copied",
        "migration.synced",
        "migration.proven",
        "migration.before_aside",
        "migration.put_aside",
        "restore.begun",
        "restore.rebuilt",
        "restore.files_put",
        "restore.recorded",
        "restore.safe",
        "restore.built",
        "clean.begun",
        "clean.created",
        "safety.copied",
        "import.read",
        "import.began",
        "import.sales_put",
        "import.reports_put",
        "import.put",
        "import.done",
        "effects.before_print",
        "effects.print_started",
        "printer.mid_print",
        "effects.after_print",
        "effects.before_kick",
        "effects.after_kick",
    }
)
"""Every name that the code reaches; arming another one is refused at start."""

_VARIABLE = "TILLHALD_FAILPOINT"
_MARKS_VARIABLE = "TILLHALD_FAILPOINT_MARKS"


def _armed() -> tuple[str, int]:
    name, _, count = os.environ.get(_VARIABLE, "").partition(":")
    if name and name not in FAILPOINTS:
        message = f"{_VARIABLE} names {name!r}; known are {', '.join(sorted(FAILPOINTS))}"
        raise SystemExit(message)
    return name, int(count or "1")


def _marks() -> int | None:
    path = os.environ.get(_MARKS_VARIABLE, "")
    try:
        return os.open(path, os.O_WRONLY | os.O_CLOEXEC) if path else None
    except OSError as error:
        message = f"{_MARKS_VARIABLE}: {error}"
        raise SystemExit(message) from error


_name, _left = _armed()
_marks_fd = _marks()
_is_watched = bool(_name) or _marks_fd is not None
_lock = threading.Lock()


def reach(name: str, of: str = "") -> None:
    """Die here, by SIGKILL, if this is the armed failpoint and its count is used up.

    `of` says in marks which file it is about, where a place is passed for several.
    """
    global _left  # noqa: PLW0603 - one process, one countdown
    if not _is_watched:
        return
    if _marks_fd is not None:
        os.write(_marks_fd, f"{name} {of}".rstrip().encode())
    if name != _name:
        return
    with _lock:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

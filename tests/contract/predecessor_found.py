"""What the importer makes of the golden folder of a predecessor.

    PYTHONPATH=. python -m tests.contract.predecessor_found

writes it beside the folder. The folder was exported once and is never written again: technicians have such folders on sticks.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import msgspec

from tillhald.predecessor.read import read
from tillhald.predecessor.words import ReadOrder, read_spool

FOLDER = Path(__file__).parent / "golden" / "predecessor_1"
FOUND = FOLDER.with_suffix(".json")


def found(folder: Path) -> dict[str, Any]:
    """The report and all that is spooled, as plain values."""
    with tempfile.TemporaryDirectory() as made:
        spool = Path(made) / "spool"
        order = ReadOrder(path=str(folder), spool=str(spool), import_id="i1", currency="EUR")
        report = read(order)
        spooled = [item for item, _ in read_spool(spool)]
    # Where the reports begin in the spool is between two programs of one version.
    kept = msgspec.structs.replace(report, reports_at=0)
    return {"report": msgspec.to_builtins(kept), "spooled": msgspec.to_builtins(spooled)}


if __name__ == "__main__":
    FOUND.write_bytes(msgspec.json.format(msgspec.json.encode(found(FOLDER))) + b"\n")

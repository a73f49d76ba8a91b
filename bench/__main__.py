"""Compares tillhal with its floors and its peers, and with itself on the spill; times its start
and its stages."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench import (
    access,
    backup,
    boot,
    day,
    events,
    importing,
    printing,
    profile,
    report,
    spill,
    staging,
    upgrade,
)
from bench.comparison import Plan, compare
from bench.subjects import SUBJECTS

OUT = Path(__file__).parent / "out"
QUICK = Plan(rounds=2, warm_up_s=0.3, seconds=0.7)
PROFILE_SALES = 2_000


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "what",
        nargs="?",
        choices=(
            "compare",
            "boot",
            "profile",
            "spill",
            "printing",
            "events",
            "access",
            "backup",
            "day",
            "import",
            "upgrade",
            "staging",
        ),
        default="compare",
    )
    parser.add_argument(
        "--folder", type=Path, default=OUT, help="where to store while measuring: which disk"
    )
    compared = parser.add_argument_group("compare, spill")
    compared.add_argument("--quick", action="store_true", help="about 90 s instead of 8 minutes")
    compared.add_argument("--only", action="append", choices=list(SUBJECTS), help="repeatable")
    compared.add_argument("--seconds", type=float, help="measured time of a cell")
    compared.add_argument("--rounds", type=int)
    others = parser.add_argument_group("boot, profile, backup, day, import")
    others.add_argument(
        "--sales",
        type=int,
        action="append",
        help="sales in the journal (boot, repeatable; backup), to time (profile), of day, import",
    )
    return parser.parse_args()


def _plan(arguments: argparse.Namespace) -> Plan:
    plan = QUICK if arguments.quick else Plan()
    wanted = {
        "subjects": tuple(arguments.only or ()),
        "seconds": arguments.seconds,
        "rounds": arguments.rounds,
    }
    return msgspec.structs.replace(plan, **{name: value for name, value in wanted.items() if value})


def main() -> None:
    """Measure, print the report, keep it and the numbers behind it."""
    arguments = _arguments()
    began = datetime.now(tz=UTC)
    found: object
    match arguments.what:
        case "boot":
            histories = tuple(arguments.sales or boot.HISTORIES)
            found = boot.boot(arguments.folder, histories)
            text = boot.render(found)
        case "profile":
            sales = (arguments.sales or [PROFILE_SALES])[0]
            found = profile.profile(arguments.folder, sales)
            text = profile.render(found, sales)
        case "spill":
            plan = _plan(arguments)
            found = spill.spill(
                arguments.folder,
                rounds=plan.rounds,
                warm_up_s=plan.warm_up_s,
                seconds=plan.seconds,
            )
            text = spill.render(found)
        case "access":
            found = access.access(arguments.folder, arguments.rounds or access.ROUNDS)
            text = access.render(found)
        case "events":
            found = events.events(arguments.folder)
            text = events.render(found)
        case "backup":
            found = backup.backup(
                arguments.folder,
                sales=(arguments.sales or [backup.SALES])[0],
                rounds=arguments.rounds or backup.ROUNDS,
            )
            text = backup.render(found)
        case "day":
            found = day.day(arguments.folder, (arguments.sales or [day.SALES])[0])
            text = day.render(found)
        case "import":
            found = importing.importing(
                arguments.folder,
                (arguments.sales or [importing.SALES])[0],
                arguments.rounds or importing.ROUNDS,
            )
            text = importing.render(found)
        case "upgrade":
            found = upgrade.upgrade(arguments.folder, (arguments.sales or [upgrade.SALES])[0])
            text = upgrade.render(found)
        case "staging":
            found = staging.staging(arguments.folder, arguments.rounds or staging.ROUNDS)
            text = staging.render(found)
        case "printing":
            found = printing.printing(arguments.folder, rounds=arguments.rounds or printing.ROUNDS)
            text = printing.render(found)
        case _:
            found = compare(_plan(arguments), arguments.folder)
            text = report.render(found)
    sys.stdout.write(text)
    OUT.mkdir(exist_ok=True)
    name = f"{arguments.what}-{began:%Y%m%d-%H%M%S}"
    (OUT / f"{name}.md").write_text(text)
    (OUT / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    sys.stderr.write(f"kept in {OUT / name}.md and .json\n")


if __name__ == "__main__":
    main()

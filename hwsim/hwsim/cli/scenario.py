"""`hwsim scenario`: what was told beforehand happens in a running shop."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hwsim import scenario
from hwsim.cli.arguments import count, factor
from hwsim.cli.connection import EXIT_REFUSED, Refused, connected, shared, write_json
from hwsim.control.values import from_struct
from hwsim.scenario import ScenarioError
from hwsim.v1 import rig_pb2, rig_pb2_grpc

if TYPE_CHECKING:
    from hwsim.cli.connection import Commands


def add(commands: Commands) -> None:
    """Describe it."""
    group = commands.add_parser(
        "scenario",
        help="run a timeline of faults in a running shop",
        description="Run, or check, a timeline of faults: a TOML file.",
    )
    verbs = group.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser(
        "run",
        help="run it in a running shop",
        description="Run it in a running shop, and tell of each step. Ctrl-C stops it; what it has "
        "done stays.",
        epilog="Exit status: 0 when every step was done; 1 when the scenario is wrong or a step "
        "could not be done; 2 when there is no shop.",
    )
    check = verbs.add_parser(
        "check",
        help="say what is wrong with it, and what it would do",
        description="Say what is wrong with it, or every step that it would do. Needs no shop; "
        "so names of devices are not checked.",
    )
    for parser in (run, check):
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--seed",
            type=count,
            metavar="N",
            help="for what it leaves to chance (default: its own)",
        )
    run.add_argument(
        "--speed", type=factor, default=1.0, metavar="X", help="so much faster (default: 1)"
    )
    shared(run)
    check.add_argument("--json", action="store_true", help="write JSON, for programs")
    run.set_defaults(run=_run)
    check.set_defaults(run=_check)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise Refused(f"{path} cannot be read: {why}.") from error


def _run(options: argparse.Namespace) -> int:
    request = rig_pb2.RunScenarioRequest(
        toml=_text(options.file), seed=options.seed, speed=options.speed
    )
    failed = False
    with connected(options) as channel:
        for step in rig_pb2_grpc.RigServiceStub(channel).RunScenario(request):
            failed |= bool(step.failure)
            tell_step(
                options,
                step.at_s,
                step.device,
                step.do,
                from_struct(step.values),
                step.failure,
            )
    return EXIT_REFUSED if failed else 0


def _check(options: argparse.Namespace) -> int:
    try:
        found = scenario.parse(_text(options.file))
        seed = options.seed if options.seed is not None else found.seed or 0
        steps = found.timeline(seed)
    except ScenarioError as error:
        raise Refused(str(error)) from error
    for step in steps:
        tell_step(options, step.at_s, step.device, step.do, step.values, "")
    return 0


def tell_step(
    options: argparse.Namespace,
    at_s: float,
    device: str,
    do: str,
    values: dict[str, object],
    failure: str,
) -> None:
    """Write what was done, and when, or why it could not be."""
    if options.json:
        step = {"at_s": at_s, "device": device, "do": do, "values": values}
        write_json({**step, "failure": failure} if failure else step)
        return
    said = "".join(f" {name}={value}" for name, value in values.items())
    print(
        f"{at_s:9.3f} s  {device}: {do}{said}{f' FAILED: {failure}' if failure else ''}", flush=True
    )

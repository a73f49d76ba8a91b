"""`hwsim ups run`, `status`, `fault`, and `hwsim outage`; the UPS's verbs are in `devices`."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hwsim.cli import shop as shop_command
from hwsim.cli.arguments import port
from hwsim.cli.connection import (
    ANSWER_S,
    UPS_FOLDER,
    Refused,
    connected,
    device_of,
    shared,
    write_json,
)
from hwsim.cli.scenario import tell_step
from hwsim.control.values import as_struct, from_struct
from hwsim.shop_plan import ShopPlan, UpsPlan
from hwsim.ups.scenario import Scenario, ScenarioError, as_shop_scenario, load, play
from hwsim.ups.verbs import FAULTS
from hwsim.ups.wired import WiredUps
from hwsim.v1 import rig_pb2, rig_pb2_grpc, ups_pb2, ups_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Callable

    from hwsim.cli.connection import Commands
    from hwsim.shop import Shop

EXIT_WRONG_FILE: Final = 2
EXIT_INTERRUPTED: Final = 130
_BAR: Final = 20


def add_run_status_and_fault(verbs: Commands) -> None:
    """Describe them, beside the verbs."""
    run = verbs.add_parser(
        "run",
        help="run a UPS alone, until Ctrl-C or to the end of an outage",
        description="Run a UPS alone: a shop that has nothing else. It is an RFC 9271 server (as "
        "NUT's upsd) always, and has other wires as asked for. With a FILE it plays that outage, "
        "and ends with it. Prints what `hwsim shop` prints.",
        epilog="Exit status: 0 when it was ended, or at the FILE's end; 1 if a wire cannot be had; "
        "2 if the FILE is wrong; 130 when it was ended before the FILE's end.",
    )
    run.add_argument("scenario", nargs="?", type=Path, metavar="FILE", help="an outage, in TOML")
    run.add_argument("--port", type=port, default=0, help="of the RFC 9271 server (any free)")
    run.add_argument("--name", default="till", help="the UPS's name (till)")
    run.add_argument("--serial", type=Path, metavar="PATH", help="speak Q1 at this path, too")
    run.add_argument(
        "--nis-port", type=port, metavar="N", help="speak apcupsd's NIS, too; 0: at a free port"
    )
    run.add_argument(
        "--real-nut",
        action="store_true",
        help="start a real upsd with nutdrv_qx over the serial line, too",
    )
    run.add_argument(
        "--dummy-ups",
        action="store_true",
        help="start a real upsd with dummy-ups, too, for the words that Q1 lacks",
    )
    run.add_argument(
        "--folder",
        type=Path,
        default=Path(UPS_FOLDER),
        help=f"for a serial line without a PATH (default: ./{UPS_FOLDER})",
    )
    run.add_argument(
        "--socket", metavar="ADDRESS", help="where it is controlled: a path or host:port"
    )
    run.set_defaults(run=_run)
    status = verbs.add_parser(
        "status", help="how it stands", description="Show how a UPS of a running shop stands."
    )
    status.set_defaults(run=_status)
    fault = verbs.add_parser(
        "fault",
        help="make something wrong with it, or the way to it",
        description="Make something wrong with a UPS, or the way to it; without a NAME, say what "
        f"is wrong. Faults: {', '.join(_dashed(name) for name in FAULTS)}.",
    )
    fault.add_argument(
        "name", nargs="?", metavar="NAME", type=_dashed, choices=[*map(_dashed, FAULTS)]
    )
    fault.add_argument("to", nargs="?", metavar="VALUE", help="default: on")
    fault.set_defaults(run=_fault)
    for parser in (status, fault):
        parser.add_argument("--device", metavar="NAME", help="default: the first ups")
        shared(parser)


def add_outage(commands: Commands) -> None:
    """Describe it."""
    outage = commands.add_parser(
        "outage",
        help="play an outage from a file on a UPS of a running shop",
        description="Play an outage from a TOML file on a UPS of a running shop, and tell of each "
        "step. Ctrl-C stops it; what it has done stays. `hwsim ups run FILE` plays it without a "
        "shop, `hwsim scenario` what happens to several devices.",
        epilog="Exit status: 0 at its end; 1 if a step could not be done; 2 if the file is wrong, "
        "or there is no shop.",
    )
    outage.add_argument("scenario", type=Path, metavar="FILE", help="TOML")
    outage.add_argument("--device", metavar="NAME", help="default: the first ups")
    shared(outage)
    outage.set_defaults(run=_outage)


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _loaded(path: Path) -> Scenario | None:
    """The outage; None if it is wrong, which was told."""
    try:
        return load(path)
    except (OSError, UnicodeDecodeError, ScenarioError) as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"hwsim: {path}: {line}\n")
        return None


# A UPS alone


def _run(options: argparse.Namespace) -> int:
    scenario = Scenario() if options.scenario is None else _loaded(options.scenario)
    if scenario is None:
        return EXIT_WRONG_FILE
    plan = UpsPlan(
        port=options.port,
        at=str(options.serial or ""),
        nis=options.nis_port is not None,
        nis_port=options.nis_port or 0,
        real_nut=options.real_nut,
        dummy_ups=options.dummy_ups,
        speed=scenario.speed,
    )
    whole = threading.Event()

    def begin(shop: Shop, end: Callable[[], None]) -> None:
        _, wired = shop.find_of(WiredUps)
        for name, value in scenario.start.items():
            wired.ups.set(name, value)

        def to_its_end() -> None:
            play(
                scenario,
                wired.ups,
                on_step=lambda step: shop.happenings.add(
                    wired.name, "handled", do="step", at_s=step.at_s, **step.settings
                ),
            )
            whole.set()
            end()

        if options.scenario is not None:
            threading.Thread(target=to_its_end, name="hwsim-outage", daemon=True).start()

    shop_plan = ShopPlan(seed=scenario.seed, devices={options.name: plan})
    status = shop_command.serve(shop_plan, options.folder, options.socket, begin)
    if status == 0 and options.scenario is not None and not whole.is_set():
        return EXIT_INTERRUPTED
    return status


# A UPS of a shop


def _status(options: argparse.Namespace) -> int:
    with connected(options) as channel:
        answer = ups_pb2_grpc.UpsServiceStub(channel).GetUps(
            ups_pb2.GetUpsRequest(ups=options.device or ""), timeout=ANSWER_S
        )
        state = answer.state
        if options.json:
            devices = rig_pb2_grpc.RigServiceStub(channel).ListDevices(
                rig_pb2.ListDevicesRequest(), timeout=ANSWER_S
            )
            found = next(each for each in devices.devices if each.name == state.ups)
            write_json({"device": state.ups, **from_struct(found.state)})
            return 0
    print("\n".join(picture(state)))
    return 0


def picture(state: ups_pb2.UpsState) -> list[str]:
    """The unit between the grid and the till, and what there is to say of it."""
    full = round(state.charge_percent / 100 * _BAR)
    bar = "█" * full + "░" * (_BAR - full)
    body = f" {bar} {state.charge_percent:3.0f} % "
    mains = f"{state.mains_v:4.0f} V "
    is_fed = "OL" in state.words
    wire_in = "──▶──" if is_fed else "──╳──"
    wire_out = "──▶ on" if state.output else "──╳ off"
    margin = " " * (len(mains) + len(wire_in))
    lines = [
        f"{margin}┌{'─' * len(body)}┐",
        f"{mains}{wire_in}┤{body}├{wire_out}, load {state.load_percent:.0f} %",
        f"{margin}└{'─' * len(body)}┘",
        f"{state.ups}: {' '.join(state.words)}; the battery lasts {_span(state.runtime_s)}.",
        f"With age {state.health_percent:.0f} % of its capacity are left.",
        f"Self-test: {state.test_result}.",
    ]
    if state.HasField("shutdown_in_s"):
        lines.append(f"It cuts its output in {state.shutdown_in_s:.0f} s.")
    if state.HasField("return_in_s"):
        lines.append(f"It switches on again in {state.return_in_s:.0f} s.")
    elif not state.output:
        lines.append("It is off.")
    if state.speed != 1:
        lines.append(f"Its time runs {state.speed:g} times as fast as ours.")
    if state.faults:
        lines.append(f"Wrong with it: {', '.join(map(_dashed, state.faults))}.")
    return lines


def _span(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"


def _fault(options: argparse.Namespace) -> int:
    with connected(options) as channel:
        stub = rig_pb2_grpc.RigServiceStub(channel)
        device = device_of(channel, options.device, "ups")
        if options.name is not None:
            do = options.name.replace("-", "_")
            values = {"to": "on" if options.to is None else options.to}
            request = rig_pb2.HandleRequest(device=device, do=do, values=as_struct(values))
            stub.Handle(request, timeout=ANSWER_S)
        faults = (
            ups_pb2_grpc.UpsServiceStub(channel)
            .GetUps(ups_pb2.GetUpsRequest(ups=device), timeout=ANSWER_S)
            .state.faults
        )
    if options.json:
        write_json({"device": device, "faults": list(faults)})
    else:
        print(f"{device}: {', '.join(map(_dashed, faults)) or 'nothing is wrong'}")
    return 0


def _outage(options: argparse.Namespace) -> int:
    scenario = _loaded(options.scenario)
    if scenario is None:
        return EXIT_WRONG_FILE
    failed = False
    with connected(options) as channel:
        rig = rig_pb2_grpc.RigServiceStub(channel)
        device = device_of(channel, options.device, "ups")
        asked = ups_pb2.GetUpsRequest(ups=device)
        state = ups_pb2_grpc.UpsServiceStub(channel).GetUps(asked, timeout=ANSWER_S).state
        toml = as_shop_scenario(scenario, device, speed=state.speed)
        is_whole = False
        try:
            for step in rig.RunScenario(
                rig_pb2.RunScenarioRequest(toml=toml, speed=scenario.speed)
            ):
                failed |= bool(step.failure)
                values = from_struct(step.values)
                tell_step(options, step.at_s, step.device, step.do, values, step.failure)
            is_whole = True
        finally:
            if not is_whole:
                as_before = as_struct({"to": state.speed})
                rig.Handle(
                    rig_pb2.HandleRequest(device=device, do="speed", values=as_before),
                    timeout=ANSWER_S,
                )
    if failed:
        raise Refused("Not every step could be done.")
    return 0

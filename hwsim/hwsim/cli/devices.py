"""`hwsim printer`, `drawer`, `scanner`, `scan`, `status`, `watch`: for a shop that runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Final

from hwsim.cli.arguments import count
from hwsim.cli.connection import (
    ANSWER_S,
    Refused,
    coloured,
    connected,
    device_of,
    shared,
    write_json,
)
from hwsim.cli.strip import as_strip
from hwsim.cli.ups import add_run_status_and_fault
from hwsim.control.values import as_struct, from_struct
from hwsim.symbologies import AIM_IDS
from hwsim.v1 import printer_pb2, printer_pb2_grpc, rig_pb2, rig_pb2_grpc
from hwsim.verbs import POINTS, VERBS, Verb

if TYPE_CHECKING:
    from hwsim.cli.connection import Commands

GROUPS: Final = {
    "printer": ("printer",),
    "drawer": ("drawer", "relay_drawer"),
    "scanner": ("scanner",),
    "ups": ("ups",),
}
"""A command's name, and the kinds of device that it is for."""

_OWN: Final = {"run", "command", "verb", "socket", "json", "device", "do", "kinds"}


def add(commands: Commands) -> None:
    """Describe them."""
    for name, kinds in GROUPS.items():
        called = "UPS" if name == "ups" else name
        group = commands.add_parser(
            name,
            help=f"do something to a {called} of a running shop",
            description=f"Do something to a {called} of a running shop.",
        )
        verbs = group.add_subparsers(dest="verb", required=True)
        known = {do: verb for kind in kinds for do, verb in VERBS[kind].items()}
        for do, verb in known.items():
            _add_verb(verbs, do, verb, kinds)
        if name == "printer":
            _add_paper(verbs)
        if name == "ups":
            add_run_status_and_fault(verbs)
    scan = commands.add_parser(
        "scan",
        help="read a code with a scanner of a running shop",
        description="Read a code with a scanner of a running shop. "
        f"Symbologies: {', '.join(sorted(AIM_IDS))}.",
    )
    _describe_verb(scan, "scan", VERBS["scanner"]["scan"], ("scanner",))
    status = commands.add_parser(
        "status",
        help="how the devices of a running shop stand",
        description="Say how the devices of a running shop stand, and how a till reaches them.",
    )
    shared(status)
    status.set_defaults(run=_status)
    watch = commands.add_parser(
        "watch",
        help="what happens in a running shop, until Ctrl-C",
        description="Tell what happens in a running shop, as it happens, until Ctrl-C.",
    )
    shared(watch)
    watch.set_defaults(run=_watch)


def _add_verb(verbs: Commands, do: str, verb: Verb, kinds: tuple[str, ...]) -> None:
    text = verb.text.replace("`", "")
    parser = verbs.add_parser(do.replace("_", "-"), help=text, description=text)
    _describe_verb(parser, do, verb, kinds)


def _describe_verb(
    parser: argparse.ArgumentParser, do: str, verb: Verb, kinds: tuple[str, ...]
) -> None:
    """What is needed stands by its place, what may be left out has an option."""
    for name, types in verb.values().items():
        needed, kind = NoneType not in types, next(each for each in types if each is not NoneType)
        flag = "--" + name.replace("_", "-")
        if name == "to":
            parser.add_argument(name, type=kind, metavar="VALUE", nargs=None if needed else "?")
        elif kind is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction)
        elif kind is list[str]:
            parser.add_argument(name, nargs="*", metavar=name.upper())
        elif needed:
            parser.add_argument(name, type=kind, metavar=name.upper())
        else:
            parser.add_argument(flag, type=kind, metavar=name.upper())
    if kinds == ("printer",):
        for point in POINTS:
            parser.add_argument(
                f"--after-{point}", type=int, metavar="N", help=f"when {point} of its work are done"
            )
    parser.add_argument("--device", metavar="NAME", help=f"default: the first {kinds[0]}")
    shared(parser)
    parser.set_defaults(run=_do, do=do, kinds=kinds)


def _do(options: argparse.Namespace) -> int:
    values = {
        name: value
        for name, value in vars(options).items()
        if name not in _OWN and value is not None
    }
    with connected(options) as channel:
        device = device_of(channel, options.device, *options.kinds)
        request = rig_pb2.HandleRequest(device=device, do=options.do, values=as_struct(values))
        answer = rig_pb2_grpc.RigServiceStub(channel).Handle(request)
    if options.json:
        write_json({"device": device, "do": options.do, "sent": answer.sent.hex()})
    elif options.do == "scan":
        if not answer.sent:
            raise Refused(f"{device} sent nothing: it is unplugged, disabled, or was asleep.")
        print(f"{device}: sent {answer.sent!r}")
    else:
        waits = any(name.startswith("after_") for name in values)
        to = f" {values['to']}" if "to" in values else ""
        what = options.do.replace("_", " ") + to
        print(f"{device}: {what}{', when it comes to it' if waits else ''}")
    return 0


# The paper


def _add_paper(verbs: Commands) -> None:
    show = verbs.add_parser(
        "show",
        help="the paper in the printer, or the last receipt",
        description="Show the paper that is still in the printer, or, if nothing stands on it, the "
        "last receipt.",
    )
    last = verbs.add_parser(
        "last", help="the last receipt", description="Show the last receipt that has come out."
    )
    last.add_argument(
        "--wait-s", type=float, default=0.0, metavar="S", help="wait for one so long (default: 0)"
    )
    last.add_argument("--number", type=count, default=0, metavar="N", help="another receipt")
    for parser in (show, last):
        parser.add_argument("--png", type=Path, metavar="FILE", help="write its picture there")
        parser.add_argument("--device", metavar="NAME", help="default: the first printer")
        shared(parser)
    show.set_defaults(run=_show)
    last.set_defaults(run=_last)


def _show(options: argparse.Namespace) -> int:
    with connected(options) as channel:
        stub = printer_pb2_grpc.PrinterServiceStub(channel)
        device = options.device or ""
        paper = stub.GetPaper(printer_pb2.GetPaperRequest(printer=device), timeout=ANSWER_S)
        if paper.png:
            return _write_paper(options, paper.text, paper.png, cut=False)
        found = stub.GetReceipt(printer_pb2.GetReceiptRequest(printer=device), timeout=ANSWER_S)
    return _write_paper(options, found.receipt.text, found.png, cut=found.receipt.cut)


def _last(options: argparse.Namespace) -> int:
    with connected(options) as channel:
        found = printer_pb2_grpc.PrinterServiceStub(channel).GetReceipt(
            printer_pb2.GetReceiptRequest(
                printer=options.device or "",
                number=options.number,
                wait_ms=max(0, int(options.wait_s * 1000)),
            ),
            timeout=ANSWER_S + max(0.0, options.wait_s),
        )
    return _write_paper(options, found.receipt.text, found.png, cut=found.receipt.cut)


def _write_paper(options: argparse.Namespace, text: str, png: bytes, *, cut: bool) -> int:
    if options.png is not None:
        try:
            options.png.write_bytes(png)
        except OSError as error:
            raise Refused(f"{options.png} cannot be written: {error.strerror}.") from error
    if options.json:
        write_json({"text": text, "cut": cut, "png": str(options.png) if options.png else None})
    elif coloured():
        print(as_strip(text, cut=cut))
    else:
        sys.stdout.write(text)
    return 0


# The shop


def _status(options: argparse.Namespace) -> int:
    with connected(options) as channel:
        answer = rig_pb2_grpc.RigServiceStub(channel).ListDevices(
            rig_pb2.ListDevicesRequest(), timeout=ANSWER_S
        )
    devices = [_as_facts(each) for each in answer.devices]
    if options.json:
        write_json({"devices": devices, "last_event": answer.last_event})
        return 0
    width = max(len(str(each["name"])) for each in devices)
    for each in devices:
        print(f"{each['name']:{width}}  {each['kind']} {each['where']}: {_in_words(each)}")
    return 0


def _as_facts(each: rig_pb2.Device) -> dict[str, object]:
    where = each.path or each.printer or f"{each.host}:{each.port}"
    kind = rig_pb2.DeviceKind.Name(each.kind).removeprefix("DEVICE_KIND_").lower()
    return {"name": each.name, "kind": kind, "where": where, "state": from_struct(each.state)}


def _in_words(each: dict[str, object]) -> str:
    """What is not as it should be, and what is counted."""
    state = each["state"]
    assert isinstance(state, dict), "it was made above"
    found = [
        word
        for name, wrong, word in (
            ("powered", False, "switched off"),
            ("accepting", False, "not reachable"),
            ("plugged", False, "unplugged"),
            ("asleep", True, "asleep"),
            ("enabled", False, "disabled by the host"),
            ("cover_open", True, "cover open"),
            ("paper", "near_end", "paper near its end"),
            ("paper", "end", "out of paper"),
            ("cutter_error", True, "cutter jammed"),
            ("head_hot", True, "head too hot"),
            ("broken", True, "broken"),
            ("is_open", True, "open"),
            ("is_open", False, "shut"),
            ("stuck", True, "stuck"),
            ("coil_is_on", True, "coil under current"),
        )
        if state.get(name) == wrong
    ]
    if "charge_percent" in state:
        found += [str(state["status"]), f"output {state['output']}"]
        found += [f"charge {state['charge_percent']:.0f} %", *map(str, state["faults"])]
    counted = [
        f"{state[name]} {word}"
        for name, word in (
            ("receipt_count", "receipts"),
            ("open_count", "times opened"),
            ("scan_count", "scans"),
        )
        if name in state
    ]
    return ", ".join([*found, *counted])


def _watch(options: argparse.Namespace) -> int:
    with connected(options) as channel:
        stub = rig_pb2_grpc.RigServiceStub(channel)
        last = stub.ListDevices(rig_pb2.ListDevicesRequest(), timeout=ANSWER_S).last_event
        for each in stub.WatchEvents(rig_pb2.WatchEventsRequest(after=last)):
            facts = from_struct(each.facts)
            if options.json:
                write_json({"event": each.event, "device": each.device, **facts})
            else:
                said = ", ".join(f"{name} {value}" for name, value in facts.items())
                what = each.event.replace("_", " ")
                print(f"{each.device}: {what}{f' ({said})' if said else ''}", flush=True)
    return 0

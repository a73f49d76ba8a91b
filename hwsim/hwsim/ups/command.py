"""`hwsim ups …` and `hwsim outage FILE`: a simulated UPS on its wires, handled from outside.

Standard output is for programs: one JSON object a line. A running UPS listens at a unix socket, one
JSON object a line each way, so that `hwsim ups mains off` in another terminal finds it.
"""

import argparse
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hwsim.ups.dummy_mirror import DummyMirror, mirrored
from hwsim.ups.mechanism import UpsEvent
from hwsim.ups.megatec import MegatecUps
from hwsim.ups.nis import NisServer
from hwsim.ups.nut_server import NutServer
from hwsim.ups.real_nut import RealNut, qx, why_not
from hwsim.ups.scenario import Scenario, ScenarioError, Step, load, play
from hwsim.ups.virtual import SETTINGS, Value, VirtualUps, mistake

SOCKET_ENVIRONMENT: Final = "HWSIM_UPS_SOCKET"
REQUEST_BYTES_MAX: Final = 4096
ANSWER_S_MAX: Final = 5.0
EVENT_STEP_S: Final = 0.05


def add_ups_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ups` and `outage`; the options then have `run`, a function that takes them and gives
    the exit status.
    """
    ups = commands.add_parser("ups", help="run a simulated UPS, and handle one that runs")
    verbs = ups.add_subparsers(dest="ups_command", required=True)
    run = verbs.add_parser(
        "run",
        help="run a UPS until Ctrl-C",
        description="Run a UPS: an RFC 9271 server (as NUT's upsd) always, and other wires as "
        "asked for. Prints its addresses as one JSON line when ready, then one for each event.",
    )
    _describe_wires(run)
    run.set_defaults(run=_run_ups)
    for name, what, values in (
        ("mains", "switch the mains", "on, off, or volts"),
        ("set", "change one setting", "its value"),
    ):
        verb = verbs.add_parser(name, help=what)
        if name == "set":
            verb.add_argument("name", choices=sorted(SETTINGS), metavar="NAME")
        verb.add_argument("value", help=values)
        verb.set_defaults(run=_run_set)
        _describe_socket(verb)
    status = verbs.add_parser("status", help="say how it is, as JSON")
    status.set_defaults(run=_run_status)
    _describe_socket(status)
    outage = commands.add_parser(
        "outage",
        help="play an outage from a file",
        description="Play a scenario of an outage on a simulated UPS; ends with it. Prints what "
        "`hwsim ups run` prints, and each step.",
        epilog="Exit status: 0 at its end; 1 if a wire cannot be had; 2 if the file is wrong; "
        "130 after Ctrl-C.",
    )
    outage.add_argument("scenario", type=Path, metavar="FILE", help="TOML")
    _describe_wires(outage)
    outage.set_defaults(run=_run_outage)


def _describe_wires(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="of the RFC 9271 server (any free)")
    parser.add_argument("--name", default="till", help="the UPS's name (till)")
    parser.add_argument("--serial", type=Path, metavar="PATH", help="speak Q1 at this path, too")
    parser.add_argument("--nis-port", type=int, metavar="N", help="speak apcupsd's NIS, too")
    parser.add_argument(
        "--real-nut",
        action="store_true",
        help="start a real upsd with nutdrv_qx over the serial line, too",
    )
    parser.add_argument(
        "--dummy-ups",
        action="store_true",
        help="start a real upsd with dummy-ups, too, for the words that Q1 lacks",
    )
    _describe_socket(parser)


def _describe_socket(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--socket",
        type=Path,
        default=_default_socket(),
        metavar="PATH",
        help=f"where a running UPS is handled ({SOCKET_ENVIRONMENT}, or %(default)s)",
    )


def _default_socket() -> Path:
    named = os.environ.get(SOCKET_ENVIRONMENT)
    return Path(named) if named else Path(tempfile.gettempdir()) / f"hwsim-ups-{os.getuid()}.socket"


# --- running -----------------------------------------------------------------------------------


def _run_ups(options: argparse.Namespace) -> int:
    ending = _ending()
    return _with_wires(options, Scenario().ups(), ending, ending.wait)


def _run_outage(options: argparse.Namespace) -> int:
    try:
        scenario = load(options.scenario)
    except (OSError, UnicodeDecodeError, ScenarioError) as error:
        for line in str(error).splitlines():
            _tell(f"{options.scenario}: {line}")
        return 2
    ending = _ending()
    ups = scenario.ups()

    def on_step(step: Step) -> None:
        _emit({"event": "step", "at_s": step.at_s, **step.settings})

    def whole() -> bool:
        return play(scenario, ups, ending=ending, on_step=on_step)

    return _with_wires(options, ups, ending, whole)


def _ending() -> threading.Event:
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ending.set())
    return ending


def _with_wires(
    options: argparse.Namespace, ups: VirtualUps, ending: threading.Event, until: object
) -> int:
    assert callable(until), "it waits for the end"
    try:
        with contextlib.ExitStack() as wires:
            _emit(_connect(options, ups, wires))
            wires.enter_context(_handled(options.socket, ups))
            wires.enter_context(_told(ups))
            until()
    except (OSError, RuntimeError) as error:
        _tell(f"a wire cannot be had: {error}")
        return 1
    return 130 if ending.is_set() and options.run is _run_outage else 0


def _connect(
    options: argparse.Namespace, ups: VirtualUps, wires: contextlib.ExitStack
) -> dict[str, object]:
    where: dict[str, object] = {"event": "ready", "pid": os.getpid(), "socket": str(options.socket)}
    server = wires.enter_context(NutServer({options.name: ups}, port=options.port))
    where["nut"] = {"host": "127.0.0.1", "port": server.port, "ups": options.name}
    serial = options.serial
    if (options.real_nut or options.dummy_ups) and why_not():
        raise RuntimeError(why_not())
    if options.real_nut and serial is None:
        folder = wires.enter_context(tempfile.TemporaryDirectory(prefix="hwsim-ups-"))
        serial = Path(folder) / "ups"
    if serial is not None:
        wires.enter_context(MegatecUps(ups, serial))
        where["serial"] = str(serial)
    if options.nis_port is not None:
        nis = wires.enter_context(NisServer(ups, name=options.name, port=options.nis_port))
        where["nis"] = {"host": "127.0.0.1", "port": nis.port}
    if options.real_nut:
        nut = wires.enter_context(RealNut({options.name: qx(serial)}))
        where["real_nut"] = {"host": "127.0.0.1", "port": nut.port, "folder": str(nut.folder)}
    if options.dummy_ups:
        shown = wires.enter_context(RealNut({options.name: mirrored(ups)}))
        wires.enter_context(DummyMirror(ups, shown, options.name))
        where["dummy_ups"] = {"host": "127.0.0.1", "port": shown.port}
    return where


@contextlib.contextmanager
def _told(ups: VirtualUps) -> Iterator[None]:
    """Print each event of the UPS."""
    ending = threading.Event()
    seen: list[UpsEvent] = []

    def tell() -> None:
        last = False
        while not last:
            last = ending.wait(EVENT_STEP_S)
            events = ups.events()
            # The log may have dropped its oldest: what comes behind the last one seen is new.
            start = events.index(seen[-1]) + 1 if seen and seen[-1] in events else 0
            for event in events[start:]:
                _emit({"event": event.what, "at_s": round(event.at_s, 3), "note": event.note})
            seen[:] = events[-1:] or seen

    teller = threading.Thread(target=tell, name="hwsim-ups-events")
    teller.start()
    try:
        yield
    finally:
        ending.set()
        teller.join()


# --- handling one that runs --------------------------------------------------------------------


@contextlib.contextmanager
def _handled(at: Path, ups: VirtualUps) -> Iterator[None]:
    """Let others handle it at a unix socket. OSError if somebody else is there."""
    with socket.socket(socket.AF_UNIX) as listener:
        if at.exists():
            with socket.socket(socket.AF_UNIX) as trial:
                if trial.connect_ex(str(at)) == 0:
                    raise OSError(f"another UPS is handled at {at}; name another --socket")
            at.unlink()  # left by one that was killed
        listener.bind(str(at))
        at.chmod(0o600)
        listener.listen()
        thread = threading.Thread(
            target=_serve, args=(listener, ups), name="hwsim-ups-control", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(ANSWER_S_MAX)
            at.unlink(missing_ok=True)


def _serve(listener: socket.socket, ups: VirtualUps) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client, contextlib.suppress(OSError):
            client.settimeout(ANSWER_S_MAX)
            with client.makefile("rb") as lines:
                answer = handle(ups, lines.readline(REQUEST_BYTES_MAX))
            client.sendall(json.dumps(answer).encode() + b"\n")


def handle(ups: VirtualUps, line: bytes) -> dict[str, object]:
    """The answer to one line: {"set": {name: value, …}} or {}; how it is then, or an error."""
    try:
        request = json.loads(line)
        settings = request.get("set", {})
        wrong = [found for name, value in settings.items() if (found := mistake(name, value))]
    except (ValueError, AttributeError, TypeError):
        return {"error": 'not {"set": {name: value}}'}
    if wrong:
        return {"error": "; ".join(wrong)}
    for name, value in settings.items():
        ups.set(name, value)
    return ups.status()


def _run_set(options: argparse.Namespace) -> int:
    name = getattr(options, "name", "mains")
    return _ask(options.socket, {"set": {name: _value(options.value)}})


def _run_status(options: argparse.Namespace) -> int:
    return _ask(options.socket, {})


def _value(text: str) -> Value:
    if text in {"true", "false"}:
        return text == "true"
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text


def _ask(at: Path, request: dict[str, object]) -> int:
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(ANSWER_S_MAX)
            link.connect(str(at))
            link.sendall(json.dumps(request).encode() + b"\n")
            with link.makefile("rb") as lines:
                answer = json.loads(lines.readline())
    except (OSError, ValueError) as error:
        _tell(f"no UPS is handled at {at}: {error}; start one by `hwsim ups run`")
        return 2
    if "error" in answer:
        _tell(str(answer["error"]))
        return 1
    _emit(answer)
    return 0


def _emit(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _tell(sentence: str) -> None:
    sys.stderr.write(f"hwsim: {sentence}\n")

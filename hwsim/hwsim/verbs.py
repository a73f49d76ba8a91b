"""Everything that can be done to a device, by name: for scenarios, the command line and hwsim.v1.

A verb is a function of the device and of values by keyword. The type of each says what a scenario
may write there; its first line of text is what `hwsim` and the reference say of it.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_type_hints

from hwsim.drawer import Level, VirtualDrawer
from hwsim.printer import VirtualPrinter
from hwsim.relay_drawer import VirtualRelayDrawer
from hwsim.scanner import GS, VirtualScanner
from hwsim.status import PaperState
from hwsim.symbologies import aim_id
from hwsim.ups.verbs import UPS_VERBS, mistake_in
from hwsim.ups.wired import WiredUps

Device = VirtualPrinter | VirtualDrawer | VirtualScanner | VirtualRelayDrawer | WiredUps

POINTS: Final = ("bytes", "lines", "dots", "cuts")
"""A printer's verb may wait for one of these: `after_lines = 3`."""


def _paper(state: PaperState) -> Callable[[VirtualPrinter], None]:
    return lambda printer: printer.set_paper(state)


def _claim(
    printer: VirtualPrinter,
    *,
    offline: bool | None = None,
    cover_open: bool | None = None,
    cutter_error: bool | None = None,
    head_hot: bool | None = None,
    broken: bool | None = None,
    feeding: bool | None = None,
    pin3_high: bool | None = None,
    paper: str | None = None,
) -> None:
    """Show a status that is not true; without any value, the truth again."""
    if paper is not None and paper.upper() not in PaperState.__members__:
        raise ValueError(f"paper is adequate, near_end or end, not {paper!r}")
    shown: dict[str, object] = {
        "offline": offline,
        "cover_open": cover_open,
        "cutter_error": cutter_error,
        "head_hot": head_hot,
        "broken": broken,
        "feeding": feeding,
        "pin3_high": pin3_high,
        "paper": None if paper is None else PaperState[paper.upper()],
    }
    printer.claim(**{name: value for name, value in shown.items() if value is not None})


def _plug_printer(printer: VirtualPrinter, *, at: str | None = None) -> None:
    printer.plug_in(Path(at) if at else None)


def _power_off(printer: VirtualPrinter, *, quietly: bool = False) -> None:
    printer.power_off(quietly=quietly)


def _stall(printer: VirtualPrinter) -> None:
    printer.stall_after(0)


def _answer_late(printer: VirtualPrinter, *, delay_s: float) -> None:
    if not 0 <= delay_s <= 3600:
        raise ValueError("delay_s is from 0 to 3600")
    printer.answer_late(delay_s)


def _answer_wrongly(printer: VirtualPrinter, *, instead: list[str]) -> None:
    printer.answer_wrongly(*(bytes.fromhex(each) for each in instead))


def _ignore(printer: VirtualPrinter, *, commands: list[str]) -> None:
    printer.ignore(*commands)


def _flood(printer: VirtualPrinter, *, frames: int) -> None:
    if not 0 <= frames <= 1000:
        raise ValueError("frames is from 0 to 1000")
    printer.flood(frames)


def _print_blank(printer: VirtualPrinter, *, blank: bool = True) -> None:
    printer.print_blank(blank=blank)


def _drain_slowly(printer: VirtualPrinter, *, bytes_per_s: float) -> None:
    if bytes_per_s and not 1 <= bytes_per_s <= 1e9:
        raise ValueError("bytes_per_s is 0, or from 1 to 1e9")
    printer.drain_slowly(bytes_per_s or None)


def _hold_feed(printer: VirtualPrinter, *, lines: int = 1) -> None:
    if not 0 <= lines <= 1000:
        raise ValueError("lines is from 0 to 1000")
    printer.hold_feed(lines)


def _swap(printer: VirtualPrinter, *, serial_number: str) -> None:
    printer.swap(serial_number)


def _heal(printer: VirtualPrinter) -> None:
    printer.heal()


def _ignore_kicks(drawer: VirtualDrawer, *, count: int) -> None:
    if count < 0:
        raise ValueError("count is from 0 up")
    drawer.ignored_kicks = count


def _open_late(drawer: VirtualDrawer, *, delay_s: float) -> None:
    if not 0 <= delay_s <= 3600:
        raise ValueError("delay_s is from 0 to 3600")
    drawer.opens_after_s = delay_s


def _stuck(drawer: VirtualDrawer, *, stuck: bool) -> None:
    drawer.stuck = stuck


def _switch_stuck(drawer: VirtualDrawer, *, level: str) -> None:
    if level not in ("low", "high"):
        raise ValueError(f"level is low or high, not {level!r}")
    drawer.switch_stuck_at = Level[level.upper()]


def _switch_free(drawer: VirtualDrawer) -> None:
    drawer.switch_stuck_at = None


def _scan(
    scanner: VirtualScanner,
    *,
    code: str,
    symbology: str = "ean13",
    double_read: bool = False,
    truncate: int | None = None,
    lose_front: int = 0,
    no_suffix: bool = False,
    gs: str | None = None,
    wrong_check: bool = False,
    pause_s: float = 0.0,
) -> bytes:
    if not 0 <= pause_s <= 60:
        raise ValueError("pause_s is from 0 to 60")
    return scanner.scan(
        code,
        symbology=symbology,
        double_read=double_read,
        truncate=truncate,
        lose_front=lose_front,
        no_suffix=no_suffix,
        gs=GS if gs is None else gs.encode(),
        wrong_check=wrong_check,
        pause_s=pause_s,
    )


def _burst(scanner: VirtualScanner, *, codes: list[str], symbology: str = "ean13") -> bytes:
    return scanner.burst(codes, symbology=symbology)


def _present(scanner: VirtualScanner, *, code: str, symbology: str = "ean13") -> None:
    scanner.present(code, symbology=symbology)


def _noise(scanner: VirtualScanner, *, hex: str) -> None:  # noqa: A002 - what it is
    scanner.send(bytes.fromhex(hex))


@dataclass(frozen=True, slots=True)
class Verb:
    """`text` says what it does; `act` gives the device and values by keyword."""

    text: str
    act: Callable[..., Any]

    def values(self) -> dict[str, tuple[type, ...]]:
        """The values it takes, each with the types that it may have; NoneType: may be left out."""
        function = self.act.func if isinstance(self.act, partial) else self.act
        hints = get_type_hints(function)
        found: dict[str, tuple[type, ...]] = {}
        for name, parameter in inspect.signature(self.act).parameters.items():
            bound = isinstance(self.act, partial) and name in self.act.keywords
            if parameter.kind is parameter.KEYWORD_ONLY and not bound:
                hint = hints[name]
                types = get_args(hint) if isinstance(hint, UnionType) else (hint,)
                left_out = parameter.default is not parameter.empty
                found[name] = (*types, NoneType) if left_out else types
        return found


_PRINTER: Final = {
    "paper_in": Verb("Put a new roll in.", _paper(PaperState.ADEQUATE)),
    "near_end": Verb("The roll is nearly used up.", _paper(PaperState.NEAR_END)),
    "paper_out": Verb("The roll is at its end.", _paper(PaperState.END)),
    "cover_open": Verb("Open the cover.", VirtualPrinter.open_cover),
    "cover_close": Verb("Close the cover.", VirtualPrinter.close_cover),
    "jam": Verb("The next cut jams.", VirtualPrinter.jam_cutter),
    "unjam": Verb("Free the cutter.", VirtualPrinter.free_cutter),
    "overheat": Verb("The head is too hot and pauses.", VirtualPrinter.overheat),
    "cool_down": Verb("The head may print again.", VirtualPrinter.cool_down),
    "break_down": Verb("An unrecoverable error.", VirtualPrinter.break_down),
    "repair": Verb("It works again.", VirtualPrinter.repair),
    "power_off": Verb("Switch it off; `quietly` tells the host nothing.", _power_off),
    "power_on": Verb("Switch it on.", VirtualPrinter.power_on),
    "swap": Verb("Another printer of this model stands there.", _swap),
    "unplug": Verb("Pull its cable.", VirtualPrinter.unplug),
    "plug": Verb("Plug its cable in; `at` is another path of a serial line or USB.", _plug_printer),
    "refuse": Verb("Refuse new connections.", VirtualPrinter.refuse_connections),
    "accept": Verb("Accept connections again.", VirtualPrinter.accept_connections),
    "refuse_second": Verb(
        "Refuse others while one host is served; `refuse = false`: let them wait.",
        VirtualPrinter.refuse_second,
    ),
    "cut_network": Verb("The way to the host is gone without a word.", VirtualPrinter.cut_network),
    "restore_network": Verb("The way is there again.", VirtualPrinter.restore_network),
    "reset_connections": Verb(
        "End the host's connections with RST.", VirtualPrinter.reset_connections
    ),
    "stall": Verb("Read no more; the connection stays.", _stall),
    "release": Verb("Read again.", VirtualPrinter.release),
    "mute": Verb("Send nothing.", VirtualPrinter.mute),
    "unmute": Verb("Answer again.", VirtualPrinter.unmute),
    "answer_late": Verb("Hold each answer back; 0: at once.", _answer_late),
    "answer_wrongly": Verb("Give these (hex) instead of the next answers.", _answer_wrongly),
    "ignore": Verb("Do not answer these commands; an empty list: answer all.", _ignore),
    "flood": Verb("So many automatic statuses around each answer; 0: none.", _flood),
    "claim": Verb("Show a status that is not true; without values, the truth.", _claim),
    "print_blank": Verb("Leave no trace on the paper; `blank = false`: print.", _print_blank),
    "lose_buffer": Verb("Forget what is not printed, without a word.", VirtualPrinter.lose_buffer),
    "drain_slowly": Verb("Execute no more bytes than that; 0: as fast as it gets.", _drain_slowly),
    "hold_feed": Verb("Hold the feed button; so many `lines` come out.", _hold_feed),
    "release_feed": Verb("Release the feed button.", VirtualPrinter.release_feed),
    "tear_off": Verb("Feed the paper out and tear it off.", VirtualPrinter.tear_off),
    "forget_plans": Verb("Forget what waits for a point of its work.", VirtualPrinter.after_all),
    "heal": Verb("All is well again: paper, cover, power, link, answers.", _heal),
}

_DRAWER: Final = {
    "open_by_key": Verb("A person opens it with the key.", VirtualDrawer.open_by_key),
    "shut": Verb("A person pushes it shut.", VirtualDrawer.close),
    "stuck": Verb("It ignores kicks.", partial(_stuck, stuck=True)),
    "free": Verb("It heeds kicks again.", partial(_stuck, stuck=False)),
    "ignore_kicks": Verb("The next kicks have no effect.", _ignore_kicks),
    "open_late": Verb("It springs open so late; 0: at once.", _open_late),
    "switch_stuck": Verb("Its switch shows low or high, whatever it does.", _switch_stuck),
    "switch_free": Verb("Its switch works.", _switch_free),
}

_SCANNER: Final = {
    "scan": Verb("Read a code, with the faults that are given.", _scan),
    "burst": Verb("Read several codes without a pause.", _burst),
    "present": Verb("Lay a code before it that the host's trigger reads.", _present),
    "remove": Verb("Take that code away.", lambda scanner: scanner.present(None)),
    "noise": Verb("Send these bytes (hex) as they are.", _noise),
    "sleep": Verb(
        "Drop the link; the next scan wakes it, and is lost.", VirtualScanner.fall_asleep
    ),
    "unplug": Verb("Pull its cable.", VirtualScanner.unplug),
    "plug": Verb("Plug its cable in.", VirtualScanner.plug),
}

_RELAY_DRAWER: Final = {
    "unplug": Verb("Pull the board's cable.", VirtualRelayDrawer.unplug),
    "plug": Verb("Plug the board's cable in.", VirtualRelayDrawer.plug),
}

VERBS: Final[Mapping[str, Mapping[str, Verb]]] = {
    "printer": _PRINTER,
    "drawer": _DRAWER,
    "scanner": _SCANNER,
    "relay_drawer": _DRAWER | _RELAY_DRAWER,
    "ups": {do: Verb(text, act) for do, (text, act) in UPS_VERBS.items()},
}
"""By the device's kind."""


def mistakes(kind: str, do: str, values: Mapping[str, object]) -> list[str]:
    """What is wrong with a verb and its values for a device of this kind; nothing, if it is right.

    Numbers may be whole where a fraction may stand. What depends on the values of others, or on the
    device as it is then, is found when it is done.
    """
    verb = VERBS[kind].get(do)
    if verb is None:
        return [f"a {kind} cannot `{do}`; it can {', '.join(VERBS[kind])}"]
    known = verb.values()
    points = {f"after_{point}": (int, NoneType) for point in POINTS if kind == "printer"}
    found = []
    for name, value in values.items():
        types = known.get(name) or points.get(name)
        if types is None:
            can = ", ".join([*known, *points]) or "none"
            found.append(f"`{do}` takes no `{name}`; it takes {can}")
        elif not _fits(value, types):
            found.append(f"`{name}` of `{do}` is {_named(types)}, not {value!r}")
    found += [
        f"`{do}` needs `{name}`"
        for name, types in known.items()
        if NoneType not in types and name not in values
    ]
    waits = [name for name in points if name in values]
    if len(waits) > 1:
        found.append(f"`{do}` can wait for one of {', '.join(waits)} only")
    found += [
        f"`{name}` is from 1 up"
        for name in waits
        if isinstance(count := values[name], int) and count < 1
    ]
    if not found and "symbology" in values:
        try:
            aim_id(str(values["symbology"]))
        except ValueError as error:
            found.append(str(error))
    if not found and kind == "ups" and (wrong := mistake_in(do, values)) is not None:
        found.append(wrong)
    return found


def _fits(value: object, types: tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return bool in types
    if isinstance(value, int):
        return int in types or float in types
    if isinstance(value, list):
        return list[str] in types and all(isinstance(each, str) for each in value)
    return type(value) in types


def _named(types: tuple[type, ...]) -> str:
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    return " or ".join(names.get(each, "a list of texts") for each in types if each is not NoneType)


def perform(device: Device, kind: str, do: str, values: Mapping[str, object]) -> bytes:
    """Do it, or plan it; give the bytes that a scanner has sent, if it is one.

    ValueError with all mistakes in one sentence; OSError if a path cannot be made.
    """
    wrong = mistakes(kind, do, values)
    if wrong:
        raise ValueError("; ".join(wrong))
    target: Device = device
    if isinstance(device, VirtualRelayDrawer) and do in _DRAWER:
        target = device.drawer
    now = {name: value for name, value in values.items() if not name.startswith("after_")}
    act = partial(VERBS[kind][do].act, target, **now)
    for point in POINTS if isinstance(target, VirtualPrinter) else ():
        count = values.get(f"after_{point}")
        if isinstance(count, int):
            assert isinstance(target, VirtualPrinter)
            target.after(act, **{point: count})
            return b""
    try:
        done = act()
    except TypeError as error:
        raise ValueError(str(error)) from error
    return done if isinstance(done, bytes) else b""

"""What can be done to a UPS of a shop, by name: each with what is said of it, and how it is done.

A verb of one value takes it as `to`: each setting of `hwsim.ups.virtual` is such a verb.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from hwsim.ups.virtual import SETTINGS, SWITCHES, mistake, value_of
from hwsim.ups.wired import WiredUps

LATE_S_MAX: Final = 3600.0
_ON: Final = (True, "on", "true")
_OFF: Final = (False, "off", "false")


def _set(unit: WiredUps, *, setting: str, to: str | float | bool) -> None:
    unit.ups.set(setting, value_of(setting, to))


def _switch(unit: WiredUps, *, setting: str, to: str | bool = True) -> None:
    unit.ups.set(setting, value_of(setting, to))


def _flap(unit: WiredUps, *, times: int, every_s: float) -> None:
    unit.ups.flap(times, every_s)


def _speed(unit: WiredUps, *, to: float) -> None:
    unit.ups.speed = to


def _plug(unit: WiredUps) -> None:
    if unit.line is None:
        raise ValueError("it has no serial line; give it one in the plan, by `at`")
    unit.line.plug()


def _unplug(unit: WiredUps) -> None:
    if unit.line is None:
        raise ValueError("it has no serial line; give it one in the plan, by `at`")
    unit.line.unplug()


def _is_on(to: str | bool) -> bool:  # noqa: FBT001
    if to not in _ON and to not in _OFF:
        raise ValueError(f"`to` is on or off, true or false, not {to!r}")
    return to in _ON


def _driver_gone(unit: WiredUps, *, to: str | bool = True) -> None:
    unit.server.desk.served[unit.name].driver_gone = _is_on(to)


def _server(unit: WiredUps, *, fault: str, to: str | bool = True) -> None:
    setattr(unit.server, fault, _is_on(to))


def _answer_late(unit: WiredUps, *, delay_s: float) -> None:
    if not 0 <= delay_s <= LATE_S_MAX:
        raise ValueError(f"delay_s is from 0 to {LATE_S_MAX:g}")
    unit.server.late_s = delay_s


_SETTINGS: Final = {
    "mains": "Switch the mains: on, off, or volts.",
    "load_percent": "So much hangs on it.",
    "charge_percent": "So much is in the battery.",
    "health_percent": "So much is left of the battery's capacity with age.",
    "switch": "Press its button: on or off.",
    "self_test_s": "Feed from the battery for so long; 0: a quick test.",
    "forced_shutdown": "It says that a shutdown is forced (FSD).",
    "drop_link_s": "Its cable is gone for so long.",
    "mute": "It says nothing: its data grow stale.",
    "garbled_replies": "So many of its next answers on the serial line are damaged.",
    "low_at_once": "It says that the battery is low as soon as it is used.",
    "frozen_charge": "It goes on showing this charge; `off`: the true one.",
    "garbage_runtime": "It shows this as the time left; `off`: the true one.",
    "drop_at_transfer_s": "Its cable is gone for so long whenever mains go or come.",
    "replace_battery": "It asks for another battery.",
    "test_fails": "Its self-tests fail.",
    "stuck_test": "After a test it says for ever that it is testing.",
    "bypass": "It feeds past the battery.",
    "alarm": "Its alarm; empty for none.",
    "never_returns": "After being cut it stays dark.",
    "returns_dark": "It comes back without mains.",
    "ignores_shutdown_on_mains": "It does not cut when mains are back.",
}
assert _SETTINGS.keys() == SETTINGS.keys(), "each setting is a verb"

UPS_VERBS: Final[Mapping[str, tuple[str, Callable[..., Any]]]] = {
    "mains_off": ("The mains are gone.", lambda unit: unit.ups.mains_off()),
    "mains_on": ("The mains are there again.", lambda unit: unit.ups.mains_on()),
    "flap": ("The mains go so many `times`, and are there in the end.", _flap),
    **{
        name: (text, partial(_switch if name in SWITCHES else _set, setting=name))
        for name, text in _SETTINGS.items()
    },
    "unmute": ("It speaks again.", partial(_switch, setting="mute", to=False)),
    "speed": ("So many of its seconds pass in a real one.", _speed),
    "unplug": ("Pull its serial cable.", _unplug),
    "plug": ("Plug its serial cable in.", _plug),
    "driver_gone": ("The server has no driver for it.", _driver_gone),
    "refuse": ("The server refuses new connections.", WiredUps.refuse),
    "accept": ("The server accepts connections again.", WiredUps.accept),
    "reset_connections": (
        "End the server's connections with RST.",
        lambda unit: unit.server.reset_clients(),
    ),
    "restart_server": (
        "Start the server anew: nobody is logged in, FSD is forgotten.",
        WiredUps.restart,
    ),
    "silent": ("The server reads and never answers.", partial(_server, fault="silent")),
    "garbage": ("The server answers with random bytes.", partial(_server, fault="garbage")),
    "dribble": ("The server sends byte by byte.", partial(_server, fault="dribble")),
    "answer_late": ("Hold each answer of the server back; 0: at once.", _answer_late),
    "heal": ("All is well again: mains, output, cable, server, faults.", WiredUps.heal),
}
"""In the order in which they are told of."""

FAULTS: Final = (
    *(name for name in SETTINGS if name in SWITCHES),
    "garbled_replies",
    "frozen_charge",
    "garbage_runtime",
    "drop_at_transfer_s",
    "alarm",
    "driver_gone",
    "silent",
    "garbage",
    "dribble",
)
"""Verbs of one value that make something wrong as long as it is not taken back."""

UNDO: Final[Mapping[str, tuple[str, dict[str, object]]]] = {
    "mains_off": ("mains_on", {}),
    **{name: (name, {"to": False}) for name in FAULTS if name in SWITCHES and name != "mute"},
    **{name: (name, {"to": False}) for name in ("driver_gone", "silent", "garbage", "dribble")},
}
"""What takes a verb without values back."""


def mistake_in(do: str, values: Mapping[str, object]) -> str | None:
    """What is wrong with a setting's value, which has the right type; None if it is right."""
    to = values.get("to")
    if do not in SETTINGS or not isinstance(to, str | int | float):
        return None
    return mistake(do, value_of(do, to))

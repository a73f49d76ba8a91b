"""A simulated UPS in NUT's variables and commands, as a driver with everything would have them."""

from collections.abc import Callable, Mapping
from typing import Final

from hwsim.ups.mechanism import QUICK_TEST_S, TEST_S_MAX, Ups

WRITABLE: Final = {
    "battery.charge.low": 5,
    "ups.delay.shutdown": 5,
    "ups.delay.start": 5,
    "ups.id": 32,
}
"""Variables that a host may set, and how many characters they take."""

DESCRIPTIONS: Final = {
    "battery.charge": "Battery charge (percent of full)",
    "battery.charge.low": "Remaining battery level when UPS switches to LB (percent)",
    "battery.runtime": "Battery runtime (seconds)",
    "battery.runtime.low": "Remaining battery runtime when UPS switches to LB (seconds)",
    "battery.voltage": "Battery voltage (V)",
    "input.voltage": "Input voltage (V)",
    "output.voltage": "Output voltage (V)",
    "ups.alarm": "UPS alarms",
    "ups.load": "Load on UPS (percent of full)",
    "ups.status": "UPS status",
    "ups.test.result": "Results of last self test",
}


def variables(ups: Ups, written: Mapping[str, str]) -> dict[str, str]:
    """All of them, by name. `written` are those that hosts have set."""
    spec = ups.spec
    found = {
        "battery.charge": f"{ups.charge_percent:.0f}",
        "battery.charge.low": f"{spec.low_percent:.0f}",
        "battery.runtime": ups.runtime_text,
        "battery.runtime.low": f"{spec.low_runtime_s:.0f}",
        "battery.type": "PbAc",
        "battery.voltage": f"{ups.battery_v:.1f}",
        "device.mfr": spec.manufacturer,
        "device.model": spec.model,
        "device.serial": spec.serial,
        "device.type": "ups",
        "driver.name": "hwsim",
        "input.voltage": f"{ups.mains_v:.1f}",
        "input.voltage.nominal": f"{spec.nominal_v:.0f}",
        "output.voltage": f"{ups.output_v:.1f}",
        "ups.beeper.status": "enabled" if ups.beeper else "disabled",
        "ups.delay.shutdown": f"{spec.off_delay_s:.0f}",
        "ups.delay.start": f"{spec.on_delay_s:.0f}",
        "ups.firmware": spec.firmware,
        "ups.id": "",
        "ups.load": f"{ups.load_percent:.0f}",
        "ups.mfr": spec.manufacturer,
        "ups.model": spec.model,
        "ups.serial": spec.serial,
        "ups.status": " ".join(ups.words()),
        "ups.test.result": ups.test_result,
        **written,
    }
    if ups.faults.alarm:
        found["ups.alarm"] = ups.faults.alarm
    return dict(sorted(found.items()))


def _delay_s(ups: Ups, written: Mapping[str, str], name: str) -> float:
    default = ups.spec.off_delay_s if name.endswith("shutdown") else ups.spec.on_delay_s
    try:
        return max(0.0, float(written.get(name, default)))
    except ValueError:
        return default


def _shutdown(ups: Ups, written: Mapping[str, str], *, returns: bool) -> bool:
    back_s = _delay_s(ups, written, "ups.delay.start") if returns else None
    ups.shut_down(after_s=_delay_s(ups, written, "ups.delay.shutdown"), return_after_s=back_s)
    return True


def _beeper(ups: Ups, *, on: bool | None) -> bool:
    ups.beeper = not ups.beeper if on is None else on
    return True


def _done(act: Callable[[], None]) -> bool:
    act()
    return True


Command = Callable[[Ups, str, Mapping[str, str]], bool]

COMMANDS: Final[Mapping[str, tuple[str, Command]]] = {
    "beeper.disable": ("Disable the UPS beeper", lambda u, _a, _w: _beeper(u, on=False)),
    "beeper.enable": ("Enable the UPS beeper", lambda u, _a, _w: _beeper(u, on=True)),
    "beeper.toggle": ("Toggle the UPS beeper", lambda u, _a, _w: _beeper(u, on=None)),
    "load.off": ("Turn off the load immediately", lambda u, _a, _w: _done(u.switch_off)),
    "load.on": ("Turn on the load immediately", lambda u, _a, _w: _done(u.switch_on)),
    "shutdown.return": (
        "Turn off the load and return when power is back",
        lambda u, _a, w: _shutdown(u, w, returns=True),
    ),
    "shutdown.stayoff": (
        "Turn off the load and remain off",
        lambda u, _a, w: _shutdown(u, w, returns=False),
    ),
    "shutdown.stop": ("Stop a shutdown in progress", lambda u, _a, _w: _done(u.stop_shutdown)),
    "test.battery.start": (
        "Start a battery test",
        lambda u, a, _w: u.start_test(_seconds(a, QUICK_TEST_S)),
    ),
    "test.battery.start.deep": (
        "Start a deep test",
        lambda u, _a, _w: u.start_test(TEST_S_MAX, until_low=True),
    ),
    "test.battery.start.quick": ("Start a quick test", lambda u, _a, _w: u.start_test()),
    "test.battery.stop": ("Stop the battery test", lambda u, _a, _w: _done(u.stop_test)),
}
"""Each says whether the UPS has done it."""


def _seconds(argument: str, default: float) -> float:
    try:
        return float(argument) if argument else default
    except ValueError:
        return -1.0

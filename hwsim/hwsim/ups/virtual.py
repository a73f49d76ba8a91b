"""A simulated UPS with a clock: what the wires read, and what a scenario or a test handles."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from hwsim.ups.mechanism import QUICK_TEST_S, TEST_S_MAX, Ups, UpsEvent, UpsFaults, UpsSpec

WAIT_STEP_S: Final = 0.01
SPEED_MAX: Final = 10_000.0
VOLTS_MAX: Final = 400.0
LOAD_PERCENT_MAX: Final = 300.0
DROP_S_MAX: Final = 3600.0
FLAPS_MAX: Final = 1_000
FLAP_EVERY_S_MAX: Final = 3600.0

Value = str | float | bool
"""As TOML and a command line give it; a whole number stands for a float."""


class VirtualUps:
    """Safe to use from any thread. `speed`: so many of its seconds pass in a real one."""

    def __init__(
        self,
        spec: UpsSpec | None = None,
        *,
        seed: int = 0,
        speed: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """On mains, charged, from now on. `clock` gives seconds."""
        _check_speed(speed)
        self._clock = clock
        self._speed = speed
        self._origin_s = clock()
        self._lock = threading.RLock()
        self._ups = Ups(spec, seed=seed)
        # When the mains go or come by themselves, in the UPS's time, with their volts.
        self._flaps: deque[tuple[float, float]] = deque(maxlen=2 * FLAPS_MAX)

    @contextlib.contextmanager
    def now(self) -> Iterator[Ups]:
        """The UPS as it is at this moment, held while it is read or changed."""
        with self._lock:
            to_s = (self._clock() - self._origin_s) * self._speed
            while self._flaps and self._flaps[0][0] <= to_s:
                at_s, volts = self._flaps.popleft()
                self._ups.advance(at_s)
                self._ups.set_mains(volts)
            self._ups.advance(to_s)
            yield self._ups

    @property
    def speed(self) -> float:
        """So many of its seconds pass in a real one."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        """From now on. ValueError."""
        _check_speed(speed)
        with self.now() as ups:
            self._speed = speed
            self._origin_s = self._clock() - ups.time_s / speed

    # --- what people and the grid do ---

    def mains_off(self) -> None:
        """An outage begins."""
        self.set("mains", "off")

    def mains_on(self) -> None:
        """It ends."""
        self.set("mains", "on")

    def flap(self, times: int, every_s: float) -> None:
        """The mains go now, and `times` in all, `every_s` apart; half way between they are there.

        A hand on the mains ends it. In the UPS's seconds. ValueError.
        """
        if not 1 <= times <= FLAPS_MAX:
            raise ValueError(f"`times` is from 1 to {FLAPS_MAX}, not {times!r}")
        if not 0 < every_s <= FLAP_EVERY_S_MAX:
            raise ValueError(f"`every_s` is above 0 and at most {FLAP_EVERY_S_MAX:g}")
        with self.now() as ups:
            self._flaps.clear()
            for turn in range(times):
                at_s = ups.time_s + turn * every_s
                self._flaps.append((at_s, 0.0))
                self._flaps.append((at_s + every_s / 2, ups.spec.nominal_v))
        self.events()

    def set(self, name: str, value: Value) -> None:
        """Change one of SETTINGS. ValueError if there is none, or not of this value."""
        wrong = mistake(name, value)
        if wrong is not None:
            raise ValueError(wrong)
        with self.now() as ups:
            if name == "mains":
                self._flaps.clear()
            SETTINGS[name](ups, value)

    # --- what became of it ---

    @property
    def words(self) -> list[str]:
        """Its status in NUT's words."""
        with self.now() as ups:
            return ups.words()

    @property
    def output(self) -> bool:
        """Whether it feeds the till."""
        with self.now() as ups:
            return ups.output

    def events(self) -> list[UpsEvent]:
        """What happened up to now."""
        with self.now() as ups:
            return list(ups.log)

    @property
    def event_count(self) -> int:
        """How much has happened in all; `events` forgets the oldest."""
        with self.now() as ups:
            return ups.event_count

    def wait(self, wanted: Callable[[Ups], bool], timeout_s: float) -> bool:
        """Wait, in real seconds, until `wanted` holds; say whether it does."""
        end_s = time.monotonic() + timeout_s
        while True:
            with self.now() as ups:
                if wanted(ups):
                    return True
            if time.monotonic() >= end_s:
                return False
            time.sleep(WAIT_STEP_S)

    def wait_event(self, what: str, timeout_s: float, *, count: int = 1) -> bool:
        """Wait until that has happened so often."""
        return self.wait(
            lambda ups: sum(event.what == what for event in ups.log) >= count, timeout_s
        )

    def status(self) -> dict[str, object]:
        """What a person asks for, as JSON has it."""
        with self.now() as ups:
            return {
                "status": " ".join(ups.words()),
                "mains_v": round(ups.mains_v, 1),
                "output": "on" if ups.output else "off",
                "charge_percent": round(ups.battery.charge * 100, 1),
                "runtime_s": int(ups.battery.runtime_s(ups.load_w)),
                "load_percent": round(ups.load_percent, 1),
                "battery_v": round(ups.battery_v, 2),
                "health_percent": round(ups.battery.health * 100, 1),
                "test_result": ups.test_result,
                "shutdown_in_s": ups.shutdown_in_s,
                "return_in_s": ups.return_in_s,
                "faults": self.faults(),
                "speed": self._speed,
            }

    def faults(self) -> dict[str, Value]:
        """What is wrong with it, by the names of SETTINGS."""
        with self.now() as ups:
            good = UpsFaults()
            now = {name: getattr(ups.faults, name) for name in FAULTS}
            found = {name: value for name, value in now.items() if value != getattr(good, name)}
            return {**found, "forced_shutdown": True} if ups.forced_shutdown else found

    def heal(self) -> None:
        """All is well again: mains, output, link, faults. Charge and age stay."""
        with self.now() as ups:
            ups.faults.drop_at_transfer_s = 0.0
        self.mains_on()
        with self.now() as ups:
            ups.faults = UpsFaults()
            ups.forced_shutdown = False
            ups.restore_link()
            ups.stop_test()
            if ups.shutting_down or not ups.output:
                ups.stop_shutdown()


def _check_speed(speed: float) -> None:
    if not 0 < speed <= SPEED_MAX:
        raise ValueError(f"the speed is above 0 and at most {SPEED_MAX:g}, not {speed!r}")


# --- settings ----------------------------------------------------------------------------------


def _mains(ups: Ups, value: Value) -> None:
    volts = {"on": ups.spec.nominal_v, "off": 0.0}.get(str(value))
    ups.set_mains(float(value) if volts is None else volts)


def _load_percent(ups: Ups, value: Value) -> None:
    ups.load_w = float(value) / 100 * ups.spec.rated_w


def _charge_percent(ups: Ups, value: Value) -> None:
    ups.battery.charge = float(value) / 100


def _health_percent(ups: Ups, value: Value) -> None:
    ups.battery.health = float(value) / 100


def _switch(ups: Ups, value: Value) -> None:
    if value == "on":
        ups.switch_on()
    else:
        ups.switch_off()


def _self_test(ups: Ups, value: Value) -> None:
    ups.start_test(float(value) or QUICK_TEST_S)


def _forced_shutdown(ups: Ups, value: Value) -> None:
    ups.forced_shutdown = bool(value)
    ups.note("forced_shutdown", str(value))


def _fault(name: str) -> Callable[[Ups, Value], None]:
    def put(ups: Ups, value: Value) -> None:
        # A frozen charge and a garbage runtime are ended by "off".
        off = value in ("off", False) and name in _ENDED_BY_OFF
        setattr(ups.faults, name, None if off else value)

    return put


FAULTS: Final = tuple(UpsFaults.__dataclass_fields__)
_ENDED_BY_OFF: Final = {"frozen_charge", "garbage_runtime"}

SETTINGS: Final[Mapping[str, Callable[[Ups, Value], None]]] = {
    "mains": _mains,
    "load_percent": _load_percent,
    "charge_percent": _charge_percent,
    "health_percent": _health_percent,
    "switch": _switch,
    "self_test_s": _self_test,
    "forced_shutdown": _forced_shutdown,
    "drop_link_s": lambda ups, value: ups.drop_link(float(value)),
    **{name: _fault(name) for name in FAULTS},
}
"""All that can be done to a UPS, by name."""

_RANGES: Final = {
    "load_percent": (0.0, LOAD_PERCENT_MAX),
    "charge_percent": (0.0, 100.0),
    "health_percent": (1.0, 100.0),
    "self_test_s": (0.0, TEST_S_MAX),
    "drop_link_s": (0.0, DROP_S_MAX),
    "drop_at_transfer_s": (0.0, DROP_S_MAX),
    "frozen_charge": (0.0, 100.0),
    "garbled_replies": (0, 1_000_000),
}


TEXTS: Final = frozenset({"garbage_runtime", "alarm"})
SWITCHES: Final = frozenset(
    name
    for name in (*FAULTS, "forced_shutdown")
    if name not in _RANGES and name not in TEXTS and name != "frozen_charge"
)
"""Settings that are true or false; "on" and "off" are as good."""


def value_of(name: str, said: Value) -> Value:
    """The value that a person means who types it: "on" for true, "40" for a number."""
    if not isinstance(said, str):
        return said
    if name in SWITCHES and said in {"on", "off", "true", "false"}:
        return said in {"on", "true"}
    if name not in TEXTS:
        for kind in (int, float):
            with contextlib.suppress(ValueError):
                return kind(said)
    return said


def mistake(name: str, value: Value) -> str | None:
    """What is wrong with a setting, in a sentence; None if it is right."""
    if name not in SETTINGS:
        return f"a UPS has no `{name}`; it has {', '.join(SETTINGS)}"
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if name == "mains":
        right = value in ("on", "off") or (is_number and 0 <= float(value) <= VOLTS_MAX)
        return None if right else f"`mains` is on, off, or 0 to {VOLTS_MAX:g} volts, not {value!r}"
    if name == "switch":
        return None if value in ("on", "off") else f"`switch` is on or off, not {value!r}"
    if name in _ENDED_BY_OFF and value in ("off", False) and not is_number:
        return None
    if name in _RANGES:
        low, high = _RANGES[name]
        right = is_number and low <= float(value) <= high
        right &= name != "garbled_replies" or isinstance(value, int)
        return None if right else f"`{name}` is a number from {low:g} to {high:g}, not {value!r}"
    if name in TEXTS:
        return None if isinstance(value, str) else f"`{name}` is text, not {value!r}"
    return None if isinstance(value, bool) else f"`{name}` is true or false, not {value!r}"

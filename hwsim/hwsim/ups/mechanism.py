"""A UPS: mains in, battery, output, self-test, timed shutdown, and all that goes wrong. Pure.

Time is an argument (seconds, monotonic, of any origin): call `advance` before anything is read.
"""

import random
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from hwsim.ups.battery import STEP_S, STEPS_MAX, Battery, BatterySpec

LOG_ENTRIES_MAX: Final = 10_000
QUICK_TEST_S: Final = 10.0
TEST_S_MAX: Final = 99 * 60.0
HOLD_UP_MS: Final = 16.0
"""A till's power supply bridges a gap of so long; a longer one switches it off."""
TEST_FAILS_BELOW_V_PER_CELL: Final = 1.9
RUNTIME_GARBAGE: Final = ("", "0", "65535", "-1", "nan", "4294967295", "n/a")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsSpec:
    """`boost_below_v` and `trim_above_v`: there the unit corrects the mains by its transformer;
    below `transfer_low_v` or above `transfer_high_v` it goes to battery.
    """

    manufacturer: str = "HwSim"
    model: str = "TILL850"
    serial: str = "SIM0001"
    firmware: str = "V1.00"
    rated_w: float = 480.0
    nominal_v: float = 230.0
    transfer_ms: float = 6.0
    transfer_low_v: float = 170.0
    boost_below_v: float = 208.0
    trim_above_v: float = 252.0
    transfer_high_v: float = 280.0
    low_percent: float = 20.0
    low_runtime_s: float = 180.0
    off_delay_s: float = 20.0
    on_delay_s: float = 30.0
    battery: BatterySpec = field(default_factory=BatterySpec)


@dataclass(slots=True)
class UpsFaults:
    """What is wrong with a unit or its cable. All well by default.

    `low_at_once`: LB as soon as it is on battery. `frozen_charge`: the charge that it goes on
    showing. `garbage_runtime`: what it shows as time left. `drop_at_transfer_s`: its cable's
    connection is gone for so long whenever mains go or come. `stuck_test`: CAL is never cleared.
    `never_returns`: after shutdown.return it stays dark. `returns_dark`: it switches on without
    mains (on what the battery has). `ignores_shutdown_on_mains`: it does not cut when mains are
    back. `mute`: it says nothing. `garbled_replies`: so many of its next replies are damaged.
    """

    mute: bool = False
    garbled_replies: int = 0
    low_at_once: bool = False
    frozen_charge: float | None = None
    garbage_runtime: str | None = None
    drop_at_transfer_s: float = 0.0
    replace_battery: bool = False
    test_fails: bool = False
    stuck_test: bool = False
    bypass: bool = False
    alarm: str = ""
    never_returns: bool = False
    returns_dark: bool = False
    ignores_shutdown_on_mains: bool = False


@dataclass(frozen=True, slots=True)
class UpsEvent:
    """`what`: mains_lost, mains_back, on_battery, on_line, output_off, output_on, load_dropped,
    test_began, test_passed, test_failed, test_stopped, shutdown_armed, shutdown_stopped,
    battery_empty, forced_shutdown, link_dropped, link_back, command.
    """

    at_s: float
    what: str
    note: str = ""


class Ups:
    """Set `mains_v`, `load_w`, `faults` and `battery` at will after `advance`."""

    def __init__(self, spec: UpsSpec | None = None, *, seed: int = 0, now_s: float = 0.0) -> None:
        """On mains and charged. `seed` is for the flutter of its readings and its garbage."""
        self.spec = UpsSpec() if spec is None else spec
        self.battery = Battery(self.spec.battery)
        self.faults = UpsFaults()
        self.load_w = 0.23 * self.spec.rated_w
        self.output = True
        self.beeper = True
        self.forced_shutdown = False
        self.test_result = "No test initiated"
        self.log: deque[UpsEvent] = deque(maxlen=LOG_ENTRIES_MAX)
        self.event_count = 0
        self.random = random.Random(seed)  # noqa: S311 - no secret
        self._now_s = now_s
        self._mains_v = self.spec.nominal_v
        self._on_battery = False
        self._test_until_s: float | None = None
        self._tests_until_low = False
        self._calibrating_for_ever = False
        self._off_at_s: float | None = None
        self._on_at_s: float | None = None
        self._return_after_s: float | None = None
        self._wait_for_mains = False
        self._dropped_until_s = float("-inf")

    # --- what it is ---

    @property
    def time_s(self) -> float:
        """Up to which it has been advanced."""
        return self._now_s

    @property
    def mains_v(self) -> float:
        """At its input; 0 is an outage."""
        return self._mains_v

    @property
    def mains_usable(self) -> bool:
        """Whether its input can feed its output."""
        return self.spec.transfer_low_v <= self._mains_v <= self.spec.transfer_high_v

    @property
    def testing(self) -> bool:
        """Whether a self-test runs."""
        return self._test_until_s is not None

    @property
    def on_battery(self) -> bool:
        """Whether mains do not feed its output."""
        return self._on_battery

    @property
    def discharging(self) -> bool:
        """Whether the battery feeds the output, be it for a test."""
        return self.output and (self._on_battery or self.testing)

    @property
    def alive(self) -> bool:
        """Whether its electronics have power: without mains and without charge they have none."""
        return self.mains_usable or (self.battery.charge > 0 and not self._asleep)

    @property
    def _asleep(self) -> bool:
        # Cut on battery: the unit switches itself off to save what is left.
        return not self.output and not self.mains_usable and self._wait_for_mains

    @property
    def connected(self) -> bool:
        """Whether its cable works."""
        return self._now_s >= self._dropped_until_s

    @property
    def answers(self) -> bool:
        """Whether a host gets anything from it."""
        return self.alive and self.connected and not self.faults.mute

    @property
    def shutting_down(self) -> bool:
        """Whether it counts down to cut its output."""
        return self._off_at_s is not None

    @property
    def shutdown_in_s(self) -> float | None:
        """Until it cuts its output."""
        return None if self._off_at_s is None else max(0.0, self._off_at_s - self._now_s)

    @property
    def return_in_s(self) -> float | None:
        """Until it switches its output on again."""
        return None if self._on_at_s is None else max(0.0, self._on_at_s - self._now_s)

    # --- what it shows ---

    @property
    def charge_percent(self) -> float:
        """As it says."""
        frozen = self.faults.frozen_charge
        return self.battery.charge * 100 if frozen is None else frozen

    @property
    def runtime_text(self) -> str:
        """Seconds left, as it says."""
        if self.faults.garbage_runtime is not None:
            return self.faults.garbage_runtime
        return str(int(self.battery.runtime_s(self.load_w)))

    @property
    def load_percent(self) -> float:
        """Of what it can feed; above 100 is too much."""
        return 100 * self.load_w / self.spec.rated_w if self.output else 0.0

    @property
    def battery_v(self) -> float:
        """At the battery's terminals."""
        load_w = self.load_w if self.discharging else 0.0
        return self.battery.voltage(
            load_w=load_w, charging=self.mains_usable and not self.discharging
        )

    @property
    def output_v(self) -> float:
        """At its output."""
        if not self.output:
            return 0.0
        if self.discharging:
            return self.spec.nominal_v
        if self._mains_v < self.spec.boost_below_v:
            return self._mains_v * 1.12
        return self._mains_v * (0.9 if self._mains_v > self.spec.trim_above_v else 1.0)

    @property
    def low(self) -> bool:
        """Whether it says that the battery is low."""
        if self._on_battery and self.faults.low_at_once:
            return True
        short = self.battery.runtime_s(self.load_w) < self.spec.low_runtime_s
        return self.battery.charge * 100 <= self.spec.low_percent or (self._on_battery and short)

    def words(self) -> list[str]:
        """Its status in NUT's words, in the order of NUT's drivers."""
        mains = self._mains_v
        spec = self.spec
        steady = self.mains_usable and not self._on_battery
        known = (
            ("ALARM", bool(self.faults.alarm)),
            ("CAL", self.testing or self._calibrating_for_ever),
            ("BYPASS", self.faults.bypass),
            ("BOOST", steady and mains < spec.boost_below_v),
            ("TRIM", steady and mains > spec.trim_above_v),
            ("OVER", self.load_percent > 100),
            ("OL", steady),
            ("OB", not steady),
            ("OFF", not self.output),
            ("LB", self.low),
            ("RB", self.faults.replace_battery or self.battery.health < 0.5),
            ("CHRG", steady and not self.testing and self.battery.charge < 0.995),
            ("DISCHRG", self.discharging),
            ("FSD", self.shutting_down or self.forced_shutdown),
        )
        return [word for word, is_so in known if is_so]

    # --- what is done to it ---

    def set_mains(self, volts: float) -> None:
        """From now on. 0 is an outage."""
        usable = self.mains_usable
        self._mains_v = volts
        if usable == self.mains_usable:
            return
        self._note("mains_back" if self.mains_usable else "mains_lost")
        if self.faults.drop_at_transfer_s > 0:
            self.drop_link(self.faults.drop_at_transfer_s)
        if self.mains_usable:
            self._mains_came()
        elif self.output:
            self._transfer(to_battery=True)
        else:
            self._on_battery = True

    def drop_link(self, seconds: float) -> None:
        """Its connection to the host is gone for so long, as of a USB that falls off the bus."""
        self._dropped_until_s = self._now_s + seconds
        self._note("link_dropped", f"{seconds:g} s")

    def restore_link(self) -> None:
        """Its connection is there again before its time."""
        if not self.connected:
            self._dropped_until_s = self._now_s
            self._note("link_back")

    def start_test(self, seconds: float = QUICK_TEST_S, *, until_low: bool = False) -> bool:
        """Feed the load from the battery for so long, or `until_low`, if that comes first. False:
        on battery, off, or in a test."""
        if self._on_battery or not self.output or self.testing or seconds > TEST_S_MAX:
            return False
        self._test_until_s = self._now_s + seconds
        self._tests_until_low = until_low
        self.test_result = "In progress"
        self._note("test_began", f"{seconds:g} s")
        return True

    def stop_test(self) -> None:
        """End it without a result."""
        if self.testing:
            self._test_until_s = None
            self.test_result = "Aborted"
            self._note("test_stopped")

    def shut_down(self, *, after_s: float, return_after_s: float | None) -> None:
        """Cut the output then; `return_after_s` later it is on again, once there are mains.

        None: it stays off until it is told or switched on.
        """
        self._off_at_s = self._now_s + after_s
        self._return_after_s = return_after_s
        self._on_at_s = None
        back = "stays off" if return_after_s is None else f"returns after {return_after_s:g} s"
        self._note("shutdown_armed", f"cuts after {after_s:g} s, {back}")

    def stop_shutdown(self) -> None:
        """Forget it; what is off goes on again."""
        self._off_at_s = self._on_at_s = self._return_after_s = None
        self._wait_for_mains = False
        self._note("shutdown_stopped")
        self.switch_on()

    def switch_on(self) -> None:
        """The button, or load.on. Without mains and charge nothing happens."""
        if not self.output and self.alive:
            self.output = True
            self._on_battery = not self.mains_usable
            self._note("output_on")

    def switch_off(self) -> None:
        """The button, or load.off."""
        self._cut("switched off")

    # --- time ---

    def advance(self, now_s: float) -> None:
        """Let time pass up to `now_s`, edge by edge: what was due happens at its own moment."""
        step = max(STEP_S, (now_s - self._now_s) / STEPS_MAX)
        while self._now_s < now_s:
            due = [self._test_until_s, self._off_at_s, self._on_at_s, self._dropped_until_s]
            ahead = [at_s for at_s in due if at_s is not None and at_s > self._now_s]
            to_s = min([now_s, self._now_s + step, *ahead])
            self._pass(to_s - self._now_s)
            self._now_s = to_s
            self._do_what_is_due()

    def _pass(self, seconds: float) -> None:
        if self.discharging:
            self.battery.discharge(self.load_w, seconds)
        elif self.mains_usable:
            self.battery.recharge(seconds)

    def _do_what_is_due(self) -> None:
        now_s = self._now_s
        if self._dropped_until_s == now_s:
            self._note("link_back")
        if self.discharging and self.battery.charge <= 0:
            if self.testing:
                self._end_test()
            if self._on_battery:
                self._note("battery_empty")
                self._wait_for_mains = True
                self._return_after_s = self.spec.on_delay_s
                self._off_at_s = None
                self._cut("battery empty")
        is_over = self._test_until_s is not None and now_s >= self._test_until_s
        if is_over or (self.testing and self._tests_until_low and self.low):
            self._end_test()
        if self._off_at_s is not None and now_s >= self._off_at_s:
            self._off_at_s = None
            if not (self.faults.ignores_shutdown_on_mains and self.mains_usable):
                self._cut_to_return()
        if self._on_at_s is not None and now_s >= self._on_at_s:
            self._on_at_s = None
            if self.mains_usable or self.faults.returns_dark:
                self._wait_for_mains = False
                self.switch_on()
            else:
                self._wait_for_mains = True

    def _end_test(self) -> None:
        cell_v = self.battery.voltage(load_w=self.load_w, charging=False) / self.spec.battery.cells
        failed = self.faults.test_fails or cell_v < TEST_FAILS_BELOW_V_PER_CELL
        self.test_result = "Done and error" if failed else "Done and passed"
        self._note("test_failed" if failed else "test_passed", f"{cell_v:.2f} V per cell")
        self._test_until_s = None
        self._calibrating_for_ever = self.faults.stuck_test

    def _cut_to_return(self) -> None:
        self._cut("shutdown")
        after_s = self._return_after_s
        if after_s is None or self.faults.never_returns:
            return
        self._wait_for_mains = True
        # It counts from the cut, with mains or without; then it looks whether there are any.
        self._on_at_s = self._now_s + after_s

    def _cut(self, why: str) -> None:
        if self.output:
            self.output = False
            self._test_until_s = None
            self._note("output_off", why)

    def _mains_came(self) -> None:
        if self.output:
            self._transfer(to_battery=False)
            return
        self._on_battery = False
        if self._wait_for_mains and self._on_at_s is None and not self.faults.never_returns:
            self._on_at_s = self._now_s + (self._return_after_s or 0.0)

    def _transfer(self, *, to_battery: bool) -> None:
        self._on_battery = to_battery
        self._test_until_s = None if to_battery else self._test_until_s
        self._note("on_battery" if to_battery else "on_line", f"{self.spec.transfer_ms:g} ms")
        if to_battery and self.battery.charge <= 0:
            self._cut("no charge")
        elif self.spec.transfer_ms > HOLD_UP_MS:
            self._note("load_dropped", f"a gap of {self.spec.transfer_ms:g} ms")
        if to_battery and self.load_percent > 120:
            self._cut("overload")

    def note(self, what: str, note: str = "") -> None:
        """Keep what a host said."""
        self._note(what, note)

    def _note(self, what: str, note: str = "") -> None:
        self.event_count += 1
        self.log.append(UpsEvent(self._now_s, what, note))

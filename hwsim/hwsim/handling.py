"""What people do to a printer, and what mishaps do: every fault, by name.

Some are seen at once, as an open cover; others happen at a point of the printer's work:

    printer.after(printer.open_cover, lines=3)      # when three more lines have been fed
    printer.after(printer.power_off, bytes=500)     # when 500 more bytes have been received
    printer.after(printer.unplug, cuts=1)           # when the receipt is cut, and not confirmed
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from hwsim.card import Card
from hwsim.mechanism import Mechanism, PaperState
from hwsim.models import is_serial_number
from hwsim.network_card import NetworkCard
from hwsim.plans import Unit
from hwsim.serial_line import SerialLine
from hwsim.settings import LINE_SPACING_DOTS
from hwsim.status import Seen


class HandledPrinter:
    """The outside of a printer. Every method may be called from any thread, once it has started."""

    def __init__(self, mechanism: Mechanism) -> None:
        """Switched on, not connected yet."""
        self._mechanism = mechanism
        self._changed = threading.Condition(threading.RLock())
        self._powered = True
        self._refusing = False
        self._network_cut = False
        self._quietly_off = False
        self._card: Card | None = None

    # What can be seen

    @property
    def seen(self) -> Seen:
        """What its sensors see now, whatever its status claims."""
        with self._changed:
            return self._mechanism.seen

    @property
    def powered(self) -> bool:
        """Whether it is switched on."""
        return self._powered

    @property
    def accepting(self) -> bool:
        """Whether a host may connect: it is plugged in, switched on, and refuses nobody."""
        return self._powered and not self._refusing

    # What people do to it

    def set_paper(self, state: PaperState, *, after_dots: int | None = None) -> None:
        """Put paper in or take it out: now, or when `after_dots` more rows have been fed."""
        with self._touched():
            self._mechanism.load_paper(state, after_dots)

    def open_cover(self) -> None:
        """Printing stops after the command being executed; the buffer is kept."""
        with self._touched():
            self._mechanism.cover_open = True

    def close_cover(self) -> None:
        """Printing goes on where it stopped."""
        with self._touched():
            self._mechanism.cover_open = False

    def jam_cutter(self) -> None:
        """The next cut fails and puts the printer offline with a recoverable error."""
        with self._touched():
            self._mechanism.cutter_blocked = True

    def free_cutter(self) -> None:
        """Remove the jam. An error stays until DLE ENQ 1 or 2, or a power cycle."""
        with self._touched():
            self._mechanism.cutter_blocked = False

    def hold_feed(self, lines: int = 1) -> None:
        """A person holds the feed button, and so many lines of paper have come out: offline."""
        with self._touched():
            self._mechanism.feeding = True
            self._mechanism.paper.strip.feed(lines * LINE_SPACING_DOTS)

    def release_feed(self) -> None:
        """Printing goes on where it stopped."""
        with self._touched():
            self._mechanism.feeding = False

    def tear_off(self) -> None:
        """Feed out the uncut paper and tear it off: a receipt that is not `cut`."""
        with self._touched():
            self._mechanism.paper.tear_off()

    def power_off(self, *, quietly: bool = False) -> None:
        """The buffer is lost; counters stay. On the network, connections are reset, new ones
        refused; a serial line stays, and so does a terminal server.

        `quietly`: nothing tells the host. Its connection is half open, a new one is not answered,
        and the old one is reset when the power is back: as when the plug is pulled.
        """
        with self._touched():
            self._powered, self._quietly_off = False, quietly
            if quietly:
                self._running_card.freeze()
            else:
                self._running_card.switched_off()
            self._mechanism.power_cycle()

    def power_on(self) -> None:
        """Listen again on the same port, with default settings."""
        with self._touched():
            self._powered = True
            card = self._running_card
            if card.frozen:
                card.reset_all()
                if not self._network_cut:
                    card.thaw()
            card.switched_on()
            if not self._refusing:
                self._running_card.listen()

    def swap(self, serial_number: str) -> None:
        """Put another printer of this model in its place, switched on: the host's connection ends,
        its serial number and its counters are others. ValueError unless that is printable ASCII.
        """
        if not is_serial_number(serial_number):
            raise ValueError("a serial number is printable ASCII, and not empty")
        with self._touched():
            self.power_off()
            self._mechanism.become(serial_number)
            self.after_all()
            self.power_on()

    def unplug(self) -> None:
        """Pull the cable: the host's connection ends at once, and it cannot have another."""
        with self._touched():
            self._refusing = True
            self._running_card.unplug()

    def plug_in(self, at: Path | None = None) -> None:
        """Plug the cable in again; of a serial line or USB, the device may then be another path,
        as after a USB port has been enumerated anew. TypeError for `at` on a network.
        """
        if at is not None:
            card = self._running_card
            if not isinstance(card, SerialLine):
                raise TypeError("this printer has no path: it is on a network")
            card.move(at)
        self.accept_connections()

    # When

    def after(
        self,
        act: Callable[[], None],
        *,
        bytes: int | None = None,  # noqa: A002 - the unit's name
        lines: int | None = None,
        dots: int | None = None,
        cuts: int | None = None,
    ) -> None:
        """Have `act` done when so much more has been received (bytes), fed (lines, dots) or cut,
        exactly there. ValueError unless one of them is given, from 1 up.

        It is done in the printer's thread, and may call every method but `close` and those that
        wait. A power cycle forgets nothing of it; `after_all` does.
        """
        given: dict[Unit, int | None] = {"bytes": bytes, "lines": lines, "dots": dots, "cuts": cuts}
        counts = [(unit, count) for unit, count in given.items() if count is not None]
        if len(counts) != 1 or counts[0][1] < 1:
            raise ValueError("one of bytes, lines, dots and cuts is needed, from 1 up")
        ((unit, count),) = counts
        with self._touched():
            self._mechanism.plans.add(unit, self._mechanism.counts[unit] + count, act)

    def after_all(self) -> None:
        """Forget what is planned."""
        with self._touched():
            self._mechanism.plans.clear()

    def heal(self) -> None:
        """Undo every fault and plan: paper, cover, cutter, head, power, link, answers."""
        mechanism = self._mechanism
        with self._touched():
            self.after_all()
            mechanism.load_paper(PaperState.ADEQUATE, None)
            mechanism.cover_open = mechanism.cutter_blocked = mechanism.cutter_error = False
            mechanism.head_hot = mechanism.broken = mechanism.feeding = False
            mechanism.paper.strip.blank = False
            mechanism.drain_bytes_per_s, mechanism.claims = None, {}
            mechanism.answers.heal()
            card = self._running_card
            card.stall_left, card.muted = None, False
            if isinstance(card, NetworkCard):
                card.refuse_second(refuse=False)
            self.restore_network()
            if not self._powered:
                self.power_on()
            self.accept_connections()

    # Faults of the mechanism

    def overheat(self) -> None:
        """The head is too hot: it pauses, and goes on by itself after `cool_down`."""
        with self._touched():
            self._mechanism.head_hot = True

    def cool_down(self) -> None:
        """The head may print again."""
        with self._touched():
            self._mechanism.head_hot = False

    def break_down(self) -> None:
        """An unrecoverable error: it prints no more, whatever the host sends, until `repair`."""
        with self._touched():
            self._mechanism.broken = True

    def repair(self) -> None:
        """It works again."""
        with self._touched():
            self._mechanism.broken = False

    def print_blank(self, *, blank: bool = True) -> None:
        """Everything succeeds and nothing is on the paper, as with a roll put in upside down."""
        with self._touched():
            self._mechanism.paper.strip.blank = blank

    def lose_buffer(self) -> None:
        """What was received and not printed is gone, and nothing tells."""
        with self._touched():
            self._mechanism.clear_buffers()

    def drain_slowly(self, bytes_per_s: float | None) -> None:
        """Execute no more than that; None: as fast as it gets."""
        with self._touched():
            self._mechanism.drain_bytes_per_s = bytes_per_s

    # Faults of what it says

    def claim(self, **shown: object) -> None:
        """Show a status that is not true, by the names of `hwsim.status.Seen`; without any, the
        truth again. `claim(cutter_error=True, offline=True)` is a printer that prints and answers
        an error, `claim(cover_open=False, offline=False)` one that is fine with its lid open.
        """
        known = {each.name for each in fields(Seen)}
        if not known.issuperset(shown):
            wrong = ", ".join(sorted(set(shown) - known))
            raise ValueError(f"no status shows {wrong}; known are {', '.join(sorted(known))}")
        with self._touched():
            self._mechanism.claims = shown

    def answer_late(self, delay_s: float) -> None:
        """Hold each answer back so long, the automatic status too; 0: answer at once."""
        with self._touched():
            self._mechanism.answers.delay_s = delay_s

    def answer_wrongly(self, *instead: bytes) -> None:
        """Give these instead of the next answers, one for each; without any, the right ones."""
        with self._touched():
            wrong = self._mechanism.answers.wrong
            wrong.clear()
            wrong.extend(instead)

    def ignore(self, *names: str) -> None:
        """Do not answer commands of these names ("DLE EOT", "GS ( H"; "GS a" is the automatic
        status); without any, answer all. What the command does otherwise, it does.
        """
        with self._touched():
            self._mechanism.answers.silent_to = frozenset(names)

    def flood(self, frames: int) -> None:
        """Send so many automatic statuses before each other answer and one behind it; 0: none."""
        with self._touched():
            self._mechanism.answers.flood = frames

    # Faults of the link

    def cut_network(self) -> None:
        """The way to the host is gone, and nobody is told: an open connection is half open, a new
        one is not answered. Of a serial line, neither end hears the other.
        """
        with self._touched():
            self._network_cut = True
            self._running_card.freeze()

    def restore_network(self) -> None:
        """The way is there again; what was on it arrives."""
        with self._touched():
            self._network_cut = False
            if self._powered or not self._quietly_off:
                self._running_card.thaw()

    def reset_connections(self) -> None:
        """End the host's connections with RST, and accept the next one."""
        with self._touched():
            self._running_card.reset_all()

    def refuse_second(self, *, refuse: bool = True) -> None:
        """Refuse others while one host is served, and do not let them wait. TypeError on a line."""
        card = self._running_card
        if not isinstance(card, NetworkCard):
            raise TypeError("a line has only one host")
        with self._touched():
            card.refuse_second(refuse=refuse)

    def stall_after(self, count: int) -> None:
        """Stop reading after `count` more bytes, with the connection left open."""
        with self._touched():
            self._running_card.stall_left = count

    def release(self) -> None:
        """End a stall."""
        with self._touched():
            self._running_card.stall_left = None

    def refuse_connections(self) -> None:
        """Refuse new connections; an open one stays."""
        with self._touched():
            self._refusing = True
            self._running_card.refuse()

    def accept_connections(self) -> None:
        """Accept again."""
        with self._touched():
            self._refusing = False
            if self._powered:
                self._running_card.listen()

    def mute(self) -> None:
        """Send nothing any more; answers of this time are lost."""
        with self._touched():
            self._running_card.muted = True

    def unmute(self) -> None:
        """Answer again."""
        with self._touched():
            self._running_card.muted = False

    @property
    def _running_card(self) -> Card:
        if self._card is None:
            raise RuntimeError("this printer is not running: call start() first")
        return self._card

    @contextmanager
    def _touched(self) -> Iterator[None]:
        """Hold the printer still for a change from outside; then let it notice."""
        with self._changed:
            yield
            if self._powered:
                self._mechanism.report()
            self._changed.notify_all()
            if self._card is not None:
                self._card.wake()

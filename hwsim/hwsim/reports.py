"""What the printer tells without being asked each time: GS a, and GS ( H function 49.

Source: ESC/POS Command Reference, "GS a"; "GS ( H function 49" (TM-T88IV and later). The causes
that the latter may add differ by model; none is added here, which its format allows.
"""

from typing import Final

from hwsim.answers import Answers
from hwsim.status import Seen

OFFLINE_RESPONSE: Final = b"\x37\x23\x00"


class Reports:
    """Nothing is told after power-up. Not thread-safe."""

    def __init__(self, answers: Answers) -> None:
        """Tells by way of `answers`."""
        self._answers = answers
        self._classes = 0
        self._told: dict[int, object] = {}
        self._tells_offline = False
        self._was_stopped = False

    def enable(self, classes: int, seen: Seen, now_s: float) -> None:
        """GS a: tell of changes in these classes, and how it stands now; 0: tell nothing."""
        self._classes = classes
        self._told = seen.classes()
        if classes:
            self._answers.give("GS a", seen.automatic(), now_s)

    def enable_offline(self, seen: Seen, *, tells: bool) -> None:
        """GS ( H function 49: tell when printing stops for a cause other than a held button."""
        self._tells_offline = tells
        self._was_stopped = seen.offline and not seen.feeding

    def disable(self) -> None:
        """ESC @: the automatic status ends."""
        self._classes = 0

    def reset(self) -> None:
        """The printer was switched off."""
        self._classes, self._tells_offline = 0, False

    @property
    def wanted(self) -> bool:
        """Whether anything is to be told at all."""
        return bool(self._classes or self._tells_offline)

    def notice(self, seen: Seen, now_s: float) -> None:
        """Tell what has changed, if that is wanted."""
        if self._classes:
            classes = seen.classes()
            changed = sum(bit for bit in classes if classes[bit] != self._told[bit])
            self._told = classes
            if changed & self._classes:
                self._answers.give("GS a", seen.automatic(), now_s)
        stopped = seen.offline and not seen.feeding
        if self._tells_offline and stopped and not self._was_stopped:
            self._answers.give("GS ( H", OFFLINE_RESPONSE, now_s)
        self._was_stopped = stopped

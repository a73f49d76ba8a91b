"""The macro of GS : and GS ^. Source: ESC/POS Command Reference, "Macro function commands"."""

from collections import deque
from typing import Final

from hwsim.framing import Token

MACRO_BYTES_MAX: Final = 2048
"""Commands beyond this are executed, and not remembered."""

REPLAYED_COMMANDS_MAX: Final = 1024
"""One GS ^ repeats at most so many; a macro of many commands is not repeated 255 times."""


class Macro:
    """What has been defined, and what of it still waits to be executed in `left`."""

    def __init__(self) -> None:
        """No macro."""
        self.left: deque[Token] = deque()
        self._tokens: list[Token] = []
        self._defining = False

    def begin_or_end(self) -> None:
        """GS : begins a definition, which forgets the one before; the next GS : ends it."""
        self._defining = not self._defining
        if self._defining:
            self._tokens = []

    def note(self, token: Token) -> None:
        """A command was executed: it belongs to the macro that is being defined."""
        taken = sum(len(one.data) for one in self._tokens) if self._defining else 0
        if self._defining and taken + len(token.data) <= MACRO_BYTES_MAX:
            self._tokens.append(token)

    def run(self, params: bytes) -> None:
        """GS ^ r t m: execute it r times. Within a definition this gives the definition up."""
        if self._defining:
            self._defining, self._tokens = False, []
        for _ in range(params[0]):
            if len(self.left) + len(self._tokens) > REPLAYED_COMMANDS_MAX or not self._tokens:
                return
            self.left.extend(self._tokens)

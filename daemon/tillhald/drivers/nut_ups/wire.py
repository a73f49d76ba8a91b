r"""The lines of RFC 9271: words, quoted where they hold a space, a backslash before \ and ".

Pure. Lines come and go as UTF-8; the RFC says ASCII, and NUT hands bytes through as they are.
"""

from __future__ import annotations

from typing import Final

from tillhald.drivers.nut_ups.errors import NutGarbled, NutUnsayable

LINE_BYTES_MAX: Final = 4096
"""NUT's own values have at most 255 bytes (ST_MAX_VALUE_LEN); with quoting that is far below."""
WORDS_MAX: Final = 64
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:@+/%,")


def encode(*words: str) -> bytes:
    """One request. NutUnsayable if a word has a control character, or all is too long."""
    line = " ".join(map(_quoted, words)).encode("utf-8", "surrogateescape") + b"\n"
    if len(line) > LINE_BYTES_MAX:
        message = f"a request of {len(line)} bytes is longer than {LINE_BYTES_MAX}"
        raise NutUnsayable(message)
    return line


def _quoted(word: str) -> str:
    if any(char < " " or char == "\x7f" for char in word):
        raise NutUnsayable("a control character has no form in the protocol")
    if word and _PLAIN.issuperset(word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def decode(line: bytes) -> list[str]:
    """The words of one answer, unquoted; at least one. NutGarbled."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NutGarbled("an answer is no text") from error
    words: list[str] = []
    at = 0
    while at < len(text):
        if text[at] in " \r":
            at += 1
            continue
        word, at = _word(text, at)
        words.append(word)
        if len(words) > WORDS_MAX:
            raise NutGarbled("an answer has too many words")
    if not words:
        raise NutGarbled("an answer is empty")
    return words


def _word(text: str, at: int) -> tuple[str, int]:
    is_quoted = text[at] == '"'
    at += is_quoted
    taken: list[str] = []
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
            if at == len(text):
                break
            taken.append(text[at])
        elif char < " " and char != "\r":
            raise NutGarbled("an answer has a control character")
        elif is_quoted and char == '"':
            return "".join(taken), at + 1
        elif not is_quoted and char in " \r":
            return "".join(taken), at
        else:
            taken.append(char)
        at += 1
    if is_quoted or text.endswith("\\"):
        raise NutGarbled("an answer ends within a word")
    return "".join(taken), at

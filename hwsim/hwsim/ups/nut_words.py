r"""The lines of RFC 9271, section 4.1: words, and quoted texts with a backslash before \ and "."""

from typing import Final

LINE_BYTES_MAX: Final = 4096
WORDS_MAX: Final = 32
"""`upsd` takes 32 arguments (PCONF_MAX_ARGS in its parseconf)."""


class BadLine(Exception):
    """A quote is not closed, a backslash has nothing behind it, or there are too many words."""


def words_of(line: str) -> list[str]:
    """Take a line apart. BadLine."""
    words: list[str] = []
    at = 0
    while at < len(line):
        if line[at] in " \t\r":
            at += 1
            continue
        word, at = _word(line, at)
        words.append(word)
    if len(words) > WORDS_MAX:
        raise BadLine("too many words")
    return words


def _word(line: str, at: int) -> tuple[str, int]:
    quoted = line[at] == '"'
    at += quoted
    word = ""
    while at < len(line):
        char = line[at]
        if char == "\\":
            if at + 1 == len(line):
                raise BadLine("nothing behind a backslash")
            word += line[at + 1]
            at += 2
        elif quoted and char == '"':
            return word, at + 1
        elif not quoted and char in " \t\r":
            return word, at
        else:
            word += char
            at += 1
    if quoted:
        raise BadLine("a quote is not closed")
    return word, at


def quoted(text: str) -> str:
    """As one word of a line; a line's end cannot be said and becomes a space."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char not in "\r\n" else " " for char in plain) + '"'

"""One table of TOML at a time into a struct, one mistake after the other."""

from __future__ import annotations

import difflib
import re
from typing import Any, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

MISTAKES_MAX = 100


_AT = re.compile(r" - at `\$([^`]*)`$")
_MISSING = re.compile(r"Object missing required field `([^`]*)`")
_UNKNOWN = re.compile(r"Object contains unknown field `([^`]*)`")


def convert(name: str, table: object, kind: type[T], mistakes: list[str]) -> T | None:
    """The struct, or None; msgspec stops at the first mistake, so take each one out and go on."""
    if not isinstance(table, dict):
        mistakes.append(f"{name}: a table is needed")
        return None
    left: dict[str, Any] = _copy(table)
    found: T | None = None
    dropped: set[str] = set()
    for _ in range(MISTAKES_MAX):
        try:
            found = msgspec.convert(left, kind)
        except msgspec.ValidationError as error:
            path, sentence = _explain(str(error), kind)
            missing = _MISSING.match(sentence)
            if missing and f"{path}.{missing.group(1)}" in dropped:
                return None  # it was there, and wrong: that has been said
            mistakes.append(f"{name}{path}: {sentence}")
            if not _drop(left, path, sentence):
                return None
            dropped.add(path)
        else:
            break
    return found


def _copy(value: Any) -> Any:  # noqa: ANN401 - whatever TOML holds
    return {k: _copy(v) for k, v in value.items()} if isinstance(value, dict) else value


def _explain(message: str, kind: type[msgspec.Struct]) -> tuple[str, str]:
    at = _AT.search(message)
    path = at.group(1) if at else ""
    sentence = _AT.sub("", message)
    unknown = _UNKNOWN.match(sentence)
    if unknown:
        names = [field.name for field in msgspec.structs.fields(kind)] if not path else []
        sentence = f"unknown field `{unknown.group(1)}`{meant(unknown.group(1), names)}"
    return path, sentence


def _drop(table: dict[str, Any], path: str, sentence: str) -> bool:
    """Take the mistaken field out, so that the next mistake shows. False: it cannot be."""
    keys = [key for key in re.split(r"\.|\[[^\]]*\]", path) if key]
    unknown = re.match(r"unknown field `([^`]*)`", sentence)
    if unknown:
        keys.append(unknown.group(1))
    if not keys:
        return False
    *way, last = keys
    for key in way:
        inner = table.get(key)
        if not isinstance(inner, dict):
            return table.pop(key, None) is not None
        table = inner
    return table.pop(last, None) is not None


def meant(name: str, known: list[str]) -> str:
    """What somebody may have meant who wrote `name`, as the end of a sentence."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean `{close[0]}`?" if close else ""

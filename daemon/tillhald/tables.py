"""One table of TOML at a time into a struct, with every mistake that is in it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar, get_args, get_origin

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

MISTAKES_MAX = 100


_AT = re.compile(r" - at `\$([^`]*)`$")
_WRONG: Final = object()
"""In the place of a value that cannot be used."""


def convert(name: str, table: object, kind: type[T], mistakes: list[str]) -> T | None:
    """The struct, or None where it cannot be made. A field that is wrong counts as left out, so
    that what stands beside it is looked at, too."""
    if not isinstance(table, dict):
        mistakes.append(f"{name}: a table is needed")
        return None
    found = _struct(name, table, kind, mistakes)
    return found if isinstance(found, kind) else None


def _struct(
    where: str, table: Mapping[str, Any], kind: type[msgspec.Struct], mistakes: list[str]
) -> object:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    right = {}
    for key, value in table.items():
        if key in fields:
            read = _value(f"{where}.{key}", value, fields[key].type, mistakes)
            if read is not _WRONG:
                right[key] = read
        elif kind.__struct_config__.forbid_unknown_fields:
            mistakes.append(f"{where}: unknown field `{key}`{meant(key, list(fields))}")
    needed = [key for key, field in fields.items() if field.required]
    mistakes.extend(
        f"{where}: Object missing required field `{key}`"
        for key in needed
        if key not in table and not _nearest(key, [name for name in table if name not in fields])
    )
    if any(key not in right for key in needed):
        return _WRONG
    return _leaf(where, right, kind, mistakes)


def _value(where: str, value: object, kind: Any, mistakes: list[str]) -> object:  # noqa: ANN401 - a type of any form
    """`value`, or what is right of it; _WRONG where nothing can be used."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(value, dict):
        return _struct(where, value, kind, mistakes)
    if get_origin(kind) is dict and isinstance(value, dict):
        of = get_args(kind)[1]
        read = {key: _value(f"{where}.{key}", each, of, mistakes) for key, each in value.items()}
        return {key: each for key, each in read.items() if each is not _WRONG}
    if get_origin(kind) is tuple and get_args(kind)[-1] is ... and isinstance(value, list):
        of = get_args(kind)[0]
        items = [_value(f"{where}[{at}]", each, of, mistakes) for at, each in enumerate(value)]
        # Whole or not at all: what is said later of an item names its place.
        return _WRONG if any(item is _WRONG for item in items) else tuple(items)
    return _leaf(where, value, kind, mistakes)


def _leaf(where: str, value: object, kind: Any, mistakes: list[str]) -> object:  # noqa: ANN401 - a type of any form
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        at = _AT.search(str(error))
        mistakes.append(f"{where}{at.group(1) if at else ''}: {_AT.sub('', str(error))}")
        return _WRONG


def meant(name: str, known: list[str]) -> str:
    """What somebody may have meant who wrote `name`, as the end of a sentence."""
    close = _nearest(name, known)
    return f"; did you mean `{close[0]}`?" if close else ""


def _nearest(name: str, names: list[str]) -> list[str]:
    return difflib.get_close_matches(name, names, n=1)

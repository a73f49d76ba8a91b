"""A generation: all data of a till under one schema.

The next one is made beside it, never in it.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tillhald.boot.files import PARTIAL, Damaged, get_json, put_json, sync
from tillhald.failpoints import reach

if TYPE_CHECKING:
    from pathlib import Path

META = "META.json"
FORMAT = 1
FIRST = "gen-0001"
_NAME = re.compile(r"gen-(\d{4,})")


class GenerationUnusable(Exception):
    """The data cannot be used, or not by this program. Its text says why."""


@dataclass(frozen=True, kw_only=True)
class Meta:
    """What a generation is.

    `schema` is what it was written with, `min_reader` the least schema that a program must know
    to go on writing it. `made_by` is the work that made it and `made_from` the generation before
    it; both are empty for a till's first one.
    """

    schema: int
    min_reader: int
    made_by: str = ""
    made_from: str = ""


def data_folder(home: Path) -> Path:
    """Where the generations are."""
    return home / "data"


def journal_folder(home: Path, generation: str) -> Path:
    """The journal of a generation."""
    return data_folder(home) / generation / "journal"


def number_of(name: str) -> int | None:
    """The number in a generation's name, which rises; None for another name."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else None


def next_name(home: Path) -> str:
    """A name that no generation has, or had as far as the folder tells."""
    names = [path.name for path in data_folder(home).glob("gen-*")]
    numbers = [int(found[1]) for name in names if (found := _NAME.match(name))]
    return f"gen-{max(numbers, default=0) + 1:04d}"


def finish(building: Path, meta: Meta) -> Path:
    """Give a generation that was built in `….partial` its meta data and its name; durable then.

    Whoever built it has synced what is in it. Raises OSError; FileExistsError if the name is taken.
    """
    folder = building.with_name(building.name.removesuffix(PARTIAL))
    if folder.exists():
        message = f"{folder} is there already"
        raise FileExistsError(message)
    put_json(building / META, {"format": FORMAT, **asdict(meta)})
    reach("boot.generation_built")
    building.rename(folder)
    reach("boot.generation_renamed")
    sync(folder.parent)
    return folder


def meta_of(home: Path, generation: str) -> Meta:
    """Return the meta data of a generation that is finished. Raises GenerationUnusable."""
    folder = data_folder(home) / generation
    try:
        content = get_json(folder / META)
        if content.pop("format") != FORMAT:
            message = f"{generation} is described in a format that this launcher does not know"
            raise GenerationUnusable(message)
        return Meta(**content)
    except FileNotFoundError as error:
        message = f"{generation} is not there, or was never finished"
        raise GenerationUnusable(message) from error
    except (Damaged, KeyError, TypeError) as error:
        message = f"{generation}: {error}"
        raise GenerationUnusable(message) from error


def check(home: Path, generation: str, schema: int) -> Meta:
    """Return the meta data if a program that writes `schema` may go on with it as it is.

    Raises GenerationUnusable.
    """
    meta = meta_of(home, generation)
    if schema < meta.min_reader:
        message = f"{generation} needs schema {meta.min_reader}; this program writes {schema}"
        raise GenerationUnusable(message)
    if schema > meta.schema:
        message = f"{generation} has schema {meta.schema}; this program needs a copy in {schema}"
        raise GenerationUnusable(message)
    return meta

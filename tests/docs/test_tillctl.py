"""The pages of tillctl and of the salvage file list what the code has: no more, no less."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from typer.main import get_command

from tests.docs.pages import code_in, page, rows
from tillhald.ctl.__main__ import app
from tillhald.journal.salvage_file import Ending, Heading

if TYPE_CHECKING:
    from collections.abc import Iterator

TILLCTL = page("docs/reference/tillctl.md")
SALVAGE_FORMAT = page("docs/reference/salvage-format.md")


def options(command: object) -> set[str]:
    """What begins with a dash: arguments have no name on the command line."""
    named = {option for each in command.params for option in each.opts}
    return {option for option in named if option.startswith("-")} - {"--help"}


def commands(command: object, name: str) -> Iterator[tuple[str, set[str]]]:
    """Each command and its options."""
    below = getattr(command, "commands", None)
    if below is None or getattr(command, "invoke_without_command", False):
        yield name, options(command)
    for word, each in (below or {}).items():
        yield from commands(each, f"{name} {word}")


def test_the_page_of_tillctl_lists_every_command_with_its_options() -> None:
    told = {
        code_in(row.cells[0])[0]: set(code_in(row.cells[1]))
        for row in rows(TILLCTL)
        if row.columns[0] == "command"
    }
    assert told == dict(commands(get_command(app), "tillctl"))


def test_the_page_of_tillctl_explains_every_option() -> None:
    told = {code_in(row.cells[0])[0] for row in rows(TILLCTL) if row.columns[0] == "option"}
    assert told == {
        option for _, found in commands(get_command(app), "tillctl") for option in found
    }


def test_the_page_of_the_salvage_file_lists_what_its_ends_hold() -> None:
    for heading, kind in (("Heading", Heading), ("Ending", Ending)):
        told = {
            code_in(row.cells[0])[0]
            for row in rows(SALVAGE_FORMAT)
            if row.heading == heading and row.columns == ("key", "value")
        }
        assert told == {field.name for field in msgspec.structs.fields(kind)}

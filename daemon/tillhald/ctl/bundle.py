"""`tillctl bundle`: making and looking into bundles, where there need be no till."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from tillhald.ctl import words
from tillhald.ctl.bars import bar
from tillhald.ctl.child import lines_of
from tillhald.ctl.connection import (
    EXIT_COULD_NOT,
    EXIT_FAULT,
    AsJson,
    err,
    give_up,
    out,
    show_facts,
    write_json,
)

RELEASE_DAYS = 365
CHANGES_BYTES_MAX = 80_000
FAULTS = {"BUNDLE_CORRUPT", "BUNDLE_UNTRUSTED", "BUNDLE_EXPIRED", "BUNDLE_TOO_OLD"}
"""What is wrong with a bundle; anything else keeps it from being looked at."""

app = typer.Typer(no_args_is_help=True, help="Versions of the program as signed files.")


@app.callback()
def bundle() -> None:
    """Versions of the program as signed files."""


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The bundle, a .tlb file.")],
    *,
    trust: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Whom to trust: a root.json, or a till's folder identity/trust.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a bundle is, who signed it, until when it holds, and whether it is whole.

    With --trust the signatures are compared with those whom a till trusts. Works on any machine,
    without a till. Nothing is written.

    Exit status: 0 if it is right, 1 if it is not, 2 if it could not be looked at.
    """
    if not file.is_file():
        give_up(f"There is no file {file}.")
    if trust is not None and not trust.exists():
        give_up(f"There is no {trust}.")
    order = {
        "file": str(file.absolute()),
        "now_ms": _now_ms(),
        "trust": str(trust.absolute()) if trust else "",
    }
    last = _run("inspect", order, is_hidden=as_json)
    found = last.get("bundle")
    if found is None:
        _say_why_not(last, as_json=as_json)
    if as_json:
        write_json({"whole": True, **found})
        return
    _show(found)


@app.command()
def keygen(
    *,
    folder: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder for the keys; a new one.")
    ],
    root_keys: Annotated[int, typer.Option(help="How many keys say which keys count.")] = 3,
    root_threshold: Annotated[int, typer.Option(help="How many of them it takes.")] = 2,
    targets_keys: Annotated[int, typer.Option(help="How many keys sign releases.")] = 1,
    targets_threshold: Annotated[int, typer.Option(help="How many of them it takes.")] = 1,
    replaces: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The folder of the keys that counted so far: tills follow from them to these.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the keys with which releases are signed, and the root that tills trust.

    Keys are files that only you can read, and are never written over. Move root-*.pem to a stick in
    a safe: they are needed only to change keys. A till gets 1.root.json when it is installed.
    """
    order = {
        "folder": str(folder.absolute()),
        "shares": {
            "root": (root_keys, root_threshold),
            "targets": (targets_keys, targets_threshold),
            "snapshot": (1, 1),
            "timestamp": (1, 1),
        },
        "now_ms": _now_ms(),
        "old": str(replaces.absolute()) if replaces else "",
    }
    last = _run("keygen", order, is_hidden=True)
    number = last.get("root")
    if number is None:
        _say_why_not(last, as_json=as_json)
    root = folder / f"{number}.root.json"
    if as_json:
        write_json({"root": str(root), "number": number})
        return
    out.print(f"The keys are in {folder}, and root {number} is {root}.", markup=False)
    out.print(
        "Bundles that are made with these keys bring it; tills that trust the root before follow."
        if replaces
        else "A till trusts it from its installation on. Keep root-*.pem in a safe.",
        markup=False,
    )


@app.command()
def make(
    *,
    wheels: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="The wheels of tillhal, of all that it needs, and of pip. For several platforms, "
            "the wheels of each.",
        ),
    ],
    keys: Annotated[Path, typer.Option(metavar="DIR", help="The keys of `tillctl bundle keygen`.")],
    file: Annotated[Path, typer.Option("--out", metavar="FILE", help="The bundle; a new file.")],
    changes_en: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What has changed, in English.", show_default=False),
    ] = None,
    changes_zh: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What has changed, in Chinese.", show_default=False),
    ] = None,
    days: Annotated[int, typer.Option(help="How long it may be installed.")] = RELEASE_DAYS,
    release: Annotated[
        int,
        typer.Option(
            help="Its number, which must rise from one to the next; else the time in seconds.",
            show_default=False,
        ),
    ] = 0,
    upgrades_from: Annotated[
        str,
        typer.Option(metavar="VERSION", help="The oldest version that may take it."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Make a bundle of a folder of wheels, sign it, and read it back."""
    changes = {
        language: _text(path)
        for language, path in (("en", changes_en), ("zh-CN", changes_zh))
        if path is not None
    }
    order = {
        "wheels": str(wheels.absolute()),
        "keys": str(keys.absolute()),
        "out": str(file.absolute()),
        "now_ms": _now_ms(),
        "release": release,
        "days": days,
        "upgrades_from": upgrades_from,
        "changes": changes,
    }
    last = _run("make", order, is_hidden=as_json)
    found = last.get("bundle")
    if found is None:
        _say_why_not(last, as_json=as_json)
    if as_json:
        write_json({"whole": True, **found})
        return
    out.print(f"{file} is made, and was read back.", style="green", markup=False)
    show_facts(_facts(found))


def _run(module: str, order: dict[str, Any], *, is_hidden: bool) -> dict[str, Any]:
    last: dict[str, Any] = {}
    with bar(hidden=is_hidden) as show:
        for last in lines_of(module, package="bundle", order=order):
            if last.get("phase"):
                show(last["phase"], last.get("done", 0), last.get("total", 0))
    return last


def _say_why_not(last: dict[str, Any], *, as_json: bool) -> NoReturn:
    reason = last.get("refused", "")
    sentence = last.get("sentence", "")
    if as_json:
        write_json({"whole": False, "reason": reason, "sentence": sentence})
    else:
        err.print(sentence, markup=False, style="bold red")
    is_fault = reason in FAULTS or last.get("fault") == "unreadable"
    raise typer.Exit(EXIT_FAULT if is_fault else EXIT_COULD_NOT)


def _show(found: dict[str, Any]) -> None:
    if found["is_trusted"]:
        out.print("It is whole, and signed by those whom you trust.", style="green")
    else:
        out.print("It is whole, and as it was signed. Whether by the right people, shows --trust.")
    if found.get("why_not"):
        err.print(f"Not for this machine: {found['why_not']}", markup=False, style="yellow")
    show_facts(_facts(found))
    for language, text in found["manifest"]["changes"].items():
        out.print(f"\n[{language}] {text.strip()}", markup=False)


def _facts(found: dict[str, Any]) -> list[tuple[str, str]]:
    said = found["manifest"]
    until = datetime.fromtimestamp(found["expires_ms"] / 1000, UTC)
    made = datetime.fromtimestamp(said["made_ms"] / 1000, UTC)
    return [
        ("version", said["version"]),
        ("data", f"schema {said['schema']}, read from schema {said['min_reader']} on"),
        ("goes on from", said["upgrades_from"] or "any version"),
        ("for Python", said["requires_python"] or "any"),
        ("for", ", ".join(said["tags"])),
        ("contract", f"tillhal.v1, {said['api']}"),
        ("made", f"{made:%Y-%m-%d %H:%M} UTC, by {said['made_by']}"),
        ("may be installed until", f"{until:%Y-%m-%d %H:%M} UTC"),
        ("release", str(found["release"])),
        ("root", str(found["roots"])),
        ("signed by", f"{', '.join(found['signed'])}; it takes {found['threshold']}"),
        ("size", words.size(found["size_bytes"])),
        ("needs free", words.size(found["need_bytes"])),
        ("wheels", str(len(found["wheels"]))),
    ]


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(CHANGES_BYTES_MAX).decode()
    except (OSError, UnicodeDecodeError) as error:
        give_up(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}.")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000

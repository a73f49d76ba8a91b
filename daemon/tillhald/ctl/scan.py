"""`tillctl scan`: what the scanner reads, live."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from google.protobuf.json_format import MessageToDict

from tillhal import TillError
from tillhal.errors import Claimed
from tillhal.v1 import scanner_pb2, types_pb2
from tillhald.ctl import words
from tillhald.ctl.connection import EXIT_FAULT, Address, AsJson, connected, err, out, write_json
from tillhald.ctl.interrupt import ended_by

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT_S_MAX: Final = 60
MASK: Final = "(masked)"
CORRUPTIONS: Final[dict[int, str]] = {
    scanner_pb2.SCAN_CORRUPTION_INPUT_LOST: "this machine lost a part of it",
    scanner_pb2.SCAN_CORRUPTION_TOO_LONG: "it never ended; is the suffix configured as it is set?",
    scanner_pb2.SCAN_CORRUPTION_LINE_ERROR: "it broke off, or had no prefix",
    scanner_pb2.SCAN_CORRUPTION_CONTENT_WRONG: "digits are missing or wrong",
}


def scan(
    scanner: Annotated[
        str, typer.Argument(help="Its name in the configuration; not needed if there is one only.")
    ] = "",
    *,
    address: Address = None,
    as_json: AsJson = False,
    count: Annotated[
        int | None, typer.Option(min=1, help="End after so many scans, instead of never.")
    ] = None,
    wait_s: Annotated[
        int,
        typer.Option(
            "--wait", min=0, max=WAIT_S_MAX, help="Seconds to wait for whoever has the scanner."
        ),
    ] = 0,
    force: Annotated[
        str, typer.Option(metavar="WHY", help="Take it from whoever has it; WHY is journalled.")
    ] = "",
) -> None:
    """Show what the scanner reads. Meanwhile no front end gets it; Ctrl-C gives it back."""
    with connected(address) as till:
        focus = till.scanner(scanner, purpose="tillctl scan", wait_s=wait_s, force_reason=force)
        try:
            with focus, ended_by(focus.close):
                name = focus.lease.device_id
                if not as_json:
                    out.print(f"{name} is yours: scan something. Ctrl-C gives it back.")
                _show(islice(focus, count), as_json=as_json)
            if not as_json:
                out.print(f"{name} is given back.")
        except Claimed as error:
            _say_no(f'The scanner is in use: "{error.metadata.get("held_for", "")}".')
        except TillError as error:
            if error.reason != "CLAIM_LOST":
                raise
            _say_no("The scanner was taken by somebody else.")


def _say_no(sentence: str) -> None:
    err.print(sentence, markup=False)
    raise typer.Exit(EXIT_FAULT)


def _show(scans: Iterator[scanner_pb2.Scan], *, as_json: bool) -> None:
    for one in scans:
        if as_json:
            write_json(_as_json(one))
        else:
            out.print(_line(one), markup=False)


def _as_json(one: scanner_pb2.Scan) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if one.kind == scanner_pb2.SCAN_KIND_PAYMENT:
        one.ClearField("raw")
        one.text = MASK
    return MessageToDict(one, preserving_proto_field_name=True)


def _line(one: scanner_pb2.Scan) -> str:
    """One scan on one line, without control characters and without anybody's money."""
    time = words.local_time(one.time)
    if one.corruption:
        why = words.sentence(CORRUPTIONS, scanner_pb2.ScanCorruption, one.corruption)
        return f"{time}  corrupt: {why}"
    kind = words.word(scanner_pb2.ScanKind, one.kind)
    if one.kind == scanner_pb2.SCAN_KIND_PAYMENT:
        return f"{time}  {kind:12}  {MASK}, {words.count(len(one.raw), 'digit')}"
    text = one.text if one.charset else one.raw.hex(" ")
    shown = "".join(char if char.isprintable() else f"<{ord(char):02X}>" for char in text)
    parts = [f"{time}  {kind:12}  {shown}"]
    if one.symbology:
        parts.append(words.word(scanner_pb2.Symbology, one.symbology))
    if one.gtin14:
        parts.append(f"article {one.gtin14}")
    parts += [f"({element.ai}) {element.value}" for element in one.elements]
    if one.HasField("weight_kg"):
        parts.append(f"{_decimal(one.weight_kg)} kg")
    if one.HasField("price"):
        parts.append(f"price {_decimal(one.price)}")
    if one.HasField("check_ok") and not one.check_ok:
        parts.append("the check digit is wrong")
    if one.repeat:
        parts.append("read twice")
    return ", ".join(parts)


def _decimal(value: types_pb2.Decimal) -> str:
    sign = "-" if value.unscaled < 0 else ""
    digits = str(abs(value.unscaled)).rjust(value.scale + 1, "0")
    return (
        f"{sign}{digits[: len(digits) - value.scale]}.{digits[len(digits) - value.scale :]}".rstrip(
            "."
        )
    )

"""The way to a running shop, and how a command ends that finds none."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc

from hwsim.v1 import rig_pb2, rig_pb2_grpc

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no other name

SOCKET_ENV: Final = "HWSIM_SOCKET"
ADDRESS_FILE: Final = "hwsim.json"
"""A shop writes what it prints into its folder under this name."""
DEFAULT_FOLDER: Final = "receipts"
UPS_FOLDER: Final = "ups"
"""Of a shop that is only a UPS."""

ANSWER_S: Final = 10.0

EXIT_REFUSED: Final = 1
EXIT_NO_SHOP: Final = 2


class Refused(Exception):
    """The shop says no; its text says why."""


class NoShop(Exception):
    """No shop answers; its text says what to do."""


def shared(parser: argparse.ArgumentParser) -> None:
    """The options of every command that speaks to a shop."""
    parser.add_argument(
        "--socket",
        metavar="ADDRESS",
        help=f"where the shop listens: a path or host:port (default: ${SOCKET_ENV}, or what "
        f"{ADDRESS_FILE} says, here or in ./{DEFAULT_FOLDER} or ./{UPS_FOLDER})",
    )
    parser.add_argument("--json", action="store_true", help="write JSON, for programs")


def address_of(given: str | None) -> str:
    """The address for gRPC; NoShop."""
    if text := given or os.environ.get(SOCKET_ENV):
        is_network = ":" in text and "/" not in text and not text.startswith("unix:")
        return text if is_network or text.startswith("unix:") else f"unix:{text}"
    for folder in (Path(), Path(DEFAULT_FOLDER), Path(UPS_FOLDER)):
        try:
            told = json.loads((folder / ADDRESS_FILE).read_text(encoding="utf-8"))
            return str(told["control"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    raise NoShop(
        f"No shop runs here. Start one with `hwsim shop`, or say --socket, or set {SOCKET_ENV}."
    )


@contextmanager
def connected(options: argparse.Namespace) -> Iterator[grpc.Channel]:
    """A channel to the shop; NoShop, and Refused for what it does not do."""
    address = address_of(options.socket)
    with grpc.insecure_channel(address) as channel:
        try:
            yield channel
        except grpc.RpcError as error:
            if not isinstance(error, grpc.Call):
                raise
            if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                raise NoShop(f"No shop answers at {address}.") from None
            raise Refused(f"{error.details()}.") from None


def device_of(channel: grpc.Channel, given: str | None, *kinds: str) -> str:
    """The device that is meant: the given one, or the first of one of these kinds; Refused."""
    if given:
        return given
    shop = rig_pb2_grpc.RigServiceStub(channel)
    answer = shop.ListDevices(rig_pb2.ListDevicesRequest(), timeout=ANSWER_S)
    wanted = {f"DEVICE_KIND_{kind.upper()}" for kind in kinds}
    for each in answer.devices:
        if rig_pb2.DeviceKind.Name(each.kind) in wanted:
            return each.name
    raise Refused(f"The shop has no {kinds[0]}.")


def write_json(answer: object) -> None:
    """One JSON value on a line of its own."""
    print(json.dumps(answer, ensure_ascii=False), flush=True)


def coloured() -> bool:
    """Whether a person with colours reads what is written."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ

"""The way to the till, and how a command ends that finds none."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from contextvars import ContextVar
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn, TypeVar

import grpc
import typer
from rich.console import Console

from tillhal import Till, TillError
from tillhal.channel import ADDRESS_ENV, target_of
from tillhal.errors import Refused, RoleRequired, Unauthenticated, from_rpc
from tillhald.ctl import interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from google.protobuf.message import Message

R = TypeVar("R")

ADMIN_SOCKET: Final = "/run/tillhal/admin.sock"
SIGN_ONS: Final = "tillhal-sign-ons.json"
SIGN_ONS_MAX: Final = 20
"""Of different tills."""
_METADATA: ContextVar[tuple[tuple[str, str], ...]] = ContextVar("metadata", default=())

EXIT_FAULT: Final = 1
"""The journal has a fault, or the till says no."""
EXIT_COULD_NOT: Final = 2
"""There is no verdict: no till, no file, no right to look. Also what a wrong command line gives."""

ANSWER_S: Final = 10.0
REACH_S: Final = 3.0
"""A till on this machine takes a connection at once, also when it is busy."""

Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        envvar=ADDRESS_ENV,
        metavar="ADDRESS",
        help="Where the till listens: unix:///path/to/api.sock or host:port. "
        "Without it: unix:///run/tillhal/admin.sock, if you may open it, "
        "else unix:///run/tillhal/api.sock. For a till on another machine, TILLHAL_CA, "
        "TILLHAL_CERTIFICATE and TILLHAL_KEY name the files for TLS.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]

out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)


@contextlib.contextmanager
def connected(address: str | None) -> Iterator[Till]:
    """The till at `address`, in the name of who is signed on there. Without a till, and for
    whatever it refuses, say so and exit.

    Ctrl-C ends what is being asked, and the command with EXIT_INTERRUPTED; see `ctl.interrupt`.
    """
    interrupt.listen()
    target = target_for(address)
    _reach(target, is_usual=address is None)
    with _client(target) as till, interrupt.ended_by(till.close):
        till.carry(_sign_ons().get(target, ""))
        before = _METADATA.set(till.metadata)
        try:
            yield till
        except (TillError, ValueError) as error:  # ValueError: of a channel that was closed
            no_answer(error, target)
        finally:
            _METADATA.reset(before)


@contextlib.contextmanager
def beside(address: str) -> Iterator[Till]:
    """One more till, within `connected`. What it refuses is the caller's to tell: `no_answer`."""
    target = target_for(address)
    _reach(target, is_usual=False)
    with _client(target) as till:
        till.carry(_sign_ons().get(target, ""))
        yield till


def no_answer(error: TillError | ValueError, target: str) -> NoReturn:
    """Say what the till at `target` refused, and exit. A ValueError that Ctrl-C did not bring about
    is raised again."""
    if interrupt.has_come():
        raise typer.Exit(interrupt.EXIT_INTERRUPTED) from None
    if isinstance(error, ValueError):
        raise error
    if isinstance(error, Unauthenticated):
        is_nobody = error.reason == "SIGN_ON_REQUIRED"
        hint = " Say: tillctl sign-on OPERATOR." if is_nobody else ""
        give_up(f"{error.message}{hint}")
    if isinstance(error, RoleRequired):
        give_up(f"{error.message} Say: tillctl sign-on OPERATOR, as one of them.")
    if isinstance(error, Refused):
        give_up(f"The till at {target} refuses: {str(error).rstrip('.')}.")
    give_up(f"The till at {target} did not answer as it should: {error}.")


def say_no(refusal: Refused, status: int = EXIT_FAULT) -> NoReturn:
    """Within `connected`: say what the till refuses, and exit with `status`."""
    unless_it_is_who_asks(refusal)
    err.print(str(refusal), markup=False)
    raise typer.Exit(status) from None


def unless_it_is_who_asks(refusal: Refused) -> None:
    """Within `connected`: raise a refusal again that is about who asks: to sign on is then said in
    the same words by every command."""
    if isinstance(refusal, Unauthenticated | RoleRequired):
        raise refusal


def _client(target: str) -> Till:
    try:
        return Till.connect(target, timeout_s=ANSWER_S)
    except OSError as error:  # of the files for TLS, which the environment names
        give_up(f"{error.filename} cannot be read: {error.strerror or error}.")
    except ValueError as error:
        give_up(f"TLS: {error}.")


def target_for(address: str | None) -> str:
    """Where the till listens: without an address at the keepers' socket, if it lets us in."""
    if address is None and os.access(ADMIN_SOCKET, os.W_OK) and _listens(ADMIN_SOCKET):
        return f"unix:{ADMIN_SOCKET}"
    try:
        return target_of(address)
    except ValueError as error:
        give_up(f"{error}.")


def _listens(path: str) -> bool:
    """A socket's name outlives a till that was killed, and one that has another now."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(REACH_S)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return False
        except OSError:
            return True
    return True


def sign_on_file() -> Path:
    """Where sign-ons are kept between two commands: gone with the session, if there is one."""
    running = os.environ.get("XDG_RUNTIME_DIR")
    return Path(running) / SIGN_ONS if running else Path.home() / f".{SIGN_ONS}"


def _sign_ons() -> dict[str, str]:
    with contextlib.suppress(OSError, ValueError):
        return dict(json.loads(sign_on_file().read_text("utf-8")))
    return {}


def keep_sign_on(target: str, token: str) -> None:
    """Keep an operator's token for the commands that follow; an empty one is forgotten."""
    path, kept = sign_on_file(), _sign_ons()
    kept.pop(target, None)
    if token:
        kept[target] = token
    while len(kept) > SIGN_ONS_MAX:
        del kept[next(iter(kept))]
    new = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(kept, file)
        new.replace(path)
    except OSError as error:
        give_up(f"The sign-on could not be kept in {path}: {error.strerror or error}.")


def ask_secret(prompt: str) -> str:
    """What a person types, unseen; where there is no terminal, a line of standard input."""
    if sys.stdin.isatty():
        return getpass(prompt)
    return sys.stdin.readline().rstrip("\n")


def ask_twice(prompt: str) -> str:
    """A new secret: a person types it twice."""
    first = ask_secret(prompt)
    if sys.stdin.isatty() and ask_secret("The same again: ") != first:
        give_up("These are not the same.")
    return first


def ask(rpc: Callable[..., R], request: Message) -> R:
    """One answer of the till's. Raises TillError."""
    try:
        return rpc(request, timeout=ANSWER_S, metadata=_METADATA.get())
    except grpc.RpcError as error:
        raise from_rpc(error, request) from error


def stream(rpc: Callable[..., Iterable[R]], request: Message, within_s: float) -> Iterator[R]:
    """All messages of an answer. Raises TillError."""
    try:
        yield from rpc(request, timeout=within_s, metadata=_METADATA.get())
    except grpc.RpcError as error:
        raise from_rpc(error, request) from error


def give_up(sentence: str) -> NoReturn:
    """Say why there is no answer, and exit."""
    err.print(sentence, markup=False)
    raise typer.Exit(EXIT_COULD_NOT)


def show_facts(facts: list[tuple[str, str]]) -> None:
    """Write names and values in two columns. No value is cut, however narrow the terminal."""
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        out.print(f"{name:{width}}  {value}", markup=False)


def write_json(answer: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Write one JSON value on a line of its own."""
    # Not through rich: a line is one line, however narrow the terminal.
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _reach(target: str, *, is_usual: bool) -> None:
    """Exit unless somebody listens at `target`.

    gRPC itself would wait for a till that may come up, and then say only that time is over.
    """
    try:
        if target.startswith("unix:"):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(REACH_S)
                probe.connect(target.removeprefix("unix:"))
        else:
            host, _, port = target.rpartition(":")
            socket.create_connection((host.strip("[]"), int(port)), REACH_S).close()
    except PermissionError:
        give_up(
            f"User {os.getuid()} may not speak to the till at {target}. "
            "Use sudo, or an account that its socket belongs to."
        )
    except OSError as error:
        hint = f" Is it elsewhere? Say --address, or set {ADDRESS_ENV}." if is_usual else ""
        give_up(f"No till answers at {target} ({error.strerror or error}).{hint}")

"""`tillctl sign-on`, `sign-off`, `operator` and `token`: who may do what."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from google.protobuf.json_format import MessageToDict

from tillhal.v1 import access_pb2 as pb
from tillhald.ctl import words
from tillhald.ctl.connection import (
    Address,
    AsJson,
    ask_secret,
    ask_twice,
    connected,
    give_up,
    keep_sign_on,
    out,
    show_facts,
    target_for,
    write_json,
)

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from tillhal.access import FrontEndRoleName, RoleName

app = typer.Typer(help="Operators: who may sign on, and as what.", no_args_is_help=True)
tokens = typer.Typer(help="Front ends: their tokens and certificates.", no_args_is_help=True)

_Operator = Annotated[str, typer.Argument(metavar="OPERATOR", help="The operator's id.")]
_Reason = Annotated[str, typer.Option("--reason", help="Why, for the journal.")]


class Role(enum.StrEnum):
    """As in the contract."""

    OBSERVER = "observer"
    CASHIER = "cashier"
    SUPERVISOR = "supervisor"
    TECHNICIAN = "technician"
    OWNER = "owner"


class FrontEndRole(enum.StrEnum):
    """What a front end may be with nobody signed on."""

    NONE = "none"
    OBSERVER = "observer"
    CASHIER = "cashier"


def sign_on(operator: _Operator, *, address: Address = None) -> None:
    """Sign on: the commands that follow are in this operator's name.

    The PIN is asked for; it never stands on a command line. Exit status: 0, or 2 if it was wrong.
    """
    target = target_for(address)
    with connected(address) as till:
        till.carry("")
        given = till.access.get_token(operator, ask_secret(f"PIN of {operator}: "))
        keep_sign_on(target, given.operator_token)
    until = words.local_time(given.expire_time)
    out.print(f"{operator} is signed on at {target} until {until}.", markup=False)


def sign_off(*, address: Address = None) -> None:
    """Sign off. Exit status: 0, or 2 if nobody was signed on."""
    target = target_for(address)
    with connected(address) as till:
        keep_sign_on(target, "")
        till.access.sign_off()
    out.print("Signed off.")


# --- operators


@app.command("list")
def list_(*, address: Address = None, as_json: AsJson = False) -> None:
    """Show all operators."""
    with connected(address) as till:
        found = till.access.list_operators()
    for one in found:
        if as_json:
            write_json(_plain(one))
        else:
            pin = "" if one.has_pin else ", no PIN yet"
            kept_out = ", kept out" if one.disabled else ""
            name = f" ({one.name})" if one.name else ""
            role = words.word(pb.Role, one.role)
            out.print(f"{one.operator}{name}: {role}{pin}{kept_out}", markup=False)


@app.command()
def add(
    operator: _Operator,
    *,
    role: Annotated[Role, typer.Option(help="What the operator may do.")],
    name: Annotated[str, typer.Option(help="What the person is called.")] = "",
    address: Address = None,
) -> None:
    """Enter an operator, or change one, and ask for the PIN of a new one."""
    with connected(address) as till:
        one = till.access.put_operator(operator, cast("RoleName", role.name), name=name)
        if not one.has_pin:
            till.access.set_pin(operator, ask_twice(f"PIN for {operator}: "))
    out.print(f"{operator} is {role.value}.", markup=False)


@app.command("set-pin")
def set_pin(operator: _Operator, *, address: Address = None) -> None:
    """Give an operator another PIN; one's own needs the one so far."""
    with connected(address) as till:
        is_own = till.access.caller().operator == operator
        current = ask_secret("Your PIN so far: ") if is_own else ""
        till.access.set_pin(operator, ask_twice(f"PIN for {operator}: "), current_pin=current)
    out.print(f"{operator} has another PIN, and is signed off everywhere.", markup=False)


@app.command()
def disable(operator: _Operator, *, reason: _Reason = "", address: Address = None) -> None:
    """Keep an operator out."""
    with connected(address) as till:
        till.access.disable_operator(operator, reason=reason)
    out.print(f"{operator} is kept out.", markup=False)


@app.command("begin")
def begin(
    *,
    code_file: Annotated[
        Path | None, typer.Option(help="The file with the one-time code; else it is asked for.")
    ] = None,
    address: Address = None,
) -> None:
    """Exchange the one-time code of a new till for the owner's PIN. At the admin socket."""
    with connected(address) as till:
        try:
            code = code_file.read_text("ascii") if code_file else ask_secret("One-time code: ")
        except (OSError, UnicodeDecodeError) as error:
            give_up(f"{code_file} cannot be read: {error}.")
        owner = till.access.redeem_setup_code(code, ask_twice("PIN for the owner: "))
    out.print(f"{owner.operator} may sign on: tillctl sign-on {owner.operator}", markup=False)


@app.command("new-code")
def new_code(
    operator: Annotated[
        str, typer.Argument(metavar="OWNER", help="Which owner; not needed for the first.")
    ] = "",
    *,
    address: Address = None,
) -> None:
    """Have a one-time code written for an owner who has lost the PIN. At the admin socket."""
    with connected(address) as till:
        file = till.access.new_setup_code(operator)
    out.print(f"The code is in {file}. Then: tillctl operator begin", markup=False)


# --- front ends


@tokens.command("issue")
def issue(
    front_end: Annotated[str, typer.Argument(metavar="FRONT_END", help="Its name.")],
    *,
    role: Annotated[
        FrontEndRole, typer.Option(help="What it may do with nobody signed on.")
    ] = FrontEndRole.NONE,
    certificate: Annotated[
        Path | None, typer.Option(help="Let it in by this certificate (PEM), without a token.")
    ] = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Make a token for a front end. It is shown this once."""
    name = cast("FrontEndRoleName", "" if role is FrontEndRole.NONE else role.name)
    with connected(address) as till:
        if certificate is not None:
            try:
                pem = certificate.read_text("ascii")
            except (OSError, UnicodeDecodeError) as error:
                give_up(f"{certificate} cannot be read: {error}.")
            admitted = till.access.admit_certificate(front_end, pem, role=name)
            facts, secret = _plain(admitted), ""
        else:
            made = till.access.issue_token(front_end, role=name)
            facts, secret = _plain(made.token), made.secret
    if as_json:
        write_json({**facts, "secret": secret} if secret else facts)
        return
    show_facts([(key, str(value)) for key, value in facts.items()])
    if secret:
        out.print(f"token         {secret}", markup=False)
        out.print("It is shown this once. Keep it where the front end alone can read it.")


@tokens.command("list")
def list_tokens(*, address: Address = None, as_json: AsJson = False) -> None:
    """Show the tokens and certificates that count."""
    with connected(address) as till:
        found = till.access.list_tokens()
    for one in found:
        if as_json:
            write_json(_plain(one))
            continue
        kind = words.word(pb.CredentialKind, one.kind)
        alone = f", alone {words.word(pb.Role, one.role)}" if one.role else ""
        since = words.local_time(one.create_time)
        out.print(f"{one.token_id}  {one.front_end}: {kind} since {since}{alone}", markup=False)


@tokens.command("revoke")
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As `tillctl token list` shows.")],
    *,
    reason: _Reason = "",
    address: Address = None,
) -> None:
    """Let a token or certificate count no more."""
    with connected(address) as till:
        till.access.revoke_token(token_id, reason=reason)
    out.print(f"{token_id} counts no more.", markup=False)


def _plain(message: Message) -> dict[str, object]:
    return dict(MessageToDict(message, preserving_proto_field_name=True))

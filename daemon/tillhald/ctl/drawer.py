"""`tillctl drawer`: open a drawer, see how it stands, teach the till its switch."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated, Final

import grpc
import typer
from google.protobuf.json_format import MessageToDict

from tillhal import Till
from tillhal.v1 import device_pb2, drawer_pb2, system_pb2
from tillhald.ctl import words
from tillhald.ctl.connection import (
    EXIT_FAULT,
    Address,
    AsJson,
    connected,
    err,
    give_up,
    out,
    show_facts,
    write_json,
)

if TYPE_CHECKING:
    from google.protobuf.message import Message

app = typer.Typer(help="Opens a cash drawer, and learns its switch.", no_args_is_help=True)

OUTCOME_S_MAX: Final = 20.0
Name = Annotated[
    str, typer.Option("--drawer", metavar="NAME", help="Which; not needed if there is only one.")
]
_OVER: Final = (
    drawer_pb2.KICK_STATE_FIRED,
    drawer_pb2.KICK_STATE_FAILED,
    drawer_pb2.KICK_STATE_UNKNOWN,
)


@app.command("open")
def open_(
    drawer: Name = "",
    *,
    note: Annotated[str, typer.Option(help="Why, for the journal.")] = "",
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Open a drawer, to see whether it works; the journal says so.

    Exit status: 0 if a pulse went out, 1 if the drawer stayed shut or nobody knows, 2 if no till
    answered.
    """
    with connected(address) as till:
        head_seq = till.status().head_seq
        asked = till.open_drawer("TEST", drawer=drawer, note=note)
        kick = _outcome(till, asked.kick, head_seq)
    if as_json:
        write_json(_plain(kick))
    elif kick.state == drawer_pb2.KICK_STATE_FIRED:
        seen = "and its switch saw it open" if kick.verified else "and no switch saw it"
        out.print(f"{kick.drawer} was kicked, {seen}.", style="green")
    elif kick.state == drawer_pb2.KICK_STATE_FAILED:
        err.print(f"{kick.drawer} did not open: {kick.failure}.", style="bold red")
    else:
        why = kick.failure or "no outcome yet"
        err.print(f"Nobody knows whether {kick.drawer} opened: {why}.", style="bold red")
    if kick.state != drawer_pb2.KICK_STATE_FIRED:
        raise typer.Exit(EXIT_FAULT)


@app.command()
def status(drawer: Name = "", *, address: Address = None, as_json: AsJson = False) -> None:
    """Say how a drawer stands, how that is known, and what became of its last kicks.

    Exit status: 0, whatever it is; 1 if something is wrong with the drawer; 2 if no till answered.
    """
    with connected(address) as till:
        answer = till.get_drawer(drawer)
    if as_json:
        write_json(_plain(answer))
    else:
        _show(answer)
    if answer.device.conditions:
        raise typer.Exit(EXIT_FAULT)


@app.command()
def calibrate(
    drawer: Name = "",
    *,
    by_key: Annotated[
        bool, typer.Option("--by-key", help="Do not kick it: open it with its key.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="It is shut: do not wait for the Enter key.")
    ] = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Have the till learn which level of a drawer's switch means open. Takes half a minute.

    Exit status: 0 if the switch was learnt, 1 if it has none or cannot be relied on, 2 if no till
    answered or the drawer has no switch that could be read.
    """
    if not yes:
        if not sys.stdin.isatty():
            give_up("Shut the drawer first, and say --yes: there is nobody to ask.")
        err.print("Push the drawer shut, then press Enter.")
        sys.stdin.readline()
    with connected(address) as till:
        for step in till.calibrate_drawer(drawer, by_key=by_key):
            if as_json:
                write_json(_plain(step))
            elif step.step != drawer_pb2.CALIBRATION_STEP_DONE:
                asked = words.sentence(words.CALIBRATION, drawer_pb2.CalibrationStep, step.step)
                out.print(f"{asked} (The till waits {step.patience_s} s.)")
    if not as_json:
        found = words.sentence(words.OPEN_LEVELS, drawer_pb2.OpenLevel, step.open_level)
        is_known = step.open_level in (drawer_pb2.OPEN_LEVEL_HIGH, drawer_pb2.OPEN_LEVEL_LOW)
        out.print(found, style="green" if is_known else "bold red")
        if not step.in_use:
            out.print('It does not count: till.toml names an open_level other than "auto".')
    if step.open_level not in (drawer_pb2.OPEN_LEVEL_HIGH, drawer_pb2.OPEN_LEVEL_LOW):
        raise typer.Exit(EXIT_FAULT)


def _outcome(till: Till, kick: drawer_pb2.Kick, head_seq: int) -> drawer_pb2.Kick:
    """The kick as it ended, or as it stands after OUTCOME_S_MAX."""
    request = system_pb2.WatchEventsRequest(cursor=head_seq)
    with contextlib.suppress(grpc.RpcError):
        rpc = till.stubs.system.WatchEvents
        for message in rpc(request, timeout=OUTCOME_S_MAX, metadata=till.metadata):
            changed = message.kick_changed
            if changed.kick_id == kick.kick_id and changed.state in _OVER:
                return changed
    return kick


def _show(answer: drawer_pb2.GetDrawerResponse) -> None:
    device, position = answer.device, answer.position
    how = words.word(device_pb2.Knowledge, position.knowledge)
    stands = position.value.lower() or "unknown"
    facts = [("drawer", f"{device.device_id}, {device.port}"), ("stands", f"{stands} ({how})")]
    if answer.HasField("open_time"):
        facts.append(("open since", words.local_time(answer.open_time)))
    if answer.learnt_open_level:
        found = words.word(drawer_pb2.OpenLevel, answer.learnt_open_level)
        facts.append(("learnt: open is", found))
    facts += [(c.code, f"since {words.local_time(c.since)}") for c in device.conditions]
    for kick in answer.last_kicks[:5]:
        state = words.word(drawer_pb2.KickState, kick.state)
        seen = ", seen to open" if kick.verified else ""
        why = f" ({kick.failure})" if kick.failure else ""
        facts.append((f"kick at {words.local_time(kick.create_time)}", f"{state}{seen}{why}"))
    show_facts(facts)


def _plain(message: Message) -> dict[str, object]:
    return dict(MessageToDict(message, preserving_proto_field_name=True))

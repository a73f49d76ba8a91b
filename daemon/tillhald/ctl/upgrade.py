"""`tillctl upgrade`: brings the till to another version, and back. Written for a technician."""

from __future__ import annotations

import contextlib
import datetime
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from google.protobuf.json_format import MessageToDict

from tillhal import Till, TillError, errors
from tillhal.v1 import upgrade_pb2 as pb
from tillhald.ctl import interrupt, words
from tillhald.ctl.bars import bar
from tillhald.ctl.connection import (
    EXIT_FAULT,
    Address,
    AsJson,
    connected,
    err,
    give_up,
    out,
    show_facts,
    unless_it_is_who_asks,
    write_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

RESTART_S_MAX: Final = 300.0
"""How long a watch waits for a till that restarts: two trials of a version that does not start."""
RECONNECT_S: Final = 0.5

app = typer.Typer(no_args_is_help=True, help="Another version of the till's program.")

STAGES: Final[dict[int, str]] = {
    pb.UPGRADE_STAGE_IDLE: "Nothing is staged.",
    pb.UPGRADE_STAGE_STAGED: "A new version is built. `tillctl upgrade start` brings it.",
    pb.UPGRADE_STAGE_ARMED: "Asked for; waits for its time.",
    pb.UPGRADE_STAGE_PREFLIGHT: "Looks whether anything is in the way. The till sells.",
    pb.UPGRADE_STAGE_QUIESCED: "Selling has stopped for the upgrade.",
    pb.UPGRADE_STAGE_BACKED_UP: "The data is backed up.",
    pb.UPGRADE_STAGE_MIGRATED: "The data is ready for the new version.",
    pb.UPGRADE_STAGE_SWITCHED: "The till restarts and tries the new version.",
    pb.UPGRADE_STAGE_PROBATION: "The new version checks itself.",
    pb.UPGRADE_STAGE_COMMITTED: "The new version stays. The till sells.",
    pb.UPGRADE_STAGE_ABORTED: "It ended before the switch. The till sells as before.",
    pb.UPGRADE_STAGE_ROLLED_BACK: "The version before is back. Nothing was lost.",
}
_OVER: Final = (
    pb.UPGRADE_STAGE_COMMITTED,
    pb.UPGRADE_STAGE_ABORTED,
    pb.UPGRADE_STAGE_ROLLED_BACK,
)
_MARKS: Final = {
    pb.CHECK_SEVERITY_OK: ("ok", "green"),
    pb.CHECK_SEVERITY_INFORMS: ("note", "yellow"),
    pb.CHECK_SEVERITY_BLOCKS: ("BLOCKS", "bold red"),
}

Override = Annotated[
    list[str] | None,
    typer.Option(
        "--override",
        metavar="CODE",
        help="Go on although this check of the preflight blocks. May be said several times.",
        show_default=False,
    ),
]
Reason = Annotated[
    str, typer.Option("--reason", help="Why: it is kept with your name.", show_default=False)
]
NoWatch = Annotated[bool, typer.Option("--no-watch", help="Do not wait for how it ends.")]


@app.command()
def status(*, address: Address = None, as_json: AsJson = False) -> None:
    """Say which versions are here, and where an upgrade stands."""
    with connected(address) as till:
        versions = till.upgrades.versions()
        upgrade = None
        with contextlib.suppress(errors.UpgradeNotFound, errors.HomeNeeded):
            upgrade = till.upgrades.get()
        bundles: list[pb.BundleFile] = []
        with contextlib.suppress(errors.Refused):
            bundles = list(till.upgrades.list_bundles().bundles)
    if as_json:
        found = {"versions": _plain(versions)}
        if upgrade is not None:
            found["upgrade"] = _plain(upgrade)
        write_json(found)
        return
    facts = [("runs", _version(versions.running))]
    if versions.HasField("previous"):
        facts.append(("before it", _version(versions.previous)))
    facts += [("staged", _version(each)) for each in versions.staged]
    facts += [("bundle", f"{each.path}, {words.size(each.size_bytes)}") for each in bundles]
    if not versions.running.slot:
        facts.append(("note", "This till was not installed with `tillctl install`: no upgrades."))
    facts.append(("now", STAGES.get(versions.stage, "")))
    show_facts(facts)
    if upgrade is not None:
        out.print("")
        _show_upgrade(upgrade)


@app.command()
def stage(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="A bundle, FILE.tlb: here, or else its name in the till's inbox."
        ),
    ],
    *,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Check a bundle and build its version beside the one that runs. The till sells on.

    Exit status: 0 if it is staged, 1 if it was refused, 2 if the till could not be asked.
    """
    here = Path(file)
    given: dict[str, Any] = {"file": here} if here.is_file() else {"path": file}
    with connected(address) as till, _refusals(), bar(hidden=as_json) as show:
        for step in till.upgrades.stage(**given):
            if as_json:
                write_json(_plain(step))
            if step.HasField("result"):
                result = step.result
                break
            show(step.progress.phase, step.progress.done, step.progress.total)
        else:
            give_up("The till ended without a result.")
        versions = till.upgrades.versions()
    if not as_json:
        out.print(f"Version {result.version.version} is staged.", style="green", markup=False)
        show_facts([("slot", result.version.slot), ("took", f"{result.took_ms / 1000:.0f} s")])
        out.print(what_next(result.version.slot, versions), markup=False)


def what_next(slot: str, versions: pb.GetVersionsResponse) -> str:
    """What a technician does once a slot is built: it may be the one that runs, or that the till
    went back from."""
    if slot == versions.running.slot:
        return "It is what runs already: there is nothing to start."
    if slot == versions.previous.slot:
        return "It ran before this one: `tillctl upgrade roll-back` goes to it again."
    return "Look with `tillctl upgrade preflight`, then `tillctl upgrade start`."


@app.command()
def preflight(
    *,
    now: Annotated[bool, typer.Option("--now", help="As if it were to begin at once.")] = False,
    slot: Annotated[str, typer.Option(help="A staged slot; the newest one without it.")] = "",
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Look at all that the upgrade needs, and say how long it would take. Changes nothing.

    Exit status: 0 if nothing blocks, 1 if something does, 2 if the till could not be asked.
    """
    with connected(address) as till, _refusals():
        answer = till.upgrades.preflight(slot, now=now)
    if as_json:
        write_json(_plain(answer))
    else:
        _show_preflight(answer)
    if not answer.clear:
        raise typer.Exit(EXIT_FAULT)


@app.command()
def start(
    *,
    at: Annotated[
        str,
        typer.Option(
            help="quiet: when the shop is quiet, as its own journal tells; now; or HH:MM, the next "
            "time that it is so late."
        ),
    ] = "quiet",
    slot: Annotated[str, typer.Option(help="A staged slot; the newest one without it.")] = "",
    override: Override = None,
    reason: Reason = "",
    no_watch: NoWatch = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Have the till go to the staged version. Before the switch `cancel` takes it back.

    Exit status: 0 if the new version runs (or is asked for), 1 if it does not, 2 if the till could
    not be asked.
    """
    overrides = _overridden(override, reason)
    request_id = str(uuid.uuid4())
    with connected(address) as till, _refusals():
        armed = till.upgrades.start(
            slot,
            now=at == "now",
            at=None if at in ("now", "quiet") else _next_time(at),
            overrides=overrides,
            request_id=request_id,
        ).upgrade
        _tell_armed(armed, as_json=as_json)
        if no_watch or at != "now":
            return
        stage_at_end = _watch(till, armed.upgrade_id, 0, as_json=as_json)
    if stage_at_end != pb.UPGRADE_STAGE_COMMITTED:
        raise typer.Exit(EXIT_FAULT)


@app.command()
def watch(
    upgrade_id: Annotated[
        str, typer.Argument(metavar="ID", help="The one under way, or the last one, without it.")
    ] = "",
    *,
    after: Annotated[int, typer.Option(help="Only steps after this number.")] = 0,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Show the steps of an upgrade until it is over, also across the till's restart.

    Exit status: 0 if the new version stayed, 1 if not, 2 if the till could not be asked.
    """
    with connected(address) as till, _refusals():
        found = till.upgrades.get(upgrade_id)
        stage_at_end = _watch(till, found.upgrade_id, after, as_json=as_json)
    if stage_at_end != pb.UPGRADE_STAGE_COMMITTED:
        raise typer.Exit(EXIT_FAULT)


@app.command()
def cancel(
    upgrade_id: Annotated[
        str, typer.Argument(metavar="ID", help="The one under way without it.")
    ] = "",
    *,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """End an upgrade before the switch. The till sells as before.

    Exit status: 0 if it is cancelled, 1 if it is too late, 2 if the till could not be asked.
    """
    with connected(address) as till, _refusals():
        upgrade = till.upgrades.cancel(upgrade_id)
    if as_json:
        write_json(_plain(upgrade))
    else:
        out.print("It is cancelled. The till sells as before.", style="green")


@app.command("roll-back")
def roll_back(
    *,
    reason: Reason,
    override: Override = None,
    no_watch: NoWatch = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Go back to the version before, with everything that was sold since. It begins at once.

    Exit status: 0 if the version before runs (or is asked for), 1 if it does not, 2 if the till
    could not be asked.
    """
    overrides = _overridden(override, reason)
    with connected(address) as till, _refusals():
        armed = till.upgrades.roll_back(reason, overrides=overrides).upgrade
        _tell_armed(armed, as_json=as_json)
        if no_watch:
            return
        stage_at_end = _watch(till, armed.upgrade_id, 0, as_json=as_json)
    if stage_at_end != pb.UPGRADE_STAGE_COMMITTED:
        raise typer.Exit(EXIT_FAULT)


class _refusals:  # noqa: N801 - reads as the context that it is
    """What the till refuses is said in its words, and ends the command."""

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, errors.Refused):
            unless_it_is_who_asks(error)
            err.print(str(error), markup=False, style="bold red")
            if isinstance(error, errors.UpgradeBlocked):
                err.print("`tillctl upgrade preflight --now` lists every check.")
            raise typer.Exit(EXIT_FAULT) from None


def _watch(till: Till, upgrade_id: str, seen: int, *, as_json: bool) -> int:
    """Show steps until it is over; the last stage. A till that restarts is waited for."""
    stage_now = pb.UPGRADE_STAGE_UNSPECIFIED
    waiting_since = 0.0
    with bar(hidden=as_json) as show:
        while True:
            try:
                for step in till.upgrades.watch(upgrade_id, after_seq=seen):
                    waiting_since = 0.0
                    _show_step(step, stage_now, show, as_json=as_json)
                    seen, stage_now = step.seq, step.stage
            except errors.Refused as refusal:
                if not isinstance(refusal, errors.ShuttingDown):
                    raise
            except (TillError, ValueError):
                if interrupt.has_come():
                    raise
            if stage_now in _OVER:
                return int(stage_now)
            now_s = time.monotonic()
            waiting_since = waiting_since or now_s
            if now_s - waiting_since > RESTART_S_MAX:
                give_up("The till does not come back. Look at its log: journalctl -u tillhald.")
            show("The till restarts.", 0, 0)
            threading.Event().wait(RECONNECT_S)


def _show_step(
    step: pb.WatchUpgradeResponse,
    stage_before: int,
    show: Callable[[str, int, int], None],
    *,
    as_json: bool,
) -> None:
    if as_json:
        write_json(_plain(step))
        return
    if step.stage != stage_before or step.reason:
        at = words.local_time(step.time)
        style = "green" if step.stage == pb.UPGRADE_STAGE_COMMITTED else None
        if step.reason or step.stage == pb.UPGRADE_STAGE_ROLLED_BACK:
            style = "red"
        line = f"{at}  {words.word(pb.UpgradeStage, step.stage):12} {step.sentence}"
        out.print(line, markup=False, style=style)
    else:
        show(step.sentence, step.done, step.total)


def _show_preflight(answer: pb.PreflightUpgradeResponse) -> None:
    out.print(f"For version {answer.version.version}:", markup=False)
    for check in answer.checks:
        mark, style = _MARKS.get(check.severity, ("?", "red"))
        if check.overridden:
            mark, style = "overridden", "yellow"
        said = f"{check.sentence}{_measured(check)}"
        out.print(f"{mark:10} {check.code:17} {said}", markup=False, style=style)
        if check.severity == pb.CHECK_SEVERITY_BLOCKS and check.override_role:
            role = check.override_role
            hint = f"--override {check.code} --reason …, by: {role}"
            out.print(f"{'':28} {hint}", markup=False)
    estimate = answer.estimate
    migrates = f", of which {estimate.migrate_s} s for the data" if answer.migrates else ""
    out.print(f"Selling would stop for about {estimate.stopped_s} s{migrates}.", markup=False)
    if estimate.backup_s:
        out.print(f"Before that the backup takes about {estimate.backup_s} s; the till sells.")
    verdict = ("Nothing is in the way.", "green") if answer.clear else ("Not now.", "bold red")
    out.print(verdict[0], style=verdict[1])


def _measured(check: pb.UpgradeCheck) -> str:
    """In brackets, where a person learns something by it: the sentence says when there is none."""
    if not check.measured:
        return ""
    if check.unit == "bytes":
        return f" ({words.size(check.measured)})"
    return f" ({check.measured} {check.unit})"


def _show_upgrade(upgrade: pb.Upgrade) -> None:
    way = "back to" if upgrade.kind == pb.UPGRADE_KIND_ROLLBACK else "to"
    facts = [
        ("upgrade", f"from {upgrade.from_version} {way} {upgrade.to_version}"),
        ("stands", STAGES.get(upgrade.stage, "")),
        ("asked for", words.local_time(upgrade.arm_time)),
    ]
    if upgrade.HasField("begin_time"):
        facts.append(("selling stopped", words.local_time(upgrade.begin_time)))
    if upgrade.HasField("end_time"):
        facts.append(("ended", words.local_time(upgrade.end_time)))
    if upgrade.why:
        facts.append(("why", upgrade.why))
    facts += [("overridden", f"{each.code}: {each.reason}") for each in upgrade.overrides]
    if upgrade.can_cancel:
        facts.append(("note", "`tillctl upgrade cancel` takes it back."))
    facts.append(("id", upgrade.upgrade_id))
    show_facts(facts)


def _tell_armed(armed: pb.Upgrade, *, as_json: bool) -> None:
    if as_json:
        write_json(_plain(armed))
        return
    when = {
        pb.UPGRADE_WHEN_NOW: "It begins now.",
        pb.UPGRADE_WHEN_AT: f"It begins at {words.local_time(armed.at_time)}.",
    }.get(armed.when, "It begins when the shop is quiet; `tillctl upgrade watch` shows it.")
    out.print(f"Version {armed.to_version} is asked for. {when}", markup=False)


def _overridden(codes: list[str] | None, reason: str) -> dict[str, str]:
    if codes and not reason:
        give_up("Say why with --reason: it is kept with your name.")
    return {code.replace("-", "_"): reason for code in codes or ()}


def _next_time(text: str) -> datetime.datetime:
    try:
        hour, minute = (int(part) for part in text.split(":"))
        now = datetime.datetime.now().astimezone()
        at = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    except ValueError:
        give_up("--at takes quiet, now, or a time like 02:30.")
    return at if at > now else at + datetime.timedelta(days=1)


def _version(version: pb.InstalledVersion) -> str:
    slot = f", slot {version.slot}" if version.slot else ""
    return f"{version.version or 'unknown'}{slot}"


def _plain(message: Message) -> dict[str, Any]:
    return MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )

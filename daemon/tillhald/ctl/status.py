"""`tillctl status`: how the till is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.json_format import MessageToDict

from tillhal.v1 import power_pb2, system_pb2, types_pb2
from tillhald.ctl import words
from tillhald.ctl.connection import Address, AsJson, connected, out, show_facts, write_json

if TYPE_CHECKING:
    from tillhal.v1.system_pb2 import GetStatusResponse, StorageStatus


def status(*, address: Address = None, as_json: AsJson = False) -> None:
    """Say how the till is: what is wrong, where answers are kept, how the last start went."""
    with connected(address) as till:
        answer = till.status()
    if as_json:
        write_json(MessageToDict(answer, preserving_proto_field_name=True))
        return
    for mode in answer.modes:
        out.print(words.sentence(words.MODES, system_pb2.Mode, mode), style="bold red")
    if not answer.modes:
        out.print("Nothing is wrong.", style="green")
    if answer.storage.stage or answer.storage.message:
        _show_storage(answer.storage)
    for one in answer.outdated:
        who = one.front_end or "a front end"
        what = words.sentence(words.ADVICES, system_pb2.Advice, one.advice)
        least = f" The least version is {one.minimum_version}." if one.minimum_version else ""
        by = f" The last day is {one.upgrade_by}." if one.upgrade_by else ""
        out.print(f"{who}, {one.client}: {what}{least}{by}", markup=False, style="yellow")
    show_facts(_facts(answer))


def _show_storage(storage: StorageStatus) -> None:
    if storage.fault:
        since = words.local_time(storage.since_time)
        fault = words.sentence(words.FAULTS, system_pb2.StorageFault, storage.fault)
        out.print(f"Storage, since {since}: {fault}.", style="bold")
    if storage.stage:
        out.print(words.sentence(words.STAGES, system_pb2.StorageStage, storage.stage))
    for said in (storage.message, storage.advice):
        if said:
            out.print(said, markup=False)
    if storage.spilled_records:
        out.print(
            f"In the spill and not yet in the journal: "
            f"{words.count(storage.spilled_records, 'record')}; "
            f"{storage.spill_used_bytes} of its {storage.spill_bytes} bytes are used."
        )
    if storage.reserve_only:
        out.print("New sales are refused: there is room only to finish what is open.")


def _facts(answer: GetStatusResponse) -> list[tuple[str, str]]:
    recovery = answer.recovery
    stopped = "after a stop in order" if recovery.clean_shutdown else "after a crash"
    replayed = words.count(recovery.tail_records, "record") + " replayed"
    simulated = ", on simulated devices" if answer.simulated else ""
    facts = [
        ("till", f"{answer.workstation_id} of {answer.store_id}{simulated}"),
        ("tillhald", f"{answer.version}, contract {answer.api_version}"),
        ("running since", words.local_time(answer.start_time)),
        ("business day", answer.business_day or "none is open"),
        ("shift", answer.shift_id or "none is open"),
        ("sales under way", str(answer.live_sales)),
        ("power", words.sentence(words.SUPPLIES, power_pb2.Supply, answer.power.supply)),
        ("answers are kept", _where_kept(answer)),
        ("print jobs in doubt", _in_doubt(answer)),
        ("last record", str(answer.head_seq)),
        (
            "the last check",
            words.sentence(words.CHECKS, system_pb2.ChainCheck, answer.chain_check),
        ),
        (
            "the last start",
            f"{stopped}; {replayed}, first answer after {recovery.boot_ms} ms",
        ),
    ]
    if answer.storage.segment > 1:
        facts.append(("journal file", f"number {answer.storage.segment}"))
    facts += _of_home(answer)
    waiting = (
        ("interrupted sales", recovery.interrupted_sale_ids),
        ("sales with an open tender", recovery.pending_tender_sale_ids),
        ("receipts to look for", recovery.unconfirmed_job_ids),
        ("drawer kicks to look at", recovery.unknown_kick_ids),
    )
    facts += [(f"at the start, {name}", ", ".join(ids)) for name, ids in waiting if ids]
    return facts + [("found at the start", said) for said in recovery.findings]


def _of_home(answer: GetStatusResponse) -> list[tuple[str, str]]:
    if not answer.HasField("home"):
        return []
    home = answer.home
    facts = [("program and data", f"{home.running.slot} over {home.running.generation}")]
    if home.HasField("next"):
        facts.append(("tried next", f"{home.next.slot} over {home.next.generation}"))
    if home.HasField("last_switch"):
        last = home.last_switch
        became = "stayed" if last.stayed else f"was taken back: {last.why}"
        when = words.local_time(last.time)
        facts.append((f"the last {last.kind or 'switch'}", f"to {last.version}, {when}, {became}"))
    return facts


def _in_doubt(answer: GetStatusResponse) -> str:
    waiting = answer.unresolved_jobs
    return f"{waiting}: see `tillctl jobs --unresolved`" if waiting else "none"


def _where_kept(answer: GetStatusResponse) -> str:
    if answer.storage.stage == system_pb2.STORAGE_STAGE_FAILED:
        return "nowhere: nothing is answered but this"
    return words.sentence(words.DURABILITIES, types_pb2.Durability, answer.durability)

"""The reference pages list what the code has: no more, no less."""

from __future__ import annotations

import ast
import re
import tomllib
import typing
from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec
import pytest
from prometheus_client.metrics import MetricWrapperBase

from tests.docs.pages import Row, blocks, code_in, page, rows
from tillhal.v1 import (
    access_pb2,
    backup_pb2,
    checkout_pb2,
    device_pb2,
    drawer_pb2,
    journal_pb2,
    power_pb2,
    predecessor_pb2,
    printer_pb2,
    recovery_pb2,
    scanner_pb2,
    shift_pb2,
    system_pb2,
    upgrade_pb2,
)
from tillhald import config, failpoints
from tillhald.backup.words import BucketTable
from tillhald.config_access import AccessTable, TlsTable
from tillhald.config_backup import BackupTable
from tillhald.config_listen import Listen
from tillhald.config_power import PowerTable
from tillhald.config_versions import VersionsTable
from tillhald.devices.finding import load_drivers
from tillhald.devices.health import DRIVER_FAILED, MAINTENANCE_DUE, REPLACED
from tillhald.domain import events, jobs
from tillhald.domain.rules import CashRounding, PaperPolicy, TenderRule
from tillhald.domain.scan_rules import PaymentCode
from tillhald.journal import format as journal_format
from tillhald.journal.engine import ALL_TABLES
from tillhald.journal.errors import Fault
from tillhald.telemetry import metrics

if TYPE_CHECKING:
    from google.protobuf.descriptor import FileDescriptor

DOCS = page("docs")


def table(name: str, columns: tuple[str, ...]) -> list[Row]:
    found = [row for row in rows(DOCS / name) if row.columns == columns]
    assert found, f"{name} has no table {columns}"
    return found


# --- config.md

TABLES: dict[str, type[msgspec.Struct]] = {
    "[listen]": Listen,
    "[journal]": config.JournalTable,
    "[shop]": config.ShopTable,
    "[shop.cash_rounding]": CashRounding,
    "[shop.tenders.TYPE]": TenderRule,
    "[shift]": config.ShiftTable,
    "[receipt]": config.ReceiptTable,
    "[documents]": PaperPolicy,
    "[scan]": config.ScanTable,
    "[[scan.payment_codes]]": PaymentCode,
    "[log]": config.LogTable,
    "[power]": PowerTable,
    "[recovery]": config.RecoveryTable,
    "[access]": AccessTable,
    "[tls]": TlsTable,
    "[backup]": BackupTable,
    "[backup.s3]": BucketTable,
    "[versions]": VersionsTable,
    **{f'driver = "{name}"': spec.options_type for name, spec in load_drivers().items()},
}


def documented_fields() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in table("reference/config.md", ("field", "default", "meaning")):
        (field,) = code_in(row.cells[0])
        assert row.cells[2], field
        found[row.heading][field] = row.cells[1]
    return found


def test_the_configuration_page_has_exactly_the_tables_that_there_are() -> None:
    assert set(documented_fields()) == set(TABLES)
    covered = {name.split(".")[0].strip("[]") for name in TABLES if name.startswith("[")}
    assert covered == set(config._TABLES)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_of_the_configuration_has_its_fields_and_their_defaults(name: str) -> None:
    told = documented_fields()[name]
    fields = {field.name: field for field in msgspec.structs.fields(TABLES[name])}
    assert set(told) == set(fields)
    for key, field in fields.items():
        default = field.default
        if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        if default is msgspec.NODEFAULT:
            assert told[key] == "needed", key
        elif default is None:
            assert told[key] in {"none", "by profile"}, key
        elif isinstance(default, dict | msgspec.Struct):
            assert told[key].startswith(("a table", "tables")), key
        else:
            literal = code_in(told[key])[0]
            value = tomllib.loads(f"x = {literal}")["x"]
            plain = msgspec.to_builtins(default)
            assert value == (list(plain) if isinstance(plain, tuple) else plain), key


# --- events.md


def test_the_page_of_events_lists_every_event_and_its_fields() -> None:
    told = {}
    for row in table("reference/events.md", ("event", "fields", "when")):
        (name,) = code_in(row.cells[0])
        assert name not in told, name
        assert row.cells[2], name
        told[name] = set(code_in(row.cells[1]))
    stored = {
        kind.__name__: set(kind.__struct_fields__) for kind in typing.get_args(events.AnyEvent)
    }
    assert told == stored


def test_every_event_class_is_one_that_can_be_stored() -> None:
    assert set(events.Event.__subclasses__()) == set(typing.get_args(events.AnyEvent))


def test_the_page_of_events_describes_the_record() -> None:
    told = {
        code_in(row.cells[0])[0]
        for row in rows(DOCS / "reference/events.md")
        if row.heading == "The record"
    }
    assert told == set(events.Record.__struct_fields__)


# --- metrics.md


def test_the_page_of_metrics_lists_every_metric() -> None:
    told = {}
    for row in table("reference/metrics.md", ("metric", "kind", "labels", "meaning")):
        (name,) = code_in(row.cells[0])
        told[name] = (row.cells[1], tuple(code_in(row.cells[2])))
    declared = {}
    for value in vars(metrics).values():
        if isinstance(value, MetricWrapperBase):
            (described,) = value.describe()
            total = "_total" if described.type == "counter" else ""
            declared[described.name + total] = (described.type, value._labelnames)
    assert told == declared


# --- log-events.md


def logged() -> dict[str, set[str]]:
    """The names of log events in the daemon, and their levels."""
    found: dict[str, set[str]] = defaultdict(set)
    for source in page("daemon/tillhald").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            name = node.args[0]
            if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
                continue
            match node.func:
                case ast.Attribute(value=ast.Name(id="log"), attr=level):
                    found[name.value].add(level)
                case ast.Name(id="say"):  # log.info or log.warning, by the outcome
                    found[name.value] |= {"info", "warning"}
    return found


def test_the_page_of_log_events_lists_every_event_with_its_levels() -> None:
    told = {
        code_in(row.cells[0])[0]: set(row.cells[1].split(", "))
        for row in table("reference/log-events.md", ("event", "level", "fields", "meaning"))
    }
    assert told == logged()


# --- journal-format.md


def hex_block(kind: str) -> bytes:
    (block,) = [b for b in blocks(DOCS / "reference/journal-format.md") if b.info == f"hex {kind}"]
    return bytes.fromhex(block.text)


def test_the_example_record_is_what_the_code_makes() -> None:
    record = events.Record(
        wall_ms=1_767_225_600_000,
        events=(
            events.JournalCreated(store_id="store-1", workstation_id="till-1", currency="EUR"),
        ),
    )
    stored, digest = journal_format.seal(
        bytes(range(16)), 1, journal_format.NO_HASH, events.encode_record(record)
    )
    assert hex_block("record") == stored
    assert hex_block("hash") == digest


def test_the_example_row_is_what_the_code_makes() -> None:
    seed = journal_format.row_seed(bytes(range(16)), "receipts")
    stored = journal_format.seal_row(seed, journal_format.seq_key(1), 5, b"sale-1")
    assert hex_block("row") == stored


def test_the_offsets_of_the_page_are_those_of_the_example() -> None:
    offsets = {}
    for row in rows(DOCS / "reference/journal-format.md"):
        if row.heading == "A record" and row.columns == ("offset", "bytes", "meaning"):
            offsets[int(row.cells[0])] = row.cells[1]
    stored = hex_block("record")
    ends = [*sorted(offsets)[1:], len(stored)]
    for at, end in zip(sorted(offsets), ends, strict=True):
        assert offsets[at] in {str(end - at), "to the end"}
    assert stored[0:4] == b"tljr"
    assert int.from_bytes(stored[10:18], "big") == 1
    assert events.decode_record(stored[50:]).wall_ms == 1_767_225_600_000
    assert journal_format.BODY_AT == max(offsets)


def test_the_page_of_the_format_lists_every_database_and_every_fault() -> None:
    page_rows = rows(DOCS / "reference/journal-format.md")
    databases = {
        code_in(row.cells[0])[0] for row in page_rows if row.heading == "Databases" and row.cells[0]
    }
    assert databases == set(ALL_TABLES)
    faults = {code_in(row.cells[0])[0] for row in page_rows if row.heading == "Faults"}
    assert faults == {fault.value for fault in Fault}


# --- grpc.md

FILES: list[FileDescriptor] = [
    module.DESCRIPTOR
    for module in (
        access_pb2,
        backup_pb2,
        checkout_pb2,
        device_pb2,
        drawer_pb2,
        journal_pb2,
        power_pb2,
        predecessor_pb2,
        printer_pb2,
        recovery_pb2,
        scanner_pb2,
        shift_pb2,
        system_pb2,
        upgrade_pb2,
    )
]


def test_the_page_of_the_contract_lists_every_rpc() -> None:
    told = {
        row.cells[0]: set(row.cells[2].split(", "))
        for row in table("reference/grpc.md", ("service", "file", "RPCs"))
    }
    served = {
        service.name: {method.name for method in service.methods}
        for file in FILES
        for service in file.services_by_name.values()
    }
    assert told == served


def test_what_the_contract_s_page_calls_never_sent_is_sent_nowhere() -> None:
    said = page("docs/reference/grpc.md").read_text(encoding="utf-8")
    _, _, section = said.partition("## In the contract and not in this version\n")
    never = set(code_in(section))
    enums = [each for file in FILES for each in file.enum_types_by_name.values()]
    values = {value.name for each in enums for value in each.values}
    assert never
    assert never <= values, "only values of enums can be looked for"
    code = "\n".join(file.read_text("utf-8") for file in page("daemon").rglob("*.py"))
    assert re.search(r"\bDURABILITY_DURABLE_SPILL\b", code), "the look finds what is sent"
    assert [name for name in sorted(never) if re.search(rf"\b{name}\b", code)] == []


# --- read-a-fault.md


def names_below(name: str, heading: str) -> set[str]:
    return {code_in(row.cells[0])[0] for row in rows(DOCS / name) if row.heading == heading}


def test_every_condition_of_a_device_is_explained() -> None:
    text = page("daemon/tillhald/devices/health.py").read_text()
    body = text[text.index("def sensors_of") :]
    codes = set(re.findall(r'\("([a-z_]+)", Severity', body))
    body += page("daemon/tillhald/devices/drawer_unit.py").read_text()
    codes |= set(re.findall(r'signs\["([a-z_]+)"\]', body)) | {DRIVER_FAILED}
    codes |= set(re.findall(r'signs\["([a-z_]+)"\]', body))
    codes |= {DRIVER_FAILED, MAINTENANCE_DUE, REPLACED}
    told = names_below("howto/read-a-fault.md", "Conditions")
    assert told == {code.upper() for code in codes}


def test_every_state_of_a_job_and_of_a_kick_and_every_mode_is_explained() -> None:
    page_name = "howto/read-a-fault.md"
    assert names_below(page_name, "States of a print job") == {
        state.name for state in jobs.JobState
    }
    kicks = set(drawer_pb2.KickState.keys()) - {"KICK_STATE_UNSPECIFIED"}
    assert names_below(page_name, "States of a kick") == {
        name.removeprefix("KICK_STATE_") for name in kicks
    }
    modes = set(system_pb2.Mode.keys()) - {"MODE_UNSPECIFIED"}
    assert names_below(page_name, "Modes of the till") == modes


# --- ARCHITECTURE.md, glossary.md


def test_the_crash_story_tells_of_every_failpoint() -> None:
    told = {
        word
        for row in rows(page("ARCHITECTURE.md"))
        if row.heading == "What a crash leaves"
        for word in code_in(row.cells[0])
        if re.fullmatch(r"[a-z]+\.[a-z_]+", word)
    }
    assert told == failpoints.FAILPOINTS


def sources() -> str:
    files = [
        *page("daemon").rglob("*.py"),
        *page("proto").rglob("*.proto"),
        *page("clients/python/tillhal").glob("*.py"),
    ]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def test_every_word_of_the_glossary_stands_in_the_code() -> None:
    told = table("reference/glossary.md", ("word", "means", "in the code"))
    text = sources()
    for row in told:
        for word in code_in(row.cells[2]):
            assert re.search(rf"\b{word}\b", text), f"{row.cells[0]}: no {word} in the code"
    words = [row.cells[0] for row in told]
    assert len(set(words)) == len(words)


def test_the_names_in_the_table_of_invariants_stand_in_the_code() -> None:
    text = sources()
    for row in rows(page("ARCHITECTURE.md")):
        if row.heading == "What always holds":
            for name in code_in(row.cells[1]):
                if "/" in name or "…" in name:
                    continue
                last = name.split(".")[-1]
                assert re.search(rf"\b{last}\b", text), name


# --- what is absent


def test_what_is_said_to_be_absent_is_absent() -> None:
    """The list in the README becomes untrue as things are built; then it must say so."""
    assert {spec.category.value for spec in load_drivers().values()} == {
        "pos_printer",
        "cash_drawer",
        "scanner",
        "power_supply",
    }

"""What may leave the shop: what is declared so, and nothing else."""

from __future__ import annotations

import ast
import asyncio
import enum
import io
import json
import time
import typing
import zipfile
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tillhald.config import Config, ReceiptTable, ShiftTable
from tillhald.devices.finding import load_drivers
from tillhald.devices.options import Shown
from tillhald.devices.unit import DeviceConfig
from tillhald.domain import events as ev
from tillhald.domain.backup import BackupMade
from tillhald.domain.books import DayReport, Denomination, ShiftReport
from tillhald.domain.data import NumbersGiven, Surplus
from tillhald.domain.devices import Identity
from tillhald.domain.document import PrintDocument, Run, Text
from tillhald.domain.jobs import Job, JobKind, JobState, KickReason, PrintWork
from tillhald.domain.predecessor import ImportCounts, ImportDone, OldReport, PredecessorSource
from tillhald.domain.sale import Discount, Line, Sale, Tender, TenderState, TenderType
from tillhald.domain.slips import SlipMark
from tillhald.domain.upgrade import Override, StagedSlot, UpgradePlan
from tillhald.service import masking
from tillhald.service.archive import Packing
from tillhald.service.masking import (
    FACTS,
    MASK,
    TEXT_CHARS_MAX,
    Masker,
    config_shown,
    event_shown,
    evidence_shown,
    log_shown,
)
from tillhald.telemetry.recent import RecentLines

# A beginning and an end that nothing else in an archive has.
SECRETS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), min_size=4, max_size=30
).map(lambda inner: f"Zq{inner}9x")


class Mode(enum.StrEnum):
    FAST = "fast"


class Inner(msgspec.Struct, frozen=True, kw_only=True):
    token: str = ""
    retries: int = 3


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver of somebody else's could have."""

    password: str = ""
    address: Shown = ""
    model: Shown | None = None
    mode: Mode = Mode.FAST
    level: Literal["high", "low", 7] = "low"
    enabled: bool = True
    headers: dict[str, str] = {}
    names: dict[Shown, int] = {}
    hosts: tuple[Shown, ...] = ()
    keys: list[str] = []
    pair: tuple[str, int] = ("", 0)
    raw: bytes = b""
    anything: Any = None
    inner: Inner = Inner()
    more: dict[Shown, Inner] = {}


def config_with(options: Options, **tables: msgspec.Struct) -> Config:
    return Config(devices={"odd": DeviceConfig(driver="odd", options=options)}, **tables)


def shown_options(options: Options) -> dict[str, Any]:
    shown, _ = config_shown(config_with(options))
    devices: Any = shown["devices"]
    return devices["odd"]["options"]


def archive_of(config: Config, lines: RecentLines, events: list[ev.AnyEvent]) -> bytes:
    """All that an archive holds: its names and its unpacked bytes."""
    shown, hidden = config_shown(config)
    packing = Packing(Masker(hidden), 1_767_225_600_000)

    async def configuration(_: Packing) -> dict[str, object]:
        return shown

    async def logs(packing: Packing) -> list[str]:
        return [packing.line(log_shown(json.loads(line))) for line in lines.lines()[1]]

    async def facts(packing: Packing) -> list[str]:
        return [packing.line(event_shown(event)) for event in events]

    async def broken(_: Packing) -> list[str]:
        raise ValueError(f"cannot use {hidden}")

    async def pack() -> bytes:
        parts = {"a.json": configuration, "b.jsonl": logs, "c.jsonl": facts, "d.json": broken}
        for name, make in parts.items():
            await packing.add(name, make)
        return (await packing.finish("till-1")).content

    with capture_logs():  # the broken part's trouble, with its text
        content = asyncio.run(pack())
    with zipfile.ZipFile(io.BytesIO(content)) as whole:
        assert set(whole.namelist()) == {"a.json", "b.jsonl", "c.jsonl", "README.txt"}
        return b"\n".join([name.encode() + whole.read(name) for name in whole.namelist()])


def forms(secret: str) -> set[bytes]:
    return {
        form.encode()
        for form in (
            secret,
            quote(secret, safe=""),
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
        )
    }


def raised(secret: str) -> Exception:
    try:
        try:
            raise KeyError(secret)
        except KeyError as cause:
            raise ValueError(f"no {secret}") from cause
    except ValueError as error:
        return error


@settings(max_examples=60, deadline=None)
@given(secret=SECRETS, field=st.from_regex(r"[a-z_]{1,12}", fullmatch=True))
def test_no_secret_that_is_planted_anywhere_comes_out_of_an_archive(
    secret: str, field: str
) -> None:
    login = f"smb://till:{quote(secret, safe='')}@10.0.0.5/share"
    options = Options(
        password=secret,
        address=login,
        headers={secret: secret},
        names={"one": 1},
        keys=[secret],
        pair=(secret, 1),
        raw=secret.encode(),
        anything={"deep": [secret]},
        inner=Inner(token=secret),
        more={"one": Inner(token=secret)},
    )
    config = config_with(options, shift=ShiftTable(operator=secret))
    lines = RecentLines()
    planted: list[dict[str, Any]] = [
        {"event": "a", field: secret},
        {"event": secret},
        {"event": "a", secret: 1},
        {"event": "a", "exception": secret},
        {"event": "a", "why": f"it said {secret} twice: {secret!r}"},
        {"event": "a", "devices": [secret]},
        {"event": "a", "deep": {"er": secret}},
        {"event": "a", "exc_info": raised(secret)},
        {"event": "a", "exc_info": ExceptionGroup(secret, [raised(secret)])},
    ]
    for entry in planted:
        lines.keep(None, "info", entry)
    found = archive_of(config, lines, facts_with(secret))
    assert not [form for form in forms(secret) if form in found]
    assert b"ValueError" in found
    assert b"10.0.0.5/share" in found


@settings(max_examples=20, deadline=None)
@given(secret=SECRETS)
def test_what_customers_and_cashiers_wrote_does_not_come_out(secret: str) -> None:
    found = archive_of(Config(), RecentLines(), facts_with(secret))
    assert not [form for form in forms(secret) if form in found]


def facts_with(secret: str) -> list[ev.AnyEvent]:
    """Facts with the secret in every text that people or terminals write."""
    line = Line(
        line_id="l1",
        description=secret,
        sku=secret,
        unit=secret,
        tax_code=secret,
        unit_price_minor=7_771,
        extended_minor=7_772,
    )
    discount = Discount(discount_id="d1", amount_minor=7_773, reason=secret)
    tender = Tender(
        tender_id="t1", type=TenderType.CREDIT_CARD, amount_minor=7_774, external_ref=secret
    )
    document = PrintDocument(parts=(Text(runs=(Run(text=secret),)),))
    job = Job(
        job_id="j1",
        printer="front_printer",
        kind=JobKind.DOCUMENT,
        state=JobState.CONFIRMED,
        created_ms=1,
        updated_ms=1,
        submit_seq=1,
        seq=1,
        ttl_s=1,
        reason=secret,
    )
    return [
        ev.SaleOpened(
            sale_id="s1",
            language="en",
            tax_included=True,
            operator=secret,
            lines=(line,),
            discounts=(discount,),
            reason=secret,
        ),
        ev.LinePut(sale_id="s1", line=line),
        ev.DiscountApplied(sale_id="s1", discount=discount),
        ev.SaleSuspended(sale_id="s1", note=secret),
        ev.TenderAdded(sale_id="s1", tender=tender),
        ev.TenderResolved(
            sale_id="s1", tender_id="t1", outcome=TenderState.APPROVED, evidence=secret
        ),
        ev.TenderReversed(sale_id="s1", tender_id="t1", reason=secret),
        ev.SaleCancelled(sale_id="s1", reason=secret),
        ev.ShiftOpened(shift_id="1", shift_number=1, operator=secret, float_minor=7_775),
        ev.JobSubmitted(
            job_id="j1", printer="p", kind=JobKind.DOCUMENT, ttl_s=1, document=document
        ),
        ev.JobHeld(job_id="j1", reason=secret),
        ev.JobConfirmedLate(job=job),
        ev.DrawerOpenRequested(kick_id="k1", drawer="d", reason=KickReason.NO_SALE, note=secret),
        ev.ConditionBegan(
            device_id="p", code="driver_failed", severity="error", evidence=f"ValueError: {secret}"
        ),
    ]


# --- the configuration


def test_numbers_and_closed_choices_are_shown_and_free_text_is_masked() -> None:
    options = Options(password="open sesame", level=7, inner=Inner(token="t0ken", retries=5))
    shown = shown_options(options)
    assert shown["password"] == shown["inner"]["token"] == MASK
    assert (shown["mode"], shown["level"], shown["enabled"]) == ("fast", 7, True)
    assert shown["inner"]["retries"] == 5


def test_text_that_is_declared_as_harmless_is_shown() -> None:
    options = Options(address="10.0.0.5:9100", model="m1", hosts=("a", "b"), names={"one": 1})
    shown = shown_options(options)
    assert (shown["address"], shown["model"]) == ("10.0.0.5:9100", "m1")
    assert shown["hosts"] == ["a", "b"]
    assert shown["names"] == {"one": 1}


def test_a_value_of_no_declared_kind_is_masked_whole_also_when_it_is_a_number() -> None:
    assert shown_options(Options(anything=1234))["anything"] == MASK
    assert shown_options(Options(anything={"pin": 1234}))["anything"] == MASK


def test_what_the_source_code_says_by_default_is_no_secret() -> None:
    shown, hidden = config_shown(Config())
    shift: Any = shown["shift"]
    assert shift["operator"] == "default"
    assert not hidden
    shown, hidden = config_shown(Config(shift=ShiftTable(operator="Anna Blume")))
    shift = shown["shift"]
    assert shift["operator"] == MASK
    assert hidden == {"Anna Blume"}


def test_no_field_of_our_own_configuration_is_masked_but_a_persons_name_and_a_password() -> None:
    """A path or a name that support needs must have been declared so, in every driver, too."""
    masked = set()
    tables = [field.type for field in msgspec.structs.fields(Config)]
    structs = [table for table in tables if isinstance(table, type)]
    structs = [table for table in structs if issubclass(table, msgspec.Struct)]
    for struct in [*structs, *(spec.options_type for spec in load_drivers().values())]:
        for field in msgspec.inspect.type_info(struct).fields:  # type: ignore[attr-defined]
            if isinstance(field.type, msgspec.inspect.StrType):
                masked.add((struct.__name__, field.name))
    assert masked == {("ShiftTable", "operator"), ("NutOptions", "password")}


def test_receipts_headers_are_shown_as_on_every_receipt() -> None:
    shown, _ = config_shown(Config(receipt=ReceiptTable(header=("The Corner Shop",))))
    receipt: Any = shown["receipt"]
    assert receipt["header"] == ["The Corner Shop"]


# --- texts


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("http://a:b@c/d", f"http://{MASK}@c/d"),
        ("smb://till:p/a@ss@srv/share", f"smb://{MASK}@srv/share"),
        ("no login in http://c/d", "no login in http://c/d"),
        ("password=abc, user=x", f"password={MASK}, user=x"),
        ("API-Key: abc", f"API-Key: {MASK}"),
        ("Authorization: Bearer abc.def", f"Authorization: Bearer {MASK}"),
        ('{"client_secret": "a b", "n": 1}', f'{{"client_secret": {MASK}, "n": 1}}'),
        ("a token for the till", "a token for the till"),
    ],
)
def test_what_looks_like_a_secret_is_masked_in_any_text(text: str, masked: str) -> None:
    assert Masker(()).text(text) == masked


def test_a_short_secret_is_masked_where_it_stands_alone_and_leaves_words_whole() -> None:
    masker = Masker({"till", ""})
    assert masker.text("the till of tillhal") == f"the {MASK} of tillhal"


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    assert Masker({"hunter22", "hunter22-and-more"}).text("x hunter22-and-more") == f"x {MASK}"


def test_a_long_text_is_cut_after_it_was_masked() -> None:
    text = "a" * (TEXT_CHARS_MAX - 4) + "hunter2222" + "b" * 100
    masked = Masker({"hunter2222"}).text(text)
    assert "hunt" not in masked
    assert masked.endswith(f"(cut: {len(text) - len('hunter2222') + len(MASK)} characters)")


@pytest.mark.parametrize("piece", ["a", "a-", "a://", "password", "x=", "://a@", '"'])
def test_a_text_that_is_made_to_be_slow_is_not_slow(piece: str) -> None:
    began_s = time.process_time()
    Masker({"hunter22"}).text(piece * (200_000 // len(piece)))
    # The longest line that is kept has 16 KiB. Quadratic work would take minutes here.
    assert time.process_time() - began_s < 20


# --- lines of the log

NUMBERS = set(
    """
    after_seq boot_ms bytes characters clean_shutdown copied drawers_open failures gone in_use interrupted_sales
    jobs_left last_seq left_open map_mib loses missing records rows sales scans seconds segment seq suspended
    tail_records token took_ms unconfirmed_jobs writes size_bytes status
    """.split()
)
"""Fields of log lines that hold numbers, yes or no, or lists of them: these are always shown."""
WITHOUT_TEXT = {"exc_info", "file", "ticket", "identity"}


def test_every_field_that_the_daemon_logs_is_decided_on() -> None:
    """A new field of a log line belongs to LOG_TEXTS if support may read its text."""
    fields: set[str] = set()
    for source in Path(masking.__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="log")) | ast.Name(id="say")):
                    fields |= {word.arg for word in node.keywords if word.arg}
    assert fields - NUMBERS - WITHOUT_TEXT == masking.LOG_TEXTS - {"not_kept"}
    assert fields >= NUMBERS


def test_a_line_begins_with_when_and_what_and_keeps_its_numbers() -> None:
    entry = {
        "gone": [[1, 2], [5, 5]],
        "odd": "x",
        "event": "told",
        "level": "info",
        "timestamp": "t",
    }
    shown = log_shown(entry)
    assert list(shown) == ["timestamp", "level", "event", "gone", "odd"]
    assert shown["gone"] == [[1, 2], [5, 5]]
    assert shown["odd"] == MASK
    assert log_shown({"odd": [["x"]]}) == {"odd": MASK}


# --- facts


def test_every_event_is_decided_on_and_no_other() -> None:
    """A new event needs a line in masking.FACTS: which of its fields may support see?"""
    kinds = {kind.__name__: kind for kind in typing.get_args(ev.AnyEvent)}
    structs = (Line, Discount, Tender, PrintDocument, Job, PrintWork, Identity)
    structs += (Denomination, ShiftReport, DayReport, SlipMark, BackupMade)
    structs += (StagedSlot, UpgradePlan, Override)
    structs += (ImportCounts, ImportDone, OldReport, PredecessorSource, Sale)
    structs += (NumbersGiven, Surplus)
    parts = {kind.__name__: kind for kind in structs}
    assert set(FACTS) == set(kinds) | set(parts)
    for name, fields in FACTS.items():
        assert set(fields) <= set((kinds | parts)[name].__struct_fields__), name


def test_no_amount_and_no_typed_text_is_among_the_fields_that_are_shown() -> None:
    for name, fields in FACTS.items():
        assert not [field for field in fields if field.endswith("_minor")], name
        assert not {"operator", "note", "description", "external_ref", "sku"} & set(fields), name


def test_a_fact_says_how_many_things_it_holds_and_not_what() -> None:
    sale = facts_with("coffee")[0]
    assert event_shown(sale)["facts"] == {
        "sale_id": "s1",
        "kind": "sale",
        "language": "en",
        "tax_included": True,
        "lines": 1,
        "discounts": 1,
        "original_receipt_number": 0,
    }


def test_reasons_of_the_tills_own_are_shown_and_those_of_people_are_not() -> None:
    held = event_shown(ev.JobHeld(job_id="j1", reason="PAPER_OUT"))
    assert held["facts"] == {"job_id": "j1", "reason": "PAPER_OUT"}
    typed = event_shown(ev.JobHeld(job_id="j1", reason="Mrs Miller"))
    assert typed["facts"] == {"job_id": "j1"}


def test_evidence_names_a_drivers_mistake_by_its_class_only() -> None:
    assert evidence_shown("measured") == "measured"
    assert evidence_shown("UnicodeError: cannot print Mrs Miller") == f"UnicodeError: {MASK}"
    assert evidence_shown("Mrs Miller: hello") == MASK
    assert evidence_shown("") == ""

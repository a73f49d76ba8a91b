"""What of the till's knowledge may leave the shop, for support to read.

What may be shown is named; everything else is kept back. Three kinds of things come here: the
configuration, by what its structs say of their fields; facts of the journal, by the names below;
lines of the log, by the names of their fields. Whatever the configuration keeps back is masked
wherever else it occurs.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

import msgspec
from msgspec import inspect as types

from tillhald.devices.categories import Evidence, How, Trouble
from tillhald.devices.options import SHOWN_TO_SUPPORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tillhald.domain.events import AnyEvent

MASK: Final = "(masked)"
TEXT_CHARS_MAX = 2_000
"""Of any one text in what is sent; our longest sentence is a tenth of it."""
WHOLE_WORD_CHARS_MAX = 7
"""Something this short is masked where it stands by itself, not within other words."""

FACTS: Final[dict[str, tuple[str, ...]]] = {
    kind: tuple(names.split())
    for kind, names in {
        "JournalCreated": "store_id workstation_id currency",
        "TillStarted": "version clean_shutdown",
        "TillStopped": "",
        "ClockWentBack": "before_ms after_ms",
        "ClockCaughtUp": "",
        "DayOpened": "business_day day_number",
        "ShiftOpened": "shift_id shift_number implicit training handed_from",
        "SaleOpened": "sale_id kind language tax_included lines discounts original_sale_id"
        " original_receipt_number slip",
        "LinePut": "sale_id line",
        "LineRemoved": "sale_id line_id",
        "DiscountApplied": "sale_id discount",
        "SaleSuspended": "sale_id",
        "SaleResumed": "sale_id",
        "SaleInterrupted": "sale_id version",
        "TenderAdded": "sale_id tender",
        "TenderResolved": "sale_id tender_id outcome original_business_day",
        "TenderReversed": "sale_id tender_id",
        "SaleCompleted": "sale_id receipt_number printer receipt_job_id receipt_ttl_s drawer"
        " kick_id training",
        "SaleCancelled": "sale_id",
        "JobSubmitted": "job_id printer kind ttl_s document sale_id copy copy_of document_seq"
        " report",
        "JobHeld": "job_id reason",
        "PrintEnded": "job_id outcome reason bytes_sent work",
        "PrintStarted": "job_id cuts_before cuts",
        "JobConfirmedLate": "job",
        "JobFailedLate": "job",
        "JobCancelled": "job_id",
        "JobRerouted": "job_id from_printer to_printer reason",
        "JobResolved": "job",
        "DrawerOpenRequested": "kick_id drawer reason",
        "KickStarted": "kick_id",
        "KickEnded": "kick_id outcome verified failure",
        "ConditionBegan": "device_id code severity evidence",
        "ConditionEnded": "device_id code",
        "DrawerOpened": "device_id without_kick",
        "DrawerClosed": "device_id",
        "DrawerSensorCalibrated": "device_id open_level by_key",
        "ClaimGranted": "device_id mode ttl_s",
        "ClaimEnded": "device_id token how",
        "ScanKeyed": "device_id kind chars",
        "ScansLost": "device_id loss count",
        "DevicesCounted": "counts",
        "StatisticsReset": "device_id before",
        "DeviceIdentified": "device_id identity",
        "DeviceAdopted": "device_id identity before",
        "DevicesReconfigured": "added changed removed receipt",
        "HealthChecked": "device_id check_id level result steps",
        "StorageFaultBegan": "fault message",
        "StorageFaultEnded": "",
        "SegmentBegun": "segment fault gone",
        "RowsBroughtBack": "segment rows is_last",
        "PowerStateChanged": "supply before ups why charge_percent runtime_s refuses_sales",
        "OutageBegan": "outage_id ups charge_percent runtime_s guess",
        "OutageEnded": "outage_id seconds on_mains_s charge_min_percent sales_kept flips",
        "OutageAnnotated": "outage_id cause expected_back_ms",
        "SelfTestBegan": "test_id ups kind",
        "SelfTestEnded": "test_id ups result said",
        "BatteryReplaced": "ups fitted_on",
        "RecoveryItemResolved": "item_id action",
        "BackEntryOpened": "outage_id first_no last_no began_ms ended_ms",
        "SlipEntered": "mark sale_id",
        "SlipsMarked": "outage_id first_no last_no state",
        "BackEntryClosed": "outage_id",
        "SlipsPrinted": "first_no last_no outage_id",
        "DrillEnded": "took_ms needed_s lacks",
        "OperatorPut": "role",
        "PinSet": "by_code",
        "OperatorDisabled": "",
        "OperatorSignedOn": "front_end expires_ms",
        "OperatorSignedOff": "front_end",
        "SignOnFailed": "front_end failures",
        "TokenIssued": "token_id front_end kind role",
        "TokenRevoked": "token_id",
        "SetupCodeIssued": "",
        "BackupDone": "made target took_ms",
        "BackupFailed": "reason target",
        "RestoreDrillDone": "backup_id last_seq passed files took_ms",
        "BackupsRemoved": "file_names",
        "DataRestored": "work_id backup_id backup_seq backup_hash from_incarnation incarnation"
        " replaced_chain_id replaced_seq replaced_hash lost numbers",
        "DataCleaned": "work_id before_chain_id before_seq before_hash",
        "WentLive": "",
        "PredecessorImportBegan": "import_id source",
        "PredecessorSalesPut": "import_id sales",
        "PredecessorReportsPut": "import_id first reports",
        "PredecessorImported": "done suspended",
        "UpgradeStaged": "staged",
        "UpgradeArmed": "plan",
        "UpgradeBegun": "upgrade_id",
        "UpgradeInterrupted": "upgrade_id",
        "UpgradeAborted": "upgrade_id stage reason",
        "SwitchCommitted": "work_id kind from_slot from_generation to_slot to_generation version",
        "SwitchTakenBack": "work_id kind from_slot from_generation to_slot to_generation version",
        # What stands within them.
        "ImportDone": "import_id source counts done_ms known differences reports",
        "PredecessorSource": "adapter product product_version origin digest",
        "ImportCounts": "sales returns voids suspended shifts days not_uploaded",
        "Sale": "sale_id state kind",
        "OldReport": "kind old_id",
        "SlipMark": "outage_id slip_no paper_ms paper_day",
        "OpeningDifferenceFound": "shift_id",
        "ShiftLocked": "shift_id",
        "ShiftUnlocked": "shift_id",
        "CashMoved": "shift_id movement_id kind",
        "ShiftEnded": "shift_id",
        "CashCounted": "shift_id denominations",
        "ShiftClosed": "shift_id report",
        "OverShortFound": "shift_id",
        "ShiftHandedOver": "from_shift_id to_shift_id suspended_sales",
        "CountCorrected": "shift_id original_business_day",
        "TenderExcepted": "sale_id tender_id business_day",
        "DayClosed": "report",
        "ReportTaken": "report",
        # What stands within them.
        "Denomination": "",
        "DayReport": "z_number business_day day_number opened_ms at_ms first_seq last_seq"
        " first_receipt last_receipt shifts carried exceptions outages version",
        "ShiftReport": "shift_id shift_number state implicit training opened_ms ended_ms closed_ms"
        " corrected",
        "Line": "line_id original_line_id entry_method",
        "Discount": "discount_id line_id",
        "Tender": "tender_id type state",
        "PrintDocument": "parts",
        "PrintWork": "lines characters feeds barcodes cuts",
        "Identity": "maker model",
        "StagedSlot": "slot version schema min_reader file_name sha256 staged_ms took_ms",
        "UpgradePlan": "upgrade_id kind from_slot from_version slot version schema when at_ms"
        " overrides",
        "Override": "code",
        "BackupMade": "backup_id kind file_name first_seq last_seq head_hash size_bytes follows"
        " signer sha256 closed_days business_day records",
        "Surplus": "records first_seq last_seq last_ms first_receipt last_receipt sales returns"
        " voids shifts days zs live_sales suspended_sales movements jobs access slips",
        "NumbersGiven": "receipts trainings zs days shifts",
        "Job": "job_id printer kind state sale_id copy reason bytes_sent ttl_s submit_seq"
        " cuts_before cuts rerouted_from copy_of resolution resolved_by_policy copy_job_id report",
    }.items()
}
"""The fields of journalled facts that are shown; one that holds several things shows how many.

Not among them: amounts, quantities, articles, descriptions, taxes, references of payments, notes,
serial numbers, reasons that a person typed, names of persons, and what was printed.
"""
WORDS: Final = frozenset({*Trouble, *Evidence, *How, "TILL_RESTARTED"})
"""A `reason`, `failure` or `evidence` that is one of these is the till's own, not a person's."""
_OF_WORDS: Final = frozenset({"reason", "failure"})

LOG_TEXTS: Final = frozenset(
    """
    added advice aside changed client depth device devices entrance failure fault folder front_end
    generation job_id kick_id kind left_out mode not_kept open_level outcome part power presence
    reason relation removed role rpc schema slot stage tables to_generation to_schema to_slot
    upgrade_id version when why work_id work_kind
    """.split()
)
"""Fields of log lines whose text is shown. Numbers and yes-or-no are always shown."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
# The quantifiers are bounded: what is read here may be long, and made to be slow.
_LOGIN: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,20}://)([^\s\"'<>]{0,300})@")
_NAMED_SECRET: Final = re.compile(
    r"(?i)\b((?:[\w-]{0,40}(?:passw(?:or)?d|passwd|pwd|passphrase|secret|token|api[_-]?key|credential"
    r"|authorization|cookie)[\w-]{0,40})[\"']?\s{0,4}[=:]\s{0,4}(?:(?:basic|bearer|digest)\s{1,4})?)"
    r"(\"[^\"]*\"|'[^']*'|[^\s,;&]+)"
)


class Masker:
    """Masks known secrets, and what looks like one, in any text."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        # The longest first: one may be part of another.
        patterns = [_pattern(form) for form in sorted(forms, key=len, reverse=True)]
        self._secrets = re.compile("|".join(patterns)) if patterns else None

    def text(self, text: str) -> str:
        """The text with every secret masked, cut where it is longer than TEXT_CHARS_MAX."""
        if self._secrets is not None:
            text = self._secrets.sub(MASK, text)
        if "://" in text:
            text = _LOGIN.sub(rf"\1{MASK}@", text)
        if "=" in text or ":" in text:
            text = _NAMED_SECRET.sub(rf"\1{MASK}", text)
        if len(text) > TEXT_CHARS_MAX:
            return f"{text[:TEXT_CHARS_MAX]}… (cut: {len(text)} characters)"
        return text

    def plain(self, value: Any) -> Any:  # noqa: ANN401 - what JSON can hold
        """The same for every text in what is to become JSON, names of fields included."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(str(key)): self.plain(item) for key, item in value.items()}
            case list() | tuple():
                return [self.plain(item) for item in value]
            case _:
                return value


def _forms(secret: str) -> tuple[str, ...]:
    """The secret as it may stand in a text: bare, in an address, quoted by Python or by JSON."""
    as_json = msgspec.json.encode(secret).decode()
    return (secret, quote(secret, safe=""), repr(secret)[1:-1], as_json[1:-1])


def _pattern(form: str) -> str:
    if len(form) > WHOLE_WORD_CHARS_MAX:
        return re.escape(form)
    return rf"(?<!\w){re.escape(form)}(?!\w)"


# --- the configuration


def config_shown(config: msgspec.Struct) -> tuple[dict[str, object], frozenset[str]]:
    """The configuration as support may see it, and all texts that are masked in it."""
    hidden: set[str] = set()
    shown = _struct_shown(config, hidden)
    return shown, frozenset(hidden)


def _struct_shown(struct: msgspec.Struct, hidden: set[str]) -> dict[str, object]:
    described = types.type_info(type(struct))
    assert isinstance(described, types.StructType), "a struct is described as one"
    shown = {}
    for field in described.fields:
        value = getattr(struct, field.name)
        # What the source code says for everybody to read is no secret.
        is_default = isinstance(value, str) and value == field.default
        shown[field.encode_name] = value if is_default else _shown(value, field.type, hidden)
    return shown


def _shown(value: object, declared: types.Type, hidden: set[str]) -> object:
    """`value` where what is declared of it allows that, MASK elsewhere."""
    if isinstance(value, msgspec.Struct):
        return _struct_shown(value, hidden)
    kinds = list(_alternatives(declared))
    match value:
        case None:
            return None
        case enum.Enum() if _declares(kinds, types.EnumType):
            return value.value
        case bool() | int() | float() if _declares(
            kinds, types.BoolType, types.IntType, types.FloatType
        ):
            return value
        case int() | str() if any(
            isinstance(kind, types.LiteralType) and value in kind.values for kind in kinds
        ):
            return value
        case str() if value == "" or _text_is_shown(declared):
            hidden.update(_passwords_in(value))
            return value
        case dict() if found := _declares(kinds, types.DictType):
            return {
                str(_shown(key, found.key_type, hidden)): _shown(item, found.value_type, hidden)
                for key, item in value.items()
            }
        case tuple() if found := _declares(kinds, types.TupleType):
            return [
                _shown(item, kind, hidden)
                for item, kind in zip(value, found.item_types, strict=True)
            ]
        case tuple() | list() if found := _declares(kinds, types.VarTupleType, types.ListType):
            return [_shown(item, found.item_type, hidden) for item in value]
        case _:
            hidden.update(_texts_in(value))
            return MASK


def _alternatives(declared: types.Type) -> Iterable[types.Type]:
    match declared:
        case types.Metadata(type=inner):
            yield from _alternatives(inner)
        case types.UnionType(types=several):
            for one in several:
                yield from _alternatives(one)
        case _:
            yield declared


def _declares(kinds: list[types.Type], *wanted: type[types.Type]) -> Any:  # noqa: ANN401 - of `wanted`
    return next((kind for kind in kinds if isinstance(kind, wanted)), None)


def _text_is_shown(declared: types.Type) -> bool:
    match declared:
        case types.Metadata(extra=extra) if extra and extra.get(SHOWN_TO_SUPPORT):
            return True
        case types.Metadata(type=inner):
            return _text_is_shown(inner)
        case types.UnionType(types=several):
            return any(_text_is_shown(one) for one in several)
        case _:
            return False


def _passwords_in(text: str) -> Iterable[str]:
    """Of addresses like smb://till:secret@server, what stands before the server."""
    for login in _LOGIN.finditer(text):
        password = login[2].partition(":")[2]
        yield from (login[2], password, unquote(password))


def _texts_in(value: object) -> Iterable[str]:
    match value:
        case str():
            yield value
        case bytes() | bytearray():
            yield bytes(value).decode("utf-8", "replace")
            yield bytes(value).hex()
        case dict():
            for key, item in value.items():
                yield from _texts_in(key)
                yield from _texts_in(item)
        case list() | tuple() | set() | frozenset():
            for item in value:
                yield from _texts_in(item)
        case None | bool():
            pass
        case _:
            yield str(value)


# --- facts of the journal


def facts_shown(fact: msgspec.Struct) -> dict[str, object]:
    """What may be shown of a fact, or of a part of one; what is empty is left out."""
    shown: dict[str, object] = {}
    for name in FACTS.get(type(fact).__name__, ()):
        value = getattr(fact, name)
        if name == "evidence":
            shown[name] = evidence_shown(value)
        elif name in _OF_WORDS and not isinstance(value, enum.Enum) and value not in WORDS:
            continue
        elif value not in (None, ""):
            shown[name] = _fact_shown(value)
    return shown


def _fact_shown(value: object) -> object:
    match value:
        case msgspec.Struct():
            return facts_shown(value)
        case tuple() | list() | dict():
            return len(value)
        case _:
            return value


def evidence_shown(evidence: str) -> str:
    """How a condition is known. Where a driver's mistake is quoted, only the mistake's class."""
    if evidence == "" or evidence in WORDS:
        return evidence
    kind, colon, _ = evidence.partition(":")
    return f"{kind}: {MASK}" if colon and kind.isidentifier() else MASK


def event_shown(event: AnyEvent) -> dict[str, object]:
    """An event's kind and what may be shown of it."""
    shown: dict[str, object] = {"event": type(event).__name__}
    if facts := facts_shown(event):
        shown["facts"] = facts
    return shown


# --- lines of the log


def log_shown(entry: Mapping[str, object]) -> dict[str, object]:
    """A line of the log. `exception` holds no text, by the way in which it is kept."""
    first = ("timestamp", "level", "event")
    shown: dict[str, object] = dict.fromkeys((name for name in first if name in entry), MASK)
    for name, value in entry.items():
        if not _NAME.fullmatch(name):
            shown[MASK] = MASK
        elif name == "event":
            is_name = isinstance(value, str) and _NAME.fullmatch(value)
            shown[name] = value if is_name else MASK
        elif name in ("level", "timestamp") or _is_shown(name, value):
            shown[name] = value
        else:
            shown[name] = MASK
    return shown


def _is_shown(name: str, value: object) -> bool:
    match value:
        case None | bool() | int() | float():
            return True
        case str():
            return name in LOG_TEXTS
        case list() if name == "exception":
            return all(isinstance(item, dict) for item in value)
        case list():
            return all(_is_shown(name, item) for item in value)
        case _:
            return False

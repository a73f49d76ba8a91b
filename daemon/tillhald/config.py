"""till.toml: read, converted into frozen structs, and refused with all its mistakes at once.

Every table is a struct here or, for a device, the driver's own. Unknown fields are mistakes.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
import zoneinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from tillhald.config_access import AccessTable, TlsTable, access_mistakes, tls_mistakes
from tillhald.config_backup import BackupTable, backup_mistakes
from tillhald.config_devices import devices_of
from tillhald.config_listen import Listen, listen_mistakes
from tillhald.config_power import PowerTable, power_mistakes
from tillhald.config_versions import VersionsTable, versions_mistakes
from tillhald.devices.categories import Category
from tillhald.devices.finding import load_drivers
from tillhald.devices.options import Shown
from tillhald.devices.specs import DrawerOnPrinterDriver, PowerDriver
from tillhald.devices.unit import DeviceConfig
from tillhald.domain.amounts import AMOUNT_MINOR_MAX
from tillhald.domain.currency import is_currency
from tillhald.domain.receipt import LANGUAGES, ReceiptLayout
from tillhald.domain.rules import (
    DEFAULT_TENDERS,
    CashRounding,
    PaperPolicy,
    RecoveryGate,
    ShopRules,
    SuspendedAtClose,
    TenderRule,
)
from tillhald.domain.sale import TenderType
from tillhald.journal.recovery import Places
from tillhald.journal.spill import SPILL_MIB_MAX, SPILL_MIB_MIN
from tillhald.logo import read_logo
from tillhald.scan_table import ScanTable, scan_faults
from tillhald.tables import MISTAKES_MAX, convert, meant

if TYPE_CHECKING:
    from tillhald.home import Home

MAP_MIB_MIN, MAP_MIB_MAX = 4, 64 * 1024
COIN_MINOR_MAX = 1_000_000
LINE_CHARS_MAX = 100
RECEIPT_LINES_MAX = 40


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of till.toml."""


class JournalTable(Table, frozen=True, kw_only=True):
    """`map_mib` is set aside on the disk when the journal is made; it grows by itself. The spill,
    `spill_mib` beside the journal, takes the sales while the journal cannot be written.
    `second_folder` is a folder on another disk: it holds one more spill and, when the first disk
    has failed for good, the journal. Empty for none."""

    folder: Shown = "/var/lib/tillhal/journal"
    map_mib: int = 64
    spill_mib: int = 32
    second_folder: Shown = ""


class ShopTable(Table, frozen=True, kw_only=True):
    """`time_zone` is an IANA name; empty for the machine's own."""

    store_id: Shown = "store-1"
    workstation_id: Shown = "till-1"
    currency: Shown = "EUR"
    prices_include_tax: bool = True
    language: Shown = "en"
    time_zone: Shown = ""
    cash_rounding: CashRounding = CashRounding()
    tenders: dict[Shown, TenderRule] = {}


class ShiftTable(Table, frozen=True, kw_only=True):
    """`implicit`: the first sale opens the day and a shift by itself; `explicit`: a person does.

    `suspended` is what becomes of sales that are put aside when the day is closed. `day_overdue_at`
    is the time of the next date, "HH:MM", from which an open day is overdue; empty: never.
    """

    mode: Literal["implicit", "explicit"] = "implicit"
    operator: str = "default"
    float_minor: int = 0
    suspended: SuspendedAtClose = SuspendedAtClose.CARRY_OVER
    day_overdue_at: Shown = ""


class ReceiptTable(Table, PaperPolicy, frozen=True, kw_only=True):
    """`printer` and `drawer` name devices; empty for none. `logo` is a picture's file.

    The rest: see PaperPolicy.
    """

    printer: Shown = ""
    drawer: Shown = ""
    logo: Shown = ""
    ttl_s: int = 900
    header: tuple[Shown, ...] = ()
    footer: tuple[Shown, ...] = ()


class RecoveryTable(Table, frozen=True, kw_only=True):
    """`gate`: what must be decided about after a start before new sales are begun.
    `print_unfinished`: before the power goes, print the sales that are not finished; for a shop
    whose printer hangs on the UPS, too."""

    gate: RecoveryGate = RecoveryGate.NONE
    print_unfinished: bool = False


class LogTable(Table, frozen=True, kw_only=True):
    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a till is told.

    `left_out`: by device, why its driver cannot be loaded. The till runs without these devices.
    `identity_folder`: where a till with a home keeps what belongs to it whatever its data are.
    """

    listen: Listen = Listen()
    journal: JournalTable = JournalTable()
    shop: ShopTable = ShopTable()
    shift: ShiftTable = ShiftTable()
    receipt: ReceiptTable = ReceiptTable()
    scan: ScanTable = ScanTable()
    documents: PaperPolicy = PaperPolicy()
    log: LogTable = LogTable()
    power: PowerTable = PowerTable()
    recovery: RecoveryTable = RecoveryTable()
    access: AccessTable = AccessTable()
    tls: TlsTable = TlsTable()
    backup: BackupTable = BackupTable()
    versions: VersionsTable = VersionsTable()
    devices: dict[Shown, DeviceConfig] = {}
    left_out: dict[Shown, Shown] = {}
    simulated: bool = False
    identity_folder: Shown = ""

    def in_home(self, home: Home) -> Config:
        """The same for a till with a home: its data are where the generation is.

        The other disk has a folder for each generation, too: what is kept there belongs to one
        journal, and must never be taken for a piece of another.
        """
        second = self.journal.second_folder
        journal = msgspec.structs.replace(
            self.journal,
            folder=str(home.journal_folder),
            second_folder=str(Path(second) / home.generation) if second else "",
        )
        return msgspec.structs.replace(
            self, journal=journal, identity_folder=str(home.identity_folder)
        )

    def own_file(self, name: str) -> Path:
        """A file of the till's own that is in no backup: in its home, or beside the journal."""
        if self.identity_folder:
            return Path(self.identity_folder) / name
        folder = Path(self.journal.folder)
        return folder.with_name(f"{folder.name}.{name}")

    def rules(self) -> ShopRules:
        """The rules of this shop."""
        return ShopRules(
            currency=self.shop.currency,
            tax_included=self.shop.prices_include_tax,
            language=self.shop.language,
            cash_rounding=self.shop.cash_rounding,
            tenders={**DEFAULT_TENDERS, **self.shop.tenders},
            receipt_printer=self.receipt.printer,
            receipt_ttl_s=self.receipt.ttl_s,
            drawer=self.receipt.drawer,
            implicit_shift=self.shift.mode == "implicit",
            implicit_operator=self.shift.operator,
            implicit_float_minor=self.shift.float_minor,
            suspended=self.shift.suspended,
            day_overdue_at=self.shift.day_overdue_at,
            receipts=self.receipt,
            documents=self.documents,
            recovery_gate=self.recovery.gate,
        )

    def places(self) -> Places:
        """Where the journal, its spills and its next segment are."""
        table = self.journal
        folder = Path(table.folder)
        beside = folder.with_name(folder.name + ".spill")
        second = Path(table.second_folder) if table.second_folder else None
        return Places(
            folder=folder,
            # The other disk first: what has made the journal fail may fail beside it, too.
            spills=(second / "journal.spill", beside) if second else (beside,),
            standby=second / "journal" if second else None,
            spill_bytes=table.spill_mib << 20,
        )

    def layout(self) -> ReceiptLayout:
        """What stands above and below every receipt."""
        return ReceiptLayout(
            header=self.receipt.header,
            footer=self.receipt.footer,
            logo=read_logo(self.receipt.logo),
        )


class ConfigMistakes(Exception):
    """All that is wrong with a configuration, a sentence each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


_TABLES: dict[str, type[msgspec.Struct]] = {
    "listen": Listen,
    "journal": JournalTable,
    "shop": ShopTable,
    "shift": ShiftTable,
    "receipt": ReceiptTable,
    "scan": ScanTable,
    "documents": PaperPolicy,
    "log": LogTable,
    "power": PowerTable,
    "recovery": RecoveryTable,
    "access": AccessTable,
    "tls": TlsTable,
    "backup": BackupTable,
    "versions": VersionsTable,
}


def load(path: Path) -> Config:
    """Read and check a file. Raises ConfigMistakes with every mistake."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigMistakes([f"{path}: {error}"]) from error
    return parse(text)


def parse(text: str, *, simulated: bool = False) -> Config:
    """Check a configuration's text. Raises ConfigMistakes with every mistake."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigMistakes([f"not TOML: {error}"]) from error
    mistakes: list[str] = []
    tables: dict[str, Any] = {}
    for name, table in content.items():
        if name == "devices":
            continue
        kind = _TABLES.get(name)
        if kind is None:
            mistakes.append(f"unknown table `{name}`{meant(name, [*_TABLES, 'devices'])}")
        else:
            tables[name] = convert(name, table, kind, mistakes)
    devices, left_out = devices_of(content.get("devices", {}), mistakes)
    config = Config(
        **{name: table for name, table in tables.items() if table is not None},
        devices=devices,
        left_out=left_out,
        simulated=simulated,
    )
    named = content.get("devices")
    known = set(named) if isinstance(named, dict) else set()
    mistakes.extend(_contradictions(config, known_devices=known))
    if mistakes:
        raise ConfigMistakes(mistakes[:MISTAKES_MAX])
    return config


def parse_devices(text: str, base: Config) -> Config:
    """`base` with the devices, and the receipt if it is there, of this text.

    Raises ConfigMistakes with every mistake.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigMistakes([f"not TOML: {error}"]) from error
    mistakes = [
        f"{name}: only [devices] and [receipt] can be changed while the till runs"
        for name in content
        if name not in ("devices", "receipt")
    ]
    named = content.get("devices", {})
    devices, left_out = devices_of(named, mistakes)
    receipt = base.receipt
    if "receipt" in content:
        receipt = convert("receipt", content["receipt"], ReceiptTable, mistakes) or receipt
    config = msgspec.structs.replace(base, devices=devices, left_out=left_out, receipt=receipt)
    known = set(named) if isinstance(named, dict) else set()
    mistakes.extend(_contradictions(config, known_devices=known))
    if mistakes:
        raise ConfigMistakes(mistakes[:MISTAKES_MAX])
    return config


# --- devices


# --- what no single field can say


def _contradictions(config: Config, *, known_devices: set[str]) -> list[str]:
    return [
        *listen_mistakes(config.listen, config.access),
        *_shop(config.shop),
        *_names(config, known_devices),
        *scan_faults(config.scan),
        *_limits(config),
        *power_mistakes(config.power),
        *access_mistakes(config.access),
        *tls_mistakes(config.tls, config.access),
        *backup_mistakes(config.backup),
        *versions_mistakes(config.versions),
    ]


def _shop(shop: ShopTable) -> list[str]:
    wrong = []
    if not is_currency(shop.currency):
        wrong.append(f'shop.currency: "{shop.currency}" is no ISO 4217 code')
    if shop.language not in LANGUAGES:
        wrong.append(f'shop.language: "{shop.language}" is not one of {", ".join(LANGUAGES)}')
    if not 1 <= shop.cash_rounding.increment_minor <= COIN_MINOR_MAX:
        wrong.append(f"shop.cash_rounding.increment_minor: 1 to {COIN_MINOR_MAX}")
    known = [kind.value for kind in TenderType]
    wrong.extend(
        f"shop.tenders: unknown type of tender `{name}`{meant(name, known)}"
        for name in shop.tenders
        if name not in known
    )
    if shop.time_zone:
        try:
            zoneinfo.ZoneInfo(shop.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            wrong.append(f'shop.time_zone: "{shop.time_zone}" is no time zone of this machine')
    return wrong


def _names(config: Config, known_devices: set[str]) -> list[str]:
    wrong = []
    drivers = load_drivers()
    wanted = (
        ("receipt.printer", config.receipt.printer, Category.POS_PRINTER, "printer"),
        ("receipt.drawer", config.receipt.drawer, Category.CASH_DRAWER, "drawer"),
    )
    for field, name, category, word in wanted:
        if not name:
            continue
        device = config.devices.get(name)
        if name not in known_devices:
            close = meant(name, sorted(known_devices))
            wrong.append(f"{field}: there is no device `{name}`{close}")
        elif device is not None and drivers[device.driver].category is not category:
            wrong.append(f"{field}: `{name}` is no {word}")
    return wrong


def _limits(config: Config) -> list[str]:
    wrong = []
    if not MAP_MIB_MIN <= config.journal.map_mib <= MAP_MIB_MAX:
        wrong.append(f"journal.map_mib: {MAP_MIB_MIN} to {MAP_MIB_MAX}")
    if not SPILL_MIB_MIN <= config.journal.spill_mib <= SPILL_MIB_MAX:
        wrong.append(f"journal.spill_mib: {SPILL_MIB_MIN} to {SPILL_MIB_MAX}")
    wrong.extend(
        f"journal.{name}: an absolute path is needed"
        for name, path in (
            ("folder", config.journal.folder),
            ("second_folder", config.journal.second_folder or "/"),
        )
        if not Path(path).is_absolute()
    )
    if not 1 <= config.receipt.ttl_s <= 604_800:  # noqa: PLR2004 - a week
        wrong.append("receipt.ttl_s: 1 to 604800 seconds")
    try:
        read_logo(config.receipt.logo)
    except (OSError, ValueError) as error:
        wrong.append(f"receipt.logo: {error}")
    if not 0 <= config.shift.float_minor <= AMOUNT_MINOR_MAX:
        wrong.append(f"shift.float_minor: 0 to {AMOUNT_MINOR_MAX}")
    overdue_at = config.shift.day_overdue_at
    if overdue_at and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", overdue_at) is None:
        wrong.append(f'shift.day_overdue_at: "{overdue_at}" is no time like "04:00"')
    return [*wrong, *_texts(config), *_ports(config)]


def _texts(config: Config) -> list[str]:
    """What would end up on every receipt."""
    texts = [("shift.operator", config.shift.operator)]
    for name, lines in (("header", config.receipt.header), ("footer", config.receipt.footer)):
        texts += [(f"receipt.{name}[{index}]", line) for index, line in enumerate(lines)]
    wrong = [
        f"{where}: control characters, or more than {LINE_CHARS_MAX} characters"
        for where, text in texts
        if len(text) > LINE_CHARS_MAX
        or any(unicodedata.category(char) in ("Cc", "Zl", "Zp", "Cs") for char in text)
    ]
    if len(texts) > RECEIPT_LINES_MAX:
        wrong.append(f"receipt: header and footer have at most {RECEIPT_LINES_MAX} lines together")
    return wrong


def _ports(config: Config) -> list[str]:
    """One physical port has one device: two workers on it would mix their jobs."""
    drivers = load_drivers()
    seen: dict[str, str] = {}
    wrong = []
    for name, device in config.devices.items():
        driver = drivers[device.driver]
        if not isinstance(driver, DrawerOnPrinterDriver | PowerDriver):
            where = driver.port_of(device.options)  # type: ignore[arg-type]  # of its own type
            # One device has several paths (by-id, ttyUSB0), one address several protocols.
            place = where.partition(" ")[2]
            place = str(Path(place).resolve()) if place.startswith("/") else place
            if place in seen:
                wrong.append(f"devices.{name}: {where} is the port of {seen[place]} already")
            seen[place] = name
    return wrong

"""Takes what an adapter finds, one record at a time: checks it, spools it, sums it up.

Everything is looked at, however much is wrong: whoever mends a source wants to know all of it.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

import msgspec

from tillhald.domain.predecessor import (
    ImportCounts,
    ImportMark,
    OldReport,
    OldReportKind,
    OldTotals,
    PredecessorSource,
)
from tillhald.domain.sale import Sale, SaleKind, TenderType, Totals
from tillhald.domain.state import LIVE_SALES_MAX
from tillhald.predecessor.proposal import proposed_config
from tillhald.predecessor.records import (
    Found,
    OldDay,
    OldManifest,
    OldSale,
    OldSettings,
    OldShift,
    OldSuspended,
    Place,
    TheirTotals,
)
from tillhald.predecessor.sales import (
    DoesNotFit,
    check_texts,
    kept_of,
    mark_of,
    returns_in,
    sale_from,
    suspended_from,
    unix_ms,
)
from tillhald.predecessor.times import Times, is_time_zone
from tillhald.predecessor.words import (
    DIFFERENCES_TOLD_MAX,
    FAULTS_TOLD_MAX,
    NOTICES_MAX,
    SENTENCE_CHARS_MAX,
    Difference,
    Fault,
    ReadReport,
    SpooledReport,
    SpooledSale,
    SpooledSuspended,
    SpoolWriter,
)

SALES_MAX = 2_000_000
"""In one source; their ids are kept in memory while it is read."""
SALE_BYTES_MAX = 3 << 20
"""Of one sale, and of all suspended ones together: a record holds them whole, and a row as well."""
SHIFTS_MAX = 50_000
DAYS_MAX = 20_000
ORIGIN_CHARS = 16
_NOWHERE: Final = -1


class _Sum:
    """What sales come to together."""

    def __init__(self) -> None:
        self.receipts = self.payable_minor = self.tax_minor = 0
        self.tenders: Counter[str] = Counter()

    def add(self, totals: Totals, kept: list[tuple[str, int]]) -> None:
        self.receipts += 1
        self.payable_minor += totals.payable_minor
        self.tax_minor += totals.tax_minor
        for kind, minor in kept:
            self.tenders[kind] += minor

    def totals(self) -> OldTotals:
        return OldTotals(
            receipts=self.receipts,
            payable_minor=self.payable_minor,
            tax_minor=self.tax_minor,
            tenders=dict(sorted(self.tenders.items())),
        )


class Taking:
    """Give it everything with `take`, then ask `finished`."""

    def __init__(self, spool: SpoolWriter, import_id: str, currency: str, now_ms: int) -> None:
        self._spool = spool
        self._times = Times(now_ms)
        self._import_id = import_id
        self._currency = currency
        self._manifest: OldManifest | None = None
        self._settings: OldSettings | None = None
        self._origin = ""
        self._shifts: dict[str, tuple[Place, OldShift]] = {}
        self._days: dict[str, tuple[Place, OldDay]] = {}
        self._by_shift: defaultdict[str, _Sum] = defaultdict(_Sum)
        self._by_day: defaultdict[str, _Sum] = defaultdict(_Sum)
        # Where each was spooled; _NOWHERE where it does not fit.
        self._sales: dict[str, int] = {}
        self._suspended: set[str] = set()
        self._suspended_bytes = 0
        self._given_back: dict[str, dict[str, list[tuple[int, int, Place]]]] = {}
        self._voids: dict[str, tuple[str, Place]] = {}
        self._kinds: Counter[SaleKind] = Counter()
        self._payable_minor = self._not_uploaded = 0
        self._first_ms = self._last_ms = 0
        self._faults: list[Fault] = []
        self._faults_count = 0
        self._differences: list[Difference] = []
        self._differences_count = 0

    @property
    def taken(self) -> int:
        """How many sales it has."""
        return len(self._sales)

    def take(self, found: Found) -> None:
        """Raises SpoolFull, OSError; nothing for what is wrong with a record."""
        record, place = found.record, found.place
        if record is None:
            self._fault(place, found.wrong, found.field)
            return
        try:
            if isinstance(record, OldManifest):
                self._take_manifest(record, place)
            elif self._manifest is None:
                self._fault(place, "It comes before the manifest.")
            elif isinstance(record, OldSale):
                self._take_sale(record, place)
            elif isinstance(record, OldSuspended):
                self._take_suspended(record, place)
            elif isinstance(record, OldShift):
                self._take_shift(record, place)
            elif isinstance(record, OldDay):
                self._once(self._days, record.business_day, DAYS_MAX, "business_day")
                self._times.check_day(record.business_day, "business_day")
                self._times.check(record.opened_at, "opened_at")
                self._times.check(record.closed_at, "closed_at")
                self._days[record.business_day] = place, record
            else:
                check_texts(record)
                self._settings = record
        except DoesNotFit as error:
            self._fault(place, error.sentence, error.field)

    def _take_manifest(self, manifest: OldManifest, place: Place) -> None:
        check_texts(manifest)
        named = f"{manifest.product}\0{manifest.shop}\0{manifest.till}"
        self._origin = hashlib.sha256(named.encode()).hexdigest()[:ORIGIN_CHARS]
        self._manifest = manifest
        if manifest.currency != self._currency:
            sentence = f"Its currency is {manifest.currency}, this till's {self._currency}."
            self._fault(place, sentence, "currency")
        if manifest.time_zone and not is_time_zone(manifest.time_zone):
            self._fault(place, "There is no such time zone.", "time_zone")

    def _take_shift(self, shift: OldShift, place: Place) -> None:
        check_texts(shift)
        self._once(self._shifts, shift.id, SHIFTS_MAX, "id")
        self._times.check(shift.opened_at, "opened_at")
        self._times.check(shift.closed_at, "closed_at")
        self._times.check_day(shift.business_day, "business_day")
        if shift.closed_at is not None and shift.closed_at < shift.opened_at:
            raise DoesNotFit("It was closed before it was opened.", "closed_at")
        self._shifts[shift.id] = place, shift

    def _take_sale(self, old: OldSale, place: Place) -> None:
        manifest = self._manifest
        assert manifest is not None, "the manifest came first"
        self._once(self._sales, old.id, SALES_MAX, "id")
        # Also one that does not fit has its id: a second one with it is a second fault.
        self._sales[old.id] = _NOWHERE
        if old.shift and old.shift not in self._shifts:
            raise DoesNotFit("There is no such shift.", "shift")
        self._times.check(old.at, "at")
        self._times.check_day(old.business_day, "business_day")
        sale = sale_from(old, mark_of(old, self._import_id, manifest.product), self._origin)
        at = self._spool.put(SpooledSale(file=place.file, line=place.line, sale=sale))
        if self._spool.size_bytes - at > SALE_BYTES_MAX:
            raise DoesNotFit("The sale is too large.", "lines")
        self._sales[old.id] = at
        self._kinds[sale.kind] += 1
        self._payable_minor += old.total_minor
        self._not_uploaded += not old.uploaded
        self._first_ms = min(self._first_ms or sale.opened_ms, sale.opened_ms)
        self._last_ms = max(self._last_ms, sale.opened_ms)
        assert sale.totals is not None, "a completed sale comes to something"
        kept = list(kept_of(old))
        for sums, name in ((self._by_shift, old.shift), (self._by_day, old.business_day)):
            if name:
                sums[name].add(sale.totals, kept)
        if sale.kind is SaleKind.VOID:
            self._note_void(old, sale, place)
        for of_sale, of_line, given in returns_in(old):
            lines = self._given_back.setdefault(of_sale, {})
            lines.setdefault(of_line, []).append((given.unscaled, given.scale, place))

    def _note_void(self, old: OldSale, sale: Sale, place: Place) -> None:
        of_sale = old.lines[0].of_sale
        if of_sale in self._voids:
            raise DoesNotFit("The sale was voided before.", "lines")
        if of_sale:
            self._voids[of_sale] = sale.sale_id, place

    def _take_suspended(self, old: OldSuspended, place: Place) -> None:
        assert self._manifest is not None, "the manifest came first"
        if len(self._suspended) >= LIVE_SALES_MAX:
            raise DoesNotFit(f"A till keeps {LIVE_SALES_MAX} sales put aside.", "id")
        self._once(self._suspended, old.id, LIVE_SALES_MAX, "id")
        mark = ImportMark(import_id=self._import_id, product=self._manifest.product, old_id=old.id)
        self._times.check(old.at, "at")
        sale = suspended_from(old, mark, self._origin)
        self._suspended.add(old.id)
        at = self._spool.put(SpooledSuspended(file=place.file, line=place.line, sale=sale))
        self._suspended_bytes += self._spool.size_bytes - at
        if self._suspended_bytes > SALE_BYTES_MAX:
            raise DoesNotFit("The suspended sales are too large together.", "lines")

    def _once(self, known: object, old_id: str, most: int, field: str) -> None:
        assert isinstance(known, dict | set), "ids are looked up"
        if old_id in known:
            raise DoesNotFit("There is one with this id already.", field)
        if len(known) >= most:
            raise DoesNotFit(f"There are more than {most}.", field)

    # --- at the end

    def finished(self, adapter: str, digest: str) -> ReadReport:
        """What was found. Raises SpoolFull, OSError."""
        self._spool_what_came_back()
        reports = list(self._reports())
        reports_at = self._spool.size_bytes
        for report in reports:
            self._spool.put(SpooledReport(report=report))
        manifest = self._manifest
        source = PredecessorSource(
            adapter=adapter,
            product=manifest.product if manifest else "",
            product_version=manifest.product_version if manifest else "",
            shop=manifest.shop if manifest else "",
            till=manifest.till if manifest else "",
            origin=self._origin,
            digest=digest,
        )
        told = msgspec.msgpack.encode([msgspec.structs.replace(r, uploaded=False) for r in reports])
        shifts = [shift for _, shift in self._shifts.values()]
        return ReadReport(
            source=source,
            counts=ImportCounts(
                sales=self._kinds[SaleKind.SALE],
                returns=self._kinds[SaleKind.RETURN],
                voids=self._kinds[SaleKind.VOID],
                suspended=len(self._suspended),
                shifts=len(self._shifts),
                days=len(self._days),
                not_uploaded=self._not_uploaded,
                payable_minor=self._payable_minor,
            ),
            open_shifts=sum(shift.closed_at is None for shift in shifts),
            open_days=sum(day.closed_at is None for _, day in self._days.values()),
            first_ms=self._first_ms,
            last_ms=self._last_ms,
            reports=hashlib.sha256(told).hexdigest()[:ORIGIN_CHARS],
            reports_at=reports_at,
            proposed_config=proposed_config(manifest, self._settings) if manifest else "",
            faults_count=self._faults_count,
            faults=self._faults,
            differences_count=self._differences_count,
            differences=self._differences,
            notices=self._notices(),
        )

    def _spool_what_came_back(self) -> None:
        """Sales of which something came back, once more, with what is left of them."""
        for of_sale, lines in self._given_back.items():
            if of_sale not in self._sales:
                place = next(iter(lines.values()))[0][2]
                self._fault(place, "It gives back what is no sale of this source.", "lines")
        amended = [name for name in self._given_back if self._is_spooled(name)]
        again = []
        for old_id, item in zip(
            amended, self._spool.sales_at(self._sales[name] for name in amended), strict=True
        ):
            sale = self._with_returns(old_id, item.sale)
            again.append(msgspec.structs.replace(item, sale=sale, again=True))
        for item in again:
            self._spool.put(item)

    def _is_spooled(self, old_id: str) -> bool:
        return self._sales.get(old_id, _NOWHERE) != _NOWHERE

    def _with_returns(self, old_id: str, sale: Sale) -> Sale:
        if old_id in self._voids:
            return msgspec.structs.replace(sale, voided_by=self._voids[old_id][0])
        returned: dict[str, int] = {}
        for line_id, pieces in self._given_back[old_id].items():
            line = sale.line(line_id)
            for unscaled, scale, place in pieces:
                if line is None:
                    self._fault(place, f"The sale {old_id} has no line {line_id}.", "lines")
                    continue
                finer = scale - line.quantity.scale
                if finer > 0 and unscaled % 10**finer:
                    self._fault(place, "It gives back a smaller part than was sold.", "lines")
                    continue
                piece = unscaled // 10**finer if finer > 0 else unscaled * 10**-finer
                returned[line_id] = returned.get(line_id, 0) + piece
                if returned[line_id] > line.quantity.unscaled:
                    sentence = f"More comes back than was sold in line {line_id} of {old_id}."
                    self._fault(place, sentence, "lines")
        return msgspec.structs.replace(sale, returned=returned)

    def _reports(self) -> Iterator[OldReport]:
        nothing = _Sum()
        for old_id, (place, shift) in self._shifts.items():
            summed = self._by_shift.get(old_id, nothing).totals()
            reported = _reported(shift.totals)
            self._compare(place, "shift", old_id, summed, reported)
            moved = sum(movement.amount_minor for movement in shift.movements)
            cash = (summed.tenders or {}).get(TenderType.CASH.value, 0)
            expected = shift.float_minor + moved + cash
            if shift.expected_minor is not None:
                theirs = shift.expected_minor
                self._compare_one(place, "shift", old_id, "expected cash", theirs, expected)
            yield OldReport(
                kind=OldReportKind.SHIFT,
                old_id=old_id,
                summed=summed,
                reported=reported,
                business_day=shift.business_day,
                operator=shift.operator,
                opened_ms=unix_ms(shift.opened_at),
                closed_ms=unix_ms(shift.closed_at) if shift.closed_at else 0,
                float_minor=shift.float_minor,
                moved_minor=moved,
                counted_minor=shift.counted_minor,
                expected_minor=expected,
                uploaded=shift.uploaded,
            )
        for old_id, (place, day) in self._days.items():
            summed = self._by_day.get(old_id, nothing).totals()
            reported = _reported(day.totals)
            self._compare(place, "day", old_id, summed, reported)
            yield OldReport(
                kind=OldReportKind.DAY,
                old_id=old_id,
                summed=summed,
                reported=reported,
                business_day=old_id,
                opened_ms=unix_ms(day.opened_at) if day.opened_at else 0,
                closed_ms=unix_ms(day.closed_at) if day.closed_at else 0,
                uploaded=day.uploaded,
            )

    def _compare(
        self, place: Place, of: str, old_id: str, ours: OldTotals, theirs: OldTotals
    ) -> None:
        pairs = (
            ("receipts", theirs.receipts, ours.receipts),
            ("payable", theirs.payable_minor, ours.payable_minor),
            ("tax", theirs.tax_minor, ours.tax_minor),
        )
        for what, their, our in pairs:
            if their is not None:
                self._compare_one(place, of, old_id, what, their, our or 0)
        if theirs.tenders is not None:
            mine = ours.tenders or {}
            for kind in sorted({*theirs.tenders, *mine}):
                their, our = theirs.tenders.get(kind, 0), mine.get(kind, 0)
                self._compare_one(place, of, old_id, kind, their, our)

    def _compare_one(
        self, place: Place, of: str, old_id: str, what: str, theirs: int, ours: int
    ) -> None:
        if theirs == ours:
            return
        self._differences_count += 1
        if len(self._differences) < DIFFERENCES_TOLD_MAX:
            self._differences.append(
                Difference(
                    file=place.file,
                    line=place.line,
                    of=of,
                    old_id=old_id,
                    what=what,
                    theirs=theirs,
                    ours=ours,
                )
            )

    def _notices(self) -> list[str]:
        notices: list[str] = []
        for old_id, (_, shift) in self._shifts.items():
            if shift.closed_at is None and len(notices) < NOTICES_MAX:
                notices.append(
                    f"Shift {old_id} was not handed over there: count its drawer, and open a shift"
                    " here with what is in it."
                )
        if self._settings is not None:
            left = self._settings.not_carried_over[: NOTICES_MAX - len(notices)]
            notices += [f"Not carried over: {what}" for what in left]
        return notices

    def _fault(self, place: Place, sentence: str, field: str = "") -> None:
        self._faults_count += 1
        if len(self._faults) < FAULTS_TOLD_MAX:
            fault = Fault(
                file=place.file, line=place.line, sentence=_shown(sentence), field=_shown(field)
            )
            self._faults.append(fault)


def _shown(text: str) -> str:
    """A text that may repeat what stands in a file: short, and no command to a terminal."""
    short = text if len(text) <= SENTENCE_CHARS_MAX else f"{text[:SENTENCE_CHARS_MAX]} …"
    return short if short.isprintable() else short.encode("unicode_escape").decode()


def _reported(totals: TheirTotals) -> OldTotals:
    tenders = totals.tenders
    return OldTotals(
        receipts=totals.receipts,
        payable_minor=totals.payable_minor,
        tax_minor=totals.tax_minor,
        tenders=None if tenders is None else {kind.value: each for kind, each in tenders.items()},
    )

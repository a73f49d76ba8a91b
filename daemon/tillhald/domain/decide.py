"""decide(state, rules, command, now) -> facts. May refuse; changes nothing.

What the shop allows stands in this module and, by topic, in those that it calls; the wire, the
clock and the disk are elsewhere.
"""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.back_entry import as_slip, check_slip, decide_slips
from tillhald.domain.decide_access import decide_access
from tillhald.domain.decide_day import decide_day
from tillhald.domain.decide_power import decide_power, refuse_on_low_battery
from tillhald.domain.decide_shift import (
    SELLS,
    check_books,
    decide_shift,
    operator_of,
    selling_facts,
)
from tillhald.domain.devices import DeviceCounts, Identity
from tillhald.domain.jobs import LIVE_JOBS_MAX, LIVE_KICKS_MAX, RECEIPTS_WAITING_MAX, JobKind
from tillhald.domain.paper import cancel_job, resolve_job
from tillhald.domain.quick_start import begun_with_its_sale
from tillhald.domain.recovery import refuse_before_recovery, resolve_item
from tillhald.domain.returns import open_return, recheck_return, void_sale
from tillhald.domain.rules import ShopRules
from tillhald.domain.sale import (
    DISCOUNTS_MAX,
    LINES_MAX,
    TENDERS_MAX,
    UNRESOLVED_TENDER,
    Line,
    Sale,
    SaleKind,
    SaleState,
    Tender,
    TenderState,
    TenderType,
    check_unique,
    live_sale,
    settle,
    totals_of,
)
from tillhald.domain.slip_paper import blank_slips, suspended_sales
from tillhald.domain.state import LIVE_SALES_MAX, TillState
from tillhald.domain.statistics import KEPT, POWERED_SECONDS

CLOCK_BACK_MS_MAX = 2_000
"""How far the clock may be set back (by a time server's slew) without being called suspect."""


def decide(
    state: TillState, rules: ShopRules, command: cmd.AnyCommand, now: cmd.Now
) -> list[ev.AnyEvent]:
    """The facts that `command` makes, in order. Raises Refused."""
    facts = _decide(state, rules, command, now)
    begun = begun_with_its_sale(state, rules, facts, now)
    return [*clock_facts(state, now.at_ms), *facts, *begun]


def clock_facts(state: TillState, at_ms: int) -> list[ev.AnyEvent]:
    """What is to be said about a clock that jumped back, or has caught up."""
    if state.clock_suspect:
        return [ev.ClockCaughtUp()] if at_ms >= state.clock_max_ms else []
    if at_ms + CLOCK_BACK_MS_MAX < state.clock_max_ms:
        return [ev.ClockWentBack(before_ms=state.clock_max_ms, after_ms=at_ms)]
    return []


def _decide(
    state: TillState, rules: ShopRules, command: cmd.AnyCommand, now: cmd.Now
) -> list[ev.AnyEvent]:
    refuse_on_low_battery(state, command)
    refuse_before_recovery(state, rules, command)
    match command:
        case cmd.Checkout():
            return _checkout(state, rules, command, now)
        case cmd.OpenSale():
            opened = ev.SaleOpened(
                sale_id=_new_sale_id(state, command.sale_id, now),
                language=command.language or rules.language,
                tax_included=_tax_included(command.tax_included, rules),
                operator=operator_of(state, rules, now),
            )
            _check_room(state)
            return [*selling_facts(state, rules, now), opened]
        case cmd.VoidSale():
            _new_sale_id(state, command.sale_id, now)
            original = _finished(now, command.original_sale_id)
            check_books(state, original)
            opened, tenders = void_sale(original, command, operator_of(state, rules, now))
            return [
                *selling_facts(state, rules, now),
                opened,
                *(ev.TenderAdded(sale_id=opened.sale_id, tender=t) for t in tenders),
                _completion(
                    state, rules, _as_sale(opened, tenders), rounding=-original.rounding_minor
                ),
            ]
        case cmd.OpenReturn():
            _new_sale_id(state, command.sale_id, now)
            _check_room(state)
            original = _finished(now, command.original_sale_id)
            check_books(state, original)
            opened = open_return(original, command, operator_of(state, rules, now))
            return [*selling_facts(state, rules, now), opened]
        case cmd.ReprintReceipt():
            return [_reprint(state, rules, command, now)]
        case cmd.SubmitJob():
            return [_submit(state, command, now)]
        case cmd.CancelJob():
            return [cancel_job(state, command, now)]
        case cmd.ResolveJob():
            return resolve_job(state, rules, command, now)
        case cmd.OpenDrawer():
            return [_open_drawer(state, command, now)]
        case cmd.InjectScan(device_id=device_id, kind=kind, chars=chars, text=text):
            return [ev.ScanKeyed(device_id=device_id, kind=kind, chars=chars, text=text)]
        case cmd.ResetStatistics():
            return [_reset_statistics(state, command)]
        case cmd.AdoptDevice(device_id=device_id, identity=identity):
            return [_adopt_device(state, device_id, identity)]
        case cmd.Reconfigure():
            return [
                ev.DevicesReconfigured(
                    added=command.added,
                    changed=command.changed,
                    removed=command.removed,
                    receipt=command.receipt,
                )
            ]
        case cmd.OpenShift() | cmd.OnShift():
            return decide_shift(state, rules, command, now)
        case cmd.OpenDay() | cmd.CloseDay() | cmd.ExceptTender() | cmd.PrintReport():
            return decide_day(state, rules, command, now)
        case cmd.AnnotateOutage() | cmd.RunSelfTest() | cmd.RecordBattery():
            return [decide_power(state, command, now)]
        case (
            cmd.ResolveItem()
            | cmd.OpenBackEntry()
            | cmd.PutSlip()
            | cmd.MarkSlip()
            | cmd.CloseBackEntry()
            | cmd.PrintSlips()
            | cmd.PrintSuspended()
        ):
            return _after_an_outage(state, rules, command, now)
        case (
            cmd.PutOperator()
            | cmd.SetPin()
            | cmd.DisableOperator()
            | cmd.IssueToken()
            | cmd.RevokeToken()
        ):
            return decide_access(state, command)
        case _:
            return _on_sale(state, rules, command, now)


def _after_an_outage(
    state: TillState, rules: ShopRules, command: cmd.RecoveryCommand, now: cmd.Now
) -> list[ev.AnyEvent]:
    match command:
        case cmd.ResolveItem():
            who = now.operator or command.resolved_by or operator_of(state, rules, now)
            ordinary, resolved = resolve_item(state, command, who)
            done = _decide(state, rules, ordinary, now) if ordinary is not None else []
            return [*done, resolved]
        case cmd.OpenBackEntry() | cmd.MarkSlip() | cmd.CloseBackEntry():
            return [decide_slips(state, command, now, operator_of(state, rules, now))]
        case cmd.PutSlip(sale=sale):
            check_slip(state, command, now)
            sold = _checkout(state, rules, sale, now)
            return as_slip(sold, command, now, operator_of(state, rules, now))
        case cmd.PrintSlips():
            who = now.operator or command.printed_by or operator_of(state, rules, now)
            return blank_slips(state, rules, command, who)
        case cmd.PrintSuspended():
            _new_job(state, command.job_id, now)
            return [suspended_sales(state, rules, command)]
        case _:
            assert_never(command)


# --- whole sales


def _checkout(
    state: TillState, rules: ShopRules, command: cmd.Checkout, now: cmd.Now
) -> list[ev.AnyEvent]:
    if not command.lines:
        raise errors.FieldInvalid("lines", "A sale needs at least one line.")
    _within(len(command.lines), LINES_MAX, "lines", errors.TooManyLines)
    _within(len(command.discounts), DISCOUNTS_MAX, "discounts", errors.TooManyLines)
    _within(len(command.tenders), TENDERS_MAX, "tenders", errors.TooManyTenders)
    check_unique([line.line_id for line in command.lines], "lines", "line_id")
    check_unique([tender.tender_id for tender in command.tenders], "tenders", "tender_id")
    if command.discounts:
        _check_discounts(command)
    for index, tender in enumerate(command.tenders):
        _check_sign(tender, SaleKind.SALE, f"tenders[{index}].amount")
    opened = ev.SaleOpened(
        sale_id=_new_sale_id(state, command.sale_id, now),
        language=command.language or rules.language,
        tax_included=_tax_included(command.tax_included, rules),
        operator=operator_of(state, rules, now),
        lines=command.lines,
        discounts=tuple(d for d in command.discounts if not d.is_nothing),
    )
    return [
        *selling_facts(state, rules, now),
        opened,
        *(ev.TenderAdded(sale_id=command.sale_id, tender=tender) for tender in command.tenders),
        _checkout_completion(state, rules, command, _as_sale(opened, command.tenders)),
    ]


def _check_discounts(command: cmd.Checkout) -> None:
    check_unique(
        [discount.discount_id for discount in command.discounts], "discounts", "discount_id"
    )
    known = {line.line_id for line in command.lines}
    for discount in command.discounts:
        if discount.line_id and discount.line_id not in known:
            sentence = "The discount names a line that is not in the sale."
            raise errors.LineNotFound(sentence, line_id=discount.line_id)


def _checkout_completion(
    state: TillState, rules: ShopRules, command: cmd.Checkout, sale: Sale
) -> ev.SaleCompleted:
    try:
        return _completion(state, rules, sale)
    except errors.DiscountTooLarge as refusal:
        ids = [discount.discount_id for discount in command.discounts]
        refusal.field = f"discounts[{ids.index(refusal.facts['discount_id'])}]"
        raise


def _as_sale(opened: ev.SaleOpened, tenders: tuple[Tender, ...]) -> Sale:
    """The sale that these facts will make, for working out what it comes to."""
    return Sale(
        sale_id=opened.sale_id,
        state=SaleState.TENDERING,
        version=1,
        opened_ms=0,
        updated_ms=0,
        seq=0,
        shift_id="",
        business_day="",
        operator=opened.operator,
        language=opened.language,
        tax_included=opened.tax_included,
        kind=opened.kind,
        lines=opened.lines,
        discounts=opened.discounts,
        tenders=tenders,
    )


def _completion(
    state: TillState, rules: ShopRules, sale: Sale, *, rounding: int | None = None
) -> ev.SaleCompleted:
    """The fact that ends a sale. A void passes the `rounding` that it mirrors."""
    totals = totals_of(sale)
    if rounding is None:
        settled = settle(sale, totals, rules)
        rounding, change = settled.rounding_minor, settled.change_minor
    else:
        change = 0
    training = state.shift is not None and state.shift.training
    number = (state.trainings_given if training else state.receipts_given) + 1
    name = f"training/{number}" if training else f"{number}"
    # Selling never stops for paper or drawer: beyond these limits it goes on without them.
    prints = rules.receipt_printer and len(state.jobs) < RECEIPTS_WAITING_MAX
    opens_drawer = (
        rules.drawer
        and not training
        and len(state.kicks) < LIVE_KICKS_MAX
        and (change or _opens_drawer(sale, rules))
    )
    return ev.SaleCompleted(
        sale_id=sale.sale_id,
        receipt_number=number,
        totals=totals,
        rounding_minor=rounding,
        change_minor=change,
        printer=rules.receipt_printer if prints else "",
        # A stroke is in no caller's id: these two cannot collide with theirs.
        receipt_job_id=f"receipt/{name}" if prints else "",
        receipt_ttl_s=rules.receipt_ttl_s if prints else 0,
        drawer=rules.drawer if opens_drawer else "",
        kick_id=f"kick/{name}" if opens_drawer else "",
        training=training,
    )


def _opens_drawer(sale: Sale, rules: ShopRules) -> bool:
    return any(
        rules.tender(tender.type).opens_drawer
        for tender in sale.tenders
        if tender.state is TenderState.APPROVED
    )


def _tax_included(asked: bool | None, rules: ShopRules) -> bool:  # noqa: FBT001 - a value, no switch
    return rules.tax_included if asked is None else asked


def _new_sale_id(state: TillState, sale_id: str, now: cmd.Now) -> str:
    if sale_id in state.sales or sale_id in now.finished:
        raise errors.SaleExists("There is a sale with this id already.", sale_id=sale_id)
    return sale_id


def _check_room(state: TillState) -> None:
    """For a sale that stays live: what is over at once needs no room, and is sold all the same."""
    if len(state.sales) >= LIVE_SALES_MAX:
        sentence = "Too many sales are open or suspended; finish some first."
        raise errors.TooManyOpenSales(sentence, limit=LIVE_SALES_MAX)


def _finished(now: cmd.Now, sale_id: str) -> Sale:
    original = now.finished.get(sale_id)
    if original is None:
        raise errors.SaleNotFound("There is no finished sale with this id.", sale_id=sale_id)
    return original


# --- steps on a live sale


_OnSale = (
    cmd.PutLine
    | cmd.RemoveLine
    | cmd.ApplyDiscount
    | cmd.SuspendSale
    | cmd.ResumeSale
    | cmd.AddTender
    | cmd.ResolveTender
    | cmd.ReverseTender
    | cmd.CompleteSale
    | cmd.CancelSale
)


def _on_sale(
    state: TillState, rules: ShopRules, command: _OnSale, now: cmd.Now
) -> list[ev.AnyEvent]:
    sale = live_sale(state.sales, now.finished, command.sale_id, command.expected_version)
    if not isinstance(command, SELLS):
        return _step(state, rules, sale, command, now)
    opening = selling_facts(state, rules, now)
    check_books(state, sale)
    return [*opening, *_step(state, rules, sale, command, now)]


def _step(
    state: TillState, rules: ShopRules, sale: Sale, command: _OnSale, now: cmd.Now
) -> list[ev.AnyEvent]:
    sale_id = sale.sale_id
    match command:
        case cmd.PutLine(line=line):
            return [ev.LinePut(sale_id=sale_id, line=_line_for(sale, line))]
        case cmd.RemoveLine(line_id=line_id):
            return [_removal(sale, line_id)]
        case cmd.ApplyDiscount():
            return [_discount(sale, command)]
        case cmd.SuspendSale(note=note):
            _in_state(sale, SaleState.OPEN, SaleState.INTERRUPTED)
            if sale.has_live_tender:
                sentence = "The sale has a tender; give it back before putting the sale aside."
                raise errors.SaleStateWrong(sentence, state=sale.state.value)
            return [ev.SaleSuspended(sale_id=sale_id, note=note)]
        case cmd.ResumeSale():
            _in_state(sale, SaleState.SUSPENDED, SaleState.INTERRUPTED)
            return [ev.SaleResumed(sale_id=sale_id)]
        case cmd.AddTender(tender=tender):
            return [ev.TenderAdded(sale_id=sale_id, tender=_tender_for(sale, rules, tender))]
        case cmd.ResolveTender():
            return [_resolution(state, sale, command)]
        case cmd.ReverseTender(tender_id=tender_id, reason=reason):
            _in_state(sale, SaleState.TENDERING)
            _tender_in(sale, tender_id, TenderState.APPROVED)
            return [ev.TenderReversed(sale_id=sale_id, tender_id=tender_id, reason=reason)]
        case cmd.CompleteSale():
            return [_complete(state, rules, sale, now)]
        case cmd.CancelSale(reason=reason):
            if sale.has_live_tender:
                raise errors.TenderUnresolved(
                    "The sale has a tender; give it back before cancelling.", sale_id=sale_id
                )
            return [ev.SaleCancelled(sale_id=sale_id, reason=reason)]
        case _:
            assert_never(command)


def _line_for(sale: Sale, line: Line) -> Line:
    _in_state(sale, SaleState.OPEN)
    if sale.kind is not SaleKind.SALE:
        sentence = "A return holds only lines of the original sale."
        raise errors.SaleStateWrong(sentence, kind=sale.kind.value)
    if sale.line(line.line_id) is None:
        _within(len(sale.lines) + 1, LINES_MAX, "line", errors.TooManyLines)
    others = tuple(o for o in sale.lines if o.line_id != line.line_id)
    _check_totals(replace(sale, lines=(*others, line)), "line")
    return line


def _check_totals(sale: Sale, field: str) -> None:
    """Refuse what no longer adds up, in the words of the request that would bring it about."""
    try:
        totals_of(sale)
    except errors.Invalid as refusal:
        refusal.field = field
        raise


def _removal(sale: Sale, line_id: str) -> ev.LineRemoved:
    _in_state(sale, SaleState.OPEN)
    _known_line(sale, line_id)
    lines = tuple(line for line in sale.lines if line.line_id != line_id)
    discounts = tuple(d for d in sale.discounts if d.line_id != line_id)
    # A discount on the sale may be more than what is left: then no total could be told any more.
    _check_totals(replace(sale, lines=lines, discounts=discounts), "line_id")
    return ev.LineRemoved(sale_id=sale.sale_id, line_id=line_id)


def _discount(sale: Sale, command: cmd.ApplyDiscount) -> ev.DiscountApplied:
    _in_state(sale, SaleState.OPEN)
    discount = command.discount
    if sale.kind is not SaleKind.SALE:
        sentence = "A return takes no discount: it gives back what was paid."
        raise errors.SaleStateWrong(sentence, kind=sale.kind.value)
    if discount.line_id:
        _known_line(sale, discount.line_id)
    others = tuple(d for d in sale.discounts if d.discount_id != discount.discount_id)
    _within(len(others) + 1, DISCOUNTS_MAX, "discount", errors.TooManyLines)
    totals_of(replace(sale, discounts=(*others, discount)))
    return ev.DiscountApplied(sale_id=sale.sale_id, discount=discount)


def _tender_for(sale: Sale, rules: ShopRules, tender: Tender) -> Tender:
    _in_state(sale, SaleState.OPEN, SaleState.TENDERING)
    if not sale.lines:
        raise errors.SaleEmpty("The sale has no lines.", sale_id=sale.sale_id)
    if sale.tender(tender.tender_id) is not None:
        sentence = "There is a tender with this id already."
        raise errors.TenderExists(sentence, tender_id=tender.tender_id)
    _within(len(sale.tenders) + 1, TENDERS_MAX, "tender", errors.TooManyTenders)
    _check_sign(tender, sale.kind, "tender.amount")
    live = sum(
        t.amount_minor
        for t in sale.tenders
        if t.state is TenderState.APPROVED or t.state in UNRESOLVED_TENDER
    )
    due = totals_of(sale).payable_minor - live
    over = tender.amount_minor - due if sale.kind is SaleKind.SALE else due - tender.amount_minor
    is_cash = tender.type is TenderType.CASH
    if over > 0 and not is_cash and not rules.tender(tender.type).allows_change:
        sentence = "This is more than what is due, and no change is given on this tender."
        raise errors.ChangeNotAllowed("tender.amount", sentence, due_minor=due)
    return tender


def _check_sign(tender: Tender, kind: SaleKind, field: str) -> None:
    if kind is SaleKind.SALE and tender.amount_minor <= 0:
        raise errors.FieldInvalid(field, "A tender of a sale is above zero.")
    if kind is SaleKind.RETURN and tender.amount_minor >= 0:
        raise errors.FieldInvalid(field, "What a return gives back is below zero.")


def _resolution(state: TillState, sale: Sale, command: cmd.ResolveTender) -> ev.TenderResolved:
    _in_state(sale, SaleState.TENDERING, SaleState.INTERRUPTED)
    match command.outcome:
        case TenderState.APPROVED | TenderState.DECLINED:
            _tender_in(sale, command.tender_id, *UNRESOLVED_TENDER)
        case TenderState.UNKNOWN:
            _tender_in(sale, command.tender_id, TenderState.PENDING)
        case TenderState.WRITTEN_OFF:
            _tender_in(sale, command.tender_id, TenderState.UNKNOWN)
        case _:
            sentence = "A tender ends approved, declined, unknown or written off."
            raise errors.FieldInvalid("outcome", sentence)
    today = state.day.business_day if state.day else ""
    return ev.TenderResolved(
        sale_id=sale.sale_id,
        tender_id=command.tender_id,
        outcome=command.outcome,
        evidence=command.evidence,
        original_business_day=sale.business_day if sale.business_day != today else "",
    )


def _tender_in(sale: Sale, tender_id: str, *states: TenderState) -> Tender:
    tender = sale.tender(tender_id)
    if tender is None:
        raise errors.TenderNotFound("There is no such tender in the sale.", tender_id=tender_id)
    if tender.state not in states:
        sentence = f"The tender is {tender.state.value}."
        raise errors.TenderStateWrong(sentence, state=tender.state.value)
    return tender


def _complete(state: TillState, rules: ShopRules, sale: Sale, now: cmd.Now) -> ev.SaleCompleted:
    _in_state(sale, SaleState.OPEN, SaleState.TENDERING)
    if not sale.lines:
        raise errors.SaleEmpty("The sale has no lines.", sale_id=sale.sale_id)
    unresolved = [t.tender_id for t in sale.tenders if t.state in UNRESOLVED_TENDER]
    if unresolved:
        sentence = "A tender's outcome is not known yet; resolve it first."
        raise errors.TenderUnresolved(sentence, tender_id=unresolved[0])
    if sale.kind is SaleKind.RETURN:
        recheck_return(_finished(now, sale.original_sale_id), sale)
    return _completion(state, rules, sale)


def _in_state(sale: Sale, *states: SaleState) -> None:
    if sale.state not in states:
        sentence = f"The sale is {sale.state.value}."
        raise errors.SaleStateWrong(sentence, state=sale.state.value, version=sale.version)


def _known_line(sale: Sale, line_id: str) -> None:
    if sale.line(line_id) is None:
        raise errors.LineNotFound("There is no such line in the sale.", line_id=line_id)


def _within(count: int, limit: int, field: str, refusal: type[errors.Invalid]) -> None:
    if count > limit:
        raise refusal(field, f"{count} are too many; at most {limit}.", limit=limit)


# --- deeds that a person asks for


def _reprint(
    state: TillState, rules: ShopRules, command: cmd.ReprintReceipt, now: cmd.Now
) -> ev.JobSubmitted:
    if command.sale_id in state.sales:
        raise errors.SaleStateWrong("The sale is not completed.", sale_id=command.sale_id)
    sale = _finished(now, command.sale_id)
    if sale.state is not SaleState.COMPLETED:
        raise errors.SaleStateWrong("The sale is not completed.", state=sale.state.value)
    if not rules.receipt_printer:
        raise errors.NoPrinter("No printer of receipts is configured.")
    _new_job(state, command.job_id, now)
    return ev.JobSubmitted(
        job_id=command.job_id,
        printer=rules.receipt_printer,
        kind=JobKind.RECEIPT_COPY,
        ttl_s=rules.receipt_ttl_s,
        sale_id=sale.sale_id,
        copy=sale.copies + 1,
    )


def _submit(state: TillState, command: cmd.SubmitJob, now: cmd.Now) -> ev.JobSubmitted:
    _new_job(state, command.job_id, now)
    return ev.JobSubmitted(
        job_id=command.job_id,
        printer=command.printer,
        kind=JobKind.DOCUMENT,
        ttl_s=command.ttl_s,
        document=command.document,
    )


def _new_job(state: TillState, job_id: str, now: cmd.Now) -> None:
    if now.id_taken or job_id in state.jobs:
        raise errors.JobExists("There is a job with this id already.", job_id=job_id)
    if len(state.jobs) >= LIVE_JOBS_MAX:
        raise errors.Full("Too many print jobs are waiting.", limit=LIVE_JOBS_MAX)


def _open_drawer(state: TillState, command: cmd.OpenDrawer, now: cmd.Now) -> ev.DrawerOpenRequested:
    if now.id_taken or command.kick_id in state.kicks:
        raise errors.KickExists("There is a kick with this id already.", kick_id=command.kick_id)
    if len(state.kicks) >= LIVE_KICKS_MAX:
        raise errors.Full("Too many drawer kicks are waiting.", limit=LIVE_KICKS_MAX)
    return ev.DrawerOpenRequested(
        kick_id=command.kick_id,
        drawer=command.drawer,
        reason=command.reason,
        note=command.note,
    )


# --- devices


def _reset_statistics(state: TillState, command: cmd.ResetStatistics) -> ev.StatisticsReset:
    counts = state.statistics.get(command.device_id, DeviceCounts()).counts
    kept = KEPT | {POWERED_SECONDS}
    names = command.names or tuple(name for name in counts if name not in kept)
    before = {name: counts.get(name, 0) for name in names}
    return ev.StatisticsReset(device_id=command.device_id, before=before)


def _adopt_device(state: TillState, device_id: str, identity: Identity) -> ev.DeviceAdopted:
    before = state.identities.get(device_id, Identity())
    if not identity.is_other_than(before):
        sentence = "This device is the one that is known already."
        raise errors.DeviceNotReplaced(sentence, device_id=device_id)
    return ev.DeviceAdopted(device_id=device_id, identity=identity, before=before)

"""Jobs in doubt: what evidence, policy and people may make of them, and what they may not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.support.shop import Shop, card, line
from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.answers import ResolvedAnswer
from tillhald.domain.deeds import next_job, next_kick
from tillhald.domain.document import PrintDocument
from tillhald.domain.jobs import (
    COPIES_BY_POLICY_MAX,
    UNRESOLVED_JOBS_MAX,
    Job,
    JobKind,
    JobState,
    Resolution,
)
from tillhald.domain.paper import by_policy, in_doubt, is_provable, judged
from tillhald.domain.readmodels import decode_job, job_key
from tillhald.domain.rules import PaperPolicy, ShopRules, WhenUnconfirmed
from tillhald.domain.state import decode_state, encode_state

RULES = ShopRules(receipt_printer="front", receipt_ttl_s=60)
UNCONFIRMED, PARTIAL = JobState.UNCONFIRMED, JobState.FAILED_PARTIAL
REPRINT = PaperPolicy(when_unconfirmed=WhenUnconfirmed.REPRINT_AS_COPY)
ACCEPT = PaperPolicy(when_unconfirmed=WhenUnconfirmed.ACCEPT)


def shop_with(*sales: str, rules: ShopRules = RULES) -> Shop:
    shop = Shop(rules)
    for name in sales:
        shop.checkout(name, (line(),), card(750))
    return shop


def in_doubt_shop(
    outcome: JobState = UNCONFIRMED,
    reason: str = "LINK_LOST",
    *,
    cuts_before: int | None = 7,
    rules: ShopRules = RULES,
) -> tuple[Shop, Job]:
    shop = shop_with("s1", rules=rules)
    shop.note(ev.PrintStarted(job_id="receipt/1", cuts_before=cuts_before, cuts=1))
    shop.note(ev.PrintEnded(job_id="receipt/1", outcome=outcome, reason=reason))
    return shop, shop.state.unresolved["receipt/1"]


def row(shop: Shop, job_id: str) -> Job:
    return decode_job(shop.rows["jobs", job_key(job_id)])


# --- what is in doubt


@pytest.mark.parametrize("outcome", [UNCONFIRMED, PARTIAL])
def test_a_job_in_doubt_waits_for_a_decision_also_after_a_restart(outcome: JobState) -> None:
    shop, job = in_doubt_shop(outcome)
    assert job.is_unresolved
    assert list(decode_state(encode_state(shop.state)).unresolved) == ["receipt/1"]
    shop.restart()
    assert list(shop.state.unresolved) == ["receipt/1"]


@pytest.mark.parametrize("outcome", [JobState.CONFIRMED, JobState.EXPIRED])
def test_what_ended_well_or_never_began_is_not_in_doubt(outcome: JobState) -> None:
    shop, _ = in_doubt_shop()
    shop.checkout("s2", (line(),), card(750))
    shop.note(ev.PrintEnded(job_id="receipt/2", outcome=outcome))
    assert list(shop.state.unresolved) == ["receipt/1"]


def test_a_till_that_died_in_the_middle_leaves_the_printers_count_as_evidence() -> None:
    shop = shop_with("s1")
    shop.note(ev.PrintStarted(job_id="receipt/1", cuts_before=7, cuts=1))
    shop.restart()
    job = shop.state.unresolved["receipt/1"]
    assert (job.reason, job.cuts_before, is_provable(job)) == ("TILL_RESTARTED", 7, True)


def test_the_list_of_doubts_is_bounded_and_the_oldest_is_still_found_and_decided() -> None:
    shop = shop_with()
    for number in range(UNRESOLVED_JOBS_MAX + 1):
        job_id = f"doc{number}"
        document = PrintDocument(parts=())
        shop.do(cmd.SubmitJob(job_id=job_id, printer="front", document=document, ttl_s=9))
        shop.note(ev.PrintStarted(job_id=job_id))
        shop.note(ev.PrintEnded(job_id=job_id, outcome=UNCONFIRMED))
    assert len(shop.state.unresolved) == UNRESOLVED_JOBS_MAX
    assert "doc0" not in shop.state.unresolved
    shop.do(cmd.ResolveJob(job_id="doc0", resolution=Resolution.PRINTED))
    assert row(shop, "doc0").resolution is Resolution.PRINTED
    assert len(shop.state.unresolved) == UNRESOLVED_JOBS_MAX


# --- evidence


def test_a_count_that_rose_by_the_jobs_cuts_proves_it_and_one_that_stood_still_disproves_it() -> (
    None
):
    shop, job = in_doubt_shop()
    proven = judged(job, 8, at_ms=5)
    assert isinstance(proven, ev.JobConfirmedLate)
    assert (proven.job.state, proven.job.reason) == (JobState.CONFIRMED, "CUT_COUNTER")
    failed = judged(job, 7, at_ms=5)
    assert isinstance(failed, ev.JobFailedLate)
    assert failed.job.state is PARTIAL
    for foreign in (0, 6, 9, 700):
        assert judged(job, foreign, at_ms=5) is None, "somebody else has cut"
    shop.note(proven)
    assert shop.state.unresolved == {}
    assert row(shop, "receipt/1").state is JobState.CONFIRMED


def test_a_job_shown_to_be_half_stays_in_doubt_and_has_no_more_evidence() -> None:
    shop, job = in_doubt_shop()
    failed = judged(job, 7, at_ms=5)
    assert failed is not None
    shop.note(failed)
    left = shop.state.unresolved["receipt/1"]
    assert (left.state, is_provable(left)) == (PARTIAL, False)


def test_the_count_proves_nothing_any_more_once_another_job_has_begun() -> None:
    shop, _ = in_doubt_shop()
    shop.checkout("s2", (line(),), card(750))
    shop.note(ev.PrintStarted(job_id="receipt/2", cuts_before=8, cuts=1))
    assert not is_provable(shop.state.unresolved["receipt/1"])
    shop.note(ev.PrintEnded(job_id="receipt/2", outcome=UNCONFIRMED))
    assert is_provable(shop.state.unresolved["receipt/2"])


def test_a_job_on_another_printer_takes_nobodys_evidence() -> None:
    shop, _ = in_doubt_shop()
    document = PrintDocument(parts=())
    shop.do(cmd.SubmitJob(job_id="label", printer="back", document=document, ttl_s=9))
    shop.note(ev.PrintStarted(job_id="label", cuts_before=70, cuts=1))
    assert is_provable(shop.state.unresolved["receipt/1"])


# --- the shop's policy


def decided(shop: Shop, job: Job) -> list[ev.AnyEvent]:
    return by_policy(shop.state, shop.rules, job, shop.finished[job.sale_id], at_ms=9)


def test_a_shop_that_wants_to_be_asked_is_asked() -> None:
    shop, job = in_doubt_shop(cuts_before=None)
    assert in_doubt(shop.state, shop.rules, "front") == []
    assert decided(shop, job) == []


def test_a_policy_prints_a_marked_copy_and_says_that_it_was_the_policy() -> None:
    shop, job = in_doubt_shop(PARTIAL, rules=replace(RULES, receipts=REPRINT))
    assert in_doubt(shop.state, shop.rules, "front") == [job]
    resolved, submitted = decided(shop, job)
    assert isinstance(resolved, ev.JobResolved)
    assert isinstance(submitted, ev.JobSubmitted)
    assert resolved.job.resolved_by_policy
    assert resolved.job.copy_job_id == submitted.job_id == f"copy/{shop.state.seq + 1}"
    assert (submitted.kind, submitted.copy) == (JobKind.RECEIPT_COPY, 1)
    assert submitted.copy_of == "receipt/1"


def test_a_policy_does_not_print_copies_for_ever() -> None:
    shop, job = in_doubt_shop(rules=replace(RULES, receipts=REPRINT))
    worn = replace(job, copy=COPIES_BY_POLICY_MAX)
    assert decided(shop, worn) == []


def test_what_was_sent_whole_may_be_accepted_and_what_broke_off_may_not() -> None:
    rules = replace(RULES, receipts=ACCEPT)
    shop, job = in_doubt_shop(rules=rules)
    (resolved,) = decided(shop, job)
    assert isinstance(resolved, ev.JobResolved)
    assert resolved.job.resolution is Resolution.PRINTED
    shop, half = in_doubt_shop(PARTIAL, rules=rules)
    assert decided(shop, half) == []


def test_a_clone_that_read_it_all_and_is_well_is_enough_unless_the_shop_says_otherwise() -> None:
    shop, job = in_doubt_shop(UNCONFIRMED, "PROCESSED_ONLY", cuts_before=None)
    (resolved,) = decided(shop, job)
    assert isinstance(resolved, ev.JobResolved)
    assert resolved.job.resolution is Resolution.PRINTED
    strict = replace(RULES, receipts=PaperPolicy(accept_processed=False))
    shop, job = in_doubt_shop(UNCONFIRMED, "PROCESSED_ONLY", cuts_before=None, rules=strict)
    assert in_doubt(shop.state, strict, "front") == []
    assert decided(shop, job) == []


# --- people


def test_a_person_decides_once() -> None:
    shop, _ = in_doubt_shop()
    answer = shop.do(
        cmd.ResolveJob(job_id="receipt/1", resolution=Resolution.COPY, reason="none there"),
        operator="ann",
    )
    assert isinstance(answer, ResolvedAnswer)
    assert answer.copy is not None
    assert (answer.job.resolved_by, answer.job.resolve_reason) == ("ann", "none there")
    assert answer.copy.job_id == answer.job.copy_job_id
    assert next_job(shop.state, "front", shop.state.seq) == answer.copy
    refusal = shop.refuses(cmd.ResolveJob(job_id="receipt/1", resolution=Resolution.PRINTED))
    assert isinstance(refusal, errors.JobStateWrong)
    assert refusal.facts["resolution"] == "copy"


def test_a_copy_in_doubt_leads_to_the_next_number() -> None:
    shop, _ = in_doubt_shop()
    for number in (1, 2, 3):
        (job_id,) = shop.state.unresolved
        answer = shop.do(cmd.ResolveJob(job_id=job_id, resolution=Resolution.COPY))
        assert isinstance(answer, ResolvedAnswer)
        assert answer.copy is not None
        assert answer.copy.copy == number
        shop.note(ev.PrintStarted(job_id=answer.copy.job_id))
        shop.note(ev.PrintEnded(job_id=answer.copy.job_id, outcome=UNCONFIRMED))


def test_only_what_has_not_begun_is_taken_back() -> None:
    shop = shop_with("s1", "s2")
    shop.note(ev.PrintStarted(job_id="receipt/1"))
    assert isinstance(shop.refuses(cmd.CancelJob(job_id="receipt/1")), errors.JobStateWrong)
    shop.note(ev.JobHeld(job_id="receipt/1", reason="PAPER_OUT"))
    shop.do(cmd.CancelJob(job_id="receipt/1", reason="wants none"))
    assert row(shop, "receipt/1").state is JobState.CANCELLED
    assert list(shop.state.jobs) == ["receipt/2"]
    assert isinstance(shop.refuses(cmd.CancelJob(job_id="receipt/1")), errors.JobStateWrong)
    assert isinstance(shop.refuses(cmd.CancelJob(job_id="nobody")), errors.JobNotFound)


# --- another printer


def test_a_job_that_moves_joins_the_end_of_the_other_queue_and_its_drawer_waits_there() -> None:
    shop = shop_with("s1", "s2", rules=replace(RULES, drawer="drawer"))
    document = PrintDocument(parts=())
    shop.do(cmd.SubmitJob(job_id="label", printer="back", document=document, ttl_s=9))
    for job_id in ("receipt/1", "receipt/2"):
        shop.note(
            ev.JobRerouted(job_id=job_id, from_printer="front", to_printer="back", reason="OFFLINE")
        )
    assert list(shop.state.jobs) == ["label", "receipt/1", "receipt/2"]
    job = shop.state.jobs["receipt/1"]
    assert (job.state, job.rerouted_from) == (JobState.REROUTED, "front")
    assert next_job(shop.state, "front", shop.state.seq) is None
    shop.note(ev.PrintEnded(job_id="label", outcome=JobState.CONFIRMED))
    assert next_job(shop.state, "back", shop.state.seq) == job
    assert next_kick(shop.state, "drawer", shop.state.seq) is None, "no cash, no drawer"

"""What devices have done, counted from facts alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillhald.domain import events as ev
from tillhald.domain.devices import DEVICES_KNOWN_MAX, DeviceCounts, Identity
from tillhald.domain.document import Barcode, BarcodeKind, Cut, Feed, PrintDocument, Run, Text
from tillhald.domain.evolve import apply
from tillhald.domain.jobs import JobKind, JobState, KickReason, KickState, PrintWork
from tillhald.domain.layout import Paper
from tillhald.domain.state import TillState, decode_state, encode_state
from tillhald.domain.statistics import KEPT, STATISTICS, shown
from tillhald.domain.work import work_of

WORK = PrintWork(lines=10, characters=100, feeds=2, barcodes=1, cuts=1)


def after(*events: ev.AnyEvent, at_ms: int = 1_000, state: TillState | None = None) -> TillState:
    """The state after a record for each, a second apart."""
    state = state or TillState()
    for number, event in enumerate(events):
        record = ev.Record(wall_ms=at_ms + 1000 * number, events=(event,))
        state = apply(state, record, state.seq + 1)
    return state


def counts(state: TillState, device_id: str) -> dict[str, int]:
    return state.statistics.get(device_id, DeviceCounts()).counts


def job(outcome: JobState, reason: str = "") -> list[ev.AnyEvent]:
    return [
        ev.JobSubmitted(job_id="j", printer="p", kind=JobKind.RECEIPT, ttl_s=60),
        ev.PrintStarted(job_id="j"),
        ev.PrintEnded(job_id="j", outcome=outcome, reason=reason, work=WORK),
    ]


def kick(outcome: KickState, failure: str = "") -> list[ev.AnyEvent]:
    return [
        ev.DrawerOpenRequested(kick_id="k", drawer="d", reason=KickReason.TEST),
        ev.KickStarted(kick_id="k"),
        ev.KickEnded(kick_id="k", outcome=outcome, failure=failure),
    ]


@pytest.mark.parametrize(
    ("outcome", "reason", "cuts", "unconfirmed"),
    [
        (JobState.CONFIRMED, "PROCESS_ID", 1, 0),
        (JobState.UNCONFIRMED, "PROCESSED_ONLY", 1, 1),
        (JobState.UNCONFIRMED, "NO_ANSWER", 0, 1),
        (JobState.FAILED_PARTIAL, "LINK_LOST", 0, 0),
        (JobState.FAILED_BEFORE_START, "DOCUMENT_INVALID", 0, 0),
        (JobState.EXPIRED, "TTL_OVER", 0, 0),
    ],
)
def test_only_what_is_known_to_be_on_paper_is_counted_as_printed(
    outcome: JobState, reason: str, cuts: int, unconfirmed: int
) -> None:
    told = shown("pos_printer", counts(after(*job(outcome, reason)), "p"))
    assert told["PaperCutCount"] == told["BarcodePrintedCount"] == cuts
    assert told["ReceiptLinePrintedCount"] == 10 * cuts
    assert told["UnconfirmedJobCount"] == unconfirmed


def test_a_job_that_is_confirmed_late_counts_then_and_once() -> None:
    state = after(*job(JobState.UNCONFIRMED, "PAPER_OUT"))
    (finished,) = state.finished_jobs
    state = after(ev.JobConfirmedLate(job=finished), state=state)
    assert counts(state, "p") == {
        "UnconfirmedJobCount": 1,
        "ReceiptLinePrintedCount": 10,
        "ReceiptCharacterPrintedCount": 100,
        "ReceiptLineFeedCount": 2,
        "BarcodePrintedCount": 1,
        "PaperCutCount": 1,
    }


@pytest.mark.parametrize(
    ("outcome", "failure", "name"),
    [
        (KickState.FIRED, "", "DrawerGoodOpenCount"),
        (KickState.FAILED, "DRAWER_STAYED_CLOSED", "DrawerFailedOpenCount"),
        (KickState.FAILED, "TTL_OVER", ""),  # nobody tried
        (KickState.UNKNOWN, "NO_ANSWER", ""),
    ],
)
def test_a_kick_counts_by_what_became_of_it(outcome: KickState, failure: str, name: str) -> None:
    assert counts(after(*kick(outcome, failure)), "d") == ({name: 1} if name else {})


def test_how_long_a_drawer_stood_open_is_counted_where_both_ends_were_seen() -> None:
    opened, shut = ev.DrawerOpened(device_id="d"), ev.DrawerClosed(device_id="d")
    restart = ev.TillStarted(version="1", clean_shutdown=False)
    assert counts(after(opened, shut), "d") == {"DrawerOpenSeconds": 1}
    assert counts(after(opened, restart, shut), "d") == {}
    assert counts(after(shut), "d") == {}
    state = after(opened, at_ms=50_000)
    assert counts(after(shut, at_ms=0, state=state), "d") == {}  # the clock went back meanwhile


def test_conditions_are_counted_when_they_begin() -> None:
    codes = ("cover_open", "cutter_error", "overheated", "paper_out")
    began = [ev.ConditionBegan(device_id="p", code=code, severity="error") for code in codes]
    assert counts(after(*began, ev.ConditionEnded(device_id="p", code="paper_out")), "p") == {
        "ReceiptCoverOpenCount": 1,
        "FailedPaperCutCount": 1,
        "PrinterFaultCount": 1,
        "MaximumTempReachedCount": 1,
    }


def test_a_reset_sets_to_zero_what_it_names_and_says_when() -> None:
    state = after(*job(JobState.CONFIRMED))
    state = after(
        ev.StatisticsReset(device_id="p", before={"PaperCutCount": 1}), at_ms=77_000, state=state
    )
    assert "PaperCutCount" not in counts(state, "p")
    assert counts(state, "p")["ReceiptLinePrintedCount"] == 10
    assert state.statistics["p"].reset_ms == 77_000


def test_hours_are_told_whole_and_every_name_is_told() -> None:
    told = shown("pos_printer", {"PoweredSeconds": 7_199})
    assert told["HoursPoweredCount"] == 1
    assert tuple(told) == STATISTICS["pos_printer"]
    assert set(KEPT) <= {name for names in STATISTICS.values() for name in names}
    assert shown("a category to come", {"X": 1}) == {}


def test_what_is_remembered_of_devices_is_bounded() -> None:
    many = [f"d{number}" for number in range(DEVICES_KNOWN_MAX + 20)]
    state = after(*(ev.DevicesCounted(counts={name: {"ReplugCount": 1}}) for name in many))
    assert list(state.statistics) == many[-DEVICES_KNOWN_MAX:]
    known = [ev.DeviceIdentified(device_id=name, identity=Identity(serial=name)) for name in many]
    assert list(after(*known).identities) == many[-DEVICES_KNOWN_MAX:]


EVENTS = st.lists(
    st.sampled_from(
        [
            job(JobState.CONFIRMED),
            job(JobState.UNCONFIRMED, "PROCESSED_ONLY"),
            kick(KickState.FIRED),
            kick(KickState.FAILED, "DRAWER_STAYED_CLOSED"),
            [ev.DrawerOpened(device_id="d", without_kick=True)],
            [ev.DrawerClosed(device_id="d")],
            [ev.DevicesCounted(counts={"p": {"ReplugCount": 2}})],
            [ev.StatisticsReset(device_id="p", before={"PaperCutCount": 1})],
            [ev.DeviceIdentified(device_id="p", identity=Identity(serial="1"))],
            [ev.TillStarted(version="1", clean_shutdown=True)],
        ]
    ),
    max_size=12,
)


@given(EVENTS, st.integers(0, 12))
def test_a_checkpoint_anywhere_and_the_records_behind_it_give_the_same_counts(
    groups: list[list[ev.AnyEvent]], cut: int
) -> None:
    whole, halfway = TillState(), TillState()
    for number, group in enumerate(groups):
        whole = after(*group, at_ms=number * 10_000, state=whole)
        halfway = after(*group, at_ms=number * 10_000, state=halfway)
        if number == cut:
            halfway = decode_state(encode_state(halfway))
    assert whole.statistics == halfway.statistics
    assert whole.identities == halfway.identities


def test_the_work_of_a_document_is_that_of_this_paper() -> None:
    document = PrintDocument(
        parts=(
            Text(runs=(Run(text="ten chars. " * 6),)),
            Barcode(kind=BarcodeKind.CODE128, value="1"),
            Feed(lines=3),
            Cut(),
        )
    )
    narrow = Paper(columns=24, dots=288, code_pages=())
    wide = Paper(columns=48, dots=576, code_pages=())
    assert work_of(document, narrow).lines == 3
    assert work_of(document, wide).lines == 2
    assert work_of(document, narrow).characters == work_of(document, wide).characters == 54
    assert (work_of(document, wide).feeds, work_of(document, wide).barcodes) == (3, 1)
    assert work_of(document, wide).cuts == 1


# --- identity

EPSON = Identity(maker="EPSON", model="TM-T88V", serial="J1")


@pytest.mark.parametrize(
    ("said", "is_other"),
    [
        (EPSON, False),
        (Identity(maker="EPSON", model="TM-T88V", serial="J2"), True),
        (Identity(serial="J1"), False),
        (Identity(model="TM-T88V"), False),  # it may not tell its number
        (Identity(model="TM-T20II"), True),
        (Identity(model="TM-T20II", serial="J1"), True),  # two makers may count alike
        (Identity(), False),  # silence proves nothing
    ],
)
def test_a_device_is_another_one_only_where_that_is_certain(
    said: Identity, *, is_other: bool
) -> None:
    assert said.is_other_than(EPSON) is is_other
    assert not said.is_other_than(Identity())


def test_what_is_known_of_a_device_grows_and_is_not_forgotten() -> None:
    assert Identity(serial="J1").merged_into(Identity(model="TM-T88V")) == Identity(
        model="TM-T88V", serial="J1"
    )
    assert Identity().merged_into(EPSON) == EPSON
    assert str(EPSON) == "EPSON TM-T88V, serial J1"
    assert str(Identity()) == "unknown model"

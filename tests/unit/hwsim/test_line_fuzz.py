"""Whatever a host writes to a small device, and whatever a plan or a scenario says."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from hwsim.relay_drawer import RECEIVED_BYTES_MAX, VirtualRelayDrawer
from hwsim.scanner import VirtualScanner
from hwsim.scenario import ScenarioError, parse
from hwsim.shop_plan import KINDS, PlanError, from_tables
from hwsim.verbs import VERBS, mistakes

EXAMPLES: Final = int(os.environ.get("HWSIM_FUZZ_EXAMPLES", "2000")) // 20

WRITTEN = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from(
            [b"\x16T\r", b"\x16", b"\x16U", b"D", b"E", b"\xa0\x01\x01\xa2", b"\xa0\xff"]
        ),
    ),
    max_size=20,
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(WRITTEN)
def test_a_scanner_hears_anything_and_keeps_little(written: list[bytes]) -> None:
    scanner = VirtualScanner(Path("never-plugged-in"))
    scanner.present("96385074", symbology="ean8")
    for data in written:
        scanner._hear(data, 0.0)
        assert len(scanner._unread) < 3
    assert scanner.received == b"".join(written)[-RECEIVED_BYTES_MAX:]
    scanner.close()


@settings(max_examples=EXAMPLES, deadline=None)
@given(WRITTEN, st.sampled_from(["lcus", "trigger"]))
def test_a_relay_board_hears_anything_in_whatever_pieces(written: list[bytes], kind: str) -> None:
    whole = VirtualRelayDrawer(Path("never"), kind=kind)  # type: ignore[arg-type]  # one of the two
    pieces = VirtualRelayDrawer(Path("never"), kind=kind)  # type: ignore[arg-type]
    whole._hear(b"".join(written), 0.0)
    for data in written:
        pieces._hear(data, 0.0)
        assert len(pieces._unread) < 4
    if kind == "lcus":
        assert pieces.coil_is_on == whole.coil_is_on
        assert len(pieces.pulses) == len(whole.pulses)
    whole.close()
    pieces.close()


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["seed", "devices", "x"]), VALUES),
    st.dictionaries(
        st.text(max_size=5),
        st.dictionaries(
            st.sampled_from(["kind", "at", "port", "pin", "link", "printer", "channel", "suffix"]),
            st.one_of(VALUES, st.sampled_from(list(KINDS))),
        ),
        max_size=3,
    ),
)
def test_any_plan_is_taken_or_refused(
    tables: dict[str, object], devices: dict[str, object]
) -> None:
    for plan in (tables, {**tables, "devices": devices}):
        try:
            taken = from_tables(plan)
        except PlanError as refused:
            assert refused.mistakes
        else:
            assert taken.devices


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.sampled_from(list(VERBS)),
    st.text(max_size=5),
    st.dictionaries(st.sampled_from(["code", "frames", "after_lines", "symbology", "x"]), VALUES),
)
def test_any_verb_with_any_values_is_right_or_refused(
    kind: str, do: str, values: dict[str, object]
) -> None:
    for verb in (do, *VERBS[kind]):
        for mistake in mistakes(kind, verb, values):
            assert mistake


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["at_s", "from_s", "until_s", "every_s", "device", "do", "for_s", "x"]),
            st.sampled_from(['"jam"', '["jam"]', "[]", "1", "-1", "nan", "inf", "true", "[1, 2]"]),
        ),
        unique_by=lambda pair: pair[0],
    ),
    st.sampled_from(["[[step]]", "[[random]]", "[step]"]),
)
def test_any_scenario_is_taken_or_refused(pairs: list[tuple[str, str]], head: str) -> None:
    text = "\n".join([head, *(f"{key} = {value}" for key, value in pairs)])
    try:
        steps = parse(text).timeline(1)
    except ScenarioError as refused:
        assert refused.mistakes
    else:
        assert all(math.isfinite(step.at_s) for step in steps)

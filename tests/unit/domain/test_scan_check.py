"""The code that a check of a scanner has read, and what counts as having read it."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tillhald.domain.layout import Paper
from tillhald.domain.preflight import check
from tillhald.domain.scan import Corruption, Scan
from tillhald.domain.scan_check import Watched, code_page, looked_at, new_code
from tillhald.domain.scan_reading import read_scan
from tillhald.domain.scan_rules import ScanRules

CODE = "2912345678906"


@given(st.randoms(use_true_random=False))
def test_every_code_is_an_ean_13_that_a_printer_takes(random: random.Random) -> None:
    code = new_code(random.randrange)
    paper = Paper(columns=42, dots=512, code_pages=("cp437",))
    assert check(code_page(code, "hand_scanner"), paper, lambda char: False) == []
    scan = read_scan(code.encode(), ScanRules(), year=2026, aim=False)
    assert (len(code), scan.check_ok, scan.corrupt) == (13, True, None)


def test_codes_differ() -> None:
    assert len({new_code(random.Random(seed).randrange) for seed in range(100)}) == 100


def test_only_the_very_code_is_for_the_check() -> None:
    watched = Watched(code=CODE)
    assert watched.failure == "nothing was read"
    for raw in (b"4006381333931", CODE[1:].encode(), CODE.encode() * 2, b"\xff" * 13, b""):
        watched, is_for_check = looked_at(watched, Scan(raw=raw))
        assert (is_for_check, watched.well) == (False, "")
    assert watched.failure == "other codes were read, and not this one"
    watched, is_for_check = looked_at(watched, Scan(corrupt=Corruption.LINE_ERROR))
    assert (is_for_check, watched.well) == (False, "")
    assert watched.failure == "it was read in part only (line_error)"


def test_how_it_was_read_is_told() -> None:
    for scan, how in (
        (Scan(raw=CODE.encode(), aim_id="]E0"), "read with ]E0"),
        (Scan(raw=CODE.encode()), "read without an AIM identifier"),
        (
            Scan(raw=CODE[:-1].encode()),
            "read without an AIM identifier, without its check digit",
        ),
    ):
        watched, is_for_check = looked_at(Watched(code=CODE), scan)
        assert (is_for_check, watched.well) == (True, how)

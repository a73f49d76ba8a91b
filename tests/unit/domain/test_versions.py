"""Which front ends are served, which are told to upgrade, and which are refused."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillhald.domain.errors import TooOld
from tillhald.domain.versions import (
    API,
    CURRENT,
    HEADER_CHARS_MAX,
    Advice,
    FrontEnd,
    VersionRules,
    front_end_of,
    is_version,
    judge,
)

TODAY = datetime.date(2027, 1, 31)
DAY = datetime.timedelta(days=1)


def verdict(version: str, rules: VersionRules, *, name: str = "python", today=TODAY):
    return judge(FrontEnd(name, version, 1, 0), rules, today, version="0.3.0")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("python/0.1.0; api=1.0", FrontEnd("python", "0.1.0", 1, 0)),
        ("node/0.1.0;api=2.13", FrontEnd("node", "0.1.0", 2, 13)),
        ("acme-pos/3.2", FrontEnd("acme-pos", "3.2", 1, 0)),
        ("python/0.1.0.7; api=0.9", FrontEnd("python", "0.1.0.7", 0, 9)),
        ("", None),
        ("python", None),
        ("python/new", None),
        ("python/0.1.0; api=new", None),
        ("python/0.1.0; api=1.0; more", None),
        ("py\nthon/0.1.0", None),
        ("python/" + "1" * HEADER_CHARS_MAX, None),
    ],
)
def test_a_header_is_understood_or_says_nothing(header: str, found: FrontEnd | None) -> None:
    assert front_end_of(header) == found


@given(st.text(max_size=200))
def test_no_header_breaks_the_reader(header: str) -> None:
    found = front_end_of(header)
    assert found is None or judge_or_refuse(found)


def judge_or_refuse(found: FrontEnd) -> bool:
    try:
        judge(found, VersionRules("0.2.0", TODAY), TODAY, version="0.3.0")
    except TooOld:
        return found.api_major != 1
    return True


def test_without_a_minimum_any_version_will_do() -> None:
    assert verdict("0.0.1", VersionRules()) is CURRENT


def test_one_below_the_minimum_is_told_until_the_day_is_over() -> None:
    rules = VersionRules("0.2.0", TODAY)
    assert verdict("0.1.9", rules, today=TODAY - DAY) == (Advice.UPGRADE_BY, "0.2.0", TODAY)
    assert verdict("0.1.9", rules, today=TODAY) == (Advice.UPGRADE_BY, "0.2.0", TODAY)
    assert verdict("0.1.9", rules, today=TODAY + DAY) == (Advice.UPGRADE_NOW, "0.2.0", None)
    assert verdict("0.1.9", VersionRules("0.2.0")) == (Advice.UPGRADE_NOW, "0.2.0", None)


def test_versions_are_compared_number_by_number() -> None:
    rules = VersionRules("0.10.0")
    assert verdict("0.9.9", rules).advice is Advice.UPGRADE_NOW
    for version in ("0.10.0", "0.10", "0.10.0.1", "1.0"):
        assert verdict(version, rules) is CURRENT, version


def test_a_client_that_is_not_ours_has_versions_of_its_own() -> None:
    assert verdict("0.0.1", VersionRules("0.2.0"), name="acme-pos") is CURRENT
    assert verdict("0.0.1", VersionRules("0.2.0"), name="node").advice is Advice.UPGRADE_NOW


@pytest.mark.parametrize(("major", "who"), [(0, "front_end"), (2, "till"), (99, "till")])
def test_another_major_version_is_refused_and_it_is_said_which_is_too_old(
    major: int, who: str
) -> None:
    with pytest.raises(TooOld) as caught:
        judge(FrontEnd("acme", "3.2", major, 4), VersionRules(), TODAY, version="0.3.0")
    assert caught.value.facts == {
        "too_old": who,
        "client": "acme/3.2",
        "client_api": f"{major}.4",
        "till_version": "0.3.0",
        "till_api": API,
    }


def test_a_greater_minor_number_is_served() -> None:
    assert (
        judge(FrontEnd("python", "9.0", 1, 99), VersionRules(), TODAY, version="0.3.0") is CURRENT
    )


@pytest.mark.parametrize("text", ["", "1", "v1.0", "1.0-rc1", "1.0.0.0.0", "1.", "１.０"])
def test_what_is_no_version_cannot_be_a_minimum(text: str) -> None:
    assert not is_version(text)

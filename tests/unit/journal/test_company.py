"""When the journal's writer waits for company, and when it does not."""

from __future__ import annotations

from tillhald.journal.company import BUSY_S, CROWD_MIN, TRIAL_EVERY, WAIT_S, Company

LATER_S = 10 * BUSY_S


def told(*sizes: int) -> Company:
    company = Company()
    for size in sizes:
        company.came(size, LATER_S)
    return company


def test_a_single_caller_never_waits():
    company = Company()
    for _ in range(10 * TRIAL_EVERY):
        assert company.wait_s == 0
        company.came(1, LATER_S)


def test_a_record_that_comes_too_soon_to_be_the_same_callers_is_a_reason_to_try():
    company = told(1)
    company.came(1, BUSY_S / 2)
    assert company.wait_s == WAIT_S


def test_many_callers_gather_from_the_first_commit_that_they_shared():
    assert told(1, 5).wait_s == WAIT_S
    assert told(5, *[7] * 1_000).wait_s == WAIT_S


def test_waiting_ends_once_the_crowd_has_gone():
    company = told(*[20] * 50)
    commits = 0
    while company.wait_s:
        company.came(1, LATER_S)
        commits += 1
    assert commits < 30
    company.came(2, BUSY_S / 2)
    assert company.wait_s == 0


def test_two_callers_are_not_a_crowd_and_are_tried_seldom():
    company = Company()
    waited = 0
    for _ in range(100 * TRIAL_EVERY):
        waited += company.wait_s > 0
        company.came(2, BUSY_S / 2)
    assert CROWD_MIN > 2
    assert 90 <= waited <= 101

"""Who staged a version is told a next step that the till will not refuse."""

from __future__ import annotations

from tillhal.v1 import upgrade_pb2 as pb
from tillhald.ctl.upgrade import what_next

NEW, RUNNING, BEFORE = "3.0.0-cccccccc", "2.0.0-bbbbbbbb", "1.0.0-aaaaaaaa"


def versions(*, previous: str = "") -> pb.GetVersionsResponse:
    said = pb.GetVersionsResponse(running=pb.InstalledVersion(slot=RUNNING))
    if previous:
        said.previous.slot = previous
    return said


def test_a_version_that_is_new_here_is_started() -> None:
    assert "`tillctl upgrade start`" in what_next(NEW, versions())
    assert "`tillctl upgrade start`" in what_next(NEW, versions(previous=BEFORE))


def test_what_runs_already_cannot_be_started() -> None:
    assert "nothing to start" in what_next(RUNNING, versions(previous=BEFORE))


def test_to_the_version_before_one_rolls_back() -> None:
    assert "`tillctl upgrade roll-back`" in what_next(BEFORE, versions(previous=BEFORE))

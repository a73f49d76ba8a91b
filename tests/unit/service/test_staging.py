"""A bundle that is brought and cannot be stored is refused with why, and nothing of it is left."""

from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.homes import FIRST
from tests.unit.service.test_switching import Desk
from tillhald.domain.errors import BundleNoRoom, UpgradeFailed
from tillhald.home import Home
from tillhald.service.staging import Staging, Upload
from tillhald.service.work import Work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CHUNK = b"a piece"


async def pieces(failure: OSError | None = None) -> AsyncIterator[bytes]:
    yield CHUNK
    if failure:
        raise failure  # as the disk does, between two pieces


def refused_with(root: Path, upload: Upload) -> BaseException:
    """What staging it is refused with."""
    refusals: list[BaseException] = []

    async def story() -> None:
        desk = Desk(root)
        try:
            async with asyncio.TaskGroup() as tasks:
                work: Work[Any] = Work(tasks)
                home = Home(desk.folder, FIRST.generation)
                staging = Staging(home, till=desk.till, unused=list, now_ms=lambda: 0, work=work)
                try:
                    async for _ in staging.stage("request", "", upload):
                        pass
                except Exception as refusal:
                    refusals.append(refusal)
        finally:
            desk.close()
        assert list(home.inbox_folder.iterdir()) == []

    asyncio.run(story())
    (refusal,) = refusals
    return refusal


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, BundleNoRoom), (errno.EDQUOT, BundleNoRoom), (errno.EIO, UpgradeFailed)],
)
def test_a_disk_that_fails_while_a_bundle_comes_is_told(
    tmp_path: Path, number: int, kind: type[Exception]
) -> None:
    failure = OSError(number, os.strerror(number))
    refusal = refused_with(tmp_path, Upload("next.tlb", 2 * len(CHUNK), pieces(failure)))
    assert type(refusal) is kind


def test_a_name_that_no_disk_takes_is_told(tmp_path: Path) -> None:
    upload = Upload("收" * 96 + ".tlb", len(CHUNK), pieces())
    refusal = refused_with(tmp_path, upload)
    assert isinstance(refusal, UpgradeFailed)
    assert "name too long" in str(refusal)

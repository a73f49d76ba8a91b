"""An import gives way to what changes the till as a whole, and is taken up again later."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from tests.support.predecessor import large
from tests.unit.service.test_switching import BUSY, Desk, run
from tillhald.domain.errors import Refused, RestoreInProgress
from tillhald.domain.imported import RECEIPTS
from tillhald.predecessor.sales import sale_id_of
from tillhald.service.imports import Imported, Imports, Planned, Standing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SALES = 400
RESTORING = RestoreInProgress("The data are being changed.")


@contextlib.asynccontextmanager
async def importing(desk: Desk, folder: Path) -> AsyncIterator[Imports]:
    """The service over a till's journal; ended in the end."""
    imports = Imports(desk.till, folder / "journal")
    serving = asyncio.create_task(imports.run())
    await asyncio.sleep(0)
    try:
        yield imports
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


async def digest_of(imports: Imports, path: str) -> tuple[str, str]:
    """Of a source: its digest, and what its till is known by."""
    steps = [step async for step in imports.plan(path, "neutral")]
    assert isinstance(steps[-1], Planned)
    source = steps[-1].plan.report.source
    return source.digest, source.origin


@pytest.mark.parametrize("refusal", [BUSY, RESTORING], ids=["an upgrade", "a restore"])
def test_what_changes_the_till_ends_an_import_in_its_middle_and_nothing_is_doubled_later(
    tmp_path: Path, refusal: Refused
) -> None:
    async def story() -> None:
        desk = Desk(tmp_path)
        path = str(large(SALES, seed=6).write(tmp_path / "old"))
        try:
            async with importing(desk, tmp_path) as imports:
                digest, origin = await digest_of(imports, path)
                asked = {"digest": digest, "explanation": "", "request_id": "r1"}

                recorded = desk.till.state.seq
                with pytest.raises(type(refusal)) as caught:
                    async for step in imports.commit(path, "neutral", **asked):
                        if isinstance(step, Standing) and step.phase == "importing":
                            assert 0 < step.done < SALES, "it is in its middle"
                            if desk.till.quiet is None:
                                await desk.switching.begin(refusal)
                assert caught.value.sentence == refusal.sentence
                assert desk.till.state.seq > recorded, "some of it was there already"
                assert desk.till.state.imports.done == {}
                for number in range(SALES):
                    old = sale_id_of(origin, "sale", str(number))
                    assert desk.till.finished_sale(old) is None, "nobody sees it"

                # Whoever asks while the till is quiet is told so before the source is read.
                quiet_seq = desk.till.state.seq
                with pytest.raises(type(refusal)):
                    await anext(imports.commit(path, "neutral", **asked))
                assert desk.till.state.seq == quiet_seq

                desk.switching.end()
                steps = [step async for step in imports.commit(path, "neutral", **asked)]
                assert isinstance(steps[-1], Imported)
                assert steps[-1].done is not None
                assert steps[-1].done.counts.sales == SALES
                for number in range(SALES):
                    old = sale_id_of(origin, "sale", str(number))
                    assert desk.till.finished_sale(old) is not None
                rows = desk.store.scan("days", prefix=RECEIPTS, limit=SALES + 1)
                assert len(rows) == SALES
                steps = [step async for step in imports.commit(path, "neutral", **asked)]
                assert isinstance(steps[-1], Imported)
                assert steps[-1].replayed
        finally:
            desk.close()

    run(story())


def test_an_import_goes_on_while_others_sell_and_lets_them_in_between(tmp_path: Path) -> None:
    async def story() -> None:
        desk = Desk(tmp_path)
        path = str(large(SALES, seed=7).write(tmp_path / "old"))
        sold = 0
        try:
            async with importing(desk, tmp_path) as imports:
                digest, _ = await digest_of(imports, path)
                steps = imports.commit(
                    path, "neutral", digest=digest, explanation="", request_id="r1"
                )
                async for step in steps:
                    if isinstance(step, Standing) and step.phase == "importing":
                        sold += 1
                        await desk.sell(sold)
                assert sold > 1
                assert isinstance(step, Imported)
                assert step.done is not None
        finally:
            desk.close()

    run(story())


def test_an_adapter_that_prints_ends_its_import_and_not_the_till(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An adapter of another package: found by its entry point, as one that pip installed."""
    site = tmp_path / "site"
    about = site / "noisy-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: noisy\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[tillhal.predecessors]\nnoisy = noisy:SPEC\n")
    (site / "noisy.py").write_text(
        "from tillhald.predecessor.records import Predecessor\n"
        "def read(path):\n"
        "    print('reading', path, flush=True)\n"
        "    yield from ()\n"
        "SPEC = Predecessor('noisy', 'Noisy', lambda path: False, lambda path: [], read)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(site))

    async def story() -> None:
        desk = Desk(tmp_path)
        try:
            async with importing(desk, tmp_path) as imports:
                with pytest.raises(Refused, match="nobody understands") as caught:
                    await anext(imports.plan(str(tmp_path), "noisy"))
                assert caught.value.reason == "IMPORT_FAILED"
                assert not (await desk.sell(1)).replayed
                path = str(large(3, seed=8).write(tmp_path / "old"))
                assert await digest_of(imports, path)
        finally:
            desk.close()

    run(story())

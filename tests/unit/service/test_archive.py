"""An archive keeps its limits, and one part's trouble to that part."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from typing import TYPE_CHECKING

from tillhald.service.archive import ARCHIVE_BYTES_MAX, PART_BYTES_MAX, Content, Packing
from tillhald.service.masking import Masker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tillhald.service.archive import Archive

MADE_MS = 1_767_225_600_123


def packed(workstation: str = "till-1", /, **parts: Content | Exception) -> Archive:
    """An archive of these parts, the last `_` of whose names is a point."""

    def maker(content: Content | Exception) -> Callable[[Packing], Awaitable[Content]]:
        async def make(_: Packing) -> Content:
            if isinstance(content, Exception):
                raise content
            return content

        return make

    async def pack() -> Archive:
        packing = Packing(Masker(()), MADE_MS)
        for name, content in parts.items():
            await packing.add(".".join(name.rsplit("_", 1)), maker(content))
        return await packing.finish(workstation)

    return asyncio.run(pack())


def opened(archive: Archive) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive.content)) as whole:
        assert whole.testzip() is None
        return {name: whole.read(name) for name in whole.namelist()}


def test_a_part_that_fails_is_named_without_its_text_and_keeps_nothing_back() -> None:
    archive = packed(a_json=OSError(28, "secret"), b_json=KeyError("secret"), c_json={"x": 1})
    files = opened(archive)
    assert set(files) == {"c.json", "README.txt"}
    assert archive.left_out == (
        "a.json: OSError: ENOSPC No space left on device",
        "b.json: KeyError",
    )
    readme = files["README.txt"].decode()
    assert all(f"  - {sentence}\n" in readme for sentence in archive.left_out)
    assert "secret" not in readme


def test_documents_have_their_fields_in_order() -> None:
    files = opened(packed(a_json={"b": 1, "a": {"d": 2, "c": 3}}))
    assert files["a.json"].decode() == ('{\n  "a": {\n    "c": 3,\n    "d": 2\n  },\n  "b": 1\n}\n')


def test_of_too_many_lines_the_latest_are_kept_whole() -> None:
    lines = [json.dumps({"n": number, "x": "x" * 90}) for number in range(30_000)]
    archive = packed(a_jsonl=lines, b_json={"x": 1})
    kept = opened(archive)["a.jsonl"].decode().splitlines()
    assert PART_BYTES_MAX - 200 < sum(len(line) + 1 for line in kept) <= PART_BYTES_MAX
    assert kept == lines[-len(kept) :]
    assert archive.left_out == (
        f"a.jsonl: older lines than those in its last {PART_BYTES_MAX} bytes",
    )


def test_lines_that_just_fit_are_all_kept() -> None:
    lines = ["x" * 1023] * (PART_BYTES_MAX // 1024)
    archive = packed(a_jsonl=lines)
    assert len(opened(archive)["a.jsonl"]) == PART_BYTES_MAX
    assert archive.left_out == ()
    longer = packed(a_jsonl=["", *lines])
    assert len(opened(longer)["a.jsonl"]) == PART_BYTES_MAX


def test_a_document_that_is_too_large_is_left_out() -> None:
    archive = packed(a_json={str(n): "x" * 1_000 for n in range(PART_BYTES_MAX // 1_000)})
    assert set(opened(archive)) == {"README.txt"}
    assert "bytes are more than there is room for" in archive.left_out[0]


def test_all_parts_together_keep_a_limit() -> None:
    part = ["x" * 1023] * (PART_BYTES_MAX // 1024)
    fitting = ARCHIVE_BYTES_MAX // PART_BYTES_MAX
    archive = packed(**{f"part{n}_jsonl": part for n in range(fitting + 2)})
    files = opened(archive)
    assert len(files) == fitting + 1
    assert len(archive.left_out) == 2
    assert sum(map(len, files.values())) < ARCHIVE_BYTES_MAX + 10_000


def test_the_file_has_a_name_that_every_system_takes() -> None:
    assert packed().file_name == "tillhal-till-1-20260101T000000Z.zip"
    assert packed("../../Kasse 1/ä").file_name == "tillhal-.._.._Kasse_1__-20260101T000000Z.zip"
    assert len(packed("x" * 500).file_name) < 100


def test_the_event_loop_turns_while_a_large_archive_is_packed() -> None:
    lines = [json.dumps({"n": number}) for number in range(100_000)]

    async def make(_: Packing) -> Content:
        return lines

    async def pack() -> int:
        turns, done = 0, False

        async def count() -> None:
            nonlocal turns
            while not done:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.ensure_future(count())
        packing = Packing(Masker(()), MADE_MS)
        await packing.add("a.jsonl", make)
        done = True
        await counting
        return turns

    assert asyncio.run(pack()) >= 1_000_000 // (64 << 10)

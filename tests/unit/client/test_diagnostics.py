"""An archive for support arrives whole and durable, or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from tillhal import AsyncTill, Diagnostics, Overloaded, Till, Unreachable
from tillhal.errors import DamagedInTransit
from tillhal.v1 import system_pb2, types_pb2

from .shop import refusal

if TYPE_CHECKING:
    from .shop import Server, Shop

CONTENT = bytes(range(256)) * 1_000
NAME = "tillhal-till-1-20260101T000000Z.zip"


def get(server: Server, target: Any, **options: Any) -> Diagnostics:
    with Till.connect(server.address) as till:
        return till.get_diagnostics(target, **options)


def aget(server: Server, target: Any, **options: Any) -> Diagnostics:
    async def ask() -> Diagnostics:
        async with AsyncTill.connect(server.address) as till:
            return await till.get_diagnostics(target, **options)

    return asyncio.run(ask())


both = pytest.mark.parametrize("ask", [get, aget], ids=["sync", "aio"])


def steps(**changed: Any) -> list[system_pb2.GetDiagnosticsResponse]:
    step = system_pb2.GetDiagnosticsResponse
    facts: dict[str, Any] = {
        "file_name": NAME,
        "size_bytes": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).digest(),
        "left_out": ["disk.json: OSError"],
    }
    return [
        step(progress=types_pb2.Progress(phase="gathering", done=1, total=2)),
        *(step(data=CONTENT[at : at + 65_536]) for at in range(0, len(CONTENT), 65_536)),
        step(result=system_pb2.DiagnosticsResult(**(facts | changed))),
    ]


@both
def test_it_is_written_to_a_path_for_this_user_alone(
    server: Server, shop: Shop, tmp_path: Path, ask: Any
) -> None:
    shop.diagnostics = steps()
    got = ask(server, tmp_path / "a.zip")
    assert got.path == tmp_path / "a.zip"
    assert got.path.read_bytes() == CONTENT
    assert got.path.stat().st_mode & 0o777 == 0o600
    assert (got.file_name, got.size_bytes) == (NAME, len(CONTENT))
    assert got.left_out == ("disk.json: OSError",)
    assert list(tmp_path.iterdir()) == [got.path]


@both
def test_in_a_folder_it_gets_the_name_that_the_till_gave(
    server: Server, shop: Shop, tmp_path: Path, ask: Any
) -> None:
    shop.diagnostics = steps()
    assert ask(server, str(tmp_path)).path == tmp_path / NAME


@pytest.mark.parametrize("name", ["../up.zip", "/etc/passwd", "", ".hidden", "a\nb", "x" * 300])
def test_the_till_does_not_choose_the_folder(
    server: Server, shop: Shop, tmp_path: Path, name: str
) -> None:
    shop.diagnostics = steps(file_name=name)
    assert get(server, tmp_path).path == tmp_path / "tillhal.zip"


@both
def test_it_is_written_to_an_open_file(server: Server, shop: Shop, ask: Any) -> None:
    shop.diagnostics = steps()
    file = io.BytesIO()
    assert ask(server, file).path is None
    assert file.getvalue() == CONTENT


@both
@pytest.mark.parametrize("wrong", [{"sha256": bytes(32)}, {"size_bytes": 5}])
def test_what_was_damaged_on_the_way_is_not_left_behind(
    server: Server, shop: Shop, tmp_path: Path, ask: Any, wrong: dict[str, Any]
) -> None:
    (tmp_path / "a.zip").write_bytes(b"an earlier one")
    shop.diagnostics = steps(**wrong)
    with pytest.raises(DamagedInTransit):
        ask(server, tmp_path / "a.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
    assert (tmp_path / "a.zip").read_bytes() == b"an earlier one"


@both
def test_an_archive_without_its_end_is_none(
    server: Server, shop: Shop, tmp_path: Path, ask: Any
) -> None:
    shop.diagnostics = steps()[:-1]
    with pytest.raises(DamagedInTransit):
        ask(server, tmp_path)
    assert not list(tmp_path.iterdir())


@both
def test_a_till_that_goes_away_leaves_no_half_file(
    server: Server, shop: Shop, tmp_path: Path, ask: Any
) -> None:
    shop.diagnostics = [*steps()[:-1], None]
    with pytest.raises(Unreachable):
        ask(server, tmp_path)
    assert not list(tmp_path.iterdir())


@both
def test_while_another_is_served_the_caller_is_told_when_to_come_again(
    server: Server, shop: Shop, tmp_path: Path, ask: Any
) -> None:
    shop.diagnostics = refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL")
    with pytest.raises(Overloaded):
        ask(server, tmp_path)
    assert not list(tmp_path.iterdir())


@both
def test_a_folder_that_is_not_there_is_said_before_the_till_is_asked(
    server: Server, shop: Shop, tmp_path: Path, ask: Any
) -> None:
    shop.diagnostics = steps()
    with pytest.raises(FileNotFoundError):
        ask(server, tmp_path / "nowhere" / "a.zip")


def test_progress_is_told_and_what_it_raises_ends_the_call(
    server: Server, shop: Shop, tmp_path: Path
) -> None:
    shop.diagnostics = steps()
    told: list[types_pb2.Progress] = []
    get(server, tmp_path, on_progress=told.append, check_journal=True)
    assert [(step.phase, step.done) for step in told] == [("gathering", 1)]
    (tmp_path / NAME).unlink()

    def tired(_: types_pb2.Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(server, tmp_path, on_progress=tired)
    assert not list(tmp_path.iterdir())

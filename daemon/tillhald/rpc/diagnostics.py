"""GetDiagnostics: the archive for support, piece by piece."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict

from tillhal.v1 import system_pb2 as pb
from tillhal.v1 import types_pb2
from tillhald.service.archive import PIECE_BYTES_MAX, Archive

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

    from tillhald.service.diagnostics import Diagnostics


async def send_diagnostics(
    diagnostics: Diagnostics,
    status: Callable[[], pb.GetStatusResponse],
    *,
    check_journal: bool,
) -> AsyncGenerator[pb.GetDiagnosticsResponse, None]:
    """Where the work stands, then the archive, then what it was. Raises DiagnosticsBusy."""

    def told() -> dict[str, Any]:
        return MessageToDict(
            status(), preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )

    async with contextlib.aclosing(diagnostics.gather(told, check_journal=check_journal)) as stages:
        async for stage in stages:
            if isinstance(stage, Archive):
                for piece in _pieces(stage):
                    yield piece
            else:
                yield pb.GetDiagnosticsResponse(progress=types_pb2.Progress(**stage._asdict()))


def _pieces(archive: Archive) -> Iterator[pb.GetDiagnosticsResponse]:
    content = archive.content
    for start in range(0, len(content), PIECE_BYTES_MAX):
        yield pb.GetDiagnosticsResponse(data=content[start : start + PIECE_BYTES_MAX])
    result = pb.DiagnosticsResult(
        file_name=archive.file_name,
        size_bytes=len(content),
        sha256=archive.sha256,
        left_out=archive.left_out,
    )
    yield pb.GetDiagnosticsResponse(result=result)

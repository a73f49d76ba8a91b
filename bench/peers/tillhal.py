"""tillhal itself: `python -m tillhald` with a journal and both sockets, and no devices."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from typing import TYPE_CHECKING

import grpc
from grpc_health.v1 import health_pb2

from bench.load import CALL_S_MAX
from bench.sale import all_ids, checkout_request
from bench.servers import AbsentError, Running, child, free_port, wait_ready
from tillhal.v1 import checkout_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READY_CALL_S_MAX = 1.0
HEALTH_CHECK = "/grpc.health.v1.Health/Check"


OPEN = 'mode = "socket"'


def write_config(
    folder: Path, port: int, journal: str = "", more: str = "", access: str = OPEN
) -> Path:
    """Write the till.toml of a till in `folder`, with more lines for its journal, and more tables;
    its path."""
    config = folder / "till.toml"
    config.write_text(
        f'[listen]\nunix = "{folder / "api.sock"}"\ntcp = "127.0.0.1:{port}"\n'
        f"[access]\n{access}\n"
        f'[journal]\nfolder = "{folder / "journal"}"\n{journal}{more}'
    )
    return config


def is_serving(target: str) -> bool:
    """Whether the till at `target` says that it takes sales."""
    with grpc.insecure_channel(target) as channel:
        try:
            answer: health_pb2.HealthCheckResponse = channel.unary_unary(
                HEALTH_CHECK,
                request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                response_deserializer=health_pb2.HealthCheckResponse.FromString,
            )(health_pb2.HealthCheckRequest(), timeout=READY_CALL_S_MAX)
        except grpc.RpcError:
            return False
    return answer.status == health_pb2.HealthCheckResponse.SERVING


def sell_one(target: str) -> None:
    """Sell the one sale, once. Raises grpc.RpcError."""
    request = checkout_request()
    request.request_id, request.sale_id = next(all_ids())
    with grpc.insecure_channel(target) as channel:
        checkout_pb2_grpc.CheckoutServiceStub(channel).Checkout(request, timeout=CALL_S_MAX)


@contextlib.contextmanager
def running(
    folder: Path, journal: str = "", more: str = "", access: str = OPEN
) -> Iterator[Running]:
    """Start it on the journal in `folder`, made if there is none. Raises AbsentError.

    `journal` are more lines for that table of its till.toml, `more` more tables.
    """
    if importlib.util.find_spec("tillhald.__main__") is None:
        sentence = "tillhald is not installed (pip install -e '.[daemon]')"
        raise AbsentError(sentence)
    port = free_port()
    argv = [
        sys.executable,
        "-m",
        "tillhald",
        "--config",
        str(write_config(folder, port, journal, more, access)),
    ]
    target = f"unix:{folder / 'api.sock'}"
    with child(argv, folder) as process:
        wait_ready(process, folder, lambda: is_serving(target))
        yield Running(
            process.pid,
            {"unix": target, "tcp": f"127.0.0.1:{port}"},
            "LMDB 0.9 with both its syncs, group commit, grpc.aio with uvloop, no devices",
        )

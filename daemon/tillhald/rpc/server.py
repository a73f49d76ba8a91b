"""The gRPC servers: one on the unix socket and, where configured, one on loopback TCP."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from tillhald.rpc.door import RECEIVE_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tillhald.config import Listen
    from tillhald.rpc.door import Door

REFLECTION_V1 = "grpc.reflection.v1.ServerReflection"
SEND_BYTES_MAX = 16 * 1024 * 1024
CONCURRENT_CALLS_MAX = 2_000
PROBE_S_MAX = 0.5

OPTIONS: list[tuple[str, int]] = [
    ("grpc.max_receive_message_length", RECEIVE_BYTES_MAX),
    ("grpc.max_send_message_length", SEND_BYTES_MAX),
    # Two daemons must never share a port without knowing.
    ("grpc.so_reuseport", 0),
    # Quiet watch streams: find out who is gone, and let clients ask as often as ours do.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
]


class Servers:
    """Serves the door's handlers, health and reflection. Use on the event loop."""

    def __init__(self, door: Door, listen: Listen) -> None:
        self._door = door
        self._listen = listen
        self._servers: list[grpc.aio.Server] = []
        self.health = health.aio.HealthServicer()
        self.tcp_port = 0

    async def start(self) -> None:
        """Listen and answer. Raises OSError where an address cannot be had."""
        unix = Path(self._listen.unix)
        unix.parent.mkdir(parents=True, exist_ok=True)
        _refuse_taken(unix)
        server = self._server()
        # The socket's mode is who may sell: it is never wider than configured, not for a moment.
        before = os.umask(0o177)
        try:
            _bind(server, f"unix:{unix}")
        finally:
            os.umask(before)
        unix.chmod(int(self._listen.unix_mode, 8))
        self._servers.append(server)
        if self._listen.tcp:
            tcp = self._server()
            self.tcp_port = _bind(tcp, self._listen.tcp)
            self._servers.append(tcp)
        for name in ("", *self._door.services):
            await self.health.set(name, health_pb2.HealthCheckResponse.SERVING)
        for each in self._servers:
            await each.start()

    def _server(self) -> grpc.aio.Server:
        server = grpc.aio.server(options=OPTIONS, maximum_concurrent_rpcs=CONCURRENT_CALLS_MAX)
        server.add_generic_rpc_handlers(tuple(self._door.handlers))
        health_pb2_grpc.add_HealthServicer_to_server(self.health, server)
        _add_reflection(server, self._door.services)
        return server

    async def refuse(self) -> None:
        """Tell who asks for our health that nothing but the status can be had."""
        for name in ("", *self._door.services):
            await self.health.set(name, health_pb2.HealthCheckResponse.NOT_SERVING)

    async def stop(self, grace_s: float) -> None:
        """Take no new calls, let those in flight end within `grace_s`, then end the rest."""
        await self.health.enter_graceful_shutdown()
        await asyncio.gather(*(server.stop(grace_s) for server in self._servers))
        Path(self._listen.unix).unlink(missing_ok=True)


def _refuse_taken(unix: Path) -> None:
    """gRPC would unlink a socket that another daemon listens on, and take its callers away."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_S_MAX)
        try:
            probe.connect(str(unix))
        except OSError:
            return  # nobody is there; what is left of a dead daemon may go
    message = f"somebody listens on {unix} already"
    raise OSError(message)


def _bind(server: grpc.aio.Server, address: str) -> int:
    try:
        port = server.add_insecure_port(address)
    except RuntimeError as error:
        message = f"cannot listen on {address}: {error}"
        raise OSError(message) from error
    if port == 0:
        message = f"cannot listen on {address}"
        raise OSError(message)
    return port


def _add_reflection(server: grpc.aio.Server, services: Sequence[str]) -> None:
    """Both versions: the messages are the same on the wire, and tools are moving to v1."""
    # v1 itself is not in the list: Python has no descriptor of it that could be handed out.
    names = (*services, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    servicer = reflection.aio.ReflectionServicer(names)
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(REFLECTION_V1, {"ServerReflectionInfo": handler}),)
    )

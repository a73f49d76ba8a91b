"""The gRPC servers: one for each entrance, with the same servicers behind all of them.

gRPC hands over nothing of who is at the other end of a unix socket: the file's mode decides who
comes in, and so each class of callers has a socket of its own.
"""

from __future__ import annotations

import asyncio
import grp
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
from grpc_channelz.v1 import channelz, channelz_pb2_grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2, reflection_pb2_grpc

from tillhald.domain.access import SHOP_FLOOR, Role
from tillhald.rpc.admission import Admission
from tillhald.rpc.annex import Annex
from tillhald.rpc.door import RECEIVE_BYTES_MAX
from tillhald.service.access import Entrance
from tillhald.service.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tillhald.config_access import TlsTable
    from tillhald.config_listen import Listen
    from tillhald.rpc.door import Door
    from tillhald.service.access import AccessDesk

REFLECTION_V1 = "grpc.reflection.v1.ServerReflection"
SEND_BYTES_MAX = 16 * 1024 * 1024
PROBE_S_MAX = 0.5
ADMIN_MODE = 0o600
STREAMS_AT_ONCE_MAX = 128
"""Of one connection, by HTTP/2 itself: a client that floods waits on its own side."""
CONNECTIONS_MAX = 64
"""At one entrance. Those that are open stay open; one more is hung up on. Beside this there is no
limit of calls: it would be everybody's, and whoever fills it would shut out the others."""
HANDSHAKE_S_MAX = 10
"""A connection that says nothing is hung up on after this."""

OPTIONS: list[tuple[str, int]] = [
    ("grpc.max_receive_message_length", RECEIVE_BYTES_MAX),
    ("grpc.max_send_message_length", SEND_BYTES_MAX),
    ("grpc.max_concurrent_streams", STREAMS_AT_ONCE_MAX),
    ("grpc.max_allowed_incoming_connections", CONNECTIONS_MAX),
    # As many as there can be: beyond 1,000 that it has not handed over yet, gRPC throws calls away
    # by chance, a known caller's like a stranger's.
    ("grpc.server.max_pending_requests", CONNECTIONS_MAX * STREAMS_AT_ONCE_MAX),
    ("grpc.server.max_pending_requests_hard_limit", CONNECTIONS_MAX * STREAMS_AT_ONCE_MAX),
    ("grpc.server_handshake_timeout_ms", HANDSHAKE_S_MAX * 1000),
    # What nobody has asked for yet stays in the network: windows grow only for who is being read.
    ("grpc.http2.bdp_probe", 0),
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
    """Serves the door's handlers at each entrance, with health. Use on the event loop."""

    def __init__(
        self, door: Door, listen: Listen, tls: TlsTable, desk: AccessDesk, *, is_required: bool
    ) -> None:
        self._door = door
        self._listen = listen
        self._tls = tls
        self._desk = desk
        self._is_required = is_required
        self._pace = Pace()
        self._servers: list[grpc.aio.Server] = []
        self._sockets: list[Path] = []
        self.health = health.aio.HealthServicer()
        self.tcp_port = 0
        self.tls_port = 0

    def bind(self) -> None:
        """Take the addresses; who calls has to wait until `start`.

        Raises OSError where an address cannot be had, or a file not used.
        """
        listen = self._listen
        group = grp.getgrnam(listen.unix_group).gr_gid if listen.unix_group else -1
        if self._is_required:
            api = Entrance("api.sock", SHOP_FLOOR, is_private=True)
            admin = Entrance("admin.sock", frozenset(Role), is_private=True, is_admin=True)
            self._on_socket(api, Path(listen.unix), int(listen.unix_mode, 8), group)
            self._on_socket(admin, Path(listen.admin_socket), ADMIN_MODE)
        else:
            everything = Entrance("api.sock", frozenset(Role), is_private=True, is_admin=True)
            self._on_socket(everything, Path(listen.unix), int(listen.unix_mode, 8), group)
        if listen.tcp:
            ceiling = SHOP_FLOOR if self._is_required else frozenset(Role)
            tcp = self._server(Entrance("tcp", ceiling))
            self.tcp_port = _bound(tcp.add_insecure_port, listen.tcp)
        if self._tls.listen:
            secured = self._server(Entrance("tls", SHOP_FLOOR))
            self.tls_port = _bound(
                lambda at: secured.add_secure_port(at, _credentials(self._tls)), self._tls.listen
            )

    async def start(self) -> None:
        """Answer at every address that was bound."""
        for name in ("", *self._door.services):
            await self.health.set(name, health_pb2.HealthCheckResponse.SERVING)
        for each in self._servers:
            await each.start()

    def _on_socket(self, entrance: Entrance, path: Path, mode: int, group: int = -1) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _refuse_taken(path)
        server = self._server(entrance)
        # The socket's mode is who may come in: it is never wider than meant, not for a moment.
        before = os.umask(0o177)
        try:
            _bound(server.add_insecure_port, f"unix:{path}")
        finally:
            os.umask(before)
        if group != -1:
            os.chown(path, -1, group)
        path.chmod(mode)
        self._sockets.append(path)

    def _server(self, entrance: Entrance) -> grpc.aio.Server:
        server = grpc.aio.server(options=OPTIONS)
        admission = Admission(self._desk, entrance, self._pace)
        server.add_generic_rpc_handlers(tuple(self._door.handlers(admission)))
        annex = Annex(server, admission, self._pace)
        annex.hang(health_pb2_grpc.add_HealthServicer_to_server, self.health)
        # Strangers get nothing but health. A socket's mode has let its callers in.
        if entrance.is_private or not self._is_required:
            _add_reflection(annex, self._door.services)
        if entrance.is_admin:
            add_channelz = channelz_pb2_grpc.add_ChannelzServicer_to_server
            annex.hang(add_channelz, channelz.aio.ChannelzServicer())
        self._servers.append(server)
        return server

    async def refuse(self) -> None:
        """Tell who asks for our health that nothing but the status can be had."""
        for name in ("", *self._door.services):
            await self.health.set(name, health_pb2.HealthCheckResponse.NOT_SERVING)

    async def stop(self, grace_s: float) -> None:
        """Take no new calls, let those in flight end within `grace_s`, then end the rest."""
        await self.health.enter_graceful_shutdown()
        await asyncio.gather(*(server.stop(grace_s) for server in self._servers))
        for path in self._sockets:
            path.unlink(missing_ok=True)


def _credentials(tls: TlsTable) -> grpc.ServerCredentials:
    """Raises OSError for files that cannot be read."""
    pair = (Path(tls.key).read_bytes(), Path(tls.certificate).read_bytes())
    authority = Path(tls.client_ca).read_bytes() if tls.client_ca else None
    return grpc.ssl_server_credentials(
        [pair], root_certificates=authority, require_client_auth=authority is not None
    )


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


def _bound(bind: Callable[[str], int], address: str) -> int:
    try:
        port = bind(address)
    except RuntimeError as error:
        message = f"cannot listen on {address}: {error}"
        raise OSError(message) from error
    if port == 0:
        message = f"cannot listen on {address}"
        raise OSError(message)
    return port


def _add_reflection(annex: Annex, services: Sequence[str]) -> None:
    """Both versions: the messages are the same on the wire, and tools are moving to v1."""
    # v1 itself is not in the list: Python has no descriptor of it that could be handed out.
    servicer = reflection.aio.ReflectionServicer(
        (*services, health.SERVICE_NAME, reflection.SERVICE_NAME)
    )
    annex.hang(reflection_pb2_grpc.add_ServerReflectionServicer_to_server, servicer)
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    annex.add_registered_method_handlers(REFLECTION_V1, {"ServerReflectionInfo": handler})

"""Where the till is, and how the connection to it behaves.

`service_config.json` beside this module is the retry policy: calls wait until the till is
reachable, and UNAVAILABLE alone is tried again, up to five times. That is safe because every
request that changes something carries its `request_id`, and gRPC sends the same bytes again.
"""

from __future__ import annotations

import os
from importlib import resources
from typing import Final, TypeAlias

ADDRESS_ENV: Final = "TILLHAL_ADDRESS"
ADDRESS_DEFAULT: Final = "unix:///run/tillhal/api.sock"

VERSION: Final = "0.1.0"
"""This client's."""
API: Final = "1.0"
"""The contract that it was made for."""
CLIENT_KEY: Final = "tillhal-client"

CALL_S: Final = 10.0
"""Deadline of a call in seconds, unless `timeout_s` says otherwise."""
DRAWER_S: Final = 180.0
"""For what waits for a person beside the drawer."""
VERIFY_S: Final = 3600.0
"""Deadline in seconds of a check of the whole journal."""
BACKUP_S: Final = 4 * 3600.0
"""A backup, its check or a drill: seconds for a small till, longer for years on a slow stick."""
CHECK_S: Final = 600.0
"""Deadline in seconds of a check of a device; a person gets a minute for each step."""
RECONFIGURE_S: Final = 60.0
"""Deadline in seconds of another configuration: a job that is under way ends first."""
DIAGNOSTICS_S: Final = 60.0
"""Deadline in seconds of an archive for support; with a check of the journal, VERIFY_S."""

UNIX_PATH_BYTES_MAX: Final = 107
"""unix(7): sun_path holds 108 bytes, the last of them zero."""
PORT_MAX: Final = 65535

KEEPALIVE_MS: Final = 20_000
"""How long a quiet connection goes unasked. The till takes pings every 5 s and more."""
KEEPALIVE_ANSWER_MS: Final = 10_000
RECONNECT_MS_MIN: Final = 50
RECONNECT_MS_MAX: Final = 1_000
CONNECT_MS_MAX: Final = 5_000
RETRY_BUFFER_BYTES: Final = 8 * 1024 * 1024
"""gRPC gives up retrying a request that is larger than this; its default is 256 KiB, and a
document may hold pictures of 1 MiB."""

CLOSED: Final = "this client has been closed"

Options: TypeAlias = list[tuple[str, str | int]]


def target_of(address: str | None) -> str:
    """The gRPC target for `address`, for $TILLHAL_ADDRESS when None, else for the usual socket.

    Takes "unix:///run/tillhal/api.sock", "unix:relative.sock", "/run/tillhal/api.sock",
    "127.0.0.1:50051", "[::1]:50051" and "till.example:50051". Raises ValueError for anything else.
    """
    chosen = (address or os.environ.get(ADDRESS_ENV) or ADDRESS_DEFAULT).strip()
    if chosen.startswith("/"):
        chosen = f"unix:{chosen}"
    if chosen.startswith("unix:"):
        path = chosen.removeprefix("unix:")
        if path.startswith("//"):
            path = path[2:]
            if not path.startswith("/"):
                message = f"address {chosen!r}: write unix:///absolute/path or unix:relative/path"
                raise ValueError(message)
        if not path:
            message = f"address {chosen!r} names no socket"
            raise ValueError(message)
        if len(os.fsencode(path)) > UNIX_PATH_BYTES_MAX:
            message = f"address {chosen!r}: the path is longer than {UNIX_PATH_BYTES_MAX} bytes"
            raise ValueError(message)
        return f"unix:{path}"
    host, colon, port = chosen.rpartition(":")
    if not colon or not host or "/" in chosen or not port.isdecimal() or int(port) > PORT_MAX:
        message = (
            f"address {chosen!r} is neither a unix socket (unix:///run/tillhal/api.sock) "
            f"nor host:port (127.0.0.1:50051)"
        )
        raise ValueError(message)
    return chosen


def channel_options(target: str) -> Options:
    """How the connection to `target` (from `target_of`) behaves; gRPC channel arguments."""
    options: Options = [
        ("grpc.service_config", service_config()),
        ("grpc.per_rpc_retry_buffer_size", RETRY_BUFFER_BYTES),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_ANSWER_MS),
        # Since grpc 1.60 or so the ping's own time limit overrides keepalive_timeout_ms.
        ("grpc.http2.ping_timeout_ms", KEEPALIVE_ANSWER_MS),
        # A watch may be quiet all night, and still has to learn that the till has gone.
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.initial_reconnect_backoff_ms", RECONNECT_MS_MIN),
        ("grpc.min_reconnect_backoff_ms", CONNECT_MS_MAX),
        ("grpc.max_reconnect_backoff_ms", RECONNECT_MS_MAX),
        # Connections of our own: close() then closes them, and no other client in this process
        # hands us its reconnect back-off.
        ("grpc.use_local_subchannel_pool", 1),
    ]
    if target.startswith("unix:"):
        # The default is the path, %-encoded, which several servers refuse as an authority.
        options.append(("grpc.default_authority", "localhost"))
    return options


def service_config() -> str:
    """The committed gRPC service config, JSON."""
    return resources.files("tillhal").joinpath("service_config.json").read_text("utf-8")


def call_metadata(language: str | None) -> tuple[tuple[str, str], ...]:
    """Metadata of every call: who calls, and the language of the cashier's sentences."""
    said = ((CLIENT_KEY, f"python/{VERSION}; api={API}"),)
    return (*said, ("accept-language", language)) if language else said

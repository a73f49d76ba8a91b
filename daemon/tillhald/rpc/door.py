"""The one place through which every RPC comes in.

Servicers are registered here as on a gRPC server. Each method is wrapped once: its bytes are
parsed, exceptions become statuses, a summary is logged and counted. The wrapped handlers then
serve any number of gRPC servers.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import grpc
import structlog
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from tillhald.domain.errors import (
    Forbidden,
    MalformedRequest,
    PeerBusy,
    RequestTooLarge,
    SignOnBlocked,
    Unauthenticated,
)
from tillhald.rpc.access_rules import rule_of
from tillhald.rpc.errors import ShuttingDown, code_of, reason_of, status_of
from tillhald.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from google.protobuf.message import Message

    from tillhald.rpc.admission import Admission
    from tillhald.rpc.version_gate import VersionGate

    Context = grpc.aio.ServicerContext[bytes, Message]
    Handler = grpc.RpcMethodHandler[Any, Any]

S = TypeVar("S")

log = structlog.get_logger(__name__)

REQUEST_BYTES_MAX = 2 * 1024 * 1024
"""A larger message is refused before it is parsed. The largest sane one is 1 MiB of a bundle."""
RECEIVE_BYTES_MAX = 4 * 1024 * 1024
"""What gRPC itself takes: between the two we refuse with a reason."""
REQUEST_S_MAX = 30.0
"""Within this a caller has sent its request, or is refused: who never does holds no place."""

GOES_ON: Final = frozenset(
    {
        "PowerService/PrepareForPowerLoss",
        "BackupService/CommitRestore",
        "BackupService/CommitClean",
        "UpgradeService/StartUpgrade",
        "UpgradeService/CancelUpgrade",
        "UpgradeService/RollBack",
    }
)
"""Asked for also while the till is quiet because it changes its program or its data. What is under
way is watched again by its request_id, and another piece of work is refused by itself."""

OF_ACCESS: Final = (Unauthenticated, Forbidden, SignOnBlocked, PeerBusy)
"""Refusals that somebody may bring about by the thousand: one of a kind is logged a minute."""


class Door:
    """Collects handlers. Give it to the generated `add_…Servicer_to_server`."""

    def __init__(
        self, gate: VersionGate, refuse_if_quiet: Callable[[str], None] = lambda _: None
    ) -> None:
        """`refuse_if_quiet` is asked about each new request that changes something, by its id."""
        self.gate = gate
        self._refuse_if_quiet = refuse_if_quiet
        self.services: list[str] = []
        self.draining = False
        self._methods: dict[str, Mapping[str, Handler]] = {}

    def hang(self, add: Callable[[S, grpc.aio.Server], None], servicer: S) -> None:
        """`add` is generated code; of a server it needs only the two methods below."""
        add(servicer, cast("grpc.aio.Server", self))

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        """Called by generated code; the registered handlers below are the same ones."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Handler]) -> None:
        """Called by generated code, once a service."""
        self._methods[service] = handlers
        self.services.append(service)

    def handlers(self, admission: Admission) -> list[grpc.GenericRpcHandler]:
        """All methods, wrapped for one entrance: the same servicers are behind each."""
        found = []
        for service, methods in self._methods.items():
            bare = service.rpartition(".")[2]
            wrapped = {
                method: self._wrap(f"{bare}/{method}", handler, admission)
                for method, handler in methods.items()
            }
            found.append(grpc.method_handlers_generic_handler(service, wrapped))
        return found

    def _wrap(self, method: str, handler: Handler, admission: Admission) -> Handler:
        parse, serialise = handler.request_deserializer, handler.response_serializer
        assert parse is not None, f"{method} has no parser"
        if handler.unary_unary is not None:
            # The types of grpc's handlers know synchronous servicers only.
            # On the wire the shapes are the same. Of a stream gRPC reads a message only when it is
            # asked for it: what a stranger sends stays out of our memory.
            unary: Any = self._unary(method, parse, cast("Any", handler.unary_unary), admission)
            return grpc.stream_unary_rpc_method_handler(unary, None, serialise)
        if handler.stream_stream is not None:
            both: Any = self._both(method, parse, cast("Any", handler.stream_stream), admission)
            return grpc.stream_stream_rpc_method_handler(both, None, serialise)
        assert handler.unary_stream is not None, f"{method} is of a shape that nobody needed yet"
        stream: Any = self._stream(method, parse, cast("Any", handler.unary_stream), admission)
        return grpc.stream_stream_rpc_method_handler(stream, None, serialise)

    def _unary(
        self,
        method: str,
        parse: Callable[[bytes], Message],
        behave: Callable[[Message, Context], Awaitable[Message]],
        admission: Admission,
    ) -> Callable[[AsyncIterator[bytes], Context], Awaitable[Message]]:
        answered = metrics.RPC_SECONDS.labels(rpc=method)
        rule = rule_of(method)

        async def call(raws: AsyncIterator[bytes], context: Context) -> Message:
            began = time.perf_counter()
            share = None
            try:
                who = await admission.known(context)
                share = await admission.begin_call(who)
                self.gate.check(method, context, who.front_end)
                admission.admit(rule, who)
                request = self._parse(method, parse, await read_request(raws))
                if who.approval is not None:
                    admission.lift(rule, who, request)
                response = await behave(request, context)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                await refuse(method, error, context, began, admission)
                raise  # not reached: refuse aborts the call
            finally:
                if share is not None:
                    share.calls -= 1
            answered.observe(time.perf_counter() - began)
            return response

        return call

    def _stream(
        self,
        method: str,
        parse: Callable[[bytes], Message],
        behave: Callable[[Message, Context], AsyncIterator[Message]],
        admission: Admission,
    ) -> Callable[[AsyncIterator[bytes], Context], AsyncIterator[Message]]:
        rule = rule_of(method)

        async def call(raws: AsyncIterator[bytes], context: Context) -> AsyncIterator[Message]:
            began = time.perf_counter()
            share = None
            try:
                who = await admission.known(context)
                share = await admission.begin_stream(who)
                self.gate.check(method, context, who.front_end)
                admission.admit(rule, who)
                request = self._parse(method, parse, await read_request(raws))
                if who.approval is not None:
                    admission.lift(rule, who, request)
                # At once, so that a watcher knows that it is subscribed before anything happens.
                await context.send_initial_metadata(())
                async for message in behave(request, context):
                    admission.must_hold(who)
                    yield message
            except (asyncio.CancelledError, GeneratorExit):
                raise  # swallowing it leaks memory in grpc.aio (grpc/grpc#43360)
            except Exception as error:  # noqa: BLE001 - every exception becomes a status here
                await refuse(method, error, context, began, admission)
            finally:
                if share is not None:
                    share.streams -= 1

        return call

    def _both(
        self,
        method: str,
        parse: Callable[[bytes], Message],
        behave: Callable[[AsyncIterator[Message], Context], AsyncIterator[Message]],
        admission: Admission,
    ) -> Callable[[AsyncIterator[bytes], Context], AsyncIterator[Message]]:
        """Streams both ways. An approval is for one request, and lets nobody through here."""
        rule = rule_of(method)
        assert not rule.liftable, f"{method} has no one request that could be approved"

        async def call(raws: AsyncIterator[bytes], context: Context) -> AsyncIterator[Message]:
            began = time.perf_counter()
            share = None

            async def requests() -> AsyncIterator[Message]:
                async for raw in raws:
                    yield self._parse(method, parse, raw)

            try:
                who = await admission.known(context)
                share = await admission.begin_stream(who)
                self.gate.check(method, context, who.front_end)
                admission.admit(rule, who)
                await context.send_initial_metadata(())
                async for message in behave(requests(), context):
                    admission.must_hold(who)
                    yield message
            except (asyncio.CancelledError, GeneratorExit):
                raise  # swallowing it leaks memory in grpc.aio (grpc/grpc#43360)
            except Exception as error:  # noqa: BLE001 - every exception becomes a status here
                await refuse(method, error, context, began, admission)
            finally:
                if share is not None:
                    share.streams -= 1

        return call

    def _parse(self, method: str, parse: Callable[[bytes], Message], raw: bytes) -> Message:
        if self.draining:
            raise ShuttingDown("The till is going down.")
        if len(raw) > REQUEST_BYTES_MAX:
            sentence = f"The request has {len(raw)} bytes; at most {REQUEST_BYTES_MAX} are taken."
            raise RequestTooLarge("", sentence, limit=REQUEST_BYTES_MAX)
        try:
            request = parse(raw)
        except DecodeError:
            sentence = "The bytes are no such message, or a text in it is not UTF-8."
            raise MalformedRequest("", sentence) from None
        # By the contract's manners, what changes something has a request_id.
        if (request_id := getattr(request, "request_id", "")) and method not in GOES_ON:
            self._refuse_if_quiet(request_id)
        return request


async def read_request(raws: AsyncIterator[bytes]) -> bytes:
    """The one message of a call. Raises MalformedRequest where none comes."""
    try:
        async with asyncio.timeout(REQUEST_S_MAX):
            return await anext(raws)
    except TimeoutError:
        sentence = f"No request came within {REQUEST_S_MAX:.0f} s."
        raise MalformedRequest("", sentence) from None
    except StopAsyncIteration:
        raise MalformedRequest("", "There is no request in the call.") from None


async def refuse(
    method: str, error: Exception, context: Context, began: float, admission: Admission
) -> None:
    """End the call with the status of `error`. Never returns."""
    took_ms = round((time.perf_counter() - began) * 1000, 1)
    reason = reason_of(error) if code_of(error) else "INTERNAL"
    metrics.RPC_REFUSED.labels(rpc=method, reason=reason).inc()
    if code_of(error) is None:
        log.error("rpc_failed", rpc=method, took_ms=took_ms, exc_info=error)
    elif not isinstance(error, OF_ACCESS):
        log.info("rpc_refused", rpc=method, reason=reason, took_ms=took_ms)
    elif admission.is_news(method, reason):
        log.warning("access_refused", rpc=method, reason=reason, entrance=admission.name)
    status = status_of(error, language_of(context))
    await context.abort_with_status(rpc_status.to_status(status))


def language_of(context: Context) -> str:
    """What the caller sent as `accept-language`; empty for nothing."""
    for key, value in context.invocation_metadata() or ():
        if key == "accept-language":
            return value if isinstance(value, str) else value.decode("ascii", "replace")
    return ""

"""What stands beside our own services: health for all, at the sockets reflection and channelz.

Their servicers come with gRPC and know of no shares. Whoever asks here need not be known, so all
who ask at one entrance have one share: they take nothing from those who sell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import grpc
import structlog
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from tillhald.domain.errors import MalformedRequest, PeerBusy
from tillhald.rpc.door import language_of, read_request
from tillhald.rpc.errors import reason_of, status_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from google.protobuf.message import Message

    from tillhald.rpc.admission import Admission
    from tillhald.rpc.door import Context, Handler
    from tillhald.service.pace import Pace, Peer

log = structlog.get_logger(__name__)

GUEST_STREAMS_MAX: Final = 128
"""At one entrance; a connection that is watched for health takes one."""


class Annex:
    """Stands for a server where generated code adds a servicer of gRPC's own."""

    def __init__(self, server: grpc.aio.Server, admission: Admission, pace: Pace) -> None:
        self._server = server
        self._admission = admission
        self._pace = pace
        self._guests = f"/{admission.name}/guests"

    def hang(self, add: Callable[[Any, grpc.aio.Server], None], servicer: object) -> None:
        """`add` is generated code; of a server it needs only the two methods below."""
        add(servicer, cast("grpc.aio.Server", self))

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        """Called by generated code; the registered handlers below are the same ones."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Handler]) -> None:
        """Called by generated code, once a service."""
        bare = service.rpartition(".")[2]
        wrapped = {name: self._wrap(f"{bare}/{name}", each) for name, each in handlers.items()}
        generic = grpc.method_handlers_generic_handler(service, wrapped)
        self._server.add_generic_rpc_handlers((generic,))

    def _wrap(self, method: str, handler: Handler) -> Handler:
        """As in the door, a message is read only once its sender has a share."""
        parse, serialise = handler.request_deserializer, handler.response_serializer
        assert parse is not None, f"{method} has no parser"
        if handler.unary_unary is not None:
            unary: Any = self._unary(method, parse, cast("Any", handler.unary_unary))
            return grpc.stream_unary_rpc_method_handler(unary, None, serialise)
        if handler.unary_stream is not None:
            watch: Any = self._watch(method, parse, cast("Any", handler.unary_stream))
            return grpc.stream_stream_rpc_method_handler(watch, None, serialise)
        both: Any = self._both(method, cast("Any", handler.stream_stream))
        return grpc.stream_stream_rpc_method_handler(both, parse, serialise)

    def _unary(
        self,
        method: str,
        parse: Callable[[bytes], Message],
        behave: Callable[[Message, Context], Awaitable[Message]],
    ) -> Callable[[AsyncIterator[bytes], Context], Awaitable[Message]]:
        async def call(raws: AsyncIterator[bytes], context: Context) -> Message:
            share = None
            try:
                share = await self._pace.begin_call(self._guests)
                return await behave(_parsed(parse, await read_request(raws)), context)
            except (PeerBusy, MalformedRequest) as error:
                await self._refuse(method, error, context)
                raise  # not reached: the call is aborted
            finally:
                if share is not None:
                    share.calls -= 1

        return call

    def _watch(
        self,
        method: str,
        parse: Callable[[bytes], Message],
        behave: Callable[[Message, Context], Awaitable[None]],
    ) -> Callable[[AsyncIterator[bytes], Context], Awaitable[None]]:
        """Of a servicer that writes by itself, as that of health does."""

        async def call(raws: AsyncIterator[bytes], context: Context) -> None:
            share = None
            try:
                share = await self._begin_stream()
                await behave(_parsed(parse, await read_request(raws)), context)
            except (PeerBusy, MalformedRequest) as error:
                await self._refuse(method, error, context)
            finally:
                if share is not None:
                    share.streams -= 1

        return call

    def _both(
        self,
        method: str,
        behave: Callable[[AsyncIterator[Message], Context], AsyncIterator[Message]],
    ) -> Callable[[AsyncIterator[Message], Context], AsyncIterator[Message]]:
        async def call(
            requests: AsyncIterator[Message], context: Context
        ) -> AsyncIterator[Message]:
            share = None
            try:
                share = await self._begin_stream()
                async for message in behave(requests, context):
                    yield message
            except PeerBusy as error:
                await self._refuse(method, error, context)
            finally:
                if share is not None:
                    share.streams -= 1

        return call

    async def _begin_stream(self) -> Peer:
        return await self._pace.begin_stream(self._guests, GUEST_STREAMS_MAX)

    async def _refuse(self, method: str, error: Exception, context: Context) -> None:
        """End the call. Strangers bring this about by the thousand: one a minute is logged."""
        if self._admission.is_news(method, reason_of(error)):
            entrance = self._admission.name
            log.warning("access_refused", rpc=method, reason=reason_of(error), entrance=entrance)
        status = status_of(error, language_of(context))
        await context.abort_with_status(rpc_status.to_status(status))


def _parsed(parse: Callable[[bytes], Message], raw: bytes) -> Message:
    try:
        return parse(raw)
    except DecodeError:
        raise MalformedRequest("", "The bytes are no such message.") from None

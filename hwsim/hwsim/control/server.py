"""The gRPC server of a simulated shop. Reflection is on: `buf curl` and grpcurl need no files."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import grpc
from grpc_reflection.v1alpha import reflection

from hwsim.control.drawer import DrawerServicer
from hwsim.control.printer import PrinterServicer
from hwsim.control.rig import RigServicer
from hwsim.control.scanner import ScannerServicer
from hwsim.control.ups import UpsServicer
from hwsim.scenario import ScenarioError
from hwsim.shop import CannotStart, NoSuchDevice, Shop
from hwsim.v1 import (
    drawer_pb2,
    drawer_pb2_grpc,
    printer_pb2,
    printer_pb2_grpc,
    rig_pb2,
    rig_pb2_grpc,
    scanner_pb2,
    scanner_pb2_grpc,
    ups_pb2,
    ups_pb2_grpc,
)

CALLS_MAX: Final = 64
"""Calls at once, streams among them; more are refused with RESOURCE_EXHAUSTED."""

STOP_S: Final = 1.0

STATUS_BY_ERROR: Final[tuple[tuple[type[Exception], grpc.StatusCode], ...]] = (
    (NoSuchDevice, grpc.StatusCode.NOT_FOUND),
    (ScenarioError, grpc.StatusCode.INVALID_ARGUMENT),
    (ValueError, grpc.StatusCode.INVALID_ARGUMENT),
    (OSError, grpc.StatusCode.FAILED_PRECONDITION),
)
"""The first that fits."""

FILES: Final = (rig_pb2, printer_pb2, drawer_pb2, scanner_pb2, ups_pb2)

if TYPE_CHECKING:
    Handler = grpc.RpcMethodHandler[Any, Any]
Call = Callable[[Any, grpc.ServicerContext], Any]


class _Refusals(grpc.ServerInterceptor):
    """Turns what a servicer raises into a status; the only place that does."""

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Handler | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        shape = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        if handler.unary_unary is not None:
            call = _answering(handler.unary_unary)
            return grpc.unary_unary_rpc_method_handler(call, **shape)
        if handler.unary_stream is not None:
            call = _streaming(handler.unary_stream)
            return grpc.unary_stream_rpc_method_handler(call, **shape)
        return handler


def _answering(call: Call) -> Call:
    @wraps(call)
    def answer(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - any message
        try:
            return call(request, context)
        except tuple(error for error, _ in STATUS_BY_ERROR) as error:
            _refuse(error, context)

    return answer


def _streaming(call: Call) -> Call:
    @wraps(call)
    def answer(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - any message
        try:
            yield from call(request, context)
        except tuple(error for error, _ in STATUS_BY_ERROR) as error:
            _refuse(error, context)

    return answer


def _refuse(error: Exception, context: grpc.ServicerContext) -> None:
    status = next(status for kind, status in STATUS_BY_ERROR if isinstance(error, kind))
    context.abort(status, str(error))


class ControlServer:
    """Serves one shop at one address."""

    def __init__(self, shop: Shop, address: str) -> None:
        """Not serving yet. `address` is `unix:/path` or `host:port`."""
        self.address = address
        workers = ThreadPoolExecutor(CALLS_MAX, thread_name_prefix="hwsim-rpc")
        self._server = grpc.server(
            workers, interceptors=[_Refusals()], maximum_concurrent_rpcs=CALLS_MAX
        )
        rig_pb2_grpc.add_RigServiceServicer_to_server(RigServicer(shop), self._server)
        printer_pb2_grpc.add_PrinterServiceServicer_to_server(PrinterServicer(shop), self._server)
        drawer_pb2_grpc.add_DrawerServiceServicer_to_server(DrawerServicer(shop), self._server)
        scanner_pb2_grpc.add_ScannerServiceServicer_to_server(ScannerServicer(shop), self._server)
        ups_pb2_grpc.add_UpsServiceServicer_to_server(UpsServicer(shop), self._server)
        names = [name.full_name for each in FILES for name in _services(each)]
        reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], self._server)

    def start(self) -> Self:
        """Listen. CannotStart if the address cannot be used."""
        try:
            port = self._server.add_insecure_port(self.address)
        except RuntimeError as error:
            raise CannotStart(f"{self.address} cannot be used") from error
        if not self.address.startswith("unix:"):
            self.address = f"{self.address.rpartition(':')[0]}:{port}"
        self._server.start()
        return self

    def close(self) -> None:
        """Refuse new calls, end those that run."""
        self._server.stop(STOP_S).wait()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()


def _services(file: Any) -> list[Any]:  # noqa: ANN401 - a generated module
    return list(file.DESCRIPTOR.services_by_name.values())

"""The focus of a scanner: `Scanner` for programs with threads, `AsyncScanner` for asyncio.

    with till.scanner(purpose="the counter") as scanner:
        for scan in scanner:
            ...

Asking for the next scan acknowledges the one before. A lost connection is taken up again, and after
a restart of the till the scanner is claimed anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Final, Protocol

import grpc

from tillhal import errors
from tillhal.v1 import device_pb2, scanner_pb2
from tillhal.values import new_id
from tillhal.watch import backoff_s, resumable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from types import TracebackType
    from typing import Self

CLAIM_S: Final = 10.0
"""What a claim's call gets beyond the time that it waits for the scanner."""
RECLAIM_WAIT_S: Final = 5


class Desk(Protocol):
    """What a scanner needs of the till, each with the deadline in seconds."""

    def claim(
        self, request: device_pb2.ClaimRequest, timeout_s: float, /
    ) -> device_pb2.ClaimResponse: ...
    def renew(self, request: device_pb2.RenewClaimRequest, /) -> device_pb2.RenewClaimResponse: ...
    def release(
        self, request: device_pb2.ReleaseClaimRequest, /
    ) -> device_pb2.ReleaseClaimResponse: ...
    def acknowledge(
        self, request: scanner_pb2.AcknowledgeScanRequest, /
    ) -> scanner_pb2.AcknowledgeScanResponse: ...
    def watch(self, request: scanner_pb2.WatchScansRequest, /) -> ScanCall: ...


class ScanCall(Protocol):
    """The stream of scans."""

    def __next__(self) -> scanner_pb2.WatchScansResponse: ...
    def cancel(self) -> object: ...


class _Requests:
    """The requests of one claim, and where its stream stands."""

    def __init__(
        self, device_id: str, purpose: str, wait_s: int, ttl_s: int, force_reason: str
    ) -> None:
        self._device_id = device_id
        self._purpose = purpose
        self._ttl_s = ttl_s
        self.wait_s = wait_s
        self._force_reason = force_reason
        self.lease = device_pb2.Lease()
        self.cursor = 0
        self.unacknowledged = 0

    def claim(self) -> device_pb2.ClaimRequest:
        return device_pb2.ClaimRequest(
            request_id=new_id(),
            device_id=self._device_id,
            mode=device_pb2.CLAIM_MODE_EXCLUSIVE,
            purpose=self._purpose,
            wait_s=self.wait_s,
            ttl_s=self._ttl_s,
            force_reason=self._force_reason,
        )

    def claimed(self, lease: device_pb2.Lease) -> None:
        self.lease = lease
        self._device_id = lease.device_id
        self.wait_s, self._force_reason = RECLAIM_WAIT_S, ""  # of another claim, after a restart

    def retain(self) -> device_pb2.RenewClaimRequest:
        return device_pb2.RenewClaimRequest(
            device_id=self._device_id, lease_id=self.lease.lease_id, retain=True
        )

    def release(self) -> device_pb2.ReleaseClaimRequest:
        return device_pb2.ReleaseClaimRequest(
            device_id=self._device_id, lease_id=self.lease.lease_id
        )

    def watch(self) -> scanner_pb2.WatchScansRequest:
        return scanner_pb2.WatchScansRequest(
            device_id=self._device_id, lease_id=self.lease.lease_id, cursor=self.cursor
        )

    def acknowledge(self) -> scanner_pb2.AcknowledgeScanRequest | None:
        """For the scan that was taken last; None when there is none."""
        cursor, self.unacknowledged = self.unacknowledged, 0
        if not cursor:
            return None
        return scanner_pb2.AcknowledgeScanRequest(
            device_id=self._device_id, lease_id=self.lease.lease_id, cursor=cursor
        )

    def take(self, item: scanner_pb2.WatchScansResponse) -> scanner_pb2.Scan | None:
        """The scan in it, if it is one that has not been seen."""
        if item.WhichOneof("item") != "scan" or item.cursor <= self.cursor:
            return None
        self.cursor = self.unacknowledged = item.cursor
        return item.scan


class Scanner:
    """An exclusive claim on a scanner, and its scans. Use it in a `with`, and iterate.

    The iteration ends when another front end wants the scanner and `keep` does not say no to its
    purpose. Raises ClaimLost when the scanner was taken by force.
    """

    def __init__(
        self,
        desk: Desk,
        device_id: str,
        *,
        purpose: str,
        wait_s: int = 0,
        ttl_s: int = 0,
        force_reason: str = "",
        keep: Callable[[str], bool] | None = None,
    ) -> None:
        """See `Till.scanner`."""
        self._desk = desk
        self._requests = _Requests(device_id, purpose, wait_s, ttl_s, force_reason)
        self._keep = keep
        self._call: ScanCall | None = None
        self._losses = 0
        self._closed = threading.Event()
        self._lock = threading.Lock()

    @property
    def lease(self) -> device_pb2.Lease:
        """The claim; its `fencing_token` goes with SoftTrigger and InjectScan."""
        return self._requests.lease

    def __enter__(self) -> Self:
        """Claim the scanner. Raises Claimed when it cannot be had in time."""
        self._claim()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Acknowledge the last scan and give the scanner back. From any thread, also twice."""
        if self._closed.is_set():
            return
        self._closed.set()
        with contextlib.suppress(errors.TillError, RuntimeError):
            self._acknowledge()
            self._desk.release(self._requests.release())
        self._drop()

    def __iter__(self) -> Iterator[scanner_pb2.Scan]:
        """Itself."""
        return self

    def __next__(self) -> scanner_pb2.Scan:
        """The next scan, waited for as long as it takes."""
        with contextlib.suppress(errors.TillError):  # the stream will say what is wrong
            self._acknowledge()
        while not self._closed.is_set():
            try:
                item = next(self._stream())
            except StopIteration:
                pass  # the till said goodbye: it is restarting
            except grpc.RpcError as error:
                if self._closed.is_set():
                    break
                if self._is_over(errors.from_rpc(error)):
                    raise errors.from_rpc(error) from error
            else:
                self._losses = 0
                if item.WhichOneof("item") == "release_requested":
                    self._answer(item.release_requested)
                elif (scan := self._requests.take(item)) is not None:
                    return scan
                continue
            self._drop()
            self._losses += 1
            self._closed.wait(backoff_s(self._losses - 1))
        raise StopIteration

    def _is_over(self, failure: errors.TillError) -> bool:
        """Whether there is nothing more to try; a claim that a restart ended is made anew."""
        if resumable(failure):
            return False
        if not (isinstance(failure, errors.ClaimLost) and self._losses):
            self._drop()
            return True
        self._claim()
        return False

    def _claim(self) -> None:
        request = self._requests.claim()
        timeout_s = self._requests.wait_s + CLAIM_S
        self._requests.claimed(self._desk.claim(request, timeout_s).lease)

    def _acknowledge(self) -> None:
        if (request := self._requests.acknowledge()) is not None:
            self._desk.acknowledge(request)

    def _answer(self, wanted: device_pb2.ReleaseRequested) -> None:
        if self._keep is not None and self._keep(wanted.purpose):
            self._desk.renew(self._requests.retain())
        else:
            self.close()

    def _stream(self) -> ScanCall:
        with self._lock:
            if self._call is None:
                self._call = self._desk.watch(self._requests.watch())
            return self._call

    def _drop(self) -> None:
        with self._lock:
            call, self._call = self._call, None
        if call is not None:
            call.cancel()


class AsyncDesk(Protocol):
    """As `Desk`."""

    def claim(
        self, request: device_pb2.ClaimRequest, timeout_s: float, /
    ) -> Awaitable[device_pb2.ClaimResponse]: ...
    def renew(
        self, request: device_pb2.RenewClaimRequest, /
    ) -> Awaitable[device_pb2.RenewClaimResponse]: ...
    def release(
        self, request: device_pb2.ReleaseClaimRequest, /
    ) -> Awaitable[device_pb2.ReleaseClaimResponse]: ...
    def acknowledge(
        self, request: scanner_pb2.AcknowledgeScanRequest, /
    ) -> Awaitable[scanner_pb2.AcknowledgeScanResponse]: ...
    def watch(self, request: scanner_pb2.WatchScansRequest, /) -> AsyncScanCall: ...


class AsyncScanCall(Protocol):
    """The stream of scans."""

    def __aiter__(self) -> AsyncIterator[scanner_pb2.WatchScansResponse]: ...
    def cancel(self) -> object: ...


class AsyncScanner:
    """As `Scanner`, for `async with` and `async for`."""

    def __init__(
        self,
        desk: AsyncDesk,
        device_id: str,
        *,
        purpose: str,
        wait_s: int = 0,
        ttl_s: int = 0,
        force_reason: str = "",
        keep: Callable[[str], bool] | None = None,
    ) -> None:
        """See `AsyncTill.scanner`."""
        self._desk = desk
        self._requests = _Requests(device_id, purpose, wait_s, ttl_s, force_reason)
        self._keep = keep
        self._call: AsyncScanCall | None = None
        self._items: AsyncIterator[scanner_pb2.WatchScansResponse] | None = None
        self._losses = 0
        self._closed = asyncio.Event()

    @property
    def lease(self) -> device_pb2.Lease:
        """The claim; its `fencing_token` goes with SoftTrigger and InjectScan."""
        return self._requests.lease

    async def __aenter__(self) -> Self:
        """Claim the scanner. Raises Claimed when it cannot be had in time."""
        await self._claim()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        await self.aclose()

    async def aclose(self) -> None:
        """Acknowledge the last scan and give the scanner back. May be called twice."""
        if self._closed.is_set():
            return
        self._closed.set()
        with contextlib.suppress(errors.TillError, RuntimeError):
            await self._acknowledge()
            await self._desk.release(self._requests.release())
        self._drop()

    def __aiter__(self) -> AsyncIterator[scanner_pb2.Scan]:
        """Itself."""
        return self

    async def __anext__(self) -> scanner_pb2.Scan:
        """The next scan, waited for as long as it takes."""
        with contextlib.suppress(errors.TillError):  # the stream will say what is wrong
            await self._acknowledge()
        while not self._closed.is_set():
            try:
                item = await anext(self._stream())
            except StopAsyncIteration:
                pass  # the till said goodbye: it is restarting
            except grpc.RpcError as error:
                if self._closed.is_set():
                    break
                if await self._is_over(errors.from_rpc(error)):
                    raise errors.from_rpc(error) from error
            else:
                self._losses = 0
                if item.WhichOneof("item") == "release_requested":
                    await self._answer(item.release_requested)
                elif (scan := self._requests.take(item)) is not None:
                    return scan
                continue
            self._drop()
            self._losses += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), backoff_s(self._losses - 1))
        raise StopAsyncIteration

    async def _is_over(self, failure: errors.TillError) -> bool:
        if resumable(failure):
            return False
        if not (isinstance(failure, errors.ClaimLost) and self._losses):
            self._drop()
            return True
        await self._claim()
        return False

    async def _claim(self) -> None:
        request = self._requests.claim()
        timeout_s = self._requests.wait_s + CLAIM_S
        self._requests.claimed((await self._desk.claim(request, timeout_s)).lease)

    async def _acknowledge(self) -> None:
        if (request := self._requests.acknowledge()) is not None:
            await self._desk.acknowledge(request)

    async def _answer(self, wanted: device_pb2.ReleaseRequested) -> None:
        if self._keep is not None and self._keep(wanted.purpose):
            await self._desk.renew(self._requests.retain())
        else:
            await self.aclose()

    def _stream(self) -> AsyncIterator[scanner_pb2.WatchScansResponse]:
        if self._items is None:
            self._call = self._desk.watch(self._requests.watch())
            self._items = aiter(self._call)
        return self._items

    def _drop(self) -> None:
        call, self._call, self._items = self._call, None, None
        if call is not None:
            call.cancel()

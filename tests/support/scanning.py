"""A front end that has a scanner, and one that waits for it."""

from __future__ import annotations

import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

import grpc

from tests.support.answers import refusal_of
from tillhal.v1 import device_pb2, scanner_pb2, system_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.till import Calls

WAIT_S_MAX = 15.0
SCANNER = "hand_scanner"


def scanner_toml(at: Path, **options: object) -> str:
    """A serial scanner at this path."""
    lines = [f"[devices.{SCANNER}]", 'driver = "serial_scanner"', f'port = "{at}"']
    lines += [f"{name} = {value}" for name, value in options.items()]
    return "\n".join(lines) + "\n"


def claim(calls: Calls, device_id: str = SCANNER, **fields: Any) -> device_pb2.ClaimResponse:
    """An exclusive claim, unless the fields say otherwise."""
    wanted = {
        "request_id": str(uuid.uuid4()),
        "device_id": device_id,
        "mode": device_pb2.CLAIM_MODE_EXCLUSIVE,
        "purpose": "a test",
        **fields,
    }
    timeout_s = wanted.get("wait_s", 0) + WAIT_S_MAX
    return calls.device.Claim(device_pb2.ClaimRequest(**wanted), timeout=timeout_s)


def reason(error: grpc.RpcError) -> str:
    """Why the till said no."""
    return refusal_of(error).reason


class Focus:
    """A front end that holds the scanner and watches. What came is in `heard`, in order."""

    def __init__(
        self, calls: Calls, lease: device_pb2.Lease | None = None, cursor: int = 0, **fields: Any
    ) -> None:
        """Claim, unless a lease is given, and return once the stream is open."""
        self.calls = calls
        self.lease = claim(calls, **fields).lease if lease is None else lease
        self.heard: list[scanner_pb2.WatchScansResponse] = []
        self.error: grpc.RpcError | None = None
        self.ended = False
        self._changed = threading.Condition()
        request = scanner_pb2.WatchScansRequest(
            device_id=self.lease.device_id, lease_id=self.lease.lease_id, cursor=cursor
        )
        self._stream = calls.scanner.WatchScans(request, timeout=120)
        self._stream.initial_metadata()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        try:
            for item in self._stream:
                with self._changed:
                    self.heard.append(item)
                    self._changed.notify_all()
        except grpc.RpcError as error:
            self.error = error
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def wait(self, what: Callable[[], bool], within_s: float = WAIT_S_MAX) -> None:
        with self._changed:
            assert self._changed.wait_for(what, within_s), self.heard

    @property
    def scans(self) -> list[scanner_pb2.Scan]:
        return [item.scan for item in self.heard if item.WhichOneof("item") == "scan"]

    def next_scans(self, count: int, within_s: float = WAIT_S_MAX) -> list[scanner_pb2.Scan]:
        """Wait until so many have come in all."""
        self.wait(lambda: len(self.scans) >= count, within_s)
        return self.scans

    def wanted(self, within_s: float = WAIT_S_MAX) -> device_pb2.ReleaseRequested:
        """Wait until somebody wants the scanner."""
        found = lambda: [i for i in self.heard if i.WhichOneof("item") == "release_requested"]  # noqa: E731
        self.wait(lambda: bool(found()), within_s)
        return found()[-1].release_requested

    def acknowledge(self, cursor: int | None = None) -> None:
        self.calls.scanner.AcknowledgeScan(
            scanner_pb2.AcknowledgeScanRequest(
                device_id=self.lease.device_id,
                lease_id=self.lease.lease_id,
                cursor=self.heard[-1].cursor if cursor is None else cursor,
            )
        )

    def release(self) -> None:
        self.calls.device.ReleaseClaim(
            device_pb2.ReleaseClaimRequest(
                device_id=self.lease.device_id, lease_id=self.lease.lease_id
            )
        )

    def await_end(self) -> grpc.RpcError | None:
        self.wait(lambda: self.ended)
        self._thread.join(WAIT_S_MAX)
        return self.error

    def hang_up(self) -> None:
        """End the stream, and keep the claim."""
        self._stream.cancel()
        self._thread.join(WAIT_S_MAX)

    def __enter__(self) -> Focus:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()


def devices(calls: Calls, device_id: str = SCANNER) -> Iterator[device_pb2.Device]:
    """A device as it is, and each change."""
    request = device_pb2.WatchDevicesRequest(device_id=device_id)
    for response in calls.device.WatchDevices(request, timeout=WAIT_S_MAX):
        yield response.device


def await_device(
    calls: Calls, fits: Callable[[device_pb2.Device], bool], device_id: str = SCANNER
) -> float:
    """Wait until the device is so; how many seconds that took."""
    began_s = time.monotonic()
    for device in devices(calls, device_id):
        if fits(device):
            return time.monotonic() - began_s
    raise AssertionError("the stream ended")


def await_scanner(calls: Calls, device_id: str = SCANNER) -> None:
    """Wait until the till has the scanner's line."""
    await_device(calls, lambda device: device.presence == device_pb2.PRESENCE_PRESENT, device_id)


def device_events(calls: Calls, cursor: int, kind: int) -> Iterator[device_pb2.DeviceEvent]:
    """Events of devices after a cursor, of one kind."""
    for event in calls.system.WatchEvents(system_pb2.WatchEventsRequest(cursor=cursor)):
        if event.WhichOneof("event") == "device" and event.device.kind == kind:
            yield event.device

"""A front end that asks and sells: `python -m bench.asker TARGET PAUSE_S` in a process of its own.

It says "ready", then calls one thing after the other with a pause. At the end of its input it
writes how many nanoseconds each call took, as a JSON list. In the process of a simulated device its
calls and the device would wait for one interpreter, milliseconds at times, and that would be timed.
"""

from __future__ import annotations

import sys
import threading
import time

import grpc
import msgspec

from bench.load import CALL_S_MAX
from bench.sale import all_ids, checkout_request
from tillhal.v1 import (
    checkout_pb2_grpc,
    device_pb2,
    device_pb2_grpc,
    system_pb2,
    system_pb2_grpc,
)


def ask(channel: grpc.Channel, pause_s: float, over: threading.Event) -> list[int]:
    """Ask and sell until it is over; what each call took."""
    took: list[int] = []
    system = system_pb2_grpc.SystemServiceStub(channel)
    devices = device_pb2_grpc.DeviceServiceStub(channel)
    checkout = checkout_pb2_grpc.CheckoutServiceStub(channel)
    sale, ids = checkout_request(), all_ids()
    while not over.wait(pause_s):
        sale.request_id, sale.sale_id = next(ids)
        for call, request in (
            (system.GetStatus, system_pb2.GetStatusRequest()),
            (devices.ListDevices, device_pb2.ListDevicesRequest()),
            (checkout.Checkout, sale),
        ):
            begun_ns = time.monotonic_ns()
            call(request, timeout=CALL_S_MAX)
            took.append(time.monotonic_ns() - begun_ns)
    return took


def main() -> None:
    """See the module's docstring."""
    target, pause_s = sys.argv[1], float(sys.argv[2])
    over = threading.Event()

    def await_end() -> None:
        sys.stdin.read()
        over.set()

    with grpc.insecure_channel(target) as channel:
        grpc.channel_ready_future(channel).result(CALL_S_MAX)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        threading.Thread(target=await_end).start()
        took = ask(channel, pause_s, over)
    sys.stdout.buffer.write(msgspec.json.encode(took))


if __name__ == "__main__":
    main()

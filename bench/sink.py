"""A printer that only takes the time: `python -m bench.sink [BYTES_A_SECOND]`.

It says its port, and when each cut came. Given a speed it reads no faster, as behind a serial line.
It answers what a driver asks (status, process ids, its count of cuts) and draws nothing, so that
what is measured is the way to the printer. Each cut is a line on standard output: the monotonic
clock in nanoseconds when the bytes that hold it were read.
"""

from __future__ import annotations

import re
import socket
import sys
import time

READ_BYTES = 1 << 16
SLOW_READ_BYTES = 64
_ASKED = re.compile(
    rb"\x10\x04[\x01-\x04]|\x1da\xff|\x1d\(H\x06\x0000(....)|\x1dg2\x00..|\x1dr.|\x1dV..?",
    re.DOTALL,
)
LONGEST_BYTES = 11
"""Of a process id's request, the longest command that is answered."""


def answers(data: bytes, cuts: int) -> tuple[bytes, int]:
    """What a printer that is well answers to `data`, and its count of cuts behind it."""
    out = bytearray()
    for asked in _ASKED.finditer(data):
        match asked[0][:2]:
            case b"\x10\x04":
                out += b"\x12"
            case b"\x1da":
                out += b"\x10\x00\x00\x00"
            case b"\x1d(":
                out += b"\x37\x22" + asked[1] + b"\x00"
            case b"\x1dg":
                out += b"\x5f%d\x00" % cuts
            case b"\x1dr":
                out += b"\x00"
            case _:
                cuts += 1
    return bytes(out), cuts


def _whole_commands(data: bytes) -> tuple[bytes, bytes]:
    """What can be answered now, and a command at the end that is not all there yet."""
    last = max(data.rfind(b"\x1d"), data.rfind(b"\x10"))
    if last >= 0 and not _ASKED.match(data, last) and len(data) - last < LONGEST_BYTES:
        return data[:last], data[last:]
    return data, b""


def main() -> None:
    """Serve one host after the other, until whoever started it ends it."""
    bytes_a_second = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    most = SLOW_READ_BYTES if bytes_a_second else READ_BYTES
    with socket.create_server(("127.0.0.1", 0)) as door:
        sys.stdout.write(f"{door.getsockname()[1]}\n")
        sys.stdout.flush()
        cuts = 0
        while True:
            host, _ = door.accept()
            host.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with host:
                held = b""
                while data := host.recv(most):
                    if bytes_a_second:
                        time.sleep(len(data) / bytes_a_second)
                    at_ns = time.monotonic_ns()
                    before = cuts
                    whole, held = _whole_commands(held + data)
                    said, cuts = answers(whole, cuts)
                    if said:
                        host.sendall(said)
                    if cuts > before:
                        sys.stdout.write(f"{at_ns}\n")
                        sys.stdout.flush()


if __name__ == "__main__":
    main()

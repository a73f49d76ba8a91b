"""`make run`: leaves a simulated shop running, and says how to talk to it."""

from __future__ import annotations

import select
import signal
import sys
from pathlib import Path

import grpc
from simulated_shop import SimulatedShop

from hwsim.signals import waking_fd

FOLDER = Path(".run").resolve()

_HOW = """
A simulated shop is running; its journal and logs are in {folder}.

  from Python      export TILLHAL_ADDRESS={address}
                   .venv/bin/python clients/python/examples/first_sale.py
  from the shell   .venv/bin/buf curl --protocol grpc --http2-prior-knowledge \\
                     --unix-socket {socket} \\
                     -d '{{}}' http://localhost/tillhal.v1.SystemService/GetStatus
  the receipts     {receipts}
  the hardware     export HWSIM_SOCKET={control}
                   .venv/bin/hwsim printer paper-out    and status, watch, scan, drawer …
  an outage        .venv/bin/hwsim ups mains off        and ups status, charge-percent 15, mains on
                   .venv/bin/tillctl power --address {address}
  the daemon's log tail -f {folder}/tillhald.log

Ctrl-C ends it. What was sold stays in the journal, and is there at the next `make run`.
"""


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def look_after(shop: SimulatedShop) -> None:
    """What a host does of its own: it boots the till when there is power again."""
    woken = waking_fd()
    while True:
        status = shop.await_end(woken)
        if status != 0:
            say(f"The till has ended with status {status}: see {FOLDER}/tillhald.log")
            select.select([woken], [], [])
        say("The till has settled and gone down. It comes up when its UPS feeds it again;")
        say("  .venv/bin/hwsim ups status shows when that is, .venv/bin/hwsim ups mains on helps.")
        try:
            shop.await_power()
        except grpc.RpcError:
            say("The simulated hardware has ended, too.")
            return
        shop.start_till()
        with shop.connect() as till:
            report = till.status(timeout_s=10).recovery
        say(
            f"The till is up again, after {report.boot_ms} ms, and knows {report.last_seq} records."
        )


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with SimulatedShop(FOLDER) as shop, shop.connect() as till:
        till.status(timeout_s=10)
        say(
            _HOW.format(
                folder=FOLDER,
                address=shop.address,
                socket=shop.socket,
                receipts=shop.receipts,
                control=shop.control,
            )
        )
        try:
            look_after(shop)
        except KeyboardInterrupt:
            say("")
    return 0


if __name__ == "__main__":
    sys.exit(main())

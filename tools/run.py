"""`make run`: leaves a simulated shop running, and says how to talk to it."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from simulated_shop import SimulatedShop

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
  the daemon's log tail -f {folder}/tillhald.log

Ctrl-C ends it. What was sold stays in the journal, and is there at the next `make run`.
"""


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with SimulatedShop(FOLDER) as shop, shop.connect() as till:
        till.status(timeout_s=10)
        sys.stdout.write(
            _HOW.format(
                folder=FOLDER,
                address=shop.address,
                socket=shop.socket,
                receipts=shop.receipts,
                control=shop.control,
            )
        )
        sys.stdout.flush()
        try:
            signal.pause()
        except KeyboardInterrupt:
            sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What the simulator's tests share: a host on the network, and paper without one."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.mechanism import Mechanism
from hwsim.models import MODELS, Model
from hwsim.printer import VirtualPrinter
from hwsim.pytest_plugin import virtual_drawer, virtual_printer
from hwsim.receipt import Receipt

__all__ = ["virtual_drawer", "virtual_printer"]

ANSWER_S_MAX = 20.0


class Host:
    """A till's end of the connection."""

    def __init__(self, printer: VirtualPrinter) -> None:
        self.link = socket.create_connection(printer.address, timeout=ANSWER_S_MAX)

    def send(self, data: bytes) -> None:
        self.link.sendall(data)

    def read(self, count: int) -> bytes:
        """Exactly `count` bytes; TimeoutError or EOFError if they do not come."""
        data = b""
        while len(data) < count:
            more = self.link.recv(count - len(data))
            if not more:
                raise EOFError(f"the printer closed after {data.hex(' ')}")
            data += more
        return data

    def ask(self, data: bytes, count: int) -> bytes:
        self.send(data)
        return self.read(count)

    def close(self) -> None:
        self.link.close()


@pytest.fixture
def connect() -> Iterator[Callable[[VirtualPrinter], Host]]:
    """Connect to a printer; closed after the test."""
    hosts: list[Host] = []

    def new_host(printer: VirtualPrinter) -> Host:
        hosts.append(Host(printer))
        return hosts[-1]

    yield new_host
    for host in hosts:
        host.close()


@pytest.fixture
def host(virtual_printer: VirtualPrinter, connect: Callable[[VirtualPrinter], Host]) -> Host:
    """A connection to `virtual_printer`."""
    return connect(virtual_printer)


@dataclass
class Bench:
    """A mechanism on the bench: bytes by hand, time by hand."""

    mechanism: Mechanism
    receipts: list[Receipt]
    drawer: VirtualDrawer

    def send(self, data: bytes, now_s: float = 0.0) -> bytes:
        """Bytes in; what it has answered by then comes back."""
        self.mechanism.receive(data, now_s)
        self.mechanism.run(now_s)
        answer = bytes(self.mechanism.output)
        self.mechanism.output.clear()
        return answer

    def print_and_cut(self, data: bytes) -> Receipt:
        """Print, feed to the cutter and cut."""
        self.send(data + b"\x1dVB\x00")
        return self.receipts[-1]


@pytest.fixture
def bench() -> Callable[..., Bench]:
    """A maker of mechanisms, with a model and the options of Mechanism."""

    def new_bench(model: Model = MODELS["tm-t88"], **options: object) -> Bench:
        receipts: list[Receipt] = []
        drawer = VirtualDrawer()
        mechanism = Mechanism(model, drawer, receipts.append, **options)  # type: ignore[arg-type]  # options are passed on as they come
        return Bench(mechanism, receipts, drawer)

    return new_bench

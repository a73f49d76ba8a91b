"""A UPS server by RFC 9271 in this process: what `upsc`, `upscmd`, `upsrw` and `upsmon` talk to.

    ups = VirtualUps()
    with NutServer({"till": ups}) as server:
        run(["upsc", f"till@127.0.0.1:{server.port}"])

No part of NUT is needed. Its word is a driver's that knows everything about the unit.
"""

import contextlib
import random
import socket
import ssl
import threading
from collections.abc import Mapping
from typing import Final, Self

from hwsim.ups.nut_session import Account, NutDesk, NutSession, ServedUps
from hwsim.ups.nut_words import LINE_BYTES_MAX
from hwsim.ups.tcp import TcpService
from hwsim.ups.virtual import VirtualUps

ACCOUNTS: Final = {
    "admin": Account(password="pw", may_set=True, may_fsd=True, may_command=True),  # noqa: S106 - of a simulator
    "mon": Account(password="pw", upsmon="primary"),  # noqa: S106
    "second": Account(password="pw", upsmon="secondary"),  # noqa: S106
}
"""Who may do what, where nobody else is named."""
GARBAGE_BYTES: Final = 200
RECEIVE_BYTES: Final = 4096


class NutServer:
    """Safe to use from any thread.

    `late_s` delays each answer. `silent`: it reads and never answers, as the far end of a
    half-open connection. `garbage`: random bytes are its answers. `dribble`: it sends byte by byte.
    """

    def __init__(
        self,
        upses: Mapping[str, VirtualUps],
        *,
        port: int = 0,
        accounts: Mapping[str, Account] | None = None,
        tls: ssl.SSLContext | None = None,
        seed: int = 0,
    ) -> None:
        """Serve `upses` by their names on 127.0.0.1. OSError if the port is taken."""
        served = {name: ServedUps(ups) for name, ups in upses.items()}
        self.desk = NutDesk(served, dict(ACCOUNTS if accounts is None else accounts))
        self.late_s = 0.0
        self.silent = False
        self.garbage = False
        self.dribble = False
        self._tls = tls
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._ending = threading.Event()
        self._service = TcpService(self._serve, port=port)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._service.port

    def restart(self) -> None:
        """As after a restart of `upsd`: nobody is connected, nobody logged in, FSD forgotten."""
        self._service.refuse()
        self._service.reset_clients()
        with self.desk.lock:
            for served in self.desk.served.values():
                served.fsd = False
        self._service.listen()

    def refuse(self) -> None:
        """Accept nobody."""
        self._service.refuse()

    def accept(self) -> None:
        """Accept clients again."""
        self._service.listen()

    def reset_clients(self) -> None:
        """End all connections with RST."""
        self._service.reset_clients()

    def close(self) -> None:
        """End it and its connections."""
        self._ending.set()
        self._service.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self, client: socket.socket, host: str) -> None:
        session = NutSession(self.desk, host, can_tls=self._tls is not None)
        link = client
        try:
            buffer = b""
            while not session.ended:
                data = link.recv(RECEIVE_BYTES)
                if not data:
                    return
                buffer += data
                while b"\n" in buffer and not session.ended and not session.wants_tls:
                    line, _, buffer = buffer.partition(b"\n")
                    self._answer(link, session, line)
                if session.wants_tls:
                    assert self._tls is not None, "a session without TLS asks for none"
                    link = self._tls.wrap_socket(link, server_side=True)
                    session.wants_tls, session.tls, buffer = False, True, b""
                if len(buffer) > LINE_BYTES_MAX:
                    return
        finally:
            session.close()
            with contextlib.suppress(OSError):
                link.close()

    def _answer(self, link: socket.socket, session: NutSession, line: bytes) -> None:
        if self.late_s and self._ending.wait(self.late_s):
            return
        if self.silent:
            return
        if self.garbage:
            link.sendall(self._random.randbytes(GARBAGE_BYTES))
            return
        answer = "".join(f"{each}\n" for each in session.answer(line.decode("utf-8", "replace")))
        data = answer.encode()
        for part in [data[at : at + 1] for at in range(len(data))] if self.dribble else [data]:
            link.sendall(part)

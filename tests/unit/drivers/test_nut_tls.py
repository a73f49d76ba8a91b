"""STARTTLS: nothing secret is said before the server has shown a certificate that we trust."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import uvloop

from hwsim.ups.nut_server import NutServer
from hwsim.ups.real_nut import RealNut, dummy, why_not
from hwsim.ups.virtual import VirtualUps
from tillhald.drivers.nut_ups.client import NutClient, NutServerAddress, Outcome
from tillhald.drivers.nut_ups.errors import NutGone, NutUntrusted
from tillhald.drivers.nut_ups.options import NutOptions

NAME = "upsd.shop.example"
SECRET = "pw"


class Papers(NamedTuple):
    """Of one server: a CA, and a certificate of it."""

    ca: Path
    certificate: Path
    key: Path


def papers(folder: Path, name: str) -> Papers:
    folder.mkdir()

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder, timeout=60)

    new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl(
        *new, "-x509", "-subj", "/CN=Shop CA", "-keyout", "ca.key", "-out", "ca.pem", "-days", "9"
    )
    openssl(*new, "-subj", f"/CN={name}", "-keyout", "key.pem", "-out", "request.pem")
    (folder / "names").write_text(f"subjectAltName=DNS:{name}\n")
    openssl(
        "x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "9",
        "-CAcreateserial", "-extfile", "names", "-out", "certificate.pem",
    )  # fmt: skip
    return Papers(folder / "ca.pem", folder / "certificate.pem", folder / "key.pem")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    if shutil.which("openssl") is None:
        pytest.skip("openssl, the program, is missing")
    return papers(tmp_path_factory.mktemp("tls") / "shop", NAME)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory, shop: Papers) -> Papers:
    return papers(tmp_path_factory.mktemp("tls") / "stranger", NAME)


def served_by(of: Papers) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(of.certificate, of.key)
    return context


@contextlib.asynccontextmanager
async def serving(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """A server for one client; its port. Waits for its end."""
    ended = asyncio.Event()

    async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await serve(reader, writer)
            writer.close()
            await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(whole, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        async with asyncio.timeout(10):
            await ended.wait()


def address(port: int, of: Papers, name: str = NAME) -> NutServerAddress:
    """As the daemon makes it."""
    return NutOptions(
        upses=("till",),
        port=port,
        username="admin",
        password=SECRET,
        ca_file=str(of.ca),
        tls_name=name,
    ).address()


def asked(at: NutServerAddress, ask: Callable[[NutClient], Awaitable[object]], loop=None) -> object:
    async def main() -> object:
        client = NutClient(at, deadline_s=10)
        try:
            return await ask(client)
        finally:
            client.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(main())


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_all_goes_on_as_without_it(shop: Papers, loop) -> None:
    with NutServer({"till": VirtualUps()}, tls=served_by(shop)) as server:

        async def ask(client: NutClient) -> None:
            for _ in range(3):
                assert len(await client.variables("till")) > 10
            assert await client.command("till", "beeper.toggle") is Outcome.DONE
            server.reset_clients()
            await asyncio.sleep(0.05)
            assert await client.variable("till", "ups.status") == "OL"

        asked(address(server.port, shop), ask, loop)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_strangers_certificate_is_not_trusted(shop: Papers, stranger: Papers, loop) -> None:
    with NutServer({"till": VirtualUps()}, tls=served_by(stranger)) as server:
        with pytest.raises(NutUntrusted) as caught:
            asked(address(server.port, shop), lambda c: c.variables("till"), loop)
        assert "certificate" in str(caught.value)


def test_a_certificate_for_another_name_is_not_trusted(shop: Papers) -> None:
    with (
        NutServer({"till": VirtualUps()}, tls=served_by(shop)) as server,
        pytest.raises(NutUntrusted),
    ):
        asked(address(server.port, shop, "other.example"), lambda c: c.variables("till"))


def test_a_server_without_tls_is_told_no_name_and_no_password(shop: Papers) -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.write(b"ERR FEATURE-NOT-CONFIGURED\n")
        heard.append(await reader.read())

    async def main() -> None:
        async with serving(serve) as port:
            client = NutClient(address(port, shop), deadline_s=10)
            with pytest.raises(NutUntrusted):
                await client.variables("till")
            client.close()

    asyncio.run(main())
    assert heard == [b"STARTTLS\n", b""]


def test_words_put_in_before_the_handshake_are_not_taken_for_the_servers(shop: Papers) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b'OK STARTTLS\nVAR till ups.status "OL"\n')
        await reader.read()

    async def main() -> None:
        async with serving(serve) as port:
            client = NutClient(address(port, shop), deadline_s=10)
            with pytest.raises(NutUntrusted):
                await client.variable("till", "ups.status")
            client.close()

    asyncio.run(main())


@pytest.mark.parametrize("hangs", [False, True])
def test_a_server_that_ends_or_hangs_in_the_handshake_is_gone(shop: Papers, hangs: bool) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"OK STARTTLS\n")
        await reader.read(10)
        if hangs:
            await reader.read()

    async def main() -> None:
        async with serving(serve) as port:
            client = NutClient(address(port, shop), deadline_s=0.5 if hangs else 10)
            with pytest.raises((NutGone, NutUntrusted)):
                await client.variable("till", "ups.status")
            client.close()

    asyncio.run(main())


def test_a_real_upsd_with_tls_is_trusted_by_its_ca_and_by_no_other(
    shop: Papers, stranger: Papers, tmp_path: Path
) -> None:
    """Debian's upsd is built with NSS: its certificate stands in a database of NSS's."""
    if why_not():
        pytest.skip(why_not())
    if shutil.which("pk12util") is None or shutil.which("certutil") is None:
        pytest.skip("certutil and pk12util (Debian: libnss3-tools) are missing")
    nss = tmp_path / "nss"
    nss.mkdir()

    def ran(*words: str) -> None:
        subprocess.run(words, check=True, capture_output=True, timeout=60)

    ran("certutil", "-N", "-d", f"sql:{nss}", "--empty-password")
    bundle = str(tmp_path / "server.p12")
    ran(
        "openssl", "pkcs12", "-export", "-in", str(shop.certificate), "-inkey", str(shop.key),
        "-name", "upsd", "-out", bundle, "-passout", "pass:",
    )  # fmt: skip
    ran("pk12util", "-i", bundle, "-d", f"sql:{nss}", "-W", "")
    ran("certutil", "-A", "-d", f"sql:{nss}", "-n", "ca", "-t", "C,,", "-i", str(shop.ca))
    os.chmod(nss, 0o700)
    conf = [f"CERTPATH {nss}", 'CERTIDENT "upsd" ""', "DISABLE_WEAK_SSL true"]
    with RealNut({"till": dummy()}, upsd_conf=conf) as nut:

        async def ask(client: NutClient) -> None:
            assert await client.variable("till", "ups.status") == "OL"
            assert await client.set_variable("till", "ups.status", "OB") is Outcome.DONE
            assert len(await client.variables("till")) > 10

        asked(address(nut.port, shop), ask)
        with pytest.raises(NutUntrusted):
            asked(address(nut.port, stranger), lambda c: c.variable("till", "ups.status"))

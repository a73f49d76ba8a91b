"""Front ends on other machines: TLS, their certificates, and the client that brings them."""

from __future__ import annotations

import asyncio
import datetime
import stat
import subprocess
from typing import TYPE_CHECKING

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from tests.support.access import REQUIRED, STAFF_PIN, a_guarded_till, sign_on
from tests.support.nursery import run_tillctl
from tests.support.till import free_port
from tillhal import AsyncTill, Tls, cash, line
from tillhal import Till as Client
from tillhal.errors import (
    ApprovalRequired,
    FrontEndUnknown,
    RoleRequired,
    SignOnRefused,
    SignOnRequired,
    TillError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.access import Guarded

OTHER_AUTHORITY = "other"


def tillctl(
    *arguments: str,
    typed: str = "",
    status: int = 0,
    home: Path | None = None,
    more: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run tillctl; what is typed comes on its standard input."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home or "/nonexistent"), "COLUMNS": "200"}
    environment |= more or {}
    done = run_tillctl(*arguments, environment=environment, typed=typed)
    assert done.returncode == status, done.stdout + done.stderr
    return done


def made(folder: Path, *front_ends: str) -> Path:
    """Certificates of an authority of their own."""
    names = [word for name in front_ends for word in ("--front-end", name)]
    tillctl("tls", "init", "--folder", str(folder), "--host", "127.0.0.1", *names)
    return folder


def tls_of(folder: Path, front_end: str = "", ca: Path | None = None) -> Tls:
    pair = folder / f"front-end-{front_end}"
    return Tls(
        ca=(ca or folder) / "ca.pem",
        certificate=f"{pair}.pem" if front_end else None,
        key=f"{pair}.key" if front_end else None,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("tls") / "certificates", "screen-1", "screen-2")


@pytest.fixture(scope="module", params=["mtls", "tls"])
def guarded(folder: Path, request: pytest.FixtureRequest) -> Iterator[Guarded]:
    address = f"127.0.0.1:{free_port()}"
    lines = f'[tls]\nlisten = "{address}"\n'
    lines += f'certificate = "{folder / "till.pem"}"\nkey = "{folder / "till.key"}"\n'
    if request.param == "mtls":
        lines += f'client_ca = "{folder / "ca.pem"}"\n'
    with a_guarded_till(access=REQUIRED + lines) as guarded:
        guarded.tls, guarded.kind = address, request.param
        yield guarded


def admit(guarded: Guarded, folder: Path, front_end: str) -> None:
    with Client.connect(guarded.admin_address) as client, client.sign_on("tim", STAFF_PIN):
        names = {one.front_end for one in client.access.list_tokens()}
        if front_end not in names:
            pem = (folder / f"front-end-{front_end}.pem").read_text()
            client.access.admit_certificate(front_end, pem)


def test_a_front_end_sells_over_tls_in_its_own_name(guarded: Guarded, folder: Path) -> None:
    if guarded.kind == "mtls":
        admit(guarded, folder, "screen-1")
        client = Client.connect(guarded.tls, tls=tls_of(folder, "screen-1"))
    else:
        token = guarded.token("screen-1")
        client = Client.connect(guarded.tls, tls=tls_of(folder), token=token)
    with client:
        with pytest.raises(SignOnRequired):
            client.checkout([line("Coffee", "3.20")], tenders=[cash("5.00")])
        with client.sign_on("ann", STAFF_PIN) as ann:
            assert ann.operator.operator == "ann"
            said = client.access.caller()
            assert (said.front_end, said.operator) == ("screen-1", "ann")
            sale = client.checkout([line("Coffee", "3.20")], tenders=[cash("5.00")])
            with pytest.raises(ApprovalRequired):
                client.void_sale(sale.sale_id, reason="wrong")
            with client.approved_by("bo", STAFF_PIN):
                client.void_sale(sale.sale_id, reason="wrong")
        with pytest.raises(SignOnRequired):
            client.checkout([line("Coffee", "3.20")], tenders=[cash("5.00")])
        with pytest.raises(SignOnRefused):
            client.sign_on("ann", "000000")
        # An owner's work is done at the till itself.
        with client.sign_on("tim", STAFF_PIN), pytest.raises(RoleRequired):
            client.access.list_tokens()
            client.access.issue_token("more")


def test_the_same_under_asyncio(guarded: Guarded, folder: Path) -> None:
    async def shop() -> None:
        token = guarded.token("screen-async")
        if guarded.kind == "mtls":
            admit(guarded, folder, "screen-2")
        tls = tls_of(folder, "screen-2" if guarded.kind == "mtls" else "")
        async with AsyncTill.connect(guarded.tls, tls=tls, token=token) as client:
            async with client.sign_on("ann", STAFF_PIN):
                said = await client.access.caller()
                # A token names the front end before its certificate does.
                assert (said.front_end, said.operator) == ("screen-async", "ann")
                sale = await client.checkout([line("Coffee", "3.20")], tenders=[cash("5.00")])
                async with client.approved_by("bo", STAFF_PIN):
                    await client.void_sale(sale.sale_id, reason="wrong")
            with pytest.raises(SignOnRequired):
                await client.checkout([line("Coffee", "3.20")], tenders=[cash("5.00")])

    asyncio.run(shop())


def test_tillctl_reaches_a_till_on_another_machine_with_files_from_the_environment(
    guarded: Guarded, folder: Path, tmp_path: Path
) -> None:
    files = {"TILLHAL_CA": str(folder / "ca.pem")}
    if guarded.kind == "mtls":
        admit(guarded, folder, "screen-2")
        pair = str(folder / "front-end-screen-2")
        files |= {"TILLHAL_CERTIFICATE": f"{pair}.pem", "TILLHAL_KEY": f"{pair}.key"}
    else:
        files["TILLHAL_TOKEN"] = guarded.token("screen-2")
    at = ("--address", guarded.tls)
    tillctl("sign-on", "ann", *at, typed=f"{STAFF_PIN}\n", home=tmp_path, more=files)
    assert "journal" in tillctl("status", *at, home=tmp_path, more=files).stdout
    lost = files | {"TILLHAL_CA": "/nowhere/ca.pem"}
    said = tillctl("status", *at, home=tmp_path, more=lost, status=2).stderr
    assert said == "/nowhere/ca.pem cannot be read: No such file or directory.\n"
    half = {"TILLHAL_CA": files["TILLHAL_CA"], "TILLHAL_KEY": str(folder / "till.key")}
    said = tillctl("status", *at, home=tmp_path, more=half, status=2).stderr
    assert said == "TLS: a certificate needs its key, and a key its certificate.\n"


def test_wrong_certificates_are_not_even_heard(
    guarded: Guarded, folder: Path, tmp_path: Path
) -> None:
    other = made(tmp_path / OTHER_AUTHORITY, "screen-1")
    wrong: list[Tls] = [tls_of(other)]  # a till of another authority is not spoken to
    if guarded.kind == "mtls":
        wrong += [tls_of(folder), tls_of(other, "screen-1", ca=folder)]
    for tls in wrong:
        with Client.connect(guarded.tls, tls=tls, timeout_s=3.0) as client:
            with pytest.raises(TillError) as caught:
                client.status()
            assert not isinstance(caught.value, FrontEndUnknown)
    with Client.connect(guarded.tls, timeout_s=3.0) as client, pytest.raises(TillError) as caught:
        client.status()  # without TLS
    assert caught.value.reason == ""


@pytest.mark.parametrize("guarded", ["mtls"], indirect=True)  # the others ask for none
@pytest.mark.parametrize(("days", "is_let_in"), [(1, True), (-1, False)])
def test_a_certificate_that_has_run_out_lets_nobody_in_though_it_was_admitted(
    guarded: Guarded, folder: Path, tmp_path: Path, days: int, is_let_in: bool
) -> None:
    name = f"runs-out-{days}"
    key = (folder / "front-end-screen-2.key").read_bytes()
    pem = certificate_until(folder, key, datetime.timedelta(days=days))
    (tmp_path / f"front-end-{name}.key").write_bytes(key)
    (tmp_path / f"front-end-{name}.pem").write_bytes(pem)
    admit(guarded, tmp_path, name)
    with Client.connect(guarded.tls, tls=tls_of(tmp_path, name, folder), timeout_s=3.0) as client:
        if is_let_in:
            assert client.access.caller().front_end == name
            return
        with pytest.raises(TillError) as caught:
            client.status()
        assert not isinstance(caught.value, FrontEndUnknown)


def certificate_until(folder: Path, key: bytes, left: datetime.timedelta) -> bytes:
    """Signed by the till's own authority, for what has this key."""
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    signer = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    owner = serialization.load_pem_private_key(key, None)
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "runs out")]))
        .issuer_name(authority.subject)
        .public_key(owner.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=3))
        .not_valid_after(now + left)
        .sign(signer, hashes.SHA256())  # type: ignore[arg-type]
    )
    return built.public_bytes(serialization.Encoding.PEM)


def test_strangers_with_a_right_certificate_are_refused_with_a_reason(
    guarded: Guarded, folder: Path, tmp_path: Path
) -> None:
    made(folder, "stranger")
    tls = tls_of(folder, "stranger" if guarded.kind == "mtls" else "")
    with Client.connect(guarded.tls, tls=tls) as client:
        with pytest.raises(FrontEndUnknown) as caught:
            client.status()
    assert caught.value.code is grpc.StatusCode.UNAUTHENTICATED
    with Client.connect(guarded.tls, tls=tls, token="x" * 43) as client:
        with pytest.raises(FrontEndUnknown):
            client.status()


# --- tillctl


def test_tls_init_writes_over_nothing_and_lets_nobody_else_read(tmp_path: Path) -> None:
    folder = made(tmp_path / "certificates", "screen-1")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(files) == {
        *("ca.key", "ca.pem", "till.key", "till.pem"),
        *("front-end-screen-1.key", "front-end-screen-1.pem"),
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    made(folder, "screen-1", "screen-2")
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {name: after[name] for name in files} == files
    assert len(after) == len(files) + 2
    command = ("tls", "init", "--folder", str(folder), "--host", "till", "--front-end", "../up")
    assert "is no name" in tillctl(*command, status=2).stderr


def test_a_till_is_set_up_with_tillctl_alone_and_no_pin_is_on_a_command_line(
    tmp_path: Path,
) -> None:
    from tests.support.access import Guarded
    from tests.support.till import a_till

    with a_till(access=REQUIRED) as till:
        guarded = Guarded(till.start())
        at = ("--address", guarded.admin_address)
        home = tmp_path
        tillctl("operator", "begin", "--code-file", str(guarded.code_file), *at, typed="739154\n")
        assert "Sign on" not in tillctl("status", *at, home=home).stdout
        refused = tillctl("operator", "list", *at, status=2, home=home)
        assert "tillctl sign-on OPERATOR" in refused.stderr
        for command in (
            ("power", "test"),
            ("power", "battery", "2026-01-31"),
            ("power", "drill"),
            ("outage", "annotate", "outage/1", "--cause", "grid"),
            ("recovery", "resolve", "sale/1", "cancel"),
            ("slips", "open", "outage/1", "1", "5"),
            ("jobs", "cancel", "receipt/1"),
            ("jobs", "resolve", "receipt/1", "--copy"),
            ("day", "open"),
            ("data", "check", "backup"),
            ("data", "restore", "backup"),
            ("upgrade", "start"),
            ("import", "plan", "folder"),
        ):
            refused = tillctl(*command, *at, status=2, home=home)
            assert "Say: tillctl sign-on OPERATOR" in refused.stderr, command
        # Looking needs nobody here, and what else the till says no to it says as ever.
        assert (
            "OUTAGE_NOT_FOUND"
            in tillctl("outage", "show", "outage/1", *at, status=1, home=home).stderr
        )
        tillctl("sign-on", "owner", *at, typed="000000\n", status=2, home=home)
        tillctl("sign-on", "owner", *at, typed="739154\n", home=home)
        kept = home / ".tillhal-sign-ons.json"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        add = ("operator", "add", "ann", "--role", "cashier", "--name", "Ann", *at)
        tillctl(*add, typed="480217\n", home=home)
        tillctl("operator", "set-pin", "ann", *at, typed="730218\n", home=home)
        listed = tillctl("operator", "list", *at, home=home).stdout
        assert listed.splitlines() == ["owner: owner", "ann (Ann): cashier"]
        issued = tillctl("token", "issue", "kiosk", "--role", "cashier", *at, home=home).stdout
        (secret,) = [row.split()[1] for row in issued.splitlines() if row.startswith("token ")]
        with Client.connect(guarded.till.address, token=secret) as kiosk:
            kiosk.checkout([line("Coffee", "3.20")], tenders=[cash("5.00")])
            assert kiosk.access.caller().front_end == "kiosk"
        (row,) = tillctl("token", "list", *at, home=home).stdout.splitlines()
        assert "kiosk: token since" in row and secret not in row
        tillctl("token", "revoke", row.split()[0], "--reason", "sold", *at, home=home)
        assert tillctl("token", "list", *at, home=home).stdout == ""
        tillctl("operator", "disable", "ann", *at, home=home)
        sign_on(guarded.admin(), "owner", "739154")  # the same operator here again ends the other
        assert "tillctl sign-on" in tillctl("token", "list", *at, status=2, home=home).stderr
        tillctl("operator", "new-code", *at, home=home)
        assert guarded.code_file.exists()

"""`tillctl tls init`: an authority of the shop's own, and certificates for till and front ends.

Asks no till. Files that are there are never written over: an authority that was replaced would lock
out every front end that trusts the old one.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tillhald.ctl.connection import give_up, out

if TYPE_CHECKING:
    from collections.abc import Iterable

app = typer.Typer(help="Certificates for front ends on other machines.", no_args_is_help=True)

AUTHORITY_DAYS: Final = 3650
CERTIFICATE_DAYS: Final = 825
"""The most that widespread verifiers take of a server."""
NAME_CHARS_MAX: Final = 64
"""RFC 5280: of a common name."""


@app.callback()
def _group() -> None:
    """Keep `init` a command of its own."""


@app.command()
def init(
    folder: Annotated[Path, typer.Option(help="Where the files go; made with mode 0700.")],
    *,
    host: Annotated[
        list[str],
        typer.Option(help="A name or address that front ends reach the till by. May be repeated."),
    ],
    front_end: Annotated[
        list[str] | None,
        typer.Option(help="A front end that gets a certificate. May be repeated."),
    ] = None,
) -> None:
    """Make what is not there yet: an authority, the till's certificate, and the front ends'.

    Exit status: 0, also where all of it was there; 2 where a file could not be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = _authority(folder)
        _certified(folder / "till", authority, "till", _addresses(host), of_server=True)
        for name in front_end or ():
            if not name.replace("-", "").replace(".", "").isalnum() or len(name) > NAME_CHARS_MAX:
                give_up(f'"{name}" is no name for a front end.')
            _certified(folder / f"front-end-{name}", authority, name, (), of_server=False)
    except OSError as error:
        give_up(f"{folder}: {error.strerror or error}.")
    except ValueError as error:
        give_up(f"{folder}: the authority's files cannot be read: {error}.")
    out.print('For till.toml:\\n\\n\\[tls]\\nlisten = "0.0.0.0:50443"')
    for field, name in (("certificate", "till.pem"), ("key", "till.key"), ("client_ca", "ca.pem")):
        out.print(f'{field} = "{(folder / name).absolute()}"', markup=False)


_Key = ec.EllipticCurvePrivateKey
_Authority = tuple[_Key, x509.Certificate]


def _authority(folder: Path) -> _Authority:
    key_file, file = folder / "ca.key", folder / "ca.pem"
    if key_file.exists() or file.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        if not isinstance(key, _Key):
            message = f"{key_file} holds another kind of key"
            raise ValueError(message)
        out.print(f"{file} is there and stays.", markup=False)
        return key, x509.load_pem_x509_certificate(file.read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("the shop's own authority")
    made = (
        _builder(name, name, key, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(key_file, _pem(key))
    _write(file, made.public_bytes(serialization.Encoding.PEM))
    out.print(f"{file} is the authority; keep {key_file.name} off the till.", markup=False)
    return key, made


def _certified(
    stem: Path,
    authority: _Authority,
    name: str,
    addresses: Iterable[x509.GeneralName],
    *,
    of_server: bool,
) -> None:
    key_file, file = Path(f"{stem}.key"), Path(f"{stem}.pem")
    if key_file.exists() or file.exists():
        out.print(f"{file} is there and stays.", markup=False)
        return
    signer, issuer = authority
    key = ec.generate_private_key(ec.SECP256R1())
    use = ExtendedKeyUsageOID.SERVER_AUTH if of_server else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        _builder(_name(name), issuer.subject, key, CERTIFICATE_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
    )
    names = list(addresses) or [x509.DNSName(name)]
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = builder.sign(signer, hashes.SHA256())
    _write(key_file, _pem(key))
    _write(file, made.public_bytes(serialization.Encoding.PEM))
    out.print(f"{file} and {key_file.name} are made.", markup=False)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: _Key, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    # A front end's clock may be some hours behind.
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _addresses(hosts: Iterable[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


def _pem(key: _Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes) -> None:
    # O_EXCL: what is there stays, and no link is followed.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)

"""What a client brings along: the front end's token or certificate, and who is signed on."""

from __future__ import annotations

import os
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TypeAlias

import grpc

TOKEN_ENV: Final = "TILLHAL_TOKEN"  # noqa: S105 - the name of a variable
CA_ENV: Final = "TILLHAL_CA"
CERTIFICATE_ENV: Final = "TILLHAL_CERTIFICATE"
KEY_ENV: Final = "TILLHAL_KEY"
TLS_NAME_ENV: Final = "TILLHAL_TLS_NAME"
OPERATOR_KEY: Final = "tillhal-operator-token"
APPROVER_KEY: Final = "tillhal-approver-token"

Metadata: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Tls:
    """Files, PEM: `ca` vouches for the till; `certificate` and `key` are the front end's own, where
    the till asks for them. `name`: what the till's certificate says, if it is not the address."""

    ca: str | Path
    certificate: str | Path | None = None
    key: str | Path | None = None
    name: str = ""

    @classmethod
    def usual(cls, target: str) -> Self | None:
        """From $TILLHAL_CA, $TILLHAL_CERTIFICATE, $TILLHAL_KEY and $TILLHAL_TLS_NAME.

        None where there is no $TILLHAL_CA, and for a unix socket, which needs no TLS.
        """
        ca = os.environ.get(CA_ENV)
        if not ca or target.startswith("unix:"):
            return None
        return cls(
            ca=ca,
            certificate=os.environ.get(CERTIFICATE_ENV) or None,
            key=os.environ.get(KEY_ENV) or None,
            name=os.environ.get(TLS_NAME_ENV, ""),
        )

    def credentials(self) -> grpc.ChannelCredentials:
        """Raises OSError for files that cannot be read, ValueError for half a pair."""
        if (self.certificate is None) != (self.key is None):
            message = "a certificate needs its key, and a key its certificate"
            raise ValueError(message)
        return grpc.ssl_channel_credentials(
            root_certificates=Path(self.ca).read_bytes(),
            private_key=Path(self.key).read_bytes() if self.key else None,
            certificate_chain=Path(self.certificate).read_bytes() if self.certificate else None,
        )

    def options(self) -> list[tuple[str, str | int]]:
        """Channel arguments."""
        return [("grpc.ssl_target_name_override", self.name)] if self.name else []


class Credentials:
    """What goes with every call of one client. None of it is ever shown by `repr`."""

    def __init__(self, metadata: Metadata, token: str | None) -> None:
        token = os.environ.get(TOKEN_ENV) if token is None else token
        self._front_end = (("authorization", f"Bearer {token}"),) if token else ()
        self._plain = metadata
        self._always = metadata + self._front_end
        # Of whoever runs this block of code: another thread's calls are not approved with it.
        self._approval: ContextVar[str] = ContextVar("approval", default="")

    @property
    def metadata(self) -> Metadata:
        """Of the next call."""
        approval = self._approval.get()
        return (*self._always, (APPROVER_KEY, approval)) if approval else self._always

    def signed_on(self, operator_token: str) -> None:
        """Send it from now on; empty for nobody's."""
        self._always = self._plain + self._front_end
        if operator_token:
            self._always += ((OPERATOR_KEY, operator_token),)

    @property
    def approval(self) -> ContextVar[str]:
        """The approver's token, in this thread or task."""
        return self._approval

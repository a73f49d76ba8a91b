"""The tables `access` and `tls` of till.toml."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import msgspec

from tillhald.devices.options import Shown
from tillhald.domain.access import PIN_DIGITS_MAX

SIGN_ON_S_MAX = 86_400
APPROVAL_S_MAX = 3_600
PIN_DIGITS_MIN = 4
ARGON2_KIB_MIN, ARGON2_KIB_MAX = 1_024, 1_048_576
ARGON2_PASSES_MAX = 100
_PORT = re.compile(r"(.+):(\d{1,5})")


class AccessTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`mode`: "required", where front ends and persons are known and may what their roles allow;
    "socket", where whoever may open the socket may do everything. `sign_on_s` is how long a
    sign-on lasts, `approval_s` how long an approver's. The `argon2_…` are what a new PIN is hashed
    with."""

    mode: Literal["required", "socket"] = "required"
    sign_on_s: int = 28_800
    approval_s: int = 120
    pin_digits_min: int = 4
    argon2_memory_kib: int = 65_536
    argon2_passes: int = 3

    @property
    def is_required(self) -> bool:
        """Whether callers must be known."""
        return self.mode == "required"


class TlsTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`listen` is an address:port that others on the network can reach; empty for none. The files
    are PEM. With `client_ca` a front end needs a certificate of that authority."""

    listen: Shown = ""
    certificate: Shown = ""
    key: Shown = ""
    client_ca: Shown = ""


def access_mistakes(access: AccessTable) -> list[str]:
    """What is wrong with the table `access`."""
    limits = {
        "sign_on_s": (60, SIGN_ON_S_MAX),
        "approval_s": (10, APPROVAL_S_MAX),
        "pin_digits_min": (PIN_DIGITS_MIN, PIN_DIGITS_MAX),
        "argon2_memory_kib": (ARGON2_KIB_MIN, ARGON2_KIB_MAX),
        "argon2_passes": (1, ARGON2_PASSES_MAX),
    }
    return [
        f"access.{name}: {least} to {most}"
        for name, (least, most) in limits.items()
        if not least <= getattr(access, name) <= most
    ]


def tls_mistakes(tls: TlsTable, access: AccessTable) -> list[str]:
    """What is wrong with the table `tls`; that its files fit is found when they are used."""
    wrong = []
    if not tls.listen:
        given = [name for name in ("certificate", "key", "client_ca") if getattr(tls, name)]
        return [f"tls.{name}: without tls.listen it is of no use" for name in given]
    found = _PORT.fullmatch(tls.listen)
    if found is None or int(found[2]) >= 1 << 16:
        wrong.append(f'tls.listen: "{tls.listen}" is no address:port')
    if not access.is_required:
        wrong.append('tls.listen: with access.mode = "socket" anybody on the network could sell')
    for name in ("certificate", "key", "client_ca"):
        path = getattr(tls, name)
        if not path:
            if name != "client_ca":
                wrong.append(f"tls.{name}: a file is needed")
            continue
        try:
            Path(path).read_bytes()
        except OSError as error:
            wrong.append(f"tls.{name}: {error}")
    return wrong

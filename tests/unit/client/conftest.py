"""A shop, served on a unix socket or on TCP."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .shop import Server, Shop, serving, unix_address

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def shop() -> Shop:
    """An empty shop."""
    return Shop()


@pytest.fixture(params=["unix", "tcp"])
def server(shop: Shop, request: pytest.FixtureRequest) -> Iterator[Server]:
    """The shop, served."""
    # Not tmp_path: its name can be longer than a socket's may be.
    with tempfile.TemporaryDirectory(prefix="till") as folder:
        address = unix_address(Path(folder)) if request.param == "unix" else "127.0.0.1:0"
        with serving(shop, address) as running:
            yield running

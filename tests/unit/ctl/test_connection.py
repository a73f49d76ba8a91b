"""Where tillctl looks for the till when nobody says."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from tillhald.ctl import connection

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

USUAL = "unix:/run/tillhal/api.sock"


def test_the_keepers_socket_is_taken_while_somebody_listens_there_and_not_when_it_was_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TILLHAL_ADDRESS", raising=False)
    path = str(tmp_path / "admin.sock")
    monkeypatch.setattr(connection, "ADMIN_SOCKET", path)
    assert connection.target_for(None) == USUAL
    with socket.socket(socket.AF_UNIX) as till:
        till.bind(path)
        till.listen()
        assert connection.target_for(None) == f"unix:{path}"
        assert connection.target_for("till:50443") == "till:50443"
    assert connection.target_for(None) == USUAL

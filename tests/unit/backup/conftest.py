"""What the tests of backups share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hwsim.pytest_plugin import power_cut_disk
from tests.support.backups import made, shop_journal

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["power_cut_disk"]

SALES = 60


@pytest.fixture(scope="session")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal of a till that sold, closed in good order; only read."""
    return shop_journal(tmp_path_factory.mktemp("shop"), SALES)


@pytest.fixture(scope="session")
def backup(journal: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole backup of it, with a file, to be spoilt in memory."""
    folder = tmp_path_factory.mktemp("stick")
    line = made(journal, folder, **{"till.toml": '[shop]\nstore_id = "store-1"\n'})
    assert line.made is not None
    return (folder / line.made.file_name).read_bytes()


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """An empty folder to back up to."""
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder

"""A release for the tests of a module."""

from __future__ import annotations

import pytest

from tests.support.bundles import Release


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Two of three keys count for root and targets; one bundle made with them."""
    return Release(tmp_path_factory.mktemp("release"))

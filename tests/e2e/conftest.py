"""A till for the tests of a module, and fresh ones for tests that break theirs."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from hwsim.scanner import VirtualScanner
from tests.support.answers import head_seq
from tests.support.sales import OPEN_SALE, SOLD, Steps, card_sale, line
from tests.support.scanning import Focus, await_scanner, scanner_toml
from tests.support.till import Till, a_till, free_port, short_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def _module_till() -> Iterator[Till]:
    tcp = f"127.0.0.1:{free_port()}"
    with (
        VirtualPrinter(drawer=VirtualDrawer()) as printer,
        a_till(printer=printer, tcp=tcp) as till,
    ):
        yield till


@pytest.fixture
def till(_module_till: Till) -> Till:
    """A till that runs, shared by a module: other sales may be in it. The drawer is shut."""
    if not _module_till.is_running():
        _module_till.end()
        _module_till.start()
    _module_till.sensor.close()
    return _module_till


@pytest.fixture
def fresh() -> Iterator[Till]:
    """A till of this test's own that runs, on a printer of its own."""
    with contextlib.ExitStack() as stack:
        printer = stack.enter_context(VirtualPrinter(drawer=VirtualDrawer()))
        yield stack.enter_context(a_till(printer=printer)).start()


@pytest.fixture
def bare() -> Iterator[Till]:
    """A till of this test's own that runs, without devices."""
    with a_till() as till:
        yield till.start()


@pytest.fixture(scope="module")
def bare_till() -> Iterator[Till]:
    """A till without devices, so that nothing is written but what the tests ask for."""
    with a_till() as till:
        till.start()
        till.calls.checkout.Checkout(card_sale(SOLD))
        steps = Steps(till.calls, OPEN_SALE)
        steps.open()
        steps.put(line())
        yield till
        assert till.is_running()


@pytest.fixture
def head(bare_till: Till) -> Iterator[Callable[[], int]]:
    """The journal's head; after the test it must stand where it stood before."""
    before = head_seq(bare_till.calls)
    yield lambda: head_seq(bare_till.calls)
    assert head_seq(bare_till.calls) == before, "something was written"


@pytest.fixture(scope="module")
def scanner() -> Iterator[VirtualScanner]:
    with short_folder() as folder, VirtualScanner(folder / "scanner") as scanner:
        yield scanner


@pytest.fixture(scope="module")
def _scanner_till(scanner: VirtualScanner) -> Iterator[Till]:
    toml = scanner_toml(scanner.at, trigger='"\\u0016T\\r"') + "[scan]\nrepeat_ms = 150\n"
    with a_till(more=toml) as till:
        yield till.start()


@pytest.fixture
def scanner_till(_scanner_till: Till) -> Till:
    """A till with a scanner, shared by the module; nobody has the scanner."""
    if not _scanner_till.is_running():
        _scanner_till.end()
        _scanner_till.start()
    await_scanner(_scanner_till.calls)
    return _scanner_till


@pytest.fixture
def focus(scanner_till: Till) -> Iterator[Focus]:
    """A front end that has the scanner."""
    with Focus(scanner_till.calls) as focus:
        yield focus
        if not focus.ended:
            focus.release()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for a daemon that runs in the test's own process."""
    with short_folder() as found:
        yield found

"""Configurations that are refused with all their mistakes, and daemons that must not run."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.programs import tillctl
from tests.support.sales import card_sale
from tests.support.till import a_till, free_port, till_toml
from tillhal.v1 import system_pb2
from tillhald.__main__ import main
from tillhald.journal.meeting import Reading

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.till import Till

COMMAND_S_MAX = 20.0
EXIT_CONFIG = 78


def tillhald(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the daemon's command line; it must end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "tillhald", *arguments],
        capture_output=True,
        text=True,
        timeout=COMMAND_S_MAX,
        check=False,
    )


MISTAKEN = """
[listen]
unix = "run/api.sock"
unix_mode = "rw-"
tcp = "0.0.0.0:50051"
metrics = "localhost"
[journal]
folder = "journal"
map_mib = 1
[shop]
currency = "EURO"
language = "fr"
time_zone = "Mars/Olympus"
prices_include_tax = "yes"
curency = "EUR"
[shop.tenders.gold]
allows_change = true
[shop.tenders.voucher]
allows_change = "yes"
opens_drawer = 1
[recipt]
printer = "front_printer"
[receipt]
printer = "front_printr"
drawer = "front_printer"
ttl_s = 0
footer = ["Thanks", 1, 2]
[shift]
float_minor = -1
[log]
level = "loud"
[devices.front_printer]
driver = "escpos"
port = { tcp = "127.0.0.1:9100" }
profile = "tm_t88"
[devices.back_printer]
driver = "escposs"
[devices.kitchen]
driver = "escpos"
port = { tcp = "printer.local:9100" }
profil = "tm_t88"
[devices.front_drawer]
driver = "printer_kick"
printer = "front_printer"
on_ms = "long"
[devices.back_drawer]
driver = "printer_kick"
printer = "nobody"
[devices.bar]
driver = "escpos"
[devices.nameless]
"""
EXPECTED = [
    ("listen.unix:", "absolute"),
    ("listen.unix_mode", "rw-"),
    ("listen.tcp", "0.0.0.0:50051", "loopback"),
    ("listen.metrics", "localhost"),
    ("journal.folder", "absolute"),
    ("journal.map_mib",),
    ("shop.currency", "EURO"),
    ("shop.language", "fr"),
    ("shop.time_zone", "Mars/Olympus"),
    ("shop.prices_include_tax", "bool"),
    ("shop", "`curency`", "did you mean `currency`"),
    ("shop.tenders", "gold"),
    ("shop.tenders.voucher.allows_change", "bool"),
    ("shop.tenders.voucher.opens_drawer", "bool"),
    ("unknown table `recipt`", "did you mean `receipt`"),
    ("receipt.printer", "`front_printr`", "did you mean `front_printer`"),
    ("receipt.drawer", "`front_printer`", "no drawer"),
    ("receipt.ttl_s",),
    ("receipt.footer[1]", "str"),
    ("receipt.footer[2]", "str"),
    ("shift.float_minor",),
    ("log.level", "loud"),
    ("devices.back_printer", "`escposs`", "did you mean `escpos`"),
    ("devices.kitchen.port", "printer.local"),
    ("devices.kitchen", "`profil`", "did you mean `profile`"),
    ("devices.front_drawer.on_ms",),
    ("devices.back_drawer", "'nobody'"),
    ("devices.bar", "`port`"),
    ("devices.bar", "`profile`"),
    ("devices.nameless", "`driver` is needed"),
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the check says of the file full of mistakes, a line each."""
    path = tmp_path_factory.mktemp("config") / "till.toml"
    path.write_text(MISTAKEN, encoding="utf-8")
    done = tillhald("--check-config", str(path))
    assert done.returncode == EXIT_CONFIG
    assert not done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()


@pytest.mark.parametrize("words", EXPECTED, ids=lambda words: words[0])
def test_every_mistake_of_a_configuration_is_named_in_one_go(
    told: list[str], words: tuple[str, ...]
) -> None:
    assert [line for line in told if all(word in line for word in words)], "\n".join(told)


def test_no_mistake_is_named_twice(told: list[str]) -> None:
    assert len(told) == len(set(told)) == len(EXPECTED), "\n".join(told)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """The command line without a process of its own: status, stdout, stderr."""
    status = main([*arguments])
    return (status, *capsys.readouterr())


def test_the_default_and_a_right_file_pass_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, default, _ = said(capsys, "--folder", "/tmp/till", "--print-default")
    right = tmp_path / "till.toml"
    for text in (default, till_toml(tmp_path, 9100)):
        right.write_text(text, encoding="utf-8")
        assert said(capsys, "--check-config", str(right)) == (0, f"{right} is right.\n", "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[listen\n", "not TOML"),
        (b"\xff\xfe", "till.toml"),
        (b"devices = 3\n", "devices"),
        (b"shop = 3\n", "shop"),
    ],
)
def test_what_is_no_configuration_at_all_is_said_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, words: str
) -> None:
    path = tmp_path / "till.toml"
    path.write_bytes(content)
    status, _, errors = said(capsys, "--check-config", str(path))
    assert status == EXIT_CONFIG
    assert words in errors


def test_a_failpoint_that_does_not_exist_is_refused() -> None:
    with a_till() as till:
        till.spawn("effects.no_such_place")
        assert till.await_exit() != 0
        assert "effects.no_such_place" in till.errors()


# --- daemons that must not run


def refused_start(till: Till, *words: str) -> None:
    till.spawn()
    assert not till.comes_up(), "it came up"
    assert till.await_exit() == 1
    errors = till.errors()
    assert all(word in errors for word in words), errors
    assert "Traceback" not in errors


def is_unharmed(till: Till) -> None:
    """Also by its socket's name: a new connection finds it."""
    status = till.another().system.GetStatus(system_pb2.GetStatusRequest())
    assert status.workstation_id == "till-3"
    till.another().checkout.Checkout(card_sale())


def test_a_second_daemon_on_the_same_journal_is_refused(bare: Till) -> None:
    with a_till() as second:
        text = second.config.read_text().replace(
            f"{second.folder}/journal", f"{bare.folder}/journal"
        )
        second.config.write_text(text)
        refused_start(second, f"{bare.folder}/journal", "in use", str(bare.pid))
    is_unharmed(bare)


def test_a_second_daemon_does_not_take_the_socket_of_the_first(bare: Till) -> None:
    pid = bare.pid
    with a_till() as second:
        text = second.config.read_text().replace(
            f"{second.folder}/api.sock", f"{bare.folder}/api.sock"
        )
        second.config.write_text(text)
        refused_start(second, "api.sock")
    assert bare.pid == pid
    is_unharmed(bare)


@pytest.mark.parametrize(
    ("name", "ours", "other"),
    [("currency", "EUR", "USD"), ("store_id", "store-7", "store-8")],
)
def test_a_till_that_has_sold_does_not_become_another(
    bare: Till, name: str, ours: str, other: str
) -> None:
    is_unharmed(bare)
    bare.stop()
    text = bare.config.read_text()
    bare.config.write_text(text.replace(f'"{ours}"', f'"{other}"'))
    refused_start(bare, ours, other, name)
    bare.config.write_text(text)
    bare.start()
    is_unharmed(bare)
    assert not list(bare.folder.glob("journal.unused-*"))


def test_a_till_that_was_first_started_under_wrong_ids_takes_the_right_ones(bare: Till) -> None:
    bare.stop()
    text = bare.config.read_text()
    for number, (right, wrong) in enumerate(
        [("store-7", "store-8"), ("till-3", "till-9"), ("EUR", "USD")], start=1
    ):
        bare.config.write_text(text.replace(f'"{right}"', f'"{wrong}"'))
        bare.start()
        # Nothing of the old name is reported as lost or damaged.
        status = bare.another().system.GetStatus(system_pb2.GetStatusRequest())
        assert not status.recovery.findings
        assert "unused_journal_put_aside" in bare.log_text()
        bare.stop()
        assert len(list(bare.folder.glob("journal.unused-*"))) == 2 * number - 1
        bare.config.write_text(text)
        bare.start()
        bare.stop()
    with Reading(str(bare.folder / "journal.unused-2")) as reading:
        assert reading.identity.store_id == "store-8"
    bare.start()
    is_unharmed(bare)


def test_a_port_that_is_taken_is_refused_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with a_till(tcp=address) as till:
            refused_start(till, address)
            text = till.config.read_text().replace(address, f"127.0.0.1:{free_port()}")
            till.config.write_text(text)
            till.start()
            is_unharmed(till)


def test_a_journal_folder_that_cannot_be_made_is_refused_in_words() -> None:
    with a_till() as till:
        (till.folder / "journal").write_text("a file stands here")
        till.spawn()
        assert till.await_exit() == 1
        assert "journal" in till.errors()
        assert "Traceback" not in till.errors()


def test_the_socket_is_for_its_owner_only() -> None:
    with a_till() as till:
        till.start()
        mode = (till.folder / "api.sock").stat().st_mode & 0o777
        assert mode == 0o600
        till.stop()
        assert not (till.folder / "api.sock").exists()
        assert (till.folder / "journal").stat().st_mode & 0o077 == 0


def test_a_start_without_the_second_disk_is_said_where_something_may_be_on_it(bare: Till) -> None:
    bare.stop()
    second, away = bare.folder / "second", bare.folder / "away"
    second.mkdir()
    text = bare.config.read_text()
    bare.config.write_text(text.replace("[journal]", f'[journal]\nsecond_folder = "{second}"'))

    def found() -> str:
        bare.start()
        told = tillctl("status", "--address", bare.address)
        assert told.returncode == 0, told.stderr
        return " ".join(told.stdout.split())

    assert "found at the start" not in found()
    bare.kill()
    second.rename(away)
    assert "found at the start The second disk is away" in found()
    bare.stop()
    assert "found at the start" not in found()
    bare.stop()
    away.rename(second)
    assert "found at the start" not in found()

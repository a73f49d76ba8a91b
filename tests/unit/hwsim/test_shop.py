"""The `hwsim shop` command, as a person or a program starts it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import hwsim

if TYPE_CHECKING:
    from collections.abc import Iterator

END_S_MAX = 30.0
"""A busy machine takes seconds to start a program."""
SOURCE_ROOT = Path(hwsim.__file__).parents[1]


def run(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hwsim", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(SOURCE_ROOT), "PYTHONFAULTHANDLER": "1"},
    )


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with run("shop", "--folder", str(tmp_path / "paper")) as process:
        yield process
        process.kill()


def next_line(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the shop ended: {process.stderr.read() if process.stderr else ''}"
    event = json.loads(line)
    assert isinstance(event, dict)
    return event


def receipt_at(png: Path) -> dict[str, object]:
    return {
        "event": "receipt_printed",
        "device": "front_printer",
        "number": 1,
        "cut": True,
        "file": str(png),
    }


def test_a_shop_says_where_it_is_and_what_happens(
    shop: subprocess.Popen[str], tmp_path: Path
) -> None:
    ready = next_line(shop)
    printer, control = ready["printer"], ready["control"]
    assert isinstance(printer, dict)
    where = {"host": "127.0.0.1", "port": printer["port"], "model": "tm-t88"}
    assert ready == {
        "printer": where,
        "devices": {
            "front_printer": {"kind": "printer", "link": "tcp", **where},
            "front_drawer": {"kind": "drawer", "printer": "front_printer"},
            "hand_scanner": {
                "kind": "scanner",
                "device": str(tmp_path / "paper" / "hand_scanner"),
            },
            "till_ups": {
                "kind": "ups",
                "host": "127.0.0.1",
                "port": ready["devices"]["till_ups"]["port"],
                "ups": "till_ups",
            },
        },
        "receipts": str(tmp_path / "paper"),
        "control": control,
        "seed": 0,
        "pid": shop.pid,
    }
    assert json.loads((tmp_path / "paper" / "hwsim.json").read_text()) == ready
    with socket.create_connection((printer["host"], printer["port"]), timeout=5) as host:
        host.sendall("晨光 ￥5\n".encode("gb18030") + b"\x1dVB\x00\x1bp\x00\x32\x32")
        png = tmp_path / "paper" / "receipt-0001.png"
        assert next_line(shop) == receipt_at(png)
        assert next_line(shop) == {"event": "drawer_opened", "device": "front_drawer"}
    assert png.is_file()
    assert png.with_suffix(".txt").read_text(encoding="utf-8") == "晨光 ￥5\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_shop_ends_cleanly_when_asked(shop: subprocess.Popen[str], number: int) -> None:
    next_line(shop)
    shop.send_signal(number)
    try:
        assert shop.wait(END_S_MAX) == 0
    except subprocess.TimeoutExpired:
        shop.send_signal(signal.SIGABRT)
        pytest.fail(f"it goes on:\n{shop.communicate()[1]}")
    assert shop.stderr is not None
    assert "Traceback" not in shop.stderr.read()


def test_a_shop_whose_reader_has_gone_ends_quietly(shop: subprocess.Popen[str]) -> None:
    printer = next_line(shop)["printer"]
    assert isinstance(printer, dict)
    assert shop.stdout is not None
    shop.stdout.close()
    with socket.create_connection((printer["host"], printer["port"]), timeout=5) as host:
        host.sendall(b"Total\n\x1dVB\x00")
        assert shop.wait(END_S_MAX) == 1
    assert shop.stderr is not None
    assert "Error" not in shop.stderr.read()


def test_a_taken_port_is_told_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with run("shop", "--folder", str(tmp_path), "--printer-port", str(port)) as process:
            output, errors = process.communicate(timeout=END_S_MAX)
    assert process.returncode == 1
    assert output == ""
    assert f"port {port} of 127.0.0.1 cannot be used: Address already in use" in errors
    assert "Traceback" not in errors


def test_a_wrong_port_is_refused_with_a_reason(tmp_path: Path) -> None:
    with run("shop", "--folder", str(tmp_path), "--printer-port", "70000") as process:
        _, errors = process.communicate(timeout=END_S_MAX)
    assert process.returncode == 2
    assert "'70000' is not a port from 0 to 65535" in errors


def test_a_shop_with_a_serial_printer_says_its_path_and_takes_it_away_again(
    tmp_path: Path,
) -> None:
    device = tmp_path / "printer"
    where = {"device": str(device), "model": "tm-t88"}
    with run("shop", "--folder", str(tmp_path / "paper"), "--serial", str(device)) as process:
        assert next_line(process)["printer"] == where
        line = os.open(device, os.O_RDWR | os.O_NOCTTY)
        os.write(line, b"hello\n\x1dVB\x00")
        png = tmp_path / "paper" / "receipt-0001.png"
        assert next_line(process) == receipt_at(png)
        os.close(line)
        process.send_signal(signal.SIGTERM)
        assert process.wait(END_S_MAX) == 0
    assert not device.is_symlink()
    assert not (tmp_path / "paper" / "hwsim.json").exists()


def test_a_second_shop_in_the_same_folder_is_refused(
    shop: subprocess.Popen[str], tmp_path: Path
) -> None:
    next_line(shop)
    with run("shop", "--folder", str(tmp_path / "paper")) as other:
        _, errors = other.communicate(timeout=END_S_MAX)
    assert other.returncode == 1
    assert errors == f"hwsim: another shop runs in {tmp_path / 'paper'}\n"


def test_a_shop_that_was_killed_leaves_nothing_that_stops_the_next(
    shop: subprocess.Popen[str], tmp_path: Path
) -> None:
    next_line(shop)
    shop.kill()
    shop.wait(END_S_MAX)
    assert (tmp_path / "paper" / "hand_scanner").is_symlink()
    with run("shop", "--folder", str(tmp_path / "paper")) as again:
        assert next_line(again)["pid"] == again.pid
        again.send_signal(signal.SIGTERM)
        assert again.wait(END_S_MAX) == 0


def test_a_plan_with_mistakes_is_refused_with_all_of_them(tmp_path: Path) -> None:
    plan = tmp_path / "shop.toml"
    plan.write_text('[devices.x]\nkind = "printer"\nport = 70000\npaper = 1\n')
    with run("shop", str(plan), "--folder", str(tmp_path), "--model", "tm-t88") as process:
        _, errors = process.communicate(timeout=END_S_MAX)
    assert process.returncode == 2
    assert errors == f"hwsim: --model: write that into {plan}\n"
    with run("shop", str(plan), "--folder", str(tmp_path)) as process:
        _, errors = process.communicate(timeout=END_S_MAX)
    assert process.returncode == 2
    assert errors.splitlines()[0] == (
        "hwsim: devices.x.port: it is a number from 0 to 65535, not 70000"
    )
    assert errors.splitlines()[1].startswith("hwsim: devices.x.paper: unknown; a printer has model")


def test_a_control_address_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path) -> None:
    for address, why in (
        (str(tmp_path / "none" / "socket"), "cannot be used"),
        (str(tmp_path / ("x" * 120)), "is longer than a socket's path may be"),
    ):
        with run("shop", "--folder", str(tmp_path / "p"), "--socket", address) as process:
            output, errors = process.communicate(timeout=END_S_MAX)
        assert process.returncode == 1
        assert output == ""
        assert errors.startswith("hwsim: ")
        assert why in errors
        assert "Traceback" not in errors

"""What reviews should not have to say."""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter
from pathlib import Path

import pytest

from tillhald.failpoints import FAILPOINTS

ROOT = Path(__file__).parents[1]
FOLDERS = (
    "bench",
    "clients",
    "daemon",
    "docs",
    "hwsim",
    "packaging",
    "proto",
    "tests",
    "tools",
    ".ci",
)
TEXT = {".py", ".pyi", ".md", ".proto", ".toml", ".sh", ".json", ".txt", ".yaml", ".ts", ".mjs", ""}
MADE = (
    "clients/node/dist/",
    "clients/node/node_modules/",
    "clients/node/src/gen/",
    "clients/python/tillhal/v1/",
    "hwsim/hwsim/v1/",
    "bench/out/",
    "bench/peers/etcd_kv_pb2",
    "tests/contract/golden/",
)
"""Generated files, and what programs write."""

LINES_MAX = 450
LONGER = {
    "clients/python/tillhal/errors.py": "one class for each reason",
    "clients/python/tillhal/aio.py": "one method for each RPC, with its contract",
    "clients/python/tillhal/sync.py": "one method for each RPC, with its contract",
    "daemon/tillhald/domain/decide.py": "the whole of what the shop allows, in one place",
    "daemon/tillhald/domain/errors.py": "one class for each refusal",
    "daemon/tillhald/domain/events.py": "one class for each fact",
    "tests/contract/records.py": "one example of each fact",
    "tests/e2e/test_fuzz.py": "one request for each RPC",
    "tests/property/test_shop.py": "one state machine",
    "tests/support/shop.py": "one shop with its auditor",
}
"""Modules that are longer, and why they stay whole. An entry that is not needed is refused."""

BANNED_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "misc", "common"}
README_HEADINGS = ["Introduction", "Protocol", "Code structure", "Options", "Behaviour", "Limits"]

MAY_START_THREADS = {
    "daemon/tillhald/ctl/interrupt.py",
    "daemon/tillhald/journal/writer.py",
    "daemon/tillhald/service/beside.py",
    "daemon/tillhald/service/pins.py",
    "daemon/tillhald/devices/port.py",
    "daemon/tillhald/drivers/host_battery/source.py",
}
MAY_CREATE_TASKS = {
    "daemon/tillhald/app.py",
    "daemon/tillhald/service/power_station.py",
    "daemon/tillhald/service/upgrades.py",
    "daemon/tillhald/service/upgrading.py",
    "daemon/tillhald/service/verification.py",
    "daemon/tillhald/service/work.py",
}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def files(*suffixes: str) -> list[Path]:
    """Our own text files with one of these suffixes."""
    top = [path for path in ROOT.iterdir() if path.is_file()]
    below = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    return [
        path
        for path in sorted(top + below)
        if path.suffix in suffixes
        and "__pycache__" not in path.parts
        and ".egg-info" not in str(path)
        and not relative(path).startswith(MADE)
    ]


ALL = files(*TEXT)
PYTHON = files(".py")
DAEMON = [path for path in PYTHON if relative(path).startswith("daemon/")]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@functools.cache
def nodes(path: Path) -> list[ast.AST]:
    """All of a module, parsed once; not at the import, for only one of several processes asks."""
    return list(ast.walk(ast.parse(read(path))))


def calls(path: Path) -> list[str]:
    """What is called in a module, as it is written."""
    return [ast.unparse(n.func) for n in nodes(path) if isinstance(n, ast.Call)]


def test_there_is_something_to_look_at() -> None:
    assert len(DAEMON) > 50
    assert {relative(path) for path in ALL} >= {"Makefile", "README.md", "tests/test_tidy.py"}


# --- text


def test_nothing_is_left_to_be_done_later() -> None:
    later = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
    left = [
        f"{relative(path)}:{number}"
        for path in ALL
        for number, line in enumerate(read(path).splitlines(), start=1)
        if later.search(line) and not relative(path).startswith("tests/docs/")
    ]
    assert left == []


def test_lines_end_and_are_indented_in_one_way() -> None:
    for path in ALL:
        content = path.read_bytes()
        assert b"\r" not in content, f"{relative(path)} has a carriage return"
        if path.name not in {"Makefile"} and path.suffix != ".tsv":
            assert b"\t" not in content, f"{relative(path)} has a tab"
        assert not content or content.endswith(b"\n"), f"{relative(path)} ends within a line"


def test_nothing_names_a_machine_of_ours_or_a_place_to_install_from() -> None:
    # Written in pieces, so that this file does not name them either.
    places = ["/wo" + "rk/", "/ro" + "ot/", "/home" + "/", "pypi" + ".org", "pythonhosted" + ".org"]
    places += ["npmjs" + ".org", "--index" + "-url", "proxy.golang" + ".org", "deb.debian" + ".org"]
    named = [
        f"{relative(path)}: {place}" for path in ALL for place in places if place in read(path)
    ]
    assert named == []


# --- modules


def test_modules_are_of_a_size_that_can_be_read() -> None:
    long = {
        relative(path): len(read(path).splitlines())
        for path in PYTHON
        if len(read(path).splitlines()) > LINES_MAX
    }
    assert set(long) == set(LONGER), long


def test_modules_are_named_for_what_they_hold() -> None:
    for path in PYTHON:
        for part in (*path.relative_to(ROOT).parts[:-1], path.stem):
            assert part not in BANNED_NAMES, relative(path)


def test_every_limit_is_kept_somewhere() -> None:
    limit = re.compile(r"_?[A-Z][A-Z0-9_]*_MAX")
    defined: dict[str, Path] = {}
    used: Counter[str] = Counter()
    for path in PYTHON:
        for node in nodes(path):
            if isinstance(node, ast.Name) and limit.fullmatch(node.id):
                if isinstance(node.ctx, ast.Store):
                    defined[node.id] = path
                else:
                    used[node.id] += 1
            elif isinstance(node, ast.Attribute) and limit.fullmatch(node.attr):
                used[node.attr] += 1
    unused = sorted(f"{relative(path)}: {name}" for name, path in defined.items() if not used[name])
    assert unused == []


# --- drivers


@pytest.mark.parametrize(
    "folder",
    sorted(path.parent for path in (ROOT / "daemon/tillhald/drivers").glob("*/__init__.py")),
    ids=lambda path: path.name,
)
def test_a_driver_is_described_and_tested(folder: Path) -> None:
    headings = re.findall(r"^## (.*)$", read(folder / "README.md"), re.MULTILINE)
    assert headings == README_HEADINGS
    module = f"tillhald.drivers.{folder.name}"
    tested = [path for path in (ROOT / "tests/conformance").rglob("*.py") if module in read(path)]
    assert tested, f"no test in tests/conformance speaks of {module}"
    entry = f'{folder.name} = "{module}:SPEC"'
    assert entry in read(ROOT / "pyproject.toml")


# --- failpoints


def test_failpoints_are_exactly_those_that_the_code_reaches() -> None:
    reached: set[str] = set()
    for path in DAEMON:
        for node in nodes(path):
            if not isinstance(node, ast.Call):
                continue
            names = [*node.args] if ast.unparse(node.func) == "reach" else []
            # The printer's driver hands its failpoint on by this name.
            names += [word.value for word in node.keywords if word.arg == "failpoint"]
            reached |= {
                name.value
                for name in names
                if isinstance(name, ast.Constant) and isinstance(name.value, str)
            }
    assert reached == FAILPOINTS


# --- habits


def test_the_daemon_does_not_print_nor_sleep_on_its_event_loop() -> None:
    for path in DAEMON:
        said = calls(path)
        assert "print" not in said, relative(path)
        # A driver blocks on its port's thread, the writer on its own: that is what they are for.
        waits = path.stem == "link_serial" or relative(path).endswith("journal/writer.py")
        if "/drivers/" not in relative(path) and not waits:
            assert "time.sleep" not in said, relative(path)


def test_tests_neither_patch_nor_sleep() -> None:
    for path in PYTHON:
        if not relative(path).startswith("tests/"):
            continue
        imported = {
            name
            for node in nodes(path)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (getattr(node, "module", "") or "", *(alias.name for alias in node.names))
        }
        assert not any("mock" in name.split(".") for name in imported), relative(path)
        assert "time.sleep" not in calls(path), relative(path)


def test_threads_are_started_in_the_named_modules_only() -> None:
    found = {
        relative(path)
        for path in DAEMON
        if any(call.endswith(("Thread", "to_thread", "run_in_executor")) for call in calls(path))
    }
    assert found == MAY_START_THREADS


def test_tasks_are_created_in_the_named_modules_only() -> None:
    found = {
        relative(path)
        for path in DAEMON
        if any(call.endswith(("create_task", "ensure_future")) for call in calls(path))
    }
    assert found == MAY_CREATE_TASKS


def test_a_sale_is_called_a_sale() -> None:
    for path in DAEMON:
        name = relative(path)
        if any(part in name for part in ("/journal/", "/backup/", "/migration/", "/odoo_pos.py")):
            continue  # LMDB has transactions, and Odoo's columns have Odoo's names
        text = read(path).lower()
        assert "transaction" not in text, name
        # In devices a ticket is what a printer's late confirmation names its job by.
        if not name.startswith(("daemon/tillhald/devices/", "daemon/tillhald/drivers/")):
            text = re.sub(r"printer(,| and) ticket|ticket=\w+|event\.ticket", "", text)
            assert "ticket" not in text, name

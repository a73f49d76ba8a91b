"""The pages of hwsim list what it has, and their samples work."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
import zxingcpp

from hwsim import scenario, shop_plan
from hwsim.__main__ import _parser
from hwsim.cli.connection import ADDRESS_FILE, SOCKET_ENV
from hwsim.control.server import CALLS_MAX, FILES
from hwsim.happenings import HAPPENINGS_KEPT_MAX
from hwsim.models import MODELS
from hwsim.scenario import STEPS_MAX, UNDO
from hwsim.shop_plan import DEVICES_MAX, KINDS
from hwsim.ups import scenario as outage
from hwsim.ups.mechanism import UpsEvent
from hwsim.verbs import VERBS
from tests.docs.pages import Block, blocks, code_in, page, prose, rows
from tests.support.showpiece import SYMBOLS, showpiece

REFERENCE = page("docs/reference/hwsim.md")
HOWTO = page("docs/howto/try-a-till-without-hardware.md")
RUN_S_MAX = 60.0


def below(heading: str, first: str) -> list[tuple[str, ...]]:
    """The rows of the tables below this heading whose first column is called `first`."""
    return [
        row.cells for row in rows(REFERENCE) if row.heading == heading and row.columns[0] == first
    ]


def of_kind(info: str) -> list[Block]:
    return [block for block in blocks(HOWTO) if block.info == info]


def _called(kind: str) -> str:
    return "UPS" if kind == "ups" else kind.replace("_", " ")


def test_every_command_is_listed() -> None:
    (commands,) = [
        action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction)
    ]
    told = {code_in(cells[0])[0].removeprefix("hwsim ") for cells in below("Commands", "command")}
    assert told == set(commands.choices)
    assert SOCKET_ENV in prose(REFERENCE)
    assert ADDRESS_FILE in prose(REFERENCE)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_a_plan_is_listed_with_its_default(kind: str) -> None:
    told = {
        code_in(cells[0])[0]: tomllib.loads(f"x = {code_in(cells[1])[0]}")["x"]
        for cells in below(f"Fields of a {_called(kind)}", "field")
        if cells[0] != "`kind`"
    }
    assert told == {each.name: each.default for each in fields(KINDS[kind])}
    assert all(each.default is not MISSING for each in fields(KINDS[kind]))


@pytest.mark.parametrize(
    ("heading", "kind", "without"),
    [
        ("Verbs of a printer", "printer", ()),
        ("Verbs of a drawer", "drawer", ()),
        ("Verbs of a scanner", "scanner", ()),
        ("Verbs of a relay drawer only", "relay_drawer", VERBS["drawer"]),
        ("Verbs of a UPS", "ups", ()),
    ],
)
def test_every_verb_is_listed_with_its_values(
    heading: str, kind: str, without: dict[str, object]
) -> None:
    told = {
        code_in(do)[0]: ({*code_in(values)}, values.count("(needed)"), text)
        for do, values, text in below(heading, "verb")
    }
    assert told == {
        do: (
            set(verb.values()),
            sum(type(None) not in types for types in verb.values().values()),
            verb.text,
        )
        for do, verb in VERBS[kind].items()
        if do not in without
    }


def test_every_key_of_a_scenario_is_listed() -> None:
    assert [code_in(cells[0])[0] for cells in below("Scenarios", "key of a step")] == list(
        scenario._STEP_KEYS
    )
    assert [code_in(cells[0])[0] for cells in below("Scenarios", "key of a random table")] == list(
        scenario._RANDOM_KEYS
    )
    (sentence,) = [
        each for each in prose(REFERENCE).splitlines() if each.startswith("These can be taken back")
    ]
    assert code_in(sentence) == list(UNDO)


def test_every_rpc_is_listed() -> None:
    told = {
        (service, file): set(rpcs.split(", "))
        for service, file, rpcs in below("The contract hwsim.v1", "service")
    }
    assert told == {
        (service.name, Path(file.DESCRIPTOR.name).name): {each.name for each in service.methods}
        for file in FILES
        for service in file.DESCRIPTOR.services_by_name.values()
    }


def test_events_models_and_limits_are_those_of_the_code() -> None:
    told = {word for cells in below("Events", "event") for word in code_in(cells[0])}
    code = "".join(each.read_text(encoding="utf-8") for each in page("hwsim/hwsim").rglob("*.py"))
    assert all(f'"{event}"' in code for event in told)
    assert UpsEvent.__doc__
    of_a_ups = {*re.findall(r"[a-z]+_[a-z_]+", UpsEvent.__doc__)}
    assert of_a_ups < told
    assert len(told - of_a_ups - {"command"}) == 5
    text = " ".join(prose(REFERENCE).split())
    assert all(name.removeprefix("tm-t88") in text for name in MODELS)
    for limit in (DEVICES_MAX, STEPS_MAX, HAPPENINGS_KEPT_MAX, CALLS_MAX):
        assert f"{limit:,}" in text


@pytest.mark.parametrize(
    ("info", "parse"), [("toml shop", shop_plan.parse), ("toml scenario", scenario.parse)]
)
def test_the_plans_and_scenarios_are_right(info: str, parse: Callable[[str], object]) -> None:
    assert of_kind(info)
    for block in of_kind(info):
        assert parse(block.text)


def test_the_tests_that_a_reader_copies_pass(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["hwsim.pytest_plugin"]\n')
    samples = of_kind("python test")
    for number, block in enumerate(samples):
        (tmp_path / f"test_{number}.py").write_text(block.text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout
    tests = sum(block.text.count("def test_") for block in samples)
    assert f"{tests} passed" in done.stdout


def test_every_fixture_is_listed() -> None:
    told = {code_in(row.cells[0])[0] for row in rows(HOWTO) if row.columns[:1] == ("fixture",)}
    plugin = page("hwsim/hwsim/pytest_plugin.py").read_text(encoding="utf-8")
    plugin += page("hwsim/hwsim/ups_fixtures.py").read_text(encoding="utf-8")
    made = {
        each.partition("(")[0].removeprefix("def ")
        for each in plugin.splitlines()
        if each.startswith("def ") and not each.startswith("def _")
    }
    assert told | {"virtual_shop_plan"} == made


def test_the_picture_of_a_receipt_shows_what_the_showpiece_prints() -> None:
    from PIL import Image

    with Image.open(page("docs/images/everything.png")) as picture:
        read = {code.text.lstrip("0") for code in zxingcpp.read_barcodes(picture)}
    assert {text.lstrip("0") for text in SYMBOLS.values()} <= read
    assert all(text.encode() in showpiece() for text in SYMBOLS.values())


def test_every_key_of_an_outage_is_listed_and_the_sample_runs() -> None:
    keys = [code_in(cells[0])[0] for cells in below("Outages", "key of a step")[:-1]]
    assert keys == list(outage._STEP_KEYS)
    (sample,) = [block.text for block in blocks(REFERENCE) if block.info == "toml outage"]
    ups = outage.run_through(outage.parse(sample))
    assert [event.what for event in ups.events()].count("on_battery") == 5

"""The page of which versions go together says what the code says."""

from __future__ import annotations

import re
import tomllib

from tests.docs.pages import code_in, page, rows
from tillhal import channel
from tillhald import VERSION
from tillhald.bundle.manifest import BundleManifest
from tillhald.domain.versions import API, OURS, front_end_of
from tillhald.rpc.system import API_VERSION
from tillhald.rpc.version_gate import ALWAYS_ANSWERED

PAGE = page("docs/reference/compatibility.md")
BUNDLES = page("docs/reference/bundle-format.md")


def told() -> list[list[str]]:
    """The rows of the table of tills."""
    return [
        [cell.strip("`") for cell in row.cells] for row in rows(PAGE) if row.columns[0] == "till"
    ]


def test_the_newest_till_of_the_table_is_this_one() -> None:
    till, contract, _, client, python = told()[0]
    project = tomllib.loads(page("pyproject.toml").read_text())["project"]
    assert till == VERSION == project["version"]
    assert contract == API == channel.API
    assert client == channel.VERSION
    assert python == project["requires-python"]


def test_the_first_number_of_the_contract_is_that_of_its_package() -> None:
    assert f"tillhal.v{API.partition('.')[0]}" == API_VERSION
    packages = {
        re.search(r"^package (\S+);", path.read_text(), re.MULTILINE)[1]
        for path in page("proto/tillhal/v1").glob("*.proto")
    }
    assert packages == {API_VERSION}


def test_no_row_is_of_another_major_contract_than_its_till_speaks() -> None:
    majors = [int(row[1].partition(".")[0]) for row in told()]
    assert majors == sorted(majors, reverse=True)
    assert all(re.fullmatch(r"\d+\.\d+", row[1]) for row in told())


def test_breaking_changes_of_the_contract_are_looked_for() -> None:
    assert "FILE" in page("buf.yaml").read_text().partition("breaking:")[2]
    assert "buf breaking --against proto/released.binpb" in page("Makefile").read_text()


def test_both_clients_say_what_they_are() -> None:
    header = dict(channel.call_metadata(None))[channel.CLIENT_KEY]
    assert front_end_of(header) == ("python", channel.VERSION, 1, 0)
    node = page("clients/node/src/client/till.ts").read_text()
    version = re.search(r"const VERSION = '(.*)';", node)[1]
    assert version == VERSION
    assert re.search(r"const API = '(.*)';", node)[1] == API
    assert f'"version": "{version}"' in page("clients/node/package.json").read_text()
    assert OURS == {"python", "node"}


def test_the_page_names_what_is_always_answered() -> None:
    text = PAGE.read_text()
    for method in ALWAYS_ANSWERED:
        assert f"`{method}`" in text, method


def test_the_page_of_bundles_lists_the_manifest() -> None:
    keys = {
        code_in(row.cells[0])[0]
        for row in rows(BUNDLES)
        if row.heading == "The manifest" and row.columns == ("key", "value")
    }
    assert keys == set(BundleManifest.__struct_fields__)

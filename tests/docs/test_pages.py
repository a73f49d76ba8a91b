"""Every page stands on its own feet: its links lead somewhere, its samples are right."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from hwsim.__main__ import _parser as hwsim_parser
from tests.docs.pages import PAGES, ROOT, Block, anchors, blocks, links, page, prose, relative
from tillhald.config import parse
from tillhald.ctl.__main__ import app as tillctl

TILLCTL = get_command(tillctl)
BLOCKS = [block for each in PAGES for block in blocks(each)]
KINDS = {
    "sh",
    "sh run",
    "python",
    "python run",
    "python package",
    "python suite",
    "toml package",
    "text",
    "text output",
    "text demo",
    "toml",
    "toml till",
    "toml shop",
    "toml scenario",
    "toml outage",
    "python test",
    "hex record",
    "hex hash",
    "hex row",
    "hex backup",
    "",
}


def of_kind(*kinds: str) -> list[object]:
    return [pytest.param(block, id=block.name) for block in BLOCKS if block.info in kinds]


@pytest.mark.parametrize("each", PAGES, ids=relative)
def test_every_link_leads_to_a_file_and_a_heading_that_exist(each: Path) -> None:
    for link in links(each):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (each.parent / path).resolve() if path else each
        assert target.exists(), f"{relative(each)} links to {link}"
        if anchor:
            assert anchor in anchors(target), f"{relative(each)} links to {link}"


def test_every_page_under_docs_is_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [page("README.md")]
    while waiting:
        each = waiting.pop()
        if each in reached:
            continue
        reached.add(each)
        for link in links(each):
            target = (each.parent / link.partition("#")[0]).resolve()
            if target.is_dir():
                waiting.extend(target.glob("*.md"))
            elif target.suffix == ".md" and target.exists():
                waiting.append(target)
    assert {relative(p) for p in PAGES} - {relative(p) for p in reached} == set()


@pytest.mark.parametrize("block", [pytest.param(b, id=b.name) for b in BLOCKS])
def test_every_block_is_of_a_kind_that_is_checked(block: Block) -> None:
    assert block.info in KINDS


@pytest.mark.parametrize("block", of_kind("python", "python run", "python test"))
def test_python_samples_compile(block: Block) -> None:
    compile(block.text, block.name, "exec")


@pytest.mark.parametrize("block", of_kind("toml till"))
def test_whole_configurations_pass_the_daemons_own_check(block: Block) -> None:
    assert parse(block.text).devices


@pytest.mark.parametrize("block", of_kind("toml"))
def test_parts_of_configurations_are_right_beside_the_default(block: Block) -> None:
    tables = tomllib.loads(block.text)
    assert set(tables) <= {"devices", "scan", "backup", "recovery"}
    # A drawer needs the printer that it hangs on.
    printer = (
        '[devices.front_printer]\ndriver = "escpos"\n'
        'port = { tcp = "127.0.0.1:9100" }\nprofile = "tm_t88"\n'
    )
    # A font of the reader's own: the configuration is checked, no printer is made.
    text = block.text if "front_printer" in tables.get("devices", {}) else printer + block.text
    assert set(parse(text).devices) >= set(tables.get("devices", {}))


# --- commands


def commands(block: Block) -> list[list[str]]:
    """The words of each command; lines that end in a backslash and open quotes go on."""
    text = block.text.replace("\\\n", " ")
    found, whole = [], ""
    for line in text.splitlines():
        whole = f"{whole}\n{line}" if whole else line
        try:
            words = shlex.split(whole.replace("$(", "").replace(")", ""), comments=True)
        except ValueError:  # a quote is open
            continue
        whole = ""
        if words:
            found.append(words)
    assert not whole, f"{block.name}: a quote is open"
    return found


def make_targets() -> set[str]:
    text = page("Makefile").read_text()
    return set(re.findall(r"^([a-z]+):", text, re.MULTILINE))


def flags_of(program: str) -> str:
    text = page(f"daemon/{program}/__main__.py").read_text()
    return text[text.index("ArgumentParser") :]


def check_tillctl(words: list[str]) -> None:
    """Raise AssertionError for a command or an option that tillctl does not know."""
    command, rest = TILLCTL, list(words)
    while isinstance(commands_of := getattr(command, "commands", None), dict):
        is_whole = getattr(command, "invoke_without_command", False)
        if is_whole and (not rest or rest[0].startswith("-")):
            break
        assert rest, f"tillctl {words}: which command?"
        assert rest[0] in commands_of, f"tillctl {words}"
        command = commands_of[rest.pop(0)]
    known = {option for each in command.params for option in each.opts}
    assert {word.partition("=")[0] for word in rest if word.startswith("-")} <= known, words


def check_command(words: list[str]) -> None:
    """Raise AssertionError for a command that this project's programs do not know."""
    program, *rest = words
    name = program.rpartition("/")[2]
    options = [word.partition("=")[0] for word in rest if word.startswith("--")]
    match name:
        case "make":
            targets = [word for word in rest if "=" not in word]
            assert targets, words
            assert set(targets) <= make_targets(), words
        case "tillhald":
            assert options, words
            assert all(f'"{option}"' in flags_of("tillhald") for option in options), words
        case "hwsim":
            hwsim_parser().parse_args(rest)
        case "tillctl":
            check_tillctl(rest)
        case "buf":
            assert rest[0] in {"curl", "lint", "breaking"}, words
        case "python3" | "python":
            paths = [word for word in rest if word.endswith(".py")]
            assert all((ROOT / path).is_file() for path in paths), words
        case "pip":
            extras = re.findall(r"\[(.*)\]", " ".join(rest))
            known = page("pyproject.toml").read_text()
            for extra in ",".join(extras).split(","):
                assert re.search(rf"^{extra} = \[", known, re.MULTILINE), words
        case "export" | "grpcurl" | "kill":
            pass
        case _:
            raise AssertionError(f"no test knows the program {name}: {words}")


@pytest.mark.parametrize("block", of_kind("sh", "sh run"))
def test_commands_are_such_as_the_programs_take(block: Block) -> None:
    assert commands(block), block.name
    for words in commands(block):
        check_command(words)


@pytest.mark.parametrize(
    "wrong",
    [
        "make lunch",
        "tillhald --repair",
        "hwsim shop --color red",
        "tillctl",
        "tillctl lunch",
        "tillctl journal status --repair",
        "frobnicate",
        "pip install .[x]",
    ],
)
def test_a_command_that_does_not_exist_is_noticed(
    wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises((AssertionError, SystemExit)):
        check_command(shlex.split(wrong))
    capsys.readouterr()  # what argparse said


def test_commands_in_running_text_are_such_as_make_takes() -> None:
    for each in PAGES:
        for target in re.findall(r"`make ([a-z]+)`", prose(each)):
            assert target in make_targets(), f"{relative(each)}: make {target}"


def test_every_target_of_make_is_described_where_contributors_look() -> None:
    text = prose(page("CONTRIBUTING.md"))
    missing = {target for target in make_targets() if f"`make {target}`" not in text}
    assert missing - {"help"} == set()


# --- words


@pytest.mark.parametrize("each", PAGES, ids=relative)
def test_a_sale_is_called_a_sale(each: Path) -> None:
    for number, line in enumerate(prose(each).splitlines(), start=1):
        plain = re.sub(r"`[^`]*`", "", line).lower()
        if "ticket" in plain:
            allowed = "glossary" in each.name or "drivers" in each.parts
            assert allowed, f"{relative(each)}:{number}: {line}"
        if re.search(r"\b(order|payment) (is|was) (paid|placed)|sales? transaction", plain):
            raise AssertionError(f"{relative(each)}:{number}: {line}")
        if "transaction" in plain:
            of_lmdb = "lmdb" in prose(each).lower()
            assert of_lmdb, f"{relative(each)}:{number}: only LMDB has transactions"


@pytest.mark.parametrize("each", PAGES, ids=relative)
def test_pages_are_plain_text(each: Path) -> None:
    text = each.read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert "\t" not in text
    assert "—" not in text, "a dash is two sentences"
    assert not re.search("[\U0001f300-\U0001faff]", text)
    assert "TODO" not in text

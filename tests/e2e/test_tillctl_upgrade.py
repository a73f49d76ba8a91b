"""`tillctl upgrade`, as a technician runs it: what it says, what a program reads of it, and its exit
status, against a till that is brought to another version and back."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.test_tillctl import environment
from tests.support.homes import FIRST, homed
from tests.support.nursery import run_tillctl
from tests.support.released import NEXT, N, Releases
from tests.support.till import Till, till_toml
from tests.support.upgraded import UPGRADE_S_MAX, UpgradedTill

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WENT_ALONG = ("--override", "print-queue", "--override", "quiet-hours", "--reason", "closed today")
CHECKS = 13


class Said:
    """What a run of tillctl came to."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Of JSON."""
        return [json.loads(line) for line in self.out.splitlines()]


def ask(till: Till, *words: str | Path, status: int = 0) -> Said:
    """Run it, and see that it ends as it must."""
    done = run_tillctl(
        *("upgrade", *words, "--address", till.address),
        environment=environment(COLUMNS="200"),
        within_s=UPGRADE_S_MAX,
    )
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return Said(done)


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Releases:
    return Releases(tmp_path_factory.mktemp("releases"))


@pytest.fixture
def till(releases: Releases) -> Iterator[UpgradedTill]:
    """N runs on it, and sells."""
    with homed(UpgradedTill, trial_s=90.0) as one:
        releases.install(one.home)
        one.start()
        yield one


def test_a_technician_brings_a_version_and_goes_back_again(
    till: UpgradedTill, releases: Releases
) -> None:
    till.leave_things_open()
    before = till.open_things()
    first = till.runs()[0]
    assert f"{N}, slot {first}" in ask(till, "status").out

    bundle = releases.bundle(NEXT)
    staged = ask(till, "stage", bundle)
    assert f"Version {NEXT} is staged." in staged.out
    again = ask(till, "stage", bundle, "--json").lines
    slot = again[-1]["result"]["version"]["slot"]
    assert slot in staged.out, "the same bundle is the same slot"
    versions = ask(till, "status", "--json").lines[0]["versions"]
    assert [each["slot"] for each in versions["staged"]] == [slot]
    assert "`tillctl upgrade start` brings it" in ask(till, "status").out
    till.await_checked()

    # What is in the way is named, with who may go on all the same; and so it is if asked.
    looked = ask(till, "preflight", "--now", status=1)
    assert f"For version {NEXT}:" in looked.out
    assert "BLOCKS     print_queue" in looked.out
    assert "--override print_queue --reason …, by: technician" in looked.out
    assert "Not now." in looked.out
    told = ask(till, "preflight", "--json", status=1).lines[0]
    assert (told["clear"], len(told["checks"]), told["migrates"]) == (False, CHECKS, True)
    blocked = ask(till, "start", "--at", "now", status=1)
    assert "Print jobs wait." in blocked.err
    assert "`tillctl upgrade preflight --now` lists every check." in blocked.err
    assert "Say why with --reason" in ask(till, "start", *WENT_ALONG[:2], status=2).err
    assert "--at takes quiet, now, or a time" in ask(till, "start", "--at", "soon", status=2).err

    # It can wait for its hour, and be taken back.
    armed = ask(till, "start")
    assert f"Version {NEXT} is asked for. It begins when the shop is quiet" in armed.out
    assert "UPGRADE_BUSY" in ask(till, "start", "--at", "now", *WENT_ALONG, status=1).err
    assert "`tillctl upgrade cancel` takes it back." in ask(till, "status").out
    assert "It is cancelled. The till sells as before." in ask(till, "cancel").out
    assert ask(till, "cancel", "--json").lines[0]["stage"] == "UPGRADE_STAGE_ABORTED"
    assert "aborted" in ask(till, "watch", status=1).out
    assert "Somebody cancelled it." in ask(till, "status").out

    began = ask(till, "start", "--at", "now", *WENT_ALONG)
    assert "It begins now." in began.out
    for stage in ("preflight", "quiesced", "backed_up", "migrated", "switched", "committed"):
        assert stage.replace("_", " ") in began.out or stage in began.out, began.out
    found = ask(till, "status", "--json").lines[0]
    assert found["versions"]["running"]["version"] == NEXT
    assert found["versions"]["previous"]["slot"] == first
    assert found["upgrade"]["stage"] == "UPGRADE_STAGE_COMMITTED"
    assert {each["code"] for each in found["upgrade"]["overrides"]} == {
        "print_queue",
        "quiet_hours",
    }
    steps = ask(till, "watch", "--json").lines
    assert [int(step["seq"]) for step in steps] == list(range(1, len(steps) + 1))
    after = ask(till, "watch", "--json", "--after", str(len(steps) - 1)).lines
    assert after == steps[-1:]
    assert till.open_things() == before
    assert till.sell() == 2

    till.await_checked()
    assert "--reason" in ask(till, "roll-back", status=2).err
    assert "Print jobs wait." in ask(till, "roll-back", "--reason", "slow", status=1).err
    back = ask(till, "roll-back", *WENT_ALONG[:4], "--reason", "the scale is not read")
    assert f"Version {N} is asked for. It begins now." in back.out
    assert "committed" in back.out
    said = ask(till, "status").out
    assert f"from {NEXT} back to {N}" in said
    assert till.runs()[0] == first
    assert till.sell() == 3
    assert till.receipts() == [1, 2, 3]


def test_what_cannot_be_done_is_said_in_a_sentence_and_by_the_exit_status(
    till: UpgradedTill, releases: Releases
) -> None:
    for words, reason in (
        (("start", "--at", "now"), "UPGRADE_NOT_STAGED"),
        (("preflight",), "UPGRADE_NOT_STAGED"),
        (("roll-back", "--reason", "slow"), "NO_PREVIOUS_VERSION"),
        (("watch",), "UPGRADE_NOT_FOUND"),
        (("cancel",), "UPGRADE_NOT_FOUND"),
        (("stage", "nowhere.tlb"), "BUNDLE_NOT_FOUND"),
    ):
        assert reason in ask(till, *words, status=1).err
    spoilt = till.folder / "spoilt.tlb"
    content = bytearray(releases.n.read_bytes())
    content[len(content) // 2] ^= 1
    spoilt.write_bytes(content)
    assert "BUNDLE_CORRUPT" in ask(till, "stage", spoilt, status=1).err
    assert "Nothing is staged." in ask(till, "status").out
    till.stop()
    ask(till, "status", status=2)
    ask(till, "start", "--at", "now", status=2)


def test_a_till_that_was_not_installed_says_what_it_lacks(tmp_path: Path) -> None:
    till = Till(tmp_path, None, till_toml(tmp_path))
    try:
        till.start()
        assert "not installed with `tillctl install`" in ask(till, "status").out
        assert "HOME_NEEDED" in ask(till, "preflight", status=1).err
        assert FIRST.slot not in ask(till, "status", "--json").out
    finally:
        till.end()

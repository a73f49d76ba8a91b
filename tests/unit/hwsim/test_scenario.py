"""Scenarios: told beforehand, checked before they begin, the same for the same seed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from hwsim.scenario import STEPS_MAX, UNDO, Done, ScenarioError, Step, load, parse, run
from hwsim.shop import Shop
from hwsim.shop_plan import DEFAULT
from hwsim.verbs import VERBS, mistakes

KINDS = {"printer": "printer", "drawer": "drawer", "scanner": "scanner"}

CHANCE = """
[[random]]
until_s = 100
every_s = 2
device = "printer"
do = ["cover_open", "unplug", "paper_out"]
for_s = [0.5, 1]
"""


def wrong(text: str, kinds: Mapping[str, str] | None = KINDS) -> list[str]:
    with pytest.raises(ScenarioError) as found:
        parse(text, kinds)
    return found.value.mistakes


def step(rest: str, device: str = "printer") -> str:
    return f'[[step]]\nat_s = 1\ndevice = "{device}"\n{rest}\n'


def test_a_scenario_happens_in_a_shop_in_order_of_time(tmp_path: Path) -> None:
    (tmp_path / "day.toml").write_text(
        "seed = 3\n"
        '[[step]]\nat_s = 0.02\ndevice = "front_printer"\ndo = "cover_close"\n'
        '[[step]]\nat_s = 0.01\ndevice = "front_printer"\ndo = "cover_open"\n'
        '[[step]]\nat_s = 0.03\ndevice = "front_drawer"\ndo = "stuck"\n'
        '[[step]]\nat_s = 0.04\ndevice = "hand_scanner"\ndo = "scan"\ncode = "96385074"\n'
        'symbology = "ean8"\ntruncate = 4\n'
    )
    with Shop(DEFAULT, tmp_path) as shop:
        kinds = {name: each.kind for name, each in shop.devices.items()}
        scenario = load(tmp_path / "day.toml", kinds)
        assert scenario.seed == 3
        done = list(run(scenario.timeline(3), shop.handle))
        assert [each.step.do for each in done] == ["cover_open", "cover_close", "stuck", "scan"]
        assert all(not each.failure for each in done)
        told = [each.as_json() for each in shop.happenings.after(0, 1)]
        assert told[-1] == {
            "event": "code_scanned",
            "device": "hand_scanner",
            "sent": b"]E49".hex(),
        }
        assert told[2] == {"event": "handled", "device": "front_drawer", "do": "stuck"}


def test_the_same_seed_gives_the_same_day_and_another_one_another() -> None:
    scenario = parse(CHANCE, KINDS)
    first = scenario.timeline(1)
    assert first == scenario.timeline(1)
    assert first != scenario.timeline(2)
    assert 40 < len(first) < 120
    assert first == sorted(first, key=lambda each: each.at_s)


def test_a_fault_of_chance_is_taken_back_after_its_time() -> None:
    steps = parse(CHANCE, KINDS).timeline(5)
    for fault, undone in zip(steps[::2], steps[1::2], strict=True):
        assert undone.do == UNDO[fault.do][0]
        assert 0.499 <= undone.at_s - fault.at_s <= 1.001


def test_a_table_of_chance_does_not_change_what_another_does() -> None:
    alone = parse(CHANCE, KINDS).timeline(9)
    other = CHANCE.replace("printer", "drawer").replace(
        '"cover_open", "unplug", "paper_out"', '"open_by_key"'
    )
    both = parse(CHANCE + other, KINDS).timeline(9)
    assert [each for each in both if each.device == "printer"] == alone


def test_all_that_chance_may_do_and_undo_is_a_verb_without_values() -> None:
    for do, (undo, values) in UNDO.items():
        kinds = [kind for kind in VERBS if do in VERBS[kind]]
        assert kinds, do
        for kind in kinds:
            assert mistakes(kind, do, {}) == []
            assert mistakes(kind, undo, values) == []


def test_a_step_that_fails_is_told_and_the_next_one_is_done() -> None:
    def handle(device: str, do: str, values: Mapping[str, object]) -> None:
        if do == "plug":
            raise FileExistsError("taken")

    steps = [Step(0, "a", "plug"), Step(0, "a", "unplug")]
    assert list(run(steps, handle)) == [Done(steps[0], "taken"), Done(steps[1])]


def test_a_scenario_can_be_stopped_and_hurried() -> None:
    stop = threading.Event()
    steps = [Step(0.5, "a", "plug"), Step(3600, "a", "unplug")]
    done = run(steps, lambda *_: None, speed=1000, stop=stop)
    assert next(done).step.do == "plug"
    stop.set()
    assert list(done) == []


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "there is nothing to do: no [[step]] and no [[random]]"),
        ("steps = 1", "steps: a scenario has seed, step and random"),
        ("step = 1", "step: write [[step]] before each"),
        ("seed = true", "seed: it is a whole number from 0 up"),
        ('[[step]]\ndevice = "printer"\ndo = "jam"', "step 1.at_s: it is a number of seconds"),
        ("[[step]]\nat_s = 1\ndo = 'jam'", "step 1.device: it is a device's name"),
        (step('do = "jam"', "scale"), "step 1.device: there is no 'scale'; there are printer"),
        (step('do = "explode"'), "step 1: a printer cannot `explode`; it can paper_in,"),
        (step("do = 1"), "step 1.do: it is a verb"),
        (step('do = "jam"\nlevel = 1'), "step 1: `jam` takes no `level`; it takes after_bytes"),
        (step('do = "answer_late"'), "step 1: `answer_late` needs `delay_s`"),
        (step('do = "flood"\nframes = "2"'), "step 1: `frames` of `flood` is a whole number"),
        (step('do = "ignore"\ncommands = [1]'), "step 1: `commands` of `ignore` is a list of"),
        (step('do = "jam"\nafter_lines = 0'), "step 1: `after_lines` is from 1 up"),
        (
            step('do = "jam"\nafter_lines = 1\nafter_cuts = 1'),
            "step 1: `jam` can wait for one of after_lines, after_cuts only",
        ),
        (
            step('do = "scan"\ncode = "1"\nsymbology = "ean99"', "scanner"),
            "step 1: unknown symbology 'ean99'",
        ),
        (
            step('do = "open_by_key"\nafter_lines = 1', "drawer"),
            "step 1: `open_by_key` takes no `after_lines`; it takes none",
        ),
        (CHANCE.replace("100", "0"), "random 1: from_s is before until_s, and every_s above 0"),
        (CHANCE.replace("[0.5, 1]", "[1, 0.5]"), "random 1.for_s: it is two numbers of seconds"),
        (CHANCE.replace("for_s", "fors"), "random 1.fors: unknown; there are from_s, until_s"),
        (CHANCE.replace("unplug", "heal"), "random 1.do: nothing takes `heal` back, so it has"),
        (CHANCE.replace('["cover_open", "unplug", "paper_out"]', '"jam"'), "random 1.do: it is a"),
    ],
)
def test_a_mistake_is_named(text: str, mistake: str) -> None:
    assert any(each.startswith(mistake) for each in wrong(text)), wrong(text)


def test_without_a_shop_a_verb_is_right_if_any_device_knows_it() -> None:
    assert parse(step('do = "stuck"', "anything")).steps[0].do == "stuck"
    assert wrong(step('do = "explode"'), None) == ["step 1: no device can `explode`"]


def test_chance_may_not_make_more_steps_than_a_scenario_may_have() -> None:
    text = CHANCE.replace("100", "600000").replace("every_s = 2", "every_s = 0.1")
    with pytest.raises(ScenarioError, match=f"more than {STEPS_MAX} steps"):
        parse(text, KINDS).timeline(1)

"""What the table `power` of till.toml may say, and what the host's own files say of a shutdown."""

from __future__ import annotations

import pytest

from tillhald.config import ConfigMistakes, parse
from tillhald.config_power import PowerTable
from tillhald.domain.ups import Master, PowerRules


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("finish_sale_s = -1", "power.finish_sale_s: 0 to 86400"),
        ("on_battery_confirm_s = 0", "power.on_battery_confirm_s: 1 to 86400"),
        ("charge_low_percent = 101", "power.charge_low_percent: 1 to 100"),
        ('tests_from = "02:00"', "power.tests_from, power.tests_until: both or neither"),
        ('tests_from = "2:00"\ntests_until = "24:00"', 'power.tests_from: "2:00" is no time'),
        ('master = "both"', "Invalid enum value 'both'"),
        ("finish_sales_s = 1", "did you mean `finish_sale_s`?"),
    ],
)
def test_a_wrong_table_is_refused_with_its_field(line: str, said: str) -> None:
    with pytest.raises(ConfigMistakes) as caught:
        parse(f"[power]\n{line}\n")
    assert any(said in mistake for mistake in caught.value.mistakes), caught.value.mistakes


def test_the_table_and_the_rules_have_the_same_thresholds_by_default() -> None:
    rules = PowerTable().rules(("a", "b"))
    assert rules == PowerRules(feeds=("a", "b"))


def test_a_ups_that_feeds_the_till_must_be_one_that_there_is() -> None:
    table = PowerTable(feeds=("a",), master=Master.UPSMON)
    assert table.rules(("a", "b")).feeds == ("a",)
    with pytest.raises(ValueError, match=r"power\.feeds: there is no UPS a"):
        table.rules(("b",))
    assert table.rules(()).feeds == ()

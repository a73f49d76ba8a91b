"""What a printer's table may say about its backup."""

from __future__ import annotations

import pytest

from tillhald.config import ConfigMistakes, parse
from tillhald.devices.backup import AFTER_S, Backup
from tillhald.domain.rules import PaperPolicy, WhenUnconfirmed

TWO = """
[devices.front]
driver = "escpos"
port = { tcp = "127.0.0.1:9100" }
profile = "tm_t88"
%s
[devices.back]
driver = "escpos"
port = { tcp = "127.0.0.1:9101" }
profile = "tm_t88"
[devices.drawer]
driver = "printer_kick"
printer = "front"
"""


def test_a_printer_names_its_backup_and_after_how_long_it_takes_over() -> None:
    devices = parse(TWO % 'backup_printer = "back"').devices
    assert devices["front"].backup == Backup(printer="back", after_s=AFTER_S)
    assert devices["back"].backup is None
    devices = parse(TWO % 'backup_printer = "back"\nbackup_after_s = 0').devices
    assert devices["front"].backup == Backup(printer="back", after_s=0)


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        ('backup_printer = "front"', "devices.front: backup_printer 'front' is not another"),
        ('backup_printer = "drawer"', "devices.front: backup_printer 'drawer' is not another"),
        ('backup_printer = "nobody"', "devices.front: backup_printer 'nobody' is not another"),
        ("backup_printer = 7", "devices.front.backup_printer: the name of a printer is needed"),
        ("backup_after_s = 7", "devices.front.backup_after_s: of no use without"),
        (
            'backup_printer = "back"\nbackup_after_s = 1.5',
            "devices.front.backup_after_s: 0 to 3600 seconds",
        ),
        (
            'backup_printer = "back"\nbackup_after_s = -1',
            "devices.front.backup_after_s: 0 to 3600 seconds",
        ),
    ],
)
def test_what_cannot_be_a_backup_is_refused(lines: str, mistake: str) -> None:
    with pytest.raises(ConfigMistakes) as caught:
        parse(TWO % lines)
    assert [said for said in caught.value.mistakes if said.startswith(mistake)]


def test_a_drawer_has_no_backup() -> None:
    toml = TWO % "" + 'backup_printer = "back"\n'
    with pytest.raises(ConfigMistakes) as caught:
        parse(toml)
    assert caught.value.mistakes == ["devices.drawer: backup_printer is for printers only"]


def test_the_shop_says_what_becomes_of_paper_in_doubt() -> None:
    rules = parse(
        '[receipt]\nwhen_unconfirmed = "reprint_as_copy"\n[documents]\naccept_processed = false\n'
    ).rules()
    assert rules.receipts.when_unconfirmed is WhenUnconfirmed.REPRINT_AS_COPY
    assert rules.documents == PaperPolicy(accept_processed=False)
    for wrong in ('[receipt]\nwhen_unconfirmed = "guess"', "[documents]\nttl_s = 4"):
        with pytest.raises(ConfigMistakes):
            parse(wrong)

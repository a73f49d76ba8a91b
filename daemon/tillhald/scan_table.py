"""The table [scan] of till.toml."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from tillhald.devices.options import Shown
from tillhald.domain.currency import digits_of
from tillhald.domain.scan_rules import (
    LAYOUTS_MAX,
    PAYMENT_CODES,
    Layout,
    PaymentCode,
    ScanRules,
    layout_faults,
)

REPEAT_MS_MAX: Final = 5_000


class ScanTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`rcn_region` is the country whose rules numbers of the shop's own follow, empty for none.
    `layouts` are those of the shop's scales. `repeat_ms`: the same code within it is a repeat, and
    with `repeats = "drop"` not told; 0 for never. `payment_codes` are what customers' purses show.
    """

    rcn_region: Literal["", "de", "dk", "ee", "fi", "gb", "lt", "lv", "no", "se"] = ""
    layouts: tuple[Shown, ...] = ()
    repeat_ms: int = 0
    repeats: Literal["mark", "drop"] = "mark"
    payment_codes: tuple[PaymentCode, ...] = PAYMENT_CODES

    def rules(self, currency: str) -> ScanRules:
        """What this shop's codes look like; `currency` is one of ISO 4217."""
        return ScanRules(
            rcn_region=self.rcn_region,
            layouts=tuple(Layout(pattern) for pattern in self.layouts),
            payment_codes=self.payment_codes,
            currency_scale=digits_of(currency),
        )


def scan_faults(table: ScanTable) -> list[str]:
    """Every mistake that no single field can say, as a sentence with the table's name."""
    wrong = []
    if not 0 <= table.repeat_ms <= REPEAT_MS_MAX:
        wrong.append(f"scan.repeat_ms: 0 to {REPEAT_MS_MAX}")
    if len(table.layouts) > LAYOUTS_MAX:
        wrong.append(f"scan.layouts: at most {LAYOUTS_MAX}")
    for index, pattern in enumerate(table.layouts[:LAYOUTS_MAX]):
        if fault := layout_faults(pattern, table.payment_codes):
            wrong.append(f"scan.layouts[{index}]: {fault}")
    return wrong

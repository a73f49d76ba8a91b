"""The printers that can be played: models differ in data, not in code.

Sources: Epson TM-T88IV/V technical reference (180 dpi, 512 dots), Epson TM-T20 (203 dpi, 576 dots)
and the usual 58 mm mechanisms (203 dpi, 384 dots).
"""

from dataclasses import dataclass, replace
from typing import Final

FONT_A: Final = (12, 24)
"""Cell of font A in dots: width, height. Hanzi take two cells."""

FONT_B: Final = (9, 17)

INK: Final = 255
"""A burned dot in a one-bit image; with 1, which Pillow takes too, inverting would not clear it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What is fixed in a printer's hardware and firmware.

    Lengths are in dots of its own resolution; `kanji` names a Python codec for two-byte text
    ("ascii": it has none), and `kanji_on` tells whether Kanji mode is on after power-up (it is on
    Asian models sold outside Japan).
    """

    name: str
    maker: str
    product: str
    model_id: int
    dots_wide: int
    dots_per_inch: int
    vertical_units_per_inch: int
    head_to_cutter_dots: int
    dots_per_s: int
    cut_s: float
    kanji: str = "gb18030"
    kanji_on: bool = True
    font_info: str = "CHINA GB18030"
    process_id: bool = True
    serial_number: str = "HWSIM00001"

    @property
    def columns(self) -> int:
        """Characters of font A in a line."""
        return self.dots_wide // FONT_A[0]


def is_serial_number(text: str) -> bool:
    """Whether GS I can transmit it."""
    return text.isascii() and text.isprintable() and bool(text)


_TM_T88: Final = Model(
    name="tm-t88",
    maker="EPSON",
    product="TM-T88V",
    model_id=0x20,
    dots_wide=512,
    dots_per_inch=180,
    vertical_units_per_inch=360,
    head_to_cutter_dots=100,
    dots_per_s=2126,  # 300 mm/s
    cut_s=0.3,
)

MODELS: Final = {
    model.name: model
    for model in (
        _TM_T88,
        replace(_TM_T88, name="tm-t88-europe", kanji="ascii", kanji_on=False, font_info=""),
        replace(
            _TM_T88,
            name="tm-t88-japan",
            kanji="iso2022_jp",
            kanji_on=False,
            font_info="KANJI JAPANESE",
        ),
        replace(_TM_T88, name="tm-t88-taiwan", kanji="big5", font_info="TAIWAN BIG-5"),
        replace(_TM_T88, name="tm-t88-korea", kanji="euc_kr", font_info="KOREA C-5601C"),
        Model(
            name="generic-80",
            maker="GENERIC",
            product="POS-80",
            model_id=0x20,
            dots_wide=576,
            dots_per_inch=203,
            vertical_units_per_inch=203,
            head_to_cutter_dots=112,
            dots_per_s=1998,  # 250 mm/s
            cut_s=0.4,
            process_id=False,  # most clones do not know GS ( H
        ),
        Model(
            name="generic-58",
            maker="GENERIC",
            product="POS-58",
            model_id=0x20,
            dots_wide=384,
            dots_per_inch=203,
            vertical_units_per_inch=203,
            head_to_cutter_dots=112,
            dots_per_s=719,  # 90 mm/s
            cut_s=0.4,
            process_id=False,
        ),
    )
}

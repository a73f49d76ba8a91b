"""The printers that this driver knows: models differ in data, not in code.

Sources: Epson technical references for TM-T88IV/V and TM-T20II (columns, dots, code pages,
`GS ( H`, `GS g 2`); the generic ones are what 80 mm and 58 mm clones have in common.
"""

from __future__ import annotations

from typing import Final

import msgspec

_PAGES: Final = (("cp437", 0), ("cp858", 19), ("cp852", 18), ("cp866", 17), ("cp1252", 16))

_MORE_PAGES: Final = (
    *_PAGES,
    *(("cp737", 14), ("cp857", 13), ("cp775", 33), ("cp861", 35)),
    *(("cp1250", 45), ("cp1251", 46), ("cp1253", 47), ("cp1254", 48), ("cp1257", 51)),
)


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """`code_pages` pairs a Python codec with its number for `ESC t`, best first.

    `process_id`: answers `GS ( H` function 48 once a job is on paper. `cut_counter`: tells
    `GS g 2` number 178. `multibyte` is the set of models sold in China; the option of that name
    replaces it.
    """

    columns: int
    dots: int
    code_pages: tuple[tuple[str, int], ...]
    multibyte: str = "gb18030"
    process_id: bool = False
    cut_counter: bool = False
    near_end_sensor: bool = True
    pdf417: bool = True


PROFILES: Final = {
    "tm_t88": Profile(
        columns=42,
        dots=512,
        code_pages=_MORE_PAGES,
        process_id=True,
        cut_counter=True,
    ),
    "tm_t20": Profile(
        columns=48,
        dots=576,
        code_pages=_MORE_PAGES,
        process_id=True,
        cut_counter=True,
    ),
    "generic_80": Profile(columns=48, dots=576, code_pages=_PAGES),
    "generic_58": Profile(
        columns=32, dots=384, code_pages=_PAGES, near_end_sensor=False, pdf417=False
    ),
}

MULTIBYTE_PRELUDES: Final = {
    "gb18030": b"",
    "gbk": b"",
    "big5": b"",
    "euc_kr": b"",
    "shift_jis": b"\x1cC\x01",
    "none": b"",
}
"""What a job says once before it uses the set: `FS C 1` chooses Shift JIS on Japanese models."""

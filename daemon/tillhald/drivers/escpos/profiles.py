"""The printers that this driver knows: models differ in data, not in code.

Sources: Epson's ESC/POS command reference and the technical references of the models; Star's
"Command Emulator ESC/POS Mode Command Specifications"; what 80 mm and 58 mm clones have in common.
Where a source leaves doubt, the careful value stands here and `note` says so.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tillhald.devices.categories import Papercut

_PAGES: Final = (("cp437", 0), ("cp858", 19), ("cp852", 18), ("cp866", 17), ("cp1252", 16))

_MORE_PAGES: Final = (
    *_PAGES,
    *(("cp737", 14), ("cp857", 13), ("cp775", 33), ("cp861", 35)),
    *(("cp1250", 45), ("cp1251", 46), ("cp1253", 47), ("cp1254", 48), ("cp1257", 51)),
)


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """`columns` are of font A, 12 dots wide. `code_pages` pairs a Python codec with its number
    for `ESC t`, best first.

    `process_id`: answers `GS ( H` function 48 once a job is on paper. `cut_counter`: tells
    `GS g 2` number 178. `multibyte` is the set of models sold in China; the option of that name
    replaces it. `keeps_pictures`: stores and prints pictures by `GS ( L` functions 64, 67 and 69.
    `note` says, for people, what is not certain.
    """

    columns: int
    dots: int
    dots_per_inch: int
    code_pages: tuple[tuple[str, int], ...]
    multibyte: str = "gb18030"
    process_id: bool = False
    cut_counter: bool = False
    papercut: Papercut = Papercut.PARTIAL
    near_end_sensor: bool = True
    pdf417: bool = True
    keeps_pictures: bool = False
    note: str = ""


_TM_T88 = Profile(
    columns=42,
    dots=512,
    dots_per_inch=180,
    code_pages=_MORE_PAGES,
    process_id=True,
    cut_counter=True,
    keeps_pictures=True,
)
_TM_T20 = Profile(
    columns=48,
    dots=576,
    dots_per_inch=203,
    code_pages=_MORE_PAGES,
    process_id=True,
    cut_counter=True,
    keeps_pictures=True,
)

PROFILES: Final = {
    "tm_t88": msgspec.structs.replace(
        _TM_T88, note="TM-T88IV and later; older ones have no process ids"
    ),
    "tm_t88v": _TM_T88,
    "tm_t88vi": _TM_T88,
    "tm_t20": _TM_T20,
    "tm_t20ii": _TM_T20,
    "tm_t20iii": _TM_T20,
    "tm_m30": msgspec.structs.replace(
        _TM_T20,
        near_end_sensor=False,
        note="the sensor for the end of the roll is not in all versions: not relied on",
    ),
    "star_escpos": Profile(
        columns=48,
        dots=576,
        dots_per_inch=203,
        code_pages=_PAGES,
        multibyte="none",
        papercut=Papercut.BOTH,
        note="set to ESC/POS mode; its process ids and counters are not relied on, and Hanzi are"
        " drawn",
    ),
    "generic_80": Profile(
        columns=48,
        dots=576,
        dots_per_inch=203,
        code_pages=_PAGES,
        papercut=Papercut.BOTH,
        note="some have other numbers for code pages: print a test",
    ),
    "generic_58": Profile(
        columns=32,
        dots=384,
        dots_per_inch=203,
        code_pages=_PAGES,
        papercut=Papercut.BOTH,
        near_end_sensor=False,
        pdf417=False,
        note="many have no cutter and ignore the cut; only pin 2 is sure to be wired",
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

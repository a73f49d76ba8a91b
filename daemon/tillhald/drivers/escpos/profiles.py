"""The printers that this driver knows: models differ in data, not in code.

`source` says where a profile's figures are from; those of TM-T88IV, TM-T88V and TM-T20II agree with
escpos-printer-db. Where a source leaves doubt, the careful value
stands here and `note` says so: what a printer is not sure to have is drawn, which every one of them
can print.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tillhald.devices.categories import Papercut

_OLD_PAGES: Final = (("cp437", 0), ("cp1252", 16), ("cp852", 18), ("cp866", 17))

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
    `GS g 2` number 178. `tells_identity`: answers `GS I` 66 to 68, maker, model and serial number.
    `multibyte` is the set of models sold in China; the option of that name
    replaces it. `keeps_pictures`: stores and prints pictures by `GS ( L` functions 64, 67 and 69.
    `qr`: makes QR codes by `GS ( k`. `in_line`: puts dots between characters by `ESC *`. `note`
    says, for people, what is not certain.
    """

    columns: int
    dots: int
    dots_per_inch: int
    code_pages: tuple[tuple[str, int], ...]
    multibyte: str = "gb18030"
    process_id: bool = False
    cut_counter: bool = False
    tells_identity: bool = False
    papercut: Papercut = Papercut.PARTIAL
    near_end_sensor: bool = True
    pdf417: bool = True
    keeps_pictures: bool = False
    qr: bool = True
    in_line: bool = True
    source: str
    note: str = ""


_TM_T88 = Profile(
    columns=42,
    dots=512,
    dots_per_inch=180,
    code_pages=_MORE_PAGES,
    process_id=True,
    cut_counter=True,
    tells_identity=True,
    keeps_pictures=True,
    source="Epson, TM-T88V technical reference and ESC/POS command reference",
)
_TM_T20 = Profile(
    columns=48,
    dots=576,
    dots_per_inch=203,
    code_pages=_MORE_PAGES,
    process_id=True,
    cut_counter=True,
    tells_identity=True,
    keeps_pictures=True,
    source="Epson, TM-T20II technical reference and ESC/POS command reference",
)

PROFILES: Final = {
    "tm_t88": msgspec.structs.replace(
        _TM_T88,
        code_pages=_PAGES,
        source="Epson, TM-T88IV technical reference and ESC/POS command reference",
        note="TM-T88IV and later; older ones have no process ids",
    ),
    "tm_t88v": _TM_T88,
    "tm_t88vi": msgspec.structs.replace(
        _TM_T88, source="Epson, TM-T88VI technical reference and ESC/POS command reference"
    ),
    "tm_t20": _TM_T20,
    "tm_t20ii": _TM_T20,
    "tm_t20iii": msgspec.structs.replace(
        _TM_T20, source="Epson, TM-T20III technical reference and ESC/POS command reference"
    ),
    "tm_m30": msgspec.structs.replace(
        _TM_T20,
        near_end_sensor=False,
        source="Epson, TM-m30 technical reference and ESC/POS command reference",
        note="the sensor for the end of the roll is not in all versions: not relied on",
    ),
    "star_escpos": Profile(
        columns=48,
        dots=576,
        dots_per_inch=203,
        code_pages=_PAGES,
        multibyte="none",
        papercut=Papercut.BOTH,
        source="Star, Command Emulator ESC/POS Mode Command Specifications",
        note="set to ESC/POS mode; its process ids and counters are not relied on, and Hanzi are"
        " drawn",
    ),
    "generic_80": Profile(
        columns=48,
        dots=576,
        dots_per_inch=203,
        code_pages=_PAGES,
        papercut=Papercut.BOTH,
        source="what 80 mm clones have in common",
        note="some have other numbers for code pages: print a test",
    ),
    "generic_58": Profile(
        columns=32,
        dots=384,
        dots_per_inch=203,
        code_pages=_OLD_PAGES,
        papercut=Papercut.BOTH,
        near_end_sensor=False,
        pdf417=False,
        qr=False,
        in_line=False,
        source="what 58 mm clones have in common: profiles POS-5890, NT-5890K and ZJ-5870 of"
        " escpos-printer-db",
        note="QR codes are drawn; many have no cutter and ignore the cut; only pin 2 is sure to be"
        " wired",
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

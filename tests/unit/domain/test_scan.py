"""What a code means, before anybody sells by it."""

from __future__ import annotations

import os
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tillhald.domain.amounts import Quantity
from tillhald.domain.scan import (
    FRAME_BYTES_MAX,
    Corruption,
    Element,
    Scan,
    ScanKind,
    Symbology,
    SymbologySource,
)
from tillhald.domain.scan_reading import ELEMENTS_MAX, read_scan
from tillhald.domain.scan_rules import PAYMENT_CODES, Layout, ScanRules, layout_faults

RULES = ScanRules()
FUZZ = int(os.environ.get("TILLHAL_FUZZ", "1000"))


def read(frame: bytes | str, rules: ScanRules = RULES, **how: object) -> Scan:
    raw = frame.encode() if isinstance(frame, str) else frame
    return read_scan(raw, rules, year=2026, **how)  # type: ignore[arg-type]


def checked(payload: str) -> str:
    """With the check digit of GS1: weights 3 and 1 from the right."""
    total = sum(int(c) * (3, 1)[at % 2] for at, c in enumerate(reversed(payload)))
    return payload + str(-total % 10)


# --- numbers


@pytest.mark.parametrize(
    ("frame", "gtin14", "symbology"),
    [
        ("]E04006381333931", "04006381333931", Symbology.EAN_13),
        ("]E496385074", "00000096385074", Symbology.EAN_8),
        ("]E0036000291452", "00036000291452", Symbology.EAN_13),
        ("]I114006381333938", "14006381333938", Symbology.ITF),
        ("4006381333931", "04006381333931", Symbology.UNKNOWN),
        ("96385074", "00000096385074", Symbology.UNKNOWN),
        ("]E004252614", "00042100005264", Symbology.EAN_13),
        ("]E3977123456789800005", "", Symbology.EAN_13),
    ],
)
def test_an_article_number_is_known_by_its_14_digits(
    frame: str, gtin14: str, symbology: Symbology
) -> None:
    scan = read(frame)
    assert scan.symbology is symbology
    if gtin14:
        assert (scan.kind, scan.gtin14, scan.check_ok) == (ScanKind.GTIN, gtin14, True)
        assert scan.corrupt is None


@pytest.mark.parametrize(
    "frame", ["]E0400638133393", "]E04006381333932", "]E0", "]E0400638133393A"]
)
def test_an_ean_of_which_a_part_is_missing_is_corrupt_and_says_nothing(frame: str) -> None:
    scan = read(frame)
    assert scan.corrupt is Corruption.CONTENT_WRONG
    assert (scan.raw, scan.text, scan.gtin14) == (b"", "", "")


def test_a_wrong_check_digit_without_a_symbology_is_text_and_says_so() -> None:
    scan = read("4006381333932")
    assert (scan.kind, scan.check_ok, scan.gtin14) == (ScanKind.TEXT, False, "")


def test_a_number_of_code_128_is_no_article() -> None:
    scan = read("]C04006381333931")
    assert (scan.kind, scan.symbology, scan.gtin14) == (ScanKind.TEXT, Symbology.CODE_128, "")


def test_what_the_scanner_is_set_to_counts_where_it_does_not_say() -> None:
    scan = read("400638133393", symbology=Symbology.EAN_13)
    assert (scan.corrupt, scan.source) == (Corruption.CONTENT_WRONG, SymbologySource.CONFIGURED)


def test_a_closing_bracket_is_content_where_no_identifier_is_sent() -> None:
    scan = read("]C1hello", aim=False)
    assert (scan.text, scan.aim_id) == ("]C1hello", "")


# --- numbers of the shop


def test_a_number_of_the_shop_says_its_weight_by_the_rules_of_the_country() -> None:
    # GS1 Sweden: 23 is a weight in grams.
    scan = read("]E02388060112344", ScanRules(rcn_region="se"))
    assert scan.kind is ScanKind.RCN
    assert scan.weight == Quantity(1234, 3)
    assert scan.gtin14.endswith("2388060100006")


def test_without_a_country_a_number_of_the_shop_is_only_a_number() -> None:
    scan = read("]E02388060112344")
    assert (scan.kind, scan.weight, scan.gtin14) == (ScanKind.RCN, None, "02388060112344")


def test_a_layout_of_the_shops_scales_gives_article_weight_and_price() -> None:
    rules = ScanRules(layouts=(Layout("21IIIIIWWWWWC"), Layout("22IIIIIPPPPPC")))
    weighed = read("]E0" + checked("211234501250"), rules)
    assert weighed.kind is ScanKind.RCN
    assert (weighed.weight, weighed.price) == (Quantity(1250, 3), None)
    assert weighed.gtin14 == "0" + checked("211234500000")
    priced = read(checked("221234500199"), rules)
    assert (priced.weight, priced.price) == (None, Quantity(199, 2))


def test_a_chinese_label_of_18_digits_gives_both() -> None:
    rules = ScanRules(layouts=(Layout("20IIIIIWWWWWPPPPPC"),))
    scan = read("]C0" + checked("20123450125001990"), rules)
    assert scan.kind is ScanKind.RCN
    assert (scan.weight, scan.price) == (Quantity(1250, 3), Quantity(1990, 2))
    assert scan.gtin14 == ""  # 18 digits are no GTIN


def test_a_price_has_the_decimals_of_the_currency() -> None:
    rules = ScanRules(layouts=(Layout("22IIIIIPPPPPC"),), currency_scale=0)
    assert read(checked("221234500199"), rules).price == Quantity(199, 0)


@pytest.mark.parametrize(
    ("pattern", "wrong"),
    [
        ("21IIIIIWWWWWC", False),
        ("2xIIIIIWWWWWC", False),
        ("20IIIIIWWWWWPPPPPC", False),
        ("28IIIIIWWWWWPPPPPC", True),  # Alipay
        ("2xIIIIIWWWWWPPPPPC", True),  # some of them are Alipay
        ("21IIIII", True),
        ("IIIIIWWWWWC", True),
        ("21IIIIIC", True),
        ("21WIIWC", True),
        ("21" + "W" * 30 + "C", True),
    ],
)
def test_a_layout_that_cannot_be_told_from_a_purse_is_refused(pattern: str, wrong: bool) -> None:
    assert bool(layout_faults(pattern, PAYMENT_CODES)) == wrong


# --- GS1


def test_element_strings_are_taken_apart() -> None:
    scan = read("]C101095011015300033103001250152512311725110010ABC\x1d3922199")
    assert scan.kind is ScanKind.GS1
    assert (scan.gtin14, scan.check_ok) == ("09501101530003", True)
    assert Element("10", "ABC") in scan.elements
    assert (scan.weight, scan.price) == (Quantity(1250, 3), Quantity(199, 2))
    assert (scan.best_before_date, scan.expiry_date) == ("2025-12-31", "2025-11-30")


def test_a_price_with_a_currency_names_it() -> None:
    scan = read("]C101095011015300033932978199")
    assert (scan.price, scan.price_currency) == (Quantity(199, 2), "978")


def test_a_wrong_check_digit_in_an_element_string_is_told() -> None:
    scan = read("]C101095011015300043103001250")
    assert scan.check_ok is not True


def test_element_strings_without_an_identifier_are_known_by_what_is_beyond_doubt() -> None:
    assert read("010950110153000310ABC").kind is ScanKind.GS1
    assert read("10ABC\x1d21XYZ").kind is ScanKind.GS1
    assert read("10ABC").kind is ScanKind.TEXT  # may be anything


@pytest.mark.parametrize("year", [2026, 2049, 2050, 2051, 2076, 2099])
def test_a_year_of_two_digits_is_the_nearest_one(year: int) -> None:
    for full in range(year - 49, year + 51):
        frame = f"]C1010950110153000317{full % 100:02}0615".encode()
        assert read_scan(frame, RULES, year=year).expiry_date == f"{full}-06-15"


def test_the_last_day_of_a_month_is_found_also_in_december() -> None:
    assert read("]C1010950110153000317251200").expiry_date == "2025-12-31"
    assert read("]C1010950110153000317280200").expiry_date == "2028-02-29"
    assert read("]C1010950110153000317251340").expiry_date == ""


def test_a_digital_link_gives_the_same_as_the_element_strings() -> None:
    scan = read("]Q1https://shop.example/01/09506000134352/10/ABC?17=251231")
    assert scan.kind is ScanKind.DIGITAL_LINK
    assert (scan.gtin14, scan.expiry_date) == ("09506000134352", "2025-12-31")
    assert Element("10", "ABC") in scan.elements


def test_another_address_is_an_address() -> None:
    for link in ("https://example.com/x", "http://[", "HTTPS://EXAMPLE.COM"):
        assert read(f"]Q1{link}").kind is ScanKind.URL


def test_a_gs1_symbol_with_something_else_in_it_is_corrupt() -> None:
    assert read("]C1hello").corrupt is Corruption.CONTENT_WRONG


# --- text


@pytest.mark.parametrize(
    ("raw", "text", "charset"),
    [
        (b"hello", "hello", "ascii"),
        ("会员".encode(), "会员", "utf-8"),
        ("会员".encode("gb18030"), "会员", "gb18030"),
        (b"\xff\xfe\xfd", "", ""),
        (b"", "", "ascii"),
    ],
)
def test_text_is_read_by_the_charset_that_fits(raw: bytes, text: str, charset: str) -> None:
    scan = read(raw)
    assert (scan.raw, scan.text, scan.charset) == (raw, text, charset)


# --- payment codes


@pytest.mark.parametrize(
    "digits",
    [
        "134567890123456789",  # WeChat
        "101234567890123456",
        "2812345678901234",  # Alipay
        "301234567890123456789012",
        "6212345678901234567",  # UnionPay
    ],
)
@pytest.mark.parametrize("aim", ["", "]C0", "]Q1", "]d1"])
def test_a_customers_purse_is_a_secret(digits: str, aim: str) -> None:
    scan = read(aim + digits)
    assert scan.kind is ScanKind.PAYMENT
    assert scan.is_secret
    assert (scan.gtin14, scan.elements, scan.weight) == ("", (), None)
    assert digits not in f"{scan!r} {scan!s}"


def test_no_other_symbology_can_hold_a_purse() -> None:
    assert read("]C1" + "00134567890123456783").kind is ScanKind.GS1
    assert read("]E04006381333931").kind is ScanKind.GTIN


def test_every_payment_code_is_told_from_a_number_that_it_also_is() -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    for _ in range(2000):
        digits = f"{chance.randint(10, 15)}{chance.randrange(10**16):016}"
        assert read(digits).kind is ScanKind.PAYMENT


def test_what_is_printed_of_a_scan_holds_nothing_of_it() -> None:
    scan = read("]E04006381333931")
    assert "4006381333931" not in f"{scan!r}{scan}"


# --- anything at all


def judge(frame: bytes, scan: Scan) -> None:
    assert len(scan.raw) <= len(frame)
    assert len(scan.elements) <= ELEMENTS_MAX
    assert len(scan.gtin14) in (0, 14)
    if scan.corrupt is not None:
        assert (scan.raw, scan.text, scan.gtin14, scan.elements) == (b"", "", "", ())
    elif scan.charset:
        assert scan.text.encode(scan.charset) == scan.raw
    else:
        assert scan.text == ""
    if scan.kind is ScanKind.GTIN:
        assert scan.gtin14


SHOP = ScanRules(rcn_region="se", layouts=(Layout("21IIIIIWWWWWC"), Layout("2xIIIIIPPPPVC")))
PIECES = st.sampled_from(
    [
        b"]C1",
        b"]E0",
        b"]E4",
        b"]Q3",
        b"]d2",
        b"]e0",
        b"]Q1",
        b"https://a/",
        b"01",
        b"/01/",
        b"\x1d",
        b"09501101530003",
        b"3103001250",
        b"17251231",
        b"10",
        b"4006381333931",
        b"28",
        b"%",
        b"?17=",
    ]
)


@settings(max_examples=min(FUZZ, 20_000), deadline=None)
@given(st.lists(st.one_of(PIECES, st.binary(max_size=20)), max_size=12), st.booleans())
def test_no_bytes_whatever_upset_the_reader(pieces: list[bytes], aim: bool) -> None:
    frame = b"".join(pieces)
    judge(frame, read_scan(frame, SHOP, year=2026, aim=aim))


def test_a_great_many_mutated_codes_do_not_upset_the_reader() -> None:
    """TILLHAL_FUZZ=1000000 runs a million of them."""
    seed = int(os.environ.get("TILLHAL_FUZZ_SEED", random.randrange(1 << 32)))
    print("seed", seed)
    chance = random.Random(seed)
    real = [
        b"]E04006381333931",
        b"]C101095011015300033103001250152512311725110010ABC\x1d3922199",
        b"]Q1https://shop.example/01/09506000134352/10/ABC?17=251231&3103=001250",
        b"]d2010950110153000321\x1d10A\x1d8005000199",
        b"2112345012507",
        b"134567890123456789",
        "会员号 12345".encode("gb18030"),
    ]
    for _ in range(FUZZ):
        frame = bytearray(chance.choice(real))
        for _ in range(chance.randrange(6)):
            at = chance.randrange(len(frame) + 1)
            match chance.randrange(4):
                case 0:
                    frame[at:at] = chance.randbytes(chance.randrange(1, 4))
                case 1:
                    del frame[at : at + chance.randrange(1, 5)]
                case 2 if at < len(frame):
                    frame[at] = chance.randrange(256)
                case _:
                    frame += chance.choice(real)[chance.randrange(8) :]
        judge(bytes(frame), read_scan(bytes(frame), SHOP, year=2026))


@pytest.mark.parametrize(
    "piece", [b"9", b"10A\x1d", b"]C1", b"%41", b"/01/09506000134352", b"\x1d", b"0101010101"]
)
def test_the_longest_frames_are_read_in_little_time(piece: bytes) -> None:
    for start in (b"", b"]C1", b"]d2", b"]Q1https://a/01/09506000134352/"):
        frame = (start + piece * FRAME_BYTES_MAX)[:FRAME_BYTES_MAX]
        began = time.process_time()
        judge(frame, read(frame))
        assert time.process_time() - began < 0.5


def test_a_frame_that_is_too_long_is_corrupt() -> None:
    assert read(b"9" * (FRAME_BYTES_MAX + 1)).corrupt is Corruption.TOO_LONG

"""The paper of a sale: everything that counts stands on it, and a copy never passes for the first."""

import pytest

from tests.support.shop import Shop, card, cash, line, off, pending_card
from tillhald.domain import commands as cmd
from tillhald.domain.amounts import ONE, Quantity
from tillhald.domain.document import Align, Columns, Cut, Feed, PrintDocument, Rule, Text
from tillhald.domain.receipt import LANGUAGES, ReceiptLayout, receipt_of
from tillhald.domain.rules import CashRounding, ShopRules
from tillhald.domain.sale import Line, TenderState, TenderType

LAYOUT = ReceiptLayout(header=("Corner Shop", "Main Street 1"), footer=("Thank you", "Come again"))
P19 = Quantity(19)


def paper(shop: Shop, sale_id: str = "s", layout: ReceiptLayout = LAYOUT, copy: int = 0) -> str:
    return written(document(shop, sale_id, layout, copy))


def document(
    shop: Shop, sale_id: str = "s", layout: ReceiptLayout = LAYOUT, copy: int = 0
) -> PrintDocument:
    return receipt_of(
        shop.sale(sale_id),
        layout,
        currency=shop.rules.currency,
        time_text="2025-06-15 14:00",
        copy=copy,
    )


def written(receipt: PrintDocument) -> str:
    """One line a part: a bar between left and right, ^ before a centred text."""
    lines = []
    for part in receipt.parts:
        match part:
            case Text(runs=runs, align=align):
                mark = "^" if align is Align.CENTER else ""
                lines.append(mark + "".join(run.text for run in runs))
            case Columns(left=left, right=right):
                lines.append(f"{left} | {right}")
            case Rule():
                lines.append("---")
            case Feed():
                lines.append("")
            case Cut():
                lines.append("8<")
            case _:
                pytest.fail(f"a receipt holds a {type(part).__name__}")
    return "\n".join(lines)


def full_sale(language: str, rules: ShopRules | None = None) -> Shop:
    shop = Shop(
        rules or ShopRules(cash_rounding=CashRounding(increment_minor=5), implicit_operator="Ann")
    )
    lines = (
        line("a", 333, Quantity(7), tax="A", percent=P19),
        Line(
            line_id="b",
            description="Cheese",
            unit_price_minor=1999,
            extended_minor=2499,
            quantity=Quantity(1250, 3),
            unit="kg",
            tax_code="B",
            tax_percent=Quantity(750, 2),
        ),
        line("c", 100),
    )
    discounts = (off(31, "d1", on="a"), off(0, "d2", percent=Quantity(10)))
    shop.on(
        cmd.Checkout(
            sale_id="s",
            lines=lines,
            discounts=discounts,
            tenders=(card(1000), cash(5000)),
            language=language,
        )
    )
    return shop


def test_a_receipt_holds_everything_that_counts_in_its_order() -> None:
    assert paper(full_sale("en")) == (
        "^Corner Shop\n"
        "^Main Street 1\n"
        "Receipt 1 | 2025-06-15 14:00\n"
        "---\n"
        "Article a | 23.31 A\n"
        "  7 × 3.33\n"
        "  Discount | -0.31\n"
        "Cheese | 24.99 B\n"
        "  1.25 kg × 19.99\n"
        "Article c | 1.00\n"
        "Discount on the sale | -4.90\n"
        "---\n"
        "TOTAL | EUR 44.09\n"
        "Rounding | 0.01\n"
        "Credit card | 10.00\n"
        "Cash | 50.00\n"
        "Change | 15.90\n"
        "---\n"
        "Tax A 19% (net 17.39) | 3.31\n"
        "Tax B 7.5% (net 20.92) | 1.57\n"
        "\n"
        "Served by: Ann\n"
        "^Thank you\n"
        "^Come again\n"
        "\n"
        "8<"
    )


def test_a_chinese_receipt_says_the_same_in_chinese() -> None:
    assert paper(full_sale("zh-CN"), copy=2).splitlines()[2:-6] == [
        "^*** 重印 COPY 2 ***",
        "小票号 1 | 2025-06-15 14:00",
        "---",
        "Article a | 23.31 A",
        "  7 × 3.33",
        "  优惠 | -0.31",
        "Cheese | 24.99 B",
        "  1.25 kg × 19.99",
        "Article c | 1.00",
        "整单优惠 | -4.90",
        "---",
        "合计 | EUR 44.09",
        "抹零 | 0.01",
        "信用卡 | 10.00",
        "现金 | 50.00",
        "找零 | 15.90",
        "---",
        "税 A 19% (不含税 17.39) | 3.31",
        "税 B 7.5% (不含税 20.92) | 1.57",
    ]


def test_a_language_that_nobody_translated_falls_back_to_english() -> None:
    assert paper(full_sale("fr"), copy=1) == paper(full_sale("en"), copy=1)


def test_every_language_has_every_word_and_every_tender() -> None:
    english = LANGUAGES["en"]
    for words in LANGUAGES.values():
        assert set(words) == set(english)
        assert {kind.value for kind in TenderType} <= set(words)
        assert all(word.strip() for word in words.values())


@pytest.mark.parametrize("kind", list(TenderType))
def test_every_tender_has_its_name_on_paper(kind: TenderType) -> None:
    shop = Shop()
    tender = cash(750) if kind is TenderType.CASH else card(750)
    other = type(tender)(tender_id="t", type=kind, amount_minor=750)
    shop.checkout("s", (line(),), other)
    assert f"{LANGUAGES['en'][kind.value]} | 7.50" in paper(shop)


def test_the_sale_chooses_the_language_else_the_shop_does() -> None:
    shop = Shop(ShopRules(language="zh-CN"))
    shop.checkout("s", (line(),), cash(750))
    assert "合计 | EUR 7.50" in paper(shop)
    english = cmd.Checkout(sale_id="s2", lines=(line(),), tenders=(cash(750),), language="en")
    shop.on(english)
    assert "TOTAL | EUR 7.50" in paper(shop, "s2")


def test_a_copy_is_marked_at_the_top_in_large_letters_and_the_first_is_not() -> None:
    shop = full_sale("en")
    assert "COPY" not in paper(shop)
    marked = document(shop, copy=3)
    texts = [part for part in marked.parts if isinstance(part, Text)]
    assert texts[2].runs[0].text == "*** COPY 3 ***"
    assert (texts[2].runs[0].style.width, texts[2].runs[0].style.height) == (2, 2)
    original = list(document(shop).parts)
    assert [part for part in marked.parts if part != texts[2]] == original


def test_a_copy_is_marked_where_the_shop_has_no_header() -> None:
    bare = paper(full_sale("en"), layout=ReceiptLayout(), copy=1)
    assert bare.startswith("^*** COPY 1 ***\nReceipt 1 |")
    assert bare.endswith("Served by: Ann\n\n8<")


@pytest.mark.parametrize(
    ("language", "return_", "void", "for_receipt", "reason", "give_back"),
    [
        ("en", "RETURN", "VOID", "For receipt", "Reason", "TO GIVE BACK"),
        ("zh-CN", "退货", "作废", "原小票号", "原因", "应退"),
    ],
)
def test_returns_and_voids_say_what_they_are_and_of_which_receipt(
    language: str, return_: str, void: str, for_receipt: str, reason: str, give_back: str
) -> None:
    shop = full_sale(language)
    shop.give_back("r", "s", cash(-295), a=ONE)
    sheet = paper(shop, "r").splitlines()
    assert sheet[2] == f"^{return_}"
    assert f"{for_receipt} | 1" in sheet
    assert f"{reason} | does not fit" in sheet
    assert "Article a | -2.96 A" in sheet
    assert f"{give_back} | EUR -2.96" in sheet
    assert f"{LANGUAGES[language]['rounding']} | 0.01" in sheet
    assert f"{LANGUAGES[language]['cash']} | -2.95" in sheet

    shop.on(
        cmd.Checkout(
            sale_id="s2",
            lines=(line(quantity=Quantity(2)),),
            tenders=(cash(1500),),
            language=language,
        )
    )
    shop.void("v", "s2")
    sheet = paper(shop, "v").splitlines()
    assert sheet[2] == f"^{void}"
    assert f"{for_receipt} | 3" in sheet
    assert "  -2 × 7.50" in sheet
    assert f"{give_back} | EUR -15.00" in sheet


@pytest.mark.parametrize(("language", "mark"), [("en", "VOIDED"), ("zh-CN", "已作废")])
def test_a_copy_of_what_was_voided_since_does_not_look_good(language: str, mark: str) -> None:
    shop = full_sale(language)
    assert mark not in paper(shop, copy=1)
    shop.void("v", "s")
    assert paper(shop, copy=1).splitlines()[3] == f"^{mark}"
    assert mark not in paper(shop, "v")


def test_added_tax_stands_before_the_total_that_holds_it() -> None:
    sheet = paper(full_sale("en", ShopRules(tax_included=False))).splitlines()
    taxes = [at for at, text in enumerate(sheet) if text.startswith("Tax ")]
    assert len(taxes) == 2
    total = next(at for at, text in enumerate(sheet) if text.startswith("TOTAL"))
    assert max(taxes) < total


def test_a_tax_without_a_code_is_written_with_one_blank() -> None:
    shop = Shop()
    shop.checkout("s", (line(price=119, percent=P19),), cash(119))
    assert "Tax 19% (net 1.00) | 0.19" in paper(shop).splitlines()


def test_a_zero_rate_with_a_name_is_told_and_one_without_is_not() -> None:
    shop = Shop()
    shop.checkout("s", (line("a", 100, tax="Z"), line("b", 100)), cash(200))
    taxes = [text for text in paper(shop).splitlines() if text.startswith("Tax")]
    assert taxes == ["Tax Z 0% (net 1.00) | 0.00"]


def test_what_did_not_count_is_not_on_the_receipt() -> None:
    shop = Shop()
    shop.open("s", line())
    shop.tender("s", pending_card(750))
    shop.resolve("s", TenderState.DECLINED)
    shop.tender("s", cash(750))
    shop.complete("s")
    assert "Credit card" not in paper(shop)
    assert "Change" not in paper(shop)
    assert "Rounding" not in paper(shop)


def test_discounts_carry_their_own_reasons() -> None:
    shop = Shop()
    discount = off(50, on="l1")
    named = type(discount)(discount_id="d", line_id="l1", amount_minor=50, reason="dented")
    whole = type(discount)(discount_id="e", amount_minor=100, reason="member")
    shop.checkout("s", (line(),), cash(600), discounts=(named, whole))
    sheet = paper(shop).splitlines()
    assert sheet[sheet.index("Article l1 | 7.50") + 1] == "  dented | -0.50"
    assert "member | -1.00" in sheet


def test_a_currency_without_cents_is_written_without() -> None:
    shop = Shop(ShopRules(currency="JPY"))
    shop.checkout("s", (line(price=1000, quantity=Quantity(2)),), cash(5000))
    sheet = paper(shop)
    assert "TOTAL | JPY 2000" in sheet
    assert "Change | 3000" in sheet
    assert "." not in sheet.replace(". ", "")


def test_a_thousand_lines_are_a_thousand_lines_on_paper() -> None:
    shop = Shop()
    lines = tuple(line(f"l{n}", 1) for n in range(1_000))
    shop.checkout("s", lines, cash(1_000))
    columns = [part for part in document(shop).parts if isinstance(part, Columns)]
    articles = [part.left for part in columns if part.left.startswith("Article ")]
    assert articles == [f"Article l{n}" for n in range(1_000)]

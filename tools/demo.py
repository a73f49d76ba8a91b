"""`make demo`: a whole till on simulated hardware sells, loses its power, and sells on."""

from __future__ import annotations

import itertools
import shutil
import sys
import time
from pathlib import Path

from simulated_shop import SimulatedShop

from tillhal import Till, cash, credit_card, line, percent_off
from tillhal.v1 import printer_pb2

FOLDER = Path(".demo").resolve()
PRINTED_S_MAX = 5.0


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def sell_for_cash(till: Till) -> None:
    sold = till.checkout(
        [
            line("Coffee beans 250 g", "7.49", qty=2, tax="A", tax_percent=7),
            line("Apples", "2.99", qty="1.255", unit="kg", tax="A", tax_percent=7),
            line("Mug", "12.00", tax="B", tax_percent=19),
        ],
        tenders=[cash("50.00")],
    )
    say(f"  receipt {sold.receipt_number}: {sold.payable} EUR in cash, change {sold.change}")


def sell_by_card(till: Till) -> None:
    sold = till.checkout(
        [line("Tea pot", "34.90", tax="B", tax_percent=19)],
        tenders=[credit_card("34.90", external_ref="terminal 7, trace 004711")],
    )
    say(f"  receipt {sold.receipt_number}: {sold.payable} EUR by card, the drawer stays shut")


def sell_in_chinese(till: Till) -> None:
    sale = till.open_sale(language="zh-CN")
    sale.put_line(line("西湖龙井茶 特级 100克", "58.00", tax="A", tax_percent=13))
    sale.put_line(line("景德镇陶瓷茶杯", "26.50", qty=2, tax="A", tax_percent=13))
    sale.discount(percent_off(10, reason="会员九折"))
    sale.suspend(note="顾客去取零钱")
    say("  suspended, and taken up again")
    sale.resume()
    sale.tender_cash("100.00")
    sold = sale.complete()
    say(f"  receipt {sold.receipt_number}: {sold.payable} EUR, change {sold.change}")


def lose_power_and_finish(shop: SimulatedShop, till: Till) -> None:
    sale = till.open_sale()
    sale.put_line(line("Umbrella", "19.90", tax="B", tax_percent=19))
    sale.put_line(line("Newspaper", "2.20", tax="A", tax_percent=7))
    say(f"  two lines are in the sale; SIGKILL to tillhald (pid {shop.pid})")
    shop.pull_the_plug()
    shop.start_till()
    report = till.status(timeout_s=10).recovery
    say(
        f"  it is back after {report.boot_ms} ms, knows all {report.last_seq} records, and says "
        f"that {len(report.interrupted_sale_ids)} sale was interrupted"
    )
    found = till.live_sale(report.interrupted_sale_ids[0])
    found.resume()
    found.put_line(line("Chewing gum", "1.10", tax="A", tax_percent=7))
    found.tender_cash("25.00")
    sold = found.complete()
    say(f"  receipt {sold.receipt_number}: {sold.payable} EUR, change {sold.change}")


def wait_for_paper(till: Till) -> None:
    """Until no job is on its way any more. Ends by itself, also when something is wrong."""
    end_s = time.monotonic() + PRINTED_S_MAX
    for event in till.watch_events(cursor=0):
        is_news = event.WhichOneof("event") in ("caught_up", "job_changed")
        if is_news and (not any(till.list_jobs(live_only=True)) or time.monotonic() > end_s):
            return


def main() -> int:
    shutil.rmtree(FOLDER, ignore_errors=True)
    with SimulatedShop(FOLDER) as shop, shop.connect() as till:
        status = till.status(timeout_s=10)
        say(f"tillhald {status.version} is up on simulated hardware: {shop.address}\n")
        for title, sell in (
            ("A cash sale with change", sell_for_cash),
            ("A card sale", sell_by_card),
            ("A sale in Chinese, with a discount, suspended and resumed", sell_in_chinese),
        ):
            say(title)
            sell(till)
        wait_for_paper(till)
        say("A sale in which the power goes")
        lose_power_and_finish(shop, till)
        wait_for_paper(till)
        say("\nWhat became of the receipts")
        jobs = list(itertools.islice(till.list_jobs(), 10))
        for job in reversed(jobs):
            say(f"  {job.job_id}: {printer_pb2.JobState.Name(job.state)} ({job.reason})")
        result = list(till.verify_journal())[-1].result
        verdict = "sound" if result.sound else f"FAULTY: {result.findings}"
        say(f"The journal of {result.records} records is {verdict}.")
        pictures = sorted(shop.receipts.glob("*.png"))
        say("The paper:")
        for picture in pictures:
            say(f"  {picture}")
        is_right = result.sound and len(pictures) == len(jobs) == 4  # noqa: PLR2004 - sold above
        return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())

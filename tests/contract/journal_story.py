"""A shop's first days, told to a till: what the golden journal of a schema holds.

`PYTHONPATH=. python -m tests.contract.journal_story FILE` plays it and writes every row of every
table of the journal, one a line: the table, the key and the stored bytes, both as hexadecimal.
The file of a schema is written once, by a program of that schema, and never again.

Clock and ids are the story's own, so that two programs that are told it can be compared.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tests.support.shop import card, cash, line, pending_card
from tillhald.domain import commands as cmd
from tillhald.domain import events as ev
from tillhald.domain.access import Role
from tillhald.domain.amounts import ONE
from tillhald.domain.books import Denomination, MovementKind
from tillhald.domain.devices import Identity as DeviceIdentity
from tillhald.domain.jobs import JobState, KickReason, KickState
from tillhald.domain.rules import ShopRules
from tillhald.domain.sale import EntryMethod, TenderState
from tillhald.domain.slips import SlipState
from tillhald.domain.startup import startup_facts
from tillhald.domain.state import TillState
from tillhald.journal.creation import create
from tillhald.journal.engine import data_file, open_env
from tillhald.journal.identity import Identity, Phase
from tillhald.journal.store import Store
from tillhald.journal.writer import JournalWriter
from tillhald.service.opening import restored_state
from tillhald.service.tail import Tail
from tillhald.service.till import Clock, Request, Till

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tillhald.domain.answers import Answer

CHAIN_ID = bytes(range(16))
DAY_MS = 86_400_000
FIRST_MS = 1_767_600_000_000
"""8 o'clock UTC on 5 January 2026."""
CLOSE_S_MAX = 20.0
MAP_BYTES = 1 << 20
RULES = ShopRules(receipt_printer="front_printer", drawer="front_drawer")


class Story:
    """A till in this process, with its own journal, and who tells it what happens."""

    def __init__(self, till: Till) -> None:
        self.till = till
        self.at_ms = FIRST_MS
        self.requests = 0

    def today(self, at_ms: int) -> str:
        return f"2026-01-{5 + (at_ms - FIRST_MS) // DAY_MS:02}"

    async def do(self, command: cmd.AnyCommand, operator: str = "") -> Answer:
        """A front end asks, and has its answer."""
        self.at_ms += 1_000
        self.requests += 1
        request = Request(
            type(command).__name__, f"request-{self.requests:04}", b"%d" % self.requests, operator
        )
        answer, _ = await self.till.handle(command, request, lambda outcome: outcome.answer)
        return answer

    async def note(self, *facts: ev.AnyEvent) -> None:
        """Something happens that nobody asked for."""
        self.at_ms += 100
        await self.till.record(facts)

    async def sell(self, sale_id: str, minor: int, *, by_card: bool = False) -> None:
        """A whole sale; its receipt and its kick stay where they are."""
        tender = card(minor) if by_card else cash(minor + 50)
        await self.do(
            cmd.Checkout(
                sale_id=sale_id,
                lines=(replace(line(price=minor), sku="4006381333931", unit="pc"),),
                tenders=(tender,),
            )
        )

    async def print_receipt(self, outcome: JobState = JobState.CONFIRMED) -> None:
        """The oldest receipt goes to the printer, and the drawer opens."""
        job = next(iter(self.till.state.jobs.values()))
        await self.note(ev.PrintStarted(job_id=job.job_id, cuts_before=7, cuts=1))
        await self.note(ev.PrintEnded(job_id=job.job_id, outcome=outcome, bytes_sent=900))
        for kick in list(self.till.state.kicks.values()):
            if kick.after_job_id == job.job_id:
                await self.note(ev.KickStarted(kick_id=kick.kick_id))
                opened = ev.KickEnded(kick_id=kick.kick_id, outcome=KickState.FIRED, verified=True)
                await self.note(opened)

    async def open(self, sale_id: str, minor: int) -> int:
        """An open sale of one line; its version."""
        await self.do(cmd.OpenSale(sale_id=sale_id))
        await self.do(cmd.PutLine(sale_id=sale_id, expected_version=1, line=line(price=minor)))
        return 2

    async def count_and_close(self, counted_minor: int) -> None:
        """The shift is ended, counted and closed."""
        coins = Denomination(value_minor=10, count=counted_minor // 10)
        count = partial(cmd.DeclareCount, counted_minor=counted_minor, denominations=(coins,))
        for make in (cmd.EndShift, *([count] if counted_minor else []), cmd.CloseShift):
            shift = self.till.state.shift
            assert shift is not None
            await self.do(make(shift_id=shift.shift_id, expected_version=shift.version), "anna")

    async def close_day(self) -> None:
        day = self.till.state.day
        assert day is not None
        await self.do(cmd.CloseDay(day_number=day.day_number), "anna")


async def first_day(story: Story) -> None:
    """Sales of every outcome; one is put aside and stays so over the night."""
    await story.do(cmd.PutOperator(operator="anna", role=Role.SUPERVISOR, name="Anna B."))
    await story.do(cmd.OpenShift(float_minor=10_000, operator="anna"), "anna")
    await story.note(
        ev.DeviceIdentified(
            device_id="front_printer", identity=DeviceIdentity(model="TM-T88V", serial="X1")
        )
    )
    await story.sell("sale-a1", 750)
    await story.print_receipt()
    await story.sell("sale-a2", 1_200, by_card=True)
    await story.print_receipt()
    await story.do(cmd.ReprintReceipt(sale_id="sale-a2", job_id="copy-1"))
    await story.print_receipt()
    await story.sell("sale-a3", 300)
    await story.print_receipt(JobState.UNCONFIRMED)
    await story.do(cmd.VoidSale(sale_id="void-a3", original_sale_id="sale-a3", reason="mistyped"))
    await story.print_receipt()
    version = await story.open("cancelled-a", 90)
    await story.do(
        cmd.CancelSale(sale_id="cancelled-a", expected_version=version, reason="changed her mind")
    )
    for sale_id in ("carried-1", "carried-2", "carried-3"):
        version = await story.open(sale_id, 2_500)
        await story.do(
            cmd.SuspendSale(sale_id=sale_id, expected_version=version, note="fetches her purse")
        )
    await story.do(
        cmd.OpenDrawer(
            kick_id="no-sale-1", drawer="front_drawer", reason=KickReason.NO_SALE, note="change"
        )
    )
    await story.note(ev.KickStarted(kick_id="no-sale-1"))
    await story.note(ev.KickEnded(kick_id="no-sale-1", outcome=KickState.FIRED, verified=True))
    shift = story.till.state.shift
    assert shift is not None
    await story.do(
        cmd.RecordMovement(
            shift_id=shift.shift_id,
            expected_version=shift.version,
            movement_id="pickup-1",
            kind=MovementKind.PICKUP,
            amount_minor=5_000,
            reason="to the safe",
        ),
        "anna",
    )
    await story.count_and_close(5_760)
    await story.close_day()


async def between(story: Story) -> None:
    """The shop is shut: a sale that was put aside is cancelled while no day is open."""
    story.at_ms = FIRST_MS + DAY_MS - 3_600_000
    sale = story.till.state.sales["carried-1"]
    await story.do(
        cmd.CancelSale(sale_id="carried-1", expected_version=sale.version, reason="never came"),
        "anna",
    )


async def second_day(story: Story) -> None:
    """Training, a handover, a return, an outage, a slip, and sales from the day before."""
    story.at_ms = FIRST_MS + DAY_MS
    await story.do(cmd.OpenShift(float_minor=0, operator="ben", training=True), "anna")
    await story.sell("training-1", 100)
    version = await story.open("training-2", 40)
    await story.do(cmd.CancelSale(sale_id="training-2", expected_version=version))
    await story.print_receipt()
    await story.count_and_close(0)
    await story.do(cmd.OpenShift(float_minor=10_000, operator="anna"), "anna")
    for sale_id in ("carried-2", "carried-3"):
        sale = story.till.state.sales[sale_id]
        await story.do(cmd.ResumeSale(sale_id=sale_id, expected_version=sale.version))
    sale = story.till.state.sales["carried-2"]
    await story.do(cmd.CancelSale(sale_id="carried-2", expected_version=sale.version))
    sale = story.till.state.sales["carried-3"]
    await story.do(
        cmd.AddTender(sale_id="carried-3", expected_version=sale.version, tender=cash(2_500))
    )
    await story.do(cmd.CompleteSale(sale_id="carried-3", expected_version=sale.version + 1))
    await story.print_receipt()
    await story.sell("sale-b1", 640)
    await story.print_receipt()
    back = cmd.ReturnedLine(line_id="r1", original_line_id="l1", quantity=ONE)
    await story.do(
        cmd.OpenReturn(
            sale_id="return-b1", original_sale_id="sale-b1", lines=(back,), reason="broken"
        )
    )
    refund = cash(-640)
    await story.do(cmd.AddTender(sale_id="return-b1", expected_version=1, tender=refund))
    await story.do(cmd.CompleteSale(sale_id="return-b1", expected_version=2))
    await story.note(ev.OutageBegan(outage_id="outage-1", ups="till_ups", charge_percent=97))
    await story.sell("sale-b2", 1_000)
    ended = ev.OutageEnded(outage_id="outage-1", seconds=400, on_mains_s=60, sales_kept=1)
    await story.note(ended)
    await story.do(cmd.OpenBackEntry(outage_id="outage-1", first_no=1, last_no=2, opened_by="anna"))
    slip = cmd.Checkout(
        sale_id="slip-1",
        lines=(replace(line(price=500), entry_method=EntryMethod.SCANNED),),
        tenders=(cash(500),),
    )
    await story.do(
        cmd.PutSlip(
            outage_id="outage-1",
            slip_no=1,
            sale=slip,
            paper_ms=FIRST_MS,
            paper_day="2026-01-05",
            written_by="anna",
        )
    )
    spoilt = cmd.MarkSlip(
        outage_id="outage-1", slip_no=2, state=SlipState.SPOILT, explanation="wet", marked_by="anna"
    )
    await story.do(spoilt)
    closed = cmd.CloseBackEntry(outage_id="outage-1", counted_minor=500, closed_by="anna")
    await story.do(closed)


async def left_open(story: Story) -> None:
    """What an upgrade finds: put aside, under way, unprinted, in doubt, without power."""
    version = await story.open("aside-1", 4_200)
    await story.do(cmd.SuspendSale(sale_id="aside-1", expected_version=version, note="later"))
    version = await story.open("tendering-1", 8_000)
    await story.do(
        cmd.AddTender(
            sale_id="tendering-1", expected_version=version, tender=pending_card(8_000, "card")
        )
    )
    await story.do(
        cmd.ResolveTender(
            sale_id="tendering-1",
            expected_version=version + 1,
            tender_id="card",
            outcome=TenderState.UNKNOWN,
            evidence="no answer",
        )
    )
    await story.open("open-1", 60)
    await story.note(ev.OutageBegan(outage_id="outage-2", ups="till_ups", charge_percent=88))


async def play(story: Story) -> None:
    """All of it, with a checkpoint in the middle and a tail behind it, as a cut leaves it."""
    await first_day(story)
    await between(story)
    story.till.snapshot_next()
    await second_day(story)
    story.till.snapshot_next()
    await story.note(
        *startup_facts(story.till.state, version="0.1.0", clean_shutdown=True, at_ms=story.at_ms)
    )
    await left_open(story)


def tell(folder: Path) -> TillState:
    """Make a journal in `folder` by the ordinary path, and play the story; the state at its end."""
    identity = Identity(
        store_id="store-7",
        workstation_id="till-3",
        incarnation=1,
        chain_id=CHAIN_ID,
        created_ms=FIRST_MS,
        phase=Phase.PRE_LIVE,
    )
    genesis = ev.JournalCreated(store_id="store-7", workstation_id="till-3", currency="EUR")
    body = ev.encode_record(ev.Record(wall_ms=FIRST_MS, events=(genesis,)))
    create(folder, identity, body, map_bytes=MAP_BYTES)
    return asyncio.run(go_on(folder, play))


async def go_on(folder: Path, tell_on: Callable[[Story], Awaitable[None]]) -> TillState:
    """Open the journal in `folder`, play what is given, and leave it as a power cut would."""
    loop = asyncio.get_running_loop()
    store = Store.open(folder)
    try:
        state = restored_state(store)
        tail = Tail(state.seq)
        writer = JournalWriter(
            store,
            on_durable=partial(loop.call_soon_threadsafe, tail.advanced),
            on_failed=partial(loop.call_soon_threadsafe, tail.failed),
        )
        stories: list[Story] = []
        till = Till(
            state=state,
            rules=RULES,
            store=store,
            writer=writer,
            tail=tail,
            clock=Clock(wall_ms=lambda: stories[0].at_ms, today=lambda at: stories[0].today(at)),
            boot_id="0" * 32,
        )
        stories.append(Story(till))
        try:
            await tell_on(stories[0])
        finally:
            writer.close(CLOSE_S_MAX)
        return till.state
    finally:
        store.close()


def rows_of(folder: Path) -> dict[str, dict[bytes, bytes]]:
    """Everything that is stored in a journal, by table and key."""
    size = Path(data_file(str(folder))).stat().st_size
    with open_env(str(folder), map_bytes=size, readonly=True) as env, env.begin() as txn:
        names = [bytes(name) for name, _ in txn.cursor()]
    with open_env(str(folder), map_bytes=size, readonly=True) as env:
        tables = {name: env.open_db(name, create=False) for name in names}
        with env.begin() as txn:
            return {
                name.decode(): {bytes(k): bytes(v) for k, v in txn.cursor(table)}
                for name, table in tables.items()
            }


def lines_of(folder: Path) -> list[str]:
    """The same, as the golden file has it."""
    return [
        f"{table} {key.hex()} {stored.hex()}"
        for table, rows in rows_of(folder).items()
        for key, stored in rows.items()
    ]


def main() -> None:
    """Write the golden file of the schema that this program writes."""
    with tempfile.TemporaryDirectory(prefix="tillhal-") as name:
        folder = Path(name) / "journal"
        tell(folder)
        Path(sys.argv[1]).write_text("\n".join(lines_of(folder)) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()

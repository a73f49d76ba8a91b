"""Scans on their way from a scanner to the one front end that has its focus.

What is in a scan goes to no log and, unless a person typed an article's number, to no journal: it
is input, like a key that is pressed, and some of it is a customer's money. It is kept in memory
until its front end acknowledges it, for the times that `domain.scan_queue` names.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import structlog

from tillhald.devices.categories import Category, ScannerCapabilities
from tillhald.devices.errors import DeviceUnknown
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain import scan_queue as queue
from tillhald.domain.claims import ClaimMode
from tillhald.domain.scan import Scan
from tillhald.journal.errors import Overloaded, StorageError
from tillhald.service.caller import NOBODYS
from tillhald.service.patience import comes_within
from tillhald.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from tillhald.devices.events import FrameRead
    from tillhald.devices.registry import DeviceRegistry
    from tillhald.domain.claims import Lease
    from tillhald.domain.scan_queue import Kept, ScanLoss
    from tillhald.domain.scan_rules import ScanRules
    from tillhald.service.claims import ClaimDesk
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)

NUMBER_BITS = 24
"""Scans of one life of the daemon, before their numbers would reach those of the next one."""
LOSS_TOLD_EVERY_S = 5.0
"""A scanner that lies before a barcode must not fill the journal."""
TRIGGER_S_MAX = 2.0


class Wanted(NamedTuple):
    """Somebody waits for the scanner: answer, or lose it at `by_s`, monotonic."""

    purpose: str
    by_s: float


class Forgotten(NamedTuple):
    """The daemon has been started anew: what was not acknowledged before is gone."""


class Draining(NamedTuple):
    """The daemon is going down."""


class RepeatRule(NamedTuple):
    """The same code within `within_s` is a repeat; `is_dropped`: and then not told."""

    within_s: float
    is_dropped: bool


class _Shelf:
    """One scanner's scans."""

    def __init__(self) -> None:
        self.kept: queue.Queue = ()
        self.changed = asyncio.Event()
        self.timer: asyncio.TimerHandle | None = None
        self.stream = 0
        # Not the code itself: it may be somebody's purse, and outlive its acknowledgement here.
        self.last: tuple[int, float] = (0, 0.0)
        self.lost: Counter[ScanLoss] = Counter()
        self.told_s = float("-inf")

    def wake(self) -> None:
        """Let the stream look again."""
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()


def _reader() -> Callable[..., Scan]:
    # biip takes a tenth of a second to load, which a till without a scanner need not wait for.
    from tillhald.domain.scan_reading import read_scan

    return read_scan


class Scans:
    """All scanners' scans. Everything runs on the event loop."""

    def __init__(
        self,
        *,
        till: Till,
        claims: ClaimDesk,
        devices: DeviceRegistry,
        rules: ScanRules,
        repeats: RepeatRule,
        wall_ms: Callable[[], int],
        now_s: Callable[[], float],
        count: Callable[[str, str], None],
    ) -> None:
        """`now_s` is the clock that devices stamp frames with: monotonic. `count(device, name)`
        counts one of a statistic.
        """
        self._till = till
        self._claims = claims
        self._devices = devices
        self._rules = rules
        self._repeats = repeats
        self._wall_ms = wall_ms
        self._now_s = now_s
        self._count = count
        self._looks: dict[str, Callable[[Scan], bool]] = {}
        self._shelves: dict[str, _Shelf] = {}
        if any(shot.category is Category.SCANNER for shot in devices.snapshot()):
            _reader()  # now, and not with the first customer waiting
        # The journal's end rises with every start, so numbers rise over restarts, too.
        self._first_number = till.state.seq << NUMBER_BITS
        self._number = self._first_number
        self._draining = False
        claims.on_change(self._claim_changed)

    # --- what comes in

    def frame_read(self, event: FrameRead) -> None:
        """A scanner read something."""
        shelf = self._shelf(event.device_id)
        frame = event.frame
        if frame.corrupt is not None:
            scan = Scan(corrupt=frame.corrupt)
        else:
            capabilities = self._devices.device(event.device_id).capabilities
            assert isinstance(capabilities, ScannerCapabilities), "scanners have theirs"
            scan = _reader()(
                frame.raw,
                self._rules,
                year=self._year(event.at_ms),
                aim=capabilities.symbology_id,
                symbology=capabilities.symbology,
            )
        is_repeat = self._is_repeat(shelf, scan, frame.ended_s)
        outcome = "corrupt" if scan.corrupt else "repeat" if is_repeat else "good"
        metrics.SCANS.labels(device=event.device_id, outcome=outcome).inc()
        log.debug("scan_read", device=event.device_id, outcome=outcome, bytes=len(frame.raw))
        if scan.corrupt:
            log.warning("scan_corrupt", device=event.device_id, why=scan.corrupt.value)
        self._count(event.device_id, "NoReadCount" if scan.corrupt else "GoodScanCount")
        look = self._looks.get(event.device_id)
        if look is not None and look(scan):
            return  # it was for the check of the scanner: no front end is to sell it
        if not (is_repeat and self._repeats.is_dropped):
            self._keep(event.device_id, scan, event.at_ms, frame.ended_s, is_repeat=is_repeat)

    @contextlib.contextmanager
    def looked_at(self, device_id: str, look: Callable[[Scan], bool]) -> Iterator[None]:
        """Meanwhile `look` sees each scan of this scanner; what it takes (True) goes no further."""
        assert device_id not in self._looks, f"{device_id} has one check at a time"
        self._looks[device_id] = look
        try:
            yield
        finally:
            del self._looks[device_id]

    def read_keyed(self, text: str) -> Scan:
        """What a person typed, read as a scan."""
        year = self._year(self._wall_ms())
        return _reader()(text.encode(), self._rules, year=year, aim=False, is_keyed=True)

    def keyed(self, device_id: str, scan: Scan) -> None:
        """What a person typed, on its way as if the scanner had read it."""
        metrics.SCANS.labels(device=device_id, outcome="keyed").inc()
        self._keep(device_id, scan, self._wall_ms(), self._now_s(), is_repeat=False)

    def _is_repeat(self, shelf: _Shelf, scan: Scan, came_s: float) -> bool:
        if not self._repeats.within_s or scan.corrupt:
            return False
        mark = hash(scan.raw)  # keyed by chance in each life of the daemon
        (last, last_s), shelf.last = shelf.last, (mark, came_s)
        return mark == last and came_s - last_s <= self._repeats.within_s

    def _keep(
        self, device_id: str, scan: Scan, at_ms: int, came_s: float, *, is_repeat: bool
    ) -> None:
        shelf = self._shelf(device_id)
        self._number += 1
        one = queue.Kept(
            number=self._number, scan=scan, at_ms=at_ms, came_s=came_s, is_repeat=is_repeat
        )
        shelf.kept, lost = queue.put(shelf.kept, one)
        self._lose(device_id, shelf, lost)
        self._arm(device_id, shelf)
        shelf.wake()

    # --- what goes out

    async def follow(
        self, device_id: str, lease_id: str, cursor: int
    ) -> AsyncIterator[Kept | Wanted | Forgotten | Draining]:
        """All scans after `cursor` for the holder of this lease, for ever.

        As long as this is followed the lease does not run out. Raises ClaimLost when it ends in
        another way, and when a second call follows by the same lease.
        """
        shelf = self._shelf(device_id)
        self._lease(device_id, lease_id)
        shelf.stream += 1
        stream = shelf.stream
        shelf.wake()  # the stream before this one shall end
        if 0 < cursor < self._first_number:
            yield Forgotten()
        told: float | None = None
        while not self._draining:
            changed = shelf.changed
            lease = self._lease(device_id, lease_id)
            if shelf.stream != stream:
                raise errors.ClaimLost("Another call follows by this claim now.")
            if lease.release_by_s != told:
                told = lease.release_by_s
                if told is not None:
                    yield Wanted(lease.wanted_by, told)
                continue
            self._tidy(device_id, shelf)
            shelf.kept, one = queue.give(shelf.kept, cursor, lease.token)
            if one is not None:
                self._arm(device_id, shelf)
                cursor = one.number
                yield one
                continue
            self._claims.renew(device_id, lease_id)
            await comes_within(changed.wait(), lease.ttl_s / 3)
        yield Draining()

    def acknowledge(self, device_id: str, lease_id: str, cursor: int) -> None:
        """The front end has dealt with all scans up to `cursor`. Raises ClaimLost."""
        lease = self._lease(device_id, lease_id)
        shelf = self._shelf(device_id)
        shelf.kept = queue.acknowledge(shelf.kept, cursor, lease.token)
        self._arm(device_id, shelf)

    async def trigger(self, device_id: str) -> None:
        """Pull the trigger. Raises NotSupported and DeviceError."""
        capabilities = self._devices.device(device_id).capabilities
        if not (isinstance(capabilities, ScannerCapabilities) and capabilities.soft_trigger):
            sentence = "No trigger command is configured for this scanner."
            raise errors.NotSupported(sentence, device_id=device_id)
        await self._devices.trigger(device_id, deadline_s=TRIGGER_S_MAX)

    def scanner_id(self, name: str) -> str:
        """The scanner of that name; the only one, where no name is given. Raises DeviceNotFound."""
        if not name:
            shots = self._devices.snapshot()
            names = [shot.device_id for shot in shots if shot.category is Category.SCANNER]
            if len(names) != 1:
                sentence = "Name the scanner: the till has none, or more than one."
                raise errors.DeviceNotFound(sentence, scanners=len(names))
            return names[0]
        try:
            shot = self._devices.device(name)
        except DeviceUnknown:
            sentence = "There is no such device in the configuration."
            raise errors.DeviceNotFound(sentence, device_id=name) from None
        if shot.category is not Category.SCANNER:
            raise errors.DeviceNotFound("This device is no scanner.", device_id=name)
        return name

    def age_ms(self, one: Kept) -> int:
        """How long ago it was scanned."""
        return max(round((self._now_s() - one.came_s) * 1000), 0)

    def drain(self) -> None:
        """The daemon is going down: let every stream say so."""
        self._draining = True
        for device_id, shelf in self._shelves.items():
            if shelf.timer is not None:
                shelf.timer.cancel()
            self._tell_lost(device_id, shelf)
            shelf.wake()

    # --- inside

    def _shelf(self, device_id: str) -> _Shelf:
        return self._shelves.setdefault(device_id, _Shelf())

    def _lease(self, device_id: str, lease_id: str) -> Lease:
        return self._claims.must_hold(device_id, lease_id, ClaimMode.EXCLUSIVE)

    def _claim_changed(self, device_id: str) -> None:
        shelf = self._shelves.get(device_id)
        if shelf is not None:
            self._tidy(device_id, shelf)
            self._arm(device_id, shelf)
            shelf.wake()

    def _tidy(self, device_id: str, shelf: _Shelf) -> None:
        owner = self._claims.owner(device_id)
        token = owner.token if owner is not None else 0
        shelf.kept, lost = queue.tidy(shelf.kept, self._now_s(), token)
        self._lose(device_id, shelf, lost)

    def _arm(self, device_id: str, shelf: _Shelf) -> None:
        if shelf.timer is not None:
            shelf.timer.cancel()
            shelf.timer = None
        dues = [due for due in (queue.next_end_s(shelf.kept),) if due is not None]
        if shelf.lost:
            dues.append(shelf.told_s + LOSS_TOLD_EVERY_S)
        if dues and not self._draining:
            wait_s = max(min(dues) - self._now_s(), 0.0) + 0.001
            loop = asyncio.get_running_loop()
            shelf.timer = loop.call_later(
                wait_s, self._time_passed, device_id, shelf, context=NOBODYS
            )

    def _time_passed(self, device_id: str, shelf: _Shelf) -> None:
        self._tidy(device_id, shelf)
        if shelf.lost and self._now_s() >= shelf.told_s + LOSS_TOLD_EVERY_S:
            self._tell_lost(device_id, shelf)
        self._arm(device_id, shelf)

    def _lose(self, device_id: str, shelf: _Shelf, lost: queue.Lost) -> None:
        for why in lost:
            metrics.SCANS.labels(device=device_id, outcome=why.value).inc()
        shelf.lost.update(lost)
        if lost and self._now_s() >= shelf.told_s + LOSS_TOLD_EVERY_S:
            self._tell_lost(device_id, shelf)

    def _tell_lost(self, device_id: str, shelf: _Shelf) -> None:
        for why, count in shelf.lost.items():
            log.warning("scans_lost", device=device_id, why=why.value, scans=count)
            try:
                self._till.note([ev.ScansLost(device_id=device_id, loss=why, count=count)])
            except (Overloaded, StorageError) as error:
                log.warning("device_event_not_recorded", device=device_id, why=str(error))
        if shelf.lost:
            shelf.told_s = self._now_s()
            shelf.lost.clear()

    def _year(self, at_ms: int) -> int:
        return datetime.datetime.fromtimestamp(at_ms / 1000, tz=datetime.UTC).year

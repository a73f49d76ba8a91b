"""Other versions of the till's program: `Till.upgrades` and `AsyncTill.upgrades`."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Final

import grpc

from tillhal import channel as wire
from tillhal import errors
from tillhal.v1 import upgrade_pb2 as pb
from tillhal.v1 import upgrade_pb2_grpc
from tillhal.values import new_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
    from pathlib import Path

    from tillhal.aio import AsyncTill
    from tillhal.sync import Till

CHUNK_BYTES: Final = 256 << 10
STAGE_S: Final = 2 * 3600.0
"""Building a version takes a minute on a till, and more on a slow card."""
PREFLIGHT_S: Final = 60.0


def _head(path: str, file: Path | None, request_id: str | None) -> pb.StageBundleRequest:
    asked = pb.BundleToStage(request_id=request_id or new_id(), path=path)
    if file is not None:
        asked.file_name = file.name
        asked.size_bytes = file.stat().st_size
    return pb.StageBundleRequest(bundle=asked)


def _parts(path: str, file: Path | None, request_id: str | None) -> Iterator[pb.StageBundleRequest]:
    yield _head(path, file, request_id)
    if file is not None:
        with file.open("rb") as content:
            while chunk := content.read(CHUNK_BYTES):
                yield pb.StageBundleRequest(chunk=chunk)


def _overrides(given: Mapping[str, str] | None) -> Iterable[pb.CheckOverride]:
    return [pb.CheckOverride(code=code, reason=why) for code, why in (given or {}).items()]


def _start(
    slot: str,
    at: datetime.datetime | None,
    *,
    now: bool,
    overrides: Mapping[str, str] | None,
    request_id: str | None,
) -> pb.StartUpgradeRequest:
    if now and at is not None:
        message = "an upgrade begins now, or at a time"
        raise ValueError(message)
    request = pb.StartUpgradeRequest(
        request_id=request_id or new_id(),
        slot=slot,
        when=pb.UPGRADE_WHEN_NOW if now else pb.UPGRADE_WHEN_QUIET,
        overrides=_overrides(overrides),
    )
    if at is not None:
        request.when = pb.UPGRADE_WHEN_AT
        request.at_time.FromDatetime(at.astimezone(datetime.UTC))
    return request


def _preflight(slot: str, *, now: bool) -> pb.PreflightUpgradeRequest:
    when = pb.UPGRADE_WHEN_NOW if now else pb.UPGRADE_WHEN_QUIET
    return pb.PreflightUpgradeRequest(slot=slot, when=when)


class Upgrades:
    """Bringing a till to another version, and back: its attribute `upgrades`.

    Errors come as from the till's other methods; a till without a home raises `HomeNeeded`.
    """

    def __init__(self, till: Till, channel: grpc.Channel) -> None:
        """Ask for it as `till.upgrades`."""
        self._till = till
        self._stub = upgrade_pb2_grpc.UpgradeServiceStub(channel)

    def versions(self, *, timeout_s: float | None = None) -> pb.GetVersionsResponse:
        """Which versions are here."""
        answer: pb.GetVersionsResponse
        answer = self._ask(self._stub.GetVersions, pb.GetVersionsRequest(), timeout_s)
        return answer

    def list_bundles(self, *, timeout_s: float | None = None) -> pb.ListBundlesResponse:
        """The bundles in the till's inbox and on sticks in it."""
        answer: pb.ListBundlesResponse
        answer = self._ask(self._stub.ListBundles, pb.ListBundlesRequest(), timeout_s)
        return answer

    def stage(
        self,
        path: str = "",
        *,
        file: Path | None = None,
        request_id: str | None = None,
        timeout_s: float = STAGE_S,
    ) -> Iterator[pb.StageBundleResponse]:
        """Have a bundle checked and built, while the till sells: progress, and at last the result.

        path: a file on the till, its name in the inbox or an absolute path on a stick; else
        `file`, here, is brought. Raises `BundleCorrupt`, `BundleUntrusted`, `BundleExpired`,
        `BundleTooOld` and others (upgrade.proto, StageBundle).
        """
        call = self._stub.StageBundle(
            _parts(path, file, request_id), timeout=timeout_s, metadata=self._till.metadata
        )
        try:
            yield from call
        except grpc.RpcError as error:
            raise errors.from_rpc(error, pb.BundleToStage()) from error
        finally:
            call.cancel()

    def preflight(
        self, slot: str = "", *, now: bool = False, timeout_s: float = PREFLIGHT_S
    ) -> pb.PreflightUpgradeResponse:
        """Look at all that an upgrade to this slot needs; without one, to the newest staged."""
        answer: pb.PreflightUpgradeResponse
        answer = self._ask(self._stub.PreflightUpgrade, _preflight(slot, now=now), timeout_s)
        return answer

    def start(
        self,
        slot: str = "",
        *,
        now: bool = False,
        at: datetime.datetime | None = None,
        overrides: Mapping[str, str] | None = None,
        request_id: str | None = None,
        timeout_s: float = PREFLIGHT_S,
    ) -> pb.StartUpgradeResponse:
        """Arm an upgrade: for now, for a time, or else for the next quiet hour.

        overrides: checks that may block all the same, and why. Raises `UpgradeBlocked`,
        `UpgradeBusy`, `UpgradeNotStaged`.
        """
        request = _start(slot, at, now=now, overrides=overrides, request_id=request_id)
        answer: pb.StartUpgradeResponse
        answer = self._ask(self._stub.StartUpgrade, request, timeout_s)
        return answer

    def get(self, upgrade_id: str = "", *, timeout_s: float | None = None) -> pb.Upgrade:
        """The upgrade; without an id the one under way, or else the last one."""
        request = pb.GetUpgradeRequest(upgrade_id=upgrade_id)
        answer: pb.GetUpgradeResponse
        answer = self._ask(self._stub.GetUpgrade, request, timeout_s)
        return answer.upgrade

    def watch(
        self, upgrade_id: str = "", *, after_seq: int = 0, timeout_s: float = wire.BACKUP_S
    ) -> Iterator[pb.WatchUpgradeResponse]:
        """Its steps after `after_seq`, and then as they come, until it is over.

        The stream ends with an error when the till restarts: ask again then with the last `seq`.
        """
        request = pb.WatchUpgradeRequest(upgrade_id=upgrade_id, after_seq=after_seq)
        return self._till._steps(self._stub.WatchUpgrade, request, timeout_s)  # noqa: SLF001 - a part of the till

    def cancel(
        self, upgrade_id: str = "", *, request_id: str | None = None, timeout_s: float = PREFLIGHT_S
    ) -> pb.Upgrade:
        """End it before the switch. Raises `UpgradeSwitched` after that."""
        request = pb.CancelUpgradeRequest(request_id=request_id or new_id(), upgrade_id=upgrade_id)
        answer: pb.CancelUpgradeResponse
        answer = self._ask(self._stub.CancelUpgrade, request, timeout_s)
        return answer.upgrade

    def roll_back(
        self,
        reason: str,
        *,
        overrides: Mapping[str, str] | None = None,
        request_id: str | None = None,
        timeout_s: float = PREFLIGHT_S,
    ) -> pb.RollBackResponse:
        """Go back to the version before, with all that was sold since; it begins now.

        Raises `NoPreviousVersion`, `UpgradeBlocked`, `UpgradeBusy`.
        """
        request = pb.RollBackRequest(
            request_id=request_id or new_id(), reason=reason, overrides=_overrides(overrides)
        )
        answer: pb.RollBackResponse
        answer = self._ask(self._stub.RollBack, request, timeout_s)
        return answer

    def _ask(self, rpc: Any, request: Any, timeout_s: float | None) -> Any:  # noqa: ANN401 - of several RPCs
        return self._till._ask(rpc, request, timeout_s)  # noqa: SLF001 - a part of the till


class AsyncUpgrades:
    """As `Upgrades`, for asyncio: the attribute `upgrades` of an `AsyncTill`."""

    def __init__(self, till: AsyncTill, channel: grpc.aio.Channel) -> None:
        """Ask for it as `till.upgrades`."""
        self._till = till
        self._stub: Any = upgrade_pb2_grpc.UpgradeServiceStub(channel)

    async def versions(self, *, timeout_s: float | None = None) -> pb.GetVersionsResponse:
        """Which versions are here."""
        answer: pb.GetVersionsResponse
        answer = await self._ask(self._stub.GetVersions, pb.GetVersionsRequest(), timeout_s)
        return answer

    async def list_bundles(self, *, timeout_s: float | None = None) -> pb.ListBundlesResponse:
        """The bundles in the till's inbox and on sticks in it."""
        answer: pb.ListBundlesResponse
        answer = await self._ask(self._stub.ListBundles, pb.ListBundlesRequest(), timeout_s)
        return answer

    async def stage(
        self,
        path: str = "",
        *,
        file: Path | None = None,
        request_id: str | None = None,
        timeout_s: float = STAGE_S,
    ) -> AsyncIterator[pb.StageBundleResponse]:
        """Have a bundle checked and built, while the till sells: progress, and at last the result.

        As `Upgrades.stage`.
        """
        call = self._stub.StageBundle(
            _parts(path, file, request_id), timeout=timeout_s, metadata=self._till.metadata
        )
        try:
            async for step in call:
                yield step
        except grpc.RpcError as error:
            raise errors.from_rpc(error, pb.BundleToStage()) from error
        finally:
            call.cancel()

    async def preflight(
        self, slot: str = "", *, now: bool = False, timeout_s: float = PREFLIGHT_S
    ) -> pb.PreflightUpgradeResponse:
        """Look at all that an upgrade to this slot needs; without one, to the newest staged."""
        answer: pb.PreflightUpgradeResponse
        answer = await self._ask(self._stub.PreflightUpgrade, _preflight(slot, now=now), timeout_s)
        return answer

    async def start(
        self,
        slot: str = "",
        *,
        now: bool = False,
        at: datetime.datetime | None = None,
        overrides: Mapping[str, str] | None = None,
        request_id: str | None = None,
        timeout_s: float = PREFLIGHT_S,
    ) -> pb.StartUpgradeResponse:
        """Arm an upgrade: for now, for a time, or else for the next quiet hour.

        As `Upgrades.start`.
        """
        request = _start(slot, at, now=now, overrides=overrides, request_id=request_id)
        answer: pb.StartUpgradeResponse
        answer = await self._ask(self._stub.StartUpgrade, request, timeout_s)
        return answer

    async def get(self, upgrade_id: str = "", *, timeout_s: float | None = None) -> pb.Upgrade:
        """The upgrade; without an id the one under way, or else the last one."""
        answer: pb.GetUpgradeResponse
        request = pb.GetUpgradeRequest(upgrade_id=upgrade_id)
        answer = await self._ask(self._stub.GetUpgrade, request, timeout_s)
        return answer.upgrade

    async def watch(
        self, upgrade_id: str = "", *, after_seq: int = 0, timeout_s: float = wire.BACKUP_S
    ) -> AsyncIterator[pb.WatchUpgradeResponse]:
        """Its steps after `after_seq`, and then as they come, until it is over.

        The stream ends with an error when the till restarts: ask again then with the last `seq`.
        """
        request = pb.WatchUpgradeRequest(upgrade_id=upgrade_id, after_seq=after_seq)
        async for step in self._till._steps(self._stub.WatchUpgrade, request, timeout_s):  # noqa: SLF001 - a part of the till
            yield step

    async def cancel(
        self, upgrade_id: str = "", *, request_id: str | None = None, timeout_s: float = PREFLIGHT_S
    ) -> pb.Upgrade:
        """End it before the switch. Raises `UpgradeSwitched` after that."""
        request = pb.CancelUpgradeRequest(request_id=request_id or new_id(), upgrade_id=upgrade_id)
        answer: pb.CancelUpgradeResponse
        answer = await self._ask(self._stub.CancelUpgrade, request, timeout_s)
        return answer.upgrade

    async def roll_back(
        self,
        reason: str,
        *,
        overrides: Mapping[str, str] | None = None,
        request_id: str | None = None,
        timeout_s: float = PREFLIGHT_S,
    ) -> pb.RollBackResponse:
        """Go back to the version before, with all that was sold since; it begins now.

        As `Upgrades.roll_back`.
        """
        request = pb.RollBackRequest(
            request_id=request_id or new_id(), reason=reason, overrides=_overrides(overrides)
        )
        answer: pb.RollBackResponse
        answer = await self._ask(self._stub.RollBack, request, timeout_s)
        return answer

    async def _ask(self, rpc: Any, request: Any, timeout_s: float | None) -> Any:  # noqa: ANN401 - of several RPCs
        return await self._till._ask(rpc, request, timeout_s)  # noqa: SLF001 - a part of the till

"""UpgradeService."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tillhal.v1 import upgrade_pb2 as pb
from tillhal.v1 import upgrade_pb2_grpc
from tillhald.boot.slot import SlotDamaged, manifest_of, slots_folder
from tillhald.domain import errors
from tillhald.domain.access import Role
from tillhald.domain.upgrade import (
    ARMED_S_MAX,
    CANCELLABLE,
    OVERRIDE_CHARS_MAX,
    OVERRIDES_MAX,
    Override,
    Stage,
    UpgradeKind,
    When,
)
from tillhald.domain.upgrade_checks import OVERRIDABLE, Check, Severity
from tillhald.rpc import data_wire, fields
from tillhald.rpc.access_rules import UPGRADE_RISK
from tillhald.rpc.admission import must_be
from tillhald.rpc.to_wire import timestamp
from tillhald.schema import SCHEMA
from tillhald.service.backup_programs import Standing
from tillhald.service.staging import BUNDLE_BYTES_MAX, CHUNK_BYTES_MAX, Upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from tillhald.domain.upgrade import Upgrade
    from tillhald.domain.upgrade_checks import Finding
    from tillhald.rpc.door import Context
    from tillhald.service.staging import Staged, Staging
    from tillhald.service.till import Till
    from tillhald.service.upgrade_log import Step
    from tillhald.service.upgrades import Upgrades
    from tillhald.service.upgrading import Upgrading

_STAGES: Final = {
    Stage.IDLE: pb.UPGRADE_STAGE_IDLE,
    Stage.STAGED: pb.UPGRADE_STAGE_STAGED,
    Stage.ARMED: pb.UPGRADE_STAGE_ARMED,
    Stage.PREFLIGHT: pb.UPGRADE_STAGE_PREFLIGHT,
    Stage.QUIESCED: pb.UPGRADE_STAGE_QUIESCED,
    Stage.BACKED_UP: pb.UPGRADE_STAGE_BACKED_UP,
    Stage.MIGRATED: pb.UPGRADE_STAGE_MIGRATED,
    Stage.SWITCHED: pb.UPGRADE_STAGE_SWITCHED,
    Stage.PROBATION: pb.UPGRADE_STAGE_PROBATION,
    Stage.COMMITTED: pb.UPGRADE_STAGE_COMMITTED,
    Stage.ABORTED: pb.UPGRADE_STAGE_ABORTED,
    Stage.ROLLED_BACK: pb.UPGRADE_STAGE_ROLLED_BACK,
}
_KINDS: Final = {
    UpgradeKind.UPGRADE: pb.UPGRADE_KIND_UPGRADE,
    UpgradeKind.ROLLBACK: pb.UPGRADE_KIND_ROLLBACK,
}
_WHENS: Final = {
    When.NOW: pb.UPGRADE_WHEN_NOW,
    When.QUIET: pb.UPGRADE_WHEN_QUIET,
    When.AT: pb.UPGRADE_WHEN_AT,
}
_WHENS_READ: Final = {
    pb.UPGRADE_WHEN_UNSPECIFIED: When.QUIET,
    **{wire: when for when, wire in _WHENS.items()},
}
_SEVERITIES: Final = {
    Severity.OK: pb.CHECK_SEVERITY_OK,
    Severity.INFORMS: pb.CHECK_SEVERITY_INFORMS,
    Severity.BLOCKS: pb.CHECK_SEVERITY_BLOCKS,
}
PATH_CHARS_MAX: Final = 1_000
FILE_NAME_CHARS_MAX: Final = 100


class UpgradeServicer(upgrade_pb2_grpc.UpgradeServiceServicer):
    def __init__(self, till: Till, upgrading: Upgrading | None, version: str) -> None:
        """`upgrading` is None on a till without a home; `version` runs."""
        self._till = till
        self._upgrading = upgrading
        self._version = version

    @property
    def _upgrades(self) -> Upgrades:
        if self._upgrading is None:
            raise _home_needed()
        return self._upgrading.upgrades

    @property
    def _staging(self) -> Staging:
        if self._upgrading is None:
            raise _home_needed()
        return self._upgrading.staging

    async def GetVersions(
        self, request: pb.GetVersionsRequest, context: Context
    ) -> pb.GetVersionsResponse:
        await self._till.caught_up()
        running = pb.InstalledVersion(version=self._version, schema=SCHEMA)
        if self._upgrading is None:
            return pb.GetVersionsResponse(
                running=running, stage=pb.UPGRADE_STAGE_IDLE, schema=SCHEMA
            )
        upgrades = self._upgrading.upgrades
        record = upgrades.home.record()
        names = upgrades.staged()
        current = self._till.state.upgrades.current
        stage = Stage.STAGED if names else Stage.IDLE
        if current is not None:
            stage = upgrades.stage_of(current)
        response = pb.GetVersionsResponse(
            running=self._slot(upgrades.home.pair.slot),
            staged=[self._slot(name) for name in names],
            stage=_STAGES[stage],
            schema=SCHEMA,
        )
        if record.previous is not None and record.previous.slot != upgrades.home.pair.slot:
            response.previous.CopyFrom(self._slot(record.previous.slot))
        return response

    async def ListBundles(
        self, request: pb.ListBundlesRequest, context: Context
    ) -> pb.ListBundlesResponse:
        found = await self._staging.bundles()
        bundles = [pb.BundleFile(path=each.path, size_bytes=each.size_bytes) for each in found]
        return pb.ListBundlesResponse(bundles=bundles)

    async def StageBundle(
        self, requests: AsyncIterator[pb.StageBundleRequest], context: Context
    ) -> AsyncIterator[pb.StageBundleResponse]:
        first = await anext(aiter(requests), None)
        if first is None or first.WhichOneof("part") != "bundle":
            raise errors.FieldInvalid("bundle", "The first message says what is to be staged.")
        asked = first.bundle
        request_id = fields.request_id(asked.request_id)
        path = fields.text(asked.path, "bundle.path", most=PATH_CHARS_MAX)
        upload = None if path else _upload(asked, requests)
        async for step in self._staging.stage(request_id, path, upload):
            if isinstance(step, Standing):
                progress = pb.StageProgress(phase=step.phase, done=step.done, total=step.total)
                yield pb.StageBundleResponse(progress=progress)
            else:
                yield pb.StageBundleResponse(result=self._staged(step))

    async def PreflightUpgrade(
        self, request: pb.PreflightUpgradeRequest, context: Context
    ) -> pb.PreflightUpgradeResponse:
        upgrades = self._upgrades
        name = upgrades.slot_to_look_at(request.slot)
        to, findings, estimate = await upgrades.look(name, _when(request.when))
        await self._till.caught_up()
        return pb.PreflightUpgradeResponse(
            version=self._slot(to.name),
            checks=[_check(each) for each in findings],
            clear=not any(each.blocks for each in findings),
            estimate=pb.UpgradeEstimate(
                backup_s=estimate.backup_s,
                stopped_s=estimate.stopped_s,
                migrate_s=estimate.migrate_s,
                disk_bytes=estimate.disk_bytes,
            ),
            migrates=upgrades.migrates(to),
        )

    async def StartUpgrade(
        self, request: pb.StartUpgradeRequest, context: Context
    ) -> pb.StartUpgradeResponse:
        request_id = fields.request_id(request.request_id)
        when = _when(request.when)
        at_ms = 0
        if when is When.AT:
            at_ms = _time_ms(request, self._till.state.clock_max_ms)
        overrides = _overrides(request.overrides)
        upgrade, replayed = await self._upgrades.start(
            request_id, request.slot, when, at_ms=at_ms, overrides=overrides
        )
        return pb.StartUpgradeResponse(upgrade=self._upgrade(upgrade), replayed=replayed)

    async def GetUpgrade(
        self, request: pb.GetUpgradeRequest, context: Context
    ) -> pb.GetUpgradeResponse:
        upgrade = self._upgrades.find(request.upgrade_id)
        await self._till.caught_up()
        return pb.GetUpgradeResponse(upgrade=self._upgrade(upgrade))

    async def WatchUpgrade(
        self, request: pb.WatchUpgradeRequest, context: Context
    ) -> AsyncIterator[pb.WatchUpgradeResponse]:
        upgrade = self._upgrades.find(request.upgrade_id)
        async for step in self._upgrades.follow(upgrade.upgrade_id, request.after_seq):
            yield _step(step, upgrade.upgrade_id)

    async def CancelUpgrade(
        self, request: pb.CancelUpgradeRequest, context: Context
    ) -> pb.CancelUpgradeResponse:
        request_id = fields.request_id(request.request_id)
        upgrade = await self._upgrades.cancel(request_id, request.upgrade_id)
        return pb.CancelUpgradeResponse(upgrade=self._upgrade(upgrade))

    async def RollBack(self, request: pb.RollBackRequest, context: Context) -> pb.RollBackResponse:
        request_id = fields.request_id(request.request_id)
        reason = fields.text(request.reason, "reason", most=OVERRIDE_CHARS_MAX, least=1)
        overrides = _overrides(request.overrides)
        upgrade, replayed = await self._upgrades.roll_back(request_id, reason, overrides)
        return pb.RollBackResponse(upgrade=self._upgrade(upgrade), replayed=replayed)

    def _staged(self, step: Staged) -> pb.StageResult:
        return pb.StageResult(
            version=self._slot(step.staged.slot),
            took_ms=step.staged.took_ms,
            replayed=step.replayed,
        )

    def _slot(self, name: str) -> pb.InstalledVersion:
        staged = next((s for s in self._till.state.upgrades.staged if s.slot == name), None)
        try:
            manifest = manifest_of(slots_folder(self._upgrades.home.folder) / name)
            version, schema = manifest.version, manifest.schema
        except SlotDamaged:
            version, schema = (staged.version, staged.schema) if staged else ("", 0)
        response = pb.InstalledVersion(slot=name, version=version, schema=schema)
        if staged is not None:
            response.stage_time.CopyFrom(timestamp(staged.staged_ms))
            response.file_name = staged.file_name
        return response

    def _upgrade(self, upgrade: Upgrade) -> pb.Upgrade:
        plan, stage = upgrade.plan, self._upgrades.stage_of(upgrade)
        last = self._upgrades.steps_of(upgrade).last
        response = pb.Upgrade(
            upgrade_id=plan.upgrade_id,
            kind=_KINDS[plan.kind],
            stage=_STAGES[stage],
            from_version=plan.from_version,
            to_version=plan.version,
            when=_WHENS[plan.when],
            arm_time=timestamp(upgrade.armed_ms),
            attempts=upgrade.attempts,
            can_cancel=stage in CANCELLABLE,
            reason=upgrade.reason,
            why=upgrade.why,
            totals=data_wire.totals(upgrade.totals),
            overrides=[
                pb.CheckOverride(code=each.code, reason=each.reason) for each in plan.overrides
            ],
            last_seq=last.seq if last else 0,
        )
        if plan.at_ms:
            response.at_time.CopyFrom(timestamp(plan.at_ms))
        if upgrade.begun_ms:
            response.begin_time.CopyFrom(timestamp(upgrade.begun_ms))
        if upgrade.ended_ms:
            response.end_time.CopyFrom(timestamp(upgrade.ended_ms))
        return response


def _home_needed() -> errors.HomeNeeded:
    return errors.HomeNeeded("This till was not installed with `tillctl install`.")


def _when(value: pb.UpgradeWhen) -> When:
    if value not in _WHENS_READ:
        raise errors.FieldInvalid("when", "This is no time to begin.")
    return _WHENS_READ[value]


def _time_ms(request: pb.StartUpgradeRequest, now_ms: int) -> int:
    at = request.at_time
    at_ms = at.seconds * 1000 + at.nanos // 1_000_000
    if not request.HasField("at_time") or not now_ms <= at_ms <= now_ms + ARMED_S_MAX * 1000:
        raise errors.FieldInvalid("at_time", "A time within the next 14 days is needed.")
    return at_ms


def _overrides(given: Iterable[pb.CheckOverride]) -> tuple[Override, ...]:
    """What is overridden; who asks must be what each check needs."""
    read: list[Override] = []
    for index, each in enumerate(given):
        if index >= OVERRIDES_MAX:
            raise errors.FieldInvalid("overrides", f"At most {OVERRIDES_MAX}.")
        where = f"overrides[{index}]"
        if each.code not in {check.value for check in OVERRIDABLE}:
            raise errors.FieldInvalid(f"{where}.code", "This check cannot be overridden.")
        if OVERRIDABLE[Check(each.code)] is Role.OWNER:
            must_be(UPGRADE_RISK)
        reason = fields.text(each.reason, f"{where}.reason", most=OVERRIDE_CHARS_MAX, least=1)
        read.append(Override(code=each.code, reason=reason))
    return tuple(read)


def _upload(asked: pb.BundleToStage, requests: AsyncIterator[pb.StageBundleRequest]) -> Upload:
    name = fields.text(asked.file_name, "bundle.file_name", most=FILE_NAME_CHARS_MAX, least=1)
    if "/" in name or name.startswith("."):
        raise errors.FieldInvalid("bundle.file_name", "A file's name is needed, and no path.")
    if not 0 < asked.size_bytes <= BUNDLE_BYTES_MAX:
        sentence = f"A bundle has 1 to {BUNDLE_BYTES_MAX} bytes."
        raise errors.FieldInvalid("bundle.size_bytes", sentence)

    async def chunks() -> AsyncIterator[bytes]:
        async for request in requests:
            if request.WhichOneof("part") != "chunk" or len(request.chunk) > CHUNK_BYTES_MAX:
                sentence = f"After the first message come bytes, at most {CHUNK_BYTES_MAX} each."
                raise errors.FieldInvalid("chunk", sentence)
            yield request.chunk

    return Upload(name, asked.size_bytes, chunks())


def _check(finding: Finding) -> pb.UpgradeCheck:
    return pb.UpgradeCheck(
        code=finding.check,
        severity=_SEVERITIES[finding.severity],
        sentence=finding.sentence,
        measured=finding.measured,
        limit=finding.limit,
        unit=finding.unit,
        override_role=finding.override or "",
        overridden=finding.overridden,
    )


def _step(step: Step, upgrade_id: str) -> pb.WatchUpgradeResponse:
    return pb.WatchUpgradeResponse(
        seq=step.seq,
        stage=_STAGES[step.stage],
        sentence=step.sentence,
        done=step.done,
        total=step.total,
        eta_s=step.eta_s,
        can_cancel=step.stage in CANCELLABLE,
        reason=step.reason,
        time=timestamp(step.at_ms),
        upgrade_id=upgrade_id,
    )

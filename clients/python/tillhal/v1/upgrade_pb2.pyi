from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tillhal.v1 import backup_pb2 as _backup_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UpgradeStage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UPGRADE_STAGE_UNSPECIFIED: _ClassVar[UpgradeStage]
    UPGRADE_STAGE_IDLE: _ClassVar[UpgradeStage]
    UPGRADE_STAGE_STAGED: _ClassVar[UpgradeStage]
    UPGRADE_STAGE_ARMED: _ClassVar[UpgradeStage]
    UPGRADE_STAGE_PREFLIGHT: _ClassVar[UpgradeStage]
    UPGRADE_STAGE_QUIESCED: _ClassVar[UpgradeStage]
    UPGRADE_STAGE_BACKED_UP: _ClassVar[UpgradeStage]
    UPGRADE_STAGE_MIGRATED: _ClassVar[UpgradeStage]
    UPGRADE_STAGE_SWITCHED: _ClassVar[UpgradeStage]
    UPGRADE_STAGE_PROBATION: _ClassVar[UpgradeStage]
    UPGRADE_STAGE_COMMITTED: _ClassVar[UpgradeStage]
    UPGRADE_STAGE_ABORTED: _ClassVar[UpgradeStage]
    UPGRADE_STAGE_ROLLED_BACK: _ClassVar[UpgradeStage]

class UpgradeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UPGRADE_KIND_UNSPECIFIED: _ClassVar[UpgradeKind]
    UPGRADE_KIND_UPGRADE: _ClassVar[UpgradeKind]
    UPGRADE_KIND_ROLLBACK: _ClassVar[UpgradeKind]

class UpgradeWhen(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UPGRADE_WHEN_UNSPECIFIED: _ClassVar[UpgradeWhen]
    UPGRADE_WHEN_NOW: _ClassVar[UpgradeWhen]
    UPGRADE_WHEN_QUIET: _ClassVar[UpgradeWhen]
    UPGRADE_WHEN_AT: _ClassVar[UpgradeWhen]

class CheckSeverity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHECK_SEVERITY_UNSPECIFIED: _ClassVar[CheckSeverity]
    CHECK_SEVERITY_OK: _ClassVar[CheckSeverity]
    CHECK_SEVERITY_INFORMS: _ClassVar[CheckSeverity]
    CHECK_SEVERITY_BLOCKS: _ClassVar[CheckSeverity]
UPGRADE_STAGE_UNSPECIFIED: UpgradeStage
UPGRADE_STAGE_IDLE: UpgradeStage
UPGRADE_STAGE_STAGED: UpgradeStage
UPGRADE_STAGE_ARMED: UpgradeStage
UPGRADE_STAGE_PREFLIGHT: UpgradeStage
UPGRADE_STAGE_QUIESCED: UpgradeStage
UPGRADE_STAGE_BACKED_UP: UpgradeStage
UPGRADE_STAGE_MIGRATED: UpgradeStage
UPGRADE_STAGE_SWITCHED: UpgradeStage
UPGRADE_STAGE_PROBATION: UpgradeStage
UPGRADE_STAGE_COMMITTED: UpgradeStage
UPGRADE_STAGE_ABORTED: UpgradeStage
UPGRADE_STAGE_ROLLED_BACK: UpgradeStage
UPGRADE_KIND_UNSPECIFIED: UpgradeKind
UPGRADE_KIND_UPGRADE: UpgradeKind
UPGRADE_KIND_ROLLBACK: UpgradeKind
UPGRADE_WHEN_UNSPECIFIED: UpgradeWhen
UPGRADE_WHEN_NOW: UpgradeWhen
UPGRADE_WHEN_QUIET: UpgradeWhen
UPGRADE_WHEN_AT: UpgradeWhen
CHECK_SEVERITY_UNSPECIFIED: CheckSeverity
CHECK_SEVERITY_OK: CheckSeverity
CHECK_SEVERITY_INFORMS: CheckSeverity
CHECK_SEVERITY_BLOCKS: CheckSeverity

class InstalledVersion(_message.Message):
    __slots__ = ("slot", "version", "schema", "stage_time", "file_name")
    SLOT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    STAGE_TIME_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    slot: str
    version: str
    schema: int
    stage_time: _timestamp_pb2.Timestamp
    file_name: str
    def __init__(self, slot: _Optional[str] = ..., version: _Optional[str] = ..., schema: _Optional[int] = ..., stage_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., file_name: _Optional[str] = ...) -> None: ...

class BundleFile(_message.Message):
    __slots__ = ("path", "size_bytes")
    PATH_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    path: str
    size_bytes: int
    def __init__(self, path: _Optional[str] = ..., size_bytes: _Optional[int] = ...) -> None: ...

class CheckOverride(_message.Message):
    __slots__ = ("code", "reason")
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    code: str
    reason: str
    def __init__(self, code: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class UpgradeCheck(_message.Message):
    __slots__ = ("code", "severity", "sentence", "measured", "limit", "unit", "override_role", "overridden")
    CODE_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    MEASURED_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    OVERRIDE_ROLE_FIELD_NUMBER: _ClassVar[int]
    OVERRIDDEN_FIELD_NUMBER: _ClassVar[int]
    code: str
    severity: CheckSeverity
    sentence: str
    measured: int
    limit: int
    unit: str
    override_role: str
    overridden: str
    def __init__(self, code: _Optional[str] = ..., severity: _Optional[_Union[CheckSeverity, str]] = ..., sentence: _Optional[str] = ..., measured: _Optional[int] = ..., limit: _Optional[int] = ..., unit: _Optional[str] = ..., override_role: _Optional[str] = ..., overridden: _Optional[str] = ...) -> None: ...

class UpgradeEstimate(_message.Message):
    __slots__ = ("backup_s", "stopped_s", "migrate_s", "disk_bytes")
    BACKUP_S_FIELD_NUMBER: _ClassVar[int]
    STOPPED_S_FIELD_NUMBER: _ClassVar[int]
    MIGRATE_S_FIELD_NUMBER: _ClassVar[int]
    DISK_BYTES_FIELD_NUMBER: _ClassVar[int]
    backup_s: int
    stopped_s: int
    migrate_s: int
    disk_bytes: int
    def __init__(self, backup_s: _Optional[int] = ..., stopped_s: _Optional[int] = ..., migrate_s: _Optional[int] = ..., disk_bytes: _Optional[int] = ...) -> None: ...

class Upgrade(_message.Message):
    __slots__ = ("upgrade_id", "kind", "stage", "from_version", "to_version", "when", "at_time", "arm_time", "begin_time", "end_time", "attempts", "can_cancel", "reason", "why", "totals", "overrides", "last_seq")
    UPGRADE_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    FROM_VERSION_FIELD_NUMBER: _ClassVar[int]
    TO_VERSION_FIELD_NUMBER: _ClassVar[int]
    WHEN_FIELD_NUMBER: _ClassVar[int]
    AT_TIME_FIELD_NUMBER: _ClassVar[int]
    ARM_TIME_FIELD_NUMBER: _ClassVar[int]
    BEGIN_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    CAN_CANCEL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    OVERRIDES_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQ_FIELD_NUMBER: _ClassVar[int]
    upgrade_id: str
    kind: UpgradeKind
    stage: UpgradeStage
    from_version: str
    to_version: str
    when: UpgradeWhen
    at_time: _timestamp_pb2.Timestamp
    arm_time: _timestamp_pb2.Timestamp
    begin_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    attempts: int
    can_cancel: bool
    reason: str
    why: str
    totals: _backup_pb2.DataTotals
    overrides: _containers.RepeatedCompositeFieldContainer[CheckOverride]
    last_seq: int
    def __init__(self, upgrade_id: _Optional[str] = ..., kind: _Optional[_Union[UpgradeKind, str]] = ..., stage: _Optional[_Union[UpgradeStage, str]] = ..., from_version: _Optional[str] = ..., to_version: _Optional[str] = ..., when: _Optional[_Union[UpgradeWhen, str]] = ..., at_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., arm_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., begin_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., attempts: _Optional[int] = ..., can_cancel: bool = ..., reason: _Optional[str] = ..., why: _Optional[str] = ..., totals: _Optional[_Union[_backup_pb2.DataTotals, _Mapping]] = ..., overrides: _Optional[_Iterable[_Union[CheckOverride, _Mapping]]] = ..., last_seq: _Optional[int] = ...) -> None: ...

class GetVersionsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetVersionsResponse(_message.Message):
    __slots__ = ("running", "previous", "staged", "stage", "schema")
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_FIELD_NUMBER: _ClassVar[int]
    STAGED_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    running: InstalledVersion
    previous: InstalledVersion
    staged: _containers.RepeatedCompositeFieldContainer[InstalledVersion]
    stage: UpgradeStage
    schema: int
    def __init__(self, running: _Optional[_Union[InstalledVersion, _Mapping]] = ..., previous: _Optional[_Union[InstalledVersion, _Mapping]] = ..., staged: _Optional[_Iterable[_Union[InstalledVersion, _Mapping]]] = ..., stage: _Optional[_Union[UpgradeStage, str]] = ..., schema: _Optional[int] = ...) -> None: ...

class ListBundlesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListBundlesResponse(_message.Message):
    __slots__ = ("bundles",)
    BUNDLES_FIELD_NUMBER: _ClassVar[int]
    bundles: _containers.RepeatedCompositeFieldContainer[BundleFile]
    def __init__(self, bundles: _Optional[_Iterable[_Union[BundleFile, _Mapping]]] = ...) -> None: ...

class BundleToStage(_message.Message):
    __slots__ = ("request_id", "path", "file_name", "size_bytes")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    path: str
    file_name: str
    size_bytes: int
    def __init__(self, request_id: _Optional[str] = ..., path: _Optional[str] = ..., file_name: _Optional[str] = ..., size_bytes: _Optional[int] = ...) -> None: ...

class StageBundleRequest(_message.Message):
    __slots__ = ("bundle", "chunk")
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    bundle: BundleToStage
    chunk: bytes
    def __init__(self, bundle: _Optional[_Union[BundleToStage, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class StageProgress(_message.Message):
    __slots__ = ("phase", "done", "total")
    PHASE_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    phase: str
    done: int
    total: int
    def __init__(self, phase: _Optional[str] = ..., done: _Optional[int] = ..., total: _Optional[int] = ...) -> None: ...

class StageResult(_message.Message):
    __slots__ = ("version", "took_ms", "replayed")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TOOK_MS_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    version: InstalledVersion
    took_ms: int
    replayed: bool
    def __init__(self, version: _Optional[_Union[InstalledVersion, _Mapping]] = ..., took_ms: _Optional[int] = ..., replayed: bool = ...) -> None: ...

class StageBundleResponse(_message.Message):
    __slots__ = ("progress", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: StageProgress
    result: StageResult
    def __init__(self, progress: _Optional[_Union[StageProgress, _Mapping]] = ..., result: _Optional[_Union[StageResult, _Mapping]] = ...) -> None: ...

class PreflightUpgradeRequest(_message.Message):
    __slots__ = ("slot", "when")
    SLOT_FIELD_NUMBER: _ClassVar[int]
    WHEN_FIELD_NUMBER: _ClassVar[int]
    slot: str
    when: UpgradeWhen
    def __init__(self, slot: _Optional[str] = ..., when: _Optional[_Union[UpgradeWhen, str]] = ...) -> None: ...

class PreflightUpgradeResponse(_message.Message):
    __slots__ = ("version", "checks", "clear", "estimate", "migrates")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    CLEAR_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    MIGRATES_FIELD_NUMBER: _ClassVar[int]
    version: InstalledVersion
    checks: _containers.RepeatedCompositeFieldContainer[UpgradeCheck]
    clear: bool
    estimate: UpgradeEstimate
    migrates: bool
    def __init__(self, version: _Optional[_Union[InstalledVersion, _Mapping]] = ..., checks: _Optional[_Iterable[_Union[UpgradeCheck, _Mapping]]] = ..., clear: bool = ..., estimate: _Optional[_Union[UpgradeEstimate, _Mapping]] = ..., migrates: bool = ...) -> None: ...

class StartUpgradeRequest(_message.Message):
    __slots__ = ("request_id", "slot", "when", "at_time", "overrides")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    WHEN_FIELD_NUMBER: _ClassVar[int]
    AT_TIME_FIELD_NUMBER: _ClassVar[int]
    OVERRIDES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    slot: str
    when: UpgradeWhen
    at_time: _timestamp_pb2.Timestamp
    overrides: _containers.RepeatedCompositeFieldContainer[CheckOverride]
    def __init__(self, request_id: _Optional[str] = ..., slot: _Optional[str] = ..., when: _Optional[_Union[UpgradeWhen, str]] = ..., at_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., overrides: _Optional[_Iterable[_Union[CheckOverride, _Mapping]]] = ...) -> None: ...

class StartUpgradeResponse(_message.Message):
    __slots__ = ("upgrade", "replayed")
    UPGRADE_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    upgrade: Upgrade
    replayed: bool
    def __init__(self, upgrade: _Optional[_Union[Upgrade, _Mapping]] = ..., replayed: bool = ...) -> None: ...

class GetUpgradeRequest(_message.Message):
    __slots__ = ("upgrade_id",)
    UPGRADE_ID_FIELD_NUMBER: _ClassVar[int]
    upgrade_id: str
    def __init__(self, upgrade_id: _Optional[str] = ...) -> None: ...

class GetUpgradeResponse(_message.Message):
    __slots__ = ("upgrade",)
    UPGRADE_FIELD_NUMBER: _ClassVar[int]
    upgrade: Upgrade
    def __init__(self, upgrade: _Optional[_Union[Upgrade, _Mapping]] = ...) -> None: ...

class WatchUpgradeRequest(_message.Message):
    __slots__ = ("upgrade_id", "after_seq")
    UPGRADE_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQ_FIELD_NUMBER: _ClassVar[int]
    upgrade_id: str
    after_seq: int
    def __init__(self, upgrade_id: _Optional[str] = ..., after_seq: _Optional[int] = ...) -> None: ...

class WatchUpgradeResponse(_message.Message):
    __slots__ = ("seq", "stage", "sentence", "done", "total", "eta_s", "can_cancel", "reason", "time", "upgrade_id")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    ETA_S_FIELD_NUMBER: _ClassVar[int]
    CAN_CANCEL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    UPGRADE_ID_FIELD_NUMBER: _ClassVar[int]
    seq: int
    stage: UpgradeStage
    sentence: str
    done: int
    total: int
    eta_s: int
    can_cancel: bool
    reason: str
    time: _timestamp_pb2.Timestamp
    upgrade_id: str
    def __init__(self, seq: _Optional[int] = ..., stage: _Optional[_Union[UpgradeStage, str]] = ..., sentence: _Optional[str] = ..., done: _Optional[int] = ..., total: _Optional[int] = ..., eta_s: _Optional[int] = ..., can_cancel: bool = ..., reason: _Optional[str] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., upgrade_id: _Optional[str] = ...) -> None: ...

class CancelUpgradeRequest(_message.Message):
    __slots__ = ("request_id", "upgrade_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    UPGRADE_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    upgrade_id: str
    def __init__(self, request_id: _Optional[str] = ..., upgrade_id: _Optional[str] = ...) -> None: ...

class CancelUpgradeResponse(_message.Message):
    __slots__ = ("upgrade",)
    UPGRADE_FIELD_NUMBER: _ClassVar[int]
    upgrade: Upgrade
    def __init__(self, upgrade: _Optional[_Union[Upgrade, _Mapping]] = ...) -> None: ...

class RollBackRequest(_message.Message):
    __slots__ = ("request_id", "reason", "overrides")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    OVERRIDES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    reason: str
    overrides: _containers.RepeatedCompositeFieldContainer[CheckOverride]
    def __init__(self, request_id: _Optional[str] = ..., reason: _Optional[str] = ..., overrides: _Optional[_Iterable[_Union[CheckOverride, _Mapping]]] = ...) -> None: ...

class RollBackResponse(_message.Message):
    __slots__ = ("upgrade", "replayed")
    UPGRADE_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    upgrade: Upgrade
    replayed: bool
    def __init__(self, upgrade: _Optional[_Union[Upgrade, _Mapping]] = ..., replayed: bool = ...) -> None: ...

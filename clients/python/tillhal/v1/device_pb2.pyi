from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tillhal.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DeviceCategory(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEVICE_CATEGORY_UNSPECIFIED: _ClassVar[DeviceCategory]
    DEVICE_CATEGORY_POS_PRINTER: _ClassVar[DeviceCategory]
    DEVICE_CATEGORY_CASH_DRAWER: _ClassVar[DeviceCategory]
    DEVICE_CATEGORY_SCANNER: _ClassVar[DeviceCategory]
    DEVICE_CATEGORY_POS_POWER: _ClassVar[DeviceCategory]

class DeviceState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEVICE_STATE_UNSPECIFIED: _ClassVar[DeviceState]
    DEVICE_STATE_IDLE: _ClassVar[DeviceState]
    DEVICE_STATE_BUSY: _ClassVar[DeviceState]
    DEVICE_STATE_ERROR: _ClassVar[DeviceState]

class PowerState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POWER_STATE_UNSPECIFIED: _ClassVar[PowerState]
    POWER_STATE_UNKNOWN: _ClassVar[PowerState]
    POWER_STATE_ONLINE: _ClassVar[PowerState]
    POWER_STATE_OFF: _ClassVar[PowerState]
    POWER_STATE_OFFLINE: _ClassVar[PowerState]

class Presence(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRESENCE_UNSPECIFIED: _ClassVar[Presence]
    PRESENCE_NEVER_SEEN: _ClassVar[Presence]
    PRESENCE_PRESENT: _ClassVar[Presence]
    PRESENCE_ABSENT: _ClassVar[Presence]
    PRESENCE_REPLACED: _ClassVar[Presence]

class Knowledge(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KNOWLEDGE_UNSPECIFIED: _ClassVar[Knowledge]
    KNOWLEDGE_MEASURED: _ClassVar[Knowledge]
    KNOWLEDGE_INFERRED: _ClassVar[Knowledge]
    KNOWLEDGE_STALE: _ClassVar[Knowledge]
    KNOWLEDGE_UNKNOWN: _ClassVar[Knowledge]
    KNOWLEDGE_UNSUPPORTED: _ClassVar[Knowledge]

class Severity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEVERITY_UNSPECIFIED: _ClassVar[Severity]
    SEVERITY_INFO: _ClassVar[Severity]
    SEVERITY_WARNING: _ClassVar[Severity]
    SEVERITY_ERROR: _ClassVar[Severity]

class ClaimMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CLAIM_MODE_UNSPECIFIED: _ClassVar[ClaimMode]
    CLAIM_MODE_EXCLUSIVE: _ClassVar[ClaimMode]
    CLAIM_MODE_CONTROL: _ClassVar[ClaimMode]
    CLAIM_MODE_OBSERVE: _ClassVar[ClaimMode]

class IdentityStrength(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IDENTITY_STRENGTH_UNSPECIFIED: _ClassVar[IdentityStrength]
    IDENTITY_STRENGTH_SERIAL: _ClassVar[IdentityStrength]
    IDENTITY_STRENGTH_PORT: _ClassVar[IdentityStrength]
    IDENTITY_STRENGTH_NETWORK: _ClassVar[IdentityStrength]
    IDENTITY_STRENGTH_NONE: _ClassVar[IdentityStrength]

class DeviceEventKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEVICE_EVENT_KIND_UNSPECIFIED: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_CONDITION_BEGAN: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_CONDITION_ENDED: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_DRAWER_OPENED: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_DRAWER_CLOSED: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_DRAWER_OPENED_WITHOUT_KICK: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_DRAWER_SENSOR_CALIBRATED: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_CLAIM_GRANTED: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_CLAIM_ENDED: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_SCANS_LOST: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_SCAN_KEYED: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_IDENTIFIED: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_ADOPTED: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_STATISTICS_RESET: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_HEALTH_CHECKED: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_ADDED: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_CHANGED: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_REMOVED: _ClassVar[DeviceEventKind]

class ClaimEnd(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CLAIM_END_UNSPECIFIED: _ClassVar[ClaimEnd]
    CLAIM_END_RELEASED: _ClassVar[ClaimEnd]
    CLAIM_END_EXPIRED: _ClassVar[ClaimEnd]
    CLAIM_END_HANDED_OVER: _ClassVar[ClaimEnd]
    CLAIM_END_FORCED: _ClassVar[ClaimEnd]

class HealthLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HEALTH_LEVEL_UNSPECIFIED: _ClassVar[HealthLevel]
    HEALTH_LEVEL_INTERNAL: _ClassVar[HealthLevel]
    HEALTH_LEVEL_EXTERNAL: _ClassVar[HealthLevel]
    HEALTH_LEVEL_INTERACTIVE: _ClassVar[HealthLevel]

class HealthStepState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HEALTH_STEP_STATE_UNSPECIFIED: _ClassVar[HealthStepState]
    HEALTH_STEP_STATE_RUNNING: _ClassVar[HealthStepState]
    HEALTH_STEP_STATE_WAITING: _ClassVar[HealthStepState]
    HEALTH_STEP_STATE_ASKING: _ClassVar[HealthStepState]
    HEALTH_STEP_STATE_PASSED: _ClassVar[HealthStepState]
    HEALTH_STEP_STATE_FAILED: _ClassVar[HealthStepState]
    HEALTH_STEP_STATE_SKIPPED: _ClassVar[HealthStepState]

class HealthAnswer(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HEALTH_ANSWER_UNSPECIFIED: _ClassVar[HealthAnswer]
    HEALTH_ANSWER_YES: _ClassVar[HealthAnswer]
    HEALTH_ANSWER_NO: _ClassVar[HealthAnswer]
    HEALTH_ANSWER_SKIP: _ClassVar[HealthAnswer]
DEVICE_CATEGORY_UNSPECIFIED: DeviceCategory
DEVICE_CATEGORY_POS_PRINTER: DeviceCategory
DEVICE_CATEGORY_CASH_DRAWER: DeviceCategory
DEVICE_CATEGORY_SCANNER: DeviceCategory
DEVICE_CATEGORY_POS_POWER: DeviceCategory
DEVICE_STATE_UNSPECIFIED: DeviceState
DEVICE_STATE_IDLE: DeviceState
DEVICE_STATE_BUSY: DeviceState
DEVICE_STATE_ERROR: DeviceState
POWER_STATE_UNSPECIFIED: PowerState
POWER_STATE_UNKNOWN: PowerState
POWER_STATE_ONLINE: PowerState
POWER_STATE_OFF: PowerState
POWER_STATE_OFFLINE: PowerState
PRESENCE_UNSPECIFIED: Presence
PRESENCE_NEVER_SEEN: Presence
PRESENCE_PRESENT: Presence
PRESENCE_ABSENT: Presence
PRESENCE_REPLACED: Presence
KNOWLEDGE_UNSPECIFIED: Knowledge
KNOWLEDGE_MEASURED: Knowledge
KNOWLEDGE_INFERRED: Knowledge
KNOWLEDGE_STALE: Knowledge
KNOWLEDGE_UNKNOWN: Knowledge
KNOWLEDGE_UNSUPPORTED: Knowledge
SEVERITY_UNSPECIFIED: Severity
SEVERITY_INFO: Severity
SEVERITY_WARNING: Severity
SEVERITY_ERROR: Severity
CLAIM_MODE_UNSPECIFIED: ClaimMode
CLAIM_MODE_EXCLUSIVE: ClaimMode
CLAIM_MODE_CONTROL: ClaimMode
CLAIM_MODE_OBSERVE: ClaimMode
IDENTITY_STRENGTH_UNSPECIFIED: IdentityStrength
IDENTITY_STRENGTH_SERIAL: IdentityStrength
IDENTITY_STRENGTH_PORT: IdentityStrength
IDENTITY_STRENGTH_NETWORK: IdentityStrength
IDENTITY_STRENGTH_NONE: IdentityStrength
DEVICE_EVENT_KIND_UNSPECIFIED: DeviceEventKind
DEVICE_EVENT_KIND_CONDITION_BEGAN: DeviceEventKind
DEVICE_EVENT_KIND_CONDITION_ENDED: DeviceEventKind
DEVICE_EVENT_KIND_DRAWER_OPENED: DeviceEventKind
DEVICE_EVENT_KIND_DRAWER_CLOSED: DeviceEventKind
DEVICE_EVENT_KIND_DRAWER_OPENED_WITHOUT_KICK: DeviceEventKind
DEVICE_EVENT_KIND_DRAWER_SENSOR_CALIBRATED: DeviceEventKind
DEVICE_EVENT_KIND_CLAIM_GRANTED: DeviceEventKind
DEVICE_EVENT_KIND_CLAIM_ENDED: DeviceEventKind
DEVICE_EVENT_KIND_SCANS_LOST: DeviceEventKind
DEVICE_EVENT_KIND_SCAN_KEYED: DeviceEventKind
DEVICE_EVENT_KIND_IDENTIFIED: DeviceEventKind
DEVICE_EVENT_KIND_ADOPTED: DeviceEventKind
DEVICE_EVENT_KIND_STATISTICS_RESET: DeviceEventKind
DEVICE_EVENT_KIND_HEALTH_CHECKED: DeviceEventKind
DEVICE_EVENT_KIND_ADDED: DeviceEventKind
DEVICE_EVENT_KIND_CHANGED: DeviceEventKind
DEVICE_EVENT_KIND_REMOVED: DeviceEventKind
CLAIM_END_UNSPECIFIED: ClaimEnd
CLAIM_END_RELEASED: ClaimEnd
CLAIM_END_EXPIRED: ClaimEnd
CLAIM_END_HANDED_OVER: ClaimEnd
CLAIM_END_FORCED: ClaimEnd
HEALTH_LEVEL_UNSPECIFIED: HealthLevel
HEALTH_LEVEL_INTERNAL: HealthLevel
HEALTH_LEVEL_EXTERNAL: HealthLevel
HEALTH_LEVEL_INTERACTIVE: HealthLevel
HEALTH_STEP_STATE_UNSPECIFIED: HealthStepState
HEALTH_STEP_STATE_RUNNING: HealthStepState
HEALTH_STEP_STATE_WAITING: HealthStepState
HEALTH_STEP_STATE_ASKING: HealthStepState
HEALTH_STEP_STATE_PASSED: HealthStepState
HEALTH_STEP_STATE_FAILED: HealthStepState
HEALTH_STEP_STATE_SKIPPED: HealthStepState
HEALTH_ANSWER_UNSPECIFIED: HealthAnswer
HEALTH_ANSWER_YES: HealthAnswer
HEALTH_ANSWER_NO: HealthAnswer
HEALTH_ANSWER_SKIP: HealthAnswer

class Condition(_message.Message):
    __slots__ = ("code", "severity", "since", "evidence")
    CODE_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    code: str
    severity: Severity
    since: _timestamp_pb2.Timestamp
    evidence: str
    def __init__(self, code: _Optional[str] = ..., severity: _Optional[_Union[Severity, str]] = ..., since: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[str] = ...) -> None: ...

class Reading(_message.Message):
    __slots__ = ("name", "value", "knowledge", "time")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    KNOWLEDGE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    knowledge: Knowledge
    time: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ..., knowledge: _Optional[_Union[Knowledge, str]] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Device(_message.Message):
    __slots__ = ("device_id", "category", "driver", "port", "state", "power_state", "presence", "conditions", "readings", "capabilities", "revision", "claims", "identity", "known_identity", "identity_strength")
    class CapabilitiesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    DRIVER_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    POWER_STATE_FIELD_NUMBER: _ClassVar[int]
    PRESENCE_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    READINGS_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    KNOWN_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_STRENGTH_FIELD_NUMBER: _ClassVar[int]
    device_id: str
    category: DeviceCategory
    driver: str
    port: str
    state: DeviceState
    power_state: PowerState
    presence: Presence
    conditions: _containers.RepeatedCompositeFieldContainer[Condition]
    readings: _containers.RepeatedCompositeFieldContainer[Reading]
    capabilities: _containers.ScalarMap[str, str]
    revision: int
    claims: _containers.RepeatedCompositeFieldContainer[DeviceClaim]
    identity: Identity
    known_identity: Identity
    identity_strength: IdentityStrength
    def __init__(self, device_id: _Optional[str] = ..., category: _Optional[_Union[DeviceCategory, str]] = ..., driver: _Optional[str] = ..., port: _Optional[str] = ..., state: _Optional[_Union[DeviceState, str]] = ..., power_state: _Optional[_Union[PowerState, str]] = ..., presence: _Optional[_Union[Presence, str]] = ..., conditions: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ..., readings: _Optional[_Iterable[_Union[Reading, _Mapping]]] = ..., capabilities: _Optional[_Mapping[str, str]] = ..., revision: _Optional[int] = ..., claims: _Optional[_Iterable[_Union[DeviceClaim, _Mapping]]] = ..., identity: _Optional[_Union[Identity, _Mapping]] = ..., known_identity: _Optional[_Union[Identity, _Mapping]] = ..., identity_strength: _Optional[_Union[IdentityStrength, str]] = ...) -> None: ...

class DeviceClaim(_message.Message):
    __slots__ = ("mode", "purpose", "expire_time", "release_requested")
    MODE_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    RELEASE_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    mode: ClaimMode
    purpose: str
    expire_time: _timestamp_pb2.Timestamp
    release_requested: ReleaseRequested
    def __init__(self, mode: _Optional[_Union[ClaimMode, str]] = ..., purpose: _Optional[str] = ..., expire_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., release_requested: _Optional[_Union[ReleaseRequested, _Mapping]] = ...) -> None: ...

class ReleaseRequested(_message.Message):
    __slots__ = ("purpose", "release_by")
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    RELEASE_BY_FIELD_NUMBER: _ClassVar[int]
    purpose: str
    release_by: _timestamp_pb2.Timestamp
    def __init__(self, purpose: _Optional[str] = ..., release_by: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Lease(_message.Message):
    __slots__ = ("device_id", "lease_id", "fencing_token", "mode", "expire_time", "release_requested")
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    FENCING_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    RELEASE_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    device_id: str
    lease_id: str
    fencing_token: int
    mode: ClaimMode
    expire_time: _timestamp_pb2.Timestamp
    release_requested: ReleaseRequested
    def __init__(self, device_id: _Optional[str] = ..., lease_id: _Optional[str] = ..., fencing_token: _Optional[int] = ..., mode: _Optional[_Union[ClaimMode, str]] = ..., expire_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., release_requested: _Optional[_Union[ReleaseRequested, _Mapping]] = ...) -> None: ...

class Identity(_message.Message):
    __slots__ = ("maker", "model", "serial")
    MAKER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    maker: str
    model: str
    serial: str
    def __init__(self, maker: _Optional[str] = ..., model: _Optional[str] = ..., serial: _Optional[str] = ...) -> None: ...

class ClaimChange(_message.Message):
    __slots__ = ("fencing_token", "mode", "purpose", "force_reason", "end")
    FENCING_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    FORCE_REASON_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    fencing_token: int
    mode: ClaimMode
    purpose: str
    force_reason: str
    end: ClaimEnd
    def __init__(self, fencing_token: _Optional[int] = ..., mode: _Optional[_Union[ClaimMode, str]] = ..., purpose: _Optional[str] = ..., force_reason: _Optional[str] = ..., end: _Optional[_Union[ClaimEnd, str]] = ...) -> None: ...

class ScansLost(_message.Message):
    __slots__ = ("count", "why")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    count: int
    why: str
    def __init__(self, count: _Optional[int] = ..., why: _Optional[str] = ...) -> None: ...

class DeviceEvent(_message.Message):
    __slots__ = ("device_id", "kind", "condition", "claim", "scans_lost", "note")
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    SCANS_LOST_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    device_id: str
    kind: DeviceEventKind
    condition: Condition
    claim: ClaimChange
    scans_lost: ScansLost
    note: str
    def __init__(self, device_id: _Optional[str] = ..., kind: _Optional[_Union[DeviceEventKind, str]] = ..., condition: _Optional[_Union[Condition, _Mapping]] = ..., claim: _Optional[_Union[ClaimChange, _Mapping]] = ..., scans_lost: _Optional[_Union[ScansLost, _Mapping]] = ..., note: _Optional[str] = ...) -> None: ...

class ListDevicesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListDevicesResponse(_message.Message):
    __slots__ = ("devices",)
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    devices: _containers.RepeatedCompositeFieldContainer[Device]
    def __init__(self, devices: _Optional[_Iterable[_Union[Device, _Mapping]]] = ...) -> None: ...

class GetDeviceRequest(_message.Message):
    __slots__ = ("device_id",)
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    device_id: str
    def __init__(self, device_id: _Optional[str] = ...) -> None: ...

class GetDeviceResponse(_message.Message):
    __slots__ = ("device",)
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    device: Device
    def __init__(self, device: _Optional[_Union[Device, _Mapping]] = ...) -> None: ...

class WatchDevicesRequest(_message.Message):
    __slots__ = ("device_id",)
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    device_id: str
    def __init__(self, device_id: _Optional[str] = ...) -> None: ...

class WatchDevicesResponse(_message.Message):
    __slots__ = ("device", "removed")
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    device: Device
    removed: bool
    def __init__(self, device: _Optional[_Union[Device, _Mapping]] = ..., removed: bool = ...) -> None: ...

class ClaimRequest(_message.Message):
    __slots__ = ("request_id", "device_id", "mode", "ttl_s", "wait_s", "purpose", "force_reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    TTL_S_FIELD_NUMBER: _ClassVar[int]
    WAIT_S_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    FORCE_REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    device_id: str
    mode: ClaimMode
    ttl_s: int
    wait_s: int
    purpose: str
    force_reason: str
    def __init__(self, request_id: _Optional[str] = ..., device_id: _Optional[str] = ..., mode: _Optional[_Union[ClaimMode, str]] = ..., ttl_s: _Optional[int] = ..., wait_s: _Optional[int] = ..., purpose: _Optional[str] = ..., force_reason: _Optional[str] = ...) -> None: ...

class ClaimResponse(_message.Message):
    __slots__ = ("lease", "replayed")
    LEASE_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    lease: Lease
    replayed: bool
    def __init__(self, lease: _Optional[_Union[Lease, _Mapping]] = ..., replayed: bool = ...) -> None: ...

class RenewClaimRequest(_message.Message):
    __slots__ = ("device_id", "lease_id", "ttl_s", "retain")
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    TTL_S_FIELD_NUMBER: _ClassVar[int]
    RETAIN_FIELD_NUMBER: _ClassVar[int]
    device_id: str
    lease_id: str
    ttl_s: int
    retain: bool
    def __init__(self, device_id: _Optional[str] = ..., lease_id: _Optional[str] = ..., ttl_s: _Optional[int] = ..., retain: bool = ...) -> None: ...

class RenewClaimResponse(_message.Message):
    __slots__ = ("lease",)
    LEASE_FIELD_NUMBER: _ClassVar[int]
    lease: Lease
    def __init__(self, lease: _Optional[_Union[Lease, _Mapping]] = ...) -> None: ...

class ReleaseClaimRequest(_message.Message):
    __slots__ = ("device_id", "lease_id")
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    device_id: str
    lease_id: str
    def __init__(self, device_id: _Optional[str] = ..., lease_id: _Optional[str] = ...) -> None: ...

class ReleaseClaimResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatisticsRequest(_message.Message):
    __slots__ = ("device_id",)
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    device_id: str
    def __init__(self, device_id: _Optional[str] = ...) -> None: ...

class Statistic(_message.Message):
    __slots__ = ("name", "value", "resettable", "maintenance_at")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    RESETTABLE_FIELD_NUMBER: _ClassVar[int]
    MAINTENANCE_AT_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: int
    resettable: bool
    maintenance_at: int
    def __init__(self, name: _Optional[str] = ..., value: _Optional[int] = ..., resettable: bool = ..., maintenance_at: _Optional[int] = ...) -> None: ...

class DeviceStatistics(_message.Message):
    __slots__ = ("device_id", "statistics", "reset_time")
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    STATISTICS_FIELD_NUMBER: _ClassVar[int]
    RESET_TIME_FIELD_NUMBER: _ClassVar[int]
    device_id: str
    statistics: _containers.RepeatedCompositeFieldContainer[Statistic]
    reset_time: _timestamp_pb2.Timestamp
    def __init__(self, device_id: _Optional[str] = ..., statistics: _Optional[_Iterable[_Union[Statistic, _Mapping]]] = ..., reset_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetStatisticsResponse(_message.Message):
    __slots__ = ("devices",)
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    devices: _containers.RepeatedCompositeFieldContainer[DeviceStatistics]
    def __init__(self, devices: _Optional[_Iterable[_Union[DeviceStatistics, _Mapping]]] = ...) -> None: ...

class ResetStatisticsRequest(_message.Message):
    __slots__ = ("request_id", "device_id", "names")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    device_id: str
    names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, request_id: _Optional[str] = ..., device_id: _Optional[str] = ..., names: _Optional[_Iterable[str]] = ...) -> None: ...

class ResetStatisticsResponse(_message.Message):
    __slots__ = ("statistics", "replayed", "durability")
    STATISTICS_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    statistics: DeviceStatistics
    replayed: bool
    durability: _types_pb2.Durability
    def __init__(self, statistics: _Optional[_Union[DeviceStatistics, _Mapping]] = ..., replayed: bool = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ...) -> None: ...

class AdoptDeviceRequest(_message.Message):
    __slots__ = ("request_id", "device_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    device_id: str
    def __init__(self, request_id: _Optional[str] = ..., device_id: _Optional[str] = ...) -> None: ...

class AdoptDeviceResponse(_message.Message):
    __slots__ = ("device", "replayed", "durability")
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    device: Device
    replayed: bool
    durability: _types_pb2.Durability
    def __init__(self, device: _Optional[_Union[Device, _Mapping]] = ..., replayed: bool = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ...) -> None: ...

class CheckHealthRequest(_message.Message):
    __slots__ = ("device_id", "level", "print_on")
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    PRINT_ON_FIELD_NUMBER: _ClassVar[int]
    device_id: str
    level: HealthLevel
    print_on: str
    def __init__(self, device_id: _Optional[str] = ..., level: _Optional[_Union[HealthLevel, str]] = ..., print_on: _Optional[str] = ...) -> None: ...

class HealthStep(_message.Message):
    __slots__ = ("number", "name", "state", "instruction", "evidence", "deadline", "code")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    INSTRUCTION_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    number: int
    name: str
    state: HealthStepState
    instruction: str
    evidence: str
    deadline: _timestamp_pb2.Timestamp
    code: str
    def __init__(self, number: _Optional[int] = ..., name: _Optional[str] = ..., state: _Optional[_Union[HealthStepState, str]] = ..., instruction: _Optional[str] = ..., evidence: _Optional[str] = ..., deadline: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., code: _Optional[str] = ...) -> None: ...

class HealthReport(_message.Message):
    __slots__ = ("passed", "steps", "seq")
    PASSED_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    passed: bool
    steps: _containers.RepeatedCompositeFieldContainer[HealthStep]
    seq: int
    def __init__(self, passed: bool = ..., steps: _Optional[_Iterable[_Union[HealthStep, _Mapping]]] = ..., seq: _Optional[int] = ...) -> None: ...

class CheckHealthResponse(_message.Message):
    __slots__ = ("check_id", "step", "report")
    CHECK_ID_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    check_id: str
    step: HealthStep
    report: HealthReport
    def __init__(self, check_id: _Optional[str] = ..., step: _Optional[_Union[HealthStep, _Mapping]] = ..., report: _Optional[_Union[HealthReport, _Mapping]] = ...) -> None: ...

class AnswerHealthStepRequest(_message.Message):
    __slots__ = ("check_id", "number", "answer")
    CHECK_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    check_id: str
    number: int
    answer: HealthAnswer
    def __init__(self, check_id: _Optional[str] = ..., number: _Optional[int] = ..., answer: _Optional[_Union[HealthAnswer, str]] = ...) -> None: ...

class AnswerHealthStepResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReconfigureRequest(_message.Message):
    __slots__ = ("request_id", "dry_run", "tables_toml")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    TABLES_TOML_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    dry_run: bool
    tables_toml: str
    def __init__(self, request_id: _Optional[str] = ..., dry_run: bool = ..., tables_toml: _Optional[str] = ...) -> None: ...

class ReconfigureResponse(_message.Message):
    __slots__ = ("added", "changed", "removed", "needs_restart", "left_out", "replayed", "durability")
    ADDED_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    NEEDS_RESTART_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    added: _containers.RepeatedScalarFieldContainer[str]
    changed: _containers.RepeatedScalarFieldContainer[str]
    removed: _containers.RepeatedScalarFieldContainer[str]
    needs_restart: _containers.RepeatedScalarFieldContainer[str]
    left_out: _containers.RepeatedScalarFieldContainer[str]
    replayed: bool
    durability: _types_pb2.Durability
    def __init__(self, added: _Optional[_Iterable[str]] = ..., changed: _Optional[_Iterable[str]] = ..., removed: _Optional[_Iterable[str]] = ..., needs_restart: _Optional[_Iterable[str]] = ..., left_out: _Optional[_Iterable[str]] = ..., replayed: bool = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ...) -> None: ...

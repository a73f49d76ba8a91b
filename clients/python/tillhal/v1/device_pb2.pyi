from google.protobuf import timestamp_pb2 as _timestamp_pb2
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

class DeviceEventKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEVICE_EVENT_KIND_UNSPECIFIED: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_CONDITION_BEGAN: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_CONDITION_ENDED: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_DRAWER_OPENED: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_DRAWER_CLOSED: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_DRAWER_OPENED_WITHOUT_KICK: _ClassVar[DeviceEventKind]
    DEVICE_EVENT_KIND_DRAWER_SENSOR_CALIBRATED: _ClassVar[DeviceEventKind]
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
DEVICE_EVENT_KIND_UNSPECIFIED: DeviceEventKind
DEVICE_EVENT_KIND_CONDITION_BEGAN: DeviceEventKind
DEVICE_EVENT_KIND_CONDITION_ENDED: DeviceEventKind
DEVICE_EVENT_KIND_DRAWER_OPENED: DeviceEventKind
DEVICE_EVENT_KIND_DRAWER_CLOSED: DeviceEventKind
DEVICE_EVENT_KIND_DRAWER_OPENED_WITHOUT_KICK: DeviceEventKind
DEVICE_EVENT_KIND_DRAWER_SENSOR_CALIBRATED: DeviceEventKind

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
    __slots__ = ("device_id", "category", "driver", "port", "state", "power_state", "presence", "conditions", "readings", "capabilities", "revision")
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
    def __init__(self, device_id: _Optional[str] = ..., category: _Optional[_Union[DeviceCategory, str]] = ..., driver: _Optional[str] = ..., port: _Optional[str] = ..., state: _Optional[_Union[DeviceState, str]] = ..., power_state: _Optional[_Union[PowerState, str]] = ..., presence: _Optional[_Union[Presence, str]] = ..., conditions: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ..., readings: _Optional[_Iterable[_Union[Reading, _Mapping]]] = ..., capabilities: _Optional[_Mapping[str, str]] = ..., revision: _Optional[int] = ...) -> None: ...

class DeviceEvent(_message.Message):
    __slots__ = ("device_id", "kind", "condition")
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    device_id: str
    kind: DeviceEventKind
    condition: Condition
    def __init__(self, device_id: _Optional[str] = ..., kind: _Optional[_Union[DeviceEventKind, str]] = ..., condition: _Optional[_Union[Condition, _Mapping]] = ...) -> None: ...

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
    __slots__ = ("device",)
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    device: Device
    def __init__(self, device: _Optional[_Union[Device, _Mapping]] = ...) -> None: ...

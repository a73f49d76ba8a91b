from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DeviceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEVICE_KIND_UNSPECIFIED: _ClassVar[DeviceKind]
    DEVICE_KIND_PRINTER: _ClassVar[DeviceKind]
    DEVICE_KIND_DRAWER: _ClassVar[DeviceKind]
    DEVICE_KIND_SCANNER: _ClassVar[DeviceKind]
    DEVICE_KIND_RELAY_DRAWER: _ClassVar[DeviceKind]
    DEVICE_KIND_UPS: _ClassVar[DeviceKind]
DEVICE_KIND_UNSPECIFIED: DeviceKind
DEVICE_KIND_PRINTER: DeviceKind
DEVICE_KIND_DRAWER: DeviceKind
DEVICE_KIND_SCANNER: DeviceKind
DEVICE_KIND_RELAY_DRAWER: DeviceKind
DEVICE_KIND_UPS: DeviceKind

class Device(_message.Message):
    __slots__ = ("name", "kind", "host", "port", "path", "printer", "state")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: DeviceKind
    host: str
    port: int
    path: str
    printer: str
    state: _struct_pb2.Struct
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[_Union[DeviceKind, str]] = ..., host: _Optional[str] = ..., port: _Optional[int] = ..., path: _Optional[str] = ..., printer: _Optional[str] = ..., state: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class ListDevicesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListDevicesResponse(_message.Message):
    __slots__ = ("devices", "last_event")
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    LAST_EVENT_FIELD_NUMBER: _ClassVar[int]
    devices: _containers.RepeatedCompositeFieldContainer[Device]
    last_event: int
    def __init__(self, devices: _Optional[_Iterable[_Union[Device, _Mapping]]] = ..., last_event: _Optional[int] = ...) -> None: ...

class WatchEventsRequest(_message.Message):
    __slots__ = ("after",)
    AFTER_FIELD_NUMBER: _ClassVar[int]
    after: int
    def __init__(self, after: _Optional[int] = ...) -> None: ...

class WatchEventsResponse(_message.Message):
    __slots__ = ("number", "time", "device", "event", "facts")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    number: int
    time: _timestamp_pb2.Timestamp
    device: str
    event: str
    facts: _struct_pb2.Struct
    def __init__(self, number: _Optional[int] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., device: _Optional[str] = ..., event: _Optional[str] = ..., facts: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class HandleRequest(_message.Message):
    __slots__ = ("device", "do", "values")
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    DO_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    device: str
    do: str
    values: _struct_pb2.Struct
    def __init__(self, device: _Optional[str] = ..., do: _Optional[str] = ..., values: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class HandleResponse(_message.Message):
    __slots__ = ("sent",)
    SENT_FIELD_NUMBER: _ClassVar[int]
    sent: bytes
    def __init__(self, sent: _Optional[bytes] = ...) -> None: ...

class RunScenarioRequest(_message.Message):
    __slots__ = ("toml", "seed", "speed")
    TOML_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    toml: str
    seed: int
    speed: float
    def __init__(self, toml: _Optional[str] = ..., seed: _Optional[int] = ..., speed: _Optional[float] = ...) -> None: ...

class RunScenarioResponse(_message.Message):
    __slots__ = ("at_s", "device", "do", "values", "failure")
    AT_S_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    DO_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    at_s: float
    device: str
    do: str
    values: _struct_pb2.Struct
    failure: str
    def __init__(self, at_s: _Optional[float] = ..., device: _Optional[str] = ..., do: _Optional[str] = ..., values: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., failure: _Optional[str] = ...) -> None: ...

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tillhal.v1 import device_pb2 as _device_pb2
from tillhal.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DrawerReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DRAWER_REASON_UNSPECIFIED: _ClassVar[DrawerReason]
    DRAWER_REASON_SALE: _ClassVar[DrawerReason]
    DRAWER_REASON_REFUND: _ClassVar[DrawerReason]
    DRAWER_REASON_NO_SALE: _ClassVar[DrawerReason]
    DRAWER_REASON_FLOAT: _ClassVar[DrawerReason]
    DRAWER_REASON_COUNT: _ClassVar[DrawerReason]
    DRAWER_REASON_PAID_IN_OUT: _ClassVar[DrawerReason]
    DRAWER_REASON_TEST: _ClassVar[DrawerReason]

class KickState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KICK_STATE_UNSPECIFIED: _ClassVar[KickState]
    KICK_STATE_REQUESTED: _ClassVar[KickState]
    KICK_STATE_FIRED: _ClassVar[KickState]
    KICK_STATE_FAILED: _ClassVar[KickState]
    KICK_STATE_UNKNOWN: _ClassVar[KickState]

class CalibrationStep(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CALIBRATION_STEP_UNSPECIFIED: _ClassVar[CalibrationStep]
    CALIBRATION_STEP_SHUT: _ClassVar[CalibrationStep]
    CALIBRATION_STEP_KICKED: _ClassVar[CalibrationStep]
    CALIBRATION_STEP_OPEN_BY_KEY: _ClassVar[CalibrationStep]
    CALIBRATION_STEP_SHUT_AGAIN: _ClassVar[CalibrationStep]
    CALIBRATION_STEP_DONE: _ClassVar[CalibrationStep]

class OpenLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OPEN_LEVEL_UNSPECIFIED: _ClassVar[OpenLevel]
    OPEN_LEVEL_HIGH: _ClassVar[OpenLevel]
    OPEN_LEVEL_LOW: _ClassVar[OpenLevel]
    OPEN_LEVEL_NONE: _ClassVar[OpenLevel]
    OPEN_LEVEL_UNRELIABLE: _ClassVar[OpenLevel]
DRAWER_REASON_UNSPECIFIED: DrawerReason
DRAWER_REASON_SALE: DrawerReason
DRAWER_REASON_REFUND: DrawerReason
DRAWER_REASON_NO_SALE: DrawerReason
DRAWER_REASON_FLOAT: DrawerReason
DRAWER_REASON_COUNT: DrawerReason
DRAWER_REASON_PAID_IN_OUT: DrawerReason
DRAWER_REASON_TEST: DrawerReason
KICK_STATE_UNSPECIFIED: KickState
KICK_STATE_REQUESTED: KickState
KICK_STATE_FIRED: KickState
KICK_STATE_FAILED: KickState
KICK_STATE_UNKNOWN: KickState
CALIBRATION_STEP_UNSPECIFIED: CalibrationStep
CALIBRATION_STEP_SHUT: CalibrationStep
CALIBRATION_STEP_KICKED: CalibrationStep
CALIBRATION_STEP_OPEN_BY_KEY: CalibrationStep
CALIBRATION_STEP_SHUT_AGAIN: CalibrationStep
CALIBRATION_STEP_DONE: CalibrationStep
OPEN_LEVEL_UNSPECIFIED: OpenLevel
OPEN_LEVEL_HIGH: OpenLevel
OPEN_LEVEL_LOW: OpenLevel
OPEN_LEVEL_NONE: OpenLevel
OPEN_LEVEL_UNRELIABLE: OpenLevel

class Kick(_message.Message):
    __slots__ = ("kick_id", "drawer", "reason", "state", "verified", "sale_id", "failure", "create_time", "update_time")
    KICK_ID_FIELD_NUMBER: _ClassVar[int]
    DRAWER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    kick_id: str
    drawer: str
    reason: DrawerReason
    state: KickState
    verified: bool
    sale_id: str
    failure: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, kick_id: _Optional[str] = ..., drawer: _Optional[str] = ..., reason: _Optional[_Union[DrawerReason, str]] = ..., state: _Optional[_Union[KickState, str]] = ..., verified: bool = ..., sale_id: _Optional[str] = ..., failure: _Optional[str] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class OpenDrawerRequest(_message.Message):
    __slots__ = ("request_id", "kick_id", "drawer", "reason", "note", "fencing_token")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    KICK_ID_FIELD_NUMBER: _ClassVar[int]
    DRAWER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    FENCING_TOKEN_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    kick_id: str
    drawer: str
    reason: DrawerReason
    note: str
    fencing_token: int
    def __init__(self, request_id: _Optional[str] = ..., kick_id: _Optional[str] = ..., drawer: _Optional[str] = ..., reason: _Optional[_Union[DrawerReason, str]] = ..., note: _Optional[str] = ..., fencing_token: _Optional[int] = ...) -> None: ...

class OpenDrawerResponse(_message.Message):
    __slots__ = ("kick", "durability", "replayed")
    KICK_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    kick: Kick
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, kick: _Optional[_Union[Kick, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class GetDrawerRequest(_message.Message):
    __slots__ = ("drawer",)
    DRAWER_FIELD_NUMBER: _ClassVar[int]
    drawer: str
    def __init__(self, drawer: _Optional[str] = ...) -> None: ...

class GetDrawerResponse(_message.Message):
    __slots__ = ("device", "position", "last_kicks", "learnt_open_level", "open_time")
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    LAST_KICKS_FIELD_NUMBER: _ClassVar[int]
    LEARNT_OPEN_LEVEL_FIELD_NUMBER: _ClassVar[int]
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    device: _device_pb2.Device
    position: _device_pb2.Reading
    last_kicks: _containers.RepeatedCompositeFieldContainer[Kick]
    learnt_open_level: OpenLevel
    open_time: _timestamp_pb2.Timestamp
    def __init__(self, device: _Optional[_Union[_device_pb2.Device, _Mapping]] = ..., position: _Optional[_Union[_device_pb2.Reading, _Mapping]] = ..., last_kicks: _Optional[_Iterable[_Union[Kick, _Mapping]]] = ..., learnt_open_level: _Optional[_Union[OpenLevel, str]] = ..., open_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WaitForCloseRequest(_message.Message):
    __slots__ = ("drawer",)
    DRAWER_FIELD_NUMBER: _ClassVar[int]
    drawer: str
    def __init__(self, drawer: _Optional[str] = ...) -> None: ...

class WaitForCloseResponse(_message.Message):
    __slots__ = ("position", "waited")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    WAITED_FIELD_NUMBER: _ClassVar[int]
    position: _device_pb2.Reading
    waited: bool
    def __init__(self, position: _Optional[_Union[_device_pb2.Reading, _Mapping]] = ..., waited: bool = ...) -> None: ...

class CalibrateSensorRequest(_message.Message):
    __slots__ = ("drawer", "by_key", "request_id")
    DRAWER_FIELD_NUMBER: _ClassVar[int]
    BY_KEY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    drawer: str
    by_key: bool
    request_id: str
    def __init__(self, drawer: _Optional[str] = ..., by_key: bool = ..., request_id: _Optional[str] = ...) -> None: ...

class CalibrateSensorResponse(_message.Message):
    __slots__ = ("step", "switch_high", "open_level", "in_use", "patience_s", "durability", "replayed")
    STEP_FIELD_NUMBER: _ClassVar[int]
    SWITCH_HIGH_FIELD_NUMBER: _ClassVar[int]
    OPEN_LEVEL_FIELD_NUMBER: _ClassVar[int]
    IN_USE_FIELD_NUMBER: _ClassVar[int]
    PATIENCE_S_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    step: CalibrationStep
    switch_high: _device_pb2.Reading
    open_level: OpenLevel
    in_use: bool
    patience_s: int
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, step: _Optional[_Union[CalibrationStep, str]] = ..., switch_high: _Optional[_Union[_device_pb2.Reading, _Mapping]] = ..., open_level: _Optional[_Union[OpenLevel, str]] = ..., in_use: bool = ..., patience_s: _Optional[int] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

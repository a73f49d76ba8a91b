from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Durability(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DURABILITY_UNSPECIFIED: _ClassVar[Durability]
    DURABILITY_DURABLE_PRIMARY: _ClassVar[Durability]
    DURABILITY_DURABLE_SPILL: _ClassVar[Durability]

class RetrySafety(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RETRY_SAFETY_UNSPECIFIED: _ClassVar[RetrySafety]
    RETRY_SAFETY_SAFE: _ClassVar[RetrySafety]
    RETRY_SAFETY_UNKNOWN: _ClassVar[RetrySafety]
    RETRY_SAFETY_NEVER: _ClassVar[RetrySafety]
DURABILITY_UNSPECIFIED: Durability
DURABILITY_DURABLE_PRIMARY: Durability
DURABILITY_DURABLE_SPILL: Durability
RETRY_SAFETY_UNSPECIFIED: RetrySafety
RETRY_SAFETY_SAFE: RetrySafety
RETRY_SAFETY_UNKNOWN: RetrySafety
RETRY_SAFETY_NEVER: RetrySafety

class Money(_message.Message):
    __slots__ = ("currency_code", "minor_units")
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    MINOR_UNITS_FIELD_NUMBER: _ClassVar[int]
    currency_code: str
    minor_units: int
    def __init__(self, currency_code: _Optional[str] = ..., minor_units: _Optional[int] = ...) -> None: ...

class Decimal(_message.Message):
    __slots__ = ("unscaled", "scale")
    UNSCALED_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    unscaled: int
    scale: int
    def __init__(self, unscaled: _Optional[int] = ..., scale: _Optional[int] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("phase", "done", "total", "eta_s", "message")
    PHASE_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    ETA_S_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    phase: str
    done: int
    total: int
    eta_s: int
    message: str
    def __init__(self, phase: _Optional[str] = ..., done: _Optional[int] = ..., total: _Optional[int] = ..., eta_s: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class Gap(_message.Message):
    __slots__ = ("first_seq", "last_seq", "why")
    FIRST_SEQ_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQ_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    first_seq: int
    last_seq: int
    why: str
    def __init__(self, first_seq: _Optional[int] = ..., last_seq: _Optional[int] = ..., why: _Optional[str] = ...) -> None: ...

class DeviceErrorDetail(_message.Message):
    __slots__ = ("device_id", "unifiedpos_code", "retry_safety", "bytes_sent", "job_id", "operator_action")
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    UNIFIEDPOS_CODE_FIELD_NUMBER: _ClassVar[int]
    RETRY_SAFETY_FIELD_NUMBER: _ClassVar[int]
    BYTES_SENT_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_ACTION_FIELD_NUMBER: _ClassVar[int]
    device_id: str
    unifiedpos_code: str
    retry_safety: RetrySafety
    bytes_sent: int
    job_id: str
    operator_action: str
    def __init__(self, device_id: _Optional[str] = ..., unifiedpos_code: _Optional[str] = ..., retry_safety: _Optional[_Union[RetrySafety, str]] = ..., bytes_sent: _Optional[int] = ..., job_id: _Optional[str] = ..., operator_action: _Optional[str] = ...) -> None: ...

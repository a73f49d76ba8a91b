from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SwitchLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SWITCH_LEVEL_UNSPECIFIED: _ClassVar[SwitchLevel]
    SWITCH_LEVEL_LOW: _ClassVar[SwitchLevel]
    SWITCH_LEVEL_HIGH: _ClassVar[SwitchLevel]
SWITCH_LEVEL_UNSPECIFIED: SwitchLevel
SWITCH_LEVEL_LOW: SwitchLevel
SWITCH_LEVEL_HIGH: SwitchLevel

class MoveDrawerRequest(_message.Message):
    __slots__ = ("drawer", "open")
    DRAWER_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    drawer: str
    open: bool
    def __init__(self, drawer: _Optional[str] = ..., open: bool = ...) -> None: ...

class MoveDrawerResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetDrawerFaultsRequest(_message.Message):
    __slots__ = ("drawer", "stuck", "ignored_kicks", "opens_after_ms", "switch_stuck_at")
    DRAWER_FIELD_NUMBER: _ClassVar[int]
    STUCK_FIELD_NUMBER: _ClassVar[int]
    IGNORED_KICKS_FIELD_NUMBER: _ClassVar[int]
    OPENS_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    SWITCH_STUCK_AT_FIELD_NUMBER: _ClassVar[int]
    drawer: str
    stuck: bool
    ignored_kicks: int
    opens_after_ms: int
    switch_stuck_at: SwitchLevel
    def __init__(self, drawer: _Optional[str] = ..., stuck: bool = ..., ignored_kicks: _Optional[int] = ..., opens_after_ms: _Optional[int] = ..., switch_stuck_at: _Optional[_Union[SwitchLevel, str]] = ...) -> None: ...

class SetDrawerFaultsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetDrawerRequest(_message.Message):
    __slots__ = ("drawer",)
    DRAWER_FIELD_NUMBER: _ClassVar[int]
    drawer: str
    def __init__(self, drawer: _Optional[str] = ...) -> None: ...

class GetDrawerResponse(_message.Message):
    __slots__ = ("open", "open_count", "pulse_count")
    OPEN_FIELD_NUMBER: _ClassVar[int]
    OPEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    PULSE_COUNT_FIELD_NUMBER: _ClassVar[int]
    open: bool
    open_count: int
    pulse_count: int
    def __init__(self, open: bool = ..., open_count: _Optional[int] = ..., pulse_count: _Optional[int] = ...) -> None: ...

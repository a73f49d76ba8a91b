from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SetMainsRequest(_message.Message):
    __slots__ = ("ups", "on", "volts", "flapping")
    UPS_FIELD_NUMBER: _ClassVar[int]
    ON_FIELD_NUMBER: _ClassVar[int]
    VOLTS_FIELD_NUMBER: _ClassVar[int]
    FLAPPING_FIELD_NUMBER: _ClassVar[int]
    ups: str
    on: bool
    volts: float
    flapping: Flapping
    def __init__(self, ups: _Optional[str] = ..., on: bool = ..., volts: _Optional[float] = ..., flapping: _Optional[_Union[Flapping, _Mapping]] = ...) -> None: ...

class Flapping(_message.Message):
    __slots__ = ("times", "every_s")
    TIMES_FIELD_NUMBER: _ClassVar[int]
    EVERY_S_FIELD_NUMBER: _ClassVar[int]
    times: int
    every_s: float
    def __init__(self, times: _Optional[int] = ..., every_s: _Optional[float] = ...) -> None: ...

class SetMainsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetBatteryRequest(_message.Message):
    __slots__ = ("ups", "load_percent", "charge_percent", "health_percent")
    UPS_FIELD_NUMBER: _ClassVar[int]
    LOAD_PERCENT_FIELD_NUMBER: _ClassVar[int]
    CHARGE_PERCENT_FIELD_NUMBER: _ClassVar[int]
    HEALTH_PERCENT_FIELD_NUMBER: _ClassVar[int]
    ups: str
    load_percent: float
    charge_percent: float
    health_percent: float
    def __init__(self, ups: _Optional[str] = ..., load_percent: _Optional[float] = ..., charge_percent: _Optional[float] = ..., health_percent: _Optional[float] = ...) -> None: ...

class SetBatteryResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetUpsFaultsRequest(_message.Message):
    __slots__ = ("ups", "mute", "garbled_replies", "low_at_once", "frozen_charge", "garbage_runtime", "drop_at_transfer_s", "replace_battery", "test_fails", "stuck_test", "bypass", "alarm", "never_returns", "returns_dark", "ignores_shutdown_on_mains", "forced_shutdown")
    UPS_FIELD_NUMBER: _ClassVar[int]
    MUTE_FIELD_NUMBER: _ClassVar[int]
    GARBLED_REPLIES_FIELD_NUMBER: _ClassVar[int]
    LOW_AT_ONCE_FIELD_NUMBER: _ClassVar[int]
    FROZEN_CHARGE_FIELD_NUMBER: _ClassVar[int]
    GARBAGE_RUNTIME_FIELD_NUMBER: _ClassVar[int]
    DROP_AT_TRANSFER_S_FIELD_NUMBER: _ClassVar[int]
    REPLACE_BATTERY_FIELD_NUMBER: _ClassVar[int]
    TEST_FAILS_FIELD_NUMBER: _ClassVar[int]
    STUCK_TEST_FIELD_NUMBER: _ClassVar[int]
    BYPASS_FIELD_NUMBER: _ClassVar[int]
    ALARM_FIELD_NUMBER: _ClassVar[int]
    NEVER_RETURNS_FIELD_NUMBER: _ClassVar[int]
    RETURNS_DARK_FIELD_NUMBER: _ClassVar[int]
    IGNORES_SHUTDOWN_ON_MAINS_FIELD_NUMBER: _ClassVar[int]
    FORCED_SHUTDOWN_FIELD_NUMBER: _ClassVar[int]
    ups: str
    mute: bool
    garbled_replies: int
    low_at_once: bool
    frozen_charge: float
    garbage_runtime: str
    drop_at_transfer_s: float
    replace_battery: bool
    test_fails: bool
    stuck_test: bool
    bypass: bool
    alarm: str
    never_returns: bool
    returns_dark: bool
    ignores_shutdown_on_mains: bool
    forced_shutdown: bool
    def __init__(self, ups: _Optional[str] = ..., mute: bool = ..., garbled_replies: _Optional[int] = ..., low_at_once: bool = ..., frozen_charge: _Optional[float] = ..., garbage_runtime: _Optional[str] = ..., drop_at_transfer_s: _Optional[float] = ..., replace_battery: bool = ..., test_fails: bool = ..., stuck_test: bool = ..., bypass: bool = ..., alarm: _Optional[str] = ..., never_returns: bool = ..., returns_dark: bool = ..., ignores_shutdown_on_mains: bool = ..., forced_shutdown: bool = ...) -> None: ...

class SetUpsFaultsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetUpsWiresRequest(_message.Message):
    __slots__ = ("ups", "unplugged", "driver_gone", "refuses", "silent", "garbage", "dribbles", "late_ms", "reset_now", "restart_now")
    UPS_FIELD_NUMBER: _ClassVar[int]
    UNPLUGGED_FIELD_NUMBER: _ClassVar[int]
    DRIVER_GONE_FIELD_NUMBER: _ClassVar[int]
    REFUSES_FIELD_NUMBER: _ClassVar[int]
    SILENT_FIELD_NUMBER: _ClassVar[int]
    GARBAGE_FIELD_NUMBER: _ClassVar[int]
    DRIBBLES_FIELD_NUMBER: _ClassVar[int]
    LATE_MS_FIELD_NUMBER: _ClassVar[int]
    RESET_NOW_FIELD_NUMBER: _ClassVar[int]
    RESTART_NOW_FIELD_NUMBER: _ClassVar[int]
    ups: str
    unplugged: bool
    driver_gone: bool
    refuses: bool
    silent: bool
    garbage: bool
    dribbles: bool
    late_ms: int
    reset_now: bool
    restart_now: bool
    def __init__(self, ups: _Optional[str] = ..., unplugged: bool = ..., driver_gone: bool = ..., refuses: bool = ..., silent: bool = ..., garbage: bool = ..., dribbles: bool = ..., late_ms: _Optional[int] = ..., reset_now: bool = ..., restart_now: bool = ...) -> None: ...

class SetUpsWiresResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RunUpsSelfTestRequest(_message.Message):
    __slots__ = ("ups", "for_s")
    UPS_FIELD_NUMBER: _ClassVar[int]
    FOR_S_FIELD_NUMBER: _ClassVar[int]
    ups: str
    for_s: float
    def __init__(self, ups: _Optional[str] = ..., for_s: _Optional[float] = ...) -> None: ...

class RunUpsSelfTestResponse(_message.Message):
    __slots__ = ("began",)
    BEGAN_FIELD_NUMBER: _ClassVar[int]
    began: bool
    def __init__(self, began: bool = ...) -> None: ...

class SwitchUpsRequest(_message.Message):
    __slots__ = ("ups", "on")
    UPS_FIELD_NUMBER: _ClassVar[int]
    ON_FIELD_NUMBER: _ClassVar[int]
    ups: str
    on: bool
    def __init__(self, ups: _Optional[str] = ..., on: bool = ...) -> None: ...

class SwitchUpsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class HealUpsRequest(_message.Message):
    __slots__ = ("ups",)
    UPS_FIELD_NUMBER: _ClassVar[int]
    ups: str
    def __init__(self, ups: _Optional[str] = ...) -> None: ...

class HealUpsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetUpsRequest(_message.Message):
    __slots__ = ("ups",)
    UPS_FIELD_NUMBER: _ClassVar[int]
    ups: str
    def __init__(self, ups: _Optional[str] = ...) -> None: ...

class GetUpsResponse(_message.Message):
    __slots__ = ("state",)
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: UpsState
    def __init__(self, state: _Optional[_Union[UpsState, _Mapping]] = ...) -> None: ...

class WatchUpsRequest(_message.Message):
    __slots__ = ("ups",)
    UPS_FIELD_NUMBER: _ClassVar[int]
    ups: str
    def __init__(self, ups: _Optional[str] = ...) -> None: ...

class WatchUpsResponse(_message.Message):
    __slots__ = ("state",)
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: UpsState
    def __init__(self, state: _Optional[_Union[UpsState, _Mapping]] = ...) -> None: ...

class UpsState(_message.Message):
    __slots__ = ("ups", "words", "mains_v", "output", "charge_percent", "runtime_s", "load_percent", "battery_v", "health_percent", "test_result", "shutdown_in_s", "return_in_s", "faults", "speed")
    UPS_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    MAINS_V_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    CHARGE_PERCENT_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_S_FIELD_NUMBER: _ClassVar[int]
    LOAD_PERCENT_FIELD_NUMBER: _ClassVar[int]
    BATTERY_V_FIELD_NUMBER: _ClassVar[int]
    HEALTH_PERCENT_FIELD_NUMBER: _ClassVar[int]
    TEST_RESULT_FIELD_NUMBER: _ClassVar[int]
    SHUTDOWN_IN_S_FIELD_NUMBER: _ClassVar[int]
    RETURN_IN_S_FIELD_NUMBER: _ClassVar[int]
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    ups: str
    words: _containers.RepeatedScalarFieldContainer[str]
    mains_v: float
    output: bool
    charge_percent: float
    runtime_s: int
    load_percent: float
    battery_v: float
    health_percent: float
    test_result: str
    shutdown_in_s: float
    return_in_s: float
    faults: _containers.RepeatedScalarFieldContainer[str]
    speed: float
    def __init__(self, ups: _Optional[str] = ..., words: _Optional[_Iterable[str]] = ..., mains_v: _Optional[float] = ..., output: bool = ..., charge_percent: _Optional[float] = ..., runtime_s: _Optional[int] = ..., load_percent: _Optional[float] = ..., battery_v: _Optional[float] = ..., health_percent: _Optional[float] = ..., test_result: _Optional[str] = ..., shutdown_in_s: _Optional[float] = ..., return_in_s: _Optional[float] = ..., faults: _Optional[_Iterable[str]] = ..., speed: _Optional[float] = ...) -> None: ...

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tillhal.v1 import journal_pb2 as _journal_pb2
from tillhal.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Supply(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUPPLY_UNSPECIFIED: _ClassVar[Supply]
    SUPPLY_INIT: _ClassVar[Supply]
    SUPPLY_ONLINE: _ClassVar[Supply]
    SUPPLY_ON_BATTERY: _ClassVar[Supply]
    SUPPLY_LOW_BATTERY: _ClassVar[Supply]
    SUPPLY_SHUTTING_DOWN: _ClassVar[Supply]
    SUPPLY_RECOVERING: _ClassVar[Supply]
    SUPPLY_COMM_LOST: _ClassVar[Supply]
    SUPPLY_COMM_LOST_ON_BATTERY: _ClassVar[Supply]
    SUPPLY_UNPROTECTED: _ClassVar[Supply]

class OutageCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTAGE_CAUSE_UNSPECIFIED: _ClassVar[OutageCause]
    OUTAGE_CAUSE_GRID: _ClassVar[OutageCause]
    OUTAGE_CAUSE_VOLTAGE: _ClassVar[OutageCause]
    OUTAGE_CAUSE_AGEING: _ClassVar[OutageCause]
    OUTAGE_CAUSE_WEATHER: _ClassVar[OutageCause]
    OUTAGE_CAUSE_UPKEEP: _ClassVar[OutageCause]
    OUTAGE_CAUSE_CUT_CABLE: _ClassVar[OutageCause]

class SelfTestKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SELF_TEST_KIND_UNSPECIFIED: _ClassVar[SelfTestKind]
    SELF_TEST_KIND_QUICK: _ClassVar[SelfTestKind]
    SELF_TEST_KIND_DEEP: _ClassVar[SelfTestKind]

class SelfTestResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SELF_TEST_RESULT_UNSPECIFIED: _ClassVar[SelfTestResult]
    SELF_TEST_RESULT_RUNNING: _ClassVar[SelfTestResult]
    SELF_TEST_RESULT_PASSED: _ClassVar[SelfTestResult]
    SELF_TEST_RESULT_FAILED: _ClassVar[SelfTestResult]
    SELF_TEST_RESULT_REFUSED: _ClassVar[SelfTestResult]
    SELF_TEST_RESULT_UNKNOWN: _ClassVar[SelfTestResult]

class PowerAdvice(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POWER_ADVICE_UNSPECIFIED: _ClassVar[PowerAdvice]
    POWER_ADVICE_MORE_BACKUP_POWER: _ClassVar[PowerAdvice]
    POWER_ADVICE_LOOK_AT_THE_WIRING: _ClassVar[PowerAdvice]
    POWER_ADVICE_ANNOTATE_OUTAGES: _ClassVar[PowerAdvice]
    POWER_ADVICE_REPLACE_BATTERY: _ClassVar[PowerAdvice]
    POWER_ADVICE_RECORD_BATTERY: _ClassVar[PowerAdvice]
    POWER_ADVICE_TEST_UPS: _ClassVar[PowerAdvice]
    POWER_ADVICE_UNPLUG_LOAD: _ClassVar[PowerAdvice]
SUPPLY_UNSPECIFIED: Supply
SUPPLY_INIT: Supply
SUPPLY_ONLINE: Supply
SUPPLY_ON_BATTERY: Supply
SUPPLY_LOW_BATTERY: Supply
SUPPLY_SHUTTING_DOWN: Supply
SUPPLY_RECOVERING: Supply
SUPPLY_COMM_LOST: Supply
SUPPLY_COMM_LOST_ON_BATTERY: Supply
SUPPLY_UNPROTECTED: Supply
OUTAGE_CAUSE_UNSPECIFIED: OutageCause
OUTAGE_CAUSE_GRID: OutageCause
OUTAGE_CAUSE_VOLTAGE: OutageCause
OUTAGE_CAUSE_AGEING: OutageCause
OUTAGE_CAUSE_WEATHER: OutageCause
OUTAGE_CAUSE_UPKEEP: OutageCause
OUTAGE_CAUSE_CUT_CABLE: OutageCause
SELF_TEST_KIND_UNSPECIFIED: SelfTestKind
SELF_TEST_KIND_QUICK: SelfTestKind
SELF_TEST_KIND_DEEP: SelfTestKind
SELF_TEST_RESULT_UNSPECIFIED: SelfTestResult
SELF_TEST_RESULT_RUNNING: SelfTestResult
SELF_TEST_RESULT_PASSED: SelfTestResult
SELF_TEST_RESULT_FAILED: SelfTestResult
SELF_TEST_RESULT_REFUSED: SelfTestResult
SELF_TEST_RESULT_UNKNOWN: SelfTestResult
POWER_ADVICE_UNSPECIFIED: PowerAdvice
POWER_ADVICE_MORE_BACKUP_POWER: PowerAdvice
POWER_ADVICE_LOOK_AT_THE_WIRING: PowerAdvice
POWER_ADVICE_ANNOTATE_OUTAGES: PowerAdvice
POWER_ADVICE_REPLACE_BATTERY: PowerAdvice
POWER_ADVICE_RECORD_BATTERY: PowerAdvice
POWER_ADVICE_TEST_UPS: PowerAdvice
POWER_ADVICE_UNPLUG_LOAD: PowerAdvice

class PowerStatus(_message.Message):
    __slots__ = ("supply", "ups", "reason", "since_time", "refuses_sales", "suspend_offered", "charge_percent", "runtime_s", "outage_id")
    SUPPLY_FIELD_NUMBER: _ClassVar[int]
    UPS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    REFUSES_SALES_FIELD_NUMBER: _ClassVar[int]
    SUSPEND_OFFERED_FIELD_NUMBER: _ClassVar[int]
    CHARGE_PERCENT_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_S_FIELD_NUMBER: _ClassVar[int]
    OUTAGE_ID_FIELD_NUMBER: _ClassVar[int]
    supply: Supply
    ups: str
    reason: str
    since_time: _timestamp_pb2.Timestamp
    refuses_sales: bool
    suspend_offered: bool
    charge_percent: int
    runtime_s: int
    outage_id: str
    def __init__(self, supply: _Optional[_Union[Supply, str]] = ..., ups: _Optional[str] = ..., reason: _Optional[str] = ..., since_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., refuses_sales: bool = ..., suspend_offered: bool = ..., charge_percent: _Optional[int] = ..., runtime_s: _Optional[int] = ..., outage_id: _Optional[str] = ...) -> None: ...

class Ups(_message.Message):
    __slots__ = ("name", "supply", "reason", "feeds_till", "flags", "charge_percent", "runtime_s", "load_percent", "input_voltage", "battery_voltage", "test_result", "age_s", "is_tested", "battery", "unchanged_s")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SUPPLY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    FEEDS_TILL_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    CHARGE_PERCENT_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_S_FIELD_NUMBER: _ClassVar[int]
    LOAD_PERCENT_FIELD_NUMBER: _ClassVar[int]
    INPUT_VOLTAGE_FIELD_NUMBER: _ClassVar[int]
    BATTERY_VOLTAGE_FIELD_NUMBER: _ClassVar[int]
    TEST_RESULT_FIELD_NUMBER: _ClassVar[int]
    AGE_S_FIELD_NUMBER: _ClassVar[int]
    IS_TESTED_FIELD_NUMBER: _ClassVar[int]
    BATTERY_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_S_FIELD_NUMBER: _ClassVar[int]
    name: str
    supply: Supply
    reason: str
    feeds_till: bool
    flags: _containers.RepeatedScalarFieldContainer[str]
    charge_percent: float
    runtime_s: int
    load_percent: float
    input_voltage: float
    battery_voltage: float
    test_result: str
    age_s: float
    is_tested: bool
    battery: Battery
    unchanged_s: float
    def __init__(self, name: _Optional[str] = ..., supply: _Optional[_Union[Supply, str]] = ..., reason: _Optional[str] = ..., feeds_till: bool = ..., flags: _Optional[_Iterable[str]] = ..., charge_percent: _Optional[float] = ..., runtime_s: _Optional[int] = ..., load_percent: _Optional[float] = ..., input_voltage: _Optional[float] = ..., battery_voltage: _Optional[float] = ..., test_result: _Optional[str] = ..., age_s: _Optional[float] = ..., is_tested: bool = ..., battery: _Optional[_Union[Battery, _Mapping]] = ..., unchanged_s: _Optional[float] = ...) -> None: ...

class Outage(_message.Message):
    __slots__ = ("outage_id", "ups", "begin_time", "end_time", "seconds", "charge_min_percent", "sales_kept", "flips", "worst", "guess", "cause", "note", "utility_ref", "expected_back_time")
    OUTAGE_ID_FIELD_NUMBER: _ClassVar[int]
    UPS_FIELD_NUMBER: _ClassVar[int]
    BEGIN_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    CHARGE_MIN_PERCENT_FIELD_NUMBER: _ClassVar[int]
    SALES_KEPT_FIELD_NUMBER: _ClassVar[int]
    FLIPS_FIELD_NUMBER: _ClassVar[int]
    WORST_FIELD_NUMBER: _ClassVar[int]
    GUESS_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    UTILITY_REF_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_BACK_TIME_FIELD_NUMBER: _ClassVar[int]
    outage_id: str
    ups: str
    begin_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    seconds: int
    charge_min_percent: int
    sales_kept: int
    flips: int
    worst: Supply
    guess: OutageCause
    cause: OutageCause
    note: str
    utility_ref: str
    expected_back_time: _timestamp_pb2.Timestamp
    def __init__(self, outage_id: _Optional[str] = ..., ups: _Optional[str] = ..., begin_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., seconds: _Optional[int] = ..., charge_min_percent: _Optional[int] = ..., sales_kept: _Optional[int] = ..., flips: _Optional[int] = ..., worst: _Optional[_Union[Supply, str]] = ..., guess: _Optional[_Union[OutageCause, str]] = ..., cause: _Optional[_Union[OutageCause, str]] = ..., note: _Optional[str] = ..., utility_ref: _Optional[str] = ..., expected_back_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SelfTest(_message.Message):
    __slots__ = ("test_id", "ups", "kind", "result", "said", "begin_time", "end_time")
    TEST_ID_FIELD_NUMBER: _ClassVar[int]
    UPS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    SAID_FIELD_NUMBER: _ClassVar[int]
    BEGIN_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    test_id: str
    ups: str
    kind: SelfTestKind
    result: SelfTestResult
    said: str
    begin_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, test_id: _Optional[str] = ..., ups: _Optional[str] = ..., kind: _Optional[_Union[SelfTestKind, str]] = ..., result: _Optional[_Union[SelfTestResult, str]] = ..., said: _Optional[str] = ..., begin_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Battery(_message.Message):
    __slots__ = ("ups", "fitted_on", "serial", "fitted_by")
    UPS_FIELD_NUMBER: _ClassVar[int]
    FITTED_ON_FIELD_NUMBER: _ClassVar[int]
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    FITTED_BY_FIELD_NUMBER: _ClassVar[int]
    ups: str
    fitted_on: str
    serial: str
    fitted_by: str
    def __init__(self, ups: _Optional[str] = ..., fitted_on: _Optional[str] = ..., serial: _Optional[str] = ..., fitted_by: _Optional[str] = ...) -> None: ...

class OutageStatistics(_message.Message):
    __slots__ = ("last_30_days", "last_365_days", "seconds", "longest_s", "sales_kept", "shutdowns", "by_cause")
    LAST_30_DAYS_FIELD_NUMBER: _ClassVar[int]
    LAST_365_DAYS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    LONGEST_S_FIELD_NUMBER: _ClassVar[int]
    SALES_KEPT_FIELD_NUMBER: _ClassVar[int]
    SHUTDOWNS_FIELD_NUMBER: _ClassVar[int]
    BY_CAUSE_FIELD_NUMBER: _ClassVar[int]
    last_30_days: int
    last_365_days: int
    seconds: int
    longest_s: int
    sales_kept: int
    shutdowns: int
    by_cause: _containers.RepeatedCompositeFieldContainer[OutageCount]
    def __init__(self, last_30_days: _Optional[int] = ..., last_365_days: _Optional[int] = ..., seconds: _Optional[int] = ..., longest_s: _Optional[int] = ..., sales_kept: _Optional[int] = ..., shutdowns: _Optional[int] = ..., by_cause: _Optional[_Iterable[_Union[OutageCount, _Mapping]]] = ...) -> None: ...

class OutageCount(_message.Message):
    __slots__ = ("cause", "count")
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    cause: OutageCause
    count: int
    def __init__(self, cause: _Optional[_Union[OutageCause, str]] = ..., count: _Optional[int] = ...) -> None: ...

class PowerAdviceItem(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: PowerAdvice
    message: str
    def __init__(self, code: _Optional[_Union[PowerAdvice, str]] = ..., message: _Optional[str] = ...) -> None: ...

class PowerPoint(_message.Message):
    __slots__ = ("time", "supply", "charge_percent", "runtime_s", "load_percent")
    TIME_FIELD_NUMBER: _ClassVar[int]
    SUPPLY_FIELD_NUMBER: _ClassVar[int]
    CHARGE_PERCENT_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_S_FIELD_NUMBER: _ClassVar[int]
    LOAD_PERCENT_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    supply: Supply
    charge_percent: float
    runtime_s: int
    load_percent: float
    def __init__(self, time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., supply: _Optional[_Union[Supply, str]] = ..., charge_percent: _Optional[float] = ..., runtime_s: _Optional[int] = ..., load_percent: _Optional[float] = ...) -> None: ...

class GetPowerRequest(_message.Message):
    __slots__ = ("with_history",)
    WITH_HISTORY_FIELD_NUMBER: _ClassVar[int]
    with_history: bool
    def __init__(self, with_history: bool = ...) -> None: ...

class GetPowerResponse(_message.Message):
    __slots__ = ("power", "upses", "outage", "last_test", "advice", "history", "last_drill")
    POWER_FIELD_NUMBER: _ClassVar[int]
    UPSES_FIELD_NUMBER: _ClassVar[int]
    OUTAGE_FIELD_NUMBER: _ClassVar[int]
    LAST_TEST_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    LAST_DRILL_FIELD_NUMBER: _ClassVar[int]
    power: PowerStatus
    upses: _containers.RepeatedCompositeFieldContainer[Ups]
    outage: Outage
    last_test: SelfTest
    advice: _containers.RepeatedCompositeFieldContainer[PowerAdviceItem]
    history: _containers.RepeatedCompositeFieldContainer[PowerPoint]
    last_drill: Drill
    def __init__(self, power: _Optional[_Union[PowerStatus, _Mapping]] = ..., upses: _Optional[_Iterable[_Union[Ups, _Mapping]]] = ..., outage: _Optional[_Union[Outage, _Mapping]] = ..., last_test: _Optional[_Union[SelfTest, _Mapping]] = ..., advice: _Optional[_Iterable[_Union[PowerAdviceItem, _Mapping]]] = ..., history: _Optional[_Iterable[_Union[PowerPoint, _Mapping]]] = ..., last_drill: _Optional[_Union[Drill, _Mapping]] = ...) -> None: ...

class WatchPowerRequest(_message.Message):
    __slots__ = ("cursor", "from_now")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    FROM_NOW_FIELD_NUMBER: _ClassVar[int]
    cursor: int
    from_now: bool
    def __init__(self, cursor: _Optional[int] = ..., from_now: bool = ...) -> None: ...

class WatchPowerResponse(_message.Message):
    __slots__ = ("cursor", "time", "power", "outage", "self_test", "battery", "drill", "gap", "caught_up")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    POWER_FIELD_NUMBER: _ClassVar[int]
    OUTAGE_FIELD_NUMBER: _ClassVar[int]
    SELF_TEST_FIELD_NUMBER: _ClassVar[int]
    BATTERY_FIELD_NUMBER: _ClassVar[int]
    DRILL_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    CAUGHT_UP_FIELD_NUMBER: _ClassVar[int]
    cursor: int
    time: _timestamp_pb2.Timestamp
    power: PowerStatus
    outage: Outage
    self_test: SelfTest
    battery: Battery
    drill: Drill
    gap: _types_pb2.Gap
    caught_up: _journal_pb2.CaughtUp
    def __init__(self, cursor: _Optional[int] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., power: _Optional[_Union[PowerStatus, _Mapping]] = ..., outage: _Optional[_Union[Outage, _Mapping]] = ..., self_test: _Optional[_Union[SelfTest, _Mapping]] = ..., battery: _Optional[_Union[Battery, _Mapping]] = ..., drill: _Optional[_Union[Drill, _Mapping]] = ..., gap: _Optional[_Union[_types_pb2.Gap, _Mapping]] = ..., caught_up: _Optional[_Union[_journal_pb2.CaughtUp, _Mapping]] = ...) -> None: ...

class RunSelfTestRequest(_message.Message):
    __slots__ = ("request_id", "test_id", "ups", "kind")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TEST_ID_FIELD_NUMBER: _ClassVar[int]
    UPS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    test_id: str
    ups: str
    kind: SelfTestKind
    def __init__(self, request_id: _Optional[str] = ..., test_id: _Optional[str] = ..., ups: _Optional[str] = ..., kind: _Optional[_Union[SelfTestKind, str]] = ...) -> None: ...

class RunSelfTestResponse(_message.Message):
    __slots__ = ("self_test", "durability", "replayed")
    SELF_TEST_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    self_test: SelfTest
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, self_test: _Optional[_Union[SelfTest, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class ListSelfTestsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListSelfTestsResponse(_message.Message):
    __slots__ = ("self_tests",)
    SELF_TESTS_FIELD_NUMBER: _ClassVar[int]
    self_tests: _containers.RepeatedCompositeFieldContainer[SelfTest]
    def __init__(self, self_tests: _Optional[_Iterable[_Union[SelfTest, _Mapping]]] = ...) -> None: ...

class ListOutagesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListOutagesResponse(_message.Message):
    __slots__ = ("outages", "statistics", "advice")
    OUTAGES_FIELD_NUMBER: _ClassVar[int]
    STATISTICS_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    outages: _containers.RepeatedCompositeFieldContainer[Outage]
    statistics: OutageStatistics
    advice: _containers.RepeatedCompositeFieldContainer[PowerAdviceItem]
    def __init__(self, outages: _Optional[_Iterable[_Union[Outage, _Mapping]]] = ..., statistics: _Optional[_Union[OutageStatistics, _Mapping]] = ..., advice: _Optional[_Iterable[_Union[PowerAdviceItem, _Mapping]]] = ...) -> None: ...

class GetOutageRequest(_message.Message):
    __slots__ = ("outage_id",)
    OUTAGE_ID_FIELD_NUMBER: _ClassVar[int]
    outage_id: str
    def __init__(self, outage_id: _Optional[str] = ...) -> None: ...

class GetOutageResponse(_message.Message):
    __slots__ = ("outage",)
    OUTAGE_FIELD_NUMBER: _ClassVar[int]
    outage: Outage
    def __init__(self, outage: _Optional[_Union[Outage, _Mapping]] = ...) -> None: ...

class AnnotateOutageRequest(_message.Message):
    __slots__ = ("request_id", "outage_id", "cause", "note", "utility_ref", "expected_back_time")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OUTAGE_ID_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    UTILITY_REF_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_BACK_TIME_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    outage_id: str
    cause: OutageCause
    note: str
    utility_ref: str
    expected_back_time: _timestamp_pb2.Timestamp
    def __init__(self, request_id: _Optional[str] = ..., outage_id: _Optional[str] = ..., cause: _Optional[_Union[OutageCause, str]] = ..., note: _Optional[str] = ..., utility_ref: _Optional[str] = ..., expected_back_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AnnotateOutageResponse(_message.Message):
    __slots__ = ("outage", "durability", "replayed")
    OUTAGE_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    outage: Outage
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, outage: _Optional[_Union[Outage, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class RecordBatteryReplacedRequest(_message.Message):
    __slots__ = ("request_id", "ups", "fitted_on", "serial", "fitted_by")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    UPS_FIELD_NUMBER: _ClassVar[int]
    FITTED_ON_FIELD_NUMBER: _ClassVar[int]
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    FITTED_BY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    ups: str
    fitted_on: str
    serial: str
    fitted_by: str
    def __init__(self, request_id: _Optional[str] = ..., ups: _Optional[str] = ..., fitted_on: _Optional[str] = ..., serial: _Optional[str] = ..., fitted_by: _Optional[str] = ...) -> None: ...

class RecordBatteryReplacedResponse(_message.Message):
    __slots__ = ("battery", "durability", "replayed")
    BATTERY_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    battery: Battery
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, battery: _Optional[_Union[Battery, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class PreflightRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PreflightResponse(_message.Message):
    __slots__ = ("is_ready", "findings")
    IS_READY_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    is_ready: bool
    findings: _containers.RepeatedCompositeFieldContainer[PowerFinding]
    def __init__(self, is_ready: bool = ..., findings: _Optional[_Iterable[_Union[PowerFinding, _Mapping]]] = ...) -> None: ...

class PowerFinding(_message.Message):
    __slots__ = ("code", "ups", "message", "advice")
    CODE_FIELD_NUMBER: _ClassVar[int]
    UPS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    code: str
    ups: str
    message: str
    advice: str
    def __init__(self, code: _Optional[str] = ..., ups: _Optional[str] = ..., message: _Optional[str] = ..., advice: _Optional[str] = ...) -> None: ...

class RunDrillRequest(_message.Message):
    __slots__ = ("request_id",)
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    def __init__(self, request_id: _Optional[str] = ...) -> None: ...

class RunDrillResponse(_message.Message):
    __slots__ = ("progress", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: _types_pb2.Progress
    result: DrillResult
    def __init__(self, progress: _Optional[_Union[_types_pb2.Progress, _Mapping]] = ..., result: _Optional[_Union[DrillResult, _Mapping]] = ...) -> None: ...

class DrillResult(_message.Message):
    __slots__ = ("took_ms", "needed_s", "findings")
    TOOK_MS_FIELD_NUMBER: _ClassVar[int]
    NEEDED_S_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    took_ms: int
    needed_s: int
    findings: _containers.RepeatedCompositeFieldContainer[PowerFinding]
    def __init__(self, took_ms: _Optional[int] = ..., needed_s: _Optional[int] = ..., findings: _Optional[_Iterable[_Union[PowerFinding, _Mapping]]] = ...) -> None: ...

class Drill(_message.Message):
    __slots__ = ("end_time", "took_ms", "needed_s", "lacks")
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    TOOK_MS_FIELD_NUMBER: _ClassVar[int]
    NEEDED_S_FIELD_NUMBER: _ClassVar[int]
    LACKS_FIELD_NUMBER: _ClassVar[int]
    end_time: _timestamp_pb2.Timestamp
    took_ms: int
    needed_s: int
    lacks: _containers.RepeatedCompositeFieldContainer[DrillLack]
    def __init__(self, end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., took_ms: _Optional[int] = ..., needed_s: _Optional[int] = ..., lacks: _Optional[_Iterable[_Union[DrillLack, _Mapping]]] = ...) -> None: ...

class DrillLack(_message.Message):
    __slots__ = ("code", "ups")
    CODE_FIELD_NUMBER: _ClassVar[int]
    UPS_FIELD_NUMBER: _ClassVar[int]
    code: str
    ups: str
    def __init__(self, code: _Optional[str] = ..., ups: _Optional[str] = ...) -> None: ...

class ListDrillsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListDrillsResponse(_message.Message):
    __slots__ = ("drills",)
    DRILLS_FIELD_NUMBER: _ClassVar[int]
    drills: _containers.RepeatedCompositeFieldContainer[Drill]
    def __init__(self, drills: _Optional[_Iterable[_Union[Drill, _Mapping]]] = ...) -> None: ...

class PrepareForPowerLossRequest(_message.Message):
    __slots__ = ("request_id", "deadline_s")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_S_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    deadline_s: int
    def __init__(self, request_id: _Optional[str] = ..., deadline_s: _Optional[int] = ...) -> None: ...

class PrepareForPowerLossResponse(_message.Message):
    __slots__ = ("progress", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: _types_pb2.Progress
    result: SettleResult
    def __init__(self, progress: _Optional[_Union[_types_pb2.Progress, _Mapping]] = ..., result: _Optional[_Union[SettleResult, _Mapping]] = ...) -> None: ...

class SettleResult(_message.Message):
    __slots__ = ("suspended_sale_ids", "open_sale_ids", "open_drawers", "jobs_left", "is_stored", "took_ms")
    SUSPENDED_SALE_IDS_FIELD_NUMBER: _ClassVar[int]
    OPEN_SALE_IDS_FIELD_NUMBER: _ClassVar[int]
    OPEN_DRAWERS_FIELD_NUMBER: _ClassVar[int]
    JOBS_LEFT_FIELD_NUMBER: _ClassVar[int]
    IS_STORED_FIELD_NUMBER: _ClassVar[int]
    TOOK_MS_FIELD_NUMBER: _ClassVar[int]
    suspended_sale_ids: _containers.RepeatedScalarFieldContainer[str]
    open_sale_ids: _containers.RepeatedScalarFieldContainer[str]
    open_drawers: _containers.RepeatedScalarFieldContainer[str]
    jobs_left: int
    is_stored: bool
    took_ms: int
    def __init__(self, suspended_sale_ids: _Optional[_Iterable[str]] = ..., open_sale_ids: _Optional[_Iterable[str]] = ..., open_drawers: _Optional[_Iterable[str]] = ..., jobs_left: _Optional[int] = ..., is_stored: bool = ..., took_ms: _Optional[int] = ...) -> None: ...

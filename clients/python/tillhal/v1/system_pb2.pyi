from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tillhal.v1 import device_pb2 as _device_pb2
from tillhal.v1 import drawer_pb2 as _drawer_pb2
from tillhal.v1 import journal_pb2 as _journal_pb2
from tillhal.v1 import checkout_pb2 as _checkout_pb2
from tillhal.v1 import power_pb2 as _power_pb2
from tillhal.v1 import printer_pb2 as _printer_pb2
from tillhal.v1 import shift_pb2 as _shift_pb2
from tillhal.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODE_UNSPECIFIED: _ClassVar[Mode]
    MODE_STORAGE_DEGRADED: _ClassVar[Mode]
    MODE_PRINTER_DOWN: _ClassVar[Mode]
    MODE_CLOCK_SUSPECT: _ClassVar[Mode]
    MODE_RECOVERY_PENDING: _ClassVar[Mode]
    MODE_SHUTTING_DOWN: _ClassVar[Mode]
    MODE_ON_BATTERY: _ClassVar[Mode]
    MODE_BATTERY_LOW: _ClassVar[Mode]
    MODE_UPS_LOST: _ClassVar[Mode]
    MODE_DAY_OVERDUE: _ClassVar[Mode]
    MODE_TRAINING: _ClassVar[Mode]

class ChainCheck(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHAIN_CHECK_UNSPECIFIED: _ClassVar[ChainCheck]
    CHAIN_CHECK_RUNNING: _ClassVar[ChainCheck]
    CHAIN_CHECK_SOUND: _ClassVar[ChainCheck]
    CHAIN_CHECK_FAULTY: _ClassVar[ChainCheck]
    CHAIN_CHECK_FAILED: _ClassVar[ChainCheck]

class StorageFault(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STORAGE_FAULT_UNSPECIFIED: _ClassVar[StorageFault]
    STORAGE_FAULT_DISK_FULL: _ClassVar[StorageFault]
    STORAGE_FAULT_WRITE_FAILED: _ClassVar[StorageFault]
    STORAGE_FAULT_READ_ONLY: _ClassVar[StorageFault]
    STORAGE_FAULT_DAMAGED: _ClassVar[StorageFault]

class StorageStage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STORAGE_STAGE_UNSPECIFIED: _ClassVar[StorageStage]
    STORAGE_STAGE_CHECKING: _ClassVar[StorageStage]
    STORAGE_STAGE_MERGING: _ClassVar[StorageStage]
    STORAGE_STAGE_WAITING: _ClassVar[StorageStage]
    STORAGE_STAGE_NO_ROOM: _ClassVar[StorageStage]
    STORAGE_STAGE_FAILED: _ClassVar[StorageStage]
    STORAGE_STAGE_REPLACED: _ClassVar[StorageStage]

class Advice(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ADVICE_UNSPECIFIED: _ClassVar[Advice]
    ADVICE_CURRENT: _ClassVar[Advice]
    ADVICE_UPGRADE_BY: _ClassVar[Advice]
    ADVICE_UPGRADE_NOW: _ClassVar[Advice]
    ADVICE_TOO_OLD: _ClassVar[Advice]
MODE_UNSPECIFIED: Mode
MODE_STORAGE_DEGRADED: Mode
MODE_PRINTER_DOWN: Mode
MODE_CLOCK_SUSPECT: Mode
MODE_RECOVERY_PENDING: Mode
MODE_SHUTTING_DOWN: Mode
MODE_ON_BATTERY: Mode
MODE_BATTERY_LOW: Mode
MODE_UPS_LOST: Mode
MODE_DAY_OVERDUE: Mode
MODE_TRAINING: Mode
CHAIN_CHECK_UNSPECIFIED: ChainCheck
CHAIN_CHECK_RUNNING: ChainCheck
CHAIN_CHECK_SOUND: ChainCheck
CHAIN_CHECK_FAULTY: ChainCheck
CHAIN_CHECK_FAILED: ChainCheck
STORAGE_FAULT_UNSPECIFIED: StorageFault
STORAGE_FAULT_DISK_FULL: StorageFault
STORAGE_FAULT_WRITE_FAILED: StorageFault
STORAGE_FAULT_READ_ONLY: StorageFault
STORAGE_FAULT_DAMAGED: StorageFault
STORAGE_STAGE_UNSPECIFIED: StorageStage
STORAGE_STAGE_CHECKING: StorageStage
STORAGE_STAGE_MERGING: StorageStage
STORAGE_STAGE_WAITING: StorageStage
STORAGE_STAGE_NO_ROOM: StorageStage
STORAGE_STAGE_FAILED: StorageStage
STORAGE_STAGE_REPLACED: StorageStage
ADVICE_UNSPECIFIED: Advice
ADVICE_CURRENT: Advice
ADVICE_UPGRADE_BY: Advice
ADVICE_UPGRADE_NOW: Advice
ADVICE_TOO_OLD: Advice

class RecoveryReport(_message.Message):
    __slots__ = ("last_seq", "checkpoint_seq", "tail_records", "clean_shutdown", "interrupted_sale_ids", "pending_tender_sale_ids", "unconfirmed_job_ids", "unknown_kick_ids", "clock_suspect", "boot_ms", "spilled_records", "segment", "gone", "findings", "unresolved_job_ids")
    LAST_SEQ_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_SEQ_FIELD_NUMBER: _ClassVar[int]
    TAIL_RECORDS_FIELD_NUMBER: _ClassVar[int]
    CLEAN_SHUTDOWN_FIELD_NUMBER: _ClassVar[int]
    INTERRUPTED_SALE_IDS_FIELD_NUMBER: _ClassVar[int]
    PENDING_TENDER_SALE_IDS_FIELD_NUMBER: _ClassVar[int]
    UNCONFIRMED_JOB_IDS_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_KICK_IDS_FIELD_NUMBER: _ClassVar[int]
    CLOCK_SUSPECT_FIELD_NUMBER: _ClassVar[int]
    BOOT_MS_FIELD_NUMBER: _ClassVar[int]
    SPILLED_RECORDS_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    GONE_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    UNRESOLVED_JOB_IDS_FIELD_NUMBER: _ClassVar[int]
    last_seq: int
    checkpoint_seq: int
    tail_records: int
    clean_shutdown: bool
    interrupted_sale_ids: _containers.RepeatedScalarFieldContainer[str]
    pending_tender_sale_ids: _containers.RepeatedScalarFieldContainer[str]
    unconfirmed_job_ids: _containers.RepeatedScalarFieldContainer[str]
    unknown_kick_ids: _containers.RepeatedScalarFieldContainer[str]
    clock_suspect: bool
    boot_ms: int
    spilled_records: int
    segment: int
    gone: _containers.RepeatedCompositeFieldContainer[_types_pb2.Gap]
    findings: _containers.RepeatedScalarFieldContainer[str]
    unresolved_job_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, last_seq: _Optional[int] = ..., checkpoint_seq: _Optional[int] = ..., tail_records: _Optional[int] = ..., clean_shutdown: bool = ..., interrupted_sale_ids: _Optional[_Iterable[str]] = ..., pending_tender_sale_ids: _Optional[_Iterable[str]] = ..., unconfirmed_job_ids: _Optional[_Iterable[str]] = ..., unknown_kick_ids: _Optional[_Iterable[str]] = ..., clock_suspect: bool = ..., boot_ms: _Optional[int] = ..., spilled_records: _Optional[int] = ..., segment: _Optional[int] = ..., gone: _Optional[_Iterable[_Union[_types_pb2.Gap, _Mapping]]] = ..., findings: _Optional[_Iterable[str]] = ..., unresolved_job_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class StorageStatus(_message.Message):
    __slots__ = ("durability", "fault", "stage", "message", "advice", "since_time", "spilled_records", "spill_used_bytes", "spill_bytes", "segment", "reserve_only")
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    SPILLED_RECORDS_FIELD_NUMBER: _ClassVar[int]
    SPILL_USED_BYTES_FIELD_NUMBER: _ClassVar[int]
    SPILL_BYTES_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    RESERVE_ONLY_FIELD_NUMBER: _ClassVar[int]
    durability: _types_pb2.Durability
    fault: StorageFault
    stage: StorageStage
    message: str
    advice: str
    since_time: _timestamp_pb2.Timestamp
    spilled_records: int
    spill_used_bytes: int
    spill_bytes: int
    segment: int
    reserve_only: bool
    def __init__(self, durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., fault: _Optional[_Union[StorageFault, str]] = ..., stage: _Optional[_Union[StorageStage, str]] = ..., message: _Optional[str] = ..., advice: _Optional[str] = ..., since_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., spilled_records: _Optional[int] = ..., spill_used_bytes: _Optional[int] = ..., spill_bytes: _Optional[int] = ..., segment: _Optional[int] = ..., reserve_only: bool = ...) -> None: ...

class GetStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UpgradeAdvice(_message.Message):
    __slots__ = ("front_end", "client", "advice", "minimum_version", "upgrade_by")
    FRONT_END_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_VERSION_FIELD_NUMBER: _ClassVar[int]
    UPGRADE_BY_FIELD_NUMBER: _ClassVar[int]
    front_end: str
    client: str
    advice: Advice
    minimum_version: str
    upgrade_by: str
    def __init__(self, front_end: _Optional[str] = ..., client: _Optional[str] = ..., advice: _Optional[_Union[Advice, str]] = ..., minimum_version: _Optional[str] = ..., upgrade_by: _Optional[str] = ...) -> None: ...

class GetStatusResponse(_message.Message):
    __slots__ = ("store_id", "workstation_id", "version", "api_version", "modes", "durability", "head_seq", "recovery", "chain_check", "shift_id", "business_day", "live_sales", "start_time", "currency_code", "simulated", "storage", "unresolved_jobs", "power", "day", "shift_state", "shift_operator", "home", "upgrade_advice", "outdated")
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    WORKSTATION_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    API_VERSION_FIELD_NUMBER: _ClassVar[int]
    MODES_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    HEAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    RECOVERY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_CHECK_FIELD_NUMBER: _ClassVar[int]
    SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DAY_FIELD_NUMBER: _ClassVar[int]
    LIVE_SALES_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_FIELD_NUMBER: _ClassVar[int]
    STORAGE_FIELD_NUMBER: _ClassVar[int]
    UNRESOLVED_JOBS_FIELD_NUMBER: _ClassVar[int]
    POWER_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    SHIFT_STATE_FIELD_NUMBER: _ClassVar[int]
    SHIFT_OPERATOR_FIELD_NUMBER: _ClassVar[int]
    HOME_FIELD_NUMBER: _ClassVar[int]
    UPGRADE_ADVICE_FIELD_NUMBER: _ClassVar[int]
    OUTDATED_FIELD_NUMBER: _ClassVar[int]
    store_id: str
    workstation_id: str
    version: str
    api_version: str
    modes: _containers.RepeatedScalarFieldContainer[Mode]
    durability: _types_pb2.Durability
    head_seq: int
    recovery: RecoveryReport
    chain_check: ChainCheck
    shift_id: str
    business_day: str
    live_sales: int
    start_time: _timestamp_pb2.Timestamp
    currency_code: str
    simulated: bool
    storage: StorageStatus
    unresolved_jobs: int
    power: _power_pb2.PowerStatus
    day: _shift_pb2.Day
    shift_state: _shift_pb2.ShiftState
    shift_operator: str
    home: HomeStatus
    upgrade_advice: UpgradeAdvice
    outdated: _containers.RepeatedCompositeFieldContainer[UpgradeAdvice]
    def __init__(self, store_id: _Optional[str] = ..., workstation_id: _Optional[str] = ..., version: _Optional[str] = ..., api_version: _Optional[str] = ..., modes: _Optional[_Iterable[_Union[Mode, str]]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., head_seq: _Optional[int] = ..., recovery: _Optional[_Union[RecoveryReport, _Mapping]] = ..., chain_check: _Optional[_Union[ChainCheck, str]] = ..., shift_id: _Optional[str] = ..., business_day: _Optional[str] = ..., live_sales: _Optional[int] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., currency_code: _Optional[str] = ..., simulated: bool = ..., storage: _Optional[_Union[StorageStatus, _Mapping]] = ..., unresolved_jobs: _Optional[int] = ..., power: _Optional[_Union[_power_pb2.PowerStatus, _Mapping]] = ..., day: _Optional[_Union[_shift_pb2.Day, _Mapping]] = ..., shift_state: _Optional[_Union[_shift_pb2.ShiftState, str]] = ..., shift_operator: _Optional[str] = ..., home: _Optional[_Union[HomeStatus, _Mapping]] = ..., upgrade_advice: _Optional[_Union[UpgradeAdvice, _Mapping]] = ..., outdated: _Optional[_Iterable[_Union[UpgradeAdvice, _Mapping]]] = ...) -> None: ...

class Pair(_message.Message):
    __slots__ = ("slot", "generation")
    SLOT_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    slot: str
    generation: str
    def __init__(self, slot: _Optional[str] = ..., generation: _Optional[str] = ...) -> None: ...

class HomeStatus(_message.Message):
    __slots__ = ("running", "previous", "next", "last_switch")
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    LAST_SWITCH_FIELD_NUMBER: _ClassVar[int]
    running: Pair
    previous: Pair
    next: Pair
    last_switch: SwitchOutcome
    def __init__(self, running: _Optional[_Union[Pair, _Mapping]] = ..., previous: _Optional[_Union[Pair, _Mapping]] = ..., next: _Optional[_Union[Pair, _Mapping]] = ..., last_switch: _Optional[_Union[SwitchOutcome, _Mapping]] = ...) -> None: ...

class SwitchOutcome(_message.Message):
    __slots__ = ("work_id", "kind", "request_id", "stayed", "why", "from_pair", "to_pair", "version", "time")
    WORK_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    STAYED_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    FROM_PAIR_FIELD_NUMBER: _ClassVar[int]
    TO_PAIR_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    work_id: str
    kind: str
    request_id: str
    stayed: bool
    why: str
    from_pair: Pair
    to_pair: Pair
    version: str
    time: _timestamp_pb2.Timestamp
    def __init__(self, work_id: _Optional[str] = ..., kind: _Optional[str] = ..., request_id: _Optional[str] = ..., stayed: bool = ..., why: _Optional[str] = ..., from_pair: _Optional[_Union[Pair, _Mapping]] = ..., to_pair: _Optional[_Union[Pair, _Mapping]] = ..., version: _Optional[str] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WatchEventsRequest(_message.Message):
    __slots__ = ("cursor", "from_now")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    FROM_NOW_FIELD_NUMBER: _ClassVar[int]
    cursor: int
    from_now: bool
    def __init__(self, cursor: _Optional[int] = ..., from_now: bool = ...) -> None: ...

class GetDiagnosticsRequest(_message.Message):
    __slots__ = ("check_journal",)
    CHECK_JOURNAL_FIELD_NUMBER: _ClassVar[int]
    check_journal: bool
    def __init__(self, check_journal: bool = ...) -> None: ...

class DiagnosticsResult(_message.Message):
    __slots__ = ("file_name", "size_bytes", "sha256", "left_out")
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    file_name: str
    size_bytes: int
    sha256: bytes
    left_out: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, file_name: _Optional[str] = ..., size_bytes: _Optional[int] = ..., sha256: _Optional[bytes] = ..., left_out: _Optional[_Iterable[str]] = ...) -> None: ...

class GetDiagnosticsResponse(_message.Message):
    __slots__ = ("progress", "data", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: _types_pb2.Progress
    data: bytes
    result: DiagnosticsResult
    def __init__(self, progress: _Optional[_Union[_types_pb2.Progress, _Mapping]] = ..., data: _Optional[bytes] = ..., result: _Optional[_Union[DiagnosticsResult, _Mapping]] = ...) -> None: ...

class SaleChanged(_message.Message):
    __slots__ = ("sale",)
    SALE_FIELD_NUMBER: _ClassVar[int]
    sale: _checkout_pb2.SaleSummary
    def __init__(self, sale: _Optional[_Union[_checkout_pb2.SaleSummary, _Mapping]] = ...) -> None: ...

class ServerDraining(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StorageChanged(_message.Message):
    __slots__ = ("storage",)
    STORAGE_FIELD_NUMBER: _ClassVar[int]
    storage: StorageStatus
    def __init__(self, storage: _Optional[_Union[StorageStatus, _Mapping]] = ...) -> None: ...

class WatchEventsResponse(_message.Message):
    __slots__ = ("cursor", "time", "sale_changed", "job_changed", "kick_changed", "device", "started", "gap", "draining", "caught_up", "storage", "power", "outage")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    SALE_CHANGED_FIELD_NUMBER: _ClassVar[int]
    JOB_CHANGED_FIELD_NUMBER: _ClassVar[int]
    KICK_CHANGED_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    STARTED_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    CAUGHT_UP_FIELD_NUMBER: _ClassVar[int]
    STORAGE_FIELD_NUMBER: _ClassVar[int]
    POWER_FIELD_NUMBER: _ClassVar[int]
    OUTAGE_FIELD_NUMBER: _ClassVar[int]
    cursor: int
    time: _timestamp_pb2.Timestamp
    sale_changed: SaleChanged
    job_changed: _printer_pb2.Job
    kick_changed: _drawer_pb2.Kick
    device: _device_pb2.DeviceEvent
    started: RecoveryReport
    gap: _types_pb2.Gap
    draining: ServerDraining
    caught_up: _journal_pb2.CaughtUp
    storage: StorageChanged
    power: _power_pb2.PowerStatus
    outage: _power_pb2.Outage
    def __init__(self, cursor: _Optional[int] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., sale_changed: _Optional[_Union[SaleChanged, _Mapping]] = ..., job_changed: _Optional[_Union[_printer_pb2.Job, _Mapping]] = ..., kick_changed: _Optional[_Union[_drawer_pb2.Kick, _Mapping]] = ..., device: _Optional[_Union[_device_pb2.DeviceEvent, _Mapping]] = ..., started: _Optional[_Union[RecoveryReport, _Mapping]] = ..., gap: _Optional[_Union[_types_pb2.Gap, _Mapping]] = ..., draining: _Optional[_Union[ServerDraining, _Mapping]] = ..., caught_up: _Optional[_Union[_journal_pb2.CaughtUp, _Mapping]] = ..., storage: _Optional[_Union[StorageChanged, _Mapping]] = ..., power: _Optional[_Union[_power_pb2.PowerStatus, _Mapping]] = ..., outage: _Optional[_Union[_power_pb2.Outage, _Mapping]] = ...) -> None: ...

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tillhal.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BackupKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BACKUP_KIND_UNSPECIFIED: _ClassVar[BackupKind]
    BACKUP_KIND_FULL: _ClassVar[BackupKind]
    BACKUP_KIND_INCREMENT: _ClassVar[BackupKind]

class DataRelation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DATA_RELATION_UNSPECIFIED: _ClassVar[DataRelation]
    DATA_RELATION_SAME: _ClassVar[DataRelation]
    DATA_RELATION_GOES_ON: _ClassVar[DataRelation]
    DATA_RELATION_ENDS_EARLIER: _ClassVar[DataRelation]
    DATA_RELATION_FORK: _ClassVar[DataRelation]
    DATA_RELATION_STRANGERS: _ClassVar[DataRelation]

class DataChangeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DATA_CHANGE_KIND_UNSPECIFIED: _ClassVar[DataChangeKind]
    DATA_CHANGE_KIND_RESTORE: _ClassVar[DataChangeKind]
    DATA_CHANGE_KIND_CLEAN: _ClassVar[DataChangeKind]

class DataOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DATA_OUTCOME_UNSPECIFIED: _ClassVar[DataOutcome]
    DATA_OUTCOME_COMMITTED: _ClassVar[DataOutcome]
    DATA_OUTCOME_TAKEN_BACK: _ClassVar[DataOutcome]
BACKUP_KIND_UNSPECIFIED: BackupKind
BACKUP_KIND_FULL: BackupKind
BACKUP_KIND_INCREMENT: BackupKind
DATA_RELATION_UNSPECIFIED: DataRelation
DATA_RELATION_SAME: DataRelation
DATA_RELATION_GOES_ON: DataRelation
DATA_RELATION_ENDS_EARLIER: DataRelation
DATA_RELATION_FORK: DataRelation
DATA_RELATION_STRANGERS: DataRelation
DATA_CHANGE_KIND_UNSPECIFIED: DataChangeKind
DATA_CHANGE_KIND_RESTORE: DataChangeKind
DATA_CHANGE_KIND_CLEAN: DataChangeKind
DATA_OUTCOME_UNSPECIFIED: DataOutcome
DATA_OUTCOME_COMMITTED: DataOutcome
DATA_OUTCOME_TAKEN_BACK: DataOutcome

class DataTotals(_message.Message):
    __slots__ = ("receipts", "sales", "sales_minor", "returns", "returns_minor", "voids", "voids_minor", "days", "shifts", "live_sales", "suspended_sales", "cash_minor")
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    SALES_FIELD_NUMBER: _ClassVar[int]
    SALES_MINOR_FIELD_NUMBER: _ClassVar[int]
    RETURNS_FIELD_NUMBER: _ClassVar[int]
    RETURNS_MINOR_FIELD_NUMBER: _ClassVar[int]
    VOIDS_FIELD_NUMBER: _ClassVar[int]
    VOIDS_MINOR_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    SHIFTS_FIELD_NUMBER: _ClassVar[int]
    LIVE_SALES_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_SALES_FIELD_NUMBER: _ClassVar[int]
    CASH_MINOR_FIELD_NUMBER: _ClassVar[int]
    receipts: int
    sales: int
    sales_minor: int
    returns: int
    returns_minor: int
    voids: int
    voids_minor: int
    days: int
    shifts: int
    live_sales: int
    suspended_sales: int
    cash_minor: int
    def __init__(self, receipts: _Optional[int] = ..., sales: _Optional[int] = ..., sales_minor: _Optional[int] = ..., returns: _Optional[int] = ..., returns_minor: _Optional[int] = ..., voids: _Optional[int] = ..., voids_minor: _Optional[int] = ..., days: _Optional[int] = ..., shifts: _Optional[int] = ..., live_sales: _Optional[int] = ..., suspended_sales: _Optional[int] = ..., cash_minor: _Optional[int] = ...) -> None: ...

class Backup(_message.Message):
    __slots__ = ("backup_id", "kind", "file_name", "follows", "make_time", "first_seq", "last_seq", "head_hash", "size_bytes", "business_day", "store_id", "workstation_id", "signer", "complete", "sha256", "totals")
    BACKUP_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    FOLLOWS_FIELD_NUMBER: _ClassVar[int]
    MAKE_TIME_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQ_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQ_FIELD_NUMBER: _ClassVar[int]
    HEAD_HASH_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DAY_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    WORKSTATION_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNER_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    backup_id: str
    kind: BackupKind
    file_name: str
    follows: str
    make_time: _timestamp_pb2.Timestamp
    first_seq: int
    last_seq: int
    head_hash: bytes
    size_bytes: int
    business_day: str
    store_id: str
    workstation_id: str
    signer: bytes
    complete: bool
    sha256: bytes
    totals: DataTotals
    def __init__(self, backup_id: _Optional[str] = ..., kind: _Optional[_Union[BackupKind, str]] = ..., file_name: _Optional[str] = ..., follows: _Optional[str] = ..., make_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., first_seq: _Optional[int] = ..., last_seq: _Optional[int] = ..., head_hash: _Optional[bytes] = ..., size_bytes: _Optional[int] = ..., business_day: _Optional[str] = ..., store_id: _Optional[str] = ..., workstation_id: _Optional[str] = ..., signer: _Optional[bytes] = ..., complete: bool = ..., sha256: _Optional[bytes] = ..., totals: _Optional[_Union[DataTotals, _Mapping]] = ...) -> None: ...

class CreateBackupRequest(_message.Message):
    __slots__ = ("request_id", "kind")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    kind: BackupKind
    def __init__(self, request_id: _Optional[str] = ..., kind: _Optional[_Union[BackupKind, str]] = ...) -> None: ...

class BackupResult(_message.Message):
    __slots__ = ("backup", "took_ms", "replayed")
    BACKUP_FIELD_NUMBER: _ClassVar[int]
    TOOK_MS_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    backup: Backup
    took_ms: int
    replayed: bool
    def __init__(self, backup: _Optional[_Union[Backup, _Mapping]] = ..., took_ms: _Optional[int] = ..., replayed: bool = ...) -> None: ...

class CreateBackupResponse(_message.Message):
    __slots__ = ("progress", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: _types_pb2.Progress
    result: BackupResult
    def __init__(self, progress: _Optional[_Union[_types_pb2.Progress, _Mapping]] = ..., result: _Optional[_Union[BackupResult, _Mapping]] = ...) -> None: ...

class ListBackupsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListBackupsResponse(_message.Message):
    __slots__ = ("backups", "folder", "free_bytes")
    BACKUPS_FIELD_NUMBER: _ClassVar[int]
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    FREE_BYTES_FIELD_NUMBER: _ClassVar[int]
    backups: _containers.RepeatedCompositeFieldContainer[Backup]
    folder: str
    free_bytes: int
    def __init__(self, backups: _Optional[_Iterable[_Union[Backup, _Mapping]]] = ..., folder: _Optional[str] = ..., free_bytes: _Optional[int] = ...) -> None: ...

class CheckBackupRequest(_message.Message):
    __slots__ = ("file_name", "identity")
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    file_name: str
    identity: str
    def __init__(self, file_name: _Optional[str] = ..., identity: _Optional[str] = ...) -> None: ...

class BackupCheckResult(_message.Message):
    __slots__ = ("backup", "opened", "signed_here", "files")
    BACKUP_FIELD_NUMBER: _ClassVar[int]
    OPENED_FIELD_NUMBER: _ClassVar[int]
    SIGNED_HERE_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    backup: Backup
    opened: bool
    signed_here: bool
    files: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, backup: _Optional[_Union[Backup, _Mapping]] = ..., opened: bool = ..., signed_here: bool = ..., files: _Optional[_Iterable[str]] = ...) -> None: ...

class CheckBackupResponse(_message.Message):
    __slots__ = ("progress", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: _types_pb2.Progress
    result: BackupCheckResult
    def __init__(self, progress: _Optional[_Union[_types_pb2.Progress, _Mapping]] = ..., result: _Optional[_Union[BackupCheckResult, _Mapping]] = ...) -> None: ...

class RunRestoreDrillRequest(_message.Message):
    __slots__ = ("request_id", "identity")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    identity: str
    def __init__(self, request_id: _Optional[str] = ..., identity: _Optional[str] = ...) -> None: ...

class RestoreDrillResult(_message.Message):
    __slots__ = ("file_names", "last_seq", "totals", "took_ms")
    FILE_NAMES_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQ_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    TOOK_MS_FIELD_NUMBER: _ClassVar[int]
    file_names: _containers.RepeatedScalarFieldContainer[str]
    last_seq: int
    totals: DataTotals
    took_ms: int
    def __init__(self, file_names: _Optional[_Iterable[str]] = ..., last_seq: _Optional[int] = ..., totals: _Optional[_Union[DataTotals, _Mapping]] = ..., took_ms: _Optional[int] = ...) -> None: ...

class RunRestoreDrillResponse(_message.Message):
    __slots__ = ("progress", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: _types_pb2.Progress
    result: RestoreDrillResult
    def __init__(self, progress: _Optional[_Union[_types_pb2.Progress, _Mapping]] = ..., result: _Optional[_Union[RestoreDrillResult, _Mapping]] = ...) -> None: ...

class GetDataStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetDataStatusResponse(_message.Message):
    __slots__ = ("store_id", "workstation_id", "incarnation", "chain_id", "create_time", "head_seq", "used_bytes", "totals", "folder", "folder_trouble", "folder_free_bytes", "recipients", "signer", "last_backup", "records_since", "receipts_since", "drill_time", "drill_seq", "failing", "failing_since", "busy_with", "live_time", "last_change", "copies_to", "copied_seq", "copied_time", "copies_trouble")
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    WORKSTATION_ID_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    HEAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    USED_BYTES_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    FOLDER_TROUBLE_FIELD_NUMBER: _ClassVar[int]
    FOLDER_FREE_BYTES_FIELD_NUMBER: _ClassVar[int]
    RECIPIENTS_FIELD_NUMBER: _ClassVar[int]
    SIGNER_FIELD_NUMBER: _ClassVar[int]
    LAST_BACKUP_FIELD_NUMBER: _ClassVar[int]
    RECORDS_SINCE_FIELD_NUMBER: _ClassVar[int]
    RECEIPTS_SINCE_FIELD_NUMBER: _ClassVar[int]
    DRILL_TIME_FIELD_NUMBER: _ClassVar[int]
    DRILL_SEQ_FIELD_NUMBER: _ClassVar[int]
    FAILING_FIELD_NUMBER: _ClassVar[int]
    FAILING_SINCE_FIELD_NUMBER: _ClassVar[int]
    BUSY_WITH_FIELD_NUMBER: _ClassVar[int]
    LIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_CHANGE_FIELD_NUMBER: _ClassVar[int]
    COPIES_TO_FIELD_NUMBER: _ClassVar[int]
    COPIED_SEQ_FIELD_NUMBER: _ClassVar[int]
    COPIED_TIME_FIELD_NUMBER: _ClassVar[int]
    COPIES_TROUBLE_FIELD_NUMBER: _ClassVar[int]
    store_id: str
    workstation_id: str
    incarnation: int
    chain_id: bytes
    create_time: _timestamp_pb2.Timestamp
    head_seq: int
    used_bytes: int
    totals: DataTotals
    folder: str
    folder_trouble: str
    folder_free_bytes: int
    recipients: _containers.RepeatedScalarFieldContainer[str]
    signer: bytes
    last_backup: Backup
    records_since: int
    receipts_since: int
    drill_time: _timestamp_pb2.Timestamp
    drill_seq: int
    failing: str
    failing_since: _timestamp_pb2.Timestamp
    busy_with: str
    live_time: _timestamp_pb2.Timestamp
    last_change: DataChange
    copies_to: str
    copied_seq: int
    copied_time: _timestamp_pb2.Timestamp
    copies_trouble: str
    def __init__(self, store_id: _Optional[str] = ..., workstation_id: _Optional[str] = ..., incarnation: _Optional[int] = ..., chain_id: _Optional[bytes] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., head_seq: _Optional[int] = ..., used_bytes: _Optional[int] = ..., totals: _Optional[_Union[DataTotals, _Mapping]] = ..., folder: _Optional[str] = ..., folder_trouble: _Optional[str] = ..., folder_free_bytes: _Optional[int] = ..., recipients: _Optional[_Iterable[str]] = ..., signer: _Optional[bytes] = ..., last_backup: _Optional[_Union[Backup, _Mapping]] = ..., records_since: _Optional[int] = ..., receipts_since: _Optional[int] = ..., drill_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., drill_seq: _Optional[int] = ..., failing: _Optional[str] = ..., failing_since: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., busy_with: _Optional[str] = ..., live_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., last_change: _Optional[_Union[DataChange, _Mapping]] = ..., copies_to: _Optional[str] = ..., copied_seq: _Optional[int] = ..., copied_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., copies_trouble: _Optional[str] = ...) -> None: ...

class NamedSale(_message.Message):
    __slots__ = ("receipt_number", "time", "payable_minor", "sale_id")
    RECEIPT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    PAYABLE_MINOR_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    receipt_number: int
    time: _timestamp_pb2.Timestamp
    payable_minor: int
    sale_id: str
    def __init__(self, receipt_number: _Optional[int] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., payable_minor: _Optional[int] = ..., sale_id: _Optional[str] = ...) -> None: ...

class DataSurplus(_message.Message):
    __slots__ = ("records", "first_seq", "last_seq", "last_time", "first_receipt", "last_receipt", "sales", "sales_minor", "returns", "returns_minor", "voids", "voids_minor", "cash_minor", "shifts", "days", "zs", "live_sales", "suspended_sales", "movements", "movements_minor", "jobs", "access", "slips", "named", "business")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQ_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQ_FIELD_NUMBER: _ClassVar[int]
    LAST_TIME_FIELD_NUMBER: _ClassVar[int]
    FIRST_RECEIPT_FIELD_NUMBER: _ClassVar[int]
    LAST_RECEIPT_FIELD_NUMBER: _ClassVar[int]
    SALES_FIELD_NUMBER: _ClassVar[int]
    SALES_MINOR_FIELD_NUMBER: _ClassVar[int]
    RETURNS_FIELD_NUMBER: _ClassVar[int]
    RETURNS_MINOR_FIELD_NUMBER: _ClassVar[int]
    VOIDS_FIELD_NUMBER: _ClassVar[int]
    VOIDS_MINOR_FIELD_NUMBER: _ClassVar[int]
    CASH_MINOR_FIELD_NUMBER: _ClassVar[int]
    SHIFTS_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    ZS_FIELD_NUMBER: _ClassVar[int]
    LIVE_SALES_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_SALES_FIELD_NUMBER: _ClassVar[int]
    MOVEMENTS_FIELD_NUMBER: _ClassVar[int]
    MOVEMENTS_MINOR_FIELD_NUMBER: _ClassVar[int]
    JOBS_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    SLIPS_FIELD_NUMBER: _ClassVar[int]
    NAMED_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_FIELD_NUMBER: _ClassVar[int]
    records: int
    first_seq: int
    last_seq: int
    last_time: _timestamp_pb2.Timestamp
    first_receipt: int
    last_receipt: int
    sales: int
    sales_minor: int
    returns: int
    returns_minor: int
    voids: int
    voids_minor: int
    cash_minor: int
    shifts: int
    days: int
    zs: int
    live_sales: int
    suspended_sales: int
    movements: int
    movements_minor: int
    jobs: int
    access: int
    slips: int
    named: _containers.RepeatedCompositeFieldContainer[NamedSale]
    business: bool
    def __init__(self, records: _Optional[int] = ..., first_seq: _Optional[int] = ..., last_seq: _Optional[int] = ..., last_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., first_receipt: _Optional[int] = ..., last_receipt: _Optional[int] = ..., sales: _Optional[int] = ..., sales_minor: _Optional[int] = ..., returns: _Optional[int] = ..., returns_minor: _Optional[int] = ..., voids: _Optional[int] = ..., voids_minor: _Optional[int] = ..., cash_minor: _Optional[int] = ..., shifts: _Optional[int] = ..., days: _Optional[int] = ..., zs: _Optional[int] = ..., live_sales: _Optional[int] = ..., suspended_sales: _Optional[int] = ..., movements: _Optional[int] = ..., movements_minor: _Optional[int] = ..., jobs: _Optional[int] = ..., access: _Optional[int] = ..., slips: _Optional[int] = ..., named: _Optional[_Iterable[_Union[NamedSale, _Mapping]]] = ..., business: bool = ...) -> None: ...

class PlanRestoreRequest(_message.Message):
    __slots__ = ("path", "identity", "last_receipt")
    PATH_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    LAST_RECEIPT_FIELD_NUMBER: _ClassVar[int]
    path: str
    identity: str
    last_receipt: int
    def __init__(self, path: _Optional[str] = ..., identity: _Optional[str] = ..., last_receipt: _Optional[int] = ...) -> None: ...

class RestorePlan(_message.Message):
    __slots__ = ("plan_id", "expire_time", "backups", "relation", "common_seq", "lost", "gained", "here", "restored", "incarnation", "next_receipt", "loses", "safety", "files", "differences", "signed_here", "unused_here", "not_whole")
    PLAN_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    BACKUPS_FIELD_NUMBER: _ClassVar[int]
    RELATION_FIELD_NUMBER: _ClassVar[int]
    COMMON_SEQ_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    GAINED_FIELD_NUMBER: _ClassVar[int]
    HERE_FIELD_NUMBER: _ClassVar[int]
    RESTORED_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    NEXT_RECEIPT_FIELD_NUMBER: _ClassVar[int]
    LOSES_FIELD_NUMBER: _ClassVar[int]
    SAFETY_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    SIGNED_HERE_FIELD_NUMBER: _ClassVar[int]
    UNUSED_HERE_FIELD_NUMBER: _ClassVar[int]
    NOT_WHOLE_FIELD_NUMBER: _ClassVar[int]
    plan_id: str
    expire_time: _timestamp_pb2.Timestamp
    backups: _containers.RepeatedCompositeFieldContainer[Backup]
    relation: DataRelation
    common_seq: int
    lost: DataSurplus
    gained: DataSurplus
    here: DataTotals
    restored: DataTotals
    incarnation: int
    next_receipt: int
    loses: bool
    safety: str
    files: _containers.RepeatedScalarFieldContainer[str]
    differences: _containers.RepeatedScalarFieldContainer[str]
    signed_here: bool
    unused_here: bool
    not_whole: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, plan_id: _Optional[str] = ..., expire_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., backups: _Optional[_Iterable[_Union[Backup, _Mapping]]] = ..., relation: _Optional[_Union[DataRelation, str]] = ..., common_seq: _Optional[int] = ..., lost: _Optional[_Union[DataSurplus, _Mapping]] = ..., gained: _Optional[_Union[DataSurplus, _Mapping]] = ..., here: _Optional[_Union[DataTotals, _Mapping]] = ..., restored: _Optional[_Union[DataTotals, _Mapping]] = ..., incarnation: _Optional[int] = ..., next_receipt: _Optional[int] = ..., loses: bool = ..., safety: _Optional[str] = ..., files: _Optional[_Iterable[str]] = ..., differences: _Optional[_Iterable[str]] = ..., signed_here: bool = ..., unused_here: bool = ..., not_whole: _Optional[_Iterable[str]] = ...) -> None: ...

class PlanRestoreResponse(_message.Message):
    __slots__ = ("progress", "plan")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    progress: _types_pb2.Progress
    plan: RestorePlan
    def __init__(self, progress: _Optional[_Union[_types_pb2.Progress, _Mapping]] = ..., plan: _Optional[_Union[RestorePlan, _Mapping]] = ...) -> None: ...

class CommitRestoreRequest(_message.Message):
    __slots__ = ("request_id", "plan_id", "accept_loss")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PLAN_ID_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_LOSS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    plan_id: str
    accept_loss: bool
    def __init__(self, request_id: _Optional[str] = ..., plan_id: _Optional[str] = ..., accept_loss: bool = ...) -> None: ...

class DataChange(_message.Message):
    __slots__ = ("work_id", "kind", "outcome", "time", "why", "backup_id", "incarnation", "totals", "lost", "safety")
    WORK_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    BACKUP_ID_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    SAFETY_FIELD_NUMBER: _ClassVar[int]
    work_id: str
    kind: DataChangeKind
    outcome: DataOutcome
    time: _timestamp_pb2.Timestamp
    why: str
    backup_id: str
    incarnation: int
    totals: DataTotals
    lost: DataSurplus
    safety: str
    def __init__(self, work_id: _Optional[str] = ..., kind: _Optional[_Union[DataChangeKind, str]] = ..., outcome: _Optional[_Union[DataOutcome, str]] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., why: _Optional[str] = ..., backup_id: _Optional[str] = ..., incarnation: _Optional[int] = ..., totals: _Optional[_Union[DataTotals, _Mapping]] = ..., lost: _Optional[_Union[DataSurplus, _Mapping]] = ..., safety: _Optional[str] = ...) -> None: ...

class Restarting(_message.Message):
    __slots__ = ("work_id", "safety")
    WORK_ID_FIELD_NUMBER: _ClassVar[int]
    SAFETY_FIELD_NUMBER: _ClassVar[int]
    work_id: str
    safety: str
    def __init__(self, work_id: _Optional[str] = ..., safety: _Optional[str] = ...) -> None: ...

class CommitRestoreResponse(_message.Message):
    __slots__ = ("progress", "restarting", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESTARTING_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: _types_pb2.Progress
    restarting: Restarting
    result: DataChange
    def __init__(self, progress: _Optional[_Union[_types_pb2.Progress, _Mapping]] = ..., restarting: _Optional[_Union[Restarting, _Mapping]] = ..., result: _Optional[_Union[DataChange, _Mapping]] = ...) -> None: ...

class PlanCleanRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PlanCleanResponse(_message.Message):
    __slots__ = ("plan_id", "expire_time", "cleared", "operators", "tokens", "devices", "safety")
    PLAN_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    CLEARED_FIELD_NUMBER: _ClassVar[int]
    OPERATORS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    SAFETY_FIELD_NUMBER: _ClassVar[int]
    plan_id: str
    expire_time: _timestamp_pb2.Timestamp
    cleared: DataTotals
    operators: int
    tokens: int
    devices: int
    safety: str
    def __init__(self, plan_id: _Optional[str] = ..., expire_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., cleared: _Optional[_Union[DataTotals, _Mapping]] = ..., operators: _Optional[int] = ..., tokens: _Optional[int] = ..., devices: _Optional[int] = ..., safety: _Optional[str] = ...) -> None: ...

class CommitCleanRequest(_message.Message):
    __slots__ = ("request_id", "plan_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PLAN_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    plan_id: str
    def __init__(self, request_id: _Optional[str] = ..., plan_id: _Optional[str] = ...) -> None: ...

class CommitCleanResponse(_message.Message):
    __slots__ = ("progress", "restarting", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESTARTING_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: _types_pb2.Progress
    restarting: Restarting
    result: DataChange
    def __init__(self, progress: _Optional[_Union[_types_pb2.Progress, _Mapping]] = ..., restarting: _Optional[_Union[Restarting, _Mapping]] = ..., result: _Optional[_Union[DataChange, _Mapping]] = ...) -> None: ...

class GoLiveRequest(_message.Message):
    __slots__ = ("request_id",)
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    def __init__(self, request_id: _Optional[str] = ...) -> None: ...

class GoLiveResponse(_message.Message):
    __slots__ = ("live_time", "replayed")
    LIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    live_time: _timestamp_pb2.Timestamp
    replayed: bool
    def __init__(self, live_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., replayed: bool = ...) -> None: ...

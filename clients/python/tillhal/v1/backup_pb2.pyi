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
BACKUP_KIND_UNSPECIFIED: BackupKind
BACKUP_KIND_FULL: BackupKind
BACKUP_KIND_INCREMENT: BackupKind

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
    __slots__ = ("store_id", "workstation_id", "incarnation", "chain_id", "create_time", "head_seq", "used_bytes", "totals", "folder", "folder_trouble", "folder_free_bytes", "recipients", "signer", "last_backup", "records_since", "receipts_since", "drill_time", "drill_seq", "failing", "failing_since", "busy_with", "copies_to", "copied_seq", "copied_time", "copies_trouble")
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
    copies_to: str
    copied_seq: int
    copied_time: _timestamp_pb2.Timestamp
    copies_trouble: str
    def __init__(self, store_id: _Optional[str] = ..., workstation_id: _Optional[str] = ..., incarnation: _Optional[int] = ..., chain_id: _Optional[bytes] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., head_seq: _Optional[int] = ..., used_bytes: _Optional[int] = ..., totals: _Optional[_Union[DataTotals, _Mapping]] = ..., folder: _Optional[str] = ..., folder_trouble: _Optional[str] = ..., folder_free_bytes: _Optional[int] = ..., recipients: _Optional[_Iterable[str]] = ..., signer: _Optional[bytes] = ..., last_backup: _Optional[_Union[Backup, _Mapping]] = ..., records_since: _Optional[int] = ..., receipts_since: _Optional[int] = ..., drill_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., drill_seq: _Optional[int] = ..., failing: _Optional[str] = ..., failing_since: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., busy_with: _Optional[str] = ..., copies_to: _Optional[str] = ..., copied_seq: _Optional[int] = ..., copied_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., copies_trouble: _Optional[str] = ...) -> None: ...

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tillhal.v1 import checkout_pb2 as _checkout_pb2
from tillhal.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ImportedReportKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IMPORTED_REPORT_KIND_UNSPECIFIED: _ClassVar[ImportedReportKind]
    IMPORTED_REPORT_KIND_SHIFT: _ClassVar[ImportedReportKind]
    IMPORTED_REPORT_KIND_DAY: _ClassVar[ImportedReportKind]
IMPORTED_REPORT_KIND_UNSPECIFIED: ImportedReportKind
IMPORTED_REPORT_KIND_SHIFT: ImportedReportKind
IMPORTED_REPORT_KIND_DAY: ImportedReportKind

class PredecessorSource(_message.Message):
    __slots__ = ("adapter", "product", "product_version", "shop", "till", "origin", "digest")
    ADAPTER_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_VERSION_FIELD_NUMBER: _ClassVar[int]
    SHOP_FIELD_NUMBER: _ClassVar[int]
    TILL_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    adapter: str
    product: str
    product_version: str
    shop: str
    till: str
    origin: str
    digest: str
    def __init__(self, adapter: _Optional[str] = ..., product: _Optional[str] = ..., product_version: _Optional[str] = ..., shop: _Optional[str] = ..., till: _Optional[str] = ..., origin: _Optional[str] = ..., digest: _Optional[str] = ...) -> None: ...

class ImportCounts(_message.Message):
    __slots__ = ("sales", "returns", "voids", "suspended", "shifts", "days", "not_uploaded", "payable_minor")
    SALES_FIELD_NUMBER: _ClassVar[int]
    RETURNS_FIELD_NUMBER: _ClassVar[int]
    VOIDS_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_FIELD_NUMBER: _ClassVar[int]
    SHIFTS_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    NOT_UPLOADED_FIELD_NUMBER: _ClassVar[int]
    PAYABLE_MINOR_FIELD_NUMBER: _ClassVar[int]
    sales: int
    returns: int
    voids: int
    suspended: int
    shifts: int
    days: int
    not_uploaded: int
    payable_minor: int
    def __init__(self, sales: _Optional[int] = ..., returns: _Optional[int] = ..., voids: _Optional[int] = ..., suspended: _Optional[int] = ..., shifts: _Optional[int] = ..., days: _Optional[int] = ..., not_uploaded: _Optional[int] = ..., payable_minor: _Optional[int] = ...) -> None: ...

class ImportFault(_message.Message):
    __slots__ = ("file", "line", "field", "message")
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    file: str
    line: int
    field: str
    message: str
    def __init__(self, file: _Optional[str] = ..., line: _Optional[int] = ..., field: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class ImportDifference(_message.Message):
    __slots__ = ("file", "line", "of", "old_id", "what", "theirs", "ours")
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    OF_FIELD_NUMBER: _ClassVar[int]
    OLD_ID_FIELD_NUMBER: _ClassVar[int]
    WHAT_FIELD_NUMBER: _ClassVar[int]
    THEIRS_FIELD_NUMBER: _ClassVar[int]
    OURS_FIELD_NUMBER: _ClassVar[int]
    file: str
    line: int
    of: str
    old_id: str
    what: str
    theirs: int
    ours: int
    def __init__(self, file: _Optional[str] = ..., line: _Optional[int] = ..., of: _Optional[str] = ..., old_id: _Optional[str] = ..., what: _Optional[str] = ..., theirs: _Optional[int] = ..., ours: _Optional[int] = ...) -> None: ...

class ImportedTotals(_message.Message):
    __slots__ = ("receipts", "payable_minor", "tax_minor", "tenders")
    class TendersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    PAYABLE_MINOR_FIELD_NUMBER: _ClassVar[int]
    TAX_MINOR_FIELD_NUMBER: _ClassVar[int]
    TENDERS_FIELD_NUMBER: _ClassVar[int]
    receipts: int
    payable_minor: int
    tax_minor: int
    tenders: _containers.ScalarMap[str, int]
    def __init__(self, receipts: _Optional[int] = ..., payable_minor: _Optional[int] = ..., tax_minor: _Optional[int] = ..., tenders: _Optional[_Mapping[str, int]] = ...) -> None: ...

class ImportedReport(_message.Message):
    __slots__ = ("kind", "old_id", "business_day", "operator", "open_time", "close_time", "summed", "reported", "float_minor", "moved_minor", "counted_minor", "expected_minor", "uploaded")
    KIND_FIELD_NUMBER: _ClassVar[int]
    OLD_ID_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DAY_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    CLOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    SUMMED_FIELD_NUMBER: _ClassVar[int]
    REPORTED_FIELD_NUMBER: _ClassVar[int]
    FLOAT_MINOR_FIELD_NUMBER: _ClassVar[int]
    MOVED_MINOR_FIELD_NUMBER: _ClassVar[int]
    COUNTED_MINOR_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_MINOR_FIELD_NUMBER: _ClassVar[int]
    UPLOADED_FIELD_NUMBER: _ClassVar[int]
    kind: ImportedReportKind
    old_id: str
    business_day: str
    operator: str
    open_time: _timestamp_pb2.Timestamp
    close_time: _timestamp_pb2.Timestamp
    summed: ImportedTotals
    reported: ImportedTotals
    float_minor: int
    moved_minor: int
    counted_minor: int
    expected_minor: int
    uploaded: bool
    def __init__(self, kind: _Optional[_Union[ImportedReportKind, str]] = ..., old_id: _Optional[str] = ..., business_day: _Optional[str] = ..., operator: _Optional[str] = ..., open_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., close_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., summed: _Optional[_Union[ImportedTotals, _Mapping]] = ..., reported: _Optional[_Union[ImportedTotals, _Mapping]] = ..., float_minor: _Optional[int] = ..., moved_minor: _Optional[int] = ..., counted_minor: _Optional[int] = ..., expected_minor: _Optional[int] = ..., uploaded: bool = ...) -> None: ...

class ImportPlan(_message.Message):
    __slots__ = ("source", "counts", "new", "known", "open_shifts", "open_days", "first_time", "last_time", "faults", "faults_count", "differences", "differences_count", "notices", "proposed_config", "reports")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    NEW_FIELD_NUMBER: _ClassVar[int]
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    OPEN_SHIFTS_FIELD_NUMBER: _ClassVar[int]
    OPEN_DAYS_FIELD_NUMBER: _ClassVar[int]
    FIRST_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_TIME_FIELD_NUMBER: _ClassVar[int]
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    FAULTS_COUNT_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_COUNT_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_CONFIG_FIELD_NUMBER: _ClassVar[int]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    source: PredecessorSource
    counts: ImportCounts
    new: ImportCounts
    known: int
    open_shifts: int
    open_days: int
    first_time: _timestamp_pb2.Timestamp
    last_time: _timestamp_pb2.Timestamp
    faults: _containers.RepeatedCompositeFieldContainer[ImportFault]
    faults_count: int
    differences: _containers.RepeatedCompositeFieldContainer[ImportDifference]
    differences_count: int
    notices: _containers.RepeatedScalarFieldContainer[str]
    proposed_config: str
    reports: _containers.RepeatedCompositeFieldContainer[ImportedReport]
    def __init__(self, source: _Optional[_Union[PredecessorSource, _Mapping]] = ..., counts: _Optional[_Union[ImportCounts, _Mapping]] = ..., new: _Optional[_Union[ImportCounts, _Mapping]] = ..., known: _Optional[int] = ..., open_shifts: _Optional[int] = ..., open_days: _Optional[int] = ..., first_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., last_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., faults: _Optional[_Iterable[_Union[ImportFault, _Mapping]]] = ..., faults_count: _Optional[int] = ..., differences: _Optional[_Iterable[_Union[ImportDifference, _Mapping]]] = ..., differences_count: _Optional[int] = ..., notices: _Optional[_Iterable[str]] = ..., proposed_config: _Optional[str] = ..., reports: _Optional[_Iterable[_Union[ImportedReport, _Mapping]]] = ...) -> None: ...

class Import(_message.Message):
    __slots__ = ("import_id", "source", "counts", "known", "done_time", "by", "differences", "explanation")
    IMPORT_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    DONE_TIME_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    import_id: str
    source: PredecessorSource
    counts: ImportCounts
    known: int
    done_time: _timestamp_pb2.Timestamp
    by: str
    differences: int
    explanation: str
    def __init__(self, import_id: _Optional[str] = ..., source: _Optional[_Union[PredecessorSource, _Mapping]] = ..., counts: _Optional[_Union[ImportCounts, _Mapping]] = ..., known: _Optional[int] = ..., done_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., by: _Optional[str] = ..., differences: _Optional[int] = ..., explanation: _Optional[str] = ...) -> None: ...

class PlanImportRequest(_message.Message):
    __slots__ = ("path", "adapter")
    PATH_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_FIELD_NUMBER: _ClassVar[int]
    path: str
    adapter: str
    def __init__(self, path: _Optional[str] = ..., adapter: _Optional[str] = ...) -> None: ...

class PlanImportResponse(_message.Message):
    __slots__ = ("progress", "plan")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    progress: _types_pb2.Progress
    plan: ImportPlan
    def __init__(self, progress: _Optional[_Union[_types_pb2.Progress, _Mapping]] = ..., plan: _Optional[_Union[ImportPlan, _Mapping]] = ...) -> None: ...

class CommitImportRequest(_message.Message):
    __slots__ = ("request_id", "path", "adapter", "digest", "explanation")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    path: str
    adapter: str
    digest: str
    explanation: str
    def __init__(self, request_id: _Optional[str] = ..., path: _Optional[str] = ..., adapter: _Optional[str] = ..., digest: _Optional[str] = ..., explanation: _Optional[str] = ...) -> None: ...

class ImportResult(_message.Message):
    __slots__ = ("imported", "plan", "took_ms", "replayed")
    IMPORTED_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    TOOK_MS_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    imported: Import
    plan: ImportPlan
    took_ms: int
    replayed: bool
    def __init__(self, imported: _Optional[_Union[Import, _Mapping]] = ..., plan: _Optional[_Union[ImportPlan, _Mapping]] = ..., took_ms: _Optional[int] = ..., replayed: bool = ...) -> None: ...

class CommitImportResponse(_message.Message):
    __slots__ = ("progress", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: _types_pb2.Progress
    result: ImportResult
    def __init__(self, progress: _Optional[_Union[_types_pb2.Progress, _Mapping]] = ..., result: _Optional[_Union[ImportResult, _Mapping]] = ...) -> None: ...

class ListImportsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListImportsResponse(_message.Message):
    __slots__ = ("imports",)
    IMPORTS_FIELD_NUMBER: _ClassVar[int]
    imports: _containers.RepeatedCompositeFieldContainer[Import]
    def __init__(self, imports: _Optional[_Iterable[_Union[Import, _Mapping]]] = ...) -> None: ...

class FindImportedSalesRequest(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: str
    def __init__(self, receipt: _Optional[str] = ...) -> None: ...

class FindImportedSalesResponse(_message.Message):
    __slots__ = ("sales",)
    SALES_FIELD_NUMBER: _ClassVar[int]
    sales: _containers.RepeatedCompositeFieldContainer[_checkout_pb2.Sale]
    def __init__(self, sales: _Optional[_Iterable[_Union[_checkout_pb2.Sale, _Mapping]]] = ...) -> None: ...

class ListImportedReportsRequest(_message.Message):
    __slots__ = ("import_id", "page_size", "page_token")
    IMPORT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    import_id: str
    page_size: int
    page_token: str
    def __init__(self, import_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListImportedReportsResponse(_message.Message):
    __slots__ = ("reports", "next_page_token")
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    reports: _containers.RepeatedCompositeFieldContainer[ImportedReport]
    next_page_token: str
    def __init__(self, reports: _Optional[_Iterable[_Union[ImportedReport, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

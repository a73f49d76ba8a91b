from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tillhal.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Align(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ALIGN_UNSPECIFIED: _ClassVar[Align]
    ALIGN_LEFT: _ClassVar[Align]
    ALIGN_CENTER: _ClassVar[Align]
    ALIGN_RIGHT: _ClassVar[Align]

class BarcodeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BARCODE_KIND_UNSPECIFIED: _ClassVar[BarcodeKind]
    BARCODE_KIND_EAN13: _ClassVar[BarcodeKind]
    BARCODE_KIND_EAN8: _ClassVar[BarcodeKind]
    BARCODE_KIND_UPCA: _ClassVar[BarcodeKind]
    BARCODE_KIND_CODE39: _ClassVar[BarcodeKind]
    BARCODE_KIND_CODE128: _ClassVar[BarcodeKind]

class JobState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_STATE_UNSPECIFIED: _ClassVar[JobState]
    JOB_STATE_ACCEPTED: _ClassVar[JobState]
    JOB_STATE_HELD: _ClassVar[JobState]
    JOB_STATE_SENDING: _ClassVar[JobState]
    JOB_STATE_CONFIRMED: _ClassVar[JobState]
    JOB_STATE_UNCONFIRMED: _ClassVar[JobState]
    JOB_STATE_FAILED_PARTIAL: _ClassVar[JobState]
    JOB_STATE_EXPIRED: _ClassVar[JobState]
    JOB_STATE_FAILED_BEFORE_START: _ClassVar[JobState]
    JOB_STATE_CANCELLED: _ClassVar[JobState]
    JOB_STATE_REROUTED: _ClassVar[JobState]

class JobResolution(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_RESOLUTION_UNSPECIFIED: _ClassVar[JobResolution]
    JOB_RESOLUTION_PRINTED: _ClassVar[JobResolution]
    JOB_RESOLUTION_COPY: _ClassVar[JobResolution]
    JOB_RESOLUTION_DISCARDED: _ClassVar[JobResolution]

class JobKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_KIND_UNSPECIFIED: _ClassVar[JobKind]
    JOB_KIND_RECEIPT: _ClassVar[JobKind]
    JOB_KIND_RECEIPT_COPY: _ClassVar[JobKind]
    JOB_KIND_DOCUMENT: _ClassVar[JobKind]
    JOB_KIND_REPORT: _ClassVar[JobKind]
ALIGN_UNSPECIFIED: Align
ALIGN_LEFT: Align
ALIGN_CENTER: Align
ALIGN_RIGHT: Align
BARCODE_KIND_UNSPECIFIED: BarcodeKind
BARCODE_KIND_EAN13: BarcodeKind
BARCODE_KIND_EAN8: BarcodeKind
BARCODE_KIND_UPCA: BarcodeKind
BARCODE_KIND_CODE39: BarcodeKind
BARCODE_KIND_CODE128: BarcodeKind
JOB_STATE_UNSPECIFIED: JobState
JOB_STATE_ACCEPTED: JobState
JOB_STATE_HELD: JobState
JOB_STATE_SENDING: JobState
JOB_STATE_CONFIRMED: JobState
JOB_STATE_UNCONFIRMED: JobState
JOB_STATE_FAILED_PARTIAL: JobState
JOB_STATE_EXPIRED: JobState
JOB_STATE_FAILED_BEFORE_START: JobState
JOB_STATE_CANCELLED: JobState
JOB_STATE_REROUTED: JobState
JOB_RESOLUTION_UNSPECIFIED: JobResolution
JOB_RESOLUTION_PRINTED: JobResolution
JOB_RESOLUTION_COPY: JobResolution
JOB_RESOLUTION_DISCARDED: JobResolution
JOB_KIND_UNSPECIFIED: JobKind
JOB_KIND_RECEIPT: JobKind
JOB_KIND_RECEIPT_COPY: JobKind
JOB_KIND_DOCUMENT: JobKind
JOB_KIND_REPORT: JobKind

class Style(_message.Message):
    __slots__ = ("bold", "underline", "inverse", "width", "height")
    BOLD_FIELD_NUMBER: _ClassVar[int]
    UNDERLINE_FIELD_NUMBER: _ClassVar[int]
    INVERSE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    bold: bool
    underline: bool
    inverse: bool
    width: int
    height: int
    def __init__(self, bold: bool = ..., underline: bool = ..., inverse: bool = ..., width: _Optional[int] = ..., height: _Optional[int] = ...) -> None: ...

class Run(_message.Message):
    __slots__ = ("text", "style")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    STYLE_FIELD_NUMBER: _ClassVar[int]
    text: str
    style: Style
    def __init__(self, text: _Optional[str] = ..., style: _Optional[_Union[Style, _Mapping]] = ...) -> None: ...

class TextPart(_message.Message):
    __slots__ = ("runs", "align")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    ALIGN_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[Run]
    align: Align
    def __init__(self, runs: _Optional[_Iterable[_Union[Run, _Mapping]]] = ..., align: _Optional[_Union[Align, str]] = ...) -> None: ...

class ColumnsPart(_message.Message):
    __slots__ = ("left", "right", "style")
    LEFT_FIELD_NUMBER: _ClassVar[int]
    RIGHT_FIELD_NUMBER: _ClassVar[int]
    STYLE_FIELD_NUMBER: _ClassVar[int]
    left: str
    right: str
    style: Style
    def __init__(self, left: _Optional[str] = ..., right: _Optional[str] = ..., style: _Optional[_Union[Style, _Mapping]] = ...) -> None: ...

class RulePart(_message.Message):
    __slots__ = ("char",)
    CHAR_FIELD_NUMBER: _ClassVar[int]
    char: str
    def __init__(self, char: _Optional[str] = ...) -> None: ...

class BarcodePart(_message.Message):
    __slots__ = ("kind", "value", "height_dots", "module_dots", "hide_text")
    KIND_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_DOTS_FIELD_NUMBER: _ClassVar[int]
    MODULE_DOTS_FIELD_NUMBER: _ClassVar[int]
    HIDE_TEXT_FIELD_NUMBER: _ClassVar[int]
    kind: BarcodeKind
    value: str
    height_dots: int
    module_dots: int
    hide_text: bool
    def __init__(self, kind: _Optional[_Union[BarcodeKind, str]] = ..., value: _Optional[str] = ..., height_dots: _Optional[int] = ..., module_dots: _Optional[int] = ..., hide_text: bool = ...) -> None: ...

class QrPart(_message.Message):
    __slots__ = ("value", "module_dots", "level")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    MODULE_DOTS_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    value: str
    module_dots: int
    level: str
    def __init__(self, value: _Optional[str] = ..., module_dots: _Optional[int] = ..., level: _Optional[str] = ...) -> None: ...

class Pdf417Part(_message.Message):
    __slots__ = ("value", "module_dots")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    MODULE_DOTS_FIELD_NUMBER: _ClassVar[int]
    value: str
    module_dots: int
    def __init__(self, value: _Optional[str] = ..., module_dots: _Optional[int] = ...) -> None: ...

class ImagePart(_message.Message):
    __slots__ = ("content", "align")
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    ALIGN_FIELD_NUMBER: _ClassVar[int]
    content: bytes
    align: Align
    def __init__(self, content: _Optional[bytes] = ..., align: _Optional[_Union[Align, str]] = ...) -> None: ...

class LogoPart(_message.Message):
    __slots__ = ("key_code", "align")
    KEY_CODE_FIELD_NUMBER: _ClassVar[int]
    ALIGN_FIELD_NUMBER: _ClassVar[int]
    key_code: str
    align: Align
    def __init__(self, key_code: _Optional[str] = ..., align: _Optional[_Union[Align, str]] = ...) -> None: ...

class FeedPart(_message.Message):
    __slots__ = ("lines",)
    LINES_FIELD_NUMBER: _ClassVar[int]
    lines: int
    def __init__(self, lines: _Optional[int] = ...) -> None: ...

class CutPart(_message.Message):
    __slots__ = ("full",)
    FULL_FIELD_NUMBER: _ClassVar[int]
    full: bool
    def __init__(self, full: bool = ...) -> None: ...

class Part(_message.Message):
    __slots__ = ("text", "columns", "rule", "barcode", "qr", "pdf417", "image", "feed", "cut", "logo")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    BARCODE_FIELD_NUMBER: _ClassVar[int]
    QR_FIELD_NUMBER: _ClassVar[int]
    PDF417_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    FEED_FIELD_NUMBER: _ClassVar[int]
    CUT_FIELD_NUMBER: _ClassVar[int]
    LOGO_FIELD_NUMBER: _ClassVar[int]
    text: TextPart
    columns: ColumnsPart
    rule: RulePart
    barcode: BarcodePart
    qr: QrPart
    pdf417: Pdf417Part
    image: ImagePart
    feed: FeedPart
    cut: CutPart
    logo: LogoPart
    def __init__(self, text: _Optional[_Union[TextPart, _Mapping]] = ..., columns: _Optional[_Union[ColumnsPart, _Mapping]] = ..., rule: _Optional[_Union[RulePart, _Mapping]] = ..., barcode: _Optional[_Union[BarcodePart, _Mapping]] = ..., qr: _Optional[_Union[QrPart, _Mapping]] = ..., pdf417: _Optional[_Union[Pdf417Part, _Mapping]] = ..., image: _Optional[_Union[ImagePart, _Mapping]] = ..., feed: _Optional[_Union[FeedPart, _Mapping]] = ..., cut: _Optional[_Union[CutPart, _Mapping]] = ..., logo: _Optional[_Union[LogoPart, _Mapping]] = ...) -> None: ...

class PrintDocument(_message.Message):
    __slots__ = ("parts",)
    PARTS_FIELD_NUMBER: _ClassVar[int]
    parts: _containers.RepeatedCompositeFieldContainer[Part]
    def __init__(self, parts: _Optional[_Iterable[_Union[Part, _Mapping]]] = ...) -> None: ...

class Job(_message.Message):
    __slots__ = ("job_id", "printer", "kind", "state", "sale_id", "copy", "reason", "bytes_sent", "create_time", "update_time", "seq", "resolution", "resolved_by", "resolved_by_policy", "resolve_reason", "copy_job_id", "copy_of_job_id", "rerouted_from")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    COPY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    BYTES_SENT_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_BY_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_BY_POLICY_FIELD_NUMBER: _ClassVar[int]
    RESOLVE_REASON_FIELD_NUMBER: _ClassVar[int]
    COPY_JOB_ID_FIELD_NUMBER: _ClassVar[int]
    COPY_OF_JOB_ID_FIELD_NUMBER: _ClassVar[int]
    REROUTED_FROM_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    printer: str
    kind: JobKind
    state: JobState
    sale_id: str
    copy: int
    reason: str
    bytes_sent: int
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    seq: int
    resolution: JobResolution
    resolved_by: str
    resolved_by_policy: bool
    resolve_reason: str
    copy_job_id: str
    copy_of_job_id: str
    rerouted_from: str
    def __init__(self, job_id: _Optional[str] = ..., printer: _Optional[str] = ..., kind: _Optional[_Union[JobKind, str]] = ..., state: _Optional[_Union[JobState, str]] = ..., sale_id: _Optional[str] = ..., copy: _Optional[int] = ..., reason: _Optional[str] = ..., bytes_sent: _Optional[int] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., seq: _Optional[int] = ..., resolution: _Optional[_Union[JobResolution, str]] = ..., resolved_by: _Optional[str] = ..., resolved_by_policy: bool = ..., resolve_reason: _Optional[str] = ..., copy_job_id: _Optional[str] = ..., copy_of_job_id: _Optional[str] = ..., rerouted_from: _Optional[str] = ...) -> None: ...

class ValidateDocumentRequest(_message.Message):
    __slots__ = ("printer", "document")
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    printer: str
    document: PrintDocument
    def __init__(self, printer: _Optional[str] = ..., document: _Optional[_Union[PrintDocument, _Mapping]] = ...) -> None: ...

class DocumentProblem(_message.Message):
    __slots__ = ("part", "reason", "message")
    PART_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    part: int
    reason: str
    message: str
    def __init__(self, part: _Optional[int] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class ValidateDocumentResponse(_message.Message):
    __slots__ = ("problems", "preview")
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_FIELD_NUMBER: _ClassVar[int]
    problems: _containers.RepeatedCompositeFieldContainer[DocumentProblem]
    preview: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, problems: _Optional[_Iterable[_Union[DocumentProblem, _Mapping]]] = ..., preview: _Optional[_Iterable[str]] = ...) -> None: ...

class SubmitJobRequest(_message.Message):
    __slots__ = ("request_id", "job_id", "printer", "document", "ttl_s")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    TTL_S_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    job_id: str
    printer: str
    document: PrintDocument
    ttl_s: int
    def __init__(self, request_id: _Optional[str] = ..., job_id: _Optional[str] = ..., printer: _Optional[str] = ..., document: _Optional[_Union[PrintDocument, _Mapping]] = ..., ttl_s: _Optional[int] = ...) -> None: ...

class SubmitJobResponse(_message.Message):
    __slots__ = ("job", "durability", "replayed")
    JOB_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    job: Job
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class PrintTestPageRequest(_message.Message):
    __slots__ = ("request_id", "job_id", "printer")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    job_id: str
    printer: str
    def __init__(self, request_id: _Optional[str] = ..., job_id: _Optional[str] = ..., printer: _Optional[str] = ...) -> None: ...

class PrintTestPageResponse(_message.Message):
    __slots__ = ("job", "durability", "replayed")
    JOB_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    job: Job
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class GetJobRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    def __init__(self, job_id: _Optional[str] = ...) -> None: ...

class GetJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class ListJobsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "live_only", "unresolved_only")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    LIVE_ONLY_FIELD_NUMBER: _ClassVar[int]
    UNRESOLVED_ONLY_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    live_only: bool
    unresolved_only: bool
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., live_only: bool = ..., unresolved_only: bool = ...) -> None: ...

class ListJobsResponse(_message.Message):
    __slots__ = ("jobs", "next_page_token")
    JOBS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[Job]
    next_page_token: str
    def __init__(self, jobs: _Optional[_Iterable[_Union[Job, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelJobRequest(_message.Message):
    __slots__ = ("request_id", "job_id", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    job_id: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., job_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class CancelJobResponse(_message.Message):
    __slots__ = ("job", "durability", "replayed")
    JOB_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    job: Job
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class ResolveJobRequest(_message.Message):
    __slots__ = ("request_id", "job_id", "resolution", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    job_id: str
    resolution: JobResolution
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., job_id: _Optional[str] = ..., resolution: _Optional[_Union[JobResolution, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class ResolveJobResponse(_message.Message):
    __slots__ = ("job", "copy", "durability", "replayed")
    JOB_FIELD_NUMBER: _ClassVar[int]
    COPY_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    job: Job
    copy: Job
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ..., copy: _Optional[_Union[Job, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class WatchJobsRequest(_message.Message):
    __slots__ = ("cursor", "from_now")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    FROM_NOW_FIELD_NUMBER: _ClassVar[int]
    cursor: int
    from_now: bool
    def __init__(self, cursor: _Optional[int] = ..., from_now: bool = ...) -> None: ...

class WatchJobsResponse(_message.Message):
    __slots__ = ("cursor", "job", "gap")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    cursor: int
    job: Job
    gap: _types_pb2.Gap
    def __init__(self, cursor: _Optional[int] = ..., job: _Optional[_Union[Job, _Mapping]] = ..., gap: _Optional[_Union[_types_pb2.Gap, _Mapping]] = ...) -> None: ...

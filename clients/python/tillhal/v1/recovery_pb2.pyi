from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tillhal.v1 import checkout_pb2 as _checkout_pb2
from tillhal.v1 import power_pb2 as _power_pb2
from tillhal.v1 import printer_pb2 as _printer_pb2
from tillhal.v1 import system_pb2 as _system_pb2
from tillhal.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RecoveryItemKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECOVERY_ITEM_KIND_UNSPECIFIED: _ClassVar[RecoveryItemKind]
    RECOVERY_ITEM_KIND_SALE: _ClassVar[RecoveryItemKind]
    RECOVERY_ITEM_KIND_JOB: _ClassVar[RecoveryItemKind]
    RECOVERY_ITEM_KIND_KICK: _ClassVar[RecoveryItemKind]

class RecoveryAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECOVERY_ACTION_UNSPECIFIED: _ClassVar[RecoveryAction]
    RECOVERY_ACTION_RESUME: _ClassVar[RecoveryAction]
    RECOVERY_ACTION_SUSPEND: _ClassVar[RecoveryAction]
    RECOVERY_ACTION_CANCEL: _ClassVar[RecoveryAction]
    RECOVERY_ACTION_REPRINT: _ClassVar[RecoveryAction]
    RECOVERY_ACTION_IS_PRINTED: _ClassVar[RecoveryAction]
    RECOVERY_ACTION_GIVE_UP: _ClassVar[RecoveryAction]
    RECOVERY_ACTION_OPENED: _ClassVar[RecoveryAction]
    RECOVERY_ACTION_NOT_OPENED: _ClassVar[RecoveryAction]

class SlipState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SLIP_STATE_UNSPECIFIED: _ClassVar[SlipState]
    SLIP_STATE_ENTERED: _ClassVar[SlipState]
    SLIP_STATE_SPOILT: _ClassVar[SlipState]
    SLIP_STATE_MISSING: _ClassVar[SlipState]

class SlipWarningKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SLIP_WARNING_KIND_UNSPECIFIED: _ClassVar[SlipWarningKind]
    SLIP_WARNING_KIND_SAME_LINES: _ClassVar[SlipWarningKind]
    SLIP_WARNING_KIND_SAME_PAYABLE: _ClassVar[SlipWarningKind]
    SLIP_WARNING_KIND_OUTSIDE_OUTAGE: _ClassVar[SlipWarningKind]

class SlipFindingKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SLIP_FINDING_KIND_UNSPECIFIED: _ClassVar[SlipFindingKind]
    SLIP_FINDING_KIND_BLANK_NUMBERS: _ClassVar[SlipFindingKind]
    SLIP_FINDING_KIND_CASH_NOT_COUNTED: _ClassVar[SlipFindingKind]
    SLIP_FINDING_KIND_CASH_DIFFERS: _ClassVar[SlipFindingKind]
RECOVERY_ITEM_KIND_UNSPECIFIED: RecoveryItemKind
RECOVERY_ITEM_KIND_SALE: RecoveryItemKind
RECOVERY_ITEM_KIND_JOB: RecoveryItemKind
RECOVERY_ITEM_KIND_KICK: RecoveryItemKind
RECOVERY_ACTION_UNSPECIFIED: RecoveryAction
RECOVERY_ACTION_RESUME: RecoveryAction
RECOVERY_ACTION_SUSPEND: RecoveryAction
RECOVERY_ACTION_CANCEL: RecoveryAction
RECOVERY_ACTION_REPRINT: RecoveryAction
RECOVERY_ACTION_IS_PRINTED: RecoveryAction
RECOVERY_ACTION_GIVE_UP: RecoveryAction
RECOVERY_ACTION_OPENED: RecoveryAction
RECOVERY_ACTION_NOT_OPENED: RecoveryAction
SLIP_STATE_UNSPECIFIED: SlipState
SLIP_STATE_ENTERED: SlipState
SLIP_STATE_SPOILT: SlipState
SLIP_STATE_MISSING: SlipState
SLIP_WARNING_KIND_UNSPECIFIED: SlipWarningKind
SLIP_WARNING_KIND_SAME_LINES: SlipWarningKind
SLIP_WARNING_KIND_SAME_PAYABLE: SlipWarningKind
SLIP_WARNING_KIND_OUTSIDE_OUTAGE: SlipWarningKind
SLIP_FINDING_KIND_UNSPECIFIED: SlipFindingKind
SLIP_FINDING_KIND_BLANK_NUMBERS: SlipFindingKind
SLIP_FINDING_KIND_CASH_NOT_COUNTED: SlipFindingKind
SLIP_FINDING_KIND_CASH_DIFFERS: SlipFindingKind

class RecoveryItem(_message.Message):
    __slots__ = ("item_id", "kind", "subject_id", "find_time", "message", "actions", "action", "is_by_itself", "resolved_by", "resolve_time", "reason", "copy_job_id", "sale")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    FIND_TIME_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    IS_BY_ITSELF_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_BY_FIELD_NUMBER: _ClassVar[int]
    RESOLVE_TIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    COPY_JOB_ID_FIELD_NUMBER: _ClassVar[int]
    SALE_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    kind: RecoveryItemKind
    subject_id: str
    find_time: _timestamp_pb2.Timestamp
    message: str
    actions: _containers.RepeatedScalarFieldContainer[RecoveryAction]
    action: RecoveryAction
    is_by_itself: bool
    resolved_by: str
    resolve_time: _timestamp_pb2.Timestamp
    reason: str
    copy_job_id: str
    sale: _checkout_pb2.SaleSummary
    def __init__(self, item_id: _Optional[str] = ..., kind: _Optional[_Union[RecoveryItemKind, str]] = ..., subject_id: _Optional[str] = ..., find_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., message: _Optional[str] = ..., actions: _Optional[_Iterable[_Union[RecoveryAction, str]]] = ..., action: _Optional[_Union[RecoveryAction, str]] = ..., is_by_itself: bool = ..., resolved_by: _Optional[str] = ..., resolve_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., copy_job_id: _Optional[str] = ..., sale: _Optional[_Union[_checkout_pb2.SaleSummary, _Mapping]] = ...) -> None: ...

class Slip(_message.Message):
    __slots__ = ("slip_no", "state", "sale_id", "receipt_number", "payable", "paper_time", "written_by", "entered_by", "approved_by", "explanation", "update_time")
    SLIP_NO_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PAYABLE_FIELD_NUMBER: _ClassVar[int]
    PAPER_TIME_FIELD_NUMBER: _ClassVar[int]
    WRITTEN_BY_FIELD_NUMBER: _ClassVar[int]
    ENTERED_BY_FIELD_NUMBER: _ClassVar[int]
    APPROVED_BY_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    slip_no: int
    state: SlipState
    sale_id: str
    receipt_number: int
    payable: _types_pb2.Money
    paper_time: _timestamp_pb2.Timestamp
    written_by: str
    entered_by: str
    approved_by: str
    explanation: str
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, slip_no: _Optional[int] = ..., state: _Optional[_Union[SlipState, str]] = ..., sale_id: _Optional[str] = ..., receipt_number: _Optional[int] = ..., payable: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., paper_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., written_by: _Optional[str] = ..., entered_by: _Optional[str] = ..., approved_by: _Optional[str] = ..., explanation: _Optional[str] = ..., update_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SlipBook(_message.Message):
    __slots__ = ("outage_id", "first_no", "last_no", "opened_by", "open_time", "outage_begin_time", "outage_end_time", "entered", "spoilt", "missing", "blank", "is_closed", "close_time", "closed_by", "counted_cash", "difference_reason")
    OUTAGE_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_NO_FIELD_NUMBER: _ClassVar[int]
    LAST_NO_FIELD_NUMBER: _ClassVar[int]
    OPENED_BY_FIELD_NUMBER: _ClassVar[int]
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    OUTAGE_BEGIN_TIME_FIELD_NUMBER: _ClassVar[int]
    OUTAGE_END_TIME_FIELD_NUMBER: _ClassVar[int]
    ENTERED_FIELD_NUMBER: _ClassVar[int]
    SPOILT_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    BLANK_FIELD_NUMBER: _ClassVar[int]
    IS_CLOSED_FIELD_NUMBER: _ClassVar[int]
    CLOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    CLOSED_BY_FIELD_NUMBER: _ClassVar[int]
    COUNTED_CASH_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_REASON_FIELD_NUMBER: _ClassVar[int]
    outage_id: str
    first_no: int
    last_no: int
    opened_by: str
    open_time: _timestamp_pb2.Timestamp
    outage_begin_time: _timestamp_pb2.Timestamp
    outage_end_time: _timestamp_pb2.Timestamp
    entered: int
    spoilt: int
    missing: int
    blank: int
    is_closed: bool
    close_time: _timestamp_pb2.Timestamp
    closed_by: str
    counted_cash: _types_pb2.Money
    difference_reason: str
    def __init__(self, outage_id: _Optional[str] = ..., first_no: _Optional[int] = ..., last_no: _Optional[int] = ..., opened_by: _Optional[str] = ..., open_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., outage_begin_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., outage_end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., entered: _Optional[int] = ..., spoilt: _Optional[int] = ..., missing: _Optional[int] = ..., blank: _Optional[int] = ..., is_closed: bool = ..., close_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., closed_by: _Optional[str] = ..., counted_cash: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., difference_reason: _Optional[str] = ...) -> None: ...

class SlipWarning(_message.Message):
    __slots__ = ("kind", "sale_id", "message")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    kind: SlipWarningKind
    sale_id: str
    message: str
    def __init__(self, kind: _Optional[_Union[SlipWarningKind, str]] = ..., sale_id: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class SlipTender(_message.Message):
    __slots__ = ("type", "amount")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    type: _checkout_pb2.TenderType
    amount: _types_pb2.Money
    def __init__(self, type: _Optional[_Union[_checkout_pb2.TenderType, str]] = ..., amount: _Optional[_Union[_types_pb2.Money, _Mapping]] = ...) -> None: ...

class SlipFinding(_message.Message):
    __slots__ = ("kind", "message")
    KIND_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    kind: SlipFindingKind
    message: str
    def __init__(self, kind: _Optional[_Union[SlipFindingKind, str]] = ..., message: _Optional[str] = ...) -> None: ...

class PrintedSlips(_message.Message):
    __slots__ = ("first_no", "last_no", "outage_id", "printed_by", "print_time")
    FIRST_NO_FIELD_NUMBER: _ClassVar[int]
    LAST_NO_FIELD_NUMBER: _ClassVar[int]
    OUTAGE_ID_FIELD_NUMBER: _ClassVar[int]
    PRINTED_BY_FIELD_NUMBER: _ClassVar[int]
    PRINT_TIME_FIELD_NUMBER: _ClassVar[int]
    first_no: int
    last_no: int
    outage_id: str
    printed_by: str
    print_time: _timestamp_pb2.Timestamp
    def __init__(self, first_no: _Optional[int] = ..., last_no: _Optional[int] = ..., outage_id: _Optional[str] = ..., printed_by: _Optional[str] = ..., print_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetReportRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetReportResponse(_message.Message):
    __slots__ = ("start", "start_time", "items", "waiting", "refuses_sales", "outage", "slip_books")
    START_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    REFUSES_SALES_FIELD_NUMBER: _ClassVar[int]
    OUTAGE_FIELD_NUMBER: _ClassVar[int]
    SLIP_BOOKS_FIELD_NUMBER: _ClassVar[int]
    start: _system_pb2.RecoveryReport
    start_time: _timestamp_pb2.Timestamp
    items: _containers.RepeatedCompositeFieldContainer[RecoveryItem]
    waiting: int
    refuses_sales: bool
    outage: _power_pb2.Outage
    slip_books: _containers.RepeatedCompositeFieldContainer[SlipBook]
    def __init__(self, start: _Optional[_Union[_system_pb2.RecoveryReport, _Mapping]] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., items: _Optional[_Iterable[_Union[RecoveryItem, _Mapping]]] = ..., waiting: _Optional[int] = ..., refuses_sales: bool = ..., outage: _Optional[_Union[_power_pb2.Outage, _Mapping]] = ..., slip_books: _Optional[_Iterable[_Union[SlipBook, _Mapping]]] = ...) -> None: ...

class ResolveItemRequest(_message.Message):
    __slots__ = ("request_id", "item_id", "action", "resolved_by", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_BY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    item_id: str
    action: RecoveryAction
    resolved_by: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., item_id: _Optional[str] = ..., action: _Optional[_Union[RecoveryAction, str]] = ..., resolved_by: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ResolveItemResponse(_message.Message):
    __slots__ = ("item", "durability", "replayed")
    ITEM_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    item: RecoveryItem
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, item: _Optional[_Union[RecoveryItem, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class OpenBackEntryRequest(_message.Message):
    __slots__ = ("request_id", "outage_id", "first_no", "last_no", "opened_by", "begin_time", "end_time")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OUTAGE_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_NO_FIELD_NUMBER: _ClassVar[int]
    LAST_NO_FIELD_NUMBER: _ClassVar[int]
    OPENED_BY_FIELD_NUMBER: _ClassVar[int]
    BEGIN_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    outage_id: str
    first_no: int
    last_no: int
    opened_by: str
    begin_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, request_id: _Optional[str] = ..., outage_id: _Optional[str] = ..., first_no: _Optional[int] = ..., last_no: _Optional[int] = ..., opened_by: _Optional[str] = ..., begin_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class OpenBackEntryResponse(_message.Message):
    __slots__ = ("book", "durability", "replayed")
    BOOK_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    book: SlipBook
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, book: _Optional[_Union[SlipBook, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class PutSlipRequest(_message.Message):
    __slots__ = ("request_id", "outage_id", "slip_no", "paper_time", "written_by", "entered_by", "approved_by", "sale_id", "lines", "discounts", "tenders", "tax_mode", "language", "prints_receipt")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OUTAGE_ID_FIELD_NUMBER: _ClassVar[int]
    SLIP_NO_FIELD_NUMBER: _ClassVar[int]
    PAPER_TIME_FIELD_NUMBER: _ClassVar[int]
    WRITTEN_BY_FIELD_NUMBER: _ClassVar[int]
    ENTERED_BY_FIELD_NUMBER: _ClassVar[int]
    APPROVED_BY_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    DISCOUNTS_FIELD_NUMBER: _ClassVar[int]
    TENDERS_FIELD_NUMBER: _ClassVar[int]
    TAX_MODE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    PRINTS_RECEIPT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    outage_id: str
    slip_no: int
    paper_time: _timestamp_pb2.Timestamp
    written_by: str
    entered_by: str
    approved_by: str
    sale_id: str
    lines: _containers.RepeatedCompositeFieldContainer[_checkout_pb2.LineInput]
    discounts: _containers.RepeatedCompositeFieldContainer[_checkout_pb2.DiscountInput]
    tenders: _containers.RepeatedCompositeFieldContainer[_checkout_pb2.TenderInput]
    tax_mode: _checkout_pb2.TaxMode
    language: str
    prints_receipt: bool
    def __init__(self, request_id: _Optional[str] = ..., outage_id: _Optional[str] = ..., slip_no: _Optional[int] = ..., paper_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., written_by: _Optional[str] = ..., entered_by: _Optional[str] = ..., approved_by: _Optional[str] = ..., sale_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[_checkout_pb2.LineInput, _Mapping]]] = ..., discounts: _Optional[_Iterable[_Union[_checkout_pb2.DiscountInput, _Mapping]]] = ..., tenders: _Optional[_Iterable[_Union[_checkout_pb2.TenderInput, _Mapping]]] = ..., tax_mode: _Optional[_Union[_checkout_pb2.TaxMode, str]] = ..., language: _Optional[str] = ..., prints_receipt: bool = ...) -> None: ...

class PutSlipResponse(_message.Message):
    __slots__ = ("slip", "sale", "warnings", "durability", "replayed")
    SLIP_FIELD_NUMBER: _ClassVar[int]
    SALE_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    slip: Slip
    sale: _checkout_pb2.SaleSummary
    warnings: _containers.RepeatedCompositeFieldContainer[SlipWarning]
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, slip: _Optional[_Union[Slip, _Mapping]] = ..., sale: _Optional[_Union[_checkout_pb2.SaleSummary, _Mapping]] = ..., warnings: _Optional[_Iterable[_Union[SlipWarning, _Mapping]]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class MarkSlipRequest(_message.Message):
    __slots__ = ("request_id", "outage_id", "slip_no", "last_no", "state", "explanation", "marked_by")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OUTAGE_ID_FIELD_NUMBER: _ClassVar[int]
    SLIP_NO_FIELD_NUMBER: _ClassVar[int]
    LAST_NO_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    MARKED_BY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    outage_id: str
    slip_no: int
    last_no: int
    state: SlipState
    explanation: str
    marked_by: str
    def __init__(self, request_id: _Optional[str] = ..., outage_id: _Optional[str] = ..., slip_no: _Optional[int] = ..., last_no: _Optional[int] = ..., state: _Optional[_Union[SlipState, str]] = ..., explanation: _Optional[str] = ..., marked_by: _Optional[str] = ...) -> None: ...

class MarkSlipResponse(_message.Message):
    __slots__ = ("book", "durability", "replayed")
    BOOK_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    book: SlipBook
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, book: _Optional[_Union[SlipBook, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class ReconcileRequest(_message.Message):
    __slots__ = ("outage_id", "counted_cash")
    OUTAGE_ID_FIELD_NUMBER: _ClassVar[int]
    COUNTED_CASH_FIELD_NUMBER: _ClassVar[int]
    outage_id: str
    counted_cash: _types_pb2.Money
    def __init__(self, outage_id: _Optional[str] = ..., counted_cash: _Optional[_Union[_types_pb2.Money, _Mapping]] = ...) -> None: ...

class ReconcileResponse(_message.Message):
    __slots__ = ("book", "blank_numbers", "missing_numbers", "payable", "tenders", "expected_cash", "difference", "findings", "balances")
    BOOK_FIELD_NUMBER: _ClassVar[int]
    BLANK_NUMBERS_FIELD_NUMBER: _ClassVar[int]
    MISSING_NUMBERS_FIELD_NUMBER: _ClassVar[int]
    PAYABLE_FIELD_NUMBER: _ClassVar[int]
    TENDERS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_CASH_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    BALANCES_FIELD_NUMBER: _ClassVar[int]
    book: SlipBook
    blank_numbers: _containers.RepeatedScalarFieldContainer[int]
    missing_numbers: _containers.RepeatedScalarFieldContainer[int]
    payable: _types_pb2.Money
    tenders: _containers.RepeatedCompositeFieldContainer[SlipTender]
    expected_cash: _types_pb2.Money
    difference: _types_pb2.Money
    findings: _containers.RepeatedCompositeFieldContainer[SlipFinding]
    balances: bool
    def __init__(self, book: _Optional[_Union[SlipBook, _Mapping]] = ..., blank_numbers: _Optional[_Iterable[int]] = ..., missing_numbers: _Optional[_Iterable[int]] = ..., payable: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., tenders: _Optional[_Iterable[_Union[SlipTender, _Mapping]]] = ..., expected_cash: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., difference: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., findings: _Optional[_Iterable[_Union[SlipFinding, _Mapping]]] = ..., balances: bool = ...) -> None: ...

class CloseBackEntryRequest(_message.Message):
    __slots__ = ("request_id", "outage_id", "counted_cash", "difference_reason", "closed_by")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OUTAGE_ID_FIELD_NUMBER: _ClassVar[int]
    COUNTED_CASH_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_REASON_FIELD_NUMBER: _ClassVar[int]
    CLOSED_BY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    outage_id: str
    counted_cash: _types_pb2.Money
    difference_reason: str
    closed_by: str
    def __init__(self, request_id: _Optional[str] = ..., outage_id: _Optional[str] = ..., counted_cash: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., difference_reason: _Optional[str] = ..., closed_by: _Optional[str] = ...) -> None: ...

class CloseBackEntryResponse(_message.Message):
    __slots__ = ("book", "durability", "replayed")
    BOOK_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    book: SlipBook
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, book: _Optional[_Union[SlipBook, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class GetSlipBookRequest(_message.Message):
    __slots__ = ("outage_id",)
    OUTAGE_ID_FIELD_NUMBER: _ClassVar[int]
    outage_id: str
    def __init__(self, outage_id: _Optional[str] = ...) -> None: ...

class GetSlipBookResponse(_message.Message):
    __slots__ = ("book", "slips")
    BOOK_FIELD_NUMBER: _ClassVar[int]
    SLIPS_FIELD_NUMBER: _ClassVar[int]
    book: SlipBook
    slips: _containers.RepeatedCompositeFieldContainer[Slip]
    def __init__(self, book: _Optional[_Union[SlipBook, _Mapping]] = ..., slips: _Optional[_Iterable[_Union[Slip, _Mapping]]] = ...) -> None: ...

class ListSlipBooksRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSlipBooksResponse(_message.Message):
    __slots__ = ("books", "next_page_token", "printed")
    BOOKS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PRINTED_FIELD_NUMBER: _ClassVar[int]
    books: _containers.RepeatedCompositeFieldContainer[SlipBook]
    next_page_token: str
    printed: _containers.RepeatedCompositeFieldContainer[PrintedSlips]
    def __init__(self, books: _Optional[_Iterable[_Union[SlipBook, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., printed: _Optional[_Iterable[_Union[PrintedSlips, _Mapping]]] = ...) -> None: ...

class PrintSlipBookRequest(_message.Message):
    __slots__ = ("request_id", "count", "outage_id", "printer", "printed_by")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    OUTAGE_ID_FIELD_NUMBER: _ClassVar[int]
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    PRINTED_BY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    count: int
    outage_id: str
    printer: str
    printed_by: str
    def __init__(self, request_id: _Optional[str] = ..., count: _Optional[int] = ..., outage_id: _Optional[str] = ..., printer: _Optional[str] = ..., printed_by: _Optional[str] = ...) -> None: ...

class PrintSlipBookResponse(_message.Message):
    __slots__ = ("printed", "job_ids", "durability", "replayed")
    PRINTED_FIELD_NUMBER: _ClassVar[int]
    JOB_IDS_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    printed: PrintedSlips
    job_ids: _containers.RepeatedScalarFieldContainer[str]
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, printed: _Optional[_Union[PrintedSlips, _Mapping]] = ..., job_ids: _Optional[_Iterable[str]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class PrintSuspendedSalesRequest(_message.Message):
    __slots__ = ("request_id", "job_id", "printer")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    job_id: str
    printer: str
    def __init__(self, request_id: _Optional[str] = ..., job_id: _Optional[str] = ..., printer: _Optional[str] = ...) -> None: ...

class PrintSuspendedSalesResponse(_message.Message):
    __slots__ = ("job", "durability", "replayed")
    JOB_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    job: _printer_pb2.Job
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, job: _Optional[_Union[_printer_pb2.Job, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

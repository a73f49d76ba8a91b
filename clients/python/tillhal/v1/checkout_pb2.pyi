from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tillhal.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SaleState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SALE_STATE_UNSPECIFIED: _ClassVar[SaleState]
    SALE_STATE_OPEN: _ClassVar[SaleState]
    SALE_STATE_SUSPENDED: _ClassVar[SaleState]
    SALE_STATE_TENDERING: _ClassVar[SaleState]
    SALE_STATE_INTERRUPTED: _ClassVar[SaleState]
    SALE_STATE_COMPLETED: _ClassVar[SaleState]
    SALE_STATE_CANCELLED: _ClassVar[SaleState]

class SaleKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SALE_KIND_UNSPECIFIED: _ClassVar[SaleKind]
    SALE_KIND_SALE: _ClassVar[SaleKind]
    SALE_KIND_RETURN: _ClassVar[SaleKind]
    SALE_KIND_VOID: _ClassVar[SaleKind]

class TenderType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TENDER_TYPE_UNSPECIFIED: _ClassVar[TenderType]
    TENDER_TYPE_CASH: _ClassVar[TenderType]
    TENDER_TYPE_CREDIT_CARD: _ClassVar[TenderType]
    TENDER_TYPE_DEBIT_CARD: _ClassVar[TenderType]
    TENDER_TYPE_STORED_VALUE: _ClassVar[TenderType]
    TENDER_TYPE_WALLET_QR: _ClassVar[TenderType]
    TENDER_TYPE_CHEQUE: _ClassVar[TenderType]
    TENDER_TYPE_VOUCHER: _ClassVar[TenderType]
    TENDER_TYPE_ACCOUNT: _ClassVar[TenderType]
    TENDER_TYPE_OTHER: _ClassVar[TenderType]

class TenderState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TENDER_STATE_UNSPECIFIED: _ClassVar[TenderState]
    TENDER_STATE_PENDING: _ClassVar[TenderState]
    TENDER_STATE_APPROVED: _ClassVar[TenderState]
    TENDER_STATE_DECLINED: _ClassVar[TenderState]
    TENDER_STATE_UNKNOWN: _ClassVar[TenderState]
    TENDER_STATE_REVERSED: _ClassVar[TenderState]
    TENDER_STATE_WRITTEN_OFF: _ClassVar[TenderState]

class EntryMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENTRY_METHOD_UNSPECIFIED: _ClassVar[EntryMethod]
    ENTRY_METHOD_SCANNED: _ClassVar[EntryMethod]
    ENTRY_METHOD_KEYED: _ClassVar[EntryMethod]
    ENTRY_METHOD_WEIGHED: _ClassVar[EntryMethod]
    ENTRY_METHOD_PRICE_EMBEDDED: _ClassVar[EntryMethod]

class TaxMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TAX_MODE_UNSPECIFIED: _ClassVar[TaxMode]
    TAX_MODE_INCLUDED: _ClassVar[TaxMode]
    TAX_MODE_ADDED: _ClassVar[TaxMode]
SALE_STATE_UNSPECIFIED: SaleState
SALE_STATE_OPEN: SaleState
SALE_STATE_SUSPENDED: SaleState
SALE_STATE_TENDERING: SaleState
SALE_STATE_INTERRUPTED: SaleState
SALE_STATE_COMPLETED: SaleState
SALE_STATE_CANCELLED: SaleState
SALE_KIND_UNSPECIFIED: SaleKind
SALE_KIND_SALE: SaleKind
SALE_KIND_RETURN: SaleKind
SALE_KIND_VOID: SaleKind
TENDER_TYPE_UNSPECIFIED: TenderType
TENDER_TYPE_CASH: TenderType
TENDER_TYPE_CREDIT_CARD: TenderType
TENDER_TYPE_DEBIT_CARD: TenderType
TENDER_TYPE_STORED_VALUE: TenderType
TENDER_TYPE_WALLET_QR: TenderType
TENDER_TYPE_CHEQUE: TenderType
TENDER_TYPE_VOUCHER: TenderType
TENDER_TYPE_ACCOUNT: TenderType
TENDER_TYPE_OTHER: TenderType
TENDER_STATE_UNSPECIFIED: TenderState
TENDER_STATE_PENDING: TenderState
TENDER_STATE_APPROVED: TenderState
TENDER_STATE_DECLINED: TenderState
TENDER_STATE_UNKNOWN: TenderState
TENDER_STATE_REVERSED: TenderState
TENDER_STATE_WRITTEN_OFF: TenderState
ENTRY_METHOD_UNSPECIFIED: EntryMethod
ENTRY_METHOD_SCANNED: EntryMethod
ENTRY_METHOD_KEYED: EntryMethod
ENTRY_METHOD_WEIGHED: EntryMethod
ENTRY_METHOD_PRICE_EMBEDDED: EntryMethod
TAX_MODE_UNSPECIFIED: TaxMode
TAX_MODE_INCLUDED: TaxMode
TAX_MODE_ADDED: TaxMode

class LineInput(_message.Message):
    __slots__ = ("line_id", "description", "sku", "quantity", "unit", "unit_price", "tax_code", "tax_percent", "entry_method")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SKU_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    UNIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    TAX_CODE_FIELD_NUMBER: _ClassVar[int]
    TAX_PERCENT_FIELD_NUMBER: _ClassVar[int]
    ENTRY_METHOD_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    description: str
    sku: str
    quantity: _types_pb2.Decimal
    unit: str
    unit_price: _types_pb2.Money
    tax_code: str
    tax_percent: _types_pb2.Decimal
    entry_method: EntryMethod
    def __init__(self, line_id: _Optional[str] = ..., description: _Optional[str] = ..., sku: _Optional[str] = ..., quantity: _Optional[_Union[_types_pb2.Decimal, _Mapping]] = ..., unit: _Optional[str] = ..., unit_price: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., tax_code: _Optional[str] = ..., tax_percent: _Optional[_Union[_types_pb2.Decimal, _Mapping]] = ..., entry_method: _Optional[_Union[EntryMethod, str]] = ...) -> None: ...

class DiscountInput(_message.Message):
    __slots__ = ("discount_id", "line_id", "amount", "percent", "reason")
    DISCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    PERCENT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    discount_id: str
    line_id: str
    amount: _types_pb2.Money
    percent: _types_pb2.Decimal
    reason: str
    def __init__(self, discount_id: _Optional[str] = ..., line_id: _Optional[str] = ..., amount: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., percent: _Optional[_Union[_types_pb2.Decimal, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class TenderInput(_message.Message):
    __slots__ = ("tender_id", "type", "amount", "external_ref")
    TENDER_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_REF_FIELD_NUMBER: _ClassVar[int]
    tender_id: str
    type: TenderType
    amount: _types_pb2.Money
    external_ref: str
    def __init__(self, tender_id: _Optional[str] = ..., type: _Optional[_Union[TenderType, str]] = ..., amount: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., external_ref: _Optional[str] = ...) -> None: ...

class Line(_message.Message):
    __slots__ = ("input", "extended", "discount", "tax", "original_line_id", "returned")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    EXTENDED_FIELD_NUMBER: _ClassVar[int]
    DISCOUNT_FIELD_NUMBER: _ClassVar[int]
    TAX_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_LINE_ID_FIELD_NUMBER: _ClassVar[int]
    RETURNED_FIELD_NUMBER: _ClassVar[int]
    input: LineInput
    extended: _types_pb2.Money
    discount: _types_pb2.Money
    tax: _types_pb2.Money
    original_line_id: str
    returned: _types_pb2.Decimal
    def __init__(self, input: _Optional[_Union[LineInput, _Mapping]] = ..., extended: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., discount: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., tax: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., original_line_id: _Optional[str] = ..., returned: _Optional[_Union[_types_pb2.Decimal, _Mapping]] = ...) -> None: ...

class Discount(_message.Message):
    __slots__ = ("input", "amount")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    input: DiscountInput
    amount: _types_pb2.Money
    def __init__(self, input: _Optional[_Union[DiscountInput, _Mapping]] = ..., amount: _Optional[_Union[_types_pb2.Money, _Mapping]] = ...) -> None: ...

class Tender(_message.Message):
    __slots__ = ("input", "state", "excepted")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    EXCEPTED_FIELD_NUMBER: _ClassVar[int]
    input: TenderInput
    state: TenderState
    excepted: bool
    def __init__(self, input: _Optional[_Union[TenderInput, _Mapping]] = ..., state: _Optional[_Union[TenderState, str]] = ..., excepted: bool = ...) -> None: ...

class TaxSummary(_message.Message):
    __slots__ = ("tax_code", "tax_percent", "net", "tax")
    TAX_CODE_FIELD_NUMBER: _ClassVar[int]
    TAX_PERCENT_FIELD_NUMBER: _ClassVar[int]
    NET_FIELD_NUMBER: _ClassVar[int]
    TAX_FIELD_NUMBER: _ClassVar[int]
    tax_code: str
    tax_percent: _types_pb2.Decimal
    net: _types_pb2.Money
    tax: _types_pb2.Money
    def __init__(self, tax_code: _Optional[str] = ..., tax_percent: _Optional[_Union[_types_pb2.Decimal, _Mapping]] = ..., net: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., tax: _Optional[_Union[_types_pb2.Money, _Mapping]] = ...) -> None: ...

class SaleSummary(_message.Message):
    __slots__ = ("sale_id", "version", "state", "kind", "receipt_number", "payable", "tax", "discount", "rounding_adjustment", "tendered", "due", "change", "line_count", "seq", "update_time", "receipt_job_id", "voided_by_sale_id", "training")
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PAYABLE_FIELD_NUMBER: _ClassVar[int]
    TAX_FIELD_NUMBER: _ClassVar[int]
    DISCOUNT_FIELD_NUMBER: _ClassVar[int]
    ROUNDING_ADJUSTMENT_FIELD_NUMBER: _ClassVar[int]
    TENDERED_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    LINE_COUNT_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_JOB_ID_FIELD_NUMBER: _ClassVar[int]
    VOIDED_BY_SALE_ID_FIELD_NUMBER: _ClassVar[int]
    TRAINING_FIELD_NUMBER: _ClassVar[int]
    sale_id: str
    version: int
    state: SaleState
    kind: SaleKind
    receipt_number: int
    payable: _types_pb2.Money
    tax: _types_pb2.Money
    discount: _types_pb2.Money
    rounding_adjustment: _types_pb2.Money
    tendered: _types_pb2.Money
    due: _types_pb2.Money
    change: _types_pb2.Money
    line_count: int
    seq: int
    update_time: _timestamp_pb2.Timestamp
    receipt_job_id: str
    voided_by_sale_id: str
    training: bool
    def __init__(self, sale_id: _Optional[str] = ..., version: _Optional[int] = ..., state: _Optional[_Union[SaleState, str]] = ..., kind: _Optional[_Union[SaleKind, str]] = ..., receipt_number: _Optional[int] = ..., payable: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., tax: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., discount: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., rounding_adjustment: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., tendered: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., due: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., change: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., line_count: _Optional[int] = ..., seq: _Optional[int] = ..., update_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., receipt_job_id: _Optional[str] = ..., voided_by_sale_id: _Optional[str] = ..., training: bool = ...) -> None: ...

class Sale(_message.Message):
    __slots__ = ("summary", "lines", "discounts", "tenders", "taxes", "tax_mode", "language", "original_sale_id", "voided_by_sale_id", "reason", "shift_id", "business_day", "operator", "open_time", "copies", "slip", "original_business_day")
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    DISCOUNTS_FIELD_NUMBER: _ClassVar[int]
    TENDERS_FIELD_NUMBER: _ClassVar[int]
    TAXES_FIELD_NUMBER: _ClassVar[int]
    TAX_MODE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_SALE_ID_FIELD_NUMBER: _ClassVar[int]
    VOIDED_BY_SALE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DAY_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    COPIES_FIELD_NUMBER: _ClassVar[int]
    SLIP_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_BUSINESS_DAY_FIELD_NUMBER: _ClassVar[int]
    summary: SaleSummary
    lines: _containers.RepeatedCompositeFieldContainer[Line]
    discounts: _containers.RepeatedCompositeFieldContainer[Discount]
    tenders: _containers.RepeatedCompositeFieldContainer[Tender]
    taxes: _containers.RepeatedCompositeFieldContainer[TaxSummary]
    tax_mode: TaxMode
    language: str
    original_sale_id: str
    voided_by_sale_id: str
    reason: str
    shift_id: str
    business_day: str
    operator: str
    open_time: _timestamp_pb2.Timestamp
    copies: int
    slip: SlipMark
    original_business_day: str
    def __init__(self, summary: _Optional[_Union[SaleSummary, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[Line, _Mapping]]] = ..., discounts: _Optional[_Iterable[_Union[Discount, _Mapping]]] = ..., tenders: _Optional[_Iterable[_Union[Tender, _Mapping]]] = ..., taxes: _Optional[_Iterable[_Union[TaxSummary, _Mapping]]] = ..., tax_mode: _Optional[_Union[TaxMode, str]] = ..., language: _Optional[str] = ..., original_sale_id: _Optional[str] = ..., voided_by_sale_id: _Optional[str] = ..., reason: _Optional[str] = ..., shift_id: _Optional[str] = ..., business_day: _Optional[str] = ..., operator: _Optional[str] = ..., open_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., copies: _Optional[int] = ..., slip: _Optional[_Union[SlipMark, _Mapping]] = ..., original_business_day: _Optional[str] = ...) -> None: ...

class SlipMark(_message.Message):
    __slots__ = ("outage_id", "slip_no", "paper_time", "original_business_day", "written_by", "entered_by", "approved_by")
    OUTAGE_ID_FIELD_NUMBER: _ClassVar[int]
    SLIP_NO_FIELD_NUMBER: _ClassVar[int]
    PAPER_TIME_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_BUSINESS_DAY_FIELD_NUMBER: _ClassVar[int]
    WRITTEN_BY_FIELD_NUMBER: _ClassVar[int]
    ENTERED_BY_FIELD_NUMBER: _ClassVar[int]
    APPROVED_BY_FIELD_NUMBER: _ClassVar[int]
    outage_id: str
    slip_no: int
    paper_time: _timestamp_pb2.Timestamp
    original_business_day: str
    written_by: str
    entered_by: str
    approved_by: str
    def __init__(self, outage_id: _Optional[str] = ..., slip_no: _Optional[int] = ..., paper_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., original_business_day: _Optional[str] = ..., written_by: _Optional[str] = ..., entered_by: _Optional[str] = ..., approved_by: _Optional[str] = ...) -> None: ...

class CheckoutRequest(_message.Message):
    __slots__ = ("request_id", "sale_id", "lines", "discounts", "tenders", "tax_mode", "language")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    DISCOUNTS_FIELD_NUMBER: _ClassVar[int]
    TENDERS_FIELD_NUMBER: _ClassVar[int]
    TAX_MODE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    sale_id: str
    lines: _containers.RepeatedCompositeFieldContainer[LineInput]
    discounts: _containers.RepeatedCompositeFieldContainer[DiscountInput]
    tenders: _containers.RepeatedCompositeFieldContainer[TenderInput]
    tax_mode: TaxMode
    language: str
    def __init__(self, request_id: _Optional[str] = ..., sale_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[LineInput, _Mapping]]] = ..., discounts: _Optional[_Iterable[_Union[DiscountInput, _Mapping]]] = ..., tenders: _Optional[_Iterable[_Union[TenderInput, _Mapping]]] = ..., tax_mode: _Optional[_Union[TaxMode, str]] = ..., language: _Optional[str] = ...) -> None: ...

class CheckoutResponse(_message.Message):
    __slots__ = ("sale", "durability", "replayed")
    SALE_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    sale: SaleSummary
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, sale: _Optional[_Union[SaleSummary, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class OpenSaleRequest(_message.Message):
    __slots__ = ("request_id", "sale_id", "tax_mode", "language")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    TAX_MODE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    sale_id: str
    tax_mode: TaxMode
    language: str
    def __init__(self, request_id: _Optional[str] = ..., sale_id: _Optional[str] = ..., tax_mode: _Optional[_Union[TaxMode, str]] = ..., language: _Optional[str] = ...) -> None: ...

class OpenSaleResponse(_message.Message):
    __slots__ = ("sale", "durability", "replayed")
    SALE_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    sale: SaleSummary
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, sale: _Optional[_Union[SaleSummary, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class PutLineRequest(_message.Message):
    __slots__ = ("request_id", "sale_id", "expected_version", "line")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    sale_id: str
    expected_version: int
    line: LineInput
    def __init__(self, request_id: _Optional[str] = ..., sale_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., line: _Optional[_Union[LineInput, _Mapping]] = ...) -> None: ...

class PutLineResponse(_message.Message):
    __slots__ = ("sale", "durability", "replayed")
    SALE_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    sale: SaleSummary
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, sale: _Optional[_Union[SaleSummary, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class RemoveLineRequest(_message.Message):
    __slots__ = ("request_id", "sale_id", "expected_version", "line_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    sale_id: str
    expected_version: int
    line_id: str
    def __init__(self, request_id: _Optional[str] = ..., sale_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., line_id: _Optional[str] = ...) -> None: ...

class RemoveLineResponse(_message.Message):
    __slots__ = ("sale", "durability", "replayed")
    SALE_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    sale: SaleSummary
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, sale: _Optional[_Union[SaleSummary, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class ApplyDiscountRequest(_message.Message):
    __slots__ = ("request_id", "sale_id", "expected_version", "discount")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    DISCOUNT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    sale_id: str
    expected_version: int
    discount: DiscountInput
    def __init__(self, request_id: _Optional[str] = ..., sale_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., discount: _Optional[_Union[DiscountInput, _Mapping]] = ...) -> None: ...

class ApplyDiscountResponse(_message.Message):
    __slots__ = ("sale", "durability", "replayed")
    SALE_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    sale: SaleSummary
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, sale: _Optional[_Union[SaleSummary, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class SuspendSaleRequest(_message.Message):
    __slots__ = ("request_id", "sale_id", "expected_version", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    sale_id: str
    expected_version: int
    note: str
    def __init__(self, request_id: _Optional[str] = ..., sale_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., note: _Optional[str] = ...) -> None: ...

class SuspendSaleResponse(_message.Message):
    __slots__ = ("sale", "durability", "replayed")
    SALE_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    sale: SaleSummary
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, sale: _Optional[_Union[SaleSummary, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class ResumeSaleRequest(_message.Message):
    __slots__ = ("request_id", "sale_id", "expected_version")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    sale_id: str
    expected_version: int
    def __init__(self, request_id: _Optional[str] = ..., sale_id: _Optional[str] = ..., expected_version: _Optional[int] = ...) -> None: ...

class ResumeSaleResponse(_message.Message):
    __slots__ = ("sale", "durability", "replayed")
    SALE_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    sale: SaleSummary
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, sale: _Optional[_Union[SaleSummary, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class AddTenderRequest(_message.Message):
    __slots__ = ("request_id", "sale_id", "expected_version", "tender", "pending")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    TENDER_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    sale_id: str
    expected_version: int
    tender: TenderInput
    pending: bool
    def __init__(self, request_id: _Optional[str] = ..., sale_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., tender: _Optional[_Union[TenderInput, _Mapping]] = ..., pending: bool = ...) -> None: ...

class AddTenderResponse(_message.Message):
    __slots__ = ("sale", "durability", "replayed")
    SALE_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    sale: SaleSummary
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, sale: _Optional[_Union[SaleSummary, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class ResolveTenderRequest(_message.Message):
    __slots__ = ("request_id", "sale_id", "expected_version", "tender_id", "outcome", "evidence")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    TENDER_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    sale_id: str
    expected_version: int
    tender_id: str
    outcome: TenderState
    evidence: str
    def __init__(self, request_id: _Optional[str] = ..., sale_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., tender_id: _Optional[str] = ..., outcome: _Optional[_Union[TenderState, str]] = ..., evidence: _Optional[str] = ...) -> None: ...

class ResolveTenderResponse(_message.Message):
    __slots__ = ("sale", "durability", "replayed")
    SALE_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    sale: SaleSummary
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, sale: _Optional[_Union[SaleSummary, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class ReverseTenderRequest(_message.Message):
    __slots__ = ("request_id", "sale_id", "expected_version", "tender_id", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    TENDER_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    sale_id: str
    expected_version: int
    tender_id: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., sale_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., tender_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ReverseTenderResponse(_message.Message):
    __slots__ = ("sale", "durability", "replayed")
    SALE_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    sale: SaleSummary
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, sale: _Optional[_Union[SaleSummary, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class CompleteSaleRequest(_message.Message):
    __slots__ = ("request_id", "sale_id", "expected_version")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    sale_id: str
    expected_version: int
    def __init__(self, request_id: _Optional[str] = ..., sale_id: _Optional[str] = ..., expected_version: _Optional[int] = ...) -> None: ...

class CompleteSaleResponse(_message.Message):
    __slots__ = ("sale", "durability", "replayed")
    SALE_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    sale: SaleSummary
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, sale: _Optional[_Union[SaleSummary, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class CancelSaleRequest(_message.Message):
    __slots__ = ("request_id", "sale_id", "expected_version", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    sale_id: str
    expected_version: int
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., sale_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class CancelSaleResponse(_message.Message):
    __slots__ = ("sale", "durability", "replayed")
    SALE_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    sale: SaleSummary
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, sale: _Optional[_Union[SaleSummary, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class VoidSaleRequest(_message.Message):
    __slots__ = ("request_id", "sale_id", "original_sale_id", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_SALE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    sale_id: str
    original_sale_id: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., sale_id: _Optional[str] = ..., original_sale_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class VoidSaleResponse(_message.Message):
    __slots__ = ("sale", "durability", "replayed")
    SALE_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    sale: SaleSummary
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, sale: _Optional[_Union[SaleSummary, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class ReturnedLine(_message.Message):
    __slots__ = ("line_id", "original_line_id", "quantity")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_LINE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    original_line_id: str
    quantity: _types_pb2.Decimal
    def __init__(self, line_id: _Optional[str] = ..., original_line_id: _Optional[str] = ..., quantity: _Optional[_Union[_types_pb2.Decimal, _Mapping]] = ...) -> None: ...

class OpenReturnRequest(_message.Message):
    __slots__ = ("request_id", "sale_id", "original_sale_id", "lines", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_SALE_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    sale_id: str
    original_sale_id: str
    lines: _containers.RepeatedCompositeFieldContainer[ReturnedLine]
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., sale_id: _Optional[str] = ..., original_sale_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[ReturnedLine, _Mapping]]] = ..., reason: _Optional[str] = ...) -> None: ...

class OpenReturnResponse(_message.Message):
    __slots__ = ("sale", "durability", "replayed")
    SALE_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    sale: SaleSummary
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, sale: _Optional[_Union[SaleSummary, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class GetSaleRequest(_message.Message):
    __slots__ = ("sale_id", "receipt_number")
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    sale_id: str
    receipt_number: int
    def __init__(self, sale_id: _Optional[str] = ..., receipt_number: _Optional[int] = ...) -> None: ...

class GetSaleResponse(_message.Message):
    __slots__ = ("sale",)
    SALE_FIELD_NUMBER: _ClassVar[int]
    sale: Sale
    def __init__(self, sale: _Optional[_Union[Sale, _Mapping]] = ...) -> None: ...

class ListSalesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "business_day", "states")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DAY_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    business_day: str
    states: _containers.RepeatedScalarFieldContainer[SaleState]
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., business_day: _Optional[str] = ..., states: _Optional[_Iterable[_Union[SaleState, str]]] = ...) -> None: ...

class ListSalesResponse(_message.Message):
    __slots__ = ("sales", "next_page_token")
    SALES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    sales: _containers.RepeatedCompositeFieldContainer[SaleSummary]
    next_page_token: str
    def __init__(self, sales: _Optional[_Iterable[_Union[SaleSummary, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListSuspendedRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListSuspendedResponse(_message.Message):
    __slots__ = ("sales",)
    class SuspendedSale(_message.Message):
        __slots__ = ("sale", "note")
        SALE_FIELD_NUMBER: _ClassVar[int]
        NOTE_FIELD_NUMBER: _ClassVar[int]
        sale: SaleSummary
        note: str
        def __init__(self, sale: _Optional[_Union[SaleSummary, _Mapping]] = ..., note: _Optional[str] = ...) -> None: ...
    SALES_FIELD_NUMBER: _ClassVar[int]
    sales: _containers.RepeatedCompositeFieldContainer[ListSuspendedResponse.SuspendedSale]
    def __init__(self, sales: _Optional[_Iterable[_Union[ListSuspendedResponse.SuspendedSale, _Mapping]]] = ...) -> None: ...

class ReprintReceiptRequest(_message.Message):
    __slots__ = ("request_id", "sale_id", "job_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    sale_id: str
    job_id: str
    def __init__(self, request_id: _Optional[str] = ..., sale_id: _Optional[str] = ..., job_id: _Optional[str] = ...) -> None: ...

class ReprintReceiptResponse(_message.Message):
    __slots__ = ("job_id", "copy", "durability", "replayed")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    COPY_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    copy: int
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, job_id: _Optional[str] = ..., copy: _Optional[int] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tillhal.v1 import access_pb2 as _access_pb2
from tillhal.v1 import checkout_pb2 as _checkout_pb2
from tillhal.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ShiftState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SHIFT_STATE_UNSPECIFIED: _ClassVar[ShiftState]
    SHIFT_STATE_OPEN: _ClassVar[ShiftState]
    SHIFT_STATE_LOCKED: _ClassVar[ShiftState]
    SHIFT_STATE_ENDED: _ClassVar[ShiftState]
    SHIFT_STATE_CLOSED: _ClassVar[ShiftState]

class MovementKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MOVEMENT_KIND_UNSPECIFIED: _ClassVar[MovementKind]
    MOVEMENT_KIND_LOAN: _ClassVar[MovementKind]
    MOVEMENT_KIND_PICKUP: _ClassVar[MovementKind]
    MOVEMENT_KIND_PAID_IN: _ClassVar[MovementKind]
    MOVEMENT_KIND_PAID_OUT: _ClassVar[MovementKind]
    MOVEMENT_KIND_SAFE_DROP: _ClassVar[MovementKind]

class TraceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRACE_KIND_UNSPECIFIED: _ClassVar[TraceKind]
    TRACE_KIND_OPENING_DIFFERENCE: _ClassVar[TraceKind]
    TRACE_KIND_NO_SALE: _ClassVar[TraceKind]
    TRACE_KIND_DRAWER_WITHOUT_KICK: _ClassVar[TraceKind]
    TRACE_KIND_KICK_UNKNOWN: _ClassVar[TraceKind]
    TRACE_KIND_TENDER_UNKNOWN: _ClassVar[TraceKind]
    TRACE_KIND_TENDER_REVERSED: _ClassVar[TraceKind]
    TRACE_KIND_TENDER_WRITTEN_OFF: _ClassVar[TraceKind]
    TRACE_KIND_TENDER_EXCEPTED: _ClassVar[TraceKind]
    TRACE_KIND_SALE_INTERRUPTED: _ClassVar[TraceKind]
    TRACE_KIND_SALE_CANCELLED: _ClassVar[TraceKind]
    TRACE_KIND_SALE_VOIDED: _ClassVar[TraceKind]
    TRACE_KIND_RECOUNT: _ClassVar[TraceKind]
    TRACE_KIND_COUNT_CORRECTED: _ClassVar[TraceKind]
    TRACE_KIND_CLOCK_WENT_BACK: _ClassVar[TraceKind]
    TRACE_KIND_BACK_ENTRY: _ClassVar[TraceKind]

class ReportKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPORT_KIND_UNSPECIFIED: _ClassVar[ReportKind]
    REPORT_KIND_X: _ClassVar[ReportKind]
    REPORT_KIND_Z: _ClassVar[ReportKind]
    REPORT_KIND_SHIFT: _ClassVar[ReportKind]
SHIFT_STATE_UNSPECIFIED: ShiftState
SHIFT_STATE_OPEN: ShiftState
SHIFT_STATE_LOCKED: ShiftState
SHIFT_STATE_ENDED: ShiftState
SHIFT_STATE_CLOSED: ShiftState
MOVEMENT_KIND_UNSPECIFIED: MovementKind
MOVEMENT_KIND_LOAN: MovementKind
MOVEMENT_KIND_PICKUP: MovementKind
MOVEMENT_KIND_PAID_IN: MovementKind
MOVEMENT_KIND_PAID_OUT: MovementKind
MOVEMENT_KIND_SAFE_DROP: MovementKind
TRACE_KIND_UNSPECIFIED: TraceKind
TRACE_KIND_OPENING_DIFFERENCE: TraceKind
TRACE_KIND_NO_SALE: TraceKind
TRACE_KIND_DRAWER_WITHOUT_KICK: TraceKind
TRACE_KIND_KICK_UNKNOWN: TraceKind
TRACE_KIND_TENDER_UNKNOWN: TraceKind
TRACE_KIND_TENDER_REVERSED: TraceKind
TRACE_KIND_TENDER_WRITTEN_OFF: TraceKind
TRACE_KIND_TENDER_EXCEPTED: TraceKind
TRACE_KIND_SALE_INTERRUPTED: TraceKind
TRACE_KIND_SALE_CANCELLED: TraceKind
TRACE_KIND_SALE_VOIDED: TraceKind
TRACE_KIND_RECOUNT: TraceKind
TRACE_KIND_COUNT_CORRECTED: TraceKind
TRACE_KIND_CLOCK_WENT_BACK: TraceKind
TRACE_KIND_BACK_ENTRY: TraceKind
REPORT_KIND_UNSPECIFIED: ReportKind
REPORT_KIND_X: ReportKind
REPORT_KIND_Z: ReportKind
REPORT_KIND_SHIFT: ReportKind

class DrawerCash(_message.Message):
    __slots__ = ("opening_float", "tendered", "change", "refunds", "paid_in", "loans", "paid_out", "pickups", "drops", "expected")
    OPENING_FLOAT_FIELD_NUMBER: _ClassVar[int]
    TENDERED_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    REFUNDS_FIELD_NUMBER: _ClassVar[int]
    PAID_IN_FIELD_NUMBER: _ClassVar[int]
    LOANS_FIELD_NUMBER: _ClassVar[int]
    PAID_OUT_FIELD_NUMBER: _ClassVar[int]
    PICKUPS_FIELD_NUMBER: _ClassVar[int]
    DROPS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    opening_float: _types_pb2.Money
    tendered: _types_pb2.Money
    change: _types_pb2.Money
    refunds: _types_pb2.Money
    paid_in: _types_pb2.Money
    loans: _types_pb2.Money
    paid_out: _types_pb2.Money
    pickups: _types_pb2.Money
    drops: _types_pb2.Money
    expected: _types_pb2.Money
    def __init__(self, opening_float: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., tendered: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., change: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., refunds: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., paid_in: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., loans: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., paid_out: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., pickups: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., drops: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., expected: _Optional[_Union[_types_pb2.Money, _Mapping]] = ...) -> None: ...

class Denomination(_message.Message):
    __slots__ = ("value", "count")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    value: _types_pb2.Money
    count: int
    def __init__(self, value: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., count: _Optional[int] = ...) -> None: ...

class CashCount(_message.Message):
    __slots__ = ("counted", "number", "counted_by", "time", "denominations")
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    COUNTED_BY_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    DENOMINATIONS_FIELD_NUMBER: _ClassVar[int]
    counted: _types_pb2.Money
    number: int
    counted_by: str
    time: _timestamp_pb2.Timestamp
    denominations: _containers.RepeatedCompositeFieldContainer[Denomination]
    def __init__(self, counted: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., number: _Optional[int] = ..., counted_by: _Optional[str] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., denominations: _Optional[_Iterable[_Union[Denomination, _Mapping]]] = ...) -> None: ...

class CashMovement(_message.Message):
    __slots__ = ("movement_id", "shift_id", "kind", "amount", "reason", "operator", "time", "seq")
    MOVEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    movement_id: str
    shift_id: str
    kind: MovementKind
    amount: _types_pb2.Money
    reason: str
    operator: str
    time: _timestamp_pb2.Timestamp
    seq: int
    def __init__(self, movement_id: _Optional[str] = ..., shift_id: _Optional[str] = ..., kind: _Optional[_Union[MovementKind, str]] = ..., amount: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., reason: _Optional[str] = ..., operator: _Optional[str] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., seq: _Optional[int] = ...) -> None: ...

class Total(_message.Message):
    __slots__ = ("name", "count", "amount", "net")
    NAME_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    NET_FIELD_NUMBER: _ClassVar[int]
    name: str
    count: int
    amount: _types_pb2.Money
    net: _types_pb2.Money
    def __init__(self, name: _Optional[str] = ..., count: _Optional[int] = ..., amount: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., net: _Optional[_Union[_types_pb2.Money, _Mapping]] = ...) -> None: ...

class Totals(_message.Message):
    __slots__ = ("sales", "returns", "voids", "cancelled", "discounts", "rounding", "change", "no_sales", "copies", "taxes", "tenders", "movements", "differences", "corrections", "late", "training", "clock_faults", "back_entries")
    SALES_FIELD_NUMBER: _ClassVar[int]
    RETURNS_FIELD_NUMBER: _ClassVar[int]
    VOIDS_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    DISCOUNTS_FIELD_NUMBER: _ClassVar[int]
    ROUNDING_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    NO_SALES_FIELD_NUMBER: _ClassVar[int]
    COPIES_FIELD_NUMBER: _ClassVar[int]
    TAXES_FIELD_NUMBER: _ClassVar[int]
    TENDERS_FIELD_NUMBER: _ClassVar[int]
    MOVEMENTS_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    CORRECTIONS_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    TRAINING_FIELD_NUMBER: _ClassVar[int]
    CLOCK_FAULTS_FIELD_NUMBER: _ClassVar[int]
    BACK_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    sales: Total
    returns: Total
    voids: Total
    cancelled: int
    discounts: Total
    rounding: Total
    change: Total
    no_sales: int
    copies: int
    taxes: _containers.RepeatedCompositeFieldContainer[Total]
    tenders: _containers.RepeatedCompositeFieldContainer[Total]
    movements: _containers.RepeatedCompositeFieldContainer[Total]
    differences: Total
    corrections: int
    late: Total
    training: Total
    clock_faults: int
    back_entries: Total
    def __init__(self, sales: _Optional[_Union[Total, _Mapping]] = ..., returns: _Optional[_Union[Total, _Mapping]] = ..., voids: _Optional[_Union[Total, _Mapping]] = ..., cancelled: _Optional[int] = ..., discounts: _Optional[_Union[Total, _Mapping]] = ..., rounding: _Optional[_Union[Total, _Mapping]] = ..., change: _Optional[_Union[Total, _Mapping]] = ..., no_sales: _Optional[int] = ..., copies: _Optional[int] = ..., taxes: _Optional[_Iterable[_Union[Total, _Mapping]]] = ..., tenders: _Optional[_Iterable[_Union[Total, _Mapping]]] = ..., movements: _Optional[_Iterable[_Union[Total, _Mapping]]] = ..., differences: _Optional[_Union[Total, _Mapping]] = ..., corrections: _Optional[int] = ..., late: _Optional[_Union[Total, _Mapping]] = ..., training: _Optional[_Union[Total, _Mapping]] = ..., clock_faults: _Optional[int] = ..., back_entries: _Optional[_Union[Total, _Mapping]] = ...) -> None: ...

class Shift(_message.Message):
    __slots__ = ("shift_id", "shift_number", "version", "state", "operator", "opened_by", "implicit", "training", "business_day", "open_time", "end_time", "close_time", "opening_float", "opening_expected", "handed_from", "handed_to", "counts", "counted", "left", "corrected", "cash", "over_short", "totals")
    SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    SHIFT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    OPENED_BY_FIELD_NUMBER: _ClassVar[int]
    IMPLICIT_FIELD_NUMBER: _ClassVar[int]
    TRAINING_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DAY_FIELD_NUMBER: _ClassVar[int]
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    CLOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    OPENING_FLOAT_FIELD_NUMBER: _ClassVar[int]
    OPENING_EXPECTED_FIELD_NUMBER: _ClassVar[int]
    HANDED_FROM_FIELD_NUMBER: _ClassVar[int]
    HANDED_TO_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    CORRECTED_FIELD_NUMBER: _ClassVar[int]
    CASH_FIELD_NUMBER: _ClassVar[int]
    OVER_SHORT_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    shift_id: str
    shift_number: int
    version: int
    state: ShiftState
    operator: str
    opened_by: str
    implicit: bool
    training: bool
    business_day: str
    open_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    close_time: _timestamp_pb2.Timestamp
    opening_float: _types_pb2.Money
    opening_expected: _types_pb2.Money
    handed_from: str
    handed_to: str
    counts: _containers.RepeatedCompositeFieldContainer[CashCount]
    counted: _types_pb2.Money
    left: _types_pb2.Money
    corrected: bool
    cash: DrawerCash
    over_short: _types_pb2.Money
    totals: Totals
    def __init__(self, shift_id: _Optional[str] = ..., shift_number: _Optional[int] = ..., version: _Optional[int] = ..., state: _Optional[_Union[ShiftState, str]] = ..., operator: _Optional[str] = ..., opened_by: _Optional[str] = ..., implicit: bool = ..., training: bool = ..., business_day: _Optional[str] = ..., open_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., close_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., opening_float: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., opening_expected: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., handed_from: _Optional[str] = ..., handed_to: _Optional[str] = ..., counts: _Optional[_Iterable[_Union[CashCount, _Mapping]]] = ..., counted: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., left: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., corrected: bool = ..., cash: _Optional[_Union[DrawerCash, _Mapping]] = ..., over_short: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., totals: _Optional[_Union[Totals, _Mapping]] = ...) -> None: ...

class ShiftReport(_message.Message):
    __slots__ = ("shift_id", "shift_number", "operator", "state", "implicit", "training", "open_time", "close_time", "cash", "counted", "left", "over_short", "corrected", "totals", "opening_expected")
    SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    SHIFT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    IMPLICIT_FIELD_NUMBER: _ClassVar[int]
    TRAINING_FIELD_NUMBER: _ClassVar[int]
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    CLOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    CASH_FIELD_NUMBER: _ClassVar[int]
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    OVER_SHORT_FIELD_NUMBER: _ClassVar[int]
    CORRECTED_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    OPENING_EXPECTED_FIELD_NUMBER: _ClassVar[int]
    shift_id: str
    shift_number: int
    operator: str
    state: ShiftState
    implicit: bool
    training: bool
    open_time: _timestamp_pb2.Timestamp
    close_time: _timestamp_pb2.Timestamp
    cash: DrawerCash
    counted: _types_pb2.Money
    left: _types_pb2.Money
    over_short: _types_pb2.Money
    corrected: bool
    totals: Totals
    opening_expected: _types_pb2.Money
    def __init__(self, shift_id: _Optional[str] = ..., shift_number: _Optional[int] = ..., operator: _Optional[str] = ..., state: _Optional[_Union[ShiftState, str]] = ..., implicit: bool = ..., training: bool = ..., open_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., close_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., cash: _Optional[_Union[DrawerCash, _Mapping]] = ..., counted: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., left: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., over_short: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., corrected: bool = ..., totals: _Optional[_Union[Totals, _Mapping]] = ..., opening_expected: _Optional[_Union[_types_pb2.Money, _Mapping]] = ...) -> None: ...

class ExceptedTender(_message.Message):
    __slots__ = ("sale_id", "tender_id", "type", "amount", "business_day")
    SALE_ID_FIELD_NUMBER: _ClassVar[int]
    TENDER_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DAY_FIELD_NUMBER: _ClassVar[int]
    sale_id: str
    tender_id: str
    type: _checkout_pb2.TenderType
    amount: _types_pb2.Money
    business_day: str
    def __init__(self, sale_id: _Optional[str] = ..., tender_id: _Optional[str] = ..., type: _Optional[_Union[_checkout_pb2.TenderType, str]] = ..., amount: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., business_day: _Optional[str] = ...) -> None: ...

class OutageNote(_message.Message):
    __slots__ = ("outage_id", "begin_time", "seconds")
    OUTAGE_ID_FIELD_NUMBER: _ClassVar[int]
    BEGIN_TIME_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    outage_id: str
    begin_time: _timestamp_pb2.Timestamp
    seconds: int
    def __init__(self, outage_id: _Optional[str] = ..., begin_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., seconds: _Optional[int] = ...) -> None: ...

class DayReport(_message.Message):
    __slots__ = ("z_number", "business_day", "day_number", "open_time", "time", "first_seq", "last_seq", "first_receipt", "last_receipt", "totals", "perpetual_sales", "perpetual_returns", "perpetual_voids", "shifts", "carried", "exceptions", "outages", "version", "chain_head")
    Z_NUMBER_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DAY_FIELD_NUMBER: _ClassVar[int]
    DAY_NUMBER_FIELD_NUMBER: _ClassVar[int]
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQ_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQ_FIELD_NUMBER: _ClassVar[int]
    FIRST_RECEIPT_FIELD_NUMBER: _ClassVar[int]
    LAST_RECEIPT_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    PERPETUAL_SALES_FIELD_NUMBER: _ClassVar[int]
    PERPETUAL_RETURNS_FIELD_NUMBER: _ClassVar[int]
    PERPETUAL_VOIDS_FIELD_NUMBER: _ClassVar[int]
    SHIFTS_FIELD_NUMBER: _ClassVar[int]
    CARRIED_FIELD_NUMBER: _ClassVar[int]
    EXCEPTIONS_FIELD_NUMBER: _ClassVar[int]
    OUTAGES_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CHAIN_HEAD_FIELD_NUMBER: _ClassVar[int]
    z_number: int
    business_day: str
    day_number: int
    open_time: _timestamp_pb2.Timestamp
    time: _timestamp_pb2.Timestamp
    first_seq: int
    last_seq: int
    first_receipt: int
    last_receipt: int
    totals: Totals
    perpetual_sales: Total
    perpetual_returns: Total
    perpetual_voids: Total
    shifts: _containers.RepeatedCompositeFieldContainer[ShiftReport]
    carried: int
    exceptions: _containers.RepeatedCompositeFieldContainer[ExceptedTender]
    outages: _containers.RepeatedCompositeFieldContainer[OutageNote]
    version: str
    chain_head: bytes
    def __init__(self, z_number: _Optional[int] = ..., business_day: _Optional[str] = ..., day_number: _Optional[int] = ..., open_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., first_seq: _Optional[int] = ..., last_seq: _Optional[int] = ..., first_receipt: _Optional[int] = ..., last_receipt: _Optional[int] = ..., totals: _Optional[_Union[Totals, _Mapping]] = ..., perpetual_sales: _Optional[_Union[Total, _Mapping]] = ..., perpetual_returns: _Optional[_Union[Total, _Mapping]] = ..., perpetual_voids: _Optional[_Union[Total, _Mapping]] = ..., shifts: _Optional[_Iterable[_Union[ShiftReport, _Mapping]]] = ..., carried: _Optional[int] = ..., exceptions: _Optional[_Iterable[_Union[ExceptedTender, _Mapping]]] = ..., outages: _Optional[_Iterable[_Union[OutageNote, _Mapping]]] = ..., version: _Optional[str] = ..., chain_head: _Optional[bytes] = ...) -> None: ...

class ZSummary(_message.Message):
    __slots__ = ("z_number", "business_day", "time", "sales", "differences")
    Z_NUMBER_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DAY_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    SALES_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    z_number: int
    business_day: str
    time: _timestamp_pb2.Timestamp
    sales: Total
    differences: Total
    def __init__(self, z_number: _Optional[int] = ..., business_day: _Optional[str] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., sales: _Optional[_Union[Total, _Mapping]] = ..., differences: _Optional[_Union[Total, _Mapping]] = ...) -> None: ...

class Day(_message.Message):
    __slots__ = ("business_day", "day_number", "open_time", "close_time", "z_number", "over_midnight", "overdue")
    BUSINESS_DAY_FIELD_NUMBER: _ClassVar[int]
    DAY_NUMBER_FIELD_NUMBER: _ClassVar[int]
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    CLOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    Z_NUMBER_FIELD_NUMBER: _ClassVar[int]
    OVER_MIDNIGHT_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    business_day: str
    day_number: int
    open_time: _timestamp_pb2.Timestamp
    close_time: _timestamp_pb2.Timestamp
    z_number: int
    over_midnight: bool
    overdue: bool
    def __init__(self, business_day: _Optional[str] = ..., day_number: _Optional[int] = ..., open_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., close_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., z_number: _Optional[int] = ..., over_midnight: bool = ..., overdue: bool = ...) -> None: ...

class OpenDayRequest(_message.Message):
    __slots__ = ("request_id", "business_day")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DAY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    business_day: str
    def __init__(self, request_id: _Optional[str] = ..., business_day: _Optional[str] = ...) -> None: ...

class OpenDayResponse(_message.Message):
    __slots__ = ("day", "durability", "replayed")
    DAY_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    day: Day
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, day: _Optional[_Union[Day, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class CloseDayRequest(_message.Message):
    __slots__ = ("request_id", "day_number")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DAY_NUMBER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    day_number: int
    def __init__(self, request_id: _Optional[str] = ..., day_number: _Optional[int] = ...) -> None: ...

class CloseDayResponse(_message.Message):
    __slots__ = ("z", "durability", "replayed")
    Z_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    z: DayReport
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, z: _Optional[_Union[DayReport, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class GetDayRequest(_message.Message):
    __slots__ = ("day_number",)
    DAY_NUMBER_FIELD_NUMBER: _ClassVar[int]
    day_number: int
    def __init__(self, day_number: _Optional[int] = ...) -> None: ...

class GetDayResponse(_message.Message):
    __slots__ = ("day",)
    DAY_FIELD_NUMBER: _ClassVar[int]
    day: Day
    def __init__(self, day: _Optional[_Union[Day, _Mapping]] = ...) -> None: ...

class OpenShiftRequest(_message.Message):
    __slots__ = ("request_id", "opening_float", "operator", "training")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OPENING_FLOAT_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    TRAINING_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    opening_float: _types_pb2.Money
    operator: str
    training: bool
    def __init__(self, request_id: _Optional[str] = ..., opening_float: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., operator: _Optional[str] = ..., training: bool = ...) -> None: ...

class OpenShiftResponse(_message.Message):
    __slots__ = ("shift", "durability", "replayed")
    SHIFT_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    shift: Shift
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, shift: _Optional[_Union[Shift, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class LockShiftRequest(_message.Message):
    __slots__ = ("request_id", "shift_id", "expected_version")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    shift_id: str
    expected_version: int
    def __init__(self, request_id: _Optional[str] = ..., shift_id: _Optional[str] = ..., expected_version: _Optional[int] = ...) -> None: ...

class LockShiftResponse(_message.Message):
    __slots__ = ("shift", "durability", "replayed")
    SHIFT_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    shift: Shift
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, shift: _Optional[_Union[Shift, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class UnlockShiftRequest(_message.Message):
    __slots__ = ("request_id", "shift_id", "expected_version")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    shift_id: str
    expected_version: int
    def __init__(self, request_id: _Optional[str] = ..., shift_id: _Optional[str] = ..., expected_version: _Optional[int] = ...) -> None: ...

class UnlockShiftResponse(_message.Message):
    __slots__ = ("shift", "durability", "replayed")
    SHIFT_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    shift: Shift
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, shift: _Optional[_Union[Shift, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class RecordMovementRequest(_message.Message):
    __slots__ = ("request_id", "shift_id", "expected_version", "movement_id", "kind", "amount", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    MOVEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    shift_id: str
    expected_version: int
    movement_id: str
    kind: MovementKind
    amount: _types_pb2.Money
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., shift_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., movement_id: _Optional[str] = ..., kind: _Optional[_Union[MovementKind, str]] = ..., amount: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class RecordMovementResponse(_message.Message):
    __slots__ = ("movement", "shift_version", "durability", "replayed")
    MOVEMENT_FIELD_NUMBER: _ClassVar[int]
    SHIFT_VERSION_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    movement: CashMovement
    shift_version: int
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, movement: _Optional[_Union[CashMovement, _Mapping]] = ..., shift_version: _Optional[int] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class EndShiftRequest(_message.Message):
    __slots__ = ("request_id", "shift_id", "expected_version")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    shift_id: str
    expected_version: int
    def __init__(self, request_id: _Optional[str] = ..., shift_id: _Optional[str] = ..., expected_version: _Optional[int] = ...) -> None: ...

class EndShiftResponse(_message.Message):
    __slots__ = ("shift", "durability", "replayed")
    SHIFT_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    shift: Shift
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, shift: _Optional[_Union[Shift, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class DeclareCountRequest(_message.Message):
    __slots__ = ("request_id", "shift_id", "expected_version", "counted", "denominations")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    DENOMINATIONS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    shift_id: str
    expected_version: int
    counted: _types_pb2.Money
    denominations: _containers.RepeatedCompositeFieldContainer[Denomination]
    def __init__(self, request_id: _Optional[str] = ..., shift_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., counted: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., denominations: _Optional[_Iterable[_Union[Denomination, _Mapping]]] = ...) -> None: ...

class DeclareCountResponse(_message.Message):
    __slots__ = ("shift", "durability", "replayed")
    SHIFT_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    shift: Shift
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, shift: _Optional[_Union[Shift, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class HandOverRequest(_message.Message):
    __slots__ = ("request_id", "shift_id", "expected_version", "operator")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    shift_id: str
    expected_version: int
    operator: str
    def __init__(self, request_id: _Optional[str] = ..., shift_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., operator: _Optional[str] = ...) -> None: ...

class HandOverResponse(_message.Message):
    __slots__ = ("closed", "opened", "durability", "replayed")
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    OPENED_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    closed: Shift
    opened: Shift
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, closed: _Optional[_Union[Shift, _Mapping]] = ..., opened: _Optional[_Union[Shift, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class CloseShiftRequest(_message.Message):
    __slots__ = ("request_id", "shift_id", "expected_version")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    shift_id: str
    expected_version: int
    def __init__(self, request_id: _Optional[str] = ..., shift_id: _Optional[str] = ..., expected_version: _Optional[int] = ...) -> None: ...

class CloseShiftResponse(_message.Message):
    __slots__ = ("shift", "durability", "replayed")
    SHIFT_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    shift: Shift
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, shift: _Optional[_Union[Shift, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class CorrectCountRequest(_message.Message):
    __slots__ = ("request_id", "shift_id", "expected_version", "counted", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    shift_id: str
    expected_version: int
    counted: _types_pb2.Money
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., shift_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., counted: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class CorrectCountResponse(_message.Message):
    __slots__ = ("shift", "durability", "replayed")
    SHIFT_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    shift: Shift
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, shift: _Optional[_Union[Shift, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class ExceptTenderRequest(_message.Message):
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

class ExceptTenderResponse(_message.Message):
    __slots__ = ("sale", "durability", "replayed")
    SALE_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    sale: _checkout_pb2.SaleSummary
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, sale: _Optional[_Union[_checkout_pb2.SaleSummary, _Mapping]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

class GetShiftRequest(_message.Message):
    __slots__ = ("shift_id",)
    SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    shift_id: str
    def __init__(self, shift_id: _Optional[str] = ...) -> None: ...

class GetShiftResponse(_message.Message):
    __slots__ = ("shift", "movements")
    SHIFT_FIELD_NUMBER: _ClassVar[int]
    MOVEMENTS_FIELD_NUMBER: _ClassVar[int]
    shift: Shift
    movements: _containers.RepeatedCompositeFieldContainer[CashMovement]
    def __init__(self, shift: _Optional[_Union[Shift, _Mapping]] = ..., movements: _Optional[_Iterable[_Union[CashMovement, _Mapping]]] = ...) -> None: ...

class ListShiftsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListShiftsResponse(_message.Message):
    __slots__ = ("shifts", "next_page_token")
    SHIFTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    shifts: _containers.RepeatedCompositeFieldContainer[Shift]
    next_page_token: str
    def __init__(self, shifts: _Optional[_Iterable[_Union[Shift, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetXReportRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetXReportResponse(_message.Message):
    __slots__ = ("report",)
    REPORT_FIELD_NUMBER: _ClassVar[int]
    report: DayReport
    def __init__(self, report: _Optional[_Union[DayReport, _Mapping]] = ...) -> None: ...

class GetZReportRequest(_message.Message):
    __slots__ = ("z_number",)
    Z_NUMBER_FIELD_NUMBER: _ClassVar[int]
    z_number: int
    def __init__(self, z_number: _Optional[int] = ...) -> None: ...

class GetZReportResponse(_message.Message):
    __slots__ = ("report",)
    REPORT_FIELD_NUMBER: _ClassVar[int]
    report: DayReport
    def __init__(self, report: _Optional[_Union[DayReport, _Mapping]] = ...) -> None: ...

class ListZReportsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListZReportsResponse(_message.Message):
    __slots__ = ("reports", "next_page_token")
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    reports: _containers.RepeatedCompositeFieldContainer[ZSummary]
    next_page_token: str
    def __init__(self, reports: _Optional[_Iterable[_Union[ZSummary, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class PrintReportRequest(_message.Message):
    __slots__ = ("request_id", "job_id", "kind", "number")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    job_id: str
    kind: ReportKind
    number: int
    def __init__(self, request_id: _Optional[str] = ..., job_id: _Optional[str] = ..., kind: _Optional[_Union[ReportKind, str]] = ..., number: _Optional[int] = ...) -> None: ...

class PrintReportResponse(_message.Message):
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

class ExplainOverShortRequest(_message.Message):
    __slots__ = ("shift_id",)
    SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    shift_id: str
    def __init__(self, shift_id: _Optional[str] = ...) -> None: ...

class OverShortTrace(_message.Message):
    __slots__ = ("kind", "time", "seq", "ref", "amount", "fits")
    KIND_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    REF_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    FITS_FIELD_NUMBER: _ClassVar[int]
    kind: TraceKind
    time: _timestamp_pb2.Timestamp
    seq: int
    ref: str
    amount: _types_pb2.Money
    fits: bool
    def __init__(self, kind: _Optional[_Union[TraceKind, str]] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., seq: _Optional[int] = ..., ref: _Optional[str] = ..., amount: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., fits: bool = ...) -> None: ...

class ExplainOverShortResponse(_message.Message):
    __slots__ = ("over_short", "traces", "more")
    OVER_SHORT_FIELD_NUMBER: _ClassVar[int]
    TRACES_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    over_short: _types_pb2.Money
    traces: _containers.RepeatedCompositeFieldContainer[OverShortTrace]
    more: int
    def __init__(self, over_short: _Optional[_Union[_types_pb2.Money, _Mapping]] = ..., traces: _Optional[_Iterable[_Union[OverShortTrace, _Mapping]]] = ..., more: _Optional[int] = ...) -> None: ...

class SignOnRequest(_message.Message):
    __slots__ = ("operator", "pin", "for_approval")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    PIN_FIELD_NUMBER: _ClassVar[int]
    FOR_APPROVAL_FIELD_NUMBER: _ClassVar[int]
    operator: str
    pin: str
    for_approval: bool
    def __init__(self, operator: _Optional[str] = ..., pin: _Optional[str] = ..., for_approval: bool = ...) -> None: ...

class SignOnResponse(_message.Message):
    __slots__ = ("operator_token", "operator", "expire_time")
    OPERATOR_TOKEN_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    operator_token: str
    operator: _access_pb2.Operator
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, operator_token: _Optional[str] = ..., operator: _Optional[_Union[_access_pb2.Operator, _Mapping]] = ..., expire_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SignOffRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SignOffResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tillhal.v1 import device_pb2 as _device_pb2
from tillhal.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Symbology(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SYMBOLOGY_UNSPECIFIED: _ClassVar[Symbology]
    SYMBOLOGY_EAN_13: _ClassVar[Symbology]
    SYMBOLOGY_EAN_8: _ClassVar[Symbology]
    SYMBOLOGY_CODE_128: _ClassVar[Symbology]
    SYMBOLOGY_GS1_128: _ClassVar[Symbology]
    SYMBOLOGY_GS1_DATABAR: _ClassVar[Symbology]
    SYMBOLOGY_CODE_39: _ClassVar[Symbology]
    SYMBOLOGY_CODE_93: _ClassVar[Symbology]
    SYMBOLOGY_ITF: _ClassVar[Symbology]
    SYMBOLOGY_CODABAR: _ClassVar[Symbology]
    SYMBOLOGY_QR: _ClassVar[Symbology]
    SYMBOLOGY_GS1_QR: _ClassVar[Symbology]
    SYMBOLOGY_DATA_MATRIX: _ClassVar[Symbology]
    SYMBOLOGY_GS1_DATA_MATRIX: _ClassVar[Symbology]
    SYMBOLOGY_GS1_DOT_CODE: _ClassVar[Symbology]
    SYMBOLOGY_PDF417: _ClassVar[Symbology]
    SYMBOLOGY_AZTEC: _ClassVar[Symbology]
    SYMBOLOGY_HAN_XIN: _ClassVar[Symbology]
    SYMBOLOGY_OTHER: _ClassVar[Symbology]

class SymbologySource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SYMBOLOGY_SOURCE_UNSPECIFIED: _ClassVar[SymbologySource]
    SYMBOLOGY_SOURCE_AIM: _ClassVar[SymbologySource]
    SYMBOLOGY_SOURCE_CONFIGURED: _ClassVar[SymbologySource]
    SYMBOLOGY_SOURCE_KEYED: _ClassVar[SymbologySource]

class ScanKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCAN_KIND_UNSPECIFIED: _ClassVar[ScanKind]
    SCAN_KIND_TEXT: _ClassVar[ScanKind]
    SCAN_KIND_GTIN: _ClassVar[ScanKind]
    SCAN_KIND_RCN: _ClassVar[ScanKind]
    SCAN_KIND_GS1: _ClassVar[ScanKind]
    SCAN_KIND_DIGITAL_LINK: _ClassVar[ScanKind]
    SCAN_KIND_PAYMENT: _ClassVar[ScanKind]
    SCAN_KIND_URL: _ClassVar[ScanKind]

class ScanCorruption(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCAN_CORRUPTION_UNSPECIFIED: _ClassVar[ScanCorruption]
    SCAN_CORRUPTION_INPUT_LOST: _ClassVar[ScanCorruption]
    SCAN_CORRUPTION_TOO_LONG: _ClassVar[ScanCorruption]
    SCAN_CORRUPTION_LINE_ERROR: _ClassVar[ScanCorruption]
    SCAN_CORRUPTION_CONTENT_WRONG: _ClassVar[ScanCorruption]
SYMBOLOGY_UNSPECIFIED: Symbology
SYMBOLOGY_EAN_13: Symbology
SYMBOLOGY_EAN_8: Symbology
SYMBOLOGY_CODE_128: Symbology
SYMBOLOGY_GS1_128: Symbology
SYMBOLOGY_GS1_DATABAR: Symbology
SYMBOLOGY_CODE_39: Symbology
SYMBOLOGY_CODE_93: Symbology
SYMBOLOGY_ITF: Symbology
SYMBOLOGY_CODABAR: Symbology
SYMBOLOGY_QR: Symbology
SYMBOLOGY_GS1_QR: Symbology
SYMBOLOGY_DATA_MATRIX: Symbology
SYMBOLOGY_GS1_DATA_MATRIX: Symbology
SYMBOLOGY_GS1_DOT_CODE: Symbology
SYMBOLOGY_PDF417: Symbology
SYMBOLOGY_AZTEC: Symbology
SYMBOLOGY_HAN_XIN: Symbology
SYMBOLOGY_OTHER: Symbology
SYMBOLOGY_SOURCE_UNSPECIFIED: SymbologySource
SYMBOLOGY_SOURCE_AIM: SymbologySource
SYMBOLOGY_SOURCE_CONFIGURED: SymbologySource
SYMBOLOGY_SOURCE_KEYED: SymbologySource
SCAN_KIND_UNSPECIFIED: ScanKind
SCAN_KIND_TEXT: ScanKind
SCAN_KIND_GTIN: ScanKind
SCAN_KIND_RCN: ScanKind
SCAN_KIND_GS1: ScanKind
SCAN_KIND_DIGITAL_LINK: ScanKind
SCAN_KIND_PAYMENT: ScanKind
SCAN_KIND_URL: ScanKind
SCAN_CORRUPTION_UNSPECIFIED: ScanCorruption
SCAN_CORRUPTION_INPUT_LOST: ScanCorruption
SCAN_CORRUPTION_TOO_LONG: ScanCorruption
SCAN_CORRUPTION_LINE_ERROR: ScanCorruption
SCAN_CORRUPTION_CONTENT_WRONG: ScanCorruption

class ScanElement(_message.Message):
    __slots__ = ("ai", "value")
    AI_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    ai: str
    value: str
    def __init__(self, ai: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Scan(_message.Message):
    __slots__ = ("device_id", "time", "age_ms", "raw", "text", "charset", "symbology", "aim_id", "source", "kind", "gtin14", "elements", "weight_kg", "price", "price_currency", "expiry_date", "best_before_date", "check_ok", "corruption", "repeat")
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    AGE_MS_FIELD_NUMBER: _ClassVar[int]
    RAW_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CHARSET_FIELD_NUMBER: _ClassVar[int]
    SYMBOLOGY_FIELD_NUMBER: _ClassVar[int]
    AIM_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    GTIN14_FIELD_NUMBER: _ClassVar[int]
    ELEMENTS_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_KG_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    PRICE_CURRENCY_FIELD_NUMBER: _ClassVar[int]
    EXPIRY_DATE_FIELD_NUMBER: _ClassVar[int]
    BEST_BEFORE_DATE_FIELD_NUMBER: _ClassVar[int]
    CHECK_OK_FIELD_NUMBER: _ClassVar[int]
    CORRUPTION_FIELD_NUMBER: _ClassVar[int]
    REPEAT_FIELD_NUMBER: _ClassVar[int]
    device_id: str
    time: _timestamp_pb2.Timestamp
    age_ms: int
    raw: bytes
    text: str
    charset: str
    symbology: Symbology
    aim_id: str
    source: SymbologySource
    kind: ScanKind
    gtin14: str
    elements: _containers.RepeatedCompositeFieldContainer[ScanElement]
    weight_kg: _types_pb2.Decimal
    price: _types_pb2.Decimal
    price_currency: str
    expiry_date: str
    best_before_date: str
    check_ok: bool
    corruption: ScanCorruption
    repeat: bool
    def __init__(self, device_id: _Optional[str] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., age_ms: _Optional[int] = ..., raw: _Optional[bytes] = ..., text: _Optional[str] = ..., charset: _Optional[str] = ..., symbology: _Optional[_Union[Symbology, str]] = ..., aim_id: _Optional[str] = ..., source: _Optional[_Union[SymbologySource, str]] = ..., kind: _Optional[_Union[ScanKind, str]] = ..., gtin14: _Optional[str] = ..., elements: _Optional[_Iterable[_Union[ScanElement, _Mapping]]] = ..., weight_kg: _Optional[_Union[_types_pb2.Decimal, _Mapping]] = ..., price: _Optional[_Union[_types_pb2.Decimal, _Mapping]] = ..., price_currency: _Optional[str] = ..., expiry_date: _Optional[str] = ..., best_before_date: _Optional[str] = ..., check_ok: bool = ..., corruption: _Optional[_Union[ScanCorruption, str]] = ..., repeat: bool = ...) -> None: ...

class WatchScansRequest(_message.Message):
    __slots__ = ("device_id", "lease_id", "cursor")
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    device_id: str
    lease_id: str
    cursor: int
    def __init__(self, device_id: _Optional[str] = ..., lease_id: _Optional[str] = ..., cursor: _Optional[int] = ...) -> None: ...

class WatchScansResponse(_message.Message):
    __slots__ = ("cursor", "scan", "release_requested", "forgotten", "draining")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    SCAN_FIELD_NUMBER: _ClassVar[int]
    RELEASE_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    FORGOTTEN_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    cursor: int
    scan: Scan
    release_requested: _device_pb2.ReleaseRequested
    forgotten: ScansForgotten
    draining: ScannerDraining
    def __init__(self, cursor: _Optional[int] = ..., scan: _Optional[_Union[Scan, _Mapping]] = ..., release_requested: _Optional[_Union[_device_pb2.ReleaseRequested, _Mapping]] = ..., forgotten: _Optional[_Union[ScansForgotten, _Mapping]] = ..., draining: _Optional[_Union[ScannerDraining, _Mapping]] = ...) -> None: ...

class ScansForgotten(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ScannerDraining(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AcknowledgeScanRequest(_message.Message):
    __slots__ = ("device_id", "lease_id", "cursor")
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    device_id: str
    lease_id: str
    cursor: int
    def __init__(self, device_id: _Optional[str] = ..., lease_id: _Optional[str] = ..., cursor: _Optional[int] = ...) -> None: ...

class AcknowledgeScanResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SoftTriggerRequest(_message.Message):
    __slots__ = ("device_id", "fencing_token")
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    FENCING_TOKEN_FIELD_NUMBER: _ClassVar[int]
    device_id: str
    fencing_token: int
    def __init__(self, device_id: _Optional[str] = ..., fencing_token: _Optional[int] = ...) -> None: ...

class SoftTriggerResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class InjectScanRequest(_message.Message):
    __slots__ = ("request_id", "device_id", "text", "fencing_token")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FENCING_TOKEN_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    device_id: str
    text: str
    fencing_token: int
    def __init__(self, request_id: _Optional[str] = ..., device_id: _Optional[str] = ..., text: _Optional[str] = ..., fencing_token: _Optional[int] = ...) -> None: ...

class InjectScanResponse(_message.Message):
    __slots__ = ("kind", "durability", "replayed")
    KIND_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    kind: ScanKind
    durability: _types_pb2.Durability
    replayed: bool
    def __init__(self, kind: _Optional[_Union[ScanKind, str]] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ..., replayed: bool = ...) -> None: ...

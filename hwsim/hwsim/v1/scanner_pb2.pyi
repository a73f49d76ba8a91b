from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ScannerLink(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCANNER_LINK_UNSPECIFIED: _ClassVar[ScannerLink]
    SCANNER_LINK_PLUGGED: _ClassVar[ScannerLink]
    SCANNER_LINK_UNPLUGGED: _ClassVar[ScannerLink]
    SCANNER_LINK_ASLEEP: _ClassVar[ScannerLink]
SCANNER_LINK_UNSPECIFIED: ScannerLink
SCANNER_LINK_PLUGGED: ScannerLink
SCANNER_LINK_UNPLUGGED: ScannerLink
SCANNER_LINK_ASLEEP: ScannerLink

class ScanRequest(_message.Message):
    __slots__ = ("scanner", "payload", "symbology", "double_read", "truncate", "lose_front", "no_suffix", "gs", "wrong_check", "pause_ms")
    SCANNER_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    SYMBOLOGY_FIELD_NUMBER: _ClassVar[int]
    DOUBLE_READ_FIELD_NUMBER: _ClassVar[int]
    TRUNCATE_FIELD_NUMBER: _ClassVar[int]
    LOSE_FRONT_FIELD_NUMBER: _ClassVar[int]
    NO_SUFFIX_FIELD_NUMBER: _ClassVar[int]
    GS_FIELD_NUMBER: _ClassVar[int]
    WRONG_CHECK_FIELD_NUMBER: _ClassVar[int]
    PAUSE_MS_FIELD_NUMBER: _ClassVar[int]
    scanner: str
    payload: bytes
    symbology: str
    double_read: bool
    truncate: int
    lose_front: int
    no_suffix: bool
    gs: bytes
    wrong_check: bool
    pause_ms: int
    def __init__(self, scanner: _Optional[str] = ..., payload: _Optional[bytes] = ..., symbology: _Optional[str] = ..., double_read: bool = ..., truncate: _Optional[int] = ..., lose_front: _Optional[int] = ..., no_suffix: bool = ..., gs: _Optional[bytes] = ..., wrong_check: bool = ..., pause_ms: _Optional[int] = ...) -> None: ...

class ScanResponse(_message.Message):
    __slots__ = ("sent",)
    SENT_FIELD_NUMBER: _ClassVar[int]
    sent: bytes
    def __init__(self, sent: _Optional[bytes] = ...) -> None: ...

class PresentRequest(_message.Message):
    __slots__ = ("scanner", "payload", "symbology")
    SCANNER_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    SYMBOLOGY_FIELD_NUMBER: _ClassVar[int]
    scanner: str
    payload: bytes
    symbology: str
    def __init__(self, scanner: _Optional[str] = ..., payload: _Optional[bytes] = ..., symbology: _Optional[str] = ...) -> None: ...

class PresentResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetScannerLinkRequest(_message.Message):
    __slots__ = ("scanner", "link")
    SCANNER_FIELD_NUMBER: _ClassVar[int]
    LINK_FIELD_NUMBER: _ClassVar[int]
    scanner: str
    link: ScannerLink
    def __init__(self, scanner: _Optional[str] = ..., link: _Optional[_Union[ScannerLink, str]] = ...) -> None: ...

class SetScannerLinkResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetScannerRequest(_message.Message):
    __slots__ = ("scanner",)
    SCANNER_FIELD_NUMBER: _ClassVar[int]
    scanner: str
    def __init__(self, scanner: _Optional[str] = ...) -> None: ...

class GetScannerResponse(_message.Message):
    __slots__ = ("link", "enabled", "scan_count", "beep_count", "received")
    LINK_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    SCAN_COUNT_FIELD_NUMBER: _ClassVar[int]
    BEEP_COUNT_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_FIELD_NUMBER: _ClassVar[int]
    link: ScannerLink
    enabled: bool
    scan_count: int
    beep_count: int
    received: bytes
    def __init__(self, link: _Optional[_Union[ScannerLink, str]] = ..., enabled: bool = ..., scan_count: _Optional[int] = ..., beep_count: _Optional[int] = ..., received: _Optional[bytes] = ...) -> None: ...

from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Paper(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PAPER_UNSPECIFIED: _ClassVar[Paper]
    PAPER_ADEQUATE: _ClassVar[Paper]
    PAPER_NEAR_END: _ClassVar[Paper]
    PAPER_END: _ClassVar[Paper]

class Health(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HEALTH_UNSPECIFIED: _ClassVar[Health]
    HEALTH_CUTTER_JAMMED: _ClassVar[Health]
    HEALTH_CUTTER_FREE: _ClassVar[Health]
    HEALTH_HEAD_HOT: _ClassVar[Health]
    HEALTH_HEAD_COOL: _ClassVar[Health]
    HEALTH_BROKEN: _ClassVar[Health]
    HEALTH_REPAIRED: _ClassVar[Health]
    HEALTH_PRINTS_BLANK: _ClassVar[Health]
    HEALTH_PRINTS: _ClassVar[Health]
    HEALTH_BUFFER_LOST: _ClassVar[Health]

class Link(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LINK_UNSPECIFIED: _ClassVar[Link]
    LINK_PLUGGED: _ClassVar[Link]
    LINK_UNPLUGGED: _ClassVar[Link]
    LINK_REFUSES: _ClassVar[Link]
    LINK_REFUSES_SECOND: _ClassVar[Link]
    LINK_LETS_WAIT: _ClassVar[Link]
    LINK_CUT: _ClassVar[Link]
    LINK_RESTORED: _ClassVar[Link]
    LINK_RESET: _ClassVar[Link]
    LINK_STALLED: _ClassVar[Link]
    LINK_RELEASED: _ClassVar[Link]
PAPER_UNSPECIFIED: Paper
PAPER_ADEQUATE: Paper
PAPER_NEAR_END: Paper
PAPER_END: Paper
HEALTH_UNSPECIFIED: Health
HEALTH_CUTTER_JAMMED: Health
HEALTH_CUTTER_FREE: Health
HEALTH_HEAD_HOT: Health
HEALTH_HEAD_COOL: Health
HEALTH_BROKEN: Health
HEALTH_REPAIRED: Health
HEALTH_PRINTS_BLANK: Health
HEALTH_PRINTS: Health
HEALTH_BUFFER_LOST: Health
LINK_UNSPECIFIED: Link
LINK_PLUGGED: Link
LINK_UNPLUGGED: Link
LINK_REFUSES: Link
LINK_REFUSES_SECOND: Link
LINK_LETS_WAIT: Link
LINK_CUT: Link
LINK_RESTORED: Link
LINK_RESET: Link
LINK_STALLED: Link
LINK_RELEASED: Link

class Point(_message.Message):
    __slots__ = ("bytes", "lines", "dots", "cuts")
    BYTES_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    DOTS_FIELD_NUMBER: _ClassVar[int]
    CUTS_FIELD_NUMBER: _ClassVar[int]
    bytes: int
    lines: int
    dots: int
    cuts: int
    def __init__(self, bytes: _Optional[int] = ..., lines: _Optional[int] = ..., dots: _Optional[int] = ..., cuts: _Optional[int] = ...) -> None: ...

class SetPaperRequest(_message.Message):
    __slots__ = ("printer", "paper", "after")
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    PAPER_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    printer: str
    paper: Paper
    after: Point
    def __init__(self, printer: _Optional[str] = ..., paper: _Optional[_Union[Paper, str]] = ..., after: _Optional[_Union[Point, _Mapping]] = ...) -> None: ...

class SetPaperResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetCoverRequest(_message.Message):
    __slots__ = ("printer", "open", "after")
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    printer: str
    open: bool
    after: Point
    def __init__(self, printer: _Optional[str] = ..., open: bool = ..., after: _Optional[_Union[Point, _Mapping]] = ...) -> None: ...

class SetCoverResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetHealthRequest(_message.Message):
    __slots__ = ("printer", "health", "after")
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    HEALTH_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    printer: str
    health: Health
    after: Point
    def __init__(self, printer: _Optional[str] = ..., health: _Optional[_Union[Health, str]] = ..., after: _Optional[_Union[Point, _Mapping]] = ...) -> None: ...

class SetHealthResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetPowerRequest(_message.Message):
    __slots__ = ("printer", "on", "quietly", "after")
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    ON_FIELD_NUMBER: _ClassVar[int]
    QUIETLY_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    printer: str
    on: bool
    quietly: bool
    after: Point
    def __init__(self, printer: _Optional[str] = ..., on: bool = ..., quietly: bool = ..., after: _Optional[_Union[Point, _Mapping]] = ...) -> None: ...

class SetPowerResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetLinkRequest(_message.Message):
    __slots__ = ("printer", "link", "path", "after")
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    LINK_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    printer: str
    link: Link
    path: str
    after: Point
    def __init__(self, printer: _Optional[str] = ..., link: _Optional[_Union[Link, str]] = ..., path: _Optional[str] = ..., after: _Optional[_Union[Point, _Mapping]] = ...) -> None: ...

class SetLinkResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetAnswersRequest(_message.Message):
    __slots__ = ("printer", "muted", "delay_ms", "instead", "ignored", "flood", "drain_bytes_per_s")
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    MUTED_FIELD_NUMBER: _ClassVar[int]
    DELAY_MS_FIELD_NUMBER: _ClassVar[int]
    INSTEAD_FIELD_NUMBER: _ClassVar[int]
    IGNORED_FIELD_NUMBER: _ClassVar[int]
    FLOOD_FIELD_NUMBER: _ClassVar[int]
    DRAIN_BYTES_PER_S_FIELD_NUMBER: _ClassVar[int]
    printer: str
    muted: bool
    delay_ms: int
    instead: _containers.RepeatedScalarFieldContainer[bytes]
    ignored: _containers.RepeatedScalarFieldContainer[str]
    flood: int
    drain_bytes_per_s: float
    def __init__(self, printer: _Optional[str] = ..., muted: bool = ..., delay_ms: _Optional[int] = ..., instead: _Optional[_Iterable[bytes]] = ..., ignored: _Optional[_Iterable[str]] = ..., flood: _Optional[int] = ..., drain_bytes_per_s: _Optional[float] = ...) -> None: ...

class SetAnswersResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetClaimsRequest(_message.Message):
    __slots__ = ("printer", "offline", "cover_open", "cutter_error", "head_hot", "broken", "pin3_high", "paper")
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    OFFLINE_FIELD_NUMBER: _ClassVar[int]
    COVER_OPEN_FIELD_NUMBER: _ClassVar[int]
    CUTTER_ERROR_FIELD_NUMBER: _ClassVar[int]
    HEAD_HOT_FIELD_NUMBER: _ClassVar[int]
    BROKEN_FIELD_NUMBER: _ClassVar[int]
    PIN3_HIGH_FIELD_NUMBER: _ClassVar[int]
    PAPER_FIELD_NUMBER: _ClassVar[int]
    printer: str
    offline: bool
    cover_open: bool
    cutter_error: bool
    head_hot: bool
    broken: bool
    pin3_high: bool
    paper: Paper
    def __init__(self, printer: _Optional[str] = ..., offline: bool = ..., cover_open: bool = ..., cutter_error: bool = ..., head_hot: bool = ..., broken: bool = ..., pin3_high: bool = ..., paper: _Optional[_Union[Paper, str]] = ...) -> None: ...

class SetClaimsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class HealRequest(_message.Message):
    __slots__ = ("printer",)
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    printer: str
    def __init__(self, printer: _Optional[str] = ...) -> None: ...

class HealResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("number", "text", "cut", "file", "raw")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CUT_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    RAW_FIELD_NUMBER: _ClassVar[int]
    number: int
    text: str
    cut: bool
    file: str
    raw: bytes
    def __init__(self, number: _Optional[int] = ..., text: _Optional[str] = ..., cut: bool = ..., file: _Optional[str] = ..., raw: _Optional[bytes] = ...) -> None: ...

class ListReceiptsRequest(_message.Message):
    __slots__ = ("printer",)
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    printer: str
    def __init__(self, printer: _Optional[str] = ...) -> None: ...

class ListReceiptsResponse(_message.Message):
    __slots__ = ("receipts",)
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    receipts: _containers.RepeatedCompositeFieldContainer[Receipt]
    def __init__(self, receipts: _Optional[_Iterable[_Union[Receipt, _Mapping]]] = ...) -> None: ...

class GetReceiptRequest(_message.Message):
    __slots__ = ("printer", "number", "wait_ms")
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    WAIT_MS_FIELD_NUMBER: _ClassVar[int]
    printer: str
    number: int
    wait_ms: int
    def __init__(self, printer: _Optional[str] = ..., number: _Optional[int] = ..., wait_ms: _Optional[int] = ...) -> None: ...

class GetReceiptResponse(_message.Message):
    __slots__ = ("receipt", "png")
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    PNG_FIELD_NUMBER: _ClassVar[int]
    receipt: Receipt
    png: bytes
    def __init__(self, receipt: _Optional[_Union[Receipt, _Mapping]] = ..., png: _Optional[bytes] = ...) -> None: ...

class GetPaperRequest(_message.Message):
    __slots__ = ("printer",)
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    printer: str
    def __init__(self, printer: _Optional[str] = ...) -> None: ...

class GetPaperResponse(_message.Message):
    __slots__ = ("text", "png")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    PNG_FIELD_NUMBER: _ClassVar[int]
    text: str
    png: bytes
    def __init__(self, text: _Optional[str] = ..., png: _Optional[bytes] = ...) -> None: ...

class TearOffRequest(_message.Message):
    __slots__ = ("printer",)
    PRINTER_FIELD_NUMBER: _ClassVar[int]
    printer: str
    def __init__(self, printer: _Optional[str] = ...) -> None: ...

class TearOffResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tillhal.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class JournalFault(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOURNAL_FAULT_UNSPECIFIED: _ClassVar[JournalFault]
    JOURNAL_FAULT_EDITED: _ClassVar[JournalFault]
    JOURNAL_FAULT_MISSING: _ClassVar[JournalFault]
    JOURNAL_FAULT_REPEATED: _ClassVar[JournalFault]
    JOURNAL_FAULT_TRUNCATED: _ClassVar[JournalFault]
    JOURNAL_FAULT_FORK: _ClassVar[JournalFault]
    JOURNAL_FAULT_UNREADABLE: _ClassVar[JournalFault]

class JournalRelation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOURNAL_RELATION_UNSPECIFIED: _ClassVar[JournalRelation]
    JOURNAL_RELATION_SAME: _ClassVar[JournalRelation]
    JOURNAL_RELATION_GOES_ON: _ClassVar[JournalRelation]
    JOURNAL_RELATION_FORK: _ClassVar[JournalRelation]
    JOURNAL_RELATION_BEYOND: _ClassVar[JournalRelation]
    JOURNAL_RELATION_STRANGERS: _ClassVar[JournalRelation]
    JOURNAL_RELATION_UNKNOWN: _ClassVar[JournalRelation]
JOURNAL_FAULT_UNSPECIFIED: JournalFault
JOURNAL_FAULT_EDITED: JournalFault
JOURNAL_FAULT_MISSING: JournalFault
JOURNAL_FAULT_REPEATED: JournalFault
JOURNAL_FAULT_TRUNCATED: JournalFault
JOURNAL_FAULT_FORK: JournalFault
JOURNAL_FAULT_UNREADABLE: JournalFault
JOURNAL_RELATION_UNSPECIFIED: JournalRelation
JOURNAL_RELATION_SAME: JournalRelation
JOURNAL_RELATION_GOES_ON: JournalRelation
JOURNAL_RELATION_FORK: JournalRelation
JOURNAL_RELATION_BEYOND: JournalRelation
JOURNAL_RELATION_STRANGERS: JournalRelation
JOURNAL_RELATION_UNKNOWN: JournalRelation

class JournalServiceGetStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class JournalServiceGetStatusResponse(_message.Message):
    __slots__ = ("head_seq", "head_hash", "chain_id", "incarnation", "create_time", "used_bytes", "map_bytes", "checkpoint_seq", "durability")
    HEAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    HEAD_HASH_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    USED_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAP_BYTES_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_SEQ_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    head_seq: int
    head_hash: bytes
    chain_id: bytes
    incarnation: int
    create_time: _timestamp_pb2.Timestamp
    used_bytes: int
    map_bytes: int
    checkpoint_seq: int
    durability: _types_pb2.Durability
    def __init__(self, head_seq: _Optional[int] = ..., head_hash: _Optional[bytes] = ..., chain_id: _Optional[bytes] = ..., incarnation: _Optional[int] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., used_bytes: _Optional[int] = ..., map_bytes: _Optional[int] = ..., checkpoint_seq: _Optional[int] = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ...) -> None: ...

class WatchJournalRequest(_message.Message):
    __slots__ = ("cursor", "from_now")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    FROM_NOW_FIELD_NUMBER: _ClassVar[int]
    cursor: int
    from_now: bool
    def __init__(self, cursor: _Optional[int] = ..., from_now: bool = ...) -> None: ...

class JournalEvent(_message.Message):
    __slots__ = ("kind", "facts_json")
    KIND_FIELD_NUMBER: _ClassVar[int]
    FACTS_JSON_FIELD_NUMBER: _ClassVar[int]
    kind: str
    facts_json: str
    def __init__(self, kind: _Optional[str] = ..., facts_json: _Optional[str] = ...) -> None: ...

class JournalRecord(_message.Message):
    __slots__ = ("seq", "hash", "prev_hash", "time", "business_day", "shift_id", "operator", "approver", "front_end", "request_id", "events")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    PREV_HASH_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_DAY_FIELD_NUMBER: _ClassVar[int]
    SHIFT_ID_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    APPROVER_FIELD_NUMBER: _ClassVar[int]
    FRONT_END_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    seq: int
    hash: bytes
    prev_hash: bytes
    time: _timestamp_pb2.Timestamp
    business_day: str
    shift_id: str
    operator: str
    approver: str
    front_end: str
    request_id: str
    events: _containers.RepeatedCompositeFieldContainer[JournalEvent]
    def __init__(self, seq: _Optional[int] = ..., hash: _Optional[bytes] = ..., prev_hash: _Optional[bytes] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., business_day: _Optional[str] = ..., shift_id: _Optional[str] = ..., operator: _Optional[str] = ..., approver: _Optional[str] = ..., front_end: _Optional[str] = ..., request_id: _Optional[str] = ..., events: _Optional[_Iterable[_Union[JournalEvent, _Mapping]]] = ...) -> None: ...

class CaughtUp(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class WatchJournalResponse(_message.Message):
    __slots__ = ("cursor", "record", "gap", "caught_up")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    CAUGHT_UP_FIELD_NUMBER: _ClassVar[int]
    cursor: int
    record: JournalRecord
    gap: _types_pb2.Gap
    caught_up: CaughtUp
    def __init__(self, cursor: _Optional[int] = ..., record: _Optional[_Union[JournalRecord, _Mapping]] = ..., gap: _Optional[_Union[_types_pb2.Gap, _Mapping]] = ..., caught_up: _Optional[_Union[CaughtUp, _Mapping]] = ...) -> None: ...

class JournalPosition(_message.Message):
    __slots__ = ("chain_id", "seq", "hash")
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    chain_id: bytes
    seq: int
    hash: bytes
    def __init__(self, chain_id: _Optional[bytes] = ..., seq: _Optional[int] = ..., hash: _Optional[bytes] = ...) -> None: ...

class JournalMeeting(_message.Message):
    __slots__ = ("relation", "seq", "message")
    RELATION_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    relation: JournalRelation
    seq: int
    message: str
    def __init__(self, relation: _Optional[_Union[JournalRelation, str]] = ..., seq: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class VerifyRequest(_message.Message):
    __slots__ = ("others",)
    OTHERS_FIELD_NUMBER: _ClassVar[int]
    others: _containers.RepeatedCompositeFieldContainer[JournalPosition]
    def __init__(self, others: _Optional[_Iterable[_Union[JournalPosition, _Mapping]]] = ...) -> None: ...

class JournalFinding(_message.Message):
    __slots__ = ("fault", "seq", "message")
    FAULT_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    fault: JournalFault
    seq: int
    message: str
    def __init__(self, fault: _Optional[_Union[JournalFault, str]] = ..., seq: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class VerifyResult(_message.Message):
    __slots__ = ("sound", "records", "head_seq", "head_hash", "findings", "meetings")
    SOUND_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    HEAD_SEQ_FIELD_NUMBER: _ClassVar[int]
    HEAD_HASH_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    MEETINGS_FIELD_NUMBER: _ClassVar[int]
    sound: bool
    records: int
    head_seq: int
    head_hash: bytes
    findings: _containers.RepeatedCompositeFieldContainer[JournalFinding]
    meetings: _containers.RepeatedCompositeFieldContainer[JournalMeeting]
    def __init__(self, sound: bool = ..., records: _Optional[int] = ..., head_seq: _Optional[int] = ..., head_hash: _Optional[bytes] = ..., findings: _Optional[_Iterable[_Union[JournalFinding, _Mapping]]] = ..., meetings: _Optional[_Iterable[_Union[JournalMeeting, _Mapping]]] = ...) -> None: ...

class VerifyResponse(_message.Message):
    __slots__ = ("progress", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: _types_pb2.Progress
    result: VerifyResult
    def __init__(self, progress: _Optional[_Union[_types_pb2.Progress, _Mapping]] = ..., result: _Optional[_Union[VerifyResult, _Mapping]] = ...) -> None: ...

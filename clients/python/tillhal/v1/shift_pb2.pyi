from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tillhal.v1 import access_pb2 as _access_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

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

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tillhal.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLE_UNSPECIFIED: _ClassVar[Role]
    ROLE_OBSERVER: _ClassVar[Role]
    ROLE_CASHIER: _ClassVar[Role]
    ROLE_SUPERVISOR: _ClassVar[Role]
    ROLE_TECHNICIAN: _ClassVar[Role]
    ROLE_OWNER: _ClassVar[Role]

class CredentialKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CREDENTIAL_KIND_UNSPECIFIED: _ClassVar[CredentialKind]
    CREDENTIAL_KIND_TOKEN: _ClassVar[CredentialKind]
    CREDENTIAL_KIND_CERTIFICATE: _ClassVar[CredentialKind]
ROLE_UNSPECIFIED: Role
ROLE_OBSERVER: Role
ROLE_CASHIER: Role
ROLE_SUPERVISOR: Role
ROLE_TECHNICIAN: Role
ROLE_OWNER: Role
CREDENTIAL_KIND_UNSPECIFIED: CredentialKind
CREDENTIAL_KIND_TOKEN: CredentialKind
CREDENTIAL_KIND_CERTIFICATE: CredentialKind

class Operator(_message.Message):
    __slots__ = ("operator", "name", "role", "has_pin", "disabled")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    HAS_PIN_FIELD_NUMBER: _ClassVar[int]
    DISABLED_FIELD_NUMBER: _ClassVar[int]
    operator: str
    name: str
    role: Role
    has_pin: bool
    disabled: bool
    def __init__(self, operator: _Optional[str] = ..., name: _Optional[str] = ..., role: _Optional[_Union[Role, str]] = ..., has_pin: bool = ..., disabled: bool = ...) -> None: ...

class FrontEndToken(_message.Message):
    __slots__ = ("token_id", "front_end", "kind", "role", "create_time")
    TOKEN_ID_FIELD_NUMBER: _ClassVar[int]
    FRONT_END_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    token_id: str
    front_end: str
    kind: CredentialKind
    role: Role
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, token_id: _Optional[str] = ..., front_end: _Optional[str] = ..., kind: _Optional[_Union[CredentialKind, str]] = ..., role: _Optional[_Union[Role, str]] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetCallerRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetCallerResponse(_message.Message):
    __slots__ = ("front_end", "operator", "roles", "required")
    FRONT_END_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    front_end: str
    operator: str
    roles: _containers.RepeatedScalarFieldContainer[Role]
    required: bool
    def __init__(self, front_end: _Optional[str] = ..., operator: _Optional[str] = ..., roles: _Optional[_Iterable[_Union[Role, str]]] = ..., required: bool = ...) -> None: ...

class ListOperatorsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListOperatorsResponse(_message.Message):
    __slots__ = ("operators",)
    OPERATORS_FIELD_NUMBER: _ClassVar[int]
    operators: _containers.RepeatedCompositeFieldContainer[Operator]
    def __init__(self, operators: _Optional[_Iterable[_Union[Operator, _Mapping]]] = ...) -> None: ...

class PutOperatorRequest(_message.Message):
    __slots__ = ("request_id", "operator", "name", "role")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    operator: str
    name: str
    role: Role
    def __init__(self, request_id: _Optional[str] = ..., operator: _Optional[str] = ..., name: _Optional[str] = ..., role: _Optional[_Union[Role, str]] = ...) -> None: ...

class PutOperatorResponse(_message.Message):
    __slots__ = ("operator", "replayed", "durability")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    operator: Operator
    replayed: bool
    durability: _types_pb2.Durability
    def __init__(self, operator: _Optional[_Union[Operator, _Mapping]] = ..., replayed: bool = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ...) -> None: ...

class SetPinRequest(_message.Message):
    __slots__ = ("request_id", "operator", "pin", "current_pin")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    PIN_FIELD_NUMBER: _ClassVar[int]
    CURRENT_PIN_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    operator: str
    pin: str
    current_pin: str
    def __init__(self, request_id: _Optional[str] = ..., operator: _Optional[str] = ..., pin: _Optional[str] = ..., current_pin: _Optional[str] = ...) -> None: ...

class SetPinResponse(_message.Message):
    __slots__ = ("operator", "replayed", "durability")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    operator: Operator
    replayed: bool
    durability: _types_pb2.Durability
    def __init__(self, operator: _Optional[_Union[Operator, _Mapping]] = ..., replayed: bool = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ...) -> None: ...

class DisableOperatorRequest(_message.Message):
    __slots__ = ("request_id", "operator", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    operator: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., operator: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class DisableOperatorResponse(_message.Message):
    __slots__ = ("operator", "replayed", "durability")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    operator: Operator
    replayed: bool
    durability: _types_pb2.Durability
    def __init__(self, operator: _Optional[_Union[Operator, _Mapping]] = ..., replayed: bool = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ...) -> None: ...

class IssueTokenRequest(_message.Message):
    __slots__ = ("request_id", "token_id", "front_end", "role")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_ID_FIELD_NUMBER: _ClassVar[int]
    FRONT_END_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    token_id: str
    front_end: str
    role: Role
    def __init__(self, request_id: _Optional[str] = ..., token_id: _Optional[str] = ..., front_end: _Optional[str] = ..., role: _Optional[_Union[Role, str]] = ...) -> None: ...

class IssueTokenResponse(_message.Message):
    __slots__ = ("token", "secret", "replayed", "durability")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    token: FrontEndToken
    secret: str
    replayed: bool
    durability: _types_pb2.Durability
    def __init__(self, token: _Optional[_Union[FrontEndToken, _Mapping]] = ..., secret: _Optional[str] = ..., replayed: bool = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ...) -> None: ...

class AdmitCertificateRequest(_message.Message):
    __slots__ = ("request_id", "token_id", "front_end", "certificate_pem", "role")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_ID_FIELD_NUMBER: _ClassVar[int]
    FRONT_END_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_PEM_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    token_id: str
    front_end: str
    certificate_pem: str
    role: Role
    def __init__(self, request_id: _Optional[str] = ..., token_id: _Optional[str] = ..., front_end: _Optional[str] = ..., certificate_pem: _Optional[str] = ..., role: _Optional[_Union[Role, str]] = ...) -> None: ...

class AdmitCertificateResponse(_message.Message):
    __slots__ = ("token", "replayed", "durability")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    token: FrontEndToken
    replayed: bool
    durability: _types_pb2.Durability
    def __init__(self, token: _Optional[_Union[FrontEndToken, _Mapping]] = ..., replayed: bool = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ...) -> None: ...

class RevokeTokenRequest(_message.Message):
    __slots__ = ("request_id", "token_id", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    token_id: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., token_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RevokeTokenResponse(_message.Message):
    __slots__ = ("replayed", "durability")
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    replayed: bool
    durability: _types_pb2.Durability
    def __init__(self, replayed: bool = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ...) -> None: ...

class ListTokensRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListTokensResponse(_message.Message):
    __slots__ = ("tokens",)
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    tokens: _containers.RepeatedCompositeFieldContainer[FrontEndToken]
    def __init__(self, tokens: _Optional[_Iterable[_Union[FrontEndToken, _Mapping]]] = ...) -> None: ...

class IssueSetupCodeRequest(_message.Message):
    __slots__ = ("operator",)
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    operator: str
    def __init__(self, operator: _Optional[str] = ...) -> None: ...

class IssueSetupCodeResponse(_message.Message):
    __slots__ = ("file",)
    FILE_FIELD_NUMBER: _ClassVar[int]
    file: str
    def __init__(self, file: _Optional[str] = ...) -> None: ...

class RedeemSetupCodeRequest(_message.Message):
    __slots__ = ("request_id", "code", "pin")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    PIN_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    code: str
    pin: str
    def __init__(self, request_id: _Optional[str] = ..., code: _Optional[str] = ..., pin: _Optional[str] = ...) -> None: ...

class RedeemSetupCodeResponse(_message.Message):
    __slots__ = ("operator", "replayed", "durability")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    operator: Operator
    replayed: bool
    durability: _types_pb2.Durability
    def __init__(self, operator: _Optional[_Union[Operator, _Mapping]] = ..., replayed: bool = ..., durability: _Optional[_Union[_types_pb2.Durability, str]] = ...) -> None: ...

"""Values of verbs and facts of events, as JSON has them on the wire."""

from collections.abc import Mapping

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct


def as_struct(values: Mapping[str, object]) -> Struct:
    """Values as JSON has them."""
    return ParseDict(dict(values), Struct())


def from_struct(struct: Struct) -> dict[str, object]:
    """Values for a verb. JSON knows one kind of number: one without a fraction is whole."""
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in MessageToDict(struct).items()
    }

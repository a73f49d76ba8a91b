"""One table turns exceptions into google.rpc.Status. Nothing else names a gRPC status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from tillhal.v1 import types_pb2
from tillhald.devices.errors import DeviceError, DeviceTimeout, RetrySafety
from tillhald.domain import errors as refusals
from tillhald.journal.errors import DiskReserve, JournalDamaged, Overloaded, StorageError
from tillhald.rpc.messages import cashier_sentence

if TYPE_CHECKING:
    from google.protobuf.message import Message

DOMAIN = "tillhal"
RETRY_AFTER_MS = 200
PEER_RETRY_AFTER_MS = 1_000
QUIET_RETRY_AFTER_MS = 2_000
POWER_RETRY_AFTER_MS = 30_000
"""Mains that are back must hold for ten seconds, and a battery takes minutes to be of use."""


class ShuttingDown(Exception):
    """The daemon is going down and takes nothing new."""

    reason = "SHUTTING_DOWN"


STATUS_BY_KIND: dict[type[Exception], grpc.StatusCode] = {
    refusals.Invalid: grpc.StatusCode.INVALID_ARGUMENT,
    refusals.Precondition: grpc.StatusCode.FAILED_PRECONDITION,
    refusals.NotFound: grpc.StatusCode.NOT_FOUND,
    refusals.AlreadyExists: grpc.StatusCode.ALREADY_EXISTS,
    refusals.Conflict: grpc.StatusCode.ABORTED,
    refusals.Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    refusals.Forbidden: grpc.StatusCode.PERMISSION_DENIED,
    refusals.SignOnBlocked: grpc.StatusCode.RESOURCE_EXHAUSTED,
    refusals.CursorAhead: grpc.StatusCode.OUT_OF_RANGE,
    refusals.Full: grpc.StatusCode.RESOURCE_EXHAUSTED,
    refusals.BackupFailed: grpc.StatusCode.UNAVAILABLE,
    refusals.ImportFailed: grpc.StatusCode.UNAVAILABLE,
    refusals.BackupCorrupt: grpc.StatusCode.DATA_LOSS,
    refusals.BundleCorrupt: grpc.StatusCode.DATA_LOSS,
    refusals.SlotFailed: grpc.StatusCode.UNAVAILABLE,
    refusals.UpgradeFailed: grpc.StatusCode.UNAVAILABLE,
    Overloaded: grpc.StatusCode.RESOURCE_EXHAUSTED,
    DiskReserve: grpc.StatusCode.RESOURCE_EXHAUSTED,
    DeviceTimeout: grpc.StatusCode.DEADLINE_EXCEEDED,
    DeviceError: grpc.StatusCode.UNAVAILABLE,
    JournalDamaged: grpc.StatusCode.DATA_LOSS,
    StorageError: grpc.StatusCode.UNAVAILABLE,
    ShuttingDown: grpc.StatusCode.UNAVAILABLE,
}
"""The most special class comes first; the first that fits counts."""

WAITING_HELPS: dict[type[Exception], int] = {
    refusals.PeerBusy: PEER_RETRY_AFTER_MS,
    refusals.Full: RETRY_AFTER_MS,
    Overloaded: RETRY_AFTER_MS,
    refusals.BatteryLow: POWER_RETRY_AFTER_MS,
    refusals.UpgradeInProgress: QUIET_RETRY_AFTER_MS,
    refusals.RestoreInProgress: QUIET_RETRY_AFTER_MS,
}
"""After how many milliseconds to come again."""

_UNIFIEDPOS_CODES = {
    "DEVICE_OFFLINE": "E_OFFLINE",
    "DEVICE_TIMEOUT": "E_TIMEOUT",
    "DEVICE_STUCK": "E_BUSY",
    "QUEUE_FULL": "E_BUSY",
    "SHUTTING_DOWN": "E_CLOSED",
    "DEVICE_UNKNOWN": "E_NOEXIST",
}
_RETRY_SAFETY = {
    RetrySafety.SAFE: types_pb2.RETRY_SAFETY_SAFE,
    RetrySafety.UNKNOWN: types_pb2.RETRY_SAFETY_UNKNOWN,
    RetrySafety.NEVER: types_pb2.RETRY_SAFETY_NEVER,
}


def code_of(error: BaseException) -> grpc.StatusCode | None:
    """The status of an exception that is an answer; None for a mistake of ours."""
    for kind, code in STATUS_BY_KIND.items():
        if isinstance(error, kind):
            return code
    return None


def reason_of(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    return reason if isinstance(reason, str) else "INTERNAL"


def status_of(error: BaseException, language: str) -> status_pb2.Status:
    """The whole answer to a call that raised `error`. Of our own mistakes it tells nothing."""
    code = code_of(error)
    if code is None:
        error = Exception("The till made a mistake; its log says more.")
    reason = reason_of(error) if code else "INTERNAL"
    facts = dict(getattr(error, "facts", {})) if code else {}
    locale, sentence = cashier_sentence(reason, language)
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=facts),
        error_details_pb2.LocalizedMessage(locale=locale, message=sentence),
    ]
    if isinstance(error, refusals.Invalid):
        wrong = [(error.field, error.sentence)]
        if isinstance(error, refusals.ConfigInvalid):
            wrong = error.violations
        violations = [
            error_details_pb2.BadRequest.FieldViolation(
                field=field, description=sentence, reason=reason
            )
            for field, sentence in wrong
        ]
        details.append(error_details_pb2.BadRequest(field_violations=violations))
    if isinstance(error, refusals.SignOnBlocked):
        wait = duration_pb2.Duration(seconds=error.retry_after_s)
        details.append(error_details_pb2.RetryInfo(retry_delay=wait))
    for kind, after_ms in WAITING_HELPS.items():
        if isinstance(error, kind):
            delay = duration_pb2.Duration()
            delay.FromMilliseconds(after_ms)
            details.append(error_details_pb2.RetryInfo(retry_delay=delay))
            break
    if isinstance(error, DeviceError):
        details.append(_device_detail(error))
    if isinstance(error, refusals.Claimed):
        details.append(_claimed_detail(error))
    packed = []
    for detail in details:
        box = any_pb2.Any()
        box.Pack(detail)
        packed.append(box)
    number = (code or grpc.StatusCode.INTERNAL).value[0]
    return status_pb2.Status(code=number, message=str(error), details=packed)


def _claimed_detail(error: refusals.Claimed) -> types_pb2.DeviceErrorDetail:
    return types_pb2.DeviceErrorDetail(
        device_id=error.facts["device_id"],
        unifiedpos_code="E_CLAIMED",
        retry_safety=types_pb2.RETRY_SAFETY_SAFE,
        operator_action="Wait until the other screen is done, or finish there.",
    )


def _device_detail(error: DeviceError) -> types_pb2.DeviceErrorDetail:
    return types_pb2.DeviceErrorDetail(
        device_id=error.device_id,
        unifiedpos_code=_UNIFIEDPOS_CODES.get(error.reason, "E_FAILURE"),
        retry_safety=_RETRY_SAFETY[error.retry_safety],
        bytes_sent=error.bytes_sent,
        operator_action=error.operator_action,
    )
